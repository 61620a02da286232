"""Scans for the tests of this folder: a made pattern, counted, with or without a detector's interpolation."""

from __future__ import annotations

import numpy as np
import xarray

AG_KALPHA1 = 0.5594


def scan_of(intensity, two_theta, *, sd=None, kind="counts", wavelength=AG_KALPHA1, **attrs):
    """A scan as the readers make it."""
    if sd is None:
        sd = np.sqrt(np.maximum(intensity, 1.0))
    unit = {"counts": "counts", "counts_per_second": "counts/s"}.get(kind, "arbitrary")
    attrs = {"origin": "simulated", "intensity_kind": kind} | attrs
    if wavelength is not None:
        attrs["wavelength"] = wavelength
    return xarray.Dataset(
        {
            "intensity": ("two_theta", np.asarray(intensity, float), {"units": unit, "long_name": "intensity"}),
            "intensity_sd": ("two_theta", np.asarray(sd, float), {"units": unit, "long_name": "its sd"}),
        },
        coords={"two_theta": ("two_theta", two_theta, {"units": "degree", "long_name": "angle"})},
        attrs=attrs,
    )


def angles(start=3.0, stop=75.0, step=0.015):
    return start + step * np.arange(round((stop - start) / step) + 1)


def made_pattern(two_theta, *, level=3000.0, reflections=40, seed=7):
    """Counts of a powder: reflections on a falling course."""
    rng = np.random.default_rng(seed)
    pattern = level * (0.1 + np.exp(-two_theta / 18))
    for centre in rng.uniform(6, 60, reflections):
        height = level * rng.exponential(3.0) * np.exp(-((centre / 30) ** 2))
        pattern = pattern + height * np.exp(-0.5 * ((two_theta - centre) / 0.05) ** 2)
    return pattern


def glass(two_theta, *, level=600.0):
    """Counts of an empty capillary: a halo and a falling course."""
    return level * (0.15 + np.exp(-(((two_theta - 7.5) / 3.5) ** 2)) + 0.3 * np.exp(-two_theta / 20))


def counted(expected, rng):
    """Independent Poisson counts."""
    return rng.poisson(expected).astype(float)


def counted_between_channels(expected, rng, pitch=1.03):
    """Poisson counts of channels of another pitch, interpolated to the grid, as position-sensitive detectors do.

    The grid is extended by its ends so that every point lies between two channels.
    """
    points = np.arange(len(expected))
    channels = np.arange(0.0, len(expected) + 2 * pitch, pitch)
    counts = rng.poisson(np.interp(channels, points, expected) * pitch) / pitch
    return np.interp(points, channels, counts)
