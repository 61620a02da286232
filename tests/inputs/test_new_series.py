"""A series from a folder of raw files: what files say, what names suggest, what only the user knows; then the check."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_spectra import made

from coherion.data.scans.stoe import RawHeader, RawRange, write_raw
from coherion.data.scans.text import write_scan_text
from coherion.data.spectra.biologic import write_mpt
from coherion.data.spectra.file_names import temperature_in
from coherion.inputs.contents import contents_of
from coherion.inputs.names import formula_in, is_empty, name_of, sample_in

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPTS / script, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


def fill(path: Path, name: str, **cells: str) -> None:
    """Fill in cells of the rows whose first cell is ``name``, as a user would."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    header = lines[start].split("\t")
    for number in range(start + 1, len(lines)):
        row = lines[number].split("\t")
        if row[0] == name:
            for column, text in cells.items():
                row[header.index(column)] = text
        lines[number] = "\t".join(row)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def counts(level: float, points: int = 5000, seed: int = 5) -> np.ndarray:
    angle = np.linspace(0, 1, points)
    return np.random.default_rng(seed).poisson(level * (0.3 + np.exp(-3 * angle))).astype(float)


@pytest.fixture
def raw_folder(tmp_path):
    """Files of a small series: two samples and their capillary as raw files, spectra, notes, a CIF."""
    folder = tmp_path / "raw data"
    (folder / "xrd").mkdir(parents=True)
    (folder / "eis").mkdir()
    header = RawHeader(wavelength=0.5594075, anode=1, title="capillary 3")
    for name, level, time in (("LaB6_1", 4000, 60.0), ("x50", 3000, 60.0), ("leer", 500, 30.0)):
        scan = RawRange(begin=2.0, step=0.025, counts=counts(level), time_per_point=time)
        write_raw(folder / "xrd" / f"{name}.raw", scan, header)
    shutil.copy(folder / "xrd" / "x50.raw", folder / "xrd" / "x50.backup.bin")
    (folder / "xrd" / "x50.backup.bin").write_bytes(b"\0\1" * 400)
    for temperature in (-40, 25, 60):
        write_mpt(folder / "eis" / f"x50_{temperature}C.mpt", [made(resistance=1e5 - 1e3 * temperature)])
    (folder / "notes.txt").write_text("the pellets are 1.5 mm thick\n")
    (folder / "empty.xy").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("stem", "sample", "temperature"),
    [
        ("s04147-140deg", "s04147", 140),
        ("x50_-40C", "x50", -40),
        ("x90_200C_-40C", "x90_200C", -40),
        ("a_298.15K", "a", 25),
        ("Na3InCl6 40 °C", "Na3InCl6", 40),
        ("a_25C_02_PEIS_C01", "a", 25),
        ("x_25,0C", "x", 25),
        ("x_298,15K", "x", 25),
        ("x_25p5C", "x", 25.5),
        ("x 25 deg C", "x", 25),
        ("x_25Celsius", "x", 25),
        ("x_300Kelvin", "x", 26.85),
        ("x_300kelvin", "x", 26.85),
        ("x_25oC", "x", 25.0),
        ("x_25ºC", "x", 25.0),
        ("x_minus_40C", "x", -40),
        ("x_m40C", "x", -40),
        ("x_\u221210C", "x", -10),
        ("x_T=25C", "x", 25),
        ("x50[20°C]", "x50", 20),
        ("x_30\u2103", "x", 30),
        ("образец_2_-40°С", "obrazets_2", -40),
        ("样品二_30°C", "u6837u54c1u4e8c", 30),
        ("样品25度", "u6837u54c1", 25),
        ("pellet25C", "pellet", 25),
        # No temperatures: letters behind the number of a formula, a cell or another word.
        ("ZrO2 Kühlung", "ZrO2_Kuhlung", None),
        ("Na3InCl6_C", "Na3InCl6_C", None),
        ("LiPS5C", "LiPS5C", None),
        ("x25C", "x25C", None),
        ("Zr0.5C", "Zr0.5C", None),
        ("cell 2K", "cell_2K", None),
        ("Probe_2_C", "Probe_2_C", None),
        ("a_100mA", "a_100mA", None),
        ("peis_single_data", "peis_single_data", None),
        ("AMPIX2_0-5min", "AMPIX2_0-5min", None),
    ],
)
def test_names_give_sample_and_temperature(stem, sample, temperature):
    assert sample_in(stem) == sample
    assert temperature_in(stem) == temperature


