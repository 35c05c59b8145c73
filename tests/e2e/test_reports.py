"""Reports and reminders: every one runs on every replica; their figures are counted again here from
exported rows, without SQL; rules come from the nearest org above."""

import csv
import datetime
import io
import json
import unittest

from jinqiu import World

TO = "2026-11-15"


def days_ago(days, since=TO):
    return (datetime.date.fromisoformat(since) - datetime.timedelta(days)).isoformat()


def fill(world):
    """Two secretaries write apart, then meet at the hub."""
    one, two = (world.join("secretary", world.branches[n]) for n in (0, 1))
    people = {}
    for client, branch in ((one, "a"), (two, "b")):
        for n in range(12):
            fields = [f"name=示例党员{branch}{n:02}", f"born_on={1930 + 3 * n}-11-20",
                      f"joined_on=1960-{n + 1:02}-20", "kind=retired",
                      f"health={'bedridden' if n % 5 == 0 else 'healthy'}",
                      f"residence={'remote' if n % 6 == 5 else 'local'}"]
            if n % 4 == 0:
                fields.append("attention=1")
            people[branch, n] = client.call("add", "person", *fields).strip()
    for client, branch in ((one, "a"), (two, "b")):
        for n in range(0, 12, 2):
            client.call("add", "visit", f"target_ref=person:{people[branch, n]}",
                        f"kind={'study' if n % 4 else 'condolence'}", "occasion=double_ninth",
                        f"at={days_ago(n * 9)}T09:30")
        event = client.call("add", "event", "kind=theme_day", "title=主题党日", "state=held",
                            f"start_at={days_ago(20)}T15:00").strip()
        for n in range(6):
            client.call("add", "attendance", f"event_id={event}", f"person_id={people[branch, n]}",
                        f"status={'present' if n < 4 else 'absent'}")
        for n in range(4):
            client.call("add", "ledger", "unit=yuan", "kind=dues_due", "amount=60.00",
                        f"subject_ref=person:{people[branch, n]}", f"at={days_ago(40)}",
                        "period=2026-10")
            client.call("add", "ledger", "unit=yuan", "kind=dues_paid", f"amount={15 * n}.50",
                        f"subject_ref=person:{people[branch, n]}", f"at={days_ago(30)}",
                        "period=2026-10")
        client.sync()
    return one, two, people


class Reports(unittest.TestCase):
    def report(self, replica, name, *flags):
        return replica.json("report", name, "--from", "2026-01-01", "--to", TO, *flags)

    def rows(self, replica, table):
        return replica.json("list", table)

    def test_figures_agree_with_the_rows(self):
        with World() as world:
            one, _, _ = fill(world)
            hub = world.hub
            people, visits = self.rows(hub, "person"), self.rows(hub, "visit")
            by_value = {(row["dimension"], row["value"]): row["persons"]
                        for row in self.report(hub, "R02")}
            self.assertEqual(by_value["总数", ""], len(people))
            for value in ("bedridden", "healthy"):
                self.assertEqual(by_value["健康", value],
                                 sum(person["health"] == value for person in people))
            ages = {}
            for person in people:
                born = person["born_on"]
                age = int(TO[:4]) - int(born[:4]) - (TO[5:] < born[5:])
                band = ("60以下" if age < 60 else "90以上" if age >= 90
                        else f"{age // 10 * 10}-{age // 10 * 10 + 9}")
                ages[band] = ages.get(band, 0) + 1
            self.assertEqual(ages, {value: count for (kind, value), count in by_value.items()
                                    if kind == "年龄"})
            condolence = [visit for visit in visits if visit["kind"] == "condolence"]
            total = next(row for row in self.report(hub, "R09") if row["occasion"] == "合计")
            self.assertEqual(total["visits"], len(condolence))
            self.assertEqual(total["persons"], len({v["target_ref"] for v in condolence}))
            paid = {}
            for row in self.rows(hub, "ledger"):
                if row["kind"] == "dues_paid":
                    paid[row["_org"]] = paid.get(row["_org"], 0) + float(row["amount"])
            listed = self.report(hub, "R17")
            self.assertAlmostEqual(sum(row["paid"] for row in listed), sum(paid.values()))
            self.assertTrue(all(abs(row["due"] - row["paid"] - row["owed"]) < 1e-9
                                for row in listed))
            # 12 people, of whom three are in bed, two away, one of them both: 8 were expected.
            for row in self.report(hub, "R04"):
                self.assertEqual((row["events"], row["expected"], row["present"]), (1, 8, 4))
            # The parts make the whole, and a branch sees its own part alone.
            own = self.report(one, "R02")
            self.assertEqual(own[0]["persons"], 12)
            part = self.report(hub, "R02", "--org", world.branches[0])
            self.assertEqual(part, own)
            *moves, closing = (row["persons"] for row in self.report(hub, "R60"))
            self.assertEqual((sum(moves), closing), (24, 24))

    def test_every_report_runs_everywhere_in_each_form(self):
        with World() as world:
            one, _, _ = fill(world)
            listed = world.hub.json("report", "--list")
            self.assertGreater(len(listed), 30)
            for item in listed:
                self.report(world.hub, item["name"])
                self.report(one, item["name"])
            text = world.hub.call("report", "R17", "--csv", "--to", TO)
            table = list(csv.reader(io.StringIO(text)))
            self.assertEqual(table[0][:2], ["姓名", "组织"])
            self.assertEqual(len(table), 1 + len(self.report(world.hub, "R17")))
            self.assertIn("健康", world.hub.call("report", "R02"))
            world.hub.call("report", "R99", code=1)
            world.hub.call("report", "R02", "--from", "yesterday", code=2)

    def test_who_is_due_follows_the_nearest_rule(self):
        with World() as world:
            one, two, people = fill(world)
            shift = int((datetime.date.fromisoformat(TO) - datetime.date(2026, 1, 1)).days)
            self.assertGreater(shift, 0)
            clock = {"JINQIU_CLOCK_OFFSET_MS": str(1000 * int(
                (datetime.datetime.fromisoformat(TO + "T12:00") -
                 datetime.datetime.now()).total_seconds()))}

            def late(client):
                client.env = clock
                found = {row["id"]: row for row in client.json("due") if row["kind"] == "L23"}
                return {n for n in (0, 4, 8) for branch in "ab"
                        if people[branch, n] in found}

            # At risk are 0, 4 and 8, seen 0, 36 and 72 days ago; 30 days are the usual limit.
            self.assertEqual(late(one), {4, 8})
            bureau = world.join("bureau", world.hub.root)
            bureau.call("add", "rule", "code=contact_days_1", "params=40", "valid_from=2026-01-01")
            bureau.sync()
            one.sync()
            two.sync()
            self.assertEqual(late(one), {8})
            bureau.call("add", "rule", "code=contact_days_1", "params=20", "valid_from=2026-01-01",
                        "--org", world.branches[0])
            bureau.sync()
            one.sync()
            two.sync()
            self.assertEqual(late(one), {4, 8})
            self.assertEqual(late(two), {8})
            birthdays = [row for row in one.json("due") if row["kind"] == "L26"]
            self.assertEqual({row["id"] for row in birthdays}, {people["a", 10]})
            absent = [row for row in one.json("due") if row["kind"] == "L27"]
            self.assertEqual(len(absent), 2)
            every = one.json("due")
            self.assertEqual([row["days"] for row in every],
                             sorted((row["days"] for row in every), reverse=True))
            self.assertTrue(all(row["title"] and row["label"] for row in every))
            json.dumps(every)


if __name__ == "__main__":
    unittest.main()
