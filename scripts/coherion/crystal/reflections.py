"""Reflections of a powder pattern at low Q: their common width, and whether one is there that the phase does not have.

Quantities: Q = 4 pi sin(theta) / lambda in 1/angstrom; a lattice plane (hkl) reflects at Q = 2 pi |h a* + k b* + l c*|.
Where reflections merge, as those of small domains do, a straight background below one of them says nothing; so the
whole window is described at once (G. S. Pawley, J. Appl. Cryst. 14 (1981) 357): positions from the cell, one profile
for all, free intensities that are not negative, a smooth background.

The profile is the cosine transform of what damps G(r): the envelope of the domains and the instrument's Gaussian,

    P(Q - Q0) = (1/pi) int_0^inf envelope(r) exp(-s^2 r^2 / 2) cos((Q - Q0) r) dr,    s^2 = qdamp^2 + (strain Q0)^2,

of unit area: the same description of domains and resolution as in the refinement against G(r). Between spheres of one
diameter D and domains of all sizes the envelope goes over from the sphere's to an exponential of the same surface,

    envelope(r) = (1 - tail) (1 - 3/2 r/D + 1/2 (r/D)^3) + tail exp(-3/2 r/D).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.atoms.elements import atomic_number
from coherion.crystal.symmetry import orthogonalisation
from coherion.errors import InputError

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

    from coherion.crystal.crystal import Crystal

Array = NDArray[np.float64]

# How far from the starting value the length of the profile may go, as factors.
LENGTH_FACTORS = (0.4, 2.5)
# The further reflection's domains, in units of those of the others: a phase with smaller ones makes no reflection of
# its own but a hump, which a background is as good for.
SIDE_LENGTH_FACTORS = (1.0, 4.0)
# Largest strain: relative standard deviation of lattice spacings.
LARGEST_STRAIN = 0.05
# What is known beforehand, as standard deviations: the length relatively, the strain absolutely. Where reflections
# merge, length, strain and intensities can be exchanged for one another, and a width without this would mean nothing.
LENGTH_SD, STRAIN_SD = 0.2, 0.01
# Where the transform ends: at exp(-18) of the Gaussian, in 1/s, and at exp(-9) of the exponential, in D.
GAUSSIAN_REACH, EXPONENTIAL_REACH = 6.0, 6.0
# Relative change of cost and parameters at which a fit ends; z is wanted to a percent.
TOLERANCE = 1e-5
# How often a fit is begun anew at most, and the relative fall of its cost below which it is not.
DESCENTS, FALL = 7, 1e-6
# A parameter closer to its bound than this part of its range is at it.
NEAR = 1e-3
# Reflections this near to each other (1/angstrom) are one.
SAME_Q = 1e-4


def reflection_positions(
    lattice: Sequence[float], rotations: NDArray, translations: NDArray, low: float, high: float
) -> tuple[Array, NDArray[np.int64]]:
    """Q of the reflections that symmetry allows in a window, 1/angstrom, ascending, and multiplicities, both (n,).

    A reflection h is absent if an operation (R, t) of the space group leaves it in place, h R = h, and gives it another
    phase, h t not a whole number (International Tables A, 2.1.3.13).

    Parameters
    ----------
    lattice
        a, b, c in angstrom, alpha, beta, gamma in degrees.
    rotations, translations
        Of the space group's operations on fractional coordinates, (m, 3, 3) and (m, 3), with centring.
    low, high
        Window, 1/angstrom.
    """
    direct = orthogonalisation(np.asarray(lattice, float))
    reciprocal = np.linalg.inv(direct)
    # |h_i| <= |a_i| Q / 2 pi, since h_i = a_i . Q / 2 pi
    most = np.floor(np.linalg.norm(direct, axis=0) * high / (2 * np.pi) + 1e-9).astype(int)
    h = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in most], indexing="ij"), axis=-1).reshape(-1, 3)
    q = 2 * np.pi * np.linalg.norm(h @ reciprocal, axis=1)
    inside = (q >= max(low, 1e-9)) & (q <= high)
    h, q = h[inside], q[inside]
    if not len(h):
        return np.empty(0), np.empty(0, int)
    turned = np.einsum("ni,mij->mnj", h, np.rint(np.asarray(rotations)).astype(int))
    phase = np.asarray(translations, float) @ h.T
    absent = np.any(np.all(turned == h, axis=2) & (np.abs(phase - np.rint(phase)) > 1e-3), axis=0)
    q = np.sort(q[~absent])
    starts = np.flatnonzero(np.diff(q, prepend=-np.inf) > SAME_Q)
    counts = np.diff(np.append(starts, len(q)))
    return np.add.reduceat(q, starts) / counts if len(q) else q, counts


def reference_reflections(crystal: Crystal, high: float, least: float = 0.01) -> tuple[Array, Array]:
    """Q (1/angstrom, ascending) and relative intensity of the reflections a structure shows below ``high``.

    A guide for the eye, not a pattern: intensities are the sum of abs(F)^2 over the reflections of one Q, with atomic
    numbers in place of form factors, over Q^2 (the Lorentz factor of a powder at small angles). Weaker ones than
    ``least`` of the strongest are left out. Both arrays have shape (n,).
    """
    expanded = crystal.expand()
    electrons = np.array(
        [sum(share * atomic_number(element) for element, share in site.species) for site in crystal.sites]
    )
    reciprocal = 2 * np.pi * np.linalg.inv(expanded.lattice_matrix)
    reach = np.ceil(high * np.linalg.norm(expanded.lattice_matrix, axis=0) / (2 * np.pi)).astype(int)
    axes = [np.arange(-n, n + 1) for n in reach]
    hkl = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    q = np.linalg.norm(hkl @ reciprocal, axis=1)
    hkl, q = hkl[(q > 1e-6) & (q < high)], q[(q > 1e-6) & (q < high)]
    spread = np.trace(expanded.u_cartesian, axis1=1, axis2=2) / 3
    amplitude = electrons[expanded.site] * np.exp(-0.5 * np.outer(q**2, spread))
    factor = np.sum(amplitude * np.exp(2j * np.pi * hkl @ expanded.positions.T), axis=1)
    places, member = np.unique(np.round(q, 6), return_inverse=True)
    strength = np.bincount(member, np.abs(factor) ** 2) / places**2
    strength /= strength.max()
    return places[strength >= least], strength[strength >= least]


def envelope(r: Array, length: Array | float, tail: float = 0.0) -> Array:
    """What domains of a length (angstrom) and a tail (0 to 1) leave of pairs at distance r (angstrom)."""
    x = np.minimum(r / length, 1.0)
    sphere = 1.0 + x * (0.5 * x * x - 1.5)
    return sphere if tail == 0 else (1.0 - tail) * sphere + tail * np.exp(-1.5 * r / length)


class CosineTransform:
    """The transform from r to Q on fixed grids, so that the cosines are computed once.

    Parameters
    ----------
    q
        Grid, 1/angstrom, (n,).
    widest
        Largest distance of a reflection from a point of the grid, 1/angstrom.
    reach
        Where the transform ends, angstrom.
    """

    def __init__(self, q: Array, widest: float, reach: float) -> None:
        # Enough nodes for the fastest cosine, and for the envelope itself.
        nodes, weights = np.polynomial.legendre.leggauss(int(reach * widest / np.pi) + 48)
        self.r = 0.5 * reach * (nodes + 1.0)
        self.weights = 0.5 * reach / np.pi * weights
        # Counted from the middle: cosines of small numbers are cheaper.
        self.middle = float(np.mean(q))
        at = np.outer(q - self.middle, self.r)
        self.cosine, self.sine = np.cos(at), np.sin(at)

    def profiles(self, centres: Array, length: Array | float, deviation: Array, tail: float) -> Array:
        """As :func:`profiles`; the length may be one for each reflection, (m,)."""
        r = self.r[:, None]
        damped = self.weights[:, None] * envelope(r, length, tail) * np.exp(-0.5 * (r * deviation) ** 2)
        of = r * (centres - self.middle)
        return self.cosine @ (damped * np.cos(of)) + self.sine @ (damped * np.sin(of))


def profiles(q: Array, centres: Array, length: float, deviation: Array, tail: float = 0.0) -> Array:
    """Profiles of unit area of several reflections, (n, m), angstrom.

    Parameters
    ----------
    q, centres
        Grid (n,) and positions (m,), 1/angstrom.
    length
        D, angstrom.
    deviation
        Standard deviation of the Gaussian part, 1/angstrom, (m,).
    tail
        How much of the envelope is exponential, 0 to 1.
    """
    widest = float(max(abs(q[-1] - centres.min()), abs(centres.max() - q[0])))
    return CosineTransform(q, widest, _reach(length, float(np.min(deviation)), tail)).profiles(
        centres, length, deviation, tail
    )


def _reach(length: float, deviation: float, tail: float) -> float:
    size = length if tail == 0 else EXPONENTIAL_REACH * length
    return min(size, GAUSSIAN_REACH / max(deviation, 1e-9))


def full_width(length: float, deviation: float, tail: float = 0.0) -> float:
    """Full width at half maximum of the profile, 1/angstrom."""
    high = 2.4 * deviation + 12.0 / length
    transform = CosineTransform(np.zeros(1), high, _reach(length, deviation, tail))
    damped = transform.weights * envelope(transform.r, length, tail) * np.exp(-0.5 * (transform.r * deviation) ** 2)
    half = 0.5 * float(damped.sum())
    low = 0.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(damped @ np.cos(middle * transform.r)) > half else (low, middle)
    return low + high


@dataclass(frozen=True)
class WindowFit:
    """A window of a pattern as it is described by the phase's reflections, with or without a further one.

    calculated, background, side
        The whole, its smooth part, and the further reflection alone, intensity units, (n,).
    positions, areas
        Of the phase's reflections, 1/angstrom and intensity units / angstrom, (m,).
    length, strain, stretch, tail
        Of the profile: domains in angstrom, relative spread of spacings; relative shift of all positions; exponential
        part of the envelope.
    side_length, side_area
        Of the further reflection, angstrom and intensity units / angstrom; 0 without it.
    width, width_sd
        Full width at half maximum of the phase's reflections at the further one's place, 1/angstrom.
    chi_squared, degrees_of_freedom, misfit_factor
        Weighted sum of squares, with what is known beforehand; points less parameters in use; long-run variance of the
        weighted residual, at least 1, or without errors at least the variance itself.
    """

    calculated: Array
    background: Array
    side: Array
    positions: Array
    areas: Array
    length: float
    strain: float
    stretch: float
    tail: float
    side_length: float
    side_area: float
    width: float
    width_sd: float
    chi_squared: float
    degrees_of_freedom: int
    misfit_factor: float


@dataclass(frozen=True)
class ReflectionSearch:
    """A window described without and with a further reflection at one place.

    z
        Its excess over the standard error: the root of what it takes from chi-squared, in units of the misfit.
    area, area_sd
        Its area, intensity units / angstrom, and area / z, the error against which it is seen. The area itself is less
        certain where neighbours can take a share of it.
    """

    without: WindowFit
    having: WindowFit
    z: float
    area: float
    area_sd: float


@dataclass(frozen=True, eq=False)
class _Window:
    """What a fit needs to know of the window; sd is 1 where it is not known, smooth the background's terms (n, k)."""

    q: Array
    intensity: Array
    sd: Array
    known: bool
    positions: Array
    place: float
    length: float
    qdamp: float
    qbroad: float
    stretch: float
    smooth: Array
    transform: CosineTransform


