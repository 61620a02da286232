"""A parameter of a refinement as an object: what its name means, its value, limits and uncertainty.

A name is the symbol of a quantity, after the site or the phase it belongs to: ``a``, ``Na1.x``, ``M1.occupancy.In``,
``scale``; with several phases ``trigonal:Na1.x``. :func:`parse` is the one place that takes names apart, ``SYMBOLS``
the one that says what is true of each quantity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from coherion.crystal.symmetry import COORDINATE_NAMES, DISPLACEMENT_NAMES, LATTICE_NAMES
from coherion.pair_model.model import MOTION, OF_DATA_SETS

INFINITE = (-math.inf, math.inf)


@dataclass(frozen=True)
class Symbol:
    """What is true of a quantity.

    kind
        ``lattice``, ``coordinate``, ``displacement``, ``occupancy``, ``scale``, ``motion`` (correlated motion of
        neighbours), ``envelope``, ``strain`` or ``resolution``.
    unit
        Of its values.
    bounds
        Within which it is refined unless the configuration says otherwise: the physically possible. Those of the
        lattice and of the correlated motion depend on the structure.
    possible
        What a start or a bound may be: beyond, the model has no meaning or its pairs no end.
    shift, relative
        One standard deviation of the displacement of further starts, in the unit or relative to the value.
    """

    kind: str
    unit: str = "1"
    bounds: tuple[float, float] = INFINITE
    possible: tuple[float, float] = (-1e9, 1e9)
    shift: float = 0.0
    relative: bool = False


_SQUARE = Symbol("displacement", "angstrom^2", (5e-4, 0.5), shift=0.3, relative=True)
_MIXED = Symbol("displacement", "angstrom^2", shift=0.3, relative=True)
_LENGTH = Symbol("lattice", "angstrom", possible=(0.5, 1e4), shift=0.003, relative=True)
_ANGLE = Symbol("lattice", "degree", possible=(1.0, 179.0), shift=0.003, relative=True)
# Coordinates move by a hundredth of the cell.
_COORDINATE = Symbol("coordinate", shift=0.007)
OF_SITE: dict[str, Symbol] = {
    **dict.fromkeys(COORDINATE_NAMES, _COORDINATE),
    "u_iso": Symbol("displacement", "angstrom^2", (5e-4, 0.5), (-1.0, 100.0), 0.3, True),
    **dict.fromkeys(DISPLACEMENT_NAMES[:3], _SQUARE),
    **dict.fromkeys(DISPLACEMENT_NAMES[3:], _MIXED),
    "occupancy": Symbol("occupancy", "1", (0.0, 1.0), shift=0.1),
}
OF_PHASE: dict[str, Symbol] = {
    **dict.fromkeys(LATTICE_NAMES[:3], _LENGTH),
    **dict.fromkeys(LATTICE_NAMES[3:], _ANGLE),
    "scale": Symbol("scale", "1", (0.0, math.inf), shift=0.2, relative=True),
    "delta1": Symbol("motion", "angstrom", possible=(-100.0, 1000.0), shift=0.3),
    "delta2": Symbol("motion", "angstrom^2", possible=(-100.0, 1000.0), shift=0.5),
    "coherence_length": Symbol("envelope", "angstrom", (4.0, 5000.0), shift=0.4, relative=True),
    "coherence_spread": Symbol("envelope", "1", (0.01, 3.0), shift=0.2, relative=True),
    "coherence_aspect": Symbol("envelope", "1", (0.2, 5.0), shift=0.2, relative=True),
    # Squares, which noise may bring below zero; beyond 0.2 there is no lattice left.
    **dict.fromkeys(MOTION[3:], Symbol("strain", "1", (-0.01, 0.04), (-1.0, 1.0), 1e-5)),
    "qdamp": Symbol("resolution", "1/angstrom", (0.0, 0.5)),
    "qbroad": Symbol("resolution", "1/angstrom", (0.0, 0.5)),
    "qslope_squared": Symbol("resolution", "1", (-1e-3, 1e-2), (-1.0, 1.0)),
}
UNKNOWN = Symbol("")


@dataclass(frozen=True)
class Name:
    """The parts of a parameter's name; ``site`` and ``element`` are blank where it has none.

    ``own`` is the name within its phase, ``meaning`` what is true of the quantity; ``data_set`` is the number of the
    data set that it belongs to, 1 but for names such as ``scale_2``.
    """

    phase: str
    own: str
    site: str
    symbol: str
    element: str
    meaning: Symbol
    data_set: int = 1


@lru_cache(maxsize=4096)
def parse(name: str) -> Name:
    """Take a parameter's name apart."""
    phase, _, own = name.rpartition(":")
    site, _, symbol = own.rpartition(".")
    if symbol in OF_SITE and site:
        return Name(phase, own, site, symbol, "", OF_SITE[symbol])
    label, _, before = site.rpartition(".")
    if before == "occupancy" and label:
        return Name(phase, own, label, "occupancy", symbol, OF_SITE["occupancy"])
    symbol, _, number = own.rpartition("_")
    if symbol in OF_DATA_SETS and number.isdecimal():
        return Name(phase, own, "", symbol, "", OF_PHASE[symbol], int(number))
    return Name(phase, own, "", own, "", OF_PHASE.get(own, UNKNOWN))


@dataclass(frozen=True)
class Parameter:
    """A parameter of the model.

    name, value
        Its full name, and its value in ``unit``.
    lower, upper
        Limits within which it is refined.
    state
        ``free``, ``dependent`` (then ``formula`` says on what) or ``fixed``.
    formula
        Right-hand side of what it depends on.
    uncertainty, uncertainty_scaled
        Standard uncertainties from the counts alone, and scaled by reduced chi-squared; None if it was not refined.
    remarks
        What a reader must know besides.
    """

    name: str
    value: float
    lower: float = -math.inf
    upper: float = math.inf
    state: str = "fixed"
    formula: str = ""
    uncertainty: float | None = None
    uncertainty_scaled: float | None = None
    remarks: tuple[str, ...] = ()

    @property
    def phase(self) -> str:
        """Name of its phase; blank if there is only one, or for the instrument's."""
        return parse(self.name).phase

    @property
    def site(self) -> str:
        """Label of its site; blank for one of a phase."""
        return parse(self.name).site

    @property
    def symbol(self) -> str:
        """The quantity, such as ``u_iso``."""
        return parse(self.name).symbol

    @property
    def kind(self) -> str:
        """Kind of the quantity, see :class:`Symbol`."""
        return parse(self.name).meaning.kind

    @property
    def unit(self) -> str:
        """Unit of value, limits and uncertainties."""
        return parse(self.name).meaning.unit

    @property
    def refined(self) -> bool:
        """Whether a fit moved it."""
        return self.uncertainty is not None

    @property
    def note(self) -> str:
        """Formula and remarks in one line."""
        return "; ".join([*([f"= {self.formula}"] if self.formula and self.refined else []), *self.remarks])

    def __str__(self) -> str:
        from coherion.crystal.cif import with_uncertainty

        sd = self.uncertainty_scaled
        text = with_uncertainty(self.value, sd) if sd else f"{self.value:.6g}"
        unit = "" if self.unit == "1" else f" {self.unit}"
        limits = "" if (self.lower, self.upper) == INFINITE else f", {self.lower:g} to {self.upper:g}{unit}"
        said = f"= {self.formula}" if self.state == "dependent" else self.state
        return f"{self.name} {text}{unit} ({said}{limits})"
