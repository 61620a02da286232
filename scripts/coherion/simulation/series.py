"""The series as its configuration file defines it: checked, and a stream of random numbers for every purpose."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from coherion.errors import InputError
from coherion.formats.tables import read_yaml

SECTIONS = (
    "seed",
    "conductivity_depends_on",
    "instrument",
    "atoms",
    "cryolite",
    "trigonal",
    "lanthanum_hexaboride",
    "spectra",
    "conductivity",
    "pellet",
    "packing_error",
    "samples",
    "standard",
    "background",
)
NAMES = ("conductivity_depends_on", "standard", "background")
CAUSES = ("coherence_length", "composition")


@dataclass(frozen=True)
class Sample:
    """What is asked of one sample.

    ``coherence_length`` and ``side_phase_length`` are diameters of domains in angstrom, ``side_phase`` the fraction
    of formula units in the trigonal phase, ``annealed_at`` in degC, ``activation_energy`` in eV where it is not that
    of the composition.
    """

    x: float
    coherence_length: float
    packing_fraction: float
    side_phase: float = 0.0
    side_phase_length: float = 0.0
    annealed_at: float | None = None
    activation_energy: float | None = None

    @classmethod
    def of(cls, series: Mapping[str, Any], name: str) -> Sample:
        """The sample of that name; InputError if the series has none or a key is not known."""
        samples = series["samples"]
        if name not in samples:
            raise InputError("a sample is not in the series", found=name, expected=", ".join(samples))
        unknown = set(samples[name]) - {f.name for f in fields(cls)}
        if unknown:
            raise InputError(
                "a sample of the simulated series has a key that is not known",
                place=f"key samples.{name}.{min(unknown)}",
                expected="one of " + ", ".join(f.name for f in fields(cls)),
            )
        return cls(**samples[name])


def read_simulation(path: str | os.PathLike[str], changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The series' configuration; ``changes`` replace whole top-level entries.

    Raises
    ------
    InputError
        If a section is missing or not known, a sample is malformed, or the cause of the conductivity is none.
    """
    series = dict(read_yaml(path) or {}) | dict(changes or {})
    for name in SECTIONS:
        if name not in series:
            raise InputError("a section is missing", file=path, place=f"key {name}")
    if unknown := set(series) - set(SECTIONS):
        raise InputError("a section is not known", file=path, place=f"key {min(unknown)}", expected=", ".join(SECTIONS))
    if series["conductivity_depends_on"] not in CAUSES:
        raise InputError(
            "the cause of the conductivity is not known",
            file=path,
            place="key conductivity_depends_on",
            found=series["conductivity_depends_on"],
            expected=" or ".join(CAUSES),
        )
    for key, value in series.items():
        if key not in NAMES:
            _refuse_text(value, key, path)
    for name in series["samples"]:
        Sample.of(series, name)
    return series


def _refuse_text(value: Any, key: str, path: str | os.PathLike[str]) -> None:
    inner: Any = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        _refuse_text(part, f"{key}.{name}", path)
    if isinstance(value, str):
        raise InputError(
            "not a number",
            file=path,
            place=f"key {key}",
            found=value,
            expected="a number",
            advice="YAML wants a point and a sign in an exponent, such as 2.0e+5",
        )


def stream(series: Mapping[str, Any], name: str, purpose: str) -> np.random.Generator:
    """Random numbers that depend on the series' seed, the sample and the purpose only."""
    return np.random.default_rng([series["seed"], zlib.crc32(name.encode()), zlib.crc32(purpose.encode())])
