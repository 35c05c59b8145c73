#!/usr/bin/env python3
"""Writes sketch.json: sketches of frontiers, and what they say of others. Usage: sketch.py TESTS

Made by the second implementation in tests/independent. The vectors are frozen: a line that changes
is a change of the format."""

import json
import os
import sys


def told(frontier):
    return [[*feed, number] for feed, number in sorted(frontier.items())]


def main():
    sys.path.insert(0, os.path.join(sys.argv[1], "independent"))
    from sketch import decode, sketch
    base = {(4 + 2 * (i // 9), 3 + i * i, 1 + (i % 5 == 0) * 70000): 1 + i * 37 for i in range(60)}
    feeds = sorted(base)
    ahead = {**base, feeds[3]: 400, feeds[40]: 1, (99, 7, 1): 5}
    less = {feed: number for feed, number in base.items() if feed not in (feeds[0], feeds[59])}
    pairs = (("the same", base, base, 1), ("ahead and behind", base, ahead, 20),
             ("known to one side", base, less, 5), ("nothing here", base, {}, 60),
             ("more than it finds", base, ahead, 2), ("above the prime: the digest tells",
              base, {**base, feeds[7]: 2**32 + 9}, 3))
    vectors = []
    for name, theirs, ours, size in pairs:
        data = sketch(theirs, size)
        found = decode(data, ours)
        vectors.append({"name": name, "theirs": told(theirs), "ours": told(ours),
                        "sketch": data.hex(), "found": found is not None,
                        "rows": found[1].hex() if found else "",
                        "absent": found[2].hex() if found else ""})
    with open(os.path.join(sys.argv[1], "vectors/sketch.json"), "w", encoding="ascii") as file:
        json.dump(vectors, file)
        file.write("\n")


if __name__ == "__main__":
    main()
