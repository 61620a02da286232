"""Whole analyses under other choices: which are run, that they start warm honestly, and what is made of them."""

import csv
import io
import json
import re
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from coherion.data.contract.tables import MULTIVERSE
from coherion.data.series_tables import read_tables
from coherion.data.tables import write_table
from coherion.errors import InputError
from coherion.figures.plate import GREY, Plate
from coherion.impedance.circuits.circuit import circuit
from coherion.inputs.job_settings import JobSettings
from coherion.multiverse import results
from coherion.multiverse.choices import Changes, problems_of_choices
from coherion.multiverse.curve import specification_curve
from coherion.multiverse.outcome import Outcome, statements_of
from coherion.multiverse.pipeline import bare
from coherion.multiverse.plan import batches, batches_of, pipelines
from coherion.multiverse.workshop import length_and_strain
from coherion.paper.reading import paper_from, read_paper
from coherion.settings.configuration import read_yaml
from coherion.settings.paper.multiverse import CONFIGURED, Choice, MultiverseSettings
from coherion.settings.run import configuration_from
from coherion.statistics.series import Series

ROOT = Path(__file__).parents[2]
PAPER = read_paper(ROOT / "config" / "paper.yaml")
WORDS = Choice(name="limit", why="custom", key="validation.limit", values=(0.01, 0.04))
RANGE = Choice(name="density", why="scatter", key="reduction.density", times=(0.9, 1.1))
UNITS = Choice(name="qdamp", why="its error", key="refinement.qdamp", sds=(-2.0, 2.0))


def settings(**more):
    return MultiverseSettings(**({"choices": (WORDS, RANGE, UNITS), "pipelines": 64, "batch": 10} | more))


def test_the_configured_analysis_each_choice_alone_and_all_of_them_mixed():
    made = pipelines(settings())
    assert made[0].sort == "configured" and made[0].options == {}
    singles = [one.options for one in made if one.sort == "single"]
    assert singles == [
        {"limit": 0.01}, {"limit": 0.04}, {"density": 0.9}, {"density": 1.1}, {"qdamp": -2.0}, {"qdamp": 2.0}
    ]  # fmt: skip
    filling = [one.options for one in made if one.sort == "mixed"]
    assert len(filling) == 64 and [one.number for one in made] == list(range(71))
    # A third of the analyses takes each of three options, and a range is filled from end to end.
    for value in (0.01, 0.04):
        assert sum(one.get("limit") == value for one in filling) == pytest.approx(64 / 3, abs=2)
    density = np.sort([one["density"] for one in filling])
    assert np.max(np.diff([0.9, *density, 1.1])) < 3 * 0.2 / 64


def test_the_plan_is_the_same_at_each_run_and_another_with_another_seed():
    assert pipelines(settings()) == pipelines(settings())
    assert pipelines(settings()) != pipelines(settings(seed=21))


@pytest.mark.parametrize("batch", [1, 10, 71, 100])
def test_batches_hold_every_analysis_once_and_their_number_is_known_beforehand(batch):
    made = batches(settings(batch=batch))
    assert sorted(one.number for part in made for one in part) == list(range(71))
    assert len(made) == batches_of(settings(batch=batch))
    assert made[0][0].sort == "configured"
    # Also where a choice is shared with the standard.
    shared = Choice(name="qmax", why="custom", key="reduction.qmax", values=(12.0,))
    assert batches(settings(choices=(shared, RANGE)))[0][0].sort == "configured"


def test_no_choices_are_no_jobs_and_are_refused_where_they_are_asked_for():
    assert batches_of(MultiverseSettings()) == 0
    with pytest.raises(InputError, match="no choices"):
        pipelines(MultiverseSettings())


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": (1,), "times": (0.9, 1.1)},
        {},
        {"times": (1.1, 0.9)},
        {"key": "tables.samples", "values": ("other.tsv",)},
        {"key": "reduction", "values": (1,)},
    ],
)
def test_a_choice_that_says_too_much_or_nothing_or_changes_no_setting_is_refused(wrong):
    with pytest.raises(InputError, match="choice a"):
        Choice(**({"name": "a", "why": "b", "key": "reduction.qmax"} | wrong))


