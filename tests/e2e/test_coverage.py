#!/usr/bin/env python3
"""Every practice of the branches, entered on two PCs without a network, arrives merged at the bureau.

What practices.txt lists is typed in on two secretaries' PCs (what only the bureau writes, on its
own): rows of a natural key on both, all others on one. Then they meet the hub, and every replica must
show each row once, as it was typed; the figures that exist must come out alike. With --write, the
table in docs/coverage.md is made of what was seen; without, it must say the same already."""

import hashlib
import json
import os
import sys
import unittest

from jinqiu import World

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "docs", "coverage.md")
BUREAU_WRITES = ("standard", "rule")
NOT_TYPED = (*BUREAU_WRITES, "score", "blob", "device")  # by the browser of test_practices.mjs
MARKS = {"org": "name", "person": "name", "affiliation": "category", "link": "duty",
         "venue": "name", "offer": "title", "event": "title", "attendance": "remark",
         "visit": "place", "ticket": "title", "log": "text", "ledger": "item",
         "standard": "title", "score": "evidence", "award": "title", "doc": "title",
         "figure": "dims", "tag": "code", "rule": "note", "blob": "name"}
KINDS = {"log": "action", "tag": "scheme", "award": "level"}
NATURAL = ("affiliation", "link", "attendance", "score", "figure", "tag")


