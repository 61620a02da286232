"""What any series can have of figures and statements: the paper of those who wrote none, and where others begin.

Only what the tables announce is proposed; a panel of which the results then hold nothing is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coherion.data.series_tables import Tables, own_columns
from coherion.data.tables import OWN
from coherion.settings.run import of_sample

#: Columns of the table of samples that a series may vary, and the quantities that they are.
ABSCISSAS: Mapping[str, str] = {
    "x": "x",
    "annealing_C": "annealing",
    "temperature_K": "temperature",
    "time_h": "time",
}
#: A trend asks for as many different values.
LEAST = 3
#: Differences that hardly matter in any series, by quantity.
OF_STRUCTURES = {"a": 0.01, "b": 0.01, "c": 0.01, "coherence_length": 5.0}
OF_TRANSPORT = {"activation_energy": 0.02, "log_conductivity": 0.1}
#: Six samples have a line with its scatter.
LEAST_OF_LINE = 6


def abscissa_of(tables: Tables) -> str | None:
    """The quantity that the samples differ in, a column of the author's own by its name; None where no column has
    three different numbers.
    """
    rows = [row for row in tables.samples.values() if row["group"] != "standard"]
    own = {name: name for name in own_columns(rows) if not name.endswith("_sd")}
    for column, quantity in {**ABSCISSAS, **own}.items():
        cells = [row.get(column, row.get(OWN, {}).get(column)) for row in rows]
        if len({cell for cell in cells if isinstance(cell, int | float)}) >= LEAST:
            return quantity
    return None


def propose(tables: Tables, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The proposal as a paper file holds it.

    Parameters
    ----------
    tables
        The series.
    settings
        The whole configuration, see :func:`coherion.settings.run.configuration_from`.
    """
    ranges = [f"{low:g}-{high:g}" for low, high in settings["refinement"]["fit_ranges"]]
    named = [name for name, row in tables.samples.items() if row["group"] != "standard"]
    scans, fitted, measured = (
        [name for name in found if name in named]
        for found in (tables.with_scan(), tables.with_structure(), tables.with_spectra())
    )
    suspects = [name for name in fitted if of_sample(settings, "side_phase", name)["structure"]]
    abscissa = abscissa_of(tables)
    series = abscissa is not None
    figures: list[dict[str, Any]] = []

    def add(kind: str, name: str, **more: Any) -> None:
        figures.append({"kind": kind, "name": name, "supporting": True, **more})

    if fitted or measured:
        add("overview", "overview")
    if scans:
        add("patterns", "patterns", reference=bool(fitted))
        add("pair_distributions", "pair_distributions")
    if fitted:
        for one in ranges:
            add("fits", f"fits_{one.replace('.', '_')}", range=one)
        add("readings", "readings")
    if series and len(fitted) >= LEAST:
        names = ("a", "b", "c", "alpha", "beta", "gamma", "volume", "coherence_length")
        add("series", "structure", further=True, columns=3, panels=[{"curves": [name]} for name in names])
    if measured:
        add("nyquist", "nyquist")
        add("arrhenius", "arrhenius")
    if series and len(measured) >= LEAST:
        panels: list[dict[str, Any]] = [{"curves": ["activation_energy"]}, {"curves": ["conductivity"], "log_y": True}]
        both = [name for name in fitted if name in measured]
        if len(both) >= LEAST:
            panels.append({"curves": ["conductivity"], "against": "coherence_length", "log_y": True})
        panels.append({"curves": ["capacitance"], "log_y": True})
        add("series", "transport", columns=2, panels=panels)
        if len(both) >= LEAST_OF_LINE:
            add("correlation", "correlation")
    if series and len({*fitted, *measured}) > LEAST_OF_LINE - 2:
        add("relations", "relations")
    if suspects:
        add("side_phase", "side_phase")
    return {
        **({"abscissa": abscissa} if abscissa else {}),
        "quantities": {
            **(
                {abscissa: {"column": abscissa, "exact": True}}
                if abscissa and abscissa not in ABSCISSAS.values()
                else {}
            ),
            **{
                name: {"margin": margin}
                for there, margins in ((fitted, OF_STRUCTURES), (measured, OF_TRANSPORT))
                for name, margin in margins.items()
                if there
            },
        },
        "statements": _statements(abscissa, len(fitted), len(measured), ranges),
        "figures": figures,
    }


def _statements(abscissa: str | None, fitted: int, measured: int, ranges: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def add(name: str, topic: str, words: str, **test: Any) -> None:
        found.append({"id": name, "topic": topic, "statement": words, "test": test})

    if fitted:
        for one in ranges[1:]:
            add(
                f"range-{one.replace('.', '-')}",
                "fit range",
                f"fitting {one} instead of {ranges[0]} angstrom changes nothing",
                kind="range_independent",
                range=one,
            )
    if abscissa and fitted > LEAST:
        words = "the coherence length falls along the series"
        add("length-falls", "structure", words, kind="trend", of="coherence_length", direction="falling")
    if measured:
        words = "the conductivities follow straight Arrhenius lines"
        add("arrhenius-linear", "conductivity", words, kind="none_significant", of="arrhenius_curvature")
    if abscissa and measured > LEAST:
        words = "the conductivity rises along the series"
        add("conductivity-rises", "conductivity", words, kind="trend", of="log_conductivity", direction="rising")
        words = "the activation energy falls along the series"
        add("energy-falls", "conductivity", words, kind="trend", of="activation_energy", direction="falling")
    return found
