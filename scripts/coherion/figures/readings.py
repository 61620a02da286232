"""Size or strain: what each reading of G(r) makes of one sample, and of the lengths of a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray

from coherion.data.contract.names import READINGS as WORDS
from coherion.figures.legible.units import with_exponent
from coherion.figures.plate import COLOURS, GREY, MARKERS, PAGE, Plate, evenly
from coherion.settings.stages.refinement import READINGS
from coherion.statistics.series import Series

#: What the reflections of the same scan say, beside the readings of G(r).
WITNESS, WITNESS_STYLE = "widths of reflections", {"color": "black", "marker": "*"}
#: Contours of chi-squared above its least, for two parameters: 39 and 86 % of a normal distribution lie within.
LEVELS = (1.0, 4.0)


def style_of(reading: str) -> dict[str, Any]:
    """Colour and marker of a reading, the same in every figure."""
    place = READINGS.index(reading)
    return {"color": COLOURS[place], "marker": MARKERS[place]}


def draw_readings(plate: Plate, panel: Any, fit: xarray.Dataset, widths: xarray.Dataset | None = None) -> None:
    """Mean domain length against mean square strain under each reading, with contours of chi-squared.

    ``widths`` is what the reflections of the same scan say: a star, where they are a witness.

    The contours are those of the quadratic form of each fit in 1/L and strain squared, which both are near linear in
    G(r). A reading without strain lies on the line of zero. Strain alone, 1/L = 0, is most often far from the others
    and then stands in the legend only. Open marks do not count in what is reported.
    """

    def contours(inverse: float, strain: float, sd: float, strain_sd: float, covariance: float, color: str) -> None:
        if sd > 0 and strain_sd > 0:
            matrix = np.array([[sd**2, covariance], [covariance, strain_sd**2]])
            root = np.linalg.cholesky(matrix + 1e-12 * np.diag(np.diag(matrix)))
            for level in LEVELS:
                x, y = np.sqrt(level) * root @ np.array([np.cos(turn), np.sin(turn)])
                panel.plot(1e3 * (inverse + x), 1e6 * (strain + y), color=color, linewidth=0.6)

    names = [str(name) for name in fit["reading_name"].values]
    turn, aicc = np.linspace(0.0, 2.0 * np.pi, 121), fit["reading_aicc"].values
    corners = []
    for i, name in enumerate(names):
        inverse, sd = (float(fit[f"reading_inverse_length{s}"].values[i]) for s in ("", "_sd"))
        strain, strain_sd = (float(fit[f"reading_microstrain_squared{s}"].values[i]) for s in ("", "_sd"))
        weight, style = float(fit["reading_weight"].values[i]), style_of(name)
        above = float(aicc[i] - aicc.min())
        said = f"{above:.1f}" if above < 1000 else with_exponent(above)
        label = f"{WORDS[name]}, ΔAICc {said}" + (", off the panel" if name == "strain" else "")
        plate.points(
            panel,
            1e3 * inverse,
            1e6 * strain,
            x_sd=1e3 * sd,
            y_sd=1e6 * strain_sd,
            label=label,
            markerfacecolor=style["color"] if weight else "none",
            **style,
        )
        if name != "strain":
            corners += [(1e3 * (inverse + k * sd), 1e6 * (strain + k * strain_sd)) for k in (-2.5, 2.5)]
        contours(inverse, strain, sd, strain_sd, float(fit["reading_covariance"].values[i]), style["color"])
    if widths is not None and int(widths.attrs["described"]):
        inverse, sd, strain, strain_sd, covariance = (
            float(widths[name])
            for name in (
                *("inverse_length", "inverse_length_sd"),
                *("microstrain_squared", "microstrain_squared_sd", "covariance"),
            )
        )
        plate.points(
            panel, 1e3 * inverse, 1e6 * strain, x_sd=1e3 * sd, y_sd=1e6 * strain_sd, label=WITNESS, **WITNESS_STYLE
        )
        contours(inverse, strain, sd, strain_sd, covariance, "black")
        corners += [(1e3 * (inverse + k * sd), 1e6 * (strain + k * strain_sd)) for k in (-2.5, 2.5)]
    if corners:
        low, high = np.min(corners, axis=0), np.max(corners, axis=0)
        margin = 0.08 * (high - low) + 1e-3 * np.abs(high) + 1e-9
        panel.set(xlim=(low[0] - margin[0], high[0] + margin[0]))
        panel.set(ylim=(low[1] - margin[1], high[1] + margin[1]))
    panel.axhline(0.0, color=GREY, linewidth=0.4)
    panel.set(xlabel="1/L / 10$^{-3}$ Å$^{-1}$", ylabel="⟨e²⟩ / 10$^{-6}$")
    panel.legend(fontsize=5)


def draw_lengths(series: Series) -> Plate:
    """Lengths and strains of the series under each reading, against the sample.

    Points stand beside one another for each sample; what is reported carries both errors. Strain alone has no length
    and a strain that says so; it is not drawn.
    """
    origin = "simulated" if "simulated" in series.texts("origin") else "measured"
    plate = Plate(2, 1, width=PAGE, height=4.2, origin=origin)
    samples = len(series)
    series = series.where(np.isin(np.arange(samples), evenly(samples)))
    if samples > len(series):
        plate.say_how_many(samples)
    names = list(series.texts("sample"))
    place = np.arange(len(names), dtype=float)
    shown = [name for name in READINGS if name != "strain" and series.has(f"inverse_length_as_{name}_per_A")]
    columns = [
        (WORDS[name], style_of(name), f"inverse_length_as_{name}_per_A", f"microstrain_squared_as_{name}")
        for name in shown
    ]
    if series.has("inverse_length_from_widths_per_A"):
        witness = "inverse_length_from_widths_per_A", "microstrain_squared_from_widths"
        columns.append((WITNESS, WITNESS_STYLE, *witness))
    for k, (label, style, length_column, strain_column) in enumerate(columns):
        shift = 0.12 * (k - 0.5 * (len(columns) - 1))
        inverse, sd = _column(series, length_column)
        known = inverse > 0
        if known.any():
            length = 1.0 / inverse[known]
            plate.points(
                plate.panels[0],
                place[known] + shift,
                length,
                y_sd=sd[known] * length**2,
                names=[names[i] for i in np.flatnonzero(known)],
                label=label,
                ms=2.5,
                **style,
            )
        strain, sd = _column(series, strain_column)
        known = np.isfinite(strain)
        if known.any():
            plate.points(
                plate.panels[1],
                place[known] + shift,
                1e6 * strain[known],
                y_sd=1e6 * sd[known],
                names=[names[i] for i in np.flatnonzero(known)],
                label=label,
                ms=2.5,
                **style,
            )
    for panel, column, factor in ((0, "coherence_length_A", 1.0), (1, "microstrain_squared", 1e6)):
        value, sd = _column(series, column)
        known = np.isfinite(value)
        if known.any():
            plate.points(
                plate.panels[panel],
                place[known],
                factor * value[known],
                y_sd=factor * sd[known],
                names=[names[i] for i in np.flatnonzero(known)],
                label="reported, with both errors",
                marker="_",
                ms=14,
                color="black",
            )
    plate.panels[0].set(ylabel="mean domain length / Å")
    plate.panels[1].set(ylabel="⟨e²⟩ / 10$^{-6}$", xlabel="sample")
    for panel in plate.panels:
        panel.set_xticks(place, names, rotation=60 if len(names) > 8 else 0)
        if panel.get_legend_handles_labels()[0]:
            panel.legend(ncols=5, fontsize=5.5)
    return plate


def _column(series: Series, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A column and its uncertainties, NaN where the table does not have them."""
    nothing = np.full(len(series), np.nan)
    return tuple(series.numbers(c) if series.has(c) else nothing for c in (name, f"{name}_sd"))  # type: ignore[return-value]
