"""A world of the real programs for the second implementation to look at: a hub, clients of every
role, random offline work, conflicts, settlements, deletes, two lives of one device, a device that
moves, one admitted without the hub, revocations, new root keys, a hub restored from a backup that
gives a number to an org once more."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from jinqiu import JINQIU, JINQIUD, Client, World, run  # noqa: E402

from invent import Work  # noqa: E402
from replica import read_log  # noqa: E402
from session import Device, Invitation  # noqa: E402
from trust import is_below, is_registry, org_of  # noqa: E402


class Listening:
    """A client that others reach over the local network."""

    def __init__(self, client):
        self.process = subprocess.Popen(
            [JINQIU, "listen", "--listen", "127.0.0.1:0", "--dir", client.folder],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        ready = self.process.stdout.readline().decode()
        self.address = re.match(r"ready listen=(\S+)", ready).group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        self.process.stdout.close()


def database_of(replica):
    """The SQLite file of a hub or client; nothing is locked in these worlds."""
    name = "replica.db" if isinstance(replica, Client) else "hub.db"
    return sqlite3.connect(os.path.join(replica.folder, name))


def log_of(replica):
    database = database_of(replica)
    try:
        network = database.execute("SELECT value FROM _meta WHERE name = 'network'").fetchone()[0]
        return read_log(database, network)
    finally:
        database.close()


def ask(replica, *question):
    """Some answers come with exit code 4: conflicts wait."""
    return json.loads(replica.call(*question, "--json", code=None))


def named(replica, digests):
    """{scope: digest} as the programs print it."""
    out = {}
    for scope, digest in digests.items():
        org = replica.registry.orgs.get(org_of(scope))
        part = "/registry" if is_registry(scope) else "/below" if is_below(scope) else ""
        out[(org[1].hex() if org else f"?{scope}") + part] = digest.hex()
    return out


class Stage(World):
    def __init__(self, seed):
        self.chance = random.Random(seed)

    def __enter__(self):
        super().__enter__()
        self.town, self.branch = self.join(), self.join("volunteer", self.branches[0])
        self.clerk = self.join("clerk", self.county)
        self.bureau = self.join("bureau", self.hub.root)
        self.mover = self.join("secretary", self.branches[1])
        self.gone = []  # revoked
        self.programs = [self.town, self.branch, self.clerk, self.bureau, self.mover]
        self.work = Work(self.town.json("schema"), self.chance)
        return self

    def device(self, role, org):
        """A device of the second implementation."""
        return Device(Invitation(self.hub.invite(org, role, "示例党员099")))

    def sync(self, *clients):
        for client in clients or self.programs:
            done = subprocess.run([JINQIU, "sync", "--dir", client.folder], capture_output=True,
                                  timeout=300, check=False)
            if done.returncode not in (0, 4) and client not in self.gone:
                raise RuntimeError(f"{client.folder}: {done.stderr.decode()}")

    def save(self, client, count, adds):
        """Random work; notes the ids of the rows that are there afterwards."""
        self.work.adds = adds
        lines = "\n".join(json.dumps(line) for line in self.work.lines(count))
        run(JINQIU, "apply", "-", "--json", "--dir", client.folder, data=lines.encode(), code=None)
        database = database_of(client)
        for name, known in self.work.rows.items():
            rows = {row[0].hex() for row in database.execute(f'SELECT id FROM "{name}"')}
            self.work.rows[name] = sorted(rows | set(known))
        database.close()

    def save_all(self, rounds, count, adds):
        for _ in range(rounds):
            for client in self.programs:
                self.save(client, count, adds)
            self.sync(*[client for client in self.programs if self.chance.random() < 0.5])

    def settle_some(self, client):
        for conflict in client.json("conflicts", code=None)[::2]:
            head = self.chance.choice(conflict["heads"])
            client.call("settle", conflict["table"], conflict["id"], conflict["field"], "--take",
                        head["dot"], code=None)

    def edit_texts(self):
        """The same text changed apart: in different lines, in the same ones, and alike; and three
        persons take the same step."""
        lines = [f"第{n}行" for n in range(9)]
        writers = [self.town, self.clerk, self.bureau]
        stories = ((1, 4, 7), (2, 2, 6), (0, 3, 8), (5, 5, 5))
        rows = [self.town.call("add", "org", "kind=branch", "name=示例支部",
                               "note=" + "\n".join(lines)).strip() for _ in stories]
        self.sync(*writers)
        self.state = next(field["codes"][1][0] for field in self.work.tables["org"]["fields"]
                          if field["name"] == "state")
        for writer in writers:
            changes = [self.edit(row, lines, places[writers.index(writer)], writer)
                       for row, places in zip(rows, stories)]
            writer.call("apply", "-", data="\n".join(map(json.dumps, changes)).encode())
        self.sync(*writers)

    def edit(self, row, lines, place, writer):
        """The line is changed; behind the middle all but one writer take it away."""
        there = [f"改{place % 4}"] if writer is self.town or place < 5 else []
        note = "\n".join([*lines[:place], *there, *lines[place + 1:]])
        return {"op": "set", "table": "org", "id": row,
                "fields": {"note": note, "state": self.state}}

    def two_lives(self, client):
        copy = client.folder + "-copy"
        shutil.copytree(client.folder, copy)
        self.save(client, 12, 0.3)
        self.sync(client)
        shutil.rmtree(client.folder)
        os.rename(copy, client.folder)
        self.save(client, 12, 0.3)
        self.sync(client, client)

    def admit_without_hub(self):
        self.hub.stop()
        with Listening(self.clerk) as there:
            code = self.clerk.call("enrol", "--org", self.branches[2], "--role", "volunteer",
                                   "--person", "示例志愿者", "--address", there.address).strip()
            newcomer = Client(os.path.join(self.folder, "newcomer"), code)
        self.hub.start()
        self.programs.append(newcomer)
        self.save(newcomer, 15, 0.7)
        self.sync(self.clerk, newcomer)
        return newcomer

    def restore(self, backup):
        self.hub.stop()
        shutil.rmtree(self.hub.folder)
        run(JINQIUD, "restore", backup, "--dir", self.hub.folder)
        # As a folder that somebody put back by hand: it skips no numbers.
        database = database_of(self.hub)
        with database:
            database.execute("DELETE FROM _meta WHERE name = 'org_floor'")
        database.close()
        self.hub.start()

    def work_in_new_org(self, parent, *more):
        """An org whose number the hub gives again when it was restored: work in it, of its own
        secretary and of `more` clients."""
        org = self.hub.add_org("branch", "示例支部", parent)
        client = self.join("secretary", org)
        self.programs.append(client)
        self.sync(*more)
        for one in (client, *more):
            for n in range(3):
                one.call("add", "person", f"name=示例党员70{n}", "--org", org)
        self.sync(client, *more)

    def live(self):
        """Some weeks."""
        self.save_all(1, 25, 1.0)
        self.sync()
        self.sync()
        self.work.meet()
        self.save_all(2, 15, 0.1)
        self.edit_texts()
        self.two_lives(self.branch)
        self.hub.call("device", "change", self.mover.device, "--org", self.branches[0])
        self.save(self.mover, 10, 0.5)
        self.sync(self.mover)
        self.admit_without_hub()
        self.settle_some(self.town)
        self.save_all(1, 15, 0.1)
        self.sync()

    def end(self):
        """What only the bureau may do, and then rest."""
        self.hub.call("root", "rotate")
        self.hub.call("root", "rotate", "--root", "--keys", "3", "--threshold", "2")
        self.save_all(1, 10, 0.1)
        self.sync()
        self.hub.call("revoke", self.mover.device, "--last-good", "3")
        self.gone.append(self.mover)
        self.settle_some(self.clerk)
        self.adopt_some(self.bureau)
        self.sync()
        # Whom the clerk's device admitted beyond its cut never was.
        self.hub.call("revoke", self.clerk.device, "--last-good", "0")
        self.sync(self.town, self.branch, self.bureau)

    def adopt_some(self, client):
        self.sync(client)
        for item in client.json("set-aside", code=None)[:2]:
            client.call("adopt", item["dot"], code=None)
