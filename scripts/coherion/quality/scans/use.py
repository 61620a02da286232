"""What a sample's reduction makes of its scans, and where a scan contradicts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.scans.reader import KA1, KA2
from coherion.errors import InputError
from coherion.quality.alert import Alert, Told, told
from coherion.quality.scans.reflections import MOST_TOLD, SMOOTH, bragg_peaks, counted
from coherion.scattering.corrections.polarisation import monochromator_angle

if TYPE_CHECKING:
    import xarray

# Ka1 from which a wavelength may be off to the mean of Ka1 and Ka2, and what Ka2 adds to so many reflections, or such a
# share of those it is resolved from: about half their height, and little between and beyond. Resolved is what lies so
# many points apart.
KA_MEAN, KA2_FEWEST, KA2_SHARE, KA2_HEIGHTS, KA2_BESIDE, KA2_APART = 0.004, 5, 0.25, (0.35, 0.65), 0.25, 6
# Degrees between the monochromator of the settings and that of the file: graphite and Ge(111) differ by more.
MONOCHROMATOR = 0.2
# Of a scan more is used than this share; less than this share of what the others of a series reach is told, if so many
# others agree.
USED_OF_SCAN, REACHED_OF_OTHERS, FEWEST_OTHERS = 0.7, 0.8, 3


@dataclass(frozen=True)
class Use:
    """What a sample's reduction makes of its scans.

    ``background`` is None where none is subtracted; ``wavelength`` in angstrom is that of a scan that states none,
    ``qmin`` and ``qmax`` in 1/angstrom, the latter None for the end of the scan; ``monochromator`` None where no
    polarisation is corrected. ``structure`` is the file of its starting structure, None where there are several phases
    or none.
    """

    scan: str
    background: str | None = None
    background_scale: str | float = 1.0
    monochromator: str | float | None = None
    wavelength: float | None = None
    qmin: float = 0.0
    qmax: float | None = None
    structure: str | None = None


def uses_of(settings: Mapping[str, Any]) -> dict[str, Use]:
    """What each sample's reduction makes of its scans, from plain values by sample.

    Raises
    ------
    InputError
        If the values are no such thing.
    """
    try:
        return {sample: Use(**values) for sample, values in settings.items()}
    except (AttributeError, TypeError) as problem:
        raise InputError("does not say what is used of the scans", place="key scans", found=problem) from problem


def alerts_of_settings(scan: xarray.Dataset, use: Use) -> Iterator[Alert]:
    """Settings that the scan contradicts: a lower end of Q above its first reflections, another monochromator."""
    dim = str(scan.attrs["abscissa"])
    wavelength = scan.attrs.get("wavelength") or use.wavelength
    peaks = bragg_peaks(scan[dim].values, scan["intensity"].values, dim)
    if dim == "two_theta":
        peaks = 4 * np.pi / float(wavelength) * np.sin(np.radians(peaks / 2)) if wavelength else np.empty(0)
    if np.any(peaks < use.qmin):
        lost = peaks[peaks < use.qmin]
        yield Alert(
            "B",
            "qmin-cuts",
            use.qmin,
            "1/angstrom",
            float(lost[0]),
            "reduction.qmin",
            f"qmin {use.qmin:g} cuts {counted(lost.size, 'reflection')} off, the first at Q {lost[0]:.3g} 1/angstrom",
            "lower reduction.qmin below the first reflection",
        )
    there, used = _reach(scan, use)
    if there and used and used < USED_OF_SCAN * there:
        yield Alert(
            "B",
            "qmax-cuts",
            used,
            "1/angstrom",
            there,
            "reduction.qmax",
            f"the scan reaches Q {there:.4g} 1/angstrom, and {used:.4g} of it is used: G(r) resolves "
            f"{np.pi / used:.2g} angstrom in place of {np.pi / there:.2g}",
            "raise reduction.qmax and qmaxinst, unless what lies beyond is noise",
        )
    if dim == "two_theta" and wavelength:
        yield from _ka2(scan[dim].values, scan["intensity"].values, float(wavelength))
    spacing = float(scan.attrs.get("instrument_monochromator_d_star", 0.0))
    if spacing > 0 and wavelength and use.monochromator is not None and spacing * float(wavelength) < 2:
        measured = 2 * np.degrees(np.arcsin(spacing * float(wavelength) / 2))
        assumed = monochromator_angle(use.monochromator, float(wavelength))
        if abs(assumed - measured) > MONOCHROMATOR:
            yield Alert(
                "B",
                "monochromator",
                float(assumed),
                "degree",
                float(measured),
                "reduction.monochromator",
                f"the polarisation is corrected for a monochromator at {assumed:.2f} degree ({use.monochromator}), the "
                f"file says {scan.attrs.get('instrument_monochromator', 'one')} at {measured:.2f}",
                "set reduction.monochromator to the one of the instrument",
            )


def _reach(scan: xarray.Dataset, use: Use) -> tuple[float | None, float | None]:
    """Where a scan ends, and what of it is used, in 1/angstrom; None where its wavelength is not known."""
    dim = str(scan.attrs["abscissa"])
    wavelength = scan.attrs.get("wavelength") or use.wavelength
    end = float(scan[dim].values[-1])
    if dim == "two_theta":
        if not wavelength:
            return None, use.qmax
        end = 4 * np.pi / float(wavelength) * float(np.sin(np.radians(end / 2)))
    return end, end if use.qmax is None else min(use.qmax, end)


def _ka2(x: np.ndarray, y: np.ndarray, wavelength: float) -> Iterator[Alert]:
    """Reflections of Ka2 at the side of those of Ka1, where the lines are narrow enough to see them."""
    anode = next((name for name, line in KA1.items() if abs(wavelength / line - 1) < KA_MEAN), None)
    if anode is None:
        return
    ratio, step = KA2[anode] / KA1[anode], float(np.median(np.diff(x)))
    resolved, paired = 0, []
    for top in bragg_peaks(x, y):
        sine = ratio * np.sin(np.radians(top / 2))
        apart = 2 * np.degrees(np.arcsin(min(1.0, sine))) - top
        if apart < KA2_APART * step or top + 2 * apart > x[-1]:
            continue
        reach = max(SMOOTH["two_theta"] / 2, 3 * apart)
        base = float(np.median(y[slice(*np.searchsorted(x, (top - reach, top + reach)))]))
        own, half, *there, beyond = np.interp(top + apart * np.array([0, 0.5, 0.95, 1, 1.05, 1.5]), x, y) - base
        if half > KA2_BESIDE * own:
            continue
        resolved += 1
        if KA2_HEIGHTS[0] < max(there) / own < KA2_HEIGHTS[1] and beyond < KA2_BESIDE * own:
            paired.append(float(top))
    if len(paired) < max(KA2_FEWEST, KA2_SHARE * resolved):
        return
    places = ", ".join(f"{place:.4g}" for place in paired[:MOST_TOLD])
    yield Alert(
        "B",
        "ka2",
        float(len(paired)),
        "reflections",
        float(max(KA2_FEWEST, KA2_SHARE * resolved)),
        f"{places} degree",
        f"{len(paired)} of {resolved} resolved reflections (at {places} degree, ...) have another half as high where "
        f"Ka2 of {anode} puts it: two wavelengths, of which one is reckoned with",
        "measure with a monochromator for Ka1, or strip Ka2 before",
    )


def unlike_reach(scans: Mapping[str, xarray.Dataset], used: Mapping[str, Use]) -> Iterator[Told]:
    """Samples of which less is used, in Q, than of the others, which agree."""
    reached = ((sample, _reach(scans[use.scan], use)[1]) for sample, use in used.items() if use.scan in scans)
    ends = {sample: end for sample, end in reached if end is not None}
    for place, (sample, end) in enumerate(ends.items()):
        others = np.delete(np.array(list(ends.values())), place)
        if others.size < FEWEST_OTHERS:
            continue
        middle = float(np.median(others))
        alike = np.count_nonzero(np.abs(others / middle - 1) < 1 - REACHED_OF_OTHERS)
        if end < REACHED_OF_OTHERS * middle and alike >= 0.75 * others.size:
            text = f"G(r) is of Q up to {end:.4g} 1/angstrom, that of the other samples up to {middle:.4g}"
            advice = "is the scan cut short, or its wavelength or qmax wrong? Peaks of another width compare badly"
            yield from told(
                sample, "scan", [Alert("B", "unlike-qmax", end, "1/angstrom", middle, "qmax", text, advice)]
            )
