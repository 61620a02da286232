"""What a panel holds: its controls, and the plots, facts and alerts of a session, the one that matters most first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from coherion.live.declared import Control
from coherion.live.figures import Figure
from coherion.live.session import Key, Session
from coherion.quality.alert import Alert


@dataclass(frozen=True)
class Shown:
    """Figures by the name of their plot, facts with their names, and alerts."""

    figures: Mapping[str, Figure]
    facts: Sequence[tuple[str, str]] = ()
    alerts: Sequence[Alert] = ()
    #: What was found of each parameter, by its name.
    results: Mapping[str, str] = field(default_factory=dict)


class Panel(Protocol):
    """One stage of a sample's way."""

    name: str
    title: str
    #: Names of the plots; the first is drawn before the others.
    plots: Sequence[str]
    #: Whether all but the first plot take so long that they wait until a control is let go.
    patient: bool
    #: Sections of the configuration that its controls change.
    stages: Set[str]

    def possible(self, session: Session) -> bool:
        """Whether the sample has what it needs."""

    def controls(self, session: Session) -> list[Control]:
        """The settings that move."""

    def effective(self, session: Session, key: Key) -> float | None:
        """The number that a setting without a number comes to, if there is one."""

    def end(self, session: Session, key: Key) -> float | None:
        """Where the data end that a setting is a place in, if it is."""

    def check(self, session: Session) -> None:
        """Refuse settings of which no job could make anything, at less cost than the plots."""

    def place(self, session: Session) -> int:
        """Which of the spectra is looked at; the first of a panel without any."""

    def first(self, session: Session) -> Shown:
        """The plot that matters most."""

    def rest(self, session: Session, held: bool = False) -> Shown:
        """All others; without what takes long while a control is ``held``."""
