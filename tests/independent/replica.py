"""What this implementation holds: logs by feed, the registry they make, and the rows they fold to.

Every run is checked on the way in: chain, signature, and a device that the registry knows. Whether
an entry counts is asked anew each time; at the sizes of a test that is quick enough."""

import struct

from entry import Entry, Run, chain, run_holds, signed_hash
from frame import open_frame
from frontier import lacking
from keys import DIGEST, sign
from merge import merge
from pack import Refused, take_varint
from seal import WRAPPED, Opener, seal_id
from tally import digests, tally_digest
from trust import GENESIS, Registry, Unknown, is_registry


class Replica:
    def __init__(self, network_id):
        self.network_id = network_id
        self.feeds, self.hashes, self.pieces = {}, {}, {}
        self.registry = Registry(network_id)
        self.value_keys = {}  # id: (subject, year, beacon, wrapped)
        self.aside = {}

    @property
    def frontier(self):
        return {feed: len(bodies) for feed, bodies in self.feeds.items() if bodies}

    # ---- taking in ----

    def take(self, run):
        """Returns how many entries of the run were new."""
        held = self.feeds.get(run.feed, [])
        if run.first > len(held) + 1:
            raise Refused(f"feed {run.feed}: entries before {run.first} are missing")
        known = len(held) + 1 - run.first
        if run.bodies[:known] != held[run.first - 1:run.last]:
            raise Refused(f"feed {run.feed}: other entries than those that are held")
        bodies = run.bodies[known:]
        if not bodies:
            self.note_keys(run)
            return 0
        previous = self.hashes[run.feed][-1] if held else bytes(32)
        hashes = chain(self.registry.network, run.feed, len(held) + 1, previous, bodies)
        key = self.key_of(run.feed, bodies[0])
        if not run_holds(self.registry.network, run, hashes, key):
            raise Refused(f"feed {run.feed}, entries {run.first} to {run.last}: chain or signature "
                          "does not hold")
        self.feeds[run.feed] = held + bodies
        self.hashes.setdefault(run.feed, []).extend(hashes)
        self.pieces.setdefault(run.feed, []).append(run)
        if is_registry(run.feed[0]):
            self.learn()
        else:
            self.note_keys(run)
        return len(bodies)

    def note_keys(self, run):
        """The wrapped keys that came beside the entries which name them, in the same order."""
        wrapped = [run.keys[at:at + WRAPPED] for at in range(0, len(run.keys), WRAPPED)]
        for key_id, subject, year, beacon in named_keys(run):
            if wrapped and seal_id(self.registry.network, wrapped[0]) == key_id:
                self.value_keys[key_id] = (subject, year, beacon, wrapped.pop(0))
        self.erase()

    def erase(self):
        self.value_keys = {key_id: known for key_id, known in self.value_keys.items()
                           if not self.registry.seals.is_erased(*known[:3])}

    def opener(self, device, secret):
        return Opener(self.registry, device, secret,
                      {key_id: (subject, year, wrapped) for key_id, (subject, year, _, wrapped)
                       in self.value_keys.items()})

    def key_of(self, feed, body):
        """The writer's key; that of the genesis stands in itself."""
        key = self.registry.key_of(feed[1])
        if key is None and feed == GENESIS[0] and not self.registry.founded:
            founder = Registry(self.network_id)
            founder.take(GENESIS, Entry(body, feed[0]))
            key = founder.key_of(1)
        if key is None:
            raise Refused(f"feed {feed}: device {feed[1]} is not in the registry")
        return key

    def entries(self, wanted):
        """[((feed, number), entry)] of the feeds whose scope is wanted; broken ones are aside."""
        out = []
        for feed, bodies in sorted(self.feeds.items()):
            for number, body in enumerate(bodies, 1) if wanted(feed[0]) else ():
                try:
                    out.append(((feed, number), Entry(body, feed[0])))
                except Refused as why:
                    self.aside[feed, number] = why
        return out

    def learn(self):
        self.registry = Registry(self.network_id, self.hashes)
        self.verdicts = self.registry.take_all(self.entries(is_registry))
        self.erase()

    # ---- what follows ----

    def counting(self):
        """[((feed, number), entry, person)]; `aside` says why others don't count."""
        out = []
        self.aside = {place: why for place, why in self.verdicts.items() if why is not None}
        for place, entry in self.entries(lambda scope: not is_registry(scope)):
            try:
                self.registry.judge(place, entry)
            except (Refused, Unknown) as why:
                self.aside[place] = why
                continue
            writer = self.registry.certificate_at(*place)
            out.append((place, entry, entry.person or writer.person))
        return out

    def rows(self):
        return merge(self.registry.schemas[-1], self.counting())

    def digests(self):
        """{scope: 32 bytes}, as `jinqiu digest` shows them."""
        return digests(self.registry.network, self.rows(), self.frontier)

    def tally_digest(self, reader):
        return tally_digest(self.registry.network, self.rows(),
                            lambda scope: self.registry.may_read(reader, scope))

    def order(self, feed):
        """Where a run of the feed stands in the order of sending."""
        return not is_registry(feed[0]), feed[1] != 1, feed

    def chains_digest(self, reader):
        """Of the registry's feeds that the reader may read: by their last hashes."""
        place = b"".join(struct.pack("<IIIQ", *feed, len(hashes)) + hashes[-1]
                         for feed, hashes in sorted(self.hashes.items())
                         if is_registry(feed[0]) and self.registry.may_read(reader, feed[0]))
        return self.registry.network.hash(DIGEST, place)

    def runs_for(self, theirs, reader):
        """What the reader lacks and may read, in the order of sending, as it came: a run may begin
        with entries that are held there."""
        for feed in sorted(lacking(self.frontier, theirs), key=self.order):
            if self.registry.may_read(reader, feed[0]):
                yield from (self.with_keys(run) for run in self.pieces[feed]
                            if run.last > theirs.get(feed, 0))

    def with_keys(self, run):
        """With those wrapped keys that we have: what was erased isn't handed on."""
        if not is_registry(run.feed[0]):
            run.keys = b"".join(self.value_keys[key_id][3] for key_id, *_ in named_keys(run)
                                if key_id in self.value_keys)
        return run

    def save(self, feed, body, seed, keys=b""):
        """An own entry: a run of one."""
        number = self.frontier.get(feed, 0) + 1
        previous = self.hashes[feed][-1] if number > 1 else bytes(32)
        digest = chain(self.registry.network, feed, number, previous, [body])[0]
        signature = sign(seed, signed_hash(self.registry.network, digest))
        self.take(Run([*feed, number, [body], signature, keys]))


