"""Clients sync with each other where no hub can be reached: what one wrote reaches the bureau
through others; a clerk's device admits a newcomer on the spot."""

import os
import re
import signal
import socket
import subprocess
import unittest

from jinqiu import JINQIU, Client, World, run


class Listening:
    """A client that others sync with."""

    def __init__(self, client, address="127.0.0.1:0", minutes=0):
        self.process = subprocess.Popen(
            [JINQIU, "listen", "--listen", address, "--dir", client.folder],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "JINQIU_CLOCK_OFFSET_MS": str(minutes * 60000)})
        ready = self.process.stdout.readline().decode()
        self.address = re.match(r"ready listen=(\S+)", ready).group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.code = self.process.wait(timeout=30)
        self.words = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()


def meet(client, address, code=0):
    return client.json("sync", "--peer", address, code=code) if code == 0 else client.call(
        "sync", "--peer", address, code=code, error=True)


def hail(hint, port):
    """A datagram to the group where clients that listen make themselves known (client/hail.h)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        udp.sendto(hint + port.to_bytes(2, "big"), ("239.255.74.12", 7412))


class Peers(unittest.TestCase):
    def test_who_listens_is_found_by_those_who_know_the_network(self):
        with World() as world, World() as strangers:
            a, b, c = (world.join() for _ in range(3))
            other = strangers.join()
            for client in (a, b, c):
                client.sync()
            with Listening(b) as there, Listening(other):
                hail(os.urandom(20), 7412)
                hail(b"JQP1" + os.urandom(16), 7412)
                near = a.json("near")
                self.assertEqual([(one["person"], one["address"]) for one in near],
                                 [("示例党员002", there.address)])
                self.assertEqual(b.json("near"), [])
                a.call("add", "person", "name=示例党员壹")
                meet(a, near[0]["address"])
            self.assertEqual(len(b.json("list", "person")), 1)
            self.assertEqual(c.json("near"), [])

    def test_a_hail_tells_a_stranger_nothing_and_never_the_same_twice(self):
        with World() as world, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            a = world.join()
            a.sync()
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind(("239.255.74.12", 7412))
            udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                           socket.inet_aton("239.255.74.12") + socket.inet_aton("127.0.0.1"))
            udp.settimeout(30)
            with Listening(a) as there:
                port = int(there.address.rsplit(":", 1)[1])
                heard = set()
                while len(heard) < 2:
                    hail_ = udp.recv(2048)
                    if int.from_bytes(hail_[20:], "big") == port:
                        heard.add(hail_)
            one, other = heard
            self.assertEqual((len(one), one[:4]), (22, b"JQP1"))
            for place in range(4, 20, 4):
                self.assertNotEqual(one[place:place + 4], other[place:place + 4])

    def test_what_one_wrote_reaches_the_bureau_through_others(self):
        with World() as world:
            a, b, c = (world.join() for _ in range(3))
            for client in (a, b, c):
                client.sync()
            world.hub.stop()
            person = a.call("add", "person", "name=示例党员壹").strip()
            a.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                   "situation=独居，精神尚好")
            with Listening(b) as there:
                self.assertGreater(meet(a, there.address)["sent"], 0)
                self.assertEqual(meet(a, there.address)["sent"], 0)
            self.assertEqual(there.code, 0)
            self.assertEqual(a.json("digest"), b.json("digest"))
            # The hub has nothing of it: it is unsent still.
            self.assertEqual(a.json("status")["unsent"], 2)
            with Listening(b) as there:
                self.assertEqual(meet(c, there.address)["received"], 2)
            world.hub.start()
            c.sync()
            self.assertEqual(len(world.hub.json("list", "visit")), 1)
            writer = world.hub.json("history", "person", person)[0]
            self.assertEqual(writer["device"], a.device)
            a.sync()
            self.assertEqual(a.json("status")["unsent"], 0)
            for client in (a, c):
                self.assertEqual(client.json("digest"), world.hub.json("digest"))
                self.assertTrue(client.json("verify")["ok"])

    def test_both_sides_changes_and_a_conflict_cross(self):
        with World() as world:
            a, b = world.join(), world.join()
            person = a.call("add", "person", "name=示例党员壹").strip()
            a.sync()
            b.sync()
            world.hub.stop()
            a.call("set", "person", person, "phone=13900000001")
            b.call("set", "person", person, "phone=13900000002")
            with Listening(b) as there:
                a.call("sync", "--peer", there.address, "--json", code=4)
            self.assertEqual(len(b.json("conflicts")), 1)
            self.assertEqual(a.json("digest"), b.json("digest"))

    def test_nobody_gets_what_it_may_not_read_and_strangers_get_nothing(self):
        with World() as world, World() as elsewhere:
            town = world.join()
            branch = world.join("secretary", world.branches[0])
            for client in (town, branch):
                client.sync()
            town.call("add", "person", "name=示例党员在镇", "--org", world.township)
            town.call("add", "person", "name=示例党员支部一", "--org", world.branches[0])
            town.call("add", "person", "name=示例党员支部二", "--org", world.branches[1])
            stranger = elsewhere.join()
            with Listening(town) as there:
                meet(branch, there.address)
                self.assertIn("不是本网络", meet(stranger, there.address, code=1))
            names = [row["name"] for row in branch.json("list", "person")]
            self.assertEqual(names, ["示例党员支部一"])

    def test_a_clerk_admits_a_newcomer_without_the_hub(self):
        with World() as world:
            clerk = world.join("clerk")
            clerk.call("add", "person", "name=示例党员壹", "--org", world.branches[0])
            clerk.sync()
            world.hub.stop()
            with Listening(clerk) as there:
                code = clerk.call("enrol", "--org", world.branches[0], "--role", "volunteer",
                                  "--person", "示例志愿者", "--address", there.address).strip()
                newcomer = Client(world.folder + "/newcomer", code)
                self.assertEqual(len(newcomer.json("list", "person")), 1)
                second = world.folder + "/second"
                run(JINQIU, "join", code, "--dir", second, "--no-passphrase", code=1)
            self.assertIn("示例志愿者", there.words)
            self.assertEqual(newcomer.json("status")["role"], "volunteer")
            person = newcomer.json("list", "person")[0]["id"]
            newcomer.call("add", "visit", f"target_ref=person:{person}", "kind=home_visit",
                          "situation=第一次走访")
            with Listening(clerk) as there:
                meet(newcomer, there.address)
            clerk.call("enrol", "--org", world.branches[0], "--role", "clerk", "--person", "甲",
                       code=1)
            clerk.call("enrol", "--org", world.county, "--role", "volunteer", "--person", "甲",
                       code=1)
            world.hub.start()
            clerk.sync()
            newcomer.sync()
            people = {item["person"]: item for item in world.hub.json("device", "list")}
            self.assertEqual(people["示例志愿者"]["state"], "active")
            self.assertEqual(len(world.hub.json("list", "visit")), 1)
            # What the clerk's device admits beyond its cut never was.
            world.hub.call("revoke", clerk.device, "--last-good", "0")
            people = {item["person"]: item for item in world.hub.json("device", "list")}
            self.assertEqual(people["示例志愿者"]["state"], "revoked")
            self.assertEqual(world.hub.json("list", "visit"), [])

    def test_a_code_of_eleven_minutes_ago_admits_nobody(self):
        with World() as world:
            clerk = world.join("clerk")
            clerk.sync()
            with Listening(clerk) as there:
                code = clerk.call("enrol", "--org", world.branches[0], "--role", "volunteer",
                                  "--person", "示例志愿者", "--address", there.address).strip()
            late = world.folder + "/late"
            with Listening(clerk, there.address, minutes=11) as there:
                run(JINQIU, "join", code, "--dir", late, "--no-passphrase", code=1)
            with Listening(clerk, there.address, minutes=9):
                Client(world.folder + "/in-time", code)


if __name__ == "__main__":
    unittest.main()
