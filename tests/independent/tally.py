"""Tallies and digests (protocol.md, part 6): when two replicas hold the same, these are equal.

Made anew from the cells each time; a replica that keeps running sums must come to the same."""

import struct

from nacl.bindings import crypto_shorthash_siphashx24

from frontier import pack_frontier
from keys import DIGEST
from pack import pack

KEY = b"jinqiu tally   1"


def cell_bytes(row, number, cell):
    """`row` is (scope, table, id)."""
    scope, table, row_id = row
    heads = cell.counted_heads()
    out = struct.pack("<II16sHI", table, scope, row_id, number, len(heads))
    for (device, incarnation, place, at), value in heads:
        told = b"" if cell.rule == "counter" else pack(value)
        out += struct.pack("<IIIQI", device, incarnation, place, at, len(told)) + told
    if cell.rule == "counter":
        out += struct.pack("<Q", cell.total())
    return out


def tallies(rows):
    """{(scope, table): (rows, sum)}"""
    out = {}
    for row, cells in rows.items():
        count, total = out.get(row[:2], (0, 0))
        for number, cell in cells.items():
            if cell.counted_heads():
                digest = crypto_shorthash_siphashx24(cell_bytes(row, number, cell), KEY)
                total += int.from_bytes(digest, "little")
        out[row[:2]] = (count + 1, total % 2**128)
    return out


def tally_bytes(all_tallies, wanted):
    return b"".join(struct.pack("<IIQ", scope, table, rows) + total.to_bytes(16, "little")
                    for (scope, table), (rows, total) in sorted(all_tallies.items())
                    if rows and wanted(scope))


def tally_digest(network, rows, may_read):
    return network.hash(DIGEST, tally_bytes(tallies(rows), may_read))


def digests(network, rows, frontier):
    """What `digest` shows: {scope: 32 bytes}"""
    sums, out = tallies(rows), {}
    for scope in sorted({feed[0] for feed in frontier}):
        part = {feed: number for feed, number in frontier.items() if feed[0] == scope}
        out[scope] = network.hash(DIGEST, tally_bytes(sums, lambda one, own=scope: one == own),
                                  pack_frontier(part))
    return out
