#!/usr/bin/env python3
"""A form that the bureau drew as an XLSForm: shown as a difference, applied, filled in by a client
that is offline, and exported at the bureau. What can't be taken over is told by place."""

import json
import os
import unittest

import spreadsheet
from jinqiu import Failed, World

HEAD = spreadsheet.HEAD
SURVEY = [
    ("type", "name", "label::中文 (zh)", "label::English (en)", "hint", "required", "relevant",
     "constraint"),
    ("start", "start", None, None, None, None, None, None),
    ("begin group", "who", "基本情况", "Basics", None, None, None, None),
    ("note", "n1", "请当面填写", "Fill it in face to face", None, None, None, None),
    ("text", "Helper", "填表人", "filled in by", None, "yes", None, "string-length(.) <= 20"),
    ("integer", "age", "年龄", "age", "周岁", None, None, ". >= 50 and . <= 120"),
    ("end group", None, None, None, None, None, None, None),
    ("begin group", "health", "健康", "Health", None, None, None, None),
    ("select_one yesno", "ill", "有无慢性病", "chronic illness", None, "yes", None, None),
    ("select_multiple illness", "kinds", "病种", "which", None, None, "${ill} = 'Yes'", None),
    ("decimal", "weight", "体重", "weight", None, None, None, ". > 0"),
    ("date", "seen_on", "最近体检", "last examined on", None, None, None, None),
    ("geopoint", "home", "住处", "home", None, None, None, None),
    ("image", "photo", "照片", "photo", None, None, None, None),
    ("text", "note", "备注", "note", None, None, "${age} > 80", "regex(., '[a-z]+')"),
    ("calculate", "sum", None, None, None, None, None, None),
    ("end group", None, None, None, None, None, None, None),
    ("begin repeat", "kin", "家属", "kin", None, None, None, None),
    ("text", "kin_name", "姓名", "name", None, None, None, None),
    ("end repeat", None, None, None, None, None, None, None)]
CHOICES = [("list_name", "name", "label::中文 (zh)", "label::English (en)"),
           ("yesno", "Yes", "有", "yes"), ("yesno", "No", "无", "no"),
           ("illness", "heart", "心脏病", "heart"), ("illness", "lungs", "肺病", "lungs")]
SETTINGS = [("form_title", "form_id"), ("健康调查", "health-2026")]


def form(path, survey=SURVEY, choices=CHOICES, settings=SETTINGS):
    sheets = [("survey", survey), ("choices", choices), ("settings", settings)]
    sheets = [(name, rows) for name, rows in sheets if rows is not None]
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>'
                    for n, (name, _) in enumerate(sheets))
    parts = {f"xl/worksheets/{name}.xml": spreadsheet.sheet(rows) for name, rows in sheets}
    parts["xl/workbook.xml"] = (f'{HEAD}<workbook xmlns="{spreadsheet.MAIN}" '
                                f'xmlns:r="{spreadsheet.OFFICE}"><sheets>{names}</sheets></workbook>')
    parts["xl/_rels/workbook.xml.rels"] = HEAD + "<Relationships>" + "".join(
        f'<Relationship Id="r{n}" Target="worksheets/{name}.xml"/>'
        for n, (name, _) in enumerate(sheets)) + "</Relationships>"
    spreadsheet.book(path, more=parts)


