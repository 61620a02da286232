"""A small series of the simulator with a configuration of its own, and its jobs run by their commands."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from coherion.live.series import Series

ROOT = Path(__file__).parents[2]

CONFIGURATION = """\
# What the author says stays where it stands.
results: results
data_folder: raw

tables:
  samples: config/samples.tsv
  scans: config/scans.tsv
  spectra: config/spectra.tsv

reduction:
  qmax: 13.0  # to where the noise allows
  corrections: all

refinement:
  fit_ranges: [[2.0, 30.0]]
  resolution_from: LaB6

circuits:
  circuit: p(R1,CPE1)-CPE2
"""
SAMPLES = ("x50", "LaB6")


def command(name: str, *words: object) -> None:
    """Run a command of scripts/ as its job does."""
    importlib.import_module(name).main([str(word) for word in words])


def make_series(folder: Path) -> Path:
    """A series of one sample with scan and spectra, and the standard."""
    (folder / "config" / "structures").mkdir(parents=True)
    for name in ("cryolite.cif", "LaB6.cif"):
        shutil.copy(ROOT / "config" / "structures" / name, folder / "config" / "structures")
    (folder / "config" / "config.yaml").write_text(CONFIGURATION)
    for table, first in (("samples", SAMPLES), ("scans", (*SAMPLES, "empty")), ("spectra", ("x50",))):
        lines = (ROOT / "config" / "small" / f"{table}.tsv").read_text().splitlines(keepends=True)
        kept = [lines[0], *(line for line in lines[1:] if line.split("\t")[0] in first)]
        (folder / "config" / f"{table}.tsv").write_text("".join(kept))
    series = ROOT / "config" / "simulation.yaml"
    for scan in (*SAMPLES, "empty"):
        command("simulate_scan", series, scan, *written(folder, f"scans/{scan}.raw"))
    rows = (folder / "config" / "spectra.tsv").read_text().splitlines()[1:]
    command("simulate_spectra", series, "x50", *written(folder, *(row.split("\t")[1] for row in rows)))
    return folder


def written(folder: Path, *files: str) -> list[object]:
    """The files of a command that simulates, as it is told them."""
    return ["--output", *(folder / "raw" / file for file in files), "--truth", folder / "truth" / f"{files[0]}.json"]


def copied(made: Path, folder: Path) -> Path:
    """The series with its configuration alone copied; the raw files are those of the first."""
    shutil.copytree(made / "config", folder / "config")
    (folder / "raw").symlink_to(made / "raw")
    return folder


def opened(folder: Path) -> Series:
    """The series in a folder."""
    return Series(folder, ROOT)


def told(folder: Path, stage: str, sample: str = "x50") -> str:
    """What the job of a stage is told, of the configuration as it stands in the folder."""
    return json.dumps(opened(folder).jobs.of_sample(stage, sample))


def reduced_by_the_job(folder: Path, sample: str = "x50") -> Path:
    """The file that the commands import_scan and reduce_scan write of a sample."""
    out = folder / "results"
    names = opened(folder).jobs.tables.samples[sample]["scan"], "empty"
    for scan in names:
        command("import_scan", folder / "raw" / "scans" / f"{scan}.raw", "--output", out / "scans" / f"{scan}.nc")
    scans = [out / "scans" / f"{scan}.nc" for scan in names]
    target = out / "reduction" / f"{sample}.nc"
    told_ = told(folder, "reduction", sample)
    command("reduce_scan", scans[0], "--background", scans[1], "--settings", told_, "--output", target)
    return target


def refined_by_the_job(folder: Path, sample: str = "x50", before: Path | None = None) -> Path:
    """The file that refine_standard and refine_structure write, of the reductions that reduce_scan writes, from where
    another refinement ended if one is given."""
    out, structures = folder / "results", folder / "config" / "structures"
    standard, reduced = reduced_by_the_job(folder, "LaB6"), reduced_by_the_job(folder, sample)
    resolution = out / "resolution" / "LaB6.json"
    own = told(folder, "resolution", "LaB6")
    command("refine_standard", standard, structures / "LaB6.cif", "--settings", own, "--output", resolution)
    low, high = opened(folder).jobs.settings["refinement"]["fit_ranges"][0]
    target = out / "refinement" / sample / f"{low:g}-{high:g}.nc"
    words = ["--resolution", resolution, "--ranges", f"{low:g}-{high:g}", "--output", target]
    words += ["--settings", told(folder, "refinement", sample), *(["--start-from", before] if before else [])]
    command("refine_structure", reduced, structures / "cryolite.cif", *words)
    return target


def fitted_by_the_job(folder: Path) -> Path:
    """The file that import_spectra, validate_spectra, fit_circuits and fit_arrhenius write; fit_circuits' is beside."""
    jobs, out = opened(folder).jobs, folder / "results"
    paths = {stage: out / stage / "x50.nc" for stage in ("spectra", "validation", "circuits", "arrhenius")}
    own = json.dumps(jobs.of_spectra("x50"))
    command("import_spectra", "--folder", folder / "raw", "--settings", own, "--output", paths["spectra"])
    before = paths["spectra"]
    names = (("validation", "validate_spectra"), ("circuits", "fit_circuits"), ("arrhenius", "fit_arrhenius"))
    for stage, name in names:
        command(name, before, "--settings", told(folder, stage), "--output", paths[stage])
        before = paths[stage]
    return before


if __name__ == "__main__":
    make_series(Path(sys.argv[1]))


def ended(process, by):
    """What the command says when it is told to end; it is not waited for without end."""
    process.send_signal(by)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
