"""The pair model against Debye's equation, explicit clusters, pdffit2, and its own derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from coherion.atoms.scattering_factors import scattering_powers
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.symmetry import displacement_frame
from coherion.errors import CoherionWarning, InputError
from coherion.pair_model import kernel
from coherion.pair_model.envelope import envelope_on, inverse_mean_length
from coherion.pair_model.evaluator import Evaluator, calculate, derivatives
from coherion.pair_model.model import PairModel
from coherion.pair_model.pairs import list_pairs
from coherion.settings.stages.refinement import CONVENTIONS, ENVELOPES


def cryolite(mixed: bool = False) -> Crystal:
    """The P21/n cell that starts the refinements; In alone, or In and Zr on one site."""
    metal = (("In", 0.6), ("Zr", 0.4)) if mixed else (("In", 1.0),)
    atoms = {
        "Na1": (0, 0, 0.5),
        "Na2": (0.5133, -0.0519, 0.2474),
        "Cl1": (0.1118, 0.0496, 0.2391),
        "Cl2": (-0.2978, 0.1893, 0.0504),
        "Cl3": (0.1781, 0.2932, -0.0687),
    }
    sites = [Site(label, x, ((label[:2], 1.0),), 0.02) for label, x in atoms.items()]
    return Crystal(
        "cryolite",
        (6.915, 7.163, 9.928, 90, 90.28, 90),
        "P21/n",
        (Site("M1", (0, 0, 0), metal, 0.015), *sites),
    )


def nickel(u: float = 0.006) -> Crystal:
    return Crystal("Ni", (3.524, 3.524, 3.524, 90, 90, 90), "Fm-3m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u),))


def wurtzite() -> Crystal:
    sites = (
        Site("Cd1", (1 / 3, 2 / 3, 0), (("Cd", 1.0),), 0.012),
        Site("Se1", (1 / 3, 2 / 3, 0.376), (("Se", 1.0),), 0.009),
    )
    crystal = Crystal("CdSe", (4.3, 4.3, 7.01, 90, 90, 120), "P 63 m c", sites).anisotropic()
    return crystal.with_values({"Cd1.u33": 0.02, "Se1.u33": 0.015})


def relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def all_pairs(crystal: Crystal, reach: float):
    """Every directed pair of one cell up to a distance, counted without symmetry: indices, vectors, distances."""
    expanded = crystal.expand()
    spacing = 1.0 / np.linalg.norm(np.linalg.inv(expanded.lattice_matrix), axis=1)
    extent = [np.arange(-n, n + 1) for n in np.ceil(reach / spacing).astype(int) + 1]
    cells = np.array(list(itertools.product(*extent)))
    first, second, vectors = [], [], []
    for i, j in itertools.product(range(len(expanded.site)), repeat=2):
        gap = (expanded.positions[j] - expanded.positions[i] + cells) @ expanded.lattice_matrix.T
        distance = np.linalg.norm(gap, axis=1)
        near = (distance > 1e-6) & (distance < reach)
        first.append(np.full(near.sum(), i))
        second.append(np.full(near.sum(), j))
        vectors.append(gap[near])
    vectors = np.concatenate(vectors)
    return np.concatenate(first), np.concatenate(second), vectors, np.linalg.norm(vectors, axis=1)


class TestPairList:
    @pytest.mark.parametrize("crystal", [cryolite(), nickel(), wurtzite()], ids=lambda c: c.name)
    def test_weights_count_every_pair_of_the_cell(self, crystal):
        expanded = crystal.expand()
        pairs = list_pairs(crystal, expanded, 11.0)
        *_, distances = all_pairs(crystal, 11.0)
        first = np.concatenate([np.full(b[4] - b[3], b[2]) for b in pairs.blocks])
        gap = expanded.positions[pairs.atom] + pairs.cell - expanded.positions[first]
        own = np.linalg.norm(gap @ expanded.lattice_matrix.T, axis=1)
        edges = np.linspace(0, 11.0, 400) + 1e-5
        expected = np.histogram(distances, edges)[0]
        np.testing.assert_allclose(np.histogram(own, edges, weights=pairs.weight)[0], expected)
        # Symmetry leaves far fewer pairs than there are: 48 for a site on m-3m, up to its inversion and ties.
        assert len(own) < len(distances) / 3

    def test_a_list_made_elsewhere_says_when_it_no_longer_covers(self):
        crystal = cryolite()
        pairs = list_pairs(crystal, crystal.expand(), 30.0)
        assert pairs.covers(crystal.expand(), 29.9)
        # 1. A cell 2 % smaller brings in pairs from 30.6 angstrom.
        small = crystal.with_values({n: crystal.parameters[n] * 0.98 for n in "abc"})
        assert not pairs.covers(small.expand(), 29.9)
        # 2. So does an atom that moved by 0.1 of the axis.
        assert not pairs.covers(crystal.with_values({"Cl1.x": 0.2118}).expand(), 29.0)

    def test_moving_atoms_far_gives_what_a_fresh_start_gives(self):
        # The list of the start lacks pairs near the largest r once the structure has moved; it must be remade.
        model = PairModel((cryolite(),), qmax=13.0)
        r = np.arange(2.0, 30.0, 0.25)
        start = model.complete(None)
        end = start | {"a": 6.7, "b": 7.4, "Cl1.x": 0.16, "Cl2.z": 0.1, "M1.u_iso": 0.004}
        evaluator = Evaluator(model, r, ())
        evaluator.evaluate(start)
        moved = evaluator.evaluate(end)[0]
        assert relative(moved, calculate(model, r, {k: end[k] for k in end})) < 1e-6

    def test_what_is_calculated_is_the_callers_own(self):
        model, r = PairModel((cryolite(),), qmax=13.0, envelope="none"), np.arange(2.0, 12.0, 0.25)
        g = calculate(model, r)
        g += 1.0
        evaluator = Evaluator(model, r, ())
        assert relative(evaluator.evaluate(model.parameters)[0] + 1.0, g) < 1e-12
        with pytest.raises(ValueError, match="read-only"):
            evaluator.evaluate(model.parameters)[0][0] = 0.0

    def test_the_grid_follows_the_width_of_the_peaks(self):
        # Sharp peaks need a fine grid, and broad ones after them get a coarser one again.
        model = PairModel((cryolite(),), qmax=13.0, envelope="none")
        r = np.arange(2.0, 12.0, 0.25)
        evaluator = Evaluator(model, r, ())
        displacements = [name for name in model.parameters if name.endswith("u_iso")]
        steps = []
        for u in (0.02, 0.001, 0.03, 0.031):
            full = model.complete({name: u for name in displacements})
            found = evaluator.evaluate(full)[0]
            assert relative(found, calculate(model, r, {name: u for name in displacements})) < 1e-6
            steps.append(evaluator.phases[0].grid.step if evaluator.phases[0].grid else None)
        assert steps[1] < 0.5 * steps[0] and steps[2] is None and steps[3] > steps[0]


class TestExactConvention:
    """F(Q) from Debye's equation over explicit pairs, with its own integrals and form factors."""

    @staticmethod
    def debye(crystal, q, length, delta2=0.0, qbroad=0.0, dispersion=None, size=1.0):
        """``size`` times as large as the crystal says: a copy among strained ones."""
        expanded = crystal.expand()
        i, j, vectors, distance = all_pairs(crystal, length)
        elements = sorted({e for site in crystal.sites for e, _ in site.species})
        f = dict(zip(elements, scattering_powers(elements, q), strict=True))
        f = {e: f0 + (dispersion or {}).get(e, 0) for e, f0 in f.items()}
        power = [sum(o * f[e] for e, o in crystal.sites[s].species) for s in expanded.site]
        atoms = sum(crystal.sites[s].occupancy for s in expanded.site)
        mean = sum(power) / atoms
        unit = vectors / distance[:, None]
        u = expanded.u_cartesian
        spread = np.einsum("pi,pij,pj->p", unit, u[i] + u[j], unit)
        spread *= 1 - delta2 / distance**2 + (qbroad * distance) ** 2
        x = distance / length
        share = 1 - 1.5 * x + 0.5 * x**3
        total = np.zeros_like(q)
        for a, b in itertools.product(range(len(power)), repeat=2):
            own = (i == a) & (j == b)
            wave = np.sin(np.outer(q * size, distance[own])) / size * np.exp(-0.5 * np.outer(q**2, spread[own]))
            total += (power[a] * np.conj(power[b])).real * (wave @ (share[own] / distance[own]))
        total /= atoms * np.abs(mean) ** 2
        # What lies around the domain has its mean density, and atoms that move as much: their pairs with those of the
        # domain complete the sum to that of even density, which scatters at Q = 0 only. By Simpson's rule.
        fine = np.linspace(0, length, 8001)
        weights = np.ones(fine.size)
        weights[1:-1:2], weights[2:-1:2] = 4, 2
        weights *= (fine[1] - fine[0]) / 3
        y = fine / length
        shape = 4 * np.pi * fine * (1 - 1.5 * y + 0.5 * y**3) / size
        motion = np.exp(-0.5 * np.outer(np.trace(u, axis1=1, axis2=2) / 3, q**2))
        moving = np.abs(np.sum(power * motion, axis=0) / mean) ** 2 / (atoms * expanded.volume)
        return total - moving * (np.sin(np.outer(q * size, fine)) @ (weights * shape))

    @pytest.mark.parametrize("crystal", [cryolite(mixed=True), wurtzite()], ids=lambda c: c.name)
    def test_equals_debye_summed_in_q(self, crystal):
        qmax, length = 13.0, 14.0
        r = np.arange(1.0, 16.0, 0.05)
        nodes, weights = np.polynomial.legendre.leggauss(300)
        q, weights = 0.5 * qmax * (nodes + 1), 0.5 * qmax * weights
        f = self.debye(crystal, q, length, delta2=1.5, qbroad=0.02)
        expected = 2 / np.pi * np.sin(np.outer(r, q)) @ (weights * f)
        model = PairModel((crystal,), qmax, envelope="sphere")
        found = calculate(model, r, {"coherence_length": length, "delta2": 1.5, "qbroad": 0.02})
        assert relative(found, expected) < 1e-5
        # With Lorch's window and a lower limit of Q both are smoothed alike.
        qmin = 0.9
        q, weights = qmin + (qmax - qmin) * (nodes + 1) / 2, weights * (qmax - qmin) / qmax
        f = self.debye(crystal, q, length, delta2=1.5, qbroad=0.02)
        window = np.sinc((q - qmin) / (qmax - qmin))
        expected = 2 / np.pi * np.sin(np.outer(r, q)) @ (weights * window * f)
        model = PairModel((crystal,), qmax, envelope="sphere", window="lorch", qmin=qmin)
        found = calculate(model, r, {"coherence_length": length, "delta2": 1.5, "qbroad": 0.02})
        assert relative(found, expected) < 1e-5

    def test_dispersion_enters_pairs_and_mean_alike(self):
        # f' and f'' of In at Ag Ka are -1.3 and 1.6 electrons; exaggerated here to be unmistakable.
        crystal, terms = cryolite(mixed=True), {"In": -5.0 + 6.0j, "Cl": 0.5 + 0.2j}
        qmax, length = 13.0, 14.0
        r = np.arange(1.0, 16.0, 0.05)
        nodes, weights = np.polynomial.legendre.leggauss(300)
        q, weights = 0.5 * qmax * (nodes + 1), 0.5 * qmax * weights
        expected = 2 / np.pi * np.sin(np.outer(r, q)) @ (weights * self.debye(crystal, q, length, dispersion=terms))
        start = {"coherence_length": length}
        found = calculate(PairModel((crystal,), qmax, envelope="sphere", dispersion=terms), r, start)
        without = calculate(PairModel((crystal,), qmax, envelope="sphere"), r, start)
        assert relative(found, expected) < 1e-5
        assert relative(without, expected) > 0.02

    def test_dispersion_keeps_the_derivatives(self):
        crystal, terms = cryolite(mixed=True), {"In": -5.0 + 6.0j}
        model = PairModel((crystal,), 13.0, envelope="sphere", dispersion=terms)
        r = np.arange(2.0, 16.0, 0.2)
        values = model.parameters | {"coherence_length": 14.0}
        names = [name for name in values if "occupancy" in name]
        slope = derivatives(model, r, names, values)[1]
        for column, name in enumerate(names):
            step = 1e-4
            up, down = (calculate(model, r, values | {name: values[name] + s}) for s in (step, -step))
            assert relative(slope[:, column], (up - down) / (2 * step)) < 1e-5, name

    @pytest.mark.parametrize(("proportional", "left"), [(0.0, 4e-6), (0.0005, 6e-6)])
    @pytest.mark.parametrize("crystal", [nickel(0.02), cryolite(mixed=True)], ids=lambda c: c.name)
    def test_the_instrument_blurs_the_intensity(self, crystal, proportional, left):
        # Every channel of a diffractometer sums what is scattered around its angle, weighted by a Gaussian of constant
        # angular width and of a band of wavelengths; it is divided by <f>^2/Q afterwards.
        wavelength, constant, length = 0.3, 0.011, 20.0
        model = PairModel((crystal,), 13.0, qmin=0.9)
        evaluator = Evaluator(model, np.arange(1.5, length + 1, 0.1), ())
        values = {"coherence_length": length, "qdamp": constant, "qslope_squared": proportional**2}
        q = np.arange(0.02, 14.0, 0.004)
        amounts = crystal.composition

        def mean(q):
            return np.array(list(amounts.values())) @ scattering_powers(list(amounts), q) / sum(amounts.values())

        intensity = mean(q) ** 2 * self.debye(crystal, q, length) / q
        angle, seen = (2 * np.arcsin(x * wavelength / (4 * np.pi)) for x in (q, evaluator.q))
        band = np.hypot(proportional, constant * wavelength / (4 * np.pi))
        width = np.hypot(constant * wavelength / (2 * np.pi), 2 * np.tan(angle / 2) * band)
        weight = np.gradient(angle) / width / np.sqrt(2 * np.pi)
        blurred = [np.sum(weight * intensity * np.exp(-0.5 * ((angle - at) / width) ** 2)) for at in seen]
        expected = evaluator.q * np.array(blurred) / mean(evaluator.q) ** 2
        inside = (evaluator.q > 0.95) & (evaluator.q < 12.9)
        slope = np.gradient(expected, evaluator.q)
        found = evaluator._spectrum(model.complete(values))[0]
        gap = found - expected
        assert relative(found[inside], expected[inside]) < 2e-4
        # A shift of all Q is what the cell would take up: the damping alone leaves 6e-5 to 9e-5 1/angstrom.
        shift = np.sum((slope * gap)[inside]) / np.sum(slope[inside] ** 2)
        assert abs(shift) < left

    def test_the_form_of_a_strained_domain_is_not_seen(self):
        # Copies of a domain, each with the density around it, of a normal distribution of sizes.
        crystal, length, strain = nickel(0.02), 30.0, 0.02
        evaluator = Evaluator(PairModel((crystal,), 13.0, qmin=0.5), np.arange(1.5, length + 1, 0.1), ())
        q = evaluator.q
        at, weights = np.polynomial.hermite_e.hermegauss(9)
        copies = [self.debye(crystal, q, length, size=1 + strain * t) for t in at]
        expected = np.array(weights) @ copies / np.sum(weights)
        found = evaluator._spectrum(
            evaluator.model.complete({"coherence_length": length, "microstrain_squared": strain**2})
        )[0]
        # Below the first reflection: 0.04 where the density keeps the bounds of a domain without strain.
        assert np.max(np.abs(found - expected)[q < 2.0]) < 2e-4

    @pytest.mark.parametrize("strain", [1e-4, -1e-5])
    def test_nor_is_that_of_strained_domains_without_one_end(self, strain):
        # Spheres of many diameters, each counted by its volume, whose sums the tests above hold.
        spread, length, crystal = 0.2, 16.0, nickel(0.02)
        r = np.arange(1.5, 55.0, 0.5)
        one = Evaluator(PairModel((crystal,), 13.0, qmin=0.3), r, ())
        z = np.linspace(-4.5, 4.5, 37)
        weights = np.exp(-0.5 * z * z)
        diameters = length * np.exp(spread * z - 0.5 * spread**2)
        expected = sum(
            weight * one._spectrum(one.model.complete({"coherence_length": d, "microstrain_squared": strain}))[0]
            for weight, d in zip(weights / weights.sum(), diameters, strict=True)
        )
        many = Evaluator(PairModel((crystal,), 13.0, envelope="lognormal", qmin=0.3), r, ())
        values = {"coherence_length": length, "coherence_spread": spread, "microstrain_squared": strain}
        found = many._spectrum(many.model.complete(values))[0]
        # 3e-3 where the density of such domains is left without strain.
        assert np.max(np.abs(found - expected)[one.q < 2.0]) < 1e-4

    def test_a_strained_domain_longer_than_the_grid_follows_those_within(self):
        model, r = PairModel((nickel(),), 13.0), np.arange(2.0, 20.0, 0.2)
        evaluator = Evaluator(model, r, ())
        end = evaluator.phases[0].scene.reach
        steps = [
            evaluator.evaluate(model.complete({"coherence_length": end + d, "microstrain_squared": 1e-4}))[0]
            for d in (-1.5e-3, -5e-4, 5e-4, 1.5e-3)
        ]
        before, across, after = (np.linalg.norm(b - a) for a, b in itertools.pairwise(steps))
        # Twenty times as much where the density of the longer ones is left without strain.
        assert across < 1.2 * max(before, after)

    @pytest.mark.slow
    def test_explicit_spherical_clusters(self):
        # Spheres cut from the crystal around origins spread evenly over the cell; 2,660 atoms each. What remains
        # is the scatter of the surface between origins, which falls with their number.
        crystal, length, qmax = cryolite(), 50.0, 13.0
        expanded = crystal.expand()
        r = np.arange(2.0, 45.0, 0.1)
        extent = [np.arange(-n, n + 1) for n in (5, 5, 4)]
        cells = np.array(list(itertools.product(*extent)))
        all_atoms = (expanded.positions[:, None, :] + cells[None]).reshape(-1, 3) @ expanded.lattice_matrix.T
        kinds = np.repeat([crystal.sites[s].species[0][0] for s in expanded.site], len(cells))
        elements = ["In", "Na", "Cl"]
        # Kronecker sequence of the plastic number: even in three dimensions.
        origins = np.outer(np.arange(48), [0.8191725134, 0.6710436067, 0.5497004779]) % 1.0
        edges = np.linspace(0, length, 5001)
        counts = {}
        atoms = 0.0
        for origin in origins @ expanded.lattice_matrix.T:
            inside = np.linalg.norm(all_atoms - origin, axis=1) < length / 2
            points = {e: all_atoms[inside & (kinds == e)] for e in elements}
            atoms += inside.sum() / len(origins)
            for a, b in itertools.combinations_with_replacement(elements, 2):
                square = (points[a] ** 2).sum(1)[:, None] + (points[b] ** 2).sum(1) - 2 * points[a] @ points[b].T
                bins = (np.sqrt(np.maximum(square, 0.0)).ravel() * 100.0).astype(np.int32)
                own = np.bincount(bins, minlength=5001)[:5000] * (1.0 if a == b else 2.0)
                own[:100] = 0.0
                counts[a, b] = counts.get((a, b), 0.0) + own / len(origins)
        assert 2500 < atoms < 2800
        centre = 0.5 * (edges[1:] + edges[:-1])
        nodes, weights = np.polynomial.legendre.leggauss(450)
        q, weights = 0.5 * qmax * (nodes + 1), 0.5 * qmax * weights
        f = dict(zip(elements, scattering_powers(elements, q), strict=True))
        composition = crystal.composition
        mean = sum(composition[e] * f[e] for e in elements) / sum(composition.values())
        sines = np.sin(np.outer(q, centre))
        total = sum(f[a] * f[b] * (sines @ (n / centre)) for (a, b), n in counts.items())
        total *= np.exp(-0.5 * q**2 * 0.04) / (atoms * mean**2)
        x = centre / length
        density = sum(composition.values()) / crystal.volume
        even = sines @ (4 * np.pi * density * centre * (1 - 1.5 * x + 0.5 * x**3)) * (centre[1] - centre[0])
        total -= even * np.exp(-0.5 * q**2 * 0.04)
        expected = 2 / np.pi * np.sin(np.outer(r, q)) @ (weights * total)
        model = PairModel((crystal.with_values({"M1.u_iso": 0.02}),), qmax)
        found = calculate(model, r, {"coherence_length": length})
        assert relative(found, expected) < 1e-2


