"""Dataset of the circuit stage: parameters of every spectrum, their covariance, what is resolved and why not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.impedance import CARRIED, CIRCUITS
from coherion.errors import InputError
from coherion.impedance.circuits.along_temperature import PROFILE_POINTS, Measured, Together, hold_together
from coherion.impedance.circuits.capacitance import suggested_origins
from coherion.impedance.circuits.choice.comparison import CONFIGURED, NO_ELECTRODE, SECOND_ARC
from coherion.impedance.circuits.choice.family import FEWEST_NUMBERS
from coherion.impedance.circuits.circuit import Circuit, arcs, circuit
from coherion.impedance.circuits.drift import Drift, resistance_drift
from coherion.impedance.circuits.fit import parameter_index
from coherion.impedance.circuits.spectrum import (
    SpectrumResult,
    analyse_automatic,
    analyse_configured,
    configured_parameters,
    parameters_of,
)
from coherion.impedance.datasets import measured, number, tsv
from coherion.impedance.relaxation_times import default_time_constants, relaxation_times
from coherion.messages import warn
from coherion.settings.stages.circuits import AUTOMATIC, CircuitSettings

if TYPE_CHECKING:
    import xarray


def sums_of_resistances(model: Circuit, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Which resistors add up to which resistance, by name.

    Raises
    ------
    InputError
        If a resistor is not in the circuit, or the circuit has no arc and nothing is given.
    """
    if given:
        for name, members in given.items():
            if not isinstance(members, list | tuple) or not members:
                raise InputError("resistance without resistors", place=f"key resistances.{name}", found=members)
            for member in members:
                i = parameter_index(model, str(member), f"resistances.{name}")
                if model.parameters[i].unit != "ohm":
                    raise InputError("not a resistor", place=f"key resistances.{name}", found=member)
        return {name: [str(m) for m in members] for name, members in given.items()}
    members = [arc.resistance for arc in arcs(model)]
    if not members:
        raise InputError(
            f"circuit {model.text} has no arc, so what its resistance is must be said",
            place="key resistances",
            expected='such as {"total": ["R1"]}',
        )
    return {"total": members} | ({m: [m] for m in members} if len(members) > 1 else {})


def fit_dataset(validated: xarray.Dataset, settings: CircuitSettings, *, distributions: bool = True) -> xarray.Dataset:
    """Circuit parameters of every valid spectrum, with what is resolved and why the rest is not.

    Parameters
    ----------
    validated
        What :func:`validate_dataset` returns.
    settings
        Circuit, weights, limits and rules.
    distributions
        Whether relaxation times are wanted where no choice of a circuit begins with them.

    Returns
    -------
    Dataset
        Dimensions ``spectrum``, ``point``, ``parameter`` (and ``parameter_2``), ``resistance_name``, ``arc``,
        ``alternative``; see docs/method-impedance.md.

    Raises
    ------
    InputError
        If a setting is wrong; spectra that cannot be fitted are reported in the dataset instead.
    """
    automatic = settings.circuit == AUTOMATIC
    sums = {"total": []} if automatic else sums_of_resistances(circuit(settings.circuit), settings.resistances)
    rows, points = validated["frequency"].shape
    taus = default_time_constants(validated["frequency"].values[np.isfinite(validated["frequency"].values)])
    results: list[SpectrumResult | None] = [None] * rows
    reason = np.full((rows, len(sums)), "", dtype=object)
    distribution, penalties = np.full((rows, taus.size), np.nan), np.full(rows, np.nan)
    fewest = FEWEST_NUMBERS if automatic else len(circuit(settings.circuit).parameters)
    drift = [str(d) for d in validated["drift"].values] if "drift" in validated else [""] * rows
    moved: list[Drift | None] = [None] * rows
    noise = validated["noise"].values if "noise" in validated else np.full((rows, points), np.nan)
    for row in range(rows):
        if not bool(validated["valid"].values[row]):
            reason[row] = str(validated["verdict"].values[row]) or "not valid"
            continue
        places, f, z = measured(validated, row)
        kept = validated["kept"].values[row, places].astype(bool)
        if 2 * np.count_nonzero(kept) <= fewest:
            reason[row] = f"{np.count_nonzero(kept)} points are too few for the circuit"
            continue
        own_noise = noise[row, places][kept]
        if automatic or distributions:
            drt = relaxation_times(f[kept], z[kept], time_constants=taus, penalty=settings.relaxation_penalty)
            distribution[row], penalties[row] = drt.distribution, drt.penalty
        if automatic:
            result = analyse_automatic(f[kept], z[kept], settings, own_noise, drt)
        else:
            result = analyse_configured(f[kept], z[kept], settings, sums, own_noise)
        change = resistance_drift(f[kept], result.fit, result.members, _order(validated, row, places)[kept])
        drift[row] = drift[row] or change.verdict(settings.largest_drift, float(np.sqrt(np.mean(own_noise**2))))
        results[row], moved[row] = result, change
    known = parameters_of(results) if automatic else configured_parameters(settings.circuit)
    if automatic and {r.members for r in results if r is not None} == {("R1",)}:
        sums = {"total": ["R1"]}
    spectra = [_as_measured(validated, row, result, noise[row], drift[row]) for row, result in enumerate(results)]
    together = hold_together(spectra)
    values = _columns(validated, results, reason, drift, list(sums), known, points)
    values["resistance_drift"] = np.array([np.nan if one is None else one.value for one in moved])
    values["resistance_drift_sd"] = np.array([np.nan if one is None else one.sd for one in moved])
    values |= _together_columns(together)
    if "leads_resistance_sd" in validated:
        # What was taken off every resistance of a spectrum is as uncertain in each.
        values["resistance_sd"] = np.hypot(values["resistance_sd"], validated["leads_resistance_sd"].values[:, None])
    carried = (*CARRIED, "frequency", "impedance_real", "impedance_imaginary", "kept")
    values |= {name: validated[name].values for name in carried if name in validated}
    values |= {"relaxation_distribution": distribution, "relaxation_time": taus, "relaxation_penalty": penalties}
    attributes = {k: v for k, v in validated.attrs.items() if k in ("origin", "sample")}
    text = AUTOMATIC if automatic else circuit(settings.circuit).text
    attributes |= {"circuit": text, "resistors": json.dumps(sums), "weights": settings.weights}
    attributes["largest_drift"] = settings.largest_drift
    return CIRCUITS.dataset(values, attributes)


