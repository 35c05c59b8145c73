#!/usr/bin/env python3
"""Puts what the bench says into docs/performance.md: page.py <FILE-OF-JSON-LINES."""

import json
import sys

import measured

HEAD = """# Speed, bytes and memory

Made by `tests/bench/page.py` from one run of `tests/bench`; nothing here is written by hand.

Run of {date} with {rows:,} rows, on {processor} ({cores} cores).
Bench, hub and all of its clients share these cores, so what is measured at the hub is a lower bound.
*Limit* is what the machine or another program gives in the same run; a bar speaks of the figure, or of
the *ratio* of figure and limit.

To repeat it on a quiet machine:

```
cmake --preset release && ninja -C build
build/tests/bench/bench --json 50000 >run.json
JINQIU=build/client/jinqiu JINQIUD=build/server/jinqiud node tests/bench/pages.mjs --json >>run.json
tests/bench/page.py <run.json
```

`bench` without `--json` prints the same for people; `--part replica`, `--part client` or `--part hub` runs
a part of it, `--small` a fiftieth of the hub's load. The part about reports, at the end, is measured by `tests/bench/reports.py`
and stays as it is.
"""


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def bar(row):
    if "bar" not in row:
        return ""
    sign = "≥" if row["sense"] == "at least" else "≤"
    of = "ratio " if row["bar_of"] == "ratio" else ""
    return f"{of}{sign} {number(row['bar'])}"


def line(row):
    limit = f"{number(row['limit'])} ({row['limit_is']})" if "limit" in row else ""
    ratio = f"{row['ratio']:.2f}" if "ratio" in row else ""
    met = {True: "yes", False: "**no**", None: ""}[row.get("met")]
    return (f"| {row['name']} | {number(row['figure'])} {row['unit']} | {limit} | {ratio} | "
            f"{bar(row)} | {met} |")


def page(head, rows):
    yield HEAD.format(date=head["date"], rows=head["rows"], **head["machine"])
    part = None
    for row in rows:
        if row["part"] != part:
            part = row["part"]
            yield f"{'' if row is rows[0] else chr(10)}## {part[0].upper()}{part[1:]}\n"
            yield "| | figure | limit | ratio | bar | met |"
            yield "|---|---|---|---|---|---|"
        yield line(row)
    held = [row for row in rows if "met" in row]
    yield f"\n{sum(row['met'] for row in held)} of {len(held)} bars are met in this run."


def main():
    head, *rows = [json.loads(text) for text in sys.stdin if text.strip()]
    _, reports = measured.read()
    measured.write("\n".join(page(head, rows)), reports)


if __name__ == "__main__":
    main()
