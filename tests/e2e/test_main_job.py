#!/usr/bin/env python3
"""From a visit saved in a village to the bureau's merged truth, on the real programs."""

import os
import signal
import sys
import json
import unittest

from jinqiu import JINQIU, Failed, World, run


class MainJob(unittest.TestCase):
    def test_visits_saved_offline_meet_at_the_hub_and_a_conflict_is_settled(self):
        with World() as world:
            a, b = world.join(), world.join()
            person = a.call("add", "person", "name=示例党员001", "phone=100", "--org",
                            world.branches[0]).strip()
            a.sync()
            b.sync()
            world.hub.stop()
            for client in (a, b):
                client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                            "situation=身体尚好，想听广播")
                client.call("sync", code=3)
            a.call("set", "person", person, "phone=101")
            b.call("set", "person", person, "phone=102")
            world.hub.start()
            a.sync()
            b.sync(code=4)
            a.sync(code=4)
            conflict = a.json("conflicts")
            self.assertEqual([(c["table"], c["field"]) for c in conflict], [("person", "phone")])
            self.assertEqual({h["value"] for h in conflict[0]["heads"]}, {"101", "102"})
            mine = [h for h in conflict[0]["heads"] if h["value"] == "102"][0]
            a.call("settle", "person", person, "phone", "--take", mine["dot"])
            a.sync()
            b.sync()
            self.assertEqual(b.json("get", "person", person)["phone"], "102")
            self.assertEqual(len(world.hub.json("list", "visit")), 2)
            self.assertEqual(a.json("digest"), b.json("digest"))
            theirs = world.hub.json("digest")
            self.assertEqual({k: theirs[k] for k in a.json("digest")}, a.json("digest"))
            states = {h["state"] for h in b.json("history", "person", person)
                      if h["field"] == "phone"}
            self.assertEqual(states, {"shown", "replaced"})
            for report in (a.json("verify"), b.json("verify"), world.hub.json("verify")):
                self.assertTrue(report["ok"], report)

    def test_a_wrong_clock_loses_nothing_and_the_next_edit_wins(self):
        for offset in ("-1763000000000", "350000000000"):
            with World() as world:
                wrong, right = world.join(env={"JINQIU_CLOCK_OFFSET_MS": offset}), world.join()
                person = right.call("add", "person", "name=示例党员001").strip()
                right.sync()
                wrong.sync()
                wrong.call("set", "person", person, "phone=1")
                wrong.sync()
                right.sync()
                right.call("set", "person", person, "phone=2")
                right.sync()
                wrong.sync()
                self.assertEqual(wrong.json("get", "person", person)["phone"], "2")
                self.assertEqual(wrong.json("conflicts"), [])
                self.assertEqual(wrong.json("digest"), right.json("digest"))

    def test_kill_9_of_the_hub_keeps_what_was_acknowledged(self):
        with World() as world:
            client = world.join()
            for number in range(5):
                client.call("add", "person", f"name=示例党员{number:03}")
                client.sync()
                world.hub.stop(signal.SIGKILL)
                self.assertEqual(len(world.hub.json("list", "person")), number + 1)
                self.assertTrue(world.hub.json("verify")["ok"])
                world.hub.start()

    def test_bad_input_is_named_and_nothing_is_saved(self):
        with World() as world:
            client = world.join()
            for arguments in (("add", "person", "nam=x"), ("add", "visit", "kind=home_visit"),
                              ("add", "person", "name=示例党员001", "born_on=2026-02-30"),
                              ("set", "person", "0" * 32, "phone=1"), ("add", "nothing", "a=b")):
                with self.assertRaises(Failed):
                    client.call(*arguments)
            self.assertEqual(client.json("list", "person"), [])
            run(JINQIU, "frobnicate", code=2)
            client.call("backup", "x", code=2)

    def test_a_code_admits_one_device(self):
        with World() as world:
            code = world.hub.invite(world.branches[0], "volunteer", "示例党员001")
            run(JINQIU, "join", code, "--dir", world.folder + "/a", "--no-passphrase")
            run(JINQIU, "join", code, "--dir", world.folder + "/b", "--no-passphrase", code=1)
            run(JINQIU, "join", code[:-3], "--dir", world.folder + "/c", "--no-passphrase", code=1)

    def test_a_code_of_last_week_admits_nobody(self):
        with World() as world:
            code = world.hub.invite(world.branches[0], "volunteer", "示例党员001")
            for days, folder, wanted in ((8, "/late", 1), (6, "/in-time", 0)):
                world.hub.stop()
                os.environ["JINQIU_CLOCK_OFFSET_MS"] = str(days * 86400000)
                try:
                    world.hub.start()
                finally:
                    del os.environ["JINQIU_CLOCK_OFFSET_MS"]
                run(JINQIU, "join", code, "--dir", world.folder + folder, "--no-passphrase",
                    code=wanted)

    def test_an_invitation_can_be_drawn(self):
        with World() as world:
            drawn = world.hub.call("invite", "--org", world.township, "--role", "volunteer",
                                   "--person", "示例党员001", "--qr").splitlines()
            self.assertTrue(drawn[0].startswith("JQ1-"))
            picture = drawn[1:]
            self.assertEqual({len(line) for line in picture}, {len(picture) * 2 - 1})
            self.assertEqual(set(picture[0]), {"█"})
            # The finder pattern of the upper left corner, behind the quiet zone.
            self.assertEqual([line[4:11] for line in picture[2:6]],
                             [" ▄▄▄▄▄ ", " █ █ █ ".replace("█ █ █", "█   █"), " █▄▄▄█ ",
                              "▄▄▄▄▄▄▄"])

    def test_a_batch_is_one_entry_for_each_org(self):
        with World() as world:
            client = world.join()
            lines = "".join(json.dumps({"op": "add", "table": "person", "org": world.branches[n % 3],
                                        "fields": {"name": f"示例党员{n:03}"}}) + "\n"
                            for n in range(60))
            done = json.loads(client.call("apply", "-", "--batch", "30", "--json",
                                          data=lines.encode()))
            self.assertEqual((done["rows"], done["entries"]), (60, 6))
            person = done["ids"][0]
            lines = "".join(json.dumps(line) + "\n" for line in (
                {"op": "add", "table": "person", "id": "0" * 31 + "7", "org": world.branches[1],
                 "fields": {"name": "示例党员900"}},
                {"op": "add", "table": "visit", "fields": {
                    "target_ref": "person:" + "0" * 31 + "7", "kind": "phone"}},
                {"op": "set", "table": "person", "id": person, "fields": {"phone": "1"}},
                {"op": "set", "table": "person", "id": person, "fields": {"phone": "2"}}))
            client.call("apply", "-", "--batch", "4", data=lines.encode())
            self.assertEqual(client.json("get", "person", person)["phone"], "2")
            visit = client.json("list", "visit")[0]
            self.assertEqual(visit["_org"], world.branches[1])
            self.assertTrue(client.json("verify")["ok"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
