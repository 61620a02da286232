"""What is wrong with the spectra, conductivities and the activation energy of a sample."""

from __future__ import annotations

import itertools
import json
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.data.contract.impedance import CONTRADICTS, DRIFT, LEFT_OUT, NOT_RESOLVED
from coherion.data.spectra.file_names import off_their_names
from coherion.impedance import alerts
from coherion.impedance.arrhenius_together import CONTRADICTION
from coherion.quality.alert import Alert, Grade, Told, told
from coherion.settings.stages.quality import QualitySettings

if TYPE_CHECKING:
    import xarray

# Two files of one measurement differ by their digits, of which there are four or more; of so many points of two
# measurements one differs by more in its noise.
SAME_NUMBERS, FEWEST_SAME = 1e-3, 10
# Conductivity over that of the line: what bends a line or scatters in it does not reach this.
FAR_OFF = 1.5


def alerts_of_impedance(
    circuits: xarray.Dataset, arrhenius: xarray.Dataset, limits: QualitySettings, resistance: str = "total"
) -> list[Alert]:
    """Alerts of one sample, of the resistance that its conductivity comes from.

    Parameters
    ----------
    circuits, arrhenius
        What fit_circuits and fit_arrhenius wrote.
    limits
        From which number on a result is alerted.
    resistance
        Name of the resistance; the first one where there is none of that name.
    """
    names = [str(n) for n in arrhenius["resistance_name"].values]
    k = names.index(resistance) if resistance in names else 0
    a = {str(n): arrhenius[n].values for n in arrhenius.data_vars}
    where = [_place(a, row) for row in range(a["temperature"].size)]
    found = _of_line(a, k, where, limits) + _of_curvature(a, k, arrhenius.attrs, limits)
    found += _of_points(a, k, where, limits)
    found += _of_drift(a, k, where, circuits)
    found += _left_out(a, k, where)
    found += _of_temperatures(a, k, where, limits)
    found += _of_pellet(a, k, _diameter(arrhenius))
    doubts, resolved = circuits["doubt"].values, circuits["resolved"].any("resistance_name").values
    for row in [r for r, doubt in enumerate(doubts) if doubt and resolved[r]]:
        advice = "look at the spectrum, its rivals and the Kramers-Kronig residuals; name the circuit if you know it"
        ratio = float(circuits["misfit_to_noise"].values[row])
        found.append(Alert("C", "doubt", ratio, "1", 3.0, where[row], f"{where[row]}: {doubts[row]}", advice))
    return found


def _place(a: dict[str, np.ndarray], row: int) -> str:
    """The spectrum: its temperature, and its file where that is known."""
    source = f", {PurePath(str(a['source'][row])).name}" if "source" in a else ""
    return f"{a['temperature'][row]:g} degC{source}"


def _of_line(a: dict[str, np.ndarray], k: int, where: list[str], limits: QualitySettings) -> list[Alert]:
    energy, sd = float(a["activation_energy"][k]), float(a["activation_energy_sd"][k])
    used = a["used"][k].astype(bool)
    if not np.isfinite(energy):
        first = next((f"{w}: {x}" for w, x in zip(where, a["exclusion"][k], strict=True) if x), "")
        text = f"{int(used.sum())} of {used.size} spectra usable, too few for an activation energy"
        advice = f"look at the spectra left out{'; ' + first if first else ''}"
        return [Alert("B", "no-activation-energy", float(used.sum()), "1", 2.0, "", text, advice)]
    found = []
    if energy <= 0:
        text = f"activation energy of {energy:.3g} eV: conductivity does not rise with temperature"
        advice = "check which temperature belongs to which spectrum"
        found.append(Alert("A", "activation-energy", energy, "eV", 0.0, "", text, advice))
    celsius = a["temperature"][used]
    if energy > alerts.STEEPEST and np.min(celsius) > alerts.COLDEST_IN_KELVIN:
        other = alerts.energy_if_kelvin(celsius, a["conductivity"][k][used])
        if 0 < other < alerts.STEEPEST:
            text = (
                f"activation energy is {energy:.3g} eV; {other:.3g} eV if {celsius.min():g} degC and above are kelvin"
            )
            advice = "check the unit of the column temperature_C: it is in degC"
            found.append(Alert("B", "kelvin", energy, "eV", alerts.STEEPEST, "temperature_C", text, advice))
    span = float(np.ptp(celsius))
    if span < limits.temperature_span:
        text = f"activation energy of temperatures {span:.3g} K apart: errors of the sensor make {sd:.2g} eV of it"
        advice = "measure over a wider range, or take the conductivity alone"
        found.append(Alert("B", "temperature-span", span, "K", limits.temperature_span, "", text, advice))
    together = float(a["together_activation_energy"][k])
    both = max(sd, float(a["together_activation_energy_sd"][k]))
    apart = abs(together - energy) / both if both > 0 else 0.0
    if apart > alerts.DISAGREEMENT:
        text = f"activation energy of the single fits is {energy:.4f} eV, of all temperatures at once {together:.4f} eV"
        advice = "look at the spectra left out and at the lower limits"
        found.append(Alert("B", "energies-disagree", apart, "sd", alerts.DISAGREEMENT, "", text, advice))
    return found


