#!/usr/bin/env python3
"""Pages that nobody uses lock themselves: the keys leave the memory, no request reads or writes, and
only the passphrase or the recovery code opens them again."""

import contextlib
import hashlib
import http.client
import os
import re
import struct
import sys
import time
import unittest

from jinqiu import JINQIU, Client, World, eventually, run
from pages import Pages

PHRASE = "梧桐 daylight 七十二 harbour"
OTHER = "another four words entirely"
SECRET = "示例党员绝密001"
SLOT_BYTES = 196
RECOVERY = 2
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class LockedClient(Client):
    """As Client, with a passphrase and a recovery code."""

    def __init__(self, folder, code):
        self.folder = folder
        self.env = {"JINQIU_PASSPHRASE": PHRASE}
        self.device, self.paper = self.call("join", code, "--recovery-code").split()


def join(world):
    world.clients += 1
    code = world.hub.invite(world.township, "secretary", f"示例党员{world.clients:03}")
    return LockedClient(os.path.join(world.folder, f"client{world.clients}"), code)


def serve(client, **env):
    """The passphrase from a file: AddressSanitizer keeps a copy of the environment."""
    flags = []
    if client.env:
        flags = ["--passphrase-file", client.folder + ".phrase"]
        with open(flags[1], "w", encoding="utf-8") as file:
            file.write(PHRASE)
    pages = Pages(client.folder, *flags, env={**os.environ, "JINQIU_LANG": "en", **env})
    pages.enter()
    return pages


# ---- the keys, as the recovery code gives them; by other code than the program's ----

def quarter(x, a, b, c, d):
    for one, two, three, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[one] = (x[one] + x[two]) & 0xffffffff
        turned = x[three] ^ x[one]
        x[three] = (turned << bits | turned >> (32 - bits)) & 0xffffffff


