"""netCDF files between the rules: whole or absent, as their contract declares them, every file with its sources.

What a file holds is declared in :mod:`coherion.data.contract`; nothing undeclared is written, and what is read is held
against the declaration.

Attributes that every file carries:

``sources``        JSON, name and sha256 of each file the data came from
``settings``       JSON, the settings that were used
``versions``       JSON, version of coherion and of the libraries that computed: those that its contract names and the
                   process had imported
``origin``         ``measured`` or ``simulated``; simulated as soon as one source is

No time, user or path is stored, so that the same input gives the same file.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coherion import __version__
from coherion.as_read import digest_as_read, note, written
from coherion.data.contract.contracts import CONTRACTS
from coherion.errors import InputError

if TYPE_CHECKING:
    import xarray

#: Libraries that every file is made with.
LIBRARIES = ("numpy", "xarray", "netCDF4")
#: Modules that read a library's tables without importing it.
_READERS = {"xraydb": "coherion.atoms.table"}
#: Below this much free space a failed write is put down to a full disk.
SPARE_BYTES = 1 << 20


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
        begin, leftover = f".{target.stem}.", re.compile(rf"[a-z0-9_]{{8}}{re.escape(target.suffix)}")
        # Asked of each of some thousand files each time that one of as many is written: the cheapest first.
        with os.scandir(target.parent) as there:
            names = [one.name for one in there if one.name.startswith(begin)]
        for name in names:
            if leftover.fullmatch(name, len(begin)):
                (target.parent / name).unlink(missing_ok=True)
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
        written(target)
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


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """Version of coherion and of each library that is installed."""
    found = {"coherion": __version__}
    for name in libraries:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _imported(library: str) -> bool:
    """Whether this process imported a library, or what reads its tables."""
    return _READERS.get(library, library) in sys.modules


def origin_of(*datasets: xarray.Dataset) -> str:
    """``simulated`` if any of the datasets comes from a simulation, else ``measured``."""
    return "simulated" if any(d.attrs.get("origin") == "simulated" for d in datasets) else "measured"


def write_dataset(
    dataset: xarray.Dataset,
    path: str | os.PathLike[str],
    made_by: str,
    *,
    sources: Iterable[str | os.PathLike[str]] = (),
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Write a dataset as netCDF4 with its provenance.

    Parameters
    ----------
    dataset
        What the contract of the command declares; its ``origin`` attribute says ``measured`` or ``simulated``.
    path
        The file to make. It appears whole or not at all.
    made_by
        The command whose output it is, one of :data:`coherion.data.contract.contracts.CONTRACTS`.
    sources
        The files the data came from; their names and hashes are stored.
    settings
        What the computation was told, stored as JSON.

    Raises
    ------
    ValueError
        If a variable or an attribute is not declared, has other dimensions or another unit, or is absent: a mistake
        of ours.
    """
    contract = CONTRACTS[made_by]
    if undeclared := contract.undeclared(dataset):
        raise ValueError(f"{made_by} declares no {', '.join(undeclared)}")
    if missing := contract.missing(dataset):
        raise ValueError(f"{made_by} declares {', '.join(missing)}, which the dataset lacks")
    for problem in contract.otherwise(dataset):
        raise ValueError(f"{problem.place} has {problem.found}; {made_by} declares {problem.expected}")
    if dataset.attrs["origin"] not in ("measured", "simulated"):
        raise ValueError(f"origin is {dataset.attrs['origin']!r}, neither 'measured' nor 'simulated'")
    dataset = dataset.assign_attrs(
        sources=json.dumps({Path(s).name: digest_as_read(s) for s in sources}, sort_keys=True),
        settings=json.dumps(dict(settings or {}), sort_keys=True),
        versions=json.dumps(versions_of((*LIBRARIES, *filter(_imported, contract.libraries)))),
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
        The command whose output it should be, one of :data:`coherion.data.contract.contracts.CONTRACTS`; None takes
        any.

    Raises
    ------
    InputError
        If the file is missing, not a netCDF file, damaged, or the output of another command.
    """
    import xarray

    note(path)
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
    if made_by is None:
        return dataset
    contract = CONTRACTS[made_by]
    if missing := contract.missing(dataset):
        raise InputError(
            f"is not what {made_by} writes",
            file=path,
            found=f"variables {', '.join(map(str, dataset.variables)) or 'none'}",
            expected=f"also {', '.join(missing)}",
            advice=f"give the output of {made_by}",
        )
    for other in contract.otherwise(dataset):
        raise InputError(
            f"is not what {made_by} writes",
            file=path,
            place=other.place,
            found=other.found,
            expected=other.expected,
            advice=f"give the output of {made_by}, or run it again",
        )
    return dataset
