"""Who did what and when: saves, settlements, enrolments, revocations and exports are in the log that
everybody's entries are in, and the bureau lists them."""

import json
import os
import unittest

from jinqiu import World


class Audit(unittest.TestCase):
    def actions(self, replica, *flags):
        return [item["action"] for item in replica.json("audit", "--limit", "0", *flags)]

    def test_what_was_done_is_listed_with_who_and_when(self):
        with World() as world:
            a, b = world.join(), world.join()
            person = a.call("add", "person", "name=示例党员壹").strip()
            a.sync()
            b.sync()
            a.call("set", "person", person, "phone=13900000001")
            b.call("set", "person", person, "phone=13900000002")
            a.sync()
            b.sync(code=4)
            dot = b.json("conflicts")[0]["heads"][0]["dot"]
            b.call("settle", "person", person, "phone", "--take", dot)
            target = os.path.join(world.folder, "out.csv")
            b.call("export", "person", target, "--purpose", "镇里核对名册")
            b.call("delete", "person", person)
            b.sync()
            world.hub.call("revoke", a.device)
            listed = world.hub.json("audit", "--limit", "0")
            own = [item for item in listed if item["device"] == b.device]
            self.assertEqual([item["action"] for item in own],
                             ["delete", "access", "settle", "change"])
            access = own[1]
            self.assertEqual(access["access"]["table"], "person")
            self.assertEqual(access["access"]["rows"], 1)
            self.assertEqual(access["access"]["purpose"], "镇里核对名册")
            self.assertEqual(access["person"], "示例党员002")
            registry = [(item["action"], item.get("subject")) for item in listed
                        if item["action"] in ("enrol", "revoke")]
            self.assertIn(("enrol", "示例党员001"), registry)
            self.assertIn(("revoke", "示例党员001"), registry)
            self.assertEqual(self.actions(world.hub, "--device", a.device), ["change", "add"])
            self.assertEqual(len(world.hub.json("audit", "--limit", "2")), 2)
            self.assertEqual(world.hub.json("audit", "--since", "2999-01-01"), [])
            self.assertTrue(all(item["state"] == "counts" for item in own))
            times = [item["time"] for item in listed]
            self.assertEqual(times, sorted(times, reverse=True))

    def test_an_export_that_can_t_be_noted_is_not_made(self):
        with World() as world:
            client = world.join()
            client.call("add", "person", "name=示例党员壹")
            client.sync()
            world.hub.call("revoke", client.device)
            client.sync(code=1)
            target = os.path.join(world.folder, "out.csv")
            client.call("export", "person", target, code=1)
            self.assertFalse(os.path.exists(target))

    def test_many_rows_leave_with_two_persons_or_not_at_all(self):
        with World() as world:
            a, b = world.join(), world.join(role="clerk", org=world.county)
            lines = "\n".join(json.dumps({"op": "add", "table": "person", "fields": {
                "name": f"示例党员{number:03}", "joined_on": "2000-11-01"}})
                for number in range(201))
            a.call("apply", "-", data=lines.encode())
            target = os.path.join(world.folder, "out.csv")
            told = a.call("export", "person", target, "--purpose", "年报", code=1, error=True)
            self.assertIn("须先由他人同意", told)
            self.assertFalse(os.path.exists(target))
            for client in (a, b):
                client.sync()
            ask = b.json("consent")[0]
            self.assertIn(ask["id"], told)
            self.assertEqual((ask["rows"], ask["purpose"], ask["state"]), (201, "年报", "asked"))
            self.assertIn("申请人以外", a.call("consent", ask["id"], code=1, error=True))
            b.call("consent", ask["id"])
            for client in (b, a):
                client.sync()
            a.call("export", "person", target, "--purpose", "年报")
            with open(target, encoding="utf-8") as file:
                self.assertEqual(len(file.readlines()), 202)
            self.assertEqual(a.json("consent")[0]["state"], "used")
            a.sync()
            self.assertEqual(world.hub.json("alarms"), [])
            self.assertEqual(world.hub.json("status")["alarms"], 0)
            actions = [item["access"]["action"] for item in world.hub.json("audit", "--limit", "0")
                       if item["action"] == "access"]
            self.assertEqual(actions, ["export", "consent", "ask"])

    def test_a_list_of_people_is_an_export_too(self):
        with World() as world:
            client = world.join()
            lines = "\n".join(json.dumps({"op": "add", "table": "person", "fields": {
                "name": f"示例党员{number:03}", "party_status": "full",
                "joined_on": "2000-11-15"}}) for number in range(201))
            client.call("apply", "-", data=lines.encode())
            client.call("report", "R45", "--to", "2026-11-30", "--csv", code=1)
            self.assertEqual(client.json("consent")[0]["table"], "R45")
            self.assertIn("\n", client.call("report", "R02", "--csv"))


if __name__ == "__main__":
    unittest.main()
