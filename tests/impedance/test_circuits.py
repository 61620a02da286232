"""Circuits: grammar, impedance equal to impedance.py's, derivatives equal to difference quotients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coherion.errors import InputError
from coherion.impedance.circuits.circuit import arcs, circuit
from coherion.impedance.circuits.element import Frequencies
from coherion.impedance.circuits.elements import ELEMENTS
from coherion.impedance.circuits.grammar import Element, Parallel, Series, parse_circuit

FREQUENCY = np.geomspace(7e6, 0.1, 40)

# One circuit for each element and for the ways to combine them, with values of realistic size.
CIRCUITS = [
    ("R1", [50.0]),
    ("C1", [1e-11]),
    ("L1", [1e-6]),
    ("W1", [300.0]),
    ("CPE1", [1e-9, 0.8]),
    ("La1", [1e-6, 0.9]),
    ("Wo1", [100.0, 1e-2]),
    ("Ws1", [100.0, 1e-2]),
    ("G1", [100.0, 1e-4]),
    ("Gs1", [100.0, 1e-4, 1.4]),
    ("K1", [100.0, 1e-5]),
    ("Zarc1", [100.0, 1e-5, 0.85]),
    ("p(R1,CPE1)-CPE2", [1e6, 1e-11, 0.9, 1e-6, 0.8]),
    ("R0-p(R1,C1)-p(R2,C2)", [475.0, 1018.0, 8.2e-9, 3561.0, 2.3e-6]),
    ("L1-p(R1,CPE1)-p(R2-Wo1,CPE2)-CPE3", [1e-6, 1e3, 1e-9, 0.8, 1e4, 2e3, 0.1, 1e-7, 0.9, 1e-5, 0.6]),
    ("p(R1,C1,R2-L1)", [1e3, 1e-9, 2e3, 1e-3]),
]


@pytest.mark.parametrize(("text", "values"), CIRCUITS)
def test_impedance_is_that_of_impedance_py(text, values):
    from impedance.models.circuits import CustomCircuit

    peer = CustomCircuit(text, initial_guess=[float(v) for v in values])
    with pytest.warns(UserWarning, match="initial parameters"):
        expected = peer.predict(FREQUENCY, use_initial=True)
    np.testing.assert_allclose(circuit(text).impedance(FREQUENCY, values), expected, rtol=1e-12)
    # And the parameters have the same names in the same order.
    assert list(circuit(text).names) == peer.get_param_names()[0]


@pytest.mark.parametrize(("text", "values"), CIRCUITS)
def test_derivatives_are_the_limits_of_difference_quotients(text, values):
    model, f = circuit(text), Frequencies(FREQUENCY)
    x = model.coordinates(values)
    z, slope = model.evaluate(f, x)
    step = 1e-6
    for i in range(x.size):
        d = np.zeros(x.size)
        d[i] = step
        quotient = (model.evaluate(f, x + d)[0] - model.evaluate(f, x - d)[0]) / (2 * step)
        np.testing.assert_allclose(slope[i], quotient, atol=1e-8 * np.abs(z).max(), rtol=1e-5)


def test_many_sets_at_once_are_the_sets_one_by_one():
    for text, values in CIRCUITS:
        model, f = circuit(text), Frequencies(FREQUENCY)
        x = model.coordinates(values) + np.linspace(-0.1, 0, 3)[:, None]
        z, slope = model.evaluate_many(f, x)
        for k in range(3):
            one, one_slope = model.evaluate(f, x[k])
            np.testing.assert_allclose(np.broadcast_to(z, (3, 40))[k], one, rtol=1e-13)
            np.testing.assert_allclose(slope[:, k], one_slope, rtol=1e-12, atol=1e-12 * np.abs(one_slope).max())


def test_limits_of_a_single_arc():
    # 1. R at zero frequency, nothing at infinite frequency; 2. half of it, at 45 degrees, at the apex of a capacitor's.
    model = circuit("p(R1,C1)")
    z = model.impedance(np.array([1e-6, 1 / (2 * np.pi * 1e3 * 1e-9), 1e15]), [1e3, 1e-9])
    assert z[0] == pytest.approx(1e3)
    assert z[1] == pytest.approx(500 - 500j)
    assert abs(z[2]) < 1e-3


def test_tree_of_the_papers_circuit():
    tree = parse_circuit(" p( R1 , CPE1 ) - CPE2 ", ELEMENTS)
    assert tree == Series((Parallel((Element("R", "R1"), Element("CPE", "CPE1"))), Element("CPE", "CPE2")))
    assert str(tree) == "p(R1,CPE1)-CPE2"
    assert [a.resistance for a in arcs(circuit("R0-p(R1,CPE1)-p(C2,R2)-p(R3,L1)"))] == ["R1", "R2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no circuit given"),
        ("p(R1,CPE1", "its end"),
        ("p(R1)", "two branches or more"),
        ("R1--C1", "character 4"),
        ("R1-R1", "name R1 twice"),
        ("R1-X1", "character 4.*expected an element of kind"),
        ("R1+C1", r"found '\+'"),
        ("R1,C1", "found ','"),
        ("p(R1,C1)C2", "found 'C2'"),
        ("__import__('os')", "found '_'"),
        ("R1-" * 200 + "R1", "too long"),
        ("p(" * 30 + "R1", "nested too deeply"),
    ],
)
def test_what_is_no_circuit_is_refused_with_its_place(text, message):
    with pytest.raises(InputError, match=message):
        circuit(text)


@given(st.text(alphabet="RCLWpPE01_,-() x", max_size=40))
def test_any_text_is_a_circuit_or_refused(text):
    try:
        model = circuit(text)
    except InputError:
        return
    assert parse_circuit(model.text, ELEMENTS) == model.tree


def test_each_element_is_one_file_that_tells_equation_units_and_source():
    import importlib
    import pkgutil

    from coherion.impedance.circuits import elements

    files = [m.name for m in pkgutil.iter_modules(elements.__path__)]
    modules = [importlib.import_module(f"{elements.__name__}.{name}") for name in files]
    assert {m.KIND.symbol for m in modules} == set(ELEMENTS)
    assert len(modules) == len(ELEMENTS)
    for module in modules:
        assert " Z = " in module.__doc__, module.__name__
        assert "Source: " in module.__doc__, module.__name__
        for parameter in module.KIND.parameters:
            assert parameter.lower < parameter.upper
            assert parameter.logarithmic == (parameter.lower > 0)


def test_an_element_that_blocks_is_one_whose_impedance_grows_without_end():
    ground = Frequencies(np.array([1e-6, 1e-12]))
    for kind in ELEMENTS.values():
        x = [0.5 if not p.logarithmic else 0.0 for p in kind.parameters]
        z = np.abs(kind.formula(ground, x, np.empty((len(x), 2), dtype=complex)))
        assert (z[1] > 100 * z[0]) == kind.blocking, kind.symbol