def _order(validated: xarray.Dataset, row: int, places: np.ndarray) -> np.ndarray:
    """When each point of a sweep was measured, from 0 to 1: by its time, or else by its place."""
    time = validated["time"].values[row, places] if "time" in validated else np.full(places.size, np.nan)
    if not np.all(np.isfinite(time)) or not np.ptp(time) > 0:
        time = np.arange(places.size, dtype=float)
    return (time - time.min()) / max(float(np.ptp(time)), 1e-30)


def _as_measured(
    validated: xarray.Dataset, row: int, result: SpectrumResult | None, noise: np.ndarray, drift: str
) -> Measured | None:
    """A fitted spectrum for the comparison with the others; None where it has no fit, or drifted."""
    if result is None or drift:
        return None
    places, f, z = measured(validated, row)
    kept = validated["kept"].values[row, places].astype(bool)
    resolved = not next(iter(result.resistances.values())).reason
    return Measured(
        float(validated["temperature"].values[row]), f[kept], z[kept], noise[places][kept], result, resolved
    )


def _together_columns(together: Sequence[Together]) -> dict[str, np.ndarray]:
    grids, likelihoods = (np.full((len(together), PROFILE_POINTS), np.nan) for _ in range(2))
    for row, one in enumerate(together):
        if one.grid.size:
            grids[row], likelihoods[row] = one.grid, one.log_likelihood
    return {
        "together_resistance": np.exp([one.ln_resistance for one in together]),
        "together_resistance_relative_sd": np.array([one.ln_sd for one in together]),
        "profile_resistance": np.exp(grids),
        "profile_log_likelihood": likelihoods,
    }


