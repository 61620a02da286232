"""Odd values for the settings of every command, and for the whole configuration: a result, or one line.

A bounded share of the cases; ``python tests/hostile/fuzz.py --settings`` tries all of them.
"""

from __future__ import annotations

import copy
import json
import random

import pytest
from hostile.odd_settings import ODD, STAGES, cases, places, prepare, replaced, run, sample, working
from hostile.targets import schema

from coherion.errors import CoherionError
from coherion.inputs.series import changed_occupancies
from coherion.settings.run import configuration_from

# Of each command; all together take about 30 s of one core.
CASES = 30
SECTIONS = schema("config")["properties"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("odd")
    prepare(made)
    return made


@pytest.mark.parametrize("name", STAGES)
def test_odd_settings_give_a_result_or_one_line(name, folder):
    good = json.dumps(dict(STAGES[name].settings))
    found = run(name, [good, *sample(name, 0, CASES if name != "judge_claims" else 10)], folder)
    print(f"{name}: {found.tried} settings tried, {found.accepted} accepted, {found.refused} refused")
    faults = [f"{data.decode('utf-8', 'replace')[:300]}\n{fault}" for data, fault in found.faults]
    assert not faults, "\n".join(faults[:3])
    # Without a case that works, what is refused would say nothing of the others.
    assert found.accepted and found.refused


def test_every_key_of_a_stage_has_its_cases():
    for name in STAGES:
        texts = cases(name)
        for key in working(name):
            assert sum(json.dumps(key) in text for text in texts) > len(ODD) / 2, f"{name}, {key}"


def sound(settings: dict) -> None:
    """What the rules do with a checked configuration before anything runs."""
    assert json.loads(json.dumps(settings, allow_nan=False)) == settings
    for low, high in settings["refinement"]["fit_ranges"]:
        assert f"{low:g}-{high:g}"
    changed_occupancies(settings["refinement"])
    for own in settings["per_sample"].values():
        changed_occupancies(settings["refinement"] | own.get("refinement", {}))


@pytest.mark.parametrize("section", SECTIONS)
def test_odd_values_of_the_configuration_are_refused_or_harmless(section):
    one = SECTIONS[section]
    whole = configuration_from({})
    tried = refused = 0
    every = list(places(whole[section])) if "default" not in one else [()]
    rng = random.Random(section)
    for _ in range(4 * CASES):
        given = {section: replaced(copy.deepcopy(whole[section]), rng.choice(every), rng.choice(ODD))}
        for settings in (given, {"per_sample": {"a": given}}):
            tried += 1
            try:
                found = configuration_from(settings, file="config.yaml")
            except CoherionError as problem:
                refused += 1
                assert str(problem).isprintable() and len(str(problem)) < 3000
                assert "config.yaml" in str(problem)
            else:
                sound(found)
    assert tried and refused
