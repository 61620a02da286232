"""Tables hold the numbers of what they are made from, in the notation journals ask for, as LaTeX that compiles."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess

import gemmi
import numpy as np
import pytest
import xarray

from coherion.crystal.cif import cif_text
from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.site_symmetry import site_symmetry
from coherion.data.tables import read_rows, write_table
from coherion.errors import InputError
from coherion.statistics.nested_fits import sd_of_difference
from coherion.tables.contents import numbered, structures_in_order
from coherion.tables.files import read_structures, structure_tables, write_all
from coherion.tables.html import html
from coherion.tables.latex import document, escape, latex
from coherion.tables.ranges import ranges_table
from coherion.tables.series import claims_table, exclusions_table, series_table
from coherion.tables.table import Column, Measured, Table, printed, tsv_rows
from coherion.tables.transport import conductivities_table, resistances_table

NASTY = r"a_b %1 $x$ &c \input{x} ^2 ~ # {q} <-- \\[2mm] ü Å °C σ² Å⁻¹ H₂O 中 `'\"|"

# 1. the crystals of the tests


def cryolite():
    sites = (
        Site("M1", (0, 0, 0), (("In", 0.5), ("Zr", 0.5)), u_iso=0.016),
        Site("Na1", (0, 0, 0.5), (("Na", 0.56),), u_iso=0.036),
        Site("Na2", (0.503, -0.055, 0.235), (("Na", 0.97),), u_iso=0.041),
    )
    return Crystal("cryolite", (6.915, 7.164, 9.932, 90, 90.3, 90), "P21/n", sites)


def hexaboride():
    sites = (
        Site("La1", (0, 0, 0), (("La", 1.0),), u_iso=0.005),
        Site("B1", (0.199, 0.5, 0.5), (("B", 1.0),), u_iso=0.004),
    )
    return Crystal("LaB6", (4.157,) * 3 + (90,) * 3, "P m -3 m", sites)


def wurtzite():
    # x and y of the threefold axis, which no parameter may move
    sites = (Site("Cd1", (1 / 3, 2 / 3, 0), (("Cd", 1.0),), u_aniso=(0.01, 0.01, 0.02, 0.005, 0, 0)),)
    return Crystal("CdSe", (4.3, 4.3, 7.01, 90, 90, 120), "P63mc", sites)


CRYSTALS = [cryolite(), hexaboride(), wurtzite()]


def refined(crystal, *, fit_range=(2.0, 60.0), scaled=True, shift=0.0, sd=1.0):
    """A refinement's dataset in which every parameter has an uncertainty, the two kinds a factor of three apart."""
    values = crystal.parameters
    names = [*values, "scale", "coherence_length", "qdamp"]
    numbers = np.array([*values.values(), 0.98, 104.0, 0.0111])
    generator = np.random.default_rng(5)
    mixing = generator.normal(size=(len(names), len(names))) * 3e-4 * sd
    covariance = mixing @ mixing.T / len(names) + np.diag(np.full(len(names), 1e-7 * sd**2))
    covariance[-1] = covariance[:, -1] = 0.0
    sds = np.sqrt(np.diag(covariance))
    sds[-1] = np.nan
    notes = np.array([""] * (len(names) - 1) + ["fixed"], dtype=object)
    units = np.array(["1"] * len(values) + ["1", "angstrom", "1/angstrom"], dtype=object)
    return xarray.Dataset(
        {
            "value": ("parameter", numbers + shift * np.nan_to_num(sds)),
            "standard_uncertainty": ("parameter", sds / 3),
            "standard_uncertainty_scaled": ("parameter", sds),
            "covariance": (("parameter", "parameter_2"), covariance / 9),
            "covariance_scaled": (("parameter", "parameter_2"), covariance),
            "unit": ("parameter", units),
            "note": ("parameter", notes),
        },
        coords={"parameter": np.array(names, dtype=object)},
        attrs={
            "rw": 0.0435,
            "chi_squared_reduced": 1.02,
            "fit_range": np.array(fit_range),
            "phases": json.dumps([crystal.name]),
            "settings": json.dumps({"reported": "scaled" if scaled else "unscaled"}),
            "origin": "simulated",
        },
    )


