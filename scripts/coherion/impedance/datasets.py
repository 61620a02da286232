"""Dataset of the validation stage, and what the datasets of all impedance stages share.

All temperatures and cycles of a sample stand in one dataset, dimension ``spectrum`` (rows as in the spectra), ragged
in ``point`` and padded with NaN.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coherion.data.contract.impedance import VALIDATION
from coherion.data.tables import text_cell
from coherion.errors import InputError
from coherion.impedance.kramers_kronig import REASONS, validate_spectrum
from coherion.impedance.z_hit import drift_verdict, z_hit
from coherion.settings.stages.validation import ValidationSettings

if TYPE_CHECKING:
    import xarray


# Part of the points whose real part is positive, noise of dead ones aside.
_MOST = 0.9


def measured(spectra: xarray.Dataset, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of the points of one spectrum, their frequencies (Hz) and impedances (complex ohm), without padding."""
    f = spectra["frequency"].values[row]
    z = spectra["impedance_real"].values[row] + 1j * spectra["impedance_imaginary"].values[row]
    places = np.flatnonzero(np.isfinite(f) & np.isfinite(z))
    return places, f[places], z[places]


def validate_dataset(spectra: xarray.Dataset, settings: ValidationSettings) -> xarray.Dataset:
    """The spectra with the points that pass the Kramers-Kronig test marked, and what was removed and why.

    Parameters
    ----------
    spectra
        Dimensions (``spectrum``, ``point``), as the spectra stage writes it.
    settings
        Limits of the test.

    Returns
    -------
    Dataset
        The spectra and: ``kept``, ``removal`` (code), ``kramers_kronig_real``, ``kramers_kronig_imaginary``
        (residuals relative to \\|Z\\|), ``noise``, ``z_hit_residual`` by point; ``valid``, ``verdict``, ``drift``,
        ``kramers_kronig_largest``, ``kramers_kronig_noise``, ``kramers_kronig_correlation``, ``z_hit_drift``,
        ``removed`` (count) by spectrum.

    Raises
    ------
    InputError
        If there is no spectrum at all.
    """
    shape = spectra["frequency"].shape
    if shape[0] == 0:
        raise InputError("dataset holds no spectra", expected="one or more", advice="check the table of spectra")
    reason = np.full(shape, -1, dtype=np.int8)
    residual = np.full(shape, np.nan + 0j)
    modulus, local = np.full(shape, np.nan), np.full(shape, np.nan)
    valid, verdict, drift = np.zeros(shape[0], dtype=bool), [""] * shape[0], [""] * shape[0]
    largest, noise, correlation, moved = (np.full(shape[0], np.nan) for _ in range(4))
    for row in range(shape[0]):
        places, f, z = measured(spectra, row)
        try:
            found = validate_spectrum(f, z, settings)
        except InputError as problem:
            verdict[row] = problem.what
            continue
        reason[row, places] = found.reason
        residual[row, places] = found.residual
        valid[row], verdict[row] = found.valid, found.verdict + _mistaken(f, z, found.valid, settings)
        if valid[row] and _is_admittance(f, z):
            valid[row], verdict[row] = False, _ADMITTANCE
        largest[row], noise[row] = found.test.size.max(), found.test.noise
        correlation[row] = found.test.correlation
        local[row, places[found.kept]] = found.test.local_noise
        with contextlib.suppress(InputError):
            hit = z_hit(f[found.kept], z[found.kept])
            modulus[row, places[found.kept]], moved[row] = hit.residual, hit.drift
            drift[row] = drift_verdict(hit, found.residual[found.kept], settings.largest_drift)
    meanings = {-1: "no point", **REASONS}
    values = {
        "kept": reason == 0,
        "removal": reason,
        "kramers_kronig_real": residual.real,
        "kramers_kronig_imaginary": np.where(np.isnan(residual.real), np.nan, residual.imag),
        "valid": valid,
        "verdict": np.array(verdict, dtype=object),
        "removed": (reason > 0).sum(axis=1),
        "kramers_kronig_largest": largest,
        "kramers_kronig_noise": noise,
        "kramers_kronig_correlation": correlation,
        "noise": local,
        "z_hit_residual": modulus,
        "z_hit_drift": moved,
        "drift": np.array(drift, dtype=object),
    }
    made = spectra.assign(VALIDATION.made(values))
    made["removal"].attrs.update(
        flag_values=np.array(list(meanings), dtype=np.int8),
        flag_meanings=" ".join(text.replace(" ", "_") for text in meanings.values()),
    )
    return made


_ADMITTANCE = (
    "imaginary part above zero and a modulus that rises with frequency: an admittance (S), or its columns, in place of "
    "an impedance (ohm): check the columns of the file"
)
# Modulus at the highest frequency over that at the lowest.
_RISE = 10.0


