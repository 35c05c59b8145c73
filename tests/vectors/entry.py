#!/usr/bin/env python3
"""Writes entry.json and the seeds of fuzz_entry, fuzz_run and fuzz_frontier. Usage: entry.py TESTS

A second reading of common/entry.h and common/frontier.h with nothing but Python's library: where
the vectors and the C code agree, two implementations agree. The vectors are frozen. Run this again
only to add some, and look at the difference: a line that changes is a change of the format."""

import hashlib
import json
import os
import sys

# ---- Ed25519, RFC 8032 5.1 ----

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    f, e, h, g = f - e, f + e, h - g, h + g
    return (f * h % P, g * e % P, h * g % P, f * e % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def base():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return (x, y, 1, x * y % P)


BASE = base()


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar, digest[32:]


def public_key(seed):
    return compress(multiply(expand(seed)[0], BASE))


def sign(seed, text):
    scalar, prefix = expand(seed)
    public = compress(multiply(scalar, BASE))
    r = int.from_bytes(hashlib.sha512(prefix + text).digest(), "little") % ORDER
    point = compress(multiply(r, BASE))
    k = int.from_bytes(hashlib.sha512(point + public + text).digest(), "little") % ORDER
    return point + ((r + k * scalar) % ORDER).to_bytes(32, "little")


# ---- canonical MessagePack ----


class Raw(bytes):
    """Goes out as it is."""


def sized(size, short, short_max, long):
    if size <= short_max:
        return bytes([short | size])
    for lead, width in long:
        if size < 1 << 8 * width:
            return bytes([lead]) + size.to_bytes(width, "big")
    raise ValueError(size)


def number(value):
    if 0 <= value:
        return sized(value, 0, 127, ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)))
    if value >= -32:
        return bytes([256 + value])
    for lead, width in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
        if value >= -(1 << 8 * width - 1):
            return bytes([lead]) + value.to_bytes(width, "big", signed=True)
    raise ValueError(value)


def pack(value):
    if isinstance(value, Raw):
        return bytes(value)
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, str):
        text = value.encode()
        return sized(len(text), 0xA0, 31, ((0xD9, 1), (0xDA, 2), (0xDB, 4))) + text
    if isinstance(value, bytes):
        return sized(len(value), 0, -1, ((0xC4, 1), (0xC5, 2), (0xC6, 4))) + value
    return sized(len(value), 0x90, 15, ((0xDC, 2), (0xDD, 4))) + b"".join(map(pack, value))


# ---- entries ----

ROOT_SEED, DEVICE_SEED = bytes(range(32)), bytes(range(100, 132))
TAG_ENTRY, TAG_NETWORK, TAG_FRONTIER = b"jinqiu entry   1", b"jinqiu network 1", b"jinqiu frontie 1"
ROW, OTHER_ROW, PERSON = bytes([0x11] * 16), bytes([0x22] * 16), bytes(range(0xA0, 0xB0))


