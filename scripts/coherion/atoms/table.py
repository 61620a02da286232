"""Rows of the tables of elements that the package xraydb carries.

The database is opened directly: importing xraydb takes most of a second (it loads SQLAlchemy and scipy), which is more
than most of the jobs that need a few numbers per element. Tests hold what is computed from it against xraydb itself.
"""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from coherion.errors import InputError

# Columns that are read, by table; names go into the query, so they come from here and nowhere else.
_COLUMNS = {
    "elements": ("molar_mass",),
    "Waasmaier": ("offset", "scale", "exponents"),
    "Chantler": ("energy", "f1", "f2"),
    "photoabsorption": ("log_energy", "log_photoabsorption", "log_photoabsorption_spline"),
    "scattering": (
        "log_energy",
        "log_coherent_scatter",
        "log_coherent_scatter_spline",
        "log_incoherent_scatter",
        "log_incoherent_scatter_spline",
    ),
}


@lru_cache(maxsize=512)
def element_row(table: str, element: str) -> dict[str, Any]:
    """Numbers and arrays of a neutral element, by column.

    Raises
    ------
    InputError
        If xraydb is not installed, or its table lacks the element.
    """
    found = find_spec("xraydb")
    if found is None or not found.submodule_search_locations:
        raise InputError("the package xraydb is not installed", advice="install the locked requirements")
    path = Path(found.submodule_search_locations[0]) / "xraydb.sqlite"
    key = "ion" if table == "Waasmaier" else "element"
    query = f"select {', '.join(_COLUMNS[table])} from {table} where {key} = ?"
    # Electrons scatter X-rays, and deuterium has hydrogen's.
    symbol = "H" if element == "D" else element
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        row = connection.execute(query, (symbol,)).fetchone()
    finally:
        connection.close()
    if row is None:
        raise InputError(
            f"xraydb's table {table} lacks an element",
            found=element,
            expected="a chemical symbol, H to U or, for form factors without dispersion, to Cf",
        )
    return {
        name: np.array(json.loads(value)) if isinstance(value, str) else float(value)
        for name, value in zip(_COLUMNS[table], row, strict=True)
    }