@pytest.mark.parametrize(
    "stem",
    ["empty", "leer_03", "Leerkapillare", "x05_bkg", "blank-2", "kapton", "Background_a", "air", "quartz 0.5 mm"],
)
def test_empty_capillaries_are_known_by_their_names(stem):
    assert is_empty(stem)


@pytest.mark.parametrize(
    "stem",
    [
        *("LaB6_kapton", "x50", "bgo_crystal", "blanket", "Na3InCl6_capillary_0.5mm"),
        *("x50 in capillary", "sample1_quartz", "glassy Li2S", "sample in air", "repaired", "样品 capillary"),
    ],
)
def test_samples_are_not_taken_for_empty_capillaries(stem):
    assert not is_empty(stem)


def test_formulas_are_found_in_names_and_numbers_of_samples_are_not():
    assert formula_in("LaB6_0p4mm_011") == "LaB6"
    assert formula_in("2024 Na2.5In0.5Zr0.5Cl6-a") == "Na2.5In0.5Zr0.5Cl6"
    assert [formula_in(stem) for stem in ("s04147", "x50", "reg2_pm1", "C12", "PEIS_C01")] == [None] * 5


def test_a_name_for_the_tables_holds_nothing_else():
    assert name_of("../a b;$(c)\t.xy") == "a_b_c_.xy"
    assert name_of("??") == "unnamed"


def test_names_in_other_scripts_and_long_ones_stay_apart():
    names = ["образец А", "образец Б", "样品一", "样品二", "β-Li3PS4", "α-Li3PS4", "a" * 70, "a" * 71]
    made = [name_of(one) for one in names]
    assert len(set(made)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.+-]{1,64}", one) for one in made)
    assert made[0] == "obrazets_A" and made[5] == "alpha-Li3PS4"


def test_files_are_what_can_be_read_from_them(raw_folder):
    found = {path.name: contents_of(path) for path in raw_folder.rglob("*") if path.is_file()}
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "LaB6_1.raw": "scan",
        "x50.raw": "scan",
        "leer.raw": "scan",
        "x50.backup.bin": "other",
        "x50_-40C.mpt": "spectra",
        "x50_25C.mpt": "spectra",
        "x50_60C.mpt": "spectra",
        "notes.txt": "other",
        "empty.xy": "other",
    }
    assert found["empty.xy"].why == "is empty"
    assert found["notes.txt"].why == "holds neither a scan nor spectra"


def test_what_the_reader_reads_decides_and_not_the_ending(tmp_path):
    frequency = np.geomspace(1e6, 1.0, 40)
    write_mpt(tmp_path / "a.mpt", [made()])
    (tmp_path / "a.mpt").rename(tmp_path / "scan.xy")
    assert contents_of(tmp_path / "scan.xy").kind == "spectra"
    np.savetxt(tmp_path / "bare.dat", np.column_stack([frequency, frequency * 0 + 100, -1 / frequency]))
    bare = contents_of(tmp_path / "bare.dat")
    assert bare.kind == "spectra" and bare.columns_unnamed
    write_scan_text(tmp_path / "alignment.xy", np.arange(-0.5, 1.0, 0.01), np.full(150, 7.0))
    assert "too short a scan" in contents_of(tmp_path / "alignment.xy").why


