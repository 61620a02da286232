"""The same in a notebook: no server, and none of the libraries of one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from made_live import CONFIGURATION, ROOT

import coherion
from coherion.errors import InputError


def test_settings_by_name_and_figures(folder):
    x50 = coherion.explore(folder, "x50")
    before = x50.figure("reduction")
    assert [trace.name for trace in before.data][-1] == "−4πρ₀r"
    after = x50.set("reduction", qmax=12.0, density=2.6).figure("reduction")
    assert not np.array_equal(before.data[2].y, after.data[2].y)
    assert {"nyquist", "arrhenius"} <= set(x50.shown("spectrum").figures)
    assert "+      qmax: 12.0" in x50.difference()
    assert x50.undo().difference() == ""
    assert (folder / "config" / "config.yaml").read_text() == CONFIGURATION
    with pytest.raises(InputError, match="expected less than qmax"):
        x50.set("reduction", qmin=20.0)
    with pytest.raises(InputError, match="no such panel of this sample; found widths; expected reduction"):
        x50.shown("widths")


def test_no_server_is_imported(folder):
    code = f"import coherion, sys; coherion.explore({str(folder)!r}); print('dash' in sys.modules)"
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT / "scripts")
    assert done.stdout.strip() == "False"


def test_numbers_of_numpy_are_kept_as_numbers(folder):
    x50 = coherion.explore(folder, "x50")
    x50.set("reduction", qmax=np.float64(12.5), density=np.float64(2.6)).set(
        "refinement", fit_ranges=np.array([[2.0, 20]])
    )
    x50.keep()
    again = coherion.explore(folder, "x50").session
    assert again.value("reduction", "qmax") == 12.5 and again.value("reduction", "density") == 2.6
    assert again.value("refinement", "fit_ranges")[0] == [2.0, 20.0]


def test_what_cannot_be_set_is_said_in_a_line(folder):
    x50 = coherion.explore(folder, "x50")
    for stage, settings, said in (
        ("reduction", {"qmix": 1}, "no such setting; found qmix"),
        ("results", {"a": 1}, "no such stage; found results"),
        ("reduction", {"density": float("inf")}, "holds a number; found inf"),
    ):
        with pytest.raises(InputError, match=said):
            x50.set(stage, **settings)
    with pytest.raises(InputError, match="cannot be read"):
        x50.set("circuits", circuit="R1;import os").keep()
    assert (folder / "config" / "config.yaml").read_text() == CONFIGURATION
