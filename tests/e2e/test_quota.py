"""A device that brings more than its share of a day: the rest waits at the device, others are served
as ever, and the bureau may raise the limit."""

import json
import unittest

from jinqiu import World


def save(client, count):
    lines = "".join(json.dumps({"op": "add", "table": "person",
                                "fields": {"name": f"示例党员{n:05}"}}) + "\n"
                    for n in range(count))
    for start in range(0, count, 100):
        client.call("apply", "-", data="".join(
            lines.splitlines(keepends=True)[start:start + 100]).encode())


class Quota(unittest.TestCase):
    def test_what_is_over_the_quota_waits_until_the_bureau_raises_it(self):
        with World() as world:
            world.hub.stop()
            world.hub.start("--quota-entries", "3")
            flooder, other = world.join(), world.join()
            for client in (flooder, other):
                client.sync()
            for _ in range(12):  # each one entry
                flooder.call("add", "person", "name=示例党员001")
                report = flooder.sync(code=None)
            self.assertIn("for today", report["held"])
            status = flooder.json("status")
            self.assertIn("for today", status["held"])
            self.assertGreater(status["unsent"], 0)
            taken = len(world.hub.json("list", "person"))
            self.assertEqual(taken, 3)
            self.assertEqual(world.hub.json("status")["over_quota"], 1)
            row = next(row for row in world.hub.json("quota") if row["held"])
            self.assertEqual((row["device"], row["entries"]), (flooder.device, 3))
            # Others are served, and the flooder itself gets what others wrote.
            other.call("add", "person", "name=示例党员002")
            self.assertEqual(other.sync()["sent"], 1)
            self.assertEqual(flooder.sync(code=1)["received"], 1)
            # A restart isn't a new day.
            world.hub.stop()
            world.hub.start("--quota-entries", "3")
            self.assertIsNotNone(flooder.sync(code=1)["held"])
            # The bureau allows this one more; the hub needs no restart.
            world.hub.call("quota", flooder.device, "--entries", "1000")
            self.assertIsNone(flooder.sync()["held"])
            self.assertIsNone(flooder.json("status")["held"])
            self.assertEqual(flooder.json("status")["unsent"], 0)
            other.sync()
            self.assertEqual(len(other.json("list", "person")), 13)
            self.assertEqual(world.hub.json("digest"), flooder.json("digest"))

    def test_a_long_upload_that_is_cut_short_by_the_quota_goes_on_where_it_was(self):
        with World() as world:
            world.hub.stop()
            world.hub.start("--quota-entries", "5")
            client = world.join()
            client.sync()
            save(client, 2000)
            self.assertIsNotNone(client.sync(code=1)["held"])
            taken = len(world.hub.json("list", "person"))
            self.assertTrue(0 < taken < 2000, taken)
            world.hub.call("quota", client.device, "--entries", "100000")
            client.sync()
            self.assertEqual(len(world.hub.json("list", "person")), 2000)
            self.assertEqual(world.hub.json("digest"), client.json("digest"))
            self.assertEqual(world.hub.json("status")["rejected"], 0)


if __name__ == "__main__":
    unittest.main()
