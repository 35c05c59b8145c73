"""The schema as the registry carries it (docs/schema.md), and what a value must look like
(protocol.md, part 5, "Values")."""

import calendar
import functools
import json
import re

import msgpack

from entry import read_dots
from frame import open_frame
from keys import ROLES, blake
from pack import Refused, listed, pack

TEXT_MAX = 1024 * 1024
ELEMENTS_MAX, ROUND_MAX, SEAL_MAX = 4096, 1000000, 128
TABLE_FIRST = 16
CODE = re.compile(r"[A-Za-z0-9_.\-]{1,64}", re.A)
TEXTS = ("text", "place", "date", "datetime", "month", "enum", "code")


@functools.lru_cache
def read_frame(frame):
    """The schema in a registry's frame; it is read again and again, and never changes."""
    return Schema(json.loads(open_frame(frame, TEXT_MAX)))


class Field:
    def __init__(self, told, table):
        self.number, self.name = told["number"], told["name"]
        self.type, self.merge = told["type"], told["merge"]
        self.show, self.group = told.get("show", "latest"), told.get("group")
        self.codes = [code[0] for code in told.get("codes", [])]
        self.refs = told.get("refs", [])
        self.min, self.max = told.get("min"), told.get("max")
        self.bytes = told.get("bytes", 65536)
        self.write = {ROLES[role] for role in told.get("write", table["write"])}
        readers = told.get("sealed", [])
        readers = list(ROLES) if readers is True else [*readers, "hub"] if readers else []
        self.sealed = sum(1 << ROLES[role] for role in set(readers))  # a mask; 0: isn't sealed
        self.step_roles = {code: {ROLES[role] for role in step["by"]}
                           for code, step in told.get("steps", {}).items() if "by" in step}
        self.in_key = self.name in table.get("key", [])

    def may_step(self, value, role):
        code = value[-1] if type(value) is list and value else value
        return type(code) is not str or role in self.step_roles.get(code, {role})

    def order(self, value):
        """A key to sort values by: nil first, numbers, places in the enum's list, bytes."""
        if value is None:
            return (0,)
        round_number, code = value if self.merge == "steps" and type(value) is list else (1, value)
        if type(code) is bool or type(code) is int:
            return 1, 1, int(code), b""
        if self.type == "enum":
            rank = self.codes.index(code) if code in self.codes else -1
            return 1, round_number, rank, code.encode() if rank < 0 else b""
        return 1, 1, 0, code.encode() if type(code) is str else pack(code)


class Table:
    def __init__(self, told):
        self.number, self.name = told["number"], told["name"]
        self.write = {ROLES[role] for role in told["write"]}
        self.below = told.get("reach") == "below"
        self.fields = {field["number"]: Field(field, told) for field in told["fields"]}
        named = {field.name: field for field in self.fields.values()}
        self.key = [named[name] for name in told.get("key", [])]

    def group_of(self, number):
        """The fields that are written and merged together with this one."""
        field = self.fields.get(number)
        if field is None or field.group is None:
            return [number]
        return sorted(n for n, other in self.fields.items() if other.group == field.group)

    def natural_id(self, values):
        key = pack([values.get(field.number) for field in self.key])
        return blake(b"jinqiu natural 1", self.number.to_bytes(4, "little"), key, size=16)


class Schema:
    def __init__(self, told):
        self.epoch = told["epoch"]
        self.tables = {table["number"]: Table(table) for table in told["tables"]}
        names = {table.name: table for table in self.tables.values()}
        for table in self.tables.values():
            for field in table.fields.values():
                field.refs = [names[name].number for name in field.refs]


# ---- values ----


def check_value(field, value, scope):
    """Refuses a value that isn't of the field's type and within its bounds."""
    if field.merge == "set":
        check_set(field, value, scope)
    else:
        check_one(field, value)


def check_set(field, value, scope):
    added, removed = listed(value, 2, 2)
    listed(added, 0)
    for pair in listed(removed, 0):
        listed(pair, 2, 2)
        read_dots(pair[1], scope)
    if len(added) + len(removed) > ELEMENTS_MAX:
        raise Refused("too many elements of a set")
    for elements in (added, [pair[0] for pair in removed]):
        told = [pack(element) for element in elements]
        if any(a >= b for a, b in zip(told, told[1:])):
            raise Refused("elements do not ascend")
        for element in elements:
            check_one(field, element)


def check_one(field, value):
    wrong = Refused(f"field {field.name}: not a value of type {field.type}: {value!r}")
    if value is None:
        if field.merge in ("set", "counter", "steps"):
            raise wrong
    elif type(value) is str:
        if not is_text(field, value):
            raise wrong
    elif type(value) is int:
        if field.type not in ("int", "money") or not (
                (-2**63 if field.min is None else field.min) <= value
                <= (2**63 - 1 if field.max is None else field.max)):
            raise wrong
    elif type(value) is bool:
        if field.type != "bool":
            raise wrong
    elif type(value) is bytes:
        if not is_binary(field, value):
            raise wrong
    elif type(value) is msgpack.ExtType:
        compared = field.in_key or field.merge == "set"
        if (field.type != "sealed" and (field.type != "text" or compared)) or \
                len(value.data) > field.bytes + SEAL_MAX:
            raise wrong
    elif field.merge == "steps":
        round_number, code = listed(value, 2, 2)
        if type(round_number) is not int or not 2 <= round_number <= ROUND_MAX or \
                type(code) is not str or not is_text(field, code):
            raise wrong
    elif not (field.type == "geo" and is_place(value)):
        raise wrong


def is_text(field, value):
    if field.type == "enum":
        return value in field.codes
    if field.type == "code":
        return bool(CODE.fullmatch(value))
    if field.type in ("date", "month", "datetime"):
        return is_time(field.type, value)
    return field.type in TEXTS and len(value.encode()) <= field.bytes


def is_time(kind, value):
    forms = {"month": r"(\d{4})-(\d\d)", "date": r"(\d{4})-(\d\d)-(\d\d)",
             "datetime": r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?"}
    match = re.fullmatch(forms[kind], value, re.A)
    if not match:
        return False
    year, month, *rest = (int(part) for part in match.groups() if part is not None)
    if not (year >= 1 and 1 <= month <= 12):
        return False
    if rest and not 1 <= rest[0] <= calendar.monthrange(year, month)[1]:
        return False
    return all(part < most for part, most in zip(rest[1:], (24, 60, 60)))


def is_binary(field, value):
    if field.type == "ref_any":
        table = int.from_bytes(value[:2], "little")
        return len(value) == 18 and table >= TABLE_FIRST and (
            not field.refs or table in field.refs)
    if field.type == "attachment":
        size, thumbnail = (int.from_bytes(value[at:at + 4], "little") for at in (32, 68))
        return (72 + 49 <= len(value) <= 72 + 1024 and 1 <= size <= 1 << 25
                and thumbnail <= 7152 and (thumbnail == 0) == (value[36:68] == bytes(32)))
    return len(value) == {"ref": 16, "blob": 32}.get(field.type, -1)


def is_place(value):
    return type(value) is list and len(value) == 2 and all(
        type(part) is int and -most <= part <= most
        for part, most in zip(value, (900000000, 1800000000)))
