"""The series as its configuration file defines it: checked, and a stream of random numbers for every purpose."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from coherion.errors import InputError
from coherion.settings.configuration import read_yaml
from coherion.simulation.limits import refuse_impossible, refuse_impossible_samples

# What the file holds: a number, a list of so many (0: any number of) numbers, numbers by name, or a section of these.
NUMBER, NAME, SAMPLES = "a number", "a name", "samples with their keys"
Form = str | int | tuple[str, ...] | dict[str, Any]
ATOMS = ("M1", "Na1", "Na2", "Cl1", "Cl2", "Cl3")
FORM: dict[str, Form] = {
    "seed": NUMBER,
    "conductivity_depends_on": NAME,
    "instrument": (
        *("wavelength", "monochromator_spacing", "two_theta_begin", "two_theta_end", "two_theta_step", "hours"),
        *(
            "time_per_point",
            "capillary_outer_radius",
            "capillary_wall",
            "zero_error",
            "channel_pitch",
            "exposures",
        ),
        *("anomalous", "flux", "air", "beam_tail", "beam_tail_width", "dark", "fluorescence_leak"),
    ),
    "resolution": ("angular_width", "wavelength_spread"),
    "atoms": NUMBER,
    "cryolite": {
        **dict.fromkeys(("a", "b", "c", "beta", "occupancy_4e", "bond", "rotation_b", "rotation_c"), 0),
        **{"reference_cell": 6, "chlorine": dict.fromkeys(ATOMS[3:], 3), "sodium": 3, "u_iso": ATOMS, "delta2": NUMBER},
    },
    "trigonal": {
        **dict.fromkeys(("a", "c", "bond", "sodium_z", "delta2"), NUMBER),
        "u_iso": ("Zr1", "Na1", "Cl1"),
    },
    "lanthanum_hexaboride": {
        **dict.fromkeys(("a", "boron_x", "density", "packing_fraction"), NUMBER),
        "u_iso": ("La1", "B1"),
    },
    "spectra": {
        "temperatures": 0,
        **dict.fromkeys(
            (
                *(
                    "temperature_sd",
                    "frequency_high",
                    "frequency_low",
                    "points_per_decade",
                    "amplitude",
                    "permittivity",
                ),
                *("stray_capacitance", "alpha", "alpha_spread", "electrode_q", "electrode_n", "inductance", "noise"),
                *("noise_high", "noise_low", "current_noise", "resistance_spread", "drift", "drift_time"),
            ),
            NUMBER,
        ),
    },
    "conductivity": {
        **dict.fromkeys(("intercept", "length", "composition", "strain", "scatter"), NUMBER),
        "activation_energy": (),
    },
    "pellet": ("thickness", "thickness_spread", "thickness_sd", "diameter", "diameter_sd"),
    "packing_error": NUMBER,
    "samples": SAMPLES,
    "standard": NAME,
    "background": NAME,
}
SECTIONS = tuple(FORM)
#: A crystal of another kind in place of the cryolite: cell and occupancies as polynomials in x.
CRYSTAL: dict[str, Form] = {
    "name": NAME,
    "space_group": NAME,
    "cell": dict.fromkeys(("a", "b", "c", "alpha", "beta", "gamma"), 0),
    "sites": SAMPLES,
    "delta2": NUMBER,
}
SITE: dict[str, Form] = {"position": 3, "species": SAMPLES, "u_iso": NUMBER}
#: The same where directions differ: u11, u22, u33, u12, u13, u23 as the site's symmetry allows, angstrom^2.
ANISOTROPIC_SITE: dict[str, Form] = {"position": 3, "species": SAMPLES, "u_aniso": 6}
#: A second arc of the spectra, the grain boundaries': see :mod:`coherion.simulation.spectra`.
BOUNDARY = "grain_boundary"
BOUNDARY_KEYS = ("resistance", "activation_energy", "capacitance", "alpha")
REQUIRED = ("x", "coherence_length", "packing_fraction")
# As the schema of the tables has it: names become names of files.
NAMES_OF_SAMPLES = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"
CAUSES = ("coherence_length", "composition", "strain")


@dataclass(frozen=True)
class Sample:
    """What is asked of one sample.

    Attributes
    ----------
    coherence_length, size_spread
        Volume-weighted mean diameter of the domains (angstrom); standard deviation of its logarithm, log-normal.
    strain, strain_correlation
        Rms of the relative change of distances in the main phase; length (angstrom) over which the strain inside a
        domain is alike, 0 where each domain is uniform.
    glass
        Fraction of the atoms in a glass of the main phase's composition.
    side_phase, side_phase_length
        Fraction of formula units in the trigonal phase; diameter of its domains, angstrom.
    fault_probability, fault_slide
        Probability of a stacking fault between two cells along c; how far it slides along a, angstrom.
    contrast
        By which share of its density a domain differs from what lies around it: 0 in a dense powder, 1 in vacuum.
    zero_error
        What every angle written is too high by, degrees, beside the instrument's own.
    annealed_at, activation_energy
        degC; eV where it is not that of the composition.
    """

    x: float
    coherence_length: float
    packing_fraction: float
    size_spread: float = 0.0
    strain: float = 0.0
    strain_correlation: float = 0.0
    glass: float = 0.0
    side_phase: float = 0.0
    side_phase_length: float = 0.0
    fault_probability: float = 0.0
    fault_slide: float = 0.0
    contrast: float = 0.0
    zero_error: float = 0.0
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
    content = read_yaml(path)
    if not isinstance(content, Mapping):
        raise InputError("is no series", file=path, found=content, expected=f"keys {', '.join(SECTIONS)}")
    series = dict(content) | dict(changes or {})
    for name in SECTIONS:
        if name not in series:
            raise InputError("a section is missing", file=path, place=f"key {name}")
    if unknown := set(series) - {*SECTIONS, "crystal", BOUNDARY}:
        raise InputError(
            "a section is not known", file=path, place=f"key {min(map(str, unknown))}", expected=", ".join(SECTIONS)
        )
    if series["conductivity_depends_on"] not in CAUSES:
        raise InputError(
            "the cause of the conductivity is not known",
            file=path,
            place="key conductivity_depends_on",
            found=series["conductivity_depends_on"],
            expected=" or ".join(CAUSES),
        )
    for key, form in FORM.items():
        _check(series[key], form, key, path)
    if "crystal" in series:
        _check(series["crystal"], CRYSTAL, "crystal", path)
        for label, site in series["crystal"]["sites"].items():
            place = f"crystal.sites.{label}"
            _check(site, ANISOTROPIC_SITE if isinstance(site, Mapping) and "u_aniso" in site else SITE, place, path)
            for element, coefficients in site["species"].items():
                _check(coefficients, 0, f"crystal.sites.{label}.species.{element}", path)
    if BOUNDARY in series:
        _check(series[BOUNDARY], BOUNDARY_KEYS, BOUNDARY, path)
    if not series["samples"]:
        raise InputError("the series has no samples", file=path, place="key samples", expected="at least one")
    for name, sample in series["samples"].items():
        if not isinstance(name, str) or not re.fullmatch(NAMES_OF_SAMPLES, name):
            raise InputError(
                "not a name of a sample", file=path, place="key samples", found=name, expected="letters, digits, _.+-"
            )
        _check(sample, REQUIRED, f"samples.{name}", path)
        try:
            Sample.of(series, name)
        except InputError as problem:
            raise InputError(
                problem.what, file=path, place=problem.place, found=problem.found, expected=problem.expected
            ) from None
    refuse_impossible(series, path)
    refuse_impossible_samples(series, path)
    return series


def _check(value: Any, form: Form, key: str, path: str | os.PathLike[str]) -> None:
    """Refuse an entry that is not of its form (see :data:`FORM`), or holds text where numbers should be."""

    def refuse(found: object, expected: str, advice: str | None = None):
        raise InputError(
            "not of its form", file=path, place=f"key {key}", found=found, expected=expected, advice=advice
        )

    if form == NAME:
        if not isinstance(value, str):
            refuse(value, NAME)
    elif form == NUMBER:
        if isinstance(value, str):
            advice = "YAML wants a point and a sign in an exponent, such as 2.0e+5"
            raise InputError("not a number", file=path, place=f"key {key}", found=value, expected=NUMBER, advice=advice)
        if not isinstance(value, int | float):
            refuse(value, NUMBER)
    elif isinstance(form, int):
        if not isinstance(value, list) or not value or (form and len(value) != form):
            refuse(value, f"a list of {form or 'one or more'} numbers")
        for number, part in enumerate(value):
            _check(part, NUMBER, f"{key}.{number}", path)
    else:
        if not isinstance(value, Mapping):
            refuse(value, SAMPLES if form == SAMPLES else "keys with values")
        if isinstance(form, str):
            return
        for name in form:
            if name not in value:
                raise InputError("a key is missing", file=path, place=f"key {key}.{name}", expected="a value")
        for name, part in value.items():
            _check(part, form.get(name, NUMBER) if isinstance(form, dict) else NUMBER, f"{key}.{name}", path)


def stream(series: Mapping[str, Any], name: str, purpose: str) -> np.random.Generator:
    """Random numbers that depend on the series' seed, the sample and the purpose only."""
    return np.random.default_rng([series["seed"], zlib.crc32(name.encode()), zlib.crc32(purpose.encode())])
