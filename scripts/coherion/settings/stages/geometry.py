"""What is measured in the refined structures."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from coherion.errors import InputError
from coherion.settings.model import Positive, told

Shape = Literal["octahedron", "trigonal_prism", "tetrahedron", "square"]
LIGANDS_OF_SHAPE = {"octahedron": 6, "trigonal_prism": 6, "tetrahedron": 4, "square": 4}

Name = Annotated[str, msgspec.Meta(max_length=200)]
Pair = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Z][a-z]?-[A-Z][a-z]?$", extra={"words": "two elements, cation first, such as Y-Cl"}),
]


class PolyhedronRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A polyhedron to measure."""

    centre: Annotated[Name, told("Label of the central site")]
    ligands: Annotated[Name, told("Pattern of the ligands' labels")] = "*"
    count: Annotated[int, told("Number of ligands: the nearest ones are taken", ge=1, le=24)] = 6
    shape: Annotated[
        Shape | None,
        told(
            "Where the nearest ligands are more like another shape, those of the nearest count + spare are taken that "
            "are most like this one, and a warning tells of it; null where it does not matter"
        ),
    ] = None
    spare: Annotated[int, told("How many ligands beyond the nearest ones may take part in that", ge=0, le=4)] = 2
    name: Annotated[Name, told("What tables call it; by default the centre's label")] = ""

    def __post_init__(self) -> None:
        if self.shape is not None and LIGANDS_OF_SHAPE[self.shape] != self.count:
            raise InputError(
                "no such shape",
                place="key shape",
                found=f"{self.shape} of {self.count}",
                expected=", ".join(f"{shape} of {count}" for shape, count in LIGANDS_OF_SHAPE.items()),
            )


class AngleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An angle at the second of three atoms; the first may be an axis ``a``, ``b`` or ``c``.

    An atom at an end without the code of an image is the one nearest to the vertex.
    """

    atoms: Annotated[tuple[str, str, str], told("Labels of the three atoms; the first may be an axis a, b, c")]
    name: Annotated[Name, told("What tables call it; by default its atoms")] = ""


class BondRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All bonds from one site to the sites of a pattern up to a length."""

    centre: Annotated[Name, told("Label of the site")]
    ligands: Annotated[Name, told("Pattern of the labels at the other end")] = "*"
    longest: Annotated[float, told("Longest bond", "angstrom", gt=0, le=10)] = 3.5


class GeometrySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is measured in the refined structures; docs/method-refinement.md"""

    polyhedra: Annotated[
        tuple[PolyhedronRequest, ...],
        told(
            "Polyhedra, objects with centre (label), ligands (pattern of labels), count, spare (how many more ligands "
            "the shape may be chosen from, 2), shape (octahedron, trigonal_prism, tetrahedron, square or null) and "
            "name"
        ),
    ] = ()
    angles: Annotated[
        tuple[AngleRequest | tuple[str, str, str], ...],
        told("Angles at the second of three atoms, objects with atoms (the first may be an axis a, b, c) and name"),
    ] = ()
    bonds: Annotated[tuple[BondRequest, ...], told("Bonds, objects with centre, ligands and longest in angstrom")] = ()
    bond_valence: Annotated[
        dict[Pair, tuple[Positive, Positive]],
        told("Bond-valence parameters R0 and b beyond the built-in ones, such as {Y-Cl: [2.40, 0.37]}", "angstrom"),
    ] = {}

    @property
    def requested_angles(self) -> tuple[AngleRequest, ...]:
        """The angles, each with its name or none."""
        return tuple(one if isinstance(one, AngleRequest) else AngleRequest(one) for one in self.angles)
