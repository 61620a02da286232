"""Odd values for every setting: what a command makes of each, with good files to read and limits of time and memory.

Each case changes one thing in settings that work: a key takes an odd value, an inner value of a list or mapping does,
a key of a mapping becomes another, or one is unknown. The command must end with a result or with one line.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import json
import multiprocessing
import os
import random
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hostile import harness
from hostile.commands import CONFIGURATION, PELLET, ROOT, SCHEMAS, load
from hostile.mutations import MAX_BYTES
from hostile.targets import NAMES
from made_spectra import complete, mpt_text

from coherion import command
from coherion.crystal.cif_input import read_cif
from coherion.data.pdf_text import format_pdf_text
from coherion.data.scans import text as scan_text
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.settings import configuration
from coherion.settings.plain import DEEPEST

# Processor seconds of one command: refinements of a hundred points take one or two.
TIME_LIMIT = 8.0
LONGEST_LINE = 2500


def nested(depth: int) -> Any:
    made: Any = "x"
    for _ in range(depth):
        made = [made]
    return made


ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.5, 3.5, 1e-9, -1e-9, 5e-324, 1e300, -1e300, 1.7e308, 100, 10**6, 1e12),
    *(2**31, 2**62, -(2**62), "", " ", "x", "nan", "inf", "1e5", "-1", "a\nb\x1b[2J\u2028", "x" * 5000, "é", "*", "?"),
    *("[", "(", "a = b", "../x", "{x}", "%s", "none", "all", "__class__", "\ud800", "1" * 400, "\0"),
    *([], [1], [[]], [None], ["x"], ["*"], [1, 2], [2, 1], [0, 0], [1e300, -1e300], [-1e300, 1e300], [None, None]),
    *(
        [1, "x"],
        ["x"] * 500,
        [[1, 2], [3, 4]],
        {},
        {"": 1},
        {"x": 1},
        {"*": 1},
        {"*": None},
        {"x": []},
        {"x": {"x": 1}},
    ),
    *({"x" * 300: "y"}, {"a\nb": 1}, nested(DEEPEST - 6), nested(DEEPEST + 1), 1e-3, 1e4, -273.15, 2024.5, [1e-300]),
)
# Text that is no JSON value of ours though Python reads it.
ODD_TEXT = ("NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "9" * 5000)


@dataclass(frozen=True)
class Stage:
    """A command with good files, the section of the configuration it reads, and settings that work."""

    arguments: tuple[str, ...]
    section: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Values of keys whose default is empty, so that their inner values can be changed."""
    leave: tuple[str, ...] = ()
    """Keys of the section that the rules read and not the command."""


