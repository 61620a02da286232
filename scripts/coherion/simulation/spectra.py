"""Simulated impedance spectra of a pellet: (R||CPE)-CPE in series with the lead's inductance.

Where the series has grain boundaries they are a second R||CPE, with an activation energy of their own.

Every temperature has its own true temperature, resistance and constant phase elements; the noise grows towards both
ends and with the impedance, because the current through a resistive pellet drowns in the instrument's own; the
coldest pellet is still cooling while it is measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from coherion.constants import BOLTZMANN, ZERO_CELSIUS
from coherion.simulation.series import BOUNDARY, Sample, stream

VACUUM_PERMITTIVITY = 8.8541878128e-14  # F/cm
ROOM = 25.0  # degC


@dataclass(frozen=True)
class Pellet:
    """True and measured geometry, cm."""

    thickness: float
    diameter: float
    measured_thickness: float
    measured_diameter: float

    def area(self) -> float:
        """True area of one face, cm^2."""
        return math.pi * self.diameter**2 / 4


@dataclass(frozen=True)
class Transport:
    """Conductivity at 25 degC (S/cm) and activation energy (eV) of ln(sigma T) against 1/T."""

    conductivity: float
    activation_energy: float

    def at(self, temperature: float) -> float:
        """Conductivity in S/cm at ``temperature`` in degC."""
        kelvin, room = temperature + ZERO_CELSIUS, ROOM + ZERO_CELSIUS
        rise = self.activation_energy / BOLTZMANN * (1 / room - 1 / kelvin)
        return self.conductivity * room / kelvin * math.exp(rise)


@dataclass(frozen=True)
class Arc:
    """Resistance (ohm) beside a constant phase element (S s^alpha)."""

    resistance: float
    q: float
    alpha: float

    @classmethod
    def of_capacitance(cls, capacitance: float, alpha: float, resistance: float, at_room: float) -> Arc:
        """The arc that has a ``capacitance`` (F) at 25 degC, where its resistance is ``at_room`` ohm."""
        # C = (Q R^(1 - alpha))^(1/alpha).
        return cls(resistance, capacitance**alpha * at_room ** (alpha - 1), alpha)


@dataclass(frozen=True)
class Element:
    """What is true of one spectrum: temperature (degC), ohm, S s^alpha, S s^n, henry.

    ``conductivity`` and ``resistance`` are the pellet's, grain boundaries and all; ``q`` and ``alpha`` the bulk's.
    """

    nominal_temperature: float
    temperature: float
    conductivity: float
    resistance: float
    q: float
    alpha: float
    electrode_q: float
    electrode_n: float
    inductance: float
    drift: float
    boundary: Arc | None = None


@dataclass(frozen=True, eq=False)
class SimulatedSpectrum:
    """Frequency (Hz), measured and noise-free impedance (ohm), time since the start (s), standard deviation, truth."""

    frequency: np.ndarray
    impedance: np.ndarray
    exact: np.ndarray
    time: np.ndarray
    noise: np.ndarray
    truth: Element


def pellet_of(series: Mapping[str, Any], name: str) -> Pellet:
    """The pellet of a sample: its true size, and what a caliper said (rounded to what one writes down)."""
    p = series["pellet"]
    rng = stream(series, name, "pellet")
    thickness = p["thickness"] + p["thickness_spread"] * rng.standard_normal()
    diameter = p["diameter"]
    return Pellet(
        thickness,
        diameter,
        round(thickness + p["thickness_sd"] * rng.standard_normal(), 4),
        round(diameter + p["diameter_sd"] * rng.standard_normal(), 4),
    )


def transport_of(series: Mapping[str, Any], name: str) -> Transport:
    """Conductivity and activation energy of a sample, as the series' cause of conductivity has them.

    With ``composition`` as cause, milled samples keep the conductivities they have with ``coherence_length``, and an
    annealed one has that of the milled sample of its composition: heat changes the domains and nothing else. With
    ``strain`` neither length nor composition acts.
    """
    sample = Sample.of(series, name)
    if series["conductivity_depends_on"] == "composition" and sample.annealed_at is not None:
        name, sample = next(
            (other, s)
            for other in series["samples"]
            if (s := Sample.of(series, other)).x == sample.x and s.annealed_at is None
        )
    law = series["conductivity"]
    scatter = law["scatter"] * stream(series, name, "conductivity").standard_normal()
    exponent = law["intercept"] + scatter
    if series["conductivity_depends_on"] == "strain":
        exponent += law["strain"] * (sample.strain - 0.001)
    else:
        exponent += law["length"] * math.log10(sample.coherence_length / 140.0)
        exponent += law["composition"] * (sample.x - 0.1)
    energy = sample.activation_energy
    return Transport(10**exponent, law["activation_energy"][sample.x] if energy is None else energy)


def boundary_of(series: Mapping[str, Any], bulk: Transport) -> Transport | None:
    """Grain boundaries as a conductivity of the whole pellet's size, or None where the series has none."""
    if BOUNDARY not in series:
        return None
    law = series[BOUNDARY]
    return Transport(bulk.conductivity / law["resistance"], bulk.activation_energy + law["activation_energy"])


def whole_pellet(series: Mapping[str, Any], name: str) -> Transport:
    """Bulk and grain boundaries in series: conductivity at 25 degC, and the energy of the line through the series'
    temperatures, for two energies make no line.
    """
    bulk = transport_of(series, name)
    boundary = boundary_of(series, bulk)
    if boundary is None:
        return bulk
    celsius = np.array(series["spectra"]["temperatures"], dtype=float)
    kelvin = celsius + ZERO_CELSIUS
    sigma = np.array([in_series(bulk, boundary, t) for t in celsius])
    slope = np.polyfit(1 / kelvin, np.log(sigma * kelvin), 1)[0] if celsius.size > 1 else math.nan
    return Transport(in_series(bulk, boundary, ROOM), float(-slope * BOLTZMANN))


