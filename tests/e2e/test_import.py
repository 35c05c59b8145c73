#!/usr/bin/env python3
"""A roster out of any spreadsheet program, as people have them: encodings, headings, a map, faults
by row and column, changes by key, many rows with progress, and a Ctrl-C that leaves nothing."""

import csv
import json
import os
import signal
import subprocess
import unittest

from jinqiu import JINQIU, World

ROWS = [["姓名", "出生日期", "电话", "月党费标准"], ["示例党员001", "1940-01-01", "13800000001", "12.50"],
        ["示例党员002", "1941-02-02", "", "8"]]
MANY = 20000


class Import(unittest.TestCase):
    def setUp(self):
        self.world = World().__enter__()
        self.addCleanup(self.world.__exit__)
        self.client = self.world.join()
        self.file = os.path.join(self.world.folder, "in.csv")

    def write(self, rows, encoding="utf-8", delimiter=","):
        with open(self.file, "w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(rows)

    def people(self):
        return sorted((row["name"], row["born_on"], row["phone"], row["dues_fen"])
                      for row in self.client.json("list", "person"))

    def test_every_encoding_and_either_language_of_headings(self):
        wanted = [("示例党员001", "1940-01-01", "13800000001", "12.50"),
                  ("示例党员002", "1941-02-02", None, "8.00")]
        for encoding in ("utf-8", "utf-8-sig", "gb18030"):
            for heading in (ROWS[0], ["name", "born_on", "phone", "dues_fen"],
                            ["name", "born on", "phone", "monthly dues"]):
                self.write([heading, *ROWS[1:]], encoding)
                done = self.client.json("import", "person", self.file)
                self.assertEqual((done["added"], done["errors"]), (2, []), (encoding, heading))
                self.assertEqual(self.people(), wanted)
                for row in self.client.json("list", "person"):
                    self.client.call("delete", "person", row["id"])

    def test_a_map_names_the_fields_of_strange_headings(self):
        self.write([["同志", "生日", "多余"], ["示例党员003", "1942-03-03", "x"]])
        chart = os.path.join(self.world.folder, "map.json")
        with open(chart, "w", encoding="utf-8") as file:
            json.dump({"同志": "name", "生日": "出生日期", "多余": None}, file)
        self.client.call("import", "person", self.file, code=1)
        self.assertEqual(self.people(), [])
        self.client.call("import", "person", self.file, "--map", chart)
        self.assertEqual(self.people(), [("示例党员003", "1942-03-03", None, None)])

    def test_a_dry_run_tells_every_fault_by_row_and_column_and_saves_nothing(self):
        self.write([*ROWS, ["示例党员003", "昨天", "", "贵"], ["", "1943-01-01", "", ""],
                    ["示例党员005", "1944-02-30", "", "", "多"]])
        done = self.client.json("import", "person", self.file, "--dry-run", code=1)
        self.assertEqual((done["added"], done["changed"]), (0, 0))
        faults = [(fault["row"], fault["column"]) for fault in done["errors"]]
        self.assertEqual([row for row, _ in faults], sorted(row for row, _ in faults))
        self.assertEqual(set(faults), {(4, "出生日期"), (4, "月党费标准"), (5, ""), (6, "出生日期"),
                                       (6, "")})
        self.assertEqual(self.people(), [])
        said = self.client.call("import", "person", self.file, "--lang", "zh", code=1, error=True)
        self.assertIn("第 4 行“出生日期”列", said)
        self.write(ROWS)
        self.assertEqual(self.client.json("import", "person", self.file, "--dry-run")["added"], 2)
        self.assertEqual(self.people(), [])

    def test_rows_are_known_by_id_and_by_natural_key(self):
        self.write(ROWS)
        self.client.call("import", "person", self.file)
        out = os.path.join(self.world.folder, "out.csv")
        self.client.call("export", "person", out)
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        rows[0]["phone"] = "999"
        self.write([list(rows[0]), *(list(row.values()) for row in rows)])
        done = self.client.json("import", "person", self.file)
        self.assertEqual((done["added"], done["changed"], done["same"]), (0, 1, 1))
        event = self.client.call("add", "event", "kind=study", "title=示例").strip()
        for status, wanted in (("expected", (1, 0, 0)), ("expected", (0, 0, 1)),
                               ("present", (0, 1, 0))):
            self.write([["event_id", "person_id", "status"], [event, rows[0]["id"], status]])
            done = self.client.json("import", "attendance", self.file)
            self.assertEqual((done["added"], done["changed"], done["same"]), wanted)

    def start(self):
        self.write([["name", "phone"], *([f"示例群众{n:05}", n] for n in range(MANY))])
        return subprocess.Popen([JINQIU, "import", "person", self.file, "--dir",
                                 self.client.folder, "--lang", "en"], stderr=subprocess.PIPE)

    def test_many_rows_tell_how_far_they_are(self):
        importing = self.start()
        told = importing.communicate(timeout=600)[1].decode()
        self.assertEqual(importing.returncode, 0, told)
        self.assertEqual([line for line in told.splitlines() if " of " in line],
                         [f"jinqiu: {n} of {MANY} rows" for n in range(5000, MANY, 5000)])
        self.assertEqual(self.client.json("status")["rows"] >= MANY, True)

    def test_ctrl_c_leaves_no_trace(self):
        self.client.call("add", "person", "name=示例党员001")
        before = self.client.json("digest"), self.client.json("status")["entries"]
        importing = self.start()
        for line in importing.stderr:
            if b"5000 of" in line:
                break
        importing.send_signal(signal.SIGINT)
        told = importing.stderr.read().decode()
        importing.stderr.close()
        self.assertEqual(importing.wait(timeout=60), 1)
        self.assertIn("cancelled: nothing was imported", told)
        self.assertEqual((self.client.json("digest"), self.client.json("status")["entries"]),
                         before)
        self.assertTrue(self.client.json("verify")["ok"])
        self.assertEqual(len(self.client.json("list", "person")), 1)


if __name__ == "__main__":
    unittest.main()
