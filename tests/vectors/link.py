#!/usr/bin/env python3
"""Writes link.json: what stands behind a first handshake message. Usage: link.py TESTS

A second reading of docs/protocol.md, section 7. The vectors are frozen: a line that changes is a
change of the format."""

import hashlib
import json
import os
import sys

NETWORK, HUB = bytes(range(16)), bytes(range(0x40, 0x60))
MESSAGES = (("the shortest", bytes(96)), ("some changes", bytes(range(256)) * 2),
            ("as long as it may be", b"\xa5" * 8096))


def knock(message):
    key = hashlib.blake2b(b"jinqiu knock   1" + NETWORK + HUB, digest_size=32).digest()
    return hashlib.blake2b(message, key=key, digest_size=16).digest()


def main():
    vectors = {"network": NETWORK.hex(), "responder": HUB.hex(), "knocks": [
        {"name": name, "message": message.hex(), "knock": knock(message).hex()}
        for name, message in MESSAGES]}
    with open(os.path.join(sys.argv[1], "vectors/link.json"), "w", encoding="ascii") as file:
        json.dump(vectors, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
