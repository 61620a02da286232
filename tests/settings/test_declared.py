"""Every setting is declared once: schema file, reference page and readers are made from the models."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import jsonschema
import msgspec
import pytest
import yaml

from coherion.crystal import polyhedra
from coherion.errors import InputError
from coherion.pair_model import envelope
from coherion.refinement import readings
from coherion.scattering.corrections import polarisation
from coherion.settings import schema
from coherion.settings.model import Settings, as_plain
from coherion.settings.reading import expected_of, fields, meaning, peeled, settings_from
from coherion.settings.run import OF_SAMPLES, Configuration, configuration_from
from coherion.settings.stages import geometry, reduction, refinement, validation

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
STAGES = ROOT / "scripts" / "coherion" / "settings"


def groups(model: type[msgspec.Struct], name: str = "") -> dict[str, type[msgspec.Struct]]:
    """Every group of settings below a model, by its dotted name."""
    found = {name: model}
    for key, field in fields(model).items():
        inner = peeled(field.type)[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found |= groups(inner, f"{name}.{key}".lstrip("."))
    return found


def test_the_schema_file_is_that_of_the_models():
    assert SCHEMA.read_text(encoding="utf-8") == schema.schema_text()


def test_the_reference_page_is_that_of_the_models():
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == schema.reference_page()


def test_the_schema_is_one_and_accepts_what_the_models_accept():
    made = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    assert list(validator.iter_errors(configuration_from({}))) == []
    for wrong in ({"refinement": {"starts": 0}}, {"resolution": {"fit_ranges": []}}, {"reduction": {"qmx": 1}}):
        assert list(validator.iter_errors(wrong))


@pytest.mark.parametrize("name", groups(Configuration))
def test_every_setting_says_what_it_means_and_its_default_is_one_of_its_values(name):
    model = groups(Configuration)[name]
    assert inspect.getdoc(model)
    for key, field in fields(model).items():
        if f"{name}.{key}".lstrip(".") not in groups(Configuration):
            assert meaning(field.type)[0], key
            assert "plain value" not in expected_of(field.type) or key in ("per_sample", "changes")
    assert settings_from(model, as_plain(model())) == model()


def test_no_two_settings_of_a_stage_mean_the_same():
    for name, model in groups(Configuration).items():
        said = [meaning(field.type)[0] for field in fields(model).values() if meaning(field.type)[0]]
        assert len(set(said)) == len(said), name


def declared() -> dict[str, list[tuple[str, str]]]:
    """Where each name is declared as a field with a default, over the whole package: file and class."""
    found: dict[str, list[tuple[str, str]]] = {}
    for file in (ROOT / "scripts").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for one in node.body:
                    if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                        found.setdefault(one.target.id, []).append((str(file.relative_to(ROOT)), node.name))
    return found


def test_no_class_outside_declares_settings():
    """None is called so, and none has nothing but keys of one stage."""
    of_class: dict[tuple[str, str], set[str]] = {}
    for key, places in declared().items():
        for place in places:
            if "/settings/" not in place[0]:
                of_class.setdefault(place, set()).add(key)
    stages = [set(model.__struct_fields__) for name, model in groups(Configuration).items() if name]
    again = {
        ": ".join(place)
        for place, keys in of_class.items()
        if place[1].endswith("Settings") or (len(keys) > 1 and any(keys <= known for known in stages))
    }
    # A job's settings as plain values, no declaration of any key.
    assert again == {"scripts/coherion/inputs/job_settings.py: JobSettings"}


def test_no_setting_is_declared_twice():
    """A key of two stages means two things; within a stage, and in what it inherits, it stands once.

    The resolution of a standard has other defaults than a refinement, and takes the declarations from there.
    """
    twice = []
    for name, model in groups(Configuration).items():
        own = [cls for cls in model.__mro__ if cls not in (Settings, msgspec.Struct, object)]
        for key in model.__struct_fields__:
            declaring = [cls for cls in own if key in vars(cls).get("__annotations__", {})]
            texts = {vars(cls)["__annotations__"][key] for cls in declaring}
            if len(declaring) != 1 and (len(texts) != 1 or "told(" in next(iter(texts))):
                twice.append(f"{name}.{key}")
    assert twice == []


def test_the_choices_are_what_the_program_has():
    assert set(envelope.SHAPES) == set(refinement.ENVELOPES)
    assert set(readings._OTHERS) | {"size_strain"} == set(refinement.READINGS)
    assert {*polarisation.MONOCHROMATORS, "none"} == set(get_args(reduction.Monochromator))
    vertices = {name: len(points) for name, points in polyhedra.SHAPES.items()}
    assert vertices == geometry.LIGANDS_OF_SHAPE and set(vertices) == set(get_args(geometry.Shape))


def test_the_sections_of_single_samples_are_sections():
    known = fields(Configuration)
    for name, model in OF_SAMPLES.items():
        assert issubclass(peeled(known[name].type)[0], model)


@pytest.mark.parametrize("given", [3.0, 3])
def test_a_whole_number_may_be_written_with_a_point(given):
    assert settings_from(refinement.RefinementSettings, {"starts": given}).starts == 3


def test_a_whole_number_that_no_job_could_read_is_refused():
    with pytest.raises(InputError, match="key run_length: setting cannot be used"):
        settings_from(validation.ValidationSettings, {"run_length": 1e300})


def test_a_model_is_light_to_import():
    """A job starts an interpreter each time: reading its settings brings no numerical library."""
    code = "import coherion.settings.run, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"numpy", "scipy", "xarray", "jsonschema", "yaml", "pydantic"}
