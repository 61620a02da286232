"""Z-HIT: the modulus of a spectrum from its phase, which a sample that changes during the sweep gives away.

Modulus and phase of a linear, causal, stable two-pole are tied (W. Ehm, H. Goehr, R. Kaus, B. Roeseler, C. A. Schiller,
ACH - Models Chem. 137 (2000) 145):

    ln |Z(w)| = const + (2 / pi) int_{ln w_max}^{ln w} phi d ln w' - (pi / 6) d phi / d ln w

The phase at a frequency is that of the sample at the moment; drift moves the modulus and hardly the phase. So where
the modulus leaves its reconstruction, at the low end as a rule, the sample changed. The formula is the beginning of a
series: near a sharp bend of the phase it is wrong by some per cent whatever the sample does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.errors import InputError

# Points of the parabola that gives the slope of the phase, and above which part of the sweep the constant is fixed.
_WINDOW = 7
_LATE_DECADES = 1.0
# The drift of a still sample scatters by as much as one of these points does.
_NOISES = 4.0


@dataclass(frozen=True)
class ZHit:
    """The modulus from the phase, and what the measured one lies off it."""

    residual: np.ndarray
    """ln |Z| less its reconstruction (1), in the order of the spectrum."""
    late: np.ndarray
    """True for the points of the lowest decade of frequency."""
    drift: float
    """Mean residual of these (1): by how much the modulus changed late in the sweep."""


def z_hit(frequency: np.ndarray, impedance: np.ndarray) -> ZHit:
    """Modulus of a spectrum from its phase (module docstring: equation and source).

    Parameters
    ----------
    frequency
        Frequencies in Hz, positive and different, in any order.
    impedance
        Complex impedance in ohm.

    Raises
    ------
    InputError
        If there are fewer than 12 points or less than two decades.
    """
    order = np.argsort(-np.asarray(frequency, dtype=float), kind="stable")
    x = np.log(np.asarray(frequency, dtype=float)[order])
    z = np.asarray(impedance, dtype=complex)[order]
    if x.size < 12 or x[0] - x[-1] < 2 * np.log(10):
        raise InputError("too few points or too short a sweep for Z-HIT", found=x.size, expected="12 over two decades")
    phase = np.unwrap(np.angle(z))
    smooth, slope = _smooth(x, phase)
    steps = np.diff(x) * (smooth[1:] + smooth[:-1]) / 2
    made = 2 / np.pi * np.concatenate([[0.0], np.cumsum(steps)]) - np.pi / 6 * slope
    residual = np.log(np.abs(z)) - made
    late = x < x[-1] + _LATE_DECADES * np.log(10)
    residual -= np.median(residual[~late])
    back, place = np.empty(x.size), np.empty(x.size, dtype=bool)
    back[order], place[order] = residual, late
    return ZHit(back, place, float(np.mean(residual[late])))


def drift_verdict(hit: ZHit, noise: np.ndarray, largest: float) -> str:
    """In words that a sample changed during the sweep; empty if it did not, or none of it can be seen.

    Parameters
    ----------
    hit
        What the phase says.
    noise
        Residuals of the Kramers-Kronig test (complex, relative to \\|Z\\|) of the same points.
    largest
        Drift (1) that is let pass in any case.
    """
    drift, late = hit.drift, hit.late
    scatter = np.sqrt(np.mean(np.abs(noise[late]) ** 2) / 2)
    if not abs(drift) > max(largest, _NOISES * scatter):
        return ""
    return (
        f"sample changed during the sweep: modulus of the lowest decade is {100 * abs(np.expm1(drift)):.1f} % "
        f"{'above' if drift > 0 else 'below'} what its phase says (Z-HIT)"
    )


def _smooth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and slopes of parabolas through the nearest points of each."""
    half = _WINDOW // 2
    places = np.clip(np.arange(x.size) - half, 0, x.size - _WINDOW)[:, None] + np.arange(_WINDOW)
    u = x[places] - x[:, None]
    design = np.stack([np.ones_like(u), u, u**2], axis=2)
    solution = np.linalg.pinv(design) @ y[places][:, :, None]
    return solution[:, 0, 0], solution[:, 1, 0]
