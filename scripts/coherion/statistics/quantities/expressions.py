"""Numbers and errors of an expression of quantities, by first-order propagation.

Errors of several quantities add in squares where they are independent, or by their size where they may go together
(|d/da| s_a + |d/db| s_b, which no correlation exceeds).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coherion.settings.paper.expressions import Node

Array = NDArray[np.float64]
#: Values and standard errors of a quantity, shape (n,); None for one that has no error.
Numbers = tuple[Array, Array | None]


def evaluate(node: Node, numbers: Callable[[str], Numbers], errors: Literal["independent", "added"]) -> Numbers:
    """Values and standard errors, shape (n,), of an expression; NaN where it has no value.

    A quantity whose error is zero was told to its fit and not found by it: its error is passed on as NaN.
    """
    found = {name: numbers(name) for name in sorted(node.names)}
    values, slopes = _with_slopes(node, {name: pair[0] for name, pair in found.items()})
    parts = []
    for name, slope in slopes.items():
        sd = found[name][1]
        if sd is not None:
            parts.append(np.abs(slope) * np.where(sd > 0, sd, np.nan))
    values = np.where(np.isfinite(values), values, np.nan)
    if not parts:
        return values, None
    sds = np.sum(parts, axis=0) if errors == "added" else np.sqrt(np.sum(np.square(parts), axis=0))
    return values, np.where(np.isfinite(sds), sds, np.nan)


def _with_slopes(node: Node, values: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The value and its derivative by each quantity."""
    if node.kind == "number":
        return np.asarray(node.value), {}
    if node.kind == "name":
        own = values[node.name]
        return own, {node.name: np.ones_like(own)}
    parts = [_with_slopes(part, values) for part in node.parts]
    a, slopes = parts[0]
    with np.errstate(all="ignore"):
        match node.kind:
            case "neg":
                return -a, {name: -s for name, s in slopes.items()}
            case "log10":
                return np.log10(a), {name: s / (a * np.log(10)) for name, s in slopes.items()}
            case "ln":
                return np.log(a), {name: s / a for name, s in slopes.items()}
            case "exp":
                return np.exp(a), {name: s * np.exp(a) for name, s in slopes.items()}
            case "sqrt":
                return np.sqrt(a), {name: s / (2 * np.sqrt(a)) for name, s in slopes.items()}
            case "^":
                by = node.value * a ** (node.value - 1)
                return a**node.value, {name: s * by for name, s in slopes.items()}
        b, others = parts[1]
        names = [*slopes, *(name for name in others if name not in slopes)]
        first = {name: slopes.get(name, np.asarray(0.0)) for name in names}
        second = {name: others.get(name, np.asarray(0.0)) for name in names}
        match node.kind:
            case "+":
                return a + b, {n: first[n] + second[n] for n in names}
            case "-":
                return a - b, {n: first[n] - second[n] for n in names}
            case "*":
                return a * b, {n: first[n] * b + a * second[n] for n in names}
            case _:
                return a / b, {n: first[n] / b - a * second[n] / b**2 for n in names}
