"""docs/data.md: every file between the rules as it is declared. ``python -m coherion.data.contract.page`` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from coherion.data.contract.contracts import CONTRACTS
from coherion.data.contract.declared import ORIGIN, PROVENANCE, Contract, Variable
from coherion.data.contract.tables import TABLES

_HEAD = """# What the files of a run hold

Made from the declarations in `scripts/coherion/data/contract/` (`python -m coherion.data.contract.page`, with `scripts`
on the path); a test holds it to them. Nothing undeclared is written, and a file that lacks a variable, or has it with
other dimensions or another unit, is refused by the commands that read it. Some files lack what stands in *italics*.
A name in braces is one of the values listed below the table.

Attributes of every file:
"""


def page() -> str:
    """The text of docs/data.md."""
    lines = [_HEAD]
    lines += [f"- `{one.name}`: {one.meaning}" for one in (ORIGIN, *PROVENANCE)]
    for contract in CONTRACTS.values():
        lines += _of_dataset(contract)
    for table in TABLES:
        lines += ["", f"## {table.file}", "", f"Table that `{table.command}` writes. {table.meaning}", ""]
        lines += ["| column | unit | meaning |", "|---|---|---|"]
        for one in table.columns:
            name = f"`{one.name}`, `{one.name}_sd`" if one.sd else f"`{one.name}`"
            lines.append(f"| {name} | {one.unit} | {_cell(one.meaning)} |")
    return "\n".join(lines) + "\n"


def _of_dataset(contract: Contract) -> Iterator[str]:
    yield from ("", f"## {contract.file}", "", f"netCDF that `{contract.command}` writes. {contract.meaning}", "")
    yield from ("| variable | dimensions | unit | meaning |", "|---|---|---|---|")
    for kind, variables in (("coordinate: ", contract.coordinates), ("", contract.variables)):
        for one in variables:
            yield f"| {_name(one)} | {one.dims.replace(' ', ', ')} | {one.unit} | {_cell(kind + one.meaning)} |"
    for word, values in contract.choices.items():
        yield from ("", f"`{{{word}}}`: {', '.join(values)}.")
    if contract.attributes:
        yield from ("", "| attribute | unit | meaning |", "|---|---|---|")
    for attribute in contract.attributes:
        name = f"`{attribute.name}`" if attribute.needed else f"*`{attribute.name}`*"
        yield f"| {name} | {attribute.unit} | {_cell(attribute.meaning)} |"


def _name(one: Variable) -> str:
    return f"`{one.name}`" if one.needed else f"*`{one.name}`*"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
