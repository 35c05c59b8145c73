#!/usr/bin/env python3
"""The hub's console: docs/openapi-console.json against the running hub, who gets in, what an
account may do, what is noted of it; and what machines ask."""

import http.client
import json
import os
import re
import signal
import sys
import time
import unittest

from jinqiu import JINQIU, World, eventually, run
from openapi import Document
from pages import Console, path_of
from paper import Paper
from test_pages_interface import NOBODY

SECRET = "wind over seven rivers"
READS = ("status", "schema", "orgs", "devices", "accounts", "reports", "reminders", "audit",
         "alarms", "set-aside", "schemas", "conflicts")
PERSON = "示例党员绝密001"
FILES = ("/api/reports/{name}/{form}", "/api/papers/{paper}")


def add_account(hub, name, role="bureau", secret=SECRET, code=0):
    return hub.call("account", "add", name, "--role", role, code=code,
                    env={"JINQIU_ACCOUNT_PASSWORD": secret})


def start(world, *options):
    world.hub.stop()
    world.hub.start("--http", "127.0.0.1:0", *options)
    return world.hub.http


def words_of(world, pdf):
    path = os.path.join(world.folder, "paper.pdf")
    with open(path, "wb") as file:
        file.write(pdf)
    return Paper(path).flat


def notes(hub, **wanted):
    """Notes of access as the changelog has them."""
    return [note for note in hub.json("list", "access")
            if all(note[key] == value for key, value in wanted.items())]


