"""Dataset of the circuit stage: parameters of every spectrum, their covariance, what is resolved and why not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.impedance import CARRIED, CIRCUITS
from coherion.errors import InputError
from coherion.impedance.circuits.capacitance import arc_properties, suggested_origins
from coherion.impedance.circuits.choice import (
    CONFIGURED,
    NO_ELECTRODE,
    SECOND_ARC,
    choose_model,
    unresolved_reason,
)
from coherion.impedance.circuits.circuit import Circuit, arcs, circuit
from coherion.impedance.circuits.fit import CircuitFit, fit_circuit, parameter_index
from coherion.impedance.datasets import measured, number, tsv
from coherion.impedance.relaxation_times import default_time_constants, relaxation_times
from coherion.settings.stages.circuits import CircuitSettings

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


def fit_dataset(validated: xarray.Dataset, settings: CircuitSettings) -> xarray.Dataset:
    """Circuit parameters of every valid spectrum, with what is resolved and why the rest is not.

    Parameters
    ----------
    validated
        What :func:`validate_dataset` returns.
    settings
        Circuit, weights, limits and rules.

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
    model = circuit(settings.circuit)
    sums = sums_of_resistances(model, settings.resistances)
    the_arcs = arcs(model)
    rows, points = validated["frequency"].shape
    size = len(model.parameters)
    taus = default_time_constants(validated["frequency"].values[np.isfinite(validated["frequency"].values)])
    alternatives = (CONFIGURED, SECOND_ARC, NO_ELECTRODE)
    hole = {
        "value": (rows, size),
        "standard_uncertainty": (rows, size),
        "covariance": (rows, size, size),
        "fitted_real": (rows, points),
        "fitted_imaginary": (rows, points),
        "resistance": (rows, len(sums)),
        "resistance_sd": (rows, len(sums)),
        "capacitance": (rows, len(the_arcs)),
        "capacitance_sd": (rows, len(the_arcs)),
        "apex_frequency": (rows, len(the_arcs)),
        "apex_frequency_relative_sd": (rows, len(the_arcs)),
        "chi_squared": (rows,),
        "reduced_chi_squared": (rows,),
        "rmse": (rows,),
        "delta_aicc": (rows, len(alternatives)),
        "relaxation_distribution": (rows, taus.size),
    }
    a = {name: np.full(shape, np.nan) for name, shape in hole.items()}
    freedom = np.zeros(rows, dtype=np.int32)
    agreeing = np.zeros(rows, dtype=np.int32)
    resolved = np.zeros((rows, len(sums)), dtype=bool)
    reason = np.full((rows, len(sums)), "", dtype=object)
    preferred = np.full(rows, "", dtype=object)
    origin = np.full((rows, len(the_arcs)), "", dtype=object)
    for row in range(rows):
        if not bool(validated["valid"].values[row]):
            reason[row] = str(validated["verdict"].values[row]) or "not valid"
            continue
        places, f, z = measured(validated, row)
        kept = validated["kept"].values[row, places].astype(bool)
        if 2 * np.count_nonzero(kept) <= size:
            reason[row] = f"{np.count_nonzero(kept)} points are too few for the circuit"
            continue
        a["relaxation_distribution"][row] = relaxation_times(f[kept], z[kept], time_constants=taus).distribution
        fit = _fit_spectrum(f[kept], z[kept], settings)
        a["value"][row], a["covariance"][row] = fit.values, fit.covariance
        a["standard_uncertainty"][row] = fit.standard_uncertainty
        curve = model.impedance(f, fit.values)
        a["fitted_real"][row, places], a["fitted_imaginary"][row, places] = curve.real, curve.imag
        a["chi_squared"][row], a["reduced_chi_squared"][row] = fit.chi_squared, fit.reduced_chi_squared
        a["rmse"][row], freedom[row], agreeing[row] = fit.rmse, fit.degrees_of_freedom, fit.agreeing
        properties = [arc_properties(fit, arc, settings.capacitance_uncertainty) for arc in the_arcs]
        for k, arc in enumerate(properties):
            a["capacitance"][row, k], a["capacitance_sd"][row, k] = arc.capacitance, arc.capacitance_sd
            a["apex_frequency"][row, k] = arc.frequency
            a["apex_frequency_relative_sd"][row, k] = arc.frequency_relative_sd
            origin[row, k] = ", ".join(suggested_origins(arc.capacitance, arc.capacitance_sd))
        for k, members in enumerate(sums.values()):
            total, sd = resistance_sum(fit, members, settings.sum_covariance)
            a["resistance"][row, k], a["resistance_sd"][row, k] = total, sd
            why = unresolved_reason(fit, f[kept], members, total, sd, properties, settings)
            resolved[row, k], reason[row, k] = not why, why
        if settings.compare_circuits:
            choice = choose_model(f[kept], z[kept], fit, margin=settings.aicc_margin)
            preferred[row] = choice.circuits[choice.preferred]
            for k, role in enumerate(alternatives):
                a["delta_aicc"][row, k] = choice.delta_aicc.get(role, np.nan)
    carried = (*CARRIED, "frequency", "impedance_real", "impedance_imaginary", "kept")
    names = list(model.names)
    values: dict[str, Any] = a | {
        "resolved": resolved,
        "reason": reason,
        "suggested_origin": origin,
        "degrees_of_freedom": freedom,
        "agreeing_starts": agreeing,
        "preferred_circuit": preferred,
        **{name: validated[name].values for name in carried if name in validated},
        "parameter": names,
        "parameter_2": names,
        "parameter_unit": [q.unit for q in model.parameters],
        "resistance_name": list(sums),
        "arc": [arc.resistance for arc in the_arcs],
        "relaxation_time": taus,
        "alternative": list(alternatives),
    }
    attributes = {k: v for k, v in validated.attrs.items() if k in ("origin", "sample")}
    attributes |= {"circuit": model.text, "resistors": json.dumps(sums), "weights": settings.weights}
    return CIRCUITS.dataset(values, attributes)


def _fit_spectrum(f: np.ndarray, z: np.ndarray, settings: CircuitSettings) -> CircuitFit:
    return fit_circuit(
        f,
        z,
        settings.circuit,
        weights=settings.weights,
        start=settings.start,
        fixed=settings.fixed,
        bounds=settings.bounds,
        restarts=settings.restarts,
        seed=settings.seed,
        scale_covariance=settings.scale_covariance,
    )


def resistance_sum(fit: CircuitFit, members: list[str], with_covariance: bool = True) -> tuple[float, float]:
    """Sum of resistors and its standard uncertainty in ohm; ``with_covariance`` counts their correlation."""
    places = [fit.index(m) for m in members]
    block = fit.covariance[np.ix_(places, places)]
    variance = block.sum() if with_covariance else np.trace(block)
    return float(fit.values[places].sum()), float(np.sqrt(max(variance, 0.0)))


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
        lines.append(line)
    return tsv(header, lines)
