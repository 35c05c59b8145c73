"""The hub's disk dies and last week's backup is put back: clients give back what it lost, devices
that were admitted meanwhile are known again, and new ones get other numbers."""

import os
import shutil
import unittest

from jinqiu import JINQIU, JINQIUD, World, run


class Restored(unittest.TestCase):
    def names(self, replica):
        return sorted(row["name"] for row in replica.json("list", "person"))

    def restore(self, world, file):
        world.hub.stop()
        shutil.rmtree(world.hub.folder)
        run(JINQIUD, "restore", file, "--dir", world.hub.folder)
        world.hub.start()

    def test_clients_give_back_what_a_restored_hub_lost(self):
        with World() as world:
            file = os.path.join(world.folder, "hub.backup")
            first, second = world.join(), world.join()
            first.call("add", "person", "name=示例党员301")
            first.sync()
            world.hub.call("backup", file)  # while it serves
            self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
            self.assertIn("存在", run(JINQIUD, "backup", file, "--dir", world.hub.folder, code=1,
                                    error=True))
            first.call("add", "person", "name=示例党员302")
            first.sync()
            late = world.join(org=world.branches[0])
            late.call("add", "person", "name=示例党员303")
            late.sync()
            second.sync()
            unused = world.hub.invite(world.township, "secretary", "示例党员099")

            self.restore(world, file)
            self.assertEqual(self.names(world.hub), ["示例党员301"])
            late.call("add", "person", "name=示例党员304")
            late.sync()
            for client in (first, second, late):
                client.sync()
            names = ["示例党员301", "示例党员302", "示例党员303", "示例党员304"]
            self.assertEqual(self.names(world.hub), names)
            self.assertEqual(self.names(first), names)
            self.assertIn(late.device, [item["id"] for item in world.hub.json("device", "list")])
            newcomer = world.join()
            devices = world.hub.json("device", "list")
            self.assertEqual(len({item["index"] for item in devices}), len(devices))
            newcomer.call("add", "person", "name=示例党员305")
            for client in (newcomer, first, second, late, newcomer, first):
                client.sync()
            self.assertEqual(world.hub.json("digest"), first.json("digest"))
            self.assertEqual(self.names(newcomer), names + ["示例党员305"])
            self.assertEqual(first.sync()["round_trips"], 1)
            for replica in (world.hub, first, late, newcomer):
                self.assertTrue(replica.json("verify")["ok"])
            self.assertIn("JQ1-", unused)
            run(os.environ["JINQIU"], "join", unused, "--no-passphrase", "--dir",
                os.path.join(world.folder, "stranger"), code=1)

    def test_what_came_by_stick_and_was_lost_comes_again_by_line(self):
        with World() as world:
            file, stick, held = (os.path.join(world.folder, name)
                                 for name in ("hub.backup", "stick", "frontier"))
            village = world.join(org=world.branches[0])
            village.sync()
            world.hub.call("backup", file)
            village.call("add", "person", "name=示例党员311")
            village.call("bundle", "write", stick)
            run(JINQIUD, "bundle", "read", stick, "--dir", world.hub.folder)
            village.call("frontier", held)
            world.hub.call("bundle", "write", stick, "--for", held)
            run(JINQIU, "bundle", "read", stick, "--dir", village.folder)
            self.assertEqual(village.json("status")["unsent"], 0)
            # The backup knows of the last session what the village does, and not of the stick.
            self.restore(world, file)
            self.assertEqual(self.names(world.hub), [])
            village.sync()
            self.assertEqual(self.names(world.hub), ["示例党员311"])

    def test_a_backup_goes_into_an_empty_folder_only(self):
        with World() as world:
            file = os.path.join(world.folder, "hub.backup")
            world.hub.call("backup", file)
            run(JINQIUD, "restore", file, "--dir", world.hub.folder, code=1)
            other = os.path.join(world.folder, "other")
            with open(os.path.join(world.folder, "no.backup"), "w", encoding="ascii") as no_backup:
                no_backup.write("this is not a backup\n" * 100)
            run(JINQIUD, "restore", no_backup.name, "--dir", other, code=1)
            self.assertEqual(os.listdir(other), [])
            run(JINQIUD, "restore", file, "--dir", other)

    def carry(self, world, client):
        """A stick to the hub and back."""
        there, held, back = (os.path.join(world.folder, name) for name in ("there", "held", "back"))
        client.call("bundle", "write", there)
        client.call("frontier", held)
        world.hub.call("bundle", "read", there)
        world.hub.call("bundle", "write", back, "--for", held)
        client.call("bundle", "read", back)
        for file in (there, held, back):
            os.remove(file)

    def test_a_village_with_sticks_alone_hears_of_it_and_gives_back_too(self):
        with World() as world:
            file = os.path.join(world.folder, "hub.backup")
            client = world.join()
            client.call("add", "person", "name=示例党员301")
            client.sync()
            world.hub.call("backup", file)
            client.call("add", "person", "name=示例党员302")
            self.carry(world, client)
            self.assertEqual(client.json("status")["unsent"], 0)

            self.restore(world, file)
            client.call("add", "person", "name=示例党员303")
            self.carry(world, client)
            self.assertEqual(client.json("status")["unsent"], 2)
            self.carry(world, client)
            self.assertEqual(client.json("status")["unsent"], 0)
            names = ["示例党员301", "示例党员302", "示例党员303"]
            self.assertEqual(self.names(world.hub), names)
            client.sync()
            self.assertEqual(client.json("digest"), world.hub.json("digest"))


if __name__ == "__main__":
    unittest.main()
