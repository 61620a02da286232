"""The whole of a paper file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from coherion.errors import InputError
from coherion.settings.model import Settings, refuse, told
from coherion.settings.paper.expressions import parse
from coherion.settings.paper.figures import AnyFigure, TableSettings
from coherion.settings.paper.figures import Series as SeriesFigure
from coherion.settings.paper.multiverse import MultiverseSettings
from coherion.settings.paper.quantities import Group, Name, Quantity
from coherion.settings.paper.standard import STANDARD
from coherion.settings.paper.statements import CorrelationSettings, Statement


class Paper(Settings, frozen=True, kw_only=True):
    """What an author writes down of a paper: quantities, groups of samples, statements; docs/paper.md"""

    abscissa: Annotated[Name, told("Quantity that the series varies")] = "x"
    samples: Annotated[Name | None, told("Group that the paper is about; null takes all but the excluded")] = None
    quantities: Annotated[
        dict[Name, Quantity], told("Quantities beyond those that any series has, or other words for these")
    ] = {}
    groups: Annotated[dict[Name, Group], told("Groups of samples")] = {}
    correlation: CorrelationSettings = CorrelationSettings()
    figures: Annotated[tuple[AnyFigure, ...], told("Figures in their order, each of a kind")] = ()
    tables: TableSettings = TableSettings()
    statements: Annotated[tuple[Statement, ...], told("What the paper says, each with its test")] = ()
    multiverse: MultiverseSettings = MultiverseSettings()

    def __post_init__(self) -> None:
        ids = [one.id for one in self.statements]
        for i, one in enumerate(self.statements):
            if ids.index(one.id) != i:
                raise InputError(
                    "a name stands twice", place=f"key statements.{i}.id", found=one.id, expected="each name once"
                )
            for group in (*((one.samples,) if one.samples else ()), *one.test.groups):
                self._known_group(f"statements.{i}", group)
        if self.samples is not None:
            self._known_group("samples", self.samples)
        for i, name in enumerate(self.multiverse.statements):
            if name not in ids:
                raise InputError("no such statement", place=f"key multiverse.statements.{i}", found=name)
        columns = {f"{name}{end}" for name in ids for end in ("", "_value", "_error")}
        for i, choice in enumerate(self.multiverse.choices):
            if choice.name in columns:
                raise InputError(
                    "a choice has the name of a statement",
                    place=f"key multiverse.choices.{i}.name",
                    found=choice.name,
                    expected="another name: both have a column in the table of the analyses",
                )
        for i, group in enumerate(self.tables.structures):
            self._known_group(f"tables.structures.{i}", group)
        self._refuse_figures()
        for key in ("lines", "shown"):
            for i, group in enumerate(getattr(self.correlation, key)):
                self._known_group(f"correlation.{key}.{i}", group)
        self._refuse_circles()

    def _refuse_figures(self) -> None:
        names = [one.name for one in self.figures]
        for i, one in enumerate(self.figures):
            if names.index(one.name) != i:
                raise InputError(
                    "a name stands twice", place=f"key figures.{i}.name", found=one.name, expected="each name once"
                )
            for k, panel in enumerate(one.panels if isinstance(one, SeriesFigure) else ()):
                for group in (*panel.groups, *((panel.line,) if panel.line else ())):
                    self._known_group(f"figures.{i}.panels.{k}", group)

    def _known_group(self, place: str, name: str) -> None:
        if name not in self.groups:
            raise InputError(
                "no such group of samples", place=f"key {place}", found=name, expected=", ".join(self.groups) or "none"
            )

    def _refuse_circles(self) -> None:
        known = self.known
        leads: dict[str, frozenset[str]] = {}
        for name, one in known.items():
            if one.expression is not None:
                try:
                    leads[name] = parse(one.expression).names
                except InputError as problem:
                    raise InputError(
                        f"{problem.what}, {problem.place}",
                        place=f"key quantities.{name}.expression",
                        found=problem.found,
                        expected=problem.expected,
                    ) from None
        while leads:
            free = [name for name, names in leads.items() if not names & leads.keys()]
            if not free:
                refuse(self, "quantities", "no quantity made of itself", f"{', '.join(leads)} go round in a circle")
            for name in free:
                del leads[name]

    @property
    def known(self) -> Mapping[str, Quantity]:
        """All quantities by name: those of any series, and the paper's own over them."""
        return {**STANDARD, **{name: _over(STANDARD.get(name), one) for name, one in self.quantities.items()}}

    def filled(self, source: Literal["parameter", "geometry"]) -> dict[str, str]:
        """Columns of the table of the series and the refined parameters, or measured quantities, that fill them."""
        found = {name: (one.column or name, getattr(one, source)) for name, one in self.known.items()}
        return {column: said for column, said in found.values() if said is not None}

    def sources(self, *names: str) -> frozenset[str]:
        """The quantities that these are made of, themselves among them."""
        known, found, waiting = self.known, set(), set(names)
        while waiting:
            name = waiting.pop()
            found.add(name)
            expression = known[name].expression if name in known else None
            waiting |= (parse(expression).names if expression else frozenset()) - found
        return frozenset(found)

    def margin_of(self, name: str) -> tuple[float | None, float | None]:
        """Margin and relative margin of a quantity."""
        one = self.known.get(name, Quantity())
        return one.margin, one.relative_margin


def _over(standard: Quantity | None, own: Quantity) -> Quantity:
    """A paper's declaration over that of any series: what it does not say stays."""
    if standard is None:
        return own
    defaults = Quantity()
    fields = own.__struct_fields__
    said = {key: getattr(own, key) for key in fields if getattr(own, key) != getattr(defaults, key)}
    base = {key: getattr(standard, key) for key in fields}
    if said.keys() & {"column", "parameter", "geometry", "expression"}:
        base |= {"column": None, "expression": None} if "expression" in said else {"expression": None}
    return Quantity(**(base | said))
