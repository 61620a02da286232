"""Distribution of relaxation times: which time constants a spectrum holds, without a circuit.

    Z(w) = R0 + j w L + 1 / (j w C) + integral gamma(tau) / (1 + j w tau) d ln tau,    gamma >= 0,

on an even grid in ln tau, by non-negative least squares with rows divided by |Z| and a penalty on the second difference
of gamma (Tikhonov; Wan, Saccoccio, Chen and Ciucci, Electrochim. Acta 184 (2015) 483 for the method). An arc is a peak
whose area is its resistance; a constant phase element widens it. The penalty sets the width of a peak: chosen by the
data it is as wide as their noise lets it be. So the picture serves to count processes and to see where they are, not to
measure them; that is what circuits are for. A blocking electrode piles up at the long end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PENALTIES = np.logspace(-6, 1, 15)
"""Among which cross validation chooses."""


@dataclass(frozen=True)
class RelaxationTimes:
    """The distribution and what stands beside it."""

    time_constants: np.ndarray
    """tau in s, even in ln tau."""
    distribution: np.ndarray
    """gamma(tau) in ohm per unit of ln tau."""
    series_resistance: float
    """R0 in ohm."""
    residual: np.ndarray
    """(Z - Z_fit) / |Z|, complex."""
    penalty: float
    """Weight of the squared second difference of gamma (1)."""


def relaxation_times(
    frequency: np.ndarray,
    impedance: np.ndarray,
    *,
    time_constants: np.ndarray | None = None,
    penalty: float | None = 1e-2,
) -> RelaxationTimes:
    """Distribution of relaxation times of one spectrum (module docstring: equation and source).

    Parameters
    ----------
    frequency, impedance
        Hz and complex ohm.
    time_constants
        tau in s, even in ln tau; by default ten per decade, from half a decade below the range of 1/w to half a decade
        above it.
    penalty
        Weight of the squared second difference of gamma, relative to its scale (1); None: by generalised cross
        validation.
    """
    from scipy.optimize import nnls

    f = np.asarray(frequency, dtype=float)
    z = np.asarray(impedance, dtype=complex)
    omega = 2 * np.pi * f
    tau = default_time_constants(f) if time_constants is None else np.asarray(time_constants, dtype=float)
    step = float(np.log(tau[1] / tau[0]))
    design = np.empty((f.size, tau.size + 3), dtype=complex)
    design[:, : tau.size] = step / (1 + 1j * omega[:, None] * tau)
    design[:, -3] = 1
    design[:, -2] = 1j * omega
    design[:, -1] = -1j / omega
    rows = design / np.abs(z)[:, None]
    matrix = np.concatenate([rows.real, rows.imag])
    target = np.concatenate([z.real, z.imag]) / np.tile(np.abs(z), 2)
    # In units of its own column each gamma is of order one wherever it matters, over decades of resistance.
    scale = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    common = float(np.median(scale[: tau.size]))
    scale[: tau.size] = common
    second = np.zeros((tau.size - 2, tau.size + 3))
    for shift, value in enumerate((1.0, -2.0, 1.0)):
        second[np.arange(tau.size - 2), np.arange(tau.size - 2) + shift] = value
    if penalty is None:
        penalty = cross_validated(matrix / scale, target, second)
    while True:
        stacked = np.concatenate([matrix / scale, np.sqrt(penalty) * second])
        try:
            solution, _ = nnls(stacked, np.concatenate([target, np.zeros(tau.size - 2)]), maxiter=10 * tau.size)
            break
        except RuntimeError:
            # Where next to nothing is penalised the active set may go round in circles.
            penalty *= 10
    coefficients = solution / scale
    return RelaxationTimes(
        time_constants=tau,
        distribution=coefficients[: tau.size],
        series_resistance=float(coefficients[-3]),
        residual=(z - design @ coefficients) / np.abs(z),
        penalty=penalty,
    )


def cross_validated(matrix: np.ndarray, target: np.ndarray, second: np.ndarray) -> float:
    """Penalty with the least generalised cross validation, n |r|^2 / (n - trace of the smoother)^2.

    Golub, Heath and Wahba, Technometrics 21 (1979) 215; of the linear problem, without the bound at zero, which would
    cost a fit for each penalty and moves the choice little.

    Parameters
    ----------
    matrix
        Numbers x coefficients, of order one.
    target
        Numbers.
    second
        Differences that are penalised, by coefficients.
    """
    normal, right, smooth = matrix.T @ matrix, matrix.T @ target, second.T @ second
    # The Kramers-Kronig circuit is nearly singular; as little as this decides nothing.
    normal = normal + 1e-12 * np.trace(normal) / len(normal) * np.eye(len(normal))
    n, best = target.size, (np.inf, PENALTIES[0])
    for penalty in PENALTIES:
        solved = np.linalg.solve(normal + penalty * smooth, np.column_stack([right, normal]))
        residual = target - matrix @ solved[:, 0]
        freedom = n - float(np.trace(solved[:, 1:]))
        best = min(best, (n * float(residual @ residual) / freedom**2, float(penalty)))
    return best[1]


def default_time_constants(frequency: np.ndarray) -> np.ndarray:
    """Ten time constants (s) per decade, half a decade beyond the range of 1/w on both sides."""
    low, high = -np.log10(2 * np.pi * np.max(frequency)) - 0.5, -np.log10(2 * np.pi * np.min(frequency)) + 0.5
    return np.logspace(low, high, round(10 * (high - low)) + 1)
