"""A device is revoked: what it wrote beyond the cut is undone everywhere, kept, told, and can be
adopted; the device hears of it and loses its keys, not its records."""

import unittest

from jinqiu import World


def entry(client, number):
    return next(item["dot"] for item in client.json("set-aside")
                if item["dot"].endswith("." + str(number)))


class Revoke(unittest.TestCase):
    def agree(self, hub, *clients):
        wanted = hub.json("digest")
        for client in clients:
            self.assertEqual(wanted, client.json("digest"))

    def device(self, world, client):
        return next(item for item in world.hub.json("device", "list")
                    if item["id"] == client.device)

    def test_what_lies_beyond_the_cut_is_undone_and_can_be_adopted(self):
        with World() as world:
            honest, lost = world.join(), world.join()
            person = honest.call("add", "person", "name=示例党员001").strip()
            honest.sync()
            lost.sync()
            lost.call("set", "person", person, "phone=13800000001")
            lost.sync()
            honest.sync()
            lost.call("set", "person", person, "phone=13900000009")
            visit = lost.call("add", "visit", f"target_ref=person:{person}", "kind=phone",
                              "situation=精神尚好").strip()
            lost.sync()
            honest.sync()
            self.assertEqual(honest.json("get", "person", person)["phone"], "13900000009")

            world.hub.call("revoke", lost.device, "--last-good", "1")
            self.assertEqual(self.device(world, lost)["state"], "revoked")
            honest.sync()
            for reader in (world.hub, honest):
                self.assertEqual(reader.json("get", "person", person)["phone"], "13800000001")
                self.assertEqual(reader.json("list", "visit"), [])
                aside = reader.json("set-aside")
                self.assertEqual(len(aside), 2)
                self.assertIn("精神尚好", str(aside))
            self.agree(world.hub, honest)

            adopted = honest.json("adopt", entry(honest, 3))
            self.assertEqual(len(adopted), 1)
            self.assertEqual(honest.json("get", "visit", visit)["situation"], "精神尚好")
            self.assertIn("adopted already", self.refused(honest, "adopt", entry(honest, 3)))
            honest.sync()
            self.assertEqual(world.hub.json("get", "visit", visit)["situation"], "精神尚好")
            told = next(item for item in world.hub.json("set-aside") if item["dot"].endswith(".3"))
            self.assertEqual(told["adopted_as"], adopted[0])
            self.assertTrue(any("adopted" in item for item in
                                world.hub.json("history", "visit", visit)))
            self.agree(world.hub, honest)
            for replica in (world.hub, honest):
                self.assertTrue(replica.json("verify")["ok"])

    def refused(self, client, *arguments):
        import subprocess
        from jinqiu import JINQIU
        done = subprocess.run([JINQIU, *arguments, "--dir", client.folder], capture_output=True,
                              timeout=60, env={"LANG": "C.UTF-8", "JINQIU_LANG": "en"},
                              check=False)
        self.assertEqual(done.returncode, 1)
        return done.stderr.decode()

    def test_a_revoked_device_brings_what_it_has_and_loses_its_keys(self):
        with World() as world:
            honest, lost = world.join(), world.join()
            honest.sync()
            lost.sync()
            person = lost.call("add", "person", "name=示例党员007").strip()
            world.hub.call("revoke", lost.device)
            lost.sync(code=1)
            aside = world.hub.json("set-aside")
            self.assertEqual([op["id"] for item in aside for op in item["ops"]], [person])
            self.assertEqual(world.hub.json("list", "person"), [])
            self.assertEqual(lost.json("get", "person", person)["name"], "示例党员007")
            lost.call("set", "person", person, "phone=1", code=1)
            lost.sync(code=1)
            honest.sync()
            honest.call("adopt", entry(honest, 1))
            honest.sync()
            self.assertEqual(world.hub.json("get", "person", person)["name"], "示例党员007")
            self.agree(world.hub, honest)


if __name__ == "__main__":
    unittest.main()
