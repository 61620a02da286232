"""Rank correlations of all quantities of the series, two by two."""

from __future__ import annotations

import numpy as np
import xarray

from coherion.figures.plate import PAGE, Plate
from coherion.figures.series import word_of
from coherion.settings.paper.paper import Paper

# A cell of a smaller coefficient is too pale for white figures.
PALE = 0.4


def draw_relations(found: xarray.Dataset, paper: Paper) -> Plate:
    """Lower triangle of the coefficients that ``judge_claims`` wrote; grey italics where the interval holds zero."""
    # Imported here: it takes longer than most figures, and only this one needs it.
    import seaborn

    plate = Plate(width=PAGE, height=5.6, origin=str(found.attrs["origin"]), letters=False)
    (panel,) = plate.panels
    if "rank_correlation" not in found:
        plate.leave_out(str(found.attrs.get("missing", "")) or "too few samples have two quantities")
        return plate
    columns = [str(name) for name in found["quantity"].values]
    # The unit of a label says nothing of a rank.
    names = [word_of(paper, name) for name in columns]
    # Two quantities of one word are told apart by what the paper calls them.
    names = [f"{word} ({name})" if names.count(word) > 1 else word for word, name in zip(names, columns, strict=True)]
    values = found["rank_correlation"].values
    low, high = (found[f"rank_correlation_{end}"].values for end in ("low", "high"))
    hidden = np.triu(np.ones(values.shape, bool)) | ~np.isfinite(values)
    seaborn.heatmap(
        values,
        mask=hidden,
        vmin=-1,
        vmax=1,
        cmap="vlag",
        square=True,
        linewidths=0.4,
        xticklabels=names,
        yticklabels=names,
        cbar_kws={"label": "Spearman's rank correlation", "shrink": 0.6},
        ax=panel,
    )
    # A first row and a last column of the lower triangle would be empty.
    panel.set_ylim(len(names), 1)
    panel.set_xlim(0, len(names) - 1)
    panel.tick_params(axis="both", length=0)
    # What the numbers beside the figure mean; the axes themselves name quantities.
    panel.set(xlabel="samples that have both", ylabel="Spearman's rank correlation")
    panel.xaxis.label.set_visible(False)
    panel.yaxis.label.set_visible(False)
    samples, errors = (found[f"rank_correlation_{kind}"].values for kind in ("samples", "sd"))
    for i, j in zip(*np.nonzero(~hidden), strict=True):
        undecided = low[i, j] <= 0 <= high[i, j]
        # Of many samples a small coefficient is decided, too, and its cell is pale.
        colour = "0.3" if undecided or abs(values[i, j]) < PALE else "white"
        style = {"color": colour, "style": "italic"} if undecided else {"color": colour, "weight": "bold"}
        panel.text(j + 0.5, i + 0.5, f"{values[i, j]:.2f}", ha="center", va="center", fontsize=4.3, **style)
        pair = f"{columns[i]} and {columns[j]}"
        plate.remember(panel, pair, samples[[i], [j]], values[[i], [j]], None, errors[[i], [j]])
    return plate
