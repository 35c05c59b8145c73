"""docs/performance.md: two parts that are measured apart. Who has measured one anew puts it in its
place, and the other stays as it is."""

import os

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/performance.md")
REPORTS = "\n## Reports\n"  # what the second part begins with


def read():
    """The page up to its second part, and that."""
    with open(PAGE, encoding="utf-8") as page:
        first, mark, second = page.read().partition(REPORTS)
    return first, mark + second


def write(first, second):
    with open(PAGE, "w", encoding="utf-8") as page:
        page.write(first.rstrip("\n") + "\n" + second)