def _of_curvature(a: dict[str, np.ndarray], k: int, known: Mapping[str, Any], limits: QualitySettings) -> list[Alert]:
    """A curved line, and whether leads bend it so; few points tell leads by their form before they tell a parabola."""
    p, used = float(a["curvature_p"][k]), a["used"][k].astype(bool)
    curved = p < limits.curvature_p
    if used.sum() >= alerts.FEWEST and np.isfinite(p):
        sigma = a["conductivity"][k][used]
        own = np.hypot(a["conductivity_fit_sd"][k][used], a["conductivity_temperature_sd"][k][used]) / sigma
        kelvin = a["temperature"][used] + float(known["celsius_zero"])
        leads = alerts.in_series(kelvin, sigma, own)
        ohm, ohm_sd = (value * float(known["cell_constant"]) for value in (leads.resistivity, leads.resistivity_sd))
        moved = abs(leads.energy_without - leads.energy_with)
        matters = curved or moved > alerts.MOVED * float(a["activation_energy_sd"][k])
        if leads.sure and matters and ohm < alerts.LEADS:
            text = (
                f"Arrhenius plot bends as {ohm:.3g} ± {ohm_sd:.1g} ohm in series bend it, alike at all temperatures: "
                f"without them the activation energy is {leads.energy_without:.3g} eV, with them "
                f"{leads.energy_with:.3g} eV"
            )
            advice = "measure leads and contacts by themselves (column short_circuit), or narrow temperature_max"
            return [Alert("B", "series-resistance", ohm, "ohm", alerts.LEADS, "", text, advice)]
    if not curved:
        return []
    text = f"Arrhenius plot is curved (p = {p:.2g}): one activation energy does not describe it"
    advice = "look at the plot, narrow temperature_min and temperature_max"
    return [Alert("C", "curvature", p, "1", limits.curvature_p, "", text, advice)]


def _of_points(a: dict[str, np.ndarray], k: int, where: list[str], limits: QualitySettings) -> list[Alert]:
    found = []
    factors = a["off_the_line"][k]
    for row in np.flatnonzero(np.isfinite(factors)).tolist():
        factor = float(factors[row])
        text = f"{where[row]}: {alerts.off_the_line_reason(factor)}"
        advice = "it takes no part; mend or exclude it in the table of spectra"
        found.append(Alert("B", "off-the-line", factor, "1", alerts.FACTOR, where[row], text, advice))
    residual, factor_of = a["standardised_residual"][k], _factors(a, k)
    for row in np.flatnonzero(np.abs(np.nan_to_num(residual)) > limits.conductivity_residual).tolist():
        number = float(residual[row])
        text = f"{where[row]}: conductivity is {abs(number):.1f} standard uncertainties {_side(number)} the line"
        # No circuit and no noise is as far off.
        far = max(factor_of[row], 1 / factor_of[row]) > FAR_OFF
        text += f", {factor_of[row]:.3g} times what the line of all has" if far else ""
        advice = (
            "check its temperature, the unit of its impedance, its circuit, whether the sample had settled, and, where "
            "the pellet conducts well, the resistance of the leads (column short_circuit)"
        )
        limit = limits.conductivity_residual
        found.append(Alert("B" if far else "C", "conductivity-residual", number, "sd", limit, where[row], text, advice))
    for row, kind in enumerate(a["exclusion_kind"][k]):
        if kind != DRIFT and a["role"][k][row] == CONTRADICTS:
            apart = float(a["limit_distance"][k][row])
            text = (
                f"{where[row]}: what the spectrum allows its resistance to be is {apart:.1f} standard uncertainties "
                "off the line of the others"
            )
            advice = "check its temperature and whether the sample had settled"
            found.append(Alert("B", "limit-contradicts", apart, "sd", CONTRADICTION, where[row], text, advice))
    return found


