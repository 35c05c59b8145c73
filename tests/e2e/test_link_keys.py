"""The hub's link key lives a week, and its secret half 90 days more; who was away for longer, or speaks
with a hub that came back from a backup, still gets through, and says nothing before it is safe."""

import os
import socket
import sqlite3
import threading
import unittest

from jinqiu import JINQIUD, World, run

DAY_MS = 86400000


def keys_of(hub):
    base = sqlite3.connect(f"file:{os.path.join(hub.folder, 'hub.db')}?mode=ro", uri=True)
    found = base.execute("SELECT number, secret FROM _link_key ORDER BY number").fetchall()
    base.close()
    return found


def holds(folder, secret):
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                if secret in file.read():
                    return True
    return False


class Ear:
    """Stands between a client and the hub, and keeps each connection's first bytes of the client."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.hub = (host, int(port))
        self.first = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            hub = socket.create_connection(self.hub)
            threading.Thread(target=self.carry, args=(client, hub, True), daemon=True).start()
            threading.Thread(target=self.carry, args=(hub, client, False), daemon=True).start()

    def carry(self, source, target, listen):
        try:
            while data := source.recv(65536):
                if listen:
                    self.first.append(data)
                    listen = False
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.socket.close()


class LinkKeys(unittest.TestCase):
    def start_at(self, world, days):
        world.hub.stop()
        os.environ["JINQIU_CLOCK_OFFSET_MS"] = str(days * DAY_MS)
        try:
            world.hub.start()
        finally:
            del os.environ["JINQIU_CLOCK_OFFSET_MS"]

    def test_a_new_key_each_week_and_old_ones_are_gone_after_a_quarter(self):
        with World() as world:
            often, away = world.join(), world.join()
            for client in (often, away):
                client.sync()
            first = keys_of(world.hub)
            self.assertEqual([number for number, _ in first], [1])
            self.assertTrue(holds(world.hub.folder, first[0][1]))
            for days in (3, 8, 16):
                self.start_at(world, days)
                often.sync()
            self.assertEqual([number for number, _ in keys_of(world.hub)], [1, 2, 3])
            self.assertTrue(all(secret for _, secret in keys_of(world.hub)))
            away.call("add", "person", "name=示例党员壹")
            self.assertEqual(away.sync()["sent"], 1)  # by the key of week 1
            self.start_at(world, 120)
            often.call("add", "person", "name=示例党员贰")
            often.sync()
            self.assertEqual([number for number, secret in keys_of(world.hub) if secret], [4])
            world.hub.stop()
            self.assertFalse(holds(world.hub.folder, first[0][1]))
            self.start_at(world, 120)
            # Away for all that time: the first words tell nothing of what was saved.
            ear = Ear(world.hub.address)
            for number in range(40):
                away.call("add", "person", f"name=示例党员{number:03}", f"note={os.urandom(40).hex()}")
            self.relay(away, ear.address)
            totals = away.sync()
            self.assertEqual(totals["sent"], 40)
            self.assertEqual(len(ear.first), 2)
            self.assertGreater(len(ear.first[0]), 2000)
            self.assertLess(len(ear.first[1]), 600)
            # From then on it has the newest key.
            away.call("add", "person", "name=示例党员叁")
            self.assertEqual(away.sync()["sent"], 1)
            self.assertEqual(len(ear.first), 3)
            ear.close()

    @staticmethod
    def relay(client, address):
        base = sqlite3.connect(os.path.join(client.folder, "replica.db"))
        base.execute("UPDATE _meta SET value = ? WHERE name = 'hub_address'", (address.encode(),))
        base.commit()
        base.close()

    def test_a_hub_that_came_back_without_its_newest_key_is_still_reached(self):
        with World() as world:
            client = world.join()
            client.sync()
            backup = os.path.join(world.folder, "backup")
            world.hub.call("backup", backup)
            self.start_at(world, 8)
            client.call("add", "person", "name=示例党员壹")
            client.sync()
            client.sync()
            world.hub.stop()
            restored = os.path.join(world.folder, "restored")
            run(JINQIUD, "restore", backup, "--dir", restored)
            world.hub.folder = restored
            world.hub.start()
            client.call("add", "person", "name=示例党员贰")
            client.sync()
            client.sync()
            self.assertEqual(len(world.hub.json("list", "person")), 2)
            self.assertGreater(keys_of(world.hub)[-1][0], 1000)


if __name__ == "__main__":
    unittest.main()