def blake(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


NETWORK = blake(TAG_NETWORK, public_key(ROOT_SEED))[:16]


def entry_hash(feed, at, previous, body):
    place = b"".join(part.to_bytes(4, "little") for part in feed) + at.to_bytes(8, "little")
    return blake(TAG_ENTRY, NETWORK, place, previous, body)


def entry_sign(digest):
    return sign(DEVICE_SEED, TAG_ENTRY + NETWORK + digest)


def chain(feed, entries):
    """`entries`: (meaning, reads, body as a list)."""
    previous, told, bodies = bytes(32), [], []
    for at, (meaning, reads, parts) in enumerate(entries, 1):
        body = pack(parts)
        digest = entry_hash(feed, at, previous, body)
        told.append({"meaning": meaning, "number": at, "previous": previous.hex(),
                     "body": body.hex(), "hash": digest.hex(),
                     "signature": entry_sign(digest).hex(), "reads": reads})
        previous = digest
        bodies.append(body)
    run = pack([*feed, 1, bodies, entry_sign(previous)])
    return {"scope": feed[0], "device": feed[1], "incarnation": feed[2], "entries": told,
            "run": run.hex()}


R1, R2 = ROW.hex(), OTHER_ROW.hex()

FIRST_FEED = (
    ("an insert: nothing is replaced, the person is the one whom the certificate names",
     ["time 1764000000000 beacon 0 person none epoch 1", f"table 20 row {R1}",
      "  1 = b6e7a4bae4be8be5859ae5919830303120e88081e4baba", "  2 = 0c"],
     [1, 1764000000000, 0, None, 1, [[20, ROW, [1, "示例党员001 老人", 2, 12], []]]]),
    ("an update: both fields replace what entry 1 wrote",
     ["time 1764000060000 beacon 3 person " + PERSON.hex() + " epoch 1", f"table 20 row {R1}",
      "  1 = a162 replaces 7.1.2.1", "  2 = d1fed4 replaces 7.1.2.1"],
     [1, 1764000060000, 3, PERSON, 1, [[20, ROW, [1, "b", 2, -300], [[[7, 1]]]]]]),
    ("each field replaces something else; dots of another incarnation and of another scope",
     ["time -1 beacon 300 person none epoch 2", f"table 20 row {R1}",
      "  1 = c0 replaces 7.1.2.2 7.2.2.1 9.1.4.70000",
      "  2 = cf7fffffffffffffff", "  255 = c3 replaces 7.1.2.2", f"table 65535 row {R2}",
      "  0 = c2 replaces 7.3.3.4294967296"],
     [1, -1, 300, None, 2,
      [[20, ROW, [1, None, 2, 2**63 - 1, 255, True],
        [[[7, 2], [7, 1, 2], [9, 70000, 1, 4]], [], [[7, 2]]]],
       [65535, OTHER_ROW, [0, False], [[[7, 2**32, 3, 3]]]]]]),
    ("two ops of one row with different fields; a set's value; trailing elements of a later writer",
     ["time 0 beacon 18446744073709551615 person none epoch 4294967295", f"table 20 row {R1}",
      "  3 = c4020102", f"table 20 row {R1}", "  4 = 9292a161a1629192a16391920703"],
     [1, 0, 2**64 - 1, None, 2**32 - 1,
      [[20, ROW, [3, b"\x01\x02"], []], [20, ROW, [4, [["a", "b"], [["c", [[7, 3]]]]]], []]],
      None, None, ["later", [None]], 5]),
    ("keys of sealed values behind no origin",
     ["time 0 beacon 1 person none epoch 1", f"table 20 row {R1}", "  1 = a0"],
     [1, 0, 1, None, 1, [[20, ROW, [1, ""], []]], None, [[bytes(range(8)), OTHER_ROW, 2026]]]),
)
SECOND_FEED = (
    ("a dot of incarnation 2 has three parts, one of incarnation 1 has two",
     ["time 1764000000000 beacon 1 person none epoch 1", f"table 20 row {R1}",
      "  1 = a0 replaces 300.1.5.9 301.2.5.1"],
     [1, 1764000000000, 1, None, 1, [[20, ROW, [1, ""], [[[300, 9], [301, 1, 2]]]]]]),
)
MOVED = [4, "示例支部2"]
NAMES = ["示例支部1", "示例党员001"]
HUB_FEED = (
    ("what was written in scope 2 carried here: person and time of its writer, its dot, its names",
     ["time 1764000000000 beacon 9 person " + PERSON.hex() + " epoch 1", f"table 20 row {R1}",
      "  1 = a162"],
     [1, 1764000000000, 9, PERSON, 1, [[20, ROW, [1, "b"], []]], [2, 7, 1, 2, *NAMES]]),
    ("it moved on: the close replaces what was carried",
     ["time 1764000120000 beacon 9 person none epoch 1", f"table 20 row {R1}",
      "  0 = 9204ade7a4bae4be8be694afe983a832 replaces 1.1.6.1"],
     [1, 1764000120000, 9, None, 1, [[20, ROW, [0, MOVED], [[[1, 1]]]]]]),
)


def one(fields, bases, head=(1, 0, 0, None, 1), row=ROW):
    return [*head, [[20, row, fields, bases]]]


REFUSED = (
    ("fields are not ascending", one([2, 0, 1, 0], [])),
    ("a field twice in an op", one([1, 0, 1, 0], [])),
    ("a field of a row twice, in two ops",
     [1, 0, 0, None, 1, [[20, ROW, [1, 0], []], [20, ROW, [1, 1], []]]]),
    ("the same bases spelled out for each field", one([1, 0, 2, 0], [[[7, 1]], [[7, 1]]])),
    ("an empty list of bases where none is due", one([1, 0], [[]])),
    ("more lists of bases than fields", one([1, 0, 2, 0], [[[7, 1]], [], []])),
    ("bases are not ascending", one([1, 0], [[[7, 2], [7, 1]]])),
    ("a base twice", one([1, 0], [[[7, 1], [7, 1]]])),
    ("incarnation 1 spelled out", one([1, 0], [[[7, 1, 1]]])),
    ("the own scope spelled out", one([1, 0], [[[7, 1, 2, 2]]])),
    ("number 0", one([1, 0], [[[7, 0]]])),
    ("an integer in more bytes than it needs", one([1, 0], [[[7, Raw(b"\xcc\x01")]]])),
    ("a value that is not canonical", one([1, Raw(b"\xd9\x01a")], [])),
    ("a float", one([1, Raw(b"\xcb" + bytes(8))], [])),
    ("a map", one([1, Raw(b"\x80")], [])),
    ("a text that is not UTF-8", one([1, Raw(b"\xa2\xc0\x80")], [])),
    ("a row of 15 bytes", one([1, 0], [], row=ROW[:15])),
    ("a person of 15 bytes", one([1, 0], [], head=(1, 0, 0, PERSON[:15], 1))),
    ("no ops", [1, 0, 0, None, 1, []]),
    ("an op without fields", one([], [])),
    ("version 0", one([1, 0], [], head=(0, 0, 0, None, 1))),
    ("bytes behind the end", Raw(pack(one([1, 0], [])) + b"\xc0")),
)
UNKNOWN = (("version 2", [2, "anything"]), ("version 128, and nothing else", [128]))
CARRIED = (
    ("an origin in the own scope with names", [*one([1, 0], []), [2, 7, 1, 2, *NAMES]]),
    ("an origin in another scope without names", [*one([1, 0], []), [4, 7, 1, 2]]),
    ("an origin with the name of the org alone", [*one([1, 0], []), [4, 7, 1, 2, NAMES[0]]]),
    ("an origin with a name of 241 bytes", [*one([1, 0], []), [4, 7, 1, 2, "a" * 241, ""]]),
)
TOO_LARGE = (("257 bases", one([1, 0], [[[7, at] for at in range(1, 258)]])),)

# ---- frontiers ----

FRONTIERS = (
    (),
    ((2, 7, 1, 4),),
    ((2, 7, 1, 4), (2, 7, 2, 70000), (2, 300, 1, 1), (3, 1, 1, 2**32),
     (2147483647, 70000, 129, 2**64 - 1)),
)


def frontier(rows):
    flat = []
    for scope in sorted({row[0] for row in rows}):
        own = [row[1:] for row in rows if row[0] == scope]
        flat += [scope, len(own), *(part for row in own for part in row)]
    encoded = pack(flat)
    return {"rows": [[str(part) for part in row] for row in rows], "encoded": encoded.hex(),
            "digest": blake(TAG_FRONTIER, bytes(16), encoded).hex()}


def refusals(status, cases):
    return [{"meaning": meaning, "status": status, "body": pack(parts).hex()}
            for meaning, parts in cases]


def vectors():
    return {
        "about": "Entries, runs and frontiers as common/entry.h and common/frontier.h fix them; "
                 "all bytes in hex. Made by entry.py. A refused body stands in scope 2.",
        "root_seed": ROOT_SEED.hex(), "root_public": public_key(ROOT_SEED).hex(),
        "network": NETWORK.hex(),
        "device_seed": DEVICE_SEED.hex(), "device_public": public_key(DEVICE_SEED).hex(),
        "feeds": [chain((2, 7, 1), FIRST_FEED), chain((5, 300, 2), SECOND_FEED),
                  chain((6, 1, 1), HUB_FEED)],
        "refused": refusals("bad input", REFUSED) + refusals("not known yet", UNKNOWN) +
                   refusals("too large", TOO_LARGE) + refusals("bad input", CARRIED),
        "frontiers": [frontier(rows) for rows in FRONTIERS],
    }


def seed(tests, target, name, content):
    folder = os.path.join(tests, "fuzz", "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def main():
    tests, all_vectors = sys.argv[1], vectors()
    with open(os.path.join(tests, "vectors", "entry.json"), "w", encoding="utf-8") as file:
        json.dump(all_vectors, file, ensure_ascii=False, indent=1)
        file.write("\n")
    for feed in all_vectors["feeds"]:
        name = f"feed_{feed['scope']}"
        seed(tests, "fuzz_run", name, bytes.fromhex(feed["run"]))
        for entry in feed["entries"]:
            seed(tests, "fuzz_entry", f"{name}_{entry['number']}", bytes.fromhex(entry["body"]))
    for at, case in enumerate(all_vectors["refused"]):
        seed(tests, "fuzz_entry", f"refused_{at:02}", bytes.fromhex(case["body"]))
    for at, case in enumerate(all_vectors["frontiers"]):
        seed(tests, "fuzz_frontier", f"frontier_{at}", bytes.fromhex(case["encoded"]))


if __name__ == "__main__":
    main()