# 2. numbers in print


@pytest.mark.parametrize(
    ("cell", "style", "text"),
    [
        # one or two digits between 2 and 19
        (Measured(6.91495, 0.00134), "plain", "6.9150(13)"),
        (Measured(6.91495, 0.0020), "plain", "6.915(2)"),
        (Measured(6.91495, 0.0019), "plain", "6.9150(19)"),
        (Measured(-0.0548506, 0.000128), "plain", "-0.05485(13)"),
        # what is held has no brackets
        (Measured(0.5, None), "plain", "0.5"),
        (Measured(0.25), "scientific", "0.25"),
        # a power of ten leaves the digits of the uncertainty what they were
        (Measured(1.44166e-6, 2.986e-8), "scientific", "1.44(3)×10^-6"),
        (Measured(11616091.0, 36479.0), "scientific", "1.162(4)×10^7"),
        (Measured(7.6046e-12, 1.5956e-14), "scientific", "7.605(16)×10^-12"),
        (Measured(9134.0, 12.0), "scientific", "9134(12)"),
        (79, "plain", "79"),
        (None, "plain", ""),
        (float("nan"), "plain", ""),
    ],
)
def test_brackets(cell, style, text):
    assert printed(cell, Column("x", style=style)) == text


def test_a_tsv_has_all_digits_and_units_in_its_header():
    table = Table(
        "t", "c", [Column("s"), Column("r", unit="Å", measured=True)], [{"s": "a", "r": Measured(1 / 3, 1e-4)}]
    )
    assert write_table(*tsv_rows(table)) == "s\tr (Å)\tr_sd (Å)\na\t0.333333333333\t0.0001\n"


# 3. LaTeX


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("x_1", r"x\_1"),
        ("5 %", r"5 \%"),
        ("$1 & #2", r"\$1 \& \#2"),
        (r"\input{a}", r"\textbackslash{}input\{a\}"),
        ("a^b~c", r"a\textasciicircum{}b\textasciitilde{}c"),
        ("Å⁻¹", r"\AA{}$^{-1}$"),
        ("λ, Δ", r"$\lambda$, $\Delta$"),
        ("č中", r"c{[}U+4E2D{]}"),
        ("a\nb", "a b"),
    ],
)
def test_escaped(text, made):
    assert escape(text) == made


def compiled(folder, tex):
    """Text of the PDF that LaTeX makes of a file, without blanks; skips where there is no LaTeX."""
    engine = shutil.which("pdflatex")
    if engine is None:
        pytest.skip("no pdflatex on this machine: the LaTeX is written but not compiled")
    made = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", tex],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert made.returncode == 0, made.stdout[-2000:]
    reader = shutil.which("pdftotext")
    if reader is None:
        return None
    found = subprocess.run([reader, tex.replace(".tex", ".pdf"), "-"], cwd=folder, capture_output=True, check=True)
    return "".join(found.stdout.decode().split())


def test_any_text_compiles_and_is_printed_as_it_stands(tmp_path):
    columns = [Column(NASTY), Column("b", width=4.0), Column("c", measured=True, style="scientific")]
    rows = [{NASTY: NASTY, "b": "[2] " + NASTY, "c": Measured(-1.5e-7, 2e-9)}] * 80
    tables = list(numbered([Table("x_1 %", NASTY, columns, rows, origin="simulated")], 2))
    write_all(tables, tmp_path)
    text = compiled(tmp_path, "tables.tex")
    if text is not None:
        assert r"a_b%1$x$&c\input{x}" in text
        assert "[U+4E2D]" in text
        assert "TableS2:" in text
        assert "Simulateddata,notameasurement." in text


def test_a_document_without_tables_compiles(tmp_path):
    (tmp_path / "tables.tex").write_text(document([]))
    compiled(tmp_path, "tables.tex")


def test_html_shows_text_as_text():
    column = Column("a", "A&B", style="scientific")
    page = html(Table("t", "<script>", [column], [{"a": "<b>"}, {"a": Measured(-1.5e-7, 2e-9)}]))
    assert "&lt;script&gt;" in page
    assert "<th>A&amp;B</th>" in page
    assert "<td>&lt;b&gt;</td>" in page
    assert "<td>\N{MINUS SIGN}1.50(2)×10<sup>\N{MINUS SIGN}7</sup></td>" in page