class TestPdffit2:
    """diffpy.pdffit2 1.5.1 computes from r = 0.01, and its convention is one of ours."""

    @staticmethod
    def peer(crystal, r, qmax, *, length=None, **settings):
        pdffit2 = pytest.importorskip("diffpy.pdffit2", reason="diffpy.pdffit2 is a test dependency")
        structure = pytest.importorskip("diffpy.structure")
        expanded = crystal.expand()
        inverse = np.linalg.inv(displacement_frame(np.array(crystal.lattice)))
        made = structure.Structure(lattice=structure.Lattice(*crystal.lattice))
        for n, x in enumerate(expanded.positions):
            site = crystal.sites[expanded.site[n]]
            tensor = inverse @ expanded.u_cartesian[n] @ inverse.T
            made.addNewAtom(site.species[0][0], x, occupancy=site.occupancy, U=tensor)
        program = pdffit2.PdfFit(create_intro=False)
        program.add_structure(made)
        program.alloc("X", qmax, settings.pop("qdamp", 0.0), r[0], r[-1], len(r))
        for name, value in settings.items():
            program.setvar(name, value)
        if length:
            program.setvar("spdiameter", length)
        program.calc()
        return np.array(program.getpdf_fit())

    @pytest.mark.parametrize(
        ("crystal", "qmax", "rmax", "settings"),
        [
            (nickel(), 25.0, 50.0, {"qdamp": 0.045, "qbroad": 0.017, "delta2": 1.7}),
            (cryolite().with_values({"M1.u_iso": 0.02}), 13.0, 60.0, {"qdamp": 0.011, "qbroad": 0.010, "delta2": 2.0}),
            (wurtzite(), 25.0, 30.0, {"qdamp": 0.05, "delta2": 3.0, "length": 30.0}),
            (wurtzite(), 25.0, 30.0, {"delta1": 0.4}),
        ],
        ids=["nickel", "cryolite", "wurtzite sphere", "wurtzite delta1"],
    )
    def test_agrees_in_its_convention(self, crystal, qmax, rmax, settings):
        r = np.arange(1, int(100 * rmax) + 1) * 0.01
        expected = self.peer(crystal, r, qmax, **settings)
        values = {k: v for k, v in settings.items() if k != "length"}
        if "length" in settings:
            values["coherence_length"] = settings["length"]
        model = PairModel((crystal,), qmax, "pdffit", "sphere" if "length" in settings else "none")
        assert relative(calculate(model, r, values), expected) < 3e-3

    @pytest.mark.parametrize("length", [None, 30.0])
    def test_what_differs_at_low_qmax_is_its_cut(self, length):
        # pdffit2 cuts with a discrete transform of the positive r alone, on whole bins of Q. Our G(r) before the
        # cut, put through that same filter, is its G(r); through an exact cut the two differ by one percent.
        crystal, qmax, step = wurtzite(), 14.0, 0.01
        r = np.arange(1, 2001) * step
        settings = {"length": length, "delta2": 3.0, "qdamp": 0.03}
        expected = self.peer(crystal, r, qmax, **settings)
        extended = np.arange(1, 2001 + int(np.ceil(12 * np.pi / qmax / step))) * step
        values = {"delta2": 3.0, "qdamp": 0.03} | ({"coherence_length": length} if length else {})
        envelope = "sphere" if length else "none"
        raw = calculate(PairModel((crystal,), 70.0, "pdffit", envelope), extended, values)
        size = 2 ** int(np.ceil(np.log2(2 * extended.size)))
        spectrum = np.fft.fft(raw, size)
        cut = int(np.ceil(qmax / (2 * np.pi / (size * step))))
        spectrum[cut : size + 1 - cut] = 0.0
        filtered = np.fft.ifft(spectrum).real[: r.size]
        assert relative(filtered, expected) < 1e-3
        exact = calculate(PairModel((crystal,), qmax, "pdffit", envelope), r, values)
        assert 3e-3 < relative(exact, expected) < 2e-2


