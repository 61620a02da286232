"""G(r) and its Jacobian for one model, one set of r and one set of parameters, evaluated many times."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from coherion.atoms.scattering_factors import constant_powers, scattering_powers
from coherion.crystal.crystal import Crystal, Expanded
from coherion.crystal.symmetry import VOIGT
from coherion.errors import CoherionError
from coherion.messages import warn
from coherion.pair_model import kernel, transform
from coherion.pair_model.density import Density
from coherion.pair_model.envelope import SHAPES, envelope_on, length_and_form
from coherion.pair_model.model import MOTION, SHARED_DEFAULTS, PairModel
from coherion.pair_model.pairs import PairList, list_pairs
from coherion.pair_model.seen import Seen

# Ripples 2 pi/qmax that peaks beyond the largest r still send into the range.
EXTENSION_RIPPLES = 5.5
# What of a peak's spectrum the grid may fold back into [0, Qmax].
ALIASING = 1e-7
# A grid is remade coarser once the sharpest peak has this many times the variance it was made for.
COARSER = 3.0
# Least variance of a peak, times qmax^2.
NARROWEST = 0.05
# Points of the table of the envelope that the compiled loop interpolates.
TABLE = 4096
STRAIN = MOTION.index("microstrain_squared")


class Evaluator:
    """Evaluates one model at the distances r (angstrom) with derivatives in ``names``.

    It keeps the pair list, the grid and the transform between calls, and makes them anew when the structure has
    moved further than they allow. ``powers`` by element stand for their scattering powers, zero for those not named:
    what partial functions are made from.
    """

    def __init__(
        self, model: PairModel, r: np.ndarray, names: Sequence[str], powers: Mapping[str, float] | None = None
    ) -> None:
        self.model = model
        self.r = np.asarray(r, float)
        self.names = tuple(names)
        known = model.parameters
        for name in self.names:
            if name not in known:
                raise CoherionError(f"{name} is not a free parameter: {model.why_fixed(name)}")
        top = float(self.r.max())
        extension = model.extension
        if extension is None:
            extension = EXTENSION_RIPPLES * 2.0 * np.pi / model.qmax
        self.q, weights = transform.quadrature(model.qmin, model.qmax, 2.0 * top + extension)
        window = transform.window_factor(model.window, self.q, model.qmin, model.qmax)
        self.back = (2.0 / np.pi) * weights * window * transform.sine_matrix(self.r, self.q)
        scene = _Scene(model, self.names, top, top + extension, self.q, powers)
        self.phases = [_Phase(scene, k) for k in range(len(model.phases))]
        self._last: tuple[dict[str, float], tuple[np.ndarray, np.ndarray]] | None = None

    def evaluate(self, values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """G (n,) in 1/angstrom^2 and its derivatives (n, len(names)), read-only; ``values`` names every parameter."""
        # A fit with other weights starts where the one before ended.
        if self._last is None or self._last[0] != values:
            both = self.back @ self._spectrum(values).T
            both.flags.writeable = False
            self._last = dict(values), (both[:, 0], both[:, 1:])
        return self._last[1]

    def reduced_structure_factor(self, values: Mapping[str, float], q: np.ndarray) -> np.ndarray:
        """F(Q) in 1/angstrom at q (1/angstrom, within Qmin to Qmax), of atoms as far apart as r reaches."""
        from scipy.interpolate import CubicSpline

        # The nodes of the quadrature follow what oscillates as fast as sin(Q r) at the largest r.
        return np.asarray(CubicSpline(self.q, self._spectrum(values)[0])(q), dtype=float)

    def _spectrum(self, values: Mapping[str, float]) -> np.ndarray:
        """F(Q) and its derivatives on the nodes of the quadrature, (1 + len(names), nodes)."""
        spectrum = np.zeros((1 + len(self.names), self.q.size))
        if len(self.phases) == 1 or self.model.convention != "exact":
            for phase in self.phases:
                phase.add(values, spectrum)
        else:
            for phase, share in zip(self.phases, self._shares(values), strict=True):
                own = np.zeros_like(spectrum)
                phase.add(values, own)
                spectrum += share * own
        return spectrum

    def _shares(self, values: Mapping[str, float]) -> np.ndarray:
        """How each phase of a mixture weighs at each Q, beside its weight at Q = 0, shape (phases, q).

        A phase's F(Q) is that of its atoms by its own <f>^2, the data's that of all atoms by the mixture's: they differ
        by <f>_phase^2/<f>_mixture^2, whose value at Q = 0 stays in the scale. The mixture is the composition that the
        data were divided by; where that is not said, the phases' own atoms, of which there are scale/<f>^2(0). The
        derivative of that in the scales, of second order in what phases differ, is left out.
        """
        means = np.array([phase.mean_power(values) for phase in self.phases])
        if self.model.composition:
            elements, amounts = zip(*self.model.composition.items(), strict=True)
            q = np.concatenate([[0.0], self.q])
            power = scattering_powers(elements, q, self.model.radiation, self.model.dispersion)
            mixture = np.array(amounts) @ power / sum(amounts)
        else:
            scales = np.array([max(values[f"{phase.prefix}scale"], 0.0) for phase in self.phases])
            atoms = scales / np.abs(means[:, 0]) ** 2
            if not atoms.any():
                return np.ones((len(means), self.q.size))
            mixture = atoms @ means / atoms.sum()
        share = np.abs(means / mixture) ** 2
        return share[:, 1:] / share[:, :1]

    @property
    def narrow(self) -> int:
        """Pairs that the last evaluation drew with the least width because theirs is smaller or imaginary."""
        return sum(phase.narrow for phase in self.phases)


@dataclass(frozen=True)
class _Scene:
    """What all phases of an Evaluator share; a phase that knew its Evaluator would keep it alive in a cycle."""

    model: PairModel
    names: tuple[str, ...]
    top: float
    reach: float
    q: np.ndarray
    powers: Mapping[str, float] | None = None


class _Phase:
    """One phase of an Evaluator."""

    def __init__(self, scene: _Scene, index: int) -> None:
        model = scene.model
        self.scene = scene
        self.crystal: Crystal = model.phases[index]
        self.prefix = model.prefix(index)
        self.exact = model.convention == "exact"
        self.shape = SHAPES[model.envelope]
        self.own_shape = tuple(self.shape.parameters)
        self.own_names = tuple(self.crystal.parameters)
        local = (*self.own_names, "scale", *MOTION, *self.own_shape, *SHARED_DEFAULTS)
        full = {name: name if name in SHARED_DEFAULTS else self.prefix + name for name in local}
        column = {name: k + 1 for k, name in enumerate(scene.names)}
        self.full = full
        self.columns = {name: column[full[name]] for name in local if full[name] in column}
        self.elements = tuple(dict.fromkeys(e for site in self.crystal.sites for e, _ in site.species))
        if scene.powers is not None:
            alike = np.array([scene.powers.get(element, 0.0) for element in self.elements])
            self.power = np.repeat(alike[:, None], scene.q.size if self.exact else 1, axis=1)
        elif self.exact:
            self.power = scattering_powers(self.elements, scene.q, model.radiation, model.dispersion)
        else:
            self.power = constant_powers(self.elements, model.radiation)[:, None]
        self.pairs_of_elements = list(itertools.combinations_with_replacement(range(len(self.elements)), 2))
        self.power_of_pairs = np.array([(self.power[a] * self.power[b].conj()).real for a, b in self.pairs_of_elements])
        # Strain of single axes does not widen the density.
        strained = [name for name, _ in self.meaning_of(MOTION[STRAIN])] if self.exact else []
        self.density = Density(
            scene.q, model.qmax, scene.top, scene.reach, model.envelope, self.columns, strained, self.exact
        )
        self.seen: Seen | None = None
        self.pair_list: PairList | None = None
        self.grid: transform.Grid | None = None
        # A peak this narrow has lost 2 percent at qmax; what is narrower looks the same and would need a finer grid.
        self.floor = NARROWEST / scene.model.qmax**2
        self.narrow = 0
        self._table: tuple[Any, np.ndarray, list[tuple[int, int]]] | None = None

    def _value(self, values: Mapping[str, float], name: str, missing: float = 0.0) -> float:
        return float(values.get(self.full[name], missing))

    def mean_power(self, values: Mapping[str, float]) -> np.ndarray:
        """<f> of the phase at Q = 0, then at each Q of the scene."""
        q = np.concatenate([[0.0], self.scene.q])
        power = scattering_powers(self.elements, q, self.scene.model.radiation, self.scene.model.dispersion)
        crystal = self.crystal.with_values({name: values[self.full[name]] for name in self.own_names})
        amounts = crystal.composition
        return np.array([amounts[e] for e in self.elements]) @ power / sum(amounts.values())

    def meaning_of(self, motion: str) -> list[tuple[str, float]]:
        """The parameters wanted that one term of the width belongs to, with factors: the loop has the sum of two."""
        both = (motion, "qslope_squared") if motion == MOTION[STRAIN] else (motion,)
        return [(name, 1.0) for name in both if name in self.columns]

    def add(self, values: Mapping[str, float], spectrum: np.ndarray) -> None:
        """Add F(Q) of this phase, and its derivatives, to the rows of ``spectrum``."""
        crystal = self.crystal.with_values({name: values[self.full[name]] for name in self.own_names})
        expanded = crystal.expand()
        motion = np.array([self._value(values, name) for name in MOTION])
        motion[STRAIN] += self._value(values, "qslope_squared")
        length, form = length_and_form(self.scene.model.envelope, partial(self._value, values))
        self._prepare(crystal, expanded, motion, length, form)
        rows, plan = self._sum_pairs(crystal, expanded, motion, length, form)
        while self.grid is not None and plan.smallest < self.grid.least_variance:
            self._make_grid(0.8 * plan.smallest)
            rows, plan = self._sum_pairs(crystal, expanded, motion, length, form)
        self.narrow = plan.narrow
        self._assemble(values, crystal, expanded, rows, plan, motion, length, form, spectrum)
        if self.grid is not None and COARSER * self.grid.least_variance < plan.smallest < np.inf:
            # The peaks are broader than the grid was made for: the next call saves time on a coarser one.
            self.grid = None

    def _prepare(self, crystal: Crystal, expanded: Expanded, motion: np.ndarray, length: float, form: float) -> None:
        """Make the pair list and the grid, if there are none that still hold."""
        scene = self.scene
        largest = 2.0 * float(np.linalg.eigvalsh(expanded.u_cartesian).max())
        # c(r) is at most this within the range; negative delta1, delta2 broaden near peaks only.
        growth = 1.0 + (motion[2] * scene.reach) ** 2 + abs(min(motion[0], 0.0)) + abs(min(motion[1], 0.0))
        strain = (max(motion[STRAIN], 0.0) + max(motion[STRAIN + 1 :].max(), 0.0)) * scene.reach**2
        distance = scene.reach + kernel.CUTOFF * np.sqrt(max(largest, 1e-6) * growth + strain)
        ample = distance
        if self.exact and self.shape.ends:
            # No pair is longer than the domain; it may still grow by a third before the list is remade.
            longest = self.shape.breaks(length, form)[-1]
            ample = min(distance, 1.33 * longest)
            distance = min(distance, longest)
        if self.pair_list is None or not self.pair_list.covers(expanded, distance):
            self.pair_list = list_pairs(crystal, expanded, ample + 0.5 + 0.01 * ample)
        if self.grid is None:
            least = kernel.smallest_variance(
                expanded.lattice_matrix,
                expanded.positions,
                _six(expanded.u_cartesian),
                self.pair_list.blocks,
                self.pair_list.atom,
                self.pair_list.cell,
                motion,
                self.floor,
            )
            self._make_grid(0.85 * least)

    def _make_grid(self, variance: float) -> None:
        """The grid on which peaks of at least this variance (angstrom^2) lose less than ALIASING."""
        scene = self.scene
        edge = np.sqrt(-2.0 * np.log(ALIASING) / variance)
        if scene.reach > scene.top:
            # The taper has a spectrum, too.
            edge = max(edge, transform.TAPER**2 / (scene.reach - scene.top))
        step = 2.0 * np.pi / (scene.model.qmax + edge) / scene.model.refinement_of_grid
        points = int(np.ceil(scene.reach / step)) + 1
        r = np.arange(points) * step
        taper = transform.taper(r, scene.top, scene.reach)
        forward = step * transform.sine_matrix(r, scene.q)
        self.grid = transform.Grid(step, points, r, taper, forward, variance)

    def _sum_pairs(
        self, crystal: Crystal, expanded: Expanded, motion: np.ndarray, length: float, form: float
    ) -> tuple[np.ndarray, _Plan]:
        """Run the compiled loop over all blocks; the rows it fills, and what they mean."""
        assert self.pair_list is not None and self.grid is not None
        grid, pairs = self.grid, self.pair_list
        plan = _Plan(self, crystal, expanded)
        rows = np.zeros((plan.rows, grid.points + 2 * kernel.CHUNK))
        six = _six(expanded.u_cartesian)
        wanted = np.array(
            [bool(self.meaning_of(name)) for name in MOTION]
            + [self.exact and name in self.columns for name in self.own_shape]
            + [False] * (2 - len(self.own_shape))
        )
        axial = bool(np.any(motion[STRAIN + 1 :])) or bool(wanted[STRAIN + 1 : len(MOTION)].any())
        weighted = self.exact and bool(self.own_shape)
        table, table_step = self._table_of_envelope(length, form) if weighted else (np.zeros((3, 2)), 1.0)
        for block, piece in zip(pairs.blocks, plan.blocks, strict=True):
            narrow, smallest = kernel.accumulate(
                expanded.lattice_matrix,
                expanded.positions,
                six,
                block,
                pairs.atom,
                pairs.cell,
                pairs.weight,
                piece.anisotropic,
                piece.moves,
                plan.strains,
                piece.spreads,
                motion,
                self.floor,
                wanted,
                axial,
                self.exact,
                weighted,
                table,
                table_step,
                length,
                grid.step,
                grid.points,
                rows[piece.begin : piece.end],
            )
            plan.narrow += narrow
            plan.smallest = min(plan.smallest, smallest)
        return rows[:, : grid.points], plan

    def _table_of_envelope(self, length: float, form: float) -> tuple[np.ndarray, float]:
        """gamma, its slope and its derivative in the form up to the longest pair, and the step (angstrom)."""
        assert self.pair_list is not None
        longest = self.pair_list.reach
        if self.shape.ends:
            longest = min(longest, 1.001 * self.shape.breaks(length, form)[-1])
        r = np.linspace(0.0, longest, TABLE)
        made = envelope_on(self.scene.model.envelope, r, length, form)
        return np.ascontiguousarray([made.value, made.by_r, made.by_form]), float(r[1])

    def _assemble(
        self,
        values: Mapping[str, float],
        crystal: Crystal,
        expanded: Expanded,
        rows: np.ndarray,
        plan: _Plan,
        motion: np.ndarray,
        length: float,
        form: float,
        spectrum: np.ndarray,
    ) -> None:
        assert self.grid is not None
        scene, grid = self.scene, self.grid
        r = grid.r
        scale = self._value(values, "scale", 1.0)
        qdamp = self._value(values, "qdamp")
        damping = np.exp(-0.5 * (qdamp * r) ** 2) * grid.taper
        shape = envelope_on(scene.model.envelope, r, length, form)
        atoms, d_atoms, norm, d_norm = self._normalisation(crystal)
        table, targets = self._scatter_table(crystal, plan, norm)
        peaks = table @ rows
        if self.exact:
            factor = damping
        else:
            factor = np.zeros_like(r)
            factor[1:] = damping[1:] / r[1:]
        extra, extra_targets = [], []
        value_rows = [n for n, (_, column) in enumerate(targets) if column == 0]
        pair_factor = factor if self.exact else factor * shape.value
        if "qdamp" in self.columns:
            for n in value_rows:
                extra.append(peaks[n] * pair_factor * (-qdamp * r * r))
                extra_targets.append((targets[n][0], self.columns["qdamp"]))
        if not self.exact:
            for name, slope in zip(self.own_shape, (shape.by_length, shape.by_form), strict=False):
                if name in self.columns:
                    for n in value_rows:
                        extra.append(peaks[n] * factor * slope)
                        extra_targets.append((targets[n][0], self.columns[name]))
        peaks *= pair_factor
        everything = np.vstack([peaks, *extra]) @ grid.forward
        baselines = self.density.spectrum(grid, length, form, qdamp, motion[STRAIN], shape, damping)
        weights = self.power_of_pairs / norm if self.exact else np.ones((1, 1))
        places = targets + extra_targets
        made = np.zeros_like(spectrum)
        for row, (pair, column) in zip(everything, places, strict=True):
            made[column] += weights[pair] * row
        if self.exact:
            taken = self.density.of_pairs(crystal, expanded, self.elements, baselines, plan.traces)
            for row, column in taken:
                made[column] += np.einsum("pq,pq->q", weights, row)
            made += self._moved(values, qdamp, everything, places, taken, norm)
            for name, change in d_norm.items():
                made[self.columns[name]] -= change * made[0]
        else:
            peak_value = made[0].copy()
            density = atoms / expanded.volume
            made[0] += density * baselines[""]
            for name, row in baselines.items():
                if name:
                    made[self.columns[name]] += density * row
            for name, trace in plan.traces.items():
                made[self.columns[name]] -= density * trace * baselines[""]
            for name, gained in d_atoms.items():
                column = self.columns[name]
                made[column] += gained / expanded.volume * baselines[""] - d_norm[name] * peak_value
        spectrum += scale * made
        if "scale" in self.columns:
            spectrum[self.columns["scale"]] += made[0]

    def _moved(
        self,
        values: Mapping[str, float],
        qdamp: float,
        everything: np.ndarray,
        places: list[tuple[int, int]],
        density: list[tuple[np.ndarray, int]],
        norm: np.ndarray,
    ) -> np.ndarray | float:
        """What the instrument's width on the slope of the intensity adds to F(Q) and its derivatives.

        See :mod:`coherion.pair_model.seen`; ``everything`` has the sums over pairs by pair of elements and column.
        """
        slope_squared = self._value(values, "qslope_squared")
        wanted = [name for name in ("qdamp", "qslope_squared") if name in self.columns]
        if not (qdamp or slope_squared or wanted):
            return 0.0
        if self.seen is None:
            self.seen = Seen.of(self.scene.q, self.power_of_pairs)
        pair, column = np.array(places).T
        own = np.flatnonzero(column == 0)
        made = self.seen.applied(qdamp**2, slope_squared, everything, pair, column, density, 1 + len(self.scene.names))
        for name, (constant, growing) in (("qdamp", (2.0 * qdamp, 0.0)), ("qslope_squared", (0.0, 1.0))):
            if name in wanted:
                by = self.seen.applied(constant, growing, everything[own], pair[own], column[own], density[:1], 1)
                made[self.columns[name]] += by[0]
        return made / norm

    def _scatter_table(self, crystal: Crystal, plan: _Plan, norm: np.ndarray):
        """The plan's table; it depends on the occupancies alone, so it is kept while they do not change."""
        key = tuple(site.species for site in crystal.sites)
        if self._table is None or self._table[0] != key:
            self._table = (key, *plan.scatter_table(norm))
        return self._table[1], self._table[2]

    def _normalisation(self, crystal: Crystal):
        """Atoms per cell; their derivatives; N |<f>|^2; the logarithmic derivatives of that."""
        atoms = 0.0
        total = np.zeros(self.power.shape[1], dtype=self.power.dtype)
        for site, kind in zip(crystal.sites, crystal.structure.sites, strict=True):
            for element, occupancy in site.species:
                share = occupancy * len(kind.chosen)
                atoms += share
                total += share * self.power[self.elements.index(element)]
        d_atoms, d_norm = {}, {}
        for site, kind in zip(crystal.sites, crystal.structure.sites, strict=True):
            for name, (element, _) in zip(site.occupancy_names(), site.species, strict=True):
                if name in self.columns:
                    count = len(kind.chosen)
                    d_atoms[name] = float(count)
                    share_of_mean = (self.power[self.elements.index(element)] / total).real
                    d_norm[name] = count * (2.0 * share_of_mean - 1.0 / atoms)
        return atoms, d_atoms, np.abs(total) ** 2 / atoms, d_norm


