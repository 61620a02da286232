"""Measured powder patterns in CIF (pdCIF): the data names of the powder dictionary.

A pattern is a loop with intensities: ``_pd_meas_counts_total`` (counts), ``_pd_meas_intensity_total`` or
``_pd_proc_intensity_total``, ``_pd_proc_intensity_net`` (the latter three in any unit, with the standard uncertainty in
brackets behind each number). Angles stand in the loop (``_pd_meas_2theta_scan``, ``_pd_proc_2theta_corrected``) or as
the range of the block (``_pd_meas_2theta_range_min``, ``_inc``, ``_max``). Times and monitor counts that differ from
point to point are brought to one. Each block with a pattern is a range. Neutrons, electrons and times of flight are
refused.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import numpy as np

from coherion.data.scans.made import MAX_SCANS, MadeScan, check_number, check_points, evened, joined, scaled
from coherion.errors import InputError
from coherion.messages import warn

if TYPE_CHECKING:
    import gemmi

# In the order in which they are taken: what was measured before what was processed.
COUNTS = "_pd_meas_counts_total"
INTENSITIES = (COUNTS, "_pd_meas_intensity_total", "_pd_proc_intensity_total", "_pd_proc_intensity_net")
_PATTERN = re.compile(r"(?<!\S)(?:" + "|".join(INTENSITIES) + r")(?!\S)", re.I)
_ATOMS = re.compile(r"(?<!\S)_atom_site[_.]fract_x(?!\S)", re.I)
_OTHER_ABSCISSA = ("_pd_meas_time_of_flight", "_pd_proc_d_spacing", "_pd_proc_recip_len_q", "_pd_meas_position")
_NUMBER = re.compile(r"([+-]?)(\d{0,15})(?:\.(\d{0,15}))?(?:[eE]([+-]?\d{1,3}))?(?:\((\d{1,9})\))?")
_ANODE = re.compile(r"(?:^|[^A-Za-z])(Ag|Mo|Cu|Co|Fe|Cr)(?=$|[^a-z])")
_ABSENT = (".", "?")


def holds_pattern(text: str) -> bool:
    """Whether a text is a CIF with the intensities of a powder pattern."""
    return bool(re.search(r"^\s*data_", text, re.M | re.I) and _PATTERN.search(text))


def holds_atoms(text: str) -> bool:
    """Whether a CIF lists atoms, so that it is a structure too."""
    return bool(_ATOMS.search(text))


def scan_of_cif(text: str, path: str | os.PathLike[str], range_number: int | None = None) -> MadeScan:
    """The measured pattern of a CIF: the block with a number, or all whose angles follow on one another.

    Raises
    ------
    InputError
        If the text is no CIF, or its pattern is none of X-rays over 2theta.
    """
    import gemmi

    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError, OSError) as problem:
        raise InputError("not a CIF", file=path, found=problem, expected="the syntax of CIF") from problem
    blocks = [block for block in document if _intensities(block)]
    if not blocks:
        raise InputError("holds no measured pattern", file=path, expected=" or ".join(INTENSITIES))
    check_number(len(blocks), range_number, path)
    if range_number is not None:
        blocks = [blocks[range_number - 1]]
    elif len(blocks) > MAX_SCANS:
        raise InputError(
            f"holds {len(blocks)} patterns", file=path, expected="one", advice="name one in the table: range_number"
        )
    return joined([_pattern(block, path) for block in blocks], None, path)


def _intensities(block: gemmi.cif.Block) -> str:
    """The name of the intensities that are taken, empty if the block has none."""
    return next((name for name in INTENSITIES if any(v not in _ABSENT for v in block.find_loop(name))), "")


def _pattern(block: gemmi.cif.Block, path: str | os.PathLike[str]) -> MadeScan:
    place = f"data_{block.name}"
    probe = " ".join(_told(block, name) for name in ("_diffrn_radiation_probe", "_diffrn_radiation_type")).lower()
    if found := re.search(r"neutron|electron|muon|gamma", probe):
        raise InputError("is no pattern of X-rays", file=path, place=place, found=found[0], expected="x-ray")
    name = _intensities(block)
    y, sd, there = _numbers(block, name, path)
    x = _angles(block, name, y.size, path)
    told = _single(block, name[:8] + "_number_of_points", path)
    if told is not None and told != y.size:
        warn(f"{path}, {place}: holds {y.size} points, of {told:.0f} that it says were measured: was it cut short?")
    x, y, sd = x[there], y[there], sd[there]
    if not there.all():
        warn(f"{path}, {place}: {np.count_nonzero(~there)} points without an intensity were left out")
    check_points(x, y, path, f"{place}, {name}")
    times = _along(block, "_pd_meas_step_count_time", there, path)
    monitor = _along(block, "_pd_meas_counts_monitor", there, path)
    even, time = evened(y, times, path)
    if np.any(monitor > 0):
        if not np.all(monitor > 0):
            where = f"{place}, _pd_meas_counts_monitor"
            raise InputError("points have no monitor counts", file=path, place=where, expected="counts above 0")
        even = even * np.median(monitor) / monitor
    kind = "counts" if name == COUNTS and np.all((y >= 0) & (y == np.rint(y))) else None
    if name == COUNTS:
        y, dy, kind = scaled(y, even, kind)
    else:
        sure = np.isfinite(sd) & (sd > 0)
        if sure.any() and not sure.all():
            raise InputError(
                "some intensities have no standard uncertainty, others have",
                file=path,
                place=f"{place}, {name}, row {np.flatnonzero(~sure)[0] + 1}",
                found=f"{np.count_nonzero(~sure)} of {sure.size} without",
                expected="one in brackets behind each, or none at all",
            )
        dy = sd * even if sure.all() else None
        y = y * even
    # Names of the radiation write Greek letters as \a; the element stands before them.
    source = f"{_told(block, '_diffrn_source_target')} {_told(block, '_diffrn_radiation_type')}"
    anode = _ANODE.search(source)
    return MadeScan(
        x=x,
        y=y,
        dy=dy,
        kind=kind,
        wavelength=_wavelength(block, path),
        time=time,
        title=(_told(block, "_pd_phase_name") or _told(block, "_chemical_name_systematic") or block.name)[:200],
        instrument={"anode": anode[1]} if anode else {},
    )


def _told(block: gemmi.cif.Block, name: str) -> str:
    """A single value as text in one line, empty where the block is silent."""
    from gemmi import cif

    value = block.find_value(name)
    text = "" if value is None or value in _ABSENT else cif.as_string(value)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _number(text: str) -> tuple[float, float]:
    """A number and its standard uncertainty, NaN where there is none; both NaN for what is no number."""
    found = _NUMBER.fullmatch(text.strip("'\""))
    if found is None or not (found[2] or found[3]):
        return float("nan"), float("nan")
    power = int(found[4] or 0)
    value = float(f"{found[1]}{found[2] or 0}.{found[3] or 0}e{power}")
    spread = float(f"{found[5]}e{power - len(found[3] or '')}") if found[5] else float("nan")
    return value, spread


def _numbers(
    block: gemmi.cif.Block, name: str, path: str | os.PathLike[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values and uncertainties of a column, and where it has a value at all."""
    words = list(block.find_loop(name))
    there = np.array([word not in _ABSENT for word in words], dtype=bool)
    pairs = np.array([_number(word) for word in words]).reshape(-1, 2)
    wrong = np.flatnonzero(there & ~np.isfinite(pairs[:, 0]))
    if wrong.size:
        raise InputError(
            "is no number",
            file=path,
            place=f"data_{block.name}, {name}, row {wrong[0] + 1}",
            found=words[wrong[0]],
            expected="a number, with its standard uncertainty in brackets if it has one",
        )
    return pairs[:, 0], pairs[:, 1], there


