"""Read, validate and fit impedance spectra: ours beside impedance.py as shipped, in one run, one JSON line.

Simulated problems (R 1e5-1e8 ohm, Q near 1e-11, alpha 0.85-0.95, electrode CPE, 7 MHz-0.1 Hz, 1 % noise) are written
as ``.mpt`` files. The programs read them, validate them and fit p(R1,CPE1)-CPE2 from the same starts, each scale up to
1.5 decades off. A fit succeeds if R comes out within 3 % of the truth (its error is about 0.2 %), and reaches the
global minimum if its modulus-weighted chi squared is within 1e-6 of the lowest known; without modulus weights it seeks
another minimum, and only the first count is fair. Then ten temperatures of one sample go through validation, circuit
fit with comparison of circuits, and the Arrhenius fit. Times are of the processor, on one thread, so that a busy
machine does not blur the ratio.

Run: ``python benchmarks/impedance.py [--problems 100] [--peer-problems 20] [--pyimpspec PYTHON]``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
# This file's own folder would hide the package impedance behind its name.
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]

CIRCUIT = "p(R1,CPE1)-CPE2"
TEMPERATURES = (-40, -30, -20, -10, 0, 10, 25, 40, 50, 60)


def timed(function, *arguments, **options):
    start = time.process_time()
    try:
        found = function(*arguments, **options)
    except Exception as problem:  # a peer that fails is a result, not an end
        found = problem
    return time.process_time() - start, found


def make_problems(folder: Path, count: int) -> list[dict]:
    import numpy as np

    from coherion.data.spectra.biologic_mpt import write_mpt
    from coherion.data.spectra.spectrum import Spectrum
    from coherion.impedance.circuits.circuit import circuit

    generator = np.random.default_rng(20240205)
    frequency = np.geomspace(7e6, 0.1, 90)
    model = circuit(CIRCUIT)
    problems = []
    for k in range(count):
        exponents = generator.uniform(0.85, 0.95), generator.uniform(0.6, 0.95)
        scales = 10 ** np.array(
            [generator.uniform(5, 8), -11 + generator.uniform(-0.3, 0.3), generator.uniform(-6.5, -5.5)]
        )
        truth = np.array([scales[0], scales[1], exponents[0], scales[2], exponents[1]])
        z = model.impedance(frequency, truth)
        z = z + 0.01 * np.abs(z) * (generator.normal(size=90) + 1j * generator.normal(size=90))
        start = truth * 10 ** generator.uniform(-1.5, 1.5, 5)
        start[[2, 4]] = generator.uniform(0.6, 1.0, 2)
        path = folder / f"problem{k}.mpt"
        spectrum = Spectrum(frequency, z, np.arange(90.0), 1, path.name, "mpt", origin="simulated")
        write_mpt(path, [spectrum])
        problems.append({"path": path, "truth": truth, "start": dict(zip(model.names, start, strict=True))})
    return problems


def run_ours(problems: list[dict]) -> dict:
    from coherion.data.spectra.reader import read_spectra
    from coherion.impedance.circuits.fit import fit_circuit
    from coherion.impedance.kramers_kronig import validate_spectrum

    seconds: dict[str, list[float]] = {"read": [], "validate": [], "fit": []}
    recovered = lowest = 0
    for problem in problems:
        t, found = timed(read_spectra, problem["path"])
        seconds["read"].append(t)
        f, z = found[0].frequency, found[0].impedance
        problem["data"] = f, z
        seconds["validate"].append(timed(validate_spectrum, f, z)[0])
        t, fit = timed(fit_circuit, f, z, CIRCUIT, start=problem["start"])
        seconds["fit"].append(t)
        from_truth = dict(zip(fit.names, problem["truth"], strict=True))
        problem["lowest"] = min(fit.chi_squared, fit_circuit(f, z, CIRCUIT, start=from_truth, restarts=6).chi_squared)
        recovered += abs(fit["R1"] / problem["truth"][0] - 1) < 0.03
        lowest += fit.chi_squared <= problem["lowest"] * (1 + 1e-6)
    return summary(seconds) | {"problems": len(problems), "recovered": int(recovered), "global_minimum": int(lowest)}


def run_impedance_py(problems: list[dict], weighted: bool) -> dict:
    import numpy as np
    from impedance.models.circuits import CustomCircuit
    from impedance.preprocessing import readFile
    from impedance.validation import linKK

    seconds: dict[str, list[float]] = {"read": [], "validate": [], "fit": []}
    recovered = lowest = failed = validated = 0
    for problem in problems:
        seconds["read"].append(timed(readFile, str(problem["path"]), instrument="biologic")[0])
        f, z = problem["data"]
        t, found = timed(linKK, f, z)
        seconds["validate"].append(t)
        validated += not isinstance(found, Exception)
        model = CustomCircuit(CIRCUIT, initial_guess=[float(v) for v in problem["start"].values()])
        t, found = timed(model.fit, f, z, weight_by_modulus=weighted)
        seconds["fit"].append(t)
        if isinstance(found, Exception):
            failed += 1
            continue
        fitted = model.predict(f)
        chi_squared = float(np.sum(np.abs((fitted - z) / np.abs(z)) ** 2))
        recovered += abs(model.parameters_[0] / problem["truth"][0] - 1) < 0.03
        lowest += chi_squared <= problem["lowest"] * (1 + 1e-6)
    return summary(seconds) | {
        "problems": len(problems),
        "recovered": int(recovered),
        "global_minimum": int(lowest),
        "fit_raised": failed,
        "validation_ran": validated,
    }


PYIMPSPEC = """
import json, sys, time
import numpy, pyimpspec
for line in sys.stdin:
    p = json.loads(line)
    z = numpy.array(p["re"]) + 1j * numpy.array(p["im"])
    data = pyimpspec.DataSet(frequencies=numpy.array(p["f"]), impedances=z)
    r, q, a, q2, a2 = p["start"]
    circuit = pyimpspec.parse_cdc(f"(R{{R={r!r}}}Q{{Y={q!r},n={a!r}}})Q{{Y={q2!r},n={a2!r}}}")
    start = time.process_time()
    try:
        fit = pyimpspec.fit_circuit(circuit, data, method="leastsq", weight="modulus", num_procs=1)
        z = fit.get_impedances()
        value = next(iter(fit.parameters.values()))["R"].value
        out = [float(value), float(numpy.sum(numpy.abs((z - data.get_impedances()) / abs(data.get_impedances())) ** 2))]
    except Exception as problem:
        out = [None, repr(problem)[:200]]
    print(json.dumps([time.process_time() - start, *out]), flush=True)
