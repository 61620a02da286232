"""Scans in a maker's archive of parts: Rigaku ``.rasx`` and Bruker ``.brml``.

Both are zip files. Nothing is written to disk; members are bounded in number, in size and in how far they inflate,
before and while they do; XML that declares entities is refused.

- ``.rasx``: ``Data0/Profile0.txt`` with angle, intensity and the factor of the attenuator, which multiplies it, beside
  ``MesurementConditions0.xml``, whose elements say what the header of ``.ras`` does. Each ``Data`` is a range.
- ``.brml``: ``Experiment0/RawData0.xml``, each a range. A ``Datum`` is a row of numbers; which column is 2theta, the
  time, the attenuator and the counts the ``DataViews`` say. Intensities are stored with the attenuator taken into
  account, so that it changes their errors only. Frames of a line detector are no profile and refused.
"""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from xml.etree import ElementTree

import numpy as np

from coherion.data.scans import headers
from coherion.data.scans.made import (
    MAX_SCANS,
    MadeScan,
    check_number,
    check_points,
    evened,
    joined,
    scaled,
)
from coherion.data.scans.makers import PLAIN_TEXT, rigaku_scan
from coherion.data.scans.text import MAX_BYTES, decode, parse_scan_text
from coherion.errors import InputError

MAX_MEMBERS = 5000
# What a member may inflate to, of its compressed size: text of numbers is a tenth, XML of settings a fiftieth.
MOST_INFLATION = 150
_SMALL = 2**18  # bytes that any member may have
_START = b"PK\x03\x04"
_PROFILE = re.compile(r"Data(\d{1,6})/Profile\d{1,6}\.txt", re.I)
_CONDITIONS = re.compile(r"Data(\d{1,6})/Mea?surementConditions\d{0,6}\.xml", re.I)
_IMAGE = re.compile(r"Data\d{1,6}/Image\d{1,6}\.bin", re.I)
_RAW_DATA = re.compile(r"Experiment(\d{1,6})/RawData(\d{1,6})\.xml", re.I)
# What the library raises for archives that are damaged or locked.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, struct.error, LookupError)
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
# What stands in the conditions of .rasx, by the keys of .ras.
_RIGAKU = {
    "MEAS_SCAN_AXIS_X": "ScanInformation/AxisName",
    "MEAS_SCAN_UNIT_Y": "ScanInformation/IntensityUnit",
    "MEAS_SCAN_SPEED": "ScanInformation/Speed",
    "MEAS_SCAN_SPEED_UNIT": "ScanInformation/SpeedUnit",
    "MEAS_SCAN_STEP": "ScanInformation/Step",
    "MEAS_DATA_COUNT": "ScanInformation/DataCount",
    "HW_XG_TARGET_NAME": "HWConfigurations/XrayGenerator/TargetName",
    "HW_XG_WAVE_LENGTH_ALPHA1": "HWConfigurations/XrayGenerator/WavelengthKalpha1",
    "FILE_SAMPLE": "GeneralInformation/SampleName",
    "FILE_COMMENT": "GeneralInformation/Comment",
}


def is_archive(start: bytes) -> bool:
    """Whether a file that starts with these bytes is a zip archive."""
    return start.startswith(_START)


