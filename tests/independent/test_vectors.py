"""The frozen vectors of tests/vectors, read by the second implementation."""

import json
import os
import unittest

import keys
import noise
from entry import Entry, Run, TooLarge, chain, run_holds, signed_hash
from frontier import frontier_digest, pack_frontier, read_frontier
from keys import Network, UnknownForm
from pack import Refused, pack, unpack
from session import knock
from sketch import decode, sketch

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")


def load(name):
    with open(os.path.join(VECTORS, name), encoding="utf-8") as file:
        return json.load(file)


def told(value):
    return pack(value).hex()


def tell(entry, own_scope):
    """An entry in the words of the vectors."""
    person = "none" if entry.person is None else entry.person.hex()
    lines = [f"time {entry.time} beacon {entry.beacon} person {person} epoch {entry.epoch}"]
    for op in entry.ops:
        lines.append(f"table {op.table} row {op.row.hex()}")
        for field, (value, bases) in op.fields.items():
            dots = "".join(f" {d}.{i}.{s}.{n}" for d, i, s, n in bases)
            lines.append(f"  {field} = {told(value)}" + (" replaces" + dots if dots else ""))
    return lines


class Entries(unittest.TestCase):
    def setUp(self):
        self.vectors = load("entry.json")
        self.network = Network(bytes.fromhex(self.vectors["network"]))
        self.key = bytes.fromhex(self.vectors["device_public"])

    def test_bodies_hashes_and_signatures_of_each_feed(self):
        for feed in self.vectors["feeds"]:
            place = (feed["scope"], feed["device"], feed["incarnation"])
            bodies = [bytes.fromhex(entry["body"]) for entry in feed["entries"]]
            hashes = chain(self.network, place, 1, bytes(32), bodies)
            for entry, body, digest in zip(feed["entries"], bodies, hashes):
                self.assertEqual(digest.hex(), entry["hash"])
                self.assertEqual(tell(Entry(body, place[0]), place[0]), entry["reads"])
                self.assertTrue(keys.verify(self.key, bytes.fromhex(entry["signature"]),
                                            signed_hash(self.network, digest)))

    def test_a_run_holds_and_a_flipped_bit_of_it_does_not(self):
        for feed in self.vectors["feeds"]:
            data = bytes.fromhex(feed["run"])
            run = Run(data)
            self.assertEqual(pack(run.parts()), data)
            self.assertTrue(self.holds(run))
            run.bodies[0] = run.bodies[0][:-1] + bytes([run.bodies[0][-1] ^ 1])
            self.assertFalse(self.holds(run))

    def holds(self, run):
        hashes = chain(self.network, run.feed, run.first, bytes(32), run.bodies)
        return run_holds(self.network, run, hashes, self.key)

    def test_what_is_refused(self):
        kinds = {"bad input": Refused, "not known yet": UnknownForm, "too large": TooLarge}
        for case in self.vectors["refused"]:
            with self.subTest(case["meaning"]), self.assertRaises(Refused) as caught:
                Entry(bytes.fromhex(case["body"]), 2)
            self.assertIsInstance(caught.exception, kinds[case["status"]], case["meaning"])

    def test_frontiers(self):
        for case in self.vectors["frontiers"]:
            data = bytes.fromhex(case["encoded"])
            rows = read_frontier(data)
            self.assertEqual([[str(part) for part in (*feed, number)]
                              for feed, number in rows.items()], case["rows"])
            self.assertEqual(pack_frontier(rows), data)
            self.assertEqual(frontier_digest(rows).hex(), case["digest"])


