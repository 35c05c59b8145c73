"""Hashes and signatures under their tags (protocol.md, part 2), and the objects that are signed.

`Network` knows the network id, which is part of every hash; an object of another network has other
hashes. Sealed objects are read here; whether their signer may sign is for trust.py to say."""

import hashlib

import nacl.bindings
import nacl.exceptions

from pack import Refused, binary, listed, pack, text, uint, unpack, unpack_list

ENTRY, CERTIFICATE = b"jinqiu entry   1", b"jinqiu cert    1"
AUTHORITY, BEACON = b"jinqiu author  1", b"jinqiu beacon  1"
RECEIPT, LINK_KEY = b"jinqiu receipt 1", b"jinqiu linkkey 1"
ROOT_SET, ENROL = b"jinqiu rootset 1", b"jinqiu enrol   1"
PEER, BUNDLE = b"jinqiu peer    1", b"jinqiu bundle  1"
FRONTIER, DIGEST = b"jinqiu frontie 1", b"jinqiu digest  1"
SEAL, KNOCK = b"jinqiu seal    1", b"jinqiu knock   1"

VOLUNTEER, SECRETARY, CLERK, BUREAU, AUDITOR, HUB = range(1, 7)
ROLES = {"volunteer": 1, "secretary": 2, "clerk": 3, "bureau": 4, "auditor": 5, "hub": 6}
ORG_MAX = 2**30 - 1
U32 = 2**32 - 1


class UnknownForm(Refused):
    """A version or suite of a later program."""


def blake(*parts, size=32):
    return hashlib.blake2b(b"".join(parts), digest_size=size).digest()


def verify(key, signature, text_signed):
    try:
        nacl.bindings.crypto_sign_open(signature + text_signed, key)
        return True
    except nacl.exceptions.BadSignatureError:
        return False


def sign(seed, text_signed):
    _, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
    return nacl.bindings.crypto_sign(text_signed, secret)[:64]


def public_key(seed):
    return nacl.bindings.crypto_sign_seed_keypair(seed)[0]


class Network:
    def __init__(self, network_id):
        self.id = network_id

    @classmethod
    def of_root_set(cls, body):
        return cls(blake(b"jinqiu network 1", body)[:16])

    def hash(self, tag, *parts):
        return blake(tag, self.id, *parts)

    def signed(self, tag, body):
        return tag + self.id + self.hash(tag, body)

    def sign(self, tag, body, seed):
        return sign(seed, self.signed(tag, body))

    def is_signed(self, tag, body, signature, key):
        return verify(key, signature, self.signed(tag, body))

    def device_id(self, sign_key):
        return self.hash(CERTIFICATE, sign_key)[:16]


def split_sealed(sealed):
    body, signature = listed(unpack(sealed), 2, 2)
    return binary(body), binary(signature, 64)


def split_root_signed(sealed):
    """Body and [(key, signature), …] of what the root signs."""
    if len(sealed) > 8192:
        raise Refused("more than 8192 bytes")
    body, flat = listed(unpack(sealed), 2, 2)
    listed(flat, 2, 20)
    if len(flat) % 2:
        raise Refused("a key without its signature")
    pairs = [(binary(flat[i], 32), binary(flat[i + 1], 64)) for i in range(0, len(flat), 2)]
    if any(a[0] >= b[0] for a, b in zip(pairs, pairs[1:])):
        raise Refused("keys do not ascend")
    return binary(body), pairs


def head(body, least):
    """The elements of a signed body of version 1 and suite 1."""
    parts = unpack(body)
    if type(parts) is list and len(parts) >= 2 and parts[0] == 1 and parts[1] != 1:
        raise UnknownForm("another suite")
    listed(parts, least)
    if type(parts[0]) is not int or parts[0] != 1:
        raise Refused("another version")
    return parts


