#!/usr/bin/env python3
"""Writes snapshot.json: a manifest, its name and root, and the messages. Usage: snapshot.py TESTS

A second reading of docs/protocol.md, sections 15 and 16. The vectors are frozen: a line that changes is a
change of the format."""

import hashlib
import json
import os
import sys

from entry import pack, sign

NETWORK, SEED = bytes(range(16)), bytes(range(0x40, 0x60))
TAG = b"jinqiu snap    1"
SCOPE, CHUNKS = 14, (b"first", b"second")


def hashed(body):
    return hashlib.blake2b(TAG + NETWORK + body, digest_size=32).digest()


def message(kind, body):
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


def main():
    leaves = b"".join(hashed(chunk) for chunk in CHUNKS)
    registry = pack([SCOPE - 1, 1, 1, 1, 9])
    feed = [3, 1, 417, bytes([1]) * 32, bytes([2]) * 64, bytes([3]) * 32]
    tally = [16, 2, bytes([4]) * 16]
    body = pack([1, SCOPE, 2, 77, registry, feed, tally, len(CHUNKS),
                        sum(map(len, CHUNKS)), hashed(leaves)])
    signature = sign(SEED, TAG + NETWORK + hashed(body))
    sealed = pack([body, signature])
    name = hashed(sealed)
    messages = [
        ("SNAPSHOT", message(80, pack([SCOPE, name, len(sealed), 2, 11]))),
        ("FETCH", message(81, pack([SCOPE, name, 1, 2]))),
        ("CHUNK", message(82, pack([1, 9, b"frame"]))),
        ("SETTLED", message(83, pack([SCOPE, name, 3]))),
        ("STABLE", message(84, pack([pack([SCOPE, 2, 3, 1, 417, 4, 1, 2])])))]
    vectors = {"network": NETWORK.hex(), "seed": SEED.hex(), "leaves": leaves.hex(),
               "root": hashed(leaves).hex(), "sealed": sealed.hex(), "name": name.hex(),
               "messages": {kind: text.hex() for kind, text in messages}}
    with open(os.path.join(sys.argv[1], "vectors/snapshot.json"), "w", encoding="ascii") as file:
        json.dump(vectors, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
