"""Heads of every field by its merge rule (protocol.md, part 5).

`merge` folds the entries that count into {(scope, table, row): {field: Cell}}. A cell keeps all
that was ever written and says what of it is a head, in whatever order it was given."""

from entry import read_dots
from pack import pack


class Write:
    def __init__(self, dot, value, bases, entry, person):
        self.dot, self.value, self.bases = dot, value, bases
        self.time, self.person = entry.time, person


class Cell:
    """One field of one row. `group` is shared by the cells that merge together: a dot in it is
    replaced in all of them."""

    def __init__(self, field, replaced):
        self.field, self.rule = field, field.merge if field else "register"
        self.writes, self.replaced = {}, replaced

    def put(self, write):
        self.writes[write.dot] = write
        if self.rule == "set":
            for element, dots in write.value[1]:
                self.replaced.update((pack(element), dot)
                                     for dot in read_dots(dots, write.dot[2]))
        else:
            self.replaced.update(write.bases)

    def heads(self):
        """The writes that are heads, ascending by dot; of a set see elements()."""
        ordered = [self.writes[dot] for dot in sorted(self.writes)]
        if self.rule in ("max", "min"):
            # Nil is no value: any other goes before it. Of equal ones the least dot stays.
            extreme = max if self.rule == "max" else min
            values = [write for write in ordered if write.value is not None] or ordered
            return [extreme(values, key=lambda write: self.field.order(write.value))]
        if self.rule == "counter":
            newest = {}
            for write in ordered:
                newest[write.dot[:3]] = write
            return list(newest.values())
        return [write for write in ordered if write.dot not in self.replaced]

    def elements(self):
        """[(dot, element)] added and not removed, ascending by the element's bytes, then dot."""
        added = [(pack(element), dot, element) for dot, write in self.writes.items()
                 for element in write.value[0]]
        return [(dot, element) for told, dot, element in sorted(added, key=lambda one: one[:2])
                if (told, dot) not in self.replaced]

    def counted_heads(self):
        """[(dot, value)] in the order in which a digest takes them."""
        if self.rule == "set":
            return self.elements()
        return [(write.dot, write.value) for write in self.heads()]

    def total(self):
        return sum(write.value for write in self.writes.values()) % 2**64


def merge(schema, entries):
    """`entries`: [((feed, number), entry, person)], only those that count."""
    rows = {}
    for ((scope, device, incarnation), number), entry, person in entries:
        for op in entry.ops:
            table = schema.tables[op.table]
            cells = rows.setdefault((scope, op.table, op.row), {})
            for field, (value, bases) in op.fields.items():
                dot = (device, incarnation, scope, number)
                cell_of(cells, table, field).put(Write(dot, value, bases, entry, person))
    return rows


def cell_of(cells, table, number):
    if number not in cells:
        partners = table.group_of(number) if number else [number]
        shared = next((cells[other].replaced for other in partners if other in cells), set())
        cells[number] = Cell(table.fields.get(number), shared)
    return cells[number]
