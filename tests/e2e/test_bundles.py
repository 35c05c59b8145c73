"""A stick carries what no line can: late, twice, torn, to the wrong place; nothing is lost, nobody
else reads it, and the returning stick says what arrived."""

import json
import os
import resource
import subprocess
import unittest

from jinqiu import JINQIU, JINQIUD, World, run


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
