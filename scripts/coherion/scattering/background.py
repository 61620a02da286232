"""How much of the background a sample's pattern holds: given, from counting times, or estimated.

The estimate reads the pattern between its reflections. There the sample itself scatters smoothly (Compton and
thermal diffuse scattering, fluorescence), the glass with its halo near Q = 1.5 and its weaker rings: the scale is
what fits the pattern's lower envelope by the background and smooth, positive curves. Points above the fit are
reflections and are left out until the choice stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.command import warn

Array = NDArray[Any]

DIFFUSE_WIDTHS = (0.004, 0.02, 0.1)
"""Mean-square displacements u^2 in angstrom^2 of the diffuse curves <f^2>(1 - exp(-u^2 Q^2))."""
FEWEST = 50


@dataclass(frozen=True)
class BackgroundScale:
    """Scale of the background, its standard deviation, and where it comes from.

    Attributes
    ----------
    value, sd
        Dimensionless.
    reason
        One line for the reader of the result.
    """

    value: float
    sd: float
    reason: str


def estimated_scale(
    sample: Array, background: Array, sd: Array, q: Array, square_mean: Array, *, noise_total: float = 1.0
) -> BackgroundScale:
    """Scale of the background from the sample's lower envelope.

    Parameters
    ----------
    sample, background
        Intensities after the same corrections, shape (n,).
    sd
        Standard deviation of the sample, shape (n,).
    q
        1/angstrom, shape (n,).
    square_mean
        <f^2> in electrons^2, shape (n,).
    noise_total
        Variance of a sum of points in units of the stated one (:attr:`noise.NoiseCorrelation.total`).

    Returns
    -------
    BackgroundScale
        With a standard deviation that includes how badly the smooth curves fit.
    """
    from scipy.optimize import nnls

    curves = [background, np.ones_like(q)]
    curves += [square_mean * -np.expm1(-width * q**2) for width in DIFFUSE_WIDTHS]
    # Incoherent scattering rises towards the number of electrons.
    curves += [-np.expm1(-((q / width) ** 2)) for width in (3.0, 8.0)]
    design = np.column_stack(curves)
    design_scale = np.abs(design).max(axis=0)
    floor = max(float(np.median(sd)) * 1e-3, 1e-300)
    weights = 1 / np.maximum(sd, floor)
    weighted = design / design_scale * weights[:, None]
    target = sample * weights
    used = np.ones(len(q), dtype=bool)
    limit = np.inf
    for _ in range(100):
        solved, _ = nnls(weighted[used], target[used])
        residual = target - weighted @ solved
        # The spread below the fit is that of noise and misfit; reflections only add above it.
        below = residual[used & (residual < 0)]
        spread = max(float(np.sqrt(np.mean(below**2))) if len(below) else 0.0, 1e-12)
        limit = min(limit, 2.5 * spread)
        chosen = residual < limit
        if np.count_nonzero(chosen) < FEWEST or (chosen == used).all():
            break
        used = chosen
    active = solved > 0
    active[0] = True
    matrix = weighted[used][:, active]
    left = target[used] - weighted[used] @ solved
    freedom = max(len(left) - int(active.sum()), 1)
    chi_squared = float(left @ left) / freedom
    # Misfit of the curves is smooth: its neighbours agree, and it counts as fewer points than there are.
    lag = float(left[1:] @ left[:-1]) / max(float(left @ left), 1e-300)
    inflation = max((1 + lag) / max(1 - lag, 1e-2), noise_total)
    covariance = np.linalg.pinv(matrix.T @ matrix) * max(chi_squared, 1e-300) * inflation
    value = float(solved[0] / design_scale[0])
    sd_value = float(np.sqrt(covariance[0, 0]) / design_scale[0])
    share = np.count_nonzero(used) / len(used)
    if share < 0.1:
        warn(
            f"background scale estimated from {100 * share:.0f} % of the points only: the pattern is nearly all "
            "reflections; give background_scale"
        )
    return BackgroundScale(
        value,
        sd_value,
        f"estimated between the reflections ({100 * share:.0f} % of the points), reduced chi squared {chi_squared:.3g}",
    )


def warn_if_brighter(net: Array, sample: Array, background: Array, sd: Array, q: Array) -> None:
    """Warn where the scaled background exceeds the sample by more than noise.

    Parameters
    ----------
    net, sample, background
        Difference, sample, and background times its scale, shape (n,).
    sd
        Standard deviation of the difference, shape (n,).
    q
        1/angstrom, shape (n,).
    """
    brighter = net < -3 * sd
    count = int(np.count_nonzero(brighter))
    if count > max(0.005 * len(q), 3):
        worst = int(np.argmin(np.where(brighter, net / np.maximum(sample, 1e-300), 0)))
        warn(
            f"the scaled background is brighter than the sample at {count} of {len(q)} points, Q = "
            f"{q[brighter].min():.3g} to {q[brighter].max():.3g} 1/angstrom: at Q = {q[worst]:.3g} sample "
            f"{sample[worst]:.4g}, background {background[worst]:.4g}; lower background_scale"
        )
