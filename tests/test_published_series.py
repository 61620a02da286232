"""Refinements that others published, from a configuration through the whole workflow: table, figures, report.

Parameters must lie within their errors and Rw must not be worse. The recipes are those of docs/method-refinement.md.
"""

from __future__ import annotations

import json
import shutil

import pytest
from test_workflow import own_series, rows_of, snakemake

from coherion.data.netcdf import read_dataset

QUIET = {"readings": [], "compare_envelopes": [], "profile": []}
COMMON = {
    "data_folder": "data",
    "refinement": {"convention": "pdffit", "envelope": "none", **QUIET},
    "geometry": {"polyhedra": [], "angles": []},
    "side_phase": {"structure": None},
}
# What each recipe needs beside what is common, a line for each key.
RECIPES = {
    "nickel": {
        "qdamp": 0.04,
        "qbroad": 0.02,
        "stages": [["scale", "lattice", "displacements", "delta2", "qdamp", "qbroad"]],
    },
    "platinum": {
        "envelope": "sphere",
        "qdamp": 0.0454,
        "qbroad": 0.0170,
        "start": {"*.u_iso": 0.01},
        "stages": [["scale", "lattice", "displacements", "delta2", "coherence_length"]],
    },
    "selenide": {
        "envelope": "sphere",
        "qdamp": 0.058,
        "anisotropic": ["*"],
        "shared": [["*.u11"], ["*.u33"]],
        "stages": [["scale", "lattice", "coherence_length"], ["coordinates", "displacements", "delta2"]],
    },
    "mixture": {
        "qmax": 25.0,
        "qdamp": 0.05,
        "phases": ["Si", "Ni"],
        "stages": [["scale", "lattice", "displacements", "delta1"]],
    },
    "oxide": {
        "qdamp": 0.001,
        "constraints": ["a = b = c", "alpha = beta = gamma"],
        "shared": [["Mn*.u_iso"], ["O*.u_iso"]],
        "stages": [["scale", "lattice", "displacements", "delta2"]],
    },
    "selenide_14": {
        "envelope": "sphere",
        "qdamp": 0.058,
        "anisotropic": ["*"],
        "shared": [["*.u11"], ["*.u33"]],
        "stages": [["scale", "lattice", "coherence_length"], ["coordinates", "displacements", "delta2"]],
    },
    "tenth": {
        "convention": "exact",
        "phases": ["Si", "Ni"],
        "qdamp": 0.04,
        "stages": [["scale", "lattice"], ["scale", "lattice", "displacements", "delta2", "qdamp"]],
    },
    "tenth_at_q_0": {
        "phases": ["Si", "Ni"],
        "qdamp": 0.04,
        "stages": [["scale", "lattice"], ["scale", "lattice", "displacements", "delta2", "qdamp"]],
    },
    "phosphate": {"qdamp": 0.04, "stages": [["scale", "lattice"], ["displacements"], ["delta2"]]},
}
FILES = {
    "nickel": ("real", "ni_refine/Ni.gr", "ni_refine/Ni.cif"),
    "platinum": ("real", "pt_nanoparticle/Pt-nanoparticles.gr", "pt_nanoparticle/Pt.cif"),
    "selenide": ("real", "cdse/CdSe-3.gr", "cdse/CdSe-Wurtzite.cif"),
    "mixture": ("real", "si_ni/sini.gr", "si_ni/Si_Fd-3m.cif", "si_ni/Ni_Fm-3m.cif"),
    "oxide": ("cases", "mno50.gr", "mno.cif"),
    "phosphate": ("cases", "aZrP.gr", "alpha_ZrP.cif"),
    "selenide_14": ("cases", "CdSe-3nm.gr", "CdSe-Wurtzite.cif"),
    "tenth": ("cases", "mixtrue.gr", "Si_Fd-3m.cif", "Ni_Fm-3m.cif"),
    "tenth_at_q_0": ("cases", "mixq0.gr", "Si_Fd-3m.cif", "Ni_Fm-3m.cif"),
}
# A series has its ranges in common, and these data end at 40 and 45 angstrom.
SHORTER = ("selenide_14", "tenth", "tenth_at_q_0")
SERIES = {
    "far": ([[1.5, 20.0], [1.5, 50.0]], [name for name in FILES if name not in SHORTER]),
    "near": ([[1.5, 20.0]], SHORTER),
}
# Range, published Rw, and published values with what they may differ by where their errors are not published.
PUBLISHED = {
    "nickel": ("1.5-50", 0.0411, {"a": (3.52478, 0.00082), "Ni1.u_iso": (0.00589, 1e-4), "scale": (0.438, 0.005)}),
    "platinum": ("1.5-50", 0.1045, {"a": (3.92573, 0.00091), "coherence_length": (37.4, 1.3), "delta2": (3.55, 0.1)}),
    "selenide": ("1.5-20", 0.328, {"a": (4.3022, 0.0), "c": (7.0061, 0.0), "coherence_length": (30.3, 0.0)}),
    "mixture": ("1.5-20", 0.093, {"Si:scale": (0.803, 0.0), "Ni:scale": (0.196, 0.0)}),
    "oxide": ("1.5-20", 0.3086, {"a": (4.4307, 0.0)}),
    "phosphate": ("1.5-20", 0.23, {}),
    "selenide_14": ("1.5-20", 0.328, {"a": (4.3022, 0.0), "c": (7.0061, 0.0), "coherence_length": (30.3, 0.0)}),
    # Made data: a tenth of nickel by mass, with U 0.0060.
    "tenth": ("1.5-20", 0.1, {"Ni:weight_fraction": (0.1, 0.0), "Ni:Ni1.u_iso": (0.006, 4e-4)}),
    "tenth_at_q_0": ("1.5-20", 0.1, {"Ni:weight_fraction": (0.1, 0.0), "Ni:Ni1.u_iso": (0.006, 4e-4)}),
}


