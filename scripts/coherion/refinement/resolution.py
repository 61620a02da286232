"""Instrument resolution of G(r) from the refinement of a standard: its constant part and the one that grows with Q.

G(r) falls off as exp(-(qdamp r)^2/2), and its peaks broaden: in the ``exact`` convention by the added variance
``qslope_squared`` r^2, which holds for a sample of any displacements; in the ``pdffit`` convention, for parity, as
sigma^2 = sigma'^2 (1 + qbroad^2 r^2) (C. L. Farrow et al., J. Phys.: Condens. Matter 19 (2007) 335219). The structure
of the standard is refined together with them, without an envelope: its grains are taken as large and without strain.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion import __version__
from coherion.as_read import digest_as_read, took
from coherion.data.netcdf import write_text
from coherion.errors import InputError
from coherion.messages import warn
from coherion.refinement.parameters import OF_PHASE

if TYPE_CHECKING:
    from coherion.crystal.crystal import Crystal
    from coherion.refinement.observed import Observed
    from coherion.refinement.recipe import RecipeResult
    from coherion.settings.stages.resolution import StandardSettings

UNITS = {name: symbol.unit for name, symbol in OF_PHASE.items() if symbol.kind == "resolution"}
NAMES = tuple(UNITS)


@dataclass(frozen=True)
class Resolution:
    """qdamp and qbroad in 1/angstrom and qslope_squared with standard uncertainties.

    The uncertainties are scaled by the root of reduced chi-squared. ``correlation`` is that of qdamp with the part that
    grows with Q. ``standard`` names the structure, ``rw`` is the residual of its refinement, ``lattice_parameter`` its
    a in angstrom, to hold against a certificate. ``grain_inverse_length`` (1/angstrom) is that of the standard's own
    grains, read as spheres, and ``grain_gain`` by how much they lower AICc, 0 where nothing was asked
    (:func:`coherion.refinement.readings.grains_of`).
    """

    qdamp: float
    qdamp_sd: float
    qbroad: float
    qbroad_sd: float
    qslope_squared: float
    qslope_squared_sd: float
    correlation: float
    rw: float
    chi_squared_reduced: float
    standard: str
    lattice_parameter: float
    lattice_parameter_sd: float
    origin: str
    grain_inverse_length: float = 0.0
    grain_inverse_length_sd: float = 0.0
    grain_gain: float = 0.0

    def __post_init__(self) -> None:
        for name in (part for own in NAMES for part in (own, f"{own}_sd")):
            value, least = getattr(self, name), -1 if name == "qslope_squared" else 0
            if not (isinstance(value, int | float) and math.isfinite(value) and least <= value <= 1):
                raise InputError(
                    "not a usable resolution", place=name, found=value, expected=f"{least} to 1 {UNITS.get(name, '')}"
                )
        for name, kind in self.__dataclass_fields__.items():
            if kind.type == "float" and not isinstance(getattr(self, name), int | float):
                raise InputError("not a number", place=name, found=getattr(self, name), expected="a number")
        if self.origin not in ("measured", "simulated") or not isinstance(self.standard, str):
            raise InputError(
                "does not say what was measured",
                place="origin, standard",
                found=f"{self.origin}, {self.standard}",
                expected="measured or simulated, and the name of the standard",
            )
        if not (math.isfinite(self.correlation) and -1 <= self.correlation <= 1):
            raise InputError("not a correlation", place="correlation", found=self.correlation, expected="-1 to 1")

    def as_settings(self) -> dict[str, float]:
        """As settings of a refinement."""
        own = {part: getattr(self, part) for name in NAMES for part in (name, f"{name}_sd")}
        return own | {"resolution_correlation": self.correlation}


def resolution_of(
    parameters: tuple[str, ...],
    values: Mapping[str, float],
    covariance: np.ndarray,
    *,
    rw: float,
    chi_squared_reduced: float,
    standard: str,
    origin: str,
) -> Resolution:
    """The resolution that a refinement found.

    Parameters
    ----------
    parameters
        Names of the n refined parameters.
    values
        Value of every parameter, qdamp and qbroad in 1/angstrom, a in angstrom.
    covariance
        Of the refined ones, scaled by reduced chi-squared, shape (n, n).
    rw, chi_squared_reduced, standard, origin
        Of the refinement.

    Raises
    ------
    InputError
        If nothing of the resolution was refined.
    """
    refined = parts_refined(parameters)
    sds = dict.fromkeys((*NAMES, "a"), 0.0)
    for name in sds:
        if name in parameters:
            i = parameters.index(name)
            sds[name] = float(np.sqrt(max(covariance[i, i], 0.0)))
        elif name == "qdamp" or (name in NAMES and values.get(name) and len(refined) < 2):
            warn(f"{name} was not refined; it is taken as exact")
    correlation = 0.0
    slopes = [name for name in refined if name != "qdamp"]
    if "qdamp" in refined and len(slopes) == 1 and sds["qdamp"] * sds[slopes[0]] > 0:
        i, j = parameters.index("qdamp"), parameters.index(slopes[0])
        correlation = float(np.clip(covariance[i, j] / (sds["qdamp"] * sds[slopes[0]]), -1.0, 1.0))
    own = {name: float(values.get(name, 0.0)) for name in NAMES}
    return Resolution(
        **own,
        **{f"{name}_sd": sds[name] for name in NAMES},
        correlation=correlation,
        rw=float(rw),
        chi_squared_reduced=float(chi_squared_reduced),
        standard=standard,
        lattice_parameter=float(values.get("a", math.nan)),
        lattice_parameter_sd=sds["a"],
        origin=origin,
    )


def parts_refined(parameters: Sequence[str]) -> list[str]:
    """Which of the refined parameters are the resolution's; InputError where none is."""
    refined = [name for name in NAMES if name in parameters]
    if not refined:
        raise InputError(
            f"the refinement of the standard frees none of {', '.join(NAMES)}",
            place="key stages",
            advice='add a stage with "free": ["qdamp", "qslope_squared"]',
        )
    return refined


