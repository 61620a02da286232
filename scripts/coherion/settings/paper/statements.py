"""A statement of a paper: what it says, where, and the test of it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from coherion.settings.model import Settings, told
from coherion.settings.paper.kinds import Test
from coherion.settings.paper.quantities import Name


class Statement(Settings, frozen=True, kw_only=True):
    """A statement and its test."""

    id: Annotated[str, told("Its name in tables"), msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$(?!\n)", max_length=80)]
    statement: Annotated[str, told("What the paper says, in its author's words", min_length=1)]
    topic: Annotated[str, told("What it belongs to")] = ""
    place: Annotated[str, told("Where the paper says it")] = ""
    samples: Annotated[Name | None, told("Group that it is judged on; null takes the paper's")] = None
    test: Annotated[Test, told("Kind of test with its parameters")]


class CorrelationSettings(Settings, frozen=True, kw_only=True):
    """What the figures of conductivity against coherence length, and of all quantities two by two, show."""

    lines: Annotated[
        tuple[Name, ...], told("Groups through which a line is laid, the one the paper is about first")
    ] = ()
    shown: Annotated[tuple[Name, ...], told("Groups that are told apart; none draws all alike")] = ()
    compared: Annotated[
        tuple[Name, ...], told("Quantities that are compared two by two; none takes all that the table has")
    ] = ()
    covariates: Annotated[
        tuple[Name, ...],
        told("Quantities whose strength an unmeasured one is told in; none takes the abscissa and microstrain_squared"),
    ] = ()