@pytest.mark.workflow
@pytest.mark.slow
@pytest.mark.parametrize("series", SERIES)
def test_published_refinements_from_a_configuration(real_data, cases, tmp_path, series):
    ranges, names = SERIES[series]
    folders = {"real": real_data / "pdf", "cases": cases / "pdf" / "refine"}
    (tmp_path / "data").mkdir()
    (tmp_path / "config").mkdir()
    rows = ["sample | pair_distribution | structure"]
    for name in names:
        where, data, *structures = FILES[name]
        shutil.copy(folders[where] / data, tmp_path / "data" / f"{name}.gr")
        for k, file in enumerate(structures):
            shutil.copy(folders[where] / file, tmp_path / "config" / f"{name}{k}.cif")
        phases = "|".join(f"config/{name}{k}.cif" for k in range(len(structures)))
        rows.append(f"{name} | {name}.gr | {phases}")
    settings = COMMON | {"per_sample": {name: {"refinement": RECIPES[name]} for name in names}}
    settings["refinement"] = COMMON["refinement"] | {"fit_ranges": ranges}
    own_series(tmp_path, settings, samples="\n".join(rows) + "\n")
    done = snakemake(tmp_path, "--configfile", tmp_path / "config" / "config.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    results = tmp_path / "results"
    table = rows_of(results / "series" / "series.tsv")
    for name in names:
        fit_range, rw, values = PUBLISHED[name]
        fit = read_dataset(results / "refinement" / name / f"{fit_range}.nc", "refine_structure")
        columns = (fit[key].values for key in ("parameter", "value", "standard_uncertainty_scaled"))
        found = {str(p): (float(v), float(sd)) for p, v, sd in zip(*columns, strict=True)}
        if "derived_name" in fit:
            derived = (fit[f"derived_{key}"].values for key in ("name", "value", "standard_uncertainty_scaled"))
            found |= {str(p): (float(v), float(sd)) for p, v, sd in zip(*derived, strict=True)}
        assert "otherwise" not in fit.attrs, name
        assert float(fit.attrs["rw"]) <= rw, name
        for parameter, (published, error) in values.items():
            value, sd = found[parameter]
            assert abs(value - published) <= max(error, sd), (name, parameter, value, sd)
        assert (results / "figures" / "refinement" / name / f"{fit_range}.pdf").stat().st_size > 1000
        assert float(table[name]["rw"]) > 0
    if "oxide" in names:
        neutrons = json.loads(
            read_dataset(results / "refinement/oxide/1.5-20.nc", "refine_structure").attrs["data_sets"]
        )
        assert neutrons[0]["radiation"] == "neutron"
    assert (results / "supporting_information.pdf").exists() or list(results.rglob("supporting_information*.pdf"))
