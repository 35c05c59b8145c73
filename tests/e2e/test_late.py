"""When a visit was really entered: after the newest beacon that its writer knew and before it
arrived. Whoever claims another day is listed; clocks that are wrong are told apart; nothing is
refused."""

import datetime
import unittest

from jinqiu import World


def day(offset):
    return (datetime.date.today() + datetime.timedelta(offset)).isoformat()


class Late(unittest.TestCase):
    def test_claims_outside_of_the_bracket_are_listed_and_nothing_is_refused(self):
        with World() as world:
            honest, liar = world.join(), world.join()
            wrong = world.join(env={"JINQIU_CLOCK_OFFSET_MS": str(-400 * 86400000)})
            for client in (honest, liar, wrong):
                client.sync()
            self.assertRegex(honest.json("status")["rights_as_of"], day(0)[:4])
            person = honest.call("add", "person", "name=示例党员壹").strip()
            honest.sync()
            for client in (liar, wrong):
                client.sync()

            def visit(client, offset):
                return client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                                   f"at={day(offset)}T10:00").strip()

            visit(honest, 0)
            visit(honest, -2)  # a day or two later is how people work
            back = visit(liar, -60)
            ahead = visit(liar, 30)
            visit(wrong, 0)
            for client in (honest, liar, wrong):
                client.sync()
            listed = world.hub.json("late")
            rows = {item["id"]: item["kind"] for item in listed if "id" in item}
            self.assertEqual(rows, {back: "late", ahead: "future"})
            self.assertEqual(next(item["days"] for item in listed if item.get("id") == back), 59)
            clocks = {item["device"] for item in listed if item["kind"] == "clock"}
            self.assertEqual(clocks, {wrong.device})
            self.assertEqual([item["kind"] for item in world.hub.json("late", "--days", "100")],
                             ["clock"])
            self.assertEqual(len(world.hub.json("list", "visit")), 5)
            self.assertEqual(world.hub.json("set-aside"), [])
            self.assertIn("late", world.hub.call("late"))


if __name__ == "__main__":
    unittest.main()
