"""Three-way merge of lines (protocol.md, part 5, "Merging lines").

Each side is matched with the base by a longest common subsequence of lines. `merge_lines` gives the
merged text, or None where both sides changed the same place."""

LINES_MAX = 4000


def split(text):
    """Lines without their line feeds, and whether the last one has its own."""
    lines = text.split("\n")
    return (lines[:-1], bool(text)) if not lines[-1] else (lines, False)


def match(base, side):
    """{line of the base: line of the side that it stayed}"""
    start = end = 0
    while start < min(len(base), len(side)) and base[start] == side[start]:
        start += 1
    while start + end < min(len(base), len(side)) and base[-1 - end] == side[-1 - end]:
        end += 1
    pairs = {at: at for at in range(start)}
    pairs.update({len(base) - 1 - at: len(side) - 1 - at for at in range(end)})
    a, b = base[start:len(base) - end], side[start:len(side) - end]
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in reversed(range(len(a))):
        for j in reversed(range(len(b))):
            longest[i][j] = (longest[i + 1][j + 1] + 1 if a[i] == b[j]
                             else max(longest[i + 1][j], longest[i][j + 1]))
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs[start + i] = start + j
            i, j = i + 1, j + 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def chunk(base, left, right):
    """What becomes of lines between two that both sides kept; None: both changed them."""
    if base == left:
        return right
    return left if right in (base, left) else None


def merge_lines(base_text, left_text, right_text):
    (base, base_feed), (left, left_feed), (right, right_feed) = map(
        split, (base_text, left_text, right_text))
    if max(len(base), len(left), len(right)) > LINES_MAX:
        return None
    to_left, to_right = match(base, left), match(base, right)
    out, at, left_at, right_at = [], 0, 0, 0
    stable = [line for line in range(len(base)) if line in to_left and line in to_right]
    for line in [*stable, len(base)]:
        left_to, right_to = to_left.get(line, len(left)), to_right.get(line, len(right))
        between = chunk(base[at:line], left[left_at:left_to], right[right_at:right_to])
        if between is None:
            return None
        out += between + base[line:line + 1]
        at, left_at, right_at = line + 1, left_to + 1, right_to + 1
    feed = right_feed if left_feed == base_feed else left_feed
    return "\n".join(out) + ("\n" if feed and out else "")