def in_series(bulk: Transport, boundary: Transport | None, temperature: float) -> float:
    """Conductivity (S/cm) of both, one after the other, at ``temperature`` in degC."""
    if boundary is None:
        return bulk.at(temperature)
    return 1 / (1 / bulk.at(temperature) + 1 / boundary.at(temperature))


def constant_phase(q: float, alpha: float, frequency: np.ndarray) -> np.ndarray:
    """Impedance 1/(Q (i omega)^alpha), ohm."""
    return 1 / (q * (2j * np.pi * frequency) ** alpha)


def circuit(e: Element, frequency: np.ndarray, slower: np.ndarray | float = 1.0) -> np.ndarray:
    """Impedance (ohm) of (R||CPE)-CPE-L, or with a second R||CPE, at ``frequency`` (Hz).

    All resistances are ``slower`` times what is true of them, which may change with the point.
    """
    bulk = e.resistance if e.boundary is None else e.resistance - e.boundary.resistance
    arc = 1 / (1 / (bulk * slower) + 1 / constant_phase(e.q, e.alpha, frequency))
    electrodes = constant_phase(e.electrode_q, e.electrode_n, frequency)
    impedance = arc + electrodes + 2j * np.pi * frequency * e.inductance
    if e.boundary is not None:
        own = constant_phase(e.boundary.q, e.boundary.alpha, frequency)
        impedance += 1 / (1 / (e.boundary.resistance * slower) + 1 / own)
    return impedance


def simulate_spectrum(name: str, temperature: float, series: Mapping[str, Any]) -> SimulatedSpectrum:
    """The spectrum of a sample at one of the series' temperatures (degC)."""
    s = series["spectra"]
    rng = stream(series, name, f"spectrum {temperature}")
    transport, pellet = transport_of(series, name), pellet_of(series, name)
    actual = temperature + s["temperature_sd"] * rng.standard_normal()
    shape = pellet.thickness / pellet.area()
    contact = math.exp(s["resistance_spread"] * rng.standard_normal())
    capacity = s["permittivity"] * VACUUM_PERMITTIVITY / shape + s["stray_capacitance"]
    alpha = s["alpha"] + s["alpha_spread"] * float(np.clip(rng.standard_normal(), -2, 2))
    bulk = Arc.of_capacitance(capacity, alpha, shape / transport.at(actual) * contact, shape / transport.conductivity)
    between, second = boundary_of(series, transport), None
    if between is not None:
        law = series[BOUNDARY]
        own = shape / between.at(actual) * contact
        second = Arc.of_capacitance(law["capacitance"] / shape, law["alpha"], own, shape / between.conductivity)
    element = Element(
        nominal_temperature=temperature,
        temperature=actual,
        conductivity=in_series(transport, between, actual),
        resistance=bulk.resistance + (second.resistance if second else 0.0),
        q=bulk.q,
        alpha=alpha,
        electrode_q=s["electrode_q"] * pellet.area() * math.exp(0.1 * rng.standard_normal()),
        electrode_n=s["electrode_n"],
        inductance=s["inductance"],
        drift=s["drift"] if temperature == min(s["temperatures"]) else 0.0,
        boundary=second,
    )
    decades = math.log10(s["frequency_high"] / s["frequency_low"])
    points = round(decades * s["points_per_decade"]) + 1
    frequency = np.geomspace(s["frequency_high"], s["frequency_low"], points)
    # Each point takes three periods after a tenth of one, and the instrument a while to settle.
    time = np.cumsum(0.4 + 3.1 / frequency)
    away = element.drift * np.exp(-time / s["drift_time"])
    now = in_series(transport, between, actual)
    slower = np.array([now / in_series(transport, between, actual + d) for d in away])
    exact = circuit(element, frequency, slower)
    relative = (
        s["noise"]
        + s["noise_high"] * frequency / frequency[0]
        + s["noise_low"] * np.sqrt(frequency[-1] / frequency)
        + np.abs(exact) * s["current_noise"] / s["amplitude"]
    )
    noise = relative * np.abs(exact)
    measured = exact + noise * (rng.standard_normal(points) + 1j * rng.standard_normal(points))
    return SimulatedSpectrum(frequency, measured, exact, time, noise, element)


def describe(name: str, series: Mapping[str, Any], spectra: list[SimulatedSpectrum]) -> dict[str, Any]:
    """Everything true of a sample's spectra, as plain values for JSON."""
    transport, pellet, sample = whole_pellet(series, name), pellet_of(series, name), Sample.of(series, name)
    bulk = transport_of(series, name)
    boundary = boundary_of(series, bulk)
    parts = {} if boundary is None else {"bulk": asdict(bulk), "grain_boundary": asdict(boundary)}
    return {
        "sample": name,
        "x": sample.x,
        "coherence_length": sample.coherence_length,
        "microstrain": sample.strain,
        "conductivity_depends_on": series["conductivity_depends_on"],
        "conductivity_25C": transport.conductivity,
        "activation_energy": transport.activation_energy,
        **parts,
        "pellet": asdict(pellet),
        "spectra": [{k: v for k, v in asdict(s.truth).items() if v is not None} for s in spectra],
    }
