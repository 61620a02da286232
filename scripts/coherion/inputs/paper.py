"""A paper file held against the series: what it names that no sample has; and the first one for a new series."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coherion.data.contract.tables import SERIES
from coherion.data.series_tables import Tables, own_columns
from coherion.data.tables import OWN
from coherion.settings.paper import figures
from coherion.settings.paper.kinds import Kind, RangeIndependent
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import nearest
from coherion.statistics.quantities.selection import mask_of
from coherion.statistics.series import Series

#: Quantities of the table of samples, which is there before anything is computed.
TABLED = ("sample", "group", "x", "annealing_C", "temperature_K", "time_h", "composition")


@dataclass
class Names:
    """What the structures have: labels of sites, refined parameters and measured quantities by name."""

    labels: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    measured: set[str] = field(default_factory=set)


def problems_of_paper(
    paper: Paper, tables: Tables, names: Names, ranges: Sequence[str], parameters: Mapping[str, str]
) -> Iterator[tuple[bool, str]]:
    """What of a paper cannot be made of a series: whether it is an error (else a remark), and the text.

    Parameters
    ----------
    paper
        What its author says.
    tables
        The series.
    names
        What its structures have; where there are none nothing is asked of them.
    ranges
        Ranges of the fits.
    parameters
        Columns of the table of the series that settings name beside the paper's, with what fills them.
    """
    yield from _of_quantities(paper, names)
    yield from _of_columns(paper, tables, parameters)
    yield from _of_statements(paper, tables, ranges, parameters)
    yield from _of_figures(paper, tables, names, ranges)


def _of_quantities(paper: Paper, names: Names) -> Iterator[tuple[bool, str]]:
    for name, one in paper.quantities.items():
        for source, known in (("parameter", names.parameters), ("geometry", names.measured)):
            said = getattr(one, source)
            if said is not None and known and said not in known:
                near = nearest(said, known) or f"see the key {'geometry' if source == 'geometry' else 'refinement'}"
                yield True, f"key quantities.{name}.{source}: no structure of the series has {said}; {near}"


def _of_columns(paper: Paper, tables: Tables, parameters: Mapping[str, str]) -> Iterator[tuple[bool, str]]:
    """Columns and quantities that figures and groups name and that no table will have."""
    filled = {one.column or name for name, one in paper.known.items() if one.parameter or one.geometry}
    columns = {*_tabled(paper, tables).columns, *parameters, *filled}
    written = {*columns, *SERIES.names}

    def absent(name: str) -> bool:
        # Of a range that is not fitted the columns are blank: whoever asks for one is told so by its statement.
        plain = re.sub(r"_[\d.]+_[\d.]+$", "", name)
        return not {name, plain} & columns and bool(SERIES.undeclared([plain]))

    for name, one in paper.quantities.items():
        if one.column is not None and one.parameter is None and one.geometry is None and absent(one.column):
            near = nearest(one.column, written) or "a column of your own stands in the table of samples"
            yield True, f"key quantities.{name}.column: the table of the series has no column {one.column}; {near}"
    for i, figure in enumerate(paper.figures):
        drawn = [name for panel in getattr(figure, "panels", ()) for name in _of_panel(panel)]
        for name in sorted(set(drawn) - {*paper.known}):
            if absent(name):
                near = nearest(name, {*paper.known, *written}) or "declare it under quantities"
                yield True, f"key figures[{i}] ({figure.name}): no quantity {name}; {near}"


def _of_panel(panel: figures.Panel) -> Iterator[str]:
    yield from (curve.of for curve in panel.drawn)
    if panel.against is not None:
        yield panel.against


def _of_statements(
    paper: Paper, tables: Tables, ranges: Sequence[str], parameters: Mapping[str, str]
) -> Iterator[tuple[bool, str]]:
    tabled = _tabled(paper, tables)
    known = {*paper.known, *parameters, *parameters.values(), *tabled.columns}
    able = {*tables.with_structure(), *tables.with_spectra()}
    for i, one in enumerate(paper.statements):
        place = f"key statements[{i}] ({one.id})"
        for name in sorted(paper.sources(*one.test.quantities) - known):
            if SERIES.undeclared([name]) and not _of_range(name, ranges):
                near = nearest(name, known) or "declare it under quantities"
                yield True, f"{place}: no quantity {name}; {near}"
        if isinstance(one.test, RangeIndependent) and one.test.range not in ranges[1:]:
            listed = ", ".join(ranges[1:]) or "none"
            yield False, f"{place}: undecided, {one.test.range} is no further range of the fits ({listed})"
        if not one.test.number:
            continue
        if one.test.needs_margin and getattr(one.test, "tolerance", None) is None:
            for name in sorted(_without_margin(paper, one.test)):
                yield (
                    False,
                    f"{place}: undecided, {name} has no margin: say under quantities what difference would not matter",
                )
        for group in dict.fromkeys((one.samples or paper.samples, *one.test.groups)):
            chosen = tabled.where(mask_of(None if group is None else paper.groups[group], tabled))
            there = able & set(chosen.texts("sample"))
            least = one.test.least if group == (one.samples or paper.samples) else 1
            if len(there) < least:
                said = "all samples" if group is None else f"the group {group}"
                yield (
                    False,
                    f"{place}: undecided, its test needs {least} sample{'s' * (least > 1)} and {said} has {len(there)}",
                )


def _without_margin(paper: Paper, test: Kind) -> Iterator[str]:
    """The quantity of a test whose smallest difference that matters nobody declared."""
    one = paper.known.get(of := str(getattr(test, "of", "")))
    if one is not None and one.margin is None and one.relative_margin is None:
        yield of


def _of_range(name: str, ranges: Sequence[str]) -> bool:
    return any(name.endswith("_" + one.replace("-", "_")) for one in ranges[1:])


def _tabled(paper: Paper, tables: Tables) -> Series:
    rows = [row for row in tables.samples.values() if row["group"] != "standard"]
    own = own_columns(rows)
    cells = [{**row, **row.get(OWN, {})} for row in rows]
    columns = {c: tuple("" if row.get(c) is None else str(row[c]) for row in cells) for c in (*TABLED, *own)}
    return Series({**columns, "excluded": ("",) * len(rows)}, paper.known)


def _of_figures(paper: Paper, tables: Tables, names: Names, ranges: Sequence[str]) -> Iterator[tuple[bool, str]]:
    for i, one in enumerate(paper.figures):
        place = f"key figures[{i}] ({one.name})"
        chosen = getattr(one, "samples", None) or ([one.sample] if hasattr(one, "sample") else [])
        for sample in chosen:
            if sample not in tables.samples:
                yield False, f"{place}: no sample {sample}; {nearest(sample, tables.samples) or 'it is not drawn'}"
        if isinstance(one, figures.Fits) and one.range is not None and one.range not in ranges:
            yield False, f"{place}: not drawn, {one.range} is no range of the fits ({', '.join(ranges)})"
        if isinstance(one, figures.Structure) and names.labels:
            for label in {label for view in one.views for label in view.centres} - names.labels:
                near = nearest(label, names.labels) or ", ".join(sorted(names.labels))
                yield True, f"{place}: no structure of the series has a site {label}; {near}"


REMARKS = {
    "abscissa": "What the series varies: x, annealing, or a quantity that you declare below.",
    "quantities": (
        "Quantities beyond those that any series has, and margins: differences too small to matter to what you "
        "conclude. Fix them before you look at a verdict. A quantity may come from a refined parameter, from what is "
        "measured in the structure, or be an expression:\n"
        "  site_a: {parameter: A1.occupancy, label: occupancy of A1, margin: 0.05}\n"
        "  octahedron: {geometry: A1 volume, label: octahedron / Å$^3$, unit: angstrom^3, margin: 0.2}\n"
        "  ratio: {expression: c / a, label: c/a, margin: 0.001}"
    ),
    "groups": (
        "Groups of samples by any column; `samples: pure` above makes one of them what the paper is about:\n"
        '  pure: {where: {group: [pure, ""]}, label: pure}\n'
        "  rich: {where: {x: {above: 0.5}}, label: x > 0.5, marker: s}"
    ),
    "statements": "What you say, each with a kind of test; docs/claims.md lists the kinds and their rules.",
    "figures": (
        "Figures: what results/figures holds. Of kind series, panel by panel, for whatever you want against whatever. "
        "`supporting: true` numbers a figure in the supporting information."
    ),
}


def first_paper(proposed: Mapping[str, Any]) -> str:
    """The text of a first paper file with remarks, from :func:`coherion.paper.proposal.propose`."""
    lines = [
        "# What the paper says: quantities, groups of samples, statements, figures; docs/paper.md explains every key.",
        "# Written from what the tables held. It counts once config.yaml says `paper: config/paper.yaml`; until then",
        "# the same is proposed anew from the tables of each run.",
    ]
    for key in REMARKS:
        lines += ["", *(f"# {text}" for line in REMARKS[key].split("\n") for text in _wrapped(line))]
        value = proposed.get(key)
        if value is None:
            lines.append("# abscissa: x" if key == "abscissa" else f"{key}: {{}}")
        elif isinstance(value, str):
            lines.append(f"{key}: {value}")
        elif isinstance(value, Mapping):
            lines += [f"{key}:", *(f"  {name}: {_flow(one)}" for name, one in value.items())]
        else:
            lines += [f"{key}:" if value else f"{key}: []", *(text for one in value for text in _item(one))]
    return "\n".join(lines) + "\n"


def _wrapped(line: str) -> list[str]:
    import textwrap

    return [line] if line.startswith("  ") else textwrap.wrap(line, 112)


def _item(one: Mapping[str, Any]) -> list[str]:
    """A figure or a statement, on one line where it fits."""
    whole = f"  - {_flow(one)}"
    if len(whole) <= 118:
        return [whole]
    lines = []
    for number, (key, value) in enumerate(one.items()):
        mark = "  - " if number == 0 else "    "
        if isinstance(value, list):
            lines += [f"{mark}{key}:", *(f"      - {_flow(inner)}" for inner in value)]
        else:
            lines.append(f"{mark}{key}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    plain = isinstance(value, str) and value.replace("_", "").replace(" ", "").isalpha()
    return value if plain else json.dumps(value, ensure_ascii=False)
