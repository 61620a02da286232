"""The tutorial says what the commands say, and what it tells to write is understood."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SAMPLES = ("x10", "x30", "x50", "x70", "x90")
TEMPERATURES = (-40, -30, -20, -10, 0, 10, 25, 40, 50, 60)

pytestmark = pytest.mark.slow


def blocks(language: str = "") -> list[str]:
    """The code blocks of the tutorial in a language, in their order."""
    return [
        text for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL) if kind == language
    ]


def block(words: str, language: str = "") -> str:
    (found,) = [text for text in blocks(language) if words in text]
    return found


def run(folder: Path, script: str, *arguments: object) -> tuple[int, str]:
    command = [sys.executable, ROOT / "scripts" / script, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder of the tutorial: one scan and one sample's spectra of the simulation under all names."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name in ("raw/xrd", "raw/eis"):
        (folder / name).mkdir(parents=True)
    series = ROOT / "config" / "simulation.yaml"
    for name in ("LaB6", "empty"):
        run(folder, "simulate_scan.py", series, name, "--output", f"raw/xrd/{name}.raw", "--truth", f"{name}.json")
    files = [f"raw/eis/x10_{temperature}C.mpt" for temperature in TEMPERATURES]
    run(folder, "simulate_spectra.py", series, "x10", "--output", *files, "--truth", "x10.json")
    for sample in SAMPLES:
        shutil.copy(folder / "raw/xrd/LaB6.raw", folder / f"raw/xrd/{sample}.raw")
        if sample != "x10":
            for temperature in TEMPERATURES:
                shutil.copy(folder / f"raw/eis/x10_{temperature}C.mpt", folder / f"raw/eis/{sample}_{temperature}C.mpt")
    for structure in ("LaB6", "cryolite", "trigonal"):
        shutil.copy(ROOT / "config" / "structures" / f"{structure}.cif", folder / "raw")
    return folder


@pytest.fixture(scope="module")
def said(folder) -> str:
    """What `make new` said of it."""
    status, said = run(folder, "new_series.py", "raw", "--into", "series")
    assert status == 0
    return said


def test_a_series_is_started_with_these_words(folder, said):
    shortened = said.replace(f"{folder}/", "").partition("\n\nNext:")[0]
    assert shortened.strip() == block("Written to").strip()


def test_what_only_the_user_knows_is_asked_for_in_these_words(folder, said):
    status, checked = run(folder, "check_series.py", "--directory", "series")
    assert status == 1 and checked.count("ERROR") == 15
    quoted = block("still to be filled in").splitlines()
    assert quoted[0] in checked.splitlines()
    assert quoted[-1].startswith("15 errors to mend, ") and "\n15 errors to mend, " in checked
    assert quoted[2].split(", background")[0] in checked


def test_what_is_to_be_written_is_understood(folder, said):
    shutil.copytree(folder / "series", folder / "filled_in")
    config = folder / "filled_in" / "config"
    table = (config / "samples.tsv").read_text()
    lines = table.splitlines()
    (head,) = [place for place, line in enumerate(lines) if line.startswith("sample\t")]
    names = lines[head].split("\t")
    told = re.findall(r"^\| (`.*`) \| (.*) \|$", TEXT, re.MULTILINE)
    values: dict[str, str] = {}
    for columns, cells in told:
        found = re.findall(r"`([^`]*)`", cells)
        values |= dict(zip(re.findall(r"`([^`]*)`", columns), found, strict=False))
    assert values.pop("structure") == "cryolite.cif"
    values["structure"] = str(folder / "raw" / "cryolite.cif")
    assert len(values) == 6 and values.keys() <= set(names)
    for place in range(head + 1, len(lines)):
        row = dict(zip(names, lines[place].split("\t"), strict=True))
        mine = values if row["sample"] != "LaB6" else {"density_g_cm3": "4.71", "packing_fraction": "0.6"}
        lines[place] = "\t".join((row | mine)[name] for name in names)
    (config / "samples.tsv").write_text("\n".join([*lines, ""]))

    settings = (config / "config.yaml").read_text()
    for marked in ("corrections: all", "paper: config/paper.yaml"):
        assert settings.count(f"# {marked}\n") == 1
        settings = settings.replace(f"# {marked}\n", f"{marked}\n")
    (config / "config.yaml").write_text(settings)

    paper = (config / "paper.yaml").read_text()
    margin = block("margin: 5", "yaml")
    for heading, added in (("quantities:\n", margin), ("statements:\n", block("id: length-shrinks", "yaml"))):
        assert paper.count(f"\n{heading}") == 1
        paper = paper.replace(f"\n{heading}", f"\n{heading}{added.removeprefix(heading)}")
    paper = paper.replace("\nfigures:\n", f"\nfigures:\n{block('kind: series', 'yaml')}")
    (config / "paper.yaml").write_text(paper)
    status, checked = run(folder, "check_series.py", "--directory", "filled_in")
    assert status == 0 and "nothing is missing, " in checked, checked

    (config / "paper.yaml").write_text(paper.replace("of: coherence_length,", "of: coherence_lenght,"))
    status, checked = run(folder, "check_series.py", "--directory", "filled_in")
    quoted = block("did you mean").strip()
    # Its own statement is the second of the file in the tutorial, which has it below what was proposed.
    assert status == 1
    assert re.sub(r"\[\d+\]", "[]", quoted) in re.sub(r"\[\d+\]", "[]", checked)
