"""A configuration is completed and checked by its schema, and a file that is none names line or key."""

from pathlib import Path

import pytest

from coherion.errors import InputError
from coherion.settings import configuration

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "reduction": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "qmax": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "default": 13.0,
                    "description": "cut, 1/angstrom",
                }
            },
        }
    },
}


def test_settings_are_completed_from_the_schema_without_changing_what_the_user_wrote():
    written = {}
    assert configuration.complete_settings(written, SCHEMA) == {"reduction": {"qmax": 13.0}}
    assert written == {}
    assert configuration.complete_settings({"reduction": {"qmax": 20}}, SCHEMA)["reduction"]["qmax"] == 20


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"reduction": {"qmax": "13"}}, ["key reduction.qmax", "found 13", "number", "1/angstrom"]),
        ({"reduction": {"qmax": 0}}, ["reduction.qmax", "more than 0"]),
        ({"reduction": {"qmx": 1}}, ["reduction.qmx", "qmax"]),
        ({"reduction": 5}, ["reduction", "object"]),
    ],
)
def test_configuration_errors_name_the_key(settings, said):
    with pytest.raises(InputError) as refused:
        configuration.complete_settings(settings, SCHEMA, file="config.yaml")
    for part in ["config.yaml", *said]:
        assert part in str(refused.value)


def test_yaml_errors_name_the_line(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(InputError, match="line 3"):
        configuration.read_yaml(path)


def test_a_tag_in_yaml_is_not_obeyed(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(InputError, match="not valid YAML"):
        configuration.read_yaml(path)


def test_every_key_of_the_schemas_is_described():
    for path in sorted(SCHEMAS.glob("*.schema.yaml")):

        def visit(schema, name, path=path):
            for key, inner in schema.get("properties", {}).items():
                assert inner.get("description") or inner.get("properties"), f"{path.name}: {name}.{key}"
                visit(inner, f"{name}.{key}")

        visit(configuration.read_yaml(path), "")
