"""From a scan to I(Q), S(Q), F(Q) and G(r).

The quantities, for composition averages over the atoms:

I(Q)    intensity: measured, background subtracted, corrected
S(Q)    total scattering structure factor, [s I - (<f^2> - <f>^2)]/<f>^2, s the scale to electron units
F(Q)    reduced structure factor, Q (S - 1), 1/angstrom
G(r)    reduced pair distribution function, (2/pi) int F sin(Qr) dQ = 4 pi r (rho(r) - rho0), 1/angstrom^2

Without corrections the steps are those of PDFgetX3 2.x: Juhas, Davis, Farrow and Billinge, J. Appl. Cryst. 46
(2013) 560. docs/method-reduction.md has the equations.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.composition import parse_formula
from coherion.scattering.form_factors import FormFactorAverages, average_form_factors
from coherion.scattering.fourier import sine_transform
from coherion.scattering.grids import QGrid, interpolation, polynomial_basis, uniform_grid
from coherion.scattering.pattern import Pattern, check_pair, read_pattern
from coherion.scattering.settings import ReductionSettings

if TYPE_CHECKING:
    import xarray

Array = NDArray[Any]

TEXT_VARIABLES = {
    "gr": "pdf",
    "fq": "reduced_structure_factor",
    "sq": "structure_factor",
    "iq": "intensity_net",
}
"""Extension of a text file and the variable it holds."""


@dataclass(frozen=True)
class Reduction:
    """What one reduction gives; arrays on the Q grid have the shape of q, those on the r grid that of r.

    Attributes
    ----------
    q
        Uniform grid, 1/angstrom, from qmin to qmax.
    intensity, background, intensity_net
        Sample and scaled background as measured, and what is left with all corrections; units of the scan.
    structure_factor, reduced_structure_factor
        S, dimensionless, and F, 1/angstrom, after the polynomial.
    r, pdf
        Grid in angstrom, and G(r) in 1/angstrom^2.
    scale
        s, electrons^2 per unit of intensity.
    polynomial
        B(Q), what the polynomial took out of F, 1/angstrom.
    """

    q: Array
    intensity: Array
    background: Array
    intensity_net: Array
    structure_factor: Array
    reduced_structure_factor: Array
    r: Array
    pdf: Array
    scale: float
    polynomial: Array


@lru_cache(maxsize=32)
def _averages(formula: str, grid: QGrid, wavelength: float | None) -> FormFactorAverages:
    return average_form_factors(parse_formula(formula), grid.q, wavelength=wavelength)


def least_squares_scale(intensity: Array, averages: FormFactorAverages) -> float:
    """PDFgetX3's scale s to electron units: least squares of <f^2>/<f>^2 on I/<f>^2, unweighted.

    Parameters
    ----------
    intensity
        Net intensity, any unit, shape (n,).
    averages
        Form factors on the same points.

    Returns
    -------
    float
        s in electrons^2 per unit of intensity.
    """
    u = intensity / averages.mean_squared
    t = averages.square_mean / averages.mean_squared
    return float(u @ t) / float(u @ u)


def structure_factor(intensity: Array, averages: FormFactorAverages) -> Array:
    """S = [I - (<f^2> - <f>^2)]/<f>^2 of intensities in electrons^2 per atom, shape (n,)."""
    return (intensity - averages.square_mean) / averages.mean_squared + 1


def polynomial_weights(degree: float) -> Array:
    """Weights of the orthonormal polynomials for a fractional degree.

    The correction is (1 - w) B_n + w B_(n+1), w the fraction of the degree; in an orthonormal basis of nested
    spaces this is weight 1 for the first n and w for the next.
    """
    whole = int(np.floor(degree))
    weights = np.ones(whole + 1)
    weights[-1] = degree - whole
    return weights if weights[-1] > 0 else weights[:-1]


def fitted_polynomial(reduced: Array, grid: QGrid, rpoly: float) -> Array:
    """PDFgetX3's correction B(Q): polynomial without constant term of degree rpoly (Q_last - Q_first)/pi.

    Parameters
    ----------
    reduced
        F as measured on the whole grid, 1/angstrom, shape (n,).
    grid
        Its grid.
    rpoly
        In angstrom.

    Returns
    -------
    ndarray
        B, shape (n,), 1/angstrom.
    """
    weights = polynomial_weights(rpoly * (grid.last - grid.first) * grid.dq / np.pi)
    if not len(weights):
        return np.zeros_like(reduced)
    basis = polynomial_basis(grid.first, grid.last, len(weights))
    return basis @ (weights * (reduced @ basis))


def lorch_window(q: Array, qmin: float, qmax: float) -> Array:
    """sin(pi x)/(pi x), x = (Q - qmin)/(qmax - qmin): Lorch, J. Phys. C 2 (1969) 229, as PDFgetX3 2.4 has it."""
    return np.asarray(np.sinc((q - qmin) / (qmax - qmin)), dtype=float)


def fourier_step(dq: float, rstep: float) -> float:
    """Step in r of PDFgetX3's Fourier transform: pi/(N dq), N the smallest power of two not coarser than rstep."""
    exponent = max(int(np.ceil(np.log2(np.pi / (dq * rstep)) - 1e-12)), 0)
    return float(np.pi / (2**exponent * dq))