def _factors(a: dict[str, np.ndarray], k: int) -> np.ndarray:
    """Conductivity of each spectrum over that of the line of Theil and Sen through those used; 1 for others."""
    used = np.flatnonzero(a["used"][k])
    factors = np.ones(a["used"][k].size)
    kelvin, sigma = a["temperature"][used] + ZERO_CELSIUS, a["conductivity"][k][used]
    x, y = 1 / kelvin, np.log(sigma * kelvin)
    first, second = np.triu_indices(x.size, 1)
    apart = x[first] != x[second]
    if x.size > 2 and apart.any():
        distance = y - float(np.median((y[second] - y[first])[apart] / (x[second] - x[first])[apart])) * x
        factors[used] = np.exp(distance - np.median(distance))
    return factors


def _of_drift(a: dict[str, np.ndarray], k: int, where: list[str], circuits: xarray.Dataset) -> list[Alert]:
    found = []
    moved, limit = circuits["resistance_drift"].values, float(circuits.attrs["largest_drift"])
    for row, reason in enumerate(a["exclusion"][k]):
        if a["exclusion_kind"][k][row] == DRIFT:
            advice = "wait longer at each temperature, measure again; it takes no part in the line"
            text = f"{where[row]}: {reason}"
            found.append(Alert("B", "drift", float(moved[row]), "1", limit, where[row], text, advice))
    return found


def _left_out(a: dict[str, np.ndarray], k: int, where: list[str]) -> list[Alert]:
    """Spectra that take no part in any way, beside those that have an alert of their own, as one."""
    if not np.isfinite(a["activation_energy"][k]):
        return []
    rows = [
        row for row, kind in enumerate(a["exclusion_kind"][k]) if kind == NOT_RESOLVED and a["role"][k][row] == LEFT_OUT
    ]
    if not rows:
        return []
    first = rows[0]
    text = f"{len(rows)} of {len(where)} spectra take no part; {where[first]}: {a['exclusion'][k][first]}"
    advice = "the table of exclusions has them all"
    return [Alert("C", "left-out", float(len(rows)), "1", 0.0, where[first], text, advice)]


def _side(number: float) -> str:
    return "above" if number > 0 else "below"


def _of_temperatures(a: dict[str, np.ndarray], k: int, where: list[str], limits: QualitySettings) -> list[Alert]:
    found = []
    used = a["used"][k].astype(bool)
    celsius, sigma = a["temperature"][used], a["conductivity"][k][used]
    parts = [a[f"conductivity_{n}_sd"][k][used] for n in ("fit", "choice", "temperature")]
    sd = np.sqrt(np.sum(np.square(np.nan_to_num(parts)), axis=0))
    for i, j, difference in alerts.contradicting_pairs(celsius, sigma, sd):
        text = alerts.contradiction(celsius[i], celsius[j], difference)
        advice = "look at both spectra; exclude the wrong one in the table of spectra"
        least = alerts.SAME_CONDUCTIVITY
        place = f"{celsius[i]:g} and {celsius[j]:g} degC"
        found.append(Alert("B", "same-temperature", float(np.expm1(difference)), "1", least, place, text, advice))
    stems = [PurePath(str(source)).stem for source in a.get("source", [])]
    limit = limits.temperature_difference
    for row, named in (off_their_names(stems, a["temperature"].tolist(), limit) if stems else {}).items():
        apart = float(a["temperature"][row] - named)
        text = f"{where[row]}: the file's name says {named:g} degC"
        advice = "check the column temperature_C of the table of spectra"
        found.append(Alert("C", "temperature-of-the-name", apart, "K", limit, where[row], text, advice))
    return found


def alerts_of_pellets(lines: Mapping[str, xarray.Dataset]) -> list[Told]:
    """Alerts of samples whose permittivity is not that of the others of the series, by what fit_arrhenius wrote."""
    medians = {}
    for sample, line in lines.items():
        used = line["used"].values[0].astype(bool)
        known = line["relative_permittivity"].values[used, :1]
        if (known := known[np.isfinite(known)]).size:
            medians[sample] = float(np.median(known))
    found: list[Told] = []
    for sample, (own, others) in alerts.off_the_series(medians).items():
        factor = own / others
        text = (
            f"apparent relative permittivity of the fastest arc is {own:.3g}, of the other samples {others:.3g}: "
            f"{factor:.2f} times as much"
        )
        advice = (
            "check the pellet: a radius in place of the diameter makes 4 times as much, an area 1 to 3 times, mm in "
            "place of cm a tenth, a diameter in place of the radius a quarter; or the unit of the impedance"
        )
        found += told(sample, "impedance", [Alert("B", "unlike-pellet", factor, "1", alerts.UNLIKE, "", text, advice)])
    return found


