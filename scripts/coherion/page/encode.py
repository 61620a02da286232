"""Numbers and texts as the page carries them: numbers rounded to their uncertainty and packed, texts that stay text.

A packed array is a JSON object, which ``page.js`` unpacks:

``{"n": count, "from": first, "step": step}``
    a regular grid, ``first + i * step``;
``{"n": count, "k": decimals, "t": bytes, "d": base64}``
    whole numbers of units of ``10^-decimals``, as differences of neighbours, two or four bytes each, little-endian.

An island is base64 of gzipped JSON: letters, digits, ``+ / =``, so that no text in it can end the element it stands in.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

#: Shorter arrays are plain lists of numbers.
SHORT = 64
#: Parts of the span of an array that stay apart where nothing is said of its uncertainty.
PARTS = 20_000
#: Positive numbers over a wider range are seen on a logarithmic scale, where each needs its own digits.
DECADES = 1e3
#: Rounding takes no more than this share of the standard uncertainty.
SHARE = 0.1


def packed(values: ArrayLike, sd: ArrayLike | float | None = None) -> Any:
    """An array (N,) as JSON.

    Parameters
    ----------
    values
        The numbers. What is not finite becomes null, and the array a plain list.
    sd
        Their standard uncertainty in the same unit; without it the span of the values says what can be seen.
    """
    numbers = np.asarray(values, float).ravel()
    if numbers.size < SHORT or not np.isfinite(numbers).all():
        return plain(numbers)
    if sd is None and numbers.min() > 0 and numbers.max() > DECADES * numbers.min():
        return plain(numbers)
    steps = np.diff(numbers)
    if np.ptp(steps) <= 1e-9 * np.abs(numbers).max():
        return {"n": numbers.size, "from": _short(numbers[0]), "step": float(f"{steps.mean():.12g}")}
    decimals = _decimals(numbers, sd)
    if decimals is None:
        return plain(numbers)
    whole = np.rint(numbers * 10.0**decimals).astype(np.int64)
    changes = np.diff(whole, prepend=np.int64(0))
    largest = np.abs(changes).max()
    if largest >= 2**31:
        return plain(numbers)
    kind = "<i2" if largest < 2**15 else "<i4"
    data = base64.b64encode(changes.astype(kind).tobytes()).decode()
    return {"n": numbers.size, "k": decimals, "t": int(kind[-1]), "d": data}


def unpacked(value: Mapping[str, Any]) -> np.ndarray:
    """The numbers of a packed array, as ``page.js`` unpacks them."""
    if "step" in value:
        return value["from"] + value["step"] * np.arange(value["n"])
    changes = np.frombuffer(base64.b64decode(value["d"]), f"<i{value['t']}")
    return np.cumsum(changes, dtype=np.int64) / 10.0 ** value["k"]


def plain(values: ArrayLike) -> list[float | None]:
    """Numbers with seven digits, null for what is not finite."""
    return [_short(value) for value in np.asarray(values, float).ravel()]


def _short(value: float) -> float | None:
    return float(f"{value:.7g}") if math.isfinite(value) else None


def _decimals(numbers: np.ndarray, sd: ArrayLike | float | None) -> int | None:
    """Decimals that keep the numbers within a share of their uncertainty; None where all are alike."""
    step = np.ptp(numbers) / PARTS
    if sd is not None:
        known = np.asarray(sd, float)
        known = known[np.isfinite(known) & (known > 0)]
        if known.size:
            step = max(step, SHARE * float(np.median(known)))
    return None if step <= 0 else -math.floor(math.log10(step))


def stride(x: np.ndarray, y: np.ndarray, tolerance: float = 0.0015, most: int = 8) -> int:
    """Every how many points of a curve are enough: straight lines between them leave it by no more than a share of its
    span."""
    span = float(np.ptp(y)) if y.size else 0.0
    best = 1
    for every in range(2, most + 1):
        if y.size // every < 2 * SHORT:
            break
        kept = np.append(np.arange(0, y.size - 1, every), y.size - 1)
        if np.abs(np.interp(x, x[kept], y[kept]) - y).max() > tolerance * span:
            break
        best = every
    return best


def thinned(x: ArrayLike, *curves: ArrayLike) -> tuple[np.ndarray, ...]:
    """x and curves over it with as many points as their shape needs, all the same."""
    grid, drawn = np.asarray(x, float), [np.asarray(curve, float) for curve in curves]
    if grid.size < 4 * SHORT or not all(np.isfinite(curve).all() for curve in drawn) or not (np.diff(grid) > 0).all():
        return (grid, *drawn)
    every = min(stride(grid, curve) for curve in drawn)
    kept = np.append(np.arange(0, grid.size - 1, every), grid.size - 1)
    return (grid[kept], *(curve[kept] for curve in drawn))


def json_text(value: Any) -> str:
    """JSON that can stand in a script element: no tag, comment or line separator survives in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def island(value: Any) -> str:
    """The value as gzipped JSON in base64; the same value gives the same text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return zipped(text)


def zipped(text: str) -> str:
    """A text as gzip in base64, as an element of the page may hold it."""
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()
