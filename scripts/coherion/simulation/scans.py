"""One simulated scan: what the sample, the capillary and the air scatter, attenuated, polarised and counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coherion.simulation import atoms, capillary, surroundings
from coherion.simulation.debye import Motion, coherent_intensity, crystal_intensity, form_factor, pair_sums
from coherion.simulation.detector import interpolated_counts
from coherion.simulation.domains import PairHistogram, pair_histogram
from coherion.simulation.limits import interpolation_damping
from coherion.simulation.series import Sample, stream
from coherion.simulation.structures import Structure, cryolite, lanthanum_hexaboride, trigonal


@dataclass(frozen=True, eq=False)
class Phase:
    """A phase of a powder: its scattering per atom (electrons^2) at the series' Q, and how much of it there is."""

    structure: Structure
    intensity: np.ndarray
    atom_fraction: float
    domains: int
    realised: dict[str, float]


@dataclass(frozen=True, eq=False)
class SimulatedScan:
    """Counts on the grid of the instrument and everything that is true of them."""

    two_theta: np.ndarray
    counts: np.ndarray
    contributions: dict[str, np.ndarray]
    truth: dict[str, Any]


def simulate_scan(name: str, series: Mapping[str, Any]) -> SimulatedScan:
    """Simulate the scan of a sample, of the standard or of the empty capillary.

    Parameters
    ----------
    name
        A sample of the series, or the names it gives to its standard and its background.
    series
        The checked configuration of :mod:`coherion.simulation.series`.
    """
    instrument = series["instrument"]
    energy = atoms.HC / instrument["wavelength"]
    grid = np.linspace(instrument["two_theta_begin"] - 0.1, instrument["two_theta_end"] + 0.1, 12001)
    q = 4 * np.pi * np.sin(np.radians(grid / 2)) / instrument["wavelength"]
    rng = stream(series, name, "domains")
    truth: dict[str, Any] = {"sample": name, "qdamp": instrument["qdamp"], "qbroad": instrument["qbroad"]}
    phases: list[Phase] = []
    packing = 0.0
    if name == series["standard"]:
        model = series["lanthanum_hexaboride"]
        phases, packing = [_standard(series, q, energy)], model["packing_fraction"]
    elif name != series["background"]:
        sample = Sample.of(series, name)
        phases, packing = _powder(sample, series, q, energy, rng), sample.packing_fraction
        truth |= {"x": sample.x, "coherence_length": sample.coherence_length, "delta2": series["cryolite"]["delta2"]}
    parts, measured = _parts(phases, packing, series, grid, q, energy)
    truth |= measured
    expected = np.sum(list(parts.values()), axis=0)
    from scipy.interpolate import CubicSpline

    points = round((instrument["two_theta_end"] - instrument["two_theta_begin"]) / instrument["two_theta_step"]) + 1
    counts = interpolated_counts(
        CubicSpline(grid, expected),
        instrument["two_theta_begin"],
        instrument["two_theta_step"],
        points,
        stream(series, name, "counts"),
        pitch=instrument["channel_pitch"],
        exposures=instrument["exposures"],
    )
    two_theta = instrument["two_theta_begin"] + instrument["two_theta_step"] * np.arange(points)
    contributions = {part: np.interp(two_theta, grid, values) for part, values in parts.items()}
    truth["phases"] = [_describe(phase) for phase in phases]
    return SimulatedScan(two_theta, counts, contributions, truth)


def _factors(structure: Structure, q: np.ndarray, energy: float, anomalous: bool) -> dict[str, np.ndarray]:
    return {e: form_factor(e, q, energy if anomalous else None) for e in structure.contents()}


def _optical_qdamp(instrument: Mapping[str, Any]) -> float:
    """What is left of qdamp for the optics, 1/angstrom: linear interpolation between channels broadens as well."""
    return math.sqrt(instrument["qdamp"] ** 2 - interpolation_damping(instrument) ** 2)


def _standard(series: Mapping[str, Any], q: np.ndarray, energy: float) -> Phase:
    instrument = series["instrument"]
    structure = lanthanum_hexaboride(series["lanthanum_hexaboride"])
    factors = _factors(structure, q, energy, instrument["anomalous"])
    motion = Motion(qdamp=_optical_qdamp(instrument), qbroad=instrument["qbroad"])
    return Phase(structure, crystal_intensity(structure, q, motion, factors), 1.0, 0, {})


