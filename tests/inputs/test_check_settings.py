"""``make check`` refuses every setting that a job of the run would refuse, of all samples and of single ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from coherion.inputs.check import check_series

ROOT = Path(__file__).parents[2]


def errors(folder: Path, text: str) -> list[str]:
    """What is wrong with the series that ships under other settings; its raw files are not there yet."""
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return check_series("config.yaml", ROOT).errors


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_series_that_ships_has_none(tmp_path):
    assert errors(tmp_path, "refinement: {resolution_from: LaB6}\n") == []


def test_what_the_checks_of_a_deployed_copy_run_has_none_either():
    assert check_series(ROOT / ".test/config/config.yaml", ROOT).errors == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("refinement: {starts: 0, profile_level: 7, max_evaluations: -3}", ["starts", "profile_level", "max_eval"]),
        ("resolution: {fit_ranges: [[1, 2]]}", ["resolution.fit_ranges: unknown setting"]),
        ("refinement: {fit_ranges: [[9, 3]]}", ["refinement.fit_ranges[0]: not a range"]),
        ("refinement: {fit_ranges: [[2, 60], [2, 200]]}", ["2 to 200 angstrom does not lie within G(r)"]),
        ("reduction: {rmax: 50}", ["2 to 60 angstrom does not lie within G(r), which ends at reduction.rmax = 50"]),
        ("per_sample: {x10: {reduction: {rmax: 50}}}", ["ends at reduction.rmax = 50"]),
        ("per_sample: {x10: {refinement: {starts: 0}}}", ["key per_sample.x10.refinement.starts"]),
        (
            "per_sample: {x10: {side_phase: {window: [1.7, 1.5]}}}",
            ["key per_sample.x10.side_phase.window"],
        ),
        ("per_sample: {x10: {geometry: {bonds: [{centre: Xx9}]}}}", ["key geometry", "Xx9"]),
        ("per_sample: {x10: {refinement: {fixed: {Na9.x: 0.1}}}}", ["refinement", "no such parameter; found Na9.x"]),
        ("per_sample: {x10: {refinement: {constraints: ['a = ']}}}", ["row", "refinement", "constraints[0]"]),
        ("circuits: {circuit: 'p(R1,'}", ["sample x10, circuits", "p(R1,"]),
        (
            "per_sample: {x10: {circuits: {circuit: R1-C1, resistances: {total: [R1]}, start: {R7: 1}}}}",
            ["x10, circuits", "'R7'"],
        ),
        ("per_sample: {x10: {circuits: {start: {R7: 1}}}}", ["circuits.start", "circuit still to be chosen"]),
        ("series: {resistance: R9}\ncircuits: {circuit: 'p(R1,CPE1)-CPE2'}", ["series.resistance", "found R9"]),
        ("side_phase: {structure: nowhere.cif}", ["side_phase.structure: nowhere.cif", "No such file"]),
        ("per_sample: {x10: {side_phase: {structure: nowhere.cif}}}", ["side_phase.structure: nowhere.cif"]),
        ("simulation: {series: nowhere.yaml}", ["simulation.series: nowhere.yaml is missing"]),
        ("claims: {resamples: 1000000000000}", ["claims.resamples"]),
        ("reduction: {qmin: 013}", ["line 1", "base 8"]),
        *((f"reduction: {{qmax: {text}}}", ["line 1", f"found {text}"]) for text in ("0x0C", "0b1100", "1_2", "1_2.5")),
    ],
)
def test_what_a_job_would_refuse_is_told(text, said, tmp_path):
    found = errors(tmp_path, text + "\n")
    assert found
    for part in said:
        assert any(part in line for line in found), found


def test_a_sample_that_is_refused_does_not_hide_the_others(tmp_path):
    found = errors(tmp_path, "per_sample: {x10: {refinement: {starts: 0}}, x50: {arrhenius: {curvature_p: 2}}}\n")
    assert len(found) == 2
