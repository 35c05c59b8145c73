#!/usr/bin/env python3
"""Writes attachment.json: roots and units of files. Usage: attachment.py TESTS

A second reading of docs/protocol.md, section 14. The vectors are frozen: a line that changes is a
change of the format."""

import hashlib
import json
import os
import struct
import sys

import nacl.bindings as sodium

NETWORK, KEY = bytes(range(16)), bytes(range(0x20, 0x40))
LEAF, LIST = 7152, 224
SIZES = (1, LEAF, LEAF + 1, LIST * LEAF, LIST * LEAF + 1)


def content(size):
    return bytes((i * 31 + i // 256) % 256 for i in range(size))


def digest(size, position, unit):
    body = struct.pack("<II", size, position) + unit
    return hashlib.blake2b(b"jinqiu attach  1" + NETWORK + body, digest_size=32).digest()


def leaf(position, part):
    return sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        part, NETWORK, struct.pack("<I", position) + bytes(20), KEY)


def units_of(data):
    """All units, the last ones first: a list needs the hashes of what stands behind it."""
    parts = [data[at:at + LEAF] for at in range(0, len(data), LEAF)]
    lists = 0 if len(parts) == 1 else -(-len(parts) // LIST)
    front = lists + (lists > 1)
    units = [leaf(front + i, part) for i, part in enumerate(parts)]
    hashes = [digest(len(data), front + i, unit) for i, unit in enumerate(units)]
    middle = [b"".join(hashes[i * LIST:(i + 1) * LIST]) for i in range(lists)]
    if lists > 1:
        tops = [digest(len(data), 1 + i, unit) for i, unit in enumerate(middle)]
        middle.insert(0, b"".join(tops))
    return middle + units


def main():
    files = []
    for size in SIZES:
        units = units_of(content(size))
        files.append({"bytes": size, "units": len(units), "root": digest(size, 0, units[0]).hex(),
                      "first": hashlib.blake2b(units[0], digest_size=16).hexdigest(),
                      "last": hashlib.blake2b(units[-1], digest_size=16).hexdigest()})
    vectors = {"network": NETWORK.hex(), "key": KEY.hex(), "files": files}
    with open(os.path.join(sys.argv[1], "vectors/attachment.json"), "w", encoding="ascii") as file:
        json.dump(vectors, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
