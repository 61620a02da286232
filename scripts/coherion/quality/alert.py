"""An alert, and how alerts are told: sorted by grade, as rows of a table and as lines of a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from coherion.errors import printable

Grade = Literal["A", "B", "C"]
HIGHER: dict[Grade, Grade] = {"C": "B", "B": "A", "A": "A"}


@dataclass(frozen=True)
class Alert:
    """Something wrong with a result.

    grade
        A: the result cannot stand; B: look before using it; C: worth knowing, nothing that real data do not often have.
    code
        Its kind, as docs/alerts.md lists it.
    number, unit, limit
        What was found, and what it was held against, both in ``unit``.
    place
        Where: fit range, parameter, scattering vector.
    text, advice
        One line each: what is wrong, and what to do.
    """

    grade: Grade
    code: str
    number: float
    unit: str
    limit: float
    place: str
    text: str
    advice: str

    def raised(self) -> Alert:
        """The same, one grade higher: a second sign says so too."""
        return replace(self, grade=HIGHER[self.grade])


@dataclass(frozen=True)
class Told:
    """An alert and whose it is: the sample, and the stage that made the result."""

    sample: str
    stage: str
    alert: Alert

    @property
    def line(self) -> str:
        """As a line of a log, from where the summary of a run takes it."""
        a = self.alert
        return printable(f"ALERT {a.grade} {self.sample} {self.stage}: {a.text}; {a.advice} ({a.code})")

    @property
    def row(self) -> dict[str, Any]:
        """As a row of the table of alerts."""
        return {"sample": self.sample, "stage": self.stage, **asdict(self.alert)}


def told(sample: str, stage: str, alerts: Iterable[Alert]) -> list[Told]:
    """Alerts with whose they are."""
    return [Told(sample, stage, alert) for alert in alerts]


def by_grade(alerts: Iterable[Told]) -> list[Told]:
    """The gravest first; within a grade as they came."""
    return sorted(alerts, key=lambda one: one.alert.grade)


def with_second_sign(
    alerts: Sequence[Alert], weak: Iterable[str], signs: Iterable[str], fatal: Iterable[str]
) -> list[Alert]:
    """Alerts of the codes ``weak`` raised by a grade where one of the codes ``signs`` of grade A or B is there too.

    To grade A only where the sign is one of ``fatal``: with any other the result may be the best that there is.
    """
    weak, fatal = set(weak), set(fatal)
    seen = {one.code for one in alerts if one.grade != "C"}
    if not seen & (set(signs) | fatal):
        return list(alerts)
    return [one.raised() if one.code in weak and (one.grade == "C" or seen & fatal) else one for one in alerts]
