"""What a panel holds: its controls, and the plots, facts and alerts of a session, the one that matters most first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from coherion.live.declared import Control, control
from coherion.live.figures import Figure, figure
from coherion.live.session import Key, Session
from coherion.page.blocks import GREY, line
from coherion.page.scattering import pair_distribution_block, reduction_blocks
from coherion.quality.alert import Alert
from coherion.scattering.composition import number_density, parse_formula
from coherion.settings.stages.reduction import ReductionSettings


@dataclass(frozen=True)
class Shown:
    """Figures by the name of their plot, facts with their names, and alerts."""

    figures: Mapping[str, Figure]
    facts: Sequence[tuple[str, str]] = ()
    alerts: Sequence[Alert] = ()


class Panel(Protocol):
    """One stage of a sample's way."""

    name: str
    title: str
    #: Names of the plots; the first is drawn before the others.
    plots: Sequence[str]

    def possible(self, session: Session) -> bool:
        """Whether the sample has what it needs."""

    def controls(self, session: Session) -> list[Control]:
        """The settings that move."""

    def effective(self, session: Session, key: Key) -> float | None:
        """The number that a setting without a number comes to, if there is one."""

    def end(self, session: Session, key: Key) -> float | None:
        """Where the data end that a setting is a place in, if it is."""

    def first(self, session: Session) -> Shown:
        """The plot that matters most."""

    def rest(self, session: Session) -> Shown:
        """All others."""


class ReductionPanel:
    """From counts to G(r)."""

    name = "reduction"
    title = "Reduction"
    plots: Sequence[str] = ("pair_distribution", "intensity", "structure_factor", "reduced_structure_factor")
    _labels: Mapping[str, str] = {
        "qmin": "Qmin",
        "qmax": "Qmax",
        "qmaxinst": "Qmaxinst",
        "rpoly": "rpoly",
        "background_scale": "background scale",
        "density": "density",
        "packing": "packing",
        "two_theta_zero": "zero point of 2θ",
        "corrections": "corrections",
        "lorch": "Lorch's window",
    }

    def possible(self, session: Session) -> bool:
        """See :class:`Panel`."""
        return session.has_scan

    def controls(self, session: Session) -> list[Control]:
        """See :class:`Panel`."""
        absent = () if "background" in session.row else ("background_scale",)
        keys = [key for key in self._labels if key not in absent]
        return [control("reduction", ReductionSettings, key, self._labels[key]) for key in keys]

    def effective(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        found = session.reduction().attrs.get(key[1])
        return float(found) if isinstance(found, int | float) else None

    def end(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        return session.last_q if key[1] in ("qmax", "qmaxinst") else None

    def first(self, session: Session) -> Shown:
        """See :class:`Panel`."""
        reduced = session.reduction()
        made = figure(pair_distribution_block(reduced) | {"title": "G(r)"})
        density = session.value("reduction", "density")
        if density is not None:
            r = reduced["r"].values[:: max(1, len(reduced["r"]) - 1)]
            atoms = number_density(parse_formula(str(reduced.attrs["composition"])), density)
            y = -4 * math.pi * atoms * r
            made["data"].append(
                line(r, y, "−4πρ₀r", GREY, line={"dash": "dash"}) | {"line": {"color": "#868e96", "dash": "dash"}}
            )
        return Shown({"pair_distribution": made})

    def rest(self, session: Session) -> Shown:
        """See :class:`Panel`."""
        reduced = session.reduction()
        blocks = list(reduction_blocks(reduced))
        figures = {b["name"]: figure(b) for b in blocks if b["kind"] == "plot" and b["name"] != self.plots[0]}
        facts = [(name, what) for name, what in blocks[-1]["rows"]]
        return Shown(figures, facts, session.alerts(of_reduction=reduced))


PANELS: tuple[Panel, ...] = (ReductionPanel(),)


def panels_of(session: Session) -> Iterator[Panel]:
    """The panels that a sample has something for."""
    return (panel for panel in PANELS if panel.possible(session))
