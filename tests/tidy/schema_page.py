"""docs/schema.md names every key, type and rule that the loader takes. Usage: schema_page.py FOLDER"""

import os
import re
import sys


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def main():
    folder = sys.argv[1]
    page = read(folder, "docs", "schema.md")
    loader = read(folder, "common", "schema_load.c")
    words = set(re.findall(r'json_object_get\([^,]+, "(\w+)"\)', loader))
    words |= set(re.findall(r'\b\w+\(\w+, "(\w+)"', loader))
    names = read(folder, "common", "schema.c") + read(folder, "common", "schema_rules.c")
    words |= set(re.findall(r'\[(?:FIELD|MERGE|SHOW)_\w+\] = "(\w+)"', names))
    missing = sorted(word for word in words if f"`{word}" not in page and f"{word}`" not in page
                     and f" {word} " not in page)
    for word in missing:
        print(f"docs/schema.md doesn't tell what '{word}' is")
    print(f"schema page: {len(words)} words, {len(missing)} missing")
    return 1 if missing or len(words) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