@pytest.mark.parametrize("crystal", [nickel(), cryolite(), wurtzite()], ids=lambda c: c.name)
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("envelope", ["none", "sphere"])
def test_half_the_internal_step_changes_less_than_a_millionth(crystal, convention, envelope):
    r = np.arange(0.5, 30.0, 0.02)
    values = {"delta2": 1.5, "qdamp": 0.02, "qbroad": 0.01}
    if envelope == "sphere":
        values["coherence_length"] = 22.0
    one = calculate(PairModel((crystal,), 16.0, convention, envelope), r, values)
    half = calculate(PairModel((crystal,), 16.0, convention, envelope, refinement_of_grid=2.0), r, values)
    assert relative(one, half) < 1e-6


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("anisotropic", [False, True])
def test_every_derivative(convention, envelope, anisotropic):
    crystal = cryolite(mixed=True)
    if anisotropic:
        crystal = crystal.anisotropic(["M1", "Cl1"]).with_values({"Cl1.u12": 0.003, "M1.u33": 0.03})
    model = PairModel((crystal,), 13.0, convention, envelope)
    values = {"delta1": 0.3, "delta2": 1.5, "qdamp": 0.02, "qbroad": 0.03, "scale": 0.7}
    if envelope != "none":
        values["coherence_length"] = 13.0
    if envelope == "lognormal":
        values["coherence_spread"] = 0.4
    values |= {"microstrain_squared": 1e-5, "qslope_squared": 1.6e-5}
    names, r = list(model.parameters), np.arange(1.0, 14.0, 0.2)
    _, jacobian = derivatives(model, r, names, values)
    full = model.complete(values)
    for k, name in enumerate(names):
        # A fresh one, for the grid that one keeps from other parameters differs by its rounding of the sphere's end.
        evaluator = Evaluator(model, r, ())
        # Large enough for what a remade grid leaves (2e-8), small enough for five points.
        step = {"microstrain": 1e-5, "qbroad": 1e-3, "qslope": 5e-6, "coherence": 3e-3, "beta": 0.02}.get(
            name.split("_")[0], 3e-4
        )
        values = [evaluator.evaluate(full | {name: full[name] + n * step})[0] for n in (-2, -1, 1, 2)]
        numeric = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
        assert np.linalg.norm(jacobian[:, k] - numeric) < 3e-5 * np.linalg.norm(numeric), name


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_derivative_does_not_depend_on_what_else_is_free(convention):
    model = PairModel((cryolite(),), 13.0, convention, "lognormal")
    names, r = list(model.parameters), np.arange(2.0, 10.0, 0.25)
    values = {"coherence_length": 30.0, "delta2": 1.0, "qdamp": 0.02, "qbroad": 0.01}
    _, together = derivatives(model, r, names, values)
    for k, name in enumerate(names):
        np.testing.assert_allclose(derivatives(model, r, [name], values)[1][:, 0], together[:, k], atol=1e-9)