@dataclass
class _Block:
    begin: int
    end: int
    anisotropic: bool
    moves: np.ndarray
    spreads: np.ndarray
    # Parameters of the rows after the value row; a row may serve two (u_iso of both sites), with factors.
    meanings: list[list[tuple[str, float]]]


class _Plan:
    """Which rows the compiled loop fills, and what parameter each belongs to."""

    def __init__(self, phase: _Phase, crystal: Crystal, expanded: Expanded) -> None:
        assert phase.pair_list is not None
        self.phase, self.crystal = phase, crystal
        self.narrow, self.smallest = 0, np.inf
        column = {name: k for k, name in enumerate(expanded.parameters)}
        wanted = phase.columns
        inverse = np.linalg.inv(expanded.lattice_matrix)
        self.lattice_names = [n for n in crystal.structure.lattice.free_names if n in wanted]
        lattice = [column[n] for n in self.lattice_names]
        self.strains = np.array([expanded.lattice_matrix_derivative[..., k] @ inverse for k in lattice]).reshape(
            -1, 3, 3
        )
        traces = [float(np.trace(strain)) for strain in self.strains]
        self.traces = dict(zip(self.lattice_names, traces, strict=True))
        globals_ = [[(name, 1.0)] for name in phase.own_shape if phase.exact and name in wanted]
        motion = [meaning for name in MOTION if (meaning := phase.meaning_of(name))]
        coordinates = [
            [n for n in (f"{s.label}.{f}" for f in k.coordinates.free_names) if n in wanted]
            for s, k in zip(crystal.sites, crystal.structure.sites, strict=True)
        ]
        displacements = []
        for s, k in zip(crystal.sites, crystal.structure.sites, strict=True):
            own = ["u_iso"] if s.u_aniso is None else list(k.displacements.free_names)
            displacements.append([n for n in (f"{s.label}.{f}" for f in own) if n in wanted])
        self.blocks: list[_Block] = []
        row = 0
        total = len(expanded.site)
        for a, b, first, _, _ in phase.pair_list.blocks:
            sites = [a] if a == b else [a, b]
            moved = [n for s in sites for n in coordinates[s]]
            cols = [column[n] for n in moved]
            gap = expanded.positions_derivative[:, :, cols] - expanded.positions_derivative[first][:, cols]
            moves = np.ascontiguousarray(np.einsum("ij,njp->npi", expanded.lattice_matrix, gap))
            anisotropic = any(crystal.sites[s].u_aniso is not None for s in sites)
            spread_names = [[(n, 1.0)] for s in sites for n in displacements[s]]
            if not anisotropic and spread_names:
                factor = 2.0 if a == b else 1.0
                spread_names = [[(n[0][0], factor) for n in spread_names]]
            spreads = np.zeros((total, len(moved) + len(lattice) + len(spread_names), 6))
            if anisotropic:
                names = [column[n] for n in self.lattice_names] + [column[n[0][0]] for n in spread_names]
                both = expanded.u_cartesian_derivative[..., names] + expanded.u_cartesian_derivative[first][..., names]
                for v, (i, j) in enumerate(VOIGT):
                    spreads[:, len(moved) :, v] = both[:, i, j, :]
            elif spread_names:
                spreads[:, -1, :3] = 1.0
            meanings = globals_ + [[(n, 1.0)] for n in moved + self.lattice_names] + spread_names + motion
            end = row + 1 + len(meanings)
            self.blocks.append(_Block(row, end, anisotropic, moves, spreads, meanings))
            row = end
        self.rows = row

    def scatter_table(self, norm: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """Matrix that sums the rows of the loop into rows per (pair of elements, column of the Jacobian)."""
        phase, crystal = self.phase, self.crystal
        assert phase.pair_list is not None
        entries: dict[tuple[int, int], dict[int, float]] = {}

        def add(pair: int, column: int, row: int, factor: float) -> None:
            own = entries.setdefault((pair, column), {})
            own[row] = own.get(row, 0.0) + factor

        for (a, b, *_), block in zip(phase.pair_list.blocks, self.blocks, strict=True):
            site_a, site_b = crystal.sites[a], crystal.sites[b]
            names_a, names_b = site_a.occupancy_names(), site_b.occupancy_names()
            for (element_a, o_a), name_a in zip(site_a.species, names_a, strict=True):
                for (element_b, o_b), name_b in zip(site_b.species, names_b, strict=True):
                    first, second = sorted((phase.elements.index(element_a), phase.elements.index(element_b)))
                    pair, factor = phase.pairs_of_elements.index((first, second)), 1.0
                    if not phase.exact:
                        factor = float(phase.power[first, 0] * phase.power[second, 0] / norm[0])
                        pair = 0
                    add(pair, 0, block.begin, factor * o_a * o_b)
                    for offset, meaning in enumerate(block.meanings, start=1):
                        for name, share in meaning:
                            add(pair, phase.columns[name], block.begin + offset, factor * share * o_a * o_b)
                    if name_a in phase.columns:
                        add(pair, phase.columns[name_a], block.begin, factor * o_b)
                    if name_b in phase.columns:
                        add(pair, phase.columns[name_b], block.begin, factor * o_a)
        targets = sorted(entries)
        table = np.zeros((len(targets), self.rows))
        for n, target in enumerate(targets):
            for row, factor in entries[target].items():
                table[n, row] = factor
        return table, targets


def _six(tensors: np.ndarray) -> np.ndarray:
    """Tensors (n, 3, 3) as rows 11, 22, 33, 12, 13, 23, shape (n, 6)."""
    return np.ascontiguousarray(np.stack([tensors[:, i, j] for i, j in VOIGT], axis=1))


def calculate(model: PairModel, r: np.ndarray, values: Mapping[str, float] | None = None) -> np.ndarray:
    """G(r) of the model.

    Parameters
    ----------
    model
        What to calculate.
    r
        Distances in angstrom, shape (n,), in any order and spacing.
    values
        Parameters that differ from ``model.parameters``.

    Returns
    -------
    numpy.ndarray
        G in 1/angstrom^2, shape (n,).
    """
    return derivatives(model, r, (), values)[0]


def derivatives(
    model: PairModel,
    r: np.ndarray,
    names: Sequence[str],
    values: Mapping[str, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """G(r) of the model, shape (n,), and its derivatives in the named parameters, shape (n, len(names)).

    Arguments as in :func:`calculate`; each derivative is per unit of its parameter (angle: degree).
    """
    evaluator = Evaluator(model, r, names)
    found, slopes = evaluator.evaluate(model.complete(values))
    if evaluator.narrow:
        warn(narrow_text(evaluator.narrow))
    # The caller's own, to be changed at will.
    return found.copy(), slopes.copy()


def narrow_text(count: int) -> str:
    """What a user is told of pairs that the model cannot draw as the parameters say."""
    return (
        f"{count} pairs of the model are narrower than Qmax can show, or delta1 and delta2 make their width imaginary; "
        "they are drawn with the least width: look at the displacements, delta1 and delta2"
    )
