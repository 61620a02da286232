"""Does the fit of a given circuit find the global minimum: noise-free random spectra of nine circuits.

The minimum of a noise-free spectrum is zero, so a fit that ends with a misfit (root mean square, relative to |Z|) above
1e-5 has ended above it. Parameters are drawn at random over decades, time constants within the range of the sweep and
two arcs at least a factor of three apart; no start is given. Times are of the processor, one thread.

Run: ``python benchmarks/global_minimum.py [--count 1000] [--seconds 600] [--tell]``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
# This file's own folder would hide the package impedance behind its name.
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]

import numpy as np  # noqa: E402

CIRCUITS = (
    "p(R1,CPE1)-CPE2",
    "R0-p(R1,CPE1)",
    "R0-p(R1,CPE1)-CPE2",
    "p(R1,CPE1)-p(R2,CPE2)-CPE3",
    "R0-p(R1,CPE1)-p(R2,CPE2)",
    "L1-R0-p(R1,CPE1)-CPE2",
    "R0-p(R1,C1)-p(R2,C2)",
    "p(R1,CPE1)-Wo2",
    "R0-p(R1-Wo1,CPE1)",
)
FREQUENCY = np.geomspace(1e6, 0.1, 71)
REACHED = 1e-5


def draw(text: str, g: np.random.Generator) -> np.ndarray:
    """Parameters of a circuit, in the order of their names and in their units."""
    from coherion.impedance.circuits.circuit import arcs, circuit

    model = circuit(text)
    unit = 10 ** g.uniform(2, 6)
    value: dict[str, float] = {}
    ln_taus: list[float] = []
    for arc in arcs(model):
        resistance = unit * 10 ** g.uniform(-0.7, 0.7)
        ln_tau = g.uniform(np.log(5e-7), np.log(0.3))
        while any(abs(ln_tau - other) < np.log(3) for other in ln_taus):
            ln_tau = g.uniform(np.log(5e-7), np.log(0.3))
        ln_taus.append(ln_tau)
        exponent = 1.0 if arc.kind == "C" else g.uniform(0.7, 1.0)
        value[arc.resistance] = resistance
        if arc.kind == "C":
            value[arc.capacitive] = np.exp(ln_tau) / resistance
        else:
            value |= {f"{arc.capacitive}_0": np.exp(exponent * ln_tau) / resistance, f"{arc.capacitive}_1": exponent}
    for p in model.parameters:
        if p.name in value:
            continue
        if p.name.startswith("R"):
            value[p.name] = unit * 10 ** g.uniform(-1, 0.5)
        elif p.name.startswith("L"):
            value[p.name] = unit * 10 ** g.uniform(-8, -6.5)
        elif p.name.startswith("Wo"):
            value[p.name] = unit * 10 ** g.uniform(-0.5, 0.5) if p.name.endswith("_0") else 10 ** g.uniform(-1.5, 0.5)
        elif p.name.endswith("_1"):
            value[p.name] = g.uniform(0.6, 0.95)
        else:
            # A double layer that shows at the low end, or the CPE of a Randles circuit.
            value[p.name] = (
                10 ** g.uniform(-2, 0) / unit if text.endswith(p.name[:-2]) else 10 ** g.uniform(-5, -3) / unit
            )
    return np.array([value[p.name] for p in model.parameters])


def main() -> None:
    from coherion.impedance.circuits.circuit import circuit
    from coherion.impedance.circuits.fit import fit_circuit

    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--seed", type=int, default=20261127)
    arguments.add_argument("--tell", action="store_true", help="print what ended above the minimum")
    given = arguments.parse_args()
    g = np.random.default_rng(given.seed)
    until, times, above = time.monotonic() + given.seconds, [], dict.fromkeys(CIRCUITS, 0)
    for k in range(given.count):
        if time.monotonic() > until:
            break
        text = CIRCUITS[k % len(CIRCUITS)]
        truth = draw(text, g)
        z = circuit(text).impedance(FREQUENCY, truth)
        start = time.process_time()
        fit = fit_circuit(FREQUENCY, z, text)
        times.append(time.process_time() - start)
        misfit = float(np.sqrt(np.mean(np.abs(fit.residual) ** 2)))
        if misfit > REACHED:
            above[text] += 1
            if given.tell:
                pairs = zip(fit.names, truth, fit.values, strict=True)
                print("#", text, f"{misfit:.1e}", ", ".join(f"{n} {t:.3g} {v:.3g}" for n, t, v in pairs))
    ms = 1000 * np.array(times)
    result = {"fitted": len(times), "above": sum(above.values()), "above_by_circuit": above}
    result |= {"median_ms": round(float(np.median(ms)), 1), "percentile_95_ms": round(float(np.percentile(ms, 95)), 1)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
