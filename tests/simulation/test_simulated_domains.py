"""Explicit domains: pairs counted by correlation are those found by looking at every two atoms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coherion.simulation.scans.debye import Motion, coherent_intensity, crystal_intensity, form_factor, pair_sums
from coherion.simulation.scans.domains import correlate, cut_domain, even_centres, kinds_of, pair_histogram
from coherion.simulation.scans.resolution import Resolution, blurred
from coherion.simulation.scans.strain import Strain
from coherion.simulation.scans.structures import Site, Structure, cryolite, lanthanum_hexaboride, trigonal
from coherion.simulation.series import read_simulation

CONFIG = Path(__file__).parents[2] / "config" / "simulation.yaml"
WAVELENGTH = 0.5594
CUBIC = Structure(
    "cubic", (4.0, 4.0, 4.0, 90.0, 90.0, 90.0), "P 1", (Site("A1", (0.1, 0.2, 0.3), (("Zr", 1.0),), 0.01),)
)


@pytest.fixture(scope="module")
def series():
    return read_simulation(CONFIG)


def listed(structure, domain):
    """Cartesian position and kind of each atom of a domain."""
    found, kinds = [], []
    for layer, position, kind in zip(domain.occupied, domain.position, domain.kind, strict=True):
        cells = np.argwhere(layer)
        found.append((cells + position) @ structure.vectors().T)
        kinds += [kind] * len(cells)
    return np.concatenate(found), np.array(kinds)


# 1. Pair counts.


@pytest.mark.parametrize("diameter", [9.0, 17.0])
def test_correlation_counts_the_pairs_of_a_small_cluster_exactly(series, diameter):
    structure = cryolite(0.5, series["cryolite"])
    domain = cut_domain(structure, diameter, np.random.default_rng(1))
    atoms, _ = listed(structure, domain)
    direct = np.sort(np.linalg.norm(atoms[:, None] - atoms[None, :], axis=2).ravel())
    distances = []
    for s, t, (n1, n2, n3), counts in correlate([domain]):
        i, j, k = np.nonzero(counts)
        steps = np.stack([n1[i], n2[j], n3[k]], axis=1) + domain.position[t] - domain.position[s]
        apart = np.linalg.norm(steps @ structure.vectors().T, axis=1)
        distances.append(np.repeat(apart, counts[i, j, k].astype(int) * (1 if s == t else 2)))
    counted = np.sort(np.concatenate(distances))
    assert counted.size == atoms.shape[0] ** 2
    np.testing.assert_allclose(counted, direct, atol=1e-10)


def test_debye_sum_over_counted_pairs_equals_the_double_sum_over_atoms(series):
    structure = cryolite(0.7, series["cryolite"])
    domain = cut_domain(structure, 16.0, np.random.default_rng(2))
    atoms, kind = listed(structure, domain)
    kinds = kinds_of(structure)
    apart = np.linalg.norm(atoms[:, None] - atoms[None, :], axis=2)
    for q in (0.7, 3.1, 9.4, 14.9):
        f = np.array([form_factor(k.element, np.array([q])).real[0] for k in kinds])
        direct = f[kind] @ np.sinc(q * apart / np.pi) @ f[kind]
        counted = 0.0
        for s, t, (n1, n2, n3), counts in correlate([domain]):
            i, j, k = np.nonzero(counts)
            steps = np.stack([n1[i], n2[j], n3[k]], axis=1) + domain.position[t] - domain.position[s]
            r = np.linalg.norm(steps @ structure.vectors().T, axis=1)
            pair = f[domain.kind[s]] * f[domain.kind[t]] * (1 if s == t else 2)
            counted += pair * (counts[i, j, k] * np.sinc(q * r / np.pi)).sum()
        assert counted == pytest.approx(direct, rel=1e-10)


@pytest.mark.parametrize("strain", [0.0, 0.02])
def test_pair_sums_equal_the_double_sum_with_motion_and_strained_copies(series, strain):
    """Histogram, transform and series of the correlated motion together: 1e-4 of the atoms' own term.

    The copies of the double sum are explicit: every distance stretched by each of many strains, however fine.
    """
    structure = cryolite(0.4, series["cryolite"])
    motion = Motion(delta1=0.3, delta2=2.0)
    histogram = pair_histogram(structure, 30.0, 1, np.random.default_rng(3))
    atoms, kind = listed(structure, cut_domain(structure, 30.0, np.random.default_rng(3)))
    kinds = kinds_of(structure)
    np.testing.assert_array_equal(histogram.number, np.bincount(kind, minlength=len(kinds)))
    i, j = np.triu_indices(len(atoms), 1)
    r = np.linalg.norm(atoms[i] - atoms[j], axis=1)
    u = np.array([k.u_iso for k in kinds])
    variance = (u[kind[i]] + u[kind[j]]) * (1 - motion.delta1 / r - motion.delta2 / r**2)
    q, sums = pair_sums(histogram, 15.0, 0.01, motion, Strain(strain), contrast=1.0)
    factors = {k.element: form_factor(k.element, q) for k in kinds}
    intensity = coherent_intensity(sums, histogram.pairs, kinds, histogram.number, factors)
    copies = np.linspace(-5, 5, 201) if strain else np.zeros(1)
    share = np.exp(-0.5 * copies**2) / np.exp(-0.5 * copies**2).sum()
    for wanted in (0.3, 0.7, 2.4, 6.1, 11.0, 14.9):
        m = int(np.searchsorted(q, wanted))
        f = np.array([factors[k.element][m].real for k in kinds])[kind]
        wave = sum(w * np.sinc(q[m] * r * (1 + strain * t) / np.pi) for t, w in zip(copies, share, strict=True))
        direct = (f @ f + 2 * (f[i] * f[j] * wave * np.exp(-0.5 * q[m] ** 2 * variance)).sum()) / len(atoms)
        assert intensity[m] == pytest.approx(direct, abs=1e-4 * (f @ f) / len(atoms))


# 2. Domains.


def test_occupancies_are_drawn_with_their_probabilities(series):
    structure = cryolite(0.6, series["cryolite"])
    histogram = pair_histogram(structure, 60.0, 4, np.random.default_rng(4))
    cells = histogram.number[[k.element == "Cl" for k in histogram.kinds]].sum() / 12
    wanted = {(s.label, e): p for s in structure.sites for e, p in s.species}
    _, site_of = structure.atoms()
    for k, found in zip(histogram.kinds, histogram.number, strict=True):
        label = [s.label for s in structure.sites].index(k.label)
        sites = cells * np.count_nonzero(site_of == label)
        p = wanted[k.label, k.element]
        # Four standard deviations of the draw, and one per cent for the ragged surface of a sphere.
        assert abs(found / sites - p) < 4 * np.sqrt(p * (1 - p) / sites) + 0.01


def test_domain_has_the_density_of_its_crystal(series):
    structure = cryolite(0.2, series["cryolite"])
    histogram = pair_histogram(structure, 70.0, 5, np.random.default_rng(5))
    per_volume = histogram.number.sum() / (5 * np.pi * 70.0**3 / 6)
    assert per_volume == pytest.approx(sum(structure.contents().values()) / structure.volume(), rel=0.01)


def test_centres_and_occupations_differ_between_draws_but_not_between_runs(series):
    structure = cryolite(0.5, series["cryolite"])
    first, again = (pair_histogram(structure, 20.0, 2, np.random.default_rng(6)) for _ in range(2))
    np.testing.assert_array_equal(first.counts, again.counts)
    assert not np.array_equal(first.counts, pair_histogram(structure, 20.0, 2, np.random.default_rng(7)).counts)


def test_centres_are_everywhere_in_the_cell_alike():
    centres = even_centres(64, np.random.default_rng(15))
    assert np.all((centres >= 0) & (centres < 1))
    # Of 64 points each eighth of the cell has eight; drawn one by one they would have five to eleven.
    held = np.bincount((centres >= 0.5) @ np.array([4, 2, 1]), minlength=8)
    assert held.min() >= 6 and held.max() <= 10


def test_few_domains_have_the_atoms_of_a_powder():
    """Atoms in 24 spheres: their scatter is half of that where centres are drawn one by one."""
    diameter, number = 60.0, 24
    even, drawn = [], []
    for seed in range(20):
        rng = np.random.default_rng([16, seed])
        for found, centres in ((even, even_centres(number, rng)), (drawn, [None] * number)):
            found.append(sum(int(cut_domain(CUBIC, diameter, rng, c).occupied.sum()) for c in centres))
    assert np.mean(even) == pytest.approx(number * np.pi * diameter**3 / 6 / CUBIC.volume(), rel=1e-3)
    assert np.std(even) < 0.7 * np.std(drawn)


def test_pairs_of_a_sphere_fall_off_as_its_overlap_with_itself():
    """Number of pairs at r against an endless lattice: 1 - 1.5 x + 0.5 x^3, x = r/D."""
    histogram = pair_histogram(CUBIC, 80.0, 20, np.random.default_rng(8), step=1.0)
    r = np.arange(histogram.counts.shape[1], dtype=float)
    endless = 4 * np.pi * r**2 / CUBIC.volume() * histogram.number[0]
    for low, high in ((15, 25), (35, 45), (55, 65)):
        window = slice(low, high)
        x = r[window] / 80.0
        overlap = np.average(1 - 1.5 * x + 0.5 * x**3, weights=endless[window])
        assert histogram.counts[0, window].sum() / endless[window].sum() == pytest.approx(overlap, rel=0.03)


# 3. Limits of Debye's equation.


def test_lone_domain_scatters_all_atoms_in_phase_towards_zero_angle():
    histogram = pair_histogram(CUBIC, 40.0, 1, np.random.default_rng(9))
    q, lone = pair_sums(histogram, 2.0, 0.004, Motion(), contrast=1.0)
    atoms = histogram.number[0]
    radius_of_gyration = 20.0 * np.sqrt(3 / 5)
    first = int(np.searchsorted(q, 0.01))
    expected = atoms**2 * np.exp(-((q[first] * radius_of_gyration) ** 2) / 3) - atoms
    assert lone[0, first] == pytest.approx(expected, rel=0.02)
    # Among others of its kind it makes less than a hundredth of that.
    _, embedded = pair_sums(histogram, 2.0, 0.004, Motion())
    assert abs(embedded[0, first] + atoms) < 0.01 * expected
    # What scatters at small angles goes with the square of the difference in density (Babinet).
    _, half = pair_sums(histogram, 2.0, 0.004, Motion(), contrast=0.5)
    np.testing.assert_allclose(half - embedded, (lone - embedded) / 4, rtol=1e-9, atol=1e-9 * expected)


def test_large_domain_has_its_peaks_at_the_bragg_positions_with_the_bragg_intensity():
    resolution = Resolution.with_spread_of_q(0.04, 0.002, WAVELENGTH)
    histogram = pair_histogram(CUBIC, 300.0, 1, np.random.default_rng(10))
    two_theta = np.arange(2.0, 22.0, 0.01)
    at = 4 * np.pi * np.sin(np.radians(two_theta) / 2) / WAVELENGTH
    q, sums = pair_sums(histogram, at[-1], 0.03, Motion())
    finite = coherent_intensity(sums, histogram.pairs, histogram.kinds, histogram.number, {"Zr": np.ones(q.size)})
    finite = blurred(q, finite, two_theta, resolution, WAVELENGTH)
    endless = crystal_intensity(CUBIC, two_theta, resolution, WAVELENGTH, lambda q: {"Zr": np.ones(q.size)})
    for n in (1, 2, 3):
        bragg = 2 * np.pi * np.sqrt(n) / 4.0
        window = np.abs(at - bragg) < 0.25
        assert at[window][finite[window].argmax()] == pytest.approx(bragg, abs=0.004)
        # Tails beyond the window are missing and those of other reflections come in, each about 1 %.
        assert finite[window].sum() == pytest.approx(endless[window].sum(), rel=0.012)


def test_standard_scatters_its_own_squares_beyond_the_reflections(series):
    """Without resolution loss: the mean of S(Q) - 1 over a wide range at high Q vanishes."""
    structure = lanthanum_hexaboride(series["lanthanum_hexaboride"])
    wavelength = 0.3
    two_theta = np.arange(2.0, 73.0, 0.005)
    q = 4 * np.pi * np.sin(np.radians(two_theta) / 2) / wavelength

    def factors(q):
        return {"La": np.full(q.size, 57.0), "B": np.full(q.size, 5.0)}

    resolution = Resolution.with_spread_of_q(0.011, 0.001, wavelength)
    intensity = crystal_intensity(structure, two_theta, resolution, wavelength, factors)
    squares = (57.0**2 + 6 * 25.0) / 7
    high = q > 18
    weight = (q**2 * np.gradient(q))[high]
    assert np.average(intensity[high], weights=weight) == pytest.approx(squares, rel=0.005)


# 4. Structures.


def test_structure_changes_with_zirconium_as_the_paper_says(series):
    made = {x: cryolite(x, series["cryolite"]) for x in (0.1, 0.5, 0.9)}
    for axis in range(3):
        first, middle, last = (made[x].cell[axis] for x in (0.1, 0.5, 0.9))
        assert first > middle > last and first - middle < middle - last
    assert 90 < made[0.1].cell[4] < made[0.5].cell[4] < made[0.9].cell[4]
    angles = {}
    for x, structure in made.items():
        at = {s.label: structure.vectors() @ np.array(s.position) for s in structure.sites}
        bonds = [np.linalg.norm(at[c]) for c in ("Cl1", "Cl2", "Cl3")]
        assert np.mean(bonds) == pytest.approx(2.536 * (1 - x) + 2.480 * x, abs=1e-9)
        along = [np.degrees(np.arccos(at[c][1] / np.linalg.norm(at[c]))) for c in ("Cl1", "Cl2")]
        angles[x] = along
        occupancy = {s.label: s.species[0][1] for s in structure.sites}
        assert 0.9 < occupancy["Na2"] < 1
        assert occupancy["Na1"] + 2 * occupancy["Na2"] == pytest.approx(3 - x)
        assert structure.contents()["Na"] == pytest.approx(2 * (3 - x))
    assert angles[0.1][0] > angles[0.5][0] > angles[0.9][0]
    assert angles[0.1][1] < angles[0.5][1] < angles[0.9][1]


def test_no_two_atoms_come_too_near(series):
    for structure in (
        cryolite(0.1, series["cryolite"]),
        cryolite(0.9, series["cryolite"]),
        trigonal(series["trigonal"]),
    ):
        positions, _ = structure.atoms()
        shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), -1).reshape(-1, 1, 1, 3)
        apart = (positions[None, :, None] - positions[None, None, :] + shifts) @ structure.vectors().T
        distance = np.linalg.norm(apart, axis=-1)
        assert distance[distance > 1e-6].min() > 2.4


def test_side_phase_has_a_reflection_at_the_q_the_paper_names(series):
    cell = trigonal(series["trigonal"]).cell
    assert 2 * np.pi * np.sqrt(4 / (3 * cell[0] ** 2) + 1 / cell[2] ** 2) == pytest.approx(1.47, abs=0.005)


def test_starting_structures_are_near_the_truth_but_not_it(series):
    """The shipped CIFs start the refinement within its reach: cell within 2 %, coordinates within 0.03."""
    import gemmi

    folder = CONFIG.parent / "structures"
    for file, truth in (("cryolite", cryolite(0.5, series["cryolite"])), ("trigonal", trigonal(series["trigonal"]))):
        small = gemmi.read_small_structure(str(folder / f"{file}.cif"))
        assert small.spacegroup.xhm() == truth.space_group
        np.testing.assert_allclose(small.cell.parameters, truth.cell, rtol=0.02)
        start = {s.label: np.array(s.fract.tolist()) for s in small.sites}
        for site in truth.sites:
            assert np.abs(start[site.label] - site.position).max() < 0.03


# 5. Against the analysis: two programs written apart, one truth.


def test_pair_model_of_the_analysis_gives_the_same_pdf(series):
    """The transform of a domain's scattering up to 13 1/angstrom is the model's G(r), to 0.4 % (root mean square)."""
    from coherion.crystal.cif_input import read_cif
    from coherion.pair_model.evaluator import calculate
    from coherion.pair_model.model import PairModel

    diameter = 60.0
    structure = cryolite(0.5, series["cryolite"])
    contents = structure.contents()
    atoms = sum(contents.values())
    histogram = pair_histogram(structure, diameter, 60, np.random.default_rng(14))
    q, sums = pair_sums(histogram, 13.0, 0.009, Motion(delta2=2.4))
    factors = {e: form_factor(e, q) for e in contents}
    intensity = coherent_intensity(sums, histogram.pairs, histogram.kinds, histogram.number, factors)
    q, intensity, factors = q[q < 13], intensity[q < 13], {e: f[q < 13] for e, f in factors.items()}
    mean = sum(n * factors[e].real for e, n in contents.items()) / atoms
    squares = sum(n * factors[e].real ** 2 for e, n in contents.items()) / atoms
    reduced = q * (intensity - squares) / mean**2
    r = np.arange(2.0, 55.0, 0.2)
    simulated = 2 / np.pi * np.trapezoid(reduced * np.sin(np.outer(r, q)), q, axis=1)

    values = dict(zip(("a", "b", "c", "beta"), np.array(structure.cell)[[0, 1, 2, 4]], strict=True))
    values |= {"scale": 1.0, "delta2": 2.4, "coherence_length": diameter, "qdamp": 0.0, "qbroad": 0.0}
    for site in structure.sites:
        values[f"{site.label}.u_iso"] = site.u_iso
        names = [f"{site.label}.occupancy" + (f".{e}" if len(site.species) > 1 else "") for e, _ in site.species]
        values |= {name: p for name, (_, p) in zip(names, site.species, strict=True)}
        if site.label not in ("M1", "Na1"):
            values |= {f"{site.label}.{axis}": v for axis, v in zip("xyz", site.position, strict=True)}
    crystal = read_cif(CONFIG.parent / "structures" / "cryolite.cif")
    modelled = calculate(PairModel(phases=(crystal,), qmax=13.0, convention="exact", envelope="sphere"), r, values)
    assert np.std(simulated - modelled) < 0.004 * np.std(modelled)
