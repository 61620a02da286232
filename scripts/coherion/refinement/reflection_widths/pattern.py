"""F(Q) of a powder as reflections with a common profile: the description that widths are fitted with.

Where the domains diffract like pieces of one crystal, F(Q) = Q (S(Q) - 1) is a sum of reflections over a smooth rest,

    F(Q) = sum_m A_m exp(-U (Q^2 - Q_m^2)) P_m(Q - Q_m) + B(Q),
    A_m  = 2 pi^2 j_m |F_m|^2 / (V n <f>^2 Q_m),

with the multiplicity j, the structure factor F, the cell's volume V and its n atoms, and U the mean displacement. The
profile is the cosine transform of what damps pairs at distance r along the scattering vector,

    P_m(x) = (1/pi) int_0^inf V(r) exp(-(s_m r)^2 / 2 - g_m r) cos(x r) dr,
    s_m^2  = u + v Q_m + w Q_m^2 + e^2 Q_m^2,      g_m = x + y Q_m,      V(r) = 1 - 3/2 r/D + 1/2 (r/D)^3,

the sphere's common volume (exactly its profile: A. J. C. Wilson, X-ray Optics, 1949), the instrument's Gaussian and
Lorentzian parts, and a microstrain of rms e. Spheres of log-normal diameters take the place of V with a spread above
zero (:func:`coherion.pair_model.envelope.lognormal`); D is then their mean diameter weighted by area.

Areas are free but not free to be anything: each group of reflections that the profile cannot part may differ from what
the refined structure says by a stated share (a Pawley fit, J. Appl. Cryst. 14 (1981) 357, with a restraint), since
where reflections overlap, areas and widths can be exchanged for one another. A common factor that varies slowly with Q
is free as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coherion.pair_model.envelope import lognormal

Array = NDArray[np.float64]

# Names of the profile's parameters, in their order.
PROFILE = ("u", "v", "w", "x", "y", "inverse_length", "microstrain_squared", "spread")
# A part of the mean area by which every group may differ, so that a reflection that the structure hides can be there.
FLOOR = 0.03


def damping(r: Array, centres: Array, profile: Array) -> tuple[Array, Array]:
    """What is left of pairs at r (k,) for reflections at Q_m (m,), (m, k), and its slope in each parameter (8, m, k).

    ``profile`` holds u (1/angstrom^2), v (1/angstrom), w, x (1/angstrom), y, 1/D (1/angstrom), e^2 and spread.
    """
    u, v, w, x, y, inverse, strain, spread = profile
    q = centres[:, None]
    variance = u + v * q + (w + strain) * q**2
    rest = np.exp(-0.5 * variance * r**2 - (x + y * q) * r)
    if spread > 0:
        # <D^4>/<D^3> = exp(spread^2) <D^3>/<D^2>
        volume, by_r, by_spread = lognormal(r, float(np.exp(spread**2) / inverse), float(spread))
        by_inverse, by_spread = r * by_r / inverse, by_spread - 2 * spread * r * by_r
    else:
        ratio = np.minimum(r * inverse, 1.0)
        volume = 1.0 + ratio * (0.5 * ratio**2 - 1.5)
        by_inverse, by_spread = 1.5 * r * (ratio**2 - 1.0), np.zeros_like(r)
    value = rest * volume
    gaussian = -0.5 * r**2 * value
    slopes = np.empty((len(PROFILE), *value.shape))
    slopes[0], slopes[1], slopes[2], slopes[6] = gaussian, gaussian * q, gaussian * q**2, gaussian * q**2
    slopes[3], slopes[4] = -r * value, -r * value * q
    slopes[5], slopes[7] = rest * by_inverse, rest * by_spread
    return value, slopes


@dataclass(frozen=True, eq=False)
class Pattern:
    """What is fitted.

    q, values, sd
        The pattern on a uniform grid of Q, 1/angstrom; F and its standard deviations, 1/angstrom, all (n,).
    areas
        A_m that the structure says, 1/angstrom^2, (m,).
    place
        Q of the reflections, (m,), from the parameters of position, (p,), and the slope (m, p).
    displacement
        U, angstrom^2.
    freedom
        Relative standard deviation of the area of a group of reflections.
    groups
        Number of the group that each reflection belongs to, (m,).
    background
        Terms of the smooth part, (n, k).
    trend
        How many terms the common factor of all areas has.
    """

    q: Array
    values: Array
    sd: Array
    areas: Array
    place: Callable[[Array], tuple[Array, Array]]
    displacement: float
    freedom: float
    groups: NDArray[np.int64]
    background: Array
    trend: int

    @property
    def step(self) -> float:
        return float(self.q[1] - self.q[0])


@dataclass(frozen=True)
class PatternFit:
    """A fit's end.

    parameters, covariance
        Those that were free, by name in the order given, (p,), and the covariance from the errors stated, (p, p).
    sensitivity
        How they move with each of PROFILE where that is held, (p, 8); zero for those that are free.
    calculated, background
        (n,), 1/angstrom.
    residual
        Weighted, (n,).
    chi_squared, cost
        Of the points, and with the restraints.
    converged
        Whether the end was reached within the iterations allowed.
    """

    parameters: Array
    covariance: Array
    sensitivity: Array
    calculated: Array
    background: Array
    residual: Array
    chi_squared: float
    cost: float
    converged: bool


class _Columns:
    """The pattern's columns for given parameters: profiles by a Fourier transform each."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        # The transform repeats after its length: twice the window keeps the next copy out of it.
        self.size = 1 << int(np.ceil(np.log2(2 * len(pattern.q))))
        self.r = 2 * np.pi * np.arange(self.size // 2 + 1) / (self.size * pattern.step)
        count = int(pattern.groups.max()) + 1
        total = np.bincount(pattern.groups, pattern.areas, count)
        floor = FLOOR * float(total.mean())
        shares = pattern.areas + floor / np.bincount(pattern.groups, minlength=count)[pattern.groups]
        # A group's column has unit area; its reflections keep the proportions of the structure.
        self.shares = shares / np.bincount(pattern.groups, shares, count)[pattern.groups]
        self.group_sd = np.hypot(pattern.freedom * total, floor)
        self.count = count

    def lines(self, spectra: NDArray[np.complex128], centres: Array) -> Array:
        """Transforms (m, n) of what damps, (m, k), at the centres, with the displacement's fall."""
        pattern = self.pattern
        made = np.fft.irfft(spectra, self.size, axis=1)[:, : len(pattern.q)] / pattern.step
        u = pattern.displacement
        return made * np.exp(-u * (pattern.q[None, :] ** 2 - centres[:, None] ** 2))

    def phase(self, centres: Array) -> NDArray[np.complex128]:
        return np.exp(-1j * np.outer(centres - self.pattern.q[0], self.r))

    def trends(self, centres: Array) -> Array:
        """Chebyshev terms (m, trend) of the common factor."""
        q = self.pattern.q
        t = np.clip(2 * (centres - q[0]) / (q[-1] - q[0]) - 1, -1.2, 1.2)
        return np.polynomial.chebyshev.chebvander(t, self.pattern.trend - 1)

    def linear(self, lines: Array, centres: Array) -> Array:
        """Weighted columns of all that enters linearly, (n, trend + groups + background)."""
        pattern = self.pattern
        common = (pattern.areas[:, None] * self.trends(centres)).T @ lines
        grouped = np.zeros((self.count, lines.shape[1]))
        np.add.at(grouped, pattern.groups, self.shares[:, None] * lines)
        return np.vstack([common, grouped, pattern.background.T]).T / pattern.sd[:, None]

    def amounts(self, coefficients: Array, centres: Array) -> Array:
        """Area of each reflection, (m,), from the coefficients of the linear columns."""
        trend = self.pattern.trend
        common = self.pattern.areas * (self.trends(centres) @ coefficients[:trend])
        return common + self.shares * coefficients[trend : trend + self.count][self.pattern.groups]


def fit_pattern(
    pattern: Pattern,
    profile: Sequence[float],
    free: Sequence[str],
    position: Sequence[float],
    position_sd: Sequence[float],
    lower: Sequence[float],
    upper: Sequence[float],
    iterations: int = 30,
) -> PatternFit:
    """Fit profile and positions by least squares; what enters linearly is solved at each step (variable projection).

    Parameters
    ----------
    profile
        Values of PROFILE to start from, (8,).
    free
        Which of PROFILE are fitted.
    position, position_sd
        Parameters of position to start from, and what is known of them beforehand as standard deviations, (p,).
    lower, upper
        Bounds of the free parameters of the profile, in their order.

    Source: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413, with Kaufman's simplification.
    """
    columns = _Columns(pattern)
    at = [PROFILE.index(name) for name in free]
    count = len(at)
    start = np.asarray(position, float)
    known = np.asarray(position_sd, float)
    target = pattern.values / pattern.sd
    # Rows of the restraint on the groups' areas below those of the pattern.
    restraint = np.zeros((columns.count, pattern.trend + columns.count + pattern.background.shape[1]))
    restraint[:, pattern.trend : pattern.trend + columns.count] = np.diag(1 / columns.group_sd)

    def whole(p: Array) -> Array:
        made: Array = np.array(profile, dtype=np.float64)
        made[at] = p[:count]
        return made

    def solve(p: Array):
        centres, slope = pattern.place(p[count:])
        damped, slopes = damping(np.asarray(columns.r, np.float64), centres, whole(p))
        phase = columns.phase(centres)
        lines = columns.lines(damped * phase, centres)
        matrix = np.vstack([columns.linear(lines, centres), restraint])
        factor, triangle = np.linalg.qr(matrix)
        goal = np.concatenate([target, np.zeros(columns.count)])
        projected = factor.T @ goal
        coefficients = np.linalg.solve(triangle, projected)
        residual = goal - matrix @ coefficients
        prior = (p[count:] - start) / known
        cost = float(residual @ residual + prior @ prior)
        return cost, residual, coefficients, (centres, slope, damped, slopes, phase, factor, matrix)

    def jacobian(p: Array, coefficients: Array, kept, wanted: Sequence[int]) -> Array:
        """Slopes of the calculated pattern in some of the profile's parameters, then in those of position."""
        centres, slope, damped, slopes, phase, factor, _ = kept
        amounts = columns.amounts(coefficients, centres)[:, None]
        made = np.empty((len(pattern.q) + columns.count, len(wanted) + len(start)))
        for n, k in enumerate(wanted):
            made[: len(pattern.q), n] = np.sum(columns.lines(slopes[k] * phase * amounts, centres), axis=0)
        moved = columns.lines(damped * phase * (-1j * columns.r) * amounts, centres)
        made[: len(pattern.q), len(wanted) :] = moved.T @ slope
        made[: len(pattern.q)] /= pattern.sd[:, None]
        made[len(pattern.q) :] = 0.0
        return made - factor @ (factor.T @ made)

    p = np.concatenate([np.asarray(profile, float)[at], start])
    low = np.concatenate([lower, np.full(len(start), -np.inf)])
    high = np.concatenate([upper, np.full(len(start), np.inf)])
    cost, residual, coefficients, kept = solve(p)
    damp, converged = 1e-3, False
    inner = np.zeros((len(p), len(p)))
    inner[count:, count:] = np.diag(1 / known**2)
    for _ in range(iterations):
        slopes = jacobian(p, coefficients, kept, at)
        normal = slopes.T @ slopes + inner
        gradient = slopes.T @ residual - inner @ (p - np.concatenate([p[:count], start]))
        scale = np.sqrt(np.diag(normal))
        better = False
        while not better and damp < 1e8:
            stuck = ((p <= low) & (gradient < 0)) | ((p >= high) & (gradient > 0))
            loose = ~stuck
            step = np.zeros(len(p))
            raised = normal + damp * np.diag(scale**2)
            step[loose] = np.linalg.solve(raised[np.ix_(loose, loose)], gradient[loose])
            trial = np.clip(p + step, low, high)
            new = solve(trial)
            better = new[0] <= cost
            damp = max(damp / 5, 1e-12) if better else damp * 8
        if not better:
            converged = True
            break
        fall = cost - new[0]
        p, (cost, residual, coefficients, kept) = trial, new
        if fall < 1e-4 + 1e-8 * cost:
            converged = True
            break
    slopes = jacobian(p, coefficients, kept, at)
    normal = slopes.T @ slopes + inner
    scale = np.sqrt(np.diag(normal))
    scale[scale == 0] = 1.0
    covariance = np.linalg.pinv(normal / np.outer(scale, scale), rcond=1e-12, hermitian=True) / np.outer(scale, scale)
    held = [k for k in range(len(PROFILE)) if k not in at]
    sensitivity = np.zeros((len(p), len(PROFILE)))
    sensitivity[:, held] = -covariance @ slopes.T @ jacobian(p, coefficients, kept, held)[:, : len(held)]
    points = len(pattern.q)
    terms = pattern.background.shape[1]
    background = pattern.background @ coefficients[len(coefficients) - terms :]
    weighted = residual[:points]
    return PatternFit(
        parameters=p,
        covariance=covariance,
        sensitivity=sensitivity,
        calculated=pattern.values - weighted * pattern.sd,
        background=background,
        residual=weighted,
        chi_squared=float(weighted @ weighted),
        cost=cost,
        converged=converged,
    )