class Interface(unittest.TestCase):
    def ask(self, method, template, status, body=None, query=(), **parts):
        answer = self.site.ask(method, path_of(template, **parts), body, query)
        self.assertEqual(answer.status, status, f"{template}: {answer.body}")
        return self.document.answer(template, method.lower(), answer)

    def sign_in_and_out(self):
        self.site = Console(self.address)
        self.assertIsNone(self.ask("GET", "/api/me", 200)["name"])
        for body, status in (({"name": "wang", "secret": "no"}, 403), ({"name": "wang"}, 400),
                             ({"name": "nobody", "secret": SECRET}, 403),
                             ({"name": "a b", "secret": SECRET}, 403),
                             ({"name": "wang", "secret": SECRET}, 200)):
            self.ask("POST", "/api/login", status, body)
        for _ in range(5):
            self.ask("POST", "/api/login", 403, {"name": "guessed", "secret": "no"})
        self.ask("POST", "/api/login", 429, {"name": "guessed", "secret": "no"})
        self.site = Console(self.address, "wang", SECRET)
        self.assertEqual(self.ask("GET", "/api/me", 200), {"name": "wang", "role": "bureau"})
        cookie = self.site.cookie
        self.ask("POST", "/api/logout", 200, {})
        self.assertIsNone(self.ask("GET", "/api/me", 200)["name"])
        self.site.cookie = cookie
        self.ask("GET", "/api/status", 401)

    def read(self, person):
        for name in READS:
            self.ask("GET", f"/api/{name}", 200)
        self.ask("GET", "/api/audit", 200, query=[("limit", "3"), ("since", "2020-01-01")])
        for query in ([("limit", "0")], [("since", "x")], [("device", "x")]):
            self.ask("GET", "/api/audit", 400, query=query)
        rows, row = "/api/rows/{table}", "/api/rows/{table}/{id}"
        self.ask("GET", rows, 200, table="person", query=[("search", "绝密"), ("count", "1")])
        self.ask("GET", rows, 400, table="person", query=[("limit", "0")])
        self.ask("GET", rows, 404, table="nothing")
        for rest in ("", "/history", "/related"):
            self.ask("GET", row + rest, 200, table="person", id=person)
            self.ask("GET", row + rest, 400, table="person", id="x")
            self.ask("GET", row + rest, 404, table="person", id=NOBODY)

    def report(self):
        report = "/api/reports/{name}"
        period = [("from", "2026-01-01"), ("to", "2026-12-31")]
        self.ask("GET", report, 200, name="R02", query=period)
        self.ask("GET", report, 200, name="R02", query=period)  # views of the one before are gone
        self.ask("GET", report, 404, name="R999")
        self.ask("GET", report, 400, name="R02", query=[("from", "x")])
        self.ask("GET", "/api/reminders", 400, query=[("to", "x")])
        file = report + "/{form}"
        self.ask("GET", file, 400, name="R02", form="exe")
        self.ask("GET", file, 404, name="R999", form="csv")
        self.ask("GET", file, 200, name="R02", form="csv")
        sheet = self.site.ask("GET", "/api/reports/R02/csv", query=period)
        self.assertEqual(sheet.headers["content-type"], "text/csv; charset=utf-8")
        self.assertEqual(sheet.headers["content-disposition"],
                         "attachment; filename*=UTF-8''R02.csv")
        self.assertTrue(sheet.body.startswith(b"\xef\xbb\xbf"))
        sheet = self.site.ask("GET", "/api/reports/R02/xlsx", query=period)
        self.assertEqual(sheet.body[:2], b"PK")
        self.assertIn("党员底数与结构表", words_of(self.world, self.ask_file("R02/pdf", period)))
        self.assertEqual([name for name in os.listdir(self.world.hub.folder) if "xlsx" in name],
                         [])

    def ask_file(self, path, query):
        answer = self.site.ask("GET", f"/api/reports/{path}", query=query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body

    def papers(self):
        """The same papers as a client's, filled and blank, by an auditor too."""
        paper = "/api/papers/{paper}"
        listed = self.ask("GET", "/api/papers", 200)["papers"]
        self.assertEqual([one["name"] for one in listed],
                         [one["name"] for one in self.world.hub.json("print", "--list")])
        for one in listed:
            self.ask("GET", paper, 200, paper=one["name"], query=[("blank", "1")])
        self.ask("GET", paper, 400, paper="visit_record")
        self.ask("GET", paper, 404, paper="visit_record", query=[("row", NOBODY)])
        self.ask("GET", paper, 404, paper="nothing")
        self.ask("GET", paper, 400, paper="dues_list", query=[("to", "x")])
        dues = self.site.ask("GET", "/api/papers/dues_list", query=[("to", "2026-12-31")])
        self.assertEqual(dues.headers["content-type"], "application/pdf")
        self.assertIn(PERSON, words_of(self.world, dues.body))

    def write(self):
        wish = {"org": self.world.township, "role": "secretary", "person": "示例党员009",
                "address": self.world.hub.address}
        made = self.ask("POST", "/api/invitations", 201, wish)
        modules = made["qr"].split()
        self.assertTrue(all(len(line) == len(modules) for line in modules))
        self.assertTrue(modules[0].startswith("1111111") and modules[0].endswith("1111111"))
        client = self.world.join_by(made["code"])
        for bad in ({**wish, "role": "hub"}, {**wish, "hours": 0}, {"org": wish["org"]}):
            self.ask("POST", "/api/invitations", 400, bad)
        self.ask("POST", "/api/invitations", 404, {**wish, "org": NOBODY})
        revoke = "/api/devices/{id}/revoke"
        self.ask("POST", revoke, 400, {"last_good": -1}, id=client.device)
        self.ask("POST", revoke, 200, {}, id=client.device)
        self.ask("POST", revoke, 404, {}, id=NOBODY)
        states = {device["id"]: device["state"]
                  for device in self.ask("GET", "/api/devices", 200)["devices"]}
        self.assertEqual(states[client.device], "revoked")

    def hand_down(self, client):
        """To branches and back again; a notice to all below, and who has read it."""
        rows, marks = "/api/rows/{table}", "/api/marks/{table}"
        task = {"kind": "task", "title": "示例任务", "body": "请排查", "state": "dispatched"}
        branches = self.world.branches[:2]
        for bad in ({"orgs": [], "fields": task}, {"orgs": branches, "fields": {"kind": "none"}},
                    {"orgs": branches, "fields": {}}):
            self.ask("POST", rows, 400, bad, table="ticket")
        self.ask("POST", rows, 404, {"orgs": [*branches, NOBODY], "fields": task}, table="ticket")
        self.ask("POST", rows, 404, {"orgs": branches, "fields": task}, table="nothing")
        ids = self.ask("POST", rows, 201, {"orgs": branches, "fields": task}, table="ticket")["ids"]
        told = {"orgs": [self.world.hub.root], "fields": {"title": "示例通知"}}
        notice = self.ask("POST", rows, 201, told, table="notice")["ids"][0]
        client.sync()
        self.assertEqual({row["id"] for row in client.json("list", "ticket")}, set(ids))
        self.assertEqual(client.json("get", "ticket", ids[0])["body"], "请排查")
        client.call("set", "ticket", ids[0], "state=done", "result=已排查")
        client.sync()
        back = self.ask("GET", rows + "/{id}", 200, table="ticket", id=ids[0])["row"]
        self.assertEqual((back["state"], back["result"]), ("done", "已排查"))
        self.assertEqual([row["title"] for row in client.json("list", "notice")], ["示例通知"])
        [listed] = self.ask("GET", marks, 200, table="notice")["marks"]
        self.assertEqual((listed["row"]["id"], listed["read"]), (notice, 0))
        asked = self.ask("GET", marks + "/{id}", 200, table="notice", id=notice)["devices"]
        self.assertEqual(listed["asked"], len(asked))
        self.assertIn((client.device, None), [(one["device"], one["mark"]) for one in asked])
        self.ask("GET", marks, 404, table="person")
        self.ask("GET", marks + "/{id}", 404, table="notice", id=NOBODY)
        self.ask("GET", marks + "/{id}", 400, table="notice", id="x")

    def devices(self, client):
        """What a device tells of itself; what waits there when the hub took enough of it."""
        def shown():
            listed = self.ask("GET", "/api/devices", 200)["devices"]
            return next(one for one in listed if one["id"] == client.device)
        version = run(JINQIU, "--version").split()[-1]
        self.assertEqual((shown()["program"], shown()["waiting"]), (version, 0))
        self.assertLess(abs(shown()["clock_ahead_ms"]), 3600 * 1000)
        self.world.hub.call("quota", client.device, "--entries", "1")
        client.call("add", "person", "name=示例党员011")
        client.call("sync", code=None)
        self.assertEqual(shown()["waiting"], 1)
        self.world.hub.call("quota", client.device)
        client.call("sync")
        self.assertEqual(shown()["waiting"], 0)

    def only_reads(self):
        self.site = Console(self.address, "zhao", SECRET)
        self.ask("POST", "/api/rows/{table}", 403, {"orgs": [], "fields": {}}, table="ticket")
        self.ask("POST", "/api/invitations", 403, {"org": self.world.township})
        self.ask("POST", "/api/devices/{id}/revoke", 403, {}, id=NOBODY)
        self.assertEqual(self.site.ask("GET", "/api/status").status, 200)
        self.assertEqual(self.ask_file("R02/pdf", ())[:5], b"%PDF-")

    def nothing_without_a_session(self):
        self.site = Console(self.address)
        for path, methods in self.document.json["paths"].items():
            if path in ("/api/login", "/api/logout", "/api/me", "/health", "/metrics"):
                continue
            for method in methods:
                answer = self.site.ask(method.upper(), path_of(path, table="person", id=NOBODY,
                                                               name="R02", form="csv",
                                                               paper="visit_record"),
                                       {} if method == "post" else None)
                self.assertEqual(answer.status, 401, path)
                self.assertNotIn(PERSON, answer.body.decode())
                self.document.answer(path, method, answer)

    def events(self, client):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request("GET", "/api/events", headers=self.site.headers("GET"))
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        self.document.met.add(("/api/events", "get", "200"))
        client.call("add", "person", "name=示例党员010")
        client.sync()
        while not response.readline().startswith(b"event: changed"):
            pass
        connection.close()

    def machines(self):
        self.site = Console(self.address)
        self.assertEqual(self.ask("GET", "/health", 200), {"ok": True})
        self.assertEqual(self.site.plain("GET", "/metrics", {"Host": self.address}).status, 200)
        self.document.met.add(("/metrics", "get", "200"))

    def test_the_hub_keeps_what_the_document_promises_and_nothing_is_left_out(self):
        self.document = Document("openapi-console.json")
        with World() as self.world:
            client = self.world.join("secretary")
            person = client.call("add", "person", f"name={PERSON}", "phone=1").strip()
            client.sync()
            add_account(self.world.hub, "wang")
            add_account(self.world.hub, "zhao", "auditor")
            self.address = start(self.world)
            self.sign_in_and_out()
            self.site = Console(self.address, "wang", SECRET)
            self.read(person)
            self.report()
            self.papers()
            self.write()
            self.hand_down(client)
            self.devices(client)
            self.events(client)
            self.only_reads()
            self.nothing_without_a_session()
            self.machines()
            self.assertEqual(self.site.ask("GET", "/api/nothing").status, 404)
            self.assertEqual(self.site.ask("GET", "/nothing").status, 404)
            self.assertEqual(self.site.ask("PUT", "/api/status", {}).status, 405)
            self.assertEqual(self.world.hub.stop(signal.SIGTERM), 0)
        missing = {(path, method, status) for path, method, status in
                   self.document.all() - self.document.met
                   # what only a machine that is about to fail answers; and see Notes
                   if status != "503" and not (status == "403" and path in FILES)}
        self.assertEqual(missing, set())


class Accounts(unittest.TestCase):
    def test_accounts_are_kept_by_command_and_their_passwords_nowhere(self):
        with World() as world:
            hub = world.hub
            add_account(hub, "wang")
            add_account(hub, "wang", code=1)
            add_account(hub, "zhao", "auditor")
            add_account(hub, "li", "secretary", code=1)
            add_account(hub, "a b", code=1)
            add_account(hub, "li", secret="123456", code=1)
            hub.call("account", "add", "li", code=2)
            hub.call("account", "remove", "li", code=1)
            self.assertEqual([(item["name"], item["role"], item["totp"])
                              for item in hub.json("account", "list")],
                             [("wang", "bureau", False), ("zhao", "auditor", False)])
            hub.stop()
            for name in os.listdir(hub.folder):
                with open(os.path.join(hub.folder, name), "rb") as file:
                    self.assertNotIn(SECRET.encode(), file.read(), name)

    def test_a_changed_or_removed_account_is_signed_out_at_once(self):
        with World() as world:
            add_account(world.hub, "wang")
            add_account(world.hub, "zhao")
            address = start(world)
            wang, zhao = (Console(address, name, SECRET) for name in ("wang", "zhao"))
            world.hub.call("account", "passwd", "wang",
                           env={"JINQIU_ACCOUNT_PASSWORD": "another four words here"})
            world.hub.call("account", "remove", "zhao")
            for site in (wang, zhao):
                self.assertEqual(site.ask("GET", "/api/status").status, 401)
            self.assertEqual(wang.ask("POST", "/api/invitations", {}).status, 401)
            self.assertEqual(Console(address).sign_in("wang", SECRET).status, 403)
            self.assertEqual(Console(address).sign_in("zhao", SECRET).status, 403)
            self.assertEqual(Console(address).sign_in("wang", "another four words here").status,
                             200)

    def test_a_second_factor_is_asked_for_and_works_once(self):
        with World() as world:
            add_account(world.hub, "wang")
            link = world.hub.call("account", "totp", "wang").strip()
            secret = re.search(r"secret=([A-Z2-7]+)", link).group(1)
            address = start(world)
            self.assertEqual(Console(address).sign_in("wang", SECRET).status, 403)
            self.assertEqual(Console(address).sign_in("wang", SECRET, "000000").status, 403)
            code = totp(secret)
            self.assertEqual(Console(address).sign_in("wang", SECRET, code).status, 200)
            self.assertEqual(Console(address).sign_in("wang", SECRET, code).status, 403)
            world.hub.call("account", "totp", "wang", "--off")
            self.assertEqual(Console(address).sign_in("wang", SECRET).status, 200)


def totp(secret):
    """RFC 6238 with SHA-256, from Python's own library."""
    import base64
    import hashlib
    import hmac
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, int(time.time() // 30).to_bytes(8, "big"), hashlib.sha256).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7fffffff) % 1000000:06}"


class Notes(unittest.TestCase):
    def test_every_look_at_a_record_is_in_the_changelog_with_the_accounts_name(self):
        with World() as world:
            client = world.join("secretary")
            person = client.call("add", "person", f"name={PERSON}", "phone=1").strip()
            client.sync()
            add_account(world.hub, "wang")
            site = Console(start(world), "wang", SECRET)
            site.ask("GET", f"/api/rows/person/{person}")
            site.ask("GET", f"/api/rows/person/{person}/history")
            site.ask("GET", f"/api/rows/person/{NOBODY}")
            site.ask("GET", "/api/rows/person")
            site.ask("GET", "/api/rows/visit")
            site.ask("GET", "/api/reports/R02")  # figures: nobody's record
            site.ask("GET", "/api/reports/R02/csv")
            site.ask("POST", f"/api/devices/{client.device}/revoke", {})
            self.assertEqual(world.hub.stop(), 0)  # what was gathered is written first
            seen = {(note["action"], note["table"], note["rows"], note["purpose"])
                    for note in notes(world.hub, who="wang")}
            self.assertIn(("read", "person", 1, f"console {person}"), seen)
            self.assertIn(("read", "person", 1, "console"), seen)
            self.assertIn(("admin", "device", 1, f"console revoke {client.device}"), seen)
            self.assertEqual([note for note in seen if note[1] == "R02"], [])
            self.assertEqual([note for note in seen if note[1] == "visit"], [])
            self.assertNotIn(NOBODY, str(seen))
            world.hub.call("verify", "--deep")


    def test_a_file_with_many_names_needs_a_second_person_and_is_noted_before_it_leaves(self):
        with World() as world:
            client = world.join("secretary")
            lines = [{"op": "add", "table": "person", "org": world.branches[0],
                      "fields": {"name": f"示例党员{place}", "kind": "retired", "attention": 1}}
                     for place in range(205)]
            client.call("apply", "-", "--batch", "205",
                        data="\n".join(json.dumps(line) for line in lines).encode())
            client.sync()
            add_account(world.hub, "wang")
            site = Console(start(world), "wang", SECRET)
            few, many = ([("org", org)] for org in (world.branches[1], world.branches[0]))
            self.assertEqual(site.ask("GET", "/api/reports/R14/csv", query=few).status, 200)
            refused = site.ask("GET", "/api/reports/R14/csv", query=many)
            self.assertEqual(refused.status, 403)
            self.assertNotIn("示例党员1", refused.body.decode())
            asked = notes(world.hub, action="ask", table="R14", who="wang")
            self.assertIn(asked[0]["id"], refused.json()["error"])
            self.assertEqual(notes(world.hub, action="export"), [])
            for path in ("reports/R14/pdf", "reports/R14/xlsx", "papers/dues_list"):
                self.assertEqual(site.ask("GET", f"/api/{path}", query=many).status, 403, path)
            self.assertEqual(len(notes(world.hub, action="ask", who="wang")), 2)  # R14, dues_list
            site.ask("GET", "/api/papers/dues_list", query=[*many, ("blank", "1")])
            bureau = world.join("bureau", world.hub.root)
            bureau.sync()
            bureau.call("consent", asked[0]["id"])
            bureau.sync()
            sheet = site.ask("GET", "/api/reports/R14/csv", query=many)
            self.assertEqual(sheet.status, 200)
            self.assertIn("示例党员1", sheet.body.decode())
            self.assertEqual([note["rows"] for note in notes(world.hub, action="export",
                                                              who="wang")], [205])

    def test_a_note_is_no_news_for_a_page_that_reads_again_at_every_news(self):
        with World() as world:
            client = world.join("secretary")
            person = client.call("add", "person", f"name={PERSON}").strip()
            client.sync()
            add_account(world.hub, "wang")
            site = Console(start(world), "wang", SECRET)
            connection = http.client.HTTPConnection(site.address, timeout=60)
            connection.request("GET", "/api/events", headers=site.headers("GET"))
            response = connection.getresponse()
            site.ask("GET", f"/api/rows/person/{person}")
            eventually(lambda: notes(world.hub, table="person"), "noted")
            world.hub.stop()
            try:
                told = response.read()
            except http.client.IncompleteRead as broken:
                told = broken.partial
            self.assertNotIn(b"changed", told)
            connection.close()


class Door(unittest.TestCase):
    def test_it_is_for_this_machine_alone_and_knows_no_start_link(self):
        with World() as world:
            world.hub.stop()
            for address in ("0.0.0.0:0", "[::]:0", "192.168.1.2:0", "example.com:80", "x"):
                world.hub.call("run", "--listen", "127.0.0.1:0", "--http", address, code=1)
            site = Console(start(world))
            self.assertEqual(site.ask("GET", "/start?token=x").status, 404)
            self.assertEqual(site.ask("GET", "/").status, 200)

    def test_other_sites_and_other_hosts_reach_nothing(self):
        with World() as world:
            add_account(world.hub, "wang")
            site = Console(start(world), "wang", SECRET)
            good = site.headers("POST")
            body = {"Content-Type": "application/json"}
            for change, status in (({"Host": "evil.example"}, 421),
                                   ({"Host": "127.0.0.1"}, 421),
                                   ({"Origin": "http://evil.example"}, 403),
                                   ({"Origin": "null"}, 403),
                                   ({"Origin": f"https://{site.address}"}, 403),
                                   ({"Sec-Fetch-Site": "cross-site"}, 403),
                                   ({"Sec-Fetch-Site": "same-site"}, 403)):
                for path in ("/api/login", "/api/logout", "/api/invitations"):
                    answer = site.plain("POST", path, {**good, **body, **change}, "{}")
                    self.assertEqual(answer.status, status, f"{change} {path}")
                    self.assertNotIn("access-control-allow-origin", answer.headers)
            for kind in ("text/plain", "application/x-www-form-urlencoded"):
                answer = site.plain("POST", "/api/logout", {**good, "Content-Type": kind}, "{}")
                self.assertEqual(answer.status, 415)
            self.assertEqual(site.ask("GET", "/api/status").status, 200)
            for path in ("/", "/api/status", "/health", "/metrics", "/api/nothing"):
                headers = site.ask("GET", path).headers
                policy = headers["content-security-policy"]
                self.assertIn("default-src 'none'; script-src 'self'", policy)
                self.assertIn("frame-ancestors 'none'", policy)
                self.assertNotIn("unsafe", policy)
                self.assertEqual(headers["x-content-type-options"], "nosniff")
                self.assertEqual(headers["x-frame-options"], "DENY")
                self.assertEqual(headers["cross-origin-resource-policy"], "same-origin")

    def test_the_cookie_is_for_this_site_alone_and_no_script(self):
        with World() as world:
            add_account(world.hub, "wang")
            address = start(world, "--http-name", "console.example.cn")
            cookie = Console(address).sign_in("wang", SECRET).headers["set-cookie"]
            self.assertRegex(cookie, r"^jinqiu_hub_\d+=[0-9a-f]{64}; Path=/; HttpOnly; "
                                     r"SameSite=Strict$")
            named = Console(address)
            named.headers = lambda method: {
                "Host": "console.example.cn", "Sec-Fetch-Site": "same-origin",
                "Origin": "https://console.example.cn"}
            self.assertTrue(named.sign_in("wang", SECRET).headers["set-cookie"]
                            .endswith("SameSite=Strict; Secure"))

    def test_guessing_is_slowed_by_name_and_behind_a_proxy_by_address(self):
        with World() as world:
            add_account(world.hub, "wang")
            site = Console(start(world, "--http-name", "console.example.cn"))
            for _ in range(5):
                self.assertEqual(site.sign_in("wang", "wrong").status, 403)
            answer = site.sign_in("wang", SECRET)
            self.assertEqual((answer.status, answer.json()["status"]), (429, "busy"))
            self.assertGreater(answer.json()["wait_ms"], 0)
            site.headers = lambda method: {
                "Host": "console.example.cn", "Origin": "https://console.example.cn",
                "X-Forwarded-For": "10.1.1.1, 203.0.113.7"}
            for place in range(5):
                self.assertEqual(site.sign_in(f"guess{place}", "wrong").status, 403)
            self.assertEqual(site.sign_in("guess9", "wrong").status, 429)
            site.headers = lambda method: {
                "Host": "console.example.cn", "Origin": "https://console.example.cn",
                "X-Forwarded-For": "203.0.113.7, 203.0.113.8"}
            self.assertEqual(site.sign_in("guess9", "wrong").status, 403)


class Machines(unittest.TestCase):
    def test_metrics_count_what_happens_and_name_nobody(self):
        with World() as world:
            client = world.join("secretary")
            address = start(world)
            site = Console(address)

            def metrics():
                text = site.plain("GET", "/metrics", {"Host": address}).body.decode()
                for line in text.splitlines():
                    self.assertRegex(line, r'^(# (HELP|TYPE) jinqiu_[a-z_]+ .+|jinqiu_[a-z_]+'
                                           r'(\{[a-z]+="[^"]+"\})? [0-9.e+-]+)$')
                self.assertNotIn("示例", text)
                return dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")

            before = metrics()
            client.call("add", "person", f"name={PERSON}")
            client.sync()
            after = metrics()
            self.assertEqual(int(after["jinqiu_sessions_total"]),
                             int(before["jinqiu_sessions_total"]) + 1)
            for name in ("entries", "rows", "entries_applied_total", "storage_commits_total",
                         'bytes_total{direction="in"}', 'bytes_total{direction="out"}',
                         "storage_round_seconds_count"):
                self.assertGreater(float(after["jinqiu_" + name]), float(before["jinqiu_" + name]),
                                   name)
            self.assertGreater(int(after["jinqiu_disk_free_bytes"]), 0)
            self.assertEqual(after["jinqiu_storage_round_seconds_count"],
                             after['jinqiu_storage_round_seconds_bucket{le="+Inf"}'])

    def test_behind_a_proxy_metrics_need_the_token(self):
        with World() as world:
            token = os.path.join(world.folder, "token")
            with open(token, "w", encoding="ascii") as file:
                file.write("s3cret-token\n")
            site = Console(start(world, "--http-name", "console.example.cn"))
            local, named = {"Host": site.address}, {"Host": "console.example.cn"}
            for headers in (local, named):
                self.assertEqual(site.plain("GET", "/metrics", headers).status, 401)
                self.assertEqual(site.plain("GET", "/health", headers).status, 200)
            site = Console(start(world, "--metrics-token-file", token))
            local = {"Host": site.address}
            for value, status in ((None, 401), ("s3cret-token", 401), ("Bearer s3cret-tokem", 401),
                                  ("Bearer s3cret-token1", 401), ("Bearer s3cret-token", 200)):
                headers = {**local, **({"Authorization": value} if value else {})}
                self.assertEqual(site.plain("GET", "/metrics", headers).status, status, value)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
