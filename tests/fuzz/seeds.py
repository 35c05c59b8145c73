"""Writes first inputs for fuzz_session, fuzz_noise and fuzz_snapshot. Usage: seeds.py FOLDER"""

import json
import os
import struct
import sys

import msgpack

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")


def varint(number):
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def message(kind, body):
    return bytes([kind]) + varint(len(body)) + body


def binary(data):
    return (b"\xc4" + bytes([len(data)]) if len(data) < 256 else
            b"\xc5" + struct.pack(">H", len(data))) + data


SENT, PING, PONG = message(6, b"\x90"), message(10, b"\x90"), message(11, b"\x90")
HELLO = message(1, b"\x97\x01\x00\x07\x00\x00" + binary(b"") + binary(b"\x90"))
WATCH = message(1, b"\x97\x01\x01\x07\x00\x00" + binary(b"") + binary(b"\x90"))
WELCOME = message(3, b"\x96\x00\x07\x05\xc2\xc0\xc0")
KNOWN = message(3, b"\x96\x00\x07\x05\xc3\xc0\xc0")
REVOKED = message(3, b"\x96\x02\x07\x05\xc2\xc0\xc0")
HAVE = message(4, b"\x91" + binary(b"\x95\x04\x01\x07\x01\x03"))
RUN = message(5, b"\x96\x04\x07\x01\x01\x91" + binary(b"body") + binary(b"s" * 64))
TALLY = message(8, b"\x92" + binary(b"f" * 8) + binary(b"t" * 8))
BYE = message(9, b"\x92\x00\xa4done")
LATER = message(70, b"whatever")

SESSIONS = {
    "greeted": b"\x02" + HAVE + RUN + SENT + BYE,
    "whole": b"\x00" + HELLO + HAVE + RUN + RUN + SENT + BYE,
    "watching": b"\x10" + WATCH + HAVE + SENT + PING + PONG + RUN + LATER,
    "hub": b"\x01" + WELCOME + HAVE + RUN + TALLY + SENT + BYE,
    "hub_knows": b"\x11" + KNOWN + RUN + SENT + TALLY + BYE,
    "hub_refuses": b"\x01" + REVOKED + BYE,
    "byte_by_byte": b"\x12" + HAVE + RUN + SENT,
}
LINES = {"handshake": b"\x00" + struct.pack(">H", 100) + b"x" * 100,
         "behind": b"\x01" + struct.pack(">H", 20) + b"y" * 20,
         "half": b"\x00" + struct.pack(">H", 8192) + b"z" * 30}


def snapshots():
    """The frozen messages and manifest, and a row with everything that one may have: one entry, a field in
    dispute, a counter, a tombstone that saw something, and a base that waits."""
    with open(os.path.join(VECTORS, "snapshot.json"), encoding="utf-8") as file:
        vectors = json.load(file)
    names = ("SNAPSHOT", "FETCH", "CHUNK", "SETTLED")
    seeds = {name.lower(): bytes([i]) + bytes.fromhex(vectors["messages"][name])[2:]
             for i, name in enumerate(names)}
    body = msgpack.unpackb(bytes.fromhex(vectors["sealed"]))[0]
    seeds["manifest"] = b"\x04" + bytes([len(vectors["leaves"]) // 64]) + body
    row = [17, b"i" * 16, [[7, 1, 3, [1, "name", 9, "rank"]], [8, 1, 2, [2, "male"]]],
           [[10, None, [[7, 1, 4, "1", []], [8, 1, 5, "2", []]]], [24, 5, [[7, 1, 6, None, []]]],
            [0, None, [[7, 1, 8, True, [14, 7, 1, 3, 14, 8, 1, 2]]]]],
           [[10, 14, 9, 1, 1, None]]]
    seeds["row"] = b"\x05" + b"".join(msgpack.packb(part) for part in row)
    return seeds


def main():
    for target, seeds in (("fuzz_session", SESSIONS), ("fuzz_noise", LINES),
                          ("fuzz_snapshot", snapshots())):
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for name, data in seeds.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
