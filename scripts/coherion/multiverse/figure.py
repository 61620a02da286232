"""The specification curve: a statement's number in every analysis, and below it the choices that each made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.figures.plate import COLOURS, GREY, PAGE, Plate

VERDICTS: Mapping[str, tuple[int, str]] = {"holds": (2, "o"), "undecided": (1, "s"), "fails": (3, "v")}
# Choices that a figure shows, the most moving ones; the table has all.
MOST_CHOICES = 14


@dataclass(frozen=True)
class Told:
    """A choice as the figure shows it.

    ``options`` are the words of its lines; ``place`` where each analysis stands, as a number of its line, shape (n,);
    ``share`` its part in the variance of the verdict, or of the number where the verdict is the same in all;
    ``certain`` whether as much is no accident: the marks of the others are grey.
    """

    name: str
    options: tuple[str, ...]
    place: np.ndarray
    share: float
    certain: bool = True


def draw_multiverse(
    title: str,
    quantity: str,
    values: np.ndarray,
    errors: np.ndarray,
    verdicts: Sequence[str],
    configured: float | None,
    choices: Sequence[Told],
    origin: str,
    shared: str,
) -> Plate:
    """Specification curve of one statement (Simonsohn, Simmons and Nelson, Nat. Hum. Behav. 4 (2020) 1208).

    Parameters
    ----------
    values, errors
        Number of the statement's test and its standard error in each analysis, shape (n,), NaN where there is none.
    verdicts
        Of each analysis.
    configured
        The number of the configured analysis, a line across.
    choices
        The most moving first.
    shared
        What the shares beside the choices are of: ``verdict`` or ``number``.
    """
    whole = len(choices)
    choices = choices[:MOST_CHOICES]
    lines = sum(len(one.options) for one in choices)
    plate = Plate(
        2, 1, width=PAGE, height=2.3 + 0.118 * lines + 0.05 * len(choices), origin=origin,
        height_ratios=[2.0, 0.118 * lines + 0.05 * len(choices) + 0.2], sharex=True,
    )  # fmt: skip
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")
    has = np.isfinite(values[order])
    x = np.arange(1, values.size + 1, dtype=float)
    top, below = plate.panels
    for word, (colour, marker) in VERDICTS.items():
        chosen = np.array([verdicts[i] == word for i in order]) & has
        if chosen.any():
            plate.points(
                top,
                x[chosen],
                values[order][chosen],
                y_sd=errors[order][chosen],
                label=f"{word} ({chosen.sum()})",
                marker=marker,
                ms=2,
                color=COLOURS[colour],
                # Bars of hundreds of analyses lie side by side: the points stand out of what they fill.
                ecolor=tuple(0.35 * part + 0.65 for part in COLOURS[colour]),
                elinewidth=0.35,
                capsize=0,
            )
    if configured is not None:
        top.axhline(configured, color=GREY, linewidth=0.6, linestyle="--", label="as configured")
    finite = values[np.isfinite(values)]
    # A zero far from all numbers would press them into a line.
    if finite.size and np.min(np.abs(finite)) <= 2 * np.ptp(finite):
        top.axhline(0.0, color="black", linewidth=0.4)
    top.set_ylabel(quantity.replace("_", " "), fontsize=6.5)
    top.set_title(title, fontsize=7.5)
    top.legend(ncols=4, loc="best")
    _choices(plate, below, x, order, choices)
    missing = int((~np.isfinite(values)).sum())
    below.set(xlabel="analyses in the order of the number" + (f" ({missing} without one last)" if missing else ""))
    of = f"{MOST_CHOICES} of {whole} choices" if whole > MOST_CHOICES else "choices"
    below.set_title(f"{of}, with their share in the variance of the {shared}", fontsize=6.5)
    return plate


def _choices(plate: Plate, panel, x: np.ndarray, order: np.ndarray, choices: Sequence[Told]) -> None:
    """Under each analysis a mark for each choice, on the line of the option that it took."""
    y, ticks, words = 0.0, [], []
    for k, one in enumerate(choices):
        colour = COLOURS[k % 2 * 4] if one.certain else GREY
        height = y - one.place[order]
        panel.plot(x, height, linestyle="none", marker="|", ms=3.2, mew=0.5, color=colour, rasterized=True)
        plate.remember(panel, one.name, x, height)
        for i, option in enumerate(one.options):
            ticks.append(y - i)
            # The name stands on the first line of its choice, each line says its option.
            head = f"{one.name} {100 * one.share:.0f} %:  " if i == 0 else ""
            words.append(f"{head}{option}")
        y -= len(one.options) + 0.4
        panel.axhline(y + 0.7, color="0.85", linewidth=0.4)
    panel.set_yticks(ticks, words, fontsize=5)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(y + 0.5, 0.7)
