"""A series that starts from G(r) of other programs: X-rays and neutrons, told by the headers of the files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_workflow import own_series, rows_of, snakemake

from coherion.crystal.cif import write_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.data.netcdf import read_dataset
from coherion.data.series_tables import read_tables
from coherion.errors import InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel

QMAX = 20.0
QUIET = {"readings": [], "compare_envelopes": [], "profile": []}
SETTINGS = {
    "data_folder": "data",
    "refinement": {
        "fit_ranges": [[1.5, 20.0]],
        "envelope": "none",
        "qdamp": 0.0,
        "stages": [["scale", "lattice"], ["displacements"]],
        **QUIET,
    },
    "geometry": {"polyhedra": [], "angles": []},
    "side_phase": {"structure": None},
}
SAMPLES = """sample | title | composition | pair_distribution | structure
xrays | X-rays |  | salt.gr | config/salt.cif
neutrons |  | NaCl | more/salt_n.gr | config/salt.cif
"""
HEADS = {
    "salt.gr": f"[DEFAULT]\nversion = pdfgetx3-1.2\nmode = xray\ncomposition = NaCl\nqmin = 0\nqmax = {QMAX}\n",
    "more/salt_n.gr": f"History written: x\n##### PDFgui\nstype=N  neutron scattering\nqmax={QMAX:.2f}\n",
}


def salt(a):
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), u_iso=0.015))
    return Crystal("salt", (a, a, a, 90, 90, 90), "Fm-3m", sites)


@pytest.fixture
def series(tmp_path):
    folder = own_series(tmp_path, SETTINGS, samples=SAMPLES)
    write_cif(folder / "config" / "salt.cif", salt(5.60))
    r = np.arange(0.01, 24.0, 0.01)
    for name, head in HEADS.items():
        radiation = "neutron" if "_n" in name else "xray"
        g = calculate(PairModel((salt(5.64),), QMAX, envelope="none", radiation=radiation), r, {"scale": 0.7})
        file = folder / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = "\n".join(f"{x:.2f} {y:.9g}" for x, y in zip(r, g, strict=True))
        file.write_text(f"{head}#### start data\n#L r(A)  G(A^-2)\n{rows}\n")
    return folder


@pytest.mark.workflow
@pytest.mark.slow
def test_a_series_of_files_of_others(series):
    done = snakemake(series, "--configfile", series / "config" / "config.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    for sample, row in rows_of(series / "results/series/series.tsv").items():
        assert float(row["a_A"]) == pytest.approx(5.64, abs=1e-4) and float(row["rw"]) < 0.01, sample
    for sample, radiation in (("xrays", "xray"), ("neutrons", "neutron")):
        found = read_dataset(series / f"results/refinement/{sample}/1.5-20.nc", "refine_structure")
        assert found.attrs["radiation"] == radiation
        assert (series / f"results/figures/refinement/{sample}/1.5-20.pdf").stat().st_size > 1000
        assert not (series / f"results/figures/reduction/{sample}.pdf").exists()


@pytest.mark.workflow
def test_what_contradicts_a_header_is_found_before_the_run(series):
    from coherion.inputs.check import check_series

    def errors(settings, samples=SAMPLES):
        own_series(series, settings, samples=samples)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(series)
            return check_series("config/config.yaml", __file__.rsplit("/tests/", 1)[0]).errors

    assert errors(SETTINGS) == []
    (line,) = errors(SETTINGS | {"refinement": SETTINGS["refinement"] | {"radiation": "xray"}})
    assert "row 3" in line and "salt_n.gr" in line and "found neutron; expected xray" in line
    (line, _) = errors(SETTINGS | {"refinement": SETTINGS["refinement"] | {"fit_ranges": [[1.5, 30.0]]}})
    assert "salt.gr" in line and "fit range lies outside the data" in line
    (line,) = errors(SETTINGS, SAMPLES.replace("more/salt_n.gr", "more/absent.gr"))
    assert "row 3" in line and "absent.gr" in line and "missing" in line


@pytest.mark.workflow
@pytest.mark.slow
def test_x_rays_and_neutrons_of_one_sample_together(series):
    """The row of the neutrons needs no structure; its resolution is its own."""
    rows = """sample | structure | refined_with | composition | pair_distribution
