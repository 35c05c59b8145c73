"""Every sentence for people has a translation, with the same arguments in the same order; none is
there twice or for nobody. Usage: messages.py FOLDER"""

import glob
import os
import re
import sys

LITERAL = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
CALLS = [r'\berror_set\(\s*[^,"]+,\s*[^,"]+,\s*' + LITERAL,
         r'\berror_wrap\(\s*[^,"]+,\s*' + LITERAL,
         r'\bcli_say\(\s*[^,"]+,\s*' + LITERAL,
         # One of two sentences: the first, and the second.
         r'\b(?:cli_say|error_set)\([^";]*\?\s*' + LITERAL + r':\s*"',
         r'\b(?:cli_say|error_set)\([^";]*\?\s*(?:"(?:[^"\\]|\\.)*"\s*)+:\s*' + LITERAL,
         r'\brefuse\(\s*[^"]+' + LITERAL,
         r'\btr\(\s*' + LITERAL,
         r'\bX\(SESSION_\w+, \d+, ' + LITERAL]
ARGUMENT = re.compile(r'%(?!%)[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[a-zA-Z]')


def joined(literals):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def used(folder):
    """Each format and where it stands first."""
    found = {}
    for room in ("common", "protocol", "paper", "client", "server", "web", "api"):
        for path in sorted(glob.glob(os.path.join(folder, room, "*.[ch]"))):
            text = read(path)
            for call in CALLS:
                for match in re.finditer(call, text):
                    found.setdefault(joined(match.group(1)), os.path.relpath(path, folder))
    return found


def translated(folder, faults):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*", "messages_*.inc"))):
        for match in re.finditer(r'MESSAGE\(\s*' + LITERAL + r',\s*' + LITERAL + r'\)', read(path)):
            english, chinese = joined(match.group(1)), joined(match.group(2))
            if english in found:
                faults.append(f"{path}: twice: {english}")
            found[english] = chinese
            if ARGUMENT.findall(english) != ARGUMENT.findall(chinese):
                faults.append(f"{path}: other arguments: {english}")
            if not re.search(r"[\u4e00-\u9fff]|^[^a-z]*$", re.sub(ARGUMENT, "", chinese)):
                faults.append(f"{path}: not Chinese: {english}")
    return found


def main():
    folder, faults = sys.argv[1], []
    catalogue, formats = translated(folder, faults), used(folder)
    for english, path in formats.items():
        if english not in catalogue:
            faults.append(f"{path}: no Chinese: {english}")
    sources = "".join(read(path) for room in ("common", "protocol", "paper", "client", "server", "web", "api")
                      for path in glob.glob(os.path.join(folder, room, "*.[ch]")))
    plain = re.sub(r'"\s*\n\s*"', "", sources)
    for english in catalogue:
        if english not in formats and f'"{english}"' not in plain:
            faults.append(f"nobody says: {english}")
    for fault in faults:
        print(fault)
    print(f"messages: {len(catalogue)} sentences, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
