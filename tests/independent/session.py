"""A session with a hub as the initiator, over TCP (protocol.md, parts 7 to 9): it enrols, brings
what the hub lacks, takes everything that it may read and acknowledges it. Or with another client.

`Device` is what stays between sessions: keys, roster index, the replica, and what it remembers of
each peer. `Session` is one connection."""

import base64
import hashlib
import os
import socket
import struct
import time

import zstandard
from nacl.bindings import crypto_scalarmult_base

from entry import Run, pack_entry
from frame import ENTRIES, dictionary, unpacker_of
from frontier import frontier_digest, pack_frontier, read_frontier
from sketch import FEEDS_MAX, decode, sketch_bytes
from keys import (BEACON, ENROL, KNOCK, LINK_KEY, PEER, RECEIPT, Beacon, LinkKey, Receipt, blake,
                  public_key, seal)
from noise import Initiator
from pack import Refused, binary, listed, pack, take_varint, uint, unpack_list
from replica import Replica

(HELLO, ENROLLING, WELCOME, HAVE, RUN, SENT, RECEIPTS, TALLY, BYE, PING, PONG,
 PACKED) = range(1, 13)
SKETCH, DIFFERENCE, WIDER, HELD = 90, 91, 92, 95
FLAG_ENROLLING, FLAG_SKETCHES, FLAG_HELD, ROW = 2, 8, 32, 5
FRAME_MAX, MESSAGE_MAX, TYPE_SKIPPED = 8192, 1024 * 1024 + 65536, 64
HINT_MAGIC, HINT = b"JQP1", 20
VERSION, HUB_INDEX, FIRST_MAX = 1, 1, 8000
DONE = 0
PIECE_MAX = 16384


class Invitation:
    """"JQ1-…" of a hub: network, its link key, a token that admits one device, its address."""

    def __init__(self, code):
        if not code.startswith("JQ1-"):
            raise Refused("no invitation")
        told = code[4:]
        data = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
        if blake(data[:-4])[:4] != data[-4:] or data[0] != 1 or len(data) != 70 + data[65]:
            raise Refused("a damaged invitation, or not one of a hub")
        self.network, self.link_key = data[1:17], data[17:49]
        self.token = data[49:65]
        self.address = data[66:66 + data[65]].decode()


class Unanswered(Refused):
    """The other side doesn't know the key that we knocked with, or isn't there."""


class Packing:
    """One direction's Zstandard frames, in pieces."""

    def __init__(self):
        self.packer = self.unpacker = None

    def pack(self, plain, last):
        if not self.packer:
            parameters = zstandard.ZstdCompressionParameters.from_level(
                3, window_log=17, write_content_size=False, write_dict_id=True)
            compressor = zstandard.ZstdCompressor(compression_params=parameters,
                                                  dict_data=dictionary(ENTRIES))
            self.packer = compressor.compressobj()
        end = zstandard.COMPRESSOBJ_FLUSH_FINISH if last else zstandard.COMPRESSOBJ_FLUSH_BLOCK
        piece = self.packer.compress(plain) + self.packer.flush(end)
        self.packer = None if last else self.packer
        return piece

    def unpack(self, piece):
        if not self.unpacker:
            self.unpacker = unpacker_of(piece).decompressobj()
        plain = self.unpacker.decompress(piece)
        if len(plain) > PIECE_MAX or self.unpacker.unused_data:
            raise Refused("a piece that expands to too much, or with bytes behind its frame")
        if self.unpacker.eof:
            self.unpacker = None
        return plain


class Memory:
    """What a peer was told that we hold, and what it provably holds."""

    def __init__(self):
        self.told, self.held = {}, {}


