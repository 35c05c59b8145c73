#!/usr/bin/env python3
"""Papers as PDF: what stands on them when they are rendered, filled and blank, in both languages;
long texts, many rows, rare characters; what is noted and what is refused."""

import json
import os
import re
import unittest

from jinqiu import World
from paper import Paper

LONG = "山高路远，走访不断。" * 300
PAPERS = {"one_book": None, "sign_in": "event", "feedback": "doc", "visit_record": "visit",
          "transfer_letter": "affiliation", "dues_list": None}


class Print(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.__enter__()
        cls.addClassCleanup(cls.world.__exit__)
        cls.client = client = cls.world.join("secretary")
        cls.people = [client.call("add", "person", f"name={name}", "party_status=full",
                                  "dues_fen=5.00").strip()
                      for name in ("示例𠮷䶮001", "示例党员002")]
        cls.event = client.call("add", "event", "kind=theme_day", "title=示例主题党日",
                                "start_at=2026-11-05T09:00", "place=活动室", "state=held",
                                f"summary={LONG}").strip()
        client.call("add", "attendance", f"event_id={cls.event}", f"person_id={cls.people[0]}",
                    "status=present", "remark=受益很多")
        cls.visit = client.call("add", "visit", f"target_ref=person:{cls.people[0]}",
                                "kind=home_visit", "situation=精神尚好", "needs=想换手机",
                                f"by_ids={cls.people[1]}", "at=2026-11-06T10:00").strip()
        for amount, month in (("5", "2026-01"), ("5", "2026-03"), ("7.50", "2026-03")):
            client.call("add", "ledger", f"subject_ref=person:{cls.people[0]}", "kind=dues_paid",
                        f"amount={amount}", f"period={month}")
        other = client.call("add", "org", "name=示例外地支部", "kind=branch").strip()
        cls.move = client.call("add", "affiliation", f"person_id={cls.people[0]}",
                               f"org_id={other}", "kind=member", "start_on=2026-11-01",
                               "letter_no=示001").strip()
        cls.form = client.call("add", "doc", "kind=feedback", "title=反馈", "period=2026-Q4",
                               f"author_ids={cls.people[0]}", "body=参加值守").strip()

    def print(self, *arguments, lang="zh", replica=None, **options):
        path = os.path.join(self.world.folder, "paper.pdf")
        if os.path.exists(path):
            os.unlink(path)
        (replica or self.client).call("print", *arguments[:1], *arguments[1:], path, "--lang",
                                      lang, **options)
        return Paper(path) if os.path.exists(path) else None

    def test_every_paper_is_there_blank_and_in_both_languages(self):
        listed = self.client.json("print", "--list")
        self.assertEqual({paper["name"]: paper["of"] for paper in listed}, PAPERS)
        for paper in listed:
            for lang in ("zh", "en"):
                made = self.print(paper["name"], "--blank", lang=lang)
                # What stands in pieces on the page is one text in the title.
                self.assertIn(re.sub(r"\s", "", paper[lang]), made.flat)
                self.assertEqual(sorted(round(float(side)) for side in made.size), [595, 842])
                self.assertNotIn("示例", made.text)
                if lang == "en":
                    self.assertEqual(re.findall("[\u4e00-\u9fff]+", made.text), [])

    def test_the_one_book_has_each_event_with_its_five_boxes(self):
        made = self.print("one_book", "--from", "2026-01-01", "--to", "2026-12-31")
        for word in ("一本通", "时间", "2026-11-05", "活动室", "示例主题党日", "内容简述"):
            self.assertIn(word, made.text)
            self.assertLess(made.ink(word), 128, word)
        self.assertIn("示例𠮷䶮001", made.flat)
        self.assertIn("受益很多", made.flat)
        whole = re.sub(r"第\d+页/共\d+页(一本通)?", "", made.flat)  # feet and heads
        self.assertEqual(whole.count("山高路远"), 300)
        self.assertGreater(made.pages, 1)
        self.assertIn(f"第{made.pages}页/共{made.pages}页", made.flat)
        empty = self.print("one_book", "--from", "2020-01-01", "--to", "2020-12-31")
        self.assertNotIn("示例主题党日", empty.text)

    def test_a_sign_in_sheet_breaks_over_pages_with_its_head(self):
        branch = self.world.branches[0]
        lines = "".join(json.dumps({"op": "add", "table": "person", "org": branch, "fields": {
            "name": f"示例党员{n:03}"}}) + "\n" for n in range(60))
        self.client.call("apply", "-", data=lines.encode())
        event = self.client.call("add", "event", "kind=study", "title=示例学习", "--org",
                                 branch).strip()
        made = self.print("sign_in", event)
        self.assertGreaterEqual(made.pages, 2)
        for number in range(1, made.pages + 1):
            self.assertRegex(made.page(number), "序号.*姓名.*签名")
        self.assertEqual(len(set(re.findall("示例党员0[0-9]{2}", made.text))), 60)
        self.assertLess(made.ink("签名"), 128)

    def test_a_visit_shows_what_is_sealed_to_who_reads_the_row(self):
        made = self.print("visit_record", self.visit)
        for word in ("示例𠮷䶮001", "示例党员002", "走访慰问", "精神尚好", "想换手机",
                     "2026-11-0610:00", "走访对象签名"):
            self.assertIn(word, made.flat)
        self.assertLess(made.ink("精神尚好"), 128)

    def test_letter_feedback_and_dues_are_filled_from_the_records(self):
        letter = self.print("transfer_letter", self.move).flat
        for word in ("示001", "兹介绍示例𠮷䶮001同志", "示例外地支部", "党费已交至2026-03", "回执"):
            self.assertIn(word, letter)
        feedback = self.print("feedback", self.form).flat
        for word in ("2026-Q4", "参加值守", "示例主题党日", "社区盖章"):
            self.assertIn(word, feedback)
        dues = self.print("dues_list", "--to", "2026-12-31")
        self.assertRegex(dues.text, r"示例𠮷䶮001\s+5.00\s+5.00\s+12.50\s+17.50")
        self.assertRegex(dues.text, r"合计\s+5.00\s+0.00\s+12.50.*17.50")

    def test_a_report_is_a_table_under_its_name_period_and_org(self):
        for lang, words in (("zh", ("走访慰问统计", "组织：", "2026-01-01—2026-12-31", "人次")),
                            ("en", ("visitstocongratulateandconsole", "org:", "person-times"))):
            made = self.print("R09", "--from", "2026-01-01", "--to", "2026-12-31", lang=lang)
            for word in words:
                self.assertIn(word, made.flat)
        book = self.print("R08", "--from", "2026-01-01", "--to", "2026-12-31")
        self.assertIn("示例主题党日", book.flat)
        whole = re.sub(r"第\d+页/共\d+页[^山高路远走访不断]*", "", book.flat)  # feet and heads
        self.assertEqual(whole.count("山高路远"), 300)
        self.assertGreater(float(book.size[0]), float(book.size[1]))
        self.assertNotIn("示例主题党日", self.print("R08", "--blank").flat)

    def test_a_report_on_paper_is_noted_when_it_names_people(self):
        def noted(report):
            return [row["rows"] for row in self.client.json("list", "access")
                    if row["table"] == report]
        self.client.call("set", "person", self.people[1], "attention=1")
        self.print("R09")
        self.print("R14", "--blank")
        self.assertEqual(noted("R09") + noted("R14"), [])
        self.assertIn("示例党员002", self.print("R14").flat)
        self.assertEqual(noted("R14"), [1])

    def test_the_hub_prints_the_same(self):
        self.client.sync()
        made = self.print("visit_record", self.visit, replica=self.world.hub)
        self.assertIn("精神尚好", made.flat)

    def test_a_filled_paper_is_noted_and_a_blank_one_is_not(self):
        def notes():
            return [row for row in self.client.json("list", "access")
                    if row["table"] == "visit_record"]
        before = len(notes())
        self.print("visit_record", "--blank")
        self.assertEqual(len(notes()), before)
        self.print("visit_record", self.visit, "--purpose", "存档")
        self.assertEqual([note["purpose"] for note in notes()][-1:], ["存档"])
        self.assertEqual(len(notes()), before + 1)

    def test_what_no_font_has_is_told(self):
        person = self.client.call("add", "person", "name=示例\U0003fffd").strip()
        visit = self.client.call("add", "visit", f"target_ref=person:{person}",
                                 "kind=phone").strip()
        told = self.client.call("print", "visit_record", visit,
                                os.path.join(self.world.folder, "rare.pdf"), "--lang", "en",
                                error=True)
        self.assertRegex(told, r"\b1 characters? ha(s|ve) no picture")

    def test_what_is_wrong_is_refused_without_a_file(self):
        for arguments, code in ((("visit_record",), 2), (("nothing",), 1),
                                (("visit_record", "0" * 32), 1), (("visit_record", "x"), 1)):
            self.assertIsNone(self.print(*arguments, code=code))


if __name__ == "__main__":
    unittest.main()
