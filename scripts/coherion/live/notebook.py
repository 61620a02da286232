"""The page's panels in a notebook, without a server: settings by name, plots as figures of plotly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coherion
from coherion.errors import InputError
from coherion.live import fitting
from coherion.live.panels import PANELS, check, panels_of
from coherion.live.panels.panel import Shown
from coherion.live.series import Series
from coherion.live.session import Session

if TYPE_CHECKING:
    import plotly.graph_objects


class Explorer:
    """A sample whose settings are changed by name; ``session`` is that of the page.

    >>> x50 = coherion.explore("series", "x50")
    >>> x50.set("reduction", qmax=12.5).figure("reduction")
    >>> print(x50.difference()); x50.keep()
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    def set(self, stage: str, **settings: Any) -> Explorer:
        """Change settings of a stage.

        Raises
        ------
        InputError
            As the job would refuse them.
        """
        self.session.change({(stage, key): value for key, value in settings.items()})
        return self

    def shown(self, panel: str) -> Shown:
        """All that a panel shows: figures by name as plain values, facts and alerts.

        Raises
        ------
        InputError
            If the sample has nothing for the panel.
        """
        possible = {one.name: one for one in panels_of(self.session)}
        if panel not in possible:
            raise InputError("no such panel of this sample", found=panel, expected=", ".join(possible))
        first, rest = possible[panel].first(self.session), possible[panel].rest(self.session)
        return Shown({**rest.figures, **first.figures}, rest.facts, rest.alerts, rest.results)

    def figure(self, panel: str, plot: str | None = None) -> plotly.graph_objects.Figure:
        """A plot of a panel, the first by default, as a figure of plotly."""
        import plotly.graph_objects

        figures = self.shown(panel).figures
        name = plot or next(one.plots[0] for one in PANELS if one.name == panel)
        if name not in figures:
            raise InputError("no such plot", found=name, expected=", ".join(figures))
        return plotly.graph_objects.Figure(figures[name])

    def refine(self) -> Any:
        """The dataset that the job ``refine_structure`` would write."""
        return fitting.refine(self.session)

    def undo(self) -> Explorer:
        """Back to before the last change."""
        self.session.undo()
        return self

    def difference(self) -> str:
        """What :meth:`keep` would write."""
        return self.session.difference()

    def keep(self) -> list[str]:
        """Write the changes into the series' files; their names.

        Raises
        ------
        InputError
            As the jobs would refuse them.
        """
        check(self.session)
        return self.session.keep()


def explore(series: str | os.PathLike[str] = ".", sample: str | None = None) -> Explorer:
    """See :func:`coherion.explore`."""
    package = Path(coherion.__file__).parent
    root = package.parents[1] if (package.parents[1] / "workflow").is_dir() else package / "share"
    opened = Series(Path(series), root)
    if not opened.samples:
        raise InputError("no sample has a scan or spectra", file=opened.files.config)
    return Explorer(Session(opened, sample or opened.samples[0]))
