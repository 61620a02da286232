"""Size and strain from the widths of reflections: the instrument's profile from a standard, then the sample's.

The diameter D of the spheres is that of G(r)'s envelope: -3/2 over the slope of the common volume at r = 0, for other
shapes the mean diameter weighted by area. The apparent size of Scherrer, weighted by volume, is 3/4 D, and the integral
breadth of the size part 2 pi / (3/4 D) in 1/angstrom. The microstrain is the rms e of relative distances: its part of
the profile is a Gaussian of standard deviation e Q and integral breadth sqrt(2 pi) e Q; TOPAS' e0, for which
beta = 4 e0 tan(theta) in radian, is e sqrt(2 pi) / 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coherion.crystal.crystal import Crystal
from coherion.crystal.reflections import long_run_variance
from coherion.crystal.structure_factors import reflection_areas
from coherion.crystal.symmetry import orthogonalisation
from coherion.errors import InputError
from coherion.refinement.reflection_widths.pattern import PROFILE, Pattern, PatternFit, fit_pattern

Array = NDArray[np.float64]

INSTRUMENT = PROFILE[:5]
# Reflections this far beyond the range reach into it, 1/angstrom.
MARGIN = 0.3
# Weaker ones than this share of the strongest are left to the floor of the groups.
FAINTEST = 1e-5
# Memory goes with their number; a cell of 2000 cubic angstrom has as many up to 4 1/angstrom.
MOST = 2000
# Zero point known beforehand to this, degrees of 2theta; cell lengths relatively, angles in degrees.
ZERO_SD, LENGTH_SD, ANGLE_SD = 0.02, 0.01, 1.0
# Full width of the sphere's profile times its diameter.
SPHERE_WIDTH = 7.0
# Misfit from which log-normal diameters are tried, where their spread starts, and by how much chi-squared, in units of
# the misfit, must fall for them to count.
ANOTHER_SHAPE, FIRST_SPREAD, NEEDED = 1.5, 0.3, 4.0


@dataclass(frozen=True, eq=False)
class InstrumentProfile:
    """The profile of a standard: u, v, w, x, y of :mod:`.pattern`, their covariance (5, 5), and the fit.

    zero, zero_sd
        Zero point, degrees of 2theta, with the cell free.
    misfit_factor
        Long-run variance of the weighted residual, at least 1; the covariance contains it.
    """

    values: Array
    covariance: Array
    zero: float
    zero_sd: float
    misfit_factor: float

    def deviation(self, q: Array) -> Array:
        """Standard deviation of the Gaussian part, 1/angstrom, shape of q."""
        u, v, w = self.values[:3]
        return np.sqrt(np.maximum(u + v * q + w * q**2, 0.0))


@dataclass(frozen=True, eq=False)
class ReflectionWidths:
    """What the reflections of a sample say.

    inverse_length, microstrain_squared
        1/L of the diameter (1/angstrom), e^2.
    covariance
        Of the two, (2, 2), with the misfit and the instrument's part.
    q, observed, calculated, background
        The fit, 1/angstrom, (n,).
    spread
        Of log-normal diameters where spheres of one diameter do not describe the reflections, else 0.
    misfit_factor, chi_squared
        Long-run variance of the weighted residual, at least 1; chi-squared per point.
    reflections
        How many there are.
    cell
        Free lattice parameters by name, angstrom and degrees.
    zero, zero_sd
        Zero point, degrees of 2theta, with the cell free.
    converged
        Whether the fit came to its end.
    """

    inverse_length: float
    microstrain_squared: float
    covariance: Array
    q: Array
    observed: Array
    calculated: Array
    background: Array
    spread: float
    misfit_factor: float
    chi_squared: float
    reflections: int
    cell: dict[str, float]
    zero: float
    zero_sd: float
    converged: bool


def _terms(q: Array, spacing: float) -> Array:
    """Cubic B-splines with knots at about this spacing, (n, k)."""
    from scipy.interpolate import BSpline

    knots = np.linspace(q[0], q[-1], max(round((q[-1] - q[0]) / spacing), 2) + 1)
    padded = np.concatenate([[q[0]] * 3, knots, [q[-1]] * 3])
    return BSpline.design_matrix(q, padded, 3).toarray()


def _pattern(
    crystal: Crystal,
    curve: tuple[Array, Array, Array],
    limits: tuple[float, float],
    wavelength: float,
    *,
    freedom: float,
    knots: float,
    width: float,
    trend: int,
    dispersion: Mapping[str, complex] | None,
) -> tuple[Pattern, list[float], list[float], tuple[str, ...]]:
    """The pattern to fit, with start and knowledge of the position's parameters: free cell, then zero point."""
    q, values, sd = curve
    inside = (q >= limits[0]) & (q <= limits[1]) & (sd > 0)
    if np.count_nonzero(inside) < 100 or np.ptp(np.diff(q[inside])) > 1e-6:
        raise InputError(
            "too few points for the widths of reflections",
            found=f"{np.count_nonzero(inside)} with errors between {limits[0]:g} and {limits[1]:g} 1/angstrom",
            expected="at least 100, evenly spaced",
        )
    q, values, sd = q[inside], values[inside], sd[inside]
    hkl, places, areas = reflection_areas(crystal, max(q[0] - MARGIN, 0.05), q[-1] + MARGIN, dispersion=dispersion)
    if len(areas):
        strong = areas > FAINTEST * areas.max()
        hkl, places, areas = hkl[strong], places[strong], areas[strong]
    if len(areas) < 3:
        raise InputError(f"{crystal.name} has too few reflections in the range", found=len(areas), expected="3 or more")
    if len(areas) > MOST:
        raise InputError(
            f"{crystal.name} has too many reflections to part",
            found=len(areas),
            expected=f"at most {MOST}",
            advice="narrow reflection_widths.q_range",
        )
    form = crystal.structure.lattice

    def at(lattice: Array) -> Array:
        return 2 * np.pi * np.linalg.norm(hkl @ np.linalg.inv(orthogonalisation(lattice)), axis=1)

    def place(p: Array) -> tuple[Array, Array]:
        centres = at(form.apply(p[:-1]))
        slopes = np.empty((len(centres), len(p)))
        for k in range(len(p) - 1):
            moved = np.array(p[:-1])
            moved[k] += 1e-5
            slopes[:, k] = (at(form.apply(moved)) - centres) / 1e-5
        sine = np.minimum(centres * wavelength / (4 * np.pi), 1.0)
        slopes[:, -1] = 2 * np.pi / wavelength * np.sqrt(1 - sine**2) * np.pi / 180
        return centres + p[-1] * slopes[:, -1], slopes

    # A group ends where its first reflection is a quarter of a width away.
    groups, first, number = np.zeros(len(places), np.int64), places[0], 0
    for k, here in enumerate(places):
        if here - first > 0.25 * width:
            first, number = here, number + 1
        groups[k] = number
    expanded = crystal.expand()
    electrons = {s.label: sum(o for _, o in s.species) for s in crystal.sites}
    weight = np.array([electrons[crystal.sites[k].label] for k in expanded.site])
    spread = np.trace(expanded.u_cartesian, axis1=1, axis2=2) / 3
    names = form.free_names
    start = [crystal.parameters[name] for name in names] + [0.0]
    known = [LENGTH_SD * crystal.parameters[name] if name in "abc" else ANGLE_SD for name in names] + [ZERO_SD]
    pattern = Pattern(
        q=q,
        values=values,
        sd=sd,
        areas=areas,
        place=place,
        displacement=float(weight @ spread / weight.sum()),
        freedom=freedom,
        groups=groups,
        background=_terms(q, knots),
        trend=trend,
    )
    return pattern, start, known, names


