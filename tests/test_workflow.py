"""Whole runs through Snakemake, from the command line, as a user starts them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coherion.data.netcdf import read_dataset
from coherion.data.pdf_text import read_pdf_text
from coherion.settings.configuration import read_yaml

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.workflow


def snakemake(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the workflow with ``folder`` as working folder, so that runs of several tests do not lock one another.

    It is called from the checkout and with a relative path, as ``make run IN=FOLDER`` does.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["snakemake", "--directory", os.path.relpath(folder, ROOT), "--cores", "2", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
        check=False,
        cwd=ROOT,
    )


def own_series(folder: Path, settings: dict | None = None, **tables: str) -> Path:
    """A folder with a configuration and tables of its own, columns separated by blanks and bars."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    names = {name: f"config/{name}.tsv" if name in tables else None for name in ("samples", "scans", "spectra")}
    for name, text in tables.items():
        (folder / names[name]).write_text(text.replace(" | ", "\t"), encoding="utf-8")
    configuration = {"tables": names} | (settings or {})
    (folder / "config" / "config.yaml").write_text(json.dumps(configuration), encoding="utf-8")
    return folder


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["sample"]: row for row in csv.DictReader(stream, delimiter="\t")}


def residual(found: Path, expected: Path) -> float:
    """Relative L2 difference of two text files of one grid."""
    a, b = read_pdf_text(found), read_pdf_text(expected)
    # A point at r = 0 has no uncertainty and is left out where uncertainties are written.
    keep = b.x >= a.x[0] - 1e-4
    np.testing.assert_allclose(a.x, b.x[keep], atol=6e-5)  # six digits are printed
    return float(np.linalg.norm(a.y - b.y[keep]) / np.linalg.norm(b.y[keep]))


@pytest.mark.slow
def test_real_scans_and_spectra_become_lattice_parameter_and_activation_energies_in_one_run(real_data, tmp_path):
    done = snakemake(tmp_path, "--configfile", ROOT / "config/measured.yaml", "--config", f"data_folder={real_data}")
    assert done.returncode == 0, done.stderr[-3000:]
    results = tmp_path / "results" / "measured"
    rows = rows_of(results / "series" / "series.tsv")
    # SRM 660c: 4.156826(8) A; the wavelength of the scan is good to a few 1e-4.
    assert abs(float(rows["LaB6"]["a_A"]) - 4.1569) < 0.002
    # Published with these conventions: 0.8555 +- 0.0006 eV.
    assert abs(float(rows["s04147"]["activation_energy_eV"]) - 0.8555) < 0.00006
    assert abs(float(rows["s04147"]["activation_energy_eV_sd"]) - 0.0006) < 0.00006
    assert {row["origin"] for row in rows.values()} == {"measured"}
    for name in ("reduction/LaB6", "refinement/LaB6/1.5-60", "impedance/s04147", "figure_2", "figure_4"):
        for suffix in (".pdf", ".svg", ".png", ".tsv"):
            assert (results / "figures" / f"{name}{suffix}").stat().st_size > 300
    # Its own paper holds it against what is certified and published, each statement about one named sample.
    with (results / "claims.tsv").open(encoding="utf-8", newline="") as stream:
        verdicts = {row["id"]: row["verdict"] for row in csv.DictReader(stream, delimiter="\t")}
    assert verdicts == dict.fromkeys(("certified-cell", "boron", "published-energy", "straight"), "holds")

    # Unchanged, nothing runs again; a changed row reruns its sample and what depends on it, nothing else.
    again = snakemake(
        tmp_path, "--configfile", ROOT / "config/measured.yaml", "--config", f"data_folder={real_data}", "--dry-run"
    )
    assert "Nothing to be done" in again.stdout + again.stderr


LAB6 = "LaB6_0p4mm_011_av10_monitor"


