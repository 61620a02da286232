"""Averages of atomic form factors over a composition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.atoms.scattering_factors import anomalous_terms, form_factor


@dataclass(frozen=True)
class FormFactorAverages:
    """Averages over the atoms of a composition at each Q.

    Attributes
    ----------
    mean_squared
        |<f>|^2, electrons^2, shape of q.
    square_mean
        <|f|^2>, electrons^2, shape of q.
    """

    mean_squared: NDArray[np.float64]
    square_mean: NDArray[np.float64]


def average_form_factors(
    composition: Mapping[str, float], q: NDArray[np.float64], *, wavelength: float | None = None
) -> FormFactorAverages:
    """|<f>|^2 and <|f|^2> of a composition.

    Parameters
    ----------
    composition
        Element to atoms per formula unit.
    q
        Momentum transfer in 1/angstrom, shape (n,).
    wavelength
        In angstrom: f' and f'' at this wavelength are added to f0. None leaves them out, as PDFgetX3 does.

    Returns
    -------
    FormFactorAverages
        Arrays of shape (n,), electrons^2.
    """
    q = np.asarray(q, dtype=float)
    total = sum(composition.values())
    mean: NDArray[Any] = np.zeros(q.shape, dtype=float if wavelength is None else complex)
    square = np.zeros(q.shape)
    for element, amount in composition.items():
        factor: NDArray[Any] = form_factor(element, q)
        if wavelength is not None:
            factor = factor + anomalous_terms(element, wavelength)
        mean += amount / total * factor
        square += amount / total * np.abs(factor) ** 2
    return FormFactorAverages(np.abs(mean) ** 2, square)