class TestEnvelopes:
    r = np.linspace(0.05, 120.0, 300)

    def test_sphere(self):
        # Shares at special distances: all at 0, 5/16 at half a diameter, none at the diameter.
        value = envelope_on("sphere", np.array([0.0, 25.0, 50.0, 70.0]), 50.0, 1.0).value
        np.testing.assert_allclose(value, [1.0, 5 / 16, 0.0, 0.0], atol=1e-15)

    def test_lognormal_is_the_volume_weighted_mean_of_spheres(self):
        # ln D ~ N(mu, s^2), weights D^3; the mean diameter by volume is 50 angstrom.
        length, s = 50.0, 0.35
        mu = np.log(length) - 3.5 * s * s
        z = np.linspace(-9, 9, 20001)
        diameter = np.exp(mu + s * z)
        weight = np.exp(-0.5 * z * z) * diameter**3
        assert abs((weight * diameter).sum() / weight.sum() - length) < 1e-6
        x = np.minimum(self.r[:, None] / diameter, 1.0)
        expected = ((1 - 1.5 * x + 0.5 * x**3) @ weight) / weight.sum()
        found = envelope_on("lognormal", self.r, length, s).value
        np.testing.assert_allclose(found, expected, atol=3e-7)
        # The functional is <D^3>/<D^2>.
        area = np.exp(-0.5 * z * z) * diameter**2
        mean = (area * diameter).sum() / area.sum()
        assert inverse_mean_length("lognormal", length, s)[0] == pytest.approx(1 / mean, rel=1e-9)

    def test_narrow_lognormal_is_one_sphere(self):
        narrow = envelope_on("lognormal", self.r, 80.0, 1e-3).value
        np.testing.assert_allclose(narrow, envelope_on("sphere", self.r, 80.0, 1.0).value, atol=1e-5)

    @pytest.mark.parametrize("aspect", [0.4, 1.0, 2.5])
    def test_spheroid_is_the_overlap_of_a_spheroid_with_its_ghost(self, aspect):
        # Points drawn in a spheroid of volume (pi/6) 60^3: the share of them that a shift leaves inside.
        rng = np.random.default_rng(5)
        size = 400_000
        ball = rng.normal(size=(size, 3))
        ball *= (rng.random(size) ** (1 / 3) / np.linalg.norm(ball, axis=1))[:, None]
        half = 30.0 * np.array([aspect ** (-1 / 3), aspect ** (-1 / 3), aspect ** (2 / 3)])
        for r in (10.0, 25.0, 45.0):
            shift = rng.normal(size=(size, 3))
            shift *= r / np.linalg.norm(shift, axis=1)[:, None]
            inside = np.linalg.norm((ball * half + shift) / half, axis=1) < 1
            found = envelope_on("spheroid", np.array([r]), 60.0, aspect).value[0]
            assert abs(found - inside.mean()) < 5 * np.sqrt(0.25 / size)

    def test_plate_is_the_overlap_of_a_slab_with_its_ghost(self):
        cosine = (np.arange(200_000) + 0.5) / 200_000
        for r in (10.0, 39.0, 70.0):
            expected = np.maximum(1 - r * cosine / 40.0, 0).mean()
            assert envelope_on("plate", np.array([r]), 40.0, 1.0).value[0] == pytest.approx(expected, abs=1e-5)

    @pytest.mark.parametrize(
        ("shape", "form", "mean"),
        # 6 V/S: of a sphere its diameter, of a plate three thicknesses, of a needle 3/2 of its thickness.
        [("sphere", 1.0, 60.0), ("spheroid", 1.0, 60.0), ("plate", 1.0, 180.0), ("none", 1.0, np.inf)],
    )
    def test_mean_length(self, shape, form, mean):
        assert inverse_mean_length(shape, 60.0, form)[0] == pytest.approx(1 / mean, abs=1e-12)

    @pytest.mark.parametrize("aspect", [0.5, 3.0])
    def test_mean_length_of_a_spheroid_is_six_volumes_by_its_surface(self, aspect):
        a, c = 30.0 * aspect ** (-1 / 3), 30.0 * aspect ** (2 / 3)
        if aspect > 1:
            e = np.sqrt(1 - (a / c) ** 2)
            surface = 2 * np.pi * a * a * (1 + c / (a * e) * np.arcsin(e))
        else:
            e = np.sqrt(1 - (c / a) ** 2)
            surface = 2 * np.pi * a * a * (1 + (1 - e * e) / e * np.arctanh(e))
        mean = 6 * (4 / 3 * np.pi * a * a * c) / surface
        assert 1 / inverse_mean_length("spheroid", 60.0, aspect)[0] == pytest.approx(mean, rel=1e-6)

    @pytest.mark.parametrize("shape", [name for name in ENVELOPES if name != "none"])
    def test_derivatives(self, shape):
        r, h = np.array([3.0, 20.0, 39.0, 55.0]), 1e-5
        form = 1.7 if shape == "spheroid" else 0.3

        def at(r, length, form):
            return envelope_on(shape, r, length, form).value

        found = envelope_on(shape, r, 60.0, form)
        np.testing.assert_allclose((at(r + h, 60, form) - at(r - h, 60, form)) / (2 * h), found.by_r, atol=1e-7)
        np.testing.assert_allclose((at(r, 60 + h, form) - at(r, 60 - h, form)) / (2 * h), found.by_length, atol=1e-7)
        np.testing.assert_allclose((at(r, 60, form + h) - at(r, 60, form - h)) / (2 * h), found.by_form, atol=1e-7)
        _, by_length, by_form = inverse_mean_length(shape, 60.0, form)
        for point, expected in (((h, 0.0), by_length), ((0.0, h), by_form)):
            above, below = (inverse_mean_length(shape, 60 + n * point[0], form + n * point[1])[0] for n in (1, -1))
            assert (above - below) / (2 * h) == pytest.approx(expected, abs=1e-9)


