"""Disks rot: what differs from the log is made anew from it, and a file that is damaged itself is
put aside and made anew; what it lost, others bring back. The hub's, too. So it is with files of rows."""

import glob
import json
import os
import sqlite3
import unittest

from jinqiu import World, eventually
from test_attachments import read, write


def change(folder, name, sql):
    """What a broken disk does to the tables."""
    database = sqlite3.connect(os.path.join(folder, name))
    database.execute(sql)
    database.commit()
    database.close()


def rot(path, text):
    """Every place of the file that holds `text` holds something else."""
    with open(path, "r+b") as file:
        content = file.read()
        at = content.find(text.encode())
        assert at >= 0
        while at >= 0:
            file.seek(at + 8)
            file.write(bytes([content[at + 8] ^ 4]))
            at = content.find(text.encode(), at + 1)


class Repair(unittest.TestCase):
    def names(self, replica):
        return sorted(row["name"] for row in replica.json("list", "person"))

    def test_tables_that_differ_from_the_log_are_made_anew(self):
        with World() as world:
            client = world.join()
            client.call("add", "person", "name=示例党员301", "phone=100")
            client.sync()
            for sql in ("UPDATE person SET phone = '101'", "DELETE FROM person",
                        "UPDATE _tally SET rows = rows + 1"):
                change(client.folder, "replica.db", sql)
                self.assertFalse(client.json("verify", code=1)["ok"])
                report = client.json("verify", "--repair")
                self.assertEqual(report["mended"], "tables")
                self.assertTrue(report["bad"])
                self.assertTrue(client.json("verify")["ok"])
                self.assertEqual(client.json("list", "person")[0]["phone"], "100")
            self.assertEqual(client.json("verify", "--repair")["mended"], "nothing")
            self.assertEqual(client.json("digest"), {key: value for key, value in
                                                     world.hub.json("digest").items()
                                                     if key in client.json("digest")})

    def test_a_failed_truth_check_mends_the_tables_by_itself(self):
        with World() as world:
            client = world.join()
            client.call("add", "person", "name=示例党员301", "phone=100")
            client.sync()
            change(client.folder, "replica.db", "UPDATE _tally SET rows = rows + 1")
            self.assertTrue(client.sync(code=1)["differs"])
            self.assertFalse(client.sync()["differs"])
            self.assertTrue(client.json("verify")["ok"])

    def test_a_hub_that_rots_while_it_runs_says_so_and_goes_on(self):
        with World() as world:
            client = world.join()
            client.call("add", "person", "name=示例党员301", "phone=100")
            client.sync()
            world.hub.stop()
            change(world.hub.folder, "hub.db", "UPDATE person SET phone = '101'")
            world.hub.start()
            eventually(lambda: "verify --repair" in world.hub.call("status", error=True), "told")
            self.assertTrue(world.hub.json("status")["damaged"])
            client.call("add", "person", "name=示例党员302")
            client.sync(code=None)  # what is signed still goes to and fro
            self.assertEqual(client.json("status")["unsent"], 0)
            world.hub.stop()
            world.hub.call("verify", "--repair")
            world.hub.start()
            self.assertFalse(world.hub.json("status")["damaged"])
            self.assertEqual(self.names(world.hub), ["示例党员301", "示例党员302"])

    def test_entries_that_rotted_come_back_and_none_beyond_them_is_lost(self):
        with World() as world:
            client = world.join()
            for number in range(301, 306):
                client.call("add", "person", f"name=示例党员{number}")
                client.sync()
            client.call("add", "person", "name=示例党员306")  # nobody else has it
            path = os.path.join(client.folder, "replica.db")
            rot(path, "示例党员303")
            self.assertFalse(client.json("verify", code=1)["ok"])
            report = client.json("verify", "--repair", code=1)
            self.assertEqual((report["mended"], report["missing"]), ("file", 4))
            self.assertEqual(report["aside"], path + ".damaged-1")
            self.assertEqual(self.names(client), ["示例党员301", "示例党员302"])
            self.assertEqual(client.json("status")["missing"], 4)
            client.sync()
            client.sync()
            names = [f"示例党员{number}" for number in range(301, 307)]
            self.assertEqual(self.names(client), names)
            self.assertEqual(self.names(world.hub), names)
            self.assertEqual(client.json("status")["missing"], 0)
            client.call("add", "person", "name=示例党员307")
            client.sync()
            self.assertEqual(self.names(world.hub), names + ["示例党员307"])
            self.assertTrue(client.json("verify")["ok"] and world.hub.json("verify")["ok"])

    def test_clients_bring_back_what_rotted_at_the_hub(self):
        with World() as world:
            client = world.join()
            for number in range(301, 304):
                client.call("add", "person", f"name=示例党员{number}")
                client.sync()
            world.hub.call("verify", "--repair")  # nothing to mend while it serves
            path = os.path.join(world.hub.folder, "hub.db")
            world.hub.stop()
            rot(path, "示例党员302")
            world.hub.start()
            self.assertIn("使用", world.hub.call("verify", "--repair", code=1, error=True))
            world.hub.stop()
            world.hub.call("verify", "--repair", code=1)
            world.hub.start()
            self.assertEqual(self.names(world.hub), ["示例党员301"])
            client.sync()
            client.sync()
            self.assertEqual(self.names(world.hub), self.names(client))
            self.assertEqual(len(self.names(client)), 3)
            client.call("add", "person", "name=示例党员304")
            newcomer = world.join()
            for replica in (client, newcomer, client):
                replica.sync()
            self.assertEqual(self.names(newcomer), self.names(client))
            self.assertEqual(world.hub.json("status")["missing"], 0)
            for replica in (client, newcomer, world.hub):
                self.assertTrue(replica.json("verify")["ok"])
            self.assertEqual(glob.glob(path + ".damaged-*"), [path + ".damaged-1"])



