#!/usr/bin/env python3
"""Makes the dictionaries of this folder out of demo data: train.py, with JINQIUD in the environment.

entries.zdict (1) learns bodies of entries with one op each, as people's saves are, and texts.zdict
(2) the texts that are sealed, in UTF-16LE. The seeds are others than those of tests and bench. What
was written with a dictionary needs it for ever: so a better one is a new file with a new number, and
these are only made anew before the first release. JINQIUD must have been built with those that are here."""

import collections
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

import msgpack
import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "independent"))

import replica  # noqa: E402
from pack import SEALED, pack, unpack  # noqa: E402

SEEDS = range(40001, 40009)
DAYS = ["2026-11-21", "2027-03-08", "2027-07-01", "2028-02-10"]
ENTRIES, TEXTS = 1, 2
BYTES, SEGMENT_BYTES, MATCH_BYTES = 8192, 64, 6
OF_A_TABLE = 300  # samples: most rows are dues and attendance, but not what people wait for
RECORDS_FROM = 16  # tables below are the registry's


def call(*arguments):
    return subprocess.run([os.environ["JINQIUD"], *arguments], capture_output=True, check=True).stdout


def anonymous(value, chance):
    """Ids and what is sealed are different in every record, so there is nothing to learn of them."""
    if isinstance(value, list):
        return [anonymous(part, chance) for part in value]
    if isinstance(value, bytes):
        return value[:-16] + chance.randbytes(16)
    if isinstance(value, msgpack.ExtType):
        return msgpack.ExtType(SEALED, chance.randbytes(len(value.data)))
    return value


def ops_of_demo(seed, day, chance):
    """Bodies of one op each, and the texts among their values."""
    with tempfile.TemporaryDirectory() as folder:
        call("init", "--name", "示例老干部局", "--no-passphrase", "--dir", folder)
        call("demo", "--size", "township", "--seed", str(seed), "--day", day, "--dir", folder)
        database = sqlite3.connect(os.path.join(folder, "hub.db"))
        for _, _, _, bodies, _ in replica.read_pieces(database):
            for body in bodies:
                head = unpack(body)
                for table, row, fields, bases in head[5]:
                    if table >= RECORDS_FROM:
                        op = [table, chance.randbytes(len(row)), anonymous(fields, chance), bases]
                        yield pack([*head[:2], chance.randrange(1, 99), None, head[4], [op]])


def sealed_fields():
    with open(os.path.join(HERE, "..", "jinqiu.json"), encoding="utf-8") as file:
        tables = json.load(file)["tables"]
    return {(table["name"], field["name"]) for table in tables for field in table["fields"]
            if field.get("sealed") and field["type"] in ("text", "sealed")}


def texts_of_demo(seed, day, wanted):
    lines = call("demo", "--lines", "--size", "township", "--seed", str(seed), "--day", day)
    for line in map(json.loads, lines.splitlines()):
        for name, text in line.get("fields", {}).items():
            if (line.get("table"), name) in wanted:
                yield text.encode("utf-16-le")


def some_of_each_table(bodies, chance):
    bodies, taken = list(bodies), collections.Counter()
    chance.shuffle(bodies)
    for body in bodies:
        table = unpack(body)[5][0][0]
        taken[table] += 1
        if taken[table] <= OF_A_TABLE:
            yield body


def train(name, number, samples):
    made = zstandard.train_dictionary(BYTES, samples, dict_id=number, k=SEGMENT_BYTES,
                                      d=MATCH_BYTES, level=12)
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(made.as_bytes())
    print(f"{name}: {len(made)} bytes, {len(samples)} samples of {sum(map(len, samples)):,} bytes")


def main():
    chance = random.Random(1)
    worlds = list(zip(SEEDS, DAYS * 2))
    bodies = [body for world in worlds for body in ops_of_demo(*world, chance)]
    texts = [text for world in worlds for text in texts_of_demo(*world, sealed_fields())]
    train("entries.zdict", ENTRIES, list(some_of_each_table(bodies, chance)))
    train("texts.zdict", TEXTS, texts)


if __name__ == "__main__":
    main()
