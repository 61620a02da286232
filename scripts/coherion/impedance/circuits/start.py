"""Starting values of a circuit, from the spectrum itself.

Most circuits are a series of terms A_k g_k(w; shape): the impedance is linear in the amplitudes A_k (resistances,
1/C, 1/Q, L, ...) once the shapes (time constants, exponents) are given. So a grid of shapes is tried, the amplitudes
follow from linear least squares (all combinations at once, from one Gram matrix), and the combinations with positive
amplitudes and the smallest residuals are the starts. Other circuits start from random values in the ranges that the
spectrum allows.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from coherion.impedance.circuits.circuit import Circuit, arcs
from coherion.impedance.circuits.element import Frequencies
from coherion.impedance.circuits.grammar import Element, elements, terms

_MOST_COMBINATIONS = 1500
_ARC_EXPONENTS = (0.75, 0.92)
_ELECTRODE_EXPONENTS = (0.45, 0.7, 0.95)


def data_starts(
    model: Circuit,
    frequency: np.ndarray,
    impedance: np.ndarray,
    count: int,
    seed: int = 0,
    *,
    time_constants: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Starting points for the fit of a circuit, best first.

    Parameters
    ----------
    model
        The circuit.
    frequency, impedance
        Hz and complex ohm.
    count
        How many distinct starts to return at most (one at least).
    seed
        Of the generator that thins a grid too large and makes random starts; same seed, same starts.
    time_constants
        In s, where arcs are looked for; by default twenty over the range of 1/w.

    Returns
    -------
    list of arrays
        Coordinates (see :mod:`coherion.impedance.circuits.element`) of each start.
    """
    generator = np.random.default_rng(seed)
    families = _families(model, frequency, time_constants)
    if families is None:
        return _random_starts(model, frequency, impedance, count, generator)
    return _grid_starts(model, families, frequency, impedance, count, generator)


# A family is the choices of one term: for each, its unit column (impedance at amplitude 1), and a function from
# amplitude to the term's coordinates.
_Family = list[tuple[np.ndarray, tuple[float, ...]]]


def _families(
    model: Circuit, frequency: np.ndarray, time_constants: np.ndarray | None
) -> list[tuple[str, int, _Family]] | None:
    """For each term its sort, first parameter and choices; None if a term is not linear in one amplitude."""
    f = Frequencies(frequency)
    taus = np.geomspace(0.5 / f.omega.max(), 2 / f.omega.min(), 20)
    single_arcs = {frozenset((a.resistance, a.capacitive)): a for a in arcs(model)}
    found: list[tuple[str, int, _Family]] = []
    for term in terms(model.tree):
        names = [e.name for e in elements(term)]
        if isinstance(term, Element):
            made = _element_family(term, f, taus)
            if made is None:
                return None
            found.append((term.kind, model.first[term.name], made))
        elif frozenset(names) in single_arcs:
            kind = single_arcs[frozenset(names)].kind
            exponents = (1.0,) if kind == "C" else _ARC_EXPONENTS
            family = _arc_family(f, taus if time_constants is None else time_constants, exponents)
            found.append(("p" + kind, model.first[names[0]], family))
        else:
            return None
    return found


def _arc_family(f: Frequencies, taus: np.ndarray, exponents: tuple[float, ...]) -> _Family:
    powers = {a: f.j_omega**a for a in exponents}
    return [(1 / (1 + t**a * powers[a]), (math.log(t), a)) for t in taus for a in exponents]


def _element_family(term: Element, f: Frequencies, taus: np.ndarray) -> _Family | None:
    one = np.ones(f.omega.size, dtype=complex)
    if term.kind == "R":
        return [(one, ())]
    if term.kind == "L":
        return [(f.j_omega, ())]
    if term.kind == "W":
        return [(f.warburg, ())]
    if term.kind == "C":
        return [(1 / f.j_omega, ())]
    if term.kind == "CPE":
        return [(f.j_omega**-a, (a,)) for a in _ELECTRODE_EXPONENTS]
    if term.kind == "K":
        return [(1 / (1 + f.j_omega * t), (math.log(t),)) for t in taus]
    if term.kind == "G":
        return [(1 / np.sqrt(1 + f.j_omega * t), (math.log(t),)) for t in taus]
    if term.kind == "Zarc":
        return _arc_family(f, taus, _ARC_EXPONENTS)
    if term.kind in ("Wo", "Ws"):
        made: _Family = []
        for t in taus:
            s = np.sqrt(f.j_omega * t)
            tanh = np.tanh(s)
            made.append(((tanh if term.kind == "Ws" else 1 / tanh) / s, (math.log(t),)))
        return made
    return None