def test_the_lab6_capillary_equals_pdfgetx3(real_data, tmp_path):
    """Its settings, with no correction of ours, give its own .gr of versions 2.2.1 and 2.1.1."""
    folder = real_data / "pdf" / "lab6_snbl"
    target = "results/lab6/reduction/LaB6.gr"
    given = ["--configfile", ROOT / "config/lab6.yaml", "--config", f"data_folder={folder}"]
    done = snakemake(tmp_path, target, *given)
    assert done.returncode == 0, done.stderr[-3000:]
    assert residual(tmp_path / target, folder / f"{LAB6}.gr") < 1e-5
    for suffix in ("fq", "sq"):
        assert residual((tmp_path / target).with_suffix(f".{suffix}"), folder / f"{LAB6}.{suffix}") < 1e-5

    older = {"rpoly": 1.5, "qmaxinst": 23.4501, "qmin": 1.0, "qmax": 23.0, "rmin": 0.5, "rmax": 50.0}
    (tmp_path / "older.json").write_text(json.dumps({"reduction": older, "results": "older"}))
    done = snakemake(
        tmp_path,
        "older/reduction/LaB6.gr",
        "--configfile",
        ROOT / "config/lab6.yaml",
        tmp_path / "older.json",
        *given[2:],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert residual(tmp_path / "older/reduction/LaB6.gr", folder / "v2.1.1" / f"{LAB6}.gr") < 1e-5


def test_three_nickel_scans_equal_pdfgetx3(real_data, tmp_path):
    folder = real_data / "pdf" / "ni_pdfttp"
    common = {"rmin": 0.0, "rmax": 60.0, "rstep": 0.01, "rpoly": 0.9}
    hires = common | {"qmaxinst": 29.0, "qmin": 0.85, "background_scale": 0.4}
    own_series(
        tmp_path,
        {
            "data_folder": str(folder),
            "per_sample": {
                "Ni": {"reduction": common | {"qmaxinst": 31.26, "qmin": 0.0, "qmax": 24.0}},
                "Ni-hires": {"reduction": hires | {"qmax": 25.0}},
                "Ni-lownoise": {"reduction": hires | {"qmax": 15.0}},
            },
        },
        scans="scan | file | abscissa | intensity_kind\n"
        "Ni | Ni.chi | q | arbitrary\nkapton | kapton.chi | q | arbitrary\n",
        samples="sample | composition | scan | background\n"
        + "".join(f"{name} | Ni | Ni | kapton\n" for name in ("Ni", "Ni-hires", "Ni-lownoise")),
    )
    targets = [f"results/reduction/{name}.gr" for name in ("Ni", "Ni-hires", "Ni-lownoise")]
    done = snakemake(tmp_path, *targets)
    assert done.returncode == 0, done.stderr[-3000:]
    for target in targets:
        assert residual(tmp_path / target, folder / Path(target).name) < 1e-5, target


def test_stoe_scans_run_through_the_same_rules(real_data, tmp_path):
    """Ag Ka1 scans with their cell's background, and a raw file whose text export agrees exactly."""
    pair = "chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH"
    cell = "pyScattData_AgKa/20230419_JKV_Background_DANOISE_Li+sep+ECDMC.001.xy"
    own_series(
        tmp_path,
        {
            "data_folder": str(real_data / "stoe"),
            "reduction": {"qmax": 7.0, "qmin": 0.9},
            "per_sample": {name: {"reduction": {"qmax": 3.1, "qmin": 0.4}} for name in ("raw", "xyd")},
        },
        scans="scan | file | abscissa | intensity_kind | wavelength_A | time_per_point_s\n"
        "cell | pyScattData_AgKa/20231026_CBE_reg2_pm1.001.xy | two_theta | counts | 0.5594 | 60\n"
        f"empty-cell | {cell} | two_theta | counts | 0.5594 | 60\n"
        "operando | pyScattData_AgKa/20230126_JKV_LFPvsLitynd.001.xy | q | counts | 0.5594 | 60\n"
        "empty-operando | pyScattData_AgKa/AMPIX2_background_0-5min.xy | q | counts | 0.5594 | 60\n"
        f"raw | {pair}.raw |  |  |  | \n"
        f"xyd | {pair}.xyd | two_theta | counts | 1.5406 | \n",
        samples="sample | composition | scan | background | background_scale\n"
        "cell | LiFePO4 | cell | empty-cell | 0.3\n"
        "operando | LiFePO4 | operando | empty-operando | 1.0\n"
        "raw | Zr6C80H60O32 | raw |  | \n"
        "xyd | Zr6C80H60O32 | xyd |  | \n",
    )
    done = snakemake(tmp_path, *(f"results/reduction/{name}.gr" for name in ("cell", "operando", "raw", "xyd")))
    assert done.returncode == 0, done.stderr[-3000:]
    raw, text = (read_dataset(tmp_path / f"results/scans/{name}.nc") for name in ("raw", "xyd"))
    np.testing.assert_array_equal(raw["intensity"].values, text["intensity"].values)
    np.testing.assert_array_equal(raw["two_theta"].values, text["two_theta"].values)
    assert float(raw.attrs["wavelength"]) == pytest.approx(1.5406, abs=2e-5)
    for name in ("cell", "operando"):
        found = read_dataset(tmp_path / f"results/reduction/{name}.nc")
        assert np.isfinite(found["pdf"].values).all()
        assert (found["pdf_sd"].values[1:] > 0).all()


def write_scan(path: Path, *, peak: float = 2000.0, seed: int = 1) -> None:
    """A made scan: a few reflections on a falling slope, whole counts."""
    two_theta = np.arange(2.0, 80.0, 0.02)
    intensity = 300 * np.exp(-two_theta / 40) + 50
    for line in (8.0, 11.4, 14.0, 19.9, 24.5):
        intensity += peak * np.exp(-(((two_theta - line) / 0.15) ** 2)) / line
    counts = np.random.default_rng(seed).poisson(intensity)
    path.write_text("".join(f"{a:9.3f}{n:9d}\n" for a, n in zip(two_theta, counts, strict=True)))


def test_a_failing_sample_stops_no_other_and_is_named_at_the_end(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_scan(data / "good one (1).xyd")
    (data / "broken.raw").write_bytes(b"RAW_1.06Powdat  ")
    own_series(
        tmp_path,
        {"data_folder": "data"},
        scans="scan | file | intensity_kind | wavelength_A\n"
        "good | good one (1).xyd | counts | 0.5594\nbroken | broken.raw |  | \nabsent | absent.raw |  | \n",
        samples="sample | composition | scan\ngood | Ni | good\nbroken | Ni | broken\n",
    )
    done = snakemake(tmp_path, "results/reduction/good.gr", "results/reduction/broken.gr")
    assert done.returncode != 0
    assert (tmp_path / "results/reduction/good.gr").exists()
    assert not list((tmp_path / "results").rglob("*broken*.nc"))
    said = done.stderr + done.stdout
    summary = said[said.index("1 failed:") :].splitlines()
    assert summary[1].startswith("  import_scan broken: data/broken.raw")
    assert "Traceback" not in said


def times_of(folder: Path, *patterns: str) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for pattern in patterns for path in folder.glob(pattern)}


def test_a_series_outlives_a_broken_scan_and_takes_it_up_when_it_is_mended(tmp_path):
    data, results = tmp_path / "data", tmp_path / "results"
    data.mkdir()
    for seed, name in enumerate(("one", "two")):
        write_scan(data / f"{name}.xyd", seed=seed)
    whole = (data / "two.xyd").read_bytes()
    (data / "two.xyd").write_text("2theta\n")
    own_series(
        tmp_path,
        {"data_folder": "data"},
        scans="scan | file | intensity_kind | wavelength_A\n"
        "one | one.xyd | counts | 0.5594\ntwo | two.xyd | counts | 0.5594\n",
        samples="sample | composition | scan\none | Ni | one\ntwo | Ni | two\n",
    )
    done = snakemake(tmp_path)
    assert done.returncode != 0
    said = (done.stderr + done.stdout).splitlines()
    assert said.count("1 failed:") == 1
    line = said[said.index("1 failed:") + 1]
    assert line.startswith("  import_scan two: data/two.xyd")
    reason = line.removeprefix("  import_scan two: ")
    failed = rows_of(results / "series/failed.tsv")
    assert list(failed) == ["two"]
    assert failed["two"]["reason"] == reason
    assert failed["two"]["without"] == "scans, reduction"
    series = rows_of(results / "series/series.tsv")
    assert series["two"]["failed"] == f"import_scan two: {reason}"
    assert series["one"]["failed"] == ""
    assert any(
        reason in text for text in (results / "tables").glob("*exclusions.tsv").__next__().read_text().split("\t")
    )
    for made in ("supporting_information.pdf", "summary/run.html", "series/alerts.tsv", "figures/reduction/one.pdf"):
        assert (results / made).exists()
    before = times_of(results, "reduction/*", "scans/*", "figures/reduction/*")
    report = snakemake(tmp_path, "--report", "results/report.html")
    assert report.returncode == 0, report.stderr

    # It is tried again, the others are not made again, and it fails as before.
    assert snakemake(tmp_path).returncode != 0
    assert times_of(results, "reduction/*", "scans/*", "figures/reduction/*") == before

    (data / "two.xyd").write_bytes(whole)
    done = snakemake(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "failed:" not in done.stderr
    assert rows_of(results / "series/failed.tsv") == {}
    assert "failed" not in rows_of(results / "series/series.tsv")["two"]
    assert (results / "reduction/two.nc").exists()
    after = times_of(results, "reduction/*", "scans/*", "figures/reduction/*")
    assert {path: after[path] for path in before} == before


def series_of_one(folder: Path) -> Path:
    """A series of one sample with settings of its own, beside another table that lists a sample of the same name."""
    (folder / "data").mkdir(parents=True)
    write_scan(folder / "data/one.xyd")
    scans = "scan | file | intensity_kind | wavelength_A\none | one.xyd | counts | 0.5594\n"
    own = {"per_sample": {"one": {"reduction": {"qmax": 9.0, "rpoly": 1.1}}}, "reduction": {"rstep": 0.02}}
    own_series(
        folder, {"data_folder": "data"} | own, scans=scans, samples="sample | composition | scan\none | Ni | one\n"
    )
    (folder / "config/other.tsv").write_text("sample\tcomposition\tscan\none\tNi\tone\n")
    return folder


OTHER = {"tables": {"samples": "config/other.tsv"}}
RPOLY = {"per_sample": {"one": {"reduction": {"rpoly": 1.2}}}}
QMIN = {"per_sample": {"one": {"reduction": {"qmin": 0.7}}}}
SAME = {"tables": {"samples": "./config/samples.tsv"}}


@pytest.mark.parametrize(
    ("files", "words", "kept", "left"),
    [
        ([{"reduction": {"rmax": 30.0}}], [], {"qmax": 9.0, "rpoly": 1.1}, {}),
        ([OTHER | RPOLY], [], {"rpoly": 1.2}, {"qmax": 9.0}),
        ([OTHER], [], {}, {"qmax": 9.0, "rpoly": 1.1}),
        # The same table once more is no other one.
        ([SAME | RPOLY], [], {"qmax": 9.0, "rpoly": 1.2}, {}),
        # Of several files, each of which belongs to the table that the files up to it name.
        ([QMIN, OTHER | RPOLY], [], {"rpoly": 1.2}, {"qmax": 9.0, "qmin": 0.7}),
        ([OTHER | RPOLY, QMIN], [], {"rpoly": 1.2, "qmin": 0.7}, {"qmax": 9.0}),
        ([OTHER | RPOLY, SAME], [], {}, {"rpoly": 1.2}),
        ([QMIN], ["tables={samples: config/other.tsv}"], {}, {"qmax": 9.0, "qmin": 0.7}),
    ],
)
def test_settings_of_single_samples_belong_to_the_table_they_were_written_for(tmp_path, files, words, kept, left):
    series_of_one(tmp_path)
    over = [tmp_path / f"over_{number}.json" for number in range(len(files))]
    for path, settings in zip(over, files, strict=True):
        path.write_text(json.dumps(settings))
    config = ["--config", *words] if words else []
    printed = ["--dry-run", "--printshellcmds"]
    done = snakemake(tmp_path, "results/reduction/one.gr", "--configfile", *over, *config, *printed)
    assert done.returncode == 0, done.stderr
    assert "names no sample" not in done.stderr
    assert all(f'"{key}": {value}' in done.stdout for key, value in kept.items()), done.stdout
    assert not any(f'"{key}": {value}' in done.stdout for key, value in left.items()), done.stdout


@pytest.mark.parametrize("told", ["config", "config['powders']"])
def test_a_module_has_the_settings_of_single_samples_that_its_importer_tells_it(tmp_path, told):
    """The importer's own tables are none of its business, where it is told a part of that configuration only."""
    series = series_of_one(tmp_path / "series")
    settings = read_yaml(series / "config/config.yaml")
    (series / "own.json").write_text(json.dumps(settings if told == "config" else {"powders": settings}))
    (series / "over.json").write_text(json.dumps(OTHER))
    (series / "Snakefile").write_text(
        f'configfile: "own.json"\nmodule powders:\n    snakefile: {str(ROOT / "workflow/Snakefile")!r}\n'
        f"    config: {told}\nuse rule * from powders\n"
    )
    printed = ["--configfile", series / "over.json", "--dry-run", "--printshellcmds"]
    done = snakemake(series, "results/reduction/one.gr", "--snakefile", series / "Snakefile", *printed)
    assert done.returncode == 0, done.stderr
    assert ('"qmax": 9.0' in done.stdout) == (told != "config")


def jobs_of_dry_run(folder: Path, *targets: str) -> set[str]:
    done = snakemake(folder, "--dry-run", *targets)
    assert done.returncode == 0, done.stderr
    return {line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("rule ")}


def test_content_decides_what_runs_again_not_the_date_of_a_file(tmp_path):
    data, target = tmp_path / "data", "results/reduction/one.gr"
    data.mkdir()
    for seed, name in enumerate(("one", "empty", "other")):
        write_scan(data / f"{name}.xyd", seed=seed)
        os.utime(data / f"{name}.xyd", (1e9 - seed, 1e9 - seed))
    samples = "sample | composition | scan | background\none | Ni | {} | {}\n"
    scans = "scan | file | intensity_kind | wavelength_A\n" + "".join(
        f"{name} | {name}.xyd | counts | 0.5594\n" for name in ("one", "empty")
    )
    own_series(tmp_path, {"data_folder": "data"}, scans=scans, samples=samples.format("one", "empty"))
    assert snakemake(tmp_path, target).returncode == 0
    assert jobs_of_dry_run(tmp_path, target) == set()
    os.utime(data / "one.xyd")
    assert jobs_of_dry_run(tmp_path, target) == set()

    own_series(tmp_path, {"data_folder": "data"}, scans=scans, samples=samples.format("empty", "one"))
    assert jobs_of_dry_run(tmp_path, target) == {"reduce_scan"}
    own_series(tmp_path, {"data_folder": "data"}, scans=scans, samples=samples.format("one", "empty"))
    assert jobs_of_dry_run(tmp_path, target) == set()

    shutil.copy2(data / "other.xyd", data / "one.xyd")
    assert (data / "one.xyd").stat().st_mtime < 1e9
    assert jobs_of_dry_run(tmp_path, target) == {"import_scan", "reduce_scan"}


@pytest.mark.slow
def test_two_broken_files_of_two_samples_take_nothing_else_away(tmp_path):
    """The small series with a cut scan of one sample and a cut spectrum of another."""
    small = ROOT / "config" / "small"
    for name in ("x10", "x50", "x90"):
        simulated(tmp_path / "raw", name, spectra=True)
    for name in ("LaB6", "empty"):
        simulated(tmp_path / "raw", name, spectra=False)
    scan, spectrum = tmp_path / "raw/scans/x50.raw", tmp_path / "raw/spectra/x90_25C.mpt"
    whole = scan.read_bytes(), spectrum.read_bytes()
    scan.write_bytes(whole[0][: len(whole[0]) // 2])
    spectrum.write_bytes(whole[1][:150])
    tables = {name: (small / f"{name}.tsv").read_text(encoding="utf-8") for name in ("samples", "scans", "spectra")}
    settings = {
        "data_folder": "raw",
        "paper": "config/paper.yaml",
        "refinement": {"fit_ranges": [[2.0, 60.0]], "resolution_from": "LaB6"},
        "circuits": {"circuit": "p(R1,CPE1)-CPE2"},
    }
    own_series(tmp_path, settings, **tables)
    shutil.copy(ROOT / "config" / "paper.yaml", tmp_path / "config" / "paper.yaml")
    done = snakemake(tmp_path)
    results = tmp_path / "results"
    assert done.returncode != 0
    said = done.stderr.splitlines()
    told = said[said.index("2 failed:") + 1 :][:2]
    assert told[0].startswith("  analyse_spectra x90: ")
    assert told[1].startswith("  import_scan x50: ")
    series = rows_of(results / "series/series.tsv")
    assert series["x50"]["a_A"] == ""
    assert float(series["x50"]["sigma_25C_S_per_cm"]) > 0
    assert series["x90"]["sigma_25C_S_per_cm"] == ""
    assert float(series["x90"]["a_A"]) > 0
    assert [name for name in series if not series[name]["failed"]] == ["x10"]
    reasons = [line.split(": ", 1)[1] for line in told]
    for table in ("series/failed.tsv", "series/series.tsv", "series/exclusions.tsv", "claims.tsv"):
        text = (results / table).read_text(encoding="utf-8")
        assert all(reason in text for reason in reasons), table
    page = (results / "page.html").read_text(encoding="utf-8")
    assert "import_scan" in page
    for made in ("supporting_information.pdf", "summary/run.html", "figures/overview.pdf", "series/alerts.tsv"):
        assert (results / made).exists()
    assert snakemake(tmp_path, "--report", "results/report.html").returncode == 0

    untouched = ("refinement/x10/*", "refinement/x90/*", "arrhenius/x50*", "resolution/*")
    before = times_of(results, *untouched)
    scan.write_bytes(whole[0])
    spectrum.write_bytes(whole[1])
    done = snakemake(tmp_path)
    assert done.returncode == 0, done.stderr
    assert times_of(results, *untouched) == before
    series = rows_of(results / "series/series.tsv")
    assert "failed" not in series["x50"]
    assert all(float(row["a_A"]) > 0 and float(row["sigma_25C_S_per_cm"]) > 0 for row in series.values())


def simulated(folder: Path, name: str, *, spectra: bool) -> None:
    """Raw files of one member of the simulated series."""
    command = [sys.executable, ROOT / "scripts" / "simulate_scan.py", ROOT / "config" / "simulation.yaml", name]
    outputs = ["--output", folder / "scans" / f"{name}.raw", "--truth", folder / "truth" / f"{name}.json"]
    subprocess.run([*command, *outputs], check=True, capture_output=True)
    if spectra:
        command[1] = ROOT / "scripts" / "simulate_spectra.py"
        files = [folder / "spectra" / f"{name}_{t}C.mpt" for t in (-40, -30, -20, -10, 0, 10, 25, 40, 50, 60)]
        outputs = ["--output", *files, "--truth", folder / "truth" / f"{name}_spectra.json"]
        subprocess.run([*command, *outputs], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("settings", "tables", "said"),
    [
        ({"reduction": {"qmax": "13"}}, {}, ["config.yaml", "reduction.qmax"]),
        ({"reduktion": {}}, {}, ["config.yaml", "reduktion"]),
        ({}, {"samples": ""}, ["samples.tsv", "empty"]),
        ({}, {"samples": "sample | composition | scan\na | Ni | s\na | Ni | s\n"}, ["samples.tsv", "row 3", "row 2"]),
        ({}, {"samples": "sample | composition | scan\n../a | Ni | s\n"}, ["row 2", "column sample"]),
        ({}, {"scans": "scan | file\ns | ../s.xyd\n"}, ["scans.tsv", "row 2", "column file"]),
        ({}, {"scans": "scan | file\ns | /etc/passwd\n"}, ["scans.tsv", "row 2", "column file"]),
    ],
)
def test_a_wrong_configuration_is_one_line_and_nothing_is_written(tmp_path, settings, tables, said):
    good = {"samples": "sample | composition | scan\na | Ni | s\n", "scans": "scan | file\ns | s.xyd\n"}
    own_series(tmp_path, settings, **(good | tables))
    done = snakemake(tmp_path)
    assert done.returncode != 0
    errors = [line for line in (done.stderr + done.stdout).splitlines() if all(part in line for part in said)]
    assert len(errors) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("row", "settings", "composition", "said"),
    [
        ("s | s.xyd | counts | 0.5594", {"qmax": 30.0}, "Ni", ["qmax", "30"]),
        ("s | s.xyd | counts | 0.5594", {}, "Ni(", ["Ni("]),
        ("s | s.xyd | counts | 0.71", {"qmax": 8.0}, "Ni", ["0.5594", "0.71"]),
        ("s | half.xyd | counts | 0.5594", {"qmax": 5.0}, "Ni", ["background", "cover"]),
    ],
    ids=["qmax beyond the data", "formula", "mixed wavelengths", "background too short"],
)
def test_a_reduction_that_cannot_be_done_says_why_and_writes_nothing(tmp_path, row, settings, composition, said):
    data = tmp_path / "data"
    data.mkdir()
    write_scan(data / "s.xyd")
    write_scan(data / "empty.xyd", peak=0, seed=2)
    lines = (data / "empty.xyd").read_text().splitlines(keepends=True)
    (data / "half.xyd").write_text("".join(lines[: len(lines) // 4]))
    if "half" in row:
        row, empty = row.replace("half", "s"), "half.xyd"
    else:
        empty = "empty.xyd"
    own_series(
        tmp_path,
        {"data_folder": "data", "reduction": settings},
        scans=f"scan | file | intensity_kind | wavelength_A\n{row}\nempty | {empty} | counts | 0.5594\n",
        samples=f"sample | composition | scan | background\na | {composition} | s | empty\n",
    )
    done = snakemake(tmp_path, "results/reduction/a.gr")
    assert done.returncode != 0
    text = done.stderr + done.stdout
    summary = text[text.index("1 failed:") :].splitlines()[1]
    for part in said:
        assert part in summary
    assert not (tmp_path / "results/reduction").exists() or not list((tmp_path / "results/reduction").iterdir())


def test_cells_that_cannot_be_true_and_cells_to_fill_in_are_told_where_a_user_looks(tmp_path):
    samples = (
        "sample | composition | structure | pellet_thickness_cm | pellet_diameter_cm\n"
        "a | Na3InBr6 | config/structures/cryolite.cif | 0.15 | {}\n"
    )
    spectra = "sample | file | temperature_C\na | a.mpt | 298\na | b.mpt | 323\n"
    own_series(tmp_path, {"data_folder": "raw"}, samples=samples.format("9"), spectra=spectra)
    done = snakemake(tmp_path, "results/checks.txt")
    assert done.returncode == 0, done.stderr[-3000:]
    summary = done.stderr[done.stderr.index("warnings:") :]
    for parts in (
        ["pellet_diameter_cm is 9 cm"],
        ["temperature_C is 298 to 323 degC", "24.85 to 49.85"],
        ["Br of the composition Na3InBr6", "Cl, Zr of it"],
    ):
        lines = [line for line in summary.splitlines() if all(part in line for part in parts)]
        assert len(lines) == 1 and "check_tables series: sample a: " in lines[0], (parts, summary)

    own_series(tmp_path, {"data_folder": "raw"}, samples=samples.format("?"), spectra=spectra)
    refused = snakemake(tmp_path, "results/checks.txt")
    assert refused.returncode != 0
    assert "samples.tsv, row 2, column pellet_diameter_cm: still to be filled in for a; found ?" in refused.stderr
