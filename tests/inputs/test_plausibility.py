"""Well-formed input that cannot be true is told with its numbers; what laboratories really have is not."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from coherion import messages
from coherion.crystal.cif_input import read_cif
from coherion.data.tables import read_table
from coherion.inputs import plausibility
from coherion.inputs.plausibility import (
    converted_twice,
    in_fahrenheit,
    in_kelvin,
    warn_if_no_pellet,
    warn_if_not_packed,
    warn_if_off_the_series,
    warn_if_other_atoms,
    warn_if_uncertain,
)
from coherion.inputs.series import changed_occupancies, warn_of_sample
from coherion.settings.configuration import read_yaml
from coherion.settings.run import configuration_from

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "workflow" / "schemas"
CRYOLITE = ROOT / "config" / "structures" / "cryolite.cif"
LAB6 = ROOT / "config" / "structures" / "LaB6.cif"
# A pellet as the paper's, of 85 % of the crystal's density.
PELLET = {"pellet_thickness_cm": 0.15, "pellet_diameter_cm": 0.9, "density_g_cm3": 2.52}
PELLET["pellet_mass_g"] = 0.85 * 2.52 * 0.15 * math.pi * 0.9**2 / 4


def said_of(function, *arguments) -> list[str]:
    with messages.collected() as said:
        function(*arguments)
    return said


def test_a_pellet_of_a_laboratory_press_is_not_doubted():
    assert said_of(warn_if_no_pellet, "a", PELLET) == []
    assert said_of(warn_if_no_pellet, "a", {}) == []


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"pellet_diameter_cm": 9.0}, ["pellet_diameter_cm is 9 cm", "mm"]),
        ({"pellet_thickness_cm": 1.5}, ["pellet_thickness_cm is 1.5 cm", "mm"]),
        ({"pellet_thickness_cm": 0.0015}, ["pellet_thickness_cm is 0.0015 cm", "in m?"]),
        ({"pellet_thickness_cm": 0.9, "pellet_diameter_cm": 0.5}, ["0.9", "0.5", "interchanged"]),
        # Powder cannot be pressed denser than its crystal, nor is a pellet looser than powder.
        ({"pellet_mass_g": 1e3 * PELLET["pellet_mass_g"]}, ["is the mass in mg?"]),
        ({"pellet_mass_g": 0.3}, ["pellet_mass_g 0.3", "1.25 of density_g_cm3 2.52"]),
        ({"pellet_mass_g": 0.05}, ["pellet_mass_g 0.05", "0.21 of density_g_cm3 2.52"]),
    ],
)
def test_a_pellet_that_cannot_be_is_told_with_its_numbers(changed, parts):
    said = said_of(warn_if_no_pellet, "a", PELLET | changed)
    assert any(all(part in line for part in ["sample a", *parts]) for line in said), said


def test_a_pellet_as_dense_as_its_crystal_within_its_uncertainty_is_believed():
    full = PELLET | {"pellet_mass_g": 1.03 * PELLET["pellet_mass_g"] / 0.85, "pellet_thickness_sd_cm": 0.005}
    assert said_of(warn_if_no_pellet, "a", full) == []


@pytest.mark.parametrize(
    ("temperatures", "kelvin", "twice"),
    [
        ([298], True, False),
        ([298.15], True, False),
        ([233, 243, 253, 263, 273, 283, 298, 313, 323, 333], True, False),
        ([413.15, 423.15], True, False),
        ([25], False, False),
        ([-40, -30, -20, -10, 0, 10, 25, 40, 50, 60], False, False),
        ([140, 150, 160, 170, 180, 190, 200], False, False),
        ([300, 350, 400, 450], False, False),  # an oven's
        ([27.3, 28.9], False, False),
        ([-196], False, False),  # liquid nitrogen
        ([-248.15, -233.15], False, True),
        ([243.4, 262.8, 283.3, 298.4, 312.9, 333.5], True, False),  # a sensor's readings
        ([243.4, 262.8, 283.3, 298.4, 312.9, 333.5, 312.6, 298.3, 283.6], True, False),  # and back
        ([203.1, 252.4, 301.9, 351.3, 400.8, 450.2], False, False),  # those of an oven
        ([233.8, 246.2, 251.7, 264.1, 277.3, 290.9], False, False),
        ([], False, False),
    ],
)
def test_kelvin_called_celsius_is_known_by_the_plan_of_round_numbers(temperatures, kelvin, twice):
    assert in_kelvin(temperatures) is kelvin
    assert converted_twice(temperatures) is twice


@pytest.mark.parametrize(
    ("temperatures", "fahrenheit"),
    [
        ([-22, 14, 50, 77, 104, 140], True),
        ([-22.3, 14.2, 49.8, 77.1, 104.4, 139.7], True),
        ([14, 50, 77], False),  # two that are not round
        ([14, 32, 77, 104], True),
        ([-30, -10, 10, 25, 40, 60], False),
        ([-29.8, -9.7, 10.2, 25.4, 40.1, 60.3], False),
        ([22.1, 31.4, 40.2, 52.8, 61.0], False),
        ([77], False),
        ([], False),
    ],
)
def test_fahrenheit_called_celsius_is_known_by_the_plan_of_round_numbers(temperatures, fahrenheit):
    assert in_fahrenheit(temperatures) is fahrenheit
    said = said_of(warn_of_sample, {"sample": "a"}, [{"temperature_C": t} for t in temperatures])
    assert ["Fahrenheit" in line for line in said] == [True] * fahrenheit


def test_readings_at_random_are_taken_for_another_unit_once_in_a_thousand():
    generator = random.Random(5)
    plans = [[generator.uniform(200, 320) for _ in range(6)] for _ in range(3000)]
    assert sum(map(in_kelvin, plans)) <= 9 and sum(map(in_fahrenheit, plans)) <= 3


def test_kelvin_in_the_tables_is_told_with_what_it_would_be():
    rows = [{"temperature_C": t} for t in (298, 323)]
    said = said_of(warn_of_sample, {"sample": "a", "annealing_C": 473.0}, rows)
    assert len(said) == 2
    assert "298 to 323 degC" in said[0] and "24.85 to 49.85" in said[0] and "temperature_C" in said[0]
    assert "annealing_C is 473 degC" in said[1]


@pytest.mark.parametrize(
    ("composition", "parts"),
    [
        ("Na3InCl6", ["Zr of it is not in the composition"]),
        ("Na2.5In0.5Zr0.5Br6", ["Br of the composition", "Cl of it"]),
        ("Na2.5In0.5Zr0.5Cl6", []),
        ("Na2.1In0.1Zr0.9Cl6", []),
    ],
)
def test_a_composition_is_held_against_the_elements_of_the_structure(composition, parts):
    said = said_of(warn_if_other_atoms, "a", composition, {"cryolite.cif": read_cif(CRYOLITE)})
    assert len(said) == bool(parts)
    assert all(part in said[0] and "cryolite.cif" in said[0] for part in parts)


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        ({}, None),
        ({"M1Zr": 0.05}, "0.09167 In, Zr for each Cl"),
        ({"Na2": None}, "Na for each Cl"),
    ],
)
def test_a_site_that_is_missing_is_told_though_occupancies_are_refined(tmp_path, cells, part):
    lines = CRYOLITE.read_text(encoding="utf-8").splitlines()
    for label, occupancy in cells.items():
        place = next(k for k, line in enumerate(lines) if line.split()[:1] == [label])
        words = lines[place].split()
        lines[place] = "" if occupancy is None else " ".join([*words[:5], str(occupancy), *words[6:]])
    (tmp_path / "a.cif").write_text("\n".join(lines), encoding="utf-8")
    crystals = {"a.cif": read_cif(tmp_path / "a.cif")}
    said = said_of(warn_if_other_atoms, "a", "Na2.5In0.5Zr0.5Cl6", crystals, ["*.occupancy*"])
    assert len(said) == (part is not None)
    assert all(part in line and "site missing" in line for line in said)


def test_amounts_are_compared_where_sites_are_full_and_stay_so():
    crystals = {"LaB6.cif": read_cif(LAB6)}
    assert said_of(warn_if_other_atoms, "a", "LaB6", crystals) == []
    (said,) = said_of(warn_if_other_atoms, "a", "LaB4", crystals)
    assert "0.1667 La for each B" in said and "0.25" in said
    # What the refinement may change proves nothing.
    assert said_of(warn_if_other_atoms, "a", "LaB4", crystals, ["La*.occupancy"]) == []


def test_the_occupancies_that_the_default_refinement_changes_are_known():
    settings = configuration_from({})["refinement"]
    assert changed_occupancies(settings) == ["*.occupancy.*"]
    named = settings | {"constraints": ["Na1.occupancy = 3 - x - 2*Na2.occupancy"], "stages": []}
    assert changed_occupancies(named) == ["Na1.occupancy", "Na2.occupancy"]


def test_a_density_of_the_pellet_in_the_column_of_the_crystal_is_told():
    row = {"sample": "a", "composition": "LaB6", "density_g_cm3": 4.71}
    assert said_of(warn_of_sample, row, [], [LAB6]) == []
    (said,) = said_of(warn_of_sample, row | {"density_g_cm3": 3.1}, [], [LAB6])
    assert "density_g_cm3 is 3.1" in said and "4.71 g/cm3" in said


@pytest.mark.parametrize("folder", ["", "measured", "small", "lab6"])
def test_nothing_in_the_series_that_ship_is_doubted(folder):
    tables = ROOT / "config" / folder
    spectra = []
    if (tables / "spectra.tsv").exists():
        spectra = read_table(tables / "spectra.tsv", read_yaml(SCHEMAS / "spectra.schema.yaml"))
    refined = changed_occupancies(configuration_from({})["refinement"])
    for row in read_table(tables / "samples.tsv", read_yaml(SCHEMAS / "samples.schema.yaml")):
        own = [one for one in spectra if one["sample"] == row["sample"]]
        structures = [ROOT / part for part in row.get("structure", "").split("|") if part]
        assert said_of(warn_of_sample, row, own, structures, refined) == []


def _series(x, change=None, **more):
    rows = []
    for k, value in enumerate(x):
        formula = f"Na{3 - value:g}In{1 - value:g}Zr{value:g}Cl6".replace("In0Zr", "Zr")
        rows.append({"sample": f"s{k}", "title": f"x = {value:g}", "x": value, "composition": formula} | more)
    for number, cells in (change or {}).items():
        rows[number] |= cells
    return rows


X = (0.1, 0.2, 0.4, 0.5, 0.7, 0.9)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (_series(X), []),
        (_series(X[:3], {1: {"x": 0.03}}), ["s1"]),
        (_series(X[:1], {0: {"x": 0.01}}), ["s0"]),
        (_series(X[:1], {0: {"x": 0.9}}), []),
        (_series(X[:1], {0: {"x": 120.0}}), []),
        ([row | {"composition": "Na2.9In0.9Zr0.1Cl6"} for row in _series((0.01, 0.02, 0.05))], []),
        (_series(X[:3], {1: {"pellet_diameter_cm": 1.8}}, pellet_diameter_cm=0.9), ["s1"]),
        (_series(X[:2], {1: {"pellet_diameter_cm": 1.8}}, pellet_diameter_cm=0.9), []),
        (_series(X, {3: {"x": 0.05}}), ["s3"]),
        (_series(X, {3: {"composition": "Na2.3In0.3Zr0.7Cl6"}}), ["s3"]),
        (_series(X, {0: {"x": 0.9}, 5: {"x": 0.1}}), ["s0", "s5"]),
        ([row | {"composition": "Li3PS4"} for row in _series(X)], []),
        (_series(X, pellet_diameter_cm=0.9), []),
        (_series(X, {2: {"pellet_diameter_cm": 0.45}}, pellet_diameter_cm=0.9), ["s2"]),
        (_series(X, {2: {"pellet_diameter_cm": 0.636}}, pellet_diameter_cm=0.9), ["s2"]),
        (_series(X, {2: {"pellet_diameter_cm": 1.3}}, pellet_diameter_cm=0.9), []),
    ],
)
def test_a_sample_off_the_series_is_told(rows, told):
    with messages.collected() as said:
        plausibility.warn_if_off_the_series(rows)
    assert [line.split()[1].rstrip(":") for line in said] == told


@pytest.mark.parametrize(
    ("composition", "left"),
    [
        ("Na2.5In0.5Zr0.5Cl6", None),
        ("Na2.5In0.5Zr0.5Cl5", "+1"),
        ("Na2.5In5Zr0.5Cl6", "+13.5"),
        ("Li3YCl3Br3", None),
        ("LiYCl3Br3", "-2"),
        ("Li7La3Zr2O12", None),
        ("Li7La3Zr2O1", "+22"),
        # A peroxide and a superoxide; oxygen has no charge of -2/3.
        ("Na2O2", None),
        ("KO2", None),
        ("Na2O3", "-4"),
        ("Na2.917In0.917Zr0.083Cl6", None),
        # Several charges are possible, oxygen stands around a halogen, no anion at all.
        ("LiFePO3", None),
        ("NaClO4", None),
        ("LiIn", None),
    ],
)
def test_ions_that_do_not_balance_are_told(composition, left):
    said = said_of(plausibility.warn_if_charged, "s", composition)
    assert len(said) == (left is not None) and all(f"leave a charge of {left} (" in line for line in said)


@pytest.mark.parametrize(("x", "title", "told"), [(0.5, "x = 0.5", 0), (0.05, "x = 0.5", 1), (0.5, "x=0,5, milled", 0)])
def test_the_title_and_the_column_agree_on_x(x, title, told):
    with messages.collected() as said:
        plausibility.warn_if_other_x("s", {"x": x, "title": title})
    assert len(said) == told


@pytest.mark.parametrize(
    ("thickness", "diameter", "told"), [(0.15, 0.9, 0), (0.62, 0.9, 1), (0.4, 1.0, 0), (0.3, 0.45, 1)]
)
def test_a_pellet_as_tall_as_none_is_told(thickness, diameter, told):
    with messages.collected() as said:
        plausibility.warn_if_no_pellet("s", {"pellet_thickness_cm": thickness, "pellet_diameter_cm": diameter})
    assert len(said) == told


def test_one_of_many_samples_off_the_series_is_told_too():
    steps = [round(k / 1999, 4) for k in range(2000)]
    rows = [{"sample": f"s{k}", "x": x, "composition": f"Na{3 - x:.4f}Cl6"} for k, x in enumerate(steps)]
    rows = [row | {"pellet_diameter_cm": 0.9 + 1e-5 * (k % 50)} for k, row in enumerate(rows)]
    rows[700] |= {"composition": "Na3Cl6"}
    rows[900] |= {"pellet_diameter_cm": 0.45}
    with messages.collected() as said:
        plausibility.warn_if_off_the_series(rows)
    assert len(said) == 2
    assert "sample s700" in said[0] and "2.65" in said[0]
    assert "sample s900" in said[1] and "a radius" in said[1]


PLAN = [{"temperature_C": float(t), "temperature_sd_C": 0.5} for t in (-40, -30, -20, -10, 0, 10, 25, 40)]


@pytest.mark.parametrize(
    ("rows", "row", "parts"),
    [
        (PLAN, {"pellet_thickness_cm": 0.15, "pellet_thickness_sd_cm": 0.02}, []),
        ([one | {"temperature_sd_C": 5.0} for one in PLAN], {}, []),
        ([*PLAN[1:], PLAN[0] | {"temperature_sd_C": 50.0}], {}, ["temperature_sd_C is 50 K in 1 of 8 rows", "10 K"]),
        ([one | {"temperature_sd_C": 10.0} for one in PLAN], {}, ["10 K in 8 of 8 rows"]),
        ([{"temperature_C": 25.0, "temperature_sd_C": 298.0}], {}, ["298 K in 1 of 1 rows: is it another"]),
        ([{"temperature_C": 25.0, "temperature_sd_C": 2.0}], {}, []),
        (PLAN, {"pellet_thickness_cm": 0.15, "pellet_thickness_sd_cm": 2.0}, ["thickness_sd_cm is 2, 13.33 of"]),
        (PLAN, {"pellet_diameter_cm": 0.9, "pellet_diameter_sd_cm": 0.5}, ["diameter_sd_cm is 0.5, 0.56 of"]),
    ],
)
def test_uncertainties_that_leave_nothing_certain_are_told(rows, row, parts):
    said = said_of(warn_if_uncertain, "a", row, rows)
    assert len(said) == bool(parts) and all(part in line for line in said for part in parts), said


def mixed(*xs: float) -> list[dict[str, object]]:
    """Samples that lose sodium and indium to zirconium, x in the last one as given."""
    true = [0.1, 0.25, 0.5][-len(xs) :]
    return [
        {"sample": f"s{k}", "x": told, "composition": f"Na{3 - x:g}In{1 - x:g}Zr{x:g}Cl6"}
        for k, (told, x) in enumerate(zip(xs, true, strict=True))
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (mixed(0.1, 0.25, 0.5), 0),
        (mixed(0.1, 0.25, 50), 1),
        (mixed(0.25, 50), 1),
        (mixed(10, 25, 50), 0),  # all in per cent: an axis of theirs
        ([one | {"composition": "Na3InCl6"} for one in mixed(0.1, 0.25, 50)], 0),  # hours of milling
    ],
)
def test_an_x_in_per_cent_among_others_is_told(rows, said):
    found = said_of(warn_if_off_the_series, rows)
    assert len(found) == said and all("in per cent?" in line for line in found), found


@pytest.mark.parametrize(
    ("packing", "told"), [(0.057, True), (0.3, False), (0.64, False), (0.74, False), (0.9, True), (1.0, False)]
)
def test_a_packing_of_no_powder_is_told(packing, told):
    said = said_of(warn_if_not_packed, "a", {"packing_fraction": packing})
    assert len(said) == told and all(f"packing_fraction is {packing:g}" in line for line in said)
    assert said_of(warn_if_not_packed, "a", {}) == []
