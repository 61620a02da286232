"""How a variable, an attribute, a column, a dataset and a table are declared, and a dataset held against it."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray

#: Unit of numbers that have one each: it stands in the variable of that name.
OWN_UNIT = "see unit"


@dataclass(frozen=True)
class Variable:
    """One variable of a dataset; a dimension or unit in braces is one of the dataset's choices.

    name, meaning
        Its name and ``long_name``.
    dims
        Names of its dimensions with blanks between them; blank for a single number.
    unit
        Its ``units``: 1 for a pure number, a word or a flag.
    needed
        False where some files lack it.
    """

    name: str
    dims: str
    unit: str
    meaning: str
    needed: bool = True

    def form(self, chosen: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
        """Dimensions and unit under a choice."""
        return tuple(self.dims.format_map(chosen).split()), self.unit.format_map(chosen)


@dataclass(frozen=True)
class Attribute:
    """One attribute of a dataset; the name may be a pattern (``instrument_*``). The unit is blank for words."""

    name: str
    unit: str
    meaning: str
    needed: bool = True


@dataclass(frozen=True)
class Problem:
    """What a dataset has otherwise than its contract."""

    place: str
    found: str
    expected: str


ORIGIN = Attribute("origin", "", "measured or simulated; simulated as soon as one source is")
#: Written into every file by :func:`coherion.data.netcdf.write_dataset`.
PROVENANCE = (
    Attribute("sources", "", "JSON: name and SHA-256 of each file the data came from"),
    Attribute("settings", "", "JSON: the settings that were used"),
    Attribute("versions", "", "JSON: version of coherion and of the libraries that computed"),
    Attribute("Conventions", "", "conventions of the attributes' names"),
)


@dataclass(frozen=True)
class Contract:
    """What the netCDF file of one command holds.

    command, file, meaning
        Who writes it, where a run puts it, what it is.
    coordinates, variables, attributes
        Its parts. ``origin`` and what provenance adds stand in every file and need no declaration.
    choices
        What may stand for each word in braces.
    libraries
        Libraries that compute something of it, beside numpy, xarray and netCDF4; some only for some data.
    """

    command: str
    file: str
    meaning: str
    coordinates: tuple[Variable, ...]
    variables: tuple[Variable, ...]
    attributes: tuple[Attribute, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in (*self.coordinates, *self.variables)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{self.command}: {', '.join(sorted(twice))} declared twice")

    def variable(self, name: str) -> Variable:
        """The declaration of a variable.

        Raises
        ------
        ValueError
            If there is none: a mistake of ours.
        """
        for one in (*self.coordinates, *self.variables):
            if one.name == name:
                return one
        raise ValueError(f"{self.command} declares no variable {name!r}")

    def made(self, values: Mapping[str, Any], **chosen: str) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
        """Values as xarray takes them, with the dimensions, unit and meaning that are declared.

        Parameters
        ----------
        values
            Numbers or words by the names of their variables.
        chosen
            What stands for the words in braces.

        Raises
        ------
        ValueError
            If a variable is not declared: a mistake of ours.
        """
        found = {}
        for name, value in values.items():
            declared = self.variable(name)
            dims, unit = declared.form(chosen)
            found[name] = (dims, value, {"units": unit, "long_name": declared.meaning})
        return found

    def dataset(self, values: Mapping[str, Any], attributes: Mapping[str, Any], **chosen: str) -> xarray.Dataset:
        """A dataset of values by name; arguments and errors as in :meth:`made`."""
        import xarray

        own = {one.name for one in self.coordinates}
        made = self.made(values, **chosen)
        return xarray.Dataset(
            {name: one for name, one in made.items() if name not in own},
            {name: one for name, one in made.items() if name in own},
            dict(attributes),
        )

    def missing(self, dataset: xarray.Dataset) -> list[str]:
        """Variables and attributes that every such file has and this one lacks, and coordinates of what it has."""
        declared = (*self.coordinates, *self.variables)
        used = {dim for one in declared if one.name in dataset.variables for dim in dataset.variables[one.name].dims}
        coordinates = used & {one.name for one in self.coordinates}
        wanted = [one.name for one in declared if one.needed or one.name in coordinates]
        lacks = [name for name in wanted if name not in dataset.variables]
        return lacks + [a.name for a in (*self.attributes, ORIGIN) if a.needed and a.name not in dataset.attrs]

    def otherwise(self, dataset: xarray.Dataset) -> list[Problem]:
        """Declared variables with other dimensions or another unit than declared, under the choice that fits best."""
        choices = itertools.product(*([(word, one) for one in these] for word, these in self.choices.items()))
        return min((list(self._otherwise(dataset, dict(chosen))) for chosen in choices), key=len)

    def _otherwise(self, dataset: xarray.Dataset, chosen: Mapping[str, str]) -> Iterator[Problem]:
        for one in (*self.coordinates, *self.variables):
            if one.name not in dataset.variables:
                continue
            variable = dataset.variables[one.name]
            found = (tuple(map(str, variable.dims)), str(variable.attrs.get("units")))
            expected = one.form(chosen)
            if found != expected:
                yield Problem(f"variable {one.name}", _words(*found), _words(*expected))

    def undeclared(self, dataset: xarray.Dataset) -> list[str]:
        """Variables and attributes of a dataset that are not declared."""
        names = {one.name for one in (*self.coordinates, *self.variables)}
        patterns = [one.name for one in (*self.attributes, ORIGIN, *PROVENANCE)]
        return [str(name) for name in dataset.variables if name not in names] + [
            f"attribute {name}"
            for name in map(str, dataset.attrs)
            if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
        ]


def _words(dims: tuple[str, ...], unit: str) -> str:
    return f"dimensions ({', '.join(dims)}), unit {unit}"


@dataclass(frozen=True)
class TableColumn:
    """One column of a table; braces in its name stand for what the data name. The unit is blank for words."""

    name: str
    unit: str
    meaning: str
    #: Whether a column ``name_sd`` holds its standard uncertainty, in the same unit.
    sd: bool = False


@dataclass(frozen=True)
class TableContract:
    """What a tab-separated table holds: who writes it, where a run puts it, what it is, its columns."""

    command: str
    file: str
    meaning: str
    columns: tuple[TableColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, each uncertainty after its value."""
        return tuple(name for one in self.columns for name in ((one.name, f"{one.name}_sd") if one.sd else (one.name,)))

    def undeclared(self, names: Iterable[str]) -> list[str]:
        """Names that no declared column has; what stands in braces may be any letters, digits and underscores."""
        patterns = [re.compile(re.sub(r"\\{\w+\\}", r"\\w+", re.escape(name))) for name in self.names]
        return [name for name in names if not any(pattern.fullmatch(name) for pattern in patterns)]
