"""The second implementation on the line with a real hub, and with a stick."""

import json
import os
import random
import unittest

from msgpack import ExtType

from nacl.bindings import crypto_scalarmult_base

import session
from bundle import Bundle, frontier_file, take_bundle
from keys import BUREAU, CERTIFICATE, CLERK, SECRETARY, VOLUNTEER, public_key, seal
from pack import Refused, pack
from session import RUN, Device
from stage import Listening, Stage, ask, log_of, named
from trust import Unknown
from wild import Wild

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "entry.json")
SEED = int(os.environ.get("SEED", "1"))


def setUpModule():
    global STAGE
    STAGE = Stage(2)
    STAGE.__enter__()
    unittest.addModuleCleanup(STAGE.__exit__)
    STAGE.save_all(2, 20, 0.6)
    STAGE.sync()


def admit(clerk, told):
    """Writes a certificate as the clerk's device might, or should not."""
    network = clerk.network
    sign_key, dh_key = public_key(os.urandom(32)), crypto_scalarmult_base(os.urandom(32))
    body = pack([1, 1, told["device"], told["serial"], sign_key, dh_key, os.urandom(16), "示例",
                 told["role"], told["org"], told["issuer"], clerk.beacon, told["from"],
                 *told["lot"]])
    sealed = seal(network, CERTIFICATE, body, told.get("seed", clerk.seed))
    row = told.get("row", network.device_id(sign_key))
    clerk.save(told["scope"], [(3, row, {1: (sealed, ())})])


