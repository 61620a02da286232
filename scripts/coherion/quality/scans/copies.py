"""One measurement that stands for two: the same file or counts, another's times a factor, rows of another."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coherion.quality.alert import Alert, Told, told
from coherion.quality.scans.reflections import MOST_TOLD, UNITS, runs_of
from coherion.quality.scans.use import Use

if TYPE_CHECKING:
    import xarray

# Counts that are the same point by point in two scans: so many in a row, of so many counts or more.
COPIED, COPIED_COUNTS = 25, 20.0
BLOCK = (COPIED - 1) // 2
# With so many that follow a scan is compared, of those that have a block of it.
MOST_PAIRED = 10
# Scans of fewer points are not compared; the share of the intensity in the first half that copies have in common; how
# much less than by counting noise they differ.
SMALLEST, SAME_SHARE, SCALED_NOISE = 200, 1e-4, 0.1


def alerts_of_copies(
    scans: Mapping[str, xarray.Dataset], used: Mapping[str, Use], hashes: Mapping[str, Sequence[str]]
) -> Iterator[Told]:
    """Everything of this module, of the scans of a series; arguments as those of ``alerts_of_scans``."""
    yield from _same_files(used, hashes)
    alike: dict[tuple[str, bytes, bytes], list[str]] = {}
    for name, scan in scans.items():
        alike.setdefault(_content(scan), []).append(name)
    # Of a thousand scans with the same counts each is told with the next one: there are half a million pairs.
    twins = [pair for names in alike.values() for pair in itertools.pairwise(names)]
    different = {names[0]: scans[names[0]] for names in alike.values()}
    for one, other in [*twins, *_perhaps_copied(different)]:
        if not {*hashes.get(one, ())} & {*hashes.get(other, ())}:
            ways = _copied(scans[one], scans[other], other), _copied(scans[other], scans[one], other)
            # Of a scan that was thinned out, only its own points follow one another.
            yield from told(one, "scan", next(filter(None, map(list, ways)), []))
    yield from _scaled(different)


def _same_files(used: Mapping[str, Use], hashes: Mapping[str, Sequence[str]]) -> Iterator[Told]:
    """One measurement given for two: two samples, a sample and its background, two frames of one scan."""
    for name, own in hashes.items():
        if len(set(own)) < len(own):
            text = f"the same content stands under two names among the {len(own)} files of one scan: counted twice"
            alert = Alert("A", "same-file", 2.0, "1", 1.0, "column file", text, "name each frame once")
            yield Told(name, "scan", alert)
    holders: dict[str, list[str]] = {}
    emptied: dict[str, list[str]] = {}
    for sample in reversed(list(used)):
        for content in dict.fromkeys(hashes.get(used[sample].scan, ())):
            holders.setdefault(content, []).append(sample)
    for one, use in used.items():
        for content in hashes.get(use.background or "", ()):
            emptied.setdefault(content, []).append(one)
        contents = dict.fromkeys(hashes.get(use.scan, ()))
        for content in contents:
            holders[content].pop()
        # One alert for all samples that follow: of a thousand copies there are half a million pairs.
        if follow := max((holders[content] for content in contents), key=len, default=[]):
            names = use.scan, used[follow[-1]].scan
            more = f" (and {len(follow) - 1} more)" if len(follow) > 1 else ""
            what = f"samples {one} and {follow[-1]}{more} have the same scan"
            what += "" if names[0] == names[1] else f" under two names, {names[0]} and {names[1]}"
            number = 1.0 + len(follow)
            alert = Alert("A", "same-file", number, "1", 1.0, "column scan", what, "give each sample its own scan")
            yield Told(one, "scan", alert)
    for sample, use in used.items():
        if use.background is not None and set(hashes.get(use.scan, ())) & set(hashes.get(use.background, ())):
            text = f"a file of the background {use.background} is one of the sample's scan {use.scan} too"
            alert = Alert("A", "same-file", 2.0, "1", 1.0, "column background", text, "name the empty capillary's scan")
            yield Told(sample, "scan", alert)
        whose = (name for content in hashes.get(use.scan, ()) for name in emptied.get(content, ()) if name != sample)
        # Nobody refines the structure of an empty capillary.
        if use.structure is not None and (other := next(whose, None)):
            text = f"its scan {use.scan} is the background of sample {other}"
            alert = Alert("A", "same-file", 2.0, "1", 1.0, "column scan", text, "name the sample's own scan")
            yield Told(sample, "scan", alert)


def _content(scan: xarray.Dataset) -> tuple[str, bytes, bytes]:
    """What scans with the same counts at the same places have in common."""
    dim = str(scan.attrs["abscissa"])
    x, y = (hashlib.sha256(np.asarray(scan[name].values, float).tobytes()).digest() for name in (dim, "intensity"))
    return dim, x, y


def _scaled(scans: Mapping[str, xarray.Dataset]) -> Iterator[Told]:
    """Scans that are another one times a factor: two measurements differ by the noise of their counts besides.

    No two of them have the same counts. Each is told with one other.
    """
    grids: dict[tuple[str, bytes], list[tuple[float, str, np.ndarray, np.ndarray]]] = {}
    for name, scan in scans.items():
        dim, y = str(scan.attrs["abscissa"]), np.asarray(scan["intensity"].values, float)
        if "intensity_sd" in scan and y.size > SMALLEST and (total := float(y.sum())) > 0:
            share = float(y[: y.size // 2].sum()) / total
            grid = grids.setdefault((dim, np.asarray(scan[dim].values, float).tobytes()), [])
            grid.append((share, name, y, np.square(scan["intensity_sd"].values)))
    for alike in grids.values():
        alike.sort(key=lambda one: one[0])
        for place, (share, name, y, variance) in enumerate(alike):
            for other_share, other, z, other_variance in alike[place + 1 :]:
                if other_share > share + SAME_SHARE:
                    break
                factor = float(y.sum() / z.sum())
                noise = float(np.mean(variance + factor**2 * other_variance))
                if not float(np.mean((y - factor * z) ** 2)) < SCALED_NOISE * noise:
                    continue
                text = f"the scan is that of {other} times {factor:.4g}, without the noise of a measurement of its own"
                advice = "one measurement stands under two names: give each sample its own scan"
                alert = Alert("A", "same-file", factor, "1", 1.0, "column scan", text, advice)
                yield from told(name, "scan", [alert])
                break


def _perhaps_copied(scans: Mapping[str, xarray.Dataset]) -> list[tuple[str, str]]:
    """Pairs of scans, in order, of which :func:`_copied` could find something, among perhaps a million pairs.

    A run of COPIED points covers a whole one of the blocks into which a scan is divided, so that the counts of a block
    are looked up among the blocks of all other scans. Of many scans with the same block each is paired with the next
    MOST_PAIRED: a row that stands in a thousand files is told of each.
    """
    grids: dict[tuple[str, bytes], list[str]] = {}
    for name, scan in scans.items():
        dim = str(scan.attrs["abscissa"])
        grids.setdefault((dim, np.asarray(scan[dim].values, float).tobytes()), []).append(name)
    order = {name: place for place, name in enumerate(scans)}
    pairs = set()
    for (dim, own), (other_dim, others) in itertools.product(grids, repeat=2):
        if dim != other_dim:
            continue
        x, there = np.frombuffer(own), np.frombuffer(others)
        firsts = np.arange(0, x.size - BLOCK + 1, BLOCK)
        # Of many grids few share places, which the first and the last of each block tell soonest.
        if not (_same_places(x[firsts], there)[1] & _same_places(x[firsts + BLOCK - 1], there)[1]).any():
            continue
        k, together = _same_places(x, there)
        begins = [a for a in firsts.tolist() if together[a : a + BLOCK].all()]
        known: dict[int, list[int]] = {}
        for name in grids[dim, own]:
            for key in _blocks(scans[name]["intensity"].values, begins):
                known.setdefault(key, []).append(order[name])
        for name in grids[dim, others] if others != own else ():
            for key in _blocks(scans[name]["intensity"].values[k], begins):
                known.setdefault(key, []).append(order[name])
        for alike in known.values():
            alike.sort()
            for place, one in enumerate(alike):
                pairs |= {(one, other) for other in alike[place + 1 : place + 1 + MOST_PAIRED]}
    names = list(scans)
    return [(names[one], names[other]) for one, other in sorted(pairs)]


def _blocks(y: np.ndarray, begins: Sequence[int]) -> Iterator[int]:
    """A number for place and content of each block of counts that are high enough to tell a copy."""
    y = np.asarray(y, float)
    for begin in begins:
        block = y[begin : begin + BLOCK]
        if (np.abs(block) >= COPIED_COUNTS).all():
            yield hash((begin, block.tobytes()))


def _same_places(x: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each point of x the index of the one of another scan at the same place, and whether there is one."""
    k = np.clip(np.searchsorted(there, x - 1e-6), 0, there.size - 1)
    return k, np.abs(there[k] - x) < 1e-5


def _copied(scan: xarray.Dataset, other: xarray.Dataset, name: str) -> Iterator[Alert]:
    """Counts that are those of another scan point by point: rows pasted, or one file saved twice."""
    dims = [str(one.attrs["abscissa"]) for one in (scan, other)]
    x = scan[dims[0]].values
    k, together = _same_places(x, other[dims[1]].values)
    y, z = scan["intensity"].values, other["intensity"].values[k]
    # Equal constants say nothing: a flat or empty part is the same everywhere.
    equal = together & (y == z) & (np.abs(y) >= COPIED_COUNTS)
    runs = [(a, b) for a, b in runs_of(equal) if b - a >= COPIED and np.ptp(y[a:b]) > 0]
    if not runs:
        return
    points = sum(b - a for a, b in runs)
    places = ", ".join(f"{x[a]:g} to {x[b - 1]:g}" for a, b in runs[:MOST_TOLD])
    yield Alert(
        "A",
        "copied-rows",
        float(points),
        "points",
        float(COPIED),
        f"{places} {UNITS[dims[0]]}",
        f"{points} of {x.size} points are those of the scan {name}, count by count ({places} {UNITS[dims[0]]})",
        "one of the two files holds rows of the other: export both again",
    )