class XlsForm(unittest.TestCase):
    def setUp(self):
        self.world = World().__enter__()
        self.addCleanup(self.world.__exit__)
        self.hub = self.world.hub
        self.file = os.path.join(self.world.folder, "form.xlsx")
        self.next = os.path.join(self.world.folder, "next.json")

    def read(self, *arguments, **options):
        form(self.file, **options)
        return self.hub.json("schema", "form", self.file, self.next, "--lang", "en", *arguments)

    def test_a_form_goes_from_the_bureau_to_an_offline_client_and_back(self):
        client = self.world.join("volunteer")
        person = client.call("add", "person", "name=示例党员001").strip()
        shown = self.read("--about", "person")
        self.assertFalse(shown["applied"])
        self.assertEqual({change["table"] for change in shown["changes"]}, {"health_2026"})
        self.assertNotIn("health_2026", json.dumps(self.hub.json("schema")))
        tried = self.hub.json("schema", "apply", self.next, "--dry-run")
        self.assertEqual(tried["changes"], shown["changes"])
        self.assertEqual(self.hub.json("schema")["epoch"], 1)
        self.assertTrue(self.hub.json("schema", "apply", self.next)["applied"])
        self.assertEqual(self.hub.json("schema")["epoch"], 2)

        with self.assertRaises(Failed):
            client.call("add", "health_2026", f"person_id={person}", "helper=示例", "ill=有")
        client.sync()
        self.hub.stop()
        row = client.call("add", "health_2026", f"person_id={person}", "helper=示例志愿者",
                          "age=81", "ill=有", "kinds=心脏病", "weight=61.5", "seen_on=2026-11-01",
                          "home=22.8170000,108.3660000").strip()
        for wrong in ("age=130", "age=49", "ill=也许", "weight=0", f"helper={'长' * 27}"):
            with self.assertRaises(Failed):
                client.call("set", "health_2026", row, wrong)
        self.hub.start()
        client.sync()
        out = os.path.join(self.world.folder, "out.json")
        self.hub.call("export", "health_2026", out)
        with open(out, encoding="utf-8") as file:
            answer = json.load(file)[0]
        self.assertEqual((answer["person_id"], answer["age"], answer["ill"], answer["kinds"],
                          answer["weight"]), (person, 81, "yes", ["heart"], "61.50"))
        self.hub.call("export", "health_2026", out + ".geojson")
        with open(out + ".geojson", encoding="utf-8") as file:
            feature = json.load(file)["features"][0]
        self.assertEqual(feature["geometry"], {"type": "Point", "coordinates": [108.366, 22.817]})

    def test_the_table_has_labels_sections_conditions_and_help(self):
        self.read()
        self.hub.call("schema", "apply", self.next)
        table = next(table for table in self.hub.json("schema")["tables"]
                     if table["name"] == "health_2026")
        fields = {field["name"]: field for field in table["fields"]}
        self.assertEqual((table["zh"], fields["age"]["zh"], fields["age"]["en"]),
                         ("健康调查", "年龄", "age"))
        self.assertEqual((fields["age"]["min"], fields["age"]["max"]), (50, 120))
        self.assertEqual(fields["helper"]["help"]["zh"], "请当面填写")
        self.assertTrue(fields["helper"]["required"])
        self.assertEqual(fields["kinds"]["when"], {"field": "ill", "codes": ["yes"]})
        self.assertEqual([(section["en"], section["fields"])
                          for section in table["form"]["sections"]],
                         [("Basics", ["helper", "age"]),
                          ("Health", ["ill", "kinds", "weight", "seen_on", "home", "photo",
                                      "note"])])

    def test_what_cannot_be_taken_over_is_told_by_sheet_row_and_column(self):
        told = {(item["sheet"], item["row"], item["column"]) for item in self.read()["told"]}
        self.assertEqual(told, {("survey", 5, "name"), ("survey", 5, "constraint"),
                                ("survey", 11, "type"),
                                ("survey", 15, "relevant"), ("survey", 15, "constraint"),
                                ("survey", 16, "type"), ("survey", 18, "type"),
                                ("choices", 2, "name"), ("choices", 3, "name")})
        said = self.hub.call("schema", "form", self.file, "--lang", "zh", error=True)
        self.assertIn("工作表“survey”第 16 行“type”列：类型为“calculate”的问题未能采用", said)

    def test_nothing_is_left_out_in_silence(self):
        head = ("type", "name", "label::中文 (zh)", "label::Français (fr)", "required", "default",
                "appearance")
        survey = [head,
                  ("note", "n1", "一"), ("note", "n2", "二"),
                  ("text", "a", "甲", "a", "${b} = 'x'", "${b}", "multiline"),
                  ("select_one nobody", "b", "乙"),
                  (None, "c", "丙", None, None, None, "w1"),
                  ("date", "d", "丁", None, "true()", "today()"),
                  ("select_one yesno", "e", "戊", None, "no", "Yes"),
                  ("integer", "f", "己", None, None, "twelve"),
                  ("note", "n3", "三")]
        settings = [("form_title", "form_id", "style"), ("小表", "small", "pages")]
        shown = self.read(survey=survey, settings=settings)
        told = {(item["sheet"], item["row"], item["column"]): item["message"]
                for item in shown["told"]}
        self.assertEqual(set(told), {
            ("survey", 4, "label::Français (fr)"), ("survey", 4, "appearance"),
            ("settings", 2, "style"), ("survey", 2, "label"), ("survey", 4, "required"),
            ("survey", 4, "default"), ("survey", 5, "type"), ("survey", 6, "type"),
            ("survey", 9, "default"), ("survey", 10, "label"), ("choices", 2, "name"),
            ("choices", 3, "name")})
        self.assertIn("rows that have it: 2", told["survey", 4, "appearance"])
        self.hub.call("schema", "apply", self.next)
        fields = {field["name"]: field for field in self.hub.json("schema")["tables"][-1]["fields"]}
        self.assertEqual(list(fields), ["a", "d", "e", "f"])
        self.assertEqual([fields[name].get("default") for name in fields],
                         [None, "today", "yes", None])
        self.assertEqual([fields[name].get("required", False) for name in fields],
                         [False, True, False, False])
        self.assertEqual(fields["a"]["help"]["zh"], "二")

    def test_a_form_that_comes_again_adds_to_its_table_and_drops_nothing(self):
        self.read()
        self.hub.call("schema", "apply", self.next)
        client = self.world.join()
        row = client.call("add", "health_2026", "helper=示例", "ill=no", "note=旧").strip()
        survey = [line for line in SURVEY if line[1] not in ("note", "age")]
        survey.insert(2, ("integer", "floors", "楼层", "floors", None, None, None, None))
        survey.insert(3, ("text", "weight", "体重", "weight", None, None, None, None))
        choices = [*CHOICES[:1], ("yesno", "unknown", "不清楚", "unknown"), *CHOICES[1:]]
        shown = self.read(survey=survey, choices=choices)
        self.assertIn(("survey", 4, "type"),
                      {(item["sheet"], item["row"], item["column"]) for item in shown["told"]})
        self.hub.call("schema", "apply", self.next)
        client.sync()
        client.call("set", "health_2026", row, "floors=6", "ill=unknown")
        self.assertEqual(client.json("get", "health_2026", row)["note"], "旧")

    def test_long_words_are_cut_and_told_and_many_groups_fit(self):
        groups = [line for n in range(30) for line in
                  (("begin group", f"g{n}", f"组{n}"), ("text", f"q{n}", "第一行\n第二行"),
                   ("end group", None, None))]
        survey = [("type", "name", "label"), ("text", "long", "长" * 200), *groups]
        shown = self.read(survey=survey, choices=None)
        self.assertEqual([(item["row"], item["column"]) for item in shown["told"]][:1],
                         [(2, "label")])
        self.assertEqual({item["message"] for item in shown["told"][1:]},
                         {"more than 20 groups: its questions go into the last"})
        self.hub.call("schema", "apply", self.next)
        table = self.hub.json("schema")["tables"][-1]
        self.assertEqual(table["fields"][0]["zh"], "长" * 80)
        self.assertEqual(table["fields"][1]["zh"], "第一行 第二行")
        placed = [name for section in table["form"]["sections"] for name in section["fields"]]
        self.assertEqual(placed, ["long", *(f"q{n}" for n in range(30))])

    def test_what_is_no_form_is_refused_and_nothing_is_written(self):
        for options in ({"survey": None}, {"settings": None}, {"survey": SURVEY[:2]}):
            form(self.file, **options)
            self.hub.call("schema", "form", self.file, self.next, code=1)
            self.assertFalse(os.path.exists(self.next), options)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("type,name\n")
        self.hub.call("schema", "form", self.file, self.next, code=1)
        self.assertEqual(self.hub.json("schema")["epoch"], 1)

    def test_a_schema_that_drops_something_is_refused(self):
        schema = self.hub.json("schema")
        schema["tables"][1]["fields"].pop()
        with open(self.next, "w", encoding="utf-8") as file:
            json.dump(schema, file)
        self.hub.call("schema", "apply", self.next, code=1)
        self.assertEqual(self.hub.json("schema")["epoch"], 1)
        self.assertIn("epoch", self.hub.call("schema", "--json"))


if __name__ == "__main__":
    unittest.main()
