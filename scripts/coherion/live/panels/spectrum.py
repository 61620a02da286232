"""Spectra of a sample: the circuit of each, what the tests say, and the Arrhenius line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set

import numpy as np

from coherion.errors import CoherionError
from coherion.live import spectra
from coherion.live.declared import Control, control
from coherion.live.figures import Figure, figure
from coherion.live.panels.panel import Shown
from coherion.live.session import Key, Session
from coherion.page.blocks import PALETTE, points
from coherion.page.impedance import arrhenius_block, names_of, resistances_block, spectra_blocks, validation_blocks
from coherion.quality.of_impedance import alerts_of_impedance
from coherion.settings.model import Settings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.series import SeriesSettings
from coherion.settings.stages.validation import ValidationSettings

_SPECTRUM = "spectrum"


class SpectrumPanel:
    """From spectra to conductivities."""

    name = "spectrum"
    title = "Spectrum"
    patient = True
    stages: Set[str] = frozenset({"validation", "circuits", "series"})
    plots: Sequence[str] = ("nyquist", "bode", "residuals", "kramers_kronig", "relaxation_times", "arrhenius")
    _labels: Mapping[tuple[str, str], str] = {
        ("validation", "frequency_min"): "lowest frequency",
        ("validation", "frequency_max"): "highest frequency",
        ("validation", "limit"): "limit of the Kramers-Kronig test",
        ("validation", "trim"): "points removed",
        ("circuits", "circuit"): "circuit",
        ("circuits", "weights"): "weights",
        ("series", "resistance"): "resistance",
    }
    _models: Mapping[str, type[Settings]] = {
        "validation": ValidationSettings,
        "circuits": CircuitSettings,
        "series": SeriesSettings,
    }

    def possible(self, session: Session) -> bool:
        """See :class:`Panel`."""
        return session.sample in session.jobs.tables.with_spectra()

    def controls(self, session: Session) -> list[Control]:
        """See :class:`Panel`."""
        names = tuple(names_of(spectra.measured(session)))
        made = [Control("view", _SPECTRUM, "pick", "spectrum", "", "which spectrum is shown", names)]
        return made + [control(s, self._models[s], key, label) for (s, key), label in self._labels.items()]

    def check(self, session: Session) -> None:
        """See :class:`Panel`."""
        spectra.circuit_of_one(session, self.place(session))

    def place(self, session: Session) -> int:
        """Which spectrum is looked at: the one next to the reference temperature until another is picked."""
        found = spectra.measured(session)
        names = names_of(found)
        if session.view.get(_SPECTRUM) in names:
            return names.index(session.view[_SPECTRUM])
        reference = session.value("arrhenius", "reference_temperature")
        return int(np.argmin(np.abs(found["temperature"].values - reference)))

    def effective(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        if not key[1].startswith("frequency"):
            return None
        f = spectra.measured(session)["frequency"].values
        return float(np.nanmin(f) if key[1] == "frequency_min" else np.nanmax(f))

    def end(self, session: Session, key: Key) -> float | None:
        """See :class:`Panel`."""
        return None

    def first(self, session: Session) -> Shown:
        """See :class:`Panel`."""
        fitted = spectra.circuit_of_one(session, self.place(session))
        reference = float(fitted["temperature"].values[0])
        return Shown({b["name"]: _own(b) for b in spectra_blocks(fitted, reference)})

    def rest(self, session: Session, held: bool = False) -> Shown:
        """See :class:`Panel`."""
        place = self.place(session)
        tested, fitted = spectra.validated(session), spectra.circuits(session)
        name = names_of(fitted)[place]
        figures: dict[str, Figure] = {}
        for block in [*spectra_blocks(fitted, None), *validation_blocks(tested)]:
            if block["kind"] == "plot" and block["name"] in self.plots:
                figures[block["name"]] = _own(block, name)
        table = resistances_block(fitted)
        kept = tested["frequency"].values[place][tested["kept"].values[place].astype(bool)]
        facts = [
            (head, cell["t"] if isinstance(cell, dict) else str(cell))
            for head, cell in zip(table["columns"], table["rows"][place], strict=True)
            if cell not in (None, "")
        ]
        if len(kept):
            facts.append(("frequencies fitted", f"{kept.min():.3g} to {kept.max():.3g} Hz, {len(kept)} points"))
        facts += [("doubt", said) for said in spectra.doubts(session, place)]
        try:
            line = spectra.arrhenius(session)
        except CoherionError as problem:
            return Shown(figures, [*facts, ("Arrhenius line", str(problem))])
        resistance = session.value("series", "resistance")
        blocks = list(arrhenius_block(line))
        for block in blocks:
            if block["kind"] == "plot":
                figures["arrhenius"] = figure(block)
                figures["arrhenius"]["data"] += _here(line, place, resistance)
            else:
                facts += [(one, what) for one, what in block["rows"]]
        return Shown(figures, facts, alerts_of_impedance(fitted, line, session.quality, resistance))


def _own(block: dict, choice: str = "") -> Figure:
    """A plot of one spectrum; the arc in sight where the electrode would press it to a point."""
    made = figure(block, choice)
    for trace in made["data"]:
        trace["showlegend"] = False
    window = block.get("windows", {}).get(choice or block.get("chosen", ""))
    if window:
        for key, span in zip(("xaxis", "yaxis"), window, strict=True):
            made["layout"][key] = {**made["layout"][key], "range": span}
    return made


def _here(line, place: int, resistance: str) -> list[dict]:
    """A ring around the point of the spectrum that is looked at."""
    names = [str(name) for name in line["resistance_name"].values]
    k = names.index(resistance) if resistance in names else 0
    sigma, kelvin = float(line["conductivity"].values[k, place]), 0.0
    kelvin = float(line["temperature"].values[place]) + float(line.attrs["celsius_zero"])
    if not sigma > 0:
        return []
    y = math.log(sigma * kelvin) if str(line.attrs.get("form", "sigma_T")) == "sigma_T" else math.log(sigma)
    ring = points([1000 / kelvin], [y], "this spectrum", PALETTE[3], size=15, symbol="circle-open")
    return [ring | {"marker": ring["marker"] | {"line": {"width": 2}}}]
