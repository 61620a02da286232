"""Akaike's information criterion with the correction for small samples (Hurvich & Tsai, Biometrika 76 (1989) 297)."""

from __future__ import annotations

import math


def aicc(deviance: float, parameters: float, points: float) -> float:
    """-2 ln L + 2 k + 2 k (k + 1) / (n - k - 1), the last denominator at least 1.

    Parameters
    ----------
    deviance
        -2 ln L but for what models of the same points share: chi-squared where the errors of the data are known, else
        :func:`unknown_errors` of it.
    parameters, points
        k, with the variance as one where it is estimated and the models compared estimate it alike; n.
    """
    return deviance + 2.0 * parameters + 2.0 * parameters * (parameters + 1) / max(points - parameters - 1, 1.0)


def unknown_errors(chi_squared: float, points: float, least: float = 1e-300) -> float:
    """n ln(chi-squared / n): -2 ln L at the variance that the misfit tells; ``least`` is that of a perfect fit."""
    return points * math.log(max(chi_squared, least) / points)
