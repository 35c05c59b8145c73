"""Sketches of frontiers (protocol.md, part 6): what two frontiers differ in, from a few numbers.

All arithmetic is modulo P. A polynomial is the list of its coefficients, the lowest first."""

import struct

from nacl.bindings import crypto_shorthash_siphash24

from pack import Refused

P = 2**32 - 5
KEY = b"jinqiu sketch  1"
FEEDS_MAX = 250


def sketch_bytes(feeds):
    return 4 * (2 * feeds + 2)


def place(feed):
    hashed = crypto_shorthash_siphash24(struct.pack("<III", *feed), KEY)
    return int.from_bytes(hashed, "little") % (P - 1) + 1


def symbols(frontier, count):
    sums = [0] * count
    for feed, number in frontier.items():
        x, term = place(feed), number % P
        for j in range(count):
            sums[j] = (sums[j] + term) % P
            term = term * x % P
    return sums


def sketch(frontier, feeds):
    return b"".join(struct.pack("<I", one) for one in symbols(frontier, 2 * feeds + 2))


def recurrence(sums):
    """Berlekamp-Massey: the coefficients of the shortest one, [0] is 1."""
    current, before, length, shift, last = [1], [1], 0, 1, 1
    for n in range(len(sums)):
        off = sum(current[i] * sums[n - i] for i in range(min(length, len(current) - 1) + 1)) % P
        if off == 0:
            shift += 1
            continue
        factor, kept = off * pow(last, P - 2, P) % P, list(current)
        current += [0] * (len(before) + shift - len(current))
        for i, one in enumerate(before):
            current[i + shift] = (current[i + shift] - factor * one) % P
        if 2 * length <= n:
            length, before, last, shift = n + 1 - length, kept, off, 1
        else:
            shift += 1
    return (current + [0] * (length + 1))[:length + 1], length


def value(coefficients, x):
    result = 0
    for one in reversed(coefficients):
        result = (result * x + one) % P
    return result


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def pack_row(before, feed, by):
    other, later = before[0] != feed[0], feed[2] != 1
    device = feed[1] if other else feed[1] - before[1]
    row = varint(device << 2 | later << 1 | other)
    row += varint(feed[0] - before[0]) if other else b""
    row += varint(feed[2]) if later else b""
    return row + varint(2 * by if by >= 0 else -2 * by - 1)


def decode(data, ours):
    """None when too much differs; else what they hold of our feeds, and (rows, absent)."""
    if len(data) % 8 or len(data) < sketch_bytes(1):
        raise Refused("a broken sketch")
    told = [one for one, in struct.iter_unpack("<I", data)]
    if max(told) >= P or len(told) > 2 * FEEDS_MAX + 2:
        raise Refused("a broken sketch")
    sums = [(a - b) % P for a, b in zip(told, symbols(ours, len(told)))]
    locator, degree = recurrence(sums)
    if 2 * degree + 2 > len(told):
        return None
    evaluator = [sum(locator[j] * sums[i - j] for j in range(i + 1)) % P for i in range(degree)]
    slope = [i * one % P for i, one in enumerate(locator)][1:]
    left, theirs, rows, before = locator[::-1], {}, b"", (0, 0, 0)
    for feed in sorted(ours):
        x, by = place(feed), 0
        if degree and value(locator[::-1], x) == 0:
            back = pow(x, P - 2, P)
            by = -x * value(evaluator, back) * pow(value(slope, back), P - 2, P) % P
            by -= P if by > P // 2 else 0
            if by == 0 or ours[feed] + by < 0 or value(left, x) != 0:
                return None
            left = divide(left, x)
            rows += pack_row(before, feed, -by)
            before = feed
        if ours[feed] + by:
            theirs[feed] = ours[feed] + by
    return theirs, rows, b"".join(struct.pack("<I", one) for one in left[:-1])


def divide(coefficients, root):
    """By (z - root), which divides it."""
    quotient, carried = [], 0
    for one in reversed(coefficients[1:]):
        carried = (one + carried * root) % P
        quotient.insert(0, carried)
    return quotient
