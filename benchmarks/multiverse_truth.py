"""Do the analyses of a multiverse hold the truth between them, and what share of them says what is true?

Small simulated series (five samples; seed, lengths, strains, and what the conductivity follows drawn anew for each) are
analysed as configured and under all choices mixed, by the paper file's own choices but for those that name samples. In
even series lengths fall with composition and the conductivity rises with it; in odd ones both lie about one value, and
the same statements are false. Counted is how often the central 95 % of the analyses, each spread by its stated error
(a mixture of normals), holds the true length, conductivity at 25 degC and activation energy, how wide it is beside the
stated 95 % of the configured analysis, and in which share of the analyses each statement holds.

Run: ``python benchmarks/multiverse_truth.py --results FOLDER [--series 40] [--first 0] [--pipelines 16]``; each series
is a file of FOLDER, and a run that was ended goes on with those that are missing. Two minutes of one core a series.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np  # noqa: E402

COMPOSITIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
QUANTITIES = ("coherence_length", "conductivity", "activation_energy")
STATEMENTS = ("length-decreases", "conductivity-rises")
STANDARD = "LaB6"
_DRAWS = 4000


def changes_of(number: int) -> dict[str, Any]:
    """What is true of a series, in the place of config/simulation.yaml."""
    rng = np.random.default_rng([number, 41])
    falls = number % 2 == 0
    samples = {}
    for x in COMPOSITIONS:
        length = (150 - 100 * x if falls else 95.0) * np.exp(0.06 * rng.normal())
        samples[f"x{100 * x:.0f}"] = {
            "x": x,
            "coherence_length": round(float(length), 2),
            "strain": round(rng.uniform(0.001, 0.004), 5),
            "packing_fraction": round(rng.uniform(0.49, 0.55), 3),
            "activation_energy": round(0.47 + 0.03 * rng.normal(), 4),
        }
    conductivity = {"intercept": -6.0, "length": 0.0, "composition": 1.5 if falls else 0.0, "strain": 0.0}
    conductivity |= {"scatter": 0.05, "activation_energy": {}}
    return {"seed": 7100 + number, "samples": samples, "conductivity": conductivity}


def simulated(number: int, folder: Path) -> dict[str, dict[str, float]]:
    """Write raw files, tables and their datasets; the truth by quantity and sample."""
    import import_scan
    import import_spectra
    import simulate_scan
    import simulate_spectra
    import tabulate_simulation

    from coherion.data.tables import read_rows
    from coherion.simulation.series import read_simulation
    from coherion.statistics.recovery import read_truth

    simulation, changes = str(ROOT / "config" / "simulation.yaml"), json.dumps(changes_of(number))
    series = read_simulation(simulation, changes_of(number))
    for name in ("scans", "spectra", "truth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    files = {name: str(folder / f"{name}.tsv") for name in ("scans", "samples", "spectra")}
    tables = [part for name, file in files.items() for part in (f"--{name}", file)]
    tabulate_simulation.main([simulation, "--settings", changes, *tables])
    rows = read_rows(files["spectra"], "sample", "file")
    truth: dict[str, dict[str, float]] = {name: {} for name in QUANTITIES}
    for name in (*series["samples"], series["standard"], series["background"]):
        raw, scan = folder / "scans" / f"{name}.raw", folder / "truth" / f"{name}.json"
        told = ["--settings", changes, "--output", str(raw), "--truth", str(scan)]
        simulate_scan.main([simulation, name, *told])
        import_scan.main([str(raw), "--output", str(folder / "scans" / f"{name}.nc")])
        if name not in series["samples"]:
            continue
        truth["coherence_length"][name] = float(read_truth(scan)["coherence_length"])
        own = [{k: v for k, v in row.items() if v} for row in rows if row["sample"] == name]
        spectra, said = [str(folder / row["file"]) for row in own], folder / "truth" / f"{name}_spectra.json"
        simulate_spectra.main([simulation, name, "--settings", changes, "--output", *spectra, "--truth", str(said)])
        told_rows = [
            {k: float(v) if k.startswith("temp") else v for k, v in row.items() if k != "sample"} for row in own
        ]
        settings = json.dumps({"sample": name, "rows": told_rows})
        output = str(folder / "spectra" / f"{name}.nc")
        import_spectra.main(["--folder", str(folder), "--settings", settings, "--output", output])
        known = read_truth(said)
        truth["conductivity"][name] = float(known["conductivity_25C"])
        truth["activation_energy"][name] = float(known["activation_energy"])
    return truth


def analysed(number: int, count: int) -> dict[str, Any]:
    """One series: the truth, and what every analysis came to."""
    import msgspec
    import xarray

    from coherion.data.series_tables import read_tables
    from coherion.data.tables import write_table
    from coherion.inputs.job_settings import JobSettings
    from coherion.multiverse.pipeline import USUAL_READING, run
    from coherion.multiverse.plan import pipelines
    from coherion.multiverse.workshop import Changes, Workshop
    from coherion.paper.reading import read_paper
    from coherion.settings.configuration import read_yaml
    from coherion.settings.paper.multiverse import LEFT_OUT
    from coherion.settings.run import configuration_from
    from coherion.statistics.series import read_series

    paper = read_paper(ROOT / "config" / "paper.yaml")
    multiverse = msgspec.structs.replace(
        paper.multiverse,
        choices=tuple(one for one in paper.multiverse.choices if one.key != LEFT_OUT),
        pipelines=count,
        statements=STATEMENTS,
        quantities=QUANTITIES,
        cold=0.0,
        seed=number,
    )
    paper = msgspec.structs.replace(paper, multiverse=multiverse)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with redirect_stdout(StringIO()):
            truth = simulated(number, folder)
        files = {name: str(folder / f"{name}.tsv") for name in ("samples", "scans", "spectra")}
        tables = read_tables(files, str(ROOT / "workflow" / "schemas"))
        configuration = configuration_from(read_yaml(ROOT / "config" / "config.yaml"))
        structures = {
            name: [str(ROOT / row["structure"])] for name, row in tables.samples.items() if "structure" in row
        }
        workshop = Workshop(JobSettings(configuration, tables, paper), folder, structures, "2-60")
        for name in truth["coherence_length"]:
            fit, _ = workshop.refinement(name, Changes(()), USUAL_READING, warm=False)
            assert fit.misfit is not None
            ended = xarray.Dataset(
                {"value": ("parameter", [one.value for one in fit.parameters])},
                {"parameter": [one.name for one in fit.parameters]},
                {"misfit_near": fit.misfit.near, "misfit_far": fit.misfit.far},
            )
            # What a warm start reads of the configured run.
            workshop.kept["file", f"refinement/{name}/2-60.nc", "null"] = ended
        rows = [
            {"sample": name, "x": row["x"], "group": row["group"], "excluded": "", "origin": "simulated"}
            | {"zr_fraction": row["x"], "zr_fraction_sd": 0.01, "annealing_C": ""}
            for name, row in tables.samples.items()
            if name != STANDARD
        ]
        (folder / "series.tsv").write_text(write_table(rows), encoding="utf-8")
        series = read_series(folder / "series.tsv", paper.known)
        outcomes = [run(one, workshop, series) for one in pipelines(multiverse) if one.sort != "single"]
    return {
        "series": number,
        "truth": truth,
        "analyses": [
            {
                "sort": one.sort,
                "seconds": one.seconds,
                "quantities": one.quantities,
                "verdicts": {name: found["verdict"] for name, found in one.statements.items()},
                "failed": one.failed,
            }
            for one in outcomes
        ],
    }


def mixture(values: np.ndarray, sds: np.ndarray) -> tuple[float, float]:
    """Ends of the central 95 % of a mixture of normals, shapes (n,)."""
    from scipy.special import ndtri

    luck = ndtri((np.arange(_DRAWS) + 0.5) / _DRAWS)
    low, high = np.quantile(values[:, None] + sds[:, None] * luck, [0.025, 0.975])
    return float(low), float(high)


def coverage(found: Sequence[Mapping[str, Any]], quantity: str) -> list[tuple[bool, bool, float]]:
    """Of each sample: whether the mixture and the configured interval hold the truth, and the ratio of their widths."""
    made = []
    for one in found:
        for sample, true in one["truth"][quantity].items():
            pairs = [a["quantities"].get(quantity, {}).get(sample) for a in one["analyses"] if a["sort"] == "mixed"]
            own = [a["quantities"].get(quantity, {}).get(sample) for a in one["analyses"] if a["sort"] == "configured"]
            there = np.array([pair for pair in pairs if pair], float)
            if len(there) < 0.5 * len(pairs) or not own or own[0] is None:
                continue
            low, high = mixture(*there.T)
            value, sd = own[0]
            made.append((low <= true <= high, abs(value - true) <= 1.96 * sd, (high - low) / (3.92 * sd)))
    return made


def report(found: Sequence[Mapping[str, Any]]) -> None:
    """Print coverage and width of each quantity, and the shares of each statement where it is true and where not."""
    from scipy.stats import binomtest

    analyses = [a for one in found for a in one["analyses"] if a["sort"] == "mixed"]
    seconds = np.median([a["seconds"] for a in analyses])
    print(f"{len(found)} series, {len(analyses)} analyses, {seconds:.1f} s each (median)")
    for quantity in QUANTITIES:
        rows = coverage(found, quantity)
        if not rows:
            continue
        inside, stated, ratio = (np.array(column) for column in zip(*rows, strict=True))
        interval = binomtest(int(inside.sum()), inside.size).proportion_ci()
        print(
            f"{quantity}: multiverse covers {100 * inside.mean():.0f} % of {inside.size} "
            f"({100 * interval.low:.0f} to {100 * interval.high:.0f}), the stated error {100 * stated.mean():.0f} %; "
            f"width {np.median(ratio):.2f} times the stated (central half {np.quantile(ratio, 0.25):.2f} to "
            f"{np.quantile(ratio, 0.75):.2f})"
        )
    for statement in STATEMENTS:
        for true in (True, False):
            own = [one for one in found if (one["series"] % 2 == 0) is true]
            shares = [
                np.mean([a["verdicts"].get(statement) == "holds" for a in one["analyses"] if a["sort"] == "mixed"])
                for one in own
            ]
            if shares:
                curve = ", ".join(f"{np.mean(np.array(shares) >= at):.2f}" for at in (0.05, 0.25, 0.5, 0.75, 0.95))
                print(
                    f"{statement}, {'true' if true else 'false'}: holds in {np.mean(shares):.2f}; share of series with"
                )
                print(f"  at least 5, 25, 50, 75, 95 % of the analyses: {curve}")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", required=True, type=Path)
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="number of the first series, for several at once")
    parser.add_argument("--pipelines", type=int, default=16)
    given = parser.parse_args(argv)
    given.results.mkdir(parents=True, exist_ok=True)
    for number in range(given.first, given.series):
        path = given.results / f"{number}.json"
        if not path.exists():
            whole = path.with_suffix(".part")
            whole.write_text(json.dumps(analysed(number, given.pipelines)), encoding="utf-8")
            whole.replace(path)
    report([json.loads(path.read_text(encoding="utf-8")) for path in sorted(given.results.glob("*.json"))])


if __name__ == "__main__":
    main()
