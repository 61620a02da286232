"""The kinds of figure that a paper can name, each with what it shows."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import msgspec

from coherion.settings.model import Settings, refuse, told
from coherion.settings.paper.quantities import Name

FigureName = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$(?!\n)", max_length=80), told("Name of its files")
]
Samples = Annotated[
    tuple[str, ...] | None, told("Samples in this order, those that there are; null for all that have what it shows")
]


class Curve(Settings, frozen=True, kw_only=True):
    """One quantity in a panel."""

    of: Annotated[Name, told("Quantity")]
    label: Annotated[str, told("What the legend calls it; by default its label without the unit")] = ""
    right: Annotated[bool, told("Whether it belongs to the right-hand axis")] = False


class Sketch(Settings, frozen=True, kw_only=True):
    """A dashed line that stands for words and not for data."""

    label: Annotated[str, told("What the legend says of it")]
    points: Annotated[
        tuple[tuple[float, float], ...], told("Its points in fractions of the panel, from the lower left", min_length=2)
    ]


class Panel(Settings, frozen=True, kw_only=True):
    """One panel: quantities against another one."""

    curves: Annotated[tuple[Curve | Name, ...], told("Quantities", min_length=1)]
    against: Annotated[Name | None, told("Abscissa; null takes the paper's")] = None
    label: Annotated[str, told("Label of the ordinate; by default that of the first quantity")] = ""
    right_label: Annotated[str, told("Label of the right-hand axis; by default that of its first quantity")] = ""
    log_x: Annotated[bool, told("Whether the abscissa is logarithmic")] = False
    log_y: Annotated[bool, told("Whether the ordinate is logarithmic")] = False
    guide: Annotated[bool, told("Whether a straight line guides the eye through the first group")] = False
    diagonal: Annotated[bool, told("Whether the line y = x is drawn")] = False
    groups: Annotated[tuple[Name, ...], told("Groups of samples that it shows; none for the paper's")] = ()
    line: Annotated[
        Name | None, told("Group whose line of conductivity against coherence length is drawn with its band")
    ] = None
    blank_at: Annotated[float | None, told("Where samples without the abscissa stand; null leaves them out")] = None
    blank_label: Annotated[str, told("What the axis calls that place")] = ""
    sketch: Sketch | None = None

    @property
    def drawn(self) -> tuple[Curve, ...]:
        """The quantities, each as a curve."""
        return tuple(one if isinstance(one, Curve) else Curve(of=one) for one in self.curves)


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Figure(Settings, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A figure; its kind says what it shows."""

    stage: ClassVar[str] = ""
    name: FigureName
    caption: Annotated[str, told("Its caption; by default that of its kind")] = ""
    supporting: Annotated[
        int | bool, told("Its number in the supporting information; true for the one after the last, false for none")
    ] = False


class Series(Figure, frozen=True, kw_only=True):
    """Quantities of the table of the series, panel by panel."""

    panels: Annotated[tuple[Panel, ...], told("Its panels in reading order", min_length=1)]
    columns: Annotated[int, told("Panels side by side", ge=1, le=4)] = 2
    first: Annotated[
        str, msgspec.Meta(pattern="^[a-z]$"), told("Letter of the first panel, where others are drawn elsewhere")
    ] = "a"
    further: Annotated[
        bool, told("Whether every further refined or measured quantity of the table has a panel of its own")
    ] = False
    drop_empty: Annotated[bool, told("Whether a panel of which the table has nothing is left out")] = True

    def __post_init__(self) -> None:
        if ord(self.first) + len(self.panels) - 1 > ord("z"):
            refuse(self, "panels", "no more than letters", "too many panels")


class Overview(Figure, frozen=True, kw_only=True):
    """Some quantities of every sample by name, whether or not the samples form a series."""

    quantities: Annotated[tuple[Name, ...], told("Quantities; those that the table lacks are left out")] = (
        "a",
        "coherence_length",
        "activation_energy",
        "conductivity",
    )


class Correlation(Figure, frozen=True, kw_only=True):
    """Conductivity against coherence length: line, other curves, at a fixed abscissa, without single samples."""


class Relations(Figure, frozen=True, kw_only=True):
    """Rank correlations of all quantities, two by two."""


class Readings(Figure, frozen=True, kw_only=True):
    """Length and strain of every sample under each reading."""


class Patterns(Figure, frozen=True, kw_only=True):
    """Diffraction patterns, one above the other."""

    samples: Samples = None
    reference: Annotated[bool, told("Whether the reflections of the last sample's starting structure are marked")] = (
        False
    )


class PairDistributions(Figure, frozen=True, kw_only=True):
    """G(r), one above the other."""

    samples: Samples = None


class Fits(Figure, frozen=True, kw_only=True):
    """Observed and calculated G(r) of the samples over one range."""

    samples: Samples = None
    range: Annotated[
        str | None,
        msgspec.Meta(extra={"words": "two lengths joined by -, such as 2-20"}),
        told("Range of the fit, angstrom; null for the main one"),
    ] = None


class FitRanges(Figure, frozen=True, kw_only=True):
    """Observed and calculated G(r) of one sample over each range."""

    sample: Annotated[str, told("Sample")]


class View(Settings, frozen=True, kw_only=True):
    """One view of a structure."""

    title: Annotated[str, told("What stands above it")] = ""
    centres: Annotated[tuple[str, ...], told("Labels of the sites whose polyhedra are drawn", min_length=1)]


class Structure(Figure, frozen=True, kw_only=True):
    """The refined structure of one sample with its coordination polyhedra."""

    sample: Annotated[str, told("Sample")]
    views: Annotated[tuple[View, ...], told("Views side by side", min_length=1, max_length=4)]
    ligands: Annotated[str, told("Pattern of the ligands' labels")] = "*"
    colours: Annotated[dict[str, int], told("Place in the palette (0 to 9) of the polyhedra of each centre")] = {}


class Nyquist(Figure, frozen=True, kw_only=True):
    """Impedance spectra and the circuits fitted to them."""

    samples: Samples = None


class Arrhenius(Figure, frozen=True, kw_only=True):
    """Conductivities against temperature with their lines."""

    samples: Samples = None


class SidePhase(Figure, frozen=True, kw_only=True):
    """What the search for a side phase found in each sample."""

    samples: Samples = None


AnyFigure = (
    Series
    | Overview
    | Correlation
    | Relations
    | Readings
    | Patterns
    | PairDistributions
    | Fits
    | FitRanges
    | Structure
    | Nyquist
    | Arrhenius
    | SidePhase
)


class TableSettings(Settings, frozen=True, kw_only=True):
    """Tables of the supporting information."""

    first: Annotated[int, told("Number of the first table", ge=1)] = 1
    structures: Annotated[
        tuple[Name, ...],
        told(
            "Groups of samples whose structures have a table each, the first group before the resistances, the others "
            "behind them; none for all. Samples that were left out come last"
        ),
    ] = ()
    every_range_of: Annotated[str | None, told("Sample whose structure is shown in every range; null for none")] = None
    note: Annotated[str, told("What the supporting information says of its numbering")] = ""
