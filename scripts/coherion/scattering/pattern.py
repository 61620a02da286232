"""A scan as the reduction sees it: checked intensities over Q."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coherion.errors import InputError
from coherion.messages import warn
from coherion.scattering.grids import momentum_transfer
from coherion.settings.stages.reduction import ReductionSettings

if TYPE_CHECKING:
    import xarray

Array = NDArray[Any]

WAVELENGTH_TOLERANCE = 5e-4
"""Relative: files and tables round a wavelength, but Ka1 and the Ka doublet of Mo differ by 2e-3."""


@dataclass(frozen=True)
class Pattern:
    """Intensity over Q.

    Attributes
    ----------
    q
        Increasing, 1/angstrom, shape (n,).
    intensity, intensity_sd
        In the scan's units, shape (n,).
    wavelength
        In angstrom, None if unknown (abscissa Q).
    time_per_point
        In s, None if unknown.
    kind
        ``counts``, ``counts_per_second`` or ``arbitrary``.
    name
        How messages call it.
    stated
        Whether the scan states standard deviations; if not, they are sqrt(intensity) times an unknown factor.
    abscissa
        What the scan was measured or integrated over, ``two_theta`` or ``q``.
    """

    q: Array
    intensity: Array
    intensity_sd: Array
    wavelength: float | None
    time_per_point: float | None
    kind: str
    name: str
    stated: bool = True
    abscissa: str = "two_theta"

    @property
    def step(self) -> float:
        """Mean spacing in Q, 1/angstrom."""
        return float(self.q[-1] - self.q[0]) / (len(self.q) - 1)

    @property
    def last_nonzero(self) -> float:
        """Q of the last point that is not zero: masked points at the end of a pattern are zero."""
        nonzero = np.flatnonzero(self.intensity)
        return float(self.q[nonzero[-1]])

    def upper_limit(self, qmaxinst: float | None) -> float:
        """Upper end of the range used, 1/angstrom: qmaxinst, or where the data end if that is lower or None.

        A qmaxinst that agrees with the end of the data in six digits, as the header of a file has it, means that
        end.
        """
        reach = self.last_nonzero
        if qmaxinst is None or abs(qmaxinst / reach - 1) < 5e-6:
            return reach
        return min(qmaxinst, reach)

    def at(self, index: NDArray[np.intp], weight: Array) -> Array:
        """Intensity interpolated with the neighbours and weights of :func:`grids.interpolation`."""
        left = self.intensity[index]
        return left + weight * (self.intensity[index + 1] - left)

    def sd_at(self, index: NDArray[np.intp], weight: Array) -> Array:
        """Stated standard deviation, interpolated between the points."""
        return (1 - weight) * self.intensity_sd[index] + weight * self.intensity_sd[index + 1]


def read_pattern(
    scan: xarray.Dataset, settings: ReductionSettings, *, name: str, wavelength: float | None = None
) -> Pattern:
    """The checked pattern of a scan.

    Parameters
    ----------
    scan
        Dataset with ``intensity`` and ``intensity_sd`` over ``two_theta`` (degree) or ``q`` (1/angstrom).
    settings
        Wavelength and zero.
    name
        How messages call the scan.
    wavelength
        Stands in where neither scan nor settings state one, angstrom.

    Raises
    ------
    InputError
        If values are not finite, the abscissa does not increase, nothing was counted, or the wavelength of the
        settings is not the scan's.
    """
    abscissa = "q" if "q" in scan.dims else "two_theta"
    if abscissa not in scan.dims or "intensity" not in scan:
        raise InputError("not a scan", place=name, found=list(scan.dims), expected="intensity over two_theta or q")
    x = np.asarray(scan[abscissa].values, dtype=float)
    y = np.asarray(scan["intensity"].values, dtype=float)
    stated = "intensity_sd" in scan
    sd = np.asarray(scan["intensity_sd"].values, dtype=float) if stated else np.sqrt(np.abs(y))
    _check_values(x, y, sd, name, abscissa)
    states = scan.attrs.get("wavelength")
    states = None if states is None else float(states)
    chosen = settings.wavelength
    if states is not None and chosen is not None and abs(states / chosen - 1) > WAVELENGTH_TOLERANCE:
        raise InputError(
            "the wavelength of the settings is not the scan's",
            place=name,
            found=f"settings {chosen:g}, scan {states:g} angstrom",
            advice="correct the wavelength in the table or leave it out",
        )
    known = chosen or states or wavelength
    if abscissa == "two_theta":
        if known is None:
            raise InputError(
                "states no wavelength",
                place=name,
                expected="the wavelength in angstrom",
                advice="state it in the column wavelength_A of the table of scans, or as reduction.wavelength",
            )
        if x[-1] - settings.two_theta_zero > 180:
            raise InputError("2theta beyond 180 degrees", place=name, found=f"{x[-1]:g}")
        x = momentum_transfer(x, known, zero=settings.two_theta_zero)
        if x[0] < 0:
            start = int(np.searchsorted(x, 0.0))
            x, y, sd = x[start:], y[start:], sd[start:]
            if np.count_nonzero(y) < 16:
                raise InputError(
                    "hardly any point lies beyond the primary beam",
                    place=f"{name}, key two_theta_zero",
                    found=f"{settings.two_theta_zero:g} degrees, {len(y)} points beyond",
                )
    elif known is not None and x[-1] > 4 * np.pi / known:
        raise InputError(
            "Q beyond what the wavelength can reach",
            place=name,
            found=f"Q = {x[-1]:g} 1/angstrom at {known:g} angstrom",
            expected=f"at most {4 * np.pi / known:.4g}",
            advice="check the wavelength and whether the abscissa is Q in 1/angstrom",
        )
    time = scan.attrs.get("time_per_point")
    return Pattern(
        x,
        y,
        sd,
        known,
        None if time is None else float(time),
        scan.attrs.get("intensity_kind", "arbitrary"),
        name,
        abscissa=abscissa,
    )


def _check_values(x: Array, y: Array, sd: Array, name: str, abscissa: str) -> None:
    for values, what in ((x, abscissa), (y, "intensity"), (sd, "intensity_sd")):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise InputError(
                f"{what} is not a number in {len(bad)} of {len(values)} points",
                place=f"{name}, point {bad[0] + 1}, {abscissa} = {x[bad[0]]:g}",
                found=values[bad[0]],
                advice="mask or measure these points again",
            )
    if len(x) < 16:
        raise InputError("too few points for a reduction", place=name, found=len(x), expected="at least 16")
    falls = np.flatnonzero(np.diff(x) <= 0)
    if len(falls):
        raise InputError(
            f"{abscissa} does not increase",
            place=f"{name}, point {falls[0] + 2}",
            found=f"{x[falls[0] + 1]:g} after {x[falls[0]]:g}",
        )
    negative = np.flatnonzero(sd < 0)
    if len(negative):
        raise InputError("negative standard deviation", place=f"{name}, point {negative[0] + 1}", found=sd[negative[0]])
    if np.count_nonzero(y) < 16:
        raise InputError("nothing was counted", place=name, found=f"{np.count_nonzero(y)} points that are not zero")


def check_pair(sample: Pattern, background: Pattern | None, settings: ReductionSettings) -> None:
    """Refuse a pair of patterns, or a range, that cannot be reduced.

    Raises
    ------
    InputError
        If qmax lies beyond the data or qmin leaves nothing, the wavelengths or kinds of intensity of sample and
        background differ, or the background does not cover the sample's range.
    """
    step = sample.step
    reach = sample.last_nonzero
    if settings.highest_q > reach + step:
        raise InputError(
            "qmax lies beyond the data",
            place=f"{sample.name}, key qmax",
            found=f"{settings.highest_q:g}",
            expected=f"at most {np.floor(reach * 1e3) / 1e3:g} 1/angstrom, where the data end",
        )
    if settings.highest_q - max(settings.qmin, float(sample.q[0])) < 16 * step:
        raise InputError(
            "the range of Q holds hardly any data",
            place=f"{sample.name}, keys qmin, qmax",
            found=f"{settings.qmin:g} to {settings.highest_q:g}",
            expected=f"a part of {sample.q[0]:.4g} to {reach:.4g} 1/angstrom",
        )
    if background is None:
        return
    if sample.wavelength is not None and background.wavelength is not None:
        ratio = sample.wavelength / background.wavelength
        if abs(ratio - 1) > WAVELENGTH_TOLERANCE:
            raise InputError(
                "sample and background have different wavelengths",
                place=f"{sample.name}, {background.name}",
                found=f"{sample.wavelength:g} and {background.wavelength:g} angstrom",
                advice="take a background measured with the sample's radiation",
            )
    if sample.kind != background.kind:
        raise InputError(
            "sample and background are not in the same units",
            place=f"{sample.name}, {background.name}",
            found=f"{sample.kind} and {background.kind}",
            advice="state intensity_kind for both, or take both as counts",
        )
    lowest = max(settings.qmin, float(sample.q[0]))
    highest = sample.upper_limit(settings.qmaxinst)
    covers_low = background.q[0] <= lowest + step
    covers_high = background.q[-1] >= highest - step
    if not (covers_low and covers_high):
        raise InputError(
            "the background does not cover the sample",
            place=f"{sample.name}, {background.name}",
            found=f"background {background.q[0]:.4g} to {background.q[-1]:.4g} 1/angstrom",
            expected=f"at least {lowest:.4g} to {highest:.4g}",
            advice="measure it over the whole range, or narrow qmin and qmaxinst",
        )
    times = (sample.time_per_point, background.time_per_point)
    if None not in times and sample.kind == "counts" and settings.background_scale == 1.0 and times[0] != times[1]:
        warn(
            f"{sample.name} was counted {times[0]:g} s and {background.name} {times[1]:g} s per point, but the "
            "background scale is 1: set background_scale to time"
        )
