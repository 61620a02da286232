"""The panels of the page, one for each stage of a sample's way."""

import json
from collections.abc import Iterator, Set

from coherion.errors import CoherionError, InputError
from coherion.live.panels.panel import Panel
from coherion.live.panels.reduction import ReductionPanel
from coherion.live.panels.refinement import RefinementPanel
from coherion.live.panels.spectrum import SpectrumPanel
from coherion.live.session import Session

PANELS: tuple[Panel, ...] = (ReductionPanel(), RefinementPanel(), SpectrumPanel())


def panels_of(session: Session) -> Iterator[Panel]:
    """The panels that a sample has something for."""
    return (panel for panel in PANELS if panel.possible(session))


def check(session: Session) -> None:
    """Ask of each panel whose settings are changed whether a job could make anything of them.

    Raises
    ------
    InputError
        As the job would refuse them.
    """
    changed = {stage for stage, _ in session.changes}
    for panel in panels_of(session):
        if changed & panel.stages:
            panel.check(session)
    if not session.everywhere:
        return
    for panel, other in _others(session, changed):
        try:
            panel.check(other)
        except InputError as problem:
            if _is_refused(panel, Session(session.series, other.sample)):
                # No job of it can be made as it is either.
                continue
            place = f"sample {other.sample}, {problem.place}" if problem.place else f"sample {other.sample}"
            raise InputError(
                problem.what,
                file=problem.file,
                place=place,
                found=problem.found,
                expected=problem.expected,
                advice="keep it for this sample alone, or give that one its own",
            ) from problem


def _others(session: Session, changed: Set[str]) -> Iterator[tuple[Panel, Session]]:
    """Other samples that settings of all are asked of: each scan, and one of each structure and its own settings."""
    asked = set()
    for name in (one for one in session.series.samples if one != session.sample):
        other = session.beside(name)
        own = json.dumps([other.row.get("structure"), session.jobs.settings["per_sample"].get(name)])
        for panel in panels_of(other):
            kind = panel.name, name if "reduction" in panel.stages else own
            if changed & panel.stages and kind not in asked:
                asked.add(kind)
                yield panel, other


def _is_refused(panel: Panel, session: Session) -> bool:
    try:
        panel.check(session)
    except CoherionError:
        return True
    return False
