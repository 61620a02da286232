"""A sample's scan held against that of its background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coherion.quality.alert import Alert
from coherion.quality.scans.reflections import FEWEST_PEAKS, MOST_TOLD, UNITS, bragg_peaks

if TYPE_CHECKING:
    import xarray


def alerts_of_pair(
    sample: xarray.Dataset, background: xarray.Dataset | None, background_scale: str | float
) -> list[Alert]:
    """What is wrong with a sample's scan together with its background's."""
    if background is None:
        return [
            Alert(
                "C",
                "no-background",
                0.0,
                "1",
                1.0,
                "column background",
                "no background is subtracted from the scan",
                "measure the empty capillary and name it in the column background",
            )
        ]
    found: list[Alert] = []
    dim = str(background.attrs["abscissa"])
    peaks = bragg_peaks(background[dim].values, background["intensity"].values, dim)
    if peaks.size >= FEWEST_PEAKS:
        places = ", ".join(f"{place:.4g}" for place in peaks[:MOST_TOLD])
        found.append(
            Alert(
                "A",
                "background-reflections",
                float(peaks.size),
                "reflections",
                float(FEWEST_PEAKS),
                f"{places} {UNITS[dim]}",
                f"the background has {peaks.size} reflections (at {places} {UNITS[dim]}, ...), as a crystalline sample "
                "does and no empty capillary",
                "name the scan of the empty capillary in the column background",
            )
        )
    if str(sample.attrs["abscissa"]) != dim:
        return found
    x, other = sample[dim].values, background[dim].values
    steps = float(np.median(np.diff(x))), float(np.median(np.diff(other)))
    if abs(steps[1] / steps[0] - 1) > 0.02:
        found.append(
            Alert(
                "C",
                "background-step",
                steps[1],
                UNITS[dim],
                steps[0],
                "background",
                f"sample and background have different steps, {steps[0]:.4g} and {steps[1]:.4g} {UNITS[dim]}",
                "check that they were measured alike; counts for each point may differ with the step",
            )
        )
    short = float(x[-1] - other[-1])
    if short > 2 * max(steps):
        found.append(
            Alert(
                "B",
                "background-short",
                float(other[-1]),
                UNITS[dim],
                float(x[-1]),
                "background",
                f"the background ends at {other[-1]:.4g} {UNITS[dim]}, the sample at {x[-1]:.4g}",
                "measure it over the whole range, or end qmaxinst where the background ends",
            )
        )
    elif -short > 2 * max(steps) and np.allclose(x[:2], other[:2], rtol=0, atol=0.1 * steps[0]):
        found.append(
            Alert(
                "B",
                "sample-short",
                float(x[-1]),
                UNITS[dim],
                float(other[-1]),
                "scan",
                f"the sample ends at {x[-1]:.4g} {UNITS[dim]}, the background of the same first points at "
                f"{other[-1]:.4g}",
                "is the file cut short? Copy or export it again, or measure to the end",
            )
        )
    late = float(x[0] - other[0])
    if late > 2 * max(steps) and np.allclose(x[-2:], other[-2:], rtol=0, atol=0.1 * steps[0]):
        found.append(
            Alert(
                "B",
                "sample-short",
                float(x[0]),
                UNITS[dim],
                float(other[0]),
                "scan",
                f"the sample begins at {x[0]:.4g} {UNITS[dim]}, the background of the same last points at "
                f"{other[0]:.4g}",
                "do the first rows of the file lack? Copy or export it again, or measure from the beginning",
            )
        )
    kinds = {str(one.attrs["intensity_kind"]) for one in (sample, background)}
    times = [float(one.attrs.get("time_per_point", 0.0)) for one in (sample, background)]
    if kinds == {"counts"} and min(times) > 0 and background_scale not in ("time", "estimate"):
        ratio, scale = times[0] / times[1], float(background_scale)
        if abs(scale / ratio - 1) > 0.02 and abs(ratio - 1) > 0.02:
            found.append(
                Alert(
                    "B",
                    "background-time",
                    scale,
                    "1",
                    ratio,
                    "background_scale",
                    f"sample and background were counted for {times[0]:g} and {times[1]:g} s per point, but the "
                    f"background is scaled by {scale:g}",
                    f"set reduction.background_scale: time (here {ratio:.4g})",
                )
            )
    return found
