"""What each element scatters, as a function of Q, for the weights of the pair model."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from coherion.errors import InputError

RADIATIONS = ("xray", "neutron")


def scattering_powers(
    elements: Sequence[str],
    q: np.ndarray,
    radiation: str = "xray",
    dispersion: Mapping[str, complex] | None = None,
) -> np.ndarray:
    """Scattering power of neutral atoms, shape (len(elements), len(q)).

    X-rays: f0 in electrons (Waasmaier & Kirfel, Acta Cryst. A51 (1995) 416, table of xraydb), the factors that
    the reduction divides by. Neutrons: the coherent scattering length in fm (Neutron News 3 (1992) 26, table of
    gemmi), constant in Q.

    Parameters
    ----------
    elements
        Chemical symbols.
    q
        1/angstrom.
    radiation
        ``xray`` or ``neutron``.
    dispersion
        f' + i f'' in electrons by element, added to f0 of X-rays; the result is then complex.

    Raises
    ------
    InputError
        If the table lacks an element.
    """
    q = np.asarray(q, float)
    added = dispersion if dispersion and radiation == "xray" else {}
    made = np.empty((len(elements), q.size), dtype=complex if added else float)
    for row, element in enumerate(elements):
        if radiation == "neutron":
            import gemmi

            made[row] = gemmi.Element(element).neutron92.calculate_sf(0.0)
        else:
            offset, scales, exponents = _waasmaier_kirfel(element)
            s2 = (q / (4.0 * np.pi)) ** 2
            made[row] = offset + np.exp(-np.multiply.outer(s2, exponents)) @ scales + added.get(element, 0.0)
        if not np.all(np.isfinite(made[row])) or not np.any(made[row]):
            raise InputError(f"no scattering power is tabulated for {radiation}", found=element)
    return made


def constant_powers(elements: Sequence[str], radiation: str = "xray") -> np.ndarray:
    """What the pdffit convention weighs atoms with, shape (len(elements),): atomic numbers, or lengths in fm."""
    import gemmi

    if radiation == "neutron":
        return scattering_powers(elements, np.zeros(1), radiation)[:, 0]
    return np.array([float(gemmi.Element(element).atomic_number) for element in elements])


@lru_cache(maxsize=128)
def _waasmaier_kirfel(element: str) -> tuple[float, np.ndarray, np.ndarray]:
    """Coefficients of one neutral atom, read from xraydb's own table.

    The database is opened directly: importing xraydb takes two seconds (it loads SQLAlchemy and scipy), which is
    more than the refinement that needs these six numbers per element.
    """
    found = find_spec("xraydb")
    if found is None or not found.submodule_search_locations:
        raise InputError("the package xraydb is not installed", advice="install the locked requirements")
    path = Path(found.submodule_search_locations[0]) / "xraydb.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        row = connection.execute("select offset, scale, exponents from Waasmaier where ion = ?", (element,)).fetchone()
    finally:
        connection.close()
    if row is None:
        raise InputError("no X-ray scattering factor is tabulated", found=element, expected="a chemical symbol")
    return float(row[0]), np.array(json.loads(row[1])), np.array(json.loads(row[2]))
