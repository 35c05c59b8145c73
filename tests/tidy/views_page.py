"""The tables of docs/views.md are those of the schema. Usage: views_page.py FOLDER [--write]"""

import json
import os
import sys

HEADING = "## Which there are\n"
LAST = "`_org` `_org_name` `_written` `_changed`"


def columns(field):
    name = field["name"]
    if field["merge"] == "steps":
        return [name, name + "_round"]
    if field["type"] == "geo" and field["merge"] != "set":
        return [name + "_lat", name + "_lon"]
    return [name]


def kind(field):
    kinds = "set" if field["merge"] == "set" else field["type"]
    if field["merge"] == "steps":
        kinds = "steps"
    return "sealed " + kinds if field.get("sealed") else kinds


def tables(schema):
    text = ""
    for table in schema["tables"]:
        text += f"\n### `v_{table['name']}` {table['zh']} ({table['en']})\n\n"
        text += "| column | | type |\n|---|---|---|\n| `id` | | id |\n"
        for field in table["fields"]:
            names = " ".join(f"`{name}`" for name in columns(field))
            refs = " → " + ", ".join(field["refs"]) if field.get("refs") else ""
            text += f"| {names} | {field['zh']} ({field['en']}) | {kind(field)}{refs} |\n"
        text += f"| {LAST} | | |\n"
    return text


def main():
    page = os.path.join(sys.argv[1], "docs", "views.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with open(os.path.join(sys.argv[1], "schema", "jinqiu.json"), encoding="utf-8") as file:
        schema = json.load(file)
    wanted = text[:text.index(HEADING)] + HEADING + tables(schema)
    if "--write" in sys.argv:
        with open(page, "w", encoding="utf-8") as file:
            file.write(wanted)
    elif text != wanted:
        print("docs/views.md is old: run tests/tidy/views_page.py . --write")
        return 1
    print(f"views page: {len(schema['tables'])} views")
    return 0


if __name__ == "__main__":
    sys.exit(main())