def test_what_a_choice_changes():
    changes = Changes(((WORDS, 0.04), (RANGE, 1.1), (UNITS, -2.0)))
    assert changes.of("validation", {"limit": 0.02, "trim": True}) == {"limit": 0.04, "trim": True}
    assert changes.of("reduction", {"density": 2.0}) == {"density": pytest.approx(2.2)}
    # The standard is measured once: factors are the samples' own. What is a setting it shares.
    assert changes.of("reduction", {"density": 2.0}, own=False) == {"density": 2.0}
    assert changes.of("refinement", {"qdamp": 0.02, "qdamp_sd": 0.001}) == {
        "qdamp": pytest.approx(0.018),
        "qdamp_sd": 0.001,
    }
    # A number that a sample does not have stays away.
    assert changes.of("reduction", {"density": None}) == {"density": None}


@cache
def shipped():
    """Tables and configuration of the shipped series."""
    files = {name: str(ROOT / "config" / f"{name}.tsv") for name in ("samples", "scans", "spectra")}
    tables = read_tables(files, ROOT / "workflow" / "schemas")
    return configuration_from(read_yaml(ROOT / "config" / "config.yaml")), tables


def jobs(*choices):
    """The shipped series, with other choices where some are given."""
    return JobSettings(*shipped(), paper_from({"multiverse": {"choices": list(choices)}}) if choices else PAPER)


def test_every_choice_of_the_shipped_paper_is_one_that_its_jobs_take():
    assert list(problems_of_choices(jobs())) == []
    for choice in PAPER.multiverse.choices:
        if choice.key == "circuits.circuit":
            assert all(circuit(value).names for value in choice.values)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"key": "reduction.qmaxx", "values": [12.0]}, "did you mean qmax"),
        ({"key": "reduction.qmaxx", "times": [0.9, 1.1]}, "unknown setting"),
        ({"key": "reduction.qmax", "values": ["twelve"]}, "a number"),
        ({"key": "reduction.qmax", "values": [[12.0]]}, "a number"),
        ({"key": "reduction.qmax", "values": [12.0, -3.0]}, "-3.0"),
        ({"key": "reduction.corrections", "times": [0.9, 1.1]}, "no sample has this number"),
        ({"key": "validation.trim", "times": [0.9, 1.1]}, "no sample has this number"),
        ({"key": "circuits.compare_circuits", "values": [False]}, "its own of this setting"),
        ({"key": "refinement.readings", "values": [["size"]]}, "key reading"),
        ({"key": "refinement.density_of_states", "sds": [-1, 1]}, "unknown setting"),
        ({"key": "reduction.qmax", "sds": [-1, 1]}, "standard uncertainty"),
        ({"key": "claims.significance", "values": [7.0]}, "significance"),
        ({"key": "claims.nothing", "values": [7.0]}, "unknown setting"),
        ({"key": "reading", "values": ["sise"]}, "did you mean size"),
        ({"key": "reading", "times": [0.9, 1.1]}, "no number"),
        ({"key": "samples.left_out", "values": ["x50"]}, "not a list of samples"),
        ({"key": "samples.left_out", "values": [["x5"]]}, "no such name"),
        ({"key": "samples.left_out", "values": [["lab6"], ["x50"]]}, "no such name"),
        ({"key": "paper.abscissa", "values": ["zr"]}, "no such name"),
        ({"key": "paper.samples", "values": ["nobody"]}, "no such name"),
    ],
)
def test_a_choice_that_no_job_could_make_is_found_before_anything_is_computed(wrong, said):
    found = [str(one) for one in problems_of_choices(jobs({"name": "a", "why": "b"} | wrong))]
    assert found and "choice a" in found[0] and said in " ".join(found)


@pytest.mark.parametrize(
    "right",
    [
        {"key": "refinement.qdamp", "sds": [-2, 2]},
        {"key": "refinement.fit_range", "values": [[2.0, 40.0]]},
        {"key": "arrhenius.pellet_thickness_cm", "times": [0.9, 1.1]},
        {"key": "samples.left_out", "values": [["x10", "x90"], []]},
        {"key": "claims.significance", "times": [0.2, 1.0]},
    ],
)
def test_a_choice_that_a_job_can_make_is_none(right):
    assert list(problems_of_choices(jobs({"name": "a", "why": "b"} | right))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": (12.0, 12.0)},
        {"values": ("configured",)},
        {"times": (-1.0, 1.0)},
        {"times": (0.9, float("inf"))},
        {"sds": (float("nan"), 1.0)},
    ],
)
def test_options_that_count_twice_or_are_no_numbers_are_refused(wrong):
    with pytest.raises(InputError, match="choice a"):
        Choice(name="a", why="b", key="reduction.qmax", **wrong)