def _misfit(pattern: Pattern, fit: PatternFit, width: float) -> float:
    lag = int(width / pattern.step)
    return max(1.0, long_run_variance(fit.residual, lag))


def instrument_profile(
    crystal: Crystal,
    curve: tuple[Array, Array, Array],
    wavelength: float,
    *,
    limits: tuple[float, float] = (1.2, 10.0),
    deviation: float = 0.01,
    dispersion: Mapping[str, complex] | None = None,
) -> InstrumentProfile:
    """The instrument's profile from a standard whose domains are large and unstrained.

    Parameters
    ----------
    crystal
        The standard.
    curve
        Q (1/angstrom), F(Q) and its standard deviations (1/angstrom), each (n,).
    wavelength
        angstrom.
    limits
        Range of Q, 1/angstrom; what the data do not reach is left out.
    deviation
        Standard deviation to start from, 1/angstrom.
    dispersion
        f' + i f'' by element, as for the reduction.
    """
    pattern, start, known, _ = _pattern(
        crystal, curve, limits, wavelength,
        freedom=10.0, knots=1.0, width=4 * pattern_step(curve), trend=1, dispersion=dispersion,
    )  # fmt: skip
    profile = [deviation**2, 0.0, 0.0, 0.01 * deviation, 0.0, 0.0, 0.0, 0.0]
    fit = fit_pattern(pattern, profile, INSTRUMENT, start, known, [0, -1, -1, 0, 0], [1, 1, 1, 1, 1])
    factor = _misfit(pattern, fit, 2.4 * deviation)
    covariance = fit.covariance * factor
    return InstrumentProfile(
        values=fit.parameters[:5],
        covariance=covariance[:5, :5],
        zero=float(fit.parameters[-1]),
        zero_sd=float(np.sqrt(covariance[-1, -1])),
        misfit_factor=factor,
    )


