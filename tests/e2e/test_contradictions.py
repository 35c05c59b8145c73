"""What two people broke without seeing each other is listed alike everywhere once they have met, and
is gone when somebody puts it right; nothing was refused."""

import unittest

from jinqiu import World

DAY = "2026-11-15"


class Contradictions(unittest.TestCase):
    def kinds(self, replica, *flags):
        found = {}
        for row in replica.json("check", "--to", DAY, *flags):
            found.setdefault(row["kind"], set()).add(row["id"])
        return found

    def test_two_who_wrote_apart_are_told_the_same_on_every_replica(self):
        with World() as world:
            one, two = (world.join("secretary", world.branches[0]) for _ in range(2))
            person = one.call("add", "person", "name=示例党员007", "born_on=1950-01-02",
                              "kind=retired").strip()
            branch = world.branches[0]
            one.call("add", "affiliation", f"person_id={person}", f"org_id={branch}", "kind=member",
                     "start_on=2020-01-01", "state=received")
            event = one.call("add", "event", "kind=outing", "title=外出", "state=approved",
                             "start_at=2026-11-10T09:00").strip()
            for client in (one, two):
                client.sync()
            self.assertEqual(self.kinds(two), {})
            world.hub.stop()
            for client in (one, two):
                client.call("add", "ledger", "unit=yuan", "kind=dues_paid", "amount=10.00", "method=cash",
                            f"subject_ref=person:{person}", "period=2026-10", "at=2026-10-20")
                client.call("add", "event", "kind=theme_day", "title=主题党日", "state=held",
                            "start_at=2026-11-05T15:00")
            one.call("set", "event", event, "state=cancelled")
            two.call("add", "attendance", f"event_id={event}", f"person_id={person}", "status=present")
            twice = two.call("add", "person", "name=示例党员007", "born_on=1950-01-02",
                             "kind=retired").strip()
            two.call("add", "affiliation", f"person_id={person}", f"org_id={world.branches[1]}",
                     "kind=member", "start_on=2026-11-01", "state=received")
            self.assertEqual(set(self.kinds(one)), set())
            world.hub.start()
            for client in (one, two, one, two):
                client.sync()
            everywhere = [self.kinds(replica, "--org", branch) for replica in (one, two, world.hub)]
            self.assertEqual(everywhere[0], everywhere[1])
            self.assertEqual(everywhere[0], everywhere[2])
            found = everywhere[0]
            self.assertEqual(set(found), {"dues_once", "one_event", "held_wins", "pledge_first",
                                          "one_person", "one_membership"})
            self.assertEqual(found["dues_once"], {person})
            self.assertEqual(found["one_person"], {person, twice})
            self.assertEqual(found["one_membership"], {person, twice})
            self.assertEqual(found["held_wins"], {event})
            self.assertEqual(len(found["one_event"]), 2)
            # Meanwhile the event counts as held, and the meeting once.
            month = two.json("report", "R07", "--from", "2026-11-01", "--to", DAY)
            self.assertEqual([row["days"] for row in month if row["kind"] == "theme_day"], [1])
            # Put right, it is gone.
            payment = one.json("list", "ledger")[0]["id"]
            one.call("add", "ledger", "unit=yuan", "kind=dues_paid", "amount=-10.00",
                     f"subject_ref=person:{person}", "period=2026-10", "at=2026-11-12",
                     f"reverses={payment}")
            one.call("merge", person, twice, code=None)
            one.sync()
            two.sync()
            for replica in (one, two, world.hub):
                left = set(self.kinds(replica, "--org", branch))
                self.assertNotIn("dues_once", left)
                self.assertNotIn("one_person", left)

    def test_reminders_are_for_those_whom_they_concern(self):
        with World() as world:
            secretary, volunteer = (world.join(role, world.branches[0])
                                    for role in ("secretary", "volunteer"))
            secretary.call("add", "person", "name=示例党员001", "kind=retired", "health=in_hospital")
            for client in (secretary, volunteer):
                client.sync()
            told = {replica: {row["kind"] for row in replica.json("due", "--to", DAY)}
                    for replica in (secretary, volunteer)}
            self.assertLessEqual({"L24", "L05", "L20"}, told[secretary])
            self.assertIn("L24", told[volunteer])
            self.assertFalse({"L05", "L20", "L10"} & told[volunteer])


if __name__ == "__main__":
    unittest.main()