def _mistaken(f: np.ndarray, z: np.ndarray, valid: bool, settings: ValidationSettings) -> str:
    """What a spectrum that does not pass would pass as: its columns exchanged, or with the other sign."""
    if valid:
        return ""
    others = {
        "the sign of the imaginary part reversed": z.conj(),
        "real and imaginary part exchanged": z.imag + 1j * z.real,
        "the second column as a phase in degrees and the first as its modulus": z.real
        * np.exp(1j * np.radians(z.imag)),
        "real part and reversed imaginary part exchanged": -z.imag - 1j * z.real,
    }
    for how, other in others.items():
        # No pellet has a negative resistance, which would pass as well.
        if np.mean(other.real > 0) > _MOST and validate_spectrum(f, other, settings).valid:
            return f"; it passes with {how}: check the columns of the file"
    return ""


def _is_admittance(f: np.ndarray, z: np.ndarray) -> bool:
    """Whether a spectrum stores no charge anywhere and its modulus rises with frequency, as that of no pellet does."""
    modulus = np.abs(z)
    return bool(np.mean(z.imag > 0) > _MOST and modulus[f.argmax()] > _RISE * modulus[f.argmin()])


def removal_table(validated: xarray.Dataset) -> str:
    """Every removed point, and every spectrum that may not be fitted, as tab-separated text with a header."""
    lines = []
    for row in range(validated.sizes["spectrum"]):
        name = [f"{validated['temperature'].values[row]:g}", *_origin(validated, row)]
        if not validated["valid"].values[row]:
            lines.append([*name, "", "", "", str(validated["verdict"].values[row])])
        for point in np.flatnonzero(validated["removal"].values[row] > 0):
            code = int(validated["removal"].values[row, point])
            lines.append(
                [
                    *name,
                    f"{validated['frequency'].values[row, point]:.6g}",
                    f"{validated['impedance_real'].values[row, point]:.6g}",
                    f"{validated['impedance_imaginary'].values[row, point]:.6g}",
                    REASONS[code],
                ]
            )
    header = ["temperature_C", "cycle", "source", "frequency_Hz", "Z_real_ohm", "Z_imaginary_ohm", "reason"]
    return tsv(header, lines)


# Names of the Battery Data Format where it has them; the rest says its unit.
_CLEANED = (
    *("temperature_C", "cycle", "source", "Frequency / Hz", "Real Impedance / ohm", "Imaginary Impedance / ohm"),
    *("used", "why_not", "fit_real_ohm", "fit_imaginary_ohm", "kramers_kronig_real", "kramers_kronig_imaginary"),
    "noise",
)


def cleaned_table(validated: xarray.Dataset, circuits: xarray.Dataset) -> str:
    """Every point of every spectrum with what became of it and its fit, as tab-separated text with a header.

    Parameters
    ----------
    validated, circuits
        What validate_spectra and fit_circuits wrote, rows alike.
    """
    v = {n: validated[n].values for n in map(str, validated.data_vars)}
    fitted = [circuits[n].values for n in ("fitted_real", "fitted_imaginary")]
    lines = []
    for row in range(validated.sizes["spectrum"]):
        name = [f"{v['temperature'][row]:g}", *_origin(validated, row)]
        refused = "" if v["valid"][row] else str(v["verdict"][row])
        for point in np.flatnonzero(v["removal"][row] >= 0):
            code = int(v["removal"][row, point])
            why = refused or (REASONS[code] if code else "")
            line = [*name, *(number(v[n][row, point], 9) for n in ("frequency", "impedance_real"))]
            line += [number(v["impedance_imaginary"][row, point], 9), "no" if why else "yes", why]
            line += [number(values[row, point]) for values in fitted]
            residuals = ("kramers_kronig_real", "kramers_kronig_imaginary", "noise")
            lines.append([*line, *(number(v[n][row, point], 4) if n in v else "" for n in residuals)])
    return tsv(_CLEANED, lines)


def _origin(dataset: xarray.Dataset, row: int) -> tuple[str, str]:
    return tuple(str(dataset[n].values[row]) if n in dataset else "" for n in ("cycle", "source"))  # type: ignore[return-value]


def tsv(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Tab-separated text; tabs and line ends inside a cell become blanks, and no cell is a formula."""
    rows = [header, *lines]
    return "".join("\t".join(text_cell(str(cell)) for cell in row) + "\n" for row in rows)


def number(value: float, digits: int = 6) -> str:
    """A number for a table; blank where there is none."""
    return f"{value:.{digits}g}" if np.isfinite(value) else ""
