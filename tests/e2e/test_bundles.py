"""A stick carries what no line can: late, twice, torn, to the wrong place; nothing is lost, nobody
else reads it, and the returning stick says what arrived."""

import json
import os
import resource
import signal
import subprocess
import tempfile
import unittest

from jinqiu import JINQIU, JINQIUD, World, run
from pictures import blank


class Stick:
    """A small disk of its own, where one may be mounted."""

    def __init__(self, mib):
        self.options, self.path = f"size={mib}m", tempfile.mkdtemp(prefix="jinqiu-stick-")

    def __enter__(self):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "none", self.path],
                              capture_output=True, check=False)
        if done.returncode != 0:
            os.rmdir(self.path)
            raise unittest.SkipTest("no tmpfs can be mounted here")
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)
        os.rmdir(self.path)


def limit_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


class Bundles(unittest.TestCase):
    def read(self, program, folder, path, code=0):
        out = run(program, "bundle", "read", path, "--dir", folder, "--json", code=code)
        return json.loads(out) if out else {}

    def words(self, folder, path, program=JINQIU):
        return run(program, "bundle", "read", path, "--dir", folder, code=1, error=True,
                   env={"JINQIU_LANG": "en"})

    def visit(self, client, situation):
        person = client.call("add", "person", "name=示例党员壹").strip()
        client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                    f"situation={situation}")

    def test_there_and_back_with_receipts(self):
        with World() as world:
            village, clerk = world.join("secretary", world.branches[0]), world.join("clerk")
            for client in (village, clerk):
                client.sync()
            stick = os.path.join(world.folder, "stick")
            self.visit(village, "独居，血压偏高")
            told = village.json("bundle", "write", stick)
            self.assertEqual(told["entries"], 2)
            self.assertEqual(told["bytes"], os.path.getsize(stick))
            with open(stick, "rb") as file:
                content = file.read()
            self.assertNotIn("独居".encode(), content)
            self.assertEqual(village.json("status")["unsent"], 2)
            # The clerk may read it on the way, and carries it on by line or by stick.
            self.assertEqual(self.read(JINQIU, clerk.folder, stick),
                             {"applied": 2, "known": 0, "early": 0, "rejected": 0})
            self.assertEqual(len(clerk.json("list", "visit")), 1)
            self.assertEqual(self.read(JINQIUD, world.hub.folder, stick)["applied"], 2)
            again = self.read(JINQIUD, world.hub.folder, stick)
            self.assertEqual((again["applied"], again["known"]), (0, 2))
            # Something new at the hub, and its receipt, on the way back.
            clerk.call("add", "person", "name=示例党员贰", "--org", world.branches[0])
            clerk.sync()
            held = os.path.join(world.folder, "frontier")
            village.call("frontier", held)
            world.hub.call("bundle", "write", stick, "--for", held)
            self.assertEqual(self.read(JINQIU, village.folder, stick)["applied"], 1)
            self.assertEqual(village.json("status")["unsent"], 0)
            self.assertEqual(village.json("bundle", "write", stick)["entries"], 0)
            village.sync()
            self.assertEqual(village.json("digest"), {
                scope: value for scope, value in world.hub.json("digest").items()
                if scope in village.json("digest")})

    def test_late_and_in_the_wrong_order(self):
        with World() as world:
            village = world.join()
            village.sync()
            sticks = [os.path.join(world.folder, f"stick{n}") for n in range(3)]
            for number, stick in enumerate(sticks):
                village.call("add", "person", f"name=示例党员{number}")
                village.call("bundle", "write", stick)
            # Each holds all that the hub isn't known to hold, so the last one is enough.
            self.assertEqual(self.read(JINQIUD, world.hub.folder, sticks[2])["applied"], 3)
            for stick in sticks:
                self.assertEqual(self.read(JINQIUD, world.hub.folder, stick)["applied"], 0)
            self.assertEqual(village.json("digest"), world.hub.json("digest"))

    def test_one_that_comes_before_its_turn_waits_for_it(self):
        with World() as world:
            village, clerk = world.join("secretary", world.branches[0]), world.join("clerk")
            for client in (village, clerk):
                client.sync()
            stick = os.path.join(world.folder, "stick")
            self.visit(village, "第一次，已送到中心")
            village.sync()
            self.visit(village, "第二次，带在身上")
            village.call("bundle", "write", stick)
            # The hub has the first two entries, the clerk hasn't heard of them yet.
            for _ in range(2):
                self.assertEqual(self.read(JINQIU, clerk.folder, stick),
                                 {"applied": 0, "known": 0, "early": 2, "rejected": 0})
                self.assertEqual(clerk.json("status")["early"], 2)
            self.assertEqual(clerk.json("set-aside"), [])
            self.assertIn("kept until", run(JINQIU, "bundle", "read", stick, "--dir", clerk.folder,
                                            error=True, env={"JINQIU_LANG": "en"}))
            clerk.sync()
            self.assertEqual(len(clerk.json("list", "visit")), 2)
            self.assertEqual(clerk.json("status")["early"], 0)
            self.assertTrue(clerk.json("verify")["ok"])
            clerk.sync()
            self.assertEqual(len(world.hub.json("list", "visit")), 2)

    def test_a_full_stick_keeps_the_bundle_that_was_there_and_no_half_one(self):
        with World() as world, Stick(1) as path:
            village = world.join("secretary", world.branches[0])
            village.sync()
            stick = os.path.join(path, "bundle")
            self.visit(village, "独居，血压偏高")
            village.call("bundle", "write", stick)
            lines = "\n".join(json.dumps({"op": "add", "table": "person", "fields": {
                "name": f"示例党员{n}{os.urandom(48).hex()}"}}) for n in range(10000))
            village.call("apply", "-", data=lines.encode())
            words = run(JINQIU, "bundle", "write", stick, "--dir", village.folder, code=1,
                        error=True, env={"JINQIU_LANG": "en"})
            self.assertIn("No space left on device", words)
            self.assertEqual(os.listdir(path), ["bundle"])
            self.assertEqual(self.read(JINQIUD, world.hub.folder, stick)["applied"], 2)

    def test_a_file_that_the_stick_cannot_hold_is_told(self):
        """FAT32 ends a file at 4 GiB; here it ends at 100 KB, by a limit of the process."""
        with World() as world:
            village = world.join("secretary", world.branches[0])
            village.sync()
            stick = os.path.join(world.folder, "stick")
            lines = "\n".join(json.dumps({"op": "add", "table": "person", "fields": {
                "name": f"示例党员{n}{os.urandom(40).hex()}"}}) for n in range(2000))
            village.call("apply", "-", data=lines.encode())
            done = subprocess.run([JINQIU, "bundle", "write", stick, "--dir", village.folder],
                                  env={**os.environ, "JINQIU_LANG": "en"}, capture_output=True,
                                  check=False, preexec_fn=limit_files)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"File too large", done.stderr)
            self.assertFalse(os.path.exists(stick) or os.path.exists(stick + ".part"))

    def test_pictures_in_any_order_and_not_before_all_are_there(self):
        with World() as world:
            village, other = (world.join("secretary", world.branches[0]) for _ in range(2))
            hub = world.hub.folder
            for client in (village, other):
                client.sync()
                for i in range(9):
                    self.visit(client, f"第 {i} 次走访")
            folders = [os.path.join(world.folder, name) for name in ("one", "two")]
            for client, folder in zip((village, other), folders):
                told = client.json("bundle", "write", "--qr", folder)
                self.assertEqual(len(os.listdir(folder)), told["pictures"])
            pictures = [os.path.join(folders[0], name) for name in sorted(os.listdir(folders[0]))]
            strange = os.path.join(folders[1], sorted(os.listdir(folders[1]))[0])
            self.assertGreater(len(pictures), 2)
            words = self.refused(hub, *pictures[:1], *pictures[2:])
            self.assertIn(f"of {len(pictures)} pictures these are missing: 2; nothing", words)
            self.assertIn("two different bundles", self.refused(hub, strange, *pictures))
            self.assertIn("no QR code", self.refused(hub, self.blank(world), *pictures))
            self.assertEqual(world.hub.json("list", "visit"), [])
            out = run(JINQIUD, "bundle", "read", *reversed(pictures), pictures[0], "--dir", hub,
                      "--json")
            self.assertEqual(json.loads(out)["applied"], 18)
            self.assertEqual(len(world.hub.json("list", "visit")), 9)

    def refused(self, folder, *paths):
        return run(JINQIUD, "bundle", "read", *paths, "--dir", folder, code=1, error=True,
                   env={"JINQIU_LANG": "en"})

    def blank(self, world):
        path = os.path.join(world.folder, "blank.png")
        with open(path, "wb") as file:
            file.write(blank())
        return path

    def test_what_fits_no_pictures_is_written_as_a_file(self):
        with World() as world:
            village = world.join("secretary", world.branches[0])
            village.sync()
            for i in range(140):
                self.visit(village, f"第 {i} 次走访，" + "情况" * 60)
            folder = os.path.join(world.folder, "pictures")
            words = run(JINQIU, "bundle", "write", "--qr", folder, "--dir", village.folder, code=1,
                        error=True, env={"JINQIU_LANG": "en"})
            self.assertIn("doesn't fit 64 pictures: write it as a file", words)
            self.assertFalse(os.path.exists(folder))

    def test_torn_flipped_and_strange_ones_do_no_harm(self):
        with World() as world, World() as elsewhere:
            village = world.join()
            village.sync()
            lines = "\n".join(json.dumps({"op": "add", "table": "person", "fields": {
                "name": f"示例党员{n}"}}) for n in range(400))
            village.call("apply", "-", data=lines.encode())
            stick = os.path.join(world.folder, "stick")
            village.call("bundle", "write", stick)
            with open(stick, "rb") as file:
                whole = file.read()
            bad = os.path.join(world.folder, "bad")

            def keep(content):
                with open(bad, "wb") as file:
                    file.write(content)

            keep(whole[:len(whole) * 2 // 3])
            before = world.hub.json("status")["entries"]
            self.assertIn("cut off", self.words(world.hub.folder, bad, JINQIUD))
            some = world.hub.json("status")["entries"] - before
            self.assertTrue(0 < some < 400)
            for at in range(0, len(whole), len(whole) // 23):
                keep(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                run(JINQIUD, "bundle", "read", bad, "--dir", world.hub.folder, code=1)
            keep(whole + b"x")
            self.assertIn("behind its end", self.words(world.hub.folder, bad, JINQIUD))
            self.assertEqual(world.hub.json("status")["entries"] - before, 400)
            keep(b"not a bundle at all, and long enough to hold a head of some kind")
            self.assertIn("no bundle", self.words(world.hub.folder, bad, JINQIUD))
            self.assertIn("another network", self.words(elsewhere.join().folder, stick))
            other = world.join("secretary", world.branches[0])
            self.assertIn("not for this device", self.words(other.folder, stick))
            os.unlink(bad)
            os.mkfifo(bad)
            self.assertIn("plain file", self.words(other.folder, bad))
            os.unlink(bad)
            os.symlink("/dev/zero", bad)
            self.words(other.folder, bad)
            self.assertTrue(world.hub.json("verify")["ok"])

    def test_a_huge_hollow_file_needs_no_memory(self):
        with World() as world:
            client = world.join()
            client.sync()
            stick = os.path.join(world.folder, "stick")
            self.visit(client, "一切安好")
            client.call("bundle", "write", stick)
            with open(stick, "r+b") as file:
                file.truncate(1 << 30)
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            done = subprocess.run([JINQIUD, "bundle", "read", stick, "--dir", world.hub.folder],
                                  capture_output=True, timeout=10, check=False)
            self.assertEqual(done.returncode, 1)
            grown = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before
            self.assertLess(grown, 64 * 1024)
            self.assertEqual(len(world.hub.json("list", "visit")), 1)


if __name__ == "__main__":
    unittest.main()
