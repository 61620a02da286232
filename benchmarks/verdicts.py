"""How often each verdict is wrong: series of a known truth, drawn and judged, and every verdict counted.

A world says what is true of it: nothing at all; composition acts, along a line or with kinks; the coherence length
acts; microstrain acts and all lengths are alike; one sample is off by a decade; five samples. Each draw makes the table
that a refinement would report, with the readings of the damping: ``size`` takes microstrain for size (300 angstrom with
0.2, 0.5, 1 % come out as 264, 159, 98), ``size_strain`` is right with wider errors, and their AICc differ by what the
data say of the strain. Counted are the statements on trends and correlations. A false ``holds`` is one of a statement
that is not true in that world; where the truth is a matter of degree nothing is counted as false.

Run: ``python benchmarks/verdicts.py [--draws 100] [--worlds nothing,strain] [--processes 1] [--tables FOLDER]``; prints
the table of docs/claims.md and the false ``holds`` with the upper end of their one-sided 95 % interval (Clopper and
Pearson). A hundred draws of all worlds take about twenty minutes of one core.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

import numpy as np  # noqa: E402

MILLED = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
FIVE = (0.1, 0.3, 0.5, 0.7, 0.9)
K_ROOM = 8.617333262e-5 * 298.15
# 1/L of the reading 'size' rises by SLOPE e^2 (e in %) while that is small, and by less beyond.
SLOPE, BEND = 0.0118, 0.72

STRUCTURE = (
    *("reflections-shift", "zr-linear", "a-decreases", "b-decreases", "c-decreases", "volume-decreases"),
    *("beta-increases", "na-2b-linear", "na-2b-first", "octahedron-m-linear", "octahedron-na-shrinks"),
    *("angle-m1-m2-cl1", "angle-m1-m2-cl2", "angle-a-m-cl1", "angle-a-m-cl2"),
)
KINKS = ("a-steeper-zr-rich", "b-steeper-zr-rich", "c-steeper-zr-rich", "volume-steeper-zr-rich")
TOGETHER = ("correlation-pearson", "correlation-spearman", "exponent")


@dataclass(frozen=True)
class World:
    """What acts, and which statements are then true; ``open`` are those whose truth is a matter of degree."""

    title: str
    true: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    structure: str = "linear"
    lengths: str = "falling"
    conductivity: str = "nothing"
    compositions: tuple[float, ...] = MILLED
    annealed: bool = True
    outlier: bool = False
    errors: float = 1.0


FALLS = ("length-decreases", *STRUCTURE)
OPEN = ("correlation-pearson-all", "correlation-spearman-all", "exponent-all", "conductivity-sharper-linear")
# Energy and prefactor of the made series follow from sigma at room temperature: a rule of its own, left open.
ALWAYS_OPEN = ("meyer-neldel", "correlation-logarithmic")
BY_LENGTH = (*FALLS, *TOGETHER, "conductivity-rises", "length-influences-conductivity")

WORLDS: Mapping[str, World] = {
    "nothing": World("nothing", structure="flat", lengths="random"),
    "composition": World(
        "composition, a line",
        (*FALLS, *TOGETHER, "conductivity-rises", "composition-matters"),
        OPEN,
        conductivity="line",
    ),
    "kinked": World(
        "composition, kinks",
        (*FALLS, *KINKS, *TOGETHER, "conductivity-rises", "conductivity-sharper-log", "composition-matters"),
        OPEN,
        structure="kinked",
        conductivity="kinked",
    ),
    "length": World("length", BY_LENGTH, (*OPEN, "conductivity-sharper-log"), conductivity="length"),
    "strain": World(
        "strain", (*STRUCTURE, "conductivity-rises", "strain-explains-conductivity"), ("conductivity-sharper-linear",),
        lengths="constant", conductivity="strain",
    ),
    "strain-poor": World(
        "strain, errors ×10", (*STRUCTURE, "conductivity-rises", "strain-explains-conductivity"),
        ("conductivity-sharper-linear",), lengths="constant", conductivity="strain", errors=10.0,
    ),
    "outlier": World("nothing, one a decade off", structure="flat", lengths="random", outlier=True),
    "length-outlier": World(
        "length, one a decade off", BY_LENGTH, (*OPEN, "conductivity-sharper-log"), conductivity="length", outlier=True
    ),
    "five": World(
        "nothing, n = 5", structure="flat", lengths="random", compositions=FIVE, annealed=False
    ),
    "length-five": World(
        "length, n = 5", BY_LENGTH, (*OPEN, "conductivity-sharper-log"), conductivity="length", compositions=FIVE,
        annealed=False,
    ),
}  # fmt: skip


def draw(world: World, rng: np.random.Generator) -> list[dict[str, object]]:
    """The table of one series of a world, as the refinement and the impedance would report it."""
    samples = [(x, "") for x in world.compositions] + [(0.9, t) for t in (("200", "330") if world.annealed else ())]
    off = rng.integers(len(samples)) if world.outlier else None
    return [
        _row(world, rng, x, annealed, rng.choice([-1.0, 1.0]) if i == off else 0.0)
        for i, (x, annealed) in enumerate(samples)
    ]


def _row(world: World, rng: np.random.Generator, x: float, annealed: str, decades: float) -> dict[str, object]:
    name = f"x{round(100 * x):02d}" + (f"_{annealed}C" if annealed else "")
    row: dict[str, object] = {"sample": name, "x": x, "origin": "simulated", "annealing_C": annealed}
    row["group"] = "annealed" if annealed else "as_milled"
    row["excluded"] = "side phase" if x == 0.95 else ""

    def put(column: str, true: float, sd: float, scatter: float = 0.0) -> float:
        row[column] = true + float(np.hypot(sd, scatter)) * rng.normal()
        row[f"{column}_sd"] = sd
        return float(str(row[column]))

    if world.lengths == "falling":
        length = {"200": 72.0, "330": 120.0}.get(annealed, 140 - 105 * x) * np.exp(0.04 * rng.normal())
        strain = rng.uniform(0.1, 0.4)
    elif world.lengths == "random":
        length, strain = 90 * np.exp(0.25 * rng.normal()), rng.uniform(0.1, 0.4)
    else:
        length = 150.0 + 0.5 * rng.normal()
        strain = {"200": 0.45, "330": 0.2}.get(annealed, 0.7 * x / 0.9 + 0.03) * np.exp(0.05 * rng.normal())
    _damping(row, rng, length, strain, world.errors)

    acts = {
        "nothing": 0.0,
        "line": 2 * x,
        "kinked": 0.7 * x + 8 * max(0.0, x - 0.8),
        "length": -3 * np.log10(length / 140),
        "strain": 3 * strain,
    }[world.conductivity]
    scatter = 0.3 if world.conductivity == "nothing" else 0.05
    log_sigma = -6 + acts + scatter * rng.normal() + decades
    sigma = put("sigma_25C_S_per_cm", 10**log_sigma, 0.02 * 10**log_sigma)
    energy = put("activation_energy_eV", 0.5, 0.004, 0.01)
    row["ln_prefactor"] = np.log(sigma * 298.15) + energy / K_ROOM
    row["ln_prefactor_sd"] = float(np.hypot(0.004 / K_ROOM, 0.02))
    row["activation_energy_ln_prefactor_covariance_eV"] = 0.004**2 / K_ROOM

    u = 0.0 if world.structure == "flat" else x
    steep = max(0.0, x - 0.5) if world.structure == "kinked" else 0.0
    a = put("a_A", 6.92 - 0.06 * u - 0.15 * steep, 0.002, 0.003)
    b = put("b_A", 7.30 - 0.06 * u - 0.16 * steep, 0.002, 0.003)
    c = put("c_A", 10.12 - 0.09 * u - 0.22 * steep, 0.003, 0.004)
    row["volume_A3"], row["volume_A3_sd"] = a * b * c, 0.08
    for column, start, change, sd, spread in (
        ("beta_deg", 90.3, 0.3, 0.02, 0.02),
        ("zr_fraction", 0.0 if u else 0.5, 1.0, 0.01, 0.01),
        ("na_2b_occupancy", 0.95, -0.9, 0.01, 0.01),
        ("na_4e_occupancy", 0.97, -0.02, 0.005, 0.005),
        ("octahedron_M_volume_A3", 21.8, -1.5, 0.03, 0.03),
        ("octahedron_Na_volume_A3", 29.5, -2.0, 0.15, 0.1),
        ("prism_Na_volume_A3", 27.0, 0.0, 0.1, 0.1),
        ("angle_M1_M2_Cl1_deg", 62.0, -0.6, 0.05, 0.03),
        ("angle_M1_M2_Cl2_deg", 58.0, 1.9, 0.05, 0.03),
        ("angle_a_M_Cl1_deg", 72.0, 3.3, 0.05, 0.03),
        ("angle_a_M_Cl2_deg", 40.0, 2.8, 0.05, 0.03),
    ):
        put(column, start + change * u, sd, spread)
    return row


def _damping(row: dict[str, object], rng: np.random.Generator, length: float, strain: float, errors: float) -> None:
    """Readings of one G(r), strain in %: in each, 1/L with its error, e^2, AICc; and what is reported of them."""
    wide = errors * (150 / length) ** 0.6
    size_sd, square_sd = 4e-5 * wide, 3.6e-3 * wide
    error, strain_error = size_sd * rng.normal(), square_sd * rng.normal()
    square = strain**2 + strain_error
    pretended = SLOPE * strain**2 / (1 + BEND * strain**2)
    # The two-parameter fit is the one-parameter fit less what its own error of e^2 takes from 1/L.
    inverse = {
        "size": 1 / length + pretended + error,
        "size_strain": 1 / length + error - SLOPE * strain_error,
        "strain": 0.0,
        "lognormal": 1 / length + 0.7 * pretended + error + size_sd * rng.normal(),
        "spheroid": 1 / length + pretended + error + 0.5 * size_sd * rng.normal(),
    }
    sds = {
        "size": size_sd,
        "size_strain": float(np.hypot(size_sd, SLOPE * square_sd)),
        "strain": 0.0,
        "lognormal": 1.41 * size_sd,
        "spheroid": 1.12 * size_sd,
    }
    lost = (square / square_sd) ** 2
    aicc = {
        "size": 4000 + lost,
        "size_strain": 4002.0,
        "strain": 4000 + (inverse["size_strain"] / sds["size_strain"]) ** 2,
        "lognormal": 4002 + 0.7 * lost - rng.chisquare(1),
        "spheroid": 4002 + lost - rng.chisquare(1),
    }
    for name in inverse:
        row[f"inverse_length_as_{name}_per_A"] = inverse[name]
        row[f"inverse_length_as_{name}_per_A_sd"] = sds[name]
        row[f"aicc_as_{name}"] = aicc[name]
    for suffix in ("_as_size_strain", ""):
        row[f"microstrain_squared{suffix}"], row[f"microstrain_squared{suffix}_sd"] = square * 1e-4, square_sd * 1e-4
    row["microstrain_squared_as_strain"] = (strain * 1e-2 + 0.5 / length) ** 2
    row["microstrain_squared_as_strain_sd"] = square_sd * 1e-4
    best = min(aicc, key=lambda name: aicc[name])
    weights = {name: np.exp(-(aicc[name] - aicc[best]) / 2) for name in aicc}
    choice = sum(w * (inverse[n] - inverse[best]) ** 2 for n, w in weights.items()) / sum(weights.values())
    found = max(inverse[best], 1e-4)
    row["coherence_length_A"] = 1 / found
    row["coherence_length_A_sd"] = float(np.hypot(sds[best] or sds["size_strain"], np.sqrt(choice))) / found**2


def judged(task: tuple[str, int, str | None]) -> tuple[str, Counter[tuple[str, str]]]:
    """Verdicts of one drawn series."""
    from coherion.data.tables import write_table
    from coherion.paper.reading import read_paper
    from coherion.paper.statements import judge_one
    from coherion.settings.stages.claims import ClaimSettings
    from coherion.statistics.series import read_series

    name, number, folder = task
    rows = draw(WORLDS[name], np.random.default_rng([number, list(WORLDS).index(name)]))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(folder or scratch) / f"{name}_{number}.tsv"
        path.write_text(write_table(rows), encoding="utf-8")
        paper = read_paper(Path(__file__).parents[1] / "config" / "paper.yaml")
        series = read_series(path, paper.known)
    settings = ClaimSettings(resamples=500, exact_limit=5040)
    tested = [s for s in paper.statements if s.test.of_trend and s.id not in ALWAYS_OPEN]
    found = [judge_one(s, series, paper, settings) for s in tested]
    return name, Counter((claim.id, claim.verdict) for claim in found if not claim.note.startswith("missing"))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--worlds", default=",".join(WORLDS), help="names, separated by commas")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--tables", help="folder that keeps the tables drawn")
    given = parser.parse_args(argv)
    worlds = given.worlds.split(",")
    if given.tables:
        Path(given.tables).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    counts: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in worlds}
    tasks = [(name, number, given.tables) for name in worlds for number in range(given.draws)]
    with get_context("spawn").Pool(given.processes) as pool:
        for name, found in pool.imap_unordered(judged, tasks, chunksize=5):
            counts[name] += found
    report(counts, given.draws)
    print(f"\n{len(tasks)} series in {time.perf_counter() - start:.0f} s")


def report(counts: Mapping[str, Counter[tuple[str, str]]], draws: int) -> None:
    """Print the counts as a table in Markdown, false ``holds`` in bold, and the rates."""
    from scipy.special import betaincinv

    statements = list(dict.fromkeys(name for found in counts.values() for name, _ in found))
    print("| statement | " + " | ".join(WORLDS[name].title for name in counts) + " |")
    print("|---" * (len(counts) + 1) + "|")
    false: dict[str, list[tuple[int, str]]] = {name: [] for name in counts}
    for statement in statements:
        cells = []
        for name, found in counts.items():
            world = WORLDS[name]
            holds, fails, undecided = (found[statement, v] for v in ("holds", "fails", "undecided"))
            wrong = statement not in (*world.true, *world.open, *ALWAYS_OPEN)
            if not holds + fails + undecided:
                cells.append("–")
                continue
            text = f"{holds}/{fails}/{undecided}"
            cells.append(f"**{text}**" if wrong and holds else text + (" ✓" if statement in world.true else ""))
            if wrong:
                false[name].append((holds, statement))
        print(f"| `{statement}` | " + " | ".join(cells) + " |")
    print("\n| world | false statements | false `holds`, all | worst statement | its rate, upper 95 % limit |")
    print("|---|---|---|---|---|")
    for name, found in false.items():
        if found:
            worst, statement = max(found)
            upper = 1.0 if worst == draws else float(betaincinv(worst + 1, draws - worst, 0.95))
            rate = sum(n for n, _ in found) / (draws * len(found))
            print(
                f"| {WORLDS[name].title} | {len(found)} | {100 * rate:.2f} % | `{statement}` | "
                f"{100 * worst / draws:.0f} %, {100 * upper:.1f} % |"
            )


if __name__ == "__main__":
    main()
