"""Where the instrument shows a reflection: its width moves it along the slope of the intensity.

An instrument blurs the intensity I(Q), and F(Q) = Q (I - <f^2>)/<f>^2 is made of what it shows. For a pair of elements
I has u F_ab, u = f_a f_b/Q, and with Gaussians of variance s^2(Q') at the Q' where the scattering is

    F(Q) = Q/<f>^2(Q) int g(Q - Q'; s(Q')) u(Q') F_ab(Q') dQ'
         = f_a f_b/<f>^2 [F_ab + s^2 F_ab''/2 + ...]  +  Q/<f>^2 [(s^2 u)' F_ab' + (s^2 u)'' F_ab/2 + ...].

The first bracket is the damping by qdamp and qslope_squared. The second moves F_ab by s^2 d ln(s^2 f_a f_b/Q)/dQ: by
-1e-4 1/angstrom at Q = 3 where s is 0.011, without which cells come out 3e-5 too small. What is left out: the next
order in s^2; the slope of exp(-Q^2 U) within the damping by qslope_squared, b^2 Q^2 times it (4e-6 1/angstrom at Q = 9
with b = 0.0005, U = 0.01); and that a step of the angle is not the same step of Q everywhere (2e-6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.pair_model import transform

# Below this Q (1/angstrom), where no reflection lies, nothing is moved: powers of 1/Q magnify there what is left where
# the sums over pairs and the mean density cancel.
FIRST_Q = 0.5


@dataclass(frozen=True, eq=False)
class Seen:
    """The second bracket on the nodes of a quadrature, for variances s^2 = constant + growing Q^2.

    With p = Q (s^2 u)' the sum over pairs of p F_ab' is the derivative of the sum of p F_ab less the sum of p' F_ab:
    one differentiation for each column of the Jacobian.

    differentiation
        d/dQ of values on the nodes, (q, q).
    moved
        p for a unit of the constant and of the growing part, (2, pairs of elements, q).
    taken
        p' - Q (s^2 u)''/2 likewise.
    """

    differentiation: np.ndarray
    moved: np.ndarray
    taken: np.ndarray

    @classmethod
    def of(cls, q: np.ndarray, power: np.ndarray) -> Seen:
        """From the nodes, 1/angstrom, (q,), and f_a f_b of each pair of elements there, (pairs, q)."""
        differentiation = transform.differentiation(q)
        # Derivatives of f_a f_b alone by the matrix: those of powers of Q, which rise steeply at its start, by hand.
        first = power @ differentiation.T
        second = first @ differentiation.T
        there = 1.0 - np.exp(-((q / FIRST_Q) ** 4))
        constant = there * (first - power / q)
        growing = there * q * (q * first + power)
        bent = there * (0.5 * second - first / q + power / q**2), there * q * (0.5 * q * second + first)
        moved = np.array([constant, growing])
        return cls(differentiation, moved, moved @ differentiation.T - np.array(bent))

    def applied(
        self,
        constant: float,
        growing: float,
        rows: np.ndarray,
        pair: np.ndarray,
        column: np.ndarray,
        density: Sequence[tuple[np.ndarray, int]],
        columns: int,
    ) -> np.ndarray:
        """The second bracket times <f>^2, summed over pairs of elements, for each column, (columns, q).

        Parameters
        ----------
        constant, growing
            Parts of the variance, 1/angstrom^2 and 1.
        rows
            Sums over pairs and their derivatives in parameters, (n, q), with the pair of elements and the column of
            each, (n,).
        density
            What the mean density takes from them, (pairs, q), and its derivatives, each with the column.
        """
        parts = np.array([constant, growing])
        moved, taken = (np.tensordot(parts, own, 1) for own in (self.moved, self.taken))
        sums, less = np.zeros((2, columns, rows.shape[1]))
        for row, p, c in zip(rows, pair.tolist(), column.tolist(), strict=True):
            sums[c] += moved[p] * row
            less[c] += taken[p] * row
        for own, c in density:
            sums[c] += np.einsum("pq,pq->q", moved, own)
            less[c] += np.einsum("pq,pq->q", taken, own)
        return sums @ self.differentiation.T - less