class TestStrain:
    """Domains of different lattice parameter, one Debye sum each, against the widths of the model."""

    q = np.linspace(0.5, 20.0, 400)

    @pytest.mark.parametrize("axes", ["abc", "b"])
    def test_strained_copies(self, axes):
        crystal, rms, r = cryolite(), 0.004, np.arange(1.0, 30.0, 0.1)
        nodes, weights = np.polynomial.hermite_e.hermegauss(15)
        model = PairModel((crystal,), 13.0, envelope="none")
        mean = np.zeros_like(r)
        for node, weight in zip(nodes, weights / weights.sum(), strict=True):
            stretched = {axis: crystal.parameters[axis] * (1 + rms * node) for axis in axes}
            # Per atom: the model's own density of each copy enters its baseline, which strain to second order keeps.
            mean += weight * calculate(model, r, stretched)
        suffix = "" if axes == "abc" else f"_{axes}"
        found = calculate(model, r, {f"microstrain_squared{suffix}": rms**2})
        plain = calculate(model, r, {})
        assert relative(found, mean) < 0.03 * relative(plain, mean)

    def test_derivatives_with_the_strain_of_an_axis(self):
        # Those in the structure take the strain of an axis as growing with the distance, which it does but for turns of
        # the pair: good to a thousandth. Those in the strain are exact.
        model, r = PairModel((cryolite(),), 13.0), np.arange(1.0, 25.0, 0.25)
        full = model.complete({"microstrain_squared_b": 2e-5, "qslope_squared": 4e-6})
        evaluator, h = Evaluator(model, r, ()), 1e-7
        for name, accuracy in (("microstrain_squared_b", 1e-4), ("qslope_squared", 1e-4), ("b", 1e-3), ("Cl1.y", 1e-3)):
            found = derivatives(model, r, [name], full)[1][:, 0]
            both = [evaluator.evaluate(full | {name: full[name] + n * h})[0] for n in (-1, 1)]
            assert relative(found, (both[1] - both[0]) / (2 * h)) < accuracy, name

    def test_a_negative_square_narrows_and_the_instrument_adds(self):
        model, r = PairModel((cryolite(),), 13.0), np.arange(1.0, 40.0, 0.1)
        # In the exact convention the instrument moves peaks besides, by far less than it widens them.
        for convention, accuracy in (("pdffit", 1e-10), ("exact", 1e-3)):
            one = PairModel((cryolite(),), 13.0, convention)
            both = calculate(one, r, {"microstrain_squared": -5e-6, "qslope_squared": 9e-6})
            np.testing.assert_allclose(both, calculate(one, r, {"microstrain_squared": 4e-6}), atol=accuracy)
        # Two pairs of one crystal with different U widen alike: not so with PDFfit2's product.
        sharp = calculate(model, r, {"microstrain_squared": -4e-6})
        assert np.ptp(sharp[r > 20]) > np.ptp(calculate(model, r, {})[r > 20])

    def test_a_resolution_that_grows_with_q_is_an_added_width(self):
        # I(Q) of one pair distance under a Gaussian window of width b Q is damped by exp(-(b Q d)^2/2).
        b, d, q = 0.002, 25.0, 9.0
        x = np.linspace(-8, 8, 4001)
        weight = np.exp(-0.5 * x * x)
        smeared = (weight * np.sin((q + b * q * x) * d)).sum() / weight.sum()
        assert smeared == pytest.approx(np.sin(q * d) * np.exp(-0.5 * (b * q * d) ** 2), rel=1e-9)


