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


def unpack(data):
    """The one value that `data` is."""
    data = bytes(data)
    try:
        value = msgpack.unpackb(data, raw=False, max_array_len=len(data), max_ext_len=len(data))
    except (msgpack.UnpackException, ValueError) as fault:
        raise Refused(f"not MessagePack: {fault!r}") from fault
    check(value)
    if pack(value) != data:
        raise Refused("not in canonical form")
    return value


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


def take_varint(data, most=2**32):
    """A length in LEB128 from the front of `data`, and what is left; (None, data): more is due."""
    size = 0
    for at, byte in enumerate(data[:10]):
        size |= (byte & 127) << 7 * at
        if size > most:
            raise Refused("a length that is too large")
        if byte < 128:
            return size, data[at + 1:]
    if len(data) >= 10:
        raise Refused("a length that does not end")
    return None, data
