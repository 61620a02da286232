"""Ways in which a file breaks, by accident or on purpose: the same generator state always breaks it the same way.

Bytes flip, get lost, repeat and come from other files; words of 2, 4 and 8 bytes, where sizes, offsets and numbers
stand, take extreme values; in text, numbers, separators and lines change, and runs become longer than any program
that wrote such a file would make them.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Sequence

MAX_BYTES = 300_000

WORDS = (
    *((struct.pack("<H", n)) for n in (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF)),
    *((struct.pack("<I", n)) for n in (0, 1, 2, 0xFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)),
    *((struct.pack("<Q", n)) for n in (0, 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1)),
    *((struct.pack("<f", x)) for x in (0.0, -0.0, 1.0, -1.0, 1e-45, 3.4e38, float("inf"), float("-inf"), float("nan"))),
    *((struct.pack("<d", x)) for x in (0.0, -1.0, 5e-324, 1.7e308, float("inf"), float("-inf"), float("nan"))),
)
NUMBERS = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "00",
        "1e400",
        "-1e400",
        "1e-400",
        "1e308",
        "nan",
        "NaN",
        "-nan",
        "inf",
        "Infinity",
        "1.#IND",
    ),
    *("1,5", "1.5.5", "1e", "e5", "+", "-", ".", ",", "1_000", "0x10", "1d5", "1E+003", "٣", "²", "1 000", "(1)", "?"),
    *("9" * 20, "9" * 400, "9" * 5000, "0." + "0" * 400 + "1", "2147483648", "-2147483649", "18446744073709551616"),
)
PIECES = (
    *("\t", "\n", "\r", "\r\n", ";", ",", " ", "\0", "\x1b[2J", "\ufeff", "#", "'", '"', "''", "=", ":", "%", "_", "|"),
    *(
        "\u2028",
        "é",
        "Ω",
        "°",
        "\ud7ff",
        "𝟙",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "*",
        "&a",
        "*a",
        "!!python/name:os.system",
    ),
    *(
        "$(touch x)",
        "`touch x`",
        "; touch x",
        "../..",
        "/etc/passwd",
        "{0.__class__}",
        "{wildcards}",
        "%s%n",
        "\\",
        "~",
    ),
)
_NUMBER = re.compile(rb"[+-]?\d+\.?\d*(?:[eE][+-]?\d+)?")


def _place(rng: random.Random, data: bytes, width: int = 0) -> int:
    """A place in the data; the first 600 bytes, where headers stand, come as often as all the rest."""
    last = max(len(data) - width, 0)
    return rng.randint(0, min(last, 600)) if rng.random() < 0.5 else rng.randint(0, last)


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if made:
            made[min(_place(rng, data), len(made) - 1)] ^= 1 << rng.randrange(8)
    return bytes(made)


def set_bytes(data: bytes, rng: random.Random) -> bytes:
    made = bytearray(data)
    at = _place(rng, data)
    count = rng.choice((1, 1, 2, 4, 8, 64))
    made[at : at + count] = rng.choice((bytes(count), b"\xff" * count, rng.randbytes(count)))
    return bytes(made)


def overwrite_word(data: bytes, rng: random.Random) -> bytes:
    """An aligned word of 2, 4 or 8 bytes takes an extreme value: a size, an offset or a number that lies."""
    word = rng.choice(WORDS)
    at = _place(rng, data, len(word))
    if rng.random() < 0.8:
        at -= at % len(word)
    return data[:at] + word + data[at + len(word) :]


def change_word(data: bytes, rng: random.Random) -> bytes:
    """A word grows or shrinks a little, as a count that is off by one."""
    form = rng.choice(("<H", "<I", "<Q"))
    width = struct.calcsize(form)
    if len(data) < width:
        return data
    at = _place(rng, data, width)
    (value,) = struct.unpack_from(form, data, at)
    value = (value + rng.choice((-2, -1, 1, 2, 4, 8, 255, 256))) % (1 << 8 * width)
    return data[:at] + struct.pack(form, value) + data[at + width :]


def truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: _place(rng, data)]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    at = _place(rng, data)
    return data[:at] + data[at + rng.choice((1, 2, 3, 16, 512, len(data) // 2)) :]


def repeat_part(data: bytes, rng: random.Random) -> bytes:
    at = _place(rng, data)
    part = data[at : at + rng.choice((1, 4, 16, 512))]
    count = rng.choice((2, 3, 10, 1000))
    return data[:at] + part * count + data[at:]


def splice(data: bytes, rng: random.Random, other: bytes) -> bytes:
    """The beginning of one file and the end of another, or a part of it within."""
    if rng.random() < 0.5:
        return data[: _place(rng, data)] + other[_place(rng, other) :]
    at, there = _place(rng, data), _place(rng, other)
    part = other[there : there + rng.choice((8, 64, 512, 4096))]
    return data[:at] + part + data[at + rng.choice((0, len(part))) :]


def change_number(data: bytes, rng: random.Random) -> bytes:
    """A number of a text becomes another, or none."""
    found = [m.span() for _, m in zip(range(2000), _NUMBER.finditer(data, _place(rng, data)), strict=False)]
    if not found:
        return data
    start, stop = rng.choice(found)
    return data[:start] + rng.choice(NUMBERS).encode("utf-8", "surrogatepass") + data[stop:]


def insert_piece(data: bytes, rng: random.Random) -> bytes:
    at = _place(rng, data)
    piece = rng.choice(PIECES).encode("utf-8", "surrogatepass")
    return data[:at] + piece + data[at + rng.choice((0, 0, 1)) :]


def long_run(data: bytes, rng: random.Random) -> bytes:
    """One character again and again: what makes a careless pattern or recursion run for ever."""
    at = _place(rng, data)
    piece = rng.choice(PIECES).encode("utf-8", "surrogatepass")
    return data[:at] + piece * (rng.choice((50, 1000, 20_000)) // len(piece) + 1) + data[at:]


def change_lines(data: bytes, rng: random.Random) -> bytes:
    """A line is lost, doubled, moved, or loses a field."""
    lines = data.split(b"\n")
    k, to = rng.randrange(len(lines)), rng.randrange(len(lines))
    way = rng.randrange(5)
    if way == 0:
        del lines[k]
    elif way == 1:
        lines.insert(to, lines[k])
    elif way == 2:
        lines[k], lines[to] = lines[to], lines[k]
    elif way == 3:
        fields = lines[k].split(rng.choice((b"\t", b" ", b",", b";")))
        del fields[rng.randrange(len(fields))]
        lines[k] = b"\t".join(fields)
    else:
        lines[k] = b"".join(rng.sample([bytes([c]) for c in lines[k][:2000]], min(len(lines[k]), 2000)))
    return b"\n".join(lines)


def recode(data: bytes, rng: random.Random) -> bytes:
    """Another encoding, other line ends, other decimal marks."""
    way = rng.randrange(6)
    if way == 0:
        return data.decode("latin-1").encode("utf-16")
    if way == 1:
        return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b" ")))
    if way == 2:
        return data.replace(b".", b",")
    if way == 3:
        return data.replace(b"\t", rng.choice((b" ", b",", b";", b"\t\t")))
    if way == 4:
        return b"\xef\xbb\xbf" + data
    return data.swapcase()


BINARY: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(flip_bits, set_bytes, overwrite_word, overwrite_word, overwrite_word, change_word, change_word),
    *(truncate, cut_out, repeat_part),
)
TEXT: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(change_number, change_number, change_number, insert_piece, insert_piece, change_lines, change_lines),
    *(flip_bits, set_bytes, truncate, cut_out, repeat_part, long_run, recode),
)


def mutate(seeds: Sequence[bytes], rng: random.Random, *, text: bool) -> bytes:
    """A broken file made from one of the seeds by one to four changes, at most ``MAX_BYTES`` long."""
    data = rng.choice(seeds)
    # What suits the other kind of file is tried too, if seldom.
    ways = TEXT if text != (rng.random() < 0.1) else BINARY
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        data = splice(data, rng, rng.choice(seeds)) if rng.random() < 0.1 else rng.choice(ways)(data, rng)
    return data[:MAX_BYTES]
