"""From a scan to I(Q), S(Q), F(Q) and G(r).

The quantities, for composition averages over the atoms:

I(Q)    intensity: measured, background subtracted, corrected
S(Q)    total scattering structure factor, [s I - (<f^2> - <f>^2)]/<f>^2, s the scale to electron units
F(Q)    reduced structure factor, Q (S - 1), 1/angstrom
G(r)    reduced pair distribution function, (2/pi) int F sin(Qr) dQ = 4 pi r (rho(r) - rho0), 1/angstrom^2

Without corrections the steps are those of PDFgetX3 2.x: Juhas, Davis, Farrow and Billinge, J. Appl. Cryst. 46
(2013) 560. docs/method-reduction.md has the equations, the module ``steps`` the arrays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from coherion.atoms.composition import check_formulas, parse_formula
from coherion.atoms.scattering_factors import anomalous_terms
from coherion.data.contract.diffraction import INTENSITY_UNITS, REDUCTION
from coherion.errors import InputError
from coherion.scattering.corrections.background import BackgroundScale
from coherion.scattering.pattern import Pattern, check_pair, read_pattern
from coherion.scattering.steps import Reduction, reduce_pattern
from coherion.settings.stages.reduction import ReductionSettings

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


def reduce_scan(
    sample: xarray.Dataset,
    background: xarray.Dataset | None,
    settings: ReductionSettings,
    further: Sequence[xarray.Dataset] = (),
) -> xarray.Dataset:
    """Reduce a scan to I(Q), S(Q), F(Q) and G(r).

    Parameters
    ----------
    sample, background
        Scans: ``intensity`` and ``intensity_sd`` over ``two_theta`` (degree) or ``q`` (1/angstrom), with attributes
        ``wavelength``, ``time_per_point``, ``intensity_kind``, ``origin``. None: no background.
    settings
        What to do.
    further
        Scans of further backgrounds, whose scales are ``settings.further_background_scales``.

    Returns
    -------
    Dataset
        ``intensity``, ``background``, ``intensity_net``, ``structure_factor``, ``reduced_structure_factor`` over
        ``q``, ``pdf`` over ``r``, each with ``_sd``, and ``pdf_nyquist`` with ``pdf_covariance`` over
        (``r_nyquist``, ``r_nyquist_2``);
        what was decided on the way stands in the attributes.

    Raises
    ------
    InputError
        If scans, their pair or the range cannot be used; the message names the numbers.
    """
    check_formulas(settings)
    pattern = read_pattern(sample, settings, name=_name(sample, "sample"))
    settings = settings.for_data_to(pattern.last_nonzero)
    scans = [*([] if background is None else [background]), *further]
    if len(scans) > 1 and len(settings.further_background_scales) != len(scans) - 1:
        raise InputError(
            "not as many scales as further backgrounds",
            place="key further_background_scales",
            found=len(settings.further_background_scales),
            expected=len(scans) - 1,
        )
    backgrounds = [
        read_pattern(scan, settings, name=_name(scan, "background"), wavelength=pattern.wavelength) for scan in scans
    ]
    check_pair(pattern, None, settings)
    for one in backgrounds:
        check_pair(pattern, one, settings)
    result = reduce_pattern(pattern, backgrounds, settings)
    return as_dataset(result, pattern, settings, [sample, *scans])


def _name(scan: xarray.Dataset, role: str) -> str:
    title = str(scan.attrs.get("title", "")).strip()
    return f"{role} ({title})" if title else role


def as_dataset(
    result: Reduction, sample: Pattern, settings: ReductionSettings, scans: Sequence[xarray.Dataset]
) -> xarray.Dataset:
    """The dataset of a reduction; ``scans`` are what it was made from."""
    from coherion.data.netcdf import origin_of

    names = ["intensity", "background", "intensity_net", "structure_factor", "reduced_structure_factor", "polynomial"]
    values = {name: getattr(result, name) for name in (*names, "pdf", "q", "r")}
    values["structure_factor_least"] = result.structure_factor_least
    if (errors := result.uncertainty) is not None:
        names = ["intensity_net_sd", "structure_factor_sd", "reduced_structure_factor_sd", "pdf_sd", "pdf_nyquist"]
        values |= {name: getattr(errors, name) for name in (*names, "pdf_covariance", "r_nyquist")}
        values["r_nyquist_2"] = errors.r_nyquist
    attributes = {"origin": origin_of(*scans)} | _attributes(result, sample, settings)
    return REDUCTION.dataset(values, attributes, intensity=INTENSITY_UNITS.get(sample.kind, "arbitrary"))


def _attributes(result: Reduction, sample: Pattern, settings: ReductionSettings) -> dict[str, Any]:
    """What was decided on the way, as values that netCDF holds."""
    scale = result.background_scale
    attributes: dict[str, Any] = {
        "composition": settings.composition,
        "qmin": settings.qmin,
        "qmax": settings.highest_q,
        "qmaxinst": sample.upper_limit(settings.qmaxinst),
        "rpoly": settings.rpoly,
        "lorch": int(settings.lorch),
        "corrections": ", ".join(settings.corrections) or "none",
        "background_scale": scale.value,
        "background_scale_sd": scale.sd,
        "background_scale_reason": scale.reason,
        **_further_scales(result.background_scales[1:]),
        "normalisation": result.normalisation.scale,
        "normalisation_method": result.normalisation.method,
        "fluorescence": result.normalisation.fluorescence,
        "polynomial_share": result.polynomial_share,
    }
    if sample.wavelength is not None:
        attributes["wavelength"] = sample.wavelength
    if "dispersion" in settings.corrections and sample.wavelength is not None:
        # What F(Q) was divided by: a model of it must scatter with the same factors.
        terms = {e: anomalous_terms(e, sample.wavelength) for e in parse_formula(settings.composition)}
        attributes["dispersion"] = json.dumps({e: [term.real, term.imag] for e, term in terms.items()})
    if result.corrections.mu_r is not None:
        attributes["mu_r"] = result.corrections.mu_r
    if (errors := result.uncertainty) is not None:
        for role, noise in (("sample", errors.sample_noise), ("background", errors.background_noise)):
            if noise is not None:
                attributes[f"{role}_noise_ratios"] = list(noise.ratios)
                attributes[f"{role}_noise_total"] = noise.total
                attributes[f"{role}_noise_total_sd"] = noise.total_sd
                attributes[f"{role}_noise_windows"] = noise.windows
    return attributes


def _further_scales(scales: Sequence[BackgroundScale]) -> dict[str, Any]:
    if not scales:
        return {}
    named = {"further_background_scales": "value", "further_background_scales_sd": "sd"}
    return {name: [getattr(scale, part) for scale in scales] for name, part in named.items()}


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
        "qmax": float(reduction.attrs["qmax"]),
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
