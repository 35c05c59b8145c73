"""Sealed values (protocol.md, part 13): texts that an op carries encrypted, under keys that stand
outside the hash chain and can therefore be destroyed.

`Seals` is what the registry says of scope keys, grants and erasures. `Opener` opens what one device
may open, and seals what it writes. XChaCha20-Poly1305 and sealed boxes are libsodium's."""

import os
import struct

import nacl.bindings as sodium
from nacl.exceptions import CryptoError

from frame import MAGIC, TEXTS, close_frame, open_frame
from keys import SEAL
from pack import Refused, binary, listed, pack, uint, unpack

ID, RANDOM, WRAPPED, GRANT, SEALED_HEAD = 8, 8, 64, 80, 17
YEAR_MAX, ORG_DEPTH_MAX, ROLES_ALL = 9999, 16, 0b1111110
VALUE, TEXT, FRAME = 1, 2, 4  # forms of what is sealed
TEXT_MAX = 2 * 64 * 1024  # in a frame


def read_utf16(plain):
    try:
        text = plain.decode("utf-16-le")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def seal_id(network, data):
    return network.hash(SEAL, data)[:ID]


def close(network, key, place, plain):
    """`place`: the rest of the nonce, and what else it is bound to."""
    rest, bound = place
    nonce = os.urandom(RANDOM)
    return nonce + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        plain, network.id + bound, nonce + rest, key)


def open_box(network, key, place, sealed):
    rest, bound = place
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[RANDOM:], network.id + bound, sealed[:RANDOM] + rest, key)
    except CryptoError:
        return None


def of_value(table, row, field):
    return row, struct.pack("<I16sI", table, row, field)


def of_subject(subject, year):
    return subject, struct.pack("<16sI", subject, year)


def of_scope_key(key_id):
    return bytes(16), key_id


def read_keys(parts):
    """What an entry names behind its origin: [(id, subject, year)]"""
    keys = []
    for key in listed(parts, 1, 20000):
        listed(key, 3, 3)
        keys.append((binary(key[0], ID), binary(key[1], 16), uint(key[2], YEAR_MAX)))
    return keys


class Seals:
    def __init__(self):
        self.scope_keys = {}  # id: (org, roles, number, wrapped under the key above or None)
        self.grants = {}  # (id, device): [sealed]
        self.erasures = set()  # (subject, year or 0, beacon)

    def take_scope_key(self, scope, values):
        org, roles = uint(values.get(1), 2**30 - 1), uint(values.get(2), ROLES_ALL)
        number, above = uint(values.get(3), 2**32 - 1, 1), values.get(5, b"")
        if scope != 2 * org + 1:
            raise Refused("a scope key in another org's part")
        self.scope_keys.setdefault(binary(values.get(4), ID), (
            org, roles, number, None if above is None else binary(above, WRAPPED)))

    def take_grants(self, values):
        flat = listed(values.get(1), 3)
        if len(flat) % 3:
            raise Refused("grants in broken pieces")
        grants = [(binary(flat[i], ID), uint(flat[i + 1], 2**32 - 1, 1), binary(flat[i + 2], GRANT))
                  for i in range(0, len(flat), 3)]
        for key, device, sealed in grants:
            self.grants.setdefault((key, device), []).append(sealed)

    def take_erasure(self, values):
        self.erasures.add((binary(values.get(1), 16), uint(values.get(2), 2**32 - 1),
                           uint(values.get(3))))

    def is_erased(self, subject, year, beacon):
        return any(subject == erased and beacon < before and wanted in (0, year)
                   for erased, wanted, before in self.erasures)


class Opener:
    """Of one device. `value_keys`: {id: (subject, year, wrapped)}, what came beside the entries."""

    def __init__(self, registry, device, secret, value_keys):
        self.network, self.seals = registry.network, registry.seals
        self.device, self.secret, self.value_keys = device, secret, value_keys

    def scope_key(self, key_id, depth=0):
        public = sodium.crypto_scalarmult_base(self.secret)
        for sealed in self.seals.grants.get((key_id, self.device), []):
            try:
                key = sodium.crypto_box_seal_open(sealed, public, self.secret)
            except CryptoError:
                continue
            if seal_id(self.network, key) == key_id:
                return key
        above = self.seals.scope_keys.get(key_id, (0, 0, 0, None))[3]
        upper = self.scope_key(above[:ID], depth + 1) if above and depth < ORG_DEPTH_MAX else None
        key = open_box(self.network, upper, of_scope_key(key_id), above[ID:]) if upper else None
        return key if key and seal_id(self.network, key) == key_id else None

    def value_key(self, key_id):
        subject, year, wrapped = self.value_keys.get(key_id, (None, 0, None))
        scope_key = self.scope_key(wrapped[:ID]) if wrapped else None
        if not scope_key:
            return None
        return open_box(self.network, scope_key, of_subject(subject, year), wrapped[ID:])

    def open(self, table, row, field, content):
        """The value; None: not for us, or erased."""
        if len(content) < SEALED_HEAD + 32 or content[0] not in (VALUE, TEXT, FRAME):
            return None
        key = self.value_key(content[1:1 + ID])
        padded = key and open_box(self.network, key, of_value(table, row, field),
                                  content[1 + ID:])
        if not padded or padded.rstrip(b"\0")[-1:] != b"\x80":
            return None
        plain = padded.rstrip(b"\0")[:-1]
        if content[0] == VALUE:
            return unpack(plain)
        try:
            return read_utf16(open_frame(MAGIC + plain, TEXT_MAX) if content[0] == FRAME else plain)
        except Refused:
            return None

    def newest(self, org, roles):
        """The scope key to write with: (id, key), or None."""
        mine = sorted((number, key_id) for key_id, (of, readers, number, _)
                      in self.seals.scope_keys.items() if (of, readers) == (org, roles))
        for _, key_id in reversed(mine):
            key = self.scope_key(key_id)
            if key:
                return key_id, key
        return None

    def new_value_key(self, org, roles, subject, year):
        """(named, wrapped, key): what the entry names, what goes beside it, what seals."""
        scope_id, scope_key = self.newest(org, roles)
        key = os.urandom(32)
        wrapped = scope_id + close(self.network, scope_key, of_subject(subject, year), key)
        return [seal_id(self.network, wrapped), subject, year], wrapped, key

    def seal(self, named, key, place, value):
        """The content of the ext; `place`: (table, row, field)."""
        form, plain = VALUE, pack(value)
        if type(value) is str and len(value.encode("utf-16-le")) < len(plain):
            form, plain = TEXT, value.encode("utf-16-le")
            packed = close_frame(plain, TEXTS)[len(MAGIC):] if 16 <= len(plain) <= TEXT_MAX else plain
            if len(packed) < len(plain):
                form, plain = FRAME, packed
        plain += b"\x80"
        plain += bytes(-len(plain) % 16)
        return bytes([form]) + named[0] + close(self.network, key, of_value(*place), plain)
