"""The panels of the page, one for each stage of a sample's way."""

from collections.abc import Iterator

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
