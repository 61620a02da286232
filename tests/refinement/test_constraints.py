"""Constraints: what the grammar reads and refuses, and that the linear map keeps every equation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coherion.errors import InputError
from coherion.refinement.constraints import MAX_DEPTH, parse_constraint
from coherion.refinement.linear_map import LinearMap, linear_map

NAMES = ("a", "Na1.occupancy", "Na2.occupancy", "Cl1.u_iso", "Cl2.u_iso", "Cl3.u_iso", "side:scale")
START = dict(zip(NAMES, (6.9, 1.0, 1.0, 0.02, 0.03, 0.04, 0.1), strict=True))


def equations(*texts, **values):
    return [e for t in texts for e in parse_constraint(t, NAMES, values)]


def mapped(*texts, free=NAMES, fixed=None, bounds=None, **values):
    return linear_map(NAMES, START, free=free, equations=equations(*texts, **values), fixed=fixed, bounds=bounds)


def at(made, name, z):
    return made.values(np.asarray(z, float))[name]


# 1. what is read


@pytest.mark.parametrize(
    ("text", "constant", "coefficients"),
    [
        # the charge balance of the paper, with x from the table, written with and without the product sign
        (
            "Na1.occupancy = 3 - x - 2*Na2.occupancy",
            -2.5,
            {"Na1.occupancy": 1, "Na2.occupancy": 2},
        ),
        ("Na1.occupancy = 3 - x - 2 Na2.occupancy", -2.5, {"Na1.occupancy": 1, "Na2.occupancy": 2}),
        # brackets, division, a number from the table as a factor, signs
        ("a = -(1 - 3*a)/x*0.25", 0.5, {"a": -0.5}),
        ("2(a + 1.5e0) = +a*x", 3.0, {"a": 1.5}),
        # a name in quotes is the same name
        ('"side:scale" = .5', -0.5, {"side:scale": 1}),
    ],
)
def test_reads_linear_sums(text, constant, coefficients):
    (found,) = equations(text, x=0.5)
    assert found.linear.constant == pytest.approx(constant)
    assert {n: c for n, c in found.linear.coefficients.items() if c} == pytest.approx(coefficients)


def test_a_chain_of_equals_is_shared_parameters():
    made = mapped("Cl1.u_iso = Cl2.u_iso = Cl3.u_iso")
    assert "Cl3.u_iso" in made.variables and not {"Cl1.u_iso", "Cl2.u_iso"} & set(made.variables)
    z = np.arange(1.0, len(made.variables) + 1)
    shared = z[made.variables.index("Cl3.u_iso")]
    assert at(made, "Cl1.u_iso", z) == at(made, "Cl2.u_iso", z) == shared


# 2. what is refused, with the place in the text


@pytest.mark.parametrize(
    ("text", "character", "words"),
    [
        ("a = Na1.occupancy * Na2.occupancy", 19, "not linear"),
        ("a = 1/Na2.occupancy", 6, "not linear"),
        ("a = 1/(x - 0.5)", 6, "division by zero"),
        ("a = 3 - y", 9, "neither a parameter"),
        ("a = (3 - x", 5, "not closed"),
        ("a = 3 -", 8, "cannot be read"),
        ("a = 3 x 4", 9, "cannot be read"),
        ("a 3 = 4", 3, "cannot be read"),
        ("a = __import__('os')", 16, "not part of the grammar"),
        ("a = 2**3", 7, "cannot be read"),
        ("a = 3; a = 4", 6, "not part of the grammar"),
        ("a < 4", 3, "not part of the grammar"),
        ("a - 4", 6, "no equals sign"),
        ("3 = x + 2.5", 1, "no parameter"),
        ("a = 1e999", 5, "too large"),
        ("a = 1e300*1e300*Na1.occupancy", 10, "too large"),
        ("", 1, "cannot be read"),
    ],
)
def test_refuses_with_the_character(text, character, words):
    with pytest.raises(InputError, match=words) as caught:
        equations(text, x=0.5)
    assert f"character {character} of" in str(caught.value)


def test_refuses_length_depth_and_other_types():
    with pytest.raises(InputError, match="too long"):
        equations("a = " + "1+" * 300 + "1")
    with pytest.raises(InputError, match="inside each other"):
        equations("a = " + "(" * (MAX_DEPTH + 2) + "1" + ")" * (MAX_DEPTH + 2))
    with pytest.raises(InputError, match="not a text"):
        parse_constraint(3, NAMES)


def test_offers_a_near_name():
    with pytest.raises(InputError, match=r"did you mean Na2\.occupancy"):
        equations("a = Na2.ocupancy")


def test_a_name_that_is_parameter_and_column_is_ambiguous():
    with pytest.raises(InputError, match="both a parameter and a column"):
        equations("Na1.occupancy = a", a=3.0)


@given(st.text(alphabet="aNx1203.+-*/()= e\"':_\n\t;é", max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        found = equations(text, x=0.5)
    except InputError:
        return
    assert found and all(np.isfinite(e.linear.constant) for e in found)


# 3. the map


def test_charge_balance_holds_for_every_z_and_carries_bounds():
    text = "Na1.occupancy = 3 - x - 2*Na2.occupancy"
    box = {"Na1.occupancy": (0, 1), "Na2.occupancy": (0, 1)}
    made = mapped(text, bounds=box, x=0.7)
    j = made.variables.index("Na2.occupancy")
    for value in (0.7, 0.9, 1.1):
        z = np.ones(len(made.variables))
        z[j] = value
        assert at(made, "Na1.occupancy", z) + 2 * at(made, "Na2.occupancy", z) == pytest.approx(2.3)
    # 0 <= 2.3 - 2 z <= 1 and 0 <= z <= 1 leave 0.65 <= z <= 1
    assert (made.lower[j], made.upper[j]) == pytest.approx((0.65, 1.0))


def test_covariance_follows_the_map():
    # sd of Na1 is twice that of Na2 and they are fully anticorrelated
    made = mapped("Na1.occupancy = 3 - 2*Na2.occupancy", free=("Na2.occupancy",))
    c = made.covariance(np.array([[0.01**2]]))
    i, j = NAMES.index("Na1.occupancy"), NAMES.index("Na2.occupancy")
    assert np.sqrt(c[i, i]) == pytest.approx(0.02)
    assert c[i, j] / np.sqrt(c[i, i] * c[j, j]) == pytest.approx(-1)


def test_what_is_not_refined_stays_and_a_dependent_name_frees_its_independent_one():
    made = mapped("Na1.occupancy = 3 - x - 2*Na2.occupancy", free=("Na1.occupancy",), x=0.5)
    assert made.variables == ("Na2.occupancy",)
    assert at(made, "a", [0.8]) == 6.9
    fixed_only = mapped("Na1.occupancy = 3 - x - 2*Na2.occupancy", free=("a",), x=0.5)
    assert fixed_only.variables == ("a",)
    # Na2 stays at its start of 1, so the balance sets Na1 to 0.5 whatever the file said
    assert at(fixed_only, "Na1.occupancy", [7.0]) == pytest.approx(0.5)


def test_fixed_value_passes_through_equations():
    made = mapped("Cl1.u_iso = 2*Cl2.u_iso", fixed={"Cl1.u_iso": 0.05})
    assert "Cl2.u_iso" not in made.variables
    assert at(made, "Cl2.u_iso", np.ones(len(made.variables))) == pytest.approx(0.025)


def test_repeated_equation_is_harmless():
    once, twice = mapped("a = 2*side:scale"), mapped("a = 2*side:scale", "side:scale = 0.5*a")
    assert once.variables == twice.variables
    np.testing.assert_allclose(once.matrix, twice.matrix)


@pytest.mark.parametrize(
    ("texts", "fixed", "bounds"),
    [
        (("a = 1", "a = 2"), None, None),
        (("Cl1.u_iso = Cl2.u_iso", "Cl2.u_iso = Cl3.u_iso", "Cl1.u_iso = Cl3.u_iso + 0.01"), None, None),
        (("a = 7",), {"a": 6.9}, None),
        # a value that the equations determine: 3 - 0.1 - 2 = 0.9
        (("Na1.occupancy = 3 - x - 2*Na2.occupancy",), {"Na2.occupancy": 1.0}, {"Na1.occupancy": (0, 0.6)}),
        # one that depends on a single z: 2.9 - 2 z <= 0.2 needs z >= 1.35
        (
            ("Na1.occupancy = 3 - x - 2*Na2.occupancy",),
            None,
            {"Na1.occupancy": (0, 0.2), "Na2.occupancy": (0, 1)},
        ),
        # one that depends on two: at most 1 + 1
        (
            ("a = Cl1.u_iso + Cl2.u_iso",),
            None,
            {"a": (6.5, 7.5), "Cl1.u_iso": (0, 1), "Cl2.u_iso": (0, 1)},
        ),
    ],
)
def test_refuses_what_cannot_be_met(texts, fixed, bounds):
    with pytest.raises(InputError, match="cannot be met"):
        mapped(*texts, fixed=fixed, bounds=bounds, x=0.1)


def test_contradiction_names_the_texts():
    with pytest.raises(InputError, match=r'"a = 1" and "a = 2"'):
        mapped("a = 1", "a = 2")


def test_bound_of_a_sum_is_checked_after_the_fit():
    made = mapped("a = Cl1.u_iso + Cl2.u_iso", bounds={"a": (0.0, 1.0)})
    z = np.zeros(len(made.variables))
    assert made.outside(made.values(z)) == []
    z[[made.variables.index("Cl1.u_iso"), made.variables.index("Cl2.u_iso")]] = 0.7
    assert made.outside(made.values(z)) == [("a", pytest.approx(1.4), 0.0, 1.0)]


def test_part_holds_the_others():
    whole = mapped("Na1.occupancy = 3 - 2*Na2.occupancy")
    values = whole.values(np.array([START[n] for n in whole.variables]))
    stage = whole.part(["Na1.occupancy"], values)
    # only what moves is in it
    assert stage.variables == ("Na2.occupancy",) and stage.parameters == ("Na1.occupancy", "Na2.occupancy")
    z = whole.variables_at(values | {"Na2.occupancy": 0.9})
    assert values | stage.values(np.array([0.9])) == pytest.approx(whole.values(z))


def test_a_held_variable_is_a_constant_of_the_rest():
    whole = mapped("a = Cl1.u_iso + 2*Cl2.u_iso", free=("Cl1.u_iso", "Cl2.u_iso"))
    held = whole.held(whole.variables.index("Cl2.u_iso"), 0.7)
    assert held.variables == ("Cl1.u_iso",)
    assert at(held, "a", [0.1]) == pytest.approx(1.5) and at(held, "Cl2.u_iso", [0.1]) == 0.7


def test_variables_that_are_no_parameters_start_where_the_parameters_are():
    made = LinearMap(("a", "b"), ("u",), np.array([1.0, 0.0]), np.array([[1.0], [2.0]]), np.zeros(1), np.ones(1))
    assert made.variables_at({"a": 1.3, "b": 0.6}) == pytest.approx([0.3])


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(-3, 3), st.integers(-3, 3)), max_size=6))
def test_every_equation_holds_on_the_whole_map(rows):
    # whatever set of equations is accepted, p0 + A z meets all of them for every z
    texts = [f"{NAMES[i]} = {s}*{NAMES[j]} + {c}" for i, j, s, c in rows]
    try:
        found = equations(*texts)
        made = linear_map(NAMES, START, free=NAMES, equations=found)
    except InputError:
        return
    rng = np.random.default_rng(1)
    for _ in range(3):
        p = made.values(rng.normal(size=len(made.variables)))
        for equation in found:
            residual = equation.linear.constant + sum(c * p[n] for n, c in equation.linear.coefficients.items())
            assert abs(residual) < 1e-6 * max(1.0, *map(abs, p.values()))
