"""The commands as a user calls them, with what each reads: good files, and a place for a bad one."""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from hostile.targets import netcdf_seeds, pdf_seeds, series_seeds

from coherion import command

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
SCHEMAS = ROOT / "workflow" / "schemas"
CONFIGURATION = str(SCHEMAS / "config.schema.yaml")
PAPER = str(ROOT / "config" / "paper.yaml")
BAD = "{bad}"


@dataclass(frozen=True)
class Call:
    """A command line: BAD stands for the bad file, OUT/ for the folder of results, the rest for files of GOOD."""

    command: str
    arguments: tuple[str, ...]
    settings: str | None = None
    text: bool = False

    def line(self, bad: str, folder: Path, settings: str | None = None) -> list[str]:
        named = [a.replace(BAD, bad).replace("OUT", str(folder / "out")) for a in self.arguments]
        told = settings or (self.settings and self.settings.replace(BAD, Path(bad).name))
        return [*named, "--settings", told] if told else named


def _patterns(bad: str) -> list[str]:
    stages = ("refinement", "geometry", "validation", "arrhenius")
    return [part for stage in stages for part in (f"--{stage}", "none/{sample}.nc" if stage != bad else BAD)]


PELLET = json.dumps({"pellet_thickness_cm": 0.15, "pellet_diameter_cm": 0.9})
ROWS = '{"sample": "a", "rows": [{"file": "{bad}", "temperature_C": 25}]}'
NICKEL = '{"composition": "Ni"}'
QUICK = '{"fit_range": [2, 20]}'
COLLECT = ("--schemas", str(SCHEMAS), "--ranges", "2-60", "--output", "OUT/s.tsv", "--exclusions", "OUT/e.tsv")
ALERTS = ("--refinement", "none", "--side-phase", "none", "--output", "OUT/a.tsv")
SIMULATED = ("--output", "OUT/s.raw", "--truth", "OUT/t.json")
TABULATED = ("--scans", "OUT/a.tsv", "--samples", "OUT/b.tsv", "--spectra", "OUT/c.tsv")

FIGURE = '{"f": {"kind": "%s", "files": [%s], "titles": ["a"]}}'
STANDARD = ("--standard", "none", "--standard-structure", "good.cif", "--output", "OUT/x.nc")
SIDE = ("--side", "good.cif", "--output", "OUT/x.nc")
MULTIVERSE = (
    *("--samples", "samples.tsv", "--scans", "scans.tsv", "--schemas", str(SCHEMAS), "--results", "none"),
    *("--range", "2-60", "--batch", "0", "--output", "OUT/0.json"),
)
CRATE = ("--workflow", str(ROOT), "--output", "OUT/c.json")
FOLDERS = '{"results": "results", "data_folder": "data"}'
SHOWN = '{"figure_S1": {"file": "%s", "caption": "none"}}'
SUPPORTING = ("--summary", "none", "--output", "OUT/s.pdf")
RECOVERY = (
    *("--scan-truth", "none", "--refinement", "none", "--spectra-truth", "none"),
    *("--circuits", "none", "--arrhenius", "none", "--output", "OUT/r.tsv", "--summary", "OUT/s.tsv"),
)
TABLES = (
    *("--schemas", str(SCHEMAS), "--paper", PAPER, "--refinement", "none", "--circuits", "none", "--arrhenius", "none"),
    *("--series", "series.tsv", "--exclusions", "none", "--output", "OUT/tables"),
)