@pytest.mark.parametrize("name", ["failed", "a\nb", " a", "exponent", "exponent_value"])
def test_a_choice_has_a_column_of_its_own(name):
    with pytest.raises(InputError, match="name"):
        paper(name=name)


def test_two_choices_of_one_setting_are_refused():
    with pytest.raises(InputError, match="two choices"):
        settings(choices=(WORDS, Choice(name="other", why="b", key=WORDS.key, values=(0.03,))))


def test_what_an_analysis_does_not_find_is_not_taken_from_the_configured_run():
    """Where all samples fail, or none has a length, nothing is judged; what is not computed anew stays."""
    columns = {
        "sample": ("x10", "x50", "other"),
        "x": ("0.1", "0.5", "0.7"),
        "sigma_25C_S_per_cm": ("1e-7", "1e-6", "2e-6"),
        "side_reflection_z": ("0.1", "0.2", "0.3"),
    }
    told = jobs()
    told_columns = told.of_series("series")["parameters"]
    name = PAPER.known["coherence_length"].column
    columns[next(iter(told_columns))] = ("1", "2", "3")
    columns[name] = ("120", "100", "90")
    columns[f"{name}_sd"] = ("1", "1", "1")
    made = bare(Series(columns, PAPER.known), told).columns
    for column in (name, f"{name}_sd", "sigma_25C_S_per_cm", next(iter(told_columns))):
        assert made[column] == ("", "", columns[column][2])
    assert made["x"] == columns["x"] and made["side_reflection_z"] == columns["side_reflection_z"]


def outcomes(count=256, noise=0.02):
    """Made analyses: the number follows the limit strongly, the density weakly, qdamp not at all."""
    generator = np.random.default_rng(5)
    made = []
    for one in pipelines(settings(pipelines=count)):
        own = one.options
        value = -3.0 + {0.01: 1.0, 0.04: 2.5}.get(own.get("limit"), 0.0) + 4.0 * (own.get("density", 1.0) - 1.0)
        value += noise * generator.normal()
        verdict = "holds" if value < -1.25 else "undecided"
        statement = {"verdict": verdict, "value": value, "error": 0.2, "n": 9, "note": ""}
        quantities = {"conductivity": {"a": (2.0 * own.get("density", 1.0), 0.01), "b": (4.0, 0.01)}}
        made.append(Outcome(one.number, one.sort, dict(own), 1.0, quantities, {"exponent": statement}))
    return made


def paper(name=WORDS.name, **more):
    chosen = [
        {"name": name if c is WORDS else c.name, "why": c.why, "key": c.key}
        | {k: v for k in ("values", "times", "sds") if (v := getattr(c, k))}
        for c in (WORDS, RANGE, UNITS)
    ]
    test = {"kind": "exponent", "of": "conductivity", "against": "coherence_length", "direction": "falling"}
    return paper_from(
        {
            "statements": [{"id": "exponent", "statement": "shorter is faster", "test": test}],
            "multiverse": {"choices": chosen, "quantities": ["conductivity"], **more},
        }
    )


def test_shares_of_the_variance_are_those_that_were_put_in():
    found = {one.choice: one for one in results.ranked(paper(), *_values(outcomes()))}
    # Variance of three equal levels 0, 1, 2.5, and of 4 (u - 1) with u uniform over 0.9 to 1.1.
    parts = {"limit": np.var([0.0, 1.0, 2.5]), "density": 16 * 0.2**2 / 12}
    total = sum(parts.values()) + 0.02**2
    for name, part in parts.items():
        assert found[name].share == pytest.approx(part / total, abs=0.03)
    assert found["limit"].p < 0.01
    assert found["qdamp"].share < 0.01 and found["qdamp"].p > 0.01


def _values(made):
    filling = results.mixed(made)
    return filling, results.values_of(filling, "exponent")


