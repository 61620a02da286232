"""The profiles speak of rules that exist, and leave no rule of a sample to stand in a queue by itself unseen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROFILES = sorted((ROOT / "workflow" / "profiles").glob("*/profile.yaml"))
SLURM = yaml.safe_load((ROOT / "workflow" / "profiles" / "slurm" / "profile.yaml").read_text())
# Runs once for each standard, and all samples wait for it: in a group with any of them it would wait for itself.
# A batch of whole analyses takes minutes, more than a stay in the queue costs.
ALONE = {"refine_standard", "run_multiverse"}


def rules() -> dict[str, str]:
    """The text of each rule by its name."""
    text = "".join(file.read_text() for file in [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")])
    parts = re.split(r"^(?:(?:rule|checkpoint)|use rule \w+ as) (\w+)(?: with)?:$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.parent.name)
def test_every_rule_that_a_profile_names_exists(profile):
    settings = yaml.safe_load(profile.read_text())
    named = {rule for key in ("groups", "set-resources", "set-threads") for rule in settings.get(key, {})}
    assert named <= rules().keys()
    assert settings.get("group-components", {}).keys() <= set(settings.get("groups", {}).values())


def test_every_rule_that_runs_many_times_is_grouped():
    """A rule that is new here needs a line under groups in workflow/profiles/slurm/profile.yaml, or one in ALONE."""
    many = set()
    for name, text in rules().items():
        outputs = re.search(r"^    output:\n((?:        .*\n)+)", text, flags=re.MULTILINE)
        if outputs and re.search(r"\{\w+\}", outputs[1]):
            many.add(name)
    assert {"reduce_scan", "refine_structure"} <= many
    assert many - ALONE <= SLURM["groups"].keys()


def test_no_job_of_the_queue_is_too_small_for_the_snakemakes_that_run_it():
    """Two of them take 250 MB by themselves; measured where the cluster holds jobs to their memory."""
    asked = {
        name: int(number)
        for name, text in rules().items()
        for number in re.findall(r"^        mem_mb=\D*(\d+)", text, flags=re.MULTILINE)
    }
    assert asked
    assert not {name: number for name, number in asked.items() if number < 500}
    assert SLURM["default-resources"]["mem_mb"] == "500 * attempt"


def test_a_rule_that_holds_every_sample_asks_for_memory_by_their_number():
    """At 600 samples the alerts take 800 MB, which was all that they asked for."""
    for name in ("collect_alerts", "write_tables"):
        assert re.search(r"^        mem_mb=.*\blen\(TABLES\.samples\)", rules()[name], flags=re.MULTILINE), name
