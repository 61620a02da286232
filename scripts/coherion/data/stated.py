"""What a file says of its own sources: names and SHA-256, as the commands wrote them into it.

=============  =======================================================================
``.nc``        attribute ``sources``, JSON
``.json``      key ``sources`` (resolution of a standard)
``.tsv``       lines ``# source NAME sha256 HEX`` at the head (numbers of a figure)
``.pdf``       ``Keywords`` of the document, JSON
``.svg``       ``dc:source`` of the metadata, JSON
``.png``       text chunk ``Source``, JSON
=============  =======================================================================

Names are those of the files, in figures with the folder they stand in: several sources of one figure are called alike.
"""

from __future__ import annotations

import html
import json
import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path

from coherion.as_read import digest_as_read

#: How the numbers beside a figure begin that shows nothing, before the reason.
LEFT_OUT = "# left out: "
_LINE = re.compile(r"# source (?P<name>.+) sha256 (?P<digest>[0-9a-f]{64})")
_PDF = re.compile(rb"/Keywords ?\(((?:[^()\\]|\\.)*)\)")
_SVG = re.compile(r"<dc:source>(.*?)</dc:source>", re.DOTALL)


def hashes_of(sources: Iterable[str | os.PathLike[str]]) -> dict[str, str]:
    """SHA-256 of each file by ``FOLDER/NAME``."""
    return {"/".join(Path(source).parts[-2:]).lstrip("/"): digest_as_read(source) for source in sources}


def reason_left_out(figure: str | os.PathLike[str]) -> str:
    """Why a figure (its PDF) shows nothing, as the numbers beside it say; empty where it shows something."""
    numbers = Path(figure).with_suffix(".tsv")
    lines = numbers.read_text(encoding="utf-8").splitlines() if numbers.exists() else []
    found = next((text for text in lines if not text.startswith("# source ")), "")
    return found.removeprefix(LEFT_OUT) if found.startswith(LEFT_OUT) else ""


def stated_sources(path: str | os.PathLike[str]) -> dict[str, str] | None:
    """Name and SHA-256 of the sources that a file names; None where it names none."""
    file = Path(path)
    read = {".nc": _netcdf, ".json": _json, ".tsv": _table, ".pdf": _pdf, ".svg": _svg, ".png": _png}.get(file.suffix)
    return read(file) if read is not None and file.is_file() else None


def _netcdf(path: Path) -> dict[str, str] | None:
    return _mapping(attributes(path).get("sources"))


def attributes(path: str | os.PathLike[str]) -> dict[str, str]:
    """Attributes of a netCDF file, without its variables; none where it cannot be read."""
    import netCDF4

    try:
        with netCDF4.Dataset(os.fspath(path)) as stored:
            return {name: str(stored.getncattr(name)) for name in stored.ncattrs()}
    except OSError:
        return {}


def _json(path: Path) -> dict[str, str] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return _mapping(json.dumps(content.get("sources"))) if isinstance(content, dict) else None


def _table(path: Path) -> dict[str, str] | None:
    found = {}
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if not line.startswith("#"):
                break
            if match := _LINE.fullmatch(line.rstrip("\n")):
                found[match["name"]] = match["digest"]
    return found or None


def _pdf(path: Path) -> dict[str, str] | None:
    match = _PDF.search(path.read_bytes())
    return _mapping(re.sub(rb"\\(.)", rb"\1", match[1]).decode("latin-1")) if match else None


def _svg(path: Path) -> dict[str, str] | None:
    match = _SVG.search(path.read_text(encoding="utf-8"))
    return _mapping(html.unescape(match[1])) if match else None


def _png(path: Path) -> dict[str, str] | None:
    content = path.read_bytes()
    place = 8
    while place + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        data = content[place + 8 : place + 8 + length]
        if kind == b"tEXt" and data.startswith(b"Source\0"):
            return _mapping(data.partition(b"\0")[2].decode("latin-1"))
        place += 12 + length
    return None


def _mapping(text: str | None) -> dict[str, str] | None:
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {str(name): str(digest) for name, digest in found.items()} or None