# Every file that a command reads, once.
CALLS: dict[str, Call] = {
    "import_scan": Call("import_scan", (BAD, "--output", "OUT/x.nc"), "{}", text=True),
    "import_spectra": Call("import_spectra", (BAD, "--output", "OUT/x.nc"), ROWS, text=True),
    "validate_spectra": Call("validate_spectra", (BAD, "--output", "OUT/x.nc"), "{}"),
    "fit_circuits": Call("fit_circuits", (BAD, "--output", "OUT/x.nc"), "{}"),
    "fit_arrhenius": Call("fit_arrhenius", (BAD, "--output", "OUT/x.nc"), PELLET),
    "reduce_scan": Call("reduce_scan", (BAD, "--output", "OUT/x.nc"), NICKEL),
    "reduce_scan, background": Call("reduce_scan", ("scan.nc", "--background", BAD, "--output", "OUT/x.nc"), NICKEL),
    "refine_standard": Call("refine_standard", (BAD, "good.cif", "--output", "OUT/x.json"), QUICK, text=True),
    "refine_standard, CIF": Call("refine_standard", ("good.gr", BAD, "--output", "OUT/x.json"), QUICK, text=True),
    "refine_structure": Call("refine_structure", (BAD, "good.cif", "--output", "OUT/x.nc"), QUICK, text=True),
    "refine_structure, CIF": Call(
        "refine_structure", ("good.gr", "good.cif", BAD, "--output", "OUT/x.nc", "--cif", "OUT/x.cif"), QUICK, text=True
    ),
    "refine_structure, resolution": Call(
        "refine_structure", ("good.gr", "good.cif", "--resolution", BAD, "--output", "OUT/x.nc"), QUICK, text=True
    ),
    "calculate_pair_distribution": Call(
        "calculate_pair_distribution", ("good.cif", BAD, "--output", "OUT/x.gr"), '{"rmax": 5}', text=True
    ),
    "refine_in_turn": Call(
        "refine_in_turn",
        (BAD, "--structures", "good.cif", "--output", "OUT/x.tsv"),
        '{"fit_range": [2, 20]}',
        text=True,
    ),
    "measure_geometry": Call("measure_geometry", (BAD, "good.cif", "--output", "OUT/x.nc"), "{}"),
    "collect_series": Call("collect_series", (BAD, *_patterns(""), *COLLECT), "{}", text=True),
    "collect_series, scans": Call(
        "collect_series", ("samples.tsv", "--scans", BAD, *_patterns(""), *COLLECT), "{}", text=True
    ),
    "collect_series, refinement": Call(
        "collect_series", ("samples.tsv", "--scans", "scans.tsv", *_patterns("refinement"), *COLLECT), "{}"
    ),
    "collect_alerts": Call("collect_alerts", ("--reduction", BAD, *ALERTS), '{"samples": ["a"], "reduced": ["a"]}'),
    "collect_alerts, resolution": Call(
        "collect_alerts",
        ("--reduction", "none", "--resolution", BAD, "--certificates", "good.cif", *ALERTS),
        '{"standards": {"LaB6": []}}',
        text=True,
    ),
    "judge_claims": Call("judge_claims", (BAD, "--paper", PAPER, "--output", "OUT/x.tsv"), "{}", text=True),
    "judge_claims, paper": Call(
        "judge_claims", ("series.tsv", "--paper", BAD, "--output", "OUT/x.tsv"), "{}", text=True
    ),
    "simulate_scan": Call("simulate_scan", (BAD, "x10", *SIMULATED), "{}", text=True),
    "simulate_spectra": Call("simulate_spectra", (BAD, "x10", *SIMULATED), "{}", text=True),
    "tabulate_simulation": Call("tabulate_simulation", (BAD, *TABULATED), "{}", text=True),
    "draw_reduction": Call("draw_reduction", (BAD, "--output", "OUT/x.pdf")),
    "draw_refinement": Call("draw_refinement", ("--reduced", BAD, "--output", "OUT/x.pdf")),
    "draw_impedance": Call("draw_impedance", (BAD, BAD, BAD, "--output", "OUT/x.pdf")),
    "draw_paper": Call("draw_paper", (FIGURE % ("patterns", f'"{BAD}"'), "--output", "OUT")),
    "draw_paper, structure": Call("draw_paper", (FIGURE % ("structure", f'"{BAD}", "good.cif"'), "--output", "OUT")),
    "draw_series": Call("draw_series", (BAD, "--paper", PAPER, "--output", "OUT/figure_4.pdf"), text=True),
    "draw_series, correlation": Call(
        "draw_series", ("series.tsv", "--paper", PAPER, "--correlation", BAD, "--output", "OUT/figure_4.pdf")
    ),
    "detect_side_phase": Call("detect_side_phase", (BAD, "good.gr", "good.cif", *SIDE), "{}"),
    "reflection_widths": Call("reflection_widths", (BAD, BAD, "good.cif", *STANDARD)),
    "measure_recovery": Call("measure_recovery", (BAD, *RECOVERY), '{"samples": ["a"]}', text=True),
    "draw_recovery": Call("draw_recovery", (BAD, "--output", "OUT/x.pdf"), text=True),
    "run_multiverse": Call("run_multiverse", (BAD, *MULTIVERSE, "--paper", PAPER), "{}", text=True),
    "run_multiverse, paper": Call("run_multiverse", ("series.tsv", *MULTIVERSE, "--paper", BAD), "{}", text=True),
    "collect_multiverse": Call("collect_multiverse", (BAD, "--paper", PAPER, "--output", "OUT"), text=True),
    "draw_multiverse": Call(
        "draw_multiverse", (BAD, "--paper", PAPER, "--series", "series.tsv", "--output", "OUT/x.pdf"), text=True
    ),
    "budget_errors": Call(
        "budget_errors", (BAD, "--paper", PAPER, "--output", "OUT/b.tsv", "--figure", "OUT/b.pdf"), text=True
    ),
    "propose_next_sample": Call(
        "propose_next_sample", (BAD, "--claims", "none", "--paper", PAPER, "--output", "OUT/n.tsv"), "{}", text=True
    ),
    "write_tables": Call("write_tables", (BAD, *TABLES), text=True),
    "write_supporting_information": Call("write_supporting_information", (BAD, "series.tsv", *SUPPORTING)),
    "write_supporting_information, series": Call("write_supporting_information", ("none", BAD, *SUPPORTING), text=True),
    "write_supporting_information, figure": Call(
        "write_supporting_information", ("none", "none", "--figures", SHOWN % BAD, *SUPPORTING)
    ),
    "summarise_run": Call(
        "summarise_run", (BAD, "none", "--logs", "none", "--schema", CONFIGURATION, "--output", "OUT")
    ),
    "build_page": Call("build_page", (BAD, "--paper", PAPER, "--output", "OUT/page.html")),
    "build_page, paper": Call("build_page", ("results", "--paper", BAD, "--output", "OUT/page.html"), text=True),
    "write_crate": Call(
        "write_crate", ("--workflow", str(ROOT), "--configuration", BAD, "--output", "OUT/c.json"), FOLDERS
    ),
    "trace_result": Call("trace_result", (BAD,)),
    "new_series": Call("new_series", (BAD, "--into", "OUT/series")),
    "check_tables": Call("check_tables", (BAD, "--output", "OUT/checks.txt"), "{}", text=True),
    "chain": Call("chain", ("import_scan", BAD, "--output", "OUT/x.nc", "--then", "import_scan", "a"), text=True),
}

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de")
GARBAGE = bytes((k * 37 + k * k // 7) % 256 for k in range(3000))


def prepare(folder: Path) -> None:
    """Good files that commands with several inputs read beside the bad one."""
    (folder / "scan.nc").write_bytes(netcdf_seeds()[0])
    (folder / "reduction.nc").write_bytes(netcdf_seeds()[1])
    (folder / "words.nc").write_bytes(netcdf_seeds()[2])
    (folder / "good.gr").write_bytes(pdf_seeds()[0])
    (folder / "good.cif").write_bytes((ROOT / "config" / "structures" / "LaB6.cif").read_bytes())
    (folder / "series.tsv").write_bytes(series_seeds()[0])
    (folder / "samples.tsv").write_text("sample\tcomposition\tscan\tstructure\na\tLaB6\ts\tgood.cif\n")
    (folder / "scans.tsv").write_text("scan\tfile\ns\ts.raw\n")
    (folder / "results" / "series").mkdir(parents=True)
    (folder / "results" / "series" / "series.tsv").write_bytes(series_seeds()[0])


def missing(path: Path) -> None:
    """No file."""


BAD_FILES: dict[str, Callable[[Path], object]] = {
    "missing": missing,
    "a folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "binary garbage": lambda path: path.write_bytes(GARBAGE),
    "a picture": lambda path: path.write_bytes(PNG + GARBAGE),
    "blank lines": lambda path: path.write_text("\n \n\t\n"),
    "prose": lambda path: path.write_text("Dear colleague,\nhere are the data you asked for.\n"),
    "the netCDF of something else": lambda path: path.write_bytes(netcdf_seeds()[2]),
    "cut netCDF": lambda path: path.write_bytes(netcdf_seeds()[0][:5000]),
}
BAD_SETTINGS = {
    "missing": "absent.json",
    "not JSON": "{",
    "a list": "list.json",
    "unknown key": '{"qmx": 1, "qmax": 2}',
    "nested without end": '{"a": ' * 50_000 + "1" + "}" * 50_000,
    "a number without end": '{"qmax": 1' + "0" * 400 + "}",
    "NaN": '{"qmax": NaN}',
}


def load(name: str) -> ModuleType:
    """A command's module, loaded from its file as Python runs it."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(name: str, line: Sequence[str], monkeypatch) -> int:
    """Exit code of a command in this process, its errors made lines by the wrapper that makes them for a user."""
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *line])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with warnings.catch_warnings():
        try:
            command.run(load(name).main)
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0