def test_exponential_of_the_loop_is_that_of_the_library():
    x = np.concatenate([np.linspace(-40, 12, 5000), [0.0, -1e-9, -700.0]])
    found = x.copy()
    kernel.exponential(found, np.empty(x.size, np.int64), x.size)
    np.testing.assert_allclose(found, np.exp(x), rtol=3e-14)


def test_several_phases_add_with_their_scales():
    r = np.arange(2.0, 20.0, 0.1)
    both = PairModel((nickel(), cryolite()), 20.0, "pdffit", envelope="sphere")
    values = {
        "Ni:scale": 0.3,
        "cryolite:scale": 0.6,
        "Ni:coherence_length": 40.0,
        "cryolite:delta2": 2.0,
        "qdamp": 0.02,
    }
    one = calculate(PairModel((nickel(),), 20.0, "pdffit"), r, {"scale": 0.3, "coherence_length": 40.0, "qdamp": 0.02})
    two = calculate(PairModel((cryolite(),), 20.0, "pdffit"), r, {"scale": 0.6, "delta2": 2.0, "qdamp": 0.02})
    np.testing.assert_allclose(calculate(both, r, values), one + two, atol=1e-6)
    assert {"Ni:a", "cryolite:Cl1.x", "qdamp"} <= set(both.parameters)


