"""The manual pages are clean for mandoc, and name every command and flag that --help shows.
Usage: manual.py PROGRAM…"""

import re
import subprocess
import sys


def output(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


def flags(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def check(program):
    page = output(program, "--man")
    lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=page, capture_output=True,
                          text=True, check=False)
    faults = [line for line in (lint.stdout + lint.stderr).splitlines() if line]
    listing = output(program, "--help", "--lang", "en")
    commands = re.findall(r"^  ([a-z][a-z -]*[a-z])  ", listing.split("flags of every")[0], re.M)
    for command in commands:
        if f".Cm {command}\n" not in page:
            faults.append(f"{program}: the page lacks the command {command}")
        for flag in flags(output(program, *command.split(), "--help", "--lang", "en")):
            if ".Fl Fl " + flag[2:].replace("-", "\\-") not in page.replace(".It Fl", ".Fl"):
                faults.append(f"{program}: the page lacks {flag} of {command}")
    if len(commands) < 5:
        faults.append(f"{program}: --help shows only {commands}")
    return faults


def main():
    faults = [fault for program in sys.argv[1:] for fault in check(program)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
