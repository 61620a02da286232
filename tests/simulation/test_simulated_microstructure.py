"""Size, strain, faults, glass and resolution of the simulated powders, each against an analytic limit or a count."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coherion.errors import InputError
from coherion.settings.configuration import read_yaml
from coherion.simulation.scans.debye import Motion, pair_sums
from coherion.simulation.scans.domains import (
    Faults,
    Sizes,
    cut_domain,
    endless_crystal,
    mean_histogram,
    pair_histogram,
)
from coherion.simulation.scans.made import made_background, made_sample, made_standard, with_resolution
from coherion.simulation.scans.resolution import Resolution, angle_of, blurred
from coherion.simulation.scans.strain import Copies, Strain, strained
from coherion.simulation.scans.structures import Site, Structure, cryolite
from coherion.simulation.series import Sample, read_simulation
from coherion.simulation.spectra import transport_of

CONFIG = Path(__file__).parents[2] / "config"
WAVELENGTH = 0.5594
CUBIC = Structure(
    "cubic", (4.0, 4.0, 4.0, 90.0, 90.0, 90.0), "P 1", (Site("A1", (0.1, 0.2, 0.3), (("Zr", 1.0),), 0.001),)
)


@pytest.fixture(scope="module")
def series():
    return read_simulation(CONFIG / "simulation.yaml")


def momentum(two_theta):
    return 4 * np.pi * np.sin(np.radians(two_theta) / 2) / WAVELENGTH


# 1. Lines of size and of strain.


def line(q, bragg, diameter, strain):
    """Profile of a reflection, 1 at its centre without strain: the transform of a sphere's overlap with itself.

    A lattice parameter with a relative spread e puts the reflection at Q with a spread of Q e.
    """
    r = np.linspace(0.0, diameter, 1200)
    overlap = 1 - 1.5 * r / diameter + 0.5 * (r / diameter) ** 3
    at = bragg * (1 + strain * np.linspace(-4.5, 4.5, 41))
    share = np.exp(-0.5 * np.linspace(-4.5, 4.5, 41) ** 2)
    profiles = [np.trapezoid(overlap * np.cos(np.outer(q - centre, r)), r, axis=1) for centre in at]
    return share @ np.array(profiles) / share.sum() / (3 * diameter / 8)


@pytest.mark.parametrize(("diameter", "strain"), [(150.0, 0.0), (150.0, 0.003), (300.0, 0.01)])
def test_reflections_have_the_width_of_their_domains_and_their_strain(diameter, strain):
    """Scherrer's limit (integral breadth 8 pi/3D, a sphere) and the strain's, Q e, order by order."""
    crystal = endless_crystal(CUBIC, 300.0)
    histogram = mean_histogram(CUBIC, crystal, Sizes.equal(diameter))
    q, sums = pair_sums(histogram, 10.0, 0.005, Motion(), Strain(strain))
    for order in (1, 3, 5):
        bragg = order * 2 * np.pi / 4.0
        near = np.abs(q - bragg) < 0.03 + 2 * bragg * strain
        others = np.unique([np.sqrt(n) * 2 * np.pi / 4.0 for n in range(1, 60) if made_of_squares(n)])
        weights = [multiplicity(round((o * 4 / 2 / np.pi) ** 2)) / o**2 * np.exp(-0.001 * o**2) for o in others]
        # 2 pi^2/(V Q^2) for each lattice point, the line of a sphere rising to 3D/8 over pi.
        expected = sum(
            w * 2 * np.pi**2 / 64.0 * (3 * diameter / 8) / np.pi * line(q[near], o, diameter, strain)
            for o, w in zip(others, weights, strict=True)
            if abs(o - bragg) < 1.0
        )
        found = sums[0, near] + np.exp(-0.001 * q[near] ** 2)
        assert np.abs(found - expected).max() < 0.02 * expected.max()


def made_of_squares(n):
    return multiplicity(n) > 0


def multiplicity(n):
    reach = np.arange(-8, 9)
    return int(np.count_nonzero(reach[:, None, None] ** 2 + reach[None, :, None] ** 2 + reach[None, None] ** 2 == n))


def test_a_strain_field_moves_far_pairs_less_than_its_rms():
    """Against random fields: an autoregressive strain along a line, added up."""
    rng = np.random.default_rng(1)
    length, rms, spacing = 20.0, 0.01, 0.25
    kept = np.exp(-spacing / length)
    field = np.empty((4000, 800))
    field[:, 0] = rng.standard_normal(4000)
    for i in range(1, 800):
        field[:, i] = kept * field[:, i - 1] + np.sqrt(1 - kept**2) * rng.standard_normal(4000)
    moved = rms * spacing * np.cumsum(field, axis=1)
    strain = Strain(rms, length)
    for r in (5.0, 40.0, 200.0):
        found = moved[:, round(r / spacing) - 1].std()
        assert strain.of_distance(np.array([r]))[0] == pytest.approx(found, rel=0.04)
    assert strain.of_distance(np.array([1e-3]))[0] == pytest.approx(rms * 1e-3, rel=1e-4)


def test_strained_copies_keep_the_number_and_mean_of_distances_and_spread_them():
    step = 0.004
    counts = np.zeros((1, 20000))
    counts[0, round(60.0 / step)] = 7.0
    spread = strained(counts, step, Strain(0.004), Copies.resolving(15 * 0.4))[0]
    r = np.arange(spread.size) * step
    assert spread.sum() == pytest.approx(7.0)
    mean = np.average(r, weights=spread)
    assert mean == pytest.approx(60.0, abs=1e-6)
    assert np.average((r - mean) ** 2, weights=spread) == pytest.approx((0.004 * 60) ** 2, rel=2e-3)


# 2. Sizes.


def test_log_normal_sizes_have_the_means_that_are_known_of_them():
    sizes = Sizes.log_normal(80.0, 0.4)
    assert sizes.volume_mean() == pytest.approx(80.0)
    assert sizes.area_mean() == pytest.approx(80.0 * np.exp(-(0.4**2)), rel=3e-3)
    slope = (sizes.overlap(np.array([1e-3]))[0] - 1) / 1e-3
    assert -1.5 / slope == pytest.approx(sizes.area_mean(), rel=1e-3)


def test_domains_cut_with_log_normal_sizes_have_the_pairs_of_the_mean():
    rng = np.random.default_rng(5)
    spread, mean = 0.3, 40.0
    # Numbers are about a median that is 3.5 variances below the volume-weighted mean.
    quantiles = statistics.NormalDist().inv_cdf
    diameters = [mean * np.exp(-3.5 * spread**2 + spread * quantiles((i + 0.5) / 1500)) for i in range(1500)]
    bins = np.zeros(15)
    atoms = 0
    for diameter in diameters:
        cut = pair_histogram(CUBIC, diameter, 1, rng, step=0.1)
        own = np.add.reduceat(cut.counts[0], np.arange(0, cut.counts.shape[1], 80))
        bins[: own.size] += own
        atoms += cut.number[0]
    powder = mean_histogram(CUBIC, endless_crystal(CUBIC, 150.0, step=0.1), Sizes.log_normal(mean, spread))
    expected = np.add.reduceat(powder.counts[0], np.arange(0, powder.counts.shape[1], 80))
    for i in range(6):
        assert bins[i] / atoms == pytest.approx(expected[i] / powder.number[0], rel=0.04)


def test_mean_of_a_powder_is_what_drawn_domains_come_to(series):
    """Every pair of kinds, In with Zr on their one site among them."""
    structure = cryolite(0.5, series["cryolite"])
    drawn = pair_histogram(structure, 50.0, 40, np.random.default_rng(6))
    mean = mean_histogram(structure, endless_crystal(structure, 50.0), Sizes.equal(50.0))
    assert drawn.pairs == mean.pairs and drawn.kinds == mean.kinds
    share = drawn.number / mean.number
    cells = drawn.volume / mean.volume
    np.testing.assert_allclose(share, cells, rtol=0.02)
    for row, (a, b) in enumerate(mean.pairs):
        scale = share[a] * share[b] / cells
        for low, high in ((3.0, 8.0), (15.0, 25.0), (35.0, 45.0)):
            window = slice(round(low / mean.step), round(high / mean.step))
            found, expected = drawn.counts[row, window].sum() / scale, mean.counts[row, window].sum()
            assert found == pytest.approx(expected, rel=0.04)


def test_faults_leave_the_pairs_of_domains_whose_layers_slid():
    """Against domains cut, slid layer by layer at random and measured atom by atom."""
    rng = np.random.default_rng(7)
    faults = Faults(0.3, 0.77)
    edges = np.arange(3.12, 15.0, 0.25)
    counted = np.zeros(edges.size - 1)
    for _ in range(400):
        domain = cut_domain(CUBIC, 15.0, rng)
        cells = np.argwhere(domain.occupied[0]).astype(float)
        state = np.cumsum(rng.random(domain.occupied.shape[3]) < faults.probability) % 2
        atoms = cells * 4.0
        atoms[:, 0] += faults.slide * state[cells[:, 2].astype(int)]
        apart = np.linalg.norm(atoms[:, None] - atoms[None, :], axis=2)
        counted += np.histogram(apart, edges)[0] / 400
    histogram = pair_histogram(CUBIC, 15.0, 400, rng, faults=faults)
    r = np.arange(histogram.counts.shape[1]) * histogram.step
    found = np.histogram(r, edges, weights=histogram.counts[0] / 400)[0]
    assert np.count_nonzero(found > 3) > 20
    np.testing.assert_allclose(found, counted, atol=0.06 * counted.max())


# 3. Resolution.


def test_blur_is_the_mean_over_wavelengths_and_angles():
    """The pattern averaged, one by one, over many wavelengths and many angles of the optics."""
    resolution = Resolution(0.06, 0.002)
    q = np.arange(1, 2200) * 0.008

    def pattern(at):
        return 3 + np.cos(40 * at) + np.sin(90 * at) + 0.1 * at**2

    two_theta = np.array([10.0, 40.0, 70.0])
    t = np.linspace(-4.5, 4.5, 91)
    share = np.exp(-0.5 * t**2) / np.exp(-0.5 * t**2).sum()
    expected = []
    for angle in two_theta:
        sine = np.sin(np.radians(angle + 0.06 * t) / 2)
        at = 4 * np.pi * sine[:, None] / (WAVELENGTH * (1 + 0.002 * t[None, :]))
        expected.append(share @ pattern(at) @ share)
    found = blurred(q, pattern(q), two_theta, resolution, WAVELENGTH)
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_optics_with_a_wanted_spread_of_q_have_it_at_every_angle():
    q = np.linspace(0.1, 15.0, 40)
    made = Resolution.with_spread_of_q(0.011, 0.0005, WAVELENGTH)
    np.testing.assert_allclose(made.of_q(q, WAVELENGTH), np.hypot(0.011, 0.0005 * q), rtol=1e-6)
    in_angle = made.of_angle(angle_of(q, WAVELENGTH))
    per_angle = np.radians(2 * np.pi / WAVELENGTH * np.cos(np.radians(angle_of(q, WAVELENGTH)) / 2))
    np.testing.assert_allclose(in_angle * per_angle, made.of_q(q, WAVELENGTH), rtol=1e-6)


@pytest.mark.parametrize("proportional", [0.0, 0.001, 0.002])
def test_standard_is_as_wide_as_its_instrument(series, proportional):
    scan = made_standard(with_resolution(series, 0.011, proportional), 1)
    q, coherent = momentum(scan.two_theta), scan.contributions["coherent"]
    # (100), (110), (111) and the higher ones that stand alone, over the diffuse scattering at their feet.
    for square in (1, 2, 3, 8, 14):
        bragg = 2 * np.pi * np.sqrt(square) / 4.156826
        width = np.hypot(0.011, proportional * bragg)
        part = np.abs(q - bragg) < 4.5 * width
        net = coherent[part] - coherent[part].min()
        spread = np.sqrt(np.average((q[part] - bragg) ** 2, weights=net))
        assert spread == pytest.approx(width, rel=0.02)
    assert scan.truth["resolution_constant"] == pytest.approx(0.011)
    assert scan.truth["resolution_proportional_squared"] == pytest.approx(proportional**2, abs=1e-12)


def test_zero_error_moves_every_angle(series):
    moved = made_standard({**series, "instrument": series["instrument"] | {"zero_error": 0.02}}, 1)
    plain = made_standard(series, 1)
    for square in (2, 8, 14):
        at = angle_of(np.array([2 * np.pi * np.sqrt(square) / 4.156826]), WAVELENGTH)[0]
        centres = []
        for scan in (plain, moved):
            part = np.abs(scan.two_theta - at) < 0.35
            net = scan.contributions["coherent"][part]
            centres.append(np.average(scan.two_theta[part], weights=net - net.min()))
        assert centres[1] - centres[0] == pytest.approx(0.02, abs=1e-3)
    assert moved.truth["zero_error"] == 0.02


# 4. What a sample holds.


def test_glass_has_no_reflections_but_the_scattering_of_its_atoms(series):
    sample = Sample(x=0.5, coherence_length=80.0, packing_fraction=0.52)
    crystal = made_sample(sample, series, 1).contributions["coherent"]
    mixed = made_sample(replace(sample, glass=0.3), series, 1)
    q = momentum(mixed.two_theta)
    glass = (mixed.contributions["coherent"] - 0.7 * crystal) / 0.3

    def height(pattern, low, high):
        """How far the pattern rises and falls about its mean over 0.3 1/angstrom, relative to its level."""
        part = (q > low) & (q < high)
        width = round(0.3 / (np.ptp(q[part]) / np.count_nonzero(part)))
        smooth = np.convolve(pattern, np.ones(width) / width, mode="same")
        return np.std((pattern - smooth)[part]) / pattern[part].mean()

    # The first halo is there; reflections are not, the less the higher Q.
    assert height(glass, 0.9, 1.4) < 0.4 * height(crystal, 0.9, 1.4)
    assert height(glass, 2.5, 8.0) < 0.1 * height(crystal, 2.5, 8.0)
    # Nor is small-angle scattering, and beyond everything both scatter as their atoms do.
    assert glass[q < 0.7].min() > 0 and glass[q < 0.7].max() < 0.2 * glass.max()
    assert glass[q > 12].mean() == pytest.approx(crystal[q > 12].mean(), rel=0.01)
    assert mixed.truth["glass"] == 0.3
    assert sum(p["atom_fraction"] for p in mixed.truth["phases"]) == pytest.approx(1)
    assert [p["name"] for p in mixed.truth["phases"]] == ["cryolite", "glass"]


def test_made_scan_is_the_mean_of_simulated_ones(series):
    """Speckle apart, which is a tenth of the counting error; mean and drawn powder share no step before the sums."""
    from coherion.simulation.scans.scan import simulate_scan

    given = {"x": 0.5, "coherence_length": 60.0, "packing_fraction": 0.52, "strain": 0.004}
    drawn = simulate_scan("x50", {**series, "samples": {"x50": given}})
    made = made_sample(Sample(**given), series, 3)
    away = made.contributions["coherent"] - drawn.contributions["coherent"]
    assert np.std(away / np.sqrt(drawn.counts)) < 0.5
    assert np.std(away) < 0.01 * np.std(drawn.contributions["coherent"])
    for key in ("microstrain_squared", "coherence_length", "coherence_length_functional", "angular_width"):
        assert made.truth[key] == drawn.truth[key]
    assert made_background(series, 4).counts.mean() < made.counts.mean()


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ({"size_spread": 0.3, "fault_probability": 0.1}, "fault_probability"),
        ({"coherence_length": 400.0, "size_spread": 0.5}, "size_spread"),
        ({"strain": 0.5}, "strain"),
        ({"zero_error": 1.0}, "zero_error"),
    ],
)
def test_samples_that_cannot_be_made_are_refused(sample, words):
    base = {"x": 0.5, "coherence_length": 80.0, "packing_fraction": 0.5}
    with pytest.raises(InputError, match=words):
        read_simulation(CONFIG / "simulation.yaml", {"samples": {"x50": base | sample}})


def test_optics_sharper_than_the_channels_are_refused():
    with pytest.raises(InputError, match=r"resolution.angular_width"):
        read_simulation(CONFIG / "simulation.yaml", {"resolution": {"angular_width": 0.005, "wavelength_spread": 0}})


# 5. The shipped series.


def test_strain_of_the_default_series_follows_nothing_else(series):
    samples = {name: one for name, one in series["samples"].items() if not one.get("side_phase")}
    strain = np.array([one["strain"] for one in samples.values()])
    assert strain.min() >= 0.001 and strain.max() <= 0.004
    length = np.array([one["coherence_length"] for one in samples.values()])
    x = np.array([one["x"] for one in samples.values()])
    conductivity = np.log10([transport_of(series, name).conductivity for name in samples])
    for kept in (np.ones(strain.size, bool), np.array([one.get("annealed_at") is None for one in samples.values()])):
        for other in (length, 1 / length, x, conductivity):
            assert abs(np.corrcoef(strain[kept], other[kept])[0, 1]) < 0.1


def test_strained_series_has_one_length_and_a_conductivity_that_follows_the_strain():
    changes = read_yaml(CONFIG / "strained.yaml")["simulation"]["changes"]
    series = read_simulation(CONFIG / "simulation.yaml", changes)
    assert set(series["samples"]) == set(read_simulation(CONFIG / "simulation.yaml")["samples"])
    assert {one["coherence_length"] for one in series["samples"].values()} == {150.0}
    strain = np.array([one["strain"] for one in series["samples"].values()])
    conductivity = np.log10([transport_of(series, name).conductivity for name in series["samples"]])
    assert (strain.min(), strain.max()) == (0.001, 0.007)
    milled = [one["strain"] for one in series["samples"].values() if one.get("annealed_at") is None]
    assert milled == sorted(milled)
    assert np.polyfit(strain, conductivity, 1)[0] == pytest.approx(283.0, abs=15)
