#!/usr/bin/env python3
"""Raw requests to the local pages, as other sites, other hosts and other programs would make them:
none reads a record or changes one; and what the page itself asks gets through."""

import http.client
import re
import signal
import socket
import sys
import unittest

from jinqiu import JINQIU, World, run
from pages import Pages

SECRET = "示例党员绝密001"

# (request, status) each. HOST, PORT, COOKIE, ROW, USED and FRESH stand for this run's values.
GOOD = "Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: same-origin\r\n"
WRITE = GOOD + "Origin: http://HOST\r\n"
JSON = "Content-Type: application/json\r\n"
PATCH = "Content-Length: 29\r\n\r\n" + '{"fields":{"phone":"stolen"}}'


def get(headers, path="/api/rows/person"):
    return f"GET {path} HTTP/1.1\r\n{headers}\r\n"


def patch(headers):
    return f"PATCH /api/rows/person/ROW HTTP/1.1\r\n{headers}{PATCH}"


REFUSED = [
    # no cookie, or not ours
    (get("Host: HOST\r\n"), 401),
    (get("Host: HOST\r\n", "/"), 401),
    (get("Host: HOST\r\n", "/assets/index.js"), 401),
    (get("Host: HOST\r\nCookie: \r\n"), 401),
    (get("Host: HOST\r\nCookie: jinqiu_1=x\r\n"), 401),
    (get("Host: HOST\r\nCookie: COOKIEx\r\n"), 401),
    (get("Host: HOST\r\nCookie: xCOOKIE\r\n"), 401),
    (get("Host: HOST\r\nCookie: a=b\r\nCookie: COOKIE\r\n"), 401),
    # another name for this machine: DNS rebinding
    (get("Host: evil.example\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: evil.example:PORT\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: HOST.evil.example\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: 127.0.0.1\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: 127.0.0.1:1\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: 127.0.0.2:PORT\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: [::1]:PORT\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: localhost.:PORT\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: me@HOST\r\nCookie: COOKIE\r\n"), 421),
    (get("Host: \r\nCookie: COOKIE\r\n"), 421),
    (get("Cookie: COOKIE\r\n"), 400),
    (get("Host: HOST\r\nHost: HOST\r\nCookie: COOKIE\r\n"), 400),
    (get("Host: HOST\r\nHost: evil.example\r\nCookie: COOKIE\r\n"), 400),
    # another site's page
    (get(GOOD + "Origin: http://evil.example\r\n"), 403),
    (get(GOOD + "Origin: null\r\n"), 403),
    (get(GOOD + "Origin: https://HOST\r\n"), 403),
    (get(GOOD + "Origin: http://127.0.0.1:1\r\n"), 403),
    (get(GOOD + "Origin: http://localhost:PORT\r\n"), 403),
    (get("Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: cross-site\r\n"), 403),
    (get("Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: same-site\r\n"), 403),
    (get("Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: cross-site\r\n", "/api/events"), 403),
    (get("Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: cross-site\r\n", "/"), 403),
    # writing without saying where from, or not as JSON
    (patch("Host: HOST\r\nCookie: COOKIE\r\n" + JSON), 403),
    (patch("Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: none\r\nOrigin: http://HOST\r\n" + JSON),
     403),
    (patch(GOOD + "Origin: http://evil.example\r\n" + JSON), 403),
    (patch("Host: HOST\r\nOrigin: http://HOST\r\nSec-Fetch-Site: same-origin\r\n" + JSON), 401),
    (patch(WRITE), 415),
    (patch(WRITE + "Content-Type: text/plain\r\n"), 415),
    (patch(WRITE + "Content-Type: application/x-www-form-urlencoded\r\n"), 415),
    (patch(WRITE + "Content-Type: multipart/form-data; boundary=x\r\n"), 415),
    (patch(WRITE + JSON + "Content-Type: text/plain\r\n"), 415),
    # what is no request of a page
    (f"OPTIONS /api/rows/person HTTP/1.1\r\n{GOOD}Origin: http://evil.example\r\n"
     "Access-Control-Request-Method: PATCH\r\n\r\n", 501),
    (f"TRACE / HTTP/1.1\r\n{GOOD}\r\n", 501),
    (f"CONNECT HOST HTTP/1.1\r\n{GOOD}\r\n", 501),
    (get(GOOD + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", "/api/events"), 501),
    (f"GET http://HOST/api/rows/person HTTP/1.1\r\n{GOOD}\r\n", 400),
    (f"GET //api/rows/person HTTP/1.1\r\n{GOOD}\r\n", 404),
    (f"GET /api/rows/person HTTP/2.0\r\n{GOOD}\r\n", 505),
    ("GET /api/rows/person\r\n\r\n", 505),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 501),
    (get(GOOD, "/api/rows/person%00"), 400),
    (get(GOOD, "/api/rows/person%2f..%2f..%2fstatus"), 404),
    (get(GOOD, "/../../../../etc/passwd"), 404),
    (get(GOOD, "/%2e%2e/%2e%2e/replica.db"), 404),
    (get(GOOD, "/" + "x" * 9000), 414),
    (get(GOOD + "X: " + "x" * 17000 + "\r\n"), 431),
    (get(GOOD + "X: 1\r\n" * 70), 431),
    (f"PATCH /api/rows/person/ROW HTTP/1.1\r\n{WRITE}{JSON}Content-Length: 1048577\r\n\r\n", 413),
    (f"PATCH /api/rows/person/ROW HTTP/1.1\r\n{WRITE}{JSON}Content-Length: 5\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (f"PATCH /api/rows/person/ROW HTTP/1.1\r\n{WRITE}{JSON}Content-Length: 5\r\n"
     "Content-Length: 6\r\n\r\n", 400),
    # the start page
    (get("Host: HOST\r\n", "/start"), 403),
    (get("Host: HOST\r\n", "/start?token="), 403),
    (get("Host: HOST\r\n", "/start?token=" + "0" * 64), 403),
    (get("Host: HOST\r\n", "/start?token=USED"), 403),
    (get("Host: evil.example\r\n", "/start?token=FRESH"), 421),
    (get("Host: HOST\r\nOrigin: http://evil.example\r\n", "/start?token=FRESH"), 403),
]

ALLOWED = [
    (get(GOOD), 200),
    (get("Host: HOST\r\nCookie: other=1; COOKIE\r\n"), 200),
    (get("Host: HOST\r\nCookie: COOKIE\r\nSec-Fetch-Site: none\r\n", "/"), 200),
    (get("Host: localhost:PORT\r\nCookie: COOKIE\r\n"), 200),
    (get(GOOD + "Origin: http://HOST\r\n"), 200),
    (f"HEAD / HTTP/1.1\r\n{GOOD}\r\n", 200),
    (f"GET /api/rows/person HTTP/1.0\r\n{GOOD}\r\n", 200),
    (patch(WRITE + JSON).replace("stolen", "my own"), 200),
]

ALWAYS = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin",
          "referrer-policy": "no-referrer", "x-frame-options": "DENY"}


