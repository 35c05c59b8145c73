#!/usr/bin/env python3
"""What branches do with their records, on the real programs: two offline clients and a hub."""

import os
import unittest

from jinqiu import World
from spreadsheet import book, sheet, texts_of


def names_of(rows):
    return sorted(row["name"] for row in rows)


class Search(unittest.TestCase):
    def test_people_are_found_by_characters_pinyin_and_the_tail_of_a_phone_number(self):
        with World() as world:
            a, b = world.join(), world.join()
            a.call("add", "person", "name=单示例", "phone=13800001234")
            b.call("add", "person", "name=仇示范", "phone=13800005678")
            for client in (a, b, a):
                client.sync()
            for text, wanted in (("示", ["仇示范", "单示例"]), ("shan", ["单示例"]),
                                 ("qiushifan", ["仇示范"]), ("qsf", ["仇示范"]),
                                 ("1234", ["单示例"]), ("s 5678", ["仇示范"]), ("dsf", [])):
                for replica in (a, b, world.hub):
                    found = replica.json("list", "person", "--search", text)
                    self.assertEqual(names_of(found), wanted, text)


class Steps(unittest.TestCase):
    def test_only_allowed_steps_by_allowed_roles_and_two_apart_are_merged(self):
        with World() as world:
            volunteer, secretary = world.join("volunteer"), world.join()
            ticket = volunteer.call("add", "ticket", "kind=request", "title=示例事项").strip()
            refused = volunteer.call("set", "ticket", ticket, "state=dispatched", "--lang", "zh",
                                     code=1, error=True)
            self.assertIn("您的角色无权办理“派单”这一步", refused)
            volunteer.sync()
            secretary.sync()
            secretary.call("set", "ticket", ticket, "state=returned")
            refused = secretary.call("set", "ticket", ticket, "state=done", "--lang", "zh", code=1,
                                     error=True)
            self.assertIn("“办结”不能接在“退回”之后", refused)
            secretary.sync()
            volunteer.sync()
            volunteer.call("set", "ticket", ticket, "state=submitted")
            self.assertEqual(volunteer.json("get", "ticket", ticket)["state_round"], 2)
            volunteer.sync()
            secretary.sync()
            world.hub.stop()
            volunteer.call("set", "ticket", ticket, "state=done")
            secretary.call("set", "ticket", ticket, "state=accepted")
            world.hub.start()
            for client in (volunteer, secretary, volunteer):
                client.sync()
            for replica in (volunteer, secretary, world.hub):
                row = replica.json("get", "ticket", ticket)
                self.assertEqual((row["state"], row["state_round"]), ("done", 2))
                self.assertEqual(row["_conflicts"], [])
            self.assertEqual(volunteer.json("digest"), secretary.json("digest"))


