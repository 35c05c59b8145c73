"""Entries and runs (protocol.md, part 3): what they say, their chain of hashes, their signature.

A dot is a tuple (device, incarnation, scope, number), so that tuples sort as dots do. A feed is
(scope, device, incarnation)."""

import struct

from keys import ENTRY, U32, UnknownForm, blake, verify
from pack import VALUE_DEPTH_MAX, Refused, binary, check, listed, pack, text, uint, unpack
from seal import WRAPPED, read_keys

BODY_MAX = 1024 * 1024
OPS_MAX, FIELDS_MAX, DOTS_MAX, NUMBER_MAX = 20000, 255, 256, 2**40 - 1
TABLE_MAX = 65535


class TooLarge(Refused):
    """A limit of part 12."""


class Op:
    """`fields`: {number: (value, bases)}"""

    def __init__(self, parts, scope):
        table, row, flat, bases = listed(parts, 4, 4)
        self.table, self.row = uint(table, TABLE_MAX), binary(row, 16)
        listed(flat, 2)
        if len(flat) % 2:
            raise Refused("a field without a value")
        numbers, values = [uint(n, 255) for n in flat[::2]], flat[1::2]
        if any(a >= b for a, b in zip(numbers, numbers[1:])):
            raise Refused("fields do not ascend")
        for value in values:
            check(value, VALUE_DEPTH_MAX)
        self.fields = dict(zip(numbers, zip(values, spread(bases, len(numbers), scope))))


def spread(bases, count, scope):
    """The bases of each field; only the shortest way to say them is canonical."""
    lists = [read_dots(dots, scope) for dots in listed(bases, 0)]
    if not lists:
        return [()] * count
    if len(lists) == 1 and lists[0]:
        return lists * count
    if len(lists) != count or all(dots == lists[0] for dots in lists):
        raise Refused("bases are not in canonical form")
    return lists


def read_dots(dots, scope):
    if len(listed(dots, 0)) > DOTS_MAX:
        raise TooLarge("more than 256 dots")
    read = tuple(read_dot(dot, scope) for dot in dots)
    if any(a >= b for a, b in zip(read, read[1:])):
        raise Refused("dots do not ascend")
    return read


def read_dot(parts, scope):
    listed(parts, 2, 4)
    incarnation, place = 1, scope
    device, number = uint(parts[0], U32, 1), uint(parts[1], least=1)
    if len(parts) > 2:
        incarnation = uint(parts[2], U32, 2 if len(parts) == 3 else 1)
    if len(parts) > 3:
        place = uint(parts[3], U32)
        if place == scope:
            raise Refused("the own scope spelled out")
    return device, incarnation, place, number


def pack_dot(dot, scope):
    device, incarnation, place, number = dot
    if place != scope:
        return [device, number, incarnation, place]
    return [device, number, incarnation] if incarnation > 1 else [device, number]


def pack_dots(dots, scope):
    return [pack_dot(dot, scope) for dot in sorted(set(dots))]


def pack_op(table, row, fields, scope):
    """`fields`: {number: (value, dots that it replaces)}"""
    flat = [part for number in sorted(fields) for part in (number, fields[number][0])]
    bases = [pack_dots(fields[number][1], scope) for number in sorted(fields)]
    if all(dots == bases[0] for dots in bases):
        bases = bases[:1] if bases[0] else []
    return [table, row, flat, bases]


def pack_entry(scope, ops, head, keys):
    """`ops`: [(table, row, fields)]; `head`: (time, beacon, epoch); `keys`: of sealed values."""
    time, beacon, epoch = head
    body = [1, time, beacon, None, epoch, [pack_op(*op, scope) for op in ops]]
    return pack([*body, None, keys] if keys else body)


class Entry:
    def __init__(self, body, scope):
        self.body = bytes(body)
        if len(body) > BODY_MAX:
            raise TooLarge("an entry of more than 1 MiB")
        parts = unpack(self.body)
        if type(parts) is list and parts and type(parts[0]) is int and parts[0] > 1:
            raise UnknownForm("a later version")
        listed(parts, 6)
        if type(parts[0]) is not int or parts[0] != 1:
            raise Refused("version 0")
        self.time = uint(parts[1], 2**63 - 1, -2**63)
        self.beacon = uint(parts[2])
        self.person = parts[3] if parts[3] is None else binary(parts[3], 16)
        self.epoch = uint(parts[4], U32)
        if len(listed(parts[5], 1)) > OPS_MAX:
            raise TooLarge("too many ops")
        self.ops = [Op(op, scope) for op in parts[5]]
        self.origin = parts[6] if len(parts) > 6 else None
        if self.origin is not None:
            for part, least in zip(listed(self.origin, 4, 6), (0, 1, 1, 1)):
                uint(part, least=least)
            if len(self.origin) != (4 if self.origin[0] == scope else 6):
                raise Refused("an origin names org and person when it stands in another scope")
            for name in self.origin[4:]:
                text(name, 240, 0)
        self.keys = read_keys(parts[7]) if len(parts) > 7 and parts[7] is not None else []
        written = [(op.table, op.row, field) for op in self.ops for field in op.fields]
        if len(set(written)) != len(written):
            raise Refused("a field of a row twice")


def entry_hash(network, feed, number, previous, body):
    place = struct.pack("<IIIQ", *feed, number)
    return blake(ENTRY, network.id, place, previous, body)


def signed_hash(network, digest):
    return ENTRY + network.id + digest


class Run:
    """[scope, device, incarnation, first, [body, …], signature, wrapped keys?]"""

    def __init__(self, data):
        parts = unpack(data) if isinstance(data, bytes) else data
        listed(parts, 6)
        self.feed = (uint(parts[0], U32, 1), uint(parts[1], U32, 1), uint(parts[2], U32, 1))
        self.first = uint(parts[3], NUMBER_MAX, 1)
        self.bodies = [binary(body) for body in listed(parts[4], 1, 100000)]
        if not all(self.bodies):
            raise Refused("a body of no bytes")
        self.signature = binary(parts[5], 64)
        self.keys = binary(parts[6]) if len(parts) > 6 else b""
        if len(self.keys) % WRAPPED:
            raise Refused("wrapped keys in broken pieces")

    @property
    def last(self):
        return self.first + len(self.bodies) - 1

    def parts(self):
        bare = [*self.feed, self.first, self.bodies, self.signature]
        return [*bare, self.keys] if self.keys else bare


def chain(network, feed, first, previous, bodies):
    """The hashes of consecutive bodies."""
    hashes = []
    for number, body in enumerate(bodies, first):
        previous = entry_hash(network, feed, number, previous, body)
        hashes.append(previous)
    return hashes


def run_holds(network, run, hashes, sign_key):
    return verify(sign_key, run.signature, signed_hash(network, hashes[-1]))
