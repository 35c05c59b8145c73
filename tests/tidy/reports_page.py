"""The tables of docs/reports.md are those of schema/reports. Usage: reports_page.py FOLDER [--write]"""

import glob
import json
import os
import re
import sys

HEADING = "## Which there are\n"


def definitions(folder):
    """All files as one: {"reports": […], "reminders": […], "invariants": […], "rules": […], …}."""
    every = {}
    for name in sorted(glob.glob(os.path.join(folder, "schema", "reports", "*.json"))):
        with open(name, encoding="utf-8") as file:
            for key, value in json.load(file).items():
                every[key] = every.get(key, []) + value if isinstance(value, list) else value
    return every


def rows(items, cells):
    return "".join("| " + " | ".join(cells(item)) + " |\n"
                   for item in sorted(items, key=lambda item: item["name"]))


def tables(every):
    def rules_of(item):
        return " ".join(f"`{code}`" for code, *_ in every["rules"]
                        if re.search(rf"'{code}'", " ".join(item["sql"])))

    def title(item):
        return f"{item['zh']} ({item['en']})"
    text = "| report | | what it counts |\n|---|---|---|\n"
    text += rows(every["reports"], lambda r: (r["name"], title(r), r["help"]["en"]))
    text += "\n| reminder | | told from this role on | rules |\n|---|---|---|---|\n"
    text += rows(every["reminders"], lambda r: (r["name"], title(r), r["to"], rules_of(r)))
    text += "\n| contradiction | must hold | meanwhile |\n|---|---|---|\n"
    text += rows(every["invariants"], lambda r: (f"`{r['name']}` {r['zh']}", r["help"]["en"],
                                                 r["meanwhile"]["en"]))
    text += "\nThe figures of rules that nobody set (default, to be changed by rows of `rule`; 默认，可改):\n\n"
    text += "| rule | usual | |\n|---|---|---|\n"
    return text + "".join(f"| `{code}` | {value} | {zh} ({en}) |\n"
                          for code, value, zh, en in every["rules"])


def main():
    page = os.path.join(sys.argv[1], "docs", "reports.md")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    every = definitions(sys.argv[1])
    wanted = text[:text.index(HEADING)] + HEADING + "\n" + tables(every)
    if "--write" in sys.argv:
        with open(page, "w", encoding="utf-8") as file:
            file.write(wanted)
    faults = [item["name"] for item in every["reports"]
              if not item["help"]["zh"] or not item["columns"]]
    for name in faults:
        print(f"report {name} has no help or no columns")
    words = {zh for zh, _ in every["words"]}
    for report in every["reports"]:
        said = re.findall(r"'([^']*[\u4e00-\u9fff][^']*)'", " ".join(report["sql"]))
        for word in {text.strip() for text in said if not text.startswith("%")} - words:
            print(f"report {report['name']} says '{word}', which words.json has no English for")
            faults.append(word)
    if text != wanted and "--write" not in sys.argv:
        print("docs/reports.md is old: run tests/tidy/reports_page.py . --write")
        faults.append("page")
    print(f"reports page: {len(every['reports'])} reports, {len(every['reminders'])} reminders, "
          f"{len(every['invariants'])} contradictions")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