def pattern_step(curve: tuple[Array, Array, Array]) -> float:
    """Spacing of a curve's points, 1/angstrom."""
    return float(np.median(np.diff(curve[0])))


def sample_widths(
    crystal: Crystal,
    curve: tuple[Array, Array, Array],
    wavelength: float,
    instrument: InstrumentProfile,
    *,
    length: float = 100.0,
    microstrain_squared: float = 4e-6,
    limits: tuple[float, float] = (1.0, 4.0),
    freedom: float = 0.2,
    knots: float = 0.5,
    dispersion: Mapping[str, complex] | None = None,
) -> ReflectionWidths:
    """Diameter and microstrain from a sample's reflections, from two starts.

    Parameters
    ----------
    crystal
        As refined.
    curve, wavelength, dispersion
        As for :func:`instrument_profile`.
    length, microstrain_squared
        Where one of the starts is, angstrom and 1; the other is 60 angstrom without strain.
    limits
        Range of Q, 1/angstrom.
    freedom
        Relative standard deviation by which the areas of reflections may differ from the structure's.
    knots
        Spacing of the smooth part's knots, 1/angstrom.
    """
    middle = float(np.mean(limits))
    gaussian = 2.355 * float(np.sqrt(instrument.deviation(np.array([middle]))[0] ** 2))
    width = float(np.hypot(gaussian, SPHERE_WIDTH / length))
    pattern, start, known, names = _pattern(
        crystal, curve, limits, wavelength,
        freedom=freedom, knots=knots, width=width, trend=3, dispersion=dispersion,
    )  # fmt: skip
    # e^2 may come out negative, but not so that the whole width would.
    least = -0.5 * float(np.min(instrument.deviation(pattern.q) ** 2 / pattern.q**2))
    free = ("inverse_length", "microstrain_squared")
    starts = ((1 / length, max(microstrain_squared, least)), (1 / 60.0, 0.0))
    bounds = [1e-6, least], [0.2, 0.01]
    runs = [fit_pattern(pattern, [*instrument.values, *first, 0.0], free, start, known, *bounds) for first in starts]
    fit = min(runs, key=lambda run: run.cost)
    factor, spread = _misfit(pattern, fit, width), 0.0
    if factor > ANOTHER_SHAPE:
        # A sphere reads the large ones among them.
        begin = [*instrument.values, 1.15 * fit.parameters[0], max(0.2 * fit.parameters[1], least), FIRST_SPREAD]
        wide = [1e-6, least, 0.05], [0.2, 0.01, 1.0]
        other = fit_pattern(pattern, begin, (*free, "spread"), start, known, *wide)
        if fit.cost - other.cost > NEEDED * factor:
            fit, factor, spread = other, _misfit(pattern, other, width), float(other.parameters[2])
    shape = 3 if spread else 2
    covariance = fit.covariance[:2, :2] * factor
    held = fit.sensitivity[:2, :5]
    covariance = covariance + held @ instrument.covariance @ held.T
    return ReflectionWidths(
        inverse_length=float(fit.parameters[0]),
        microstrain_squared=float(fit.parameters[1]),
        covariance=covariance,
        q=pattern.q,
        observed=pattern.values,
        calculated=fit.calculated,
        background=fit.background,
        spread=spread,
        misfit_factor=factor,
        chi_squared=fit.chi_squared / len(pattern.q),
        reflections=len(pattern.areas),
        cell=dict(zip(names, fit.parameters[shape:-1].tolist(), strict=True)),
        zero=float(fit.parameters[-1]),
        zero_sd=float(np.sqrt(fit.covariance[-1, -1] * factor)),
        converged=fit.converged,
    )


def disagreement(values: Array, covariance: Array, others: Array, others_covariance: Array) -> float:
    """Chi-squared, two degrees of freedom, of 1/L and e^2 from two sources, (2,), with their covariances (2, 2)."""
    gap = values - others
    total = covariance + others_covariance
    scale = np.sqrt(np.diag(total))
    return float((gap / scale) @ np.linalg.solve(total / np.outer(scale, scale), gap / scale))
