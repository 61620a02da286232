"""Fitted circuits as files of impedance.py (Murbach et al., J. Open Source Softw. 5 (2020) 2349).

``CustomCircuit().load(file)`` opens such a file, ``predict`` gives our fit and ``fit`` starts from it. One file a
spectrum, for the format holds one circuit. All our elements exist there under the same symbols and with the same
parameters, so nothing is left out or rewritten. It has no room for the covariance: ``Confidence`` are the standard
uncertainties.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coherion.data.netcdf import write_text
from coherion.impedance.circuits.circuit import circuit

if TYPE_CHECKING:
    import xarray

SUFFIX = ".impedance_py"
"""Of the folder with the circuits of a sample."""


def custom_circuit(
    text: str,
    values: Mapping[str, float],
    standard_uncertainty: Mapping[str, float],
    *,
    fixed: Mapping[str, float] | None = None,
    name: str = "",
) -> str:
    """The JSON in which impedance.py keeps a fitted ``CustomCircuit``.

    Parameters
    ----------
    text
        The circuit.
    values, standard_uncertainty
        Of its parameters, by name and in their units.
    fixed
        Parameters that were not fitted; they become impedance.py's constants.
    name
        What the circuit is called.
    """
    constants = {n: float(v) for n, v in (fixed or {}).items()}
    free = [n for n in circuit(text).names if n not in constants]
    fitted = [float(values[n]) for n in free]
    content = {
        "Name": name,
        "Circuit String": text,
        "Initial Guess": fitted,
        "Constants": constants,
        "Fit": True,
        "Parameters": fitted,
        "Confidence": [float(standard_uncertainty[n]) for n in free],
    }
    return json.dumps(content, indent=1) + "\n"


def write_custom_circuits(
    circuits: xarray.Dataset, folder: str | os.PathLike[str], fixed: Mapping[str, float] | None = None
) -> list[Path]:
    """Write each fitted spectrum of a sample as a file of impedance.py, and remove those of an earlier run.

    Parameters
    ----------
    circuits
        What :func:`coherion.impedance.circuits.dataset.fit_dataset` returns.
    folder
        Where the files appear; their names tell the place of the spectrum, from 1, and its temperature in degC.
    fixed
        Parameters that were not fitted.

    Returns
    -------
    list of paths
        The files made. Spectra without a fit have none; the table of parameters says why.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    names = [str(n) for n in circuits["parameter"].values]
    made = []
    for row in np.flatnonzero(np.isfinite(circuits["value"].values).any(axis=1)):
        temperature = f"{circuits['temperature'].values[row]:g}"
        facts = [circuits.attrs.get("sample", ""), f"{temperature} degC"]
        facts += [f"{n} {circuits[n].values[row]}" for n in ("cycle", "source") if n in circuits]
        content = custom_circuit(
            str(circuits["fitted_circuit"].values[row]),
            dict(zip(names, circuits["value"].values[row], strict=True)),
            dict(zip(names, circuits["standard_uncertainty"].values[row], strict=True)),
            fixed=fixed,
            name=", ".join(str(f) for f in facts if f),
        )
        made.append(target / f"{row + 1:02d}_{temperature}C.json")
        write_text(made[-1], content)
    for old in set(target.glob("*.json")) - set(made):
        old.unlink()
    return made
