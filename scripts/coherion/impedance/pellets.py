"""Several pellets of one sample: their mean, and how far they scatter beyond their own errors.

Each pellet is a row of the table of samples with its own geometry and spectra; ``pellet_of`` names the sample. Mean and
scatter are those of random effects (R. DerSimonian and N. Laird, Controlled Clin. Trials 7 (1986) 177): weights
1 / (sd_i^2 + s^2), s^2 such that the weighted sum of squares is as large as it should be, or zero.

In the file of a pellet whose sample has further ones the scatter stands beside the parts of its own uncertainty, at
each temperature of the pellet: that of the lines of all, since no two pellets are measured at the same temperatures. It
is no part of what one pellet's conductivity is uncertain by, and the larger part of what the material's is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.impedance import ARRHENIUS
from coherion.impedance.arrhenius import conductivity_on_line

if TYPE_CHECKING:
    import xarray

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


def beside_other_pellets(own: xarray.Dataset, others: Sequence[xarray.Dataset]) -> xarray.Dataset:
    """The result of a pellet with the scatter between it and further pellets of its sample.

    Parameters
    ----------
    own, others
        What fit_arrhenius makes of each. A resistance is compared with that of its name, and takes part where its
        pellet has a line.

    Returns
    -------
    Dataset
        ``own`` and ``conductivity_between_pellets_sd`` (spectra), ``activation_energy_between_pellets_sd``,
        ``conductivity_reference_between_pellets_sd`` and ``pellets`` by resistance; ``own`` itself without others.
    """
    if not others:
        return own
    names = [str(n) for n in own["resistance_name"].values]
    zero = float(own.attrs["celsius_zero"])
    celsius = np.append(own["temperature"].values, own.attrs["reference_temperature"])
    scatter, energies = np.full((len(names), celsius.size), np.nan), np.full(len(names), np.nan)
    counts = np.zeros(len(names), dtype=int)
    for k, name in enumerate(names):
        lines = [one for d in (own, *others) if (one := _line_of(d, name)) is not None]
        counts[k] = len(lines)
        if len(lines) < 2:
            continue
        energy, energy_sd = np.array(
            [(d["activation_energy"], d["activation_energy_sd"]) for d in lines], dtype=float
        ).T
        energies[k] = random_effects(energy, energy_sd)[2]
        for i, t in enumerate(celsius):
            sigma, sd = np.array([_on_line(d, float(t) + zero) for d in lines]).T
            scatter[k, i] = random_effects(np.log(sigma), sd / sigma)[2]
    values = {
        "conductivity_between_pellets_sd": own["conductivity"].values * scatter[:, :-1],
        "conductivity_reference_between_pellets_sd": own["conductivity_reference"].values * scatter[:, -1],
        "activation_energy_between_pellets_sd": energies,
        "pellets": counts,
    }
    return own.assign(ARRHENIUS.made(values))


def _line_of(result: xarray.Dataset, name: str) -> xarray.Dataset | None:
    """The line of a resistance; None where there is none of that name, or no line."""
    names = [str(n) for n in result["resistance_name"].values]
    if name not in names:
        return None
    line = result.isel(resistance_name=names.index(name))
    return line if np.isfinite(float(line["activation_energy"])) else None


def _on_line(line: xarray.Dataset, kelvin: float) -> tuple[float, float]:
    """Conductivity of a pellet at a temperature, and its standard uncertainty with the pellet's, in S/cm."""
    geometry = float(line.attrs["cell_constant_relative_sd"])
    covariance = np.full((2, 2), float(line["activation_energy_ln_prefactor_covariance"]))
    covariance[0, 0] = float(line["activation_energy_sd"]) ** 2
    # The prefactor's own has the pellet's in it, which comes in with the conductivity.
    covariance[1, 1] = float(line["ln_prefactor_sd"]) ** 2 - geometry**2
    energy, ln_prefactor = float(line["activation_energy"]), float(line["ln_prefactor"])
    return conductivity_on_line(str(line.attrs["form"]), energy, ln_prefactor, covariance, kelvin, geometry)


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
