"""What the reduction may be told: one frozen dataclass, the paper's values as defaults."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coherion.errors import InputError
from coherion.scattering.composition import parse_formula

AG_KALPHA1 = 0.5594
"""Wavelength of the paper's radiation, angstrom."""

CORRECTIONS = ("polarisation", "absorption", "compton", "fluorescence", "dispersion")
"""What a laboratory pattern needs beyond PDFgetX3's steps; each may be switched on by name."""

MONOCHROMATORS = {"Ge111": 3.26660, "Si111": 3.13560, "graphite002": 3.354}
"""Spacing d of the reflecting planes at room temperature in angstrom (Ge: a = 5.65791; Si: a = 5.43102)."""

MOST_POINTS = 1_000_000
# The covariance of so many distances takes 200 MB, and a few times that while it is made.
MOST_DISTANCES = 5_000
MOST_DEGREE = 60


@dataclass(frozen=True)
class ReductionSettings:
    """Settings of one reduction.

    Attributes
    ----------
    composition
        Formula of the sample, such as ``Na2.5In0.5Zr0.5Cl6``. Always needed.
    wavelength
        In angstrom. None: the scan's own, and where the scan states none, the paper's Ag Ka1, 0.5594.
    two_theta_zero
        Position of the primary beam on the scale of the scan, degrees; subtracted from 2theta.
    background_scale
        Factor on the background's intensities; ``estimate`` finds it from the data, ``time`` takes the ratio of
        the counting times of sample and background.
    qmin, qmax
        Range of the Fourier transform, 1/angstrom. The paper states qmax = 13; qmin is ours: below 0.5 lie the
        beam stop and nothing of the sample.
    qmaxinst
        Upper end of the range used for the scale and the polynomial, 1/angstrom. None: as far as the data reach.
    rpoly
        r below which the correction polynomial may take signal out, angstrom; its degree is
        rpoly (Q range)/pi, fractions included.
    rmin, rmax, rstep
        Grid of G(r), angstrom.
    lorch
        Whether F(Q) is multiplied with Lorch's window before the transform.
    corrections
        Names from ``polarisation, absorption, compton, fluorescence, dispersion``, as a list or a text with
        commas; ``all`` for all of them and ``none`` for PDFgetX3's steps alone.
    monochromator
        Crystal (``Ge111``, ``Si111``, ``graphite002``), ``none``, or the monochromator's angle 2theta in degrees.
    density
        Mass density of the sample's solid, without pores, g/cm^3. Needed for the absorption unless ``mu_r`` is
        given; if known, the level of G at low r enters the absolute scale.
    packing
        Fraction of the capillary's inside that the solid fills, 0 to 1.
    mu_r
        Absorption coefficient of the packed sample times the inner radius, dimensionless. None: from
        composition, density, packing and radius.
    capillary_diameter
        Outer diameter, mm.
    capillary_wall
        Thickness of the wall, mm. 0: the container absorbs nothing.
    capillary_composition, capillary_density
        Formula and density (g/cm^3) of the glass.
    fluorescence
        ``fit``, or the constant itself in the intensity units of the sample's scan.
    noise_correlation
        ``measured``: ratio of variance and correlation of neighbouring points are measured in the scan's smooth
        regions; ``none``: points are independent with the stated standard deviations.
    covariance
        Whether standard deviations and the covariance of G are computed.
    """

    composition: str = ""
    wavelength: float | None = None
    two_theta_zero: float = 0.0
    background_scale: float | str = 1.0
    qmin: float = 0.5
    qmax: float = 13.0
    qmaxinst: float | None = None
    rpoly: float = 0.9
    rmin: float = 0.0
    rmax: float = 100.0
    rstep: float = 0.01
    lorch: bool = False
    corrections: tuple[str, ...] = ()
    monochromator: str | float = "Ge111"
    density: float | None = None
    packing: float = 0.6
    mu_r: float | None = None
    capillary_diameter: float = 0.5
    capillary_wall: float = 0.01
    capillary_composition: str = "SiO2"
    capillary_density: float = 2.2
    fluorescence: float | str = "fit"
    noise_correlation: str = "measured"
    covariance: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "corrections", _corrections(self.corrections))
        _check(self)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> ReductionSettings:
        """Settings from a configuration; keys not named keep their defaults.

        Raises
        ------
        InputError
            If a key is unknown, or a value is of the wrong kind or out of its range; the key is named.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for key in given:
            if key not in known:
                raise InputError(
                    "unknown setting of the reduction",
                    place=f"key {key}",
                    expected=", ".join(sorted(known)),
                )
        return cls(**given)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold."""
        return dataclasses.asdict(self) | {"corrections": list(self.corrections)}