def chacha(key, tail):
    """The state before and after twenty rounds."""
    before = list(struct.unpack("<16I", b"expand 32-byte k" + key + tail))
    after = before[:]
    for _ in range(10):
        for places in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                       (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(after, *places)
    return before, after


def xchacha_open(key, nonce, box):
    _, mixed = chacha(key, nonce[:16])
    subkey = struct.pack("<8I", *mixed[:4], *mixed[12:])
    before, after = chacha(subkey, struct.pack("<I", 1) + bytes(4) + nonce[16:])
    stream = struct.pack("<16I", *((a + b) & 0xffffffff for a, b in zip(before, after)))
    return bytes(a ^ b for a, b in zip(box, stream))


def keys_of(client):
    """The folder's master key and the key of its pages."""
    number = 0
    for letter in client.paper.replace("-", ""):
        number = number << 5 | ALPHABET.index(letter)
    code = number.to_bytes(15, "big")
    with open(os.path.join(client.folder, "slots.a"), "rb") as file:
        content = file.read()
    at = content.index(bytes([RECOVERY]) + bytes(11))
    slot = content[at:at + SLOT_BYTES]
    key = hashlib.blake2b(b"jinqiu keyslot 1" + slot[12:28] + code, digest_size=32).digest()
    master = xchacha_open(key, slot[28:52], slot[52:84])
    pages = hashlib.blake2b(key=master, digest_size=32, salt=(1).to_bytes(16, "little"),
                            person=b"jinqiu01").digest()
    return master, pages


def memory_of(process):
    """All that the process can write to."""
    found = []
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps, \
            open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in maps:
            first, last, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            # AddressSanitizer's shadow takes terabytes and holds no bytes of the program's.
            if not rights.startswith("rw") or int(last, 16) - int(first, 16) > 1 << 32:
                continue
            try:
                memory.seek(int(first, 16))
                found.append(memory.read(int(last, 16) - int(first, 16)))
            except OSError:
                continue
    return found


def holds_open(process):
    """Has it the folder's database open?"""
    files = f"/proc/{process}/fd"
    for name in os.listdir(files):
        # A file that was closed since the list was read isn't open.
        with contextlib.suppress(FileNotFoundError):
            if "replica.db" in os.readlink(os.path.join(files, name)):
                return True
    return False


class Lock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.world.__enter__()
        cls.client = join(cls.world)

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    def ask(self, method, path, status, body=None):
        answer = self.pages.ask(method, path, body)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json()

    def lock(self):
        self.ask("POST", "/api/lock", 202, {})
        eventually(lambda: self.pages.ask("GET", "/api/status").status == 423, "locked")

    def test_no_key_stays_in_memory_and_nothing_is_read_or_written(self):
        client = self.client
        needles = {"master": keys_of(client)[0], "pages": keys_of(client)[1],
                   "passphrase": PHRASE.encode(), "code": client.paper.lower().encode()}
        with serve(client) as self.pages:
            person = self.ask("POST", "/api/rows/person", 201, {"fields": {"name": SECRET}})
            process = self.pages.process.pid
            self.search(process, needles, ["master", "pages"])
            self.lock()
            self.search(process, needles, [])
            row = f"/api/rows/person/{person['id']}"
            for method, path, body in (
                    ("GET", "/api/rows/person", None), ("GET", row, None),
                    ("PATCH", row, {"fields": {"phone": "1"}}),
                    ("PUT", "/api/drafts/d", {"x": 1}), ("POST", "/api/sync", {}),
                    ("POST", "/api/presence", {})):
                refused = self.ask(method, path, 423, body)
                self.assertEqual(refused["status"], "locked")
                self.assertIn("locked", refused["error"])
            self.ask("POST", "/api/unlock", 200, {"secret": PHRASE})
            self.ask("PATCH", row, 200, {"fields": {"phone": "1"}})
            # What the person sent isn't kept either; nor the code on paper.
            self.lock()
            self.search(process, needles, [])
            self.ask("POST", "/api/unlock", 200, {"secret": client.paper.lower()})
            self.assertEqual(self.ask("GET", row, 200)["row"]["phone"], "1")
            self.lock()
            self.search(process, needles, [])
        self.assertEqual(self.pages.errors, "")

    def search(self, process, needles, there):
        """Which of them lie in the process's memory, once the folder is closed or open."""
        def found():
            memory = memory_of(process)  # its map may change while it is read
            return [name for name, needle in needles.items()
                    if any(needle in part for part in memory)]

        try:
            eventually(lambda: holds_open(process) == bool(there), "open or closed")
            eventually(lambda: found() == there, f"{there} in memory, and nothing else")
        except PermissionError:
            self.skipTest("only root may look into the memory of a protected process")

    def test_it_locks_when_nobody_is_there_and_neither_streams_nor_polling_nor_syncing_are_somebody(self):
        client, other = self.client, self.world.join()
        with serve(client, JINQIU_LOCK_MS="3000") as self.pages:
            stream = http.client.HTTPConnection(self.pages.address, timeout=30)
            stream.request("GET", "/api/events", headers=self.pages.headers("GET"))
            events = stream.getresponse()
            self.assertEqual(self.ask("GET", "/api/status", 200)["lock"], {"idle_ms": 3000})
            # A person who only moves the mouse is there.
            for _ in range(8):
                self.ask("POST", "/api/presence", 200, {})
                time.sleep(0.5)
            other.call("add", "person", f"name={SECRET}")
            other.sync()
            eventually(lambda: self.pages.ask("GET", "/api/rows/person").status == 423, "idle")
            names = []
            while "locked" not in names:
                names += re.findall(r"^event: (\w+)", events.readline().decode())
            self.assertLess(names.index("leaving"), names.index("locked"))
            stream.close()
            self.ask("POST", "/api/unlock", 200, {"secret": PHRASE})
            self.assertEqual(len(self.ask("GET", "/api/rows/person", 200)["rows"]), 1)
        self.assertEqual(self.pages.errors, "")

    def test_a_wrong_passphrase_opens_nothing_and_guessing_gets_slower(self):
        client = self.client
        with serve(client) as self.pages:
            self.lock()
            for wrong in ({}, {"secret": 1}, {"secret": ""}, {"secret": "x" * 5000}):
                self.ask("POST", "/api/unlock", 400, wrong)
            waits = [self.ask("POST", "/api/unlock", 403, {"secret": f"wrong {n}"})["wait_ms"]
                     for n in range(5)]
            self.assertEqual(waits[:4], [0] * 4)
            self.assertGreater(waits[4], 0)
            # Neither does the right one count while one has to wait.
            waits = self.ask("POST", "/api/unlock", 429, {"secret": PHRASE})["wait_ms"]
            self.ask("GET", "/api/rows/person", 423)
            time.sleep(waits / 1000)
            again = self.ask("POST", "/api/unlock", 403, {"secret": "wrong"})["wait_ms"]
            self.assertGreater(again, waits)
            time.sleep(again / 1000)
            self.ask("POST", "/api/unlock", 200, {"secret": PHRASE})
            self.ask("GET", "/api/rows/person", 200)
            # A new beginning.
            self.lock()
            self.assertEqual(
                self.ask("POST", "/api/unlock", 403, {"secret": "wrong"})["wait_ms"], 0)
        self.assertEqual(self.pages.errors, "")

    def test_a_passphrase_that_was_changed_meanwhile_counts(self):
        client = join(self.world)
        with serve(client) as self.pages:
            self.lock()
            run(JINQIU, "passphrase", "--dir", client.folder,
                env={"JINQIU_PASSPHRASE": PHRASE, "JINQIU_NEW_PASSPHRASE": OTHER})
            self.ask("POST", "/api/unlock", 403, {"secret": PHRASE})
            self.ask("POST", "/api/unlock", 200, {"secret": OTHER})
        self.assertEqual(self.pages.errors, "")

    def test_without_the_passphrase_it_starts_locked_and_the_page_asks(self):
        client = self.client
        with Pages(client.folder) as self.pages:
            self.pages.enter()
            self.ask("GET", "/api/status", 423)
            self.search(self.pages.process.pid, {"master": keys_of(client)[0]}, [])
            self.ask("POST", "/api/unlock", 403, {"secret": "wrong"})
            self.ask("POST", "/api/unlock", 200, {"secret": PHRASE})
            self.ask("GET", "/api/rows/person", 200)
        self.assertEqual(self.pages.errors, "")

    def test_a_draft_is_saved_while_everybody_leaves_and_is_there_afterwards(self):
        client = self.client
        with serve(client) as self.pages:
            self.ask("POST", "/api/lock", 202, {})
            self.ask("PUT", "/api/drafts/d", 200, {"name": SECRET})
            # Who is quick with the passphrase waits until it is locked, and comes in.
            self.ask("POST", "/api/unlock", 200, {"secret": PHRASE})
            drafts = self.ask("GET", "/api/drafts", 200)["drafts"]
            self.assertEqual(drafts[0]["draft"], {"name": SECRET})
        self.assertEqual(self.pages.errors, "")

    def test_a_folder_without_a_passphrase_is_not_locked(self):
        client = self.world.join()
        with serve(client, JINQIU_LOCK_MS="100") as self.pages:
            self.assertIsNone(self.ask("GET", "/api/status", 200)["lock"])
            self.ask("POST", "/api/lock", 403, {})
            time.sleep(1)
            self.ask("GET", "/api/rows/person", 200)
            self.ask("POST", "/api/unlock", 200, {"secret": "whatever"})

    def test_it_stops_cleanly_while_it_is_locked_and_while_it_opens(self):
        client = self.client
        with serve(client) as self.pages:
            self.lock()
        self.assertEqual((self.pages.process.returncode, self.pages.errors), (0, ""))
        with serve(client) as self.pages:
            self.lock()
            line = http.client.HTTPConnection(self.pages.address, timeout=30)
            headers = {**self.pages.headers("POST"), "Content-Type": "application/json"}
            line.request("POST", "/api/unlock", '{"secret": "wrong"}', headers)
        self.assertEqual((self.pages.process.returncode, self.pages.errors), (0, ""))
        line.close()

    def test_the_time_is_a_number_of_minutes(self):
        client = self.world.join()
        for minutes in ("x", "-1", "2000", "1.5"):
            client.call("serve", "--lock", minutes, code=2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
