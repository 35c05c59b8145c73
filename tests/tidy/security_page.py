"""docs/security.md says of each attack where its defence stands, and names tests that there are.
Usage: security_page.py FOLDER [--write]"""

import glob
import importlib.machinery
import importlib.util
import os
import re
import sys

HEADING = "## Where each defence stands\n"
NEXT = "## Who can do what\n"
INTRO = """
Written by `tests/tidy/security_page.py`: the files in which `tests/mutants` takes the defence out, and under
what names; what noticed each stands in [mutants.md](mutants.md).

| # | where | faults that tests must notice |
|---|---|---|
"""
THREATS = 34


def load_mutants(folder):
    path = os.path.join(folder, "tests", "mutants")
    loader = importlib.machinery.SourceFileLoader("mutants", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def places(folder):
    """number of the threat -> its files, its faults."""
    mutants = load_mutants(folder)
    by_threat = {}
    for name, files in mutants.mutants().items():
        for threat in mutants.threats_of(name):
            where, names = by_threat.setdefault(int(threat[1:]), (set(), set()))
            where.update(files)
            names.add(name)
    return by_threat


def section(by_threat):
    rows = "".join(f"| T{number} | {', '.join(f'`{file}`' for file in sorted(where))} | "
                   f"{', '.join(sorted(names))} |\n"
                   for number, (where, names) in sorted(by_threat.items()))
    return HEADING + INTRO + rows + "\n"


def faults_of_attacks(folder, text):
    """What is wrong with the table of attacks."""
    rows = dict(re.findall(r"^\| T(\d+) \|(.*)\|$", text[:text.index(HEADING)], re.M))
    for number in range(1, THREATS + 1):
        if str(number) not in rows:
            yield f"T{number} has no row"
        elif not re.search(r"`[^`]*\btest_\w+`", rows[str(number)]):
            yield f"T{number} names no test"
    there = {os.path.splitext(os.path.basename(path))[0]
             for path in glob.glob(os.path.join(folder, "tests", "*", "test_*"))}
    for name in sorted(set(re.findall(r"\btest_\w+", text)) - there):
        yield f"there is no '{name}'"


def main():
    page = os.path.join(sys.argv[1], "docs", "security.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    by_threat = places(sys.argv[1])
    wanted = text[:text.index(HEADING)] + section(by_threat) + text[text.index(NEXT):]
    if "--write" in sys.argv:
        with open(page, "w", encoding="utf-8") as file:
            file.write(wanted)
        text = wanted
    faults = list(faults_of_attacks(sys.argv[1], text))
    faults += [f"no fault takes out the defence against T{number}"
               for number in range(1, THREATS + 1) if number not in by_threat]
    if text != wanted:
        faults.append("docs/security.md is old: run tests/tidy/security_page.py . --write")
    print("\n".join(faults) or f"security page: {THREATS} attacks")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
