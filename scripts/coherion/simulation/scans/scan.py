"""One simulated scan: what the sample, the capillary and the air scatter, attenuated, polarised and counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from coherion.simulation.limits import interpolation_width
from coherion.simulation.scans import atoms, capillary, surroundings
from coherion.simulation.scans.debye import Motion, coherent_intensity, crystal_intensity, form_factor, pair_sums
from coherion.simulation.scans.detector import interpolated_counts
from coherion.simulation.scans.domains import (
    Faults,
    PairHistogram,
    Sizes,
    endless_crystal,
    mean_histogram,
    pair_histogram,
)
from coherion.simulation.scans.resolution import Resolution, blurred
from coherion.simulation.scans.strain import Strain
from coherion.simulation.scans.structures import Structure, lanthanum_hexaboride, main_phase, trigonal
from coherion.simulation.series import Sample, stream

# The glass of a sample's composition: its crystal, distances spread by so much of themselves and none beyond so far.
GLASS_DIAMETER, GLASS_STRAIN = 30.0, 0.06  # angstrom, relative


@dataclass(frozen=True, eq=False)
class Phase:
    """A phase of a powder: how much of it there is, its domains, and its scattering per atom (electrons^2).

    ``intensity`` belongs to the series' grid of angles; ``domains`` is how many were cut, 0 where the mean over all
    was taken.
    """

    name: str
    structure: Structure
    intensity: np.ndarray
    atom_fraction: float
    sizes: Sizes | None
    strain: Strain
    domains: int
    realised: dict[str, float]


@dataclass(frozen=True, eq=False)
class SimulatedScan:
    """Counts on the grid of the instrument and everything that is true of them."""

    two_theta: np.ndarray
    counts: np.ndarray
    contributions: dict[str, np.ndarray]
    truth: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Optics:
    """What all scans of a series share: angles (degrees) and Q (1/angstrom) of the computation, and the blur."""

    two_theta: np.ndarray
    q: np.ndarray
    wavelength: float
    energy: float
    anomalous: bool
    resolution: Resolution

    @classmethod
    def of(cls, series: Mapping[str, Any]) -> Optics:
        """The optics of a series; linear interpolation between channels blurs too and is taken off theirs."""
        instrument = series["instrument"]
        grid = np.linspace(instrument["two_theta_begin"] - 0.1, instrument["two_theta_end"] + 0.1, 12001)
        q = 4 * np.pi * np.sin(np.radians(grid / 2)) / instrument["wavelength"]
        resolution = Resolution(**series["resolution"]).without(interpolation_width(instrument))
        energy = atoms.HC / instrument["wavelength"]
        return cls(grid, q, instrument["wavelength"], energy, instrument["anomalous"], resolution)

    def factors(self, structure: Structure, q: np.ndarray) -> dict[str, np.ndarray]:
        """Scattering factors of the structure's elements at ``q``."""
        return {e: form_factor(e, q, self.energy if self.anomalous else None) for e in structure.contents()}

    def powder(
        self,
        structure: Structure,
        histogram: PairHistogram,
        motion: Motion,
        strain: Strain,
        contrast: float = 0.0,
    ) -> np.ndarray:
        """Scattering per atom of domains (electrons^2) at the optics' angles."""
        highest = float(self.q[-1])
        narrowest = self.resolution.narrowest(highest, self.wavelength)
        q, sums = pair_sums(histogram, highest, narrowest, motion, strain, contrast=contrast)
        factors = self.factors(structure, q)
        intensity = coherent_intensity(sums, histogram.pairs, histogram.kinds, histogram.number, factors)
        return blurred(q, intensity, self.two_theta, self.resolution, self.wavelength)


def simulate_scan(name: str, series: Mapping[str, Any]) -> SimulatedScan:
    """Simulate the scan of a sample, of the standard or of the empty capillary.

    Parameters
    ----------
    name
        A sample of the series, or the names it gives to its standard and its background.
    series
        The checked configuration of :mod:`coherion.simulation.series`.
    """
    optics = Optics.of(series)
    truth: dict[str, Any] = {"sample": name}
    phases: list[Phase] = []
    packing, zero_error = 0.0, series["instrument"]["zero_error"]
    if name == series["standard"]:
        model = series["lanthanum_hexaboride"]
        phases, packing = [standard_phase(series, optics)], model["packing_fraction"]
    elif name != series["background"]:
        sample = Sample.of(series, name)
        phases, packing = powder(sample, series, optics, stream(series, name, "domains")), sample.packing_fraction
        truth |= truth_of_sample(sample, phases[0], main_phase(sample.x, series)[1])
        zero_error += sample.zero_error
    return counted(phases, packing, series, optics, stream(series, name, "counts"), truth, zero_error)