def _grid_starts(
    model: Circuit,
    families: list[tuple[str, int, _Family]],
    frequency: np.ndarray,
    impedance: np.ndarray,
    count: int,
    generator: np.random.Generator,
) -> list[np.ndarray]:
    weight = 1 / np.abs(impedance)
    columns = [np.array([c for c, _ in family]) * weight for _, _, family in families]
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in columns])])
    # Real and imaginary part side by side make a complex column a real one of twice the length.
    stacked = np.ascontiguousarray(np.concatenate(columns)).view(float)
    norm = np.sqrt(np.einsum("ij,ij->i", stacked, stacked))
    stacked = stacked / norm[:, None]
    target = np.ascontiguousarray(impedance * weight).view(float)
    gram = stacked @ stacked.T
    projection = stacked @ target
    combinations = _combinations(families, generator)
    places = combinations + offsets[:-1]
    matrices = gram[places[:, :, None], places[:, None, :]]
    # Terms of nearly one shape make the matrix singular; a little on the diagonal keeps the batch solvable.
    matrices = matrices + 1e-10 * np.eye(len(families))
    right = projection[places]
    amplitudes = np.linalg.solve(matrices, right[:, :, None])[:, :, 0]
    misfit = -np.einsum("ij,ij->i", amplitudes, right)
    misfit[(amplitudes <= 0).any(axis=1)] += 1e6
    order = np.argsort(misfit, kind="stable")
    # The coarse grid ranks poorly, so the starts are the best of different kinds: time constants in other places,
    # another exponent of the electrode.
    coarse = combinations[order].copy()
    for k, (sort, _, family) in enumerate(families):
        if sort != "CPE":
            coarse[:, k] //= max(len(family) // 5, 1)
    _, leading = np.unique(coarse, axis=0, return_index=True)
    return [
        _coordinates(model, families, combinations[i], amplitudes[i] / norm[places[i]])
        for i in order[np.sort(leading)[:count]]
    ]


def _combinations(families: list[tuple[str, int, _Family]], generator: np.random.Generator) -> np.ndarray:
    """Choices of every term to try; of terms of one sort only rising ones, since their order means nothing."""
    sizes = [len(family) for _, _, family in families]
    if math.prod(sizes) <= 4 * _MOST_COMBINATIONS:
        grid = np.array(list(itertools.product(*map(range, sizes))), dtype=int).reshape(-1, len(sizes))
    else:
        grid = np.stack([generator.integers(0, s, 8 * _MOST_COMBINATIONS) for s in sizes], axis=1)
    last: dict[str, int] = {}
    keep = np.ones(len(grid), dtype=bool)
    for k, (sort, _, family) in enumerate(families):
        if sort in last and len(family) > 1:
            keep &= grid[:, k] > grid[:, last[sort]]
        last[sort] = k
    grid = grid[keep]
    if len(grid) > _MOST_COMBINATIONS:
        grid = grid[generator.choice(len(grid), _MOST_COMBINATIONS, replace=False)]
    return grid


def _coordinates(
    model: Circuit, families: list[tuple[str, int, _Family]], choice: np.ndarray, amplitude: np.ndarray
) -> np.ndarray:
    """Coordinates of a circuit from the choice and the amplitude of each term."""
    x = np.zeros(len(model.parameters))
    capacitors = {a.resistance: a for a in arcs(model)}
    largest = float(np.max(np.abs(amplitude))) or 1.0
    for (sort, first, family), index, size in zip(families, choice, amplitude, strict=True):
        # No positive combination exists: a small amplitude lets the fit decide.
        ln_size = math.log(size if size > 0 else 1e-3 * largest if sort in ("R", "pC", "pCPE") else abs(size) + 1e-300)
        shape = family[int(index)][1]
        if sort in ("C", "CPE"):
            x[first] = -ln_size
            x[first + 1 : first + 1 + len(shape)] = shape
        elif sort in ("pC", "pCPE"):
            arc = next(a for a in capacitors.values() if first in (a.r, a.q))
            ln_tau, exponent = shape
            x[arc.r] = ln_size
            x[arc.q] = exponent * ln_tau - ln_size
            if sort == "pCPE":
                x[arc.q + 1] = exponent
        else:
            x[first] = ln_size
            x[first + 1 : first + 1 + len(shape)] = shape
    return x


def _random_starts(
    model: Circuit, frequency: np.ndarray, impedance: np.ndarray, count: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """The best of some hundred random draws, each parameter over the range that the spectrum can show."""
    f = Frequencies(frequency)
    weight = 1 / np.abs(impedance)
    ln_z = np.log(np.abs(impedance))
    ln_omega = np.log(f.omega)
    drawn = []
    for _ in range(300):
        x = np.array([_random_coordinate(p.unit, ln_z, ln_omega, generator) for p in model.parameters])
        z, _ = model.evaluate(f, x)
        difference = (z - impedance) * weight
        misfit = float(np.sum(np.abs(np.log(z / impedance)) ** 2)) if np.all(np.isfinite(difference)) else np.inf
        drawn.append((misfit, x))
    drawn.sort(key=lambda pair: pair[0])
    return [x for _, x in drawn[:count]]


def _random_coordinate(unit: str, ln_z: np.ndarray, ln_omega: np.ndarray, generator: np.random.Generator) -> float:
    ln_resistance = generator.uniform(ln_z.min() - 2, ln_z.max() + 1)
    ln_frequency = generator.uniform(ln_omega.min(), ln_omega.max())
    if unit == "ohm":
        return ln_resistance
    if unit == "ohm s^-1/2":
        return ln_resistance + 0.5 * ln_frequency
    if unit == "s":
        return -ln_frequency
    if unit in ("F", "s^alpha/ohm"):
        return -ln_resistance - generator.uniform(0.6, 1.0) * ln_frequency
    if unit == "H":
        return ln_resistance - ln_omega.max()
    # The only ones without unit are exponents and the length of the finite Gerischer element.
    return generator.uniform(0.5, 0.98)
