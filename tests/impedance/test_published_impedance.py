"""Three published analyses of real data, to the digits that their authors printed.

1. EISFitpython, pellet s04147 at seven temperatures: parameters, chi squared, conductivities, activation energies.
2. EISFitpython, LAGP (Example2b).
3. dgpost, one and three sweeps of a dummy cell.

The conventions of each are settings here; docs/method-impedance.md lists them.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from coherion.data.spectra.reader import SpectraRow, assemble, read_spectra
from coherion.impedance.arrhenius_dataset import arrhenius_dataset
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.circuits.fit import fit_circuit
from coherion.impedance.datasets import validate_dataset
from coherion.settings.reading import settings_from
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.validation import ValidationSettings

TEMPERATURES = range(140, 201, 10)
CIRCUIT = "p(R1,CPE1)-p(R2,CPE2)-CPE3"

# What the configuration says for the published conventions.
CIRCUIT_SETTINGS = {
    "circuit": CIRCUIT,
    "weights": "modulus",
    "resistances": {"bulk": ["R1"], "grain boundary": ["R2"], "total": ["R1", "R2"]},
    "sum_covariance": False,
    "capacitance_uncertainty": "sum_of_relative",
    "compare_circuits": False,
}
ARRHENIUS_SETTINGS = {
    "pellet_thickness_cm": 0.21,
    "pellet_diameter_cm": 0.8,
    # The authors take 0.001 cm for the thickness and 0.01 cm^2 for the area: dD = 2 dA / (pi D).
    "pellet_thickness_sd_cm": 0.001,
    "pellet_diameter_sd_cm": 2 * 0.01 / (np.pi * 0.8),
    "form": "sigma_T",
    "weighting": "none",
    "celsius_zero": 273.0,
    "temperature_sd": 0.0,
}


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "eis" / "EISFitpython"


@pytest.fixture(scope="module")
def circuits(folder):
    rows = [SpectraRow(str(folder / f"s04147-{t}deg.txt"), temperature=float(t)) for t in TEMPERATURES]
    validated = validate_dataset(assemble("s04147", rows), ValidationSettings())
    # All points are used, as in the published fits: the paper's limit of 2 % removes none.
    assert int(validated["removed"].sum()) == 0 and validated["valid"].values.all()
    return fit_dataset(validated, settings_from(CircuitSettings, CIRCUIT_SETTINGS))


@pytest.fixture(scope="module")
def arrhenius(circuits):
    return arrhenius_dataset(circuits, settings_from(ArrheniusSettings, ARRHENIUS_SETTINGS))


def printed_fits(text):
    """For each report: chi squared, reduced, rmse, degrees of freedom, and rows of value, error, percent."""
    for block in text.split("EIS Fit Report")[1:]:
        head = [re.search(rf"^{n}: (\S+)", block, re.M)[1] for n in ("Chi-squared", "Reduced Chi-squared", "RMSE")]
        freedom = int(re.search(r"Degrees of Freedom: (\d+)", block)[1])
        rows = re.findall(r"^\w\d =\s+(\S+)\s+(\S+)\s+(\S+)\s*$", block, re.M)
        matrix = [
            [float(v) for v in line.split(":")[1].split()]
            for line in re.findall(r"^\w\d : .*$", block.split("Correlation Matrix")[1], re.M)
        ]
        yield head, freedom, rows, matrix


def test_the_seven_fits_of_s04147_to_every_digit(folder, circuits):
    reports = list(printed_fits((folder / "EX3_Batch_EISfit_Report.txt").read_text(encoding="utf-8")))
    assert len(reports) == 7
    for row, (head, freedom, printed, matrix) in enumerate(reports):
        c = circuits.isel(spectrum=row)
        ours = [c["chi_squared"], c["reduced_chi_squared"], c["rmse"]]
        assert [f"{float(v):.6e}" for v in ours] == head
        assert int(c["degrees_of_freedom"]) == freedom
        value, sd = c["value"].values, c["standard_uncertainty"].values
        assert [(f"{v:.3e}", f"{s:.3e}") for v, s in zip(value, sd, strict=True)] == [p[:2] for p in printed]
        for v, s, p in zip(value, sd, printed, strict=True):
            assert 100 * s / v == pytest.approx(float(p[2]), abs=6e-4)
        correlation = c["covariance"].values / np.outer(sd, sd)
        for i, line in enumerate(matrix):
            np.testing.assert_allclose(correlation[i, : len(line)], line, atol=6e-4)


def test_conductivities_of_s04147_with_their_errors(folder, arrhenius):
    text = (folder / "EX3_Arrhenius_Analysis_Report.txt").read_text(encoding="utf-8")
    for name, block in zip(arrhenius["resistance_name"].values, text.split("Analysis:")[1:], strict=True):
        printed = re.findall(r"^\s+(\d+\.0)\s+(\S+)\s+(\S+)\s+(\S+)\s*$", block, re.M)
        assert len(printed) == 7
        d = arrhenius.sel(resistance_name=name)
        for row, (kelvin, *cells) in enumerate(printed):
            sigma, sd = float(d["conductivity"][row]), float(d["conductivity_sd"][row])
            assert float(d["temperature"][row]) + 273 == float(kelvin)
            assert [f"{sigma:.3e}", f"{sd:.3e}", f"{100 * sd / sigma:.2f}"] == cells, name


def test_activation_energies_of_s04147(folder, arrhenius):
    text = (folder / "EX3_Arrhenius_Analysis_Report.txt").read_text(encoding="utf-8")
    for name, block in zip(arrhenius["resistance_name"].values, text.split("Analysis:")[1:], strict=True):
        d = arrhenius.sel(resistance_name=name)
        energy, sd = re.search(r"\(EA\): (\S+) ± (\S+) eV", block).groups()
        assert f"{float(d['activation_energy']):.4f}" == energy
        assert f"{float(d['activation_energy_sd']):.4f}" == sd
        assert f"{float(d['r_squared']):.4f}" == re.search(r"R-squared: (\S+)", block)[1]
        assert f"{float(d['conductivity_reference']):.5e}" == re.search(r"σRT\): (\S+)", block)[1]
        # Eleven digits are printed; the prefactor repeats them as far as two minimisers agree on R (1e-7).
        prefactor, factor = (float(v) for v in re.search(r"\(a0\): (\S+) ± (\S+)", block).groups())
        assert np.exp(float(d["ln_prefactor"])) == pytest.approx(prefactor, rel=3e-6)
        statistical = d["covariance_by_form"].sel(form="sigma_T", weighting="none").values[1, 1]
        assert np.exp(np.sqrt(statistical)) == pytest.approx(factor, rel=2e-6)


def test_effective_capacitances_of_s04147(folder, circuits):
    text = (folder / "EX3_Effective_Capacitance_Values.txt").read_text(encoding="utf-8")
    for k, block in enumerate(text.split("Capacitance values for")[1:]):
        printed = re.findall(r"^\s+(\d+\.0)\s+(\S+)\s+(\S+)\s+(\S+)\s*$", block, re.M)
        assert len(printed) == 7
        for row, (_, *cells) in enumerate(printed):
            c, sd = float(circuits["capacitance"][row, k]), float(circuits["capacitance_sd"][row, k])
            assert [f"{c:.3e}", f"{sd:.3e}"] == cells[:2]
            assert 100 * sd / c == pytest.approx(float(cells[2]), abs=0.006)


def test_with_its_covariance_the_sum_of_resistances_is_better_known(circuits, folder):
    # R1 and R2 are correlated by -0.92 and more, which the published errors of the total neglect.
    plain = circuits["resistance_sd"].sel(resistance_name="total").values
    covariance = circuits["covariance"]
    both = covariance.sel(parameter=["R1", "R2"], parameter_2=["R1", "R2"]).values.sum(axis=(1, 2)) ** 0.5
    assert np.all(both < 0.6 * plain)


def test_lagp_above_five_hertz_to_every_digit(folder):
    spectrum = read_spectra(folder / "Example2b.txt")[0]
    chosen = spectrum.frequency >= 5
    fit = fit_circuit(spectrum.frequency[chosen], spectrum.impedance[chosen], CIRCUIT)
    (head, freedom, printed, _), *more = printed_fits((folder / "EX2_EIS_fit_report.txt").read_text(encoding="utf-8"))
    assert not more
    assert [f"{v:.6e}" for v in (fit.chi_squared, fit.reduced_chi_squared, fit.rmse)] == head
    assert fit.degrees_of_freedom == freedom
    ours = zip(fit.values, fit.standard_uncertainty, strict=True)
    assert [(f"{v:.3e}", f"{s:.3e}") for v, s in ours] == [p[:2] for p in printed]


# dgpost 2.x, tests of its circuit fit; values as they stand there.
DGPOST = {
    "peis_single_data.mpr": [
        [475.2433212762373, 1017.9841560981195, 8.217441694839528e-09, 3560.8270276185403, 2.3013607605373074e-06]
    ],
    "peis_multiple_data.mpr": [
        [475.21080042727726, 1018.377668250544, 8.152810550867264e-09, 3561.2257211299725, 2.30438916633477e-06],
        [475.2953789139291, 1018.442597093697, 8.151962523603272e-09, 3560.7868174294067, 2.3037006497998636e-06],
        [475.1262422077364, 1019.6598850783428, 8.148917576672245e-09, 3559.517708873706, 2.3053411072402693e-06],
    ],
}


@pytest.mark.parametrize("name", list(DGPOST))
def test_the_dummy_cell_of_dgpost(real_data, name):
    spectra = read_spectra(real_data / "eis" / "dgpost" / name)
    assert len(spectra) == len(DGPOST[name])
    for spectrum, expected in zip(spectra, DGPOST[name], strict=True):
        fit = fit_circuit(spectrum.frequency, spectrum.impedance, "R0-p(R1,C1)-p(R2,C2)")
        np.testing.assert_allclose(fit.values, expected, rtol=2e-6)