def scan_of_archive(data: bytes, path: str | os.PathLike[str], range_number: int | None = None) -> MadeScan:
    """The scan in a maker's archive.

    Raises
    ------
    InputError
        If the archive is of neither maker, damaged, larger inside than it may be, or its content cannot be used.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise InputError(
                    "is an archive of too many parts", file=path, found=len(members), expected=f"at most {MAX_MEMBERS}"
                )
            # The central directory may name a member twice: the first is read.
            names = {one.filename: one for one in reversed(members)}
            profiles = sorted((m for m in map(_PROFILE.fullmatch, names) if m), key=lambda m: int(m[1]))
            raw_data = sorted((m for m in map(_RAW_DATA.fullmatch, names) if m), key=lambda m: (int(m[1]), int(m[2])))
            if not profiles and not raw_data:
                pictures = any(_IMAGE.fullmatch(name) for name in names)
                raise InputError(
                    "is an archive with images of a detector, no profile" if pictures else "is an archive of no scan",
                    file=path,
                    found=", ".join(list(names)[:5]) or "no members",
                    expected="Rigaku .rasx (Data0/Profile0.txt) or Bruker .brml (Experiment0/RawData0.xml)",
                    advice=f"{PLAIN_TEXT} with the instrument's own program",
                )
            found = profiles or raw_data
            check_number(len(found), range_number, path)
            if range_number is not None:
                found = [found[range_number - 1]]
            elif len(found) > MAX_SCANS:
                raise InputError(
                    f"holds {len(found)} scans: a map, or a series of measurements",
                    file=path,
                    expected=f"one scan, or at most {MAX_SCANS} ranges of it",
                    advice="export the ones of the series each to a file of its own",
                )
            if profiles:
                conditions = {int(m[1]): name for name in names if (m := _CONDITIONS.fullmatch(name))}
                scans = []
                for one in found:
                    about = conditions.get(int(one[1]))
                    told = _member(archive, names[about], path) if about else None
                    scans.append(_rasx(_member(archive, names[one[0]], path), told, path, one[0]))
            else:
                scans = [_brml(_member(archive, names[one[0]], path), path, one[0]) for one in found]
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as problem:
        raise InputError(
            "is an archive that cannot be opened", file=path, found=problem, advice="copy or export it again"
        ) from problem
    return joined(scans, None, path)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: str | os.PathLike[str]) -> bytes:
    """A member's bytes, refused as soon as they are more than they may be, whatever the directory says."""
    limit = min(MAX_BYTES, _SMALL + MOST_INFLATION * member.compress_size)
    data = b""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            "a part of the archive is compressed in a way that no maker uses",
            file=path,
            place=member.filename,
            found=f"method {member.compress_type}",
            expected="stored or deflated",
        )
    if member.file_size <= limit:
        with archive.open(member) as stream:
            data = stream.read(limit + 1)
    if member.file_size > limit or len(data) > limit:
        raise InputError(
            "a part of the archive inflates too far",
            file=path,
            place=member.filename,
            found=f"{max(member.file_size, len(data))} bytes from {member.compress_size}",
            expected=f"at most {limit}",
        )
    return data


def _xml(data: bytes, path: str | os.PathLike[str], place: str) -> ElementTree.Element:
    # In UTF-16 the words would not be found; makers write UTF-8.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        raise InputError(
            "declares entities or is not UTF-8, which no such file needs",
            file=path,
            place=place,
            advice="export it again",
        )
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise InputError(
            "is no whole XML", file=path, place=place, found=problem, advice="copy or export the file again"
        ) from problem
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
    return root


def _rasx(profile: bytes, conditions: bytes | None, path: str | os.PathLike[str], place: str) -> MadeScan:
    keys: dict[str, str] = {}
    if conditions is not None:
        root = _xml(conditions, path, f"{place.split('/')[0]}, conditions")
        keys = {key: text for key, where in _RIGAKU.items() if (text := (root.findtext(where) or "").strip())}
    try:
        return rigaku_scan(parse_scan_text(decode(profile, path), path), keys, path)
    except InputError as problem:
        problem.place = ", ".join(part for part in (place, problem.place) if part)
        raise problem.in_file(path) from problem


