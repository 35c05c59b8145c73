"""Canonical MessagePack (protocol.md, part 1): one value, one byte string.

msgpack reads and writes; what it is too generous about is refused here. A value is canonical when
writing what was read gives the same bytes. Nil, bool, int, str, bytes and list stand for
themselves, a sealed text is an ExtType of code 1."""

import msgpack

VALUE_DEPTH_MAX = 8
DEPTH_MAX = 32  # of whole structures, whose shape is fixed anyway
SEALED = 1


class Refused(Exception):
    """What was read breaks a rule; the text says which."""


def pack(value):
    return msgpack.packb(value, use_bin_type=True, strict_types=True)


def check(value, depth=DEPTH_MAX):
    """No map, no float, no other ext, no NUL, not too deep."""
    if value is None or isinstance(value, (bool, int, bytes)) and type(value) in (bool, int, bytes):
        return
    if type(value) is str:
        if "\0" in value:
            raise Refused("a text with NUL")
    elif type(value) is list:
        if depth == 0:
            raise Refused("nested too deep")
        for element in value:
            check(element, depth - 1)
    elif not (type(value) is msgpack.ExtType and value.code == SEALED):
        raise Refused(f"a {type(value).__name__} is not allowed")


def unpack_many(data, count=None):
    """The `count` values (None: all) that stand one behind the other in `data`, and nothing else;
    with the bytes of each."""
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=len(data) + 1,
                                max_array_len=len(data), max_ext_len=len(data))
    unpacker.feed(data)
    values, at = [], 0
    while at < len(data) and (count is None or len(values) < count):
        try:
            value = unpacker.unpack()
        except (msgpack.UnpackException, ValueError, UnicodeDecodeError) as fault:
            raise Refused(f"not MessagePack: {fault!r}") from fault
        check(value)
        end = unpacker.tell()
        if pack(value) != data[at:end]:
            raise Refused("not in canonical form")
        values.append((value, data[at:end]))
        at = end
    if at != len(data) or (count is not None and len(values) != count):
        raise Refused("bytes are missing, or more than there should be")
    return values


def unpack(data):
    return unpack_many(bytes(data), 1)[0][0]


def unpack_list(data, least):
    """A list of at least that many elements; those behind are whole values and may be anything."""
    return listed(unpack(data), least)


def listed(value, least, most=None):
    if type(value) is not list or len(value) < least or (most is not None and len(value) > most):
        raise Refused(f"not a list of {least} elements")
    return value


def uint(value, most=2**64 - 1, least=0):
    if type(value) is not int or not least <= value <= most:
        raise Refused(f"not a number from {least} to {most}: {value!r}")
    return value


def binary(value, size=None):
    if type(value) is not bytes or (size is not None and len(value) != size):
        raise Refused(f"not {size or 'some'} bytes")
    return value


def text(value, most, least=1):
    if type(value) is not str or not least <= len(value.encode()) <= most:
        raise Refused(f"not a text of {least} to {most} bytes")
    return value
