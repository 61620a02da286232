"""The check of a series holds scans against structures, and temperatures against the names of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_spectra import FREQUENCY, impedance, text_table

from coherion.crystal.cif_input import read_cif
from coherion.crystal.structure_factors import reflection_areas
from coherion.data.scans.text import write_scan_text
from coherion.inputs.check import check_series

ROOT = Path(__file__).parents[2]
LAB6 = ROOT / "config" / "structures" / "LaB6.cif"
WAVELENGTH = 0.5594
CONFIG = """
data_folder: data
tables: {samples: samples.tsv, scans: scans.tsv, spectra: spectra.tsv}
refinement: {resolution_from: null}
side_phase: {structure: null}
"""


@pytest.fixture
def series(tmp_path, monkeypatch):
    """A sample with a scan of lanthanum hexaboride and three spectra."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    angles = 2 + 0.02 * np.arange(3000)
    q = 4 * np.pi / WAVELENGTH * np.sin(np.radians(angles / 2))
    _, at, area = reflection_areas(read_cif(LAB6), 0.5, 10.0)
    peaks = (area / at**3) @ np.exp(-0.5 * ((np.log(q) - np.log(at)[:, None]) / 0.005) ** 2)
    counts = np.random.default_rng(1).poisson(300 + 2e4 * peaks / peaks.max()).astype(float)
    write_scan_text(tmp_path / "data" / "a.xyd", angles, counts)
    (tmp_path / "a.cif").write_text(LAB6.read_text(encoding="utf-8"), encoding="utf-8")
    spectra = "sample\tfile\ttemperature_C\n"
    for celsius, resistance in ((0, 4e6), (25, 1e6), (60, 2e5)):
        z = impedance(FREQUENCY, resistance)
        text = text_table(["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"], [FREQUENCY, z.real, -z.imag])
        (tmp_path / "data" / f"a_{celsius}C.txt").write_text(text, encoding="utf-8")
        spectra += f"a\ta_{celsius}C.txt\t{celsius}\n"
    (tmp_path / "spectra.tsv").write_text(spectra, encoding="utf-8")
    (tmp_path / "scans.tsv").write_text(
        f"scan\tfile\tintensity_kind\twavelength_A\na\ta.xyd\tcounts\t{WAVELENGTH}\n", encoding="utf-8"
    )
    (tmp_path / "samples.tsv").write_text(
        "sample\tcomposition\tscan\tstructure\tpellet_thickness_cm\tpellet_diameter_cm\na\tLaB6\ta\ta.cif\t0.1\t0.9\n",
        encoding="utf-8",
    )
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def changed(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def told(words: str) -> list[str]:
    found = check_series("config.yaml", ROOT)
    assert found.errors == []
    return [line for line in found.warnings if words in line]


def test_a_sound_series_is_not_doubted(series):
    assert not told("name of") and not told("(unlike-structure)") and not told("(standard-cell)")


def test_a_scan_of_another_structure_is_told(series):
    (series / "a.cif").write_text((ROOT / "config/structures/cryolite.cif").read_text("utf-8"), encoding="utf-8")
    (line,) = told("(unlike-structure)")
    assert line.startswith("a: the reflections of the scan are not those of a.cif")


def test_the_cell_of_a_standard_that_is_off_is_told(series):
    lattice = f"{read_cif(LAB6).lattice[0]:g}"
    changed(series / "a.cif", lattice[:4], "4.10")
    assert not told("(standard-cell)")
    changed(series / "samples.tsv", "sample\tcomposition", "sample\tgroup\tcomposition")
    changed(series / "samples.tsv", "a\tLaB6", "a\tstandard\tLaB6")
    (line,) = told("(standard-cell)")
    assert line.startswith("a: the cell of the standard is +1.") and "a.cif, the certificate" in line


def test_temperatures_that_are_not_those_of_the_names_are_told_in_one_line(series):
    changed(series / "spectra.tsv", "a_0C.txt\t0", "a_0C.txt\t60")
    changed(series / "spectra.tsv", "a_60C.txt\t60", "a_60C.txt\t0")
    (line,) = told("the name of")
    assert "row 2: temperature_C is 60, the name of a_0C.txt says 0 degC, and so 1 more of sample a" in line


def with_standard(series: Path, named: str, structure: str = "a.cif") -> None:
    """A second row, a standard, of which the first has its resolution if ``named``."""
    (series / "samples.tsv").write_text(
        "sample\tgroup\tcomposition\tscan\tstructure\tpellet_thickness_cm\tpellet_diameter_cm\tstandard\n"
        f"a\tx\tLaB6\ta\ta.cif\t0.1\t0.9\t{named}\nstd\tstandard\tLaB6\ta\t{structure}\t\t\t\n",
        encoding="utf-8",
    )


def test_a_standard_that_nobody_uses_is_told(series):
    with_standard(series, "")
    (line,) = told("no sample takes its resolution")
    assert line.startswith("sample std: ")
    with_standard(series, "std")
    assert not told("no sample takes its resolution")


@pytest.mark.parametrize(
    ("named", "structure", "words"), [("sdt", "a.cif", "sdt"), ("std", "", "no scan or no struct")]
)
def test_a_standard_that_cannot_be_one_is_refused(series, named, structure, words):
    with_standard(series, named, structure)
    errors = check_series("config.yaml", ROOT).errors
    assert any("row 2, column standard" in line and words in line for line in errors), errors