def search_reflection(
    q: Array,
    intensity: Array,
    sd: Array | None,
    positions: Array,
    place: float,
    *,
    length: float,
    qdamp: float = 0.0,
    qbroad: float = 0.0,
    stretch: float = 0.01,
    degree: int = 4,
    tail: float = 0.1,
) -> ReflectionSearch:
    """Describe a window with the reflections of the known phases, without and with a further one.

    Whether the further one is there is judged by the fall of chi-squared, not by an intensity over its error: the
    neighbours' intensities may be zero in one fit and not in the other, which no error of a single fit knows. The
    fall counts in units of the long-run variance of the weighted residual (W. K. Newey, K. D. West, Econometrica 55
    (1987) 703) over one width of a reflection, where that is above one: a misfit of neighbouring points is not
    independent.

    Parameters
    ----------
    q, intensity, sd
        The window, 1/angstrom and intensity units, (n,); sd is None where there are no errors: they then follow from
        the residual.
    positions
        Reflections of the known phases, also those beyond the window whose tails reach into it, 1/angstrom, (m,).
    place
        Where the further reflection would be, 1/angstrom.
    length
        Length of the domains to start from, angstrom.
    qdamp, qbroad
        Resolution as in the refinement, 1/angstrom; qbroad is where the strain starts from.
    stretch
        How far, relatively, all positions together may be from those given; half of it is taken as a standard
        deviation.
    degree
        Of the polynomial that describes the background.
    tail
        Exponential part of the envelope to start from.

    Raises
    ------
    InputError
        If the place is outside the window, or the window has too few points.
    """
    order = np.argsort(q)
    q, intensity = np.asarray(q, float)[order], np.asarray(intensity, float)[order]
    if len(q) < 30:
        raise InputError(
            "too few points in the window of the side phase's reflection",
            place="key side_phase.window",
            found=f"{len(q)} points",
            expected="at least 30",
            advice="widen the window, or take one that the scan covers",
        )
    if not q[0] < place < q[-1]:
        raise InputError(
            "the side phase's reflection is outside the window",
            place="key side_phase.reflection_q",
            found=f"{place:g} 1/angstrom",
            expected=f"between {q[0]:.4g} and {q[-1]:.4g}",
        )
    known = sd is not None and bool(np.all(np.asarray(sd)[order] > 0))
    # Without errors the scatter of second differences is one, whose level the residual then corrects.
    scatter = float(np.std(np.diff(intensity, 2))) / np.sqrt(6.0)
    errors = np.asarray(sd, float)[order] if known else np.full(len(q), max(scatter, np.finfo(float).tiny))
    positions = np.asarray(positions, float)
    t = 2.0 * (q - q[0]) / (q[-1] - q[0]) - 1.0
    widest = max(q[-1] - positions.min(initial=place), positions.max(initial=place) - q[0]) * (1.0 + stretch)
    reach = _reach(LENGTH_FACTORS[1] * SIDE_LENGTH_FACTORS[1] * length, qdamp, 1.0)
    window = _Window(
        q=q,
        intensity=intensity,
        sd=errors,
        known=known,
        positions=positions,
        place=place,
        length=length,
        qdamp=qdamp,
        qbroad=qbroad,
        stretch=stretch,
        smooth=np.polynomial.chebyshev.chebvander(t, degree),
        transform=CosineTransform(q, widest, reach),
    )
    strain = min(qbroad, 0.5 * LARGEST_STRAIN)
    bare, without = _least([(length, strain, 0.0, tail)], window)
    # From where the fit without it ended, with domains as small as they may be and larger, and from where that one
    # began: a wrong phase leads the first astray. Then the fit without it from where that with it ended, or a better
    # place found only there would count as a reflection.
    more, having = _least([(*bare, 1.0), (*bare, 1.5), (length, strain, 0.0, tail, 1.5)], window)
    without = min(without, _least([more[:-1]], window)[1], key=lambda fit: fit.chi_squared)
    fall = max(without.chi_squared - having.chi_squared, 0.0) / having.misfit_factor
    z = float(np.sqrt(fall)) if having.side_area > 0 else 0.0
    return ReflectionSearch(without, having, z, having.side_area, having.side_area / z if z > 0 else 0.0)


