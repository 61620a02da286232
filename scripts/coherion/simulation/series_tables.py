"""The tables config/scans.tsv, samples.tsv and spectra.tsv that go with the simulated series.

They say what a user would know of such samples: nominal composition, measured pellets, weighed packing; no truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coherion.data.tables import write_table
from coherion.simulation.scans.structures import cryolite
from coherion.simulation.series import Sample, stream
from coherion.simulation.spectra import pellet_of

SCANS = (
    "scan",
    "file",
    "abscissa",
    "intensity_kind",
    "time_per_point_s",
    "wavelength_A",
    "range_number",
)
SAMPLES = (
    "sample",
    "title",
    "group",
    "x",
    "composition",
    "scan",
    "background",
    "background_scale",
    "density_g_cm3",
    "packing_fraction",
    "structure",
    "pellet_thickness_cm",
    "pellet_thickness_sd_cm",
    "pellet_diameter_cm",
    "pellet_diameter_sd_cm",
    "annealing_C",
)
SPECTRA = ("sample", "file", "temperature_C", "temperature_sd_C", "cycles", "columns")


def scan_file(name: str) -> str:
    """File of a scan below the data folder."""
    return f"scans/{name}.raw"


def spectrum_file(name: str, temperature: float) -> str:
    """File of a spectrum below the data folder."""
    return f"spectra/{name}_{temperature:g}C.mpt"


def formula(x: float) -> str:
    """Na(3-x)In(1-x)Zr(x)Cl6 as one writes it, such as Na2.5In0.5Zr0.5Cl6."""
    parts = (("Na", 3 - x), ("In", 1 - x), ("Zr", x), ("Cl", 6.0))
    return "".join(element + f"{number:.6g}" for element, number in parts)


def tables(series: Mapping[str, Any]) -> dict[str, str]:
    """Texts of the tables ``scans``, ``samples`` and ``spectra``."""
    standard, background = series["standard"], series["background"]
    scans = [{"scan": n, "file": scan_file(n)} for n in (*series["samples"], standard, background)]
    pellet, powder = series["pellet"], series["lanthanum_hexaboride"]
    samples = []
    spectra = []
    for name in series["samples"]:
        sample = Sample.of(series, name)
        measured = pellet_of(series, name)
        error = 1 + series["packing_error"] * stream(series, name, "packing").standard_normal()
        heat = "" if sample.annealed_at is None else f", annealed at {sample.annealed_at} °C"
        samples.append(
            {
                "sample": name,
                "title": f"x = {sample.x:g}{heat}",
                "group": "as_milled" if sample.annealed_at is None else "annealed",
                "x": sample.x,
                "composition": formula(sample.x),
                "scan": name,
                "background": background,
                "density_g_cm3": round(cryolite(sample.x, series["cryolite"]).density(), 2),
                "packing_fraction": round(sample.packing_fraction * error, 2),
                "structure": "config/structures/cryolite.cif",
                "pellet_thickness_cm": measured.measured_thickness,
                "pellet_thickness_sd_cm": pellet["thickness_sd"],
                "pellet_diameter_cm": measured.measured_diameter,
                "pellet_diameter_sd_cm": pellet["diameter_sd"],
                "annealing_C": sample.annealed_at,
            }
        )
        spectra += [
            {
                "sample": name,
                "file": spectrum_file(name, temperature),
                "temperature_C": temperature,
                "temperature_sd_C": series["spectra"]["temperature_sd"],
            }
            for temperature in series["spectra"]["temperatures"]
        ]
    samples.append(
        {
            "sample": standard,
            "title": "LaB6, SRM 660c",
            "group": "standard",
            "composition": "LaB6",
            "scan": standard,
            "background": background,
            "density_g_cm3": powder["density"],
            "packing_fraction": powder["packing_fraction"],
            "structure": "config/structures/LaB6.cif",
        }
    )
    return {
        "scans": write_table(scans, SCANS),
        "samples": write_table(samples, SAMPLES),
        "spectra": write_table(spectra, SPECTRA),
    }