def test_neutrons_weigh_with_scattering_lengths():
    # NaCl: b = 3.63 and 9.577 fm; like the coordination numbers, the first peaks (Na-Cl 6 of each, then Cl-Cl,
    # Na-Na 12 of each) have areas fixed by them.
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), 0.005), Site("Cl1", (0.5, 0.5, 0.5), (("Cl", 1.0),), 0.005))
    crystal = Crystal("NaCl", (5.64, 5.64, 5.64, 90, 90, 90), "Fm-3m", sites)
    model = PairModel((crystal,), 60.0, "pdffit", "none", radiation="neutron")
    r = np.arange(2.2, 3.4, 0.001)
    baseline = 4 * np.pi * 8 / crystal.volume * r
    area = np.sum((calculate(model, r) + baseline) * r) * 0.001
    mean = (3.63 + 9.577) / 2
    assert abs(area / (6 * 3.63 * 9.577 / mean**2) - 1) < 2e-3


def test_pairs_without_a_width_get_the_least_and_are_told():
    # delta2 = 7 exceeds the square of the first distance, 2.49 angstrom. The peak is drawn with the least width, which
    # has lost 2 percent at qmax, so the area under it is still that of twelve neighbours.
    model = PairModel((nickel(),), 20.0, "pdffit", envelope="none")
    r = np.arange(2.0, 3.0, 0.01)
    with pytest.warns(CoherionWarning, match="1 pairs of the model are narrower than Qmax can show"):
        sharp = calculate(model, r, {"delta2": 7.0})
    wide = calculate(model, r, {"delta2": 4.0})
    assert sharp.max() > wide.max()
    # Narrower than the least makes no difference, and no time is lost on ever finer grids.
    evaluator = Evaluator(model, r, ("delta2",))
    tiny = model.complete({"delta2": 7.0, "Ni1.u_iso": 1e-9})
    value, slope = evaluator.evaluate(tiny)
    assert evaluator.narrow > 1 and np.all(slope == 0.0) and np.all(np.isfinite(value))
    assert evaluator.phases[0].grid.points < 1000


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="unknown envelope; found cube; expected none, sphere"):
        PairModel((nickel(),), 20.0, envelope="cube")
    with pytest.raises(InputError, match="unknown convention"):
        PairModel((nickel(),), 20.0, convention="topas")
    with pytest.raises(InputError, match="two phases have the same name"):
        PairModel((nickel(), nickel()), 20.0)
    model = PairModel((nickel(),), 20.0, envelope="none")
    with pytest.raises(InputError, match="b: not a free parameter.*sets b = a"):
        calculate(model, np.array([3.0]), {"b": 3.5})
    assert model.why_fixed("coherence_length") == "the envelope none has no parameter"


