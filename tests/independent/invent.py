"""Random work for the real programs: lines for `jinqiu apply`, made from the schema alone.

A seed gives the work; what is refused by the programs (a lonely field of a group, a value out of
bounds) is left out by them and does no harm here."""

WORDS = ("示例", "走访", "金秋", "a", "b\nc", "第一行\n第二行\n第三行", "第一行\n改过\n第三行", "x" * 90)


class Work:
    def __init__(self, schema, chance):
        self.tables = {table["name"]: table for table in schema["tables"]
                       if not table.get("records")}
        self.chance = chance
        self.adds = 1.0  # how often a line adds a row
        self.rows = {name: [] for name in self.tables}
        self.focus = []  # rows that all writers come back to

    def lines(self, count):
        return [self.line() for _ in range(count)]

    def line(self):
        known = [(name, row) for name, rows in self.rows.items() for row in rows]
        what = self.chance.random()
        if not known or what < self.adds:
            # Few tables get most rows, so that others write the same ones.
            name = self.chance.choice(["person", "org", "person", "event", *self.tables])
            return {"op": "add", "table": name, "fields": self.fields(name, True)}
        name, row = self.chance.choice(self.focus if self.focus and self.chance.random() < 0.7
                                       else known)
        if what < self.adds + 0.07:
            return {"op": "delete", "table": name, "id": row}
        return {"op": "set", "table": name, "id": row, "fields": self.fields(name, False)}

    def meet(self):
        """From now on people write the same rows: two of each table with more than plain fields."""
        rules = ("max", "min", "set", "counter", "steps")
        self.focus = [(name, row) for name, table in self.tables.items() for row in
                      self.rows[name][:2] if sum(field["merge"] in rules and field["number"] < 200
                                                 for field in table["fields"]) > 1]

    def fields(self, name, new):
        out, groups = {}, set()
        for field in self.tables[name]["fields"]:
            needed = new and (field.get("required") or field["name"] in
                              self.tables[name].get("key", []))
            chosen = self.chance.random() < (0.25 if new else 0.3)
            if not (needed or chosen or field.get("group") in groups):
                continue
            if not new and field["merge"] == "append":
                continue
            groups |= {field["group"]} if "group" in field else set()
            sign = self.chance.choice(("+=", "-=", "")) if not new and field["merge"] in (
                "set", "counter") else ""
            empty = not new and not field.get("required") and self.chance.random() < 0.1
            out[field["name"] + sign] = "" if empty and not sign else self.value(field)
        return out

    def value(self, field):
        kind, chance = field["type"], self.chance
        if kind == "enum":
            return chance.choice(field["codes"])[0]
        if kind in ("ref", "ref_any"):
            return self.reference(field)
        if kind in ("int", "money"):
            return str(chance.randint(max(field.get("min", -3), -3), min(field.get("max", 5), 5)))
        day = f"2026-{chance.randint(1, 12):02}"
        return {"bool": chance.choice(("true", "false")), "month": day, "date": day + "-17",
                "datetime": day + "-17T09:30", "code": chance.choice(("a", "b.1", "2026")),
                "geo": f"22.{chance.randint(0, 9)},108.3"}.get(kind) or \
            chance.choice(WORDS)[:field.get("bytes", 65536) // 3]

    def reference(self, field):
        tables = [name for name in field.get("refs", self.tables) if self.rows.get(name)]
        if not tables:
            return "00" * 16 if field["type"] == "ref" else "person:" + "00" * 16
        name = self.chance.choice(tables)
        row = self.chance.choice(self.rows[name])
        return row if field["type"] == "ref" else f"{name}:{row}"
