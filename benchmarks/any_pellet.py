"""Any pellet: the right resistance or a refusal, on made spectra of many kinds, by the circuit that the data ask for.

Of each kind so many spectra are made, 11 points a decade, 0.5 % noise in each component. Nothing of the analysis makes
them: an arc is a sum of Voigt elements over the distribution of relaxation times of Cole and Cole (J. Chem. Phys. 9
(1941) 341), an electrode a sum over the power law of relaxation times of Schweidler, diffusion over a finite length the
sum over the modes of the diffusion equation.

For each kind: how many were used and refused; of the used, how many are within 2 standard uncertainties of the truth
and how many are wrong (more than 5 % and 3 standard uncertainties off); how many can be known at all (a Cramer-Rao
standard uncertainty of at most 5 % under the true circuit, by difference quotients) and how many of those were used;
the median ratio of the stated uncertainty to that bound.

Run: ``python benchmarks/any_pellet.py [--count 200] [--kinds ...] [--noise 0.005] [--seconds 1200] [--fixed CIRCUIT]``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
# This file's own folder would hide the package impedance behind its name.
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]

import numpy as np  # noqa: E402

WRONG, WRONG_SD, KNOWABLE = 0.05, 3.0, 0.05


def depressed_arc(omega: np.ndarray, resistance: float, tau: float, exponent: float) -> np.ndarray:
    """Impedance in ohm of an arc: Voigt elements over the distribution of Cole and Cole (by quadrature)."""
    if exponent > 0.99999:
        return resistance / (1 + 1j * omega * tau)
    # ln(tau / tau0), finest where the distribution is sharp: its width is that of pi (1 - alpha).
    width = np.pi * (1 - exponent)
    x = np.linspace(-1.0, 1.0, 1201) * np.arcsinh(60.0 / width)
    u, step = width * np.sinh(x), width * np.cosh(x)
    # cosh(a u) - cos(width), written without the difference of two numbers near one.
    below = 2 * (np.sinh(exponent * u / 2) ** 2 + np.sin(width / 2) ** 2)
    density = np.sin(width) / (2 * np.pi * below) * step
    return resistance * np.trapezoid(density / (1 + 1j * omega[:, None] * tau * np.exp(u)), x, axis=1)


def blocking(omega: np.ndarray, modulus: float, exponent: float) -> np.ndarray:
    """Impedance in ohm of an electrode of |Z| = modulus at 1 rad/s: relaxations with tau^(alpha - 1) per ln tau."""
    x = np.linspace(-40.0 / exponent, 40.0 / (1 - exponent), 2001)
    # int_0^inf t^a / (1 + j w t) dt / t = (j w)^-a pi / sin(pi a), so this is the constant phase element.
    y = np.trapezoid(np.exp((exponent - 1) * x) / (np.exp(-x) + 1j * omega[:, None]), x, axis=1)
    return modulus * np.sin(np.pi * exponent) / np.pi * y


def diffusion(omega: np.ndarray, resistance: float, tau: float) -> np.ndarray:
    """Impedance in ohm of a layer that ends at a wall, as the sum over the modes of the diffusion equation in it."""
    modes = (np.pi * np.arange(1, 20001)) ** 2
    s = 1j * omega * tau
    return resistance * (1 / s + 2 * np.array([np.sum(1 / (one + modes)) for one in s]))


def frequencies(top: float) -> np.ndarray:
    return np.geomspace(top, 0.1, round(11 * np.log10(top / 0.1)) + 1)


Parameters = dict[str, float]
Model = Callable[[np.ndarray, Mapping[str, float]], np.ndarray]


def arc(w: np.ndarray, p: Mapping[str, float], k: str) -> np.ndarray:
    return depressed_arc(w, np.exp(p[f"r{k}"]), np.exp(p[f"tau{k}"]), p[f"a{k}"])


def electrode(w: np.ndarray, p: Mapping[str, float]) -> np.ndarray:
    return blocking(w, np.exp(p["m"]), p["n"])


def one_arc(w, p):
    return arc(w, p, "1") + electrode(w, p)


def two_arcs(w, p):
    return arc(w, p, "1") + arc(w, p, "2") + electrode(w, p)


def tail(w, p):
    return np.exp(p["r1"]) + electrode(w, p)


def with_leads(model: Model) -> Model:
    return lambda w, p: model(w, p) + 1j * w * np.exp(p["l"])


def diffusing(w, p):
    return arc(w, p, "1") + diffusion(w, np.exp(p["rd"]), np.exp(p["taud"]))


def draw(kind: str, g: np.random.Generator) -> tuple[float, Model, Parameters, tuple[str, ...]]:
    """Highest frequency (Hz), model, logarithms of its parameters (exponents as such), resistances to add up."""
    top = 1e6 if kind.endswith("1 MHz") else 7e6
    p: Parameters = {"m": np.log(10 ** g.uniform(5.0, 7.0)), "n": g.uniform(0.65, 0.95)}

    def put_arc(k: str, resistance: float, capacitance: float, exponent: float) -> None:
        p.update({f"r{k}": np.log(resistance), f"tau{k}": np.log(resistance * capacitance), f"a{k}": exponent})

    if kind in ("one arc", "arc and leads", "truncated arc", "arc and diffusion", "arc and interface"):
        span = {"truncated arc": (9.0, 12.0), "arc and leads": (3.0, 5.0), "arc and diffusion": (3.5, 6.0)}.get(
            kind, (3.5, 8.0)
        )
        put_arc("1", 10 ** g.uniform(*span), 10 ** g.uniform(-11.3, -10.3), g.uniform(0.85, 1.0))
    if kind.startswith("two arcs"):
        bulk = 10 ** g.uniform(3.0, 7.0)
        put_arc("1", bulk, 10 ** g.uniform(-11.3, -10.5), g.uniform(0.85, 1.0))
        put_arc("2", bulk * 10 ** g.uniform(-0.7, 0.7), 10 ** g.uniform(-9.5, -8.3), g.uniform(0.75, 0.95))
        return top, two_arcs, p, ("r1", "r2")
    if kind.startswith("tail"):
        p["r1"] = np.log(10 ** g.uniform(1.0, 3.0))
        if kind == "tail and leads":
            p["l"] = np.log(10 ** g.uniform(-6.7, -5.7))
            return top, with_leads(tail), p, ("r1",)
        return top, tail, p, ("r1",)
    if kind == "arc and leads":
        p["l"] = np.log(10 ** g.uniform(-6.7, -5.7))
        return top, with_leads(one_arc), p, ("r1",)
    if kind == "arc and interface":
        put_arc("2", np.exp(p["r1"]) * 10 ** g.uniform(-1.0, 0.5), 10 ** g.uniform(-6.5, -5.5), g.uniform(0.75, 0.95))
        return top, lambda w, q: arc(w, q, "1") + arc(w, q, "2"), {k: v for k, v in p.items() if k not in "mn"}, ("r1",)
    if kind == "arc and diffusion":
        p["rd"] = p["r1"] + np.log(10 ** g.uniform(-1.0, 0.5))
        p["taud"] = np.log(10 ** g.uniform(-1.0, 1.0))
        return top, diffusing, {k: v for k, v in p.items() if k not in "mn"}, ("r1",)
    return top, one_arc, p, ("r1",)


KINDS = (
    *("one arc", "two arcs", "two arcs, 1 MHz", "tail", "tail, 1 MHz", "tail and leads", "arc and leads"),
    *("truncated arc", "arc and diffusion", "arc and interface"),
)


def bound(w: np.ndarray, model: Model, p: Parameters, members: tuple[str, ...], noise: float) -> float:
    """Cramer-Rao bound of the relative standard uncertainty of the sum of resistances."""
    z = model(w, p)
    rows = []
    for name in p:
        step = 1e-4
        up, down = dict(p), dict(p)
        up[name] += step
        down[name] -= step
        rows.append((model(w, up) - model(w, down)) / (2 * step) / (noise * np.abs(z)))
    jacobian = np.concatenate([np.array(rows).real, np.array(rows).imag], axis=1)
    covariance = np.linalg.pinv(jacobian @ jacobian.T, hermitian=True, rcond=1e-14)
    share = np.array([np.exp(p[n]) if n in members else 0.0 for n in p])
    return float(np.sqrt(share @ covariance @ share)) / share.sum()


def analysed(f: np.ndarray, z: np.ndarray, fixed: str | None) -> dict[str, Any]:
    """What the product says of one spectrum: through its datasets, as its commands do it."""
    import xarray

    from coherion.impedance.circuits.dataset import fit_dataset
    from coherion.impedance.datasets import validate_dataset
    from coherion.settings.stages.circuits import CircuitSettings
    from coherion.settings.stages.validation import ValidationSettings

    dims = ("spectrum", "point")
    spectra = xarray.Dataset(
        {
            "frequency": (dims, f[None]),
            "impedance_real": (dims, z.real[None]),
            "impedance_imaginary": (dims, z.imag[None]),
            "temperature": ("spectrum", np.array([25.0])),
        },
        attrs={"origin": "simulated"},
    )
    start = time.process_time()
    settings = CircuitSettings(circuit=fixed or "auto", compare_circuits=False)
    circuits = fit_dataset(validate_dataset(spectra, ValidationSettings()), settings)
    row = circuits.isel(spectrum=0, resistance_name=0)
    return {
        "used": bool(row["resolved"]),
        "reason": str(row["reason"].values),
        "resistance": float(row["resistance"]),
        "sd": float(row["resistance_sd"]),
        "circuit": str(row["fitted_circuit"].values),
        "doubt": str(row["doubt"].values),
        "seconds": time.process_time() - start,
    }


def run_kind(
    kind: str, count: int, noise: float, until: float, fixed: str | None, tell: bool, seed: int
) -> dict[str, Any]:
    g = np.random.default_rng([seed, KINDS.index(kind)])
    rows = []
    for k in range(count):
        if time.monotonic() > until:
            break
        top, model, p, members = draw(kind, g)
        f = frequencies(top)
        w = 2 * np.pi * f
        z = model(w, p)
        z = z + noise * np.abs(z) * (g.normal(size=f.size) + 1j * g.normal(size=f.size))
        truth = sum(np.exp(p[n]) for n in members)
        least = bound(w, model, p, members, noise)
        found = analysed(f, z, fixed)
        off = found["resistance"] / truth - 1
        pull = (found["resistance"] - truth) / found["sd"] if found["sd"] > 0 else np.inf
        wrong = found["used"] and abs(off) > WRONG and abs(pull) > WRONG_SD
        rows.append(found | {"least": least, "off": off, "pull": pull, "wrong": wrong})
        if tell and (wrong or (least <= KNOWABLE and not found["used"]) or abs(pull) > 3):
            values = {n: f"{v if n[0] in 'an' else np.exp(v):.4g}" for n, v in p.items()}
            said = f"found {found['resistance']:.4g} +- {found['sd']:.2g} with {found['circuit']} {found['reason']}"
            print(
                f"# {kind} {k}: R {truth:.4g}, {said} ({100 * off:.1f} %, pull {pull:.1f}); {values}", file=sys.stderr
            )
    used = [r for r in rows if r["used"]]
    knowable = [r for r in rows if r["least"] <= KNOWABLE]
    ratios = [r["sd"] / r["resistance"] / r["least"] for r in used if r["least"] <= KNOWABLE]
    circuits: dict[str, int] = {}
    for r in rows:
        circuits[r["circuit"]] = circuits.get(r["circuit"], 0) + 1
    return {
        "kind": kind,
        "made": len(rows),
        "used": len(used),
        "refused": len(rows) - len(used),
        "within_2_sd_percent": round(100 * float(np.mean([abs(r["pull"]) <= 2 for r in used])), 1) if used else None,
        "wrong": sum(bool(r["wrong"]) for r in rows),
        "wrong_without_a_doubt": sum(bool(r["wrong"] and not r["doubt"]) for r in rows),
        "doubted": sum(bool(r["used"] and r["doubt"]) for r in rows),
        "knowable": len(knowable),
        "knowable_used": sum(r["used"] for r in knowable),
        "median_sd_ratio": round(float(np.median(ratios)), 2) if ratios else None,
        "median_seconds": round(float(np.median([r["seconds"] for r in rows])), 3) if rows else None,
        "circuits": dict(sorted(circuits.items(), key=lambda pair: -pair[1])[:5]),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=200, help="spectra of each kind")
    arguments.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND")
    arguments.add_argument("--noise", type=float, default=0.005, help="of each component, relative to |Z|")
    arguments.add_argument("--seconds", type=float, default=1800, help="after which no further spectrum is made")
    arguments.add_argument("--fixed", metavar="CIRCUIT", help="fit this circuit instead of choosing one")
    arguments.add_argument("--seed", type=int, default=20261127)
    arguments.add_argument("--tell", action="store_true", help="print what went wrong, spectrum by spectrum")
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    began = time.monotonic()
    for k, kind in enumerate(given.kinds, start=1):
        until = began + given.seconds * k / len(given.kinds)
        found = run_kind(kind, given.count, given.noise, until, given.fixed, given.tell, given.seed)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
