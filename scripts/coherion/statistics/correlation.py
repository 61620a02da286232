"""Pearson's and Spearman's correlation of a short series, with intervals that hold for about ten points."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.statistics.regression import Undetermined

Array = NDArray[np.float64]
Kind = Literal["pearson", "spearman"]
Interval = tuple[float, float]


@dataclass(frozen=True)
class PermutationTest:
    """p-values of 'no association'; ``monte_carlo_sd`` is zero where all n! orders were counted."""

    two_sided: float
    less: float
    greater: float
    orders: int
    exact: bool
    monte_carlo_sd: float


@dataclass(frozen=True)
class Correlation:
    """One coefficient with what belongs to it; ``interval`` is Fisher's, ``bca_interval`` the bootstrap's."""

    kind: Kind
    coefficient: float
    n: int
    interval: Interval
    bca_interval: Interval
    test: PermutationTest
    leave_one_out: Array


def _rows(values: Array) -> Array:
    """Rows centred and brought to length one; a constant row becomes NaN."""
    centred = values - values.mean(axis=-1, keepdims=True)
    length = np.sqrt(np.sum(centred**2, axis=-1, keepdims=True))
    scale = np.max(np.abs(values), axis=-1, keepdims=True)
    return centred / np.where(length > 1e-13 * scale, length, np.nan)


def mean_ranks(values: Array) -> Array:
    """Ranks from 1 along the last axis, ties with the mean of theirs; NaN where the row holds one.

    ``scipy.stats.rankdata`` does the same, and to import it takes longer than to judge all statements.
    """
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    place = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    step = ordered[..., 1:] != ordered[..., :-1]
    edge = np.ones((*values.shape[:-1], 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.concatenate([edge, step], axis=-1), place, 0), axis=-1)
    end = np.where(np.concatenate([step, edge], axis=-1), place, values.shape[-1])
    last = np.minimum.accumulate(end[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=-1)
    return np.where(np.isnan(values).any(axis=-1, keepdims=True), np.nan, ranks)


def _prepared(values: ArrayLike, kind: Kind) -> Array:
    array = np.asarray(values, float)
    return _rows(mean_ranks(array) if kind == "spearman" else array)


def coefficient(x: ArrayLike, y: ArrayLike, kind: Kind = "pearson") -> float:
    """Pearson's r or Spearman's rho (mean ranks of ties) of x and y, each shape (n,); NaN if one is constant."""
    return float(np.clip(_prepared(x, kind) @ _prepared(y, kind), -1.0, 1.0))


def fisher_interval(
    r: float, n: int, confidence: float = 0.95, kind: Kind = "pearson", controlled: int = 0
) -> Interval:
    """Interval of a correlation coefficient of n points by Fisher's z = artanh r.

    Variance of z: 1/(n - 3 - controlled) for Pearson (``controlled`` variables held fixed in a partial
    correlation), (1 + r^2/2)/(n - 3 - controlled) for Spearman (Bonett and Wright, Psychometrika 65 (2000) 23).
    The whole range (-1, 1) where there are too few points. Perfect order of the ranks ends in the interval of the
    next coefficient that n ranks can have, since z itself is infinite.
    """
    from scipy.special import ndtri

    free = n - 3 - controlled
    if free < 1 or not np.isfinite(r):
        return -1.0, 1.0
    if abs(r) >= 1 - 1e-12:
        if kind == "pearson":
            return r, r
        inner = fisher_interval(np.sign(r) * (1 - 12 / (n * (n**2 - 1))), n, confidence, kind, controlled)
        return (inner[0], 1.0) if r > 0 else (-1.0, inner[1])
    variance = (1 + r**2 / 2 if kind == "spearman" else 1.0) / free
    half = float(ndtri(0.5 + confidence / 2)) * np.sqrt(variance)
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))


def bca_interval(
    x: ArrayLike,
    y: ArrayLike,
    kind: Kind = "pearson",
    confidence: float = 0.95,
    *,
    resamples: int = 9999,
    seed: int = 0,
) -> Interval:
    """Bias-corrected and accelerated bootstrap interval of a coefficient, points resampled in pairs.

    x, y have shape (n,), n > 3. Resamples in which one variable is constant have no coefficient and are left
    out. For ten points the method covers a few per cent less than it says; Fisher's interval is the one that
    verdicts rest on.

    Source: Efron, J. Am. Stat. Assoc. 82 (1987) 171.
    """
    from scipy.special import ndtr, ndtri

    a, b = np.asarray(x, float), np.asarray(y, float)
    n = a.size
    if n < 4:
        return -1.0, 1.0
    found = coefficient(a, b, kind)
    picks = np.random.default_rng(seed).integers(0, n, (resamples, n))
    drawn = np.sum(_prepared(a[picks], kind) * _prepared(b[picks], kind), axis=1)
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size == 0:
        return -1.0, 1.0
    below = (np.sum(drawn < found - 1e-12) + 0.5 * np.sum(np.abs(drawn - found) <= 1e-12)) / drawn.size
    if not 0 < below < 1:
        return float(drawn.min()), float(drawn.max())
    bias = float(ndtri(below))
    left_out = leave_one_out(a, b, kind)
    offset = left_out.mean() - left_out
    denominator = 6 * float(np.sum(offset**2)) ** 1.5
    acceleration = float(np.sum(offset**3)) / denominator if denominator > 0 else 0.0
    tail = float(ndtri(0.5 + confidence / 2))
    ends = [bias + (bias + side * tail) / (1 - acceleration * (bias + side * tail)) for side in (-1, 1)]
    low, high = np.quantile(drawn, [float(ndtr(e)) for e in ends])
    return float(low), float(high)


def permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    kind: Kind = "pearson",
    *,
    exact_limit: int = 400_000,
    draws: int = 99_999,
    seed: int = 0,
) -> PermutationTest:
    """p-values of a coefficient among all orders of y, or among random orders where n! exceeds the limit.

    x, y have shape (n,). Random orders are counted with the observed one among them, p = (k + 1)/(draws + 1)
    (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010) 39), and the binomial error of p is given.
    """
    a, b = _prepared(x, kind), _prepared(y, kind)
    n = a.size
    found = float(a @ b)
    exact = n <= 12 and factorial(n) <= exact_limit
    # Equal up to rounding counts as equal: the same sum in another order differs in the last digits.
    tie = 1e-10
    counts = np.zeros(3)
    total = 0
    for products in _all_products(a, b) if exact else _random_products(a, b, draws, seed):
        counts += [
            np.count_nonzero(np.abs(products) >= abs(found) - tie),
            np.count_nonzero(products <= found + tie),
            np.count_nonzero(products >= found - tie),
        ]
        total += products.size
    if not exact:
        counts, total = counts + 1, total + 1
    two_sided, less, greater = (float(c) / total for c in counts)
    error = 0.0 if exact else float(np.sqrt(two_sided * (1 - two_sided) / total))
    return PermutationTest(two_sided, less, greater, total, exact, error)


def _all_products(a: Array, b: Array):
    """sum a_i b_p(i) over all n! permutations p, in blocks, one per choice of the first elements."""
    from itertools import permutations

    n = a.size
    head = max(0, n - 7)
    tails = np.array(list(permutations(range(n - head))))
    for first in permutations(range(n), head):
        rest = np.setdiff1d(np.arange(n), first)
        yield b[list(first)] @ a[:head] + b[rest][tails] @ a[head:]


def _random_products(a: Array, b: Array, draws: int, seed: int):
    generator = np.random.default_rng(seed)
    block = min(20_000, 1 + 4_000_000 // b.size)
    for start in range(0, draws, block):
        count = min(block, draws - start)
        yield generator.permuted(np.broadcast_to(b, (count, b.size)), axis=1) @ a


def leave_one_out(x: ArrayLike, y: ArrayLike, kind: Kind = "pearson") -> Array:
    """The coefficient without each point in turn, shape (n,), in the order of the points."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    n = a.size
    made = np.empty(n)
    block = 1 + 400_000 // n
    for start in range(0, n, block):
        rows = np.arange(start, min(start + block, n))[:, None]
        # Every place but the row's own.
        others = np.arange(n - 1) + (np.arange(n - 1) >= rows)
        made[rows[:, 0]] = np.sum(_without(a, rows, others, kind) * _without(b, rows, others, kind), axis=1)
    return np.clip(made, -1.0, 1.0)