def _corrections(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, str):
        given = [part for part in given.replace(",", " ").split() if part]
    if not isinstance(given, list | tuple):
        expected = "a list of names, or a text with commas"
        raise InputError("setting of the wrong kind", place="key corrections", found=given, expected=expected)
    names = tuple(given)
    if names == ("all",):
        return CORRECTIONS
    if names == ("none",):
        return ()
    for name in names:
        if name not in CORRECTIONS:
            raise InputError(
                "unknown correction",
                place="key corrections",
                found=repr(name),
                expected="all, none or " + ", ".join(CORRECTIONS),
            )
    return tuple(name for name in CORRECTIONS if name in names)


_POSITIVE = ("qmax", "rmax", "rstep", "capillary_diameter", "capillary_density")
_NOT_NEGATIVE = ("qmin", "rpoly", "rmin", "capillary_wall")
_OPTIONAL_POSITIVE = ("wavelength", "qmaxinst", "density")
_WORDS = {
    "background_scale": ("estimate", "time"),
    "monochromator": (*MONOCHROMATORS, "none"),
    "fluorescence": ("fit",),
}


def _check(settings: ReductionSettings) -> None:
    parse_formula(settings.composition, place="key composition")
    parse_formula(settings.capillary_composition, place="key capillary_composition")

    def refuse(key: str, expected: str) -> InputError:
        return InputError(
            "setting out of its range", place=f"key {key}", found=repr(getattr(settings, key)), expected=expected
        )

    def number(key: str) -> float:
        value = getattr(settings, key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise refuse(key, "a finite number")
        return float(value)

    for key in _POSITIVE:
        if number(key) <= 0:
            raise refuse(key, "a number above 0")
    for key in _NOT_NEGATIVE:
        if number(key) < 0:
            raise refuse(key, "a number not below 0")
    for key in _OPTIONAL_POSITIVE:
        if getattr(settings, key) is not None and number(key) <= 0:
            raise refuse(key, "a number above 0")
    if abs(number("two_theta_zero")) > 90:
        raise refuse("two_theta_zero", "degrees, -90 to 90")
    if settings.mu_r is not None and number("mu_r") < 0:
        raise refuse("mu_r", "a number not below 0")
    if not 0 < number("packing") <= 1:
        raise refuse("packing", "a fraction above 0 and at most 1")
    for key, words in _WORDS.items():
        value = getattr(settings, key)
        if isinstance(value, str):
            if value not in words:
                raise refuse(key, f"a number or {', '.join(words)}")
        elif number(key) < 0:
            raise refuse(key, "a number not below 0")
    for key in ("lorch", "covariance"):
        if not isinstance(getattr(settings, key), bool):
            raise refuse(key, "true or false")
    if settings.noise_correlation not in ("measured", "none"):
        raise refuse("noise_correlation", "measured or none")
    if settings.qmin >= settings.qmax:
        raise refuse("qmin", f"less than qmax = {settings.qmax:g}")
    if settings.qmaxinst is not None and settings.qmaxinst < settings.qmax * (1 - 1e-9):
        raise refuse("qmaxinst", f"not below qmax = {settings.qmax:g}")
    if settings.rmin >= settings.rmax:
        raise refuse("rmin", f"less than rmax = {settings.rmax:g}")
    if (settings.rmax - settings.rmin) / settings.rstep > MOST_POINTS:
        raise refuse("rstep", f"a grid of at most {MOST_POINTS} points")
    if settings.covariance and settings.rmax * settings.qmax / math.pi > MOST_DISTANCES:
        reach = MOST_DISTANCES * math.pi / settings.qmax
        raise refuse("rmax", f"at most {reach:.4g} angstrom where qmax = {settings.qmax:g}, or covariance: false")
    if settings.rpoly * settings.qmax / math.pi > MOST_DEGREE:
        raise refuse("rpoly", f"a polynomial of degree rpoly qmax/pi up to {MOST_DEGREE}")
    if 2 * settings.capillary_wall >= settings.capillary_diameter:
        raise refuse("capillary_wall", f"less than half the diameter, {settings.capillary_diameter:g} mm")
