"""The commands as a user types them: standard, refinement, geometry; their files, and what they refuse."""

import json
import subprocess
import sys
from pathlib import Path

import gemmi
import numpy as np
import pytest
from diffpy.structure import loadStructure

from coherion.crystal.cif import write_cif
from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.structure_files import read_structure
from coherion.data.netcdf import read_dataset
from coherion.data.pdf_text import write_pdf_text
from coherion.errors import CoherionWarning, InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.fit_text import read_fit_text

SCRIPTS = Path(__file__).parents[2] / "scripts"
QMAX = 18.0
QUICK = {"fit_range": [2.0, 20.0], "qbroad": 0.010, "compare_envelopes": [], "readings": [], "profile": []}


def main_of(name):
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def rutile():
    sites = (
        Site("Zr1", (0, 0, 0), (("Zr", 1.0),), u_iso=0.006),
        Site("Cl1", (0.305, 0.305, 0), (("Cl", 1.0),), u_iso=0.009),
    )
    return Crystal("rutile", (5.6, 5.6, 3.9, 90, 90, 90), "P42/mnm", sites)


TRUTH = {"scale": 0.8, "delta2": 2.0, "coherence_length": 45.0, "qdamp": 0.011, "qbroad": 0.010}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A made G(r) with its errors, a displaced starting CIF, and one run of the three commands."""
    folder = tmp_path_factory.mktemp("commands")
    crystal = rutile()
    r = np.arange(0.01, 31, 0.01)
    g = calculate(PairModel((crystal,), QMAX), r, TRUTH)
    noise = np.random.default_rng(1).normal(scale=0.01, size=200)
    step = np.pi / QMAX
    g = g + np.sinc((r[:, None] - step * np.arange(1, 201)) / step) @ noise
    header = {"mode": "xray", "qmax": QMAX, "inputfile": "SIMULATED"}
    write_pdf_text(folder / "sample.gr", "gr", r, g, dy=np.full_like(r, 0.01), header=header)
    start = crystal.with_values({"a": 5.62, "c": 3.88, "Cl1.x": 0.30, "Zr1.u_iso": 0.01, "Cl1.u_iso": 0.01})
    write_cif(folder / "start.cif", start)
    main_of("refine_structure")(
        [
            str(folder / "sample.gr"),
            str(folder / "start.cif"),
            "--settings",
            json.dumps(
                {"fit_range": [2.0, 30.0], "profile": ["coherence_length"], "compare_envelopes": ["exponential"]}
            ),
            "--output",
            str(folder / "fit.nc"),
            "--cif",
            str(folder / "refined.cif"),
            "--stru",
            str(folder / "refined.stru"),
            "--fit",
            str(folder / "fit.fgr"),
            "--table",
            str(folder / "fit.tsv"),
        ]
    )
    wanted = {
        "polyhedra": [{"centre": "Zr1", "ligands": "Cl*", "shape": "octahedron"}],
        "angles": [["a", "Zr1", "Cl1"]],
    }
    main_of("measure_geometry")(
        [
            str(folder / "fit.nc"),
            str(folder / "start.cif"),
            "--settings",
            json.dumps(wanted),
            "--output",
            str(folder / "geometry.nc"),
            "--table",
            str(folder / "geometry.tsv"),
        ]
    )
    return folder


def refine(folder, settings=None, pdf="sample.gr", cif="start.cif", *more):
    main_of("refine_structure")(
        [
            str(folder / pdf),
            str(folder / cif),
            "--settings",
            json.dumps(QUICK | (settings or {})),
            "--output",
            str(folder / "other.nc"),
            *more,
        ]
    )
    return read_dataset(folder / "other.nc")


# 1. what the commands write


def test_dataset_holds_fit_parameters_covariance_and_recipe(folder):
    fit = read_dataset(folder / "fit.nc")
    np.testing.assert_allclose(fit["difference"], fit["observed"] - fit["calculated"])
    assert fit.attrs["rw"] == pytest.approx(
        float(np.sqrt((fit["fitted_observed"] - fit["fitted_calculated"]).pipe(np.square).sum()))
        / float(np.sqrt(fit["fitted_observed"].pipe(np.square).sum()))
    )
    names = [str(n) for n in fit["parameter"].values]
    truth = rutile().parameters | TRUTH
    for name in ("a", "c", "Cl1.x", "coherence_length"):
        i = names.index(name)
        sd = float(fit["standard_uncertainty_scaled"][i])
        assert sd > 0 and abs(float(fit["value"][i]) - truth[name]) < 4 * sd
    np.testing.assert_allclose(
        np.sqrt(np.diag(fit["covariance_scaled"])), np.nan_to_num(fit["standard_uncertainty_scaled"])
    )
    assert np.isnan(fit["standard_uncertainty"][names.index("qdamp")])
    assert fit.attrs["origin"] == "simulated"
    assert json.loads(fit.attrs["settings"])["fit_range"] == [2.0, 30.0]
    assert set(json.loads(fit.attrs["sources"])) == {"sample.gr", "start.cif"}
    assert len(json.loads(fit.attrs["stages"])) == 6
    assert str(fit["unit"].values[names.index("Cl1.u_iso")]) == "angstrom^2"
    i = names.index("coherence_length")
    width = float(fit["profile_upper"][0]) - float(fit["profile_lower"][0])
    assert width / 2 == pytest.approx(float(fit["standard_uncertainty_scaled"][i]), rel=0.1)
    assert [str(s) for s in fit["envelope_shape"].values] == ["exponential"]


def test_refined_cif_carries_the_table_and_reads_back(folder):
    lines = [line.split("\t") for line in (folder / "fit.tsv").read_text().splitlines()[1:]]
    rows = {line[0]: line for line in lines if "envelope" not in line[5]}
    block = gemmi.cif.read(str(folder / "refined.cif")).sole_block()
    value, sd = float(rows["a"][1]), float(rows["a"][3])
    number, digits = block.find_value("_cell_length_a").rstrip(")").split("(")
    decimals = len(number.partition(".")[2])
    assert float(number) == pytest.approx(value, abs=0.51 * 10.0**-decimals)
    assert int(digits) * 10.0**-decimals == pytest.approx(sd, abs=0.51 * 10.0**-decimals)
    assert "SIMULATED" in block.find_value("_refine_special_details")
    theirs = loadStructure(str(folder / "refined.cif"))
    assert len(theirs) == 6 and theirs.lattice.a == pytest.approx(value, abs=1e-3)
    assert read_cif(folder / "refined.cif").parameters["Cl1.x"] == pytest.approx(float(rows["Cl1.x"][1]), abs=1e-4)
    # The same for PDFgui, from which a further refinement may start.
    listed = loadStructure(str(folder / "refined.stru"), "pdffit")
    assert len(listed) == 6 and listed.lattice.a == pytest.approx(value, abs=1e-6)
    assert listed.pdffit["dcell"][0] == pytest.approx(sd, rel=0.01, abs=1e-6)
    assert listed.pdffit["spdiameter"] == pytest.approx(float(rows["coherence_length"][1]), rel=1e-5)
    again = read_structure(folder / "refined.stru")
    assert again.parameters["Cl1.x"] == pytest.approx(float(rows["Cl1.x"][1]), abs=1e-6)


def test_phases_of_an_earlier_refinement_do_not_stay_beside_it(folder, tmp_path):
    theirs = tmp_path / "refined.notes.cif"
    theirs.write_text("data_theirs\n_cell_length_a 5.6\n")
    ours = [tmp_path / f"refined.second.{kind}" for kind in ("cif", "stru")]
    for path in ours:
        path.write_bytes((folder / f"refined{path.suffix}").read_bytes())
    files = [("--cif", tmp_path / "refined.cif"), ("--stru", tmp_path / "refined.stru")]
    refine(folder, None, "sample.gr", "start.cif", *(str(part) for pair in files for part in pair))
    assert {path.name for path in tmp_path.iterdir()} == {"refined.cif", "refined.stru", theirs.name}


def test_table_has_the_columns_and_a_note_where_one_is_due(folder):
    lines = [line.split("\t") for line in (folder / "fit.tsv").read_text().splitlines()]
    assert lines[0] == ["name", "value", "standard_uncertainty", "standard_uncertainty_scaled", "unit", "note"]
    rows = {line[0]: line for line in lines[1:] if "envelope" not in line[5]}
    assert rows["qdamp"][2:] == ["", "", "1/angstrom", "fixed"]
    assert float(rows["volume"][1]) == pytest.approx(float(rows["a"][1]) ** 2 * float(rows["c"][1]))
    assert any("with the envelope exponential" in line[5] for line in lines)


def test_fit_file_holds_observed_and_calculated(folder):
    header, columns = read_fit_text(folder / "fit.fgr")
    fit = read_dataset(folder / "fit.nc")
    assert header["qmax"] == "18" and header["fitrmax"] == "30"
    np.testing.assert_allclose(columns[:, 1] + columns[:, 4], fit["observed"], atol=1e-6)
    np.testing.assert_allclose(columns[:, 3], 0.01)


def test_geometry_of_the_refined_structure(folder):
    geometry = read_dataset(folder / "geometry.nc")
    names = [str(n) for n in geometry["quantity"].values]
    a, c, x = (rutile().parameters[n] for n in ("a", "c", "Cl1.x"))
    # two bonds a sqrt(2) x, four sqrt(2 (1/2 - x)^2 a^2 + c^2/4)
    short, long = a * np.sqrt(2) * x, np.sqrt(2 * (0.5 - x) ** 2 * a**2 + c**2 / 4)
    i = names.index("Zr1 mean distance")
    sd = float(geometry["standard_uncertainty_scaled"][i])
    assert 0 < sd < 0.01
    assert abs(float(geometry["value"][i]) - (2 * short + 4 * long) / 6) < 4 * sd
    # symmetry holds the bond to Cl1 at 45 degrees from a: no uncertainty
    j = names.index("a-Zr1-Cl1")
    assert float(geometry["value"][j]) == pytest.approx(45.0) or float(geometry["value"][j]) == pytest.approx(135.0)
    assert float(geometry["standard_uncertainty"][j]) == pytest.approx(0.0, abs=1e-9)
    assert str(geometry["kind"].values[j]) == "angle"


def test_each_phase_gets_its_own_cif(folder):
    silver = Crystal("Ag", (4.1,) * 3 + (90,) * 3, "Fm-3m", (Site("Ag1", (0, 0, 0), (("Ag", 1.0),), u_iso=0.01),))
    write_cif(folder / "silver.cif", silver)
    main_of("refine_structure")(
        [
            str(folder / "sample.gr"),
            *(str(folder / name) for name in ("start.cif", "silver.cif")),
            "--settings",
            json.dumps(QUICK | {"stages": [["scale"], ["start:*.x", "lattice"]], "fixed": {"silver:a": None}}),
            "--output",
            str(folder / "two.nc"),
            "--cif",
            str(folder / "two.cif"),
        ]
    )
    assert gemmi.read_small_structure(str(folder / "two.cif")).spacegroup.number == 136
    assert gemmi.read_small_structure(str(folder / "two.silver.cif")).spacegroup.number == 225
    fit = read_dataset(folder / "two.nc")
    values = dict(zip((str(n) for n in fit["derived_name"].values), fit["derived_value"].values, strict=True))
    # no silver in the data
    assert values["silver:weight_fraction"] < 0.02
    assert values["silver:weight_fraction"] + values["start:weight_fraction"] == pytest.approx(1.0)


def test_standard_gives_settings_to_a_refinement(folder):
    made = {"fit_range": [1.5, 30.0], "envelope": "sphere", "fixed": {"coherence_length": 45.0}}
    main_of("refine_standard")(
        [
            str(folder / "sample.gr"),
            str(folder / "start.cif"),
            "--settings",
            json.dumps(
                made
                | {
                    "stages": [
                        ["scale", "delta2"],
                        ["lattice"],
                        ["coordinates"],
                        ["displacements"],
                        ["qdamp", "qbroad"],
                    ]
                }
            ),
            "--output",
            str(folder / "resolution.json"),
        ]
    )
    found = json.loads((folder / "resolution.json").read_text())
    for name in ("qdamp", "qbroad"):
        assert abs(found[name] - TRUTH[name]) < 4 * found[f"{name}_sd"] and found[f"{name}_sd"] > 0
    plain = refine(folder)
    informed = refine(folder, None, "sample.gr", "start.cif", "--resolution", str(folder / "resolution.json"))
    i = [str(n) for n in plain["parameter"].values].index("coherence_length")
    # what the resolution leaves open is open in the coherence length too
    assert float(informed["standard_uncertainty"][i]) > 1.05 * float(plain["standard_uncertainty"][i])
    assert json.loads(informed.attrs["settings"])["qdamp"] == pytest.approx(found["qdamp"])


def test_the_same_input_gives_the_same_files(folder):
    first, second = refine(folder), refine(folder)
    assert first.identical(second)


# 2. what they refuse: one line that names file and field


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"qmax": 13.0}, "sample.gr, header, key qmax"),
        ({"fit_range": [2.0, 60.0]}, "sample.gr, key fit_range"),
        ({"stages": [["scale", "Zr1.x"]]}, r"key stages\[0\].*special position of Zr1"),
        ({"constraints": ["Cl1.u_iso = "]}, r"constraints\[0\], character 12"),
        ({"constraints": ["a = 9.9"]}, "bounds of a cannot be met"),
        ({"colour": "red"}, "key colour"),
    ],
)
def test_settings_that_do_not_fit_the_data(folder, settings, words):
    with pytest.raises(InputError, match=words):
        refine(folder, settings)


SYMMETRY = "_space_group_name_H-M_alt 'P 42/m n m'\n"
CIF = """data_x
_cell_length_a 5.6
_cell_length_b 5.6
_cell_length_c 3.9
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{symmetry}loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
{atoms}
"""


@pytest.mark.parametrize(
    ("symmetry", "atoms", "words"),
    [
        ("", "Zr1 Zr 0 0 0 0.01", "bad.cif, .*symmetry"),
        (SYMMETRY, "Zr1 Zr 0 0 0 0.01\nCl1 Cl 0.05 0.05 0 0.01", "bad.cif, .*Cl1"),
        (SYMMETRY, "Zr1 Zr 0 0 0 0.01\nCl1 Qq 0.3 0.3 0 0.01", "bad.cif, .*unknown element"),
    ],
)
def test_bad_structures(folder, symmetry, atoms, words):
    (folder / "bad.cif").write_text(CIF.format(symmetry=symmetry, atoms=atoms))
    with pytest.raises(InputError, match=words):
        refine(folder, cif="bad.cif")


def test_a_singular_fit_says_which_parameters(folder):
    with pytest.warns(CoherionWarning, match="cannot be told apart"):
        fit = refine(
            folder, {"stages": [["scale", "Zr1.occupancy", "Cl1.occupancy"]], "bounds": {"*.occupancy": [0, 3]}}
        )
    groups = json.loads(fit.attrs["singular"])
    assert {"scale", "Zr1.occupancy", "Cl1.occupancy"} == {name for group in groups for name in group}
    notes = dict(zip((str(n) for n in fit["parameter"].values), fit["note"].values, strict=True))
    assert "cannot be told apart from" in str(notes["scale"])


def test_geometry_wants_the_structure_that_was_refined(folder):
    other = Crystal("x", (4, 4, 4, 90, 90, 90), "Pm-3m", (Site("Ag1", (0, 0, 0), (("Ag", 1.0),), u_iso=0.01),))
    write_cif(folder / "other.cif", other)
    arguments = [str(folder / "fit.nc"), str(folder / "other.cif"), "--output", str(folder / "no.nc")]
    with pytest.raises(InputError, match="not the one that was refined"):
        main_of("measure_geometry")(arguments)
    with pytest.raises(InputError, match="no such phase"):
        main_of("measure_geometry")([*arguments, "--phase", "trigonal"])
    assert not (folder / "no.nc").exists()


def test_progress_and_errors_on_the_command_line(folder):
    command = [
        sys.executable,
        str(SCRIPTS / "refine_structure.py"),
        str(folder / "sample.gr"),
        str(folder / "start.cif"),
    ]
    output = ["--output", str(folder / "line.nc")]
    good = subprocess.run(
        [*command, "--settings", json.dumps(QUICK), *output], capture_output=True, text=True, check=True
    )
    assert "stage 1 of 6, scale and correlated motion: Rw" in good.stdout
    bad = subprocess.run([*command, "--settings", '{"qmax": 30}', *output], capture_output=True, text=True)
    assert bad.returncode == 1
    assert bad.stderr.startswith("ERROR: ") and bad.stderr.count("\n") == 1 and "Traceback" not in bad.stderr
