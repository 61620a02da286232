"""The circuit that a spectrum asks for: right resistances of pellets of many kinds, or a refusal with its reason."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray

from coherion.data.spectra.reader import read_spectra
from coherion.errors import InputError
from coherion.impedance.circuits.choice.automatic import choose_circuit
from coherion.impedance.circuits.choice.family import (
    ELECTRODES,
    ELECTROLYTES,
    LEADS,
    PhysicalLimits,
    family,
    judge,
    without_one,
)
from coherion.impedance.circuits.circuit import circuit
from coherion.impedance.circuits.dataset import circuit_table, fit_dataset, warn_of_doubts
from coherion.impedance.circuits.fit import fit_circuit
from coherion.impedance.datasets import validate_dataset
from coherion.settings.reading import settings_from
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.validation import ValidationSettings

NOISE = 0.005


def spectrum(*terms, top=7e6, bottom=0.1, noise=NOISE, seed=0):
    """Frequencies and impedance of terms in series, each a function of j w."""
    f = np.geomspace(top, bottom, round(11 * np.log10(top / bottom)) + 1)
    z = sum(term(2j * np.pi * f) for term in terms)
    g = np.random.default_rng(seed)
    return f, z + noise * np.abs(z) * (g.normal(size=f.size) + 1j * g.normal(size=f.size))


def arc(resistance, capacitance, exponent=1.0):
    return lambda s: resistance / (1 + (resistance * capacitance * s) ** exponent)


def electrode(q=1e-6, exponent=0.8):
    return lambda s: 1 / (q * s**exponent)


def leads(inductance):
    return lambda s: inductance * s


def resistor(resistance):
    return lambda s: resistance + 0 * s


def to_a_wall(resistance, tau):
    """Diffusion to a wall, as the sum over its modes: R [1/(s tau) + 2 sum 1/(s tau + (n pi)^2)]."""
    squares = (np.pi * np.arange(1, 20001)) ** 2
    return lambda s: resistance * (1 / (s * tau) + 2 * np.array([np.sum(1 / (one * tau + squares)) for one in s]))


WORLDS = {
    "one arc": ([arc(1e6, 1e-11, 0.9), electrode()], {}, 1e6),
    "two arcs": ([arc(1e5, 1e-11, 0.95), arc(2e5, 2e-9, 0.85), electrode()], {}, 3e5),
    "two arcs, the first cut off": ([arc(3e3, 1e-11, 0.95), arc(1e4, 2e-9, 0.85), electrode()], {"top": 1e6}, 1.3e4),
    "tail": ([resistor(80.0), electrode()], {}, 80.0),
    "tail behind leads": ([leads(5e-7), resistor(40.0), electrode()], {}, 40.0),
    "arc behind leads": ([leads(5e-7), arc(3e3, 1e-11, 0.9), electrode()], {}, 3e3),
    "arc that does not close": ([arc(2e11, 1e-11, 0.9), electrode()], {}, 2e11),
    "arc and diffusion": ([arc(1e5, 1e-11, 0.9), to_a_wall(5e4, 0.5)], {}, 1e5),
    "arc and interface": ([arc(1e5, 1e-11, 0.9), arc(2e5, 1e-6, 0.85)], {}, 1e5),
}


@pytest.mark.parametrize("world", WORLDS)
def test_the_resistance_of_any_pellet(world):
    terms, how, truth = WORLDS[world]
    pulls = []
    for seed in range(3):
        f, z = spectrum(*terms, seed=seed, **how)
        found = choose_circuit(f, z)
        assert found.chosen.admitted, found.reason
        sd = np.hypot(found.chosen.resistance_sd, found.choice_sd)
        assert abs(found.chosen.resistance / truth - 1) < 0.05, found.chosen.text
        pulls.append((found.chosen.resistance - truth) / sd)
    assert np.sqrt(np.mean(np.square(pulls))) < 2.5


def test_an_interface_is_no_part_of_the_electrolyte():
    f, z = spectrum(*WORLDS["arc and interface"][0])
    judgement = choose_circuit(f, z).chosen.judgement
    assert judgement.members == ("R1",)
    f, z = spectrum(*WORLDS["two arcs"][0])
    judgement = choose_circuit(f, z).chosen.judgement
    assert judgement.members == ("R1", "R2") and "R1 + R2" in judgement.rule
    # The same spectrum where the user puts the limit below the second arc.
    judgement = choose_circuit(f, z, PhysicalLimits(largest_capacitance=1e-9)).chosen.judgement
    assert judgement.members == ("R1",) and "R2 is an interface" in judgement.rule


def test_rivals_have_weights_and_objections():
    f, z = spectrum(*WORLDS["two arcs"][0])
    found = choose_circuit(f, z)
    everyone = (found.chosen, *found.rivals)
    assert sum(c.weight for c in everyone) == pytest.approx(1)
    assert all(c.weight == 0 for c in everyone if c.judgement.objection)
    # AICc itself says what a weight is.
    for c in found.rivals:
        if c.admitted:
            assert c.weight / found.chosen.weight == pytest.approx(np.exp(-0.5 * (c.fit.aicc - found.chosen.fit.aicc)))


def test_a_flat_arc_is_an_electrode():
    # A tail of 20 kHz and less with alpha 0.5: an arc with alpha 0.5 follows it as well.
    f, z = spectrum(resistor(1000.0), electrode(1e-5, 0.5), top=2e4, bottom=1)
    fit = fit_circuit(f, z, "p(R1,CPE1)-CPE3", bounds={"CPE1_1": (0.1, 1.0)})
    assert judge(fit, f, PhysicalLimits(lowest_arc_exponent=0.6)).objection
    found = choose_circuit(f, z)
    assert found.chosen.text == "R0-CPE3" and found.chosen.resistance == pytest.approx(1000, rel=0.02)


def test_a_pellet_that_does_not_conduct_has_no_resistance():
    f, z = spectrum(arc(1e16, 2e-11, 0.97), noise=0.003)
    found = choose_circuit(f, z)
    settings = CircuitSettings()
    sd = np.hypot(found.chosen.resistance_sd, found.choice_sd)
    assert not found.chosen.admitted or sd > settings.largest_relative_sd * found.chosen.resistance


def test_the_family():
    every = [*family(LEADS[0]), *family(LEADS[1])]
    assert len(every) == len(set(every)) == 2 * (len(ELECTROLYTES) * len(ELECTRODES) - 1)
    for text in every:
        names = circuit(text).names
        for simpler, renamed in without_one(text):
            if simpler in every:
                assert {renamed.get(n, n) for n in names} >= set(circuit(simpler).names)
    assert ("p(R1,CPE1)-CPE3", {"R2": "R1"}) in [
        (text, {k: v for k, v in names.items() if k == "R2"})
        for text, names in without_one("p(R1,CPE1)-p(R2,CPE2)-CPE3")
    ]


def dataset(*spectra, celsius=None):
    f = np.array([one[0] for one in spectra])
    z = np.array([one[1] for one in spectra])
    count = len(spectra)
    each = {"cycle": np.ones(count, dtype=int), "source": np.array(["x.mpr"] * count, dtype=object)}
    each |= {"temperature": np.arange(20.0, 20.0 + count) if celsius is None else np.array(celsius)}
    each["temperature_sd"] = np.full(count, 0.3)
    dims = ("spectrum", "point")
    return xarray.Dataset(
        {"frequency": (dims, f), "impedance_real": (dims, z.real), "impedance_imaginary": (dims, z.imag)}
        | {name: ("spectrum", values) for name, values in each.items()},
        attrs={"origin": "simulated", "sample": "x"},
    )


def fitted(spectra, **settings):
    return fit_dataset(validate_dataset(spectra, ValidationSettings()), CircuitSettings(**settings))


def test_each_spectrum_of_a_sample_has_its_own_circuit():
    spectra = [spectrum(*WORLDS[w][0]) for w in ("one arc", "two arcs", "tail")]
    circuits = fitted(dataset(*spectra))
    assert circuits.attrs["circuit"] == "auto"
    assert list(circuits["fitted_circuit"].values) == ["p(R1,CPE1)-CPE3", "p(R1,CPE1)-p(R2,CPE2)-CPE3", "R0-CPE3"]
    assert circuits["resolved"].values.all()
    np.testing.assert_allclose(circuits["resistance"].values[:, 0], [1e6, 3e5, 80.0], rtol=0.03)
    # Parameters that a circuit lacks are holes; the values are those of the fit.
    for row, text in enumerate(circuits["fitted_circuit"].values):
        held = circuits["value"].values[row]
        names = [n for n, v in zip(circuits["parameter"].values, held, strict=True) if np.isfinite(v)]
        assert set(names) == set(circuit(text).names)
        values = [held[list(circuits["parameter"].values).index(n)] for n in circuit(text).names]
        curve = circuits["fitted_real"].values[row] + 1j * circuits["fitted_imaginary"].values[row]
        np.testing.assert_allclose(circuit(text).impedance(circuits["frequency"].values[row], values), curve)
        rivals = json.loads(str(circuits["rivals"].values[row]))
        assert rivals and {"circuit", "delta_aicc", "weight", "resistance_ohm", "objection"} == set(rivals[0])
    assert "R1 + R2" in str(circuits["choice"].values[1]) and "intercept" in str(circuits["choice"].values[2])
    lines = circuit_table(circuits).splitlines()
    assert len({line.count("\t") for line in lines}) == 1 and "fitted_circuit" in lines[0]


def test_what_no_circuit_describes_is_refused():
    # Three arcs of one size, two decades apart: more than the family has.
    f, z = spectrum(*(arc(1e5, c, 1.0) for c in (1e-12, 1e-11, 1e-10, 1e-9)), electrode(), noise=0.001)
    circuits = fitted(dataset((f, z)))
    assert not circuits["resolved"].values.any()
    assert "no circuit describes the spectrum" in str(circuits["reason"].values[0, 0])


def test_a_wrong_circuit_of_ones_own_is_doubted_aloud():
    spectra = dataset(spectrum(*WORLDS["two arcs"][0]))
    circuits = fitted(spectra, circuit="p(R1,CPE1)-CPE2")
    if circuits["resolved"].values.all():
        assert "describes it better" in str(circuits["doubt"].values[0])
        with pytest.warns(UserWarning, match="x, 20 degC: .* times its noise"):
            warn_of_doubts(circuits)
    right = fitted(spectra, circuit="p(R1,CPE1)-p(R2,CPE2)-CPE3")
    assert str(right["doubt"].values[0]) == "" and float(right["misfit_to_noise"][0]) < 2


def test_a_resistor_with_a_stray_capacitance_before_two_arcs():
    """A dummy cell of ideal capacitors: 1 % and more off with any circuit of the family, so a richer one is tried."""
    terms = [arc(500.0, 3e-10), arc(1000.0, 9e-9), arc(3500.0, 2.3e-6)]
    for seed in range(3):
        circuits = fitted(dataset(spectrum(*terms, top=2e5, noise=0.001, seed=seed)))
        assert circuits["resolved"].values.all()
        assert str(circuits["fitted_circuit"].values[0]).startswith("p(R0,C0)-")
        sd = float(circuits["resistance_sd"][0, 0])
        assert float(circuits["resistance"][0, 0]) == pytest.approx(1500, abs=3 * sd) and sd < 5
        assert "is an interface (2.3e-06 F)" in str(circuits["choice"].values[0])


def test_an_arc_that_does_not_close_is_doubted():
    circuits = fitted(dataset(spectrum(*WORLDS["arc that does not close"][0])))
    assert circuits["resolved"].values.all() and "extrapolated" in str(circuits["doubt"].values[0])


@pytest.mark.parametrize("key", ["start", "fixed", "bounds", "resistances"])
def test_parts_of_a_circuit_that_is_still_to_be_chosen_cannot_be_named(key):
    value = {"bounds": {"R1": [1, 2]}, "resistances": {"total": ["R1"]}}.get(key, {"R1": 1.0})
    with pytest.raises(InputError, match=f"key {key}: setting names parts of a circuit still to be chosen"):
        settings_from(CircuitSettings, {key: value})


def test_many_temperatures_of_a_fast_conductor_behind_leads():
    """None of seven temperatures is lost, all are right within three standard uncertainties."""
    kelvin = np.linspace(-40, 80, 7) + 273.15
    truth = 100 * np.exp(0.3 / 8.617333e-5 * (1 / kelvin - 1 / 298.15))
    spectra = [spectrum(leads(5e-7), resistor(r), electrode(2e-6, 0.85), seed=k) for k, r in enumerate(truth)]
    circuits = fitted(dataset(*spectra))
    assert circuits["resolved"].values.all()
    pull = (circuits["resistance"].values[:, 0] - truth) / circuits["resistance_sd"].values[:, 0]
    assert np.abs(pull).max() < 3


# --- files of other people ---------------------------------------------------------------------------------------


def test_cases_of_two_arcs(cases):
    folder = cases / "impedance/two_arcs"
    rows = [line.split("\t") for line in (folder / "truth.tsv").read_text().splitlines()[1:]]
    for name, truth, wrong, *_ in rows:
        (one,) = read_spectra(folder / name)
        circuits = fitted(dataset((one.frequency, one.impedance)))
        assert circuits["resolved"].values.all()
        assert float(circuits["resistance"][0, 0]) == pytest.approx(float(truth), rel=0.01), (name, wrong)


@pytest.mark.parametrize(("name", "intercept"), [("BM169n1_20C.csv", 1270.0), ("BM063n4_20C.csv", 660.0)])
def test_cases_of_tails(cases, name, intercept):
    (one,) = read_spectra(cases / "impedance/tail_only" / name)
    circuits = fitted(dataset((one.frequency, one.impedance)))
    assert circuits["resolved"].values.all()
    assert float(circuits["resistance"][0, 0]) == pytest.approx(intercept, rel=0.013)
    assert "R0" in str(circuits["choice"].values[0])


def test_a_published_total_of_another_pellet_without_naming_the_circuit(real_data):
    """LAGP of EISFitpython, 5 Hz and more: 44,710 and 47,120 ohm."""
    (one,) = read_spectra(real_data / "eis/EISFitpython/Example2b.txt")
    used = one.frequency >= 5
    found = fitted(dataset((one.frequency[used], one.impedance[used])))
    assert found["resolved"].values.all()
    assert float(found["resistance"][0, 0]) == pytest.approx(4.471e4 + 4.712e4, rel=0.01)


@pytest.mark.parametrize("name", ["peis_single_data.mpr", "peis_multiple_data.mpr"])
def test_the_dummy_cell_of_dgpost_without_naming_the_circuit(real_data, name):
    """Published: R0 + R1 of R0-p(R1,C1)-p(R2,C2), 1493.2 to 1494.8 ohm; R2 with 2.3 uF is an interface."""
    for one in read_spectra(real_data / "eis/dgpost" / name):
        named = fit_circuit(one.frequency, one.impedance, "R0-p(R1,C1)-p(R2,C2)")
        found = fitted(dataset((one.frequency, one.impedance)))
        assert found["resolved"].values.all(), str(found["reason"].values)
        assert float(found["resistance"][0, 0]) == pytest.approx(named["R0"] + named["R1"], rel=0.002)


def test_diffusion_lies_behind_every_arc():
    """An interface arc of 2 uF with a finite layer that is faster than it: no electrode behind it, so not chosen."""
    f, z = spectrum(resistor(475.0), arc(1018.0, 8.2e-9), arc(3561.0, 2.3e-6), top=2e5, bottom=1.0, noise=0.002)
    found = choose_circuit(f, z)
    assert "W" not in found.chosen.text
    assert found.chosen.resistance == pytest.approx(1493, rel=0.02)
    fit = fit_circuit(f, z, "R0-p(R1,CPE1)-Ws3")
    assert "none behind the arcs" in judge(fit, f, PhysicalLimits()).objection


def test_published_resistances_without_naming_the_circuit(real_data):
    """EISFitpython's totals of p(R1,CPE1)-p(R2,CPE2)-CPE3 at seven temperatures, within 1 %."""
    for celsius in range(140, 201, 10):
        (one,) = read_spectra(real_data / f"eis/EISFitpython/s04147-{celsius}deg.txt")
        spectra = dataset((one.frequency, one.impedance))
        published = fitted(
            spectra, circuit="p(R1,CPE1)-p(R2,CPE2)-CPE3", resistances={"total": ("R1", "R2")}, compare_circuits=False
        )
        found = fitted(spectra)
        assert found["resolved"].values.all(), str(found["reason"].values)
        assert float(found["resistance"][0, 0]) == pytest.approx(float(published["resistance"][0, 0]), rel=0.01)
