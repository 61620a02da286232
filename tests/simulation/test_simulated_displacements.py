"""Atoms that move more in one direction than in another, and grain boundaries: what the simulator makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coherion.errors import InputError
from coherion.settings.configuration import read_yaml
from coherion.simulation.scans.debye import Motion, coherent_intensity, crystal_intensity, form_factor, pair_sums
from coherion.simulation.scans.domains import (
    Sizes,
    cut_domain,
    displaced,
    endless_crystal,
    kinds_of,
    mean_histogram,
    pair_histogram,
)
from coherion.simulation.scans.resolution import Resolution
from coherion.simulation.scans.structures import Site, Structure, main_phase, solid_solution
from coherion.simulation.series import read_simulation
from coherion.simulation.spectra import boundary_of, circuit, describe, simulate_spectrum, transport_of, whole_pellet

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "simulation.yaml"
CHANGES = read_yaml(ROOT / "config" / "second.yaml")["simulation"]["changes"]
#: A general position in an oblique cell, u_iso being the smallest of the directions' displacements.
OBLIQUE = {
    "name": "oblique",
    "space_group": "P 1 21/n 1",
    "cell": {"a": [5.1], "b": [6.2], "c": [5.7], "alpha": [90.0], "beta": [101.0], "gamma": [90.0]},
    "delta2": 0.0,
    "sites": {
        "A1": {"position": [0.0, 0.0, 0.0], "species": {"Zr": [1.0]}, "u_iso": 0.008},
        "B1": {
            "position": [0.21, 0.13, 0.32],
            "species": {"Cl": [1.0]},
            "u_aniso": [0.030, 0.016, 0.022, 0.004, -0.003, 0.005],
        },
    },
}


@pytest.fixture(scope="module")
def series():
    return read_simulation(CONFIG, CHANGES)


def listed(structure, domain):
    """Cartesian position, index of the site and place in the cell of each atom of a domain."""
    found, sites, places = [], [], []
    for layer, position, kind, atom in zip(domain.occupied, domain.position, domain.kind, domain.atom, strict=True):
        cells = np.argwhere(layer)
        found.append((cells + position) @ structure.vectors().T)
        sites += [kind] * len(cells)
        places += [atom] * len(cells)
    return np.concatenate(found), np.array(sites), np.array(places)


def of_the_symmetry(structure):
    """Cartesian displacements of each atom of the cell, from the CIF's rule for a rotation: U' = R U R^T.

    U belongs to the axes' own lengths: for basis vectors of lengths a*, U_cart = A N U N A^T.
    """
    import gemmi

    positions, site_of = structure.atoms()
    cell = gemmi.UnitCell(*structure.cell)
    tensors = np.empty((len(positions), 3, 3))
    for i, (position, number) in enumerate(zip(positions, site_of, strict=True)):
        site = structure.sites[number]
        if site.u_aniso is None:
            tensors[i] = site.u_iso * np.eye(3)
            continue
        u11, u22, u33, u12, u13, u23 = site.u_aniso
        n = np.diag([cell.reciprocal().a, cell.reciprocal().b, cell.reciprocal().c])
        fractional = n @ np.array([[u11, u12, u13], [u12, u22, u23], [u13, u23, u33]]) @ n
        for op in gemmi.find_spacegroup_by_name(structure.space_group).operations():
            apart = (np.array(op.apply_to_xyz(list(site.position))) - position + 0.5) % 1 - 0.5
            if np.abs(apart).max() < 1e-6:
                turn = np.array(op.rot) / op.DEN
                tensors[i] = structure.vectors() @ turn @ fractional @ turn.T @ structure.vectors().T
                break
    return tensors


@pytest.mark.parametrize("delta2", [0.0, 1.5])
def test_scattering_is_the_mean_over_all_directions_of_the_debye_waller_factors(delta2):
    """Of each pair: exp(i Q.r) exp(-Q.(U + U').Q/2) averaged over the directions of Q, to 5e-4 of the atoms' own."""
    structure = solid_solution(0.0, OBLIQUE)
    histogram = pair_histogram(structure, 9.0, 1, np.random.default_rng(1), delta2=delta2)
    atoms, kind, place = listed(structure, cut_domain(structure, 9.0, np.random.default_rng(1)))
    q, sums = pair_sums(histogram, 15.0, 0.01, Motion(delta2=delta2), contrast=1.0)
    factors = {k.element: form_factor(k.element, q) for k in histogram.kinds}
    intensity = coherent_intensity(sums, histogram.pairs, histogram.kinds, histogram.number, factors)

    tensors = of_the_symmetry(structure)[place]
    i, j = np.triu_indices(len(atoms), 1)
    apart = atoms[i] - atoms[j]
    moved = (tensors[i] + tensors[j]) * (1 - delta2 / (apart**2).sum(axis=1))[:, None, None]
    cosine, weight = np.polynomial.legendre.leggauss(120)
    turn = np.arange(240) * 2 * np.pi / 240
    sine = np.sqrt(1 - cosine**2)
    normal = np.stack(
        [np.outer(sine, np.cos(turn)), np.outer(sine, np.sin(turn)), np.outer(cosine, np.ones(240))], axis=-1
    ).reshape(-1, 3)
    share = np.repeat(weight, 240) / 480
    for wanted in (0.8, 3.3, 7.9, 14.5):
        m = int(np.searchsorted(q, wanted))
        f = np.array([factors[k.element][m].real for k in histogram.kinds])[kind]
        total = 0.0
        for n, w in zip(normal, share, strict=True):
            spread = np.einsum("a,pab,b->p", n, moved, n)
            total += w * (f[i] * f[j] * np.cos(q[m] * apart @ n) * np.exp(-0.5 * q[m] ** 2 * spread)).sum()
        assert intensity[m] == pytest.approx((f @ f + 2 * total) / len(atoms), abs=5e-4 * (f @ f) / len(atoms))


def test_the_endless_crystal_moves_as_its_domains_do():
    structure = solid_solution(0.0, OBLIQUE)
    drawn = pair_histogram(structure, 40.0, 300, np.random.default_rng(2), delta2=1.0)
    mean = mean_histogram(structure, endless_crystal(structure, 100.0, delta2=1.0), Sizes.equal(40.0))
    # Node by node the drawn pairs scatter; in shells of 0.2 angstrom they agree.
    shells = 50
    nodes = 160 * shells
    for row in range(len(drawn.pairs)):
        first, second = (h.counts[row, :nodes].reshape(-1, shells).sum(axis=1) / h.number.sum() for h in (drawn, mean))
        near = slice(5, 100)
        np.testing.assert_allclose(first[near], second[near], atol=0.02 * second[near].max())


def test_displaced_has_the_moments_of_a_normal_distribution():
    excess = np.array([[0.02, 0.004, 0.0], [0.004, 0.01, -0.002], [0.0, -0.002, 0.015]])
    moved, share = displaced(excess)
    assert share.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.einsum("n,na,nb->ab", share, moved, moved), excess, atol=1e-12)
    along = moved @ np.array([0.6, 0.0, 0.8])
    variance = (share * along**2).sum()
    assert (share * along**4).sum() == pytest.approx(3 * variance**2)


def test_a_tensor_without_the_symmetry_of_its_place_is_no_structure(series):
    wrong = {"X1": {"position": [0, 0, 0], "species": {"Cl": [1.0]}, "u_aniso": [0.02, 0.02, 0.03, 0, 0, 0]}}
    structure = solid_solution(0.5, CHANGES["crystal"] | {"sites": wrong})
    with pytest.raises(ValueError, match="symmetry of its place"):
        structure.excess_displacements()
    with pytest.raises(ValueError, match="along one direction"):
        wrong["X1"]["u_aniso"] = [0.02, 0.02, 0.02, 0.03, 0.03, 0.03]
        solid_solution(0.5, CHANGES["crystal"] | {"sites": wrong})


def test_sulphur_of_the_second_series_moves_across_its_bond(series):
    structure, _ = main_phase(0.4, series)
    site = next(s for s in structure.sites if s.label == "S2")
    bond = np.array([1.0, -1.0, 1.0]) / np.sqrt(3)
    tensor = structure.displacement(site)
    assert bond @ tensor @ bond == pytest.approx(0.012) and np.trace(tensor) == pytest.approx(0.012 + 2 * 0.024)
    assert site.u_iso == pytest.approx(0.012)


def test_the_standard_is_isotropic():
    structure = Structure(
        "salt",
        (4.0,) * 3 + (90.0,) * 3,
        "P 1",
        (Site("A1", (0, 0, 0), (("Zr", 1.0),), 0.01, (0.02,) * 3 + (0.0,) * 3),),
    )
    angles = np.linspace(5, 60, 50)

    def factors(q):
        return {"Zr": np.ones(q.size)}

    with pytest.raises(ValueError, match="isotropic"):
        crystal_intensity(structure, angles, Resolution(0.05, 1e-3), 0.56, factors)
    assert kinds_of(structure)[0].u_iso == 0.01
    still = replace(structure, sites=(replace(structure.sites[0], u_aniso=None),))
    assert crystal_intensity(still, angles, Resolution(0.05, 1e-3), 0.56, factors).shape == (50,)


# Grain boundaries.


def test_bulk_and_boundary_are_two_arcs_in_series(series):
    spectrum = simulate_spectrum("b40", -20, series)
    e = spectrum.truth
    shape = series["pellet"]["thickness"] / (np.pi * series["pellet"]["diameter"] ** 2 / 4)
    bulk = transport_of(series, "b40")
    boundary = boundary_of(series, bulk)
    assert boundary.activation_energy == pytest.approx(bulk.activation_energy + 0.03)
    assert e.boundary.resistance / (e.resistance - e.boundary.resistance) == pytest.approx(
        bulk.at(e.temperature) / boundary.at(e.temperature)
    )
    # Between the two arcs the real part is the bulk's, behind both it is the sum.
    plateau = np.interp(-1e4, -spectrum.frequency, spectrum.exact.real)
    behind = circuit(replace(e, electrode_q=1e6), np.array([1e-3]))[0]
    assert plateau == pytest.approx(e.resistance - e.boundary.resistance, rel=0.15)
    assert behind.real == pytest.approx(e.resistance, rel=1e-3)
    # 1e-9 F of a pellet of thickness/area 1/cm, at 25 degC.
    room = simulate_spectrum("b40", 25, series).truth.boundary
    capacitance = (room.q * room.resistance ** (1 - room.alpha)) ** (1 / room.alpha)
    assert capacitance == pytest.approx(1e-9 / shape, rel=0.15)


def test_truth_of_the_pellet_is_both_together(series):
    bulk = transport_of(series, "b40")
    truth = describe("b40", series, [simulate_spectrum("b40", 25, series)])
    assert truth["conductivity_25C"] == pytest.approx(bulk.conductivity / 1.8)
    assert bulk.activation_energy < truth["activation_energy"] < bulk.activation_energy + 0.03
    assert truth["spectra"][0]["boundary"]["alpha"] == 0.9
    alone = {k: v for k, v in series.items() if k != "grain_boundary"}
    assert whole_pellet(alone, "b40") == bulk and "boundary" not in describe("b40", alone, [])


def test_boundaries_that_cannot_be_are_refused():
    for broken, said in (({"alpha": 2.0}, "grain_boundary.alpha"), ({"capacitance": "1e-9"}, "capacitance")):
        with pytest.raises(InputError, match=said):
            read_simulation(CONFIG, CHANGES | {"grain_boundary": CHANGES["grain_boundary"] | broken})