def truth_of_sample(sample: Sample, main: Phase, delta2: float) -> dict[str, Any]:
    """What is asked of a sample; ``coherence_length`` is the volume-weighted mean diameter of its main phase."""
    assert main.sizes is not None
    return {
        "x": sample.x,
        "coherence_length": main.sizes.volume_mean(),
        "coherence_length_functional": main.sizes.area_mean(),
        "size_spread": sample.size_spread,
        "microstrain": sample.strain,
        "microstrain_squared": sample.strain**2,
        "strain_correlation": sample.strain_correlation,
        "glass": sample.glass,
        "fault_probability": sample.fault_probability,
        "fault_slide": sample.fault_slide,
        "contrast": sample.contrast,
        "delta2": delta2,
    }


def counted(
    phases: list[Phase],
    packing: float,
    series: Mapping[str, Any],
    optics: Optics,
    rng: np.random.Generator,
    truth: Mapping[str, Any],
    zero_error: float,
) -> SimulatedScan:
    """Put phases into the capillary and count; every angle written is ``zero_error`` degrees too high."""
    from scipy.interpolate import CubicSpline

    instrument = series["instrument"]
    parts, measured = _parts(phases, packing, series, optics)
    grid = optics.two_theta + zero_error
    points = round((instrument["two_theta_end"] - instrument["two_theta_begin"]) / instrument["two_theta_step"]) + 1
    counts = interpolated_counts(
        CubicSpline(grid, np.sum(list(parts.values()), axis=0)),
        instrument["two_theta_begin"],
        instrument["two_theta_step"],
        points,
        rng,
        pitch=instrument["channel_pitch"],
        exposures=instrument["exposures"],
    )
    two_theta = instrument["two_theta_begin"] + instrument["two_theta_step"] * np.arange(points)
    contributions = {part: np.interp(two_theta, grid, values) for part, values in parts.items()}
    resolution = {"zero_error": zero_error} | _describe_resolution(series)
    return SimulatedScan(
        two_theta, counts, contributions, {**truth, **resolution, **measured, "phases": [_describe(p) for p in phases]}
    )


def standard_phase(series: Mapping[str, Any], optics: Optics) -> Phase:
    """The standard: crystals without end and without strain."""
    structure = lanthanum_hexaboride(series["lanthanum_hexaboride"])
    factors = partial(optics.factors, structure)
    intensity = crystal_intensity(structure, optics.two_theta, optics.resolution, optics.wavelength, factors)
    return Phase(structure.name, structure, intensity, 1.0, None, Strain(), 0, {})


def powder(sample: Sample, series: Mapping[str, Any], optics: Optics, rng: np.random.Generator | None) -> list[Phase]:
    """The phases of a sample, the main one first; without ``rng`` nothing is drawn and the mean over domains taken."""
    share = sample.side_phase
    # The side phase holds no indium, so the main phase keeps what is left of the nominal zirconium.
    main, delta2 = main_phase((sample.x - share) / (1 - share), series)
    side = trigonal(series["trigonal"])
    # Formula units to atoms: the fractions weigh scattering per atom.
    weight = [1.0, 0.0]
    if share > 0:
        weight = [
            part * sum(s.contents().values()) / sum(n for e, n in s.contents().items() if e in ("In", "Zr"))
            for s, part in ((main, 1 - share), (side, share))
        ]
    fraction = [w / sum(weight) * (1 - sample.glass) for w in weight]
    sizes = Sizes.log_normal(sample.coherence_length, sample.size_spread)
    strain = Strain(sample.strain, sample.strain_correlation)
    faults = Faults(sample.fault_probability, sample.fault_slide)
    motion = Motion(0.0, delta2)
    if rng is None and sample.fault_probability > 0:
        raise ValueError("stacking faults are made in domains that are drawn")
    phases = [_phase(main, sizes, strain, faults, motion, fraction[0], series["atoms"], optics, rng, sample.contrast)]
    if share > 0:
        sizes, motion = Sizes.equal(sample.side_phase_length), Motion(0.0, series["trigonal"]["delta2"])
        phases.append(_phase(side, sizes, Strain(), Faults(), motion, fraction[1], series["atoms"], optics, rng))
    if sample.glass > 0:
        phases.append(glass_phase(main, delta2, sample.glass, optics))
    return phases


