#!/usr/bin/env python3
"""Questions in SQL over the views of docs/views.md: what they show, and what they may not."""

import csv
import io
import os
import re
import unittest

from jinqiu import World

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "views.md")


class Sql(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.__enter__()
        cls.addClassCleanup(cls.world.__exit__)
        cls.client = client = cls.world.join("secretary", cls.world.branches[0])
        cls.person = client.call("add", "person", "name=示例党员001", "dues_fen=12.50", "note=密",
                                 "id_number=110101194001010011", "location=22.8,108.3",
                                 "party_status=full").strip()
        cls.visit = client.call("add", "visit", f"target_ref=person:{cls.person}",
                                "kind=home_visit", "also=talk", "situation==1+1",
                                "at=2026-11-06T10:00").strip()
        client.sync()

    def sql(self, query, replica=None):
        return (replica or self.client).json("sql", query)

    def test_the_page_lists_the_views_as_they_are(self):
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        parts = re.split(r"\n### `(v_\w+)`", page)[1:]
        written = {name: re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]*)\|", text, re.M)))
                   for name, text in zip(parts[::2], parts[1::2])}
        listed = self.client.json("sql", "--views")
        self.assertEqual(written, {view["view"]: [column[0] for column in view["columns"]]
                                   for view in listed})
        for view in listed:
            columns = ", ".join(f'"{column[0]}"' for column in view["columns"])
            self.sql(f"SELECT {columns} FROM {view['view']}")

    def test_values_read_as_people_write_them(self):
        row, = self.sql("SELECT * FROM v_person")
        self.assertEqual((row["id"], row["dues_fen"], row["note"], row["_org_name"]),
                         (self.person, 12.5, "密", "示例支部1"))
        self.assertEqual((row["location_lat"], row["location_lon"], row["party_status"]),
                         (22.8, 108.3, "full"))
        row, = self.sql("SELECT v.*, c.zh FROM v_visit v JOIN v_codes c ON c.table_name = 'visit' "
                        "AND c.field = 'kind' AND c.code = v.kind")
        self.assertEqual((row["target_ref"], row["also"], row["zh"], row["at"]),
                         (f"person:{self.person}", '["talk"]', "走访慰问", "2026-11-06T10:00"))
        self.assertEqual(row["situation"], "=1+1")

    def test_what_is_sealed_for_others_shows_stars(self):
        volunteer = self.world.join("volunteer", self.world.branches[0])
        query = "SELECT name, id_number FROM v_person"
        self.assertEqual(self.sql(query, volunteer)[0]["id_number"], "***")
        self.assertEqual(self.sql(query, self.world.hub)[0]["id_number"], "110101194001010011")

    def test_it_reads_the_views_and_nothing_else(self):
        for query in ("DELETE FROM v_visit", "UPDATE person SET name = 'x'", "DROP VIEW v_visit",
                      "CREATE TEMP TABLE t(x)", "ATTACH '/etc/passwd' AS x", "PRAGMA user_version",
                      "SELECT * FROM main.person", "SELECT * FROM sqlite_master",
                      "SELECT * FROM main._meta", "SELECT count(*) FROM main._entry",
                      "SELECT name FROM pragma_table_list", "SELECT 1; DELETE FROM visit", "x"):
            self.client.call("sql", query, code=1)
        self.assertEqual(self.sql("SELECT count(*) AS n FROM v_person")[0]["n"], 1)
        self.client.call("sql", code=2)

    def test_csv_is_no_formula_and_what_was_asked_is_noted(self):
        told = self.client.call("sql", "SELECT situation AS what, 5 AS n FROM v_visit", "--csv",
                                "--purpose", "核对")
        self.assertEqual(list(csv.reader(io.StringIO(told))), [["what", "n"], ["'=1+1", "5"]])
        notes = [note for note in self.client.json("list", "access") if note["purpose"] == "核对"]
        self.assertEqual([(note["action"], note["table"], note["rows"]) for note in notes],
                         [("export", "sql", 1)])


if __name__ == "__main__":
    unittest.main()
