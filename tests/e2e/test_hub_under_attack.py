"""Strangers at the hub's port: it stays up, answers others, and doesn't grow. And a client that
watches sees what others write without asking."""

import json
import os
import random
import signal
import socket
import struct
import subprocess
import time
import unittest

from jinqiu import JINQIU, World, eventually


def connect(world):
    host, port = world.hub.address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=10)


def send(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # the hub may have hung up already


def resident_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class Strangers(unittest.TestCase):
    def exchange(self, world, client):
        name = f"示例党员{random.randrange(10**6)}"
        client.call("add", "person", f"name={name}")
        self.assertEqual(client.sync()["sent"], 1)
        self.assertIn(name, [row["name"] for row in world.hub.json("list", "person")])

    def harm(self, world, client, rounds):
        chance, open_ones = random.Random(1), []
        for round_number in range(rounds):
            stranger = connect(world)
            kind = round_number % 6
            if kind == 0:
                send(stranger, chance.randbytes(chance.randrange(1, 5000)))
            elif kind == 1:  # a frame that promises more than comes
                send(stranger, struct.pack(">H", 8000) + chance.randbytes(100))
            elif kind == 2:  # longer than a frame may be
                send(stranger, b"\xff\xff" + chance.randbytes(2000))
            elif kind == 3:  # a handshake of the right size that nobody made
                send(stranger, struct.pack(">H", 200) + chance.randbytes(200))
            elif kind == 4:
                send(stranger, b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n")
            if kind % 2:
                open_ones.append(stranger)
            else:
                stranger.close()
            if round_number % 60 == 0:
                self.exchange(world, client)
        self.exchange(world, client)
        for stranger in open_ones:
            stranger.close()
        self.assertIsNone(world.hub.process.poll())
        self.assertTrue(world.hub.json("verify")["ok"])
        self.assertEqual(world.hub.json("status")["rejected"], 0)

    def test_random_bytes_and_half_frames_harm_nobody(self):
        with World() as world:
            self.harm(world, world.join(), 300)

    def test_a_hub_whose_memory_is_bounded_takes_harm_and_goes_on(self):
        with World() as world:
            client = world.join()
            if world.hub.sanitized():
                self.skipTest("the sanitizer needs terabytes")
            world.hub.stop()
            world.hub.start("--memory-mib", "256")
            with open(f"/proc/{world.hub.process.pid}/limits", encoding="ascii") as limits:
                bound = next(line.split()[3] for line in limits if line.startswith("Max data"))
            self.assertEqual(int(bound), 256 << 20)
            self.harm(world, client, 60)

    def test_a_thousand_half_open_connections_leave_the_hub_serving(self):
        with World() as world:
            client = world.join()
            self.exchange(world, client)
            before = resident_kib(world.hub.process)
            strangers = [connect(world) for _ in range(900)]
            for stranger in strangers[::3]:
                send(stranger, b"\x1f\x40" + b"x" * 50)
            eventually(lambda: world.hub.json("status")["strangers"] >= 900, "strangers")
            self.exchange(world, client)
            # Under AddressSanitizer every byte costs more; the bound is for the plain program too.
            self.assertLess(resident_kib(world.hub.process) - before, 900 * 32)
            for stranger in strangers:
                stranger.close()
            eventually(lambda: world.hub.json("status")["strangers"] == 0, "strangers")

    def test_over_the_limit_the_oldest_stranger_is_hung_up_on(self):
        with World() as world:
            client = world.join()
            world.hub.stop()
            world.hub.start("--connections", "5")
            held = [connect(world) for _ in range(5)]
            eventually(lambda: world.hub.json("status")["strangers"] == 5, "strangers")
            held.append(connect(world))
            self.assertEqual(held[0].recv(1), b"")
            held[1].setblocking(False)
            with self.assertRaises(BlockingIOError):
                held[1].recv(1)
            eventually(lambda: world.hub.json("status")["strangers"] == 5, "strangers")
            self.exchange(world, client)
            for stranger in held:
                stranger.close()

    def test_the_number_of_connections_dies_with_the_hub(self):
        with World() as world:
            strangers = [connect(world) for _ in range(5)]
            eventually(lambda: world.hub.json("status")["strangers"] == 5, "strangers")
            world.hub.stop(signal.SIGKILL)
            self.assertEqual(world.hub.json("status")["strangers"], 0)
            for stranger in strangers:
                stranger.close()

    def test_sigterm_ends_cleanly_while_strangers_hold_on(self):
        with World() as world:
            strangers = [connect(world) for _ in range(20)]
            eventually(lambda: world.hub.json("status")["strangers"] == 20, "strangers")
            self.assertEqual(world.hub.stop(), 0)
            for stranger in strangers:
                stranger.close()


class Watch(unittest.TestCase):
    def start(self, client):
        watcher = subprocess.Popen([JINQIU, "sync", "--watch", "--json", "--dir", client.folder],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(watcher.kill)
        return watcher

    def sees(self, replica, name):
        eventually(lambda: name in [row["name"] for row in replica.json("list", "person")], name)

    def test_a_watching_client_sees_what_others_write(self):
        with World() as world:
            writer, reader = world.join(), world.join()
            watcher = self.start(reader)
            writer.call("add", "person", "name=示例党员201")
            writer.sync()
            self.sees(reader, "示例党员201")
            reader.call("add", "person", "name=示例党员202")
            self.sees(world.hub, "示例党员202")
            world.hub.stop(signal.SIGKILL)
            world.hub.start()
            writer.call("add", "person", "name=示例党员203")
            writer.sync()
            self.sees(reader, "示例党员203")
            watcher.send_signal(signal.SIGTERM)
            self.assertEqual(watcher.wait(timeout=20), 0)
            self.assertEqual(world.hub.json("digest"), writer.json("digest"))


class Killed(unittest.TestCase):
    def test_kill_9_of_the_client_keeps_what_it_printed(self):
        seed = int(os.environ.get("SEED", random.randrange(2**32)))
        print("SEED", seed)
        chance = random.Random(seed)
        with World() as world:
            client, saved = world.join(), []
            for _ in range(12):
                lines = "".join(json.dumps({"op": "add", "table": "person",
                                            "fields": {"name": f"示例党员{n:03}"}}) + "\n"
                                for n in range(200))
                path = os.path.join(world.folder, "lines.jsonl")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(lines)
                command = chance.choice(("apply", "sync", "add"))
                arguments = {"apply": ["apply", path], "sync": ["sync"],
                             "add": ["add", "person", "name=示例党员999"]}[command]
                victim = subprocess.Popen([JINQIU, *arguments, "--dir", client.folder],
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                time.sleep(chance.random() * 0.25)
                victim.kill()
                printed = victim.communicate()[0].decode()
                if command == "add" and printed.strip():
                    saved.append(printed.strip())
                self.assertTrue(client.json("verify")["ok"])
            for person in saved:
                self.assertEqual(client.json("get", "person", person)["name"], "示例党员999")
            client.sync()
            self.assertEqual(client.sync()["sent"], 0)
            self.assertEqual(world.hub.json("digest"), client.json("digest"))
            self.assertTrue(world.hub.json("verify")["ok"])


if __name__ == "__main__":
    unittest.main()