def test_a_series_is_drafted_checked_filled_in_and_found_complete(raw_folder, tmp_path):
    into = tmp_path / "my series"
    made = run("new_series.py", raw_folder, "--into", into)
    assert made.returncode == 0, made.stderr
    for part in ("3 scans, 3 files of spectra", "background leer, from the names", "column composition: 1 of 2 rows"):
        assert part in made.stdout
    config = into / "config"
    samples = {row["sample"]: row for row in rows_of(config / "samples.tsv")}
    assert set(samples) == {"LaB6_1", "x50"}
    assert samples["LaB6_1"]["composition"] == "LaB6" and samples["LaB6_1"]["group"] == "standard"
    assert samples["LaB6_1"]["structure"] == "config/structures/LaB6.cif"
    assert samples["x50"]["composition"] == samples["x50"]["pellet_thickness_cm"] == "?"
    assert samples["LaB6_1"]["pellet_thickness_cm"] == ""
    assert {row["background"] for row in samples.values()} == {"leer"}
    spectra = rows_of(config / "spectra.tsv")
    assert [(row["sample"], row["temperature_C"]) for row in spectra] == [("x50", "-40"), ("x50", "25"), ("x50", "60")]
    assert "# guessed: x50: background leer" in (config / "samples.tsv").read_text()
    found = {row["file"]: row for row in rows_of(config / "found.tsv")}
    assert abs(float(found["xrd/x50.raw"]["wavelength_A"]) - 0.5594075) < 1e-6
    assert float(found["xrd/x50.raw"]["time_per_point_s"]) == 60 and "anode Ag" in found["xrd/x50.raw"]["remark"]
    assert "background_scale: time" in (config / "config.yaml").read_text()

    refused = run("check_series.py", "--directory", into)
    assert refused.returncode == 1
    lines = refused.stdout.splitlines()
    assert [line.split(": still")[0].split(", column ")[1] for line in lines[:-1]] == [
        "composition",
        "pellet_thickness_cm",
        "pellet_diameter_cm",
    ]
    assert all("for x50" in line and "samples.tsv, row" in line for line in lines[:-1])
    assert lines[-1] == "3 errors to mend, 0 warnings"

    fill(
        config / "samples.tsv",
        "x50",
        composition="Na2.5In0.5Zr0.5Cl6",
        pellet_thickness_cm="0.15",
        pellet_diameter_cm="0.9",
    )
    done = run("check_series.py", "--directory", into)
    assert done.stdout == "nothing is missing, 0 warnings\n", done.stdout
    assert done.returncode == 0


def test_nothing_that_exists_is_overwritten(raw_folder, tmp_path):
    config = tmp_path / "series" / "config"
    config.mkdir(parents=True)
    (config / "scans.tsv").write_text("mine\n")
    refused = run("new_series.py", raw_folder, "--into", tmp_path / "series")
    assert refused.returncode == 1
    assert "scans.tsv: exists already and is not overwritten" in refused.stderr
    assert [path.name for path in config.iterdir()] == ["scans.tsv"]
    assert (config / "scans.tsv").read_text() == "mine\n"


def test_a_folder_without_anything_to_read_is_refused(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "notes.txt").write_text("nothing\n")
    refused = run("new_series.py", tmp_path / "raw", "--into", tmp_path / "series")
    assert refused.returncode == 1
    assert "holds neither scans nor impedance spectra" in refused.stderr
    assert not (tmp_path / "series").exists()


@pytest.fixture
def series(raw_folder, tmp_path):
    """A complete series."""
    into = tmp_path / "series"
    assert run("new_series.py", raw_folder, "--into", into).returncode == 0
    cells = {"composition": "Na2.5In0.5Zr0.5Cl6", "pellet_thickness_cm": "0.15", "pellet_diameter_cm": "0.9"}
    fill(into / "config" / "samples.tsv", "x50", **cells)
    return into


def test_everything_that_is_wrong_is_told_at_once(series, raw_folder):
    (raw_folder / "xrd" / "leer.raw").unlink()
    (raw_folder / "eis" / "x50_25C.mpt").write_bytes(b"EC-Lab ASCII FILE\r\n")
    config = series / "config"
    settings = re.sub(r"(?m)^  qmax: [\d.]+", "  qmax: 25.0", (config / "config.yaml").read_text())
    settings = settings.replace('"LaB6_1"', '"LaB7"\n  fit_ranges: [[2, 300]]')
    (config / "config.yaml").write_text(settings + "claims: 7\n")
    fill(
        config / "samples.tsv",
        "x50",
        pellet_diameter_cm="9",
        structure="config/structures/cryolite.cif",
        composition="Na3InBr6",
    )
    found = run("check_series.py", "--directory", series)
    assert found.returncode == 1
    errors = [line for line in found.stdout.splitlines() if line.startswith("ERROR: ")]
    warnings = [line for line in found.stdout.splitlines() if line.startswith("WARNING: ")]
    for parts in (
        ["scans.tsv, row", "leer.raw is missing"],
        ["x50_25C.mpt", "spectra.tsv, row"],
        ["qmax lies beyond the data", "found 25", "x50"],
        ["resolution_from", "LaB7"],
        ["fit_ranges", "300"],
        ["key claims", "found 7"],
    ):
        assert any(all(part in line for part in parts) for line in errors), (parts, errors)
    for parts in (["pellet_diameter_cm is 9 cm"], ["Br of the composition", "cryolite.cif"]):
        assert any(all(part in line for part in parts) for line in warnings), (parts, warnings)


