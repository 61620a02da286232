"""From counts to G(r)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set

from coherion.atoms.composition import number_density, parse_formula
from coherion.errors import CoherionError
from coherion.live.declared import Control, control
from coherion.live.figures import figure
from coherion.live.panels.panel import Shown
from coherion.live.session import Key, Session
from coherion.page.blocks import GREY, line, number
from coherion.page.scattering import pair_distribution_block, reduction_blocks
from coherion.quality.of_reduction import alerts_of_reduction
from coherion.settings.stages.reduction import ReductionSettings


class ReductionPanel:
    """From counts to G(r)."""

    name = "reduction"
    title = "Reduction"
    patient = False
    stages: Set[str] = frozenset({"reduction"})
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
        try:
            found = session.reduction().attrs.get(key[1])
        except CoherionError:
            # What is wrong is told where the plots are asked for; the control that mends it is shown all the same.
            return None
        return float(found) if isinstance(found, int | float) else None

    def end(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        try:
            return session.last_q if key[1] in ("qmax", "qmaxinst") else None
        except CoherionError:
            return None

    def check(self, session: Session) -> None:
        """See :class:`Panel`."""
        session.reduction()

    def place(self, session: Session) -> int:
        """See :class:`Panel`."""
        return 0

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

    def rest(self, session: Session, held: bool = False) -> Shown:
        """See :class:`Panel`."""
        reduced = session.reduction()
        blocks = list(reduction_blocks(reduced))
        figures = {b["name"]: figure(b) for b in blocks if b["kind"] == "plot" and b["name"] != self.plots[0]}
        facts = [(name, what) for name, what in blocks[-1]["rows"]]
        # A second reduction: not while a control is held.
        if "background" in session.row and not held:
            found = session.reduction(background_scale="estimate").attrs
            scale = number(float(found["background_scale"]), float(found["background_scale_sd"]))
            facts.append(("background scale that the data would have", scale))
        return Shown(figures, facts, alerts_of_reduction(reduced, None, session.quality))
