"""Workbooks of spreadsheet programs, which are refused by name: a sheet does not say which of its numbers are meant."""

from __future__ import annotations

import os
from pathlib import PurePath

from coherion.errors import InputError

_ARCHIVE, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BY_ENDING = {
    ".xlsx": "Excel",
    ".xlsm": "Excel",
    ".xlsb": "Excel",
    ".xls": "Excel",
    ".ods": "LibreOffice or OpenOffice",
    ".numbers": "Numbers",
    ".opj": "Origin",
    ".opju": "Origin",
}
# What stands near the start of an archive: names of its parts, the kind of document.
_IN_ARCHIVE = {b"xl/": "Excel", b"opendocument.spreadsheet": "LibreOffice or OpenOffice", b"Index/Tables": "Numbers"}
_ORIGIN = (b"CPYA", b"CPYUA")


def refuse_spreadsheet(start: bytes, path: str | os.PathLike[str]) -> None:
    """Refuse a workbook, by its content.

    Parameters
    ----------
    start
        The first bytes of the file, some hundred at least.
    path
        The file.

    Raises
    ------
    InputError
        If the file is a workbook of Excel, LibreOffice, Numbers or Origin; it says what to do instead.
    """
    ending = _BY_ENDING.get(PurePath(path).suffix.lower())
    program = None
    if start.startswith(_ARCHIVE):
        program = next((name for mark, name in _IN_ARCHIVE.items() if mark in start), ending)
    elif start.startswith(_COMPOUND):
        program = ending or "Excel"
    elif start.startswith(_ORIGIN):
        program = "Origin"
    if program is not None:
        raise InputError(
            f"is a workbook of {program}, not a file of measured numbers",
            file=path,
            expected="what the instrument wrote, or text with named columns: frequency/Hz, Z'/ohm, Z''/ohm",
            advice="give the instrument's own file (.mpr, .mpt, .z, .DTA, ...), or save the sheet of each spectrum as "
            "text (CSV or tab-separated) with the names of the columns in the first line",
        )
