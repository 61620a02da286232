"""A paper file: what its quantities, groups and statements may be, and what is refused with its place."""

from pathlib import Path

import numpy as np
import pytest

from coherion.errors import InputError
from coherion.paper.reading import read_paper
from coherion.settings.paper.expressions import parse
from coherion.settings.paper.paper import Paper
from coherion.settings.paper.quantities import Group, Quantity
from coherion.settings.reading import settings_from
from coherion.statistics.quantities.selection import mask_of
from coherion.statistics.series import Series

OWN = Path(__file__).parents[2] / "config" / "paper.yaml"


def series(quantities=None, **columns):
    size = len(next(iter(columns.values())))
    given = {name: tuple(str(v) for v in values) for name, values in columns.items()}
    given.setdefault("sample", tuple(f"s{i}" for i in range(size)))
    return Series(given, dict(Paper(quantities=quantities or {}).known))


def test_an_expression_is_a_number_with_the_error_that_draws_have():
    text = "log10(a)^2 - b/(2*c) + sqrt(b*c) - -1.5e0*exp(c - a)"
    rng = np.random.default_rng(0)
    truth, sds = {"a": 3.0, "b": 2.0, "c": 1.5}, {"a": 0.01, "b": 0.02, "c": 0.01}
    columns = {f"{k}_A": [v] for k, v in truth.items()} | {f"{k}_A_sd": [sds[k]] for k in truth}
    rows = series({"made": Quantity(expression=text)}, **columns)
    a, b, c = (truth[k] + sds[k] * rng.normal(size=200_000) for k in "abc")
    drawn = np.log10(a) ** 2 - b / (2 * c) + np.sqrt(b * c) + 1.5 * np.exp(c - a)
    assert rows.numbers("made")[0] == pytest.approx(drawn.mean(), abs=3e-4)
    assert rows.errors("made")[0] == pytest.approx(drawn.std(), rel=0.02)


def test_errors_that_may_go_together_add_by_their_size():
    columns = {"a_A": [1], "a_A_sd": [0.3], "b_A": [1], "b_A_sd": [0.2]}
    for errors, expected in (("independent", np.hypot(0.3, 0.4)), ("added", 0.7)):
        rows = series({"d": Quantity(expression="a - 2*b", errors=errors)}, **columns)
        assert rows.errors("d")[0] == pytest.approx(expected)


def test_what_was_held_fixed_gives_an_expression_no_error_and_so_no_point():
    rows = series({"d": Quantity(expression="a - b")}, a_A=[1, 1], a_A_sd=[0, 0.1], b_A=[1, 1], b_A_sd=[0.1, 0.1])
    assert list(rows.pick("d")["row"]) == [1]
    # The logarithm of nothing is nothing, and no fault.
    rows = series(sigma_25C_S_per_cm=[0, 1e-6], sigma_25C_S_per_cm_sd=[1e-9, 1e-8])
    assert list(rows.pick("log_conductivity")["row"]) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "a b",
        "2 ^ a",
        "log10 a",
        "(a",
        "a)",
        "__import__('os').system('x')",
        "a.b",
        "a[0]",
        "lambda: 1",
        "a**2",
        "f(a)",
        "(" * 40 + "a" + ")" * 40,
        "1" * 600,
    ],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(InputError):
        parse(text)


def test_a_quantity_made_of_itself_is_refused():
    with pytest.raises(InputError, match="circle"):
        settings_from(Paper, {"quantities": {"p": {"expression": "q + 1"}, "q": {"expression": "2*p"}}})


def test_groups_choose_by_text_number_range_and_exclusion():
    rows = series(
        x=[0.1, 0.5, 0.9, 0.9],
        group=["as_milled", "", "as_milled", "annealed"],
        excluded=["", "", "side phase", ""],
        annealing_C=["", "", "", 200],
    )
    for group, expected in (
        (None, [1, 1, 0, 1]),
        (Group(), [1, 1, 0, 1]),
        (Group(excluded="with"), [1, 1, 1, 1]),
        (Group(excluded="only"), [0, 0, 1, 0]),
        (Group(where={"group": ("as_milled", "")}), [1, 1, 0, 0]),
        (Group(where={"x": 0.9}), [0, 0, 0, 1]),
        (settings_from(Group, {"where": {"x": {"above": 0.5}}, "excluded": "with"}), [0, 0, 1, 1]),
        (settings_from(Group, {"where": {"annealing": {"least": 200}}}), [0, 0, 0, 1]),
        (settings_from(Group, {"where": {"annealing": ""}}), [1, 1, 0, 0]),
        (settings_from(Group, {"where": {"nowhere": 1}}), [0, 0, 0, 0]),
    ):
        assert list(mask_of(group, rows)) == [bool(e) for e in expected], group


SOUND = {"id": "s", "statement": "a falls", "test": {"kind": "trend", "of": "a", "direction": "falling"}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"statements": [SOUND, SOUND]}, r"statements\[1\].id.*stands twice"),
        ({"statements": [SOUND | {"samples": "rare"}]}, "no such group"),
        (
            {"statements": [SOUND | {"test": {"kind": "trand", "of": "a", "direction": "falling"}}]},
            "did you mean trend",
        ),
        ({"statements": [SOUND | {"test": {"of": "a", "direction": "falling"}}]}, r"test.kind: setting is missing"),
        ({"statements": [SOUND | {"test": {"kind": "trend", "of": "a"}}]}, r"test.direction: setting is missing"),
        ({"statements": [SOUND | {"test": {**SOUND["test"], "slope": 1}}]}, r"test.slope: unknown setting"),
        ({"statements": [SOUND | {"test": {**SOUND["test"], "direction": "up"}}]}, "rising or falling"),
        ({"quantities": {"q": {"expression": "a -"}}}, r"quantities.q.expression"),
        ({"quantities": {"q": {"column": "c", "expression": "a"}}}, "no column beside expression"),
        ({"quantities": {"q": {"margin": -1}}}, "q.margin"),
        ({"quantities": {"q q": {}}}, "letters, digits"),
        ({"samples": "rare"}, "no such group"),
    ],
)
def test_a_wrong_paper_is_refused_with_its_place(given, message):
    with pytest.raises(InputError, match=message):
        settings_from(Paper, given)


def test_the_paper_of_this_project_names_nothing_that_is_not_declared():
    paper = read_paper(OWN)
    for one in paper.statements:
        assert set(one.test.quantities) <= set(paper.known), one.id
    assert len({one.test.said for one in paper.statements if one.test.number}) > 40
