"""How well an analysis of the simulated series finds again what is true in it.

Truth is what the simulation wrote beside its files (docs/simulated-series.md), and only this module and tests read
it. The pull of a number is (found - true) / standard uncertainty: where the uncertainties are honest, 68 % of the
pulls lie within one and 95 % within two.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.tables import RECOVERY, RECOVERY_SUMMARY
from coherion.data.tables import read_rows
from coherion.errors import InputError
from coherion.refinement.parameters import parse

if TYPE_CHECKING:
    import xarray

Row = dict[str, Any]

COLUMNS = RECOVERY.names
SUMMARY_COLUMNS = RECOVERY_SUMMARY.names
TOPICS = ("structure", "coherence length", "microstrain", "resistance", "transport")
#: Shares of a normal distribution within one and two standard deviations.
WITHIN = {1: math.erf(1 / math.sqrt(2)), 2: math.erf(2 / math.sqrt(2))}


def read_truth(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What is true of one scan or of one sample's spectra.

    Raises
    ------
    InputError
        If the file cannot be read or does not say that it belongs to a simulation.
    """
    try:
        truth = json.loads(Path(path).read_text(encoding="utf-8"))
        simulated = truth["origin"] == "simulated"
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(
            "truth of a simulation cannot be read", file=path, found=problem, expected="JSON that simulate_* wrote"
        ) from problem
    if not simulated:
        raise InputError("not the truth of a simulation", file=path, place="key origin", found=truth["origin"])
    return truth


def read_recovery(path: str | os.PathLike[str]) -> list[dict[str, str]]:
    """Rows of the table that ``measure_recovery`` wrote, as text.

    Raises
    ------
    InputError
        If the file is not that table, or holds a pull that is not a number.
    """
    rows = read_rows(path, *COLUMNS)
    for number, row in enumerate(rows, start=2):
        for column in ("true", "found", "found_sd", "pull"):
            try:
                float(row[column])
            except ValueError:
                place = f"line {number}, column {column}"
                raise InputError("not a number", file=path, place=place, found=row[column]) from None
    return rows


def _row(sample: str, topic: str, quantity: str, unit: str, true: float, found: float, sd: float, **more: Any) -> Row:
    return {
        "sample": sample,
        "topic": topic,
        "quantity": quantity,
        "unit": unit,
        "true": true,
        "found": found,
        "found_sd": sd,
        "pull": (found - true) / sd,
        "relative_difference": found / true - 1 if true else None,
        **more,
    }


def true_structure(truth: Mapping[str, Any]) -> dict[str, float]:
    """True parameters of the main phase under the names a refinement gives them, lengths in angstrom.

    Occupancies are those that the random filling of the finite domains came to; of a shared site the fractions, which
    sum to one. The cell of domains that are each strained alike throughout is that of their reflections, the harmonic
    mean.
    """
    phase = truth["phases"][0]
    asked = ("delta2", "coherence_length", "microstrain_squared")
    values = dict(phase["parameters"]) | {key: truth[key] for key in asked if key in truth}
    if not truth.get("strain_correlation"):
        axes = [axis for axis in ("a", "b", "c") if axis in values]
        values |= {axis: values[axis] / (1.0 + truth.get("microstrain_squared", 0.0)) for axis in axes}
    realised: dict[str, dict[str, float]] = {}
    for name, occupancy in phase["realised_occupancy"].items():
        site, element = name.rsplit(".", 1)
        realised.setdefault(site, {})[element] = occupancy
    for site, elements in realised.items():
        if len(elements) == 1:
            values[f"{site}.occupancy"] = next(iter(elements.values()))
        else:
            total = sum(elements.values())
            values |= {f"{site}.occupancy.{element}": share / total for element, share in elements.items()}
    return values


def structure_rows(sample: str, truth: Mapping[str, Any], fit: xarray.Dataset) -> list[Row]:
    """One row for each refined parameter of the main phase whose truth is known, with its scaled uncertainty.

    Of the occupancies of a site that two elements share only the first free one is taken: the other is its mirror.
    """
    known = true_structure(truth)
    rows, mixed = [], set()
    for i, name in enumerate(map(str, fit["parameter"].values)):
        sd = float(fit["standard_uncertainty_scaled"].values[i])
        if name not in known or not sd > 0:
            continue
        parts = parse(name)
        if parts.symbol == "occupancy" and parts.element:
            if parts.site in mixed:
                continue
            mixed.add(parts.site)
        topic = {"coherence_length": "coherence length", "microstrain_squared": "microstrain"}.get(name, "structure")
        unit = str(fit["unit"].values[i])
        rows.append(_row(sample, topic, name, unit, known[name], float(fit["value"].values[i]), sd))
    return rows


