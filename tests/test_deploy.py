"""The workflow where others put it: a module of theirs, in folders with odd names, or fetched by Snakemake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from installed import SCRIPTS_FOLDER, installed_python

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.workflow, pytest.mark.slow]

FOREIGN = """\
configfile: "config.yaml"
module coherion:
    snakefile: {snakefile!r}
    config: config
use rule * from coherion
"""


def checkout(folder: Path) -> Path:
    """A copy of what git holds of this checkout, with its changes, in a folder of that name."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def foreign(folder: Path, snakefile: str) -> Path:
    """A workflow of somebody else: six lines, a configuration, tables and structures of its own."""
    shutil.copytree(ROOT / "config", folder / "config")
    settings = yaml.safe_load((ROOT / ".test/config/config.yaml").read_text())
    settings["per_sample"] = {"x10": {"reduction": {"qmax": 12.5}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    (folder / "Snakefile").write_text(FOREIGN.format(snakefile=snakefile))
    return folder


def run(python: str | Path, folder: Path, *arguments: str) -> str:
    """What Snakemake said of a run that must succeed."""
    path = os.pathsep.join([str(Path(python).parent), os.environ["PATH"]])
    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-m", "snakemake", "--cores", "2", "--scheduler", "greedy", *arguments],
        cwd=folder,
        env=own | {"PATH": path, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise RuntimeError(said[-5000:])
    return said


def test_a_foreign_workflow_of_six_lines_runs_the_small_series_whatever_the_folders_are_called(tmp_path):
    """The checkout has a blank, an umlaut and a quote in its name, the series lies elsewhere, in one with all else."""
    own = checkout(tmp_path / "Jörg's Meß daten" / "coherion")
    series = foreign(tmp_path / 'Möller\'s "Documents" & $HOME `id`; {x}', str(own / "workflow" / "Snakefile"))
    run(sys.executable, series)
    for name in ("claims.tsv", "supporting_information.pdf", "summary/run.html", "figures/overview.pdf"):
        assert (series / "results" / name).stat().st_size > 0, name
    for sample in ("x10", "x50", "x90"):
        assert (series / f"results/refinement/{sample}/2-60.cif").exists()
        assert (series / f"results/figures/impedance/{sample}.svg").exists()
    assert "Nothing to be done" in run(sys.executable, series, "--dry-run")

    # Only what a setting concerns runs again.
    changed = yaml.safe_load((series / "config.yaml").read_text())
    changed["per_sample"]["x10"]["validation"] = {"limit": 0.021}
    (series / "config.yaml").write_text(yaml.safe_dump(changed))
    planned = run(sys.executable, series, "--dry-run")
    assert "rule analyse_spectra:" in planned
    assert "rule refine_structure:" not in planned and "rule reduce_scan:" not in planned
    assert planned.count("rule analyse_spectra:") == 1


def test_a_foreign_workflow_changes_rules_keeps_its_own_settings_and_imports_twice(tmp_path):
    own = str(ROOT / "workflow" / "Snakefile")
    series = foreign(tmp_path / "series", own)
    changed = "use rule refine_structure from coherion with:\n    resources: mem_mb=5432\n"
    (series / "Snakefile").write_text(FOREIGN.format(snakefile=own) + changed)
    planned = run(sys.executable, series, "--dry-run")
    assert planned.count("mem_mb=5432") == 3 and "draw_all_samples" in planned

    settings = yaml.safe_load((series / "config.yaml").read_text())
    again = settings | {"results": "again", "data_folder": "again/simulated"}
    (series / "config.yaml").write_text(yaml.safe_dump({"mine": 3, "one": settings, "two": again}))
    module = (
        "module {name}:\n    snakefile: {own!r}\n    config: config['{name}']\nuse rule * from {name} as {name}_*\n"
    )
    both = "".join(module.format(name=name, own=own) for name in ("one", "two"))
    wanted = "rule mine:\n    default_target: True\n    input: rules.one_all.input, rules.two_all.input\n"
    (series / "Snakefile").write_text(f"configfile: 'config.yaml'\n{both}{wanted}")
    planned = run(sys.executable, series, "--dry-run")
    assert "one_refine_structure" in planned and "again/refinement/x50/2-60.nc" in planned

    run(sys.executable, series, "results/checks.txt")
    assert "Report created" in run(sys.executable, series, "results/checks.txt", "--report", "report.html")


def test_a_prefix_is_refused_and_told_what_takes_its_place(tmp_path):
    series = foreign(tmp_path / "series", str(ROOT / "workflow" / "Snakefile"))
    text = (series / "Snakefile").read_text()
    (series / "Snakefile").write_text(text.replace("    config: config\n", '    config: config\n    prefix: "sub"\n'))
    with pytest.raises(RuntimeError, match="The module has a prefix: take it away, and say by the key results"):
        run(sys.executable, series, "--dry-run")


def test_braces_that_snakemake_takes_for_a_wildcard_are_told(tmp_path, monkeypatch):
    own = checkout(tmp_path / "a {x}")
    series = foreign(tmp_path / "series", str(own / "workflow" / "Snakefile"))
    with pytest.raises(RuntimeError, match=r"a \{x\}: braces in the name of the folder that holds") as said:
        run(sys.executable, series, "--dry-run")
    assert "Traceback" not in str(said.value)
    series = foreign(tmp_path / "b {wildcards.sample}", str(ROOT / "workflow" / "Snakefile"))
    with pytest.raises(RuntimeError, match=r"b \{wildcards.sample\}: braces in the name of the working folder") as said:
        run(sys.executable, series, "--dry-run")
    assert "Traceback" not in str(said.value)
    series = foreign(tmp_path / "c {} {y}", str(ROOT / "workflow" / "Snakefile"))
    assert "refine_structure" in run(sys.executable, series, "--dry-run")
    monkeypatch.setenv("COHERION_COMPARE", str(series / "results"))
    with pytest.raises(RuntimeError, match=r"/results: braces in the name of a folder to compare with"):
        run(sys.executable, series, "--dry-run")


def test_a_copy_that_snakemake_fetches_runs_with_the_installed_package(tmp_path):
    """Of such a copy only the rules are at hand: the commands are those of the package."""
    python = installed_python(tmp_path / "environment")
    own = checkout(tmp_path / "repository")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], cwd=own, check=True)
    series = foreign(tmp_path / "series", f"git+file://{own}/workflow/Snakefile@HEAD")
    shutil.move(own / "scripts", tmp_path / "away")
    planned = run(python, series, "--dry-run", "--printshellcmds")
    assert "refine_structure" in planned and str(SCRIPTS_FOLDER) in planned
    assert str(own) not in planned
    run(python, series, "results/reduction/x50.gr", "results/arrhenius/x50.nc", "results/checks.txt")
    assert "Nothing to be done" in run(python, series, "--dry-run", "results/reduction/x50.gr")


def test_a_package_of_another_version_is_refused(tmp_path):
    python = installed_python(tmp_path / "environment")
    own = checkout(tmp_path / "repository")
    init = own / "scripts/coherion/__init__.py"
    init.write_text(init.read_text().replace('__version__ = "', '__version__ = "99.'))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], cwd=own, check=True)
    series = foreign(tmp_path / "series", f"git+file://{own}/workflow/Snakefile@HEAD")
    with pytest.raises(RuntimeError, match="pip install the package of the same tag"):
        run(python, series, "--dry-run")
