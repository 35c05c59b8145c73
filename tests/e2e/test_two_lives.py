"""A folder that is put back from a copy, or copied to a second machine: every save of both lives
arrives, the device lives on under a new incarnation, and the hub keeps the proof of the fork."""

import os
import random
import shutil
import unittest

from jinqiu import World


class TwoLives(unittest.TestCase):
    def copy(self, client, to):
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(client.folder, to)

    def names(self, replica):
        return sorted(row["name"] for row in replica.json("list", "person"))

    def agree(self, hub, *clients):
        wanted = hub.json("digest")
        for client in clients:
            self.assertEqual(wanted, client.json("digest"))
            self.assertTrue(client.json("verify")["ok"])
        self.assertTrue(hub.json("verify")["ok"])

    def add(self, client, name, saved):
        client.call("add", "person", f"name={name}")
        saved.append(name)

    def test_a_copy_put_back_keeps_what_both_lives_saved(self):
        with World() as world:
            saved = []
            client = world.join()
            kept = os.path.join(world.folder, "kept")
            self.add(client, "示例党员101", saved)
            client.sync()
            self.add(client, "示例党员102", saved)
            person = client.json("list", "person")[0]["id"]
            self.copy(client, kept)
            self.add(client, "示例党员103", saved)
            client.call("set", "person", person, "phone=13800000001")
            client.sync()
            shutil.rmtree(client.folder)
            shutil.copytree(kept, client.folder)
            self.add(client, "示例党员104", saved)
            self.add(client, "示例党员105", saved)
            client.call("set", "person", person, "phone=13800000002")
            client.sync(code=4)
            self.assertEqual(self.names(world.hub), saved)
            self.assertEqual(self.names(client), saved)
            conflict = client.json("conflicts", code=None)
            self.assertEqual(sorted(head["value"] for head in conflict[0]["heads"]),
                             ["13800000001", "13800000002"])
            self.agree(world.hub, client)
            self.assertTrue(any("number" in item["reason"] or "chain" in item["reason"]
                                for item in world.hub.json("set-aside")))
            self.add(client, "示例党员106", saved)
            client.sync(code=4)
            self.assertEqual(self.names(world.hub), saved)
            self.agree(world.hub, client)

    def test_an_older_copy_without_new_saves_fetches_its_own_back(self):
        with World() as world:
            saved = []
            client = world.join()
            kept = os.path.join(world.folder, "kept")
            self.add(client, "示例党员101", saved)
            client.sync()
            self.copy(client, kept)
            self.add(client, "示例党员102", saved)
            client.sync()
            shutil.rmtree(client.folder)
            shutil.copytree(kept, client.folder)
            client.sync()
            self.assertEqual(self.names(client), saved)
            self.add(client, "示例党员103", saved)
            client.sync()
            self.assertEqual(self.names(world.hub), saved)
            self.agree(world.hub, client)

    def test_two_machines_with_one_folder_both_arrive(self):
        with World() as world:
            saved = []
            first = world.join()
            self.add(first, "示例党员101", saved)
            first.sync()
            second = world.join()
            shutil.rmtree(second.folder)
            shutil.copytree(first.folder, second.folder)
            self.add(first, "示例党员102", saved)
            self.add(second, "示例党员103", saved)
            self.add(second, "示例党员104", saved)
            first.sync()
            second.sync()
            first.sync()
            self.assertEqual(self.names(world.hub), sorted(saved))
            self.agree(world.hub, first, second)
            device = next(item for item in world.hub.json("device", "list")
                          if item["id"] == first.device)
            self.assertEqual(device["state"], "forked")

    def test_random_copies_and_lives_lose_nothing(self):
        seed = int(os.environ.get("SEED", random.randrange(2**32)))
        print("SEED", seed)
        chance = random.Random(seed)
        with World() as world:
            saved, client = [], world.join()
            copies = [os.path.join(world.folder, f"copy{n}") for n in range(3)]
            for copy in copies:
                self.copy(client, copy)
            for step in range(40):
                what = chance.choice(("add", "add", "sync", "copy", "back", "swap"))
                copy = chance.choice(copies)
                if what == "add":
                    self.add(client, f"示例党员{step:03}", saved)
                elif what == "sync":
                    client.sync()
                elif what == "copy":  # what is written over must not hold anything unsent
                    client.sync()
                    folder, client.folder = client.folder, copy
                    client.sync()
                    client.folder = folder
                    self.copy(client, copy)
                elif what == "back":
                    client.sync()
                    shutil.rmtree(client.folder)
                    shutil.copytree(copy, client.folder)
                else:
                    shutil.move(client.folder, copy + ".other")
                    shutil.move(copy, client.folder)
                    shutil.move(copy + ".other", copy)
            folder = client.folder
            for copy in copies + [folder]:
                client.folder = copy
                client.sync()
            self.assertEqual(self.names(world.hub), sorted(saved))
            client.sync()
            self.agree(world.hub, client)


if __name__ == "__main__":
    unittest.main()
