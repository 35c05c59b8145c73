#!/usr/bin/env python3
"""Writes certificate.json and the seeds of fuzz_certificate. Usage: certificate.py TESTS

A second reading of common/certificate.h, as entry.py is of common/entry.h. The vectors are frozen:
a line that changes is a change of the format."""

import json
import os
import sys

from entry import NETWORK, ROOT_SEED, Raw, blake, pack, public_key, sign

AUTHORITY_SEED, HUB_SEED = bytes(range(32, 64)), bytes(range(64, 96))
TAGS = {"authority": b"jinqiu author  1", "certificate": b"jinqiu cert    1",
        "beacon": b"jinqiu beacon  1", "receipt": b"jinqiu receipt 1",
        "link_key": b"jinqiu linkkey 1"}
SEEDS = {"authority": ROOT_SEED, "certificate": AUTHORITY_SEED, "beacon": AUTHORITY_SEED,
         "receipt": HUB_SEED, "link_key": AUTHORITY_SEED}
KINDS = ("authority", "certificate", "beacon", "receipt", "link_key")
DH_KEY, PERSON = bytes(range(0x40, 0x60)), bytes(range(0xA0, 0xB0))
SIGN_KEY = public_key(bytes(range(100, 132)))


def seal(kind, body, network=NETWORK):
    tag = TAGS[kind]
    signature = sign(SEEDS[kind], tag + network + blake(tag, network, body))
    # The root may have several keys: each signature stands behind the key that made it.
    return pack([body, [public_key(ROOT_SEED), signature] if kind == "authority" else signature])


def certificate(change=(), more=()):
    parts = [1, 1, 7, 2, SIGN_KEY, DH_KEY, PERSON, "示例党员001", 2, 4, 1, 300,
             [8, 1, 418, 8, 2, 1]]
    for at, value in change:
        parts[at] = value
    return [*parts, *more]


HELD = pack([2, 1, 1, 1, 5, 8, 2, 7, 1, 417, 7, 2, 3])
GOOD = (
    ("authority", "may enrol volunteers, secretaries and clerks",
     [1, 1, 1, public_key(AUTHORITY_SEED), 14]),
    ("authority", "unknown trailing elements", [1, 1, 2, public_key(AUTHORITY_SEED), 14, None, [1]]),
    ("certificate", "a secretary whose rights begin later in two feeds", certificate()),
    ("certificate", "a volunteer from the first entry on",
     certificate([(3, 1), (8, 1), (11, 0), (12, [])])),
    ("certificate", "unknown trailing elements", certificate(more=["later", [b"\x01", None]])),
    ("certificate", "a name of 120 bytes", certificate([(7, "名" * 40)])),
    ("beacon", "a clock before 1970", [1, 300, 7, bytes(range(32)), -1]),
    ("beacon", "unknown trailing elements", [1, 1, 2**64 - 1, bytes(32), 1764000000000, "later"]),
    ("receipt", "two scopes", [1, 1, 7, 300, HELD]),
    ("receipt", "nothing is held", [1, 7, 0, 0, pack([])]),
    ("link_key", "the first", [1, 1, DH_KEY]),
    ("link_key", "unknown trailing elements", [1, 53, DH_KEY, False]),
)
BROKEN = (
    ("authority", "number 0", [1, 1, 0, public_key(AUTHORITY_SEED), 14]),
    ("authority", "version 2", [2, 1, 1, public_key(AUTHORITY_SEED), 14]),
    ("authority", "a key of 31 bytes", [1, 1, 1, bytes(31), 14]),
    ("authority", "no mask of roles", [1, 1, 1, public_key(AUTHORITY_SEED)]),
    ("certificate", "device 0", certificate([(2, 0)])),
    ("certificate", "serial 0", certificate([(3, 0)])),
    ("certificate", "role 0", certificate([(8, 0)])),
    ("certificate", "role 7", certificate([(8, 7)])),
    ("certificate", "org 0", certificate([(9, 0)])),
    ("certificate", "an org past the greatest", certificate([(9, 0x40000000)])),
    ("certificate", "no name", certificate([(7, "")])),
    ("certificate", "a name of 121 bytes", certificate([(7, "a" * 121)])),
    ("certificate", "a name with NUL", certificate([(7, Raw(b"\xa2a\x00"))])),
    ("certificate", "a name that is not UTF-8", certificate([(7, Raw(b"\xa2\xc0\x80"))])),
    ("certificate", "a person of 15 bytes", certificate([(6, PERSON[:15])])),
    ("certificate", "'from' in pieces of two", certificate([(12, [8, 1])])),
    ("certificate", "'from' does not ascend", certificate([(12, [8, 2, 1, 8, 1, 418])])),
    ("certificate", "'from' names a feed twice", certificate([(12, [8, 1, 1, 8, 1, 2])])),
    ("certificate", "'from' entry 0", certificate([(12, [8, 1, 0])])),
    ("certificate", "'from' incarnation 0", certificate([(12, [8, 0, 1])])),
    ("certificate", "an issuer of more than 32 bits", certificate([(10, 2**32)])),
    ("certificate", "a number in more bytes than it needs", certificate([(2, Raw(b"\xcc\x07"))])),
    ("certificate", "a trailing element that is torn", Raw(pack(certificate(more=[0]))[:-1] + b"\xa1")),
    ("certificate", "bytes behind the end", Raw(pack(certificate()) + b"\xc0")),
    ("certificate", "a map", Raw(b"\x80")),
    ("certificate", "nothing", Raw(b"")),
    ("beacon", "a digest of 31 bytes", [1, 300, 7, bytes(31), 0]),
    ("beacon", "number below 0", [1, -1, 7, bytes(32), 0]),
    ("receipt", "a frontier with a torn row", [1, 1, 7, 300, pack([2, 1, 1, 1])]),
    ("receipt", "a frontier that does not ascend",
     [1, 1, 7, 300, pack([8, 1, 7, 1, 417, 2, 1, 1, 1, 5])]),
    ("link_key", "a key of 33 bytes", [1, 1, bytes(33)]),
)
UNSUPPORTED = (
    ("authority", "suite 2", [1, 2, 1, bytes(33), 14]),
    ("certificate", "suite 2 with keys of other sizes", certificate([(1, 2), (4, bytes(65))])),
)


def told(kind, meaning, parts, **rest):
    return {"kind": kind, "meaning": meaning, "sealed": seal(kind, pack(parts)).hex(), **rest}


def vectors():
    refused = [told(*case, status="bad input") for case in BROKEN]
    refused += [told(*case, status="not there yet") for case in UNSUPPORTED]
    return {
        "about": "Signed objects as common/certificate.h fixes them, in hex. Made by certificate.py.",
        "root_seed": ROOT_SEED.hex(), "authority_seed": AUTHORITY_SEED.hex(),
        "hub_seed": HUB_SEED.hex(), "network": NETWORK.hex(),
        "good": [told(*case) for case in GOOD], "refused": refused}


def main():
    tests = sys.argv[1]
    with open(os.path.join(tests, "vectors/certificate.json"), "w", encoding="utf-8") as file:
        json.dump(vectors(), file, ensure_ascii=False, indent=1)
        file.write("\n")
    corpus = os.path.join(tests, "fuzz/corpus/fuzz_certificate")
    os.makedirs(corpus, exist_ok=True)
    for at, (kind, _, parts) in enumerate(GOOD + BROKEN + UNSUPPORTED):
        with open(os.path.join(corpus, f"{kind}_{at:02}"), "wb") as file:
            file.write(bytes([KINDS.index(kind)]) + pack(parts))


if __name__ == "__main__":
    main()
