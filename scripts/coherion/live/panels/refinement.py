"""G(r) against the model of a structure: the fit, its parameters, and what it says of size and strain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion import messages
from coherion.live import fitting
from coherion.live.declared import Control, control
from coherion.live.figures import Figure, figure
from coherion.live.panels.panel import Shown
from coherion.live.session import Key, Session
from coherion.page.blocks import axis, number, plot
from coherion.page.refinement import fit_block, readings_blocks
from coherion.quality.of_reduction import alerts_of_reduction
from coherion.quality.of_refinement import alerts_of_refinement
from coherion.settings.stages.refinement import Refinement

if TYPE_CHECKING:
    import xarray

FOLLOW = "refine as I change"


class RefinementPanel:
    """From G(r) to a structure."""

    name = "refinement"
    title = "Refinement"
    patient = True
    stages: Set[str] = frozenset({"refinement"})
    plots: Sequence[str] = ("fit", "readings", "correlation")
    _labels: Mapping[str, str] = {
        "fit_ranges": "range of r, of all samples",
        "envelope": "envelope",
        "readings": "readings of size and strain",
        "weights": "weights",
        "constraints": "constraints, with ; between",
    }

    def possible(self, session: Session) -> bool:
        """See :class:`Panel`."""
        return session.sample in session.jobs.tables.with_structure()

    def controls(self, session: Session) -> list[Control]:
        """See :class:`Panel`."""
        made = [Control("view", "follow", "flag", FOLLOW, "", "on from where the last fit ended", ())]
        made += [control("refinement", Refinement, key, label) for key, label in self._labels.items()]
        for one in fitting.parameters(session):
            made.append(Control("free", one.name, "free", one.name, "", "free or held at its start", ()))
            made.append(Control("start", one.name, "start", one.name, one.unit, "where the fit starts", ()))
        return made

    def effective(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        return None

    def end(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        if key[1] != "fit_ranges":
            return None
        return session.value("reduction", "rmax") if session.has_scan else float(fitting.observed(session).r[-1])

    def check(self, session: Session) -> None:
        """See :class:`Panel`."""
        fitting.parameters(session)

    def place(self, session: Session) -> int:
        """See :class:`Panel`."""
        return 0

    def first(self, session: Session) -> Shown:
        """See :class:`Panel`."""
        found = fitting.current(session)
        fit = fitting.follow(session) if session.view.get("follow") or found is None else found[0]
        with messages.collected():
            drawn = fit.drawn
        return Shown({"fit": _narrow(figure(fit_block(drawn, _range(drawn))))})

    def rest(self, session: Session, held: bool = False) -> Shown:
        """See :class:`Panel`."""
        found = fitting.current(session)
        if found is None:
            return Shown({})
        last, is_current = found
        fit = fitting.with_readings(session, last)
        figures = {"correlation": figure(correlation_block(fit))}
        facts = [("state", _state(bool(last.found.course.stages), is_current))]
        facts.append(("Rw", f"{100 * float(fit.attrs['rw']):.3f} %"))
        facts.append(("reduced χ²", number(fit.attrs["chi_squared_reduced"])))
        facts.append(("free, points fitted", f"{len(last.found.map.variables)}, {len(fit['fitted_r'])}"))
        for block in readings_blocks(fit, None):
            if block["kind"] == "plot":
                figures["readings"] = figure(block)
            else:
                for k, head in ((1, "L / Å"), (2, "⟨e²⟩ / 10⁻⁶")):
                    facts += [(f"{head}, {row[0]}", _cell(row[k])) for row in block["rows"] if row[k] is not None]
        reduced = session.reduction() if session.has_scan else None
        alerts = alerts_of_reduction(reduced, fit, session.quality) if reduced is not None else []
        alerts += alerts_of_refinement({_range(fit): fit}, reduced, session.quality)
        pairs = zip(
            fit["parameter"].values, fit["value"].values, fit["standard_uncertainty_scaled"].values, strict=True
        )
        results = {str(name): number(float(value), float(sd)) for name, value, sd in pairs}
        return Shown(figures, facts, alerts, results)


def correlation_block(fit: xarray.Dataset) -> dict[str, Any]:
    """Correlation of the refined parameters."""
    covariance = fit["covariance_scaled"].values
    there = np.flatnonzero(np.diag(covariance) > 0)
    spread = np.sqrt(np.diag(covariance)[there])
    matrix = covariance[np.ix_(there, there)] / np.outer(spread, spread)
    names = [str(fit["parameter"].values[k]) for k in there]
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": [[float(f"{value:.3f}") for value in row] for row in matrix],
        "zmin": -1,
        "zmax": 1,
        "colorscale": "RdBu",
        "reversescale": True,
        "showscale": True,
        "colorbar": {"thickness": 10},
    }
    layout = {"xaxis": axis("", tickfont={"size": 9}), "yaxis": axis("", tickfont={"size": 9}, autorange="reversed")}
    return plot("correlation", "Correlation of the parameters", [trace], layout)


def _state(from_nothing: bool, is_current: bool) -> str:
    if not is_current:
        return "of other settings: refine"
    return (
        "from the start, as the job does" if from_nothing else "on from the last fit; Refine gives what the job writes"
    )


def _range(fit: xarray.Dataset) -> str:
    low, high = fit.attrs["fit_range"]
    return f"{low:g}-{high:g}"


def _cell(cell: Any) -> str:
    return cell["t"] if isinstance(cell, dict) else str(cell or "")


def _narrow(made: Figure) -> Figure:
    made["layout"]["uirevision"] = str(made["layout"]["xaxis"].get("range"))
    return made
