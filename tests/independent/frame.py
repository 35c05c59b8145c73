"""Zstandard frames (protocol.md, part 1): of a declared size, within a window, and with one of the
dictionaries that stand in schema/dictionaries."""

import functools
import os

import zstandard

from pack import Refused

MAGIC = zstandard.FRAME_HEADER
WINDOW_MAX = 2**17
ENTRIES, TEXTS = 1, 2
FILES = {ENTRIES: "entries.zdict", TEXTS: "texts.zdict"}
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schema", "dictionaries")


@functools.lru_cache
def dictionary(number):
    if number not in FILES:
        raise Refused(f"a frame with dictionary {number}")
    with open(os.path.join(FOLDER, FILES[number]), "rb") as file:
        return zstandard.ZstdCompressionDict(file.read())


def unpacker_of(frame):
    """A decompressor for a frame that begins so."""
    number = zstandard.get_frame_parameters(frame).dict_id
    return zstandard.ZstdDecompressor(dict_data=dictionary(number) if number else None,
                                      max_window_size=WINDOW_MAX)


def open_frame(frame, most):
    try:
        parameters = zstandard.get_frame_parameters(frame)
        if not 0 < parameters.content_size <= most or parameters.window_size > max(
                WINDOW_MAX, parameters.content_size):
            raise Refused("a frame is too large")
        return unpacker_of(frame).decompress(frame)
    except zstandard.ZstdError as why:
        raise Refused(f"a frame: {why}") from why


def close_frame(plain, number, level=12):
    return zstandard.ZstdCompressor(level=level, dict_data=dictionary(number)).compress(plain)