def _columns(
    validated: xarray.Dataset,
    results: list[SpectrumResult | None],
    reason: np.ndarray,
    drift: list[str],
    resistances: list[str],
    known: tuple[list[str], list[str], list[str]],
    points: int,
) -> dict[str, Any]:
    """Variables of the dataset from what was found for each spectrum; holes where there is nothing."""
    names, units, resistors = known
    rows, size, arc_count = len(results), len(names), len(resistors)
    alternatives = (CONFIGURED, SECOND_ARC, NO_ELECTRODE)
    hole = {
        "value": (rows, size),
        "standard_uncertainty": (rows, size),
        "covariance": (rows, size, size),
        "fitted_real": (rows, points),
        "fitted_imaginary": (rows, points),
        "resistance": (rows, len(resistances)),
        "resistance_sd": (rows, len(resistances)),
        "resistance_choice_sd": (rows, len(resistances)),
        "capacitance": (rows, arc_count),
        "capacitance_sd": (rows, arc_count),
        "apex_frequency": (rows, arc_count),
        "apex_frequency_relative_sd": (rows, arc_count),
        "chi_squared": (rows,),
        "reduced_chi_squared": (rows,),
        "rmse": (rows,),
        "misfit_to_noise": (rows,),
        "delta_aicc": (rows, len(alternatives)),
    }
    a: dict[str, Any] = {name: np.full(shape, np.nan) for name, shape in hole.items()}
    a |= {name: np.zeros(rows, dtype=np.int32) for name in ("degrees_of_freedom", "agreeing_starts")}
    texts = ("preferred_circuit", "fitted_circuit", "choice", "rivals", "doubt")
    a |= {name: np.full(rows, "", dtype=object) for name in texts}
    a["suggested_origin"] = np.full((rows, arc_count), "", dtype=object)
    a["reason"], a["drifted"] = reason, np.zeros((rows, len(resistances)), dtype=bool)
    a["resolved"] = np.zeros((rows, len(resistances)), dtype=bool)
    for row, result in enumerate(results):
        if result is None:
            continue
        fit = result.fit
        at = [names.index(n) for n in fit.names]
        a["value"][row, at], a["standard_uncertainty"][row, at] = fit.values, fit.standard_uncertainty
        a["covariance"][row][np.ix_(at, at)] = fit.covariance
        places, f, _ = measured(validated, row)
        curve = fit.circuit.impedance(f, fit.values)
        a["fitted_real"][row, places], a["fitted_imaginary"][row, places] = curve.real, curve.imag
        a["chi_squared"][row], a["reduced_chi_squared"][row] = fit.chi_squared, fit.reduced_chi_squared
        a["rmse"][row], a["misfit_to_noise"][row] = fit.rmse, result.misfit_to_noise
        a["degrees_of_freedom"][row], a["agreeing_starts"][row] = fit.degrees_of_freedom, fit.agreeing
        for arc in result.arcs:
            k = resistors.index(arc.arc.resistance)
            a["capacitance"][row, k], a["capacitance_sd"][row, k] = arc.capacitance, arc.capacitance_sd
            a["apex_frequency"][row, k] = arc.frequency
            a["apex_frequency_relative_sd"][row, k] = arc.frequency_relative_sd
            a["suggested_origin"][row, k] = ", ".join(suggested_origins(arc.capacitance, arc.capacitance_sd))
        for k, name in enumerate(resistances):
            r = result.resistances[name]
            a["resistance"][row, k], a["resistance_sd"][row, k] = r.value, r.sd
            a["resistance_choice_sd"][row, k] = r.choice_sd
            reason[row, k] = r.reason or drift[row]
            a["drifted"][row, k] = bool(drift[row]) and not r.reason
            a["resolved"][row, k] = not reason[row, k]
        for k, role in enumerate(alternatives):
            a["delta_aicc"][row, k] = result.delta_aicc.get(role, np.nan)
        a["preferred_circuit"][row], a["fitted_circuit"][row] = result.preferred, fit.circuit.text
        a["choice"][row], a["rivals"][row], a["doubt"][row] = result.choice, result.rivals, result.doubt
    return a | {
        "parameter": names,
        "parameter_2": names,
        "parameter_unit": units,
        "resistance_name": resistances,
        "arc": resistors,
        "alternative": list(alternatives),
    }


def warn_of_doubts(circuits: xarray.Dataset) -> None:
    """Tell of every spectrum whose resistance is used and doubtful."""
    sample = circuits.attrs.get("sample", "")
    for row, doubt in enumerate(circuits["doubt"].values):
        if doubt and circuits["resolved"].values[row].any():
            warn(f"{sample}, {circuits['temperature'].values[row]:g} degC: {doubt}".lstrip(", "))


def circuit_table(circuits: xarray.Dataset) -> str:
    """Parameters, resistances and capacitances of every spectrum, as tab-separated text with a header."""
    names = [str(n) for n in circuits["parameter"].values]
    units = [str(u) for u in circuits["parameter_unit"].values]
    sums = [str(n) for n in circuits["resistance_name"].values]
    the_arcs = [str(n) for n in circuits["arc"].values]
    header = ["temperature_C", "cycle", "source"]
    for name, unit in zip(names, units, strict=True):
        header += [f"{name} ({unit})" if unit != "1" else name, f"{name}_sd"]
    header += ["chi_squared", "degrees_of_freedom"]
    for name in sums:
        header += [f"R_{name}_ohm", f"R_{name}_sd_ohm", f"{name}_not_resolved_because"]
    for name in the_arcs:
        header += [f"C_{name}_F", f"C_{name}_sd_F", f"apex_{name}_Hz", f"suggested_origin_{name}"]
    header += ["preferred_circuit", "delta_aicc_one_more_arc", "delta_aicc_no_electrode"]
    header += ["fitted_circuit", "choice", "doubt", "misfit_to_noise"]
    # Plain arrays: a row of a dataset costs a millisecond per cell.
    c = {str(name): circuits[name].values for name in circuits.data_vars}
    lines = []
    for row in range(circuits.sizes["spectrum"]):
        line = [number(c["temperature"][row]), *(str(c[n][row]) if n in c else "" for n in ("cycle", "source"))]
        for value, sd in zip(c["value"][row], c["standard_uncertainty"][row], strict=True):
            line += [number(value, 8), number(sd, 3)]
        line += [number(c["chi_squared"][row], 7), str(c["degrees_of_freedom"][row])]
        for cells in zip(c["resistance"][row], c["resistance_sd"][row], c["reason"][row], strict=True):
            line += [number(cells[0]), number(cells[1], 3), str(cells[2])]
        for k in range(len(the_arcs)):
            line += [number(c["capacitance"][row, k]), number(c["capacitance_sd"][row, k], 3)]
            line += [number(c["apex_frequency"][row, k]), str(c["suggested_origin"][row, k])]
        line += [str(c["preferred_circuit"][row]), *(number(v, 4) for v in c["delta_aicc"][row, 1:])]
        line += [*(str(c[n][row]) for n in ("fitted_circuit", "choice", "doubt")), number(c["misfit_to_noise"][row], 3)]
        lines.append(line)
    return tsv(header, lines)
