"""A member's transfer between two branches that never see each other's records: letter, signature of
both, record with its history; what the old branch wrote late comes after it, nothing is lost."""

import unittest

from jinqiu import World

NUMBER = "000000194001010000"


class Transfer(unittest.TestCase):
    def test_a_member_moves_with_both_signatures_and_comes_back(self):
        with World() as world:
            old, new = (world.join("secretary", branch) for branch in world.branches[:2])
            phone = world.join("secretary", world.branches[0])
            helper = world.join("volunteer", world.branches[0])
            clerk = world.join("clerk")
            everyone = (old, new, phone, helper, clerk)
            person = old.call("add", "person", "name=示例党员壹", "phone=111", "address=示例路1号",
                              f"id_number={NUMBER}", "note=示例备注").strip()
            self.sync(world, everyone)
            visit = phone.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                               "situation=示例情况").strip()
            award = old.call("add", "award", f"subject_ref=person:{person}", "title=示例荣誉").strip()
            old.call("set", "person", person, "phone=112")
            self.sync(world, everyone)

            # A volunteer may not offer; the letter arrives, the record doesn't yet.
            helper.call("transfer", "offer", person, "--to", world.branches[1], code=1)
            letter = old.call("transfer", "offer", person, "--to", world.branches[1],
                              "letter_no=12").strip()
            self.sync(world, (old, new))
            new.call("get", "person", person, code=1)
            waiting = new.json("transfer", "list")
            self.assertEqual([(one["id"], one["name"], one["state"]) for one in waiting],
                             [(letter, "示例党员壹", "issued")])
            old.sync()
            self.assertEqual(old.json("transfer", "list")[0]["_moved"], "示例支部2")
            self.assertEqual(old.json("get", "person", person)["phone"], "112")

            # The new branch signs; meanwhile the old one's phone writes without a line.
            new.call("transfer", "accept", letter)
            new.sync()
            phone.call("set", "person", person, "phone=113", "note=示例备注，迟到")
            old.sync()
            new.sync()
            gone = old.json("get", "person", person)
            self.assertEqual((gone["_moved"], gone["name"]), ("示例支部2", "示例党员壹"))
            self.assertEqual(old.json("list", "person"), [])
            old.call("set", "person", person, "phone=9", code=1)
            here = new.json("get", "person", person)
            self.assertEqual((here["phone"], here["id_number"], here["note"]),
                             ("112", NUMBER, "示例备注"))
            new.call("set", "person", person, "address=示例路2号")
            self.sync(world, everyone)
            here = new.json("get", "person", person)
            self.assertEqual((here["phone"], here["note"], here["address"], here["_conflicts"]),
                             ("113", "示例备注，迟到", "示例路2号", []))
            told = [(item["value"], item["person"], item.get("org"))
                    for item in new.json("history", "person", person) if item["field"] == "phone"]
            self.assertEqual(told, [("111", "示例党员001", "示例支部1"),
                                    ("112", "示例党员001", "示例支部1"),
                                    ("113", "示例党员003", "示例支部1")])
            self.assertIn("→ 示例支部2", [item["value"] for item in
                                      old.json("history", "person", person)])
            self.assertEqual(new.json("get", "award", award)["title"], "示例荣誉")
            self.assertEqual(old.json("get", "visit", visit)["situation"], "示例情况")
            new.call("get", "visit", visit, code=1)
            for replica in (world.hub, clerk):
                self.assertEqual([(row["id"], row["_org"]) for row in replica.json("list", "person")],
                                 [(person, world.branches[1])])

            # Back again, and everything is there.
            back = new.call("transfer", "offer", person, "--to", world.branches[0],
                            "start_on=2026-12-01").strip()
            self.sync(world, everyone)
            old.call("transfer", "accept", back)
            self.sync(world, everyone)
            here = phone.json("get", "person", person)
            self.assertEqual((here["phone"], here["address"], here["id_number"]),
                             ("113", "示例路2号", NUMBER))
            self.assertNotIn("_deleted", here)
            self.assertEqual(new.json("get", "person", person)["_moved"], "示例支部1")
            self.finish(world, everyone)

    def test_two_letters_are_a_conflict_for_whoever_may_settle_it(self):
        with World() as world:
            old, new, far = (world.join("secretary", branch) for branch in world.branches)
            phone = world.join("secretary", world.branches[0])
            everyone = (old, new, far, phone)
            person = old.call("add", "person", "name=示例党员壹", "phone=111").strip()
            self.sync(world, everyone)
            world.hub.stop()
            first = old.call("transfer", "offer", person, "--to", world.branches[1]).strip()
            second = phone.call("transfer", "offer", person, "--to", world.branches[2]).strip()
            world.hub.start()
            self.sync(world, everyone)
            new.call("transfer", "accept", first)
            far.call("transfer", "accept", second)
            self.sync(world, everyone)
            new.call("set", "person", person, "phone=222")
            self.sync(world, everyone)
            conflicts = old.json("conflicts")
            self.assertEqual([(one["id"], one["field"]) for one in conflicts],
                             [(person, "_deleted")])
            dots = {head["value"]: head["dot"] for head in conflicts[0]["heads"]}
            self.assertEqual(sorted(dots), ["→ 示例支部2", "→ 示例支部3"])
            far.call("get", "person", person, code=1)
            old.call("settle", "person", person, "_deleted", "--take", dots["→ 示例支部3"])
            self.sync(world, everyone)
            self.assertEqual(far.json("get", "person", person)["phone"], "222")
            self.assertEqual(new.json("get", "person", person)["_moved"], "示例支部3")
            self.assertEqual(world.hub.json("conflicts"), [])
            self.finish(world, everyone)

    def test_a_letter_may_be_returned(self):
        with World() as world:
            old, new = (world.join("secretary", branch) for branch in world.branches[:2])
            person = old.call("add", "person", "name=示例党员壹").strip()
            letter = old.call("transfer", "offer", person, "--to", world.branches[1]).strip()
            self.sync(world, (old, new))
            new.call("transfer", "return", letter, "note=材料不全")
            self.sync(world, (old, new))
            row = old.json("get", "affiliation", letter)
            self.assertEqual((row["state"], row["note"]), ("returned", "材料不全"))
            self.assertNotIn("_deleted", row)
            self.assertEqual(old.json("get", "person", person)["name"], "示例党员壹")
            self.finish(world, (old, new))

    def sync(self, world, clients):
        for client in clients + clients:
            client.sync(code=None)  # 4: a conflict waits

    def finish(self, world, clients):
        self.sync(world, clients)
        everything = world.hub.json("digest")
        for client in clients:
            held = client.json("digest")
            self.assertEqual(held, {scope: everything[scope] for scope in held})
            self.assertTrue(client.json("verify")["ok"])
        self.assertTrue(world.hub.json("verify")["ok"])


if __name__ == "__main__":
    unittest.main()