def named_keys(run):
    """(id, subject, year, beacon) of each value key that the run's entries name, in order."""
    for body in run.bodies:
        try:
            entry = Entry(body, run.feed[0])
        except Refused:
            continue
        for key_id, subject, year in entry.keys:
            yield key_id, subject, year, entry.beacon


def split_bodies(data):
    bodies = []
    while data:
        size, data = take_varint(data)
        if size is None or size > len(data):
            raise Refused("a body that is cut off")
        bodies.append(data[:size])
        data = data[size:]
    return bodies


FRAME_MAX = 4 * 1024 * 1024  # of bodies


def read_log(database, network_id):
    """The log of a replica, checked from the first entry on. Its file's form is the C programs' own
    affair: bodies, each behind its length when there are several, in a Zstandard frame (form 1) or
    not, under (feed << 40 | number of the last)."""
    replica = Replica(network_id)
    feeds = {row[0]: tuple(row[1:4]) for row in
             database.execute("SELECT id, scope, device, incarnation FROM _feed")}
    pieces = [(feeds[key >> 40], (key & 2**40 - 1) - count + 1, count, *kept)
              for key, count, *kept in database.execute(
                  "SELECT id, count, form, bodies, signature FROM _log")]
    for feed, first, count, form, kept, signature in sorted(
            pieces, key=lambda piece: (replica.order(piece[0]), piece[1])):
        try:
            kept = open_frame(kept, FRAME_MAX) if form == 1 else kept
            bodies = [kept] if count == 1 else split_bodies(kept)
            run = Run([*feed, first, bodies, signature])
            if replica.take(run) != len(run.bodies):
                raise Refused("some of them stand in the log twice")
        except Refused as why:
            raise Refused(f"feed {feed}, entries from {first} on: {why}") from why
    return replica
