#!/usr/bin/env python3
"""Checks the rules of the house that a machine can see. Usage: tidy.py REPOSITORY

Sizes (function <= 70 lines, file <= 600, line <= 100 columns, <= 7 parameters
with err), the direction of includes, that every C file is built, guards, unfinished places."""

import os
import re
import sys

ROOMS = ("common", "protocol", "paper", "web", "api", "client", "server", "tests")
MAY_INCLUDE = {
    "common": ("common",),
    "protocol": ("protocol", "common"),
    "web": ("web", "common"),
    "paper": ("paper", "common"),
    "api": ("api", "web", "paper", "common"),
    "client": ("client", "api", "web", "paper", "protocol", "common"),
    "server": ("server", "api", "web", "paper", "protocol", "common"),
    "tests": ROOMS,
}
FUNCTION = re.compile(r"^[a-z][\w \*]*?\b(\w+)\(([^;{]*)\)\n\{\n(.*?)^\}", re.M | re.S)
# Put together here, so that this file doesn't find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
MACHINE = re.compile("|".join(("/wor" + "k/", "/tmp/bu" + "ild")))


def sources(root):
    for room in ROOMS:
        for folder, _, files in os.walk(os.path.join(root, room)):
            for name in sorted(files):
                if name.endswith((".c", ".h")):
                    yield room, os.path.relpath(os.path.join(folder, name), root)


def parameters(text):
    depth, count = 0, 1 if text.strip() not in ("", "void") else 0
    for char in text:
        depth += char == "("
        depth -= char == ")"
        count += char == "," and depth == 0
    return count


def check_functions(path, text, fault):
    for match in FUNCTION.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        length = match.group(3).count("\n")
        if length > 70:
            fault(path, line, f"function {match.group(1)} has {length} lines")
        if parameters(match.group(2)) > 7:
            fault(path, line, f"function {match.group(1)} has {parameters(match.group(2))} parameters")


def check_lines(room, path, lines, fault):
    for number, line in enumerate(lines, 1):
        if len(line) > 100:
            fault(path, number, f"{len(line)} columns")
        if UNFINISHED.search(line):
            fault(path, number, "unfinished")
        if MACHINE.search(line):
            fault(path, number, "a path of one machine")
        # The catalogue's fragments (.inc) lie in the rooms whose sentences they hold.
        include = re.match(r'#include "([a-z]+)/.*\.h"', line)
        if include and include.group(1) not in MAY_INCLUDE[room]:
            fault(path, number, f"{room} must not include {include.group(1)}")
        if re.match(r'#include [<"]uv[./]', line) and room in ("common", "protocol", "paper"):
            fault(path, number, "libuv belongs to web, api, client and server")


def check_file(room, path, text, fault):
    lines = text.splitlines()
    if len(lines) > 600:
        fault(path, 1, f"{len(lines)} lines")
    if path.endswith(".h"):
        guard = re.sub(r"[/.\-]", "_", path).upper()
        if f"#ifndef {guard}" not in text:
            fault(path, 1, f"guard is not {guard}")
    if room != "tests" and path.count("/") > 1:
        fault(path, 1, "CMake builds no sub-folders")
    check_lines(room, path, lines, fault)
    if path.endswith(".c"):
        check_functions(path, text, fault)


def main():
    root, faults, files = sys.argv[1], 0, 0

    def fault(path, line, what):
        nonlocal faults
        faults += 1
        print(f"{path}:{line}: {what}")

    for room, path in sources(root):
        files += 1
        with open(os.path.join(root, path), encoding="utf-8") as source:
            check_file(room, path, source.read(), fault)
    print(f"tidy: {files} files, {faults} faults")
    return 1 if faults or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
