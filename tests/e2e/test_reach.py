#!/usr/bin/env python3
"""What the bureau lays down reaches every branch; what a branch writes stays with it."""

import json
import sys
import unittest

from jinqiu import World


class Reach(unittest.TestCase):
    def test_a_rule_of_the_bureau_appears_at_a_branch_and_a_visit_stays_in_its_own(self):
        with World() as world:
            bureau = world.join("bureau", world.hub.root)
            branch, sibling = (world.join("secretary", world.branches[n]) for n in (0, 1))
            rule = bureau.call("add", "rule", "code=visit_days", "valid_from=2026-01-01",
                               "params=30").strip()
            item = bureau.call("add", "standard", "scheme=eight", "version=1", "code=1",
                               "title=有场所").strip()
            bureau.sync()
            person = branch.call("add", "person", "name=示例党员001").strip()
            visit = branch.call("add", "visit", f"target_ref=person:{person}",
                                "kind=home_visit").strip()
            branch.sync()
            sibling.sync()
            for client in (branch, sibling):
                self.assertEqual(client.json("get", "rule", rule)["params"], "30")
                self.assertEqual(client.json("get", "rule", rule)["_org"], world.hub.root)
                self.assertEqual(client.json("get", "standard", item)["title"], "有场所")
            self.assertEqual(len(branch.json("list", "visit")), 1)
            self.assertEqual(sibling.json("list", "visit"), [])
            sibling.call("get", "visit", visit, code=1)
            self.assertEqual(len(bureau.json("list", "visit")), 0)
            bureau.sync()
            self.assertEqual(len(bureau.json("list", "visit")), 1)

            # Who reads a rule may not write it, and the hub tells the branch of every change.
            branch.call("set", "rule", rule, "params=1", code=1)
            bureau.call("set", "rule", rule, "params=45")
            bureau.sync()
            branch.sync()
            self.assertEqual(branch.json("get", "rule", rule)["params"], "45")
            self.assertEqual(len(branch.json("list", "rule", "--where", f"_org={world.hub.root}")),
                             1)
            digests = [json.loads(world.hub.call("digest", "--json")), branch.json("digest")]
            below = [key for key in digests[1] if key.endswith("/below")]
            self.assertEqual(len(below), 1)
            for key in digests[1]:
                self.assertEqual(digests[0][key], digests[1][key], key)
            for client in (bureau, branch, sibling):
                self.assertTrue(client.json("verify")["ok"])

    def test_a_secretary_moves_to_another_branch(self):
        with World() as world:
            mover = world.join("secretary", world.branches[0])
            stays = world.join("secretary", world.branches[0])
            before = mover.call("add", "person", "name=示例党员001").strip()
            mover.sync()
            world.hub.call("device", "change", mover.device, "--org", world.branches[1])
            late = mover.call("add", "person", "name=示例党员002").strip()
            mover.sync()
            stays.sync()
            self.assertEqual(stays.json("get", "person", before)["name"], "示例党员001")
            stays.call("get", "person", late, code=1)
            aside = world.hub.json("set-aside")
            self.assertEqual(len(aside), 1)
            there = mover.call("add", "person", "name=示例党员003").strip()
            mover.sync()
            found = world.hub.json("get", "person", there)
            self.assertEqual(found["_org"], world.branches[1])
            stays.sync()
            stays.call("get", "person", there, code=1)
            listed = [d for d in world.hub.json("device", "list") if d["id"] == mover.device]
            self.assertEqual(listed[0]["org"], world.branches[1])


if __name__ == "__main__":
    sys.exit(unittest.main())