def _brml(data: bytes, path: str | os.PathLike[str], place: str) -> MadeScan:
    root = _xml(data, path, place)
    routes = [one for one in root.iter("DataRoute") if one.find("Datum") is not None]
    route = next((one for one in routes if one.get("RouteFlag") == "Measured"), routes[0] if routes else None)
    if route is None:
        raise InputError("holds no measured points", file=path, place=place, expected="<Datum> in a <DataRoute>")
    columns = _columns(route, path, place)
    rows = [(one.text or "").split(",") for one in route.iterfind("Datum")]
    width = len(rows[0])
    if any(len(row) != width for row in rows) or max(columns.values()) >= width:
        raise InputError(
            "rows have not the columns that the file tells",
            file=path,
            place=f"{place}, <Datum>",
            found=" and ".join(str(n) for n in sorted({len(row) for row in rows})[:4]),
            expected=f"rows of one length, with column {max(columns.values()) + 1}",
        )
    wanted = list(columns)
    try:
        table = np.array([[float(row[columns[name]]) for name in wanted] for row in rows])
    except ValueError as problem:
        raise InputError(
            "holds a word among its numbers", file=path, place=f"{place}, <Datum>", found=problem
        ) from problem
    of = dict(zip(wanted, table.T, strict=True))
    x, y = of["TwoTheta"], of["counts"]
    check_points(x, y, path, place)
    factor = of.get("AbsorptionFactor", np.ones_like(y))
    times = of.get("MeasuredTime", np.zeros_like(y))
    if not (np.isfinite(times).all() and np.isfinite(factor).all() and np.all(factor > 0)):
        raise InputError(
            "factor of the attenuator or time is none",
            file=path,
            place=place,
            found=f"factor {factor.min():g}, time {times.min():g} s",
            expected="finite numbers, factors above 0",
        )
    even, time = evened(y, times, path)
    if time is None:
        time = _positive(route.findtext("ScanInformation/TimePerStep"))
    raw = y / factor
    # Stored to so many digits, quotients of whole counts are whole within rounding.
    whole = np.rint(raw)
    counts = bool(np.all(np.abs(raw - whole) <= 1e-6 * np.maximum(whole, 1.0)))
    y, dy, kind = scaled(whole if counts else raw, factor * even, "counts" if counts else None)
    anode = (root.findtext(".//TubeMaterial") or "").strip()
    return MadeScan(
        x=x,
        y=y,
        dy=dy,
        kind=kind,
        wavelength=_brml_wavelength(root),
        time=time,
        title=(root.findtext(".//SampleName") or "").strip()[:200],
        instrument={"anode": anode} if re.fullmatch("Ag|Mo|Cu|Co|Fe|Cr", anode) else {},
    )


def _columns(route: ElementTree.Element, path: str | os.PathLike[str], place: str) -> dict[str, int]:
    """Where in a row 2theta, counts, time and attenuator stand, by the views of the data."""
    views = list(route.iterfind("DataViews/RawDataView"))
    found: dict[str, int] = {}
    others: list[str] = []
    for view in views:
        start, length = (_whole(view.get(key)) for key in ("Start", "Length"))
        if start is None or length is None:
            raise InputError("a column stands nowhere", file=path, place=f"{place}, <RawDataView>", found=view.attrib)
        kind = view.get(_XSI_TYPE, "")
        if kind.endswith("FixedRawDataView") and view.get("LogicName") in ("MeasuredTime", "AbsorptionFactor"):
            found.setdefault(str(view.get("LogicName")), start)
        elif kind.endswith("VaryingRawDataView"):
            for shift, one in enumerate(view.iter("FieldDefinitions")):
                axis = one.get("AxisId") or one.get("FieldName") or ""
                if axis == "TwoTheta":
                    found.setdefault("TwoTheta", start + shift)
                else:
                    others.append(axis)
        elif kind.endswith("RecordedRawDataView") and "counts" not in found:
            recording = view.find("Recording")
            what = "" if recording is None else recording.get("Category") or "Count"
            if what not in ("", "Count"):
                continue
            if length != 1 or not kind.startswith("Recorded"):
                raise InputError(
                    "points are frames of a detector, no profile",
                    file=path,
                    place=f"{place}, <RawDataView>",
                    found=f"{length} channels per point",
                    expected="one intensity per point",
                    advice=f"{PLAIN_TEXT} after integration",
                )
            found["counts"] = start
    if not views:
        # Older files have no views: time, attenuator, 2theta, theta, counts.
        return {"MeasuredTime": 0, "AbsorptionFactor": 1, "TwoTheta": 2, "counts": 4}
    if "TwoTheta" not in found or "counts" not in found:
        raise InputError(
            "is no scan of 2theta" if "TwoTheta" not in found else "records no counts",
            file=path,
            place=f"{place}, <DataViews>",
            found=", ".join(others[:6]) or "no axis",
            expected="an axis TwoTheta and a recorded count",
        )
    return found


def _brml_wavelength(root: ElementTree.Element) -> float | None:
    node = root.find(".//WaveLengthAlpha1")
    if node is None:
        return None
    value = node.get("Value") or (node.text or "").strip()
    return headers.stated_wavelength([f"wavelength: {value} {'nm' if node.get('Unit') == 'nm' else ''}"])


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,6}", text) else None


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value <= 1e7 else None
