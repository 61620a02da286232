"""The notebook of the documents: its code runs as it stands and finds what the simulation put in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "library.ipynb"

pytestmark = pytest.mark.slow


def cells() -> list[dict]:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


def test_the_notebook_finds_the_lattice_parameter_and_the_resistance(monkeypatch, capsys):
    monkeypatch.chdir(NOTEBOOK.parent)
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    found: dict = {}
    try:
        for place, cell in enumerate(cells()):
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), f"cell {place}", "exec"), found)
        assert len(plt.get_fignums()) == 2
    finally:
        plt.close("all")
        if "kept" in found:
            found["kept"].cleanup()
    assert found["lattice"] == pytest.approx(found["true_lattice"], abs=5 * found["error"])
    assert found["error"] < 1e-3
    assert found["resistance"] == pytest.approx(found["true_resistance"], abs=5 * found["resistance_error"])
    assert found["resistance_error"] < 0.05 * found["resistance"]
    said = capsys.readouterr().out
    assert f"a = {found['lattice']:.5f}" in said and f"R = {found['resistance']:.4g}" in said


def test_the_notebook_is_kept_without_outputs():
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells() if "outputs" in cell)
