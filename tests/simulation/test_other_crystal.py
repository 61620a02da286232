"""A simulated series of another crystal than the cryolite: what stands in its file is what the powder is made of."""

from pathlib import Path

import numpy as np
import pytest

from coherion.crystal.structure_files import read_structure
from coherion.errors import InputError
from coherion.settings.configuration import read_yaml
from coherion.simulation.scans.structures import main_phase, solid_solution
from coherion.simulation.series import read_simulation

ROOT = Path(__file__).parents[2]
CHANGES = read_yaml(ROOT / "config" / "second.yaml")["simulation"]["changes"]


@pytest.fixture
def series():
    return read_simulation(ROOT / "config" / "simulation.yaml", CHANGES)


@pytest.mark.parametrize("x", [0.1, 0.5, 0.9])
def test_the_cell_holds_what_the_formula_says(series, x):
    structure, _ = main_phase(x, series)
    found = structure.contents()
    # Four formula units Li6PS5Cl(1-x)Br(x).
    expected = {"Li": 24, "P": 4, "S": 20, "Cl": 4 * (1 - x), "Br": 4 * x}
    assert found == pytest.approx(expected)
    assert structure.cell[0] == pytest.approx(9.858 + 0.13 * x)


def test_phosphorus_has_four_sulphur_atoms_at_a_bond_s_length(series):
    structure, _ = main_phase(0.5, series)
    positions, index = structure.atoms()
    labels = [site.label for site in structure.sites]
    centre = np.array([0.0, 0.0, 0.5])
    difference = (positions[index == labels.index("S2")] - centre + 0.5) % 1.0 - 0.5
    distance = np.sort(np.linalg.norm(difference @ structure.vectors().T, axis=1))
    assert distance[:4] == pytest.approx([2.045] * 4, abs=0.01) and distance[4] > 3


def test_the_starting_structure_is_of_the_same_sites(series):
    structure, _ = main_phase(0.5, series)
    start = read_structure(ROOT / "config" / "second" / "argyrodite.cif")
    assert [site.label for site in start.sites] == [site.label for site in structure.sites]
    made = {element: n for element, n in structure.contents().items()}
    assert dict(start.composition) == pytest.approx(made)


def test_without_a_crystal_of_its_own_a_series_is_the_cryolite():
    structure, _ = main_phase(0.5, read_simulation(ROOT / "config" / "simulation.yaml"))
    assert structure.space_group == "P 1 21/n 1"


def test_what_cannot_be_is_refused():
    crystal = CHANGES["crystal"]
    with pytest.raises(ValueError, match="occupancies"):
        solid_solution(1.5, crystal)
    for broken, said in (
        ({"cell": {"a": [1.0]}}, "crystal.cell.b"),
        ({"sites": {"X1": {"position": [0, 0], "species": {"Cl": [1.0]}, "u_iso": 0.02}}}, "sites.X1.position"),
        ({"sites": {"X1": {"position": [0, 0, 0], "species": {"Cl": 1.0}, "u_iso": 0.02}}}, "species.Cl"),
    ):
        with pytest.raises(InputError, match=said):
            read_simulation(ROOT / "config" / "simulation.yaml", CHANGES | {"crystal": crystal | broken})
