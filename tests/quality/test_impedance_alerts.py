"""Alerts of pellets: each fault is named with file, temperature and number, a sound sample has none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray

from coherion.impedance.alerts import off_the_series
from coherion.impedance.arrhenius_dataset import arrhenius_dataset
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.quality.of_impedance import (
    alerts_of_impedance,
    alerts_of_names,
    alerts_of_pellets,
    alerts_of_same_spectra,
)
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.quality import QualitySettings
from coherion.settings.stages.validation import ValidationSettings

FREQUENCY = np.geomspace(7e6, 0.1, 80)
CELSIUS = np.array([-20.0, 0.0, 20.0, 40.0, 60.0, 80.0])
PELLET = {"pellet_thickness_cm": 0.15, "pellet_diameter_cm": 1.0}
K = 8.617333262e-5


def spectra(celsius=CELSIUS, energy=0.4, factor=None, drift=0.0, names=None, seed=0):
    """Pellets of an arc of 2e-11 F (permittivity 43) and an electrode at temperatures; R times ``factor`` of each."""
    g, s = np.random.default_rng(seed), 2j * np.pi * FREQUENCY
    rows = []
    for k, t in enumerate(celsius):
        r = 1e5 * np.exp(energy / K * (1 / (t + 273.15) - 1 / 298.15)) * (1.0 if factor is None else factor[k])
        r = r * (1 - (drift if k == 0 else 0.0) * np.arange(80) / 80)
        z = r / (1 + (r * 2e-11 * s) ** 0.95) + 1 / (1e-6 * s**0.8)
        rows.append(z + 0.004 * np.abs(z) * (g.normal(size=80) + 1j * g.normal(size=80)))
    count, z = len(celsius), np.array(rows)
    names = [f"x_{t:g}C.mpt" for t in celsius] if names is None else names
    dims = ("spectrum", "point")
    each = {"temperature": np.asarray(celsius), "temperature_sd": np.full(count, 0.3)}
    each |= {"cycle": np.ones(count, dtype=int), "source": np.array(names, dtype=object)}
    return xarray.Dataset(
        {"frequency": (dims, np.tile(FREQUENCY, (count, 1))), "impedance_real": (dims, z.real)}
        | {"impedance_imaginary": (dims, z.imag)}
        | {name: ("spectrum", values) for name, values in each.items()},
        attrs={"origin": "simulated", "sample": "x"},
    )


def alerts(dataset, pellet=PELLET, limits=None, circuit="p(R1,CPE1)-CPE2"):
    return {one.code: one for one in every_alert(dataset, pellet, limits, circuit)}


def every_alert(dataset, pellet=PELLET, limits=None, circuit="p(R1,CPE1)-CPE2"):
    circuits = fit_dataset(validate_dataset(dataset, ValidationSettings()), CircuitSettings(circuit=circuit))
    line = arrhenius_dataset(circuits, ArrheniusSettings(**pellet))
    return alerts_of_impedance(circuits, line, limits or QualitySettings())


LEADS_CELSIUS = np.array([-40.0, -20.0, 0.0, 20.0, 40.0, 60.0, 80.0])


def of_a_line(ohm, seed=0, energy=0.4, bend=0.0, relative=0.004, celsius=LEADS_CELSIUS, frozen=0.0):
    """Alerts of a fast conductor whose spectra are known already: its resistance, that of leads added.

    ``frozen`` is the temperature (K) at which ions of a polymer or a glass would stand still (Vogel, Fulcher, Tammann).
    """
    g, kelvin = np.random.default_rng(seed), celsius + 273.15
    u = (1 / (kelvin - frozen) - 1 / (298.15 - frozen)) / K * (1 - frozen / 298.15) ** 2
    own = 40.0 * np.exp(energy * u + bend * u**2) * kelvin / 298.15
    circuits = fit_dataset(
        validate_dataset(spectra(celsius), ValidationSettings()), CircuitSettings(circuit="p(R1,CPE1)-CPE2")
    )
    measured = (own + ohm) * (1 + relative * g.normal(size=kelvin.size))
    circuits["resistance"].values[:] = measured[:, None]
    circuits["resistance_sd"].values[:] = relative * measured[:, None]
    line = arrhenius_dataset(circuits, ArrheniusSettings(**PELLET))
    return {one.code: one for one in alerts_of_impedance(circuits, line, QualitySettings())}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_leads_in_series_bend_the_line_of_a_fast_conductor():
    for seed in range(5):
        assert {"series-resistance", "curvature"}.isdisjoint(of_a_line(0.0, seed))
        found = of_a_line(10.0, seed)["series-resistance"]
        assert found.grade == "B" and found.number == pytest.approx(10, abs=2)
        without = float(found.text.partition("activation energy is ")[2].split()[0])
        assert without == pytest.approx(0.4, abs=0.02)
        # The other way round no leads bend it.
        assert "series-resistance" not in of_a_line(0.0, seed, bend=-0.004)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_bends_by_itself_is_not_laid_to_leads(seed):
    """Ions that freeze bend it at both ends; leads of the same size would at the hot one alone."""
    for frozen in (100.0, 150.0):
        found = of_a_line(0.0, seed, celsius=np.linspace(-40, 80, 9), frozen=frozen)
        assert "curvature" in found and "series-resistance" not in found


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(3))
def test_leads_are_told_where_few_temperatures_tell_no_parabola(seed):
    """Five points leave a parabola two degrees of freedom; the energy is off by several of its errors all the same."""
    celsius = np.linspace(-40, 80, 5)
    assert {"series-resistance", "curvature"}.isdisjoint(of_a_line(0.0, seed, celsius=celsius))
    assert of_a_line(10.0, seed, celsius=celsius)["series-resistance"].number == pytest.approx(10, abs=4)
    # Contacts that scatter by far more than the fits say are no leads.
    assert "series-resistance" not in of_a_line(0.0, seed, celsius=celsius, relative=0.03)


def test_a_sound_pellet_has_no_alert():
    assert alerts(spectra()) == {}
    # Annealed at 300 degC, as each name says.
    assert alerts(spectra(names=[f"x_300C_{k}.mpt" for k in range(6)])) == {}


@pytest.mark.filterwarnings("ignore::UserWarning")
class TestFaults:
    def test_a_point_a_decade_off_is_named_by_file_and_temperature(self):
        found = alerts(spectra(factor=[1, 1, 0.1, 1, 1, 1]))
        assert set(found) == {"off-the-line"}
        one = found["off-the-line"]
        assert one.grade == "B" and one.number == pytest.approx(10, rel=0.1) and "x_20C.mpt" in one.text

    def test_an_energy_below_zero(self):
        found = alerts(spectra(energy=-0.2))
        assert found["activation-energy"].grade == "A" and found["activation-energy"].number < 0

    def test_temperatures_one_kelvin_apart(self):
        found = alerts(spectra(np.array([25.0, 26.0])))
        assert found["temperature-span"].number == pytest.approx(1.0)
        assert "temperature-span" not in alerts(
            spectra(np.array([25.0, 26.0])), limits=QualitySettings(temperature_span=0.5)
        )

    def test_two_sweeps_of_one_temperature_that_differ(self):
        celsius = np.array([-20.0, 0.0, 20.0, 20.4, 40.0, 60.0])
        found = alerts(spectra(celsius, factor=[1, 1, 1, 1.4, 1, 1]))
        assert "20 and 20.4 degC" in found["same-temperature"].text

    def test_a_sample_that_drifts(self):
        found = alerts(spectra(drift=0.15))
        assert "-20 degC" in found["drift"].place and found["drift"].number == pytest.approx(-0.15, abs=0.05)
        # Less than Z-HIT sees of it.
        found = alerts(spectra(drift=0.06))
        assert "fell by" in found["drift"].text and found["drift"].limit == 0.05

    @pytest.mark.parametrize(
        ("pellet", "code"),
        [
            # A pellet in mm is ten times wide and thick: C L / A ten times too small.
            ({"pellet_thickness_cm": 1.5, "pellet_diameter_cm": 100.0}, "permittivity"),
            ({"pellet_thickness_cm": 15.0, "pellet_diameter_cm": 0.3}, "permittivity"),
        ],
    )
    def test_a_pellet_of_another_unit(self, pellet, code):
        assert alerts(spectra(), pellet)[code].grade == "B"

    def test_a_radius_in_place_of_the_diameter_of_a_lone_pellet(self):
        assert not {"permittivity", "high-permittivity"} & set(alerts(spectra()))
        found = alerts(spectra(), PELLET | {"pellet_diameter_cm": PELLET["pellet_diameter_cm"] / 2})
        assert found["high-permittivity"].grade == "C" and "radius" in found["high-permittivity"].advice

    def test_kiloohm_taken_for_ohm(self):
        wrong = spectra(energy=0.2)
        for name in ("impedance_real", "impedance_imaginary"):
            wrong[name] = wrong[name] * 1e-6
        found = alerts(wrong, {"pellet_thickness_cm": 1.0, "pellet_diameter_cm": 0.3})
        assert found["conductivity"].grade == "A" and "permittivity" in found

    def test_a_temperature_that_contradicts_the_name(self):
        names = [f"x_{t:g}C.mpt" for t in CELSIUS]
        names[3] = "x_50C.mpt"
        found = alerts(spectra(names=names))
        assert found["temperature-of-the-name"].number == pytest.approx(-10)
        assert "x_50C.mpt" in found["temperature-of-the-name"].text

    def test_nothing_that_can_be_used(self):
        dataset = spectra(np.array([20.0, 40.0, 60.0]))
        noise = np.random.default_rng(0).normal(size=dataset["impedance_real"].shape)
        dataset["impedance_real"] = dataset["impedance_real"] * (1 + 0.5 * noise)
        assert alerts(dataset)["no-activation-energy"].grade == "B"


# --- inputs that are not what their columns say --------------------------------------------------------------------


def changed(how):
    made = spectra()
    z = made["impedance_real"].values + 1j * made["impedance_imaginary"].values
    z = how(z)
    made["impedance_real"].values[:], made["impedance_imaginary"].values[:] = z.real, z.imag
    return made


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (np.conj, "the sign of the imaginary part reversed"),
        (lambda z: z.imag + 1j * z.real, "real and imaginary part exchanged"),
        (lambda z: -z.imag - 1j * z.real, "real part and reversed imaginary part exchanged"),
        (lambda z: np.abs(z) + 1j * np.degrees(np.angle(z)), "as a phase in degrees"),
    ],
)
def test_columns_that_are_not_what_they_say_are_named(how, said):
    validated = validate_dataset(changed(how), ValidationSettings())
    refused = ~validated["valid"].values
    # One in six may pass by what is left of it; the others say what they are.
    assert refused.sum() >= 5
    assert all(said in str(verdict) for verdict in validated["verdict"].values[refused])


def test_an_admittance_is_named():
    validated = validate_dataset(changed(lambda z: 1 / z), ValidationSettings())
    assert not validated["valid"].values.any()
    assert all("admittance" in str(verdict) for verdict in validated["verdict"].values)
    # Long leads of a good conductor: an inductance above, a blocking electrode below.
    s = 2j * np.pi * FREQUENCY
    validated = validate_dataset(changed(lambda z: 0 * z + 20 + 3e-6 * s + 1 / (1e-5 * s**0.85)), ValidationSettings())
    assert validated["valid"].values.all()


def test_a_drifting_sample_is_no_mistaken_column():
    validated = validate_dataset(spectra(drift=0.9), ValidationSettings())
    assert not validated["valid"].values[0] and "it passes with" not in str(validated["verdict"].values[0])


def test_a_high_end_with_a_negative_real_part_is_taken_off():
    def how(z):
        z[:, :5] = -np.abs(z[:, :5].real) + 1j * z[:, :5].imag
        return z

    validated = validate_dataset(changed(how), ValidationSettings())
    assert validated["valid"].values.all() and (validated["kept"].values.sum(axis=1) >= 70).all()
    assert not validated["kept"].values[:, :5].any()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_spectra_without_a_part_in_anything_are_told_with_the_first_reason():
    made = spectra()
    made["impedance_imaginary"].values[3] *= -1
    found = alerts(made)
    assert set(found) == {"left-out"}
    assert found["left-out"].number == 1 and "40 degC, x_40C.txt" in found["left-out"].text.replace(".mpt", ".txt")
    assert "sign of the imaginary part" in found["left-out"].text


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_pellet_in_mm():
    found = alerts(spectra(), {"pellet_thickness_cm": 1.5, "pellet_diameter_cm": 10.0})
    assert found["low-permittivity"].grade == "C" and found["low-permittivity"].number == pytest.approx(4.3, rel=0.05)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_kelvin_in_the_column_of_celsius_without_a_word_in_the_names():
    celsius = np.array([-30.0, -10.0, 10.0, 25.0, 40.0, 60.0])
    made = spectra(celsius, energy=0.5, names=[f"s{k}.mpt" for k in range(6)])
    made["temperature"].values[:] = celsius + 273.15 + [0.4, -0.3, 0.2, 0.1, -0.5, 0.3]
    one = alerts(made)["kelvin"]
    assert one.grade == "B" and one.number == pytest.approx(1.95, abs=0.1) and "; 0.526 eV if" in one.text
    # An oxide that was measured there in truth.
    hot = np.array([210.0, 250.0, 300.0, 350.0, 400.0])
    assert "kelvin" not in alerts(spectra(hot, energy=0.9, factor=[300.0] * 5))


def pellet_of(diameter, thickness=0.06):
    """Alerts of a pellet of permittivity 22, 0.9 cm across, whose diameter the table states."""
    pellet = {"pellet_thickness_cm": thickness, "pellet_diameter_cm": diameter}
    circuits = fit_dataset(
        validate_dataset(spectra(), ValidationSettings()), CircuitSettings(circuit="p(R1,CPE1)-CPE2")
    )
    line = arrhenius_dataset(circuits, ArrheniusSettings(**pellet)).assign_attrs(settings=json.dumps(pellet))
    return line, {one.code: one for one in alerts_of_impedance(circuits, line, QualitySettings())}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_radius_is_told_with_grade_b_where_the_die_says_so_too():
    one = pellet_of(0.45)[1]["high-permittivity"]
    assert one.grade == "B" and "the radius of one of 0.9 cm" in one.text and one.number > 80
    # 1 cm across, or the radius of a die of 2 cm: the permittivity is the only sign.
    assert pellet_of(1.0, 0.6)[1]["high-permittivity"].grade == "C"
    assert pellet_of(0.45, 0.02)[1] == {}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_area_in_place_of_the_diameter():
    right, found = pellet_of(0.9)
    assert found == {}
    wrong, found = pellet_of(np.pi * 0.9**2 / 4)
    assert "the area in cm2 of one of 0.9 cm" in found["high-permittivity"].text
    # A sum that is no area of a die, and a die, are believed.
    assert pellet_of(0.68)[1] == pellet_of(0.7)[1] == {}
    others = {f"s{k}": right for k in range(3)}
    assert alerts_of_pellets(others | {"s3": right}) == alerts_of_pellets({"s0": right, "s1": right, "s2": wrong}) == []
    (one,) = alerts_of_pellets(others | {"s3": wrong})
    assert one.sample == "s3" and one.alert.code == "unlike-pellet" and one.alert.grade == "B"
    assert one.alert.number == pytest.approx((4 / (np.pi * 0.9)) ** 2, rel=0.01)


def test_spectra_of_one_measurement_for_two_samples_are_told_whatever_their_files_say():
    own, again = spectra(), spectra(seed=1)
    assert alerts_of_same_spectra({"a": own, "b": again}) == []
    text = spectra(celsius=CELSIUS + 300.0, names=[f"y{k}.txt" for k in range(6)])
    for name in ("impedance_real", "impedance_imaginary"):
        # As exported with seven digits.
        text[name].values[:] = [[float(f"{v:.6e}") for v in row] for row in own[name].values]
    (one,) = alerts_of_same_spectra({"a": own, "b": again, "c": text})
    assert (one.sample, one.alert.code, one.alert.grade, one.alert.number) == ("c", "same-file", "A", 6.0)
    assert "those of sample a, number by number (y" in one.alert.text
    # Of many copies each sample has one alert, not one for each pair.
    many = alerts_of_same_spectra({"a": own, "b": again} | {f"c{k}": text for k in range(30)})
    assert [one.sample for one in many] == [f"c{k}" for k in range(30)]
    assert "are those of sample a, number by number (y0.txt is x_-20C.mpt, ...)" in many[0].alert.text
    assert "are those of sample a (and 29 more), number by number" in many[29].alert.text
    one_row = text.copy(deep=True)
    one_row["impedance_real"].values[:5] *= 1.02
    assert alerts_of_same_spectra({"a": own, "c": one_row})[0].alert.number == 1.0


def test_one_spectrum_at_two_temperatures_is_told_whatever_its_digits():
    own = spectra()
    assert alerts_of_same_spectra({"a": own}) == []
    for name in ("impedance_real", "impedance_imaginary"):
        own[name].values[3] = [float(f"{v:.3e}") for v in own[name].values[2]]
    (one,) = alerts_of_same_spectra({"a": own})
    assert (one.alert.code, one.alert.grade) == ("same-file", "A")
    assert "x_20C.mpt of 20 degC" in one.alert.text and "x_40C.mpt of 40 degC" in one.alert.text
    always = own.copy(deep=True)
    for name in ("impedance_real", "impedance_imaginary"):
        always[name].values[:] = always[name].values[0]
    assert len(alerts_of_same_spectra({"a": always})) == len(CELSIUS) - 1
    # Several sweeps at one temperature may be as like as that.
    assert alerts_of_same_spectra({"a": own.assign(temperature=own["temperature"] * 0 + 25.0)}) == []


def test_files_with_the_name_of_another_sample_are_told():
    right = {
        "x90": ["raw/x90_25C.mpt", "X90 40C.mpt"],
        "x90_200C": ["x90_200C_25C.mpt", "x90_200C.mpt"],
        "5": ["5.mpt"],
    }
    assert alerts_of_names(right | {"b": ["m1.mpt", "x900_25C.mpt", "5_25C.mpt"]}) == []
    (one,) = alerts_of_names(right | {"b": ["b_10C.mpt", "x90_200C_40C.mpt", "x90_200C_60C.mpt"]})
    assert (one.sample, one.alert.code, one.alert.grade, one.alert.number) == ("b", "name-of-another", "B", 2.0)
    assert "name of sample x90_200C (x90_200C_40C.mpt, x90_200C_60C.mpt)" in one.alert.text


def test_a_point_far_off_a_line_of_few_is_graver_than_one_off_by_noise():
    of_four = every_alert(spectra(CELSIUS[:4], factor=[1.0, 1.0, 1e-3, 1.0]))
    (found,) = [one for one in of_four if one.code == "conductivity-residual" and one.place.startswith("20 degC")]
    assert found.grade == "B" and "times what the line of all has" in found.text
    assert "conductivity-residual" not in alerts(spectra(CELSIUS[:4]))
    little = alerts(spectra(factor=[1.0, 1.0, 1.0, 0.85, 1.0, 1.0]))["conductivity-residual"]
    assert little.grade == "C"


def test_what_kind_of_reason_leaves_a_spectrum_out_and_how_far_off_a_limit_is():
    factor = [1, 1, 1, 0.1, 1, 1, 1, 1]
    moving = spectra(np.array([-20.0, -5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 80.0]), factor=factor, drift=0.15)
    circuits = fit_dataset(validate_dataset(moving, ValidationSettings()), CircuitSettings(circuit="p(R1,CPE1)-CPE2"))
    line = arrhenius_dataset(circuits, ArrheniusSettings(**PELLET, temperature_max=70.0))
    kinds = ["drift", "", "", "off the line", "", "", "", "outside the limits"]
    assert line["exclusion_kind"].values[0].tolist() == kinds
    assert [bool(reason) for reason in line["exclusion"].values[0]] == [bool(kind) for kind in kinds]
    # Whatever the words are.
    line["exclusion"].values[0] = ["gone" if kind else "" for kind in kinds]
    found = {one.code for one in alerts_of_impedance(circuits, line, QualitySettings())}
    assert {"drift", "off-the-line"} <= found and "left-out" not in found
    line["exclusion_kind"].values[0, 7], line["role"].values[0, 7] = "not resolved", "contradicts the others"
    line["limit_distance"].values[0, 7] = 5.25
    found = {one.code: one for one in alerts_of_impedance(circuits, line, QualitySettings())}
    assert (
        found["limit-contradicts"].number == 5.25
        and "5.2 standard uncertainties off" in found["limit-contradicts"].text
    )


def test_pellets_that_differ_among_one_another_prove_nothing():
    assert off_the_series({"a": 10.0, "b": 20.0, "c": 40.0, "d": 80.0}) == {}
    assert off_the_series({"a": 10.0, "b": 11.0, "c": 12.0, "d": 14.0}) == {}
    assert off_the_series({"a": 10.0, "b": 11.0, "c": 12.0, "d": 44.0}) == {"d": (44.0, 11.0)}
    # Of ten others four agree: nothing is the rule that one breaks.
    scattered = {f"s{k}": 10.0 * 2.0**k for k in (-5, -4, -3, 3, 4, 5)}
    assert off_the_series({"a": 10.0, "b": 10.5, "c": 11.0, "d": 11.5, **scattered}) == {}
