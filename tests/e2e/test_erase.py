"""What is sealed about a person is read by whom it concerns, and gone everywhere once it is erased:
no program tells it, no file holds its keys, and every chain still holds."""

import os
import sqlite3
import unittest

from jinqiu import JINQIUD, World, run

NUMBER = "000000194001010000"
FOUND = "示例情况：独居，腿脚不便"


def keys(path):
    """The wrapped keys that a database holds, each 64 bytes."""
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = [bytes(row[0]) for row in base.execute("SELECT wrapped FROM _key WHERE wrapped NOTNULL")]
    base.close()
    return found


def files(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    yield path, file.read()


class Erase(unittest.TestCase):
    def test_sealed_for_roles_and_erased_everywhere(self):
        with World() as world:
            branch = world.branches[0]
            secretary, helper = world.join("secretary", branch), world.join("volunteer", branch)
            clerk, absent = world.join("clerk"), world.join("volunteer", branch)
            for client in (secretary, helper, clerk, absent):
                client.sync()
            person = secretary.call("add", "person", "name=示例党员壹",
                                    f"id_number={NUMBER}").strip()
            secretary.sync()
            for client in (helper, absent):
                client.sync()
            visit = helper.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                                f"situation={FOUND}").strip()
            for client in (helper, secretary, clerk, absent):
                client.sync()
            self.assertEqual(secretary.json("get", "person", person)["id_number"], NUMBER)
            self.assertEqual(clerk.json("get", "person", person)["id_number"], NUMBER)
            self.assertEqual(world.hub.json("get", "person", person)["id_number"], NUMBER)
            self.assertEqual(helper.json("get", "person", person)["id_number"], "***")
            for client in (secretary, clerk, absent):
                self.assertEqual(client.json("get", "visit", visit)["situation"], FOUND)
            # Who can't read it can't put the asterisks in its place.
            secretary.call("set", "person", person, "id_number=***", code=1)
            everything = os.path.join(world.folder)
            for path, content in files(everything):
                self.assertNotIn(NUMBER.encode(), content, path)
                self.assertNotIn(FOUND.encode(), content, path)
            held = set(keys(os.path.join(world.hub.folder, "hub.db")))
            self.assertEqual(len(held), 2)
            stick = os.path.join(world.folder, "stick")
            secretary.call("bundle", "write", stick)
            backup = os.path.join(world.folder, "backup")
            world.hub.call("backup", backup)
            self.assertTrue(os.path.exists(backup + ".keys"))
            os.unlink(backup + ".keys")  # as the erasure asks for: only the newest is kept

            world.hub.call("erase", "person", person)
            late = absent.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                               f"situation={FOUND}").strip()
            for client in (secretary, helper, clerk):
                client.sync()
                client.sync()
            waiting = world.hub.json("erasures")
            self.assertEqual([item["subject"] for item in waiting], [person])
            self.assertEqual([item["device"] for item in waiting[0]["waiting"]], [absent.device])
            absent.sync()
            absent.sync()
            self.assertEqual(world.hub.json("erasures")[0]["waiting"], [])
            run(JINQIUD, "bundle", "read", stick, "--dir", world.hub.folder)
            for client in (secretary, clerk):
                client.sync()
            for program in (world.hub, secretary, clerk, absent):
                self.assertEqual(program.json("get", "visit", visit)["situation"], "***")
                self.assertEqual(program.json("get", "visit", late)["situation"], "***")
                self.assertNotIn(NUMBER, program.call("history", "person", person))
                self.assertTrue(program.json("verify")["ok"])
            world.hub.stop()
            for path, content in files(everything):
                for key in held:
                    self.assertNotIn(key, content, path)
            # The backup comes back without what was erased, and its clients bring the erasure.
            restored = os.path.join(world.folder, "restored")
            words = run(JINQIUD, "restore", backup, "--dir", restored, error=True,
                        env={"JINQIU_LANG": "en"})
            self.assertIn("stay closed", words)
            self.assertEqual(keys(os.path.join(restored, "hub.db")), [])

    def test_a_restored_hub_reads_with_the_keys_beside_its_backup(self):
        with World() as world:
            secretary = world.join("secretary", world.branches[0])
            secretary.sync()
            person = secretary.call("add", "person", "name=示例党员壹",
                                    f"id_number={NUMBER}").strip()
            secretary.sync()
            backup = os.path.join(world.folder, "backup")
            world.hub.call("backup", backup)
            restored = os.path.join(world.folder, "restored")
            run(JINQIUD, "restore", backup, "--dir", restored)
            out = run(JINQIUD, "get", "person", person, "--dir", restored)
            self.assertIn(NUMBER, out)


if __name__ == "__main__":
    unittest.main()
