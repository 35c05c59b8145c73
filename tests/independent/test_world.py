"""The second implementation beside the real programs: the same logs, heads, digests, rights."""

import json
import os
import sqlite3
import unittest

from msgpack import ExtType

from pack import Refused
from replica import read_log
from show import deleted, show
from stage import Stage, ask, database_of, log_of, named

SEED = int(os.environ.get("SEED", "1"))


def setUpModule():
    global STAGE
    print(f"SEED={SEED}")
    STAGE = Stage(SEED)
    STAGE.__enter__()
    unittest.addModuleCleanup(STAGE.__exit__)
    backup = os.path.join(STAGE.folder, "hub.backup")
    STAGE.live()
    STAGE.reader = STAGE.device("volunteer", STAGE.branches[0])
    STAGE.reader.sync()
    STAGE.hub.call("backup", backup)
    STAGE.work_in_new_org(STAGE.county)
    STAGE.save_all(1, 10, 0.1)
    STAGE.sync()
    STAGE.reader.sync()
    STAGE.restore(backup)
    STAGE.work_in_new_org(STAGE.township, STAGE.town)
    STAGE.lost = log_of(STAGE.hub).frontier
    STAGE.given_back = STAGE.reader.sync()
    STAGE.found = log_of(STAGE.hub).frontier
    STAGE.sync()
    STAGE.end()
    STAGE.logs = {replica: log_of(replica) for replica in replicas()}


def replicas():
    return [STAGE.hub, *STAGE.programs]


class Logs(unittest.TestCase):
    def test_every_log_holds_and_every_digest_agrees(self):
        for replica in replicas():
            mine, told = STAGE.logs[replica], replica.json("verify")
            with self.subTest(replica.folder):
                self.assertTrue(told["ok"], told)
                self.assertEqual(sum(mine.frontier.values()), told["entries"])
                self.assertEqual(named(mine, mine.digests()), replica.json("digest"))

    def test_what_does_not_count_is_the_same(self):
        for replica in replicas():
            mine = STAGE.logs[replica]
            mine.counting()
            wrong = {f"{place[0][1]}.{place[0][2]}.{place[0][0]}.{place[1]}"
                     for place in mine.aside}
            told = {item["dot"] for item in ask(replica, "set-aside")}
            with self.subTest(replica.folder):
                self.assertEqual(wrong, wrong & told, mine.aside)


class Restored(unittest.TestCase):
    def test_a_restored_hub_is_given_back_what_it_lost(self):
        frontier = STAGE.reader.replica.frontier
        lost = {feed for feed, number in frontier.items() if number > STAGE.lost.get(feed, 0)}
        self.assertTrue(lost)
        self.assertEqual((STAGE.given_back.remembered, STAGE.given_back.agreed), (False, True))
        self.assertEqual({feed for feed in lost if frontier[feed] > STAGE.found[feed]}, set())


class Rights(unittest.TestCase):
    def test_the_story_had_every_kind_of_trouble(self):
        mine, reasons = STAGE.logs[STAGE.hub], set()
        for log in STAGE.logs.values():
            log.counting()
            reasons |= {str(why) for why in log.aside.values()}
        reasons = " ".join(reasons)
        for reason in ("was revoked before", "admitted by a device that had been revoked",
                       "no rights in this org", "another org of this number counts"):
            self.assertIn(reason, reasons)
        self.assertGreater(len([feed for feed in mine.frontier if feed[2] > 1]), 1)
        self.assertEqual((len(mine.registry.roots), len(mine.registry.authorities)), (2, 2))
        self.assertTrue(any(list(disputes(log)) for log in STAGE.logs.values()))


class Broken(unittest.TestCase):
    """A bit that turned on the disk is named by feed and number."""

    def test_a_flipped_bit_in_a_log_is_named(self):
        source = database_of(STAGE.town)
        network = source.execute("SELECT value FROM _meta WHERE name = 'network'").fetchone()[0]
        pieces = source.execute("SELECT l.id, f.scope, f.device, f.incarnation FROM _log l "
                                "JOIN _feed f ON f.id = l.id >> 40 ORDER BY l.id").fetchall()
        for key, *feed in pieces[::7]:
            for column_name in ("bodies", "signature"):
                broken = sqlite3.connect(":memory:")
                source.backup(broken)
                flip(broken, key, column_name)
                with self.assertRaises(Refused) as caught:
                    read_log(broken, network)
                self.assertIn(str(tuple(feed)), str(caught.exception))
                broken.close()
        source.close()


def flip(database, key, column_name):
    data = database.execute(f"SELECT {column_name} FROM _log WHERE id = ?", (key,)).fetchone()[0]
    at = len(data) // 2
    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    database.execute(f"UPDATE _log SET {column_name} = ? WHERE id = ?", (data, key))


class Shown(unittest.TestCase):
    def test_every_column_shows_what_the_rules_say(self):
        for replica in replicas():
            database = database_of(replica)
            with self.subTest(replica.folder):
                self.compare(STAGE.logs[replica], database)
            database.close()

    def compare(self, mine, database):
        database.row_factory = sqlite3.Row
        rows, schema = mine.rows(), mine.registry.schemas[-1]
        for table in schema.tables.values():
            told = {(row["_scope"], table.number, row["id"]): row for row in
                    database.execute(f'SELECT * FROM "{table.name}"')}
            self.assertEqual(sorted(told), sorted(row for row in rows if row[1] == table.number))
            for row, columns in told.items():
                self.assertEqual(bool(columns["_deleted"]), deleted(rows[row])[0], row)
                for number, field in table.fields.items():
                    value = show(table, rows[row], number)[0] if number in rows[row] else None
                    self.assertEqual(columns[field.name], column(field, value),
                                     (table.name, field.name, row))

    def test_the_same_fields_are_disputed(self):
        for replica in replicas():
            mine = STAGE.logs[replica]
            told = {(item["table"], item["id"], item["field"]):
                    sorted(head["dot"] for head in item["heads"])
                    for item in ask(replica, "conflicts")}
            with self.subTest(replica.folder):
                self.assertEqual(sorted(told), sorted(disputes(mine)))


def disputes(mine):
    schema = mine.registry.schemas[-1]
    for (_, number, row), cells in mine.rows().items():
        table = schema.tables[number]
        if deleted(cells)[1]:
            yield table.name, row.hex(), "_deleted"
        for at in cells:
            if at and show(table, cells, at)[1]:
                yield table.name, row.hex(), table.fields[at].name


def column(field, value):
    """How SQLite has it."""
    if value is None or value == []:
        return None
    if field.merge == "set":
        return json.dumps(list(dict.fromkeys(as_text(element) for element in value)),
                          ensure_ascii=False, separators=(",", ":"))
    if field.merge == "steps" and type(value) is list:
        return value[1]
    if field.type == "geo":
        return ",".join(f"{part // 10**7}.{part % 10**7:07}" for part in value)
    if type(value) is ExtType:
        return value.data
    return int(value) if type(value) is bool else value


def as_text(element):
    if type(element) is bytes:
        return element.hex()
    return str(element).lower() if type(element) is bool else str(element)


if __name__ == "__main__":
    unittest.main()
