"""Dataset of the Arrhenius stage: conductivities with their uncertainty by source, activation energies, exclusions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.impedance import (
    ARRHENIUS,
    CARRIED,
    CONTRADICTS,
    DRIFT,
    LEFT_OUT,
    LOWER_LIMIT,
    NOT_RESOLVED,
    OFF_THE_LINE,
    OUTSIDE,
    USED,
)
from coherion.errors import InputError
from coherion.impedance import alerts
from coherion.impedance.arrhenius import Arrhenius, conductivity_on_line, fit_arrhenius
from coherion.impedance.arrhenius_together import TogetherLine, fit_together
from coherion.impedance.conductivity import Conductivity, Pellet, conductivity
from coherion.impedance.datasets import number, tsv
from coherion.messages import warn
from coherion.settings.stages.arrhenius import FORMS, WEIGHTINGS, ArrheniusSettings

if TYPE_CHECKING:
    import xarray


def pellet_of(settings: ArrheniusSettings) -> Pellet:
    """The pellet; InputError if its thickness or diameter is missing or not a length."""
    lengths = []
    for key in ("pellet_thickness_cm", "pellet_diameter_cm"):
        value = getattr(settings, key)
        if value is None:
            raise InputError(
                "geometry of the pellet is missing",
                place=f"key {key}",
                expected="a length in cm",
                advice="fill the column of that name in the table of samples",
            )
        lengths.append(value)
    return Pellet(lengths[0], lengths[1], settings.pellet_thickness_sd_cm, settings.pellet_diameter_sd_cm)


@dataclass(frozen=True)
class Line:
    """Result for one resistance: conductivities, which were used, and the Arrhenius lines drawn through them."""

    sigma: Conductivity
    used: np.ndarray
    off_the_line: np.ndarray
    """Conductivity over that of the line of the others where that is why a spectrum takes no part; NaN elsewhere."""
    reason: tuple[str, ...]
    kind: tuple[str, ...]
    """Of each reason, one of :data:`coherion.data.contract.impedance.EXCLUSIONS`; blank where there is none."""
    lines: Mapping[tuple[str, str], Arrhenius]
    """By form and weighting; empty with too few temperatures."""
    main: Arrhenius | None


def analyse_resistance(
    celsius: np.ndarray,
    temperature_sd: np.ndarray,
    resistance: np.ndarray,
    resistance_sd: np.ndarray,
    reason: tuple[str, ...],
    settings: ArrheniusSettings,
    choice_sd: np.ndarray | float = 0.0,
    drifted: np.ndarray | bool = False,
) -> Line:
    """Conductivities and Arrhenius lines of one resistance at several temperatures.

    Parameters
    ----------
    celsius, temperature_sd
        Temperature of each spectrum in degC and its standard uncertainty in K.
    resistance, resistance_sd
        In ohm; NaN where there is none.
    reason
        For each spectrum why it takes no part; empty if it does.
    settings
        Geometry and conventions.
    choice_sd
        Part of ``resistance_sd`` that comes from the choice of the circuit.
    drifted
        Whether a reason is that the sample changed during the sweep.
    """
    pellet = pellet_of(settings)
    kelvin = celsius + settings.celsius_zero
    why = list(reason)
    moved = np.broadcast_to(drifted, len(why))
    kind = [(DRIFT if moved[i] else NOT_RESOLVED) if one else "" for i, one in enumerate(why)]
    for i, t in enumerate(celsius):
        if not why[i] and settings.temperature_min is not None and t < settings.temperature_min:
            why[i], kind[i] = f"colder than the configured {settings.temperature_min:g} degC", OUTSIDE
        if not why[i] and settings.temperature_max is not None and t > settings.temperature_max:
            why[i], kind[i] = f"hotter than the configured {settings.temperature_max:g} degC", OUTSIDE
        if not why[i] and not (np.isfinite(resistance[i]) and resistance[i] > 0):
            why[i], kind[i] = "no resistance", NOT_RESOLVED
    raw = conductivity(resistance, resistance_sd, pellet, choice_sd=choice_sd)
    places = np.flatnonzero([not w for w in why])
    off = np.full(kelvin.shape, np.nan)
    for k, factor in alerts.off_the_line(kelvin[places], raw.value[places]).items():
        off[places[k]] = factor
        why[places[k]], kind[places[k]] = alerts.off_the_line_reason(factor), OFF_THE_LINE
    used = np.array([not w for w in why])
    lines: dict[tuple[str, str], Arrhenius] = {}
    for form in FORMS:
        for weighting in WEIGHTINGS:
            if np.unique(kelvin[used]).size < (2 if weighting == "errors" else 3):
                continue
            relative = raw.own_sd[used] / raw.value[used]
            if weighting == "errors" and not np.all((relative > 0) | (temperature_sd[used] > 0)):
                continue
            lines[form, weighting] = fit_arrhenius(
                kelvin[used],
                raw.value[used],
                relative_sd=relative,
                temperature_sd=temperature_sd[used],
                temperature_offset_sd=settings.temperature_offset_sd,
                form=form,
                weighting=weighting,
                covariance=settings.covariance if weighting == "errors" else "scatter",
            )
    main = lines.get((settings.form, settings.weighting))
    if main is None:
        return Line(raw, used, off, tuple(why), tuple(kind), lines, None)
    combined_sd = np.hypot(temperature_sd, settings.temperature_offset_sd)
    sigma = conductivity(
        resistance,
        resistance_sd,
        pellet,
        choice_sd=choice_sd,
        temperature_sd=combined_sd,
        relative_slope=main.relative_slope(kelvin),
    )
    return Line(sigma, used, off, tuple(why), tuple(kind), lines, main)


def arrhenius_dataset(circuits: xarray.Dataset, settings: ArrheniusSettings) -> xarray.Dataset:
    """Conductivities, activation energies and what was left out, of all resistances of a sample.

    Parameters
    ----------
    circuits
        What the circuit stage wrote.
    settings
        Geometry and conventions.

    Returns
    -------
    Dataset
        Dimensions ``resistance_name``, ``spectrum``, ``form``, ``weighting``; see docs/method-impedance.md.

    Raises
    ------
    InputError
        If the geometry is missing or wrong.
    """
    pellet = pellet_of(settings)
    celsius = circuits["temperature"].values.astype(float)
    temperature_sd = (
        np.full(celsius.shape, settings.temperature_sd)
        if settings.temperature_sd is not None
        else np.nan_to_num(circuits["temperature_sd"].values.astype(float))
        if "temperature_sd" in circuits
        else np.zeros(celsius.shape)
    )
    names = [str(n) for n in circuits["resistance_name"].values]
    found = []
    for k, name in enumerate(names):
        line = analyse_resistance(
            celsius,
            temperature_sd,
            circuits["resistance"].values[:, k],
            circuits["resistance_sd"].values[:, k],
            tuple(str(r) for r in circuits["reason"].values[:, k]),
            settings,
            circuits["resistance_choice_sd"].values[:, k] if "resistance_choice_sd" in circuits else 0.0,
            circuits["drifted"].values[:, k] if "drifted" in circuits else False,
        )
        _warn_of(line, name, settings, celsius)
        found.append(line)
    together = [_together(circuits, k, line, celsius, temperature_sd, settings, pellet) for k, line in enumerate(found)]
    for name, line, one in zip(names, found, together, strict=True):
        if line.main is not None and one.line is not None:
            told = alerts.disagreement(line.main, one.line)
            if told:
                warn(f"resistance {name}: {told}")
    permittivity = alerts.relative_permittivity(circuits["capacitance"].values, pellet.cell_constant)
    used = np.any([x.used for x in found], axis=0)
    if permittivity.shape[1] and (text := alerts.impossible_permittivity(permittivity[used, 0])):
        warn(text)
    values: dict[str, Any] = {
        "conductivity": np.array([x.sigma.value for x in found]),
        "conductivity_sd": np.array([x.sigma.sd for x in found]),
        "conductivity_fit_sd": np.array([x.sigma.fit_sd for x in found]),
        "conductivity_choice_sd": np.array([x.sigma.choice_sd for x in found]),
        "conductivity_geometry_sd": np.array([x.sigma.geometry_sd for x in found]),
        "conductivity_temperature_sd": np.array([x.sigma.temperature_sd for x in found]),
        "used": np.array([x.used for x in found]),
        "exclusion": np.array([x.reason for x in found], dtype=object),
        "exclusion_kind": np.array([x.kind for x in found], dtype=object),
        "off_the_line": np.array([x.off_the_line for x in found]),
        "standardised_residual": np.array([_residuals(x) for x in found]),
        "relative_permittivity": permittivity,
        "spectra_used": np.array([int(x.used.sum()) for x in found]),
        **_main_results(found, celsius, settings, pellet),
        **_together_results(together, settings, pellet),
        **_all_lines(found, settings, pellet),
        **{name: circuits[name].values for name in CARRIED if name in circuits},
        "resistance_name": names,
        "form": list(FORMS),
        "weighting": list(WEIGHTINGS),
        "arc": [str(a) for a in circuits["arc"].values],
    }
    index = int(np.argmin(np.abs(celsius - settings.reference_temperature)))
    if abs(celsius[index] - settings.reference_temperature) <= settings.reference_tolerance:
        for name in ("capacitance", "capacitance_sd"):
            values[f"{name}_reference"] = circuits[name].values[index]
    attributes = {k: v for k, v in circuits.attrs.items() if k in ("origin", "sample", "circuit")}
    attributes |= {
        "form": settings.form,
        "weighting": settings.weighting,
        "cell_constant": pellet.cell_constant,
        "cell_constant_relative_sd": pellet.relative_sd,
        "reference_temperature": settings.reference_temperature,
        "celsius_zero": settings.celsius_zero,
    }
    return ARRHENIUS.dataset(values, attributes)


@dataclass(frozen=True)
class _TogetherResult:
    line: TogetherLine | None
    role: np.ndarray


def _together(
    circuits: xarray.Dataset,
    k: int,
    line: Line,
    celsius: np.ndarray,
    temperature_sd: np.ndarray,
    settings: ArrheniusSettings,
    pellet: Pellet,
) -> _TogetherResult:
    """The line through all spectra at once, and what part each took."""
    ln_r = np.where(line.used, np.log(pellet.cell_constant / line.sigma.value), np.nan)
    ln_sd = line.sigma.own_sd / line.sigma.value
    grids = np.full((celsius.size, 1), np.nan)
    likelihoods = grids
    if k == 0 and "profile_resistance" in circuits:
        # Arcs smooth in temperature make the resistance more certain, never the choice of the circuit.
        resistance, relative_sd = (
            circuits[n].values for n in ("together_resistance", "together_resistance_relative_sd")
        )
        smooth = line.used & np.isfinite(resistance)
        ln_r = np.where(smooth, np.log(resistance), ln_r)
        ln_sd = np.where(smooth, np.hypot(relative_sd, line.sigma.choice_sd / line.sigma.value), ln_sd)
        low, high = settings.temperature_min, settings.temperature_max
        inside = (celsius >= (-np.inf if low is None else low)) & (celsius <= (np.inf if high is None else high))
        limited = ~circuits["resolved"].values[:, k] & inside
        grids, likelihoods = np.log(circuits["profile_resistance"].values), circuits["profile_log_likelihood"].values
        grids = np.where(limited[:, None], grids, np.nan)
    kelvin = celsius + settings.celsius_zero

    def fitted(offset: float) -> TogetherLine | None:
        return fit_together(
            kelvin + offset,
            temperature_sd,
            ln_r,
            ln_sd,
            grids,
            likelihoods,
            float(np.log(pellet.cell_constant)),
            settings.form,
        )

    found = fitted(0.0)
    if found is not None and settings.temperature_offset_sd > 0:
        up, down = fitted(0.5), fitted(-0.5)
        if up is not None and down is not None:
            shift = settings.temperature_offset_sd * np.array(
                [up.activation_energy - down.activation_energy, up.ln_prefactor - down.ln_prefactor]
            )
            found = replace(found, covariance=found.covariance + np.outer(shift, shift))
    role = np.where(line.used, USED, LEFT_OUT).astype(object)
    if found is not None:
        role[found.limits], role[found.contradicting] = LOWER_LIMIT, CONTRADICTS
    return _TogetherResult(found, role)


def _together_results(
    together: list[_TogetherResult], settings: ArrheniusSettings, pellet: Pellet
) -> dict[str, np.ndarray]:
    """Activation energy, prefactor and conductivity at the reference of all temperatures at once."""
    count, kelvin = len(together), settings.reference_temperature + settings.celsius_zero
    names = ("activation_energy", "activation_energy_sd", "ln_prefactor", "scatter")
    values = {f"together_{n}": np.full(count, np.nan) for n in (*names, "conductivity_reference")}
    values |= {"together_conductivity_reference_sd": np.full(count, np.nan)}
    covariance, limits = np.full((count, 2, 2), np.nan), np.zeros(count, dtype=int)
    for k, one in enumerate(together):
        if one.line is None:
            continue
        for n in names:
            values[f"together_{n}"][k] = getattr(one.line, n)
        covariance[k], limits[k] = one.line.covariance, one.line.limits.sum()
        sigma, sd = conductivity_on_line(
            settings.form,
            one.line.activation_energy,
            one.line.ln_prefactor,
            one.line.covariance,
            kelvin,
            pellet.relative_sd,
        )
        values["together_conductivity_reference"][k], values["together_conductivity_reference_sd"][k] = sigma, sd
    role = np.array([one.role for one in together], dtype=object)
    none = np.full(together[0].role.size, np.nan)
    distance = np.array([none if one.line is None else one.line.distance for one in together])
    parts = {"role": role, "limit_distance": distance}
    return values | {"together_covariance": covariance, "together_limits": limits, **parts}


def _residuals(line: Line) -> np.ndarray:
    """Standardised residual of every spectrum on the main line; NaN where it takes no part."""
    residual = np.full(line.used.shape, np.nan)
    if line.main is not None:
        scatter = np.sqrt(line.main.chi_squared / max(line.main.degrees_of_freedom, 1))
        unit = np.where(np.isfinite(line.main.ln_sd), line.main.ln_sd, scatter)
        residual[line.used] = np.divide(line.main.residual, unit, out=np.zeros_like(unit), where=unit > 0)
    return residual


def _warn_of(line: Line, name: str, settings: ArrheniusSettings, celsius: np.ndarray) -> None:
    used = line.used
    own = np.hypot(line.sigma.own_sd, line.sigma.temperature_sd)
    told = alerts.contradictions(celsius[used], line.sigma.value[used], own[used])
    if line.main is not None:
        told += alerts.impossible(line.main.activation_energy, line.sigma.value[used])
    for text in told:
        warn(f"resistance {name}: {text}")
    left_out = [w for w in line.reason if w]
    if line.main is None:
        warn(
            f"resistance {name}: {int(line.used.sum())} of {line.used.size} spectra usable, too few for an "
            f"activation energy{'; first reason: ' + left_out[0] if left_out else ''}"
        )
        return
    if line.main.curvature_p < settings.curvature_p:
        warn(
            f"resistance {name}: Arrhenius plot is curved (p = {line.main.curvature_p:.2g}): one activation energy "
            "does not describe it; look at the plot, narrow temperature_min and temperature_max"
        )


_OF_LINE = (
    "activation_energy",
    "activation_energy_sd",
    "ln_prefactor",
    "ln_prefactor_sd",
    "activation_energy_ln_prefactor_covariance",
    "r_squared",
    "arrhenius_reduced_chi_squared",
    "curvature",
    "curvature_p",
    "conductivity_reference",
    "conductivity_reference_sd",
)


def _main_results(
    found: list[Line], celsius: np.ndarray, settings: ArrheniusSettings, pellet: Pellet
) -> dict[str, Any]:
    """Activation energy, prefactor and conductivity at the reference, in the configured form and weighting."""
    kelvin = settings.reference_temperature + settings.celsius_zero
    columns: dict[str, list[float]] = {}

    def put(**values: float) -> None:
        for key, value in values.items():
            columns.setdefault(key, []).append(value)

    hole = math.nan
    for line in found:
        main = line.main
        if main is None:
            put(**dict.fromkeys(_OF_LINE, hole))
        else:
            sigma, sd = main.conductivity(kelvin, geometry_relative_sd=pellet.relative_sd)
            put(
                activation_energy=main.activation_energy,
                activation_energy_sd=main.activation_energy_sd,
                ln_prefactor=main.ln_prefactor,
                ln_prefactor_sd=math.hypot(main.ln_prefactor_sd, pellet.relative_sd),
                activation_energy_ln_prefactor_covariance=float(main.covariance[0, 1]),
                r_squared=main.r_squared,
                arrhenius_reduced_chi_squared=(
                    main.chi_squared / main.degrees_of_freedom if main.degrees_of_freedom else hole
                ),
                curvature=main.curvature,
                curvature_p=main.curvature_p,
                conductivity_reference=sigma,
                conductivity_reference_sd=sd,
            )
        distance = np.where(line.used, np.abs(celsius - settings.reference_temperature), np.inf)
        nearest = int(np.argmin(distance))
        near = distance[nearest] <= settings.reference_tolerance
        put(
            conductivity_measured=float(line.sigma.value[nearest]) if near else hole,
            conductivity_measured_sd=float(line.sigma.sd[nearest]) if near else hole,
            temperature_measured=float(celsius[nearest]) if near else hole,
        )
    return {name: np.array(column) for name, column in columns.items()}


def _all_lines(found: list[Line], settings: ArrheniusSettings, pellet: Pellet) -> dict[str, np.ndarray]:
    """The same in both forms, weighted and not."""
    shape = (len(found), len(FORMS), len(WEIGHTINGS))
    energy, energy_sd, ln_a, sigma, sigma_sd = (np.full(shape, np.nan) for _ in range(5))
    covariance = np.full((*shape, 2, 2), np.nan)
    kelvin = settings.reference_temperature + settings.celsius_zero
    for k, line in enumerate(found):
        for i, form in enumerate(FORMS):
            for j, weighting in enumerate(WEIGHTINGS):
                a = line.lines.get((form, weighting))
                if a is None:
                    continue
                energy[k, i, j], energy_sd[k, i, j] = a.activation_energy, a.activation_energy_sd
                ln_a[k, i, j], covariance[k, i, j] = a.ln_prefactor, a.covariance
                sigma[k, i, j], sigma_sd[k, i, j] = a.conductivity(kelvin, geometry_relative_sd=pellet.relative_sd)
    return {
        "activation_energy_by_form": energy,
        "activation_energy_by_form_sd": energy_sd,
        "ln_prefactor_by_form": ln_a,
        "covariance_by_form": covariance,
        "conductivity_reference_by_form": sigma,
        "conductivity_reference_by_form_sd": sigma_sd,
    }


def arrhenius_table(dataset: xarray.Dataset) -> str:
    """Conductivity of every spectrum with its uncertainty by source, as tab-separated text with a header."""
    header = ["resistance", "temperature_C", "cycle", "source", "sigma_S_per_cm", "sigma_sd_S_per_cm"]
    header += [
        "sd_fit",
        "sd_choice",
        "sd_geometry",
        "sd_temperature",
        "scatter_between_pellets",
        "residual_in_sd",
        "used",
        "left_out_because",
    ]
    d = {str(n): dataset[n].values for n in dataset.data_vars}
    lines = []
    for k, name in enumerate(dataset["resistance_name"].values):
        for row in range(dataset.sizes["spectrum"]):
            line = [str(name), number(d["temperature"][row]), *_origin(d, row)]
            line += [number(d["conductivity"][k, row]), number(d["conductivity_sd"][k, row], 3)]
            parts = [d.get(f"conductivity_{n}_sd") for n in ("fit", "choice", "geometry", "temperature")]
            parts.append(d.get("conductivity_between_pellets_sd"))
            line += ["" if part is None else number(part[k, row], 3) for part in parts]
            line.append(number(d["standardised_residual"][k, row], 3))
            lines.append([*line, "yes" if d["used"][k, row] else "no", str(d["exclusion"][k, row])])
    return tsv(header, lines)


def exclusion_table(dataset: xarray.Dataset) -> str:
    """Spectra that take no part in an Arrhenius fit, and why, as tab-separated text with a header."""
    d = {str(n): dataset[n].values for n in dataset.data_vars}
    lines = [
        [str(name), number(d["temperature"][row]), *_origin(d, row), str(d["exclusion"][k, row])]
        for k, name in enumerate(dataset["resistance_name"].values)
        for row in range(dataset.sizes["spectrum"])
        if not d["used"][k, row]
    ]
    return tsv(["resistance", "temperature_C", "cycle", "source", "reason"], lines)


def _origin(arrays: Mapping[str, np.ndarray], row: int) -> list[str]:
    return [str(arrays[n][row]) if n in arrays else "" for n in ("cycle", "source")]
