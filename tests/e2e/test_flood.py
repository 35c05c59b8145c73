"""Ten thousand strangers at the hub's port, from three hundred addresses and for as long as it
takes: fifty clients sync meanwhile, and the hub hardly grows."""

import concurrent.futures
import os
import resource
import select
import socket
import subprocess
import sys
import time
import unittest

STRANGERS, CLIENTS = 10000, 50
PER_ADDRESS = 40
HALF_FRAME = b"\x1f\xa4" + b"x" * 46  # promises 8,100 bytes
LONG_HALF_FRAME = HALF_FRAME + b"x" * 7950
GROWTH_KIB = 32 * 1024


def raise_open_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


# ---- the flood, in a process of its own ----


class Flood:
    """Keeps `count` connections open that say half a frame, and opens anew what the hub closes."""

    def __init__(self, port, count, addresses, said):
        self.port, self.addresses, self.said = port, addresses, said
        self.poll = select.epoll()
        self.open, self.opened, self.missing = {}, 0, count

    def connect(self):
        number = self.opened % self.addresses
        self.opened += 1
        stranger = socket.socket()
        try:
            stranger.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
            stranger.settimeout(5)
            stranger.connect(("127.0.0.1", self.port))
            stranger.setblocking(False)
            stranger.send(self.said)
        except OSError:
            stranger.close()
            return
        self.poll.register(stranger, select.EPOLLRDHUP)
        self.open[stranger.fileno()] = stranger
        self.missing -= 1

    def drop(self, number):
        self.poll.unregister(number)
        self.open.pop(number).close()
        self.missing += 1

    def run(self, count):
        told = False
        while True:
            for _ in range(min(self.missing, 10 if told else 200)):
                self.connect()
            if not told and self.opened >= count:
                told = True
                print("stands", flush=True)
            for number, _ in self.poll.poll(0.02 if told else 0.001, 500):
                self.drop(number)


def flood_process(port, count, addresses, said):
    process = subprocess.Popen(
        [sys.executable, __file__, "flood", str(port), str(count), str(addresses), said],
        stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


# ---- the hub and its clients ----


def resident_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def timed_sync(client):
    start = time.monotonic()
    report = client.sync()
    return report["sent"], time.monotonic() - start


def sync_all(clients, label):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(timed_sync, clients))
    times = sorted(seconds for _, seconds in done)
    print(f"{label}: {len(done)} clients, median {times[len(times) // 2]:.2f} s, "
          f"p99 {times[-1]:.2f} s", flush=True)
    return [sent for sent, _ in done]


class Floods(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        from jinqiu import Client, World
        cls.files = raise_open_files()
        cls.world = World().__enter__()
        # The sanitizer would keep what was freed; the bound is for the program.
        os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
        codes = [cls.world.hub.invite(cls.world.township, "secretary", f"示例党员{n:03}")
                 for n in range(CLIENTS)]
        folders = [os.path.join(cls.world.folder, f"client{n}") for n in range(CLIENTS)]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            cls.clients = list(pool.map(Client, folders, codes))

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__()

    @classmethod
    def strangers(cls):
        return min(STRANGERS, cls.files - 1200)

    def restart(self, connections):
        self.world.hub.stop()
        self.world.hub.start("--connections", str(connections), "--per-address", str(PER_ADDRESS))
        sync_all(self.clients[:10], "idle")

    def stand(self, clients, count, addresses, said):
        """How many strangers stood while the clients synced; nobody waited for ever, and the hub
        hardly grew."""
        for client in clients:
            client.call("add", "person", "name=示例党员001")
        port = int(self.world.hub.address.rsplit(":", 1)[1])
        before = resident_kib(self.world.hub.process)
        flood = flood_process(port, count, addresses, said)
        try:
            # Those that are just being let go count too: the least of a few looks.
            strangers = min(self.world.hub.json("status")["strangers"] for _ in range(5))
            sent = sync_all(clients, f"{strangers} strangers of {count} with {said} frames")
            grown = resident_kib(self.world.hub.process) - before
        finally:
            flood.kill()
            flood.wait()
            flood.stdout.close()
        print(f"  the hub grew by {grown} KiB", flush=True)
        self.assertEqual(sent, [1] * len(clients))
        # What the sanitizer puts around each buffer isn't the program's.
        self.assertLessEqual(grown, GROWTH_KIB * (2 if self.world.hub.sanitized() else 1))
        return strangers

    def test_ten_thousand_half_open_connections_from_three_hundred_addresses(self):
        self.restart(self.strangers() + 1000)
        standing = self.stand(self.clients, self.strangers(),
                              self.strangers() // 32 + 1, "half")
        self.assertGreater(standing, self.strangers() * 9 // 10)

    def test_long_half_frames_are_bounded_all_together(self):
        self.restart(8000)
        self.stand(self.clients[:10], min(7000, self.strangers()), 200, "long")

    def test_one_address_holds_few_places(self):
        self.restart(4000)
        self.assertLessEqual(self.stand(self.clients[:10], 1000, 1, "half"),
                             PER_ADDRESS + 10)

    def test_when_all_places_are_taken_the_oldest_strangers_go(self):
        self.restart(500)
        self.assertLessEqual(self.stand(self.clients[:10], 1500, 50, "half"), 510)


if __name__ == "__main__":
    raise_open_files()
    if len(sys.argv) > 1 and sys.argv[1] == "flood":
        wanted = int(sys.argv[3])
        text = LONG_HALF_FRAME if sys.argv[5] == "long" else HALF_FRAME
        Flood(int(sys.argv[2]), wanted, int(sys.argv[4]), text).run(wanted)
    unittest.main()
