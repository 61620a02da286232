"""G(r), S(Q) and partials without a fit, against one another and against what must hold for any structure."""

import sys
from pathlib import Path

import numpy as np
import pytest

from coherion.crystal.cif import write_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.data.pdf_text import read_pdf_text
from coherion.errors import InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.calculation import calculate_structures
from coherion.refinement.observed import read_observed
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import CalculationSettings

SALT = Crystal(
    "salt",
    (5.64, 5.64, 5.64, 90, 90, 90),
    "Fm-3m",
    (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), u_iso=0.015)),
)


def found(crystal=SALT, **given):
    return calculate_structures([crystal], settings_from(CalculationSettings, {"qmax": 20.0, "rmax": 30.0, **given}))


def test_total_is_that_of_the_model_and_its_values():
    made = found(values={"*.u_iso": 0.01, "scale": 0.5}, qdamp=0.03)
    model = PairModel((SALT,), 20.0, envelope="none")
    values = {"Na1.u_iso": 0.01, "Cl1.u_iso": 0.01, "scale": 0.5, "qdamp": 0.03}
    np.testing.assert_allclose(made.pair_distribution, calculate(model, made.r, values), atol=1e-9)
    with pytest.raises(InputError, match="key values.K1.u_iso"):
        found(values={"K1.u_iso": 0.01})


def test_f_of_q_transforms_into_g_of_r():
    made = found(qstep=0.005, qdamp=0.06)
    # Trapezia of 0.005 1/angstrom are good to 1e-4 at 12 angstrom.
    r = np.linspace(1.0, 12.0, 40)
    f = made.reduced_structure_factor
    integral = 2 / np.pi * np.trapezoid(f[None, :] * np.sin(np.outer(r, made.q)), made.q, axis=1)
    expected = np.interp(r, made.r, made.pair_distribution)
    np.testing.assert_allclose(integral, expected, atol=2e-3 * np.abs(expected).max())
    np.testing.assert_allclose(made.structure_factor[1:], 1 + f[1:] / made.q[1:])


@pytest.mark.parametrize("convention", ["exact", "pdffit"])
def test_partials_hold_their_own_pairs_only(convention):
    made = found(convention=convention, qmax=30.0)
    assert set(made.partials) == {"Na-Na", "Na-Cl", "Cl-Cl"}
    r = made.r

    def peak(name, distance):
        inside = np.abs(r - distance) < 0.4
        return made.partials[name][inside].max()

    # a/2: unlike atoms only; a/sqrt(2): like ones only.
    assert peak("Na-Cl", 2.82) > 5 and peak("Na-Na", 2.82) < 1 and peak("Cl-Cl", 2.82) < 1
    assert peak("Na-Cl", 3.988) < 1 and peak("Na-Na", 3.988) > 3 and peak("Cl-Cl", 3.988) > 3
    # Six neighbours: 4 pi r^2 rho0 c_b g = r (G_ab + 4 pi r rho0) c_b, of which half of the atoms are Cl.
    density = 8 / 5.64**3
    inside = (r > 2.0) & (r < 3.4)
    count = np.trapezoid(
        0.5 * r[inside] * (made.partials["Na-Cl"][inside] + 4 * np.pi * density * r[inside]), r[inside]
    )
    assert count == pytest.approx(6.0, abs=0.1)


def test_partials_sum_to_the_total_where_powers_do_not_depend_on_q():
    made = found(radiation="neutron")
    na, cl = 3.63, 9.577  # fm, Neutron News 3 (1992) 26
    mean = (na + cl) / 2
    weights = {"Na-Na": na * na / 4, "Na-Cl": na * cl / 2, "Cl-Cl": cl * cl / 4}
    total = sum(weights[name] * g for name, g in made.partials.items()) / mean**2
    np.testing.assert_allclose(total, made.pair_distribution, atol=2e-4 * np.abs(total).max())


def test_command(tmp_path, monkeypatch, capsys):
    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    import calculate_pair_distribution

    write_cif(tmp_path / "salt.cif", SALT)
    told = '{"radiation": "neutron", "qmax": 18.0, "rmax": 25.0, "anisotropic": ["*"], "values": {"Na1.u11": 0.03}}'
    calculate_pair_distribution.main(
        [str(tmp_path / "salt.cif"), "--output", str(tmp_path / "x.gr"), "--settings", told]
    )
    assert "3 partials" in capsys.readouterr().out
    observed = read_observed(tmp_path / "x.gr")
    assert (observed.radiation, observed.qmax, observed.origin) == ("neutron", 18.0, "simulated")
    assert observed.composition == {"Cl": 4.0, "Na": 4.0}
    assert read_pdf_text(tmp_path / "x.sq").kind == "sq" and read_pdf_text(tmp_path / "x.fq").x[-1] == 18.0
    head = (tmp_path / "x.partials.tsv").read_text().splitlines()
    assert head[0].split("\t") == ["r_A", "G_Na-Na_per_A2", "G_Na-Cl_per_A2", "G_Cl-Cl_per_A2"]
    assert len(head) == 1 + observed.r.size