def alerts_of_same_spectra(spectra: Mapping[str, xarray.Dataset]) -> list[Told]:
    """Measurements that stand for two samples or two temperatures, known by their numbers, whatever names and digits.

    ``spectra`` by sample, with ``frequency``, ``impedance_real``, ``impedance_imaginary``, ``temperature`` and
    ``source``.
    """
    measurements: dict[bytes, list[_Spectrum]] = {}
    for order, (sample, dataset) in enumerate(spectra.items()):
        names = ("frequency", "impedance_real", "impedance_imaginary", "source", "temperature")
        for f, real, imaginary, source, celsius in zip(*(dataset[name].values for name in names), strict=True):
            good = np.isfinite(f)
            curve = _Curve(f[good], real[good] + 1j * imaginary[good])
            if curve.z.size >= FEWEST_SAME:
                held = _Spectrum(order, sample, PurePath(str(source)).name, float(celsius), curve)
                measurements.setdefault(curve.f.tobytes() + curve.z.tobytes(), []).append(held)
    members = list(measurements.values())
    copies: dict[tuple[str, str], list[str]] = {}
    further: dict[tuple[str, str], int] = {}
    repeated: dict[tuple[str, str, str], str] = {}
    for own, others in zip(members, _alike([one[0].curve for one in members]), strict=True):
        same = sorted((one for k in others for one in members[k]), key=lambda one: (one.order, one.celsius))
        first, holders = same[0], sorted({one.order for one in same})
        for one in own if len(holders) > 1 else ():
            if one.sample != first.sample:
                # One alert for all before it: of a thousand copies there are half a million pairs.
                pair = one.sample, first.sample
                copies.setdefault(pair, []).append(f"{one.source} is {first.source}")
                further[pair] = max(further.get(pair, 0), bisect(holders, one.order) - 2)
        for one, other in itertools.pairwise(same):
            if one.sample == other.sample and other.celsius - one.celsius > alerts.SAME_TEMPERATURE:
                ends = f"{one.source} of {one.celsius:g} degC and {other.source} of {other.celsius:g} degC"
                key = one.sample, min(one.source, other.source), max(one.source, other.source)
                repeated.setdefault(key, f"{ends} are one measurement")
    found: list[Told] = []
    for (sample, owner), pairs in copies.items():
        more = f" (and {further[sample, owner]} more)" if further[sample, owner] else ""
        text = f"{len(pairs)} of its spectra are those of sample {owner}{more}, number by number ({pairs[0]}"
        text += ", ...)" if len(pairs) > 1 else ")"
        number, advice = float(len(pairs)), "give each its own files"
        found += told(
            sample, "impedance", [Alert("A", "same-file", number, "spectra", 1.0, "column file", text, advice)]
        )
    for (sample, *_), text in repeated.items():
        advice = "name each measurement once, at its own temperature"
        found += told(sample, "impedance", [Alert("A", "same-file", 2.0, "spectra", 1.0, "column file", text, advice)])
    return found


class _Curve(NamedTuple):
    """Frequencies, Hz, and impedances, ohm, shape (n,) each."""

    f: np.ndarray
    z: np.ndarray


class _Spectrum(NamedTuple):
    """A spectrum and whose it is: place of the sample in the series, its name, file, temperature in degC."""

    order: int
    sample: str
    source: str
    celsius: float
    curve: _Curve


def _alike(curves: Sequence[_Curve]) -> Iterator[np.ndarray]:
    """Of each curve the places of those with the same numbers, its own among them."""
    shapes: dict[int, list[int]] = {}
    for place in np.argsort([abs(curve.z[0]) for curve in curves]).tolist():
        shapes.setdefault(curves[place].z.size, []).append(place)
    found: dict[int, np.ndarray] = {}
    for places in shapes.values():
        f, z = (np.array(values) for values in zip(*(curves[place] for place in places), strict=True))
        size = np.abs(z[:, 0])
        begins = np.searchsorted(size, size * (1 - 2 * SAME_NUMBERS))
        ends = np.searchsorted(size, size * (1 + 2 * SAME_NUMBERS), side="right")
        for row, place in enumerate(places):
            near = slice(begins[row], ends[row])
            equal = np.all(np.abs(f[near] - f[row]) <= SAME_NUMBERS * f[row], axis=1)
            # Either of the two may be the rounded one.
            larger = np.maximum(np.abs(z[near]), np.abs(z[row]))
            equal &= np.all(np.abs(z[near] - z[row]) <= SAME_NUMBERS * larger, axis=1)
            found[place] = np.array(places)[near][equal]
    for place in range(len(curves)):
        yield found[place]


