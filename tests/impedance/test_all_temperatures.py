"""All spectra of a sample at once: the line with its own scatter, lower limits, arcs smooth in temperature."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from scipy.optimize import least_squares

from coherion.impedance import alerts
from coherion.impedance.arrhenius_dataset import arrhenius_dataset
from coherion.impedance.arrhenius_together import CONTRADICTION, fit_together
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.validation import ValidationSettings

K = 8.617333262e-5
KELVIN = np.linspace(213.0, 343.0, 10)
OPEN = np.full((10, 13), np.nan)


def line(energy=0.45, ln_25=11.0, kelvin=KELVIN):
    """ln R of ln(sigma T) = ln A - E / (k T)."""
    return ln_25 + energy / K * (1 / kelvin - 1 / 298.15) + np.log(kelvin / 298.15)


def together(ln_r, ln_sd, temperature_sd=0.0, grids=OPEN, likelihoods=OPEN, form="sigma_T"):
    sd = np.full(10, temperature_sd)
    return fit_together(KELVIN, sd, ln_r, np.full(10, ln_sd), grids, likelihoods, 0.0, form)


def profile(row, ln_r, below, above):
    """Profile of one spectrum: two halves of normal distributions; ``above`` infinite for a lower limit."""
    grids, likelihoods = OPEN.copy(), OPEN.copy()
    grids[row] = ln_r + np.linspace(-8, 8, 13) * below
    off = grids[row] - ln_r
    likelihoods[row] = -0.5 * np.where(off < 0, off / below, off / above) ** 2
    return {"grids": grids, "likelihoods": likelihoods}


def test_an_exact_line_is_found():
    found = together(line(), 1e-3)
    assert found is not None
    assert found.activation_energy == pytest.approx(0.45, abs=1e-6)
    # ln A of sigma T at 298.15 K, with a cell constant of 1 / cm.
    assert found.ln_prefactor == pytest.approx(-11.0 + np.log(298.15) + 0.45 / (K * 298.15), abs=1e-5)
    other = together(line(), 1e-3, form="sigma")
    assert other is not None and 0.020 < 0.45 - other.activation_energy < 0.028


@pytest.mark.parametrize(("form", "own"), [("sigma_T", 1.0), ("sigma", 0.0)])
def test_an_error_of_the_temperature_is_one_of_the_point_about_the_line(form, own):
    """(E/kT^2 - 1/T) dT for ln(sigma T), E/kT^2 dT for ln(sigma)."""
    energy, sd = 0.15, 0.5
    ln_r = line(energy) - (1 - own) * np.log(KELVIN)
    by_temperature = together(ln_r, 1e-6, temperature_sd=sd, form=form)
    of_point = (energy / (K * KELVIN**2) - own / KELVIN) * sd
    by_point = fit_together(KELVIN, np.zeros(10), ln_r, of_point, OPEN, OPEN, 0.0, form)
    assert by_temperature is not None and by_point is not None
    assert by_temperature.activation_energy == pytest.approx(energy, abs=1e-5)
    np.testing.assert_allclose(by_temperature.covariance, by_point.covariance, rtol=2e-3)


def test_errors_are_right_without_knowing_the_scatter():
    g = np.random.default_rng(4)
    pulls, scatters = [], []
    for _ in range(150):
        ln_r = line(kelvin=KELVIN + 0.5 * g.normal(size=10)) + 0.03 * g.normal(size=10)
        found = together(ln_r + 0.005 * g.normal(size=10), 0.005, temperature_sd=0.5)
        pulls.append((found.activation_energy - 0.45) / found.activation_energy_sd)
        scatters.append(found.scatter)
    assert 0.87 < np.sqrt(np.mean(np.square(pulls))) < 1.13
    assert 0.02 < np.mean(scatters) < 0.045


def test_a_lower_limit_far_below_the_line_says_nothing_and_one_above_it_pulls():
    g = np.random.default_rng(1)
    ln_r = line() + 0.02 * g.normal(size=10)
    ln_r[0] = np.nan
    alone = together(ln_r, 0.002)
    below = together(ln_r, 0.002, **profile(0, line()[0] - 1.0, 0.05, np.inf))
    assert below.limits.tolist() == [True] + [False] * 9
    assert below.activation_energy == pytest.approx(alone.activation_energy, abs=0.02 * alone.activation_energy_sd)
    assert below.activation_energy_sd == pytest.approx(alone.activation_energy_sd, rel=0.02)
    above = together(ln_r, 0.002, **profile(0, line()[0] + 0.08, 0.01, np.inf))
    assert above.activation_energy > alone.activation_energy + 0.3 * alone.activation_energy_sd
    # A profile that is certain on both sides is a measurement.
    certain = together(ln_r, 0.002, **profile(0, line()[0], 0.002, 0.002))
    whole = ln_r.copy()
    whole[0] = line()[0]
    measured = together(whole, 0.002)
    assert certain.activation_energy == pytest.approx(measured.activation_energy, rel=1e-3)
    assert certain.activation_energy_sd == pytest.approx(measured.activation_energy_sd, rel=0.1)


def test_a_limit_that_contradicts_the_others_is_named_and_takes_no_part():
    g = np.random.default_rng(1)
    ln_r = line() + 0.02 * g.normal(size=10)
    ln_r[0] = np.nan
    alone = together(ln_r, 0.002)
    found = together(ln_r, 0.002, **profile(0, line()[0] + 2.0, 0.01, np.inf))
    assert found.contradicting.tolist() == [True] + [False] * 9 and not found.limits.any()
    assert found.distance[0] > CONTRADICTION and np.isnan(found.distance[1:]).all()
    assert found.activation_energy == pytest.approx(alone.activation_energy, abs=1e-9)


def test_two_temperatures_make_no_line():
    ln_r = np.full(10, np.nan)
    ln_r[[2, 5]] = line()[[2, 5]]
    assert together(ln_r, 0.01) is None


# --- spectra -----------------------------------------------------------------------------------------------------

FREQUENCY = np.geomspace(7e6, 0.1, 86)
CELSIUS = np.linspace(-60.0, 60.0, 7)


def sample(ln_r, seed=0, noise=0.005, exponent=0.92):
    """Spectra of an arc whose capacitance and exponent are smooth in temperature, and of an electrode."""
    s = 2j * np.pi * FREQUENCY
    g = np.random.default_rng(seed)
    rows = []
    for t, one in zip(CELSIUS, np.exp(ln_r), strict=True):
        tau = one * 2e-11 * (1 + 1e-3 * t)
        z = one / (1 + (tau * s) ** min(exponent + 2e-4 * t, 1.0)) + 1 / (1e-6 * s**0.8)
        rows.append(z + noise * np.abs(z) * (g.normal(size=s.size) + 1j * g.normal(size=s.size)))
    dims, z = ("spectrum", "point"), np.array(rows)
    each = {"temperature": CELSIUS, "temperature_sd": np.full(7, 0.3), "cycle": np.ones(7, dtype=int)}
    each |= {"source": np.array([f"{t:g}.mpt" for t in CELSIUS], dtype=object)}
    return xarray.Dataset(
        {"frequency": (dims, np.tile(FREQUENCY, (7, 1))), "impedance_real": (dims, z.real)}
        | {"impedance_imaginary": (dims, z.imag)}
        | {name: ("spectrum", values) for name, values in each.items()},
        attrs={"origin": "simulated", "sample": "x"},
    )


def analysed(spectra, circuit="p(R1,CPE1)-CPE3"):
    circuits = fit_dataset(validate_dataset(spectra, ValidationSettings()), CircuitSettings(circuit=circuit))
    return circuits, arrhenius_dataset(circuits, ArrheniusSettings(pellet_thickness_cm=0.1, pellet_diameter_cm=1.0))


@pytest.mark.parametrize("circuit", ["p(R1,CPE1)-CPE3", "auto"])
def test_spectra_too_resistive_are_limits_and_make_the_energy_more_certain(circuit):
    truth = line(0.55, 19.7, CELSIUS + 273.15)
    circuits, found = analysed(sample(truth), circuit)
    # The arcs at -60 and -40 degC have their apex below 0.1 Hz.
    apex = 1 / (2 * np.pi * np.exp(truth) * 2e-11)
    assert (apex[:2] < 0.1).all() and (apex[2:] > 0.1).all()
    roles = [str(r) for r in found["role"].values[0]]
    if circuit != "auto":
        assert roles == ["lower limit"] * 2 + ["used"] * 5
        for row in range(2):
            grid = np.log(circuits["profile_resistance"].values[row])
            ln = circuits["profile_log_likelihood"].values[row]
            assert ln.max() == pytest.approx(0, abs=1e-9)
            assert np.interp(truth[row], grid, ln) > -5
    assert set(roles) <= {"used", "lower limit"}
    pull = (float(found["together_activation_energy"][0]) - 0.55) / float(found["together_activation_energy_sd"][0])
    assert abs(pull) < 3
    if circuit != "auto":
        assert float(found["together_activation_energy_sd"][0]) < 0.8 * float(found["activation_energy_sd"][0])
    # The single fits stay what they are.
    assert np.isfinite(circuits["resistance"].values).all()


def test_a_spectrum_without_any_bend_is_a_limit_open_to_large_resistances():
    truth = line(0.55, 19.7, CELSIUS + 273.15)
    truth[0] = np.log(1e17)
    circuits, _ = analysed(sample(truth, exponent=1.0))
    ln = circuits["profile_log_likelihood"].values[0]
    assert np.isfinite(ln).all()
    # Small resistances are impossible; it rises to the end.
    assert ln[0] < -50 and (np.diff(ln) > 0).all() and ln[-1] > -2
    assert not bool(circuits["resolved"].values[0, 0])


def test_energies_that_disagree_are_told():
    _, found = analysed(sample(line(0.45, 14.0, CELSIUS + 273.15)))
    single, both = float(found["activation_energy"][0]), float(found["together_activation_energy"][0])
    assert abs(single - both) < float(found["activation_energy_sd"][0])
    g = np.random.default_rng(0)
    one = together(line() + 0.02 * g.normal(size=10), 0.002)
    from coherion.impedance.arrhenius import fit_arrhenius

    other = fit_arrhenius(KELVIN, np.exp(-line(0.5)), relative_sd=0.01)
    assert "differ by" in alerts.disagreement(other, one)
    same = fit_arrhenius(KELVIN, np.exp(-line(one.activation_energy)), relative_sd=0.01)
    assert alerts.disagreement(same, one) == ""


def simultaneous(spectra, scatter, limits=(), noise=0.005, temperature_sd=0.3):
    """E_a (eV) and its sd by one least-squares fit of all spectra at once, written for itself.

    Parameters: the line of ln R in 1/T, lines of ln C and alpha in T, and for each spectrum how far ln R, ln C and
    alpha are off these (penalised by their scatter; more of ln C where the arc is not seen to close), its electrode.
    """
    f, z = spectra["frequency"].values, spectra["impedance_real"].values + 1j * spectra["impedance_imaginary"].values
    s, celsius, count = 2j * np.pi * f[0], CELSIUS, CELSIUS.size
    heat = 0.5 / (K * (celsius + 273.15) ** 2) * temperature_sd
    of_c = np.where(np.isin(np.arange(count), limits), np.hypot(0.02, 0.05), 0.02)
    # Of an electrode that is not seen something must be known: five penalties for each spectrum.
    penalty = np.array([np.hypot(scatter, heat), of_c, np.full(count, 0.005), np.full(count, 1.5), np.full(count, 0.1)])
    centre = np.array([0, 0, 0, np.log(1e6), 0.8])[:, None]

    def parts(x):
        energy, ln_25, c0, c1, a0, a1 = x[:6]
        own = x[6:].reshape(5, count)
        ln_r = line(energy, ln_25, celsius + 273.15) + own[0]
        ln_c, alpha = c0 + c1 * celsius + own[1], a0 + a1 * celsius + own[2]
        tau = np.exp(ln_r + ln_c)[:, None]
        made = (
            np.exp(ln_r)[:, None] / (1 + (tau * s) ** alpha[:, None]) + np.exp(own[3])[:, None] / s ** own[4][:, None]
        )
        off = (made - z) / np.abs(z) / noise
        # Spectra x (numbers of the spectrum, penalties): a row of each depends on its own parameters alone.
        return np.concatenate([off.real, off.imag, ((own - centre) / penalty).T], axis=1)

    def slopes(x):
        here, made = parts(x), np.zeros((count, 2 * s.size + 5, x.size))
        for k in range(6):
            step = np.zeros(x.size)
            step[k] = 1e-7 * max(abs(x[k]), 1e-3)
            made[:, :, k] = (parts(x + step) - here) / step[k]
        for k in range(5):
            step = np.zeros(x.size)
            step[6 + k * count : 6 + (k + 1) * count] = 1e-7
            for row, slope in enumerate((parts(x + step) - here) / 1e-7):
                made[row, :, 6 + k * count + row] = slope
        return made.reshape(-1, x.size)

    start = np.concatenate([[0.5, 19.0, np.log(2e-11), 0, 0.9, 0], np.zeros(3 * count)])
    start = np.concatenate([start, np.full(count, np.log(1e6)), np.full(count, 0.8)])
    found = least_squares(lambda x: parts(x).ravel(), start, jac=slopes, x_scale="jac", ftol=1e-6)
    return found.x[0], float(np.sqrt(np.linalg.inv(found.jac.T @ found.jac)[0, 0]))


@pytest.mark.parametrize("ln_25", [16.0, 18.5, 19.7])
def test_one_least_squares_fit_of_all_spectra_gives_the_same_energy(ln_25):
    """None, one and two spectra too resistive: line through resistances and profiles, and one fit of everything."""
    g = np.random.default_rng(int(ln_25))
    spectra = sample(line(0.55, ln_25, CELSIUS + 273.15) + 0.02 * g.normal(size=7), seed=3)
    _, found = analysed(spectra)
    limits = int(found["together_limits"][0])
    assert limits == {16.0: 0, 18.5: 1, 19.7: 2}[ln_25]
    energy, sd = simultaneous(spectra, float(found["together_scatter"][0]), range(limits))
    assert float(found["together_activation_energy"][0]) == pytest.approx(energy, abs=0.2 * sd)
    # That counts the scatter as known; the line is averaged over it.
    assert 0.95 * sd < float(found["together_activation_energy_sd"][0]) < 1.35 * sd
