"""Areas of reflections against what a textbook writes down for face-centred lattices."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.structure_factors import reflection_areas

A, U = 3.524, 0.005
MULTIPLICITY = {3: 8, 4: 6, 8: 12, 11: 24, 12: 8}


def by_square(q: np.ndarray, area: np.ndarray, a: float) -> dict[int, float]:
    """Areas by h^2 + k^2 + l^2, without those that are none."""
    return {round((one * a / (2 * np.pi)) ** 2): value for one, value in zip(q, area, strict=True) if value > 1e-9}


@pytest.mark.parametrize("u", [1e-9, U])
def test_the_reflections_of_nickel(u):
    """F = 4 f exp(-U Q^2 / 2) for unmixed indices, so that an area is 2 pi^2 4 m exp(-U Q^2) / (V Q), V the cell's."""
    nickel = Crystal("Ni", (A,) * 3 + (90, 90, 90), "F m -3 m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=u),))
    _, q, area = reflection_areas(nickel, 0.5, 2 * np.pi / A * np.sqrt(12.5))
    found = by_square(q, area, A)
    assert set(found) == set(MULTIPLICITY)
    for square, many in MULTIPLICITY.items():
        place = 2 * np.pi / A * np.sqrt(square)
        expected = 2 * np.pi**2 * 4 * many * np.exp(-u * place**2) / (A**3 * place)
        assert found[square] == pytest.approx(expected, rel=1e-6)


def test_the_reflections_of_rock_salt_for_neutrons():
    """F is four times the sum or the difference of the scattering lengths, 3.63 and 9.577 fm."""
    a, (b1, b2) = 5.64, (3.63, 9.5770)
    sites = (
        Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=1e-9),
        Site("Cl1", (0.5, 0.5, 0.5), (("Cl", 1.0),), u_iso=1e-9),
    )
    salt = Crystal("salt", (a,) * 3 + (90, 90, 90), "F m -3 m", sites)
    hkl, q, area = reflection_areas(salt, 1.0, 2 * np.pi / a * np.sqrt(8.5), "neutron")
    found = by_square(q, area, a)
    for square, length in ((3, b1 - b2), (4, b1 + b2), (8, b1 + b2)):
        place = 2 * np.pi / a * np.sqrt(square)
        expected = 2 * np.pi**2 * 16 * length**2 * MULTIPLICITY[square] / (a**3 * 8 * ((b1 + b2) / 2) ** 2 * place)
        assert found[square] == pytest.approx(expected, rel=2e-3)
    np.testing.assert_allclose(np.linalg.norm(hkl, axis=1) * 2 * np.pi / a, q)