def _phase(structure, sizes, strain, faults, motion, atom_fraction, atoms_drawn, optics, rng, contrast=0.0) -> Phase:
    """Domains of one size are drawn one by one; of many sizes the mean is taken."""
    largest = float(sizes.diameter.max())
    number, realised = 0, dict[str, float]()
    if rng is None or sizes.diameter.size > 1:
        # Rounded up, so that powders of one crystal share it.
        crystal = endless_crystal(structure, 100.0 * math.ceil(largest / 100), delta2=motion.delta2)
        histogram = mean_histogram(structure, crystal, sizes)
    else:
        in_one = math.pi * largest**3 / 6 / structure.volume() * sum(structure.contents().values())
        number = max(2, math.ceil(atoms_drawn / in_one))
        histogram = pair_histogram(structure, largest, number, rng, faults=faults, delta2=motion.delta2)
        realised = _realised(structure, histogram)
    intensity = optics.powder(structure, histogram, motion, strain, contrast)
    return Phase(structure.name, structure, intensity, atom_fraction, sizes, strain, number, realised)


def glass_phase(structure: Structure, delta2: float, atom_fraction: float, optics: Optics) -> Phase:
    """Glass of a crystal's composition and density: near order that is lost with distance."""
    sizes, strain = Sizes.equal(GLASS_DIAMETER), Strain(GLASS_STRAIN)
    histogram = mean_histogram(structure, endless_crystal(structure, 100.0, delta2=delta2), sizes)
    intensity = optics.powder(structure, histogram, Motion(0.0, delta2), strain)
    return Phase("glass", structure, intensity, atom_fraction, sizes, strain, 0, {})


def _realised(structure: Structure, histogram: PairHistogram) -> dict[str, float]:
    """Occupancies as drawn: atoms over sites, these counted by the commonest element of which all is there."""
    _, site_of = structure.atoms()
    multiplicity = {site.label: int((site_of == i).sum()) for i, site in enumerate(structure.sites)}
    full: dict[str, int] = {}
    for site in structure.sites:
        if len(site.species) == 1 and site.species[0][1] == 1:
            element = site.species[0][0]
            full[element] = full.get(element, 0) + multiplicity[site.label]
    if not full:
        return {}
    counted = max(full, key=full.__getitem__)
    whole = [s.label for s in structure.sites if s.species == ((counted, 1.0),)]
    drawn = zip(histogram.kinds, histogram.number, strict=True)
    cells = sum(n for k, n in drawn if k.label in whole) / full[counted]
    return {
        f"{kind.label}.{kind.element}": float(n / cells / multiplicity[kind.label])
        for kind, n in zip(histogram.kinds, histogram.number, strict=True)
        if kind.label not in whole
    }


def _parts(phases, packing, series, optics) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Expected counts per step of every kind of scattering, and the attenuation that went into them."""
    instrument, two_theta, q, energy = series["instrument"], optics.two_theta, optics.q, optics.energy
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


def _describe_resolution(series: Mapping[str, Any]) -> dict[str, float]:
    """The blur of the whole instrument, and sqrt(constant^2 + (proportional Q)^2), the spread of Q it comes to."""
    given = Resolution(**series["resolution"])
    constant = 2 * math.pi / series["instrument"]["wavelength"] * math.radians(given.angular_width)
    lost = constant * series["instrument"]["wavelength"] / (4 * math.pi)
    square = given.wavelength_spread**2 - lost**2
    return {
        "angular_width": given.angular_width,
        "wavelength_spread": given.wavelength_spread,
        "resolution_constant": constant,
        "resolution_proportional_squared": square,
    }


def _describe(phase: Phase) -> dict[str, Any]:
    structure = phase.structure
    parameters: dict[str, float] = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), structure.cell, strict=True))
    for site in structure.sites:
        parameters |= {f"{site.label}.{axis}": v for axis, v in zip("xyz", site.position, strict=True)}
        if site.u_aniso is None:
            parameters[f"{site.label}.u_iso"] = site.u_iso
        else:
            names = ("u11", "u22", "u33", "u12", "u13", "u23")
            parameters |= {f"{site.label}.{name}": u for name, u in zip(names, site.u_aniso, strict=True)}
        if len(site.species) == 1:
            parameters[f"{site.label}.occupancy"] = site.species[0][1]
        else:
            parameters |= {f"{site.label}.occupancy.{element}": p for element, p in site.species}
    return {
        "name": phase.name,
        "space_group": structure.space_group,
        "volume": structure.volume(),
        "density": structure.density(),
        "atom_fraction": phase.atom_fraction,
        "domains": phase.domains,
        "coherence_length": phase.sizes.volume_mean() if phase.sizes else None,
        "coherence_length_functional": phase.sizes.area_mean() if phase.sizes else None,
        "microstrain_squared": phase.strain.rms**2,
        "parameters": parameters,
        "realised_occupancy": phase.realised,
    }
