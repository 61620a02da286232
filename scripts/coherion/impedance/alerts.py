"""What is wrong with the conductivities of a sample: points off the line, contradictions, impossible numbers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coherion.constants import BOLTZMANN, VACUUM_PERMITTIVITY
from coherion.impedance.arrhenius import Arrhenius
from coherion.impedance.arrhenius_together import TogetherLine

# A point this far (a factor) from the line through the others, and this many times their scatter, is not one of them.
FACTOR, SCATTERS, FEWEST = 2.0, 8.0, 5
# No solid polarises less than this, and no ordinary ionic conductor's bulk more.
PERMITTIVITIES = (2.5, 3000.0)
# The bulk of halides, sulfides and most oxides that conduct ions; a radius for a diameter makes four times as much, mm
# for cm a tenth.
USUAL_PERMITTIVITIES = (5.0, 80.0)
# In S/cm: above, metals.
HIGHEST_CONDUCTIVITY = 10.0
DISAGREEMENT = 2.0
# Ions that a pellet conducts by hop over less, in eV; above so many degC that would be kelvin of about the room's.
STEEPEST, COLDEST_IN_KELVIN = 1.2, 200.0
# Pellets of one series polarise alike: within this factor those that tell, beyond the other one who does not.
ALIKE, UNLIKE, FEWEST_ALIKE = 1.3, 1.6, 3
# Dies of laboratory presses in cm, and how near to one a diameter, or the diameter of an area, is measured.
DIES, DIE_TOLERANCE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.27, 1.3, 1.5, 1.6, 2.0, 2.5), 0.01
SAME_TEMPERATURE, SAME_CONDUCTIVITY = 1.0, 0.05
# Leads and contacts have less than this, in ohm; a constant part of a resistance is one from so many of its errors on.
LEADS, SURE_OF_LEADS = 100.0, 3.0
# So many of its errors are a change of the activation energy that matters; so much worse in chi squared than a parabola
# a series resistance may be and still be what bends the line.
MOVED, AS_GOOD = 3.0, 2.0


def relative_permittivity(capacitance: np.ndarray, cell_constant: float) -> np.ndarray:
    """Apparent relative permittivity of an arc, C L / (eps0 A).

    Parameters
    ----------
    capacitance
        Effective capacitance in F.
    cell_constant
        Thickness over area in 1/cm.
    """
    return np.asarray(capacitance) * cell_constant * 100 / VACUUM_PERMITTIVITY


def off_the_line(kelvin: np.ndarray, conductivity: np.ndarray) -> dict[int, float]:
    """Points that lie far from the Arrhenius line of the others, and by what factor.

    Parameters
    ----------
    kelvin, conductivity
        Temperatures in K and conductivities in S/cm of the points that would be fitted.

    Returns
    -------
    dict
        Place of the point: its conductivity over that of the line. With fewer than five points none is judged, and
        never more than a quarter of them are taken out.
    """
    x, y = 1 / np.asarray(kelvin, dtype=float), np.log(np.asarray(conductivity, dtype=float) * kelvin)
    first, second = np.triu_indices(x.size, 1)
    apart = x[first] != x[second]
    if x.size < FEWEST or np.unique(x).size < 3:
        return {}
    # The line of Theil and Sen: medians, which a quarter of the points cannot move.
    slope = np.median((y[second] - y[first])[apart] / (x[second] - x[first])[apart])
    distance = y - slope * x
    distance -= np.median(distance)
    scatter = 1.4826 * float(np.median(np.abs(distance)))
    far = np.flatnonzero(np.abs(distance) > max(np.log(FACTOR), SCATTERS * scatter))
    worst = far[np.argsort(-np.abs(distance[far]), kind="stable")][: x.size // 4]
    return {int(k): float(np.exp(distance[k])) for k in worst}


def off_the_line_reason(factor: float) -> str:
    """Why such a point takes no part."""
    how = f"{factor:.3g} times as high as" if factor > 1 else f"{1 / factor:.3g} times lower than"
    return f"conductivity is {how} the line through the others: check the file, its temperature and the spectrum"


def contradicting_pairs(celsius: np.ndarray, conductivity: np.ndarray, sd: np.ndarray) -> list[tuple[int, int, float]]:
    """Pairs of one temperature whose conductivities differ by more than three standard uncertainties and 5 %.

    Parameters
    ----------
    celsius
        Temperatures in degC of the points used.
    conductivity, sd
        Conductivities in S/cm and their standard uncertainties without the pellet's.

    Returns
    -------
    list of tuples
        Places of the two, and how far the logarithms of their conductivities are apart.
    """
    found = []
    for i, j in itertools.combinations(range(celsius.size), 2):
        if abs(celsius[i] - celsius[j]) > SAME_TEMPERATURE:
            continue
        difference = abs(np.log(conductivity[i] / conductivity[j]))
        if difference > max(SAME_CONDUCTIVITY, 3 * np.hypot(sd[i] / conductivity[i], sd[j] / conductivity[j])):
            found.append((i, j, float(difference)))
    return found


def contradiction(first: float, second: float, difference: float) -> str:
    """Two spectra of one temperature (degC) that differ, in words."""
    return (
        f"two spectra at {first:g} and {second:g} degC differ by {100 * np.expm1(difference):.0f} % in conductivity: "
        "one of them had another temperature, or the sample changed"
    )


def contradictions(celsius: np.ndarray, conductivity: np.ndarray, sd: np.ndarray) -> list[str]:
    """Pairs as :func:`contradicting_pairs` finds them, in words."""
    pairs = contradicting_pairs(celsius, conductivity, sd)
    return [contradiction(celsius[i], celsius[j], difference) for i, j, difference in pairs]


def disagreement(single: Arrhenius, together: TogetherLine) -> str:
    """That the line through the single fits and the fit of all temperatures at once differ; empty if they agree."""
    apart = abs(single.activation_energy - together.activation_energy)
    # They share nearly all their data, so they differ by less than the error of either.
    sd = max(single.activation_energy_sd, together.activation_energy_sd)
    if apart <= DISAGREEMENT * sd:
        return ""
    return (
        f"activation energy of the single fits is {single.activation_energy:.4f} eV, of all temperatures at once "
        f"{together.activation_energy:.4f} eV: they differ by {apart / sd:.1f} standard uncertainties; look at the "
        "spectra left out and at the lower limits"
    )


def energy_if_kelvin(celsius: np.ndarray, conductivity: np.ndarray) -> float:
    """The activation energy (eV) that temperatures called degC give if they were kelvin."""
    return float(-BOLTZMANN * np.polyfit(1 / celsius, np.log(conductivity * celsius), 1)[0])


@dataclass(frozen=True)
class InSeries:
    """A resistivity in series at all temperatures (ohm cm), and E (eV) without and with it."""

    resistivity: float
    resistivity_sd: float
    energy_without: float
    energy_with: float
    # Those of the fit, and of a parabola in 1/T, which has as many parameters and bends alike at both ends.
    chi_squared: float
    parabola_chi_squared: float

    @property
    def sure(self) -> bool:
        """Whether it is there by its errors and bends the line as any other smooth bend would not do better."""
        better = self.chi_squared < self.parabola_chi_squared + AS_GOOD
        return better and self.resistivity > SURE_OF_LEADS * self.resistivity_sd


def in_series(kelvin: np.ndarray, conductivity: np.ndarray, ln_sd: np.ndarray) -> InSeries:
    """What the same resistivity at all temperatures, in series with one that is activated, would be.

    1/sigma = rho + T exp(E/kT)/A, fitted to ln sigma with its errors, which are widened where they are too small.

    Parameters
    ----------
    kelvin, conductivity, ln_sd
        Temperatures in K, conductivities in S/cm and standard uncertainties of their logarithms, five or more.
    """
    from scipy.optimize import least_squares

    u, y, weight = 1 / (BOLTZMANN * kelvin), -np.log(conductivity), 1 / np.maximum(ln_sd, 1e-4)
    straight = np.polyfit(u, y - np.log(kelvin), 1, w=weight)
    # In units of the least resistivity, which rho is a part of.
    least = float(np.min(y))

    def residual(p: np.ndarray) -> np.ndarray:
        return (np.logaddexp(least + np.log(max(p[0], 1e-12)), np.log(kelvin) + p[1] * u + p[2]) - y) * weight

    energy = float(np.clip(1.1 * straight[0], 0.01, 9.0))
    start = [0.3, energy, straight[1] + (straight[0] - energy) * float(u.mean())]
    found = least_squares(residual, start, bounds=([0, 0, -np.inf], [1, 10, np.inf]), x_scale=[0.1, 0.1, 1.0])
    scale = max(1.0, 2 * found.cost / (kelvin.size - 3))
    # Of a direction that the data do not know at all, all is possible.
    jacobian = np.asarray(found.jac)
    sd = np.sqrt(np.diag(np.linalg.pinv(jacobian.T @ jacobian)) * scale)
    bent = np.polyfit(u - u.mean(), y - np.log(kelvin), 2, w=weight)
    off = (np.polyval(bent, u - u.mean()) - y + np.log(kelvin)) * weight
    return InSeries(
        resistivity=float(np.exp(least) * found.x[0]),
        resistivity_sd=float(np.exp(least) * sd[0]),
        energy_without=float(found.x[1]),
        energy_with=float(straight[0]),
        chi_squared=float(2 * found.cost) / scale,
        parabola_chi_squared=float(off @ off) / scale,
    )


def off_the_series(permittivity: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Samples whose permittivity is not that of the others, which agree: its own and the others' median."""
    found = {}
    values = np.array(list(permittivity.values()))
    for place, (sample, own) in enumerate(permittivity.items()):
        others = np.delete(values, place)
        if others.size < FEWEST_ALIKE:
            continue
        median = float(np.median(others))
        alike = np.count_nonzero(np.abs(np.log(others / median)) <= np.log(ALIKE))
        if abs(np.log(own / median)) > np.log(UNLIKE) and alike >= max(FEWEST_ALIKE, 0.75 * others.size):
            found[sample] = own, median
    return found


