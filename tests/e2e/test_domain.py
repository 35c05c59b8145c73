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


class Doubles(unittest.TestCase):
    def register_twice(self, world):
        a = world.join(org=world.branches[0])
        b = world.join(org=world.branches[1])
        clerk = world.join("clerk")
        one = a.call("add", "person", "name=单示例", "born_on=1950-01-02", "rank=科长").strip()
        two = b.call("add", "person", "name=单 示例", "born_on=1950-01-02",
                     "phone=13800001234").strip()
        other = b.call("add", "person", "name=单示例", "born_on=1951-01-02").strip()
        for client, person in ((a, one), (b, two)):
            client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                        "situation=示例")
            client.call("add", "ticket", "kind=request", f"person_id={person}", "title=示例事项")
        for client in (a, b, clerk):
            client.sync()
        return clerk, (one, two), other

    def test_a_person_registered_twice_apart_is_found_merged_and_taken_apart_again(self):
        with World() as world:
            clerk, (one, two), other = self.register_twice(world)
            kept, merged = sorted((one, two))
            for replica in (clerk, world.hub):
                groups = replica.json("duplicates")
                self.assertEqual([sorted(row["id"] for row in g["rows"]) for g in groups],
                                 [[kept, merged]])
                self.assertEqual(groups[0]["by"], ["name", "born_on"])
            before = clerk.json("digest")
            answer = clerk.json("merge", merged, kept)
            self.assertEqual((answer["id"], answer["merged"]), (kept, merged))
            self.assertIn("name", answer["differs"])
            clerk.call("merge", one, two, code=1)
            clerk.sync()
            for replica in (clerk, world.hub):
                self.assertEqual(replica.json("duplicates"), [])
                people = {row["id"]: row for row in replica.json("list", "person")}
                self.assertEqual(set(people), {kept, other})
                self.assertEqual((people[kept]["rank"], people[kept]["phone"]),
                                 ("科长", "13800001234"))
                for person in (one, two):
                    visits = replica.json("list", "visit", "--where",
                                          f"target_ref=person:{person}")
                    self.assertEqual([v["target_ref"] for v in visits], [f"person:{kept}"] * 2)
                self.assertEqual({t["person_id"] for t in replica.json("list", "ticket")}, {kept})
                self.assertEqual(replica.json("get", "person", merged)["merged_into"], kept)
                self.assertTrue(replica.json("history", "person", merged))
                self.assertEqual(len(replica.json("list", "person", "--search", "1234")), 1)
                members = replica.json("report", "R01")
                self.assertEqual(sum(row["members"] or 0 for row in members
                                     if row["org"] == "示例支部1"
                                     or row["org"] == "示例支部2"), 2)
            clerk.call("unmerge", merged)
            clerk.sync()
            for replica in (clerk, world.hub):
                self.assertEqual(len(replica.json("list", "person")), 3)
                self.assertEqual({t["person_id"] for t in replica.json("list", "ticket")},
                                 {one, two})
                self.assertEqual(len(replica.json("duplicates")), 1)
                self.assertTrue(replica.json("verify")["ok"])
            self.assertNotEqual(clerk.json("digest"), before)

    def test_names_that_only_sound_alike_need_the_same_phone_or_birth_and_place(self):
        with World() as world:
            client = world.join()
            for name, phone, born in (("张晓明", "138-0000-0001", ""),
                                      ("张小明", "13800000001", ""),
                                      ("张小鸣", "13800000002", "1950-01-02"),
                                      ("李示例", "13800000003", "1950-01-02")):
                client.call("add", "person", f"name={name}", f"phone={phone}", f"born_on={born}")
            groups = client.json("duplicates", "person")
            self.assertEqual([[row["label"] for row in g["rows"]] for g in groups],
                             [["张晓明", "张小明"]])
            ids = [row["id"] for row in groups[0]["rows"]]
            client.call("set", "person", ids[1], "void=true")
            self.assertEqual(client.json("duplicates"), [])

    def test_two_who_merge_apart_choose_alike_and_chains_end_at_one(self):
        with World() as world:
            a, b = world.join(), world.join()
            ids = sorted(a.call("add", "person", f"name=示例{n}", "phone=1").strip()
                         for n in range(3))
            event = a.call("add", "event", "kind=study", f"title=示例").strip()
            a.call("add", "visit", f"target_ref=person:{ids[2]}", "kind=phone",
                   f"by_ids={ids[2]},{ids[1]}")
            a.sync()
            b.sync()
            a.call("merge", ids[1], ids[2])
            b.call("merge", ids[1], ids[0])
            for client in (a, b, a):
                client.sync()
            for replica in (a, b, world.hub):
                self.assertEqual([r["id"] for r in replica.json("list", "person")], [ids[0]])
                visit = replica.json("list", "visit")[0]
                self.assertEqual(visit["target_ref"], f"person:{ids[0]}")
                self.assertEqual(visit["by_ids"], [ids[0]])
                self.assertEqual(replica.json("conflicts"), [])
            a.call("merge", ids[0], event, code=1)
            a.call("set", "person", ids[0], f"merged_into={ids[2]}")
            self.assertEqual([r["id"] for r in a.json("list", "person")], [ids[0]])


if __name__ == "__main__":
    unittest.main(verbosity=2)
