#!/usr/bin/env python3
"""The console below TLS of its own: which connections it takes, how long it waits for one, files
that are renewed while it runs, and files that it refuses to start with."""

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import unittest
import warnings

from jinqiu import JINQIUD, World, eventually, run
from pages import Console

SECRET = "wind over seven rivers"
NAME = "console.example.cn"
ENGLISH = {"JINQIU_LANG": "en"}
LINES_MAX = 64  # WEB_LINES_MAX
OFTEN = 50  # looks at what comes sooner or later, a tenth of a second apart or more


def make_files(certificate, key):
    """A certificate that signs itself, for localhost and NAME."""
    names = f"subjectAltName=DNS:localhost,DNS:{NAME},IP:127.0.0.1"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost", "-addext", names],
                   check=True, capture_output=True)


class SecureConsole(Console):
    scheme = "https"

    def __init__(self, address, authority, *login):
        self.context = ssl.create_default_context(cafile=authority)
        super().__init__(address, *login)

    def connect(self):
        return http.client.HTTPSConnection(self.address, timeout=60, context=self.context)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.__enter__()
        cls.folder = cls.world.folder
        cls.files = [os.path.join(cls.folder, name) for name in ("console.pem", "console.key")]
        make_files(*cls.files)
        cls.hub = cls.world.hub
        cls.hub.call("account", "add", "wang", "--role", "bureau",
                     env={"JINQIU_ACCOUNT_PASSWORD": SECRET})
        cls.hub.stop()
        cls.hub.start("--http", "127.0.0.1:0", "--http-name", NAME, "--tls-cert", cls.files[0],
                      "--tls-key", cls.files[1])
        host, port = cls.hub.http.rsplit(":", 1)
        cls.place = (host, int(port))

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def line(self, name="localhost", **manner):
        """A connection as a careful browser makes it; with another `context` a careless one."""
        context = manner.get("context") or ssl.create_default_context(cafile=self.files[0])
        plain = socket.create_connection(self.place, timeout=60)
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except OSError:
            plain.close()
            raise

    def ask(self, line, host="localhost"):
        line.sendall(f"GET /health HTTP/1.1\r\nHost: {host}:{self.place[1]}\r\n\r\n".encode())
        response = http.client.HTTPResponse(line)
        response.begin()
        response.read()
        return response.status

    def certificate(self):
        with self.line() as line:
            return line.getpeercert(binary_form=True)

    def test_1_a_browser_signs_in_and_its_cookie_never_travels_in_the_clear(self):
        site = SecureConsole(f"localhost:{self.place[1]}", self.files[0])
        answer = site.sign_in("wang", SECRET)
        self.assertEqual(answer.status, 200)
        self.assertIn("Secure", answer.headers["set-cookie"])
        site.cookie = answer.headers["set-cookie"].split(";")[0]
        self.assertEqual(site.ask("GET", "/api/status").status, 200)
        index = site.plain("GET", "/", {"Host": site.address})
        self.assertIn(b"<script", index.body)
        site.scheme = "http"
        self.assertEqual(site.ask("POST", "/api/logout", {}).status, 403)

    def test_2_one_connection_answers_many_requests_whatever_pieces_they_come_in(self):
        with self.line(NAME) as line:
            self.assertEqual(line.version(), "TLSv1.3")
            for host in ("localhost", NAME, "127.0.0.1"):
                self.assertEqual(self.ask(line, host), 200)
            request = f"GET /health HTTP/1.1\r\nHost: {NAME}:{self.place[1]}\r\n\r\n"
            for letter in request.encode():
                line.sendall(bytes([letter]))
            self.assertIn(b" 200 ", line.recv(65536))
        with self.line() as line:
            self.assertEqual(self.ask(line, "elsewhere.example"), 421)

    def test_3_another_name_than_the_certificates_is_noticed_by_the_browser(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.line("elsewhere.example")

    def test_4_tls_1_2_is_the_oldest_and_what_is_no_tls_gets_nothing(self):
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
        careless.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            careless.minimum_version = ssl.TLSVersion.TLSv1
            careless.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(OSError):
            self.line(context=careless)
        careless.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.line(context=careless) as line:
            self.assertIn("ECDHE", line.cipher()[0])
            self.assertEqual(self.ask(line), 200)
        weak = ssl.create_default_context(cafile=self.files[0])
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("AES128-SHA")
        with self.assertRaises(OSError):
            self.line(context=weak)
        with socket.create_connection(self.place, timeout=60) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = b""
            try:
                while part := plain.recv(65536):
                    said += part
            except ConnectionResetError:
                pass
            self.assertNotIn(b"HTTP", said)

    def test_5_connections_that_say_nothing_keep_nobody_out(self):
        files = f"/proc/{self.hub.process.pid}/fd"
        before = len(os.listdir(files))
        silent = [socket.create_connection(self.place) for _ in range(LINES_MAX + 8)]
        try:
            with self.line() as line:
                self.assertEqual(self.ask(line), 200)
        finally:
            for one in silent:
                one.close()
        eventually(lambda: len(os.listdir(files)) <= before, "the hub let go of them")

    def test_6_renewed_files_are_taken_without_a_restart_and_broken_ones_are_not(self):
        type(self).silent = socket.create_connection(self.place)  # see the last test
        old = self.certificate()
        standing = self.line()
        self.assertEqual(self.ask(standing), 200)
        with open(self.files[1], "rb") as file:
            key = file.read()
        with open(self.files[1], "wb") as file:
            file.write(key[:60])
        self.hub.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.ask(standing), 200)
        self.assertEqual(self.certificate(), old)
        make_files(*self.files)
        self.hub.process.send_signal(signal.SIGHUP)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for _ in range(OFTEN):
            with self.line(context=context) as line:
                if line.getpeercert(binary_form=True) != old:
                    break
            time.sleep(0.1)
        with self.line() as line:
            self.assertEqual(self.ask(line), 200)
        self.assertEqual(self.ask(standing), 200)
        standing.close()

    def test_7_files_that_do_not_fit_are_told_and_nothing_starts(self):
        other = [os.path.join(self.folder, name) for name in ("other.pem", "other.key")]
        folder = os.path.join(self.folder, "other")
        make_files(*other)
        run(JINQIUD, "init", "--dir", folder, "--name", "示例", "--no-passphrase")
        certificate, key = self.files
        for code, sentence, *flags in (
                (1, "cannot open '/nowhere.pem'", "--tls-cert", "/nowhere.pem", "--tls-key", key),
                (1, "cannot open '/nowhere.key'", "--tls-cert", certificate, "--tls-key",
                 "/nowhere.key"),
                (1, "no certificate in PEM", "--tls-cert", key, "--tls-key", key),
                (1, "no key in PEM", "--tls-cert", certificate, "--tls-key", certificate),
                (1, "is not that of", "--tls-cert", certificate, "--tls-key", other[1]),
                (2, "--tls-key", "--tls-cert", certificate),
                (2, "--tls-cert", "--tls-key", key)):
            said = run(JINQIUD, "run", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", *flags,
                       "--dir", folder, code=code, error=True, env=ENGLISH)
            self.assertIn(sentence, said)
        both = ("--tls-cert", certificate, "--tls-key", key)
        for sentence, *flags in (("--http", *both),
                                 ("every address", "--http", "0.0.0.0:0", *both),
                                 ("this machine alone", "--http", "0.0.0.0:0")):
            said = run(JINQIUD, "run", "--listen", "127.0.0.1:0", *flags, "--dir", folder,
                       code=None, error=True, env=ENGLISH)
            self.assertIn(sentence, said)

    def test_8_a_handshake_that_takes_too_long_is_over(self):
        self.silent.settimeout(60)
        try:
            self.assertEqual(self.silent.recv(1), b"")
        except ConnectionResetError:
            pass
        self.silent.close()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
