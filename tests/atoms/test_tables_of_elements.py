"""The tables of elements read directly, against xraydb, which they belong to, and its own way of interpolating."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xraydb

from coherion.atoms.cross_sections import incoherent_cross_section, mass_attenuation
from coherion.atoms.elements import ELEMENTS, atomic_mass, atomic_number
from coherion.atoms.scattering_factors import anomalous_terms, constant_powers, form_factor, scattering_powers
from coherion.constants import HC
from coherion.errors import InputError

# Chantler's tables end at uranium.
WITH_DISPERSION = ELEMENTS[:92]


def test_every_element_is_xraydbs():
    q = np.linspace(0, 30, 61)
    for z, element in enumerate(ELEMENTS, 1):
        assert atomic_number(element) == z == xraydb.atomic_number(element)
        assert atomic_mass(element) == xraydb.atomic_mass(element)
        np.testing.assert_allclose(form_factor(element, q), xraydb.f0(element, q / (4 * np.pi)), rtol=1e-12)
    powers = scattering_powers(ELEMENTS, q)
    np.testing.assert_allclose(powers[48], form_factor("In", q), rtol=0)
    assert constant_powers(["Na", "In"]).tolist() == [11.0, 49.0]


def test_dispersion_is_xraydbs():
    """Ag, Mo and Cu radiation, and energies drawn over the table, near edges and at its ends too."""
    draw = np.random.default_rng(0)
    for element in WITH_DISPERSION:
        edges = [edge.energy for edge in xraydb.xray_edges(element).values() if edge.energy > 50]
        near = [e + shift for e in edges for shift in (-1.0, 0.5, 7.0)]
        energies = [HC / w for w in (0.5594075, 0.70932, 1.540593)] + near + list(np.exp(draw.uniform(3.0, 12.8, 20)))
        for energy in energies:
            found = anomalous_terms(element, HC / energy)
            expected = complex(float(xraydb.f1_chantler(element, energy)), float(xraydb.f2_chantler(element, energy)))
            # f' is a difference of f1 and Z: its rounding is that of the spline's matrix.
            assert found.real == pytest.approx(expected.real, rel=1e-9, abs=1e-9), (element, energy)
            assert found.imag == pytest.approx(expected.imag, rel=1e-10), (element, energy)


def test_cross_sections_are_xraydbs():
    draw = np.random.default_rng(1)
    for element in ELEMENTS:
        edges = [edge.energy for edge in xraydb.xray_edges(element).values() if edge.energy > 110]
        for energy in [
            *(e + shift for e in edges for shift in (-0.01, 0.01)),
            *np.exp(draw.uniform(4.7, 13.5, 10)),
            22163.0,
        ]:
            energy = float(energy)
            assert mass_attenuation(element, energy) == pytest.approx(
                float(np.squeeze(xraydb.mu_elam(element, energy))), rel=1e-12
            ), (element, energy)
            assert incoherent_cross_section(element, energy) == pytest.approx(
                float(np.squeeze(xraydb.incoherent_cross_section_elam(element, energy))), rel=1e-12
            )


def test_what_is_not_tabulated_is_refused():
    with pytest.raises(InputError, match="lacks an element; found Xx"):
        form_factor("Xx", np.zeros(1))
    with pytest.raises(InputError, match="not tabulated at this wavelength"):
        anomalous_terms("In", 1e5)


def test_reading_the_tables_is_light():
    """xraydb is never imported, nor scipy."""
    code = (
        "import sys, numpy as np\n"
        "from coherion.atoms.scattering_factors import anomalous_terms, scattering_powers\n"
        "from coherion.atoms.cross_sections import mass_attenuation\n"
        "scattering_powers(['In'], np.ones(2)); anomalous_terms('In', 0.56); mass_attenuation('In', 22e3)\n"
        "print([m for m in ('xraydb', 'scipy', 'sqlalchemy') if m in sys.modules])"
    )
    scripts = Path(__file__).parents[2] / "scripts"
    environment = os.environ | {"PYTHONPATH": str(scripts)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
