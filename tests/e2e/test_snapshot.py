#!/usr/bin/env python3
"""A device that comes late into a large branch: it takes the records as a snapshot, over a line that
breaks and a hub that is killed, says so, and fetches the log when somebody asks for it."""

import csv
import os
import signal
import unittest

from jinqiu import JINQIU, Link, World, run

MEMBERS = 10000  # as many rows as are worth a snapshot
CUT_BYTES = 80000


class Snapshot(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.branch = self.world.branches[0]
        self.writer = self.world.join("secretary", self.branch)

    def fill(self):
        """Members with a phone each, and then one with another one."""
        file = os.path.join(self.world.folder, "members.csv")
        with open(file, "w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["name", "born_on", "phone"])
            for number in range(MEMBERS):
                rows.writerow([f"示例党员{number:05}", "1940-01-01", f"13{number:09}"])
        self.writer.call("import", "person", file)
        self.person = self.writer.json("list", "person", "--limit", "1")[0]["id"]
        self.writer.call("set", "person", self.person, "phone=13800000000")
        self.writer.sync()

    def assert_whole(self, client):
        hub, here = self.world.hub.json("digest"), client.json("digest")
        for scope in hub.keys() & here.keys():
            self.assertEqual(here[scope], hub[scope])
        self.assertEqual(client.json("list", "person", "--where", "phone=13800000000", "--limit",
                                     "1")[0]["id"], self.person)

    def test_a_newcomer_is_ready_in_one_go_and_fetches_the_log_later(self):
        self.fill()
        newcomer = self.world.join("volunteer", self.branch)
        self.assert_whole(newcomer)
        report = newcomer.json("verify")
        self.assertEqual((report["ok"], report["snapshots"], report["wrong"]),
                         (True, ["示例支部1"], None))
        short = newcomer.json("history", "person", self.person)
        self.assertIn("verify --deep", newcomer.call("history", "person", self.person, error=True))
        self.assertLess(len(short), len(self.writer.json("history", "person", self.person)))
        self.writer.call("set", "person", self.person, "born_on=1941-01-01")
        self.writer.sync()
        self.assertEqual(newcomer.sync()["snapshots"], 0)
        self.assert_whole(newcomer)
        deep = newcomer.json("verify", "--deep")
        self.assertEqual((deep["ok"], deep["snapshots"], deep["wrong"]), (True, [], None))
        self.assertEqual(newcomer.json("history", "person", self.person),
                         self.writer.json("history", "person", self.person))
        self.assertTrue(newcomer.sync()["checked"])
        self.assert_whole(newcomer)

    def test_a_line_that_breaks_and_a_hub_that_is_killed_cost_no_part_twice(self):
        link = self.enterContext(Link(self.world.hub))
        late = self.world.join("volunteer", self.branch, address=link.address)
        self.fill()
        link.stop()
        link.start("--cut", str(CUT_BYTES))
        broken, said = 0, ""
        while not said and broken < 40:
            said = run(JINQIU, "sync", "--json", "--dir", late.folder, code=None)
            broken += not said
            if broken == 1:
                self.world.hub.stop(signal.SIGKILL)
                self.world.hub.start()
        came = link.stop()["to_client"]
        print(f"{broken} lines broke, {came} bytes came")
        self.assertGreater(broken, 1)
        self.assert_whole(late)
        self.assertEqual(late.json("verify")["snapshots"], ["示例支部1"])


if __name__ == "__main__":
    unittest.main()
