"""Talks to `jinqiu serve` as a browser does, and as others do who should not get in."""

import http.client
import json
import re
import signal
import socket
import subprocess
from urllib.parse import quote, urlencode

from jinqiu import JINQIU


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Site:
    """An address, and the cookie of a browser that is let in there."""

    cookie = None
    scheme = "http"

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=60)

    def plain(self, method, path, headers, body=None):
        """One request with these headers and no others but Content-Length."""
        connection = self.connect()
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        data = body.encode() if isinstance(body, str) else body
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                        response.read())
        connection.close()
        return answer

    def headers(self, method):
        mine = {"Host": self.address, "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            mine["Cookie"] = self.cookie
        if method not in ("GET", "HEAD"):
            mine["Origin"] = f"{self.scheme}://{mine['Host']}"
        return mine

    def ask(self, method, path, body=None, query=()):
        headers = self.headers(method)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if query:
            path += "?" + urlencode(query)
        return self.plain(method, path, headers, None if body is None else json.dumps(body))

    def raw(self, data, most=65536):
        """These very bytes, and what comes back until the other side closes or falls silent."""
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(data)
            line.settimeout(3)
            got = b""
            try:
                while len(got) < most and (part := line.recv(most)):
                    got += part
            except TimeoutError:
                pass
            return got


class Console(Site):
    """The hub's console, with a browser where `name` signed in."""

    def __init__(self, address, name=None, secret=None, code=None):
        self.address = address
        if name:
            answer = self.sign_in(name, secret, code)
            assert answer.status == 200, answer.body
            self.cookie = re.match(r"[^;]+", answer.headers["set-cookie"]).group(0)

    def sign_in(self, name, secret, code=None):
        body = {"name": name, "secret": secret}
        return self.ask("POST", "/api/login", {**body, "code": code} if code else body)


class Pages(Site):
    """`jinqiu serve` on a client's folder, with a browser that came by the start link."""

    def __init__(self, folder, *flags, env=None):
        self.process = subprocess.Popen([JINQIU, "serve", "--dir", folder, *flags], env=env,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready = self.process.stdout.readline().decode()
        self.address = re.match(r"ready http=(\S+)$", ready).group(1)
        self.link = self.next_link()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def next_link(self):
        return re.match(r"open (\S+)$", self.process.stdout.readline().decode()).group(1)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.errors = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def enter(self):
        host, path = re.match(r"http://([^/]+)(/.*)$", self.link).groups()
        answer = self.plain("GET", path, {"Host": host})
        self.cookie = re.match(r"[^;]+", answer.headers["set-cookie"]).group(0)
        self.link = self.next_link()
        return answer


def path_of(template, **parts):
    for name, value in parts.items():
        template = template.replace("{%s}" % name, quote(value, safe=""))
    return template
