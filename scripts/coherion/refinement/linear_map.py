"""The linear map from the variables that a refinement moves to the parameters of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.errors import InputError
from coherion.refinement.constraints import Equation, Linear

MAX_CONSTRAINTS = 500
# Coefficients of crystallographic constraints are small fractions: what is left of one after elimination at this
# level is rounding.
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class LinearMap:
    """Parameters p as p0 + A z of fewer variables z.

    Attributes
    ----------
    parameters
        Names of p, length n.
    variables
        Names of z, length m; a variable named like a parameter is that parameter.
    offset, matrix
        p0, shape (n,), and A, shape (n, m), each row in the parameter's own unit.
    lower, upper
        Bounds of z, shape (m,), with those of dependent parameters carried over.
    coupled
        Bounded parameters that depend on several z, as (name, lower, upper): a box on z cannot hold them, so
        they are checked after the fit.
    """

    parameters: tuple[str, ...]
    variables: tuple[str, ...]
    offset: np.ndarray
    matrix: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    coupled: tuple[tuple[str, float, float], ...] = ()

    @classmethod
    def identity(cls, names: Sequence[str], bounds: Mapping[str, tuple[float, float]]) -> LinearMap:
        """Every parameter a variable, with bounds where there are any."""
        limits = np.array([bounds.get(name, (-np.inf, np.inf)) for name in names], float).reshape(-1, 2)
        return cls(tuple(names), tuple(names), np.zeros(len(names)), np.eye(len(names)), *limits.T)

    def values(self, z: np.ndarray) -> dict[str, float]:
        """p by name at z of shape (m,)."""
        return dict(zip(self.parameters, (self.offset + self.matrix @ z).tolist(), strict=True))

    def variables_at(self, values: Mapping[str, float]) -> np.ndarray:
        """z of shape (m,) where the parameters have these values; nearest to them where no z gives them."""
        named = all(name in self.parameters for name in self.variables)
        if named:
            return np.array([float(values[name]) for name in self.variables])
        wanted = np.array([values[name] for name in self.parameters]) - self.offset
        return np.linalg.lstsq(self.matrix, wanted, rcond=None)[0]

    def inside(self, z: np.ndarray) -> np.ndarray:
        """Variables moved into their bounds, shape (m,)."""
        return np.clip(z, self.lower, self.upper)

    def covariance(self, covariance_z: np.ndarray) -> np.ndarray:
        """A C A^T, shape (n, n), from the covariance of z, shape (m, m)."""
        return self.matrix @ covariance_z @ self.matrix.T

    def outside(self, values: Mapping[str, float]) -> list[tuple[str, float, float, float]]:
        """Coupled parameters that are out of their bounds: (name, value, lower, upper)."""
        slack = 1e-8
        return [
            (name, values[name], low, high)
            for name, low, high in self.coupled
            if not low - slack <= values[name] <= high + slack
        ]

    def held(self, k: int, value: float) -> LinearMap:
        """The map with variable k held at a value."""
        rest = np.arange(len(self.variables)) != k
        return self._columns(np.flatnonzero(rest), self.offset + self.matrix[:, k] * value)

    def part(self, names: Iterable[str], values: Mapping[str, float]) -> LinearMap:
        """The map of those parameters that move when only some variables do, the others held at their values.

        A name in ``names`` that is dependent frees the variables it depends on.
        """
        wanted = set(names)
        rows = [i for i, name in enumerate(self.parameters) if name in wanted]
        named = np.array([name in wanted for name in self.variables], dtype=bool)
        kept = np.flatnonzero(named | np.any(self.matrix[rows] != 0, axis=0))
        rest = np.setdiff1d(np.arange(len(self.variables)), kept)
        made = self._columns(kept, self.offset + self.matrix[:, rest] @ self.variables_at(values)[rest])
        moving = np.flatnonzero(np.any(made.matrix != 0, axis=1))
        return replace(
            made,
            parameters=tuple(self.parameters[i] for i in moving),
            offset=made.offset[moving],
            matrix=made.matrix[moving],
        )

    def _columns(self, kept: np.ndarray, offset: np.ndarray) -> LinearMap:
        names = tuple(self.variables[j] for j in kept)
        return LinearMap(self.parameters, names, offset, self.matrix[:, kept], self.lower[kept], self.upper[kept])

    def formula(self, name: str) -> str:
        """How a dependent parameter follows from the variables, in words; blank for a variable and a constant."""
        row = self.matrix[self.parameters.index(name)]
        if name in self.variables or not row.any():
            return ""
        constant = self.offset[self.parameters.index(name)]
        said = [f"{constant:.6g}"] if abs(constant) > TOLERANCE else []
        for j in np.flatnonzero(row):
            sign = "-" if row[j] < 0 else "+" if said else ""
            size = "" if abs(abs(row[j]) - 1.0) < TOLERANCE else f"{abs(row[j]):.6g} "
            said.append(f"{sign}{size}{self.variables[j]}")
        return " ".join(said)


def linear_map(
    parameters: Sequence[str],
    start: Mapping[str, float],
    *,
    free: Iterable[str],
    equations: Sequence[Equation] = (),
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    place: str = "constraints",
) -> LinearMap:
    """The map p = p0 + A z that fixed values, equations and bounds leave.

    Parameters
    ----------
    parameters
        All names, in the order of p.
    start
        A value for each, in its own unit.
    free
        Names to refine; what is not named, and not tied to a named one by an equation, stays at its start.
    equations
        From :func:`parse_constraint`.
    fixed
        Values that hold, by name.
    bounds
        (lower, upper) by name.

    Raises
    ------
    InputError
        If equations contradict each other, the fixed values or the bounds; the text says which.
    """
    fixed, bounds, wanted = dict(fixed or {}), dict(bounds or {}), set(free)
    if len(equations) > MAX_CONSTRAINTS:
        raise InputError(
            "too many constraints", place=place, found=len(equations), expected=f"at most {MAX_CONSTRAINTS}"
        )
    held = [Equation(Linear(-v, {n: 1.0}), n, f"{n} fixed at {v:.10g}") for n, v in fixed.items()]
    rows = _eliminate([*held, *equations], place)
    order = {name: i for i, name in enumerate(parameters)}
    independent = [n for n in parameters if n not in rows]
    used = {n for name, (linear, _) in rows.items() if name in wanted for n in linear.coefficients}
    names = [n for n in independent if n in wanted or n in used]
    offset = np.array([float(start[n]) for n in parameters])
    matrix = np.zeros((len(parameters), len(names)))
    for j, name in enumerate(names):
        offset[order[name]] = 0.0
        matrix[order[name], j] = 1.0
    column = {name: j for j, name in enumerate(names)}
    for name, (linear, _) in rows.items():
        i = order[name]
        offset[i] = linear.constant
        for other, coefficient in linear.coefficients.items():
            if other in column:
                matrix[i, column[other]] = coefficient
            else:
                offset[i] += coefficient * float(start[other])
    texts = {name: " and ".join(f'"{t}"' for t in sorted(used)) for name, (_, used) in rows.items()}
    lower, upper, coupled = _box(parameters, names, offset, matrix, bounds, texts, place)
    return LinearMap(tuple(parameters), tuple(names), offset, matrix, lower, upper, coupled)


def refuse_no_room(made: LinearMap) -> None:
    """Raise the InputError for a variable whose bounds are one number."""
    for name, low, high in zip(made.variables, made.lower, made.upper, strict=True):
        if low == high:
            raise InputError("equal bounds leave nothing to refine", place=name, advice="fix the parameter")


def _eliminate(equations: Sequence[Equation], place: str) -> dict[str, tuple[Linear, frozenset[str]]]:
    """Each dependent name as a Linear of independent ones, with the texts it came from (Gauss-Jordan)."""
    rows: dict[str, tuple[Linear, frozenset[str]]] = {}
    for equation in equations:
        linear, texts = equation.linear, frozenset([equation.text])
        size = max([abs(c) for c in linear.coefficients.values()] + [abs(linear.constant), 1e-300])
        for name in list(linear.coefficients):
            if name in rows:
                factor = linear.coefficients[name]
                known, sources = rows[name]
                linear = linear.plus(Linear(0.0, {name: 1.0}), -factor).plus(known, factor)
                texts |= sources
        left = {n: c for n, c in linear.coefficients.items() if abs(c) > TOLERANCE * size}
        if not left:
            if abs(linear.constant) > TOLERANCE * max(size, 1.0):
                raise InputError(
                    "constraints contradict each other and cannot be met",
                    place=place,
                    found=" and ".join(f'"{t}"' for t in sorted(texts)),
                    advice="remove one of them",
                )
            continue
        pivot = equation.defines if equation.defines in left else max(left, key=lambda n: abs(left[n]))
        scale = -1.0 / left[pivot]
        solved = Linear(linear.constant * scale, {n: c * scale for n, c in left.items() if n != pivot})
        for name, (known, sources) in list(rows.items()):
            factor = known.coefficients.get(pivot, 0.0)
            if factor:
                rest = Linear(known.constant, {n: c for n, c in known.coefficients.items() if n != pivot})
                rows[name] = (rest.plus(solved, factor), sources | texts)
        rows[pivot] = (solved, texts)
    return rows


def _box(parameters, names, offset, matrix, bounds, texts, place):
    """Bounds of z from those of p, and the bounded p that depend on several z."""
    lower, upper = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    coupled = []

    def refuse(name, found):
        low, high = bounds[name]
        raise InputError(
            f"bounds of {name} cannot be met",
            place=place,
            found=found,
            expected=f"{name} between {low:.6g} and {high:.6g}",
            advice="change the bounds, the constraint or the table's number",
        )

    for i, name in enumerate(parameters):
        if name not in bounds:
            continue
        low, high = bounds[name]
        if not low <= high:
            raise InputError("bounds are the wrong way round", place=f"bounds.{name}", found=f"[{low}, {high}]")
        active = np.flatnonzero(matrix[i])
        reason = texts.get(name, "its starting value")
        if len(active) == 0:
            if not low - TOLERANCE <= offset[i] <= high + TOLERANCE:
                refuse(name, f"{offset[i]:.6g} from {reason}")
        elif len(active) == 1:
            (j,) = active
            ends = sorted(((low - offset[i]) / matrix[i, j], (high - offset[i]) / matrix[i, j]))
            lower[j], upper[j] = max(lower[j], ends[0]), min(upper[j], ends[1])
            if lower[j] > upper[j]:
                refuse(name, f"{reason} and the bounds of {names[j]} leave no value")
        else:
            coupled.append((name, float(low), float(high)))
    if coupled:
        _feasible(parameters, offset, matrix, lower, upper, coupled, place)
    return lower, upper, tuple(coupled)


def _feasible(parameters, offset, matrix, lower, upper, coupled, place):
    from scipy.optimize import linprog

    index = [parameters.index(name) for name, _, _ in coupled]
    low = np.array([b[1] for b in coupled]) - offset[index]
    high = np.array([b[2] for b in coupled]) - offset[index]
    rows = np.vstack([matrix[index], -matrix[index]])
    limits = np.concatenate([high, -low])
    finite = np.isfinite(limits)
    if not finite.any():
        return
    box = [
        (low if np.isfinite(low) else None, high if np.isfinite(high) else None)
        for low, high in zip(lower, upper, strict=True)
    ]
    found = linprog(np.zeros(matrix.shape[1]), A_ub=rows[finite], b_ub=limits[finite], bounds=box)
    if found.status == 2:
        raise InputError(
            "constraints and bounds cannot be met together",
            place=place,
            found=", ".join(f"{n} in [{a:.6g}, {b:.6g}]" for n, a, b in coupled),
            advice="change a bound or a constraint",
        )
