"""What of a field's heads is shown, and when it is a conflict (protocol.md, part 5).

A screen's work: nothing here is signed, sent or part of a digest. But two programs that show the
same heads differently would be two opinions about one record."""

from functools import cmp_to_key

from lines import merge_lines
from pack import pack

MERGED_MAX = 16


def time_of(write):
    return write.time, write.dot


def compare(field, a, b):
    """> 0 when the write `a` is shown rather than `b`."""
    order = 0
    if field.merge == "steps" or field.show in ("highest", "lowest"):
        left, right = field.order(a.value), field.order(b.value)
        order = (left > right) - (left < right)
        if field.show == "lowest" and field.merge != "steps":
            order = -order
    if order:
        return order
    later = time_of(a) > time_of(b)
    return -1 if later == (field.show == "earliest") else 1


def choose(cell):
    return max(cell.heads(), key=cmp_to_key(lambda a, b: compare(cell.field, a, b)))


def conflicts(cell):
    heads = cell.heads()
    if cell.rule in ("register", "append", "text"):
        return len({pack(write.value) for write in heads}) > 1
    if cell.rule != "steps":
        return False
    furthest = max(cell.field.order(write.value)[:3] for write in heads)
    return len({write.person for write in heads
                if cell.field.order(write.value)[:3] == furthest}) > 1


def show(table, cells, number):
    """(value, is it a conflict) of a field that has been written."""
    cell = cells[number]
    if cell.rule == "set":
        return [element for _, element in cell.elements()], False
    if cell.rule == "counter":
        total = cell.total()
        return total - 2**64 if total >= 2**63 else total, False
    group = table.group_of(number)
    if len(group) > 1:
        disputed = any(other in cells and conflicts(cells[other]) for other in group)
        dot = choose(cells[group[0]]).dot
        return cell.writes[dot].value, disputed
    if not cell.heads():
        return None, False
    disputed = conflicts(cell)
    if disputed and cell.rule == "text":
        merged = merged_text(cell)
        if merged is not None and len(merged.encode()) <= cell.field.bytes:
            return merged, False
    return choose(cell).value, disputed


def merged_text(cell):
    """All heads in one, the oldest first; None: a person must do it."""
    heads = sorted(cell.heads(), key=time_of)
    common = set.intersection(*(set(write.bases) for write in heads))
    base = cell.writes.get(next(iter(common))) if len(common) == 1 else None
    texts = [write.value for write in heads]
    if base is None or len(heads) > MERGED_MAX or any(
            type(text) is not str for text in [base.value, *texts]):
        return None
    merged = texts[0]
    for text in texts[1:]:
        merged = merge_lines(base.value, merged, text)
        if merged is None:
            return None
    return merged


# ---- deleted ----


def saw(delete, dot, counter):
    """Had the writer of a deletion seen that write? Of a counter, who saw a later one of the same
    feed saw it, too."""
    return dot == delete.dot or dot in delete.bases or (counter and any(
        seen[:3] == dot[:3] and seen[3] >= dot[3] for seen in delete.bases))


def deleted(cells):
    """(is the row deleted, is that a conflict)"""
    heads = cells[0].heads() if 0 in cells else []
    deletes = [write for write in heads if write.value]
    if not deletes:
        return False, False
    dots = [(dot, cell.rule == "counter") for number, cell in cells.items() if number
            for dot, _ in cell.counted_heads()]
    unseen = any(not any(saw(delete, *dot) for delete in deletes) for dot in dots)
    disputed = unseen or len(deletes) < len(heads)
    return not disputed, disputed or any(write.value != deletes[0].value for write in deletes)
