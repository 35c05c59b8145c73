#!/usr/bin/env python3
"""What branches do with their records, on the real programs: two offline clients and a hub."""

import unittest

from jinqiu import World


def names_of(rows):
    return sorted(row["name"] for row in rows)


class Search(unittest.TestCase):
    def test_people_are_found_by_characters_pinyin_and_the_tail_of_a_phone_number(self):
        with World() as world:
            a, b = world.join(), world.join()
            a.call("add", "person", "name=单示例", "phone=13800001234")
            b.call("add", "person", "name=仇示范", "phone=13800005678")
            for client in (a, b, a):
                client.sync()
            for text, wanted in (("示", ["仇示范", "单示例"]), ("shan", ["单示例"]),
                                 ("qiushifan", ["仇示范"]), ("qsf", ["仇示范"]),
                                 ("1234", ["单示例"]), ("s 5678", ["仇示范"]), ("dsf", [])):
                for replica in (a, b, world.hub):
                    found = replica.json("list", "person", "--search", text)
                    self.assertEqual(names_of(found), wanted, text)


class Steps(unittest.TestCase):
    def test_only_allowed_steps_by_allowed_roles_and_two_apart_are_merged(self):
        with World() as world:
            volunteer, secretary = world.join("volunteer"), world.join()
            ticket = volunteer.call("add", "ticket", "kind=request", "title=示例事项").strip()
            refused = volunteer.call("set", "ticket", ticket, "state=dispatched", "--lang", "zh",
                                     code=1, error=True)
            self.assertIn("您的角色无权办理“派单”这一步", refused)
            volunteer.sync()
            secretary.sync()
            secretary.call("set", "ticket", ticket, "state=returned")
            refused = secretary.call("set", "ticket", ticket, "state=done", "--lang", "zh", code=1,
                                     error=True)
            self.assertIn("“办结”不能接在“退回”之后", refused)
            secretary.sync()
            volunteer.sync()
            volunteer.call("set", "ticket", ticket, "state=submitted")
            self.assertEqual(volunteer.json("get", "ticket", ticket)["state_round"], 2)
            volunteer.sync()
            secretary.sync()
            world.hub.stop()
            volunteer.call("set", "ticket", ticket, "state=done")
            secretary.call("set", "ticket", ticket, "state=accepted")
            world.hub.start()
            for client in (volunteer, secretary, volunteer):
                client.sync()
            for replica in (volunteer, secretary, world.hub):
                row = replica.json("get", "ticket", ticket)
                self.assertEqual((row["state"], row["state_round"]), ("done", 2))
                self.assertEqual(row["_conflicts"], [])
            self.assertEqual(volunteer.json("digest"), secretary.json("digest"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