class Device:
    def __init__(self, invitation, seed=None, secret=None):
        self.seed, self.secret = seed or os.urandom(32), secret or os.urandom(32)
        self.invitation = invitation
        self.replica = Replica(invitation.network)
        self.index = self.lineage = self.beacon = 0
        self.link_key = invitation.link_key
        self.memory = {}  # peer: Memory

    def scope(self):
        """The records of its org."""
        return 2 * self.replica.registry.certificates[self.index][0].org

    def save(self, scope, ops, keys=(), wrapped=b""):
        """One entry; `ops` as pack_entry takes them."""
        head = (time.time_ns() // 1000000, self.beacon, self.replica.registry.schemas[-1].epoch)
        body = pack_entry(scope, ops, head, list(keys))
        self.replica.save((scope, self.index, 1), body, self.seed, wrapped)

    def opener(self):
        return self.replica.opener(self.index, self.secret)

    @property
    def network(self):
        return self.replica.registry.network

    def sync(self, address=None):
        """One session, with the hub or with a client that listens there; gives it back, for tests
        to look at."""
        keys = [None] if address else [self.link_key, *self.hub_keys()]
        for link_key in dict.fromkeys(keys):
            session = Session(self, address or self.invitation.address)
            try:
                session.start(link_key or session.read_hint())
                session.run(with_runs=link_key == keys[0])
                return session
            except Unanswered:
                continue
            finally:
                session.socket.close()
        raise Refused("nobody answers to the keys that we know")

    def hub_keys(self):
        """The key of the hub's certificate, for who was away for longer than link keys live."""
        known = self.replica.registry.certificates.get(HUB_INDEX)
        return [known[0].dh_key] if known else []


class Session:
    def __init__(self, device, address):
        host, port = address.rsplit(":", 1)
        self.device, self.stream, self.unpacked = device, b"", b""
        self.sending, self.receiving = Packing(), Packing()
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.peer, self.remembered, self.over = HUB_INDEX, False, False
        self.taken = self.frames = self.pings = self.sketches = 0
        self.tally = None

    def read_hint(self):
        """A client says which device it is to those who know its key. Returns that key."""
        hint, registry = self.read_exactly(HINT), self.device.replica.registry
        if hint[:4] != HINT_MAGIC:
            raise Refused("nobody of ours listens there")
        for index, known in registry.certificates.items():
            key = known[0].dh_key
            if registry.network.hash(PEER, hint[4:12], key)[:8] == hint[12:]:
                self.peer = index
                return key
        raise Refused("a device that the registry doesn't know")

    def start(self, link_key):
        device = self.device
        self.memory = device.memory.setdefault(self.peer, Memory())
        self.noise = Initiator(b"jinqiu/1" + device.network.id, device.secret, link_key,
                               os.urandom(32))

    # ---- frames ----

    def write_frame(self, message):
        self.socket.sendall(struct.pack(">H", len(message)) + message)

    def read_exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("the hub hung up")
            data += piece
        return data

    def read_frame(self):
        size = struct.unpack(">H", self.read_exactly(2))[0]
        if not 1 <= size <= FRAME_MAX:
            raise Refused("a frame of a size that is not allowed")
        self.frames += 1
        return self.read_exactly(size)

    # ---- messages ----

    def say(self, *messages):
        plain = b"".join(message(*one) for one in messages)
        for at in range(0, len(plain), FRAME_MAX - 16):
            self.write_frame(self.noise.send.encrypt(plain[at:at + FRAME_MAX - 16]))

    def hear(self):
        """The next message: (type, body as a list)."""
        while True:
            heard = self.next_message()
            if heard:
                return heard
            self.stream += self.noise.receive.decrypt(self.read_frame())

    def next_message(self):
        while self.stream:
            size, rest = take_varint(self.stream[1:], MESSAGE_MAX)
            if size is None or len(rest) < size:
                return None
            kind, body, self.stream = self.stream[0], rest[:size], rest[size:]
            if kind == PACKED:
                self.unpacked += self.receiving.unpack(body)
                self.stream = self.whole_runs() + self.stream
            elif kind < TYPE_SKIPPED or kind in (SKETCH, HELD):
                return kind, unpack_list(body, 0)
        return None

    def whole_runs(self):
        """What was packed, up to the end of its last whole message."""
        end = 0
        while end < len(self.unpacked):
            size, rest = take_varint(self.unpacked[end + 1:], MESSAGE_MAX)
            if size is None or len(rest) < size:
                break
            if self.unpacked[end] != RUN:
                raise Refused("something else than a run was packed")
            end = len(self.unpacked) - len(rest) + size
        whole, self.unpacked = self.unpacked[:end], self.unpacked[end:]
        return whole

    def packed(self, messages):
        """The RUNs as PACKED ones, then the rest."""
        plain = b"".join(message(*one) for one in messages if one[0] == RUN)
        for at in range(0, len(plain), PIECE_MAX):
            last = at + PIECE_MAX >= len(plain)
            yield PACKED, self.sending.pack(plain[at:at + PIECE_MAX], last)
        yield from (one for one in messages if one[0] != RUN)

    # ---- the session ----

    def hello(self):
        device, told = self.device, self.memory.told
        news = {feed: number for feed, number in device.replica.frontier.items()
                if number > told.get(feed, 0)}
        flags = FLAG_SKETCHES | FLAG_HELD | (0 if device.index else FLAG_ENROLLING)
        digest = frontier_digest(told)[:8] if told else b""
        return [VERSION, flags, device.index, device.lineage, device.beacon, digest,
                pack_frontier(news)]

    def enrol(self):
        device, token = self.device, self.device.invitation.token
        keys = crypto_scalarmult_base(device.secret), public_key(device.seed)
        proof = device.network.sign(ENROL, token + keys[0] + keys[1], device.seed)
        return [token, keys[1], proof]

    def run(self, with_runs):
        opening = [(HELLO, self.hello())]
        if not self.device.index:
            opening.append((ENROLLING, self.enrol()))
        first = self.noise.write_first(self.fill(b"".join(map(message, *zip(*opening))), with_runs))
        self.write_frame(first + knock(self.device.network, self.noise.remote, first))
        try:
            self.stream += self.noise.read_second(self.read_frame())
        except OSError as fault:
            raise Unanswered("no answer to the first frame") from fault
        kind, body = self.hear()
        if kind != WELCOME:
            raise Refused(f"message {kind} in place of WELCOME")
        self.welcome(body)
        if self.remembered and self.waiting:
            self.say(*self.packed(self.waiting))
        while not self.over:
            self.step(*self.hear())

    def offer(self):
        """What the hub lacks, as messages."""
        runs = self.device.replica.runs_for(self.memory.held, self.peer)
        return [*((RUN, run.parts()) for run in runs), (SENT, [])]

    def fill(self, plain, with_runs):
        """The first frame: as much of the offer as fits behind the opening. What a hub that doesn't
        remember us lacks will be seen from its HAVE. Under a key that lives for years nothing of
        the records is said."""
        self.waiting = self.offer()
        while self.waiting and (with_runs or self.waiting[0][0] != RUN):
            if len(plain + message(*self.waiting[0])) > FIRST_MAX:
                break
            plain += message(*self.waiting.pop(0))
        return plain

    def welcome(self, body):
        listed(body, 6)
        if uint(body[0]) != DONE:
            raise Refused(f"the hub says no: code {body[0]}")
        self.device.index, self.lineage = uint(body[1], least=1), uint(body[2])
        self.remembered, self.beacon, self.link = body[3:6]
        self.takes_held = len(body) > 6 and uint(body[6]) & 1

    def step(self, kind, body):
        if kind == HAVE:
            self.memory.held = read_frontier(binary(body[0]))
            self.say((HAVE, [pack_frontier(self.device.replica.frontier)]),
                     *self.packed(self.offer()))
        elif kind == SKETCH:
            self.compare(binary(body[0]))
        elif kind == RUN:
            run = Run(body)
            self.taken += self.device.replica.take(run)
            held = {run.feed: self.device.replica.frontier[run.feed]}
            self.memory.held[run.feed] = max(run.last, self.memory.held.get(run.feed, 0))
            self.say((HELD, [pack_frontier(held)]) if self.takes_held else
                     (RECEIPTS, [self.receipt(held)]))
        elif kind == RECEIPTS:
            self.check_receipt(binary(body[0]))
        elif kind == HELD:
            self.memory.held.update(read_frontier(binary(body[0])))
        elif kind == PING:
            self.pings += 1
            self.say((PONG, []))
        elif kind == TALLY:
            self.tally = [binary(part, 8) for part in body[:3]]
        elif kind == SENT:
            self.finish()
        elif kind == BYE:
            raise Refused(f"the hub ends the session: {body}")
        else:
            raise Refused(f"message {kind} is not the hub's to send")

    def compare(self, sketch):
        """In what does the hub's frontier differ from ours?"""
        self.sketches += 1
        ours = self.device.replica.frontier
        found = decode(sketch, ours)
        if found:
            theirs, rows, absent = found
            self.memory.held = theirs
            self.say((DIFFERENCE, [frontier_digest(ours)[:8], rows, absent]),
                     *self.packed(self.offer()))
        elif self.sketches == 1 and len(ours) * ROW > sketch_bytes(FEEDS_MAX):
            self.say((WIDER, [FEEDS_MAX]))
        else:
            self.say((WIDER, [0]))

    def receipt(self, held):
        device = self.device
        body = pack([1, device.index, self.lineage, device.beacon, pack_frontier(held)])
        return seal(device.network, RECEIPT, body, device.seed)

    def check_receipt(self, sealed):
        receipt, registry = Receipt(sealed), self.device.replica.registry
        key = registry.key_of(receipt.device)
        if key is None or not registry.network.is_signed(RECEIPT, receipt.body, receipt.signature,
                                                         key):
            raise Refused("a receipt that its device did not sign")
        if receipt.device == self.peer:
            self.memory.held.update(receipt.frontier)

    def finish(self):
        device = self.device
        if self.beacon is not None:
            device.beacon = self.check_beacon(Beacon(self.beacon))
        replica = device.replica
        ours = [frontier_digest(replica.frontier)[:8], replica.tally_digest(device.index)[:8],
                replica.chains_digest(device.index)[:8]]
        self.agreed = self.tally == ours
        if self.tally and self.tally[0] == ours[0] and self.tally[1] != ours[1]:
            raise Refused("equal frontiers with different tallies: a damaged disk or a fault")
        if self.tally and self.tally[0] == ours[0] and self.tally[2:] != ours[2:]:
            raise Refused("equal frontiers with different chains: two registries are shown")
        self.memory.told = dict(device.replica.frontier)
        if self.peer == HUB_INDEX:
            device.lineage = self.lineage
            self.keep_link_key()
        self.say((BYE, [DONE, ""]))
        self.over = True

    def keep_link_key(self):
        """The newest that an authority signed, from the registry or from WELCOME."""
        registry = self.device.replica.registry
        links = [registry.link] if registry.link else []
        if self.link is not None:
            links.append(LinkKey(self.link))
        for link in sorted(links, key=lambda link: link.number):
            if not registry.signed_by_authority(LINK_KEY, link):
                raise Refused("a link key that no authority signed")
            self.device.link_key = link.key

    def check_beacon(self, beacon):
        if not self.device.replica.registry.signed_by_authority(BEACON, beacon):
            raise Refused("a beacon that no authority signed")
        return beacon.number


def knock(network, static_key, first):
    """Shows a responder that we know its key, before it does any work."""
    key = network.hash(KNOCK, static_key)
    return hashlib.blake2b(first, digest_size=16, key=key).digest()


def message(kind, body):
    data = body if kind == PACKED else pack(body)
    return bytes([kind]) + varint(len(data)) + data


def varint(size):
    out = b""
    while size > 127:
        out, size = out + bytes([size & 127 | 128]), size >> 7
    return out + bytes([size])
