"""Activation energies of made samples: pulls and sizes of errors, limits, and cold spectra that drift.

Each sample is measured at ten temperatures from -60 to 75 degC: an arc and an electrode, made with the sums of
relaxations of ``any_pellet.py``; E_a 0.3 to 0.6 eV, resistances of all sizes, 0.5 % noise. Every temperature is off by
0.5 K (stated), every resistance scatters by 1 to 4 % besides (contacts; stated to nobody). Cold arcs may lie below the
lowest frequency. In a part of the samples the resistance of the coldest spectrum falls by 7 to 22 % during its sweep.

For the line through the single fits and for all temperatures at once: rms of (E_a - truth) / sd, share within 2 sd,
median of sd over the bound, which is the standard deviation of the best line through resistances with the true errors
of temperature, contacts and (Cramer-Rao) noise. Of the drifting spectra: how many took no part.

Run: ``python benchmarks/activation_energy.py [--count 200] [--drift 0.2] [--circuit p(R1,CPE1)-CPE3] [--seconds 900]``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
import warnings
from pathlib import Path
from typing import Any

_SPEC = importlib.util.spec_from_file_location("any_pellet", Path(__file__).with_name("any_pellet.py"))
assert _SPEC is not None and _SPEC.loader is not None
pellets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pellets)

import numpy as np  # noqa: E402

BOLTZMANN = 8.617333262e-5
CELSIUS = np.linspace(-60.0, 75.0, 10)
NOISE, TEMPERATURE_SD = 0.005, 0.5


def made(g: np.random.Generator, drift: float) -> dict[str, Any]:
    """Spectra of one sample, its truth and the bound."""
    energy, scatter = g.uniform(0.3, 0.6), g.uniform(0.01, 0.04)
    nominal = CELSIUS + 273.15
    kelvin = nominal + TEMPERATURE_SD * g.normal(size=nominal.size)
    ln_25 = np.log(10 ** g.uniform(3.5, 9.0))
    line = ln_25 + energy / BOLTZMANN * (1 / kelvin - 1 / 298.15) + np.log(kelvin / 298.15)
    ln_r = line + scatter * g.normal(size=kelvin.size)
    ln_c, exponent = np.log(10 ** g.uniform(-11.2, -10.5)), g.uniform(0.86, 0.97)
    f = pellets.frequencies(7e6)
    w = 2 * np.pi * f
    moves = g.uniform(0.07, 0.22) if g.uniform() < drift else 0.0
    spectra, variance = [], []
    for k, one in enumerate(ln_r):
        p = {"r1": one, "tau1": one + ln_c + 1e-3 * CELSIUS[k], "a1": exponent + 2e-4 * CELSIUS[k]}
        p |= {"m": np.log(10 ** g.uniform(5.5, 6.5)), "n": g.uniform(0.75, 0.9)}
        p["a1"] = min(p["a1"], 0.99)
        z = pellets.one_arc(w, p)
        if moves and k == 0:
            late = np.arange(f.size) / (f.size - 1)
            for i, x in enumerate(late):
                moved = p | {n: p[n] + np.log(1 - moves * x) for n in ("r1", "tau1")}
                z[i] = pellets.one_arc(w[i : i + 1], moved)[0]
        z = z + NOISE * np.abs(z) * (g.normal(size=f.size) + 1j * g.normal(size=f.size))
        spectra.append(z)
        least = pellets.bound(w, pellets.one_arc, p, ("r1",), NOISE)
        slope = energy / (BOLTZMANN * kelvin[k] ** 2)
        variance.append(scatter**2 + (slope * TEMPERATURE_SD) ** 2 + least**2)
    u = 1 / nominal
    # What drifts counts for nothing in the bound either.
    weight = 1 / np.array(variance)
    weight[0] *= not moves
    centre = np.average(u, weights=weight)
    bound = BOLTZMANN / np.sqrt(np.sum(weight * (u - centre) ** 2))
    return {"energy": energy, "bound": bound, "frequency": f, "spectra": spectra, "drifts": bool(moves)}


def analysed(sample: dict[str, Any], circuit: str) -> dict[str, Any]:
    """What the product says of a sample: through its datasets, as its commands do it."""
    import xarray

    from coherion.impedance.arrhenius_dataset import arrhenius_dataset
    from coherion.impedance.circuits.dataset import fit_dataset
    from coherion.impedance.datasets import validate_dataset
    from coherion.settings.stages.arrhenius import ArrheniusSettings
    from coherion.settings.stages.circuits import CircuitSettings
    from coherion.settings.stages.validation import ValidationSettings

    z, count = np.array(sample["spectra"]), CELSIUS.size
    dims = ("spectrum", "point")
    spectra = xarray.Dataset(
        {
            "frequency": (dims, np.tile(sample["frequency"], (count, 1))),
            "impedance_real": (dims, z.real),
            "impedance_imaginary": (dims, z.imag),
            "temperature": ("spectrum", CELSIUS),
            "temperature_sd": ("spectrum", np.full(count, TEMPERATURE_SD)),
            "cycle": ("spectrum", np.ones(count, dtype=int)),
            "source": ("spectrum", np.array(["made"] * count, dtype=object)),
        },
        attrs={"origin": "simulated"},
    )
    circuits = fit_dataset(
        validate_dataset(spectra, ValidationSettings()), CircuitSettings(circuit=circuit, compare_circuits=False)
    )
    found = arrhenius_dataset(circuits, ArrheniusSettings(pellet_thickness_cm=0.15, pellet_diameter_cm=1.0))
    names = ("activation_energy", "activation_energy_sd", "together_activation_energy", "together_activation_energy_sd")
    energy, sd, together, together_sd = (float(found[n].values[0]) for n in names)
    return {
        "single": (energy, sd),
        "together": (together, together_sd),
        "limits": int(found["together_limits"].values[0]),
        "used": int(found["spectra_used"].values[0]),
        "cold_used": bool(found["used"].values[0, 0]) or str(found["role"].values[0, 0]) == "lower limit",
        "why": str(found["exclusion"].values[0, 0]),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=200, help="samples")
    arguments.add_argument("--drift", type=float, default=0.2, help="part of the samples whose coldest spectrum drifts")
    arguments.add_argument("--circuit", default="p(R1,CPE1)-CPE3")
    arguments.add_argument("--seconds", type=float, default=900, help="after which no further sample is made")
    arguments.add_argument("--seed", type=int, default=20261127)
    arguments.add_argument("--tell", action="store_true", help="print each sample")
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    g = np.random.default_rng(given.seed)
    until, began, rows = time.monotonic() + given.seconds, time.process_time(), []
    for k in range(given.count):
        if time.monotonic() > until:
            break
        sample = made(g, given.drift)
        found = analysed(sample, given.circuit)
        rows.append(sample | found)
        if given.tell:
            pull = [(e - sample["energy"]) / sd for e, sd in (found["single"], found["together"])]
            ratio = found["together"][1] / sample["bound"]
            said = f"{k}: pulls {pull[0]:.2f} {pull[1]:.2f}, sd / bound {ratio:.2f}, used {found['used']}"
            print(f"# {said}, limits {found['limits']}, drifts {sample['drifts']}: {found['why'][:60]}")
    drifting = [r for r in rows if r["drifts"]]
    result: dict[str, Any] = {"samples": len(rows), "limits": sum(r["limits"] for r in rows)}
    result |= {"drifting": len(drifting), "drifting_left_out": sum(not r["cold_used"] for r in drifting)}
    for name in ("single", "together"):
        known = [r for r in rows if np.isfinite(r[name][1])]
        pull = np.array([(r[name][0] - r["energy"]) / r[name][1] for r in known])
        ratio = [r[name][1] / r["bound"] for r in known]
        actual = [(r[name][0] - r["energy"]) / r["bound"] for r in known]
        result[name] = {
            "known": len(known),
            "rms_pull": round(float(np.sqrt(np.mean(pull**2))), 3),
            "within_2_sd_percent": round(100 * float(np.mean(np.abs(pull) <= 2)), 1),
            "median_sd_over_bound": round(float(np.median(ratio)), 3),
            "rms_error_over_bound": round(float(np.sqrt(np.mean(np.square(actual)))), 3),
        }
    print(json.dumps(result | {"processor_seconds": round(time.process_time() - began, 1)}))


if __name__ == "__main__":
    main()