def test_groups_without_an_effect_have_no_share_on_average():
    generator = np.random.default_rng(1)
    p = [results.share_of(np.arange(60) % 6, generator.normal(size=60))[1] for _ in range(400)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert results.share_of(np.arange(60) % 6, np.ones(60)) == (0.0, 1.0)
    assert results.share_of(np.zeros(60, int), generator.normal(size=60)) == (0.0, 1.0)


def test_rows_of_a_statement_and_what_is_said_of_it():
    (row,) = results.statement_rows(paper(), outcomes())
    assert row["holds"] + row["undecided"] + row["fails"] == pytest.approx(1)
    assert row["holds"] == pytest.approx(2 / 3, abs=0.02) and row["configured"] == "holds"
    assert row["turns_with"].startswith("limit") and "qdamp" not in row["turns_with"] + row["moves_with"]
    assert "67 %" in row["sentence"] and row["sentence"].endswith("turns with limit")


def test_a_sentence_tells_what_there_is_and_rounds_none_to_all():
    row = {"analyses": 512, "holds": 1.0, "undecided": 0.0, "fails": 0.0}
    assert results.sentence(row) == "holds in all 512 analyses"
    row |= {"holds": 0.998, "undecided": 0.002}
    said = "holds in over 99 % of 512 analyses, is undecided in under 1 %; turns with reading, qmax"
    assert results.sentence(row, ["reading", "qmax"]) == said
    row |= {"holds": 0.0, "undecided": 0.4, "fails": 0.6}
    assert (
        results.sentence(row, ["a, b 0.3"])
        == "is undecided in 40 % of 512 analyses, fails in 60 %; turns with a, b 0.3"
    )


@pytest.mark.parametrize("count", [8, 200, 512])
def test_whole_per_cents_add_up_to_a_hundred(count):
    generator = np.random.default_rng(2)
    for _ in range(300):
        numbers = generator.multinomial(count, generator.dirichlet([1, 1, 1]))
        row = dict(zip(("holds", "undecided", "fails"), numbers / count, strict=True)) | {"analyses": count}
        said = results.sentence(row)
        if "under" not in said and "over" not in said and "all" not in said:
            found = dict(zip(("holds", "undecided", "fails"), numbers, strict=True))
            shown = [int(word) for word in re.findall(r"(\d+) %", said)]
            assert sum(shown) == 100
            for number, per_cent in zip([n for n in found.values() if n], shown, strict=True):
                assert abs(100 * number / count - per_cent) < 1


def test_rows_of_a_quantity_set_the_spread_beside_the_stated_error():
    rows = {row["sample"]: row for row in results.quantity_rows(paper(), outcomes())}
    # 95 % of a uniform spread of 0.4 over 3.92.
    assert rows["a"]["between_sd"] == pytest.approx(0.95 * 0.4 / 3.92, rel=0.03)
    assert rows["a"]["stated_sd"] == 0.01 and rows["a"]["moves_with"].startswith("density")
    assert rows["b"]["between_sd"] == 0 and rows["b"]["moves_with"] == ""


def test_rows_of_the_choices_tell_what_each_does_alone_and_why_it_is_defensible():
    rows = [row for row in results.choice_rows(paper(), outcomes(noise=0.0)) if row["of"] == "value"]
    limit = next(row for row in rows if row["choice"] == "limit")
    assert rows[0] is limit and limit["alone"] == pytest.approx(2.5) and limit["why"] == "custom"
    for row in rows:
        assert set(row) <= set(MULTIVERSE["choices"].names)


def test_analyses_come_back_from_their_files_in_their_order(tmp_path):
    made = outcomes(16)
    for k, part in enumerate((made[10:], made[:10])):
        (tmp_path / f"{k}.json").write_text(json.dumps({"analyses": [asdict(one) for one in part]}))
    found = results.read_outcomes([tmp_path / "0.json", tmp_path / "1.json"])
    assert [one.number for one in found] == list(range(len(made)))
    assert [row["configured"] for row in results.statement_rows(paper(), found)] == ["holds"]
    (tmp_path / "2.json").write_text('{"analyses": [{"nonsense": 1}]}')
    with pytest.raises(InputError, match="not the analyses"):
        results.read_outcomes([tmp_path / "2.json"])


def test_batches_of_two_runs_are_not_mixed(tmp_path):
    made = outcomes(16)
    for k, (of, part) in enumerate((("a", made[:10]), ("a", made[10:15]), ("b", made[15:]))):
        (tmp_path / f"{k}.json").write_text(json.dumps({"of": of, "analyses": [asdict(one) for one in part]}))
    assert len(results.read_outcomes([tmp_path / "0.json", tmp_path / "1.json"])) == 15
    with pytest.raises(InputError, match="two runs"):
        results.read_outcomes([tmp_path / f"{k}.json" for k in range(3)])


def test_analyses_that_the_paper_does_not_declare_are_refused(tmp_path):
    made = outcomes(64)
    results.refuse_others(paper(pipelines=64), made)
    changed = replace(made[3], options={"density": 0.8})
    for wrong in (made[:-1], [*made, made[-1]], [*made[:3], changed, *made[4:]]):
        with pytest.raises(InputError, match="not the analyses"):
            results.refuse_others(paper(pipelines=64), wrong)
    with pytest.raises(InputError, match="not the analyses"):
        results.refuse_others(paper(pipelines=32), made)
    with pytest.raises(InputError, match="not the analyses"):
        results.refuse_others(paper("another", pipelines=64), made)


def test_collected_tables_and_the_sentence_among_the_claims(tmp_path):
    import collect_multiverse

    (tmp_path / "0.json").write_text(json.dumps({"analyses": [asdict(one) for one in outcomes()]}))
    (tmp_path / "paper.json").write_text(json.dumps(_plain(paper(pipelines=256))))
    claims = [{"id": "exponent", "verdict": "holds", "note": "n"}, {"id": "other", "verdict": "fails", "note": "m"}]
    (tmp_path / "claims.tsv").write_text(write_table(claims))
    collect_multiverse.main(
        [
            str(tmp_path / "0.json"),
            *("--paper", str(tmp_path / "paper.json"), "--claims", str(tmp_path / "claims.tsv")),
            *("--output", str(tmp_path / "out")),
        ]
    )
    found = list(csv.DictReader(io.StringIO((tmp_path / "out" / "claims.tsv").read_text()), delimiter="\t"))
    assert "67 %" in found[0]["note"] and found[0]["note"].endswith("; n") and found[1]["note"] == "m"
    analyses = list(csv.DictReader(io.StringIO((tmp_path / "out" / "analyses.tsv").read_text()), delimiter="\t"))
    assert len(analyses) == 263 and analyses[0]["limit"] == CONFIGURED and analyses[1]["limit"] == "0.01"


def _plain(one):
    from coherion.settings.model import as_plain

    whole = as_plain(one)
    chosen = [{k: v for k, v in c.items() if v not in (None, [])} for c in whole["multiverse"]["choices"]]
    kept = whole["multiverse"] | {"choices": chosen}
    return {
        "statements": whole["statements"],
        "multiverse": {k: kept[k] for k in ("choices", "quantities", "pipelines")},
    }


def test_the_curve_shows_every_mixed_analysis_and_every_choice():
    made = outcomes(64)
    plate = specification_curve(paper(), made, None, "simulated")
    assert isinstance(plate, Plate)
    rows = list(csv.DictReader((line for line in plate.numbers().splitlines() if line[0] != "#"), delimiter="\t"))
    top = [row for row in rows if row["panel"] == "a"]
    assert len(top) == 64 and sum(row["panel"] == "b" for row in rows) == 3 * 64
    ordered = [float(row["y"]) for row in sorted(top, key=lambda row: float(row["x"]))]
    assert ordered == sorted(ordered)
    drawn = [line for line in plate.panels[1].lines if line.get_marker() == "|"]
    # The strongest first; what does nothing is grey.
    assert [line.get_color() == GREY for line in drawn][0::2] == [False, True]
    with pytest.raises(InputError, match="no analysis"):
        specification_curve(paper(), made, "unknown", "simulated")


def test_statements_of_a_trend_are_judged_where_none_is_named():
    assert [one.id for one in statements_of(paper())] == ["exponent"]
    assert [one.id for one in statements_of(PAPER)] == list(PAPER.multiverse.statements)


def test_a_statement_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="no such statement"):
        paper_from({"multiverse": {"statements": ["nowhere"]}})


def test_a_length_that_is_not_known_has_none_and_its_inverse_all_the_same():
    from types import SimpleNamespace

    known = SimpleNamespace(values=np.array([0.01, 2e-6]), sds=np.array([0.001, 1e-6]))
    assert length_and_strain(known, 3.0)["coherence_length"] == pytest.approx((100.0, 10.0))
    vague = SimpleNamespace(values=np.array([0.002, 2e-6]), sds=np.array([0.001, 0.0]))
    found = length_and_strain(vague, 3.0)
    assert found["coherence_length"] is None and found["microstrain_squared"] is None
    assert found["inverse_length"] == pytest.approx((0.002, 0.001))