class Doubles(unittest.TestCase):
    def register_twice(self, world):
        a = world.join(org=world.branches[0])
        b = world.join(org=world.branches[1])
        clerk = world.join("clerk")
        one = a.call("add", "person", "name=单示例", "born_on=1950-01-02", "rank=科长").strip()
        two = b.call("add", "person", "name=单 示例", "born_on=1950-01-02",
                     "phone=13800001234").strip()
        other = b.call("add", "person", "name=单示例", "born_on=1951-01-02").strip()
        for client, person in ((a, one), (b, two)):
            client.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                        "situation=示例")
            client.call("add", "ticket", "kind=request", f"person_id={person}", "title=示例事项")
        for client in (a, b, clerk):
            client.sync()
        return clerk, (one, two), other

    def test_a_person_registered_twice_apart_is_found_merged_and_taken_apart_again(self):
        with World() as world:
            clerk, (one, two), other = self.register_twice(world)
            kept, merged = sorted((one, two))
            for replica in (clerk, world.hub):
                groups = replica.json("duplicates")
                self.assertEqual([sorted(row["id"] for row in g["rows"]) for g in groups],
                                 [[kept, merged]])
                self.assertEqual(groups[0]["by"], ["name", "born_on"])
            before = clerk.json("digest")
            answer = clerk.json("merge", merged, kept)
            self.assertEqual((answer["id"], answer["merged"]), (kept, merged))
            self.assertIn("name", answer["differs"])
            clerk.call("merge", one, two, code=1)
            clerk.sync()
            for replica in (clerk, world.hub):
                self.assertEqual(replica.json("duplicates"), [])
                people = {row["id"]: row for row in replica.json("list", "person")}
                self.assertEqual(set(people), {kept, other})
                self.assertEqual((people[kept]["rank"], people[kept]["phone"]),
                                 ("科长", "13800001234"))
                for person in (one, two):
                    visits = replica.json("list", "visit", "--where",
                                          f"target_ref=person:{person}")
                    self.assertEqual([v["target_ref"] for v in visits], [f"person:{kept}"] * 2)
                self.assertEqual({t["person_id"] for t in replica.json("list", "ticket")}, {kept})
                self.assertEqual(replica.json("get", "person", merged)["merged_into"], kept)
                self.assertTrue(replica.json("history", "person", merged))
                self.assertEqual(len(replica.json("list", "person", "--search", "1234")), 1)
                members = replica.json("report", "R01")
                self.assertEqual(sum(row["members"] or 0 for row in members
                                     if row["org"] == "示例支部1"
                                     or row["org"] == "示例支部2"), 2)
            clerk.call("unmerge", merged)
            clerk.sync()
            for replica in (clerk, world.hub):
                self.assertEqual(len(replica.json("list", "person")), 3)
                self.assertEqual({t["person_id"] for t in replica.json("list", "ticket")},
                                 {one, two})
                self.assertEqual(len(replica.json("duplicates")), 1)
                self.assertTrue(replica.json("verify")["ok"])
            self.assertNotEqual(clerk.json("digest"), before)

    def test_names_that_only_sound_alike_need_the_same_phone_or_birth_and_place(self):
        with World() as world:
            client = world.join()
            for name, phone, born in (("张晓明", "138-0000-0001", ""),
                                      ("张小明", "13800000001", ""),
                                      ("张小鸣", "13800000002", "1950-01-02"),
                                      ("李示例", "13800000003", "1950-01-02")):
                client.call("add", "person", f"name={name}", f"phone={phone}", f"born_on={born}")
            groups = client.json("duplicates", "person")
            self.assertEqual([[row["label"] for row in g["rows"]] for g in groups],
                             [["张晓明", "张小明"]])
            ids = [row["id"] for row in groups[0]["rows"]]
            client.call("set", "person", ids[0], f"distinct_from+={ids[1]}")
            self.assertEqual(client.json("duplicates"), [])
            client.call("set", "person", ids[0], f"distinct_from-={ids[1]}")
            self.assertEqual(len(client.json("duplicates")), 1)
            client.call("set", "person", ids[1], "void=true")
            self.assertEqual(client.json("duplicates"), [])

    def test_two_who_merge_apart_choose_alike_and_chains_end_at_one(self):
        with World() as world:
            a, b = world.join(), world.join()
            ids = sorted(a.call("add", "person", f"name=示例{n}", "phone=1").strip()
                         for n in range(3))
            event = a.call("add", "event", "kind=study", f"title=示例").strip()
            a.call("add", "visit", f"target_ref=person:{ids[2]}", "kind=phone",
                   f"by_ids={ids[2]},{ids[1]}")
            a.sync()
            b.sync()
            a.call("merge", ids[1], ids[2])
            b.call("merge", ids[1], ids[0])
            for client in (a, b, a):
                client.sync()
            for replica in (a, b, world.hub):
                self.assertEqual([r["id"] for r in replica.json("list", "person")], [ids[0]])
                visit = replica.json("list", "visit")[0]
                self.assertEqual(visit["target_ref"], f"person:{ids[0]}")
                self.assertEqual(visit["by_ids"], [ids[0]])
                self.assertEqual(replica.json("conflicts"), [])
            a.call("merge", ids[0], event, code=1)
            a.call("set", "person", ids[0], f"merged_into={ids[2]}")
            self.assertEqual([r["id"] for r in a.json("list", "person")], [ids[0]])


