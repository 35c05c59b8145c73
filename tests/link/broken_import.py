#!/usr/bin/env python3
"""A large import, made offline, over a thin line that breaks again and again: how many bytes cross
it that had arrived before? Usage: broken_import.py BUILD [--rows N] [--sessions N] [--rate N] [--json]

Fails when a cut costs more than the unit that hadn't come whole and a handshake. Two clients import the same number of rows of their own. One sends them over a good line; the other
one's is cut in each session behind a part of that, chosen so that about SESSIONS are needed. At 32
kbit/s (4,000 bytes a second) 100,000 rows take most of an hour; a quicker line may lose more of an
entry larger than 8 KiB, of which what a second brings is kept."""

import argparse
import json
import os
import random
import sys

UNIT_BYTES, HANDSHAKE_BYTES = 8192, 1024

HERE = os.path.dirname(os.path.abspath(__file__))


def write_people(path, rows, chance):
    with open(path, "w", encoding="utf-8") as out:
        out.write("name\n")
        out.writelines(f"示例{chance.randrange(10**12)}\n" for _ in range(rows))


def measure(tools, rows, sessions, rate):
    chance = random.Random(50)
    with tools.World() as world, tools.Link(world.hub) as link:
        clients = [world.join("secretary", branch, address=link.address)
                   for branch in world.branches[:2]]
        for client in clients:
            client.sync()
            path = os.path.join(world.folder, "people.csv")
            write_people(path, rows, chance)
            client.call("import", "person", path)
        link.stop()
        link.start()
        clients[0].sync()
        whole = link.ended()["to_hub"]
        link.stop()
        part = whole // sessions
        link.start("--rate", str(rate), "--cut", f"{part}-{part * 5 // 4}", "--seed", "50")
        broken = 0
        while not tools.run(tools.JINQIU, "sync", "--json", "--dir", clients[1].folder, code=None):
            broken += 1
            tools.eventually(world.hub.nobody_there, "the session's end at the hub")
        carried = link.stop()["to_hub"]
        rows_there = world.hub.json("status")["rows"]
    return {"rows": rows, "sessions": broken + 1, "bytes_whole": whole, "bytes_carried": carried,
            "lost_per_cut": round((carried - whole) / max(1, broken)),
            "all_there": rows_there == 2 * rows}


def nothing_twice(said):
    return said["all_there"] and said["lost_per_cut"] <= UNIT_BYTES + HANDSHAKE_BYTES


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--rate", type=int, default=4000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    os.environ.update(JINQIU=f"{build}/client/jinqiu", JINQIUD=f"{build}/server/jinqiud",
                      JINQIU_LINK=f"{build}/tests/link/jinqiu-link")
    sys.path.insert(0, os.path.join(HERE, "../e2e"))
    import jinqiu  # reads the environment
    said = measure(jinqiu, options.rows, options.sessions, options.rate)
    if options.json:
        print(json.dumps(said))
    else:
        print(f"{said['rows']} rows: {said['bytes_whole']} bytes at once; "
              f"{said['bytes_carried']} in {said['sessions']} sessions, "
              f"{said['lost_per_cut']} a cut")
    return 0 if nothing_twice(said) else 1


if __name__ == "__main__":
    sys.exit(main())
