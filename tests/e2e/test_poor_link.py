"""Poor lines between clients and the hub: what they cost is counted at the relay (tests/link).

Only bytes and flights are asserted, for they are the protocol's; how long it took is printed."""

import json
import os
import random
import unittest

from jinqiu import JINQIU, Link, World, eventually, run

RATE, DELAY_MS = 4000, 600  # 32 kbit/s, one way
ROUND_TRIP = 2 * DELAY_MS / 1000
VISITS = 20
UNIT_BYTES = 8192  # of runs, as they are sent; as much goes with the first message
SITUATION = "走访：老人精神尚好，想听广播，血压偏高，已提醒按时服药。"


def write_visits(client, person, count):
    lines = [json.dumps({"op": "add", "table": "visit", "fields": {
        "target_ref": f"person:{person}", "at": "2026-11-01T09:30", "kind": "home_visit",
        "situation": f"第{number}次{SITUATION}"}}) for number in range(count)]
    client.call("apply", "-", data="\n".join(lines).encode())


def sync_until_done(client, link, tries):
    """How often it broke, and what the last session said."""
    for broken in range(tries):
        said = run(JINQIU, "sync", "--json", "--dir", client.folder, code=None)
        if said:
            return broken, json.loads(said)
        eventually(link.hub.nobody_there, "the session's end at the hub")
    raise AssertionError(f"not through after {tries} sessions: {link.stop()}")


class PoorLink(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World())
        self.link = self.enterContext(Link(self.world.hub))

    def join(self, role="secretary", branch=0):
        """Through the link; the client has synced, and both sides remember it."""
        client = self.world.join(role, self.world.branches[branch], address=self.link.address)
        client.sync()
        return client

    def manner(self, *manner):
        self.link.stop()
        self.link.start(*manner)

    def assert_whole(self, *clients):
        digests = [client.json("digest") for client in clients]
        hub = self.world.hub.json("digest")
        for digest in digests:
            shared = digest.keys() & hub.keys()
            self.assertTrue(shared)
            self.assertEqual({scope: digest[scope] for scope in shared},
                             {scope: hub[scope] for scope in shared})
        for client in clients:
            self.assertTrue(client.json("verify")["ok"])
            self.assertEqual(client.json("set-aside"), [])

    def test_the_visits_of_a_day_cost_their_bytes_and_one_round_trip_beside_connecting(self):
        client = self.join("volunteer")
        person = client.call("add", "person", "name=示例党员001").strip()
        client.sync()
        for _ in range(3):
            self.link.ended()
        write_visits(client, person, VISITS)
        self.manner("--rate", str(RATE), "--delay", str(DELAY_MS), "--stall", "2:1000")
        said = client.sync()
        counted = self.link.ended()
        seconds = counted["to_hub"] / RATE + ROUND_TRIP * (1 + said["round_trips"])
        bar = 1.3 * (counted["to_hub"] / RATE + 2 * ROUND_TRIP)
        print(f"{VISITS} visits: {counted['to_hub']} bytes, {said['round_trips']} round trips, "
              f"{seconds:.2f} s of the line, bar {bar:.2f} s, took {said['ms'] / 1000:.2f} s with "
              f"{counted['stalls']} stalls")
        self.assertEqual(said["sent"], VISITS)
        self.assertLessEqual(seconds, bar)
        self.assertEqual(said["round_trips"], 1)
        self.assertLessEqual(counted["flights"], 3)  # all of it, the answer, goodbye
        self.assertLess(counted["to_hub"], VISITS * 300 + 700)
        self.assert_whole(client)

    def test_an_import_over_a_line_that_breaks_sends_little_twice(self):
        rows, chance = 6000, random.Random(7)
        clients = [self.join(), self.join()]
        for client in clients:
            path = os.path.join(self.world.folder, "people.csv")
            with open(path, "w", encoding="utf-8") as out:
                out.write("name\n")  # names that can't be compressed
                out.writelines(f"示例{chance.randrange(10**24)}\n" for _ in range(rows))
            client.call("import", "person", path)
        self.manner()
        clients[0].sync()
        whole = self.link.ended()["to_hub"]
        self.manner("--rate", "40000", "--cut", f"{whole // 9}-{whole // 4}", "--seed", "7")
        broken, _ = sync_until_done(clients[1], self.link, 60)
        carried = self.link.stop()["to_hub"]
        print(f"{whole} bytes over a good line, {carried} in {broken + 1} sessions")
        self.assertGreater(broken, 2)
        # The unit under way, what waited in the line behind it, and the greetings.
        self.assertLessEqual(carried, whole + broken * 2 * UNIT_BYTES)
        self.manner()
        for client in (clients[0], clients[1], clients[0]):
            client.sync()
        self.assertEqual(self.world.hub.json("set-aside"), [])
        self.assert_whole(*clients)

    def test_a_large_entry_comes_further_with_every_session(self):
        rows, chance, clients = 1500, random.Random(9), [self.join(), self.join(branch=1)]
        for client in clients:
            lines = [json.dumps({"op": "add", "table": "person", "fields": {
                "name": f"示例{chance.randrange(10**24)}"}}) for _ in range(rows)]
            client.call("apply", "-", "--batch", str(rows), data="\n".join(lines).encode())
        self.manner()
        clients[0].sync()
        whole = self.link.ended()["to_hub"]
        # No session lives long enough for all of it.
        self.manner("--rate", "4000", "--cut", f"{whole // 3}-{whole // 2}", "--seed", "3")
        first = self.sync_until_staged(clients[1])
        self.assertEqual(self.world.hub.json("status")["rows"], rows)
        broken, _ = sync_until_done(clients[1], self.link, 20)
        carried = self.link.stop()["to_hub"]
        print(f"{whole} bytes at once, {carried} in {broken + 2} sessions")
        self.assertGreater(broken, 0)
        self.assertLess(carried, 2 * whole)
        self.assertEqual(self.world.hub.json("status")["staged"], 0)
        self.manner()
        for client in (clients[0], clients[1], clients[0]):
            client.sync()
        self.assert_whole(*clients)

    def sync_until_staged(self, client):
        """How many sessions it took: one that breaks before the entry begins stages nothing."""
        for tries in range(1, 6):
            said = run(JINQIU, "sync", "--dir", client.folder, code=None, error=True)
            eventually(self.world.hub.nobody_there, "the session's end at the hub")
            if self.world.hub.json("status")["staged"] > 0:
                return tries
        raise AssertionError(f"nothing staged: {said} {self.link.stop()}")

    def test_changed_bytes_end_a_session_and_never_harm(self):
        clients = [self.join(), self.join()]
        person = clients[0].call("add", "person", "name=示例党员001").strip()
        for client in clients:
            write_visits(client, person, 200)
        self.manner("--corrupt", "10000", "--seed", "5")
        broken = sum(sync_until_done(client, self.link, 60)[0] for client in clients * 2)
        counted = self.link.stop()
        print(f"{counted['corrupted']} bytes changed, {broken} sessions broken")
        self.assertGreater(counted["corrupted"], 0)
        self.assertGreater(broken, 0)
        self.link.start()
        for client in clients:
            client.sync()
        self.assert_whole(*clients)


if __name__ == "__main__":
    unittest.main()
