"""Frontiers (protocol.md, part 6): how far a replica holds each feed.

A frontier is a dict {(scope, device, incarnation): number}; packed it is one flat list, whose
digest is made without a network id."""

from pack import Refused, pack, uint, unpack_list

U32 = 2**32 - 1


def read_frontier(data):
    flat = unpack_list(data, 0)
    at, rows, scopes = 0, {}, []
    while at < len(flat):
        if at + 2 > len(flat):
            raise Refused("a torn frontier")
        scope, count = uint(flat[at], U32, 1), uint(flat[at + 1], 1000000, 1)
        at += 2
        if at + 3 * count > len(flat) or (scopes and scope <= scopes[-1]):
            raise Refused("a frontier that is torn or does not ascend")
        scopes.append(scope)
        before = (0, 0)
        for _ in range(count):
            feed = (uint(flat[at], U32, 1), uint(flat[at + 1], U32, 1))
            if feed <= before:
                raise Refused("a frontier does not ascend")
            rows[(scope, *feed)] = uint(flat[at + 2], least=1)
            before, at = feed, at + 3
    return rows


def pack_frontier(frontier):
    flat = []
    for scope in sorted({feed[0] for feed in frontier}):
        own = sorted(feed for feed in frontier if feed[0] == scope)
        flat += [scope, len(own)]
        for feed in own:
            flat += [feed[1], feed[2], frontier[feed]]
    return pack(flat)


def frontier_digest(frontier):
    from keys import FRONTIER, blake
    return blake(FRONTIER, bytes(16), pack_frontier(frontier))


def lacking(mine, theirs):
    """{feed: first number} of what `mine` has and `theirs` hasn't."""
    return {feed: theirs.get(feed, 0) + 1 for feed, number in mine.items()
            if number > theirs.get(feed, 0)}