def _single(block: gemmi.cif.Block, name: str, path: str | os.PathLike[str]) -> float | None:
    text = _told(block, name)
    if not text:
        return None
    value = _number(text)[0]
    if not np.isfinite(value):
        raise InputError("is no number", file=path, place=f"data_{block.name}, {name}", found=text, expected="a number")
    return value


def _along(block: gemmi.cif.Block, name: str, there: np.ndarray, path: str | os.PathLike[str]) -> np.ndarray:
    """A value for each point that is taken, 0 where the block does not tell one."""
    if len(block.find_loop(name)) == there.size:
        values, _, told = _numbers(block, name, path)
        return np.where(told, values, 0.0)[there]
    return np.full(np.count_nonzero(there), _single(block, name, path) or 0.0)


def _angles(block: gemmi.cif.Block, name: str, count: int, path: str | os.PathLike[str]) -> np.ndarray:
    """Angles of the points: of the same kind, measured or processed, as the intensities where there are such."""
    kinds = ("meas", "proc") if name.startswith("_pd_meas") else ("proc", "meas")
    for kind in kinds:
        column = {"meas": "_pd_meas_2theta_scan", "proc": "_pd_proc_2theta_corrected"}[kind]
        words = list(block.find_loop(column))
        if words and any(word not in _ABSENT for word in words):
            x, _, there = _numbers(block, column, path)
            if x.size != count or not there.all():
                raise InputError(
                    "angles and intensities differ in number",
                    file=path,
                    place=f"data_{block.name}, {column}",
                    found=np.count_nonzero(there),
                    expected=count,
                )
            return x
        low, step, high = (_single(block, f"_pd_{kind}_2theta_range_{end}", path) for end in ("min", "inc", "max"))
        if low is None or step is None:
            continue
        x = np.round(low + step * np.arange(count), 9)
        if not step > 0 or (high is not None and abs(x[-1] - high) > 0.5 * step):
            raise InputError(
                "the range of angles contradicts the number of points",
                file=path,
                place=f"data_{block.name}, _pd_{kind}_2theta_range_max",
                found=f"{low:g} to {'?' if high is None else f'{high:g}'} in steps of {step:g}, {count} points",
                expected=f"an end at {x[-1]:g}",
            )
        return x
    other = [one for one in _OTHER_ABSCISSA if len(block.find_loop(one))]
    raise InputError(
        "is no pattern over 2theta",
        file=path,
        place=f"data_{block.name}",
        found=", ".join(other) or "no angles",
        expected="_pd_meas_2theta_scan or _pd_meas_2theta_range_min, _inc, _max",
    )


def _wavelength(block: gemmi.cif.Block, path: str | os.PathLike[str]) -> float | None:
    """The wavelength in angstrom, of several the one of the highest weight, which is Ka1."""
    for name in ("_diffrn_radiation_wavelength", "_pd_proc_wavelength"):
        if len(block.find_loop(name)):
            values, _, there = _numbers(block, name, path)
            weights = np.zeros_like(values)
            if len(block.find_loop(f"{name}_wt")) == values.size:
                weights = np.nan_to_num(_numbers(block, f"{name}_wt", path)[0])
            if there.any():
                return float(values[there][np.argmax(weights[there])])
        elif (value := _single(block, name, path)) is not None:
            return value
    return None
