"""Entries as no honest program writes them: right in form, and wrong in one of the hundred ways
that the rules for what counts know. Made from the schema and a seed."""

from msgpack import ExtType

from entry import pack_op
from pack import pack, unpack

ROUND_MAX, TIMES = 1000000, ("2026-11-01", "2026-02-29", "2024-02-29", "0000-01-01", "2026-13-01",
                             "2026-11", "2026-00", "2026-11-01T09:30", "2026-11-01T24:00",
                             "2026-11-01T09:30:59", "2026-11-01T09:30:60", "２０２６-11-01")
THINGS = (None, True, False, 0, 1, -1, 3, 4, 5, 9, 10, 3660, 3661, 100001, -2**63, 2**63 - 1,
          2**63, 2**64 - 1, "", "a", "a b", "é", "x" * 64, "x" * 65, "示" * 41, "x" * 121, b"",
          bytes(16), bytes(18), b"\x11" + bytes(17), b"\x0f" + bytes(17), b"\x18" + bytes(17),
          bytes(32), [], [0, 0], [900000000, -1800000000], [900000001, 0], [0, True], [[], []],
          [["a"], []], [[True], []], [[False, True], []], [[True, False], []], [["b", "a"], []],
          [[], [["a", [[9, 1]]]]], [[], [["a", []]]], [[], ["a"]], [[]], [2, "a"], [1, "a"],
          ExtType(1, b""), ExtType(1, bytes(40)), ExtType(1, bytes(300)), ExtType(1, bytes(9000)),
          *TIMES)


class Wild:
    def __init__(self, schema, chance, scope):
        self.schema, self.chance, self.scope = schema, chance, scope
        self.rows, self.dots = {}, []

    def body(self, number, dot):
        """The body of one entry; `dot` is the one that it will have."""
        chance = self.chance
        ops = [self.op() for _ in range(chance.choice((1, 1, 1, 2)))]
        if len({(table, row) for table, row, _ in ops}) < len(ops):
            ops = ops[:1]
        epoch = chance.choice((1,) * 12 + (0, 2))
        person = chance.choice((None, None, None, bytes(16)))
        self.dots.append(dot)
        return pack([1, 1700000000000 + number, 0, person, epoch,
                     [pack_op(*op, self.scope) for op in ops]])

    def op(self):
        chance = self.chance
        table = chance.choice(list(self.schema.tables.values()))
        below = self.scope >= 2**31
        if table.below != below and chance.random() < 0.9:
            table = next(one for one in self.schema.tables.values() if one.below == below)
        numbers = [n for n in table.fields if chance.random() < 0.15]
        if numbers and chance.random() < 0.8:
            numbers = [other for n in numbers for other in table.group_of(n)]
        numbers += [number for number in (0, 77) if chance.random() < 0.04]
        if table.key and chance.random() < 0.8:
            numbers += [field.number for field in table.key]
        values = {number: self.value(table.fields.get(number)) for number in set(numbers) or {200}}
        known = self.rows.setdefault(table.number, [])
        row = chance.randbytes(16) if not known or chance.random() < 0.3 else chance.choice(known)
        if table.key and chance.random() < 0.9:
            row = table.natural_id(values)
        known.append(row)
        written = {number: (value, self.bases()) for number, value in values.items()}
        if chance.random() < 0.6:
            shared = self.bases()
            written = {number: (value, () if self.is_append(table, number) else shared)
                       for number, value in values.items()}
        return chance.choice((table.number,) * 40 + (99,)), row, written

    def is_append(self, table, number):
        return number in table.fields and table.fields[number].merge == "append" and \
            self.chance.random() < 0.95

    def bases(self):
        if not self.dots or self.chance.random() < 0.5:
            return ()
        return tuple(self.chance.sample(self.dots, min(len(self.dots), self.chance.randint(1, 2))))

    def value(self, field):
        """Mostly one of the field's type, else anything."""
        chance = self.chance
        if field is None or chance.random() < 0.12:
            return chance.choice(THINGS)
        if field.merge == "set":
            elements = sorted({pack(self.one(field)) for _ in range(chance.randint(0, 2))})
            return [[unpack(element) for element in elements], []]
        if field.merge == "steps" and chance.random() < 0.3:
            return [chance.choice((2, 3, ROUND_MAX, ROUND_MAX + 1)), self.one(field)]
        return self.one(field)

    def one(self, field):
        chance = self.chance
        of_type = {"bool": (True, False), "int": (0, 1, 2, 5), "money": (0, 250),
                   "enum": field.codes, "code": ("a", "b.1"), "ref": (bytes(16),), "blob": (bytes(32),),
                   "attachment": (bytes(32) + b"\1" + bytes(90), bytes(121)),
                   "date": ("2026-11-01",), "month": ("2026-11",), "geo": ([1, 2],),
                   "datetime": ("2026-11-01T09:30",), "sealed": (ExtType(1, bytes(40)),),
                   "ref_any": tuple(table.to_bytes(2, "little") + bytes(16)
                                    for table in field.refs or (17, 24))}
        return chance.choice(of_type.get(field.type, ("", "示例", "a\nb")))
