"""Fractions of phases from the scales of their G(r)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coherion.atoms.scattering_factors import scattering_powers
from coherion.crystal.crystal import Crystal


def weight_fractions(
    crystals: Sequence[Crystal], scales: np.ndarray, covariance: np.ndarray, radiation: str = "xray"
) -> tuple[np.ndarray, np.ndarray]:
    """Mass fractions of the phases, shape (n,), and their covariance, (n, n).

    The G(r) of a mixture is normalised by the mean scattering power of all atoms, that of a phase by its own <f>^2, so
    that a scale is proportional to N <f>^2 with N the number of its atoms, and the mass to scale m / <f>^2 with m the
    mean atomic mass. <f> is taken at Q = 0, as PDFgui does.

    Parameters
    ----------
    crystals
        With refined occupancies.
    scales, covariance
        Scale of each phase, dimensionless, (n,), and their covariance (n, n).
    radiation
        ``xray`` or ``neutron``.
    """
    import gemmi

    factors = []
    for crystal in crystals:
        amounts = crystal.composition
        counts = np.array(list(amounts.values()))
        share = counts / counts.sum()
        power = float(share @ scattering_powers(list(amounts), np.zeros(1), radiation)[:, 0])
        mass = float(share @ np.array([gemmi.Element(element).weight for element in amounts]))
        factors.append(mass / power**2)
    masses = np.asarray(scales) * np.array(factors)
    total = masses.sum()
    fractions = masses / total
    slope = (np.diag(np.array(factors)) - np.outer(fractions, np.array(factors))) / total
    return fractions, slope @ np.asarray(covariance) @ slope.T
