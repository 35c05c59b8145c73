"""Writes a C table of how Chinese characters are read, from the Unihan database.

Usage: pinyin.py FOLDER OUT.inc, where FOLDER has Unihan_Readings.txt(.bz2) and Unihan_Variants.txt
(.bz2) as Debian's unicode-data installs them. Readings are those of the dictionaries of modern
Chinese (kTGHZ2013, kXHC1983), which have the surnames' too, and the usual one (kMandarin,
kHanyuPinlu); where none of them knows a character, an old dictionary's, then those of its variant.
"""

import bz2
import os
import re
import sys
import unicodedata

MODERN = ("kTGHZ2013", "kXHC1983", "kMandarin", "kHanyuPinlu")
OLD = "kHanyuPinyin"
FIRST, LAST = 0x3400, 0x9FFF  # characters with a place of their own in the table
SYLLABLE = re.compile(r"^[a-z]{1,6}$")


def lines_of(folder, name):
    path = os.path.join(folder, name)
    if os.path.exists(path):
        return open(path, encoding="utf-8")
    return bz2.open(path + ".bz2", "rt", encoding="utf-8")


def plain(reading):
    """Without its tone; the vowel of lü and nü is typed as v."""
    out = ""
    for letter in unicodedata.normalize("NFD", reading):
        if letter == "\u0308":
            out = out[:-1] + "v"
        elif not unicodedata.combining(letter):
            out += letter
    return out.replace("ê", "e")


def spellings(syllable):
    """All ways in which people type it: lv is lu on some keyboards and lyu in passports."""
    yield syllable
    if "v" in syllable:
        yield syllable.replace("v", "u")
        yield syllable.replace("v", "yu")


def syllables_of(key, value):
    value = re.sub(r"\(\d+\)", "", value)
    for part in re.split(r"[\s,]+", re.sub(r"[\d.,*]+:", " ", value)):
        for syllable in spellings(plain(part)):
            if SYLLABLE.match(syllable):
                yield syllable


def readings_of(folder):
    modern, old, variant = {}, {}, {}
    for line in lines_of(folder, "Unihan_Readings.txt"):
        parts = line.rstrip("\n").split("\t")
        if len(parts) != 3 or parts[1] not in MODERN + (OLD,):
            continue
        table = old if parts[1] == OLD else modern
        table.setdefault(int(parts[0][2:], 16), set()).update(syllables_of(parts[1], parts[2]))
    for line in lines_of(folder, "Unihan_Variants.txt"):
        parts = line.rstrip("\n").split("\t")
        if len(parts) == 3 and parts[1] in ("kSemanticVariant", "kZVariant", "kSpoofingVariant"):
            other = int(re.match(r"U\+([0-9A-F]+)", parts[2]).group(1), 16)
            variant.setdefault(int(parts[0][2:], 16), other)
    for code, found in old.items():
        modern.setdefault(code, found)
    for code, other in variant.items():
        if code not in modern and other in modern:
            modern[code] = modern[other]
    return {code: sorted(found) for code, found in modern.items() if found}


def write_list(out, declaration, items):
    out.write(declaration + " = {\n")
    for at in range(0, len(items), 16):
        out.write("    " + ", ".join(items[at:at + 16]) + ",\n")
    out.write("};\n")


def main():
    folder, path = sys.argv[1:3]
    readings = readings_of(folder)
    names = sorted({syllable for found in readings.values() for syllable in found})
    number = {name: at for at, name in enumerate(names)}
    starts, dense = [], []
    for code in range(FIRST, LAST + 2):
        starts.append(str(len(dense)))
        dense += [str(number[syllable]) for syllable in readings.get(code, [])]
    rare = [f"0x{code << 11 | number[syllable]:x}u" for code in sorted(readings)
            if not FIRST <= code <= LAST for syllable in readings[code]]
    if len(dense) > 65535 or len(names) > 2047:
        sys.exit("pinyin.py: the table outgrew its numbers")
    with open(path, "w", encoding="ascii") as out:
        out.write("/* Made by cmake/pinyin.py from the Unihan database. */\n")
        out.write(f"#define TABLE_FIRST {FIRST:#x}\n#define TABLE_LAST {LAST:#x}\n")
        write_list(out, "static const char syllables[][7]", [f'"{name}"' for name in names])
        write_list(out, "static const uint16_t starts[]", starts)
        write_list(out, "static const uint16_t dense[]", dense)
        write_list(out, "/* code << 11 | syllable, ascending */\nstatic const uint32_t rare[]", rare)


main()
