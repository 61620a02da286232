"""Two positive quantities of the samples, in decimal logarithms, beside a third that may explain either."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.correlation import Correlation, Kind, correlate, reliability
from coherion.statistics.regression import outliers
from coherion.statistics.sensitivity import named
from coherion.statistics.series import Array, Missing, Series

LN10 = float(np.log(10.0))


@dataclass(frozen=True)
class Points:
    """Samples with an abscissa x and an ordinate y, both positive, their logarithms, errors, and a third quantity.

    ``x_name`` and ``y_name`` are what notes call the two.
    """

    sample: tuple[str, ...]
    row: Array
    third: Array
    x: Array
    x_sd: Array
    y: Array
    y_sd: Array
    log_x: Array
    log_x_sd: Array
    log_y: Array
    log_y_sd: Array
    x_name: str
    y_name: str

    def where(self, keep: np.ndarray) -> Points:
        """The samples of a mask of shape (n,)."""
        made: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in made.items():
            if isinstance(value, np.ndarray):
                made[name] = value[keep]
        made["sample"] = tuple(name for name, kept in zip(self.sample, keep, strict=True) if kept)
        return Points(**made)

    @property
    def x_reliability(self) -> float:
        """Share of the variance of log10 x that is not error of measurement."""
        return reliability(self.log_x, self.log_x_sd)

    @property
    def y_reliability(self) -> float:
        """Share of the variance of log10 y that is not error of measurement."""
        return reliability(self.log_y, self.log_y_sd)


def points(series: Series, *, of: str, against: str, third: str | None = None, least: int = 1) -> Points:
    """Samples with ``of`` (y) and ``against`` (x) above zero, and the third quantity where one is named.

    Raises
    ------
    Missing
        If fewer than ``least`` samples are complete.
    """
    d = series.pick(*([third] if third else []), against, of, least=least)
    good = (d[against] > 0) & (d[of] > 0)
    if good.sum() < least:
        raise Missing(f"{least} samples with positive {against} and {of}")
    d = {name: values[good] for name, values in d.items()}
    x, y, labels = d[against], d[of], series.texts("sample")
    x_sd, y_sd = (d.get(f"{name}_sd", np.zeros(x.size)) for name in (against, of))
    return Points(
        sample=tuple(labels[int(r)] for r in d["row"]),
        row=d["row"],
        third=d[third] if third else np.full(x.size, np.nan),
        x=x,
        x_sd=x_sd,
        y=y,
        y_sd=y_sd,
        log_x=np.log10(x),
        log_x_sd=x_sd / (x * LN10),
        log_y=np.log10(y),
        log_y_sd=y_sd / (y * LN10),
        x_name=against,
        y_name=of,
    )


def unreliable(p: Points, settings: ClaimSettings) -> str:
    """Which of the two quantities is mostly error of measurement; empty where neither is."""
    shares = ((f"log10 {p.x_name}", p.x_reliability), (f"log10 {p.y_name}", p.y_reliability))
    return "".join(
        f"; reliability of {name} {share:.2f}, below {settings.least_reliability:g}"
        for name, share in shares
        if share < settings.least_reliability
    )


def outlying(p: Points, settings: ClaimSettings, *covariates: Array) -> str:
    """Samples whose ordinate lies off a line through log10 x (and covariates), in decades."""
    columns = [v - v.mean() for v in (p.log_x, *covariates)]
    found = outliers(np.column_stack([np.ones(len(p.sample)), *columns]), p.log_y, p.log_y_sd, settings.significance)
    return named(p.sample, found, f"decades of {p.y_name}")


def correlation_of_points(p: Points, kind: Kind, settings: ClaimSettings) -> Correlation:
    """Correlation of the two logarithms, with what the settings say of intervals and permutations."""
    return correlate(
        p.log_x,
        p.log_y,
        kind,
        settings.confidence,
        exact_limit=settings.exact_limit,
        resamples=settings.resamples,
        seed=settings.seed,
    )
