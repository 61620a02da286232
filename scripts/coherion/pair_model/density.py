"""The even density that is taken off the pairs of a domain, so that the surroundings have the same.

The pairs between a dense domain and what lies around it have the domain's mean density, and their atoms move and are
strained as much: the form of the domain is not seen. A powder whose domains lie apart scatters by their form too, most
at low Q; that is not in the model, and moves lengths by less than their errors (benchmarks/wrong_model.py, ``apart``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.crystal.crystal import Crystal, Expanded
from coherion.pair_model import transform
from coherion.pair_model.envelope import SHAPES, Envelope, envelope_on

Rows = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Density:
    """The mean density of one phase, on the nodes q (1/angstrom) of a spectrum.

    q, qmax
        Nodes, and where they end, 1/angstrom.
    top, reach
        Where the data end, and the taper of what lies beyond, angstrom.
    envelope
        Name of the shape.
    columns
        Column of each parameter wanted, by its name in the phase.
    strained
        Those of them that widen pairs as strain does; empty where the density is not widened.
    moves
        Whether strain widens the density as it does pairs.
    """

    q: np.ndarray
    qmax: float
    top: float
    reach: float
    envelope: str
    columns: Mapping[str, int]
    strained: Sequence[str]
    moves: bool

    def spectrum(
        self,
        grid: transform.Grid,
        length: float,
        form: float,
        qdamp: float,
        strain: float,
        shape: Envelope,
        damping: np.ndarray,
    ) -> Rows:
        """Sine integral of -4 pi r and the envelopes, per unit of density, and what changes it (by name).

        Where a derivative of the envelope jumps within the grid (the end of a sphere), Gauss-Legendre panels between
        the jumps take the place of the sum over the grid. ``strain``, with the resolution that grows with Q, widens
        the density by an exponential in Q where domains end within the grid, else, for what is smooth over e r, by the
        first order in e^2, before the taper, as pairs are.

        Parameters
        ----------
        shape, damping
            Envelope, and the instrument's damping with the taper, on the grid.
        """
        kind = SHAPES[self.envelope]
        breaks = kind.breaks(length, form)
        jumps = bool(breaks) and breaks[-1] < self.reach
        widened = self.moves and bool(strain or self.strained)
        in_q = widened and jumps and kind.ends

        def rows_on(r: np.ndarray, shape: Envelope, damping: np.ndarray, change: Callable) -> Rows:
            own = {"": r * shape.value}
            own |= dict(zip(kind.parameters, (r * shape.by_length, r * shape.by_form), strict=False))
            made = {name: -4.0 * np.pi * damping * change(row) for name, row in own.items()}
            made["qdamp"] = made[""] * (-qdamp * r * r)
            return {name: row for name, row in made.items() if not name or name in self.columns}

        r, forward = grid.r, grid.forward
        wide: Rows = {}
        if widened and not in_q:
            # A Gaussian of variance e^2 r^2 at each r: h(r) becomes h + e^2 (r^2 h)''/2.
            wide = rows_on(r, shape, damping, lambda row: 0.5 * _slope(_slope(r**2 * row, grid.step), grid.step))
            wide = {name: row @ forward for name, row in wide.items()}
        if jumps:
            inner = {0.0, *(b for b in (*breaks, self.top) if b < breaks[-1]), breaks[-1]}
            if not kind.ends:
                inner |= {self.top, self.reach}
            parts = [transform.panel(a, b, self.qmax) for a, b in itertools.pairwise(sorted(inner))]
            r = np.concatenate([nodes for nodes, _ in parts])
            weights = np.concatenate([weights for _, weights in parts])
            forward = weights[:, None] * transform.sine_matrix(r, self.q)
            shape = envelope_on(self.envelope, r, length, form)
            damping = np.exp(-0.5 * (qdamp * r) ** 2) * transform.taper(r, self.top, self.reach)
        rows = rows_on(r, shape, damping, lambda row: row)
        by_strain: Rows = {name: wide[""] for name in self.strained if wide}
        if in_q:
            damped = np.multiply.outer(-0.5 * strain * r**2, self.q**2)
            # A spread below zero, as noise will have it, has no Gaussian: the line at zero goes on.
            damped = np.exp(damped, out=damped) if strain > 0 else 1.0 + damped
            damped *= forward
            if self.strained:
                slope = -0.5 * self.q**2 * ((rows[""] * r**2) @ (damped if strain > 0 else forward))
                by_strain = dict.fromkeys(self.strained, slope)
            forward = damped
        made = dict(zip(rows, np.array(list(rows.values())) @ forward, strict=True))
        for name, row in wide.items():
            made[name] += strain * row
        return made | by_strain

    def of_pairs(
        self,
        crystal: Crystal,
        expanded: Expanded,
        elements: Sequence[str],
        spectrum: Rows,
        traces: Mapping[str, float],
    ) -> list[tuple[np.ndarray, int]]:
        """What the density takes from the sums over pairs of each two elements, (pairs, q), with its column.

        First its value, then its derivatives.

        Parameters
        ----------
        elements
            Pairs are those of ``itertools.combinations_with_replacement``.
        spectrum
            What :meth:`spectrum` gives.
        traces
            Relative change of the cell's volume by each parameter of the lattice that is wanted.
        """
        half_squared = 0.5 * self.q**2
        amounts = np.zeros((len(elements), self.q.size))
        change: Rows = {}
        columns = [(k, name) for k, name in enumerate(expanded.parameters) if name in self.columns]
        for number, (site, kind) in enumerate(zip(crystal.sites, crystal.structure.sites, strict=True)):
            atom = int(np.argmax(expanded.site == number))
            damped = len(kind.chosen) * np.exp(-half_squared * np.trace(expanded.u_cartesian[atom]) / 3.0)
            slopes = np.trace(expanded.u_cartesian_derivative[atom]) / 3.0
            moved = [(slopes[k], name) for k, name in columns if slopes[k]]
            for name, (element, occupancy) in zip(site.occupancy_names(), site.species, strict=True):
                row = elements.index(element)
                amounts[row] += occupancy * damped
                if name in self.columns:
                    change.setdefault(name, np.zeros_like(amounts))[row] += damped
                for slope, by in moved:
                    change.setdefault(by, np.zeros_like(amounts))[row] -= occupancy * slope * half_squared * damped
        a, b = np.array(list(itertools.combinations_with_replacement(range(len(elements)), 2))).T
        twice = (np.where(a == b, 1.0, 2.0) / expanded.volume)[:, None]
        pairs = twice * amounts[a] * amounts[b]
        made = [(pairs * row, self.columns[name] if name else 0) for name, row in spectrum.items()]
        value = made[0][0]
        for name, trace in traces.items():
            made.append((-trace * value, self.columns[name]))
        for name, gained in change.items():
            both = gained[a] * amounts[b] + amounts[a] * gained[b]
            made.append((twice * both * spectrum[""], self.columns[name]))
        return made


def _slope(row: np.ndarray, step: float) -> np.ndarray:
    """The derivative of values on an even grid."""
    return np.asarray(np.gradient(row, step, edge_order=2))
