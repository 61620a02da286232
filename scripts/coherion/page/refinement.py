"""The model of G(r): fits with their residuals, and what the readings make of size and strain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.names import READINGS as WORDS
from coherion.data.contract.names import name_in_print
from coherion.data.contract.units import unit_in_print
from coherion.figures.readings import LEVELS
from coherion.figures.refinement import further_fits
from coherion.page.blocks import (
    GREY,
    INK,
    PALETTE,
    Block,
    axis,
    half,
    line,
    measured,
    number,
    plot,
    points,
    table,
)
from coherion.page.encode import thinned
from coherion.settings.stages.refinement import READINGS

if TYPE_CHECKING:
    import xarray

Rows = list[dict[str, str]]

_Pair = tuple[float, float, float, float, float]


def fit_block(fit: xarray.Dataset, fit_range: str) -> Block:
    """Observed and calculated G(r), below their difference."""
    r, observed, calculated = fit["r"].values, fit["observed"].values, fit["calculated"].values
    x, observed, calculated, difference = thinned(r, observed, calculated, fit["difference"].values)
    noise = float(np.std(difference)) or None
    traces = [
        line(x, observed, "observed", PALETTE[0], sd=noise, width=1),
        points(
            fit["fitted_r"].values,
            fit["fitted_observed"].values,
            "observed, fitted points",
            PALETTE[0],
            size=4,
        ),
        line(x, calculated, "calculated", PALETTE[3], sd=noise),
        line(x, difference, "difference", PALETTE[2], sd=noise, width=1, yaxis="y2"),
    ]
    span = 1.05 * max(float(np.abs(difference).max()), 0.1 * float(np.ptp(observed)))
    return plot(
        f"fit_{fit_range}",
        f"Fit of {fit_range.replace('-', ' to ')} Å, Rw = {100 * float(fit.attrs['rw']):.2f} %",
        traces,
        {
            "xaxis": axis("r / Å", anchor="y2", range=[float(r[0]), float(r[-1])]),
            "yaxis": axis("G(r) / Å⁻²", domain=[0.3, 1.0]),
            "yaxis2": axis("difference", domain=[0.0, 0.24], range=[-span, span]),
        },
        height=440,
        wide=True,
    )


def further_blocks(fit: xarray.Dataset, fit_range: str) -> Iterator[Block]:
    """The same of each data set that was refined together with the first, at the points that were fitted."""
    for k, (words, r, observed, calculated) in enumerate(further_fits(fit), 2):
        difference = observed - calculated
        noise = float(np.std(difference)) or None
        yield plot(
            f"fit_{fit_range}_data_set_{k}",
            f"Refined together with it: {words}",
            [
                points(r, observed, "observed, fitted points", PALETTE[0], size=4),
                line(r, calculated, "calculated", PALETTE[3], sd=noise),
                line(r, difference, "difference", PALETTE[2], sd=noise, width=1, yaxis="y2"),
            ],
            {
                "xaxis": axis("r / Å", anchor="y2", range=[float(r[0]), float(r[-1])]),
                "yaxis": axis("G(r) / Å⁻²", domain=[0.3, 1.0]),
                "yaxis2": axis("difference", domain=[0.0, 0.24]),
            },
            height=440,
            wide=True,
        )


def readings_blocks(fit: xarray.Dataset, widths: xarray.Dataset | None) -> Iterator[Block]:
    """Length and strain under each reading, with contours of one and two standard uncertainties."""
    if "reading_name" not in fit:
        return
    names = [str(name) for name in fit["reading_name"].values]
    aicc = fit["reading_aicc"].values
    least = float(np.nanmin(aicc))
    traces: list[dict[str, Any]] = []
    rows = []
    corners: list[tuple[float, float]] = []

    def add(found: _Pair, word: str, group: str, colour: str, far: bool = False, **look: Any) -> None:
        """A point with its error bars and contours; ``found`` as from :func:`_pair`, ``far`` off the picture."""
        inverse, inverse_sd, strain, strain_sd, _ = found
        look |= {"x_sd": [1e3 * inverse_sd], "y_sd": [1e6 * strain_sd], "legendgroup": group}
        look |= {"visible": "legendonly"} if far else {}
        traces.append(points([1e3 * inverse], [1e6 * strain], word, colour, **look))
        traces.extend(_contours(*found, colour, group, far))
        if not far:
            corners.extend((1e3 * (inverse + k * inverse_sd), 1e6 * (strain + k * strain_sd)) for k in (-3, 3))

    for i, name in enumerate(names):
        found = _pair(fit, "reading_", i)
        inverse, inverse_sd, strain, strain_sd, _ = found
        place = READINGS.index(name) if name in READINGS else len(READINGS)
        word = WORDS.get(name, name)
        symbol = "circle" if float(fit["reading_weight"].values[i]) else "circle-open"
        add(found, word, name, PALETTE[place % len(PALETTE)], name == "strain", size=9, symbol=symbol)
        length = {"v": 1 / inverse, "t": number(1 / inverse, inverse_sd / inverse**2)} if inverse > 0 else None
        spread = measured(1e6 * strain, 1e6 * strain_sd)
        rows.append([word, length, spread, measured(aicc[i] - least), measured(float(fit["reading_rw"].values[i]))])
    if widths is not None and int(widths.attrs.get("described", 0)):
        name = "widths of reflections"
        add(_pair(widths, "", ()), name, name, INK, size=11, symbol="star")
    layout: dict[str, Any] = {"xaxis": axis("L⁻¹ / 10⁻³ Å⁻¹"), "yaxis": axis("⟨e²⟩ / 10⁻⁶")}
    if corners:
        x, y = np.array(corners).T
        for key, values in (("xaxis", x), ("yaxis", y)):
            margin = 0.08 * float(np.ptp(values)) or 0.1
            layout[key]["range"] = [float(values.min()) - margin, float(values.max()) + margin]
    yield plot(
        "readings",
        "Size and strain: what each reading of G(r) says",
        traces,
        layout,
        note="Open marks do not count in what is reported. Contours: 39 and 86 % of a normal distribution.",
    )
    said = str(widths.attrs.get("verdict", "")) if widths is not None else ""
    columns = ["reading", "L / Å", "⟨e²⟩ / 10⁻⁶", "ΔAICc", "Rw"]
    yield half(table("Readings of size and strain", columns, rows, note=said))


def _pair(dataset: xarray.Dataset, prefix: str, at: Any) -> _Pair:
    """1/L and mean square strain with their standard uncertainties in turn, and their covariance."""
    names = ("inverse_length", "inverse_length_sd", "microstrain_squared", "microstrain_squared_sd", "covariance")
    one, two, three, four, five = (float(dataset[f"{prefix}{name}"].values[at]) for name in names)
    return one, two, three, four, five


def _contours(
    inverse: float, sd: float, strain: float, strain_sd: float, covariance: float, colour: str, group: str, far: bool
) -> Iterator[dict[str, Any]]:
    if not (sd > 0 and strain_sd > 0):
        return
    matrix = np.array([[sd**2, covariance], [covariance, strain_sd**2]])
    try:
        root = np.linalg.cholesky(matrix + 1e-12 * np.diag(np.diag(matrix)))
    except np.linalg.LinAlgError:
        return
    turn = np.linspace(0.0, 2.0 * np.pi, 49)
    for level in LEVELS:
        x, y = np.sqrt(level) * root @ np.array([np.cos(turn), np.sin(turn)])
        more = {"visible": "legendonly"} if far else {}
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [float(f"{v:.6g}") for v in 1e3 * (inverse + x)],
            "y": [float(f"{v:.6g}") for v in 1e6 * (strain + y)],
            "line": {"color": colour, "width": 1},
            "hoverinfo": "skip",
            "showlegend": False,
            "legendgroup": group,
            "name": group,
            **more,
        }


def widths_block(widths: xarray.Dataset) -> Block:
    """The pattern from which the widths of the reflections were read, with its fit."""
    q, observed, calculated = (widths[name].values for name in ("q", "observed", "calculated"))
    unit = unit_in_print(str(widths["observed"].attrs.get("units", "")))
    return plot(
        "reflection_widths",
        "Widths of the reflections",
        [
            line(q, observed, "observed", PALETTE[0], width=1),
            line(q, calculated, "calculated", PALETTE[3]),
            line(q, widths["background"].values, "background", GREY, line={"dash": "dash"}),
            line(q, observed - calculated, "difference", PALETTE[2], width=1, yaxis="y2"),
        ],
        {
            "xaxis": axis("Q / Å⁻¹", anchor="y2"),
            "yaxis": axis(f"intensity / {unit}", domain=[0.3, 1]),
            "yaxis2": axis("difference", domain=[0, 0.24]),
        },
        height=420,
        wide=True,
    )


def side_phase_blocks(found: xarray.Dataset) -> Iterator[Block]:
    """The window of the side phase's reflection with the fits without and with it."""
    q, observed = found["q"].values, found["intensity"].values
    phase = str(found.attrs.get("side_phase", "side phase"))
    yield plot(
        "side_phase",
        f"Search for the side phase {phase}",
        [
            points(q, observed, "observed", PALETTE[0], size=4),
            line(q, found["calculated_without"].values, "fit without it", PALETTE[1], line={"dash": "dash"}),
            line(q, found["calculated_having"].values, "fit with it", PALETTE[3]),
            line(q, found["side_reflection"].values, f"{phase} alone", PALETTE[4]),
        ],
        {
            "xaxis": axis("Q / Å⁻¹"),
            "yaxis": axis(f"intensity / {unit_in_print(str(found['intensity'].attrs.get('units', '')))}"),
        },
        note=str(found.attrs.get("reason", "")),
        wide=True,
    )


def parameters_block(rows: Rows, title: str) -> Block:
    """Refined parameters or measured quantities, each with its uncertainty."""

    def cells(row: Mapping[str, str]) -> list[Any]:
        value = _float(row.get("value"))
        sd = _float(row.get("standard_uncertainty_scaled")) or _float(row.get("standard_uncertainty"))
        last = row.get("note") or row.get("atoms") or ""
        name = row.get("name", "")
        return [name_in_print(name), measured(value, sd), unit_in_print(row.get("unit", "")), last, name]

    return table(title, ["quantity", "value", "unit", "note", "in files"], map(cells, rows), closed=True)


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