def resistance_rows(sample: str, truth: Mapping[str, Any], circuits: xarray.Dataset) -> list[Row]:
    """One row for each spectrum whose total resistance (ohm) was resolved."""
    true = {float(one["nominal_temperature"]): one for one in truth["spectra"]}
    rows = []
    for i, temperature in enumerate(circuits["temperature"].values.astype(float)):
        found, sd = (float(circuits[name].values[i, 0]) for name in ("resistance", "resistance_sd"))
        if temperature in true and circuits["resolved"].values[i, 0] and sd > 0:
            name = "R of the drifting spectrum" if true[temperature]["drift"] else "R"
            rows.append(
                _row(
                    sample,
                    "resistance",
                    name,
                    "ohm",
                    true[temperature]["resistance"],
                    found,
                    sd,
                    temperature_C=temperature,
                )
            )
    return rows


def transport_rows(sample: str, truth: Mapping[str, Any], arrhenius: xarray.Dataset) -> list[Row]:
    """Conductivity at 25 degC (S/cm, as its logarithm's pull) and activation energy (eV) of one sample."""
    rows = []
    for name, variable, key, unit in (
        ("sigma_25C", "conductivity_reference", "conductivity_25C", "S/cm"),
        ("activation_energy", "activation_energy", "activation_energy", "eV"),
    ):
        found, sd = float(arrhenius[variable].values[0]), float(arrhenius[f"{variable}_sd"].values[0])
        if math.isfinite(found) and sd > 0:
            rows.append(_row(sample, "transport", name, unit, truth[key], found, sd))
    return rows


def binomial_range(n: int, share: float, confidence: float = 0.95) -> tuple[float, float]:
    """Shares between which a count of n lies by chance: the central interval of the binomial distribution."""
    # By logarithms: of a thousand pulls the number of ways is beyond the largest float.
    factorial = np.array([math.lgamma(k + 1) for k in range(n + 1)])
    ways = factorial[-1] - factorial - factorial[::-1]
    count = np.arange(n + 1)
    cumulative = np.cumsum(np.exp(ways + count * math.log(share) + (n - count) * math.log1p(-share)))
    tail = (1 - confidence) / 2
    low = int(np.searchsorted(cumulative, tail))
    high = int(np.searchsorted(cumulative, 1 - tail))
    return low / n, high / n


def summary_rows(rows: Sequence[Row]) -> list[Row]:
    """Shares of pulls within one and two standard uncertainties, for each topic and each quantity.

    Rows left out of the series for a reason do not count. The range that chance allows is that of independent
    pulls; those of one refinement are correlated, so that a topic's own range is somewhat wider.
    """
    counted = [row for row in rows if not row.get("left_out")]
    made = []
    for topic in TOPICS:
        own = [row for row in counted if row["topic"] == topic]
        quantities = list(dict.fromkeys(row["quantity"] for row in own))
        groups = {"all": own} | ({q: [r for r in own if r["quantity"] == q] for q in quantities} if own else {})
        made += [{"topic": topic, "quantity": name, **_shares(group)} for name, group in groups.items() if group]
    return made


def _shares(group: Sequence[Row]) -> Row:
    pulls = np.array([row["pull"] for row in group])
    relative = np.array([row["relative_difference"] for row in group if row["relative_difference"] is not None])
    n = pulls.size
    row: Row = {"n": n}
    for k, share in WITHIN.items():
        row[f"within_{k}"] = float(np.mean(np.abs(pulls) <= k))
        row[f"chance_within_{k}_low"], row[f"chance_within_{k}_high"] = binomial_range(n, share)
    return row | {
        "rms_pull": float(np.sqrt(np.mean(pulls**2))),
        "mean_pull": float(pulls.mean()),
        "mean_pull_sd": float(n**-0.5),
        "mean_relative_difference": float(relative.mean()) if relative.size else None,
        "origin": "simulated",
    }
