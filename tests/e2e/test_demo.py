"""The demo is the same for the same seed, and has what the branches live with: conflicts, doubles,
what contradicts; every report has something to say about it."""

import json
import os
import tempfile
import unittest

from jinqiu import JINQIUD, Hub, run

DAY = "2026-11-21"


def demo(folder, *flags):
    hub = Hub(os.path.join(folder, "hub"))
    return hub, hub.json("demo", "--size", "township", "--day", DAY, *flags)


def rows_of(hub, tables=("person", "event", "ledger", "visit", "ticket", "affiliation")):
    return {table: sorted(json.dumps({k: v for k, v in row.items() if k != "_conflicts"}, sort_keys=True)
                          for row in hub.json("list", table)) for table in tables}


class Demo(unittest.TestCase):
    def test_the_same_seed_gives_the_same_rows_and_another_gives_others(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, \
                tempfile.TemporaryDirectory() as three:
            (a, counts), (b, same), (c, _) = demo(one), demo(two), demo(three, "--seed", "7")
            self.assertEqual(counts, same)
            self.assertGreater(counts["rows"], 3800)
            for rows in (first := rows_of(a), rows_of(b)):
                # The root's id is the network's own; nothing else differs.
                self.assertEqual(rows, first)
            self.assertNotEqual(rows_of(c)["visit"], first["visit"])
            a.call("demo", "--size", "township", code=1)

    def test_lines_are_the_rows_and_a_province_is_a_stream(self):
        with tempfile.TemporaryDirectory() as folder:
            hub, counts = demo(folder)
            lines = run(JINQIUD, "demo", "--lines", "--size", "township", "--day", DAY).splitlines()
            parsed = [json.loads(line) for line in lines]
            self.assertEqual(sum(line["op"] != "org" for line in parsed), counts["rows"])
            self.assertEqual(sum(line["op"] == "org" for line in parsed), counts["orgs"])
            hub.call("demo", "--size", "province", code=2)
            hub.call("demo", "--size", "village", code=1)

    def test_it_shows_what_branches_live_with_and_every_report_speaks(self):
        with tempfile.TemporaryDirectory() as folder:
            hub, _ = demo(folder)
            self.assertTrue(hub.json("conflicts"))
            kinds = {row["kind"] for row in hub.json("check", "--to", DAY)}
            self.assertLessEqual({"one_membership", "one_event", "dues_once", "held_wins"}, kinds)
            due = {row["kind"] for row in hub.json("due", "--to", DAY)}
            self.assertGreater(len(due), 25)
            silent = [item["name"] for item in hub.json("report", "--list")
                      if not hub.json("report", item["name"], "--to", DAY)]
            self.assertEqual(silent, ["R03"])  # no branch is too small, no unit lacks its own
            self.assertTrue(all(name.startswith(("示例党员", "示例人员"))
                                for name in (row["name"] for row in hub.json("list", "person"))))


if __name__ == "__main__":
    unittest.main()