def _least(starts: Sequence[tuple[float, ...]], window: _Window) -> tuple[tuple[float, ...], WindowFit]:
    """The best fit from starts of length, strain, stretch, tail and, with the further reflection, its length ratio."""
    from scipy.optimize import least_squares

    count = len(starts[0])
    lower = (LENGTH_FACTORS[0] * window.length, 0.0, -window.stretch, 0.0, SIDE_LENGTH_FACTORS[0])[:count]
    upper = (LENGTH_FACTORS[1] * window.length, LARGEST_STRAIN, window.stretch, 1.0, SIDE_LENGTH_FACTORS[1])[:count]
    scale = (0.1 * window.length, 0.01, 0.2 * window.stretch, 0.2, 0.5)[:count]
    inset = 1e-6 * np.subtract(upper, lower)

    def residual(p: Array) -> Array:
        return _linear(p, window)[0]

    def descent(start: ArrayLike) -> OptimizeResult:
        return least_squares(
            residual,
            np.clip(start, lower + inset, upper - inset),
            bounds=(lower, upper),
            x_scale=scale,
            # The linear part is solved anew at each step: below this, its rounding would be taken for a slope.
            diff_step=[1e-4] * count,
            ftol=TOLERANCE,
            xtol=TOLERANCE,
            gtol=TOLERANCE,
            max_nfev=40,
        )

    runs = []
    for start in starts:
        run = descent(start)
        # Where an intensity reaches zero the sum of squares has a kink. A descent ends there before the minimum, sooner
        # or later by the rounding of its last digits, so it is begun anew until it falls no further.
        for _ in range(DESCENTS - 1):
            last, run = run, min(run, descent(run.x), key=lambda one: one.cost)
            if run.cost >= last.cost * (1.0 - FALL):
                break
        runs.append(run)
    best = min(runs, key=lambda run: run.cost)
    at_bound = (best.x - lower < NEAR * np.subtract(upper, lower)) | (upper - best.x < NEAR * np.subtract(upper, lower))
    return tuple(map(float, best.x)), _described(best.x, np.asarray(scale), at_bound, window)


