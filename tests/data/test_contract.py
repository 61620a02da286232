"""The declarations themselves: complete, unambiguous, and true of the code."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from coherion.data.contract.contracts import CONTRACTS
from coherion.data.contract.page import page
from coherion.data.contract.tables import SERIES, UNIT_ENDINGS
from coherion.statistics.collect import TRANSPORT

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Read tables and settings, or come with every file.
NO_PART = {"yaml", "jsonschema", "msgspec", "numpy", "xarray", "netCDF4"}


def file_of(module: str) -> Path | None:
    path = SCRIPTS / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


def imported(file: Path, seen: set[Path]) -> set[str]:
    """Libraries that a module can import, itself or through modules of the package, at any depth of its code."""
    if file in seen:
        return set()
    seen.add(file)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.startswith("coherion"):
                found |= imported(own, seen) if (own := file_of(name)) else set()
            else:
                found.add("diffpy.structure" if name.startswith("diffpy.structure") else name.split(".")[0])
    return {name for name in found if name not in sys.stdlib_module_names and "." not in name.removeprefix("diffpy.")}


@pytest.mark.parametrize("command", CONTRACTS)
def test_the_libraries_of_a_file_are_those_that_its_command_can_import(command):
    seen: set[Path] = set()
    found = imported(SCRIPTS / f"{command}.py", seen) - NO_PART
    if SCRIPTS / "coherion/atoms/table.py" in seen:  # reads xraydb's tables without importing it
        found.add("xraydb")
    # These import functions that stand beside others which look up elements; no table of elements takes part.
    found -= {"xraydb"} if command in ("import_scan", "measure_geometry") else set()
    assert set(CONTRACTS[command].libraries) == found


@pytest.mark.parametrize("command", CONTRACTS)
def test_every_declaration_is_whole(command):
    contract = CONTRACTS[command]
    assert (SCRIPTS / f"{command}.py").exists()
    coordinates = {one.name for one in contract.coordinates}
    for one in (*contract.coordinates, *contract.variables):
        assert one.unit, one.name
        assert one.meaning, one.name
        assert set(one.dims.split()) <= coordinates | DIMENSIONS | {f"{{{word}}}" for word in contract.choices}, (
            one.name
        )
    for attribute in contract.attributes:
        assert attribute.meaning, attribute.name


def test_the_page_of_the_data_is_that_of_the_declarations():
    assert (SCRIPTS.parent / "docs" / "data.md").read_text(encoding="utf-8") == page()


def test_the_columns_of_the_series_are_declared_with_the_unit_of_their_ending():
    for one in SERIES.columns:
        ending = next((unit for end, unit in UNIT_ENDINGS.items() if one.name.endswith(end)), None)
        assert ending in (None, one.unit), one.name
    assert set(TRANSPORT) <= {one.name for one in SERIES.columns if one.sd}
    said = ["volume_A3", "volume_A3_sd", "rw", "coherence_length_lognormal_A_sd", "excluded"]
    assert SERIES.undeclared([*said, "rw_sd", "volume", "coherence_length_A_"]) == [
        "rw_sd",
        "volume",
        "coherence_length_A_",
    ]


#: Dimensions that have no coordinate: their rows are told apart by variables.
DIMENSIONS = {
    "spectrum",
    "point",
    "start",
    "derived",
    "joint",
    "profile",
    "envelope",
    "reading",
    "quantity",
    "quantity_2",
}