REFINEMENT = {
    **{"fit_range": [2, 6], "stages": [{"free": ["scale"]}, ["lattice"]], "compare_envelopes": [], "profile": []},
    **{"max_evaluations": 30, "together": False, "values": {"x": 0.5}},
}
RECIPE: dict[str, Any] = {
    **{"fixed": {"delta2": 0, "B*.u_iso": None}, "start": {"a": 4.15, "delta2": "1 + x"}, "values": {"x": 0.5}},
    **{"bounds": {"scale": [0, None], "a": [4, 4.3]}, "shared": [["La*.u_iso", "B*.u_iso"]], "phases": ["one"]},
    **{"constraints": ["La1.u_iso = 2*B1.u_iso - x/100"], "compare_envelopes": ["lognormal"], "profile": ["scale"]},
}
ROW = {
    "file": "a.mpt",
    "temperature_C": 25,
    "cycles": "1",
    "temperature_sd_K": 1,
    "columns": "frequency,real,imaginary",
}
SERIES = configuration.read_yaml(ROOT / "config" / "simulation.yaml")
QUICK_SERIES = {
    "instrument": SERIES["instrument"] | {"two_theta_begin": 5.0, "two_theta_end": 9.0, "two_theta_step": 0.1},
    "spectra": SERIES["spectra"] | {"temperatures": [25], "frequency_low": 1000.0, "points_per_decade": 4},
    "samples": {"x10": SERIES["samples"]["x10"] | {"coherence_length": 30.0}},
    "atoms": 2000.0,
}
COLLECTED = ("--output", "OUT/s.tsv", "--exclusions", "OUT/e.tsv")
PATTERNS = (
    *("--ranges", "2-6", "--refinement", "{sample}.fit.nc", "--geometry", "{sample}.geometry.nc"),
    *("--validation", "none/{sample}", "--arrhenius", "none/{sample}"),
)
STAGES: dict[str, Stage] = {
    "import_scan": Stage(
        ("scan.xyd", "--output", "OUT/x.nc"),
        settings={
            "abscissa": "two_theta",
            "intensity_kind": "counts",
            "time_per_point": 60,
            "wavelength": 0.5594,
            "range_number": None,
        },
    ),
    "reduce_scan": Stage(
        ("scan.nc", "--output", "OUT/x.nc"),
        "reduction",
        {"composition": "LaB6", "qmax": 13.0, "rmax": 20.0, "rstep": 0.1, "mu_r": 0.5},
        {"corrections": ["polarisation", "absorption"], "wavelength": 0.5594, "density": 4.7, "qmaxinst": 15.0},
    ),
    "refine_structure": Stage(
        ("data.gr", "LaB6.cif", "--output", "OUT/x.nc", "--cif", "OUT/x.cif", "--fit", "OUT/x.fgr"),
        "refinement",
        REFINEMENT,
        RECIPE,
        ("fit_ranges", "resolution_from"),
    ),
    "refine_standard": Stage(
        ("data.gr", "LaB6.cif", "--output", "OUT/x.json"),
        "refinement",
        {"fit_range": [2, 20], "values": {"x": 0.5}, "compare_envelopes": []},
        RECIPE | {"stages": [{"free": ["scale", "lattice"], "name": "a"}, ["qdamp", "qbroad", "delta2"]]},
        ("fit_ranges", "resolution_from"),
    ),
    "measure_geometry": Stage(
        ("a.fit.nc", "LaB6.cif", "--output", "OUT/x.nc"),
        "geometry",
        {"polyhedra": [], "angles": []},
        {
            "polyhedra": [
                {"centre": "La1", "ligands": "B*", "count": 6, "spare": 2, "shape": "octahedron", "name": "b"}
            ],
            "angles": [{"atoms": ["a", "La1", "B1"], "name": "c"}],
            "bonds": [{"centre": "La1", "ligands": "B*", "longest": 3.5}],
            "bond_valence": {"La-B": [2.4, 0.37]},
        },
    ),
    "reflection_widths": Stage(
        (
            *("reduction.nc", "a.fit.nc", "LaB6.cif", "--standard", "reduction.nc"),
            *("--standard-structure", "LaB6.cif", "--output", "OUT/x.nc"),
        ),
        "reflection_widths",
        {},
        {},
        ("read",),
    ),
    "detect_side_phase": Stage(
        ("reduction.nc", "a.fit.nc", "LaB6.cif", "--side", "side.cif", "--output", "OUT/x.nc", "--table", "OUT/x.tsv"),
        "side_phase",
        {"reflection_q": 2.6, "window": [2.1, 3.2], "largest_rw": 1e9},
        {},
        ("structure",),
    ),
    "import_spectra": Stage(
        ("a.mpt", "--output", "OUT/x.nc"),
        "spectra",
        {"sample": "a", "rows": [{"file": "a.mpt", "temperature_C": 25}]},
        {"rows": [ROW]},
    ),
    "validate_spectra": Stage(
        ("spectra.nc", "--output", "OUT/x.nc"), "validation", {}, {"frequency_min": 10.0, "frequency_max": 1e6}
    ),
    "fit_circuits": Stage(
        ("validated.nc", "--output", "OUT/x.nc"),
        "circuits",
        {"restarts": 1},
        {
            **{"start": {"R1": 1e5}, "fixed": {"CPE2_1": 0.9}, "bounds": {"R1": [1, 1e9]}},
            **{"resistances": {"total": ["R1"]}},
        },
    ),
    "fit_arrhenius": Stage(("circuits.nc", "--output", "OUT/x.nc"), "arrhenius", json.loads(PELLET)),
    "collect_series": Stage(
        ("samples.tsv", "--scans", "scans.tsv", "--schemas", str(SCHEMAS), *PATTERNS, *COLLECTED),
        "series",
    ),
    "collect_alerts": Stage(
        (
            *("--ranges", "2-6", "--reduction", "reduction.nc", "--refinement", "{sample}.fit.nc"),
            *("--side-phase", "none", "--output", "OUT/a.tsv"),
        ),
        "quality",
        {"samples": ["a"]},
    ),
    "judge_claims": Stage(
        ("series.tsv", "--output", "OUT/x.tsv", "--correlation", "OUT/x.nc"),
        "claims",
        {"resamples": 200},
        {"columns": {"composition": "x"}},
    ),
    "simulate_scan": Stage(
        ("simulation.yaml", "x10", "--output", "OUT/x.raw", "--truth", "OUT/x.json"), settings=QUICK_SERIES
    ),
    "simulate_spectra": Stage(
        ("simulation.yaml", "x10", "--output", "OUT/x.mpt", "--truth", "OUT/x.json"), settings=QUICK_SERIES
    ),
    "tabulate_simulation": Stage(
        ("simulation.yaml", "--scans", "OUT/a.tsv", "--samples", "OUT/b.tsv", "--spectra", "OUT/c.tsv"),
        settings={},
    ),
    "check_tables": Stage(
        ("samples.tsv", "--output", "OUT/x.txt"),
        settings={"structures": {"a": ["LaB6.cif"]}, "refined": {"a": ["Na*.occupancy"]}},
    ),
}


