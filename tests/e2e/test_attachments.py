"""Files of rows between real programs: a picture goes to the hub and to who asks for it, through cut
lines and within a budget; peers carry it; an erasure takes it."""

import json
import os
import random
import socket
import sqlite3
import threading
import unittest

from jinqiu import World
from test_peers import Listening


def write(folder, name, size, seed):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(random.Random(seed).randbytes(size))
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def state(client, visit):
    return client.json("attachment", "list", "visit", visit)[0]


def relay(client, address):
    base = sqlite3.connect(os.path.join(client.folder, "replica.db"))
    base.execute("UPDATE _meta SET value = ? WHERE name = 'hub_address'", (address.encode(),))
    base.commit()
    base.close()


class Cutter:
    """A relay to `address` that ends each connection after so many bytes, both ways together."""

    def __init__(self, address, after):
        host, port = address.rsplit(":", 1)
        self.target, self.after = (host, int(port)), after
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def serve(self, near):
        left = [self.after]
        with near, socket.create_connection(self.target) as far:
            back = threading.Thread(target=self.pump, args=(far, near, left), daemon=True)
            back.start()
            self.pump(near, far, left)
            back.join()

    def pump(self, source, sink, left):
        try:
            while left[0] > 0:
                data = source.recv(min(4096, left[0]))
                if not data:
                    break
                left[0] -= len(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Attachments(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.writer = self.world.join("volunteer", self.world.branches[0])
        self.reader = self.world.join("secretary", self.world.branches[0])
        self.person = self.writer.call("add", "person", "name=示例党员001").strip()
        for client in (self.writer, self.reader):
            client.sync()

    def add(self, photo, *more):
        return self.writer.call("add", "visit", f"target_ref=person:{self.person}",
                                "kind=home_visit", f"photo=@{photo}", *more).strip()

    def at_hub(self, visit):
        return self.world.hub.json("attachment", "list", "visit", visit)[0]

    def assert_same(self, client, visit, path, *flags):
        out = os.path.join(client.folder, "out")
        client.call("attachment", "get", "visit", visit, out, *flags)
        self.assertEqual(read(out), read(path))
        os.remove(out)

    def test_a_photo_reaches_who_asks_for_it(self):
        photo = write(self.world.folder, "照片.jpg", 300_000, 1)
        thumbnail = write(self.world.folder, "small.jpg", 5_000, 2)
        visit = self.add(photo, "--thumbnail", thumbnail)
        self.assertEqual(self.writer.json("get", "visit", visit)["photo"], "照片.jpg")
        self.assertEqual(self.writer.sync()["parts_sent"], 44)
        self.assertTrue(state(self.writer, visit)["sent"])
        self.assertEqual(self.reader.sync()["parts_received"], 1)
        self.assert_same(self.reader, visit, thumbnail, "--thumbnail")
        self.assertIn("attachment fetch", self.reader.call("attachment", "get", "visit", visit, "-",
                                                           code=1, error=True))
        told = self.reader.json("attachment", "fetch", "visit", visit)
        self.assertTrue(told["here"])
        self.assertLess(told["bytes_in"], 300_000 * 1.03)
        self.assert_same(self.reader, visit, photo)
        self.assertEqual(self.reader.sync()["parts_received"], 0)
        stranger = self.world.join("secretary", self.world.branches[1])
        self.assertEqual(stranger.sync()["parts_received"], 0)
        self.assertEqual(stranger.json("attachment", "list"), [])
        self.assertTrue(self.at_hub(visit)["here"])
        self.assertTrue(self.reader.json("verify")["ok"])
        self.assertTrue(self.world.hub.json("verify")["ok"])

    def test_what_is_no_file_is_refused(self):
        empty = write(self.world.folder, "empty.jpg", 0, 1)
        large = write(self.world.folder, "large.jpg", (1 << 25) + 1, 1)
        for file in (f"@{empty}", f"@{large}", "@/nowhere/at.jpg", "照片.jpg"):
            self.writer.call("add", "visit", f"target_ref=person:{self.person}", "kind=home_visit",
                             f"photo={file}", code=1)
        self.assertEqual(self.writer.json("attachment", "list"), [])
        # Only the command line names files of this machine; other ways in don't.
        fields = {"target_ref": f"person:{self.person}", "kind": "home_visit", "photo": "@/etc/passwd"}
        line = json.dumps({"op": "add", "table": "visit", "fields": fields})
        self.writer.call("apply", "-", code=1, data=line.encode())
        self.assertEqual(self.writer.json("list", "visit"), [])

    def test_a_cut_line_goes_on_where_it_was(self):
        visit = self.add(write(self.world.folder, "照片.jpg", 400_000, 3))
        cutter = Cutter(self.world.hub.address, 90_000)
        relay(self.writer, cutter.address)
        tries = 0
        while not state(self.writer, visit)["sent"]:
            self.writer.call("sync", code=None)
            tries += 1
            self.assertLess(tries, 12)
        self.assertGreater(tries, 4)
        cutter.server.close()
        self.assertTrue(self.at_hub(visit)["here"])

    def test_a_budget_holds(self):
        photo = write(self.world.folder, "照片.jpg", 500_000, 4)
        visit = self.add(photo)
        told = self.writer.json("sync", "--budget", "0")
        self.assertEqual((told["sent"], told["parts_sent"]), (1, 0))
        sessions = 0
        while not state(self.writer, visit)["sent"]:
            told = self.writer.json("sync", "--budget", "200KB")
            self.assertLessEqual(told["bytes_in"] + told["bytes_out"], 200_000)
            sessions += 1
            self.assertLess(sessions, 5)
        self.assertEqual(sessions, 3)
        told = self.reader.json("sync", "--attachments", "--budget", "100KB")
        self.assertGreater(told["parts_received"], 5)
        self.reader.json("sync", "--attachments")
        self.assert_same(self.reader, visit, photo)
        self.writer.call("sync", "--budget", "much", code=2)

    def test_a_peer_carries_it_to_the_hub(self):
        self.world.hub.stop()
        photo = write(self.world.folder, "照片.jpg", 100_000, 5)
        visit = self.add(photo)
        with Listening(self.writer) as there:
            self.reader.json("sync", "--peer", there.address)
        self.assert_same(self.reader, visit, photo)
        self.world.hub.start()
        self.reader.sync()
        self.assertTrue(self.at_hub(visit)["here"])
        self.assertEqual(self.writer.sync()["parts_sent"], 0)  # the hub has it, and says so
        self.assertTrue(state(self.writer, visit)["sent"])

    def test_a_stick_carries_it(self):
        photo = write(self.world.folder, "照片.jpg", 200_000, 7)
        visit = self.add(photo)
        without, small, whole = (os.path.join(self.world.folder, name) for name in "abc")
        self.assertEqual(self.writer.json("bundle", "write", without)["parts"], 0)
        self.assertEqual(self.writer.json("bundle", "write", small, "--attachments", "100KB")["parts"], 0)
        told = self.writer.json("bundle", "write", whole, "--attachments", "1MB")
        self.assertEqual(told["parts"], 29)
        self.assertLess(told["bytes"], 200_000 * 1.03 + 3000)
        torn = os.path.join(self.world.folder, "torn")
        with open(torn, "wb") as file:
            file.write(read(whole)[:120_000])
        self.reader.call("bundle", "read", torn, code=1)
        held = state(self.reader, visit)["held"]
        self.assertTrue(5 < held < 29, held)
        for _ in range(2):
            self.reader.json("bundle", "read", whole)
            self.assert_same(self.reader, visit, photo)
        self.world.hub.stop()
        self.world.hub.call("bundle", "read", whole)
        self.assertTrue(self.at_hub(visit)["here"])

    def test_an_erasure_takes_it(self):
        photo = write(self.world.folder, "照片.jpg", 100_000, 6)
        visit = self.add(photo)
        self.writer.sync()
        self.reader.json("sync", "--attachments")
        self.assert_same(self.reader, visit, photo)
        self.world.hub.call("erase", "person", self.person)
        for client in (self.writer, self.reader):
            client.sync()
            self.assertEqual(client.json("get", "visit", visit)["photo"], "***")
            self.assertEqual(state(client, visit)["held"], 0)
            client.call("attachment", "get", "visit", visit, "-", code=1)
        self.assertEqual(self.at_hub(visit)["held"], 0)


if __name__ == "__main__":
    unittest.main()
