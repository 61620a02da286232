"""Scans for the tests of this folder: a made pattern, counted, with or without a detector's interpolation."""

from __future__ import annotations

import numpy as np

from coherion.data.contract.diffraction import INTENSITY_UNITS, SCAN

AG_KALPHA1 = 0.5594


def scan_of(intensity, two_theta, *, sd=None, kind="counts", wavelength=AG_KALPHA1, **attrs):
    """A scan as the readers make it."""
    if sd is None:
        sd = np.sqrt(np.maximum(intensity, 1.0))
    attrs = {"origin": "simulated", "intensity_kind": kind, "abscissa": "two_theta"} | attrs
    if wavelength is not None:
        attrs["wavelength"] = wavelength
    values = {"two_theta": two_theta, "intensity": np.asarray(intensity, float), "intensity_sd": np.asarray(sd, float)}
    return SCAN.dataset(values, attrs, abscissa="two_theta", intensity=INTENSITY_UNITS[kind])


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


def fcc_structure_factor(q, *, spacing=3.6, displacement=0.10, diameter=60.0):
    """S(Q) of one kind of atom on an fcc lattice within a sphere: Debye's sum over the shells of neighbours.

    ``displacement`` is the standard deviation of a distance in angstrom. The sphere's own small-angle scattering
    is taken out, as in an infinite sample of such domains: -4 pi rho0 r times the same envelope.
    """
    reach = int(diameter / spacing) + 2
    steps = np.arange(-reach, reach + 1)
    corner = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    squares = np.concatenate([np.round(2 * ((corner + b) ** 2).sum(1)).astype(int) for b in basis])
    count = np.bincount(squares[squares <= 2 * (diameter / spacing) ** 2])[1:]
    shells = np.flatnonzero(count) + 1
    r = spacing * np.sqrt(shells / 2)
    count = count[shells - 1]
    # G(r) on a grid, then its sine transform: shells as Gaussians, the mean density as a line.
    rho0 = 4 / spacing**3
    grid = np.arange(1, int(diameter / 0.02)) * 0.02
    pdf = -4 * np.pi * rho0 * grid
    for distance, number in zip(r, count, strict=True):
        near = np.abs(grid - distance) < 6 * displacement
        gaussian = np.exp(-0.5 * ((grid[near] - distance) / displacement) ** 2) / (np.sqrt(2 * np.pi) * displacement)
        pdf[near] += number / distance * gaussian
    x = grid / diameter
    pdf *= 1 - 1.5 * x + 0.5 * x**3
    from coherion.scattering.pair_distribution import fourier_sums

    dq = 0.002
    fine = dq * np.arange(1, int(q.max() / dq) + 3)
    reduced = 0.02 * fourier_sums(pdf, len(fine) + 1, dq * 0.02, first=1).imag[1:]
    return 1 + np.interp(q, fine, reduced / fine)


def fcc_number_density(spacing=3.6):
    return 4 / spacing**3


def glass_structure_factor(q):
    """S(Q) with the first rings of silica glass: Si-O, O-O, Si-Si, and their like further out."""
    total = np.zeros_like(q)
    for distance, number, width in ((1.61, 2.7, 0.06), (2.63, 4.0, 0.10), (3.08, 3.0, 0.15), (4.1, 6.0, 0.35)):
        total += number * np.sin(q * distance) / (q * distance) * np.exp(-0.5 * (width * q) ** 2)
    halo = 1.1 * np.exp(-0.5 * ((q - 1.52) / 0.22) ** 2)
    return np.maximum(1 + 0.35 * total + halo - np.exp(-((q / 1.6) ** 2)), 0.03)