class Door(unittest.TestCase):
    def fill(self, text):
        port = self.pages.address.rsplit(":", 1)[1]
        for name, value in (("COOKIE", self.pages.cookie), ("HOST", self.pages.address),
                            ("PORT", port), ("ROW", self.row), ("USED", self.used),
                            ("FRESH", self.pages.link.split("=")[1])):
            text = text.replace(name, value)
        return text.encode("latin-1")

    def check_headers(self, head, what):
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
        for name, value in ALWAYS.items():
            self.assertEqual(headers.get(name), value.lower(), what)
        self.assertNotIn("access-control-allow-origin", headers, what)
        policy = headers["content-security-policy"]
        self.assertIn("default-src 'none'; script-src 'self'", policy)
        self.assertNotIn("unsafe", policy)

    def send(self, request, status):
        # One answer and then the end: what follows on the line would be a smuggled request's.
        data = self.fill(request).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        head, _, body = self.pages.raw(data).decode("utf-8", "replace").partition("\r\n\r\n")
        what = f"{request[:150]!r} -> {head[:60]!r}"
        self.assertEqual(int(re.match(r"HTTP/1\.1 (\d+)", head).group(1)), status, what)
        self.assertNotIn("HTTP/1.1", body, what)
        self.check_headers(head, what)
        return body

    def test_who_does_not_belong_here_reads_and_changes_nothing(self):
        with World() as world:
            client = world.join()
            self.row = client.call("add", "person", f"name={SECRET}", "phone=1").strip()
            with Pages(client.folder) as self.pages:
                self.used = self.pages.link.split("=")[1]
                self.pages.enter()
                before = client.json("status")["entries"]
                for request, status in REFUSED:
                    body = self.send(request, status)
                    self.assertNotIn(SECRET, body)
                self.assertGreaterEqual(len(REFUSED), 60)
                self.assertEqual(client.json("status")["entries"], before)
                self.assertEqual(client.json("get", "person", self.row)["phone"], "1")
                for request, status in ALLOWED:
                    self.send(request, status)
                self.assertEqual(client.json("get", "person", self.row)["phone"], "my own")
            self.assertEqual(self.pages.errors, "")

    def test_torn_and_slow_requests_hold_up_nobody(self):
        with World() as world, Pages(world.join().folder) as pages:
            pages.enter()
            host, port = pages.address.rsplit(":", 1)
            torn = [socket.create_connection((host, int(port))) for _ in range(40)]
            for place, line in enumerate(torn):
                line.sendall(b"GET /api/status HTTP/1.1\r\nHost: x\r\n"[:place])
            self.assertEqual(pages.ask("GET", "/api/status").status, 200)
            for line in torn:
                line.close()
            self.assertEqual(pages.ask("GET", "/api/status").status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        with World() as world, Pages(world.join().folder) as pages:
            pages.enter()
            one = f"GET %s HTTP/1.1\r\nHost: {pages.address}\r\nCookie: {pages.cookie}\r\n"
            data = (one % "/api/orgs" + "\r\n" + one % "/api/nothing" + "\r\n" + one % "/api/orgs"
                    + "Connection: close\r\n\r\n")
            got = pages.raw(data.encode()).decode()
            self.assertEqual(re.findall(r"HTTP/1\.1 (\d+)", got), ["200", "404", "200"])

    def test_the_pages_are_for_this_machine_alone(self):
        with World() as world:
            client = world.join()
            for address in ("0.0.0.0:0", "[::]:0", "192.168.1.2:0", "example.com:80", "x"):
                client.call("serve", "--http", address, code=1)

    def test_it_stops_cleanly_with_open_lines_and_streams(self):
        with World() as world:
            client = world.join()
            pages = Pages(client.folder)
            pages.enter()
            stream = http.client.HTTPConnection(pages.address, timeout=30)
            stream.request("GET", "/api/events", headers=pages.headers("GET"))
            self.assertEqual(stream.getresponse().status, 200)
            idle = http.client.HTTPConnection(pages.address, timeout=30)
            idle.connect()
            self.assertEqual(pages.stop(signal.SIGTERM), 0)
            self.assertEqual(pages.errors, "")
            stream.close()
            idle.close()

    def test_a_folder_that_cannot_be_made_is_told_at_once(self):
        run(JINQIU, "serve", "--dir", "/proc/folder", code=1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
