"""A hub that shows two registries is found out by two clients that meet; a device that has been kept
from the hub's newer words does nothing risky, and still saves."""

import os
import shutil
import unittest

from jinqiu import World
from test_peers import Listening, meet


class TwoRegistries(unittest.TestCase):
    def test_two_clients_that_meet_have_the_proof(self):
        self.show_two_registries(1, 1)

    def test_also_when_one_was_shown_more_than_the_other(self):
        self.show_two_registries(2, 1)
        self.show_two_registries(1, 2)

    def show_two_registries(self, to_a, to_b):
        """The hub writes so many orgs into what each of them sees."""
        with World() as world:
            a, b = world.join("clerk"), world.join("clerk")
            for client in (a, b, a):
                client.sync()
            world.hub.stop()
            other = world.hub.folder + "-other"
            shutil.copytree(world.hub.folder, other)
            for number in range(to_a):
                world.hub.add_org("branch", f"给甲看的支部{number}", world.township)
            world.hub.start()
            a.sync()
            world.hub.stop()
            mine, world.hub.folder = world.hub.folder, other
            for number in range(to_b):
                world.hub.add_org("branch", f"给乙看的支部{number}", world.township)
            world.hub.start()
            b.sync()
            world.hub.stop()
            self.assertFalse(a.json("status")["split_view"])
            with Listening(b) as there:
                words = meet(a, there.address, code=1)
            self.assertIn("名册不一样", words)
            self.assertTrue(a.json("status")["split_view"])
            proofs = [item for item in a.json("set-aside") if "proof" in item]
            self.assertGreaterEqual(len(proofs), 1)
            self.assertEqual({item["device"] for item in proofs},
                             {world_hub_device(a)})
            world.hub.folder = mine
            # Both go on working.
            a.call("add", "person", "name=示例党员壹")
            b.call("add", "person", "name=示例党员贰")

    def test_no_alarm_between_honest_ones(self):
        with World() as world:
            a, b = world.join("clerk"), world.join("volunteer", world.branches[0])
            for client in (a, b, a):
                client.sync()
            with Listening(b) as there:
                self.assertFalse(meet(a, there.address)["split_view"])
            self.assertEqual(a.json("set-aside"), [])


def world_hub_device(client):
    """The id of the hub, out of the audit of what it wrote first."""
    return next(item["device"] for item in client.json("audit") if item["action"] == "found")


class Fresh(unittest.TestCase):
    def test_who_is_far_behind_exports_nothing_and_saves_everything(self):
        with World() as world:
            kept, other = world.join("clerk"), world.join("clerk")
            for client in (kept, other):
                client.sync()
            out = os.path.join(world.folder, "people.csv")
            kept.call("add", "person", "name=示例党员壹")
            for number in range(31):
                world.hub.add_org("branch", f"示例支部{number + 10}", world.county)
            other.sync()
            self.assertEqual(kept.json("status")["rights_behind"], 0)
            with Listening(other) as there:
                meet(kept, there.address)
            self.assertGreater(kept.json("status")["rights_behind"], 30)
            words = kept.call("export", "person", out, "--purpose", "核对", code=1, error=True)
            self.assertIn("先与中心同步", words)
            words = kept.call("enrol", "--role", "volunteer", "--org", world.branches[0],
                              "--person", "示例党员020", code=1, error=True)
            self.assertIn("先与中心同步", words)
            kept.call("add", "person", "name=示例党员贰")
            kept.sync()
            self.assertEqual(kept.json("status")["rights_behind"], 0)
            kept.call("export", "person", out, "--purpose", "核对")


if __name__ == "__main__":
    unittest.main()
