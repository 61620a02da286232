"""Write what is made from the declared settings: the schema of config.yaml and the reference page of all settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coherion import command

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("--schema", type=Path, default=ROOT / "workflow" / "schemas" / "config.schema.yaml")
    arguments.add_argument("--page", type=Path, default=ROOT / "docs" / "settings.md")
    given = arguments.parse_args(argv)

    from coherion.settings.schema import reference_page, schema_text

    given.schema.write_text(schema_text(), encoding="utf-8")
    given.page.write_text(reference_page(), encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
