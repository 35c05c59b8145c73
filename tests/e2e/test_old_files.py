"""What an older release wrote opens, verifies, syncs and takes new saves: tests/fixtures has replicas
and a bundle of every format, with what must be read from them."""

import glob
import json
import os
import sqlite3
import sys
import tarfile
import tempfile
import unittest

from jinqiu import JINQIU, JINQIUD, Client, Hub, run

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")
sys.path.insert(0, FIXTURES)
from make import PHRASE  # noqa: E402


class OldHub(Hub):
    def __init__(self, folder):
        self.folder, self.process, self.address = folder, None, "127.0.0.1:0"


class OldClient(Client):
    def __init__(self, folder, env=None):
        self.folder, self.env = folder, env

    def find_hub(self, address):
        """The hub listens elsewhere today than when the fixture was made."""
        with sqlite3.connect(os.path.join(self.folder, "replica.db")) as database:
            database.execute("UPDATE _meta SET value = CAST(? AS BLOB) WHERE name = 'hub_address'",
                             (address,))
        database.close()


class OldFiles(unittest.TestCase):
    def verified(self, program, folder, env=None):
        found = json.loads(run(program, "verify", "--dir", folder, "--json", env=env))
        self.assertEqual((found["ok"], found["bad"]), (True, []))
        self.assertGreater(found["entries"], 0)

    def opens_and_verifies(self, hub, clients, expected):
        self.verified(JINQIUD, hub.folder)
        self.assertEqual(hub.json("digest"), expected["hub"])
        for name, client in clients.items():
            self.verified(JINQIU, client.folder, client.env)
            self.assertEqual(client.json("digest"), expected["digests"][name])
        one = clients["one"]
        shown = one.json("get", "person", expected["person"])
        self.assertEqual({key: shown[key] for key in expected["shown"]}, expected["shown"])
        self.assertEqual(len(one.json("conflicts")), expected["conflicts"])
        self.assertEqual(clients["locked"].json("get", "person", expected["person"])["kin"],
                         expected["shown"]["kin"])

    def takes_the_bundle(self, hub, stick):
        read = [json.loads(run(JINQIUD, "bundle", "read", stick, "--dir", hub.folder, "--json"))
                for _ in range(2)]
        self.assertEqual([(each["applied"], each["known"]) for each in read], [(1, 0), (0, 1)])

    def syncs_and_saves(self, hub, clients, person):
        hub.start()
        try:
            for name in ("other", "one"):
                clients[name].find_hub(hub.address)
                clients[name].sync(code=4)
            clients["one"].call("set", "person", person, "note=又来过一次")
            for _ in range(2):
                for name in ("one", "other"):
                    clients[name].sync(code=4)
        finally:
            hub.stop()
        hubs = hub.json("digest")
        for name in ("one", "other"):
            ours = clients[name].json("digest")
            self.assertEqual(ours, {scope: hubs[scope] for scope in ours})
        self.assertEqual(len(clients["one"].json("list", "visit")), 2)
        clients["locked"].call("set", "person", person, "note=自行保存")
        for client in clients.values():
            self.verified(JINQIU, client.folder, client.env)
        self.verified(JINQIUD, hub.folder)

    def lives_on(self, path):
        with open(path + ".json", encoding="utf-8") as file:
            expected = json.load(file)
        with tempfile.TemporaryDirectory(prefix="jinqiu-old-") as folder:
            with tarfile.open(path + ".tar.xz") as packed:
                packed.extractall(folder)
            hub = OldHub(os.path.join(folder, "hub"))
            clients = {name: OldClient(os.path.join(folder, name),
                                       PHRASE if name == "locked" else None)
                       for name in ("one", "other", "locked")}
            self.opens_and_verifies(hub, clients, expected)
            self.takes_the_bundle(hub, os.path.join(folder, "stick"))
            self.syncs_and_saves(hub, clients, expected["person"])

    def test_every_format_that_was_ever_released(self):
        fixtures = sorted(glob.glob(os.path.join(FIXTURES, "*.json")))
        self.assertTrue(fixtures)
        for path in fixtures:
            with self.subTest(os.path.basename(path)):
                self.lives_on(path[:-len(".json")])


if __name__ == "__main__":
    unittest.main()
