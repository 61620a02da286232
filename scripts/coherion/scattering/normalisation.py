"""The scale from measured intensity to electron units, and how it follows from the data.

Two ways. PDFgetX3's scale is enough as long as nothing with an absolute size is subtracted: the scale of G is then
arbitrary. Compton scattering has a size in electron units, and a fluorescence constant is known in counts only, so
with these the scale must be absolute: it follows from the sum rule (Krogh-Moe, Acta Cryst. 9 (1956) 951; Norman,
Acta Cryst. 10 (1957) 370)

int Q^2 (S - 1) dQ = -2 pi^2 rho0,

which says that G(r) = -4 pi rho0 r near r = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.errors import InputError
from coherion.messages import warn
from coherion.scattering.corrections.laboratory import Corrections
from coherion.scattering.form_factors import FormFactorAverages
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]

# A fluorescence constant is found again from this share of the range on, and so many of the standard deviations that
# these have among them count as below zero.
SHORTEST_RANGE, SIGNIFICANT = 0.6, 3.0


@dataclass(frozen=True)
class Normalisation:
    """Scale s and fluorescence constant k: electron units = s (I - k shape).

    Attributes
    ----------
    scale
        Electrons^2 per atom per unit of intensity.
    fluorescence
        k in units of the intensity.
    scale_response, fluorescence_response
        Derivatives of s and k with respect to each intensity, shape (n,).
    method
        ``least_squares`` (PDFgetX3) or ``sum_rule``.
    """

    scale: float
    fluorescence: float
    scale_response: Array
    fluorescence_response: Array
    method: str


def normalise(net: Array, q: Array, corrections: Corrections, settings: ReductionSettings) -> Normalisation:
    """PDFgetX3's scale, or the absolute one where something of absolute size is subtracted."""
    wanted = settings.corrections
    if "compton" not in wanted and "fluorescence" not in wanted:
        return least_squares(net, corrections.averages)
    given = "fluorescence" in wanted and not isinstance(settings.fluorescence, str)
    constant = float(settings.fluorescence) if given else 0.0
    found = sum_rule(
        net - constant * corrections.sample_factor,
        corrections.averages,
        corrections.compton,
        q,
        fluorescence_shape=corrections.sample_factor if "fluorescence" in wanted and not given else None,
        number_density=corrections.number_density,
    )
    return replace(found, fluorescence=constant) if given else found


def least_squares(intensity: Array, averages: FormFactorAverages) -> Normalisation:
    """PDFgetX3's scale: least squares of <f^2>/<f>^2 on I/<f>^2, every point with the same weight.

    Parameters
    ----------
    intensity
        Net intensity in any unit, shape (n,).
    averages
        Form factors on the same points.

    A negative scale is kept, as PDFgetX3 keeps it: what exceeds the sample is its background, or the difference of two
    samples, of which the sign is a choice.

    Raises
    ------
    InputError
        If there is no scale: sample and background scatter alike.
    """
    u = intensity / averages.mean_squared
    t = averages.square_mean / averages.mean_squared
    square = float(u @ u)
    scale = float(u @ t) / square if square > 0 else 0.0
    if scale < 0 and np.isfinite(scale):
        warn(
            f"the sample scatters less than its background over most of the range (scale {scale:.3g}): the sign of "
            "G(r) is turned, as in a difference of two samples; else lower background_scale or check that sample and "
            "background are not exchanged"
        )
    else:
        _require_positive(scale)
    response = (t - 2 * scale * u) / (square * averages.mean_squared)
    return Normalisation(scale, 0.0, response, np.zeros_like(response), "least_squares")


def sum_rule(
    intensity: Array,
    averages: FormFactorAverages,
    compton: Array,
    q: Array,
    *,
    fluorescence_shape: Array | None,
    number_density: float | None,
) -> Normalisation:
    """Absolute scale from the sum rule, with or without a fluorescence constant.

    Sought is J = a (<f^2> + C) + k g + Bragg and diffuse ripples, a = 1/s. The first equation is the sum rule under
    Lorch's window L, which removes the ripple of the cut at Q_max:

    sum Q^2 L (J - a M - k g)/<f>^2 = a (-2 pi^2 rho0 + q_min^3/3)/dq,   M = <f^2> + C,

    q_min^3/3 standing for the missing start of the integral, where S is near 0. The second, where k is sought, is the
    condition of least squares for k with the same weights: sum Q^2 L g (J - a M - k g)/(<f>^2 M) = 0.

    Parameters
    ----------
    intensity
        Net intensity J after polarisation and absorption, shape (n,).
    averages
        Form factors.
    compton
        C in electrons^2 per atom, shape (n,).
    q
        Uniform grid, 1/angstrom, shape (n,).
    fluorescence_shape
        g, what the corrections make of a constant, shape (n,); None: no constant is sought.
    number_density
        rho0 in 1/angstrom^3; None neglects the term (0.1 % of the scale).

    Raises
    ------
    InputError
        If the scale is not positive.
    """
    response = _response(averages, compton, q, fluorescence_shape, number_density, len(q))
    solved = response @ intensity
    if fluorescence_shape is not None and solved[1] < 0:
        # Its error is not the counts' but the ripples that a cut leaves in the sums; other ends of the range show them.
        ends = [int(share * len(q)) for share in np.linspace(SHORTEST_RANGE, 1.0, 9)]
        constants = [
            (_response(averages, compton, q, fluorescence_shape, number_density, n) @ intensity[:n])[1] for n in ends
        ]
        sd = float(np.std(constants, ddof=1))
        if solved[1] < -SIGNIFICANT * sd:
            warn(
                f"the fitted fluorescence is negative ({solved[1]:.4g} ± {sd:.2g}) and taken as 0: background scale, "
                "density or composition may be wrong"
            )
        return sum_rule(intensity, averages, compton, q, fluorescence_shape=None, number_density=number_density)
    _require_positive(float(solved[0]))
    scale = 1 / float(solved[0])
    found = fluorescence_shape is not None
    return Normalisation(
        scale,
        float(solved[1]) if found else 0.0,
        -(scale**2) * response[0],
        response[1] if found else np.zeros_like(q),
        "sum_rule",
    )


def _response(
    averages: FormFactorAverages,
    compton: Array,
    q: Array,
    fluorescence_shape: Array | None,
    number_density: float | None,
    n: int,
) -> Array:
    """Derivatives of a, and of k where it is sought, with respect to the first n intensities, shape (1 or 2, n)."""
    q, mean_squared = q[:n], averages.mean_squared[:n]
    expected = averages.square_mean[:n] + compton[:n]
    weight = q**2 * np.sinc(q / q[-1]) / mean_squared
    missing = (q[0] ** 3 / 3 - 2 * np.pi**2 * (number_density or 0.0)) / (q[1] - q[0])
    if fluorescence_shape is None:
        return weight[None] / (weight @ expected + missing)
    shape = fluorescence_shape[:n]
    rows = np.array([weight, weight * shape / expected])
    matrix = np.stack([rows @ expected + [missing, 0.0], rows @ shape], axis=1)
    return np.linalg.solve(matrix, rows)


def _require_positive(scale: float) -> None:
    if not (scale > 0 and np.isfinite(scale)):
        raise InputError(
            "the sample scatters less than its background over most of the range",
            place="key background_scale",
            found=f"scale to electron units {scale:.3g}",
            expected="a positive one",
            advice="lower background_scale or check that sample and background are not exchanged",
        )