def _powder(
    sample: Sample, series: Mapping[str, Any], q: np.ndarray, energy: float, rng: np.random.Generator
) -> list[Phase]:
    share = sample.side_phase
    # The side phase holds no indium, so the main phase keeps what is left of the nominal zirconium.
    main = cryolite((sample.x - share) / (1 - share), series["cryolite"])
    made = [(main, sample.coherence_length, 1 - share, series["cryolite"]["delta2"])]
    if share > 0:
        side = trigonal(series["trigonal"])
        made.append((side, sample.side_phase_length, share, series["trigonal"]["delta2"]))
    # Formula units to atoms: the fractions weigh scattering per atom.
    metal = [sum(n for e, n in s.contents().items() if e in ("In", "Zr")) for s, *_ in made]
    weight = [fraction * sum(s.contents().values()) / m for (s, _, fraction, _), m in zip(made, metal, strict=True)]
    return [
        _phase(structure, length, w / sum(weight), delta2, series, q, energy, rng)
        for (structure, length, _, delta2), w in zip(made, weight, strict=True)
    ]


def _phase(structure, diameter, atom_fraction, delta2, series, q, energy, rng) -> Phase:
    instrument = series["instrument"]
    in_one = math.pi * diameter**3 / 6 / structure.volume() * sum(structure.contents().values())
    number = max(2, math.ceil(series["atoms"] / in_one))
    histogram = pair_histogram(structure, diameter, number, rng)
    motion = Motion(0.0, delta2, _optical_qdamp(instrument), instrument["qbroad"])
    # Nothing in the sums is narrower than qdamp; a third of it is fine enough for cubic interpolation to 1e-4.
    even = np.arange(q[0] - 0.02, q[-1] + 0.02, instrument["qdamp"] / 3)
    sums = pair_sums(histogram, even, motion)
    factors = _factors(structure, even, energy, instrument["anomalous"])
    from scipy.interpolate import CubicSpline

    intensity = coherent_intensity(sums, histogram.pairs, histogram.kinds, histogram.number, factors)
    return Phase(structure, CubicSpline(even, intensity)(q), atom_fraction, number, _realised(structure, histogram))


def _realised(structure: Structure, histogram: PairHistogram) -> dict[str, float]:
    """Occupancies as they were drawn: atoms over sites, these counted by the chlorine, which is all there."""
    _, site_of = structure.atoms()
    multiplicity = {site.label: int((site_of == i).sum()) for i, site in enumerate(structure.sites)}
    chlorine = [k.label for k in histogram.kinds if k.element == "Cl"]
    drawn = zip(histogram.kinds, histogram.number, strict=True)
    cells = sum(n for k, n in drawn if k.element == "Cl") / sum(multiplicity[label] for label in chlorine)
    return {
        f"{kind.label}.{kind.element}": float(n / cells / multiplicity[kind.label])
        for kind, n in zip(histogram.kinds, histogram.number, strict=True)
        if kind.element != "Cl"
    }


