#!/usr/bin/env python3
"""How long whole commands take on a filled replica: opening, get, search, each report, due, check.

    jinqiud init --dir HUB --name 示例局 --no-passphrase
    jinqiud demo --dir HUB --size city --seed 7 --day 2026-11-21
    tests/bench/reports.py --dir HUB [--runs 3] [--only R02,due] >run.json
    tests/bench/reports.py --page <run.json    # the last part of docs/performance.md

Each is a process of its own that opens the replica, answers as JSON and ends. Told are the least of
the runs: `ms` by the clock and `cpu_ms` of the processor, which other work on the machine hardly
touches. Output: {"date", "machine", "size", "day", "rows", "runs", "load",
"file_bytes",
"commands": [{"name", "ms", "cpu_ms", "bytes", "code", "bar_ms"}]}; code is the exit code."""

import argparse
import datetime
import json
import os
import resource
import subprocess
import sys
import time

import measured

BAR_MS, BAR_OPEN_MS = 300, 100
PAGE = """
## Reports

Made by `tests/bench/reports.py --page` from one run: {date}, {machine}, {size}, {rows:,} rows, a file of
{megabytes:,.0f} MB, all days until {day}, the whole tree below the bureau. Each command is a process of its own, which
opens the file, answers as JSON and ends; the least of {runs} runs. *Processor* is what the bar is held against where others
work on the machine, too: at most {bar} ms, and {bar_open} ms to open. When it began, the machine had a load of {load}; on one with
nothing else to do the processor, too, takes less. {met} of {count} bars are met.

```
build/server/jinqiud init --dir HUB --name 示例局 --no-passphrase
build/server/jinqiud demo --dir HUB --size {size} --seed 7 --day {day}
tests/bench/reports.py --dir HUB --rows ROWS >reports.json
tests/bench/reports.py --page <reports.json
```

| command | processor, ms | clock, ms | answer, KB | |
|---|---|---|---|---|
"""


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(arguments, options):
    times = []
    for _ in range(options.runs):
        before, began = spent(), time.monotonic()
        ran = subprocess.run([options.program, *arguments, "--dir", options.dir, "--json"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        times.append((time.monotonic() - began, spent() - before))
    clock, processor = (round(1000 * min(column)) for column in zip(*times))
    return {"ms": clock, "cpu_ms": processor, "bytes": len(ran.stdout), "code": ran.returncode}


def ask(options, *arguments):
    return json.loads(subprocess.check_output([options.program, *arguments, "--dir", options.dir,
                                               "--json"]))


def commands(options):
    to = ("--to", options.day)
    person = ask(options, "list", "person", "--limit", "1")[0]
    yield "open", ("org", "list")
    yield "get", ("get", "person", person["id"])
    yield "search", ("list", "person", "--search", person["name"], "--limit", "50")
    for report in ask(options, "report", "--list"):
        yield report["name"], ("report", report["name"], "--from", options.day[:4] + "-01-01", *to)
    yield "due", ("due", *to)
    yield "check", ("check", *to)


def run(options):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = next(line.split(":")[1].strip() for line in file if "model name" in line)
    found = {"date": datetime.date.today().isoformat(), "size": options.size, "day": options.day,
             "machine": f"{processor} ({os.cpu_count()} cores)", "rows": options.rows,
             "runs": options.runs, "load": round(os.getloadavg()[0], 1),
             "file_bytes": os.path.getsize(os.path.join(options.dir, "hub.db")), "commands": []}
    for name, arguments in commands(options):
        if options.only and name not in options.only.split(","):
            continue
        line = {"name": name, **measure(arguments, options),
                "bar_ms": BAR_OPEN_MS if name == "open" else BAR_MS}
        found["commands"].append(line)
        print(json.dumps(line), file=sys.stderr, flush=True)
    json.dump(found, sys.stdout, indent=1)
    print()


def page():
    found = json.load(sys.stdin)
    lines = found["commands"]
    within = [line["code"] == 0 and line["cpu_ms"] <= line["bar_ms"] for line in lines]
    yield PAGE.format(megabytes=found["file_bytes"] / 1e6, bar=BAR_MS, bar_open=BAR_OPEN_MS,
                      met=sum(within), count=len(within), **found)
    for line, met in zip(lines, within):
        yield (f"| {line['name']} | {line['cpu_ms']:,} | {line['ms']:,} "
               f"| {line['bytes'] / 1000:,.0f} "
               f"| {'' if met else '**no**' if line['code'] == 0 else '**given up**'} |\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="build/server/jinqiud")
    parser.add_argument("--dir")
    parser.add_argument("--size", default="city")
    parser.add_argument("--rows", type=int, default=0, help="as the demo told")
    parser.add_argument("--day", default="2026-11-21")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only")
    parser.add_argument("--page", action="store_true")
    options = parser.parse_args()
    if options.page:
        first, _ = measured.read()
        measured.write(first, "".join(page()))
    else:
        run(options)


if __name__ == "__main__":
    main()
