"""Which numbers a simulated series may have: what can be, and what can be computed.

A scan is computed on grids whose sizes follow from steps, lengths and numbers of atoms, so a slip of a power of ten in
one of them would take all memory or run for days.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

from coherion.errors import InputError
from coherion.simulation.scans.structures import polynomial

# Lowest and highest value by key; a key of a sample or of a list counts without its name or number.
LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**63 - 1),
    "atoms": (100, 1e8),
    "instrument.wavelength": (0.1, 2.5),
    "instrument.monochromator_spacing": (1.0, 10.0),
    "instrument.two_theta_begin": (0.1, 170.0),
    "instrument.two_theta_end": (0.2, 170.0),
    "instrument.two_theta_step": (1e-3, 1.0),
    "instrument.hours": (1e-3, 1e4),
    "instrument.time_per_point": (1e-3, 1e8),
    "instrument.capillary_outer_radius": (1e-3, 1.0),
    "instrument.capillary_wall": (1e-5, 0.5),
    "instrument.zero_error": (-0.04, 0.04),
    "instrument.channel_pitch": (1e-3, 1.0),
    "instrument.exposures": (1, 1000),
    "instrument.flux": (0.0, 1e12),
    "instrument.air": (0.0, 1.0),
    "instrument.beam_tail": (0.0, 1e12),
    "instrument.beam_tail_width": (1e-3, 90.0),
    "instrument.dark": (0.0, 1e12),
    "instrument.fluorescence_leak": (0.0, 1.0),
    "resolution.angular_width": (1e-3, 5.0),
    "resolution.wavelength_spread": (0.0, 0.1),
    **{f"cryolite.reference_cell.{k}": (3.0, 30.0) if k < 3 else (60.0, 120.0) for k in range(6)},
    "cryolite.u_iso": (1e-3, 1.0),
    "cryolite.delta2": (0.0, 4.0),
    "trigonal.a": (3.0, 30.0),
    "trigonal.c": (3.0, 30.0),
    "trigonal.bond": (1.5, 4.0),
    "trigonal.sodium_z": (0.0, 1.0),
    "trigonal.u_iso": (1e-3, 1.0),
    "trigonal.delta2": (0.0, 4.0),
    "lanthanum_hexaboride.a": (3.0, 6.0),
    "lanthanum_hexaboride.boron_x": (0.1, 0.3),
    "lanthanum_hexaboride.u_iso": (1e-4, 1.0),
    "lanthanum_hexaboride.density": (0.1, 25.0),
    "lanthanum_hexaboride.packing_fraction": (1e-3, 1.0),
    "spectra.temperatures": (-200.0, 1000.0),
    "spectra.temperature_sd": (0.0, 10.0),
    "spectra.frequency_high": (1e-5, 1e9),
    "spectra.frequency_low": (1e-6, 1e8),
    "spectra.points_per_decade": (1, 100),
    "spectra.amplitude": (1e-6, 10.0),
    "spectra.permittivity": (1.0, 1e6),
    "spectra.stray_capacitance": (0.0, 1e-3),
    "spectra.alpha": (0.3, 1.0),
    "spectra.alpha_spread": (0.0, 0.1),
    "spectra.electrode_q": (1e-15, 1.0),
    "spectra.electrode_n": (0.0, 1.0),
    "spectra.inductance": (0.0, 1e-3),
    "spectra.noise": (0.0, 1.0),
    "spectra.noise_high": (0.0, 1.0),
    "spectra.noise_low": (0.0, 1.0),
    "spectra.current_noise": (0.0, 1e-3),
    "spectra.resistance_spread": (0.0, 1.0),
    "spectra.drift": (-50.0, 50.0),
    "spectra.drift_time": (1.0, 1e6),
    "conductivity.intercept": (-20.0, 5.0),
    "conductivity.length": (-20.0, 20.0),
    "conductivity.composition": (-20.0, 20.0),
    "conductivity.strain": (-2000.0, 2000.0),
    "conductivity.scatter": (0.0, 3.0),
    "conductivity.activation_energy": (0.0, 3.0),
    "grain_boundary.resistance": (1e-3, 1e3),
    "grain_boundary.activation_energy": (-1.0, 1.0),
    "grain_boundary.capacitance": (1e-13, 1e-3),
    "grain_boundary.alpha": (0.3, 1.0),
    "pellet.thickness": (1e-3, 10.0),
    "pellet.thickness_spread": (0.0, 1.0),
    "pellet.thickness_sd": (0.0, 1.0),
    "pellet.diameter": (1e-2, 10.0),
    "pellet.diameter_sd": (0.0, 1.0),
    "packing_error": (0.0, 0.2),
    "samples.x": (0.0, 1.0),
    "samples.coherence_length": (10.0, 400.0),
    "samples.packing_fraction": (1e-3, 1.0),
    "samples.side_phase": (0.0, 0.99),
    "samples.side_phase_length": (0.0, 400.0),
    "samples.size_spread": (0.0, 0.8),
    "samples.strain": (0.0, 0.03),
    "samples.strain_correlation": (0.0, 1e4),
    "samples.glass": (0.0, 0.99),
    "samples.zero_error": (-0.04, 0.04),
    "samples.fault_probability": (0.0, 0.5),
    "samples.fault_slide": (0.0, 3.0),
    "samples.contrast": (0.0, 1.0),
    "samples.annealed_at": (-273.0, 3000.0),
    "samples.activation_energy": (0.0, 3.0),
}
# What the polynomials of the cryolite may give.
CRYOLITE = {
    **dict.fromkeys(("a", "b", "c"), (3.0, 30.0)),
    **{"beta": (60.0, 120.0), "occupancy_4e": (0.0, 1.0), "bond": (1.5, 4.0)},
    **dict.fromkeys(("rotation_b", "rotation_c"), (-180.0, 180.0)),
}
# Whole numbers.
COUNTS = ("seed", "instrument.exposures")
MOST_POINTS = 200_000
# Diameter of the largest domain of a powder of many sizes, angstrom.
LARGEST = 600.0
# Numbers of a structure that are not named above.
ELSEWHERE = (-1000.0, 1000.0)


def refuse_impossible(series: Mapping[str, Any], file: str | os.PathLike[str]) -> None:
    """Raise an InputError for a number outside its limits, or numbers that contradict one another.

    Parameters
    ----------
    series
        A configuration whose keys and kinds of values are right.
    file
        For messages.
    """

    def refuse(key: str, found: object, expected: str) -> None:
        raise InputError("a number out of its range", file=file, place=f"key {key}", found=found, expected=expected)

    for key, limit, value in _numbers(series):
        if isinstance(value, bool) != (limit == "instrument.anomalous"):
            refuse(key, value, "true or false" if limit == "instrument.anomalous" else "a number")
        low, high = LIMITS.get(limit, ELSEWHERE)
        if not low <= value <= high:
            refuse(key, value, f"{low:g} to {high:g}")
        if limit in COUNTS and value != int(value):
            refuse(key, value, "a whole number")
    instrument, spectra, pellet = series["instrument"], series["spectra"], series["pellet"]
    begin, end, step = (instrument[f"two_theta_{name}"] for name in ("begin", "end", "step"))
    if not begin + step <= end:
        refuse("instrument.two_theta_end", end, f"more than two_theta_begin, {begin:g}")
    for key in ("two_theta_step", "channel_pitch"):
        if (end - begin) / instrument[key] > MOST_POINTS:
            refuse(f"instrument.{key}", instrument[key], f"at most {MOST_POINTS} points of a scan")
    if not spectra["frequency_low"] < spectra["frequency_high"]:
        refuse("spectra.frequency_low", spectra["frequency_low"], "less than frequency_high")
    if instrument["capillary_wall"] >= instrument["capillary_outer_radius"]:
        refuse("instrument.capillary_wall", instrument["capillary_wall"], "less than capillary_outer_radius")
    width = series["resolution"]["angular_width"]
    if interpolation_width(instrument) >= width:
        most = width * instrument["channel_pitch"] / interpolation_width(instrument)
        expected = f"less than {most:.3g}, which alone blurs by resolution.angular_width"
        refuse("instrument.channel_pitch", instrument["channel_pitch"], expected)
    if 5 * pellet["thickness_spread"] >= pellet["thickness"]:
        refuse("pellet.thickness_spread", pellet["thickness_spread"], "less than a fifth of the thickness")
    for name in ("thickness", "diameter"):
        if 5 * pellet[f"{name}_sd"] >= pellet[name]:
            refuse(f"pellet.{name}_sd", pellet[f"{name}_sd"], f"less than a fifth of the {name}")


def refuse_impossible_samples(series: Mapping[str, Any], file: str | os.PathLike[str]) -> None:
    """Raise an InputError for a sample whose numbers contradict one another or lack a law of the series."""
    energies = series["conductivity"]["activation_energy"]
    milled = {sample["x"] for sample in series["samples"].values() if sample.get("annealed_at") is None}
    for name, sample in series["samples"].items():
        place = f"key samples.{name}"
        if sample.get("activation_energy") is None and sample["x"] not in energies:
            raise InputError(
                "an activation energy is missing",
                file=file,
                place=f"{place}.x",
                found=sample["x"],
                expected="one of " + ", ".join(map(str, energies)),
                advice="add it to conductivity.activation_energy or to the sample",
            )
        side = sample.get("side_phase", 0.0)
        if side > sample["x"] or (side > 0 and sample.get("side_phase_length", 0.0) < 10):
            raise InputError(
                "a side phase that cannot be",
                file=file,
                place=f"{place}.side_phase",
                found=side,
                expected="at most x (it holds no indium), with a side_phase_length of 10 angstrom or more",
            )
        spread = sample.get("size_spread", 0.0)
        largest = sample["coherence_length"] * math.exp(3.2 * spread - spread**2 / 2)
        if largest > LARGEST:
            raise InputError(
                "domains too large to compute",
                file=file,
                place=f"{place}.size_spread",
                found=f"{spread:g} with a coherence_length of {sample['coherence_length']:g}",
                expected=f"a largest domain of at most {LARGEST:g} angstrom, not {largest:.0f}",
            )
        if spread > 0 and sample.get("fault_probability", 0.0) > 0:
            raise InputError(
                "stacking faults in domains of many sizes cannot be simulated",
                file=file,
                place=f"{place}.fault_probability",
                found=sample["fault_probability"],
                expected="0 where there is a size_spread",
            )
        for composition in (sample["x"], (sample["x"] - side) / (1 - side)):
            for key, (low, high) in CRYOLITE.items():
                found = polynomial(series["cryolite"][key], composition)
                if not low <= found <= high:
                    raise InputError(
                        "a composition for which the cryolite cannot be",
                        file=file,
                        place=f"key cryolite.{key}",
                        found=f"{found:.4g} at x = {composition:.3g}",
                        expected=f"{low:g} to {high:g}",
                    )
            sodium = 3 - composition - 2 * polynomial(series["cryolite"]["occupancy_4e"], composition)
            if not 0 <= sodium <= 1:
                raise InputError(
                    "a composition for which the cryolite cannot be",
                    file=file,
                    place="key cryolite.occupancy_4e",
                    found=f"an occupancy of {sodium:.4g} left for 2b at x = {composition:.3g}",
                    expected="0 to 1",
                )
        if series["conductivity_depends_on"] == "composition" and sample["x"] not in milled:
            raise InputError(
                "an annealed sample has no milled one of its composition",
                file=file,
                place=f"{place}.x",
                found=sample["x"],
                expected="a sample that is not annealed, whose conductivity it has",
            )


def interpolation_width(instrument: Mapping[str, Any]) -> float:
    """Standard deviation of 2theta, degrees, by which linear interpolation between channels blurs."""
    return float(instrument["channel_pitch"] / math.sqrt(6))


def _numbers(series: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Every number with its key and the key of its limits."""
    waiting: list[tuple[str, str, Any]] = [(key, key, value) for key, value in series.items()]
    while waiting:
        key, limit, value = waiting.pop()
        if isinstance(value, Mapping | list):
            pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
            for name, inner in pairs:
                # The limits of a list or of a table of names are those of all that stands in it.
                own = f"{limit}.{name}"
                known = own in LIMITS or any(other.startswith(f"{own}.") for other in LIMITS)
                waiting.append((f"{key}.{name}", own if known or limit not in (*LIMITS, "samples") else limit, inner))
        elif isinstance(value, int | float):
            yield key, limit, value
