"""Refine 25 parameters of a P21/n cell against G(r): ours beside diffpy.pdffit2 in one run, one JSON line.

The cell is a cryolite Na3InCl6 (20 atoms), the range 2-60 angstrom at Qmax 13: four lattice parameters, twelve
coordinates, six displacements, scale, delta2 and the diameter of spherical domains. The data come from pdffit2
itself, computed from r = 0.01 on its own grid of 0.01 angstrom, with noise of F(Q) added; both programs start from
the same point, in pdffit2's convention, each in a process of its own on one core. Rw is over all points of the range.
Times are of the processor, so that a busy machine does not blur the ratio; ``wall`` stands beside them.

Run: ``python benchmarks/refinement.py [--quick]``, and ``--growth`` to measure how the cost of one G(r) with its
derivatives grows with the range, the atoms and the parameters (docs/figures/refinement_growth.svg and .png).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).resolve().parent.parent
# This file's own folder would hide packages behind the names of the benchmarks.
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]

QMAX = 13.0
INSTRUMENT = {"qdamp": 0.011, "qbroad": 0.010}
ATOMS = {
    "M1": ("In", (0, 0, 0)),
    "Na1": ("Na", (0, 0, 0.5)),
    "Na2": ("Na", (0.5133, -0.0519, 0.2474)),
    "Cl1": ("Cl", (0.1118, 0.0496, 0.2391)),
    "Cl2": ("Cl", (-0.2978, 0.1893, 0.0504)),
    "Cl3": ("Cl", (0.1781, 0.2932, -0.0687)),
}
TRUTH = {
    "scale": 0.8,
    "delta2": 2.0,
    "coherence_length": 80.0,
    "M1.u_iso": 0.018,
    "Na1.u_iso": 0.030,
    "Na2.u_iso": 0.035,
    "Cl1.u_iso": 0.024,
    "Cl2.u_iso": 0.022,
    "Cl3.u_iso": 0.026,
}
START = {"scale": 1.0, "delta2": 1.0, "coherence_length": 60.0}


def crystal():
    from coherion.crystal.crystal import Crystal, Site

    sites = tuple(Site(label, x, ((element, 1.0),), 0.02) for label, (element, x) in ATOMS.items())
    return Crystal("cryolite", (6.915, 7.163, 9.928, 90, 90.28, 90), "P21/n", sites)


def problem():
    """The model, the 25 names, the true values and the start."""
    import numpy as np

    from coherion.pair_model.model import MOTION, SHARED_DEFAULTS, PairModel

    model = PairModel((crystal(),), QMAX, "pdffit", "sphere")
    fixed = ("delta1", *SHARED_DEFAULTS, *MOTION[3:])
    free = [name for name in model.parameters if "occupancy" not in name and name not in fixed]
    truth = model.complete(TRUTH | INSTRUMENT)
    start = dict(truth) | START
    generator = np.random.default_rng(11)
    for name in free:
        if name in ("a", "b", "c"):
            start[name] *= 1.003
        elif name.endswith((".x", ".y", ".z")):
            start[name] += generator.normal(0, 0.004)
        elif name.endswith("u_iso"):
            start[name] = 0.02
    return model, free, truth, start


def pdffit2_structure(values):
    """All atoms of the cell for pdffit2."""
    import numpy as np
    from diffpy.structure import Lattice, Structure

    from coherion.crystal.symmetry import displacement_frame

    own = crystal().with_values({k: v for k, v in values.items() if k in crystal().parameters})
    expanded = own.expand()
    inverse = np.linalg.inv(displacement_frame(np.array(own.lattice)))
    made = Structure(lattice=Lattice(*own.lattice))
    for n, x in enumerate(expanded.positions):
        tensor = inverse @ expanded.u_cartesian[n] @ inverse.T
        made.addNewAtom(own.sites[expanded.site[n]].species[0][0], x, U=tensor)
    return made, own, expanded


@contextlib.contextmanager
def silent():
    """pdffit2 talks on the process's own output, where the JSON line goes."""
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nothing:
        sys.stdout.flush()
        os.dup2(nothing.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(kept, 1)
            os.close(kept)


def make_data(path: Path, rmax: float) -> None:
    """G(r) from pdffit2 with noise of F(Q), on pdffit2's grid."""
    import numpy as np
    from diffpy.pdffit2 import PdfFit

    _, _, truth, _ = problem()
    r = np.arange(1, round(rmax * 100) + 1) * 0.01
    with silent():
        program = PdfFit(create_intro=False)
        program.add_structure(pdffit2_structure(truth)[0])
        program.alloc("X", QMAX, INSTRUMENT["qdamp"], r[0], r[-1], r.size)
        for name, value in (("qbroad", INSTRUMENT["qbroad"]), ("delta2", truth["delta2"]), ("pscale", truth["scale"])):
            program.setvar(name, value)
        program.setvar("spdiameter", truth["coherence_length"])
        program.calc()
        g = np.array(program.getpdf_fit())
    q = (np.arange(1300) + 0.5) * 0.01
    noise = np.random.default_rng(2).normal(size=q.size) * q
    white = np.zeros_like(r)
    for low in range(0, r.size, 500):
        white[low : low + 500] = np.sin(np.outer(r[low : low + 500], q)) @ noise
    inside = r > 2.0 - 1e-9
    white *= 0.05 * np.linalg.norm(g[inside]) / np.linalg.norm(white[inside])
    np.savez(path, r=r[inside], g=(g + white)[inside])


def run_ours(path: Path) -> dict:
    import numpy as np

    begun = time.perf_counter()
    from coherion.pair_model.evaluator import (
        Evaluator,  # noqa: F401
        calculate,
    )
    from coherion.refinement.refine import refine

    imported = time.perf_counter() - begun
    model, free, truth, start = problem()
    data = np.load(path)
    r, g = data["r"], data["g"]
    bounds = {name: (0.0005, 0.3) for name in free if name.endswith("u_iso")} | {"coherence_length": (10.0, 1000.0)}
    times = []
    for _ in range(6):
        wall, processor = time.perf_counter(), time.process_time()
        result = refine(model, r, g, free=free, start=start, bounds=bounds)
        times.append((time.process_time() - processor, time.perf_counter() - wall))
    fitted = calculate(model, r, result.values)
    pull = [(result.values[name] - truth[name]) / result.standard_uncertainty(name) for name in free]
    return {
        "seconds": float(np.median([t for t, _ in times[1:]])),
        "wall": float(np.median([w for _, w in times[1:]])),
        "seconds_first": times[0][0],
        "import_seconds": imported,
        "rw": float(np.linalg.norm(fitted - g) / np.linalg.norm(g)),
        "evaluations": result.evaluations,
        "largest_pull": float(np.max(np.abs(pull))),
        "parameters": len(free),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run_pdffit2(path: Path) -> dict:
    import numpy as np
    from diffpy.pdffit2 import PdfFit

    _, free, _, start = problem()
    data = np.load(path)
    r, g = data["r"], data["g"]
    made, own, expanded = pdffit2_structure(start)
    with silent():
        program = PdfFit(create_intro=False)
        program.add_structure(made)
        program.read_data_lists("X", QMAX, INSTRUMENT["qdamp"], list(r), list(g))
        program.pdfrange(1, r[0], r[-1])
        program.setvar("qbroad", INSTRUMENT["qbroad"])
        number = {name: k for k, name in enumerate(free, start=1)}
        for name, k in number.items():
            program.setpar(k, start[name])
        for name, k in {"a": 1, "b": 2, "c": 3, "beta": 5}.items():
            program.constrain(program.lat(k), f"@{number[name]}")
        for name, theirs in {"scale": "pscale", "delta2": "delta2", "coherence_length": "spdiameter"}.items():
            program.constrain(theirs, f"@{number[name]}")
        tilt = -np.cos(np.radians(own.lattice[4]))
        for n in range(len(expanded.site)):
            site = own.sites[expanded.site[n]]
            u = number[f"{site.label}.u_iso"]
            for variable in (program.u11, program.u22, program.u33):
                program.constrain(variable(n + 1), f"@{u}")
            program.constrain(program.u13(n + 1), f"{tilt:.12f}*@{u}")
            if f"{site.label}.x" not in number:
                continue
            rotation = own.structure.rotations[expanded.operation[n]]
            shift = expanded.positions[n] - rotation @ np.array(site.position)
            for row, variable in enumerate((program.x, program.y, program.z)):
                axis = int(np.flatnonzero(rotation[row])[0])
                k = number[f"{site.label}.{'xyz'[axis]}"]
                program.constrain(variable(n + 1), f"{shift[row]:.12f}{rotation[row, axis]:+.0f}*@{k}")
        wall, processor = time.perf_counter(), time.process_time()
        program.refine()
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        found = {name: program.getpar(k) for name, k in number.items()}
        fitted = np.array(program.getpdf_fit())
    return {
        "seconds": processor,
        "wall": wall,
        "rw": float(np.linalg.norm(fitted - g) / np.linalg.norm(g)),
        "coherence_length": found["coherence_length"],
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def compare(quick: bool) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        rmax = 20.0 if quick else 60.0
        make_data(path, rmax)
        found = {}
        for engine in ("ours", "pdffit2"):
            command = [sys.executable, __file__, "--engine", engine, "--data", str(path)]
            # The first run of ours fills the cache of compiled code where it is empty.
            for _ in range(2 if engine == "ours" else 1):
                done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[engine] = json.loads(done.stdout.splitlines()[-1])
    return {
        "benchmark": "refinement of 25 parameters",
        "range_angstrom": [2.0, rmax],
        "ours": found["ours"],
        "pdffit2": found["pdffit2"],
        "ratio": found["pdffit2"]["seconds"] / found["ours"]["seconds"],
        "ratio_first": found["pdffit2"]["seconds"] / found["ours"]["seconds_first"],
        "rw_not_worse": found["ours"]["rw"] <= found["pdffit2"]["rw"],
    }


def cost(model, names, rmax: float, values: dict) -> float:
    """Seconds of one G(r) with derivatives on the Nyquist grid: the least of several."""
    from coherion.pair_model.evaluator import Evaluator
    from coherion.refinement.refine import nyquist_grid

    evaluator = Evaluator(model, nyquist_grid(QMAX, 2.0, rmax), names)
    full = model.complete(values)
    evaluator.evaluate(full)
    times: list[float] = []
    while len(times) < 5 or (len(times) < 40 and sum(times) < 1.0):
        begun = time.process_time()
        evaluator.evaluate(full)
        times.append(time.process_time() - begun)
    return min(times)


def growth(folder: Path) -> dict:
    """Measure the cost against range, atoms and parameters, and draw it."""
    import numpy as np

    from coherion.crystal.crystal import Crystal, Site
    from coherion.figures.plate import COLOURS, PAGE, Plate
    from coherion.pair_model.model import PairModel

    _, free, truth, _ = problem()
    model = PairModel((crystal(),), QMAX)
    values = truth | {"coherence_length": 1000.0}
    ranges = [15.0, 20.0, 30.0, 45.0, 60.0, 80.0, 100.0, 150.0, 200.0]
    by_range = [cost(model, free, rmax, values) for rmax in ranges]
    counts = [1, 3, 6, 10, 15, 20, 25]
    chosen = [["scale", *[n for n in free if n != "scale"][: k - 1]] for k in counts]
    by_parameters = [cost(model, names, 60.0, values) for names in chosen]
    # A P1 supercell has all atoms free to move: the worst that symmetry can leave.
    sizes, by_atoms = [], []
    expanded = crystal().expand()
    for cells in (1, 2, 3, 4):
        sites = []
        for copy in range(cells):
            for n, x in enumerate(expanded.positions):
                element = crystal().sites[expanded.site[n]].species[0][0]
                place = (float(x[0] + copy) / cells, float(x[1]), float(x[2]))
                sites.append(Site(f"A{copy}_{n}", place, ((element, 1.0),), 0.02))
        big = Crystal("supercell", (6.915 * cells, 7.163, 9.928, 90, 90.28, 90), "P1", tuple(sites))
        own = PairModel((big,), QMAX)
        names = ["a", "b", "c", "beta", "scale", "delta2", "coherence_length"]
        sizes.append(len(sites))
        by_atoms.append(cost(own, names, 30.0, {"delta2": 2.0, "coherence_length": 1000.0} | INSTRUMENT))
    plate = Plate(1, 3, width=PAGE, height=2.3)
    for panel, x, y, label in zip(
        plate.panels,
        (ranges, counts, sizes),
        (by_range, by_parameters, by_atoms),
        ("largest r / Å", "free parameters", "independent atoms"),
        strict=True,
    ):
        plate.points(panel, x, np.array(y) * 1e3, label=label, color=COLOURS[0], marker="o")
        panel.set(xlabel=label, ylabel="one G(r) with derivatives / ms")
    for panel in plate.panels[1:]:
        panel.set_ylim(bottom=0)
    plate.panels[0].set(xscale="log", yscale="log", xlim=(12, 250))
    plate.panels[0].set_xticks([20, 50, 100, 200], ["20", "50", "100", "200"])
    plate.panels[0].minorticks_off()
    cube = np.array([60.0, 200.0])
    plate.line(
        plate.panels[0], cube, by_range[4] * 1e3 * (cube / 60.0) ** 3, label="cube of the range", color=COLOURS[3],
        linestyle="--",
    )  # fmt: skip
    plate.panels[0].legend(handles=plate.panels[0].lines[-1:])
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("svg", "png"):
        plate.figure.savefig(
            folder / f"refinement_growth.{suffix}", metadata={"Date": None} if suffix == "svg" else None
        )
    return {
        "benchmark": "growth of one G(r) with derivatives",
        "milliseconds_by_range": {f"{x:g}": round(1e3 * y, 2) for x, y in zip(ranges, by_range, strict=True)},
        "milliseconds_by_parameters": {x: round(1e3 * y, 2) for x, y in zip(counts, by_parameters, strict=True)},
        "milliseconds_by_atoms_P1_30_angstrom": {x: round(1e3 * y, 2) for x, y in zip(sizes, by_atoms, strict=True)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="range to 20 angstrom: seconds in place of a minute")
    parser.add_argument("--growth", action="store_true", help="measure and draw how the cost grows")
    parser.add_argument("--figures", type=Path, default=ROOT / "docs" / "figures", help="where --growth draws")
    parser.add_argument("--engine", choices=("ours", "pdffit2"), help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.engine:
        found = run_ours(given.data) if given.engine == "ours" else run_pdffit2(given.data)
    elif given.growth:
        found = growth(given.figures)
    else:
        found = compare(given.quick)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
