#!/usr/bin/env python3
"""docs/openapi.json against the running program: every path, method and status is met, and every
answer has the form that the file promises."""

import http.client
import os
import socket
import sys
import time
import unittest
from urllib.parse import urlencode

from jinqiu import World, eventually
from openapi import Document
from pages import Pages, path_of
from pictures import blank
from test_lock import PHRASE, join, serve
from test_peers import Listening

NOBODY = "0" * 31 + "1"
OPEN_ALWAYS = ("/api/lock", "/api/unlock", "/api/events", "/api/join", "/api/join/picture")


def wait_for(pages, holds):
    """Until the status says so."""
    eventually(lambda: holds(pages.ask("GET", "/api/status").json()), "the status")


class Interface(unittest.TestCase):
    def setUp(self):
        self.document = Document("openapi.json")

    def ask(self, method, template, status, body=None, query=(), **parts):
        answer = self.pages.ask(method, path_of(template, **parts), body, query)
        self.assertEqual(answer.status, status, answer.body)
        return self.document.answer(template, method.lower(), answer)

    def refuse_text(self, method, template, **parts):
        """A body that isn't JSON doesn't pass the door."""
        answer = self.pages.plain(method, path_of(template, **parts), self.pages.headers(method),
                                  "x=1")
        self.assertEqual(answer.status, 415)
        self.document.answer(template, method.lower(), answer)

    def read_whole(self):
        for template in ("status", "schema", "orgs", "due", "unsent", "conflicts", "drafts",
                         "preferences", "duplicates", "reports", "reminders"):
            self.ask("GET", f"/api/{template}", 200)

    def draw(self, person):
        """What grids, calendars and reports are made of."""
        cells = "/api/cells/{table}"
        made = self.ask("GET", cells, 200, table="person", query=[
            ("field", "name"), ("field", "phone"), ("any", f"id:{person}"), ("any", "id:" + NOBODY)])
        self.assertEqual(made, {"cells": [[person, "示例党员001", "9"]], "all": True})
        for query in ([("from", "name:x")], [("until", "born_on")], [("field", "name")] * 9):
            self.ask("GET", cells, 400, table="person", query=query)
        self.ask("GET", cells, 404, table="nothing")
        report = "/api/reports/{name}"
        self.ask("GET", report, 200, name="R02", query=[("from", "2026-01-01")])
        self.ask("GET", report, 400, name="R02", query=[("to", "2026-02-30")])
        self.ask("GET", report, 404, name="R99")
        for form, head in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF-")):
            self.ask("GET", report + "/{form}", 200, name="R02", form=form)
            made = self.pages.ask("GET", f"/api/reports/R02/{form}", query=[("from", "2026-01-01")])
            self.assertEqual(made.body[:len(head)], head)
        self.ask("GET", report + "/{form}", 400, name="R02", form="doc")
        self.ask("GET", report + "/{form}", 404, name="R99", form="pdf")
        self.ask("GET", "/api/reminders", 404, query=[("org", "x" * 300)])

    def mark_read(self):
        """A notice of one's own org is read by oneself, and says so."""
        marks, rows = "/api/marks/{table}", "/api/rows/{table}"
        notice = self.ask("POST", rows, 201, {"fields": {"title": "示例通知"}}, table="notice")["id"]
        [listed] = self.ask("GET", marks, 200, table="notice")["marks"]
        self.assertEqual((listed["read"], listed["due"], listed["mine"]), (0, True, False))
        me = self.ask("GET", "/api/status", 200)["person_id"]
        mark = {"fields": {"notice_id": notice, "reader_id": me}}
        first = self.ask("POST", rows, 201, mark, table="notice_read")["id"]
        self.assertEqual(self.ask("POST", rows, 201, mark, table="notice_read")["id"], first)
        [listed] = self.ask("GET", marks, 200, table="notice")["marks"]
        self.assertEqual((listed["read"], listed["due"], listed["mine"]), (1, False, True))
        asked = self.ask("GET", marks + "/{id}", 200, table="notice", id=notice)["devices"]
        self.assertEqual([one["mark"]["id"] for one in asked if one["mark"]], [first])
        self.ask("GET", marks, 404, table="person")
        self.ask("GET", marks + "/{id}", 400, table="notice", id="x")
        self.ask("GET", marks + "/{id}", 404, table="notice", id=NOBODY)

    def merge(self, person):
        other = self.pages.ask("POST", "/api/rows/person",
                               {"fields": {"name": "示例党员001", "phone": "9"}}).json()["id"]
        found = self.ask("GET", "/api/duplicates", 200)
        self.assertEqual([row["id"] for row in found["duplicates"][0]["rows"]], [person, other])
        self.ask("POST", "/api/merge", 400, {"id": person})
        self.ask("POST", "/api/merge", 404, {"id": person, "other": NOBODY})
        both = {"id": other, "other": person}
        self.assertEqual(self.ask("POST", "/api/merge", 200, both)["id"], person)
        self.ask("POST", "/api/merge", 409, both)
        self.refuse_text("POST", "/api/merge")
        self.assertEqual(self.ask("GET", "/api/duplicates", 200)["duplicates"], [])
        self.ask("POST", "/api/unmerge", 400, {"id": person})
        self.ask("POST", "/api/unmerge", 404, {"id": NOBODY})
        self.ask("POST", "/api/unmerge", 200, {"id": other})
        self.refuse_text("POST", "/api/unmerge")
        self.pages.ask("DELETE", f"/api/rows/person/{other}")

    def change_many(self, person):
        changes = "/api/changes"
        line = {"op": "set", "table": "person", "id": person, "fields": {"rank": "示例"}}
        new = {"op": "add", "table": "person", "fields": {"name": "示例党员003"}}
        made = self.ask("POST", changes, 200, {"changes": [line, new]})
        self.assertEqual((made["entries"], made["ids"][0]), (1, person))
        for faulty, status in (({"op": "other"}, 400), ({**line, "id": NOBODY}, 404),
                               ({"op": "add", "table": "rule", "fields": {"code": "x"}}, 403)):
            self.ask("POST", changes, status, {"changes": [new, faulty]})
        self.ask("POST", changes, 400, {"changes": []})
        self.ask("POST", changes, 413, {"changes": [new] * 501})
        self.refuse_text("POST", changes)
        rows = self.pages.ask("GET", "/api/rows/person").json()["rows"]
        self.assertEqual(len(rows), 2, "what is refused leaves nothing")
        self.pages.ask("DELETE", f"/api/rows/person/{made['ids'][1]}")

    def send_file(self, template, status, data, query=(), kind="application/octet-stream", **parts):
        path = path_of(template, **parts) + ("?" + urlencode(query) if query else "")
        headers = {**self.pages.headers("POST"), "Content-Type": kind}
        answer = self.pages.plain("POST", path, headers, data)
        self.assertEqual(answer.status, status, answer.body)
        return self.document.answer(template, "post", answer)

    def carry(self, world):
        """A bundle by way of the pages; the peer's entries come on a stick."""
        mine = self.pages.ask("GET", "/api/bundle")
        self.document.answer("/api/bundle", "get", mine)
        self.assertEqual(mine.body[:8], b"JQBUNDL1")
        self.send_file("/api/bundle", 400, b"no bundle at all" + bytes(200))
        self.send_file("/api/bundle", 415, b"{}", kind="application/json")
        peer = world.join("volunteer")
        for _ in range(5):
            peer.call("add", "person", "name=示例党员077", "note=" + os.urandom(3000).hex())
        stick = os.path.join(peer.folder, "stick.jqb")
        peer.call("bundle", "write", stick)
        with open(stick, "rb") as file:
            bundle = file.read()
        taken = self.send_file("/api/bundle", 200, bundle)
        self.assertEqual((taken["applied"] > 0, taken["fault"]), (True, None))
        again = self.send_file("/api/bundle", 200, bundle)
        self.assertEqual((again["applied"], again["known"] > 0), (0, True))
        torn = self.send_file("/api/bundle", 200, bundle[:-20])
        self.assertEqual((torn["known"] > 0, torn["fault"] is not None), (True, True))
        stranger = bytearray(bundle)
        stranger[10] ^= 1
        self.send_file("/api/bundle", 403, bytes(stranger))
        for row in self.pages.ask("GET", "/api/rows/person", query=[("search", "示例党员077")]).json()["rows"]:
            self.pages.ask("DELETE", f"/api/rows/person/{row['id']}")

    def pictures(self, world):
        """A bundle from screen to camera, without a hub."""
        other, peer = world.join("secretary"), world.join("volunteer")
        other.sync()  # each knows of the other
        world.hub.stop()
        shown, look, join = (f"/api/bundle/{part}" for part in ("pictures", "picture", "parts"))
        with Pages(peer.folder) as self.pages:
            self.pages.enter()
            for _ in range(3):
                self.pages.ask("POST", "/api/rows/person", {"fields": {
                    "name": "示例党员078", "note": os.urandom(500).hex()}})
            series = self.ask("GET", shown, 200)["pictures"]
            for modules in (picture.split() for picture in series):
                self.assertEqual({len(line) for line in modules}, {len(modules)})
            folder = os.path.join(world.folder, "series")
            self.assertEqual(peer.json("bundle", "write", "--qr", folder)["pictures"], len(series))
            for _ in range(20):
                self.pages.ask("POST", "/api/rows/person", {"fields": {
                    "name": "示例党员079", "note": os.urandom(3000).hex()}})
            self.assertIn("64", self.ask("GET", shown, 413)["error"])
            self.send_file(look, 400, b"no picture at all")
            self.send_file(look, 415, b"{}", kind="application/json")
            self.assertEqual(self.send_file(look, 200, blank()), {"parts": [], "others": 0})
            parts = []
            for name in sorted(os.listdir(folder), reverse=True):
                with open(os.path.join(folder, name), "rb") as file:
                    parts += self.send_file(look, 200, file.read())["parts"]
            self.assertEqual([part["index"] for part in parts], [*range(len(series), 0, -1)])
            self.assertEqual({part["total"] for part in parts}, {len(series)})
            texts = [part["text"] for part in parts]
            self.ask("POST", join, 403, {"parts": texts})  # it is for the hub and those above
        with Pages(other.folder) as self.pages:
            self.pages.enter()
            for wrong in ([], texts[1:], [*texts, 1], [*texts, "JQB1"]):
                self.ask("POST", join, 400, {"parts": wrong})
            self.refuse_text("POST", join)
            self.assertGreater(self.ask("POST", join, 200, {"parts": texts})["applied"], 0)
            rows = self.pages.ask("GET", "/api/rows/person").json()["rows"]
            self.assertIn("示例党员078", [row["name"] for row in rows])

    def sheets(self):
        take, give = "/api/import/{table}", "/api/export/{table}"
        good = "姓名,phone,多余\n示例党员004,4,x\n示例党员005,5,y\n".encode()
        looked = self.send_file(take, 200, good, table="person")
        self.assertEqual((looked["errors"][0]["column"], looked["saved"]), ("多余", False))
        leave = [("map", "多余:")]
        looked = self.send_file(take, 200, good, leave, table="person")
        self.assertEqual((looked["added"], looked["errors"], looked["saved"]), (2, [], False))
        self.assertEqual(looked["sample"][0], ["示例党员004", "4", "x"])
        faulty = "name,born_on\n示例党员006,昨天\n".encode()
        looked = self.send_file(take, 200, faulty, [("save", "1")], table="person")
        self.assertEqual((looked["errors"][0]["row"], looked["saved"]), (2, False))
        self.assertEqual(len(self.pages.ask("GET", "/api/rows/person").json()["rows"]), 1)
        self.assertTrue(self.send_file(take, 200, good, leave + [("save", "1")],
                                       table="person")["saved"])
        self.send_file(take, 400, b"\xff\xfe\x00", table="person")
        self.send_file(take, 400, good, [("map", "x")], table="person")
        self.send_file(take, 404, good, table="nothing")
        self.send_file(take, 415, b"{}", kind="application/json", table="person")
        self.send_file(take, 413, b"name" + b"," * 5000, table="person")
        answer = self.pages.ask("POST", path_of(give, table="person"), {"purpose": "测试"},
                                [("search", "示例党员00"), ("order", "phone")])
        self.document.answer(give, "post", answer)
        lines = answer.body.decode("utf-8-sig").splitlines()
        self.assertEqual((answer.status, len(lines)), (200, 4))
        self.assertIn("姓名", lines[0])
        notes = self.pages.ask("GET", "/api/rows/access").json()["rows"]
        self.assertEqual([(note["action"], note["rows"]) for note in notes], [("export", 3)])
        sheet = self.pages.ask("POST", path_of(give, table="person"), {"form": "xlsx"})
        self.document.answer(give, "post", sheet)
        self.assertEqual((sheet.status, sheet.body[:4]), (200, b"PK\x03\x04"))
        places = self.ask("POST", give, 200, {"form": "geojson"}, table="person")
        self.assertIsNone(places)
        self.ask("POST", give, 400, {"purpose": 1}, table="person")
        self.ask("POST", give, 400, {"form": "doc"}, table="person")
        self.ask("POST", give, 400, {"form": "geojson"}, table="rule")
        self.ask("POST", give, 404, {}, table="nothing")
        self.refuse_text("POST", give, table="person")
        for row in self.pages.ask("GET", "/api/rows/person", query=[("any", "phone:4"), ("any", "phone:5")]).json()["rows"]:
            self.pages.ask("DELETE", f"/api/rows/person/{row['id']}")

    def papers(self):
        listed, paper = self.ask("GET", "/api/papers", 200)["papers"], "/api/papers/{paper}"
        self.assertNotIn("parts", listed[0])
        for one in listed:
            answer = self.pages.ask("GET", path_of(paper, paper=one["name"]), query=[("blank", "1")])
            self.document.answer(paper, "get", answer)
            self.assertEqual((answer.status, answer.body[:5]), (200, b"%PDF-"))
        self.ask("GET", paper, 400, paper="visit_record")
        self.ask("GET", paper, 404, paper="visit_record", query=[("row", NOBODY)])
        self.ask("GET", paper, 404, paper="nothing")

    def carry_many_away(self):
        """Above what one person may alone: it is asked, and nothing leaves."""
        sheet = "\n".join(["name,kind,attention",
                           *(f"示例群众{n:03},retired,1" for n in range(201))]).encode()
        self.send_file("/api/import/{table}", 200, sheet, [("save", "1")], table="person")
        many = [("search", "示例群众")]
        answer = self.pages.ask("POST", "/api/export/person", {"purpose": "测试"}, many)
        self.document.answer("/api/export/{table}", "post", answer)
        self.assertEqual(answer.status, 403)
        self.assertNotIn("示例群众", answer.body.decode())
        self.ask("GET", "/api/papers/{paper}", 403, paper="dues_list")
        self.ask("GET", "/api/reports/{name}/{form}", 403, name="R14", form="pdf")
        notes = self.pages.ask("GET", "/api/rows/access").json()["rows"]
        asked = [note for note in notes if note["action"] == "ask"]
        self.assertEqual([note["rows"] for note in asked], [201, 202, 201])
        self.assertIn(asked[0]["id"], answer.json()["error"])
        rows = self.pages.ask("GET", "/api/rows/person", query=[*many, ("limit", "500")]).json()
        for row in rows["rows"]:
            self.pages.ask("DELETE", f"/api/rows/person/{row['id']}")

    def write_rows(self):
        rows, row = "/api/rows/{table}", "/api/rows/{table}/{id}"
        made = self.ask("POST", rows, 201, {"fields": {"name": "示例党员001", "phone": "1"}},
                        table="person")
        person = made["id"]
        self.ask("POST", rows, 409, {"id": person, "fields": {"name": "示例党员002"}},
                 table="person")
        self.ask("POST", rows, 400, {"fields": {"phone": "1"}}, table="person")
        self.ask("POST", rows, 400, {"fields": {"name": "x"}, "more": 1}, table="person")
        self.ask("POST", rows, 404, {"fields": {}}, table="nothing")
        self.ask("POST", rows, 403, {"fields": {"code": "x"}}, table="rule")
        self.ask("POST", rows, 413, {"fields": {"name": "长" * 200}}, table="person")
        self.refuse_text("POST", rows, table="person")
        self.ask("PATCH", row, 200, {"fields": {"phone": "2"}}, table="person", id=person)
        self.ask("PATCH", row, 400, {"fields": {"born_on": "2026-02-30"}}, table="person",
                 id=person)
        self.ask("PATCH", row, 400, {"fields": {"phone": "3"}, "bases": {"phone": ["x"]}},
                 table="person", id=person)
        self.ask("PATCH", row, 404, {"fields": {"phone": "2"}}, table="person", id=NOBODY)
        self.refuse_text("PATCH", row, table="person", id=person)
        return person

    def read_rows(self, person):
        rows, row = "/api/rows/{table}", "/api/rows/{table}/{id}"
        self.ask("GET", rows, 200, table="person", query=[
            ("search", "示例"), ("where", "phone:2"), ("order", "-name"), ("limit", "5"),
            ("count", "1")])
        for query in ([("limit", "0")], [("where", "phone")], [("after", "x")], [("offset", "-1")],
                      [("order", "by_ids")], [("where", "born_on:x")]):
            table = "visit" if query[0][0] == "order" else "person"
            self.ask("GET", rows, 400, table=table, query=query)
        self.ask("GET", rows, 404, table="nothing")
        self.ask("GET", row, 200, table="person", id=person)
        for rest in ("", "/history", "/related"):
            self.ask("GET", row + rest, 200, table="person", id=person)
            self.ask("GET", row + rest, 400, table="person", id="x")
            self.ask("GET", row + rest, 404, table="person", id=NOBODY)

    def settle(self, person):
        settle = "/api/rows/{table}/{id}/settle"
        history = self.pages.ask("GET", f"/api/rows/person/{person}/history").json()["history"]
        first = [item for item in history if item["value"] == "1"][0]["dot"]
        where = {"table": "person", "id": person}
        self.ask("POST", settle, 200, {"field": "phone", "take": first}, **where)
        shown = self.pages.ask("GET", f"/api/rows/person/{person}").json()["row"]["phone"]
        self.assertEqual(shown, "1")
        self.ask("POST", settle, 200, {"field": "phone", "value": "9"}, **where)
        self.ask("POST", settle, 400, {"field": "phone"}, **where)
        self.ask("POST", settle, 400, {"field": "phone", "take": "x"}, **where)
        self.ask("POST", settle, 404, {"field": "nothing", "value": "9"}, **where)
        self.refuse_text("POST", settle, **where)

    def delete(self, person):
        row = "/api/rows/{table}/{id}"
        self.ask("DELETE", row, 200, table="person", id=person)
        self.ask("DELETE", row, 404, table="person", id=NOBODY)
        self.ask("DELETE", row, 400, table="person", id="x")

    def keep(self):
        draft = "/api/drafts/{key}"
        self.ask("PUT", draft, 200, {"values": {"name": "没写完"}}, key="new:person:1")
        self.assertEqual(self.ask("GET", "/api/drafts", 200)["drafts"][0]["draft"],
                         {"values": {"name": "没写完"}})
        self.ask("PUT", draft, 400, {}, key="k" * 121)
        self.ask("PUT", draft, 400, [], key="k")
        self.ask("PUT", draft, 413, {"text": "x" * 300000}, key="k")
        self.refuse_text("PUT", draft, key="k")
        self.ask("DELETE", draft, 200, key="new:person:1")
        self.assertEqual(self.ask("GET", "/api/drafts", 200)["drafts"], [])
        self.ask("PUT", "/api/preferences", 200, {"size": "huge"})
        self.assertEqual(self.ask("GET", "/api/preferences", 200), {"size": "huge"})
        self.ask("PUT", "/api/preferences", 400, [])
        self.ask("PUT", "/api/preferences", 413, {"x": "x" * 5000})
        self.refuse_text("PUT", "/api/preferences")

    def files(self, person):
        files, file = "/api/rows/{table}/{id}/files", "/api/rows/{table}/{id}/files/{field}"
        content = bytes(range(256)) * 40
        about = {"name": "照片 1.svg", "type": "image/svg+xml", "thumbnail": "5"}
        added = self.send_file("/api/files", 201, b"small" + content, about)
        self.assertEqual(added["bytes"], len(content))
        self.send_file("/api/files", 400, b"", about)
        self.send_file("/api/files", 400, content, {**about, "type": "no type"})
        self.send_file("/api/files", 400, content, {"type": "image/jpeg"})
        self.send_file("/api/files", 413, content, {**about, "thumbnail": "7153"})
        self.send_file("/api/files", 415, b"{}", about, kind="application/json")
        fields = {"target_ref": f"person:{person}", "kind": "home_visit", "photo": added["value"]}
        visit = self.ask("POST", "/api/rows/{table}", 201, {"fields": fields}, table="visit")["id"]
        where = {"table": "visit", "id": visit}
        told = self.ask("GET", files, 200, **where)["files"][0]
        self.assertEqual((told["name"], told["here"], told["thumbnail"]), ("照片 1.svg", True, True))
        self.ask("GET", files, 400, table="visit", id="x")
        self.ask("GET", files, 404, table="nothing", id=visit)
        self.ask("GET", file, 200, field="photo", **where)
        self.ask("GET", file, 400, table="visit", id="x", field="photo")
        self.ask("GET", file, 404, table="visit", id=NOBODY, field="photo")
        self.ask("POST", file, 202, {}, field="photo", **where)
        self.ask("POST", file, 404, {}, field="kind", **where)
        self.refuse_text("POST", file, field="photo", **where)
        answer = self.pages.ask("GET", path_of(file, field="photo", **where))
        self.assertEqual(answer.body, content)
        self.assertEqual(answer.headers["content-disposition"],
                         "attachment; filename*=UTF-8''%E7%85%A7%E7%89%87%201.svg")
        self.assertEqual(answer.headers["content-security-policy"], "sandbox; default-src 'none'")
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        return visit

    def loop(self):
        self.ask("POST", "/api/sync", 202, {})
        self.refuse_text("POST", "/api/sync")
        connection = http.client.HTTPConnection(self.pages.address, timeout=30)
        connection.request("GET", "/api/events", headers=self.pages.headers("GET"))
        response = connection.getresponse()
        self.assertEqual((response.status, response.headers["content-type"]),
                         (200, "text/event-stream"))
        self.document.met.add(("/api/events", "get", "200"))
        self.client.call("add", "person", "name=示例党员009")
        while not response.readline().startswith(b"event: changed"):
            pass
        connection.close()

    def letters(self, world, person):
        letters, letter = "/api/letters", "/api/letters/{id}"
        offer = {"row": person, "to": world.branches[0], "fields": {"letter_no": "12"}}
        made = self.ask("POST", letters, 201, offer)["id"]
        self.ask("POST", letters, 400, {**offer, "fields": {"start_on": "x"}})
        self.ask("POST", letters, 404, {**offer, "row": NOBODY})
        self.ask("POST", letters, 404, {**offer, "to": "没有的支部"})
        self.refuse_text("POST", letters)
        told = self.ask("GET", letters, 200)["letters"]
        self.assertEqual([(one["id"], one["to_org"], one["state"]) for one in told],
                         [(made, world.branches[0], "issued")])
        self.ask("POST", letter, 400, {"fields": {}}, id=made)
        self.ask("POST", letter, 404, {"accept": True, "fields": {}}, id=NOBODY)
        self.ask("POST", letter, 200, {"accept": False, "fields": {"note": "示例"}}, id=made)
        self.refuse_text("POST", letter, id=made)

    def near(self, world):
        """Others on the local network: one that lets them, one that answers, one that says nothing."""
        listen, meet = "/api/near/listen", "/api/near/meet"
        self.ask("POST", listen, 202, {"on": True})
        wait_for(self.pages, lambda status: status["near"]["listening"]["address"])
        peer = world.join("volunteer")
        with Listening(peer) as there:
            near = []
            while not near:
                near = self.ask("GET", "/api/near", 200)["near"]
            self.assertEqual(near[0]["address"], there.address)
            self.assertEqual(self.ask("POST", meet, 202, {"address": there.address})
                             ["meeting"]["state"], "running")
            wait_for(self.pages, lambda status: status["near"]["meeting"]["state"] == "done")
        self.ask("POST", listen, 202, {"on": False})
        wait_for(self.pages, lambda status: status["near"]["listening"]["state"] == "done")
        self.ask("POST", meet, 400, {"address": "nowhere"})
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            self.ask("POST", meet, 202, {"address": address})
            self.ask("POST", meet, 503, {"address": address})
            silent.accept()[0].close()
        wait_for(self.pages, lambda status: status["near"]["meeting"]["error"])
        for template in (listen, meet):
            self.refuse_text("POST", template)

    def lock(self, world):
        unlock = "/api/unlock"
        self.ask("POST", "/api/presence", 200, {})
        self.refuse_text("POST", "/api/presence")
        self.ask("POST", "/api/lock", 403, {})
        self.refuse_text("POST", "/api/lock")
        with serve(join(world)) as self.pages:
            self.ask("GET", "/api/status", 200)
            self.ask("POST", "/api/lock", 202, {})
            while self.pages.ask("GET", "/api/status").status == 200:
                pass
            self.everything_is_locked()
            self.ask("POST", unlock, 400, {})
            self.refuse_text("POST", unlock)
            for _ in range(5):
                self.ask("POST", unlock, 403, {"secret": "wrong"})
            wait = self.ask("POST", unlock, 429, {"secret": PHRASE})["wait_ms"]
            time.sleep(wait / 1000)
            self.ask("POST", unlock, 200, {"secret": PHRASE})
            self.ask("GET", "/api/status", 200)

    def everything_is_locked(self):
        schema = self.document.json["components"]["schemas"]["locked"]
        for path, methods in self.document.json["paths"].items():
            if path in OPEN_ALWAYS:
                continue
            for method in methods:
                where = path_of(path, table="person", id=NOBODY, key="k", field="photo")
                body = {} if method in ("post", "put", "patch") else None
                answer = self.pages.ask(method.upper(), where, body)
                self.assertEqual(answer.status, 423, f"{method} {path}")
                self.document.check(answer.json(), schema, f"{method} {path}")

    def join(self, world):
        """A folder that has still to join: nothing else can be asked, and a code is all it takes."""
        join, look = "/api/join", "/api/join/picture"
        spent, code = (world.hub.invite(world.township, "clerk", name) for name in ("甲", "乙"))
        world.join_by(spent)
        away = world.hub.invite(world.township, "clerk", "丙", "127.0.0.1:1")
        with Pages(os.path.join(world.folder, "newcomer"), env=os.environ) as self.pages:
            self.pages.enter()
            self.everything_is_locked()
            self.assertEqual(self.pages.ask("GET", "/api/status").json()["status"], "fresh")
            self.assertFalse(self.ask("GET", join, 200)["chosen"])
            for body in ({}, {"code": "JQ1-x"}, {"code": code, "secret": "123456"}):
                self.ask("POST", join, 400, body)
            self.refuse_text("POST", join)
            self.assertEqual(self.send_file(look, 200, blank())["codes"], [])
            self.send_file(look, 400, b"no picture")
            self.send_file(look, 415, b"{}", kind="application/json")
            self.ask("POST", join, 503, {"code": away, "secret": PHRASE})
            self.assertTrue(self.ask("GET", join, 200)["chosen"])
            self.ask("POST", join, 403, {"code": spent})
            joined = self.ask("POST", join, 200, {"code": code})
            self.assertEqual(len(joined["recovery_code"].replace("-", "")), 24)
            self.assertEqual(self.ask("GET", "/api/status", 200)["person"], "乙")
            self.ask("POST", join, 409, {"code": code})
            self.send_file(look, 409, blank())
            self.admit(world)
        self.assertEqual(self.pages.errors, "")

    def admit(self, world):
        enrol = "/api/near/enrol"
        newcomer = {"person": "丁", "role": "volunteer", "org": world.branches[0],
                    "address": "127.0.0.1:7412"}
        self.ask("POST", enrol, 201, newcomer)
        self.ask("POST", enrol, 400, {**newcomer, "role": "king"})
        self.ask("POST", enrol, 403, {**newcomer, "role": "bureau"})
        self.ask("POST", enrol, 404, {**newcomer, "org": "没有的支部"})
        self.refuse_text("POST", enrol)

    def not_allowed(self, world):
        """What this role may not do. An auditor only reads."""
        person = self.pages.ask("POST", "/api/rows/person", {"fields": {"name": "x"}}).json()["id"]
        self.client.sync()
        reader = world.join("auditor")
        reader.sync()
        with Pages(reader.folder) as self.pages:
            self.pages.enter()
            where = {"table": "person", "id": person}
            self.ask("POST", "/api/letters", 403, {"row": person, "to": world.township, "fields": {}})
            self.ask("PATCH", "/api/rows/{table}/{id}", 403, {"fields": {"phone": "2"}}, **where)
            self.ask("DELETE", "/api/rows/{table}/{id}", 403, **where)
            self.ask("POST", "/api/rows/{table}/{id}/settle", 403,
                     {"field": "name", "value": "y"}, **where)

    def test_the_program_keeps_what_the_document_promises_and_nothing_is_left_out(self):
        with World() as world:
            self.client = world.join("secretary")
            with Pages(self.client.folder) as self.pages:
                pages = self.pages
                pages.enter()
                person = self.write_rows()
                self.read_rows(person)
                self.settle(person)
                self.read_whole()
                self.draw(person)
                self.mark_read()
                self.merge(person)
                self.change_many(person)
                self.sheets()
                self.papers()
                self.carry_many_away()
                self.carry(world)
                self.keep()
                visit = self.files(person)
                self.loop()
                self.letters(world, person)
                self.near(world)
                self.delete(person)
                self.assertEqual(pages.ask("GET", "/api/nothing").status, 404)
                self.assertEqual(pages.ask("PUT", "/api/status", {}).status, 405)
                self.not_allowed(world)
            with Pages(self.client.folder) as self.pages:
                self.pages.enter()
                self.lock(world)
            self.join(world)
            self.assertEqual(pages.errors, "")
            self.pictures(world)
        self.assertEqual(self.document.all() - self.document.met, set())

    def test_a_save_and_its_draft_go_together(self):
        with World() as world:
            client = world.join()
            with Pages(client.folder) as pages:
                pages.enter()
                pages.ask("PUT", "/api/drafts/d", {"x": 1})
                refused = pages.ask("POST", "/api/rows/person", {"fields": {}, "draft": "d"})
                self.assertEqual(refused.status, 400)
                self.assertEqual(len(pages.ask("GET", "/api/drafts").json()["drafts"]), 1)
                pages.ask("POST", "/api/rows/person", {"fields": {"name": "x"}, "draft": "d"})
                self.assertEqual(pages.ask("GET", "/api/drafts").json()["drafts"], [])

    def test_an_edit_of_what_the_person_had_not_seen_replaced_is_a_conflict(self):
        with World() as world:
            client = world.join()
            person = client.call("add", "person", "name=x", "phone=1").strip()
            with Pages(client.folder) as pages:
                pages.enter()
                seen = pages.ask("GET", f"/api/rows/person/{person}").json()["bases"]
                client.call("set", "person", person, "phone=2")
                pages.ask("PATCH", f"/api/rows/person/{person}",
                          {"fields": {"phone": "3"}, "bases": seen})
                conflicts = pages.ask("GET", "/api/conflicts").json()["conflicts"]
                self.assertEqual({head["value"] for head in conflicts[0]["heads"]}, {"2", "3"})
                self.assertEqual(len(conflicts), 1)

    def test_a_settlement_replaces_only_the_heads_that_were_seen(self):
        with World() as world:
            client = world.join()
            person = client.call("add", "person", "name=x", "phone=1").strip()
            with Pages(client.folder) as pages:
                pages.enter()
                seen = pages.ask("GET", f"/api/rows/person/{person}").json()["bases"]
                for phone in ("2", "3"):
                    pages.ask("PATCH", f"/api/rows/person/{person}",
                              {"fields": {"phone": phone}, "bases": seen})
                heads = pages.ask("GET", "/api/conflicts").json()["conflicts"][0]["heads"]
                pages.ask("PATCH", f"/api/rows/person/{person}",
                          {"fields": {"phone": "4"}, "bases": seen})
                pages.ask("POST", f"/api/rows/person/{person}/settle",
                          {"field": "phone", "take": heads[0]["dot"],
                           "heads": [head["dot"] for head in heads]})
                left = pages.ask("GET", "/api/conflicts").json()["conflicts"][0]["heads"]
                self.assertEqual({head["value"] for head in left}, {heads[0]["value"], "4"})

    def test_a_revoked_device_reads_on_and_writes_no_more(self):
        with World() as world:
            client = world.join()
            with Pages(client.folder) as pages:
                pages.enter()
                saved = pages.ask("POST", "/api/rows/person", {"fields": {"name": "x"}})
                self.assertEqual(saved.status, 201)
                wait_for(pages, lambda status: status["unsent"] == 0)
                world.hub.call("revoke", client.device)
                world.hub.stop()
                world.hub.start()
                pages.ask("POST", "/api/sync", {})
                wait_for(pages, lambda status: status["sync"]["state"] == "refused")
                refused = pages.ask("POST", "/api/rows/person", {"fields": {"name": "y"}})
                self.assertEqual(refused.status, 403)
                self.assertEqual(len(pages.ask("GET", "/api/rows/person").json()["rows"]), 1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
