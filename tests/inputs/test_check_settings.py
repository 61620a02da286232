"""``make check`` refuses every setting that a job of the run would refuse, of all samples and of single ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from coherion.errors import InputError
from coherion.inputs.check import check_series
from coherion.inputs.job_settings import REDUCTION_COLUMNS, SCAN_COLUMNS
from coherion.settings.configuration import read_yaml
from coherion.settings.schema import schema_of
from coherion.settings.stages.reduction import Reduction, ReductionSettings
from coherion.settings.stages.scans import ScanSettings
from coherion.settings.stages.spectra import SpectraSettings

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


@pytest.mark.parametrize("name", ["lab6", "measured", "second"])
def test_further_configurations_that_ship_lack_nothing_but_their_data(name):
    told = check_series(ROOT / f"config/{name}.yaml", ROOT).errors
    assert [line for line in told if not line.startswith("key data_folder")] == []


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
        ("simulation: {changes: {scan: 3}}", ["key simulation", "a section is not known; expected", "key scan"]),
        ("circuits: {circuit: 'p(R1,CPE1)-CPE2', bounds: {R1: [5, 1]}}", ["sample x10, circuits", "bounds of R1 are"]),
        ("circuits: {circuit: 'p(R1,CPE1)-CPE2', start: {R1: -5}}", ["key start", "value of R1 is out of range"]),
        (
            "circuits: {circuit: 'p(R1,CPE1)-CPE2', fixed: {CPE2_1: 2}}",
            ["key fixed", "value of CPE2_1 is out of range"],
        ),
        ("circuits: {circuit: 'R1', fixed: {R1: 5}, resistances: {total: [R1]}}", ["nothing of the circuit is left"]),
        ("resolution: {constraints: ['foo = 3']}", ["sample LaB6, resolution", "constraints[0]"]),
        ("resolution: {stages: [[lattice]]}", ["sample LaB6, resolution", "frees none of qdamp"]),
        ("resolution: {fit_range: [2, 300]}", ["key resolution.fit_range: 2 to 300 angstrom does not lie"]),
        ("reduction: {rmin: 5}", ["2 to 60 angstrom does not lie within G(r), which begins at reduction.rmin = 5"]),
        (
            "reduction: {qmax: 13}\nrefinement: {fit_ranges: [[2, 2.1]]}",
            ["key refinement.fit_ranges: the fit range is too short"],
        ),
        ("reduction: {qmax: 13}\nrefinement: {fit_ranges: [[2, 60], [2, 6]]}", ["fewer independent points than free"]),
        (
            "reduction: {qmax: 13}\nresolution: {fit_range: [2, 3]}",
            ["sample LaB6, resolution", "fewer independent points"],
        ),
        ("geometry: {polyhedra: [{centre: M1, count: 0}]}", ["geometry.polyhedra[0].count", "from 1 to 24"]),
        ("refinement: {fit_ranges: [[0.00001, 60]]}", ["fit_ranges: files cannot be named by a range"]),
        ("refinement: {fit_ranges: [[2.12345678, 60]]}", ["fit_ranges: files cannot be named by a range"]),
        ("reduction: {qmax: 13}\nrefinement: {qmax: 10}", ["refinement.qmax: 10 is not reduction.qmax = 13"]),
        ("refinement: {radiation: neutron}", ["refinement.radiation: neutron"]),
        ("reduction: {covariance: false}\nrefinement: {weights: sd}", ["refinement.weights: sd"]),
        ("refinement: {bounds: {scale: [2, 2]}}", ["row 2, refinement", "scale: equal bounds leave nothing to refine"]),
        ("refinement: {profile: [foo]}", ["row 2, refinement", "key profile", "no such parameter; found foo"]),
        (
            "reduction: {qmax: 13}\nreflection_widths: {q_range: [20, 30]}\nrefinement: {resolution_from: LaB6}",
            ["reflection_widths.q_range: 20 to 30 1/angstrom lies beyond F(Q), which ends at reduction.qmax = 13"],
        ),
        ("reduction: {corrections: absorption}\ntables: {samples: without.tsv}", ["reduction.density: the absorption"]),
        ("reduction: {capillary_composition: Xx}", ["row 2, column composition", "capillary_composition"]),
        ("reduction: {monochromator: 400}", ["reduction.monochromator: setting cannot be used"]),
        ("reduction: {qmaxinst: 0.1}", ["reduction.qmin", "less than qmaxinst = 0.1"]),
        ("series: {parameters: {sample: a}}", ["key series.parameters", "found sample"]),
        ('series: {parameters: {"a\\tb": a}}', ["series.parameters", "a column's name on one line"]),
        ("claims: {resamples: 1000000000000}", ["claims.resamples"]),
        ("reduction: {qmin: 013}", ["line 1", "base 8"]),
        *((f"reduction: {{qmax: {text}}}", ["line 1", f"found {text}"]) for text in ("0x0C", "0b1100", "1_2", "1_2.5")),
    ],
)
def test_what_a_job_would_refuse_is_told(text, said, tmp_path):
    rows = [line.split("\t") for line in (ROOT / "config/samples.tsv").read_text(encoding="utf-8").splitlines()]
    kept = [i for i, name in enumerate(rows[0]) if name != "density_g_cm3"]
    without = "".join("\t".join(row[i] for i in kept) + "\n" for row in rows)
    (tmp_path / "without.tsv").write_text(without, encoding="utf-8")
    found = errors(tmp_path, text + "\n")
    assert found
    for part in said:
        assert any(part in line for line in found), found


def bounds(schema: dict) -> dict:
    """Limits and choices of what a schema says of one value, beside null and words in place of a number."""
    parts = schema.get("anyOf", [schema])
    (one,) = [part for part in parts if len(parts) == 1 or part.get("type") in ("number", "integer")]
    named = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return {key: one[key] for key in named if key in one} | {"enum": sorted(one.get("enum", []))}


@pytest.mark.parametrize(
    ("table", "model", "columns"),
    [
        ("scans", ScanSettings, SCAN_COLUMNS),
        ("samples", Reduction, {key: column for key, column in REDUCTION_COLUMNS.items() if key != "composition"}),
        ("spectra", SpectraSettings, {"temperature_sd": "temperature_sd_C"}),
    ],
)
def test_a_cell_has_the_limits_and_choices_of_its_setting(table, model, columns):
    cells = read_yaml(ROOT / f"workflow/schemas/{table}.schema.yaml")["properties"]
    settings = schema_of(model)["properties"]
    for key, column in columns.items():
        assert bounds(cells[column]) == bounds(settings[key]), column


def test_absorption_needs_a_density_or_what_it_is_for():
    with pytest.raises(InputError, match="needs the sample's density or its mu_r; expected density in g/cm"):
        ReductionSettings(composition="Na3InCl6", corrections="absorption")
    ReductionSettings(composition="Na3InCl6", corrections="absorption", mu_r=0.5)


def test_a_sample_that_is_refused_does_not_hide_the_others(tmp_path):
    found = errors(tmp_path, "per_sample: {x10: {refinement: {starts: 0}}, x50: {arrhenius: {curvature_p: 2}}}\n")
    assert len(found) == 2
