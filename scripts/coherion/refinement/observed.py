"""The G(r) that a refinement is given: from a reduction or from a .gr file, with its Qmax and its errors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.atoms.composition import parse_formula
from coherion.errors import InputError
from coherion.messages import warn
from coherion.settings.stages.refinement import RefinementSettings

if TYPE_CHECKING:
    import xarray

# A number for Qmax that differs from the file's by less than this (1/angstrom) is the same number.
SAME_QMAX = 1e-3
# Share of the power of G(r) that may lie beyond Qmax: what a window leaks and interpolation adds. Files of PDFgetX3
# stay below 1e-6; the same files with a Qmax set 10 % too low are above 1e-4 (nearly all).
POWER_BEYOND = 3e-5
# Share of its scatter that the mean of a G(r) may be off zero: transforms that begin above Q = 0 have none.
OFF_ZERO = 0.25
# Below its first peak G(r) falls as -4 pi rho0 r and g(r) - 1 is constant. The first peak is that high (of the largest)
# and beyond what stands for r = 0 (angstrom); looked at is this part of the way to it. A constant is one whose scatter
# is below this share of it, and below this share of that of a line through zero. Published G(r) have ripples and wrong
# slopes there: of 23, those below 0.4 are closer to the line (1.2 and more).
FIRST_PEAK, NEAREST, BEFORE_PEAK, EVEN, EVENER, LEAST_BEFORE = 0.25, 0.7, (0.24, 0.8), 0.4, 0.8, 12
# 1/angstrom and 1/angstrom^2: beyond these a number was misread.
LARGEST_Q, LARGEST_G = 1e3, 1e100


@dataclass(frozen=True, eq=False)
class Observed:
    """An observed G(r).

    r, g
        Angstrom and 1/angstrom^2, shape (n,).
    sd
        Standard uncertainty of g, shape (n,), or None.
    nyquist, covariance
        Grid in angstrom, shape (m,), and covariance of G there, 1/angstrom^4, shape (m, m), or None.
    g_nyquist
        G on the grid ``nyquist`` itself, 1/angstrom^2, shape (m,), or None. ``g`` interpolates, as PDFgetX3 does, and
        differs from it by more than the counts' errors.
    dispersion
        f' + i f'' in electrons by element, where the reduction divided by them.
    composition
        Atoms by element of what the data were divided by; empty where nothing says it.
    qmax, qmin
        Where the Fourier transform ended and began, 1/angstrom.
    origin
        ``measured`` or ``simulated``.
    radiation
        ``xray`` or ``neutron``, or None where nothing says it.
    wavelength, temperature
        Angstrom and kelvin, None where nothing says them.
    reduced
        Whether it is a reduction of ours, so that nothing of it is another program's word.
    further
        G(r) of the same sample that are refined together with this one.
    """

    r: np.ndarray
    g: np.ndarray
    sd: np.ndarray | None
    nyquist: np.ndarray | None
    covariance: np.ndarray | None
    qmax: float
    origin: str
    file: str
    qmin: float = 0.0
    g_nyquist: np.ndarray | None = None
    dispersion: Mapping[str, complex] = field(default_factory=dict)
    composition: Mapping[str, float] = field(default_factory=dict)
    radiation: str | None = None
    wavelength: float | None = None
    temperature: float | None = None
    reduced: bool = False
    further: tuple[Observed, ...] = ()


def read_observed(path: str | os.PathLike[str], qmax: float | None = None) -> Observed:
    """Read a G(r) from the netCDF of a reduction or from a text file.

    Parameters
    ----------
    qmax
        What the user says it is, in 1/angstrom; must agree with the file.

    Raises
    ------
    InputError
        If the file holds no G(r), states another Qmax or none, or holds frequencies beyond it.
    """
    file = os.fspath(path)
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(8)
    except OSError as problem:
        raise InputError("G(r) cannot be read", file=file, found=problem) from problem
    if start.startswith((b"\x89HDF", b"CDF")):
        found, stated = _from_netcdf(file)
    else:
        found, stated = _from_text(file)
    if stated is None and qmax is None:
        raise InputError(
            "the Qmax of this G(r) is not known",
            file=file,
            place="header, key qmax",
            advice="set qmax in the settings of the refinement",
        )
    if stated is not None and qmax is not None and abs(stated - qmax) > SAME_QMAX:
        raise InputError(
            "the file was made with another Qmax than the settings say",
            file=file,
            place="header, key qmax",
            found=f"{stated:g} 1/angstrom",
            expected=f"{qmax:g} 1/angstrom",
            advice="correct the setting qmax, or leave it out to take the file's",
        )
    known = float(stated if stated is not None else qmax)  # type: ignore[arg-type]
    made = Observed(**found, qmax=known, file=file)
    _check_numbers(made)
    _check_frequencies(made)
    _warn_if_another_function(made)
    return made


def read_together(
    path: str | os.PathLike[str], further: Sequence[str | os.PathLike[str]], settings: RefinementSettings
) -> Observed:
    """Read a G(r) and those of the same sample that are refined together with it; see :func:`read_observed`."""
    own = [*(one.qmax for one in settings.further), *[None] * len(further)]
    others = tuple(read_observed(file, qmax) for file, qmax in zip(further, own, strict=False))
    return replace(read_observed(path, settings.qmax), further=others)


def observed_of(reduction: xarray.Dataset, name: str) -> Observed:
    """The G(r) of a reduction that was made just now and is in no file; ``name`` stands for the file in messages."""
    found, stated = _from_dataset(reduction, name)
    assert stated is not None
    return Observed(**found, qmax=stated, file=name)


def _from_netcdf(file: str) -> tuple[dict[str, Any], float | None]:
    from coherion.data.netcdf import read_dataset

    return _from_dataset(read_dataset(file, "reduce_scan"), file)


def _from_dataset(dataset: xarray.Dataset, file: str) -> tuple[dict[str, Any], float | None]:
    sd = dataset["pdf_sd"].values if "pdf_sd" in dataset else None
    nyquist = covariance = None
    if "pdf_covariance" in dataset:
        nyquist, covariance = dataset["r_nyquist"].values, dataset["pdf_covariance"].values
    origin = dataset.attrs.get("origin", "measured")
    try:
        stated, qmin, wavelength = (
            float(dataset.attrs[k]) if k in dataset.attrs else None for k in ("qmax", "qmin", "wavelength")
        )
        terms = json.loads(dataset.attrs.get("dispersion", "{}"))
        dispersion = {element: complex(*pair) for element, pair in terms.items()}
    except (TypeError, ValueError, AttributeError, RecursionError) as problem:
        raise InputError(
            "an attribute of the reduction is damaged",
            file=file,
            place="attributes qmax, qmin, wavelength, dispersion",
            found=problem,
            expected="what reduce_scan writes",
        ) from problem
    has_nyquist = "pdf_nyquist" in dataset and nyquist is not None
    return {
        "r": dataset["r"].values,
        "g": dataset["pdf"].values,
        "sd": sd,
        "nyquist": nyquist,
        "covariance": covariance,
        "origin": origin,
        "qmin": qmin or 0.0,
        "g_nyquist": dataset["pdf_nyquist"].values if has_nyquist else None,
        "dispersion": dispersion,
        "composition": _composition(str(dataset.attrs.get("composition", "")), file),
        "radiation": "xray",
        "wavelength": wavelength,
        "reduced": True,
    }, stated


def _composition(formula: str, file: str) -> dict[str, float]:
    """What the data were divided by, if the file says it in a way that can be read."""
    try:
        return parse_formula(formula) if formula.strip() else {}
    except InputError:
        warn(f"{file}: the composition {formula!r} cannot be read and is not used")
        return {}


def _from_text(file: str) -> tuple[dict[str, Any], float | None]:
    from coherion.data.pdf_text import read_pdf_text

    text = read_pdf_text(file)
    if text.kind == "fgr":
        raise InputError(
            "the second column is what a model gives, not what was measured",
            file=file,
            found="the table of a fit",
            expected="r and the observed G(r)",
            advice="give the .gr file that was fitted",
        )
    if text.kind not in ("gr", "unknown"):
        raise InputError("the file holds no G(r)", file=file, found=f"a .{text.kind} file", expected="a .gr file")
    try:
        stated = {key: text.number(key) for key in ("qmax", "qmin", "wavelength", "lambda", "temperature")}
    except InputError as problem:
        raise problem.in_file(file) from None
    words = " ".join([*text.header.values()])
    if "electron" in text.header.get("mode", "").lower():
        warn(f"{file}: made with electrons, whose scattering factors there are none of here; fitted as X-rays")
    origin = "simulated" if "SIMULATED" in words else "measured"
    return {
        "r": text.x,
        "g": text.y,
        "sd": text.dy,
        "nyquist": None,
        "covariance": None,
        "origin": origin,
        "qmin": stated["qmin"] or 0.0,
        "composition": _composition(text.header.get("composition", ""), file),
        "radiation": text.radiation,
        "wavelength": stated["wavelength"] or stated["lambda"],
        "temperature": stated["temperature"],
    }, stated["qmax"]


def _check_numbers(observed: Observed) -> None:
    """Refuse what a damaged file may hold in place of a G(r)."""

    def refuse(what: str, found: object, expected: str):
        raise InputError(what, file=observed.file, found=found, expected=expected)

    r, n = observed.r, observed.r.size
    grid = () if observed.nyquist is None else observed.nyquist.shape
    if not 0 < observed.qmax <= LARGEST_Q:
        refuse("Qmax makes no sense", observed.qmax, f"a number above 0, at most {LARGEST_Q:g} 1/angstrom")
    if r.ndim != 1 or n < 2 or r.dtype.kind not in "fiu" or not np.all(np.isfinite(r)) or not np.all(np.diff(r) > 0):
        refuse("r is no rising grid", f"{n} points", "two or more finite numbers that rise")
    of_r, of_nyquist = {"G(r)": observed.g, "sd of G(r)": observed.sd}, {"G on its own grid": observed.g_nyquist}
    for names, shape in ((of_r, r.shape), (of_nyquist, grid)):
        for name, values in names.items():
            if values is None:
                continue
            if values.shape != shape or values.dtype.kind not in "fiu":
                refuse(f"{name} is not one number for each point", f"shape {values.shape}", f"shape {shape}")
            if not np.all(np.abs(values) < LARGEST_G):
                refuse(f"{name} is not finite", f"{np.max(np.abs(values)):g}", "finite numbers")
    if observed.covariance is not None and observed.covariance.shape != 2 * grid:
        shape = observed.covariance.shape
        refuse("the covariance does not fit its grid", f"shape {shape}", f"shape {2 * grid}")


def _check_frequencies(observed: Observed) -> None:
    """Refuse a G(r) whose oscillations reach beyond its Qmax, or whose grid cannot hold them."""
    steps = np.diff(observed.r)
    step = float(np.median(steps))
    if step > np.pi / observed.qmax * (1 + 1e-6):
        raise InputError(
            "the grid of G(r) is too coarse for its Qmax",
            file=observed.file,
            found=f"steps of {step:.4g} angstrom",
            expected=f"at most pi/Qmax = {np.pi / observed.qmax:.4g} angstrom",
        )
    if np.ptp(steps) > 0.01 * step or len(observed.r) < 64:
        return  # a spectrum needs a uniform grid; the fit does not
    q, beyond = power_beyond(observed.r, observed.g)
    # The window widens every line by a few times 2 pi/range
    margin = 1.03 * observed.qmax + 4 * np.pi / float(np.ptp(observed.r))
    if margin < q[-1] and beyond[np.searchsorted(q, margin)] > POWER_BEYOND:
        reached = q[np.argmax(beyond < 1e-5)]
        raise InputError(
            "G(r) holds frequencies beyond its Qmax, so it was made with another one",
            file=observed.file,
            found=f"oscillations up to Q = {reached:.1f} 1/angstrom",
            expected=f"none beyond Qmax = {observed.qmax:g} 1/angstrom",
            advice="correct qmax in the file's header or in the settings",
        )
    reached = q[np.argmax(beyond < 1e-7)]
    if reached < 0.8 * observed.qmax:
        warn(
            f"{observed.file}: nothing of G(r) oscillates faster than Q = {reached:.1f} 1/angstrom, though Qmax is "
            f"{observed.qmax:g}; check qmax, or set the window if one was applied"
        )


def _warn_if_another_function(observed: Observed) -> None:
    """Tell where what stands as G(r) does not oscillate about zero: g(r), T(r), the radial distribution."""
    outer = observed.g[len(observed.g) // 2 :]
    mean = float(np.mean(outer))
    if len(outer) >= 64 and abs(mean) > OFF_ZERO * float(np.std(observed.g)):
        warn(
            f"{observed.file}: G(r) = 4 pi r (rho - rho0) oscillates about zero, this has a mean of {mean:.3g} over "
            "the outer half of r: if it is g(r), T(r) or the radial distribution, convert it first"
        )
    level = _level_before_first_peak(observed.r, observed.g)
    if level is not None:
        warn(
            f"{observed.file}: below its first peak G(r) = 4 pi r rho0 (g - 1) falls from zero in proportion to r, "
            f"this stays near {level:.3g}: if it is g(r) - 1, multiply it by 4 pi rho0 r first"
        )


def _level_before_first_peak(r: np.ndarray, g: np.ndarray) -> float | None:
    """What the data are before their first peak where they are constant there and below zero, else None."""
    far = r > NEAREST
    if not far.any():
        return None
    first = r[far][np.argmax(g[far] > FIRST_PEAK * g[far].max())]
    inside = (r > BEFORE_PEAK[0] * first) & (r < BEFORE_PEAK[1] * first)
    x, y = r[inside], g[inside]
    if x.size < LEAST_BEFORE or r[0] > BEFORE_PEAK[0] * first:
        return None
    # Weighed by r: what a transform has of ripples is divided by r in g(r) - 1.
    weight = x * x
    level = float(np.average(y, weights=weight))
    line = x * np.sum(weight * x * y) / np.sum(weight * weight)
    off_level, off_line = (np.sqrt(np.average(np.square(y - part), weights=weight)) for part in (level, line))
    return level if off_level < min(-EVEN * level, EVENER * off_line) else None


def power_beyond(r: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q (1/angstrom) and the share of the power of G(r) beyond it, dimensionless.

    The power spectrum of G under a Hann window, which keeps the ends of the range from leaking into high Q.

    Parameters
    ----------
    r, g
        Uniform grid in angstrom and G in 1/angstrom^2, shape (n,).
    """
    size = 4 * len(r)
    # The share does not depend on the scale of G, whose square may leave the range of numbers.
    power = np.abs(np.fft.rfft(np.hanning(len(r)) * (g / (np.max(np.abs(g)) or 1.0)), size)) ** 2
    q = 2 * np.pi * np.fft.rfftfreq(size, float(np.median(np.diff(r))))
    total = power.sum()
    return q, np.cumsum(power[::-1])[::-1] / (total if total > 0 else 1.0)