class Line(unittest.TestCase):
    def agrees(self, device):
        """All that the hub has and the device may read, and nothing else."""
        theirs, hub = STAGE.hub.json("digest"), log_of(STAGE.hub).frontier
        mine = named(device.replica, device.replica.digests())
        self.assertEqual(mine, {scope: theirs[scope] for scope in mine})
        readable = {feed for feed in hub if device.replica.registry.may_read(device.index, feed[0])}
        self.assertEqual(set(device.replica.frontier), readable)

    def load(self, count):
        """More than fits a load of 64 KiB."""
        lines = "\n".join(json.dumps({"op": "add", "table": "person", "fields": {
            "name": f"示例党员{n}", "note": os.urandom(1500).hex()}}) for n in range(count))
        STAGE.town.call("apply", "-", data=lines.encode())
        STAGE.sync(STAGE.town)

    def test_it_fetches_what_it_may_read_whoever_it_is(self):
        for role, org in (("volunteer", STAGE.branches[0]), ("secretary", STAGE.township),
                          ("clerk", STAGE.county), ("auditor", STAGE.hub.root)):
            with self.subTest(role):
                device = STAGE.device(role, org)
                self.assertTrue(device.sync().agreed)
                self.agrees(device)

    def test_nothing_new_is_one_round_trip(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        again = device.sync()
        self.assertEqual((again.taken, again.frames, again.remembered, again.agreed),
                         (0, 1, True, True))
        STAGE.town.call("add", "person", "name=示例党员301")
        STAGE.sync(STAGE.town)
        self.assertEqual(device.sync().taken, 1)
        self.agrees(device)

    def test_who_has_been_away_gets_in_by_the_key_of_the_certificate(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        newest, device.link_key = device.link_key, os.urandom(32)
        device.save(device.scope(), [(17, os.urandom(16), {1: ("示例党员302", ())})])
        self.assertTrue(device.sync().agreed)
        self.assertEqual(device.link_key, newest)
        self.agrees(device)
        device.link_key, device.hub_keys = os.urandom(32), lambda: []
        with self.assertRaisesRegex(Refused, "nobody answers"):
            device.sync()

    def test_two_registries_that_are_shown_are_noticed(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        device.replica.hashes[3, 1, 1] = [*device.replica.hashes[3, 1, 1][:-1], bytes(32)]
        with self.assertRaisesRegex(Refused, "two registries"):
            device.sync()

    def test_a_hub_that_does_not_remember_says_what_it_has(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        device.memory[1].told = {(3, 1, 1): 1}
        self.load(60)
        forgotten = device.sync()
        self.assertEqual((forgotten.remembered, forgotten.agreed), (False, True))
        self.assertGreater(forgotten.pings, 0)
        self.agrees(device)
        self.assertTrue(device.sync().remembered)

    def test_what_it_saves_counts_at_the_hub(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        row, scope = os.urandom(16), device.scope()
        device.save(scope, [(17, row, {1: ("示例党员401", ()), 10: ("13800000001", ())})])
        self.assertEqual(device.sync().frames, 1)
        first = (device.index, 1, scope, 1)
        device.save(scope, [(17, row, {1: ("示例党员402", (first,)), 10: (None, (first,)),
                                       24: ("一\n二", ())})])
        device.save(scope, [(17, row, {1: ("示例党员403", (first,))})])
        self.assertTrue(device.sync().agreed)
        told = ask(STAGE.hub, "get", "person", row.hex())
        self.assertEqual((told["note"], told["_conflicts"]), ("一\n二", ["name"]))
        self.agrees(device)

    def test_a_client_that_listens_gives_and_takes_the_same(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        STAGE.sync(STAGE.town)
        STAGE.town.call("add", "person", "name=示例党员405")
        row = os.urandom(16)
        device.save(device.scope(), [(17, row, {1: ("示例党员406", ())})])
        with Listening(STAGE.town) as there:
            met = device.sync(there.address)
            self.assertEqual((met.taken, met.agreed), (1, True))
            again = device.sync(there.address)
            self.assertEqual((again.remembered, again.frames), (True, 1))
        self.assertEqual(ask(STAGE.town, "get", "person", row.hex())["name"], "示例党员406")
        self.assertEqual(named(device.replica, device.replica.digests()),
                         STAGE.town.json("digest"))

    def test_what_a_right_does_not_cover_is_kept_and_does_not_count(self):
        device = STAGE.device("volunteer", STAGE.branches[0])
        device.sync()
        row, scope = os.urandom(16), device.scope()
        device.save(scope, [(17, row, {1: ("示例党员404", ()), 4: ("a", ())})])
        device.sync()
        self.agrees(device)
        self.assertIn(row.hex(), json.dumps(ask(STAGE.hub, "set-aside")))
        STAGE.hub.call("get", "person", row.hex(), code=1)

    def test_hub_and_we_judge_alike_what_no_honest_program_writes(self):
        for role in ("secretary", "volunteer", "bureau"):
            device = STAGE.device(role, STAGE.hub.root if role == "bureau" else STAGE.township)
            device.sync()
            replica, chance = device.replica, random.Random(SEED)
            for scope in (device.scope(), device.scope() + 2**31):
                wild = Wild(replica.registry.schemas[-1], chance, scope)
                for number in range(1, 101):
                    body = wild.body(number, (device.index, 1, scope, number))
                    replica.save((scope, device.index, 1), body, device.seed)
            with self.subTest(role):
                self.assertTrue(device.sync().agreed)
                self.agrees(device)
                self.same_set_aside(device)

    def test_an_empty_text_is_an_element_of_a_set(self):
        """Once it stopped the storage of the hub, at the first save and at the second."""
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        scope, row = device.scope() + 2**31, os.urandom(16)
        for element in ("", "甲", ""):
            device.save(scope, [(20, row, {7: ([[element], []], ())})])
            self.assertTrue(device.sync().agreed)
        self.agrees(device)
        self.assertEqual(ask(STAGE.hub, "get", "venue", row.hex())["rooms"], ["", "甲"])

    def test_what_is_no_entry_is_kept_in_its_chain(self):
        with open(VECTORS, encoding="utf-8") as file:
            bodies = [case["body"] for case in json.load(file)["refused"]]
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        for body in [*bodies, "ff", "c0"]:
            device.replica.save((device.scope(), device.index, 1), bytes.fromhex(body), device.seed)
        device.save(device.scope(), [(17, os.urandom(16), {1: ("示例党员407", ())})])
        self.assertTrue(device.sync().agreed)
        self.agrees(device)
        self.assertEqual([place[1] for place, _, _ in device.replica.counting()
                          if place[0][1] == device.index], [len(bodies) + 3])

    def test_hub_and_we_admit_the_same_newcomers_of_a_clerk(self):
        clerk = STAGE.device("clerk", STAGE.county)
        clerk.sync()
        own = clerk.replica.registry.certificates[clerk.index][0]
        self.assertGreater(own.count, 8)
        branch, county = clerk.replica.registry.orgs_named("branch")[0], own.org
        good = {"device": own.lot, "serial": 1, "role": VOLUNTEER, "org": branch,
                "issuer": 65536 + clerk.index, "from": [], "lot": [], "scope": 2 * branch + 1}
        wrong = [{"role": CLERK}, {"role": BUREAU}, {"serial": 2}, {"from": [2, 1, 1]},
                 {"lot": [9, 1]}, {"org": 1}, {"scope": 2 * county + 1},
                 {"device": own.lot + own.count}, {"device": own.lot - 1},
                 {"issuer": 65536 + clerk.index + 1}, {"issuer": 1}, {"issuer": 0},
                 {"device": clerk.index}, {"row": bytes(16)}, {"seed": bytes(32)}]
        right = [{}, {"role": SECRETARY}, {"org": county, "scope": 2 * county + 1}]
        for at, change in enumerate(wrong + right):
            admit(clerk, {**good, "device": own.lot + at % 3 + (at >= len(wrong)) * 3, **change})
        clerk.sync()
        self.assertTrue(clerk.sync().agreed)
        told = {item["index"] for item in STAGE.hub.json("device", "list")}
        mine = {device for device in clerk.replica.registry.certificates if device >= own.lot}
        self.assertEqual(mine, {own.lot + 3, own.lot + 4, own.lot + 5})
        self.assertEqual({device for device in told if device >= own.lot}, mine)
        self.assertEqual(clerk.replica.digests()[2 * branch + 1].hex(), STAGE.hub.json("digest")[
            clerk.replica.registry.orgs[branch][1].hex() + "/registry"])

    def same_set_aside(self, device):
        counted = len(device.replica.counting())
        mine = {place for place, why in device.replica.aside.items()
                if place[0][1] == device.index and not isinstance(why, Unknown)}
        told = {tuple(map(int, item["dot"].split("."))) for item in ask(STAGE.hub, "set-aside")}
        self.assertEqual({(device.index, 1, scope, number) for (scope, _, _), number in mine},
                         {dot for dot in told if dot[0] == device.index})
        self.assertGreater(min(counted, len(mine)), 30)

    def test_wrong_keys_wrong_tokens_and_revoked_ones(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        with self.assertRaisesRegex(Refused, "code 3"):
            Device(device.invitation).sync()
        stranger = Device(device.invitation)
        stranger.index = device.index
        with self.assertRaises(Refused):
            stranger.sync()
        identity = next(item["id"] for item in STAGE.hub.json("device", "list")
                        if item["index"] == device.index)
        STAGE.hub.call("revoke", identity)
        with self.assertRaisesRegex(Refused, r"\[2,"):
            device.sync()

    def test_a_replica_that_lost_a_head_is_noticed(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        whole = device.replica.rows()
        row = next(row for row in whole if row[0] & 1 == 0)
        whole[row].popitem()
        device.replica.rows = lambda: whole
        with self.assertRaisesRegex(Refused, "different tallies"):
            device.sync()

    def test_a_run_that_was_altered_is_refused(self):
        device = STAGE.device("secretary", STAGE.township)
        step = session.Session.step

        def alter(self, kind, body):
            if kind == RUN and body[0] & 1 == 0:
                body[4][0] = body[4][0][:-3] + bytes([body[4][0][-3] ^ 1]) + body[4][0][-2:]
            step(self, kind, body)

        session.Session.step = alter
        try:
            with self.assertRaisesRegex(Refused, r"feed \(\d+, \d+, \d+\), entries 1 to"):
                device.sync()
        finally:
            session.Session.step = step


class Sealed(unittest.TestCase):
    """Texts that only some may read, under keys that can be destroyed."""

    FIELDS = {"note": 24, "id_number": 25}

    def told(self, device, row):
        """{name: what the device can read of it}"""
        opener = device.opener()
        cells = next(cells for at, cells in device.replica.rows().items() if at[2] == row)
        return {name: opener.open(17, row, number, cells[number].heads()[0].value.data)
                for name, number in self.FIELDS.items()}

    def test_each_role_opens_what_is_sealed_for_it_until_it_is_erased(self):
        secretary = STAGE.device("secretary", STAGE.township)
        volunteer = STAGE.device("volunteer", STAGE.township)
        text = {"note": "独居，腿脚不便", "id_number": "000000194001010000"}
        row = bytes.fromhex(STAGE.town.call("add", "person", "name=示例党员601", "--org",
                                            STAGE.township, *map("=".join, text.items())).strip())
        STAGE.sync(STAGE.town)
        for device in (secretary, volunteer):
            device.sync()
        self.assertEqual(self.told(secretary, row), text)
        self.assertEqual(self.told(volunteer, row), {"note": text["note"], "id_number": None})
        STAGE.hub.call("erase", "person", row.hex())
        late = STAGE.device("secretary", STAGE.township)
        for device in (secretary, late):
            self.assertTrue(device.sync().agreed)
            self.assertEqual(self.told(device, row), {"note": None, "id_number": None})

    def test_the_hub_opens_what_it_seals_and_passes_the_key_on(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        schema, registry = device.replica.registry.schemas[-1], device.replica.registry
        field, row = schema.tables[17].fields[25], os.urandom(16)
        org, opener = registry.certificates[device.index][0].org, device.opener()
        named, wrapped, key = opener.new_value_key(org, field.sealed, row, 2026)
        sealed = ExtType(1, opener.seal(named, key, (17, row, 25), "000000194001010001"))
        device.save(device.scope(), [(17, row, {1: ("示例党员602", ()), 25: (sealed, ())})],
                    [named], wrapped)
        self.assertTrue(device.sync().agreed)
        STAGE.sync(STAGE.town)
        for program in (STAGE.hub, STAGE.town):
            self.assertEqual(ask(program, "get", "person", row.hex())["id_number"],
                             "000000194001010001")

    def test_a_wrapped_key_that_was_altered_is_not_taken(self):
        device = STAGE.device("secretary", STAGE.township)
        device.sync()
        runs = [run for runs in device.replica.pieces.values() for run in runs if run.keys]
        self.assertTrue(runs)
        other = Device(device.invitation, device.seed, device.secret)
        for run in (run for feed in sorted(device.replica.feeds, key=device.replica.order)
                    for run in device.replica.pieces[feed]):
            run.keys = run.keys[:-1] + bytes([run.keys[-1] ^ 1]) if run.keys else b""
            other.replica.take(run)
        self.assertLess(len(other.replica.value_keys), len(device.replica.value_keys))
        self.assertEqual(other.replica.digests(), device.replica.digests())


class Stick(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(STAGE.folder, "stick")
        STAGE.sync(STAGE.town)
        self.device = STAGE.device("secretary", STAGE.township)
        self.device.sync()
        STAGE.sync(STAGE.town)

    def read(self):
        with open(self.path, "rb") as file:
            return file.read()

    def from_client(self):
        STAGE.town.call("add", "person", "name=示例党员501")
        STAGE.town.call("add", "person", "name=示例党员502")
        told = STAGE.town.json("bundle", "write", self.path)
        return self.read(), told["entries"]

    def test_what_a_client_wrote_arrives_by_stick(self):
        data, count = self.from_client()
        taken = take_bundle(data, self.device)
        self.assertEqual((taken.applied, taken.faults), (count, []))
        self.assertEqual(take_bundle(data, self.device).applied, 0)
        STAGE.sync(STAGE.town)
        self.assertTrue(self.device.sync().agreed)
        self.assertEqual(named(self.device.replica, self.device.replica.digests()),
                         STAGE.town.json("digest"))

    def test_the_hub_writes_one_for_this_device(self):
        STAGE.town.call("add", "person", "name=示例党员503")
        STAGE.sync(STAGE.town)
        held = os.path.join(STAGE.folder, "held")
        with open(held, "wb") as file:
            file.write(frontier_file(self.device))
        STAGE.hub.call("bundle", "write", self.path, "--for", held)
        taken = take_bundle(self.read(), self.device)
        self.assertEqual((taken.applied, taken.faults), (1, []))
        self.assertEqual([receipt.device for receipt in taken.receipts], [1])

    def test_no_flipped_bit_and_no_cut_goes_unnoticed(self):
        data, count = self.from_client()
        for at in range(0, len(data), 3):
            flipped = data[:at] + bytes([data[at] ^ 16]) + data[at + 1:]
            self.assertTrue(self.faults(flipped), f"byte {at} of {len(data)}")
            self.assertTrue(self.faults(data[:at]), f"cut at {at} of {len(data)}")
        self.assertTrue(self.faults(data + b"x"))
        self.assertEqual(self.faults(data), [])

    def faults(self, data):
        try:
            return take_bundle(data, self.device).faults
        except Refused as fault:
            return [fault]

    def test_who_is_no_recipient_reads_nothing(self):
        data, _ = self.from_client()
        stranger = STAGE.device("volunteer", STAGE.branches[1])
        stranger.sync()
        bundle = Bundle(data, stranger.network)
        self.assertEqual(bundle.sender, ask(STAGE.hub, "device", "list")[1]["index"])
        with self.assertRaisesRegex(Refused, "for others"):
            take_bundle(data, stranger)


if __name__ == "__main__":
    unittest.main()