class Certificates(unittest.TestCase):
    def setUp(self):
        self.vectors = load("certificate.json")
        self.network = Network(bytes.fromhex(self.vectors["network"]))

    def read(self, kind, sealed):
        """Reads the object and checks its signature."""
        key = self.public("root_seed" if kind == "authority" else "hub_seed"
                          if kind == "receipt" else "authority_seed")
        form = {"authority": keys.Authority, "certificate": keys.Certificate,
                "beacon": keys.Beacon, "receipt": keys.Receipt, "link_key": keys.LinkKey}[kind]
        tag = {"authority": keys.AUTHORITY, "certificate": keys.CERTIFICATE,
               "beacon": keys.BEACON, "receipt": keys.RECEIPT, "link_key": keys.LINK_KEY}[kind]
        thing = form(sealed)
        signers = thing.signatures if kind == "authority" else [(key, thing.signature)]
        if len(signers) != 1 or signers[0][0] != key:
            raise Refused("somebody else has signed")
        signature = signers[0][1]
        if not self.network.is_signed(tag, thing.body, signature, key):
            raise Refused("not signed")
        return thing

    def public(self, name):
        return keys.public_key(bytes.fromhex(self.vectors[name]))

    def test_good_ones(self):
        for case in self.vectors["good"]:
            with self.subTest(case["meaning"]):
                self.read(case["kind"], bytes.fromhex(case["sealed"]))

    def test_a_flipped_bit_anywhere_is_noticed(self):
        for case in self.vectors["good"]:
            sealed = bytes.fromhex(case["sealed"])
            for at in range(len(sealed)):
                with self.assertRaises(Refused, msg=f"{case['meaning']}, byte {at}"):
                    self.read(case["kind"], sealed[:at] + bytes([sealed[at] ^ 4]) + sealed[at + 1:])

    def test_what_is_refused(self):
        kinds = {"bad input": Refused, "not there yet": UnknownForm}
        for case in self.vectors["refused"]:
            with self.subTest(case["meaning"]), self.assertRaises(Refused) as caught:
                self.read(case["kind"], bytes.fromhex(case["sealed"]))
            self.assertIsInstance(caught.exception, kinds[case["status"]])


class Canonical(unittest.TestCase):
    def test_only_the_shortest_form_is_read(self):
        for data in ("cc01", "cd0001", "d001", "d9016 1".replace(" ", ""), "c5000161",
                     "dc000101", "d3ffffffffffffffff"):
            with self.assertRaises(Refused, msg=data):
                unpack(bytes.fromhex(data))

    def test_what_is_not_in_the_subset(self):
        for data in ("80", "cb0000000000000000", "c1", "d40201", "d6ff00000000", "a100", "a2c080",
                     "a3eda080", "dd7fffffff", "dbffffffff", "", "c0c0"):
            with self.assertRaises(Refused, msg=data):
                unpack(bytes.fromhex(data))
        self.assertEqual(unpack(bytes.fromhex("d40101")).code, 1)


class Noise(unittest.TestCase):
    def pair(self, case):
        field = {name: bytes.fromhex(value) for name, value in case.items()
                 if isinstance(value, str) and name.split("_")[0] in ("init", "resp")}
        return (noise.Initiator(field["init_prologue"], field["init_static"],
                                field["init_remote_static"], field["init_ephemeral"]),
                noise.Responder(field["resp_prologue"], field["resp_static"],
                                field["resp_ephemeral"]))

    def test_the_published_vectors(self):
        for case in load("noise_ik.json")["vectors"]:
            one, other = self.pair(case)
            told = [(bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"]))
                    for message in case["messages"]]
            self.assertEqual(one.write_first(told[0][0]), told[0][1])
            self.assertEqual(other.read_first(told[0][1]), told[0][0])
            self.assertEqual(other.write_second(told[1][0]), told[1][1])
            self.assertEqual(one.read_second(told[1][1]), told[1][0])
            if "handshake_hash" in case:
                self.assertEqual(one.hash.hex(), case["handshake_hash"])
            for at, (plain, sealed) in enumerate(told[2:]):
                sender, receiver = (one, other) if at % 2 == 0 else (other, one)
                self.assertEqual(sender.send.encrypt(plain), sealed)
                self.assertEqual(receiver.receive.decrypt(sealed), plain)

    def test_knocks(self):
        vectors = load("link.json")
        network = Network(bytes.fromhex(vectors["network"]))
        for case in vectors["knocks"]:
            self.assertEqual(knock(network, bytes.fromhex(vectors["responder"]),
                                   bytes.fromhex(case["message"])).hex(), case["knock"])

    def test_a_flipped_bit_does_not_decrypt(self):
        case = load("noise_ik.json")["vectors"][0]
        first = bytearray(bytes.fromhex(case["messages"][0]["ciphertext"]))
        for at in range(len(first)):
            first[at] ^= 1
            with self.assertRaises(Refused, msg=f"byte {at}"):
                self.pair(case)[1].read_first(bytes(first))
            first[at] ^= 1


class Sketches(unittest.TestCase):
    def test_what_differs_is_found_or_said_not_to_be(self):
        for case in load("sketch.json"):
            theirs, ours = ({tuple(row[:3]): row[3] for row in case[side]}
                            for side in ("theirs", "ours"))
            data = bytes.fromhex(case["sketch"])
            self.assertEqual(sketch(theirs, len(data) // 8 - 1), data)
            found = decode(data, ours)
            self.assertEqual(found is not None, case["found"])
            if found:
                self.assertEqual((found[1].hex(), found[2].hex()), (case["rows"], case["absent"]))


if __name__ == "__main__":
    unittest.main()