xrays | config/salt.cif | neutrons | NaCl | salt.gr
neutrons |  |  | NaCl | more/salt_n.gr
"""
    settings = SETTINGS | {"per_sample": {"neutrons": {"refinement": {"qdamp": 0.01}}}}
    own_series(series, settings, samples=rows)
    done = snakemake(series, "--configfile", series / "config" / "config.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    fit = read_dataset(series / "results/refinement/xrays/1.5-20.nc", "refine_structure")
    assert [one["radiation"] for one in json.loads(fit.attrs["data_sets"])] == ["xray", "neutron"]
    values = dict(zip(fit["parameter"].values, fit["value"].values, strict=True))
    assert values["a"] == pytest.approx(5.64, abs=1e-3)
    assert (values["scale"], values["qdamp"], values["qdamp_2"]) == (pytest.approx(0.7, rel=0.02), 0.0, 0.01)
    assert not (series / "results/refinement/neutrons").exists()


BOTH = """sample | group | composition | scan | pair_distribution | standard | structure
scanned | series | NaCl | one |  | lab6 | config/salt.cif
given | series | NaCl |  | salt.gr |  | config/salt.cif
alone | series | NaCl | one |  |  | config/salt.cif
lab6 | standard | LaB6 | two |  |  | config/salt.cif
"""


@pytest.mark.workflow
def test_reflections_are_read_of_the_samples_of_a_series_that_can(series):
    """Beside them stand a sample whose G(r) another program made and one without a standard."""
    scans = "scan | file | wavelength_A\none | one.xy | 0.5594\ntwo | two.xy | 0.5594\n"
    own_series(series, SETTINGS, samples=BOTH, scans=scans)
    for name in ("one.xy", "two.xy"):
        (series / "data" / name).write_text("\n".join(f"{0.1 * k:.2f} {100 + k}" for k in range(20, 900)))
    done = snakemake(series, "--configfile", series / "config" / "config.yaml", "--dry-run", "--printshellcmds")
    assert done.returncode == 0, done.stderr[-3000:]
    planned = done.stdout + done.stderr
    refined = {
        sample: next(line for line in planned.splitlines() if "chain.py" in line and f"refinement/{sample}/" in line)
        for sample in ("scanned", "given", "alone")
    }
    assert "results/reflection_widths/scanned.nc" in refined["scanned"]
    assert not any("reflection_widths" in refined[name] for name in ("given", "alone"))
    collected = next(line for line in planned.splitlines() if "collect_alerts.py" in line and "--settings" in line)
    assert '"witnessed": ["scanned"]' in collected


COLD = """sample | composition | temperature_K | pair_distribution | structure
t300 | NaCl | 300 | t300.gr | config/salt.cif
t100 | NaCl | 100 | t100.gr | config/salt.cif
t200 | NaCl | 200 | t200.gr | config/salt.cif
other | NaCl |  | t100.gr | config/salt.cif
"""


@pytest.mark.workflow
@pytest.mark.slow
def test_samples_in_the_order_of_their_temperatures(series):
    """Each starts from the last refined one; one that fails is left out of the sequence, and alone."""
    settings = SETTINGS | {"refinement": SETTINGS["refinement"] | {"in_order_of": "temperature_K"}}
    own_series(series, settings, samples=COLD)
    for t in (100, 200, 300):
        # The second ends too early for the fit.
        r = np.arange(0.01, 12.0 if t == 200 else 24.0, 0.01)
        g = calculate(PairModel((salt(5.6 + 2e-4 * t),), QMAX, envelope="none"), r, {"scale": 0.7})
        rows = "\n".join(f"{x:.2f} {y:.9g}" for x, y in zip(r, g, strict=True))
        (series / f"data/t{t}.gr").write_text(f"{HEADS['salt.gr']}#### start data\n#L r(A)  G(A^-2)\n{rows}\n")
    done = snakemake(series, "--configfile", series / "config" / "config.yaml")
    assert "t200" in done.stderr and "fit range lies outside the data" in done.stderr
    table = rows_of(series / "results/series/series.tsv")
    assert {name for name, row in table.items() if row.get("a_A")} == {"t100", "t300", "other"}
    assert float(table["t300"]["a_A"]) == pytest.approx(5.66, abs=1e-4) and table["t300"]["temperature_K"] == "300"
    fits = {
        s: read_dataset(series / f"results/refinement/{s}/1.5-20.nc", "refine_structure") for s in table if s != "t200"
    }
    assert {s: int(fit.attrs["continued"]) for s, fit in fits.items()} == {"t100": 0, "t300": 1, "other": 0}
    assert fits["t300"]["start_rw"].size == 2 and fits["other"]["start_rw"].size == 1


def test_the_order_of_a_column(tmp_path):
    cells = [row.split(" | ") for row in COLD.splitlines()]
    rows = "\n".join(" | ".join([*row, "more" if row[0] == "t100" else "series"]) for row in cells[1:])
    folder = own_series(tmp_path, samples=f"{' | '.join([*cells[0], 'group'])}\n{rows}\n")
    tables = read_tables(
        {"samples": folder / "config/samples.tsv"}, __file__.rsplit("/tests/", 1)[0] + "/workflow/schemas"
    )
    assert tables.before(None) == {}
    assert tables.before("temperature_K") == {"t100": [], "t200": [], "t300": ["t200"]}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("one | NaCl | scan1 | x.gr | ", "a sample has both a scan and a G.r"),
        ("one | NaCl |  | ../x.gr | ", "outside the data folder.*found ../x.gr"),
        ("one | NaCl |  | x.gr | other", "refined_with: no G.r. to refine together with this one; found other"),
        ("one | NaCl |  |  | ", "column pair_distribution, or rows in the table of spectra"),
    ],
)
def test_rows_that_are_refused(tmp_path, cells, words):
    folder = own_series(
        tmp_path,
        samples=f"sample | composition | scan | pair_distribution | refined_with\n{cells}\n",
        scans="scan | file\nscan1 | x.xy\n",
    )
    tables = {name: folder / f"config/{name}.tsv" for name in ("samples", "scans")}
    with pytest.raises(InputError, match=words):
        read_tables(tables, __file__.rsplit("/tests/", 1)[0] + "/workflow/schemas")
