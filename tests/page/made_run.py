"""A folder of results as a run writes it, with markup planted in every text that a user or a file may choose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from made_series import make_rows, write_rows

from coherion.data.contract.contracts import CONTRACTS
from coherion.data.netcdf import write_dataset, write_text
from coherion.data.tables import write_table
from coherion.figures.series import draw_series
from coherion.paper.reading import read_paper
from coherion.settings.paper import figures
from coherion.statistics.series import read_series

ROOT = Path(__file__).parents[2]
PAPER_FILE = ROOT / "config" / "paper.yaml"
PAPER = read_paper(PAPER_FILE)
PLANTED = "</script><img src=x onerror=alert(1)><b>bold</b>\u2028&amp;"
FIGURE = "figure_6bcd"


def reduction(path: Path, seed: int = 0) -> None:
    """A scan's way to G(r) of smooth functions with noise."""
    rng = np.random.default_rng(seed)
    q, r = np.linspace(0.5, 15.0, 1500), np.linspace(0.0, 60.0, 3001)
    intensity = 1e4 * (1 + np.sin(3 * q) ** 2) * np.exp(-q / 8) + 50 * rng.normal(size=q.size)
    structure = 1 + np.sin(5 * q) * np.exp(-q / 5)
    values = {
        "q": q,
        "r": r,
        "intensity": intensity,
        "background": 0.2 * intensity,
        "intensity_net": 0.8 * intensity,
        "intensity_net_sd": np.sqrt(intensity),
        "structure_factor": structure,
        "structure_factor_sd": np.full(q.size, 0.01),
        "reduced_structure_factor": q * (structure - 1),
        "polynomial": np.zeros(q.size),
        "pdf": np.sin(4 * r) * np.exp(-r / 20),
        "pdf_sd": np.full(r.size, 0.01),
    }
    attributes = {"origin": "simulated", "qmin": 0.5, "qmax": 13.0, "composition": PLANTED}
    dataset = CONTRACTS["reduce_scan"].dataset(values, attributes, intensity="counts")
    write_dataset(dataset, path, "reduce_scan", settings={"comment": PLANTED})


def make_run(folder: Path, seed: int = 1) -> Path:
    """Write the run and return its folder."""
    rows = make_rows(seed=seed)
    for row in rows:
        row["title"] = f"x = {row['x']:g}"
        row["composition"] = "Na2.5In0.5Zr0.5Cl6"
    rows[0]["title"] = rows[1]["composition"] = PLANTED.replace("\u2028", " ")
    (folder / "series").mkdir(parents=True)
    write_rows(rows, folder / "series" / "series.tsv")
    alert = dict.fromkeys(("place", "number", "unit", "limit"), "")
    alerts = [
        alert | {"grade": "A", "sample": rows[2]["sample"], "stage": "refinement", "code": "rw", "text": PLANTED},
        alert | {"grade": "C", "sample": rows[3]["sample"], "stage": "scan", "code": "drift", "text": "C of it"},
    ]
    for one in alerts:
        one["advice"] = "look"
    write_text(folder / "series" / "alerts.tsv", write_table(alerts))
    claims = [
        {"id": "length-falls", "topic": "structure", "place": "Fig. 6b", "statement": PLANTED, "test": "trend",
         "criterion": "holds if it falls", "quantity": "slope", "value": -3.0, "error": 0.2, "unit": "1", "n": 11,
         "verdict": "holds", "note": PLANTED, "origin": "simulated"},
        {"id": "other", "topic": "structure", "place": "", "statement": "another", "test": "trend",
         "criterion": "holds", "quantity": "slope", "value": None, "error": None, "unit": "1", "n": 0,
         "verdict": "undecided", "note": "", "origin": "simulated"},
    ]  # fmt: skip
    write_text(folder / "claims.tsv", write_table(claims))
    write_text(folder / "series" / "exclusions.tsv", "sample\twhat\treason\tby\nx0.1\tpoints\tspike\tvalidation\n")
    write_text(folder / "logs" / "refine_structure" / "lost.log", f"ERROR: {PLANTED}\n")
    for k, row in enumerate(rows[:3]):
        reduction(folder / "reduction" / f"{row['sample']}.nc", k)
    table = folder / "series" / "series.tsv"
    figure = next(one for one in PAPER.figures if one.name == FIGURE)
    assert isinstance(figure, figures.Series)
    plate = draw_series(read_series(table, PAPER.known), PAPER, figure)
    plate.save(folder / "figures" / f"{FIGURE}.pdf", [table])
    return folder