class RootSet:
    def __init__(self, sealed):
        self.sealed = bytes(sealed)
        self.body, self.signatures = split_root_signed(sealed)
        parts = head(self.body, 5)
        self.version, self.threshold = uint(parts[2], U32, 1), uint(parts[3], 5, 1)
        self.keys = [binary(key, 32) for key in listed(parts[4], 1, 5)]
        if self.threshold > len(self.keys):
            raise Refused("a threshold that no one can meet")
        if any(a >= b for a, b in zip(self.keys, self.keys[1:])):
            raise Refused("keys do not ascend")

    def has_signed(self, network, tag, body, signatures):
        good = sum(key in self.keys and network.is_signed(tag, body, signature, key)
                   for key, signature in signatures)
        return good >= self.threshold


class Authority:
    def __init__(self, sealed):
        self.sealed = bytes(sealed)
        self.body, self.signatures = split_root_signed(sealed)
        parts = head(self.body, 5)
        self.number, self.key = uint(parts[2], 65535, 1), binary(parts[3], 32)
        self.mask = uint(parts[4], U32)


class Certificate:
    """`issuer` 0 is the root: then there are several signatures."""

    def __init__(self, sealed):
        self.sealed = bytes(sealed)
        if len(sealed) > 4096 and type(unpack(sealed)[1]) is bytes:
            raise Refused("more than 4096 bytes")
        outer = listed(unpack(sealed), 2, 2)
        self.body = binary(outer[0])
        self._read(head(self.body, 13))
        if self.issuer == 0:
            _, self.signatures = split_root_signed(sealed)
        else:
            self.signature = split_sealed(sealed)[1]

    def _read(self, parts):
        self.device, self.serial = uint(parts[2], U32, 1), uint(parts[3], U32, 1)
        self.sign_key, self.dh_key = binary(parts[4], 32), binary(parts[5], 32)
        self.person, self.name = binary(parts[6], 16), text(parts[7], 120)
        self.role, self.org = uint(parts[8], HUB, VOLUNTEER), uint(parts[9], ORG_MAX, 1)
        self.issuer, self.beacon = uint(parts[10], U32), uint(parts[11])
        self.begins = read_from(parts[12])
        self.lot = self.count = 0
        if len(parts) >= 15 and type(parts[13]) is int and parts[13] >= 0:
            self.lot, self.count = uint(parts[13], U32, 2), uint(parts[14], 4096, 1)

    def covers(self, feed, number):
        return number >= self.begins.get(feed[:1] + feed[2:], 1)

    def order(self, network):
        """Of two certificates of one device the greater counts."""
        compared = self.body if self.issuer == 0 else self.sealed
        return self.serial, network.hash(CERTIFICATE, compared)


def read_from(flat):
    """{(scope, incarnation): number}"""
    listed(flat, 0)
    if len(flat) % 3:
        raise Refused("'from' in broken pieces")
    rows = [(uint(flat[i], U32), uint(flat[i + 1], U32, 1), uint(flat[i + 2], least=1))
            for i in range(0, len(flat), 3)]
    if any(a[:2] >= b[:2] for a, b in zip(rows, rows[1:])):
        raise Refused("'from' does not ascend")
    return {row[:2]: row[2] for row in rows}


class Beacon:
    def __init__(self, sealed):
        self.body, self.signature = split_sealed(sealed)
        parts = head_plain(self.body, 5)
        self.number, self.lineage = uint(parts[1]), uint(parts[2])
        self.digest, self.time = binary(parts[3], 32), parts[4]


class LinkKey:
    def __init__(self, sealed):
        self.body, self.signature = split_sealed(sealed)
        parts = head_plain(self.body, 3)
        self.number, self.key = uint(parts[1]), binary(parts[2], 32)


class Receipt:
    def __init__(self, sealed):
        from frontier import read_frontier
        self.body, self.signature = split_sealed(sealed)
        parts = head_plain(self.body, 5)
        self.device, self.lineage = uint(parts[1], U32, 1), uint(parts[2])
        self.beacon, self.frontier = uint(parts[3]), read_frontier(binary(parts[4]))


def head_plain(body, least):
    parts = unpack_list(body, least)
    if type(parts[0]) is not int or parts[0] != 1:
        raise Refused("another version")
    return parts


def seal(network, tag, body, seed):
    return pack([body, network.sign(tag, body, seed)])
