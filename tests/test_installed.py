"""coherion as a library: installed from its wheel, and used from another folder in ten lines."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from installed import ROOT, built_wheel, installed_python

from coherion import __version__

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

PROGRAM = """\
from coherion.library import *

scan, empty = read_scan("LaB6.raw"), read_scan("empty.raw")
reduced = reduce_scan(scan, empty, ReductionSettings(composition="LaB6", corrections="all", density=4.71, packing=0.6))
write_dataset(reduced, "LaB6.nc", "reduce_scan")
observed = read_observed("LaB6.nc")
fit = run_recipe([read_cif("LaB6.cif")], observed, RefinementSettings(fit_range=(2.0, 20.0)))
print("a =", fit.result.values["a"])
spectra = assemble("x50", [SpectraRow("x50_25C.mpt", temperature=25.0)])
circuits = fit_dataset(validate_dataset(spectra, ValidationSettings()), CircuitSettings())
print("R =", float(circuits["resistance"].sel(resistance_name="total")[0]))
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    """A folder with raw files of the simulation and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("raw")
    series = ROOT / "config" / "simulation.yaml"
    for name in ("LaB6", "empty"):
        out = ["--output", folder / f"{name}.raw", "--truth", folder / f"{name}.json"]
        run(sys.executable, ROOT / "scripts/simulate_scan.py", series, name, *out, cwd=folder)
    temperatures = yaml.safe_load(series.read_text())["spectra"]["temperatures"]
    out = ["--output", *(folder / f"x50_{t:g}C.mpt" for t in temperatures), "--truth", folder / "x50.json"]
    run(sys.executable, ROOT / "scripts/simulate_spectra.py", series, "x50", *out, cwd=folder)
    (folder / "LaB6.cif").write_bytes((ROOT / "config/structures/LaB6.cif").read_bytes())
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    return installed_python(tmp_path_factory.mktemp("environment"))


def test_ten_lines_from_a_raw_file_to_a_lattice_parameter_and_a_resistance(raw, python):
    assert len([line for line in PROGRAM.splitlines()[1:] if line]) <= 10
    (raw / "program.py").write_text(PROGRAM)
    said = run(python, "program.py", cwd=raw)
    found = {name: float(value) for name, value in re.findall(r"(\w+) = (\S+)", said)}
    true = {one["nominal_temperature"]: one for one in json.loads((raw / "x50.json").read_text())["spectra"]}
    (standard,) = json.loads((raw / "LaB6.json").read_text())["phases"]
    assert found["a"] == pytest.approx(standard["parameters"]["a"], abs=1e-3)
    assert found["R"] == pytest.approx(true[25]["resistance"], rel=0.02)


def test_the_package_that_is_imported_is_the_installed_one_of_this_version(raw, python):
    said = run(python, "-c", "import coherion; print(coherion.__file__, coherion.__version__)", cwd=raw)
    file, version = said.split()
    assert not Path(file).is_relative_to(ROOT) and version == __version__


CACHED = """\
import sys
import numpy as np
from coherion.pair_model import kernel
values, bits = np.array([0.0, 1.0, -2.5]), np.empty(3, dtype=np.int64)
kernel.exponential(values, bits, 3)
print(kernel.__file__, np.abs(values - np.exp([0.0, 1.0, -2.5])).max(), kernel.exponential.stats.cache_path)
print(sum(kernel.exponential.stats.cache_hits.values()))
"""


def test_the_compiled_loop_works_and_is_kept_where_package_and_home_cannot_be_written(python, tmp_path):
    found = run(python, "-c", "import coherion; print(coherion.__path__[0])", cwd=tmp_path).strip()
    package = tmp_path / "site" / "coherion"
    shutil.copytree(found, package, ignore=shutil.ignore_patterns("__pycache__"))
    # A file in the place of a folder refuses every user, root too, whom no mode of a folder keeps from writing.
    for folder in [package, *(path for path in package.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("")
    home = tmp_path / "home"
    home.write_text("")
    (tmp_path / "temporary").mkdir()
    unset = {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}
    environment = {name: value for name, value in os.environ.items() if name not in unset} | {
        "PYTHONPATH": str(package.parent),
        "HOME": str(home),
        "TMPDIR": str(tmp_path / "temporary"),
    }
    hits = []
    for _ in range(2):
        done = subprocess.run([python, "-c", CACHED], capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        first, second = done.stdout.splitlines()
        file, error, cache = first.split()
        assert Path(file).is_relative_to(package) and float(error) < 1e-13
        assert Path(cache).is_relative_to(tmp_path / "temporary")
        hits.append(int(second))
    assert hits == [0, 1]


def test_types_are_seen_from_outside(raw, python):
    (raw / "typed.py").write_text(
        "from coherion.library import read_scan, CircuitSettings\n"
        "reveal_type(read_scan)\nreveal_type(CircuitSettings())\nCircuitSettings(circuit=3)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", python, "--cache-dir", raw / "cache", "typed.py"],
        cwd=raw,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "xarray.core.dataset.Dataset" in done.stdout and "CircuitSettings" in done.stdout
    assert 'Argument "circuit" to "CircuitSettings" has incompatible type "int"' in done.stdout
    assert "missing library stubs or py.typed" not in done.stdout


def normal(name: str) -> str:
    """A distribution's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_wheel_says_all_that_it_needs_and_holds_the_workflow():
    with ZipFile(built_wheel()) as wheel:
        names = set(wheel.namelist())
        (told,) = (wheel.read(name).decode() for name in names if name.endswith("METADATA"))
    required = {
        normal(re.match(r"[\w.-]+", line)[0])
        for line in re.findall(r"^Requires-Dist: (.*)$", told, re.M)
        if "extra ==" not in line
    }
    owners = metadata.packages_distributions()
    live = ROOT / "scripts" / "coherion" / "live"
    imported = {
        name.split(".")[0]
        for file in (ROOT / "scripts").rglob("*.py")
        if not file.is_relative_to(live)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    own = {"coherion", *(file.stem for file in (ROOT / "scripts").glob("*.py"))}
    foreign = {name for name in imported if name and name not in sys.stdlib_module_names} - own
    assert {"numpy", "gemmi"} <= foreign
    missing = {n for n in foreign if not {normal(o) for o in owners.get(n, [n])} & required}
    # What the required ones require themselves: numba's compiler, matplotlib's cycles of colours.
    assert missing <= {"llvmlite", "cycler"}
    # What serves the live page is an extra, and nobody imports it but that room.
    assert re.search(r"^Requires-Dist: dash.*extra == 'live'", told, re.M) and "dash" not in foreign
    assert re.search(rf"^Version: {re.escape(__version__)}$", told, re.M)
    for name in (
        "coherion/py.typed",
        "coherion/document/template.typ",
        "coherion/pair_model/kernel.py",
        "coherion/share/scripts/reduce_scan.py",
        "coherion/share/workflow/Snakefile",
        "coherion/share/workflow/schemas/config.schema.yaml",
        "coherion/share/config/structures/LaB6.cif",
    ):
        assert name in names, name
    assert not {name for name in names if "__pycache__" in name or name.startswith("coherion/share/scripts/coherion/")}
    in_checkout = {str(f.relative_to(ROOT / "scripts")) for f in (ROOT / "scripts/coherion").rglob("*.py")}
    assert in_checkout <= names