def _parts(phases, packing, series, two_theta, q, energy) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Expected counts per step of every kind of scattering, and the attenuation that went into them."""
    instrument = series["instrument"]
    outer = instrument["capillary_outer_radius"]
    tube = capillary.Capillary(outer - instrument["capillary_wall"], outer)
    glass = atoms.attenuation(surroundings.SILICA, surroundings.SILICA_DENSITY, energy)
    mu = 0.0
    contents: dict[str, float] = {}
    atom_density = 0.0
    for phase in phases:
        share = _volume_fraction(phase, phases) * packing
        mu += share * atoms.attenuation(phase.structure.contents(), phase.structure.density(), energy)
        atom_density += share * sum(phase.structure.contents().values()) / phase.structure.volume()
        total = sum(phase.structure.contents().values())
        for element, n in phase.structure.contents().items():
            contents[element] = contents.get(element, 0.0) + phase.atom_fraction * n / total
    materials = capillary.Materials(mu, mu, glass, glass)
    ring = math.pi * (tube.outer**2 - tube.inner**2)
    disc = math.pi * tube.inner**2
    take_off = 2 * math.asin(instrument["wavelength"] / (2 * instrument["monochromator_spacing"]))
    a = math.cos(take_off) ** 2
    polarisation = (1 + a * np.cos(np.radians(two_theta)) ** 2) / (1 + a)

    flux = instrument["flux"]
    parts: dict[str, np.ndarray] = {}
    truth: dict[str, Any] = {"mu_r_sample": mu * tube.inner, "mu_r_glass_wall": glass * (tube.outer - tube.inner)}
    if phases:
        out = capillary.transmitted(two_theta, tube, materials, region="sample") * atom_density * disc * flux
        coherent = np.sum([phase.atom_fraction * phase.intensity for phase in phases], axis=0)
        parts["coherent"] = out * polarisation * coherent
        parts["compton"] = out * polarisation * atoms.compton_intensity(contents, q, two_theta, energy)
        glow = sum(n * _leaking(e, energy, instrument) for e, n in contents.items())
        parts["fluorescence"] = _fluorescence(two_theta, tube, phases, packing, materials, energy) * (
            glow * atom_density * disc * flux
        )
    parts["glass"] = (
        capillary.transmitted(two_theta, tube, materials, region="glass")
        * polarisation
        * surroundings.glass_intensity(q, two_theta, energy)
        * (surroundings.SILICA_ATOMS * ring * flux)
    )
    # Air before the capillary is seen through the open beam, air behind it through what the capillary lets pass.
    passing = 0.5 + 0.5 * capillary.beam_transmission(tube, materials)
    air = polarisation * surroundings.air_intensity(q, two_theta, energy) * (instrument["air"] * flux * passing)
    tail = instrument["beam_tail"] * np.exp(-two_theta / instrument["beam_tail_width"]) * passing
    parts["air"] = air + tail
    parts["dark"] = np.full(two_theta.size, instrument["dark"])
    return parts, truth | {"beam_transmission": 2 * passing - 1}


def _leaking(element: str, energy: float, instrument: Mapping[str, Any]) -> float:
    # Only zirconium's K lines (15.8 and 17.7 keV) come near the threshold; those of Na and Cl stay far below it.
    return atoms.fluorescence_intensity(element, energy) * instrument["fluorescence_leak"] if element == "Zr" else 0.0


def _fluorescence(two_theta, tube, phases, packing, materials, energy) -> np.ndarray:
    """Transmission of zirconium's K radiation (16 keV), unpolarised, out of the sample."""
    lines = 16.0e3
    mu = sum(
        _volume_fraction(p, phases) * packing * atoms.attenuation(p.structure.contents(), p.structure.density(), lines)
        for p in phases
    )
    glass = atoms.attenuation(surroundings.SILICA, surroundings.SILICA_DENSITY, lines)
    out = capillary.Materials(materials.sample_in, mu, materials.glass_in, glass)
    return capillary.transmitted(two_theta, tube, out, region="sample")


def _volume_fraction(phase: Phase, phases: list[Phase]) -> float:
    def volume(p: Phase) -> float:
        return p.atom_fraction * p.structure.volume() / sum(p.structure.contents().values())

    return volume(phase) / sum(volume(p) for p in phases)


def _describe(phase: Phase) -> dict[str, Any]:
    structure = phase.structure
    parameters: dict[str, float] = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), structure.cell, strict=True))
    for site in structure.sites:
        parameters |= {f"{site.label}.{axis}": v for axis, v in zip("xyz", site.position, strict=True)}
        parameters[f"{site.label}.u_iso"] = site.u_iso
        if len(site.species) == 1:
            parameters[f"{site.label}.occupancy"] = site.species[0][1]
        else:
            parameters |= {f"{site.label}.occupancy.{element}": p for element, p in site.species}
    return {
        "name": structure.name,
        "space_group": structure.space_group,
        "volume": structure.volume(),
        "density": structure.density(),
        "atom_fraction": phase.atom_fraction,
        "domains": phase.domains,
        "parameters": parameters,
        "realised_occupancy": phase.realised,
    }