def refine_standard(
    crystal: Crystal,
    observed: Observed,
    settings: StandardSettings,
    say: Callable[[str], None],
    *,
    grains: bool = True,
) -> tuple[RecipeResult, Resolution]:
    """The refinement of a standard, and the resolution that it gives.

    ``grains`` asks whether its own grains are small besides, which takes a second refinement.

    Raises
    ------
    InputError
        As :func:`coherion.refinement.recipe.run_recipe` and :func:`resolution_of` do.
    """
    from coherion.refinement.readings import grains_of
    from coherion.refinement.recipe import run_recipe

    found = run_recipe([crystal], observed, settings, say=say)
    resolution = resolution_of(
        found.result.parameters,
        found.result.values,
        found.covariance(scaled=True),
        rw=found.rw,
        chi_squared_reduced=found.chi_squared_reduced,
        standard=crystal.name,
        origin=observed.origin,
    )
    if grains:
        inverse, sd, gain = grains_of(found)
        resolution = replace(resolution, grain_inverse_length=inverse, grain_inverse_length_sd=sd, grain_gain=gain)
    return found, resolution


def write_resolution(
    path: str | os.PathLike[str], found: Resolution, *, sources=(), settings: Mapping[str, Any] | None = None
) -> None:
    """Write a resolution as JSON with its sources, whole."""
    content = asdict(found) | {
        "units": UNITS,
        "sources": {Path(s).name: digest_as_read(s) for s in sources},
        "settings": dict(settings or {}),
        "version": __version__,
    }
    write_text(path, json.dumps(content, indent=1, sort_keys=True) + "\n")


def read_resolution(path: str | os.PathLike[str]) -> Resolution:
    """Read a resolution that :func:`write_resolution` wrote.

    Raises
    ------
    InputError
        If the file is not JSON, lacks a number, or holds one that is impossible.
    """
    names = list(Resolution.__dataclass_fields__)
    try:
        content = json.loads(took(path, Path(path).read_bytes()))
        taken = {name: content[name] for name in names if name in content}
        return Resolution(**taken)
    except InputError as problem:
        raise InputError(
            problem.what, file=path, place=problem.place, found=problem.found, expected=problem.expected
        ) from None
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError) as problem:
        raise InputError(
            "resolution cannot be read",
            file=path,
            found=f"{type(problem).__name__}: {problem}",
            expected=f"JSON with {', '.join(names)}",
            advice="let refine_standard write it anew",
        ) from problem
