"""Several pellets of one sample: their mean, and how far they scatter beyond their own errors.

Each pellet is a row of the table of samples with its own geometry and spectra; ``pellet_of`` names the sample. Mean and
scatter are those of random effects (R. DerSimonian and N. Laird, Controlled Clin. Trials 7 (1986) 177): weights
1 / (sd_i^2 + s^2), s^2 such that the weighted sum of squares is as large as it should be, or zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]

# Columns that are combined: conductivities by their logarithm.
_LOGARITHMIC = ("sigma_25C_S_per_cm", "sigma_measured_25C_S_per_cm")
_PLAIN = ("activation_energy_eV", "ln_prefactor")
SCATTERS = {
    "sigma_25C_S_per_cm": "sigma_25C_between_pellets",
    "activation_energy_eV": "activation_energy_between_pellets_eV",
}
_COVARIANCE = "activation_energy_ln_prefactor_covariance_eV"


def random_effects(values: np.ndarray, sds: np.ndarray) -> tuple[float, float, float]:
    """Mean of several measurements of one thing, its standard uncertainty, and the scatter besides their errors.

    Parameters
    ----------
    values, sds
        Measurements and their standard uncertainties, in one unit.
    """
    own = np.maximum(sds, 1e-12 * np.maximum(np.abs(values), 1e-300)) ** 2
    weight = 1 / own
    mean = np.average(values, weights=weight)
    excess = float(weight @ (values - mean) ** 2) - (values.size - 1)
    variance = max(excess / (weight.sum() - (weight @ weight) / weight.sum()), 0.0) if values.size > 1 else 0.0
    weight = 1 / (own + variance)
    mean = np.average(values, weights=weight)
    # Hartung and Knapp, Stat. Med. 20 (2001) 1771: the scatter that is there, where it is more than the weights say.
    seen = float(weight @ (values - mean) ** 2) / max(values.size - 1, 1)
    return float(mean), float(np.sqrt(max(seen, 1.0) / weight.sum())), float(np.sqrt(variance))


def combine_pellets(rows: Sequence[Row], samples: Mapping[str, Mapping[str, Any]]) -> tuple[list[Row], list[Row]]:
    """The rows of the series with the pellets of each sample combined in its own, and the pellets as exclusions.

    Parameters
    ----------
    rows
        Of the table of the series, one for each pellet.
    samples
        The user's table of samples by name; ``pellet_of`` names the sample of a further pellet.
    """
    first = {str(row["sample"]): row for row in rows}
    further: dict[str, list[Row]] = {}
    for name in first:
        if of := samples[name].get("pellet_of"):
            further.setdefault(str(of), []).append(first[name])
    gone = {str(row["sample"]) for group in further.values() for row in group}
    combined = [_combined(row, further.get(str(row["sample"]), [])) for row in rows if row["sample"] not in gone]
    told = [
        {
            "sample": row["sample"],
            "what": "row of the series",
            "points": None,
            "reason": f"further pellet of {of}, combined with it",
            "by": "pellets",
        }
        for of, group in further.items()
        for row in group
    ]
    return combined, told


def _combined(row: Row, further: Sequence[Row]) -> Row:
    if not further:
        return row
    made = dict(row)
    for column in (*_LOGARITHMIC, *_PLAIN):
        pairs = [
            (one[column], one.get(f"{column}_sd") or 0.0) for one in (row, *further) if one.get(column) is not None
        ]
        if not pairs:
            continue
        values, sds = np.array(pairs, dtype=float).T
        if column in _LOGARITHMIC:
            mean, sd, scatter = random_effects(np.log(values), sds / values)
            made[column], made[f"{column}_sd"] = float(np.exp(mean)), float(np.exp(mean) * sd)
        else:
            made[column], made[f"{column}_sd"], scatter = random_effects(values, sds)
        if column in SCATTERS:
            made[SCATTERS[column]] = scatter
    names = [f"{n}_sd" for n in _PLAIN]
    if row.get(_COVARIANCE) is not None and all(row.get(n) and made.get(n) for n in names):
        # The two stay as correlated as they are in one pellet.
        made[_COVARIANCE] = row[_COVARIANCE] * float(np.prod([made[n] / row[n] for n in names]))
    made["pellets"] = 1 + len(further)
    return made