def practices():
    with open(os.path.join(HERE, "practices.txt"), encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                number, name, records, figures = (part.strip() for part in line.split("|"))
                yield number, name, records.split(), figures.split()


def id_of(*parts):
    return hashlib.md5(" ".join(parts).encode()).hexdigest()


def fields_of(number, table, kind):
    """The few fields that one must type for a row of this kind."""
    person, event = id_of(number, "person"), id_of(number, "event")
    org, standard = id_of("org"), id_of(number, "standard")
    at = {"kind": kind} if kind else {}
    return {
        "org": {"kind": kind or "branch"},
        "person": {"kind": "retired", "born_on": "1950-01-02"},
        "affiliation": {**at, "person_id": person, "org_id": org, "start_on": "2026-01-01"},
        "link": {**at, "a_ref": f"person:{person}", "b_ref": f"person:{id_of(number, 'other')}"},
        "venue": at, "offer": at, "doc": at,
        "event": {**at, "start_at": "2026-11-01T09:30"},
        "attendance": {"event_id": event, "person_id": person, "status": "present"},
        "visit": {**at, "target_ref": f"person:{person}", "at": "2026-11-01T09:30",
                  "situation": "示例情况"},
        "ticket": {**at, "person_id": person},
        "log": {"ref": f"person:{person}", "action": kind or "note"},
        "ledger": {**at, "subject_ref": f"person:{person}", "amount": "12.00",
                   "unit": "point" if kind in ("points_earned", "redemption") else "yuan"},
        "standard": {"scheme": number, "version": "1", "code": "1"},
        "score": {"subject_ref": f"person:{person}", "standard_id": standard, "period": "2026",
                  "value": 90},
        "award": {"subject_ref": f"person:{person}", "level": kind or "unit"},
        "figure": {"owner_ref": f"org:{org}", "metric": number, "period": "2026", "stated": 10},
        "tag": {"ref": f"person:{person}", "scheme": kind or "local"},
        "rule": {"code": number, "cadence": "month"},
        "blob": {"ref": f"person:{person}"},
    }[table]


def rows():
    """(practice, table, line for apply) of everything that is typed."""
    for number, name, records, _ in practices():
        for record in records:
            table, _, kind = record.partition(":")
            if table == "device":
                continue
            fields = {**fields_of(number, table, kind), MARKS[table]: f"{number} {name}"[:36]}
            line = {"op": "add", "table": table, "fields": fields}
            if table not in NATURAL + BUREAU_WRITES:
                line["id"] = id_of(number, table)
            yield number, table, line


def type_in(client, lines):
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    client.call("apply", "-", "--batch", "50", data=text.encode())


def live():
    """Types everything, lets all meet. Gives what each replica lists, by table, and the figures."""
    with World() as world:
        a, b = world.join(), world.join()
        bureau = world.join("bureau", world.hub.root)
        world.hub.stop()
        everything = list(rows())
        for client, turn in ((a, 0), (b, 1)):
            type_in(client, [line for at, (_, table, line) in enumerate(everything)
                             if table in NATURAL
                             or (table not in BUREAU_WRITES and at % 2 == turn)])
        type_in(bureau, [line for _, table, line in everything if table in BUREAU_WRITES])
        world.hub.start()
        for client in (a, b, bureau, a, b):
            client.sync()
        tables = sorted({table for _, table, _ in everything})
        listed = [{table: replica.json("list", table) for table in tables}
                  for replica in (world.hub, a, b)]
        names = [report["name"] for report in a.json("report", "--list")]
        figures = {name: [replica.json("report", name, "--org", world.township)
                          for replica in (world.hub, a)] for name in names}
        conflicts = world.hub.json("conflicts")
        devices = world.hub.json("device", "list")
        return listed, figures, conflicts, devices


def missing_rows(listed):
    """{practice: [table]}: rows that some replica doesn't show exactly once, as they were typed."""
    missing = {}
    for number, table, line in rows():
        mark = line["fields"][MARKS[table]]
        for replica in listed:
            found = [row for row in replica[table] if row[MARKS[table]] == mark]
            typed = len(found) == 1 and all(str(found[0][field]) == str(value)
                                            for field, value in line["fields"].items())
            if not typed and table not in missing.setdefault(number, []):
                missing[number].append(table)
    return {number: tables for number, tables in missing.items() if tables}


def reminders():
    name = os.path.join(HERE, "..", "..", "schema", "reports", "reminders.json")
    with open(name, encoding="utf-8") as file:
        return {reminder["name"] for reminder in json.load(file)["reminders"]}


def how(record):
    table, _, kind = record.partition(":")
    return f"{table} {KINDS.get(table, 'kind')}={kind}" if kind else table


def page(missing, figures):
    there = set(figures) | reminders()
    lines, whole = [], 0
    for number, name, records, wanted in practices():
        done = [figure for figure in wanted if figure in there]
        lacks = [figure for figure in wanted if figure not in there]
        whole += not lacks and number not in missing
        lost = f"; lost: {', '.join(missing[number])}" if number in missing else ""
        lines.append(f"| {number} | {name} | {', '.join(map(how, records))}{lost} "
                     f"| {' '.join(done)} | {' '.join(lacks)} |")
    count = len(lines)
    typed = sum(not any(record.partition(":")[0] in NOT_TYPED for record in records)
                for _, _, records, _ in practices())
    return f"""# What the branches do, and how far jinqiu does it

Made by `tests/e2e/test_coverage.py --write` out of what it saw: each practice's records were typed
in on two PCs without a network (`jinqiu add TABLE …`, or `apply`), met at the hub, and were listed
there and on both PCs once each, as typed. *Figures*: reports (`jinqiu report R…`) and reminders
(`jinqiu due`, L…) that this practice asks for and that exist; *not there yet*: those that don't. Of
{count} practices, the records of {count - len(missing)} arrive merged, and {whole} have every figure
they ask for. Where special rules are wanted (who is due, what must not overlap), the reminder that
watches them counts as the figure; a practice is not done while it is missing. What is printed of
them is in [papers.md](papers.md).

The pages serve {typed} of them from end to end: `tests/browser/test_practices.mjs` types each kind of
record that these need into the forms of a browser, and counts them again. The others also need a
standard, a score, a rule, an attached file or a device, which other tests enter.

| | practice | records | figures | not there yet |
|---|---|---|---|---|
""" + "\n".join(lines) + "\n"


class Coverage(unittest.TestCase):
    def test_every_practice_arrives_merged_from_two_pcs_without_a_network(self):
        listed, figures, conflicts, devices = live()
        missing = missing_rows(listed)
        self.assertEqual(len(list(practices())), 161)
        self.assertEqual((missing, conflicts), ({}, []))
        self.assertGreaterEqual(len(devices), 4)
        for name, (hub, client) in figures.items():
            self.assertEqual(hub, client, name)
        if "--write" in sys.argv:
            with open(PAGE, "w", encoding="utf-8") as out:
                out.write(page(missing, figures))
        with open(PAGE, encoding="utf-8") as out:
            self.assertEqual(out.read(), page(missing, figures),
                             "run tests/e2e/test_coverage.py --write")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
