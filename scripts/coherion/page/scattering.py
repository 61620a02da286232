"""From one scan to G(r): what the page shows of the reduction of a sample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from coherion.data.contract.units import unit_in_print
from coherion.page.blocks import GREY, PALETTE, Block, axis, band, facts, line, number, plot
from coherion.page.encode import thinned

if TYPE_CHECKING:
    import xarray

_Q = "Q / Å⁻¹"


def scan_blocks(scan: xarray.Dataset) -> Iterator[Block]:
    """A scan as it was read, with what its file says of itself."""
    abscissa = str(scan.attrs.get("abscissa", "two_theta"))
    x, y = scan[abscissa].values, scan["intensity"].values
    unit = unit_in_print(str(scan["intensity"].attrs.get("units", "")))
    sd = scan["intensity_sd"].values if "intensity_sd" in scan else None
    title = "2θ / °" if abscissa == "two_theta" else _Q
    yield plot(
        "scan",
        "Scan as read",
        [line(x, y, "scan", PALETTE[0], sd=sd, width=1)],
        {"xaxis": axis(title), "yaxis": axis(f"intensity / {unit}")},
        height=300,
        wide=True,
    )
    told = [(key.replace("instrument_", "").replace("_", " "), str(value)) for key, value in scan.attrs.items()]
    hidden = {"sources", "settings", "versions", "Conventions", "origin", "abscissa", "intensity kind"}
    yield facts((key, value) for key, value in told if key not in hidden)


def reduction_blocks(reduced: xarray.Dataset) -> Iterator[Block]:
    """Intensities with their background, S(Q), F(Q) and G(r) with bands of one standard uncertainty."""
    q = reduced["q"].values
    qmax = float(reduced.attrs["qmax"])
    unit = unit_in_print(str(reduced["intensity"].attrs.get("units", "")))
    net_sd = reduced["intensity_net_sd"].values if "intensity_net_sd" in reduced else None
    traces = [line(q, reduced["intensity"].values, "sample", PALETTE[0], sd=net_sd)]
    if "background" in reduced and float(np.abs(reduced["background"].values).max()) > 0:
        traces.append(
            line(q, reduced["background"].values, "background, scaled", PALETTE[1], sd=net_sd, line={"dash": "dash"})
        )
        if "intensity_net" in reduced:
            net = reduced["intensity_net"].values
            traces.append(line(q, net, "difference, corrected", PALETTE[2], sd=net_sd, width=1))
    yield plot(
        "intensity", "Scan with its background", traces, {"xaxis": axis(_Q), "yaxis": axis(f"I / {unit}")}, wide=True
    )
    for name, symbol, label, level in (
        ("structure_factor", "S(Q)", "S(Q)", 1.0),
        ("reduced_structure_factor", "F(Q)", "F(Q) / Å⁻¹", 0.0),
    ):
        if name not in reduced:
            continue
        values = reduced[name].values
        sd = reduced[f"{name}_sd"].values if f"{name}_sd" in reduced else None
        made = [line(q, values, symbol, PALETTE[0], sd=sd)]
        if sd is not None:
            x, low, high = thinned(q, values - sd, values + sd)
            made = [*band(x, low, high, "± one σ", "rgba(1,115,178,0.25)"), *made]
        inside = values[q <= qmax]
        margin = 0.08 * float(np.ptp(inside))
        # Beyond Qmax the noise would press what is used to a line; it is there for who zooms out.
        window = [float(inside.min()) - margin, float(inside.max()) + margin]
        yield plot(
            name,
            symbol,
            made,
            {
                "xaxis": axis(_Q, range=[float(q[0]), min(float(q[-1]), 1.05 * qmax)]),
                "yaxis": axis(label, range=window),
                "shapes": [_level(level), _mark(qmax)],
                "annotations": [_said("Qmax", qmax)],
            },
        )
    if "pdf" in reduced:
        yield pair_distribution_block(reduced)
    yield facts(_numbers(reduced))


def pair_distribution_block(reduced: xarray.Dataset) -> Block:
    """G(r) with its band of one standard uncertainty."""
    r = reduced["r"].values
    pdf = reduced["pdf"].values
    sd = reduced["pdf_sd"].values if "pdf_sd" in reduced else None
    made: list[dict] = []
    if sd is not None:
        x, low, high = thinned(r, pdf - sd, pdf + sd)
        made += band(x, low, high, "± one σ", "rgba(1,115,178,0.25)")
    x, y = thinned(r, pdf)
    made.append(line(x, y, "G(r)", PALETTE[0], sd=sd))
    far = np.abs(pdf[r > 1.5]) if (r > 1.5).any() else np.abs(pdf)
    top = 1.1 * float(far.max())
    return plot(
        "pair_distribution",
        "Pair distribution function G(r)",
        made,
        {"xaxis": axis("r / Å"), "yaxis": axis("G(r) / Å⁻²", range=[-top, top]), "shapes": [_level(0.0)]},
        wide=True,
    )


def _numbers(reduced: xarray.Dataset) -> Iterator[tuple[str, str]]:
    told = reduced.attrs
    named = (
        ("composition", "composition", ""),
        ("wavelength", "wavelength", "Å"),
        ("qmin", "Qmin", "Å⁻¹"),
        ("qmax", "Qmax", "Å⁻¹"),
        ("corrections", "corrections", ""),
        ("background_scale", "scale of the background", ""),
        ("mu_r", "μR", ""),
        ("normalisation_method", "normalisation", ""),
        ("polynomial_share", "share of the polynomial", ""),
    )
    for key, name, unit in named:
        if key in told:
            value = told[key]
            said = str(value) if isinstance(value, str) else number(float(value))
            yield name, f"{said} {unit}".strip()


def _level(y: float) -> dict:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": y,
        "y1": y,
        "line": {"color": GREY, "width": 1},
        "layer": "below",
    }


def _mark(x: float) -> dict:
    return {
        "type": "line",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": {"color": GREY, "width": 1, "dash": "dot"},
    }


def _said(text: str, x: float) -> dict:
    return {"text": text, "x": x, "yref": "paper", "y": 1, "xanchor": "right", "yanchor": "top", "showarrow": False}
