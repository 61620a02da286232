"""The G(r) a refinement is given: Qmax held against header, settings and data; ranges."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.data.pdf_text import read_pdf_text, write_pdf_text
from coherion.errors import CoherionWarning, InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.observed import (
    _level_before_first_peak,
    check_range,
    power_beyond,
    radiation_of,
    read_observed,
)


def made_of(qmax, r, seed=0):
    """A G(r) that oscillates up to qmax and no faster: random F(Q)."""
    q = np.linspace(0.02, qmax, 400)
    f = np.random.default_rng(seed).normal(size=len(q))
    return np.sin(np.outer(r, q)) @ f / len(q)


@pytest.fixture
def write(tmp_path):
    def file(qmax_of_data=13.0, dy=None, **header):
        path = tmp_path / "sample.gr"
        r = np.arange(0.01, 50.0, 0.01)
        errors = None if dy is None else np.full_like(r, dy)
        write_pdf_text(path, "gr", r, made_of(qmax_of_data, r), dy=errors, header={"mode": "xray", **header})
        return path

    return file


def test_qmax_comes_from_the_header(write):
    found = read_observed(write(qmax=13.0, qmin=0.5))
    assert (found.qmax, found.qmin, found.origin) == (13.0, 0.5, "measured")
    assert read_observed(write(qmax=13.0), qmax=13.0).qmax == 13.0


def test_uncertainties_of_the_file_are_kept(write):
    assert read_observed(write(qmax=13.0, dy=0.02)).sd == pytest.approx(0.02)
    assert read_observed(write(qmax=13.0)).sd is None


def test_qmax_that_differs_from_the_settings_is_refused(write):
    with pytest.raises(InputError, match=r"sample.gr, header, key qmax.*found 13 .*expected 20"):
        read_observed(write(qmax=13.0), qmax=20.0)


def test_qmax_that_nobody_states_is_refused(write):
    with pytest.raises(InputError, match="Qmax of this G.r. is not known.*set qmax"):
        read_observed(write())
    assert read_observed(write(), qmax=13.0).qmax == 13.0


@pytest.mark.parametrize("stated", [9.0, 11.5])
def test_data_that_oscillate_faster_than_the_header_says_are_refused(write, stated):
    with pytest.raises(InputError, match=r"beyond its Qmax.*oscillations up to Q = 13"):
        read_observed(write(qmax=stated))


def test_data_that_are_much_smoother_than_the_header_says_are_told(write):
    with pytest.warns(CoherionWarning, match="nothing of G.r. oscillates faster than Q = 13"):
        read_observed(write(qmax=20.0))


def test_grid_too_coarse_for_qmax(tmp_path):
    path = tmp_path / "coarse.gr"
    r = np.arange(0.5, 60.0, 0.3)
    write_pdf_text(path, "gr", r, np.sin(r), header={"qmax": 13.0})
    with pytest.raises(InputError, match="grid of G.r. is too coarse.*pi/Qmax = 0.2417"):
        read_observed(path)


@pytest.mark.parametrize(
    "fit_range", [(2.0, 60.0), (49.0, 80.0), (2.0, 50.2)], ids=["longer", "outside", "just longer"]
)
def test_fit_range_outside_the_data(write, fit_range):
    with pytest.raises(InputError, match=r"sample.gr, key fit_range: .*within 0.01 to 49.99 angstrom"):
        check_range(read_observed(write(qmax=13.0)), fit_range)


def test_fit_range_of_too_few_points(write):
    with pytest.raises(InputError, match="fit range is too short"):
        check_range(read_observed(write(qmax=13.0)), (2.0, 2.4))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "sample.fq"
    write_pdf_text(path, "fq", np.arange(0.5, 13, 0.01), np.ones(1250), header={"qmax": 13.0})
    with pytest.raises(InputError, match="holds no G.r.; found a .fq file"):
        read_observed(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_observed(tmp_path / "absent.gr")


def test_power_beyond_a_cut_is_gone():
    r = np.arange(0.01, 50, 0.01)
    q, beyond = power_beyond(r, made_of(13.0, r))
    assert beyond[np.searchsorted(q, 12.0)] > 0.02 and beyond[np.searchsorted(q, 13.5)] < 1e-6


@pytest.mark.parametrize(
    "name",
    [
        "cdse/CdSe-3.gr",
        "lab6_snbl/LaB6_0p4mm_011_av10_monitor.gr",
        "ni_pdfttp/Ni-hires.gr",
        "ni_pdfttp/Ni-lownoise.gr",
        "ni_refine/Ni.gr",
        "pt_nanoparticle/Pt-nanoparticles.gr",
    ],
)
def test_real_files_hold_what_their_header_says(real_data, name):
    # PDFgetX3's files pass; the same files with Qmax stated a fifth too low are found out
    path = real_data / "pdf" / name
    found = read_observed(path)
    text = path.read_text(encoding="utf-8").splitlines()
    lines = [f"qmax = {0.8 * found.qmax:g}" if line.replace(" ", "").startswith("qmax=") else line for line in text]
    with pytest.raises(InputError, match="beyond its Qmax"):
        _read_text("\n".join(lines))


def _read_text(text):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wrong.gr"
        path.write_text(text, encoding="utf-8")
        return read_observed(path)


@pytest.mark.parametrize(
    ("head", "radiation", "numbers"),
    [
        ("stype=N  neutron scattering\nqmax=13.00\n# metadata\ntemperature=15.0", "neutron", (13.0, 0.0, 15.0)),
        ("stype=X  x-ray scattering\nqmax=13", "xray", (13.0, 0.0, None)),
        ("[DEFAULT]\nmode = xray\nqmax = 13\nqmin = 0.5", "xray", (13.0, 0.5, None)),
        ("[DEFAULT]\nmode = neutron\nqmax = 13", "neutron", (13.0, 0.0, None)),
        ("# xPDFsuite Configuration #\n[PDF]\nqmax = 13", "xray", (13.0, 0.0, None)),
        (
            "History written: x\nProduced by PDFgetN\n## S(q)  qmin=0.30    qmax=13.0    qgrid=0",
            "neutron",
            (13, 0.3, None),
        ),
        ("####### Get_XPDF #######\ntitle=X-ray PDF\n## S(q)  qmin=0.3    qmax=13.0", "xray", (13.0, 0.3, None)),
        ("#Comment: neutron, Qmin=0.7, Qmax=13.0", "neutron", (13.0, 0.7, None)),
        ("qmax = 13", None, (13.0, 0.0, None)),
        # Words that contradict each other decide nothing.
        ("X-ray and neutron data\nqmax=13", None, (13.0, 0.0, None)),
    ],
)
def test_what_a_header_says(tmp_path, head, radiation, numbers):
    r = np.arange(0.01, 50.0, 0.01)
    rows = "\n".join(f"{x:.2f} {g:.8g}" for x, g in zip(r, made_of(13.0, r), strict=True))
    path = tmp_path / "x.gr"
    path.write_text(f"{head}\n##### start data\n#L r(A) G(r)\n{rows}\n", encoding="utf-8")
    found = read_observed(path)
    assert (found.radiation, found.qmax, found.qmin, found.temperature) == (radiation, *numbers)


def test_radiation_is_the_files_and_may_not_be_contradicted(write):
    x_rays = read_observed(write(qmax=13.0))
    assert radiation_of(x_rays, None) == radiation_of(x_rays, "xray") == "xray"
    with pytest.raises(InputError, match="sample.gr, header: .*other radiation.*found xray; expected neutron"):
        radiation_of(x_rays, "neutron")
    silent = replace(x_rays, radiation=None)
    assert radiation_of(silent, None) == "xray" and radiation_of(silent, "neutron") == "neutron"


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_neutrons_of_others(cases):
    """MnO at 15 K: fitted as the neutrons that its header names; published Rw 0.3086, a 4.4307."""
    from coherion.crystal.cif_input import read_cif
    from coherion.refinement.recipe import run_recipe
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.refinement import RefinementSettings

    given = {
        "fit_range": [1.0, 20.0],
        "convention": "pdffit",
        "envelope": "none",
        "weights": "unit",
        "qdamp": 0.001,
        "constraints": ["a = b = c", "alpha = beta = gamma"],
        "shared": [["Mn*.u_iso"], ["O*.u_iso"]],
        "stages": [["scale", "lattice"], ["displacements"]],
        "readings": [],
        "compare_envelopes": [],
        "profile": [],
    }
    data, crystal = read_observed(cases / "pdf/refine/mno50.gr"), read_cif(cases / "pdf/refine/mno.cif")
    found = run_recipe([crystal], data, settings_from(RefinementSettings, given), say=lambda _: None)
    assert found.model.radiation == "neutron" and found.rw < 0.3086
    assert found.result.values["a"] == pytest.approx(4.4307, abs=0.0015)
    with pytest.raises(InputError, match="other radiation"):
        run_recipe([crystal], data, settings_from(RefinementSettings, given | {"radiation": "xray"}))


@pytest.mark.parametrize("folder", ["real_data", "cases"])
def test_no_published_g_is_taken_for_another_function(folder, request):
    """Real files have ripples and wrong slopes below their first peak."""
    seen = 0
    for file in sorted(request.getfixturevalue(folder).rglob("*.gr")):
        text = read_pdf_text(file)
        if text.kind == "gr" and text.number("qmax"):
            seen += 1
            assert _level_before_first_peak(text.x, text.y) is None, file.name
    assert seen >= 5


def test_another_function_than_g_is_told(tmp_path):
    """g(r) goes to one, T(r) and the radial distribution rise; G(r) and electrons are told from them."""
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), u_iso=0.02))
    salt = Crystal("salt", (5.64, 5.64, 5.64, 90, 90, 90), "Fm-3m", sites)
    r, slope = np.arange(0.01, 30, 0.01), 4 * np.pi * 8 / 5.64**3
    g = calculate(PairModel((salt,), 20.0, envelope="none"), r, {})
    write_pdf_text(tmp_path / "x.gr", "gr", r, g, header={"mode": "xray", "qmax": 20.0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_observed(tmp_path / "x.gr")
    for other in (1 + g / (slope * r), g + slope * r, r * (g + slope * r)):
        write_pdf_text(tmp_path / "x.gr", "gr", r, other, header={"mode": "xray", "qmax": 20.0})
        with pytest.warns(CoherionWarning, match="oscillates about zero, this has a mean of"):
            read_observed(tmp_path / "x.gr")
    write_pdf_text(tmp_path / "x.gr", "gr", r, g / (slope * r), header={"mode": "xray", "qmax": 20.0})
    with pytest.warns(CoherionWarning, match=r"below its first peak G.r. = .* this stays near -(0.9|1)"):
        read_observed(tmp_path / "x.gr")
    write_pdf_text(tmp_path / "x.gr", "gr", r, g, header={"mode": "electron", "qmax": 20.0})
    with pytest.warns(CoherionWarning, match="made with electrons"):
        read_observed(tmp_path / "x.gr")
