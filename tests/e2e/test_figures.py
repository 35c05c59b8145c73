"""Every figure that tests/e2e/figures.py and figures_work.py count from the raw rows is what the
report says, on the demo's township; and the parts of every report by org make the whole."""

import os
import tempfile
import unittest
from collections import Counter

import figures
import figures_work
from jinqiu import Hub

FIRST, DAY = "2026-01-01", "2026-11-21"


def agree(wanted, row):
    """Is this the row that was counted? Shares are rounded to one decimal."""
    for name, value in wanted.items():
        there = row[name]
        if isinstance(value, float) or isinstance(there, float):
            if value is None or there is None or abs(value - there) > 0.0501:
                return False
        elif value != there:
            return False
    return True


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.hub = Hub(os.path.join(cls.folder.name, "hub"))
        cls.hub.call("demo", "--size", "township", "--day", DAY)
        cls.records = figures.Records(cls.hub, figures.TABLES, FIRST, DAY)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def report(self, name, *flags):
        return self.hub.json("report", name, "--from", FIRST, "--to", DAY, *flags)

    def test_reports_say_what_the_rows_say(self):
        for name, count in sorted({**figures.COUNTED, **figures_work.COUNTED}.items()):
            left = self.report(name)
            with self.subTest(name):
                wanted = list(count(self.records))
                self.assertTrue(wanted)
                for row in wanted:
                    found = next((item for item in left if agree(row, item)), None)
                    self.assertIsNotNone(found, f"{name}: {row} is not in\n" + "\n".join(
                        str(item) for item in left[:12]))
                    left.remove(found)

    def test_the_parts_make_the_whole(self):
        """What a report lists for the township is what it lists for each branch, put together, and
        what is the township's own."""
        township = next(o for o in self.records.orgs.values() if o["kind"] == "township")
        parts = [o["id"] for o in self.records.orgs.values() if o["kind"] == "branch"]
        for name in ("R04", "R05", "R06", "R08", "R10", "R11", "R12", "R13", "R14", "R15", "R16",
                     "R17", "R18", "R23", "R25", "R26", "R27", "R28", "R33", "R41", "R45", "R46",
                     "R59", "R61", "R66"):
            with self.subTest(name):
                left = Counter(map(str, self.report(name, "--org", township["id"])))
                left.subtract(str(row) for org in parts for row in self.report(name, "--org", org))
                self.assertFalse([row for row, count in left.items() if count < 0 or
                                  count > 0 and f"'{township['name']}'" not in row])
        for name, columns in (("R02", ("persons",)), ("R09", ("visits", "members")), ("R55", ("persons",)),
                              ("R60", ("persons",)), ("R52", ("value",))):
            with self.subTest(name):
                keys = [column for column in self.report(name)[0]
                        if column in ("dimension", "value", "occasion", "wish", "reason", "item", "report", "unit")
                        and column not in columns]
                sums = {}
                for org in parts + [township["id"]]:
                    for row in self.report(name, "--org", org):
                        key = tuple(row[column] for column in keys)
                        sign = -1 if org == township["id"] else 1
                        for column in columns:
                            sums[key, column] = sums.get((key, column), 0) + sign * row[column]
                held = {key: value for key, value in sums.items() if abs(value) > 0.001}
                # The township's own events (talks, duties) belong to no branch.
                self.assertTrue(all(value < 0 for value in held.values()) if name == "R52"
                                else not held, held)


if __name__ == "__main__":
    unittest.main()