def test_a_mixture_is_divided_by_its_own_form_factors():
    """Two phases that scatter unlike: F(Q) of the mixture from its own sums, phase by phase."""
    metal, salt, qmax = nickel(), cryolite(), 20.0
    r, atoms = np.arange(2.0, 20.0, 0.1), {"Ni": 0.3, "cryolite": 0.7}
    nodes, weights = np.polynomial.legendre.leggauss(400)
    q, weights = 0.5 * qmax * (nodes + 1), 0.5 * qmax * weights
    mean, alone = {}, {}
    for crystal in (metal, salt):
        amounts = crystal.composition
        power = scattering_powers(list(amounts), np.append(q, 0.0))
        mean[crystal.name] = np.array(list(amounts.values())) @ power / sum(amounts.values())
        # F(Q) of the phase by itself, from its own G(r) without an end in r: domains of 15 angstrom.
        model, fine = PairModel((crystal,), qmax), np.arange(0.005, 60.0, 0.01)
        alone[crystal.name] = np.sin(np.outer(q, fine)) @ calculate(model, fine, {"coherence_length": 15.0}) * 0.01
    mixture = sum(atoms[name] * mean[name] for name in atoms)
    total = sum(atoms[name] * mean[name][:-1] ** 2 * alone[name] for name in atoms) / mixture[:-1] ** 2
    expected = 2 / np.pi * np.sin(np.outer(r, q)) @ (weights * total)
    scales = {f"{name}:scale": atoms[name] * (mean[name][-1] / mixture[-1]) ** 2 for name in atoms}
    values = scales | {f"{name}:coherence_length": 15.0 for name in atoms}
    composition = {}
    for crystal in (metal, salt):
        for element, amount in crystal.composition.items():
            own = atoms[crystal.name] * amount / sum(crystal.composition.values())
            composition[element] = composition.get(element, 0.0) + own
    for said in ({}, composition):
        found = calculate(PairModel((metal, salt), qmax, composition=said), r, values)
        assert relative(found, expected) < 2e-3
    wrong = calculate(PairModel((metal,), qmax), r, {"scale": scales["Ni:scale"], "coherence_length": 15.0})
    wrong = wrong + calculate(
        PairModel((salt,), qmax), r, {"scale": scales["cryolite:scale"], "coherence_length": 15.0}
    )
    assert relative(wrong, expected) > 1e-2
