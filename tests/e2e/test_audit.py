"""Who did what and when: saves, settlements, enrolments, revocations and exports are in the log that
everybody's entries are in, and the bureau lists them."""

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


if __name__ == "__main__":
    unittest.main()