class Spreadsheets(unittest.TestCase):
    def test_what_was_exported_is_imported_elsewhere_and_texts_never_become_formulas(self):
        with World() as world:
            a, b = world.join(org=world.branches[0]), world.join(org=world.branches[1])
            file = os.path.join(world.folder, "people.xlsx")
            a.call("add", "person", "name==HYPERLINK(1)", "dues_fen=12.50", "born_on=1950-01-02",
                   "address=示例村 <1> & 2", "living=alone", "attention=2")
            a.call("add", "person", "name=_x000A_示例", "note=一\n二")
            a.call("export", "person", file, "--labels", "--lang", "zh")
            rows, formulas = texts_of(file)
            self.assertEqual(formulas, [])
            self.assertIn("姓名", rows[0].values())
            self.assertIn("独居", rows[1].values() if "=HYPERLINK(1)" in rows[1].values()
                          else rows[2].values())
            self.assertFalse(os.path.exists(file + ".part"))
            wide = os.path.join(world.folder, "map.json")
            with open(wide, "w", encoding="utf-8") as out:
                out.write('{"id": null, "_org": null}')
            done = b.json("import", "person", file, "--map", wide)
            self.assertEqual((done["added"], done["errors"]), (2, []))
            keep = ("name", "dues_fen", "born_on", "address", "living", "attention", "note")
            facts = [sorted(str([row[key] for key in keep]) for row in c.json("list", "person"))
                     for c in (a, b)]
            self.assertEqual(facts[0], facts[1])
            report = os.path.join(world.folder, "report.xlsx")
            a.call("report", "R01", "--xlsx", report)
            self.assertGreater(len(texts_of(report)[0]), 1)
            a.call("export", "visit", file)
            self.assertEqual(len(texts_of(file)[0]), 1)

    def test_days_typed_into_a_spreadsheet_and_faults_by_row_and_column(self):
        with World() as world:
            client = world.join()
            file = os.path.join(world.folder, "in.xlsx")
            heading = ["姓名", "出生日期", "电话", "月党费标准", "家庭状况"]
            book(file, [heading, ["示例甲", ("18264", 1), ("13800001234", 0), ("12.5", 0), "独居"],
                        [], ["示例乙", "1951-02-03", None, None, "alone"]])
            self.assertEqual(client.json("import", "person", file)["added"], 2)
            people = {row["name"]: row for row in client.json("list", "person")}
            self.assertEqual([people["示例甲"][key] for key in ("born_on", "phone", "dues_fen",
                                                              "living")],
                             ["1950-01-01", "13800001234", "12.50", "alone"])
            self.assertEqual(people["示例乙"]["born_on"], "1951-02-03")
            book(file, [heading, ["示例丙", "昨天"], ["示例丁", None, None, "x"]])
            done = client.json("import", "person", file, code=1)
            self.assertEqual([(e["row"], e["column"]) for e in done["errors"]],
                             [(2, "出生日期"), (3, "月党费标准")])
            self.assertEqual(len(client.json("list", "person")), 2)
            book(file, [["所属期", "主体", "科目", "数量"]] + [
                [("46327", 2), f"person:{people['示例甲']['id']}", "dues_paid", "1"]])
            client.call("import", "ledger", file)
            self.assertEqual(client.json("list", "ledger")[0]["period"], "2026-11")

    def test_hostile_files_are_refused_whole(self):
        with World() as world:
            client = world.join()
            file = os.path.join(world.folder, "in.xlsx")
            rows = [["姓名"], ["示例甲"]]
            many = [(f"xl/more{n}.xml", "x") for n in range(70)]
            bomb = [("xl/sharedStrings.xml", "<sst>" + " " * 9_000_000 + "</sst>")]
            lol = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
            far = sheet(rows).replace('r="A2"', 'r="ZZZ2"')
            back = sheet(rows).replace('<row r="2">', '<row r="1">')
            deep = sheet(rows).replace("<sheetData>", "<a>" * 100 + "<sheetData>")
            text = sheet(rows).replace('t="inlineStr"', 't="s"')
            cases = [({"more": many}, "more than 64 parts"), ({"more": bomb}, "200 times"),
                     ({"xml": sheet(rows, lol)}, "document type"), ({"xml": far}, "512 columns"),
                     ({"xml": back}, "doesn't follow"), ({"xml": deep}, "nested too deep"),
                     ({"xml": "<row"}, "not XML"),
                     ({"more": [("xl/workbook.xml", "<workbook/>")]}, "no sheet")]
            for case, sentence in cases:
                book(file, rows, **case)
                said = client.call("import", "person", file, "--lang", "en", code=1, error=True)
                self.assertIn(sentence, said)
            with open(file, "rb") as whole:
                data = whole.read()
            for size in range(4, len(data), len(data) // 23):
                with open(file, "wb") as torn:
                    torn.write(data[:size])
                client.call("import", "person", file, code=1)
            self.assertEqual(client.json("list", "person"), [])
            book(file, xml=text)
            client.call("import", "person", file, code=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