def area_of_a_die(diameter: float) -> float | None:
    """The die (cm) whose area in cm2 a diameter in cm would be that is of no die itself; None if there is none."""
    return _die_of(diameter, float(np.sqrt(4 * diameter / np.pi)))


def radius_of_a_die(diameter: float) -> float | None:
    """The die (cm) whose radius a diameter in cm would be that is of no die itself; None if there is none."""
    return _die_of(diameter, 2 * diameter)


def _die_of(diameter: float, meant: float) -> float | None:
    if any(abs(diameter / die - 1) <= 2 * DIE_TOLERANCE for die in DIES):
        return None
    return next((die for die in DIES if abs(meant / die - 1) <= DIE_TOLERANCE), None)


def impossible(energy: float, conductivity: np.ndarray) -> list[str]:
    """An activation energy or conductivities that no ionic conductor has; eV and S/cm."""
    told = []
    if energy <= 0:
        told.append(f"activation energy of {energy:.3g} eV: conductivity does not rise with temperature")
    if np.any(conductivity > HIGHEST_CONDUCTIVITY):
        told.append(
            f"conductivity of {conductivity.max():.3g} S/cm is that of a metal: check the unit of the impedance (ohm) "
            "and of the pellet (cm)"
        )
    return told


def impossible_permittivity(permittivity: np.ndarray) -> str:
    """What is wrong with the permittivity of a sample's fastest arcs, by their median; empty if nothing is."""
    known = permittivity[np.isfinite(permittivity)]
    if not known.size or PERMITTIVITIES[0] <= np.median(known) <= PERMITTIVITIES[1]:
        return ""
    return (
        f"apparent relative permittivity of the fastest arc is {np.median(known):.3g} (bulk of an ionic conductor: 5 "
        "to 500): check that the pellet is in cm, its diameter no radius, the impedance in ohm; or the arc is no bulk's"
    )
