"""What the steps of an abscissa that nothing names tell: equal steps of angle leave their mark on Q."""

from __future__ import annotations

import math

import numpy as np

# Wavelengths in angstrom that equal steps of angle are believed for.
BELIEVED = (0.1, 3.0)
FEWEST_POINTS = 100
# Q in 1/angstrom ends before this, and in 1/nm behind it.
LONGEST_Q = 60.0
# The most decimals of a written number that are looked for.
MOST_DECIMALS = 10
# How many times better than equal steps the sines must be.
BETTER = 50.0
ROUNDED = 1e-4


def q_of_equal_angles(x: np.ndarray) -> tuple[str, float] | None:
    """Whether an abscissa is Q of equal steps of angle, as its numbers show, and at which wavelength.

    Q = 4 pi sin(theta) / wavelength has steps that shrink with the cosine of theta, which equal steps of 2theta or of
    Q have not, and those of a flat detector in another way.

    Parameters
    ----------
    x
        The abscissa as it was written, rising, shape n.

    Returns
    -------
    tuple or None
        ``q`` or ``q_nm`` by where it ends, and the wavelength in angstrom.
    """
    points = x.size
    if points < FEWEST_POINTS or x[0] < 0:
        return None
    i = np.arange(points, dtype=float)
    # A sine on equal steps: x[i + k] + x[i - k] = 2 cos(k step) x[i].
    k = points // 3
    middle = x[k : points - k]
    cosine = float(middle @ (x[2 * k :] + x[: points - 2 * k]) / (2 * middle @ middle))
    if not -1 < cosine < 1:
        return None
    step = math.acos(cosine) / k
    waves = np.column_stack([np.sin(step * i), np.cos(step * i)])
    amplitudes = np.linalg.lstsq(waves, x, rcond=None)[0]
    abscissa, scale = ("q", 1.0) if x[-1] < LONGEST_Q else ("q_nm", 10.0)
    wavelength = scale * 4 * math.pi / float(np.hypot(*amplitudes))
    theta = math.atan2(float(amplitudes[1]), float(amplitudes[0]))
    if not BELIEVED[0] <= wavelength <= BELIEVED[1] or theta < 0 or theta + step * (points - 1) > math.pi / 2:
        return None
    written = _unit(x)
    off, straight = _rms(waves @ amplitudes - x), _off_straight(i, x)
    # Equal distances on a flat detector, whose angles are degrees.
    flat = math.degrees(_off_straight(i, np.tan(np.radians(x)))) if x[-1] < 89 else math.inf
    # Programs in single precision write more digits than they have.
    if off > max(written, ROUNDED * straight) or straight < BETTER * max(off, 0.3 * written):
        return None
    return None if flat < 2 * max(off, written) else (abscissa, wavelength)


def _unit(x: np.ndarray) -> float:
    """The last decimal that the numbers are written with."""
    for decimals in range(MOST_DECIMALS + 1):
        if np.allclose(x, np.round(x, decimals), rtol=0, atol=1e-3 * 10.0**-decimals):
            return 10.0**-decimals
    return 10.0**-MOST_DECIMALS * max(1.0, float(np.abs(x).max()))


def _off_straight(i: np.ndarray, x: np.ndarray) -> float:
    """How far the values are from equal steps, root mean square."""
    return _rms(x - np.polyval(np.polyfit(i, x, 1), i))


def _rms(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(x**2)))