def _columns(p: Array, window: _Window) -> tuple[Array, Array, Array]:
    """The further reflection (n, 0 or 1), the phase's reflections (n, m), the background's terms (n, degree + 1)."""
    length, strain, stretch, tail = p[:4]
    centres, lengths = window.positions * (1.0 + stretch), np.full(len(window.positions), length)
    sides = len(p) - 4
    if sides:
        centres, lengths = np.append(window.place, centres), np.append(length * p[4], lengths)
    lines = window.transform.profiles(centres, lengths, np.hypot(window.qdamp, strain * centres), tail)
    return lines[:, :sides], lines[:, sides:], window.smooth


def _linear(p: Array, window: _Window) -> tuple[Array, Array, tuple[Array, Array, Array]]:
    """Weighted residual with what is known beforehand (n + 3,), the amplitudes that make it least, and the columns.

    Reflections and the mean background are not negative; the background's other terms have either sign, as a pair of
    columns.
    """
    from scipy.optimize import nnls

    side, lines, smooth = _columns(p, window)
    matrix = np.hstack([side, lines, smooth, -smooth[:, 1:]]) / window.sd[:, None]
    norms = np.linalg.norm(matrix, axis=0)
    norms[norms == 0] = 1.0
    target = window.intensity / window.sd
    amplitudes, _ = nnls(matrix / norms, target, maxiter=50 * matrix.shape[1])
    known = (
        (p[0] / window.length - 1.0) / LENGTH_SD,
        (p[1] - window.qbroad) / STRAIN_SD,
        p[2] / (0.5 * window.stretch),
    )
    return np.append((matrix / norms) @ amplitudes - target, known), amplitudes / norms, (side, lines, smooth)


