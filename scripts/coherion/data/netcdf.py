"""netCDF files between the rules: whole or absent, every variable with its unit, every file with its sources.

Attributes that every file carries:

``sources``        JSON, name and sha256 of each file the data came from
``settings``       JSON, the settings that were used
``versions``       JSON, version of coherion and of the libraries that computed
``origin``         ``measured`` or ``simulated``; simulated as soon as one source is

No time, user or path is stored, so that the same input gives the same file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coherion import __version__
from coherion.errors import InputError

if TYPE_CHECKING:
    import xarray

# By what the output of a command is known: variables or attributes that those who read it use.
HOLDS = {
    "import_scan": ("intensity", "abscissa", "intensity_kind", "origin"),
    "reduce_scan": ("q", "intensity", "background", "intensity_net", "structure_factor", "r", "pdf", "qmax", "origin"),
    "refine_structure": (
        *(
            "r",
            "observed",
            "calculated",
            "difference",
            "fitted_r",
            "fitted_observed",
            "parameter",
            "value",
            "standard_uncertainty",
        ),
        *("covariance", "covariance_scaled", "phases", "rw", "origin"),
    ),
    "measure_geometry": ("value", "standard_uncertainty", "covariance", "origin"),
    "detect_side_phase": ("q", "intensity", "side_reflection_z", "reflection_width", "excluded", "reason", "origin"),
    "import_spectra": (
        *("frequency", "impedance_real", "impedance_imaginary", "temperature", "temperature_sd", "cycle", "source"),
        "origin",
    ),
    "validate_spectra": (
        *("frequency", "impedance_real", "impedance_imaginary", "temperature", "temperature_sd", "cycle", "source"),
        *("kept", "valid", "verdict", "removal", "kramers_kronig_real", "kramers_kronig_imaginary", "origin"),
    ),
    "fit_circuits": (
        *("temperature", "temperature_sd", "resistance_name", "resistance", "resistance_sd", "resolved", "reason"),
        *("arc", "capacitance", "fitted_real", "fitted_imaginary", "origin"),
    ),
    "judge_claims": ("origin", "missing"),
    "fit_arrhenius": (
        *("temperature", "resistance_name", "conductivity", "conductivity_sd", "used", "exclusion"),
        *("activation_energy", "activation_energy_by_form", "ln_prefactor_by_form", "conductivity_reference", "origin"),
    ),
}
LIBRARIES = ("numpy", "scipy", "xarray", "netCDF4")
#: Below this much free space a failed write is put down to a full disk.
SPARE_BYTES = 1 << 20


def sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
    """Call ``write(temporary)`` and rename the result to ``path``, so that ``path`` is never half written.

    The temporary file stands in the same folder (a rename is atomic only within one file system) and is
    removed when ``write`` raises.

    Raises
    ------
    OSError
        Naming ``path``, if the disk is full or nothing may be written there.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # What a killed process left behind: nobody else writes this target now.
        leftover = re.compile(rf"\.{re.escape(target.stem)}\.[a-z0-9_]{{8}}{re.escape(target.suffix)}")
        for other in [other for other in target.parent.iterdir() if leftover.fullmatch(other.name)]:
            other.unlink(missing_ok=True)
        # The suffix is kept because savefig and netCDF choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=target.suffix, dir=target.parent)
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, os.fspath(target)) from problem
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except Exception as problem:
        # A failed write does not say which file it was, and HDF5 does not even say that the disk is full.
        full = shutil.disk_usage(target.parent).free < SPARE_BYTES
        temporary.unlink(missing_ok=True)
        if isinstance(problem, OSError) and problem.errno:
            raise OSError(problem.errno, problem.strerror, os.fspath(target)) from problem
        if full and isinstance(problem, OSError | RuntimeError):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(target)) from problem
        raise
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | os.PathLike[str], text: str, encoding: str = "utf-8") -> None:
    """Write a text file whole, with the line ends as they stand in ``text``."""
    write_whole(path, lambda temporary: temporary.write_bytes(text.encode(encoding)))


def origin_of(*datasets: xarray.Dataset) -> str:
    """``simulated`` if any of the datasets comes from a simulation, else ``measured``."""
    return "simulated" if any(d.attrs.get("origin") == "simulated" for d in datasets) else "measured"


def write_dataset(
    dataset: xarray.Dataset,
    path: str | os.PathLike[str],
    *,
    sources: Iterable[str | os.PathLike[str]] = (),
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Write a dataset as netCDF4 with its provenance.

    Parameters
    ----------
    dataset
        Every variable and coordinate carries ``units`` and ``long_name``; its ``origin`` attribute says
        ``measured`` or ``simulated``.
    path
        The file to make. It appears whole or not at all.
    sources
        The files the data came from; their names and hashes are stored.
    settings
        What the computation was told, stored as JSON.

    Raises
    ------
    ValueError
        If a variable lacks ``units`` or ``long_name``, or ``origin`` is missing: a mistake of ours.
    """
    for name, variable in dataset.variables.items():
        missing = {"units", "long_name"} - set(variable.attrs)
        if missing and not {"units", "calendar"} & set(variable.encoding):
            raise ValueError(f"variable {name!r} has no {' and no '.join(sorted(missing))}")
    if dataset.attrs.get("origin") not in ("measured", "simulated"):
        raise ValueError("dataset has no origin attribute ('measured' or 'simulated')")
    dataset = dataset.assign_attrs(
        sources=json.dumps({Path(s).name: sha256(s) for s in sources}, sort_keys=True),
        settings=json.dumps(dict(settings or {}), sort_keys=True),
        versions=json.dumps({"coherion": __version__} | {m: metadata.version(m) for m in LIBRARIES}),
        Conventions="CF-1.11",
    )
    encoding = {
        name: {"zlib": True, "complevel": 1}
        for name, variable in dataset.variables.items()
        if variable.dtype.kind in "fiu" and variable.size > 4096
    }
    write_whole(path, lambda temporary: dataset.to_netcdf(temporary, engine="netcdf4", encoding=encoding))


def read_dataset(path: str | os.PathLike[str], made_by: str | None = None) -> xarray.Dataset:
    """Read a netCDF file written by :func:`write_dataset` wholly into memory.

    Parameters
    ----------
    path
        The file.
    made_by
        The command whose output it should be, one of :data:`HOLDS`; None takes any.

    Raises
    ------
    InputError
        If the file is missing, not a netCDF file, damaged, or the output of another command.
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine="netcdf4") as stored:
            dataset = stored.load()
    except Exception as problem:  # a damaged file makes the library raise whatever it likes, KeyError to MemoryError
        raise InputError(
            "cannot be read as netCDF",
            file=path,
            found=getattr(problem, "strerror", None) or problem,
            expected="a file that a rule of coherion wrote",
            advice="delete it and run the workflow again",
        ) from problem
    missing = [name for name in HOLDS.get(made_by or "", ()) if name not in dataset and name not in dataset.attrs]
    if missing:
        raise InputError(
            f"is not what {made_by} writes",
            file=path,
            found=f"variables {', '.join(map(str, dataset.variables)) or 'none'}",
            expected=f"also {', '.join(missing)}",
            advice=f"give the output of {made_by}",
        )
    return dataset