def test_interchanged_sample_and_background_are_told(series):
    fill(series / "config" / "samples.tsv", "x50", scan="leer", background="x50")
    said = run("check_series.py", "--directory", series).stdout
    assert "background is brighter than the sample" in said and "interchanged" in said


def test_polyhedra_of_other_labels_than_the_structure_has_are_told(series):
    fill(series / "config" / "samples.tsv", "LaB6_1", group="other")
    config = series / "config" / "config.yaml"
    assert "geometry" not in run("check_series.py", "--directory", series).stdout
    config.write_text(config.read_text().replace("polyhedra: []", "polyhedra: [{centre: M1}]"))
    found = run("check_series.py", "--directory", series)
    assert found.returncode == 1
    assert "key geometry: polyhedra: the crystal LaB6 has no site of this name; found M1" in found.stdout


def test_a_blank_wavelength_of_a_text_scan_must_be_mended(series, raw_folder):
    y = counts(3000)
    write_scan_text(raw_folder / "xrd" / "x50.xyd", 2 + 0.025 * np.arange(y.size), y)
    fill(series / "config" / "scans.tsv", "x50", file="xrd/x50.xyd", intensity_kind="counts")
    found = run("check_series.py", "--directory", series)
    assert found.returncode == 1
    assert "wavelength is missing" in found.stdout and "column wavelength_A" in found.stdout


def test_the_anode_that_a_text_header_names_contradicts_a_wavelength(tmp_path):
    from coherion import messages
    from coherion.data.scans.reader import read_scan

    path = tmp_path / "a.xy"
    y = counts(300, 500)
    body = "\n".join(f"{2 + 0.1 * k:.3f} {value:.0f}" for k, value in enumerate(y))
    path.write_text(f'\'Id: "a" Anode: "Mo" Scantype: "Coupled"\n{body}\n')
    with messages.collected() as said:
        read_scan(path, intensity_kind="counts", wavelength=0.5594)
    assert any("anode Mo" in line and "0.5594" in line for line in said)
    with messages.collected() as said:
        read_scan(path, intensity_kind="counts", wavelength=0.7093)
    assert said == []