def pair_distribution(reduced: Array, grid: QGrid, r: Array, rstep: float) -> Array:
    """G(r) as PDFgetX3 computes it: Fourier sum on a grid of its own, linear interpolation to r.

    Parameters
    ----------
    reduced
        F at the grid's first points, windowed, 1/angstrom, shape (m,); what is missing counts as zero.
    grid
        Grid of F.
    r
        Where G is wanted, angstrom, shape (p,).
    rstep
        Step that decides the transform's grid, angstrom.

    Returns
    -------
    ndarray
        G in 1/angstrom^2, shape (p,).
    """
    dr = fourier_step(grid.dq, rstep)
    count = int(np.ceil(r[-1] / dr)) + 2
    transformed = sine_transform(reduced, grid.dq, dr, count, first=grid.first)
    return np.interp(r, np.arange(count) * dr, transformed)


def r_grid(settings: ReductionSettings) -> Array:
    """rmin, rmin + rstep, ... up to rmax, angstrom."""
    count = int(np.floor((settings.rmax - settings.rmin) / settings.rstep + 1e-6)) + 1
    return settings.rmin + np.arange(count) * settings.rstep


def reduce_pattern(sample: Pattern, background: Pattern | None, settings: ReductionSettings) -> Reduction:
    """Reduce one pattern.

    Parameters
    ----------
    sample, background
        Checked patterns over Q; the background covers the sample.
    settings
        What to do.

    Returns
    -------
    Reduction
    """
    grid = uniform_grid(sample.q, settings.qmin, sample.upper_limit(settings.qmaxinst))
    q = grid.q
    averages = _averages(settings.composition, grid, None)
    index, weight = interpolation(q, sample.q)
    intensity = sample.at(index, weight)
    scaled_background = np.zeros_like(q)
    if background is not None:
        scaled_background = float(settings.background_scale) * np.interp(q, background.q, background.intensity)
    net = intensity - scaled_background
    scale = least_squares_scale(net, averages)
    reduced = q * (structure_factor(scale * net, averages) - 1)
    polynomial = fitted_polynomial(reduced, grid, settings.rpoly)
    reduced = reduced - polynomial

    kept = int(np.floor(min(settings.qmax, q[-1]) / grid.dq + 1e-9)) - grid.first + 1
    q, reduced = q[:kept], reduced[:kept]
    window = lorch_window(q, settings.qmin, settings.qmax) if settings.lorch else 1.0
    r = r_grid(settings)
    return Reduction(
        q=q,
        intensity=intensity[:kept],
        background=scaled_background[:kept],
        intensity_net=net[:kept],
        # At Q = 0 the fraction has the limit of its neighbours; 1 there keeps F = Q (S - 1) true.
        structure_factor=1 + np.divide(reduced, q, out=np.zeros_like(q), where=q > 0),
        reduced_structure_factor=reduced,
        r=r,
        pdf=pair_distribution(reduced * window, grid, r, settings.rstep),
        scale=scale,
        polynomial=polynomial[:kept],
    )


def reduce_scan(
    sample: xarray.Dataset, background: xarray.Dataset | None, settings: ReductionSettings
) -> xarray.Dataset:
    """Reduce a scan to I(Q), S(Q), F(Q) and G(r).

    Parameters
    ----------
    sample, background
        Scans: ``intensity`` and ``intensity_sd`` over ``two_theta`` (degree) or ``q`` (1/angstrom), with attributes
        ``wavelength``, ``time_per_point``, ``intensity_kind``, ``origin``. None: no background.
    settings
        What to do.

    Returns
    -------
    Dataset
        ``intensity``, ``background``, ``intensity_net``, ``structure_factor``, ``reduced_structure_factor`` over
        ``q``, ``pdf`` over ``r``; what was decided stands in the attributes.

    Raises
    ------
    InputError
        If scans, their pair or the range cannot be used; the message names the numbers.
    """
    pattern = read_pattern(sample, settings, name=_name(sample, "sample"))
    empty = None
    if background is not None:
        empty = read_pattern(background, settings, name=_name(background, "background"), wavelength=pattern.wavelength)
    check_pair(pattern, empty, settings)
    result = reduce_pattern(pattern, empty, settings)
    return as_dataset(result, pattern, settings, [d for d in (sample, background) if d is not None])


