"""Coherence lengths of 20 to 300 angstrom in simulated G(r): fitted against true, with profile intervals.

A cryolite Na3InCl6 in spherical domains, with the settings of the paper: Qmax 13, qdamp 0.011, qbroad 0.010, fit
range 2-60 angstrom. All 25 parameters are refined from a start that is off by 0.3 % in the lattice, 0.03 angstrom in
the coordinates and at 80 angstrom for the length, whatever the true one. Noise is white in G(r) on the Nyquist grid,
5 % of the root mean square of G(r) at 80 angstrom, the same for all lengths. Prints one JSON line and draws
docs/figures/coherence_length_recovery.svg and .png.

Run: ``python benchmarks/coherence_length.py [--draws 12]``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).resolve().parent.parent
# This file's own folder would hide packages behind the names of the benchmarks.
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]

LENGTHS = (20.0, 30.0, 40.0, 60.0, 80.0, 100.0, 140.0, 200.0, 300.0)
QMAX, LOW, HIGH = 13.0, 2.0, 60.0
TRUTH = {"scale": 0.9, "delta2": 2.0, "qdamp": 0.011, "qbroad": 0.010}
BOUNDS = (5.0, 5000.0)


def model_of():
    from coherion.crystal.crystal import Crystal, Site
    from coherion.pair_model.model import PairModel

    atoms = {
        "M1": ("In", (0, 0, 0), 0.018),
        "Na1": ("Na", (0, 0, 0.5), 0.030),
        "Na2": ("Na", (0.5133, -0.0519, 0.2474), 0.035),
        "Cl1": ("Cl", (0.1118, 0.0496, 0.2391), 0.024),
        "Cl2": ("Cl", (-0.2978, 0.1893, 0.0504), 0.022),
        "Cl3": ("Cl", (0.1781, 0.2932, -0.0687), 0.026),
    }
    sites = tuple(Site(label, x, ((element, 1.0),), u) for label, (element, x, u) in atoms.items())
    crystal = Crystal("cryolite", (6.915, 7.163, 9.928, 90, 90.28, 90), "P21/n", sites)
    return PairModel((crystal,), QMAX)


def recover(length: float, seed: int, model, sd: float) -> dict:
    """Refine one simulated G(r) and take the profile interval of its length."""
    import numpy as np

    from coherion.pair_model.evaluator import calculate
    from coherion.refinement.refine import nyquist_grid, profile_interval, refine

    generator = np.random.default_rng([seed, round(length)])
    truth = model.complete(TRUTH | {"coherence_length": length})
    from coherion.pair_model.model import MOTION, SHARED_DEFAULTS

    fixed = ("delta1", *SHARED_DEFAULTS, *MOTION[3:])
    free = [name for name in model.parameters if "occupancy" not in name and name not in fixed]
    r = nyquist_grid(QMAX, LOW, HIGH)
    g = calculate(model, r, truth) + generator.normal(0.0, sd, r.size)
    start = dict(truth) | {"coherence_length": 80.0, "delta2": 1.0, "scale": 1.0}
    bounds = {"coherence_length": BOUNDS, "delta2": (-5.0, 10.0)}
    for name in free:
        if name in ("a", "b", "c"):
            start[name] *= 1.003
        elif name.endswith((".x", ".y", ".z")):
            start[name] += generator.normal(0.0, 0.004)
        elif name.endswith("u_iso"):
            start[name], bounds[name] = 0.02, (0.0005, 0.3)
    result = refine(model, r, g, free=free, start=start, bounds=bounds, sd=np.full(r.size, sd), max_evaluations=200)
    interval = profile_interval(result, "coherence_length")
    return {
        "true": length,
        "fitted": result.values["coherence_length"],
        "sigma": result.standard_uncertainty("coherence_length"),
        "lower": interval.lower,
        "upper": interval.upper,
        "chi_squared_reduced": result.chi_squared_reduced,
        "rw": result.rw,
    }


def draw(rows: list[dict], folder: Path) -> None:
    import numpy as np

    from coherion.figures.plate import COLOURS, PAGE, Plate

    plate = Plate(1, 2, width=PAGE, height=3.0, origin="simulated")
    left, right = plate.panels
    ends = np.array([17.0, 360.0])
    plate.line(left, ends, ends, label="fitted = true", color="0.6", linewidth=0.8)
    plate.line(right, ends, ends * 0.0, label="fitted = true", color="0.6", linewidth=0.8)
    draws = sorted({row["seed"] for row in rows})
    width = 0.2 / max(len(draws), 1)
    for row in rows:
        true, fitted = row["true"], row["fitted"]
        place = true * (1.0 + width * (row["seed"] - np.mean(draws)))
        low = row["lower"] if row["lower"] is not None else 1.0
        high = row["upper"] if row["upper"] is not None else 1e4
        plate.points(left, true, fitted, label="fitted", color=COLOURS[0], ms=2)
        left.plot([true, true], [low, high], color=COLOURS[0], linewidth=0.7)
        plate.points(right, place, 100 * (fitted / true - 1), label="deviation", color=COLOURS[0], ms=2)
        right.plot([place, place], [100 * (low / true - 1), 100 * (high / true - 1)], color=COLOURS[0], linewidth=0.7)
    ticks = [20, 30, 40, 60, 80, 100, 140, 200, 300]
    for panel in (left, right):
        panel.axvline(HIGH, color="0.6", linestyle=":", linewidth=0.8)
        panel.set(xscale="log", xlim=ends, xlabel="true coherence length / Å")
        panel.set_xticks(ticks, [str(t) for t in ticks])
    left.annotate("end of the fit range", (HIGH, 19), (3, 0), textcoords="offset points", fontsize=6, color="0.4")
    left.set(yscale="log", ylim=ends, ylabel="fitted coherence length / Å")
    left.set_yticks(ticks, [str(t) for t in ticks])
    right.set(ylabel="(fitted / true - 1) / %", ylim=(-12, 12))
    for panel in (left, right):
        panel.minorticks_off()
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("svg", "png"):
        path = folder / f"coherence_length_recovery.{suffix}"
        plate.figure.savefig(path, metadata={"Date": None} if suffix == "svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=12, help="noise draws per length")
    parser.add_argument("--figures", type=Path, default=ROOT / "docs" / "figures", help="where the figure goes")
    given = parser.parse_args()
    import numpy as np

    from coherion.pair_model.evaluator import calculate
    from coherion.refinement.refine import nyquist_grid

    begun = time.process_time()
    model = model_of()
    at_80 = calculate(model, nyquist_grid(QMAX, LOW, HIGH), TRUTH | {"coherence_length": 80.0})
    sd = 0.05 * float(np.sqrt(np.mean(at_80**2)))
    rows = []
    for length in LENGTHS:
        for seed in range(given.draws):
            rows.append(recover(length, seed, model, sd) | {"seed": seed})
            print(f"{length:g} Å, draw {seed}: {rows[-1]['fitted']:.2f}", file=sys.stderr, flush=True)
    draw(rows, given.figures)
    inside = [
        (row["lower"] is None or row["lower"] <= row["true"]) and (row["upper"] is None or row["true"] <= row["upper"])
        for row in rows
    ]
    by_length = {}
    for length in LENGTHS:
        own = [row for row in rows if row["true"] == length]
        by_length[f"{length:g}"] = {
            "mean": round(float(np.mean([row["fitted"] for row in own])), 2),
            "scatter": round(float(np.std([row["fitted"] for row in own], ddof=1)), 2) if len(own) > 1 else None,
            "half_interval": round(
                float(np.median([0.5 * ((row["upper"] or np.inf) - (row["lower"] or 0.0)) for row in own])), 2
            ),
        }
    print(
        json.dumps(
            {
                "benchmark": "recovery of coherence lengths",
                "noise_sd": round(sd, 4),
                "refinements": len(rows),
                "share_inside_68_percent_interval": round(float(np.mean(inside)), 3),
                "by_length": by_length,
                "seconds": round(time.process_time() - begun, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
