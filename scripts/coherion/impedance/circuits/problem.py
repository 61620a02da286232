"""The least-squares problem behind the fit of a circuit: its variables, many starts at once, one to the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.circuit import Arc, Circuit, arcs
from coherion.impedance.circuits.element import Frequencies

# Standard uncertainty of an exponent below which one minimum has been seen to be the only one, and what to try above.
_DETERMINED = 0.03
_OTHER_EXPONENTS = (0.5, 0.9)
_SCOUT_STEPS = 25
_SCOUT_TOLERANCE = 1e-4
_MOST_STEPS = 200
# Correlation of neighbouring residuals above which they are no noise, and the relative size of what is rounding.
_ALIKE, _EXACT = 0.5, 1e-6


class Problem:
    """The least-squares problem in the minimiser's own variables.

    These are the circuit's coordinates, except that ln Q of each arc in ``by_time_constant`` is replaced by ln tau:
    ln Q = alpha ln tau - ln R.
    """

    def __init__(self, model, frequency, impedance, weight, free, anchored, by_time_constant, lower, upper):
        self.model: Circuit = model
        self.frequencies = Frequencies(frequency)
        self.impedance: np.ndarray = impedance
        self.weight: np.ndarray = weight
        self.free: np.ndarray = free
        self.anchored: np.ndarray = anchored
        self.arcs: tuple[Arc, ...] = by_time_constant
        low, high = lower.copy(), upper.copy()
        for arc in by_time_constant:
            low[arc.q], high[arc.q] = -45.0, 45.0  # ln(tau/s): 3e-20 s to 3e19 s
        self.lower, self.upper = low[free], high[free]
        self._last: tuple[bytes, np.ndarray, np.ndarray] | None = None

    def to_variables(self, x: np.ndarray) -> np.ndarray:
        v = x.copy()
        for arc in self.arcs:
            v[arc.q] = (x[arc.q] + x[arc.r]) / max(x[arc.q + 1], 0.05)
        return v[self.free]

    def to_coordinates(self, variables: np.ndarray) -> np.ndarray:
        x = self.anchored.copy()
        x[self.free] = variables
        for arc in self.arcs:
            x[arc.q] = x[arc.q + 1] * x[arc.q] - x[arc.r]
        return x

    def residual_and_slope(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted residuals and their derivatives by all coordinates (parameters x numbers)."""
        z, slope = self.model.evaluate(self.frequencies, x)
        return (z - self.impedance).view(float) * self.weight, slope.view(float) * self.weight

    def _evaluate(self, variables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        key = variables.tobytes()
        if self._last is None or self._last[0] != key:
            residual, slope = self.residual_and_slope(self.to_coordinates(variables))
            if self.arcs:
                full = self.anchored.copy()
                full[self.free] = variables
                for arc in self.arcs:
                    by_ln_q = slope[arc.q].copy()
                    slope[arc.r] -= by_ln_q
                    slope[arc.q + 1] += full[arc.q] * by_ln_q
                    slope[arc.q] = full[arc.q + 1] * by_ln_q
            self._last = key, residual, slope[self.free].T
        return self._last[1], self._last[2]

    def weak_exponents(self, x: np.ndarray) -> list[int]:
        """Exponents so uncertain at ``x`` that there may be a second minimum."""
        residual, slope = self.residual_and_slope(x)
        scatter = float(residual @ residual) / max(residual.size - int(np.count_nonzero(self.free)), 1)
        variance = np.zeros(self.free.size)
        variance[self.free] = np.diag(inverse_normal(slope[self.free])) * scatter
        variance[self.model.logarithmic] = 0.0
        return [int(i) for i in np.flatnonzero(variance > _DETERMINED**2)]

    def with_other_exponents(self, x: np.ndarray) -> list[np.ndarray]:
        """Starts that differ from ``x`` in one weak exponent, the element's impedance kept where it matters.

        That is at the lowest frequency for an electrode and at the apex for an arc.
        """
        made = []
        for i in self.weak_exponents(x):
            arc = next((a for a in arcs(self.model) if a.kind == "CPE" and a.q + 1 == i), None)
            ln_omega = np.log(self.frequencies.omega.min()) if arc is None else -ln_time_constant(x, arc)
            for exponent in _OTHER_EXPONENTS:
                if abs(exponent - x[i]) < 0.12:
                    continue
                other = x.copy()
                other[i] = exponent
                if self.free[i - 1]:
                    other[i - 1] += (x[i] - exponent) * ln_omega
                made.append(other)
        return made

    def _residual(self, variables: np.ndarray) -> np.ndarray:
        return self._evaluate(variables)[0]

    def _slope(self, variables: np.ndarray) -> np.ndarray:
        return self._evaluate(variables)[1]

    def chi_squared(self, x: np.ndarray) -> float:
        """Weighted sum of squares at coordinates."""
        residual, _ = self.residual_and_slope(x)
        return float(residual @ residual)

    def systematic(self, x: np.ndarray) -> bool:
        """Whether neighbouring residuals are alike: of a wrong circuit, or a minimum that is not the lowest."""
        residual = self.residual_and_slope(x)[0].reshape(-1, 2)[np.argsort(self.frequencies.omega)]
        total = float(np.sum(residual**2))
        relative = residual / (self.weight * np.repeat(np.abs(self.impedance), 2)).reshape(-1, 2)
        if not total > 0 or float(np.mean(relative**2)) < _EXACT**2:
            return False
        return float(np.sum(residual[1:] * residual[:-1])) > _ALIKE * total

    def scout(self, starts: Sequence[np.ndarray], patient: bool = False) -> list[tuple[float, np.ndarray]]:
        """Chi^2 and coordinates near the minimum that each start leads to, lowest first.

        Levenberg-Marquardt for all starts at once, with a damping for each: one pass over arrays costs hardly more
        for ten starts than for one. ``patient`` goes on, for longer, when two have come to the same place.
        """
        v = np.array([np.clip(self.to_variables(x), self.lower, self.upper) for x in starts])
        damping = np.full(len(v), 1e-2)
        cost, gradient, curvature = self._many(v)
        moving = np.ones(len(v), dtype=bool)
        diagonal = np.arange(v.shape[1])
        for _ in range(2 * _SCOUT_STEPS if patient else _SCOUT_STEPS):
            at = np.flatnonzero(moving)
            damped = curvature[at]
            own = damped[:, diagonal, diagonal]
            damped[:, diagonal, diagonal] += damping[at, None] * own + 1e-14 * own.max(axis=1, keepdims=True) + 1e-300
            step = np.linalg.solve(damped, gradient[at, :, None])[:, :, 0]
            # Two decades in one step are a leap into the dark.
            tried = np.clip(v[at] - np.clip(step, -5, 5), self.lower, self.upper)
            new = self._many(tried)
            better = new[0] < cost[at]
            small = better & (new[0] > (1 - _SCOUT_TOLERANCE) * cost[at])
            damping[at] = np.clip(np.where(better, 0.1, 8.0) * damping[at], 1e-9, 1e9)
            v[at[better]] = tried[better]
            for kept, made in zip((cost, gradient, curvature), new, strict=True):
                kept[at[better]] = made[better]
            moving[at] = ~(small | (damping[at] > 1e2))
            if not moving.any():
                break
            if not patient and np.count_nonzero(~moving & (cost < 1.001 * cost.min())) >= 2:
                break
        order = np.argsort(cost, kind="stable")
        return [(float(cost[i]), self.to_coordinates(v[i])) for i in order]

    def _many(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Chi^2, J^T r and J^T J of many sets of variables (sets x variables)."""
        full = np.tile(self.anchored, (len(v), 1))
        full[:, self.free] = v
        x = full.copy()
        for arc in self.arcs:
            x[:, arc.q] = full[:, arc.q + 1] * full[:, arc.q] - full[:, arc.r]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            z, slope = self.model.evaluate_many(self.frequencies, x)
            z = np.ascontiguousarray(np.broadcast_to(z, slope.shape[1:]))
            residual = (z - self.impedance).view(float) * self.weight
            slopes = slope.view(float) * self.weight
            for arc in self.arcs:
                by_ln_q = slopes[arc.q].copy()
                slopes[arc.r] -= by_ln_q
                slopes[arc.q + 1] += full[:, arc.q, None] * by_ln_q
                slopes[arc.q] = full[:, arc.q + 1, None] * by_ln_q
            jacobian = slopes[self.free].transpose(1, 0, 2)
            cost = np.einsum("ij,ij->i", residual, residual)
            curvature = jacobian @ jacobian.transpose(0, 2, 1)
            gradient = (jacobian @ residual[:, :, None])[:, :, 0]
        wrong = ~np.isfinite(cost + gradient.sum(axis=1) + curvature.sum(axis=(1, 2)))
        cost[wrong] = np.inf
        gradient[wrong] = 0.0
        curvature[wrong] = np.eye(v.shape[1])
        return cost, gradient, curvature

    def minimise(self, x: np.ndarray, tolerance: float) -> tuple[float, np.ndarray]:
        """Chi^2 and coordinates of the minimum that a start leads to."""
        from scipy.optimize import least_squares

        options: dict[str, Any] = {
            "jac": self._slope,
            "x_scale": "jac",
            "ftol": tolerance,
            "xtol": tolerance,
            "gtol": 1e-12,
        }
        # A start on a limit has no room to move; trf wants it strictly inside.
        room = 1e-6 * (self.upper - self.lower)
        begin = np.clip(self.to_variables(x), self.lower + room, self.upper - room)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            # Limits hardly ever matter, and Levenberg-Marquardt without them takes a third of the time.
            found = least_squares(self._residual, begin, method="lm", max_nfev=_MOST_STEPS, **options)
            inside = np.all((found.x > self.lower) & (found.x < self.upper))
            if inside and found.status > 0 and np.isfinite(found.cost):
                return 2 * float(found.cost), self.to_coordinates(found.x)
            found = least_squares(
                self._residual,
                begin,
                method="trf",
                bounds=(self.lower, self.upper),
                max_nfev=_MOST_STEPS,
                **options,
            )
        return 2 * float(found.cost), self.to_coordinates(found.x)


def ln_time_constant(coordinates: np.ndarray, arc: Arc) -> float:
    """Logarithm of the time constant in s of an arc: tau = (R Q)^(1/alpha), or R C."""
    exponent = coordinates[arc.q + 1] if arc.kind == "CPE" else 1.0
    return float((coordinates[arc.r] + coordinates[arc.q]) / max(exponent, 0.05))


def inverse_normal(slope: np.ndarray) -> np.ndarray:
    """(J^T J)^-1 from derivatives (parameters x numbers), by singular values of the scaled matrix.

    A direction that the data do not determine gets a huge variance, not a zero one as a pseudo-inverse would give.
    """
    norm = np.sqrt(np.einsum("ij,ij->i", slope, slope))
    norm[norm == 0] = np.finfo(float).tiny ** 0.25
    _, singular, right = np.linalg.svd((slope / norm[:, None]).T, full_matrices=False)
    singular = np.maximum(singular, np.finfo(float).eps * singular[0])
    half = right / singular[:, None]
    return (half.T @ half) / np.outer(norm, norm)