def _name(scan: xarray.Dataset, role: str) -> str:
    title = str(scan.attrs.get("title", "")).strip()
    return f"{role} ({title})" if title else role


def as_dataset(
    result: Reduction, sample: Pattern, settings: ReductionSettings, scans: list[xarray.Dataset]
) -> xarray.Dataset:
    """The dataset of a reduction, every variable with unit and long name."""
    import xarray

    from coherion.formats.netcdf import origin_of

    unit = {"counts": "counts", "counts_per_second": "counts/s"}.get(sample.kind, "arbitrary")
    on_q = {
        "intensity": (result.intensity, unit, "measured intensity of the sample"),
        "background": (result.background, unit, "background times its scale"),
        "intensity_net": (result.intensity_net, unit, "intensity without background"),
        "structure_factor": (result.structure_factor, "1", "total scattering structure factor S(Q)"),
        "reduced_structure_factor": (
            result.reduced_structure_factor,
            "1/angstrom",
            "reduced structure factor F(Q) = Q (S(Q) - 1)",
        ),
    }
    variables = {
        name: ("q", values, {"units": units, "long_name": long_name})
        for name, (values, units, long_name) in on_q.items()
    }
    variables["pdf"] = (
        "r",
        result.pdf,
        {"units": "1/angstrom^2", "long_name": "reduced pair distribution function G(r)"},
    )
    attrs = {
        "origin": origin_of(*scans),
        "composition": settings.composition,
        "qmin": settings.qmin,
        "qmax": settings.qmax,
        "qmaxinst": sample.upper_limit(settings.qmaxinst),
        "rpoly": settings.rpoly,
        "lorch": int(settings.lorch),
        "background_scale": float(settings.background_scale),
        "normalisation": result.scale,
    }
    if sample.wavelength is not None:
        attrs["wavelength"] = sample.wavelength
    return xarray.Dataset(
        variables,
        coords={
            "q": ("q", result.q, {"units": "1/angstrom", "long_name": "momentum transfer"}),
            "r": ("r", result.r, {"units": "angstrom", "long_name": "distance"}),
        },
        attrs=attrs,
    )


def text_files(
    reduction: xarray.Dataset, settings: ReductionSettings, sources: Sequence[str | os.PathLike[str]]
) -> dict[str, tuple[Array, Array, Array | None, dict[str, object]]]:
    """x, y, standard uncertainty of y or None, and header of the text files ``gr``, ``fq``, ``sq`` and ``iq``.

    The keys of the header are PDFgetX3's, so that PDFgui, diffpy and other readers of its files find theirs.

    Parameters
    ----------
    reduction
        As :func:`reduce_scan` returns it.
    settings
        What it was made with.
    sources
        The scan's file and, if there is one, the background's.
    """
    names = [Path(source).name for source in sources]
    header: dict[str, object] = {"dataformat": "twotheta", "inputfile": names[0]}
    if len(names) > 1:
        header["backgroundfile"] = names[1]
    header["mode"] = "xray"
    if "wavelength" in reduction.attrs:
        header["wavelength"] = float(reduction.attrs["wavelength"])
    header |= {
        "twothetazero": settings.two_theta_zero,
        "composition": settings.composition,
        "bgscale": float(reduction.attrs["background_scale"]),
        "rpoly": settings.rpoly,
        "qmaxinst": float(reduction.attrs["qmaxinst"]),
        "qmin": settings.qmin,
        "qmax": settings.qmax,
        "rmin": settings.rmin,
        "rmax": settings.rmax,
        "rstep": settings.rstep,
        "corrections": ", ".join(settings.corrections) or "none",
        "origin": reduction.attrs["origin"],
    }
    files = {}
    for kind, name in TEXT_VARIABLES.items():
        variable = reduction[name]
        sd = reduction.get(f"{name}_sd")
        files[kind] = (
            variable[variable.dims[0]].values,
            variable.values,
            None if sd is None else sd.values,
            header,
        )
    return files
