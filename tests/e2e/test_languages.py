#!/usr/bin/env python3
"""English is English: help, headings, labels and the reports' own words, on every command; Chinese
is what one gets without asking."""

import csv
import io
import re
import unittest

from jinqiu import JINQIU, JINQIUD, World, run

CHINESE = re.compile("[\u4e00-\u9fff]")


def commands(program):
    listing = run(program, "--help", "--lang", "en").split("flags of every")[0]
    return re.findall(r"^  ([a-z][a-z -]*[a-z])  ", listing, re.M)


class Languages(unittest.TestCase):
    def test_help_is_in_the_language_that_was_asked_for(self):
        for program in (JINQIU, JINQIUD):
            self.assertFalse(CHINESE.search(run(program, "--help", "--lang", "en")))
            self.assertTrue(CHINESE.search(run(program, "--help", "--lang", "zh")))
            for command in commands(program):
                told = run(program, *command.split(), "--help", "--lang", "en")
                plain = [line for line in told.splitlines()
                         if not line.strip().startswith("jinqiu")]  # examples
                self.assertFalse(CHINESE.search("\n".join(plain)), command)
                self.assertTrue(CHINESE.search(run(program, *command.split(), "--help", "--lang",
                                                   "zh")), command)

    def test_answers_have_labels_of_the_language_and_only_records_are_chinese(self):
        with World() as world:
            client = world.join()
            person = client.call("add", "person", "name=示例党员001", "sex=male", "kind=retired",
                                 "party_status=full", "born_on=1940-01-01",
                                 "joined_on=1970-11-01", "living=alone", "attention=2").strip()
            client.call("add", "person", "name=示例党员002", "born_on=1970-01-01")
            client.call("add", "event", "kind=theme_day", "title=示例主题党日", "state=held",
                        "start_at=2026-11-01T09:00", "place=示例活动室")
            client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                        "situation=示例情况")
            client.call("add", "ledger", f"subject_ref=person:{person}", "kind=dues_paid",
                        "amount=5", "period=2026-01", "method=cash")
            for name in [report["name"] for report in client.json("report", "--list")]:
                told = client.call("report", name, "--csv", "--lang", "en", "--to", "2026-12-31")
                cells = {cell for row in csv.reader(io.StringIO(told)) for cell in row}
                strange = {cell for cell in cells if CHINESE.search(cell) and "示例" not in cell}
                self.assertEqual(strange, set(), name)
            for command in (("list", "person"), ("get", "person", person), ("due",), ("check",),
                            ("conflicts",), ("history", "person", person), ("status",),
                            ("schema",), ("audit",), ("duplicates",), ("alarms",), ("consent",),
                            ("set-aside",), ("transfer", "list"), ("print", "--list"),
                            ("report", "--list"), ("sql", "--views")):
                told = client.call(*command, "--lang", "en", code=None)
                strange = [line for line in told.splitlines()
                           if CHINESE.search(re.sub(r"\S*示例\S*", "", line))]
                self.assertEqual(strange, [], command)
            told = client.call("report", "R02", "--lang", "en")
            self.assertIn("70 and more", told)
            self.assertIn("七十以上", client.call("report", "R02", "--lang", "zh"))
            self.assertRegex(client.call("report", "R05", "--csv", "--lang", "en"), r",0\b")
            self.assertIn("姓名", client.call("list", "person", "--lang", "zh"))

    def test_refusals_speak_both_languages(self):
        with World() as world:
            client = world.join()
            self.assertIn("no table 'x'", client.call("list", "x", "--lang", "en", code=1,
                                                      error=True))
            self.assertIn("没有", client.call("list", "x", "--lang", "zh", code=1, error=True))


if __name__ == "__main__":
    unittest.main()