def alerts_of_names(sources: Mapping[str, Sequence[str]]) -> list[Told]:
    """Samples with files that are called as another sample is, and not as they are: rows that were mixed up.

    ``sources`` are the names of the files by sample.
    """
    found: list[Told] = []
    spelt: dict[str, list[str]] = {}
    for name in sources:
        spelt.setdefault(name.casefold(), []).append(name)
    for sample, files in sources.items():
        called: dict[str, list[str]] = {}
        for file in dict.fromkeys(PurePath(source).name for source in files):
            stem = PurePath(file).stem
            begins = (stem.casefold()[:end] for end in range(1, len(stem.casefold()) + 1))
            named = [name for begin in begins for name in spelt.get(begin, ()) if _is_called(stem, name)]
            # The longest of x90 and x90_200C is meant.
            if named and sample not in named:
                called.setdefault(max(named, key=len), []).append(file)
        for other, own in called.items():
            text = f"{len(own)} of its {len(files)} files bear the name of sample {other} ({', '.join(own[:3])}"
            text += ", ...)" if len(own) > 3 else ")"
            advice = "check which sample each row of the table of spectra belongs to, or rename the files"
            alert = Alert("B", "name-of-another", float(len(own)), "files", 0.0, "column sample", text, advice)
            found += told(sample, "impedance", [alert])
    return found


def _is_called(stem: str, name: str) -> bool:
    """Whether the name of a file begins with that of a sample, as a word; a number alone is no name."""
    follows = stem[len(name) : len(name) + 1]
    return stem.casefold().startswith(name.casefold()) and not follows.isalnum() and not name.isdecimal()


def _diameter(arrhenius: xarray.Dataset) -> float:
    """That of the pellet in cm, as the settings state it."""
    settings = json.loads(arrhenius.attrs.get("settings", "{}"))
    return float(settings.get("pellet_diameter_cm") or 0.0)


def _of_pellet(a: dict[str, np.ndarray], k: int, diameter: float) -> list[Alert]:
    found = []
    used = a["used"][k].astype(bool)
    sigma = a["conductivity"][k][used]
    if sigma.size and np.max(sigma) > alerts.HIGHEST_CONDUCTIVITY:
        text = f"conductivity of {np.max(sigma):.3g} S/cm is that of a metal"
        advice = "check the unit of the impedance (ohm) and of the pellet (cm)"
        limit = alerts.HIGHEST_CONDUCTIVITY
        found.append(Alert("A", "conductivity", float(np.max(sigma)), "S/cm", limit, "", text, advice))
    permittivity = a["relative_permittivity"]
    if permittivity.shape[1] and (text := alerts.impossible_permittivity(permittivity[used, 0])):
        median = float(np.nanmedian(permittivity[used, 0]))
        limit = alerts.PERMITTIVITIES[int(median > alerts.PERMITTIVITIES[1])]
        fact, _, advice = text.partition(": check")
        found.append(Alert("B", "permittivity", median, "1", limit, "", fact, f"check{advice}"))
    elif permittivity.shape[1] and np.isfinite(known := permittivity[used, 0]).any():
        median, (low, high) = float(np.nanmedian(known)), alerts.USUAL_PERMITTIVITIES
        text = f"apparent relative permittivity of the fastest arc is {median:.3g}, of most ionic conductors 5 to 80"
        if median > high:
            advice = "is the diameter of the pellet a radius, which makes it four times as high, or the arc no bulk's?"
            grade: Grade = "C"
            if die := alerts.radius_of_a_die(diameter):
                # A second sign: no die is as small, and one is twice as wide.
                grade = "B"
                text = f"{text}; the diameter of {diameter:g} cm is that of no die, and the radius of one of {die:g} cm"
            found.append(Alert(grade, "high-permittivity", median, "1", high, "", text, advice))
        elif median > high / 2 and (die := alerts.area_of_a_die(diameter)):
            text = (
                f"{text}; the diameter of {diameter:g} cm is that of no die, and the area in cm2 of one of {die:g} cm"
            )
            advice = "is the diameter of the pellet an area?"
            found.append(Alert("C", "high-permittivity", median, "1", high / 2, "", text, advice))
        elif median < low:
            advice = (
                "is the pellet in mm, which makes it a tenth, the frequency in rad/s, which makes it a sixth, or the "
                "impedance not in ohm?"
            )
            found.append(Alert("C", "low-permittivity", median, "1", low, "", text, advice))
    return found