def _without(values: Array, rows: NDArray[np.int_], others: NDArray[np.int_], kind: Kind) -> Array:
    if kind == "pearson":
        return _rows(values[others])
    # Ranks above that of the point left out are one less, those of its ties half.
    left, gone = values[others], values[rows]
    return _rows(mean_ranks(values)[others] - (left > gone) - 0.5 * (left == gone))


def reliability(x: ArrayLike, x_sd: ArrayLike) -> float:
    """Share of the variance of x, shape (n,), that is not measurement error: 1 - mean(sd^2)/var(x), at least 0.

    A correlation with x is smaller by its square root than one with the true values would be (Spearman, Am. J.
    Psychol. 15 (1904) 72).
    """
    values = np.asarray(x, float)
    variance = float(values.var(ddof=1))
    errors = float(np.mean(np.broadcast_to(np.asarray(x_sd, float), values.shape) ** 2))
    return max(0.0, 1 - errors / variance) if variance > 0 else 0.0


def affordable(resamples: int, n: int) -> int:
    """Resamples of n points: fewer beyond some forty points, so that all hold as many together, but at least 999."""
    return min(resamples, max(999, 400_000 // n))


def correlate(
    x: ArrayLike,
    y: ArrayLike,
    kind: Kind = "pearson",
    confidence: float = 0.95,
    *,
    exact_limit: int = 400_000,
    resamples: int = 9999,
    seed: int = 0,
) -> Correlation:
    """Coefficient, both intervals, permutation test and leave-one-out of x and y, each shape (n,).

    Random orders are ten times as many as ``resamples``, of which there may be fewer (:func:`affordable`).

    Raises
    ------
    Undetermined
        If x or y has fewer than three different values: two heaps always lie on a line.
    """
    different = min(np.unique(np.asarray(v, float)).size for v in (x, y))
    if different < 3:
        raise Undetermined(f"{different} different values; a correlation needs three of each quantity")
    r = coefficient(x, y, kind)
    n = int(np.asarray(x).size)
    resamples = affordable(resamples, n)
    return Correlation(
        kind=kind,
        coefficient=r,
        n=n,
        interval=fisher_interval(r, n, confidence, kind),
        bca_interval=bca_interval(x, y, kind, confidence, resamples=resamples, seed=seed),
        test=permutation_test(x, y, kind, exact_limit=exact_limit, draws=10 * resamples, seed=seed),
        leave_one_out=leave_one_out(x, y, kind),
    )