class Attachments(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.writer = self.world.join("volunteer", self.world.branches[0])
        self.reader = self.world.join("secretary", self.world.branches[0])
        self.person = self.writer.call("add", "person", "name=示例党员303").strip()
        self.reader.call("add", "person", "name=示例党员304")
        self.sync(self.reader, self.writer, self.reader)
        self.photo = write(self.world.folder, "照片.jpg", 100_000, 1)
        self.visit = self.writer.call("add", "visit", f"target_ref=person:{self.person}",
                                      "kind=home_visit", f"photo=@{self.photo}").strip()

    def sync(self, *clients):
        for client in clients:
            client.sync()

    def assert_here(self, client):
        out = os.path.join(client.folder, "out")
        client.call("attachment", "get", "visit", self.visit, out)
        self.assertEqual(read(out), read(self.photo))
        os.remove(out)

    def damage(self, folder, name, sql):
        change(folder, name, sql.replace("ONE", "(SELECT max(id) - 3 FROM _unit)"))

    def test_a_part_that_rotted_or_is_gone_is_told_and_fetched_again(self):
        self.sync(self.writer, self.reader)
        self.reader.call("attachment", "fetch", "visit", self.visit)
        for sql in ("UPDATE _unit SET unit = zeroblob(length(unit)) WHERE id = ONE",
                    "DELETE FROM _unit WHERE id = ONE", "DELETE FROM _unit",
                    "UPDATE _attachment SET held = held - 1"):
            with self.subTest(sql):
                self.assertTrue(self.reader.json("verify")["ok"])
                self.damage(self.reader.folder, "replica.db", sql)
                bad = self.reader.json("verify", code=1)["bad"]
                self.assertIn("attachments of which a part is damaged or gone: 1", bad)
                report = self.reader.json("verify", "--repair", code=1)
                self.assertEqual((report["mended"], report["attachments_lost"]), ("tables", 1))
                self.assertTrue(self.reader.json("verify")["ok"])
                self.reader.sync()
                self.assert_here(self.reader)

    def test_clients_bring_back_the_parts_that_rotted_at_the_hub(self):
        self.sync(self.writer, self.reader)
        self.world.hub.stop()
        self.damage(self.world.hub.folder, "hub.db", "DELETE FROM _unit WHERE id = ONE")
        self.world.hub.call("verify", code=1)
        report = json.loads(self.world.hub.call("verify", "--repair", "--json", code=1))
        self.assertEqual(report["attachments_lost"], 1)
        self.world.hub.start()
        self.sync(self.reader, self.writer, self.writer)
        self.reader.call("attachment", "fetch", "visit", self.visit)
        self.assert_here(self.reader)
        self.assertEqual(self.writer.sync()["parts_sent"], 0)

    def test_a_file_that_is_made_anew_keeps_the_attachments_that_nobody_else_has(self):
        for name in ("示例党员304", "示例党员303"):  # another's entry; one of our own before the file's
            with self.subTest(name):
                rot(os.path.join(self.writer.folder, "replica.db"), name)
                report = self.writer.json("verify", "--repair", code=1)
                self.assertEqual((report["mended"], report["attachments_lost"]), ("file", 0))
                self.assertGreater(report["missing"], 0)
                self.sync(self.writer, self.writer)
                self.assert_here(self.writer)
        self.sync(self.writer, self.reader)
        self.reader.call("attachment", "fetch", "visit", self.visit)
        self.assert_here(self.reader)


if __name__ == "__main__":
    unittest.main()
