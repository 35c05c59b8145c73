#!/usr/bin/env python3
"""A client cleans up: what every device and two backups of the hub hold leaves its log, and nothing
else changes. A device that was silent for a year holds nobody back, and when it comes it keeps what
it wrote and revives nothing."""

import os
import unittest

from jinqiu import World
from test_peers import Listening, meet

YEAR_MS = 366 * 86400000
MEMBERS = 60
ROUNDS = 12


def later(client):
    client.env = {"JINQIU_CLOCK_OFFSET_MS": str(YEAR_MS)}


class Cleaning(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.branch = self.world.branches[0]
        self.writer = self.world.join("secretary", self.branch)
        self.cleaner = self.world.join("volunteer", self.branch)
        self.silent = self.world.join("secretary", self.branch)

    def backups(self):
        for number in (1, 2):
            self.world.hub.call("backup", os.path.join(self.world.folder, f"hub.{number}"))

    def fill(self):
        """Members, whose phones change often, in one entry for each change."""
        add = "".join(f'{{"op": "add", "table": "person", "fields": {{"name": "示例党员{n:03}"}}}}\n'
                      for n in range(MEMBERS))
        self.writer.call("apply", "-", data=add.encode())
        rows = self.writer.json("list", "person", "--limit", str(MEMBERS))
        self.members = [row["id"] for row in rows]

    def change(self):
        lines = "".join(
            f'{{"op": "set", "table": "person", "id": "{member}", "fields": '
            f'{{"phone": "138{round:04}{at:04}", "address": "示例镇示例村 {round} 组"}}}}\n'
            for round in range(ROUNDS) for at, member in enumerate(self.members))
        self.writer.call("apply", "-", data=lines.encode())

    def sync(self, *clients):
        for client in clients:
            client.sync()

    def a_year_goes_by(self):
        """For the hub and those who go on; the silent one lies in a drawer."""
        self.world.hub.stop()
        os.environ["JINQIU_CLOCK_OFFSET_MS"] = str(YEAR_MS)
        try:
            self.world.hub.start()
        finally:
            del os.environ["JINQIU_CLOCK_OFFSET_MS"]
        later(self.writer)
        later(self.cleaner)

    def lapsed(self):
        return [item["device"] for item in self.world.hub.json("lapse")]

    def assert_alike(self, *clients):
        digest = self.world.hub.json("digest")
        for client in clients:
            here = client.json("digest")
            for scope in digest.keys() & here.keys():
                self.assertEqual(here[scope], digest[scope])
            self.assertTrue(client.json("verify")["ok"])

    def test_nothing_goes_that_a_device_or_the_backups_may_lack(self):
        self.fill()
        self.sync(self.writer, self.cleaner, self.silent)
        self.change()
        self.sync(self.writer, self.cleaner)
        self.assertEqual(self.cleaner.json("compact")["entries"], 0)  # no backup has it
        self.backups()
        self.cleaner.json("compact")
        self.assertEqual(self.cleaner.json("history", "person", self.members[0])[-1],
                         self.writer.json("history", "person", self.members[0])[-1])
        self.assertEqual(self.writer.json("compact")["entries"], 0)  # what it wrote itself
        self.sync(self.silent)
        self.assertGreater(self.cleaner.json("compact")["entries"], MEMBERS)
        self.assert_alike(self.writer, self.cleaner, self.silent)

    def test_a_device_that_comes_back_after_a_year(self):
        self.fill()
        self.sync(self.writer, self.cleaner, self.silent)
        kept, deleted = self.members[:2]
        # What the silent one writes without a line, not knowing what the others do.
        self.silent.call("set", "person", kept, "address=示例镇老地址")
        self.silent.call("set", "person", deleted, "phone=13900000000")
        mine = self.silent.call("add", "person", "name=示例党员901").strip()
        self.change()
        self.writer.call("delete", "person", deleted)
        self.sync(self.writer, self.cleaner)
        self.a_year_goes_by()
        self.sync(self.writer, self.cleaner)
        self.writer.call("set", "person", kept, "phone=13800000000")
        self.sync(self.writer, self.cleaner, self.writer)
        self.backups()
        self.assertIn(self.silent.device, self.lapsed())

        whole = self.writer.json("history", "person", kept)
        size = os.path.getsize(os.path.join(self.cleaner.folder, "replica.db"))
        done = self.cleaner.json("compact")
        self.assertGreater(done["entries"], MEMBERS * (ROUNDS - 1))
        self.assertGreater(done["freed"], 0)
        self.assertLess(os.path.getsize(os.path.join(self.cleaner.folder, "replica.db")), size)
        self.assertEqual(self.cleaner.json("verify")["cleaned"], ["示例支部1"])
        self.assertEqual(self.cleaner.json("verify")["snapshots"], [])
        self.assertLess(len(self.cleaner.json("history", "person", kept)), len(whole))
        self.assertIn("verify --deep", self.cleaner.call("history", "person", kept, error=True))
        self.assert_alike(self.writer, self.cleaner)

        later(self.silent)
        # Who cleaned up can't give what it lacks: that comes from the hub.
        with Listening(self.cleaner) as peer:
            meet(self.silent, peer.address, code=None)
        self.assertTrue(self.silent.json("verify")["ok"])
        for client in (self.silent, self.writer, self.cleaner, self.silent):
            client.sync(code=None)  # 4: there are conflicts
        self.assertNotIn(self.silent.device, self.lapsed())
        for replica in (self.world.hub, self.writer, self.cleaner, self.silent):
            names = {row["id"] for row in replica.json("list", "person", "--limit", "100")}
            self.assertIn(mine, names)
            conflicts = {(item["id"], item["field"]) for item in replica.json("conflicts")}
            self.assertIn((deleted, "_deleted"), conflicts)
            self.assertIn((kept, "address"), conflicts)
        self.assert_alike(self.writer, self.cleaner, self.silent)

        deep = self.cleaner.json("verify", "--deep")
        self.assertEqual((deep["ok"], deep["cleaned"], deep["wrong"]), (True, [], None))
        self.assertEqual(self.cleaner.json("history", "person", kept),
                         self.writer.json("history", "person", kept))
        self.assert_alike(self.cleaner)


if __name__ == "__main__":
    unittest.main()