@functools.cache
def schema() -> dict[str, Any]:
    return configuration.read_yaml(CONFIGURATION)["properties"]


def working(name: str) -> dict[str, Any]:
    """Settings of a stage that work, with a value for each key."""
    stage = STAGES[name]
    made = dict(stage.settings)
    if stage.section:
        for key, one in schema()[stage.section]["properties"].items():
            if key not in made and key not in stage.leave:
                made[key] = one.get("default")
    if name in ("simulate_scan", "simulate_spectra", "tabulate_simulation"):
        made = SERIES | made
    return made


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, outer ones first; of long lists the first two."""
    yield path
    inner = value.items() if isinstance(value, Mapping) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    made = copy.copy(value)
    made[path[0]] = replaced(value[path[0]], path[1:], new)
    return made


def cases(name: str) -> list[str]:
    """Settings as JSON texts, in an order that a seed decides elsewhere."""
    stage, base = STAGES[name], working(name)
    made: list[str] = []
    for key in base:
        good = stage.examples.get(key, base[key])
        # What the defaults already say need not be said; a line that a person could type is shorter.
        least = {k: v for k, v in base.items() if k in stage.settings}
        made.append(json.dumps(least | {key: good}))
        for path in places(good):
            made += [json.dumps(least | {key: replaced(good, path, odd)}) for odd in ODD]
            made += [json.dumps(least | {key: replaced(good, path, "ODD")}).replace('"ODD"', text) for text in ODD_TEXT]
            inner = functools.reduce(lambda v, k: v[k], path, good)
            if isinstance(inner, dict) and inner:
                first, *_ = inner
                rest = {k: v for k, v in inner.items() if k != first}
                made += [
                    json.dumps(least | {key: replaced(good, path, rest | {new: inner[first]})})
                    for new in ("", "x", "*", "a\nb", "x" * 300, "lattice", "é")
                ]
                made += [json.dumps(least | {key: replaced(good, path, rest)})]
    for key in stage.settings:
        made.append(json.dumps({k: v for k, v in stage.settings.items() if k != key}))
    made += [json.dumps(dict(stage.settings) | {key: 1}) for key in ("unknown", "", "a\nb\x1b[2J", "x" * 5000)]
    return [text for text in dict.fromkeys(made) if len(text) < MAX_BYTES]


def prepare(folder: Path) -> None:
    """Good files for every command, made by the commands before it."""
    x = np.arange(1.0, 85.0, 0.1)
    rng = np.random.default_rng(5)
    peaks = 1000 * sum(np.exp(-(((x - at) / 0.4) ** 2)) for at in (7.7, 10.9, 13.4, 15.5, 17.3, 22.0, 30.0))
    counts = rng.poisson(400 * np.exp(-x / 40) + peaks).astype(float)
    (folder / "scan.xyd").write_text(scan_text.format_scan_text(x, counts, form="xyd"))
    (folder / "a.mpt").write_text(mpt_text(NAMES, complete()))
    for kind in ("LaB6", "trigonal"):
        text = (ROOT / "config" / "structures" / f"{kind}.cif").read_text(encoding="utf-8")
        (folder / f"{'side' if kind == 'trigonal' else kind}.cif").write_text(text, encoding="utf-8")
    r = np.arange(0.0, 22.0, 0.05)
    truth = {"scale": 0.8, "delta2": 2.0, "qdamp": 0.02, "qbroad": 0.02}
    g = calculate(PairModel((read_cif(folder / "LaB6.cif"),), 13.0, envelope="none"), np.maximum(r, 0.01), truth)
    g += 0.05 * np.sin(7.3 * r) + 0.05 * np.sin(11.1 * r)
    (folder / "data.gr").write_text(format_pdf_text("gr", r, g, header={"qmax": 13.0}))
    (folder / "samples.tsv").write_text("sample\tcomposition\tscan\tstructure\tx\na\tLaB6\ts\tLaB6.cif\t0.5\n")
    (folder / "scans.tsv").write_text("scan\tfile\ns\tscan.xyd\n")
    (folder / "simulation.yaml").write_text((ROOT / "config" / "simulation.yaml").read_text(encoding="utf-8"))
    columns = ("a_A", "b_A", "coherence_length_A", "sigma_25C_S_per_cm", "activation_energy_eV", "rw", "zr_fraction")
    lines = ["\t".join(["sample", "x", "group", "origin", *(f"{c}\t{c}_sd" for c in columns)])]
    for k in range(1, 10):
        x_ = k / 10
        values = (6.9 - x_ / 10, 7.2 - x_ / 10, 140 - 90 * x_, 1e-6 * 10 ** (2 * x_), 0.5 - x_ / 20, 0.15, x_)
        lines.append(
            "\t".join([f"x{k}", str(x_), "as_milled", "simulated", *(f"{v:.6g}\t{v / 100:.3g}" for v in values)])
        )
    (folder / "series.tsv").write_text("\n".join(lines) + "\n")
    chain = (
        ("import_scan", "scan.xyd", "scan.nc", {"intensity_kind": "counts", "wavelength": 0.5594}),
        ("reduce_scan", "scan.nc", "reduction.nc", STAGES["reduce_scan"].settings),
        ("refine_structure", "data.gr LaB6.cif", "a.fit.nc", REFINEMENT),
        ("measure_geometry", "a.fit.nc LaB6.cif", "a.geometry.nc", {"polyhedra": [], "angles": []}),
        ("import_spectra", "a.mpt", "spectra.nc", STAGES["import_spectra"].settings),
        ("validate_spectra", "spectra.nc", "validated.nc", {}),
        ("fit_circuits", "validated.nc", "circuits.nc", {}),
    )
    before = Path.cwd()
    os.chdir(folder)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            for name, sources, target, settings in chain:
                load(name).main([*sources.split(), "--output", target, "--settings", json.dumps(settings)])
    finally:
        os.chdir(before)


def _child(connection, name: str, texts: list[str], folder: Path) -> None:
    """Try settings one after another; what a user would see of each goes back, or the traceback."""
    os.chdir(folder)
    harness.TIME_LIMIT = TIME_LIMIT
    module = load(name)
    for text in texts:
        out = Path(tempfile.mkdtemp(dir=folder))
        (out / "out").mkdir()
        line = [a.replace("OUT", str(out / "out")) for a in STAGES[name].arguments] + ["--settings", text]
        sys.argv = [f"{name}.py", *line]
        fault = None
        said = io.StringIO()
        code = 0
        connection.send(text)
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            try:
                with harness.limited(MAX_BYTES):
                    command.run(module.main)
            except SystemExit as ended:
                code = int(ended.code or 0)
            except harness.Endless:
                fault = f"more than {TIME_LIMIT} s of processor time\n{traceback.format_exc(limit=-4)}"
            except BaseException:
                fault = traceback.format_exc(limit=-4)
        connection.send((code, fault or poorly_told(code, said.getvalue(), out / "out")))
    connection.close()


def poorly_told(code: int, stderr: str, out: Path) -> str | None:
    lines = stderr.splitlines()
    errors = [one for one in lines if not one.startswith("WARNING: ")]
    left = [path.name for path in out.rglob("*") if path.is_file()]
    if notes := [one for one in errors if one.startswith("note (")]:
        return f"a warning that is not ours: {notes[0][:300]}"
    if code == 0:
        return None if left and not errors else f"neither a result nor an error: {errors[:2]}"
    if code != 1 or len(errors) != 1 or not errors[0].startswith("ERROR: "):
        return f"exit code {code} and not one line: {stderr[:500]}"
    if not errors[0].isprintable() or len(errors[0]) > LONGEST_LINE:
        return f"no printable line of a size to read: {errors[0][:300]!r}"
    return f"left behind {left}" if left else None


def run(name: str, texts: list[str], folder: Path) -> harness.Tally:
    """Settings tried in child processes: what kills one, or holds it, is a fault of these settings."""
    total = harness.Tally()
    waiting = list(texts)
    context = multiprocessing.get_context("fork")
    while waiting:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(sender, name, waiting, folder))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        sender.close()
        current = ""
        while waiting:
            ended = None
            if not receiver.poll(5 * TIME_LIMIT):
                child.kill()
                ended = "endless within a library"
            else:
                try:
                    got = receiver.recv()
                except EOFError:
                    child.join()
                    ended = f"the process died, exit code {child.exitcode}"
            if ended:
                total.faults.append((current.encode(), ended))
                waiting.pop(0)
                break
            if isinstance(got, str):
                current = got
                continue
            waiting.pop(0)
            code, fault = got
            if fault:
                total.faults.append((current.encode("utf-8", "surrogatepass"), fault))
            else:
                total.accepted += code == 0
                total.refused += code != 0
        child.join()
        receiver.close()
    return total


def sample(name: str, seed: int, count: int) -> list[str]:
    """Some of the cases, the same for the same seed."""
    every = cases(name)
    return random.Random(f"{name} {seed}").sample(every, min(count, len(every)))