def _slopes(p: Array, scale: Array, amplitudes: Array, window: _Window) -> Array:
    """Derivatives of the weighted residual, (n + 3, p), the amplitudes that are zero held there.

    Differences of residuals whose amplitudes are not negative would meet the kinks, and then mean nothing.
    """

    def residual(parameters: Array) -> Array:
        side, lines, smooth = _columns(parameters, window)
        used = np.hstack([np.hstack([side, lines])[:, amplitudes[: side.shape[1] + lines.shape[1]] > 0], smooth])
        used = used / window.sd[:, None]
        norms = np.linalg.norm(used, axis=0)
        norms[norms == 0] = 1.0
        target = window.intensity / window.sd
        known = (
            parameters[0] / window.length / LENGTH_SD,
            parameters[1] / STRAIN_SD,
            parameters[2] / (0.5 * window.stretch),
        )
        return np.append(used / norms @ np.linalg.lstsq(used / norms, target)[0] - target, known)

    steps = 1e-3 * scale * np.eye(len(p))
    return np.column_stack([(residual(p + step) - residual(p - step)) / (2.0 * step.sum()) for step in steps])


def _described(p: Array, scale: Array, at_bound: NDArray, window: _Window) -> WindowFit:
    """A fit's numbers in the field's terms; the parameters' scale, (p,), and which of them are at a bound, (p,)."""
    residual, amplitudes, (side, lines, smooth) = _linear(p, window)
    jacobian = _slopes(p, scale, amplitudes, window)
    chi_squared = float(residual @ residual)
    residual = residual[: len(window.q)]
    sides, many, terms = side.shape[1], lines.shape[1], smooth.shape[1]
    areas = amplitudes[sides : sides + many]
    polynomial = amplitudes[sides + many : sides + many + terms].copy()
    polynomial[1:] -= amplitudes[sides + many + terms :]
    background, further = smooth @ polynomial, side @ amplitudes[:sides]
    calculated = background + further + lines @ areas
    length, strain, stretch, tail = map(float, p[:4])
    deviation = float(np.hypot(window.qdamp, strain * window.place))
    width = full_width(length, deviation, tail)
    used = int(np.count_nonzero(areas)) + sides + terms + len(p)
    freedom = max(len(window.q) - used, 1)
    lag = int(width / np.median(np.diff(window.q)))
    # Residuals of a fit add up to less than independent ones: no less than what the errors say, or else the scatter.
    least = 1.0 if window.known else float(residual @ residual) / freedom
    misfit = max(long_run_variance(residual, lag) * len(residual) / freedom, least, np.finfo(float).tiny)
    # By length, strain and tail, those at a bound apart; the jacobian is that of the separated problem and so complete.
    free = np.flatnonzero(at_bound == 0)
    covariance = np.zeros((len(p), len(p)))
    if len(free):
        norms = np.linalg.norm(jacobian[:, free], axis=0)
        norms[norms == 0] = 1.0
        inner = np.linalg.pinv((jacobian[:, free] / norms).T @ (jacobian[:, free] / norms), rcond=1e-10, hermitian=True)
        covariance[np.ix_(free, free)] = inner / np.outer(norms, norms)
    slope = np.zeros(len(p))
    slope[0] = (full_width(1.001 * length, deviation, tail) - width) / (0.001 * length)
    more = float(np.hypot(window.qdamp, (strain + 1e-4) * window.place))
    slope[1] = (full_width(length, more, tail) - width) / 1e-4
    slope[3] = (full_width(length, deviation, tail + 1e-3) - width) / 1e-3
    variance = float(slope @ covariance @ slope) * misfit
    return WindowFit(
        calculated=calculated,
        background=background,
        side=further,
        positions=window.positions * (1.0 + stretch),
        areas=areas,
        length=length,
        strain=strain,
        stretch=stretch,
        tail=tail,
        side_length=length * float(p[4]) if sides else 0.0,
        side_area=float(amplitudes[0]) if sides else 0.0,
        width=width,
        width_sd=float(np.sqrt(max(variance, 0.0))),
        chi_squared=chi_squared,
        degrees_of_freedom=freedom,
        misfit_factor=misfit,
    )


def long_run_variance(residual: Array, lag: int) -> float:
    """Variance of the sum of neighbouring residuals per point: sum of autocovariances with falling weights.

    Parameters
    ----------
    residual
        Weighted residual, dimensionless, (n,).
    lag
        Points over which neighbours may depend on one another; their weights fall linearly to zero there.
    """
    size = len(residual)
    lag = min(max(lag, 0), size - 1)
    total = float(residual @ residual) / size
    for k in range(1, lag):
        total += 2.0 * (1.0 - k / lag) * float(residual[k:] @ residual[:-k]) / size
    return total