def radiation_of(observed: Observed, wanted: str | None) -> str:
    """What was scattered: as the data say, else as the settings say, else X-rays.

    Raises
    ------
    InputError
        If the settings say other than the data.
    """
    if wanted is not None and observed.radiation is not None and wanted != observed.radiation:
        raise InputError(
            "the file says that it was made with other radiation than the settings",
            file=observed.file,
            place="header",
            found=observed.radiation,
            expected=wanted,
            advice="correct the setting radiation, or leave it out to take the file's",
        )
    return observed.radiation or wanted or "xray"


def check_range(observed: Observed, fit_range: tuple[float, float]) -> None:
    """Refuse a fit range that the data do not cover.

    Raises
    ------
    InputError
        Naming the range of the data.
    """
    low, high = fit_range
    slack = float(np.median(np.diff(observed.r)))
    if low < observed.r[0] - slack or high > observed.r[-1] + slack:
        raise InputError(
            "the fit range lies outside the data",
            file=observed.file,
            place="key fit_range",
            found=f"{low:g} to {high:g} angstrom",
            expected=f"within {observed.r[0]:g} to {observed.r[-1]:g} angstrom",
        )
    refuse_short(fit_range, observed.qmax)


def refuse_short(fit_range: tuple[float, float], qmax: float, place: str = "key fit_range") -> None:
    """Refuse a fit range (angstrom) in which a G(r) of that Qmax (1/angstrom) has hardly an independent point."""
    low, high = fit_range
    count = int((high - low) * qmax / np.pi)
    if count < 3:
        raise InputError(
            "the fit range is too short",
            place=place,
            found=f"{low:g} to {high:g} angstrom, {count} independent points",
            expected="at least 3",
        )