# 4. structures


@pytest.mark.parametrize(
    ("crystal", "expected"),
    [
        # International Tables A: P21/n 2a, 2b, 4e; Pm-3m 1a, 6f; P63mc 2b
        (cryolite(), {"M1": (2, "-1"), "Na1": (2, "-1"), "Na2": (4, "1")}),
        (hexaboride(), {"La1": (1, "m-3m"), "B1": (6, "4mm")}),
        (wurtzite(), {"Cd1": (2, "3m")}),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_site_symmetry_is_that_of_the_international_tables(crystal, expected):
    found = {s.label: (crystal.multiplicity(s.label), site_symmetry(crystal, s.label)) for s in crystal.sites}
    assert found == expected


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("crystal", CRYSTALS, ids=lambda c: c.name)
def test_a_structure_table_says_what_the_cif_says(crystal, scaled, tmp_path):
    fit = refined(crystal, scaled=scaled, shift=0.7)
    names = list(crystal.parameters)
    now = crystal.with_values(dict(zip(names, fit["value"].values[: len(names)].tolist(), strict=True)))
    covariance = fit["covariance_scaled" if scaled else "covariance"].values[: len(names), : len(names)]
    (tmp_path / "2-60.cif").write_text(cif_text(now, names, covariance))
    sample = {"sample": "x50", "title": "x = 0.5"}
    (table,) = structure_tables(fit, [crystal], sample, name="x50", excluded="a side phase.")
    assert "Excluded from the series: a side phase." in table.full_caption
    assert "Simulated" in table.full_caption

    block = gemmi.cif.read(str(tmp_path / "2-60.cif")).sole_block()
    columns = {c.key: c for c in table.columns}
    keys = {"x": "fract_x", "y": "fract_y", "z": "fract_z", "occupancy": "occupancy", "u_iso": "U_iso_or_equiv"}
    theirs = list(block.find("_atom_site_", [*keys.values(), "symmetry_multiplicity", "type_symbol"]))
    assert len(theirs) == len(table.rows)
    for row, line in zip(table.rows, theirs, strict=True):
        assert [printed(row[key], columns[key]) for key in keys] == list(line)[:5]
        assert [str(row["multiplicity"]), row["element"]] == list(line)[5:]
    head = {row["quantity"]: row for row in table.head.rows}
    for quantity, tag in {"a": "length_a", "b": "length_b", "β": "angle_beta", "V": "volume"}.items():
        assert printed(head[quantity]["value"], table.head.columns[1]) == block.find_value(f"_cell_{tag}")
    assert head["Qdamp"]["note"] == "held"
    assert head["Qdamp"]["value"].sd is None
    assert head["coherence length"]["value"].value == float(fit["value"].sel(parameter="coherence_length"))


def test_each_phase_has_a_table_with_its_own_numbers():
    one, other = refined(cryolite()), refined(wurtzite(), shift=3.0)
    both = {"cryolite": one, "CdSe": other}
    renamed = [
        fit.isel(parameter=slice(-1), parameter_2=slice(-1)).assign_coords(
            parameter=[f"{phase}:{name}" for name in fit["parameter"].values[:-1]]
        )
        for phase, fit in both.items()
    ]
    sizes = [fit.sizes["parameter"] for fit in renamed]
    covariance = np.zeros((sum(sizes), sum(sizes)))
    covariance[: sizes[0], : sizes[0]] = renamed[0]["covariance_scaled"].values
    covariance[sizes[0] :, sizes[0] :] = renamed[1]["covariance_scaled"].values
    fit = xarray.concat([f.drop_vars(["covariance", "covariance_scaled"]) for f in renamed], "parameter")
    fit["covariance_scaled"] = ("parameter", "parameter_2"), covariance
    fit.attrs = one.attrs | {"phases": json.dumps(list(both))}
    tables = list(structure_tables(fit, [cryolite(), wurtzite()], {"sample": "s"}, name="s"))
    assert [table.name for table in tables] == ["s_cryolite", "s_CdSe"]
    for table, (phase, alone) in zip(tables, both.items(), strict=True):
        assert f"of the phase {phase}" in table.caption
        (expected,) = structure_tables(
            alone, [{"cryolite": cryolite(), "CdSe": wurtzite()}[phase]], {"sample": "s"}, name="s"
        )
        assert table.rows == expected.rows
        quantities = {row["quantity"]: row["value"] for row in table.head.rows}
        assert quantities == {r["quantity"]: r["value"] for r in expected.head.rows if r["quantity"] != "Qdamp"}


def test_another_structure_is_refused():
    with pytest.raises(InputError, match="not the one that was refined"):
        list(structure_tables(refined(cryolite()), [hexaboride()], {"sample": "s"}, name="s"))


def test_starting_structures_are_found_here_or_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "far").mkdir()
    (tmp_path / "here.cif").write_text(cif_text(cryolite()))
    (tmp_path / "far" / "there.cif").write_text(cif_text(hexaboride()))
    found = read_structures("here.cif | there.cif", tmp_path / "far")
    assert [crystal.name for crystal in found] == ["here", "there"]


def test_a_cif_whose_site_was_refined_to_nothing_is_read(tmp_path):
    path = tmp_path / "empty.cif"
    path.write_text(cif_text(cryolite().with_values({"M1.occupancy.In": 0.0, "M1.occupancy.Zr": 1.0})))
    assert read_cif(path).parameters["M1.occupancy.In"] == 0.0


# 5. fit ranges


def test_the_difference_of_a_part_and_the_whole_has_the_difference_of_their_variances():
    # The mean of 30 of 100 numbers against the mean of all: both efficient, one nested in the other.
    draws = np.random.default_rng(1).normal(size=(20000, 100))
    observed = np.std(draws[:, :30].mean(axis=1) - draws.mean(axis=1))
    error = sd_of_difference(1 / np.sqrt(30), 1 / np.sqrt(100))
    assert error.chosen == error.nested == pytest.approx(observed, rel=0.02)
    assert error.independent == pytest.approx(np.sqrt(1 / 30 + 1 / 100))


def test_where_the_part_is_more_certain_than_the_whole_the_errors_are_added():
    error = sd_of_difference(0.3, 0.4)
    assert error.nested is None
    assert error.chosen == pytest.approx(0.5)


def test_fit_ranges_are_compared_in_standard_errors():
    crystal = cryolite()
    fits = {"2-60": refined(crystal), "2-20": refined(crystal, fit_range=(2.0, 20.0), sd=2.0, shift=1.0)}
    table = ranges_table({"x50": fits})
    rows = {row["parameter"]: row for row in table.rows}
    assert "qdamp" not in rows  # held
    assert set(rows) == {*crystal.parameters, "scale", "coherence_length"}
    sd = float(fits["2-60"]["standard_uncertainty_scaled"].sel(parameter="a"))
    # twice the error, and one of these away: 2 sd / (sqrt(4 - 1) sd) and 2 sd / (sqrt(4 + 1) sd)
    assert rows["a"]["value"].sd == pytest.approx(2 * sd)
    assert rows["a"]["sigma_nested"] == pytest.approx(2 / np.sqrt(3))
    assert rows["a"]["sigma_independent"] == pytest.approx(2 / np.sqrt(5))
    assert f"of {len(rows)} differences of free parameters 0 exceed two" in table.caption
    # In print a parameter has one line for all samples.
    printed_rows = {row["difference"]: row for row in ranges_table({"x50": fits, "x60": fits}).in_print.rows}
    assert printed_rows["a, 2-20 Å"]["of x50"] == printed_rows["a, 2-20 Å"]["of x60"] == "1.2"
    assert len(printed_rows) == len(rows)
    assert ranges_table({"x50": {"2-60": fits["2-60"]}}) is None


def test_ranges_that_only_overlap_have_no_nested_error():
    crystal = cryolite()
    fits = {"2-40": refined(crystal, fit_range=(2, 40)), "20-60": refined(crystal, fit_range=(20, 60), sd=2.0)}
    assert all(row["error_nested"] is None for row in ranges_table({"x50": fits}).rows)


# 6. numbers of the paper


def test_tables_have_the_numbers_of_the_paper():
    milled = {f"x{k}": {"x": k / 100} for k in (95, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90)}
    annealed = {name: {"x": 0.9, "group": "annealed"} for name in ("x90_200C", "x90_330C")}
    first, second, last = structures_in_order(
        milled | annealed, ["2-60", "2-20", "2-40"], [list(milled), list(annealed)], "x50", {"x95"}
    )
    made = [Table("_".join(one), "", [], []) for one in first]
    made += [None, Table("resistances", "", [], []), *(Table("_".join(one), "", [], []) for one in (*second, *last))]
    names = {table.number: table.name for table in numbered(made, 2)}
    # S2 to S11 the milled, S12 and S13 shorter ranges of x = 0.5, S14 resistances, S15 and S16 the annealed
    expected = {2: "x10", 6: "x50", 10: "x85", 11: "x90", 12: "x50_2-20", 13: "x50_2-40", 15: "x90_200C", 17: "x95"}
    for number, name in expected.items():
        assert names[number].startswith(f"table_S{number}_{name}")
    assert names[14] == "table_S14_resistances"
    assert structures_in_order({}, []) == ([], [], [])


# 7. transport, series, claims, exclusions


def spectra():
    """Two spectra of a sample, of which the second was not resolved."""
    circuits = xarray.Dataset(
        {
            "temperature": ("spectrum", [25.0, -40.0]),
            "cycle": ("spectrum", [1, 1]),
            "resistance": (("spectrum", "resistance_name"), [[3e5, 1e5], [np.nan, np.nan]]),
            "resistance_sd": (("spectrum", "resistance_name"), [[2e3, 1e3], [np.nan, np.nan]]),
            "reason": (("spectrum", "resistance_name"), np.array([["", ""], ["arc 50 %", "arc 50 %"]], dtype=object)),
            "capacitance": (("spectrum", "arc"), [[1.5e-11, 2e-9], [np.nan, np.nan]]),
            "capacitance_sd": (("spectrum", "arc"), [[2e-13, 1e-10], [np.nan, np.nan]]),
            "chi_squared": ("spectrum", [0.006, np.nan]),
            "impedance_real": (("spectrum", "point"), [[1.0, 1, 1, 1], [1, 1, 1, np.nan]]),
            "kept": (("spectrum", "point"), [[True, True, True, False], [True, False, False, False]]),
        },
        coords={
            "resistance_name": np.array(["total", "bulk"], dtype=object),
            "arc": np.array(["R1", "R2"], dtype=object),
        },
        attrs={"resistors": json.dumps({"total": ["R1", "R2"], "bulk": ["R1"]}), "origin": "measured"},
    )
    rows = ("resistance_name", "spectrum")
    arrhenius = xarray.Dataset(
        {
            "conductivity": (rows, [[1.4e-6, np.nan], [4e-6, np.nan]]),
            "conductivity_sd": (rows, [[5e-8, np.nan], [1e-7, np.nan]]),
            "exclusion": (rows, np.array([["", "arc 50 %"], ["", "arc 50 %"]], dtype=object)),
            "spectra_used": ("resistance_name", [1, 1]),
            **{
                f"{name}{sd}": ("resistance_name", [value * factor] * 2)
                for name, value in (
                    ("conductivity_reference", 1.44e-6),
                    ("activation_energy", 0.504),
                    ("ln_prefactor", 11.88),
                )
                for sd, factor in (("", 1.0), ("_sd", 0.01))
            },
        },
        coords={"resistance_name": np.array(["total", "bulk"], dtype=object)},
        attrs={"reference_temperature": "25.0", "form": "sigma_T", "origin": "measured"},
    )
    return {"s1": circuits}, {"s1": arrhenius}


def test_resistances_and_why_they_were_not_used():
    table = resistances_table(*spectra())
    warm, bulk, cold, _ = table.rows
    assert (warm["resistance"], warm["conductivity"]) == (Measured(3e5, 2e3), Measured(1.4e-6, 5e-8))
    assert (warm["points_kept"], warm["points_measured"]) == (3, 4)
    assert warm["not_used_because"] == ""
    # a sum of two arcs has no capacitance of its own
    assert "capacitance" not in warm
    assert bulk["capacitance"] == Measured(1.5e-11, 2e-13)
    assert (cold["resistance"], cold["conductivity"], cold["chi_squared"]) == (None, None, None)
    assert (cold["points_measured"], cold["not_used_because"]) == (3, "arc 50 %")
    # the one cycle is not worth a column, the two resistances are
    assert [c.key for c in table.columns if c.key in ("cycle", "resistance_name")] == ["resistance_name"]


def test_conductivities_and_prefactors():
    _, arrhenius = spectra()
    arrhenius["s1"]["ln_prefactor_sd"][:] = 0.12
    row = conductivities_table(arrhenius).rows[0]
    assert row["activation_energy"] == Measured(0.504, pytest.approx(0.00504))
    assert row["prefactor"].value == pytest.approx(np.exp(11.88))
    assert row["prefactor"].sd == pytest.approx(0.12 * np.exp(11.88))
    assert row["prefactor_unit"] == "S K cm⁻¹"
    assert (row["spectra_used"], row["spectra_measured"]) == (1, 2)


def test_series_side_by_side():
    rows = [
        {"sample": "x10", "x": "0.1", "origin": "simulated", "a_A": "6.934", "a_A_sd": "0.001", "a_A_2_20": "6.9",
         "a_A_2_20_sd": "0.01", "spectra_used": "8", "excluded": ""},
        {"sample": "x95", "x": "0.95", "origin": "simulated", "a_A": "", "a_A_sd": "", "a_A_2_20": "",
         "a_A_2_20_sd": "", "spectra_used": "10", "excluded": "side_phase"},
    ]  # fmt: skip
    table = series_table(rows, ["2-60", "2-20"])
    found = {row["quantity"]: (row["x10"], row["x95"]) for row in table.rows}
    assert found == {
        "x": (0.1, 0.95),
        "a (Å)": (Measured(6.934, 0.001), None),
        "spectra used": (8, 10),
        "excluded": (None, "side_phase"),
    }
    assert table.origin == "simulated"


def test_claims_and_exclusions():
    claim = {"id": "a-b", "statement": "a_b", "value": "-27.4", "error": "2.8", "n": "11", "verdict": "holds",
             "test": "", "place": "Fig. 1", "unit": "1", "origin": "measured"}  # fmt: skip
    table = claims_table([claim, claim | {"verdict": "undecided", "value": "", "error": ""}])
    assert [row["value"] for row in table.rows] == [Measured(-27.4, 2.8), None]
    assert "1 holds, 0 fails, 1 undecided" in table.caption
    assert claims_table([]) is None
    left = [{"sample": "x10", "what": "spectrum", "points": "40", "reason": "noise", "by": "validation"}]
    assert exclusions_table(left, "measured").rows[0]["points"] == 40
    assert exclusions_table([], "measured") is None


def test_all_files_of_a_run(tmp_path):
    crystal = cryolite()
    (structure,) = structure_tables(refined(crystal), [crystal], {"sample": "x_10"}, name="x_10")
    circuits, arrhenius = spectra()
    series = series_table([{"sample": f"s{k}", "a_A": "6.9", "a_A_sd": "0.1"} for k in range(11)])
    made = [structure, resistances_table(circuits, arrhenius), None, conductivities_table(arrhenius), series]
    tables = list(numbered(made, 2))
    write_all(tables, tmp_path / "tables")
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    stems = ["table_S2_x_10", "table_S3_resistances", "table_S4_conductivities", "table_S5_series"]
    assert names == {
        *(f"{stem}{suffix}" for stem in stems for suffix in (".tsv", ".tex", ".html")),
        "table_S2_x_10_fit.tsv",
        "tables.json",
        "tables.tex",
        "results.xlsx",
    }
    rows = read_rows(tmp_path / "tables" / "table_S2_x_10.tsv")
    assert float(rows[-1]["z"]) == pytest.approx(0.235)
    assert rows == list(csv.DictReader(io.StringIO(write_table(*tsv_rows(tables[0]))), delimiter="\t"))
    # eleven samples do not fit beside one another, but it is one table with one number
    text = latex(tables[-1])
    assert text.count(r"\begin{longtable}") == 3
    assert text.count(r"\caption") == 1
    compiled(tmp_path / "tables", "tables.tex")
