"""A full disk: what was saved stays, is read and goes out; the next save is refused in plain words;
when there is room again all goes on, without a restart. On a small tmpfs, where one may be mounted."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from jinqiu import Client, Failed, World

MIB = 1024 * 1024


class SmallDisk:
    def __init__(self, mib):
        self.path = tempfile.mkdtemp(prefix="jinqiu-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", self.path],
                              capture_output=True, check=False)
        self.filler = os.path.join(self.path, "filler")
        if done.returncode != 0:
            shutil.rmtree(self.path)
            raise unittest.SkipTest("no tmpfs can be mounted here")

    def free(self):
        place = os.statvfs(self.path)
        return place.f_bavail * place.f_frsize

    def fill(self, left):
        """All but so many bytes belong to another file."""
        with open(self.filler, "ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(1, self.free() - left))

    def take(self, ballast):
        """Others take what the ballast gave back: too little is left for another one."""
        if os.path.exists(ballast):  # its room sufficed, and was taken again
            os.unlink(ballast)
        self.fill(left=8 * MIB)

    def empty(self):
        os.unlink(self.filler)

    def remove(self):
        subprocess.run(["umount", "-l", self.path], check=True)
        shutil.rmtree(self.path)


class DiskFull(unittest.TestCase):
    def setUp(self):
        os.environ["JINQIU_BALLAST"] = "16"
        self.addCleanup(os.environ.__setitem__, "JINQIU_BALLAST", "0")
        self.disk = SmallDisk(64)
        self.addCleanup(self.disk.remove)

    def names(self, replica):
        return {row["name"] for row in replica.json("list", "person")}

    def save_until_refused(self, client):
        """Names that were saved, and what the refusal says."""
        saved = set()
        for batch in range(200):
            names = [f"示例党员{batch:03}{n:03}" for n in range(100)]
            lines = "".join(json.dumps({"op": "add", "table": "person", "fields": {"name": name}})
                            + "\n" for name in names)
            try:
                client.call("apply", "-", data=lines.encode())
            except Failed as failed:
                self.assertIn("exit 1", str(failed))
                return saved, str(failed)
            saved.update(names)
        raise AssertionError("the disk was never full")

    def test_a_client_whose_disk_is_full(self):
        with World() as world:
            code = world.hub.invite(world.township, "secretary", "示例党员001")
            client = Client(os.path.join(self.disk.path, "client"), code)
            reader = world.join()
            reader.call("add", "person", "name=示例党员002")
            reader.sync()
            ballast = os.path.join(client.folder, "ballast")
            self.assertEqual(os.path.getsize(ballast), 16 * MIB)
            self.disk.fill(left=600 * 1024)
            saved, words = self.save_until_refused(client)
            self.assertIn("磁盘已满", words)
            self.assertFalse(os.path.exists(ballast))
            self.disk.take(ballast)
            refusal = client.call("add", "person", "name=示例党员003", code=1, error=True)
            self.assertIn("已保存的记录安全", refusal)
            self.assertTrue(client.json("status")["disk_full"])
            # What was saved is read and goes out, and the hub has it.
            self.assertEqual(self.names(client), saved)
            client.sync(code=1)
            self.assertEqual(self.names(world.hub), saved | {"示例党员002"})
            # Room again: all goes on.
            self.disk.empty()
            client.call("add", "person", "name=示例党员004")
            self.assertEqual(os.path.getsize(ballast), 16 * MIB)
            self.assertIsNone(client.sync()["held"])
            self.assertEqual(client.json("status")["unsent"], 0)
            self.assertFalse(client.json("status")["disk_full"])
            self.assertEqual(self.names(client), saved | {"示例党员002", "示例党员004"})
            self.assertTrue(client.json("verify")["ok"])
            self.assertEqual(client.json("digest"), world.hub.json("digest"))

    def test_a_hub_whose_disk_is_full(self):
        tempfile.tempdir, before = self.disk.path, tempfile.tempdir
        try:
            world = World().__enter__()
        finally:
            tempfile.tempdir = before
        self.addCleanup(world.__exit__)
        away = tempfile.mkdtemp(prefix="jinqiu-e2e-")
        self.addCleanup(shutil.rmtree, away)
        writer, reader = (
            Client(os.path.join(away, name),
                   world.hub.invite(world.township, "secretary", "示例党员001"))
            for name in ("writer", "reader"))
        hub_process = world.hub.process
        self.disk.fill(left=600 * 1024)
        acknowledged, saved = set(), set()
        for number in range(100):
            names = [f"示例党员{number:03}{n:03}" for n in range(100)]
            lines = "".join(json.dumps({"op": "add", "table": "person", "fields": {"name": name}})
                            + "\n" for name in names)
            writer.call("apply", "-", data=lines.encode())
            saved.update(names)
            report = writer.sync(code=None)
            if report["held"]:
                break
            acknowledged.update(names)
        self.assertIn("full", report["held"])
        self.disk.take(os.path.join(world.hub.folder, "ballast"))
        self.assertIn("disk is full", writer.sync(code=1)["held"])
        self.assertGreater(len(acknowledged), 0)
        self.assertGreater(writer.json("status")["unsent"], 0)
        self.assertTrue(world.hub.json("status")["disk_full"])
        # Others still get all that it acknowledged.
        reader.sync()
        self.assertLessEqual(acknowledged, self.names(reader))
        self.disk.empty()
        self.assertIsNone(writer.sync()["held"])
        reader.sync()
        self.assertEqual(self.names(reader), saved)
        self.assertEqual(writer.json("status")["unsent"], 0)
        self.assertEqual(world.hub.json("digest"), reader.json("digest"))
        self.assertTrue(world.hub.json("verify")["ok"])
        self.assertFalse(world.hub.json("status")["disk_full"])
        self.assertIsNone(hub_process.poll())


if __name__ == "__main__":
    unittest.main()
