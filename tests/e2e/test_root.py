"""The root keys live on sticks: two of three replace the daily key, replace the root itself, and
admit the bureau's devices; one alone does nothing."""

import os
import unittest

from jinqiu import JINQIU, JINQIUD, Client, World, run


def sticks_of(world):
    paths = [os.path.join(world.folder, f"stick{n}") for n in (1, 2, 3)]
    for number, path in enumerate(paths, 1):
        world.hub.call("root", "export", path, "--key", str(number), "--remove")
    return paths


def content_of(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


class Root(unittest.TestCase):
    def refused(self, world, *arguments):
        return world.hub.call(*arguments, code=1, error=True, env={"JINQIU_LANG": "en"})

    def key_here(self, world):
        return [key["here"] for key in world.hub.json("root", "list")["keys"]]

    def test_keys_leave_the_folder_and_two_of_them_replace_the_daily_key(self):
        with World() as world:
            before = world.join()
            self.assertEqual(world.hub.json("root", "list")["threshold"], 2)
            self.assertEqual(sorted(self.key_here(world)), [1, 2, 3])
            one, two, _ = sticks_of(world)
            self.assertEqual(self.key_here(world), [0, 0, 0])
            self.assertIn("too few", self.refused(world, "root", "rotate"))
            self.assertIn("too few", self.refused(world, "root", "rotate", "--root-key", one))
            old = content_of(world.hub.folder, "authority.key")
            # On two other machines, without the hub's folder.
            request = os.path.join(world.folder, "request")
            world.hub.call("root", "rotate", "--request", request)
            run(JINQIUD, "root", "sign", request, "--root-key", one)
            self.assertIn("too few", self.refused(world, "root", "apply", request))
            run(JINQIUD, "root", "sign", request, "--root-key", two)
            world.hub.call("root", "apply", request)
            self.assertEqual(world.hub.json("root", "list")["authority"], 2)
            self.assertNotEqual(content_of(world.hub.folder, "authority.key"), old)
            self.assertFalse(os.path.exists(os.path.join(world.hub.folder, "authority-next.key")))
            # The hub runs on: those admitted before and after write as always.
            after = world.join()
            for client in (before, after):
                client.call("add", "person", "name=示例党员009")
                client.sync()
            before.sync()
            self.assertEqual(len(world.hub.json("list", "person")), 2)
            self.assertEqual(before.json("digest"), world.hub.json("digest"))
            self.assertTrue(before.json("verify")["ok"])
            world.hub.stop()
            world.hub.start()
            world.join()

    def test_the_root_itself_is_replaced_and_the_old_keys_are_worth_nothing(self):
        with World() as world:
            away = world.join()
            away.sync()
            one, two, three = sticks_of(world)
            world.hub.call("root", "rotate", "--root", "--keys", "3", "--threshold", "2",
                           "--root-key", one, "--root-key", three)
            self.assertEqual(world.hub.json("root", "list")["version"], 2)
            self.assertEqual(sorted(self.key_here(world)), [1, 2, 3])
            for number in (1, 2, 3):
                world.hub.call("root", "export", os.path.join(world.folder, f"new{number}"),
                               "--key", str(number), "--remove")
            self.assertIn("no key of this network's root", self.refused(
                world, "root", "rotate", "--root-key", one, "--root-key", two))
            world.hub.call("root", "rotate", "--root-key", os.path.join(world.folder, "new2"),
                           "--root-key", os.path.join(world.folder, "new3"))
            # Whoever was away meanwhile follows from root to root, and takes what the new ones signed.
            client = world.join()
            client.call("add", "person", "name=示例党员壹")
            client.sync()
            away.sync()
            for each in (client, away):
                self.assertTrue(each.json("verify")["ok"])
                self.assertEqual(len(each.json("list", "person")), 1)

    def test_a_bureau_s_device_waits_until_the_root_has_signed(self):
        with World() as world:
            _, two, three = sticks_of(world)
            code = world.hub.invite(world.hub.root, "bureau", "示例局干部一")
            folder = os.path.join(world.folder, "bureau")
            self.assertIn("root", run(JINQIU, "join", code, "--dir", folder, "--no-passphrase",
                                      code=1, error=True, env={"JINQIU_LANG": "en"}))
            self.assertEqual(len(world.hub.json("device", "list")), 1)
            secretary = world.join()  # takes the next number, not the one that was promised
            request = os.path.join(world.folder, "request")
            world.hub.call("root", "request", request)
            run(JINQIUD, "root", "sign", request, "--root-key", two, "--root-key", three)
            world.hub.call("root", "apply", request)
            bureau = Client(folder, code)
            bureau.call("add", "rule", "code=visit_days", "valid_from=2026-01-01", "note=九十天一访")
            bureau.sync()
            secretary.sync()
            self.assertEqual(len(secretary.json("list", "rule")), 1)
            self.assertIn("nobody waits", self.refused(world, "root", "request", request))
            self.assertIn("only the root", self.refused(
                world, "device", "change", secretary.device, "--role", "bureau"))


if __name__ == "__main__":
    unittest.main()