"""


def run_pyimpspec(problems: list[dict], python: str) -> dict:
    """The same fits by pyimpspec, in its own environment; its leastsq with modulus weights on one process."""
    lines = []
    for problem in problems:
        f, z = problem["data"]
        start = [float(v) for v in problem["start"].values()]
        lines.append(json.dumps({"f": f.tolist(), "re": z.real.tolist(), "im": z.imag.tolist(), "start": start}))
    done = subprocess.run(
        [python, "-W", "ignore", "-c", PYIMPSPEC], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    good = [(r, p) for r, p in zip(rows, problems, strict=True) if r[1] is not None]
    return summary({"fit": [r[0] for r in rows]}) | {
        "problems": len(rows),
        "recovered": sum(bool(abs(r[1] / p["truth"][0] - 1) < 0.03) for r, p in good),
        "global_minimum": sum(bool(r[2] <= p["lowest"] * (1 + 1e-6)) for r, p in good),
        "fit_raised": len(rows) - len(good),
    }


def summary(seconds: dict[str, list[float]]) -> dict:
    return {f"{key}_ms": round(1e3 * statistics.median(values), 3) for key, values in seconds.items()} | {
        f"{key}_mean_ms": round(1e3 * statistics.fmean(values), 3) for key, values in seconds.items()
    }


def run_sample(repeats: int) -> dict:
    """Seconds for the whole analysis of ten temperatures, as the three commands do it, without files."""
    import numpy as np
    import xarray

    from coherion.constants import BOLTZMANN
    from coherion.impedance.arrhenius_dataset import arrhenius_dataset
    from coherion.impedance.circuits.circuit import circuit
    from coherion.impedance.circuits.dataset import fit_dataset
    from coherion.impedance.datasets import validate_dataset
    from coherion.settings.stages.arrhenius import ArrheniusSettings
    from coherion.settings.stages.circuits import CircuitSettings
    from coherion.settings.stages.validation import ValidationSettings

    generator = np.random.default_rng(1)
    frequency = np.geomspace(7e6, 0.1, 79)
    kelvin = np.array(TEMPERATURES) + 273.15
    resistance = 0.2358 * kelvin / (1e5 * np.exp(-0.5 / (BOLTZMANN * kelvin)))
    z = np.array([circuit(CIRCUIT).impedance(frequency, [r, 2e-11, 0.92, 3e-7, 0.85]) for r in resistance])
    z = z + 0.003 * np.abs(z) * (generator.normal(size=z.shape) + 1j * generator.normal(size=z.shape))
    dims = ("spectrum", "point")
    spectra = xarray.Dataset(
        {
            "frequency": (dims, np.tile(frequency, (10, 1))),
            "impedance_real": (dims, z.real),
            "impedance_imaginary": (dims, z.imag),
            "temperature": ("spectrum", np.array(TEMPERATURES, dtype=float)),
            "temperature_sd": ("spectrum", np.full(10, 0.5)),
        },
        attrs={"origin": "simulated"},
    )
    pellet = ArrheniusSettings(pellet_thickness_cm=0.15, pellet_diameter_cm=0.9)
    rounds = []
    for _ in range(repeats):
        t1, validated = timed(validate_dataset, spectra, ValidationSettings())
        t2, circuits = timed(fit_dataset, validated, CircuitSettings(circuit=CIRCUIT))
        t3, found = timed(arrhenius_dataset, circuits, pellet)
        rounds.append((t1 + t2 + t3, t1, t2, t3))
    best = min(rounds)
    return {
        "seconds": round(best[0], 4),
        "median_seconds": round(statistics.median(r[0] for r in rounds), 4),
        "validate": round(best[1], 4),
        "fit_and_compare": round(best[2], 4),
        "arrhenius": round(best[3], 4),
        "activation_energy": round(float(found["activation_energy"][0]), 4),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--problems", type=int, default=100, help="spectra for us")
    arguments.add_argument("--peer-problems", type=int, default=20, help="of these, how many for impedance.py")
    arguments.add_argument("--repeats", type=int, default=7, help="of the analysis of a sample")
    arguments.add_argument("--pyimpspec", metavar="PYTHON", help="interpreter of an environment with pyimpspec")
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        problems = make_problems(Path(folder), given.problems)
        run_ours(problems[:3])  # imports and first calls are no part of the comparison
        ours = run_ours(problems)
        chosen = problems[: given.peer_problems]
        shipped = run_impedance_py(chosen, weighted=False) if chosen else None
        weighted = run_impedance_py(chosen, weighted=True) if chosen else None
        pyimpspec = run_pyimpspec(chosen, given.pyimpspec) if chosen and given.pyimpspec else None
    sample = run_sample(given.repeats)
    print(
        json.dumps(
            {
                "benchmark": "impedance",
                "ours": ours,
                "impedance_py": shipped,
                "impedance_py_modulus_weights": weighted,
                "fit_time_ratio": shipped and round(shipped["fit_mean_ms"] / ours["fit_mean_ms"], 1),
                "fit_time_ratio_modulus_weights": weighted and round(weighted["fit_mean_ms"] / ours["fit_mean_ms"], 1),
                "pyimpspec": pyimpspec,
                "fit_time_ratio_pyimpspec": pyimpspec and round(pyimpspec["fit_mean_ms"] / ours["fit_mean_ms"], 1),
                "ten_temperatures": sample,
            }
        )
    )


if __name__ == "__main__":
    main()
