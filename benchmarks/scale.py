"""Cost of many samples: planning a series of 10 to 1,000, running the impedance of some, and the rules of the series.

Prints one JSON line per size: seconds of processor time (not of the clock: machines are shared) and memory of the main
process to build the DAG of the whole analysis; for the sizes that are run, what Snakemake itself and what its jobs cost
per sample, start of their interpreter and imports included. ``loop_s`` is what ten million additions took meanwhile:
machines differ, and one that is shared differs from hour to hour by a factor of two. For the rules of the series one
sample's results stand under so many names, and the numbers of the table are spread over compositions before they are
judged; each rule's own processor time and memory are told, Snakemake's left out.
Run: ``python benchmarks/scale.py [--plan 10 100 1000] [--run 10 40 120] [--series 600 2000] [--figure]``; ``--figure``
draws docs/figures/scale_growth.svg and .png from the lines printed. ``--results`` names a finished run of the simulated
series that has the sample x50; without it the small series is run first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]


def make_series(folder: Path, samples: int) -> None:
    """A configuration with so many copies of one simulated sample, their spectra few and short."""
    import yaml

    series = yaml.safe_load((ROOT / "config/simulation.yaml").read_text())
    one = series["samples"]["x50"]
    series["samples"] = {f"s{number:04d}": one for number in range(samples)}
    series["spectra"] |= {"temperatures": [0, 25, 50], "points_per_decade": 5}
    config = folder / "config"
    config.mkdir(parents=True)
    (config / "simulation.yaml").write_text(yaml.safe_dump(series))
    tables = {name: str(config / f"{name}.tsv") for name in ("scans", "samples", "spectra")}
    options = [part for name, path in tables.items() for part in (f"--{name}", path)]
    make = [sys.executable, ROOT / "scripts/tabulate_simulation.py", config / "simulation.yaml", *options]
    subprocess.run(make, check=True, capture_output=True)
    settings = {
        "simulation": {"series": "config/simulation.yaml"},
        "paper": "config/paper.yaml",
        "reduction": {"corrections": "all"},
        "refinement": {"resolution_from": "LaB6", "fit_ranges": [[2, 60]]},
    }
    (config / "config.yaml").write_text(json.dumps(settings))


# Snakemake as its command runs it, telling at its end what it used itself, without its jobs, and the largest of these.
TOLD = "processor time of Snakemake itself and memory of a job: "
SNAKEMAKE = f"""
import atexit, resource
from snakemake.cli import main
used = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
jobs = lambda: resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
atexit.register(lambda: print({TOLD!r}, used(), jobs(), flush=True))
main()
"""


def loop() -> float:
    """Seconds of processor time of ten million additions."""
    began, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - began


def snakemake(folder: Path, *arguments: str | Path) -> tuple[float, float, float, float]:
    """Run Snakemake: processor time of its own and of its jobs (s), memory of the largest process and job (MB)."""
    command = [sys.executable, "-c", SNAKEMAKE, "--snakefile", ROOT / "Snakefile", "--directory", folder, *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(said[-3000:])
    own, job = map(float, said.rpartition(TOLD)[2].split()[:2])
    return own, used.ru_utime + used.ru_stime - own, used.ru_maxrss / 1024, job / 1024


def plan(samples: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "series"
        make_series(folder, samples)
        # --summary builds the DAG and does nothing with it; a dry run spends more on printing than on planning.
        seconds, _, memory, _ = snakemake(folder, "--summary")
    return {
        "samples": samples,
        "planning_cpu_s": round(seconds, 2),
        "memory_MB": round(memory),
        "loop_s": round(loop(), 2),
    }


def run(samples: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "series"
        make_series(folder, samples)
        raw = [f"results/simulated/truth/spectra/s{number:04d}.json" for number in range(samples)]
        targets = [f"results/arrhenius/s{number:04d}.nc" for number in range(samples)]
        snakemake(folder, *raw, "--cores", "1", "--quiet", "all")
        nothing, *_ = snakemake(folder, *raw, "--cores", "1", "--quiet", "all")
        own, jobs, memory, _ = snakemake(folder, *targets, "--cores", "1", "--quiet", "all")
    return {
        "samples": samples,
        "run_cpu_s": round(own + jobs, 2),
        "jobs_cpu_s_per_sample": round(jobs / samples, 3),
        "snakemake_cpu_s_per_sample": round((own - nothing) / samples, 3),
        "run_memory_MB": round(memory),
        "loop_s": round(loop(), 2),
    }


#: The rules of the series in the order in which they need one another, with a result of each.
OF_SERIES = {
    "check_tables": "checks.txt",
    "collect_alerts": "series/alerts.tsv",
    "collect_series": "series/series.tsv",
    "judge_claims": "claims.tsv",
    "write_tables": "tables",
    "draw_series": "figures/overview.pdf",
    "draw_all_samples": "figures/figure_S8.pdf",
    "measure_recovery": "series/recovery.tsv",
    "draw_recovery": "figures/recovery.pdf",
    "summarise_run": "summary/run.tsv",
    "write_supporting_information": "supporting_information.pdf",
    "build_page": "page.html",
    "write_crate": "ro-crate-metadata.json",
}


def copy_sample(results: Path, copies: Path, samples: int) -> None:
    """Hard links of all results of the sample x50 under so many names, and those of standard and empty capillary."""
    for path in sorted(p for p in results.rglob("*") if p.is_file()):
        inside = path.relative_to(results)
        parts = [part.partition(".") for part in inside.parts]
        names = [name for name, _, _ in parts]
        # A file that another run wrote counts as new, so that nothing before the series is made again.
        if "x50" in names:
            for number in range(samples):
                made = copies.joinpath(
                    *(
                        f"s{number:04d}{dot}{rest}" if name == "x50" else f"{name}{dot}{rest}"
                        for name, dot, rest in parts
                    )
                )
                made.parent.mkdir(parents=True, exist_ok=True)
                os.link(path, made)
        elif {"LaB6", "empty"} & set(names):
            made = copies / inside
            made.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, made)


def spread(table: Path) -> None:
    """The rows of a table of the series over compositions from 0 to 1, every number with its error and a trend."""
    import numpy as np

    header, *rows = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines())
    rng = np.random.default_rng(1)
    for number, row in enumerate(rows):
        x = number / len(rows)
        for place, name in enumerate(header):
            sd = row[header.index(f"{name}_sd")] if f"{name}_sd" in header else ""
            if sd:
                steep = {"sigma_25C_S_per_cm": 3.0, "coherence_length_A": -1.0}.get(name, -0.01)
                factor = np.exp(steep * (x - 0.5) + 0.02 * rng.normal() * (steep != -0.01))
                row[place] = repr(float(float(row[place]) * factor + float(sd) * rng.normal()))
        row[header.index("x")] = f"{x:.4f}"
    table.write_text("".join("\t".join(row) + "\n" for row in (header, *rows)), encoding="utf-8")


def series(samples: int, results: Path, keep: Path | None) -> list[dict[str, float | str]]:
    lines: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory(dir=results.parent) as made:
        folder = (keep or Path(made)) / f"series_of_{samples}"
        make_series(folder, samples)
        copy_sample(results, folder / "results", samples)
        for rule, result in OF_SERIES.items():
            arguments = ("--cores", "1", "--quiet", "all", "--rerun-triggers", "input", "--allowed-rules", rule)
            own, jobs, planning, memory = snakemake(folder, f"results/{result}", *arguments)
            if rule == "collect_series":
                spread(folder / "results" / result)
            written = (folder / "results" / result).stat().st_size / 1e6
            line = {"samples": samples, "rule": rule, "cpu_s": round(jobs, 1), "memory_MB": round(memory)}
            line |= {"written_MB": round(written, 2), "snakemake_cpu_s": round(own, 1), "snakemake_MB": round(planning)}
            lines.append(line)
            print(json.dumps(lines[-1]), flush=True)
    return lines


def draw(lines: list[dict[str, float]]) -> None:
    from coherion.figures.plate import COLOURS, MARKERS, PAGE, Plate

    plate = Plate(1, 2, width=PAGE, height=2.6)
    planning, running = plate.panels
    planned, ran = ([line for line in lines if key in line] for key in ("planning_cpu_s", "run_cpu_s"))
    if planned:
        x, y = [line["samples"] for line in planned], [line["planning_cpu_s"] for line in planned]
        plate.line(planning, x, y, label="whole analysis planned", color=COLOURS[0], marker=MARKERS[0])
        planning.axhline(20, color="0.5", linestyle="--", linewidth=0.7)
    planning.set(xscale="log", yscale="log", xlabel="samples", ylabel="processor time of planning / s")
    for number, (key, label) in enumerate(
        (("jobs_cpu_s_per_sample", "the job"), ("snakemake_cpu_s_per_sample", "Snakemake beside it"))
    ):
        if ran:
            x, y = [line["samples"] for line in ran], [line[key] for line in ran]
            plate.line(running, x, y, label=label, color=COLOURS[number], marker=MARKERS[number])
    running.set(xlabel="samples", ylabel="processor time per sample / s", ylim=(0, None))
    running.legend()
    with tempfile.TemporaryDirectory() as made:
        plate.save(Path(made) / "scale_growth.pdf")
        for suffix in (".svg", ".png"):
            (ROOT / f"docs/figures/scale_growth{suffix}").write_bytes(
                (Path(made) / f"scale_growth{suffix}").read_bytes()
            )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--plan", type=int, nargs="*", default=[10, 30, 100, 300, 1000], help="sizes to plan")
    arguments.add_argument("--run", type=int, nargs="*", default=[10, 40, 120], help="sizes whose impedance is run")
    arguments.add_argument("--series", type=int, nargs="*", default=[], help="sizes whose rules of the series are run")
    arguments.add_argument("--results", type=Path, help="finished run to take the sample x50 from")
    arguments.add_argument("--keep", type=Path, help="folder to leave the series in, to look at what was drawn")
    arguments.add_argument("--figure", action="store_true", help="draw docs/figures/scale_growth")
    given = arguments.parse_args()
    lines = []
    for measure, sizes in ((plan, given.plan), (run, given.run)):
        for size in sizes:
            lines.append(measure(size))
            print(json.dumps(lines[-1]), flush=True)
    if given.figure:
        draw(lines)
    if given.series and given.results is None:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "results").mkdir()
            snakemake(folder, "--cores", "2", "--quiet", "all", "--configfile", ROOT / "config/small.yaml")
            for size in given.series:
                series(size, folder / "results/small", given.keep)
    elif given.series:
        for size in given.series:
            series(size, given.results.resolve(), given.keep)


if __name__ == "__main__":
    main()
