"""Is it the coherence length, or the composition that it moves with?

    log10 sigma = a + b log10 L + c x (+ d x^2)

b is the exponent of L at fixed composition. Errors of log10 L count twice here: what is left of L once x is taken
out may be little more than error, so b is fitted with :func:`coherion.statistics.line.fit_line`, whose profile
interval becomes unbounded where that is so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.akaike import aicc
from coherion.statistics.correlation import Interval, fisher_interval
from coherion.statistics.line import StructuralLine, fit_line
from coherion.statistics.regression import Undetermined, student_quantile, told_apart

Array = NDArray[np.float64]

# Values whose range is this share of the largest differ by rounding alone.
ALIKE = 1e-9


@dataclass(frozen=True)
class PartialCorrelation:
    """Correlation of two variables with others held fixed, its Fisher interval and p of t with ``freedom``."""

    coefficient: float
    interval: Interval
    p_value: float
    freedom: int


@dataclass(frozen=True)
class Adjusted:
    """Exponent of the coherence length at fixed composition.

    ``line`` has the coefficients of 1, x, x^2, ... and the slope b; ``inflation`` is the variance inflation factor
    of log10 L; ``reliability`` the share of the variance of log10 L at fixed composition that is not
    measurement error.
    """

    line: StructuralLine
    confidence: float
    inflation: float
    reliability: float
    partial_length: PartialCorrelation
    partial_composition: PartialCorrelation

    @cached_property
    def interval(self) -> Interval:
        """Profile interval of the exponent at ``confidence``."""
        return self.line.slope_interval(self.confidence)


@dataclass(frozen=True)
class WithinComposition:
    """Exponent from samples that share a composition: value, standard error, interval, number of samples."""

    slope: float
    sd: float
    interval: Interval
    n: int


@dataclass(frozen=True)
class Ratio:
    """Quotient of two positive quantities with its standard error and an interval made on the log scale."""

    value: float
    sd: float
    interval: Interval


def variance_inflation(regressors: ArrayLike) -> Array:
    """Variance inflation factor 1/(1 - R_j^2) of each column of shape (n, p), a constant being fitted as well.

    Infinite where a column follows from the others.
    """
    x = np.asarray(regressors, float)
    made = []
    for j in range(x.shape[1]):
        rest = residual(x[:, j], np.delete(x, j, axis=1))
        total = float(np.sum((x[:, j] - x[:, j].mean()) ** 2))
        left = float(rest @ rest)
        made.append(total / left if left > 1e-14 * total else np.inf)
    return np.array(made)


def residual(y: ArrayLike, others: ArrayLike) -> Array:
    """What is left of y, shape (n,), after a constant and the columns of ``others``, shape (n, p), are fitted."""
    values = np.asarray(y, float)
    columns = np.asarray(others, float).reshape(values.size, -1)
    scaled = columns - columns.mean(axis=0)
    norms = np.linalg.norm(scaled, axis=0)
    q, _ = np.linalg.qr(np.column_stack([np.ones(values.size), scaled / np.where(norms > 0, norms, 1.0)]))
    rest = values - q @ (q.T @ values)
    return rest - q @ (q.T @ rest)


def partial_correlation(x: ArrayLike, y: ArrayLike, others: ArrayLike, confidence: float = 0.95) -> PartialCorrelation:
    """Correlation of x and y, each shape (n,), after a constant and ``others``, shape (n, p), are taken out of both."""
    from scipy.special import stdtr

    n = np.asarray(x).size
    controlled = np.asarray(others, float).reshape(n, -1).shape[1]
    a, b = residual(x, others), residual(y, others)
    length = float(np.sqrt((a @ a) * (b @ b)))
    free = n - 2 - controlled
    r = float(np.clip(a @ b / length, -1, 1)) if length > 0 and free > 0 else float("nan")
    if not np.isfinite(r):
        p = 1.0
    elif abs(r) == 1:
        p = 0.0
    else:
        p = 2 * float(stdtr(free, -abs(r) * np.sqrt(free / (1 - r**2))))
    return PartialCorrelation(r, fisher_interval(r, n, confidence, controlled=controlled), p, free)


def adjust_for_composition(
    log_length: ArrayLike,
    log_sigma: ArrayLike,
    composition: ArrayLike,
    log_length_sd: ArrayLike = 0.0,
    log_sigma_sd: ArrayLike = 0.0,
    *,
    degree: int = 1,
    confidence: float = 0.95,
) -> Adjusted:
    """Fit log10 sigma = a + b log10 L + c x + ... + x^degree with errors of both and scatter.

    All arrays have shape (n,): decimal logarithms of L (angstrom) and sigma (S/cm), their standard deviations,
    and x without error.

    Raises
    ------
    Undetermined
        With fewer than degree + 4 samples, or fewer than three or degree + 1 compositions.
    """
    length, sigma, x = (np.asarray(v, float) for v in (log_length, log_sigma, composition))
    compositions = np.unique(told_apart(x)).size
    if compositions <= max(degree, 2):
        raise Undetermined(f"{compositions} compositions cannot determine a polynomial of degree {degree}")
    centred = x - x.mean()
    powers = np.column_stack([centred**k for k in range(1, degree + 1)])
    line = fit_line(length, sigma, log_length_sd, log_sigma_sd, covariates=np.column_stack([np.ones(x.size), powers]))
    left = residual(length, powers)
    variance = float(left @ left) / (x.size - degree - 1)
    errors = float(np.mean(np.broadcast_to(np.asarray(log_length_sd, float), length.shape) ** 2))
    return Adjusted(
        line=line,
        confidence=confidence,
        inflation=float(variance_inflation(np.column_stack([length, powers]))[0]),
        reliability=max(0.0, 1 - errors / variance) if variance > 0 else 0.0,
        partial_length=partial_correlation(length, sigma, powers, confidence),
        partial_composition=partial_correlation(x, sigma, length[:, None], confidence),
    )


@dataclass(frozen=True)
class Rivals:
    """Two explanations of one quantity that contain neither one the other, each in the best of its forms.

    ``lead`` is AICc of the rival less that of the first, positive where the first explains better; ``first_gain`` and
    ``rival_gain`` are what each gains in AICc over neither.
    """

    first: str
    rival: str
    lead: float
    first_gain: float
    rival_gain: float


Forms = dict[str, tuple[Array, Array]]


def powers_of(x: ArrayLike, x_sd: ArrayLike, exponents: tuple[int, ...]) -> Forms:
    """Powers of a positive quantity, shape (n,), with their errors; the exponent 0 is the decimal logarithm."""
    value, sd = np.asarray(x, float), np.asarray(x_sd, float)
    return {
        f"power {k}" if k else "logarithm": (value**k, np.abs(k) * value ** (k - 1) * sd)
        if k
        else (np.log10(value), sd / value / np.log(10))
        for k in (float(e) for e in exponents)
    }


def powers_of_square(square: ArrayLike, square_sd: ArrayLike, resolved: float) -> Forms:
    """A quantity known by its square s, shape (n,), which errors may make negative: s, its signed root, its logarithm.

    The error of the root is sd/(2 root), and where s is within its error of zero that of a root as large as the error.
    The logarithm is there only where every s is ``resolved`` errors above zero.
    """
    value, sd = np.asarray(square, float), np.asarray(square_sd, float)
    root = np.sign(value) * np.sqrt(np.abs(value))
    made = {"square": (value, sd), "itself": (root, sd / (2 * np.sqrt(np.maximum(np.abs(value), sd))))}
    if np.all(value > resolved * sd):
        made["logarithm"] = (0.5 * np.log10(value), 0.5 * sd / value / np.log(10))
    return made


def compare_explanations(
    first: Forms, rival: Forms, y: ArrayLike, y_sd: ArrayLike, covariate: Array | None = None
) -> Rivals:
    """Which of two quantities explains y better, alone or beside a covariate without error?

    Each form is a line with scatter and effective variances (what :mod:`coherion.statistics.readings` does between
    curves); densities are those of y given the measured abscissa, so that abscissae of any kind and error may be held
    against one another. All have the same number of parameters; neither quantity at all has one less.

    Raises
    ------
    Undetermined
        If no form of a quantity varies, or varies other than the covariate does.
    """
    response = np.asarray(y, float)
    ones = np.ones((response.size, 1))
    if covariate is not None and np.ptp(covariate) <= ALIKE * np.max(np.abs(covariate)):
        covariate = None  # alike in all: there is nothing to hold fixed
    z = ones if covariate is None else np.column_stack([ones, covariate - covariate.mean()])

    sd = np.broadcast_to(np.asarray(y_sd, float), response.shape)

    def best(forms: Forms) -> tuple[float, str]:
        found = []
        for name, (x, x_sd) in forms.items():
            left = residual(x, z[:, 1:])
            if np.ptp(x) > ALIKE * np.max(np.abs(x)) and left @ left > 1e-14 * np.sum((x - x.mean()) ** 2):
                centred = (x - x.mean()) / np.ptp(x)
                value = _log_likelihood(response, sd, z, centred, x_sd / np.ptp(x))
                found.append((aicc(-2 * value, z.shape[1] + 2, response.size), name))
        if not found:
            raise Undetermined("a quantity that does not vary explains nothing")
        return min(found)

    alone = _log_likelihood(response, sd, z, None, np.zeros_like(sd))
    neither = aicc(-2 * alone, z.shape[1] + 1, response.size)
    (one, one_name), (other, other_name) = best(first), best(rival)
    return Rivals(one_name, other_name, other - one, neither - one, neither - other)


def _log_likelihood(y: Array, y_sd: Array, z: Array, x: Array | None, x_sd: Array) -> float:
    """Largest log density of y about z theta + b x with variances y_sd^2 + (b x_sd)^2 + s^2; about z theta without x.

    Given the variances the mean is linear; b in the variances follows by iteration, s by a grid that closes in.
    """
    columns = z if x is None else np.column_stack([z, x])
    plain = np.linalg.lstsq(columns, y, rcond=None)[0]
    largest = float(np.mean((y - columns @ plain) ** 2)) + 1e-30
    slope = 0.0 if x is None else float(plain[-1])
    known, best = y_sd**2, -np.inf
    for _ in range(1 if x is None else 4):
        known = y_sd**2 + (slope * x_sd) ** 2
        scatter = largest * np.append(0.0, np.geomspace(1e-6, 4, 40)) + 1e-9 * largest
        for _ in range(2):
            variance = known + scatter[:, None]
            normal = np.einsum("ij,gi,ik->gjk", columns, 1 / variance, columns)
            right = np.einsum("ij,gi,i->gj", columns, 1 / variance, y)
            found = np.linalg.solve(normal, right[..., None])[..., 0]
            rest = y - found @ columns.T
            values = -0.5 * np.sum(np.log(2 * np.pi * variance) + rest**2 / variance, axis=1)
            at = int(np.argmax(values))
            scatter = np.linspace(scatter[max(at - 1, 0)], scatter[min(at + 1, scatter.size - 1)], 21)
        best, slope = float(values[at]), float(found[at][-1])
    return best


def slope_within_composition(
    log_length: ArrayLike,
    log_sigma: ArrayLike,
    composition: ArrayLike,
    log_length_sd: ArrayLike,
    log_sigma_sd: ArrayLike,
    scatter: float,
    freedom: float,
    confidence: float = 0.95,
) -> WithinComposition | None:
    """Exponent of L from differences between samples of one composition; needs no law for the composition.

    Arrays as in :func:`adjust_for_composition`. ``scatter`` is that of log10 sigma between samples, known from the
    rest of the series with ``freedom`` degrees of freedom: two or three samples cannot tell their own. None
    where no two samples share a composition.
    """
    length, sigma, x = (np.asarray(v, float) for v in (log_length, log_sigma, composition))
    length_sd = np.broadcast_to(np.asarray(log_length_sd, float), length.shape)
    sigma_sd = np.broadcast_to(np.asarray(log_sigma_sd, float), sigma.shape)
    dx, dy = np.zeros(x.size), np.zeros(x.size)
    used = np.zeros(x.size, bool)
    kinds = told_apart(x)
    for value in np.unique(kinds):
        group = kinds == value
        if group.sum() > 1:
            dx[group] = length[group] - length[group].mean()
            dy[group] = sigma[group] - sigma[group].mean()
            used |= group
    total = float(dx @ dx)
    if total == 0:
        return None
    # The errors of L enlarge sum dx^2 without a share in dx dy: their part is taken off.
    groups = np.unique(kinds[used]).size
    noise = float(np.mean(length_sd[used] ** 2)) * (int(used.sum()) - groups)
    if noise >= 0.5 * total:
        return None
    slope = float(dx @ dy) / (total - noise)
    variance = scatter**2 + sigma_sd**2 + (slope * length_sd) ** 2
    sd = float(np.sqrt(np.sum(dx**2 * variance))) / (total - noise)
    half = student_quantile(confidence, freedom) * sd
    return WithinComposition(slope, sd, (slope - half, slope + half), int(used.sum()))


def ratio(top: float, top_sd: float, bottom: float, bottom_sd: float, confidence: float = 0.95) -> Ratio:
    """top/bottom of two independent positive quantities, in any unit, with errors carried through the logarithm."""
    value = top / bottom
    relative = float(np.hypot(top_sd / top, bottom_sd / bottom))
    half = student_quantile(confidence, np.inf) * relative
    return Ratio(value, value * relative, (value * float(np.exp(-half)), value * float(np.exp(half))))