def test_real_files_give_a_series_that_lacks_what_only_their_owner_knows(real_data, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for pattern in ("pdf/lab6_snbl/*.xye", "pdf/lab_mo/CeO2*.xy", "eis/EISFitpython/s04147-*", "eis/yadg/vsp_peis*"):
        for file in real_data.glob(pattern):
            shutil.copy(file, raw)
    assert run("new_series.py", raw, "--into", tmp_path / "series").returncode == 0
    config = tmp_path / "series" / "config"
    samples = {row["sample"]: row for row in rows_of(config / "samples.tsv")}
    assert samples["LaB6_0p4mm_011_av10_monitor"]["background"] == "0p4mm_capillary_018_av17_monitor"
    assert samples["CeO2_635um_accum_0"]["composition"] == "CeO2"
    temperatures = [row["temperature_C"] for row in rows_of(config / "spectra.tsv") if row["sample"] == "s04147"]
    assert temperatures == ["140", "150", "160", "170", "180", "190", "200"]
    # The file has a sensor, so that no cell asks for its temperature; its export is not taken twice.
    sensed = [row for row in rows_of(config / "spectra.tsv") if row["sample"] == "vsp_peis_with"]
    assert [(row["file"], row["temperature_C"]) for row in sensed] == [("vsp_peis_with.mpr", "")]
    for scan in rows_of(config / "scans.tsv"):
        assert scan["wavelength_A"] == "?"
        fill(config / "scans.tsv", scan["scan"], wavelength_A="0.7107" if "CeO2" in scan["scan"] else "0.270793")
    fill(config / "scans.tsv", "CeO2_635um_accum_0", intensity_kind="arbitrary")
    for sample in ("s04147", "vsp_peis_with"):
        fill(config / "samples.tsv", sample, pellet_thickness_cm="0.21", pellet_diameter_cm="0.8")
    assert run("check_series.py", "--directory", tmp_path / "series").stdout == "nothing is missing, 0 warnings\n"


@pytest.mark.parametrize(("time", "decimals", "same"), [(93.45, 4, True), (7.0, 2, True), (30.0, 4, False)])
def test_counts_per_second_of_a_raw_scan_are_the_same_measurement(time, decimals, same):
    from coherion.data.scans.sources import ScanSource
    from coherion.inputs.draft import _same_scan

    counts = np.random.default_rng(3).poisson(300 + 200 * np.sin(np.arange(2000) / 40)).astype(float)
    angles = 2 + 0.015 * np.arange(2000)
    silent = {"wavelength": None, "title": "", "history": (), "instrument": {}, "simulated": False, "dy": None}
    raw = ScanSource(x=angles, y=counts, time=time if same else 45.0, raw=True, **silent)
    text = ScanSource(x=angles, y=np.round(counts / time, decimals), time=None, raw=False, decimals=decimals, **silent)
    assert _same_scan(raw, text) is _same_scan(text, raw) is same
    other = np.random.default_rng(4).poisson(300 + 200 * np.sin(np.arange(2000) / 40)).astype(float)
    again = ScanSource(x=angles, y=np.round(other / time, decimals), time=None, raw=False, decimals=4, **silent)
    assert not _same_scan(raw, again)


def of_columns(path, rows, head=""):
    path.write_text(head + "".join(f"{' '.join(f'{x:.8g}' for x in row)}\n" for row in rows), encoding="utf-8")


PDFGETX3 = """[DEFAULT]
# background file
backgroundfile = kapton.chi
dataformat = {form}
composition = {formula}
wavelength = 0.1864
mode = xray
bgscale = 0.95
rpoly = 0.9
qmaxinst = 24.5
qmin = 0.5
qmax = 24
rmin = 0
rmax = 50
rstep = 0.01
"""


@pytest.fixture
def reduced_elsewhere(tmp_path):
    """Scans beside settings of PDFgetX3, a .gr made from one of them, and a .gr whose scan is elsewhere."""
    folder = tmp_path / "raw"
    (folder / "old").mkdir(parents=True)
    two_theta = np.linspace(0.5, 42, 3000)
    for name in ("mesh.chi", "kapton.chi"):
        of_columns(folder / name, zip(two_theta, 100.5 * np.exp(-two_theta / 20) + 0.25, strict=True))
    (folder / "pdfgetx3.cfg").write_text(PDFGETX3.format(form="twotheta", formula="Ni"))
    r = np.arange(0, 40.001, 0.01)
    for name, source in (("mesh.gr", "mesh.chi"), ("old/salt.gr", "salt.chi")):
        head = (
            PDFGETX3.format(form="twotheta", formula="Na 1 Cl 1") + f"inputfile = {source}\n#### start data\n#L r  G\n"
        )
        if name == "mesh.gr":
            head = head.replace("Na 1 Cl 1", "Ni")
        of_columns(folder / name, zip(r, np.sin(3 * r), strict=True), head)
    return folder


def test_headers_and_settings_of_another_programs_reduction_are_read(reduced_elsewhere, tmp_path):
    done = run("new_series.py", reduced_elsewhere, "--into", tmp_path / "series")
    assert done.returncode == 0, done.stderr
    config = tmp_path / "series" / "config"
    samples = {row["sample"]: row for row in rows_of(config / "samples.tsv")}
    assert set(samples) == {"mesh", "salt"}
    mesh = {"composition": "Ni", "scan": "mesh", "background": "kapton", "background_scale": "0.95"}
    assert {key: samples["mesh"][key] for key in mesh} == mesh and not samples["mesh"]["pair_distribution"]
    salt = {"composition": "Na1Cl1", "scan": "", "pair_distribution": "old/salt.gr"}
    assert {key: samples["salt"][key] for key in salt} == salt
    for row in rows_of(config / "scans.tsv"):
        assert (row["abscissa"], row["intensity_kind"], row["wavelength_A"]) == ("two_theta", "arbitrary", "0.1864")
    text = (config / "config.yaml").read_text()
    for line in ("qmin: 0.5", "qmax: 24", "qmaxinst: 24.5", "rpoly: 0.9", "rmax: 50", "fit_ranges: [[1.5, 40]]"):
        assert f"  {line}\n" in text, line
    assert "mesh.gr: was made from a scan that is here; its header is read" in done.stdout
    assert "?" not in (config / "samples.tsv").read_text() + (config / "scans.tsv").read_text()


def test_a_folder_of_files_of_g_of_r_alone(reduced_elsewhere, tmp_path):
    done = run("new_series.py", reduced_elsewhere / "old", "--into", tmp_path / "series")
    assert done.returncode == 0, done.stderr
    assert "1 file of G(r)" in done.stdout
    (row,) = rows_of(tmp_path / "series/config/samples.tsv")
    assert row["pair_distribution"] == "salt.gr" and row["composition"] == "Na1Cl1"
    checked = run("check_series.py", "--directory", tmp_path / "series")
    assert checked.returncode == 0, checked.stdout


def test_g_of_r_of_gudrun_is_no_scan(tmp_path):
    """Its files have no .gr and name no Qmax, which is then asked for."""
    raw = tmp_path / "raw"
    raw.mkdir()
    r = np.arange(0.02, 30, 0.02)
    rows = "\n".join(f"{x:.2f} {np.sin(3 * x) * x:.6f} 0.01" for x in r)
    (raw / "salt.mdor01").write_text(f"# salt.mdor01\n# GudrunX\n# Output from routine\n{rows}\n")
    done = run("new_series.py", raw, "--into", tmp_path / "series")
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(tmp_path / "series/config/samples.tsv")
    assert row["pair_distribution"] == "salt.mdor01" and not row["scan"]
    checked = run("check_series.py", "--directory", tmp_path / "series")
    assert "the Qmax of this G(r) is not known" in checked.stdout
    assert "salt has a G(r) and no structure: nothing is refined of it" in checked.stdout


@pytest.fixture
def campaigns(tmp_path):
    """Two campaigns in one folder each, with a standard in each, and two in one folder with dates."""
    folder = tmp_path / "raw data"
    for place, names, date in (
        ("march", ("LaB6_march", "a1"), "03-Mar-24 10:00"),
        ("june", ("LaB6_june", "b1"), "11-Jun-24 09:30"),
    ):
        (folder / place).mkdir(parents=True)
        for name in names:
            header = RawHeader(wavelength=0.5594075, anode=1, date=date)
            scan = RawRange(begin=2.0, step=0.025, counts=counts(4000), time_per_point=60.0)
            write_raw(folder / place / f"{name}.raw", scan, header)
    return folder


def test_each_campaign_has_its_own_standard(campaigns, tmp_path):
    made = run("new_series.py", campaigns, "--into", tmp_path / "s")
    assert made.returncode == 0, made.stderr
    rows = {row["sample"]: row for row in rows_of(tmp_path / "s" / "config" / "samples.tsv")}
    assert (rows["a1"]["standard"], rows["b1"]["standard"]) == ("LaB6_march", "LaB6_june")
    assert rows["LaB6_march"]["standard"] == ""
    assert "samples.tsv: a1: standard LaB6_march, by radiation, folder and date" in made.stdout


def test_campaigns_in_one_folder_are_told_apart_by_date_and_left_open_without(campaigns, tmp_path):
    for file in sorted(campaigns.glob("*/*.raw")):
        shutil.move(file, campaigns / file.name)
    assert run("new_series.py", campaigns, "--into", tmp_path / "s").returncode == 0
    rows = {row["sample"]: row for row in rows_of(tmp_path / "s" / "config" / "samples.tsv")}
    assert (rows["a1"]["standard"], rows["b1"]["standard"]) == ("LaB6_march", "LaB6_june")
    scan = RawRange(begin=2.0, step=0.025, counts=counts(4000), time_per_point=60.0)
    write_raw(campaigns / "b1.raw", scan, RawHeader(wavelength=0.5594075, anode=1))
    write_raw(campaigns / "c1.raw", scan, RawHeader(wavelength=0.71073, anode=2))
    assert run("new_series.py", campaigns, "--into", tmp_path / "t").returncode == 0
    rows = {row["sample"]: row for row in rows_of(tmp_path / "t" / "config" / "samples.tsv")}
    assert (rows["a1"]["standard"], rows["b1"]["standard"], rows["c1"]["standard"]) == ("LaB6_march", "?", "")


ONE_SCAN = """[DEFAULT]
dataformat = {form}
inputfile = {scan}
backgroundfile = {background}
composition = {formula}
wavelength = 0.1864
bgscale = 0.9
qmin = 0.5
qmax = {qmax}
#### start data
#L r  G
"""


@pytest.fixture
def two_of_one_name(tmp_path):
    """Two folders with a G(r) that names its scan, of which one has the scan, and backgrounds in other letters."""
    folder = tmp_path / "raw"
    for place, form, name in (("here", "QA", "Ni.chi"), ("there", "Qnm", "Ni.chi"), ("longer", "QA", "gold.chi")):
        (folder / place).mkdir(parents=True)
        head = ONE_SCAN.format(form=form, scan=name, background="Kapton.chi", formula="Ni", qmax=25)
        of_columns(folder / place / "made.gr", [(r, np.sin(3 * r)) for r in np.arange(0, 40.001, 0.01)], head)
    q = np.arange(0, 31.5, 0.02)
    for file in ("here/Ni.chi", "here/kapton.chi", "longer/gold_3fa1.chi"):
        of_columns(folder / file, zip(q, 100.5 * np.exp(-q / 9) + 0.25, strict=True), "Q\n")
    return folder


def test_a_reduction_belongs_to_the_scan_that_it_can_have_been_made_from(two_of_one_name, tmp_path):
    """Told Q in 1/nm to 25 1/angstrom, nothing was made of a scan that would end at 3: that G(r) is a sample."""
    done = run("new_series.py", two_of_one_name, "--into", tmp_path / "series")
    assert done.returncode == 0, done.stderr
    samples = {row["sample"]: row for row in rows_of(tmp_path / "series/config/samples.tsv")}
    assert set(samples) == {"Ni", "made", "gold_3fa1"}
    assert samples["made"]["pair_distribution"] == "there/made.gr"
    assert (samples["Ni"]["scan"], samples["Ni"]["background"]) == ("Ni", "kapton")
    # A copy of a scan whose name goes on, beside its reduction, is the scan.
    assert samples["gold_3fa1"]["composition"] == "Ni" and samples["gold_3fa1"]["scan"] == "gold_3fa1"


@pytest.mark.parametrize("copies", [True, False])
def test_of_several_structures_the_nearest_is_proposed_and_copies_are_one(tmp_path, copies):
    from coherion.inputs.draft import SHIPPED

    text = (ROOT / SHIPPED["LaB6"]).read_text(encoding="utf-8")
    for place in ("a", "b", "raw/far"):
        (tmp_path / "raw" / place).mkdir(parents=True)
        (tmp_path / "raw" / place / "LaB6.cif").write_text(text if copies or place != "b" else text + "# other\n")
    write_raw(
        tmp_path / "raw/a/LaB6_1.raw",
        RawRange(begin=2.0, step=0.025, counts=counts(4000), time_per_point=60.0),
        RawHeader(wavelength=0.5594075, anode=1),
    )
    shutil.copy(tmp_path / "raw/a/LaB6_1.raw", tmp_path / "raw/LaB6_2.raw")
    assert run("new_series.py", tmp_path / "raw", "--into", tmp_path / "s").returncode == 0
    rows = {row["sample"]: row for row in rows_of(tmp_path / "s/config/samples.tsv")}
    assert rows["LaB6_1"]["structure"].endswith("raw/a/LaB6.cif")
    assert rows["LaB6_1"]["group"] == rows["LaB6_2"]["group"] == "standard"
    assert rows["LaB6_2"]["structure"].endswith("raw/a/LaB6.cif") if copies else rows["LaB6_2"]["structure"] == "?"


def test_campaigns_of_other_reach_are_each_taken_to_their_end(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name, wavelength in (("a1", 0.5594), ("a2", 0.5594), ("b1", 1.5406), ("b2", 1.5406)):
        header = RawHeader(wavelength=wavelength, anode=1 if name[0] == "a" else 3)
        scan = RawRange(begin=2.0, step=0.025, counts=counts(4000), time_per_point=60.0 if name[0] == "a" else 90.0)
        write_raw(raw / f"{name}.raw", scan, header)
    assert run("new_series.py", raw, "--into", tmp_path / "s").returncode == 0
    text = (tmp_path / "s/config/config.yaml").read_text()
    # Other times of other campaigns scale no background: each pair was counted alike.
    assert "  qmax: null" in text and "background_scale" not in text
