"""Report, crate and trace of a small run: made scans of two samples, from raw files to figures."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
import trace_result

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def snakemake(folder: Path, *arguments: str | Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", "2", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


#: A title that would run in a browser wherever it stood unescaped: in a page, in an attribute, in a script.
HOSTILE = "two'\"</script><script>top.ran = 1</script><img src=x onerror=top.ran=1>&amp;"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder in which a run of two made scans has ended."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "data").mkdir()
    (folder / "config").mkdir()
    two_theta = np.arange(2.0, 80.0, 0.02)
    for seed, name in enumerate(("one & only", "two")):
        intensity = 300 * np.exp(-two_theta / 40) + 50
        for line in (8.0, 11.4, 14.0, 19.9, 24.5):
            intensity += 2000 * np.exp(-(((two_theta - line) / 0.15) ** 2)) / line
        counts = np.random.default_rng(seed).poisson(intensity)
        text = "".join(f"{a:9.3f}{n:9d}\n" for a, n in zip(two_theta, counts, strict=True))
        (folder / "data" / f"{name}.xyd").write_text(text)
    tables = {
        "scans": "scan | file | intensity_kind | wavelength_A\n"
        "one | one & only.xyd | counts | 0.5594\ntwo | two.xyd | counts | 0.5594\n",
        "samples": f"sample | title | composition | scan\none | one | Ni | one\ntwo | {HOSTILE} | Ni | two\n",
    }
    for name, text in tables.items():
        (folder / "config" / f"{name}.tsv").write_text(text.replace(" | ", "\t"))
    configuration = {
        "data_folder": "data",
        "tables": {"samples": "config/samples.tsv", "scans": "config/scans.tsv", "spectra": None},
        "crate": {"people": [{"name": f"Ada Example {HOSTILE}"}], "license": "CC-BY-4.0"},
    }
    (folder / "config" / "config.yaml").write_text(json.dumps(configuration))
    snakemake(folder)
    return folder


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """The same, to be changed."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


def traced(folder: Path, result: str, capsys, *options: str) -> tuple[bool, str]:
    """Whether everything agreed, and what was printed."""
    try:
        trace_result.main([result, "--directory", str(folder), *options])
    except SystemExit as ended:
        assert ended.code == 1
        return False, capsys.readouterr().out
    return True, capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["pdf", "svg", "png", "tsv"])
def test_a_figure_leads_to_its_raw_file_and_no_other(finished, capsys, suffix):
    agreed, said = traced(finished, f"results/figures/reduction/one.{suffix}", capsys, "--raw")
    assert agreed
    assert f"{digest(finished / 'data/one & only.xyd')}  data/one & only.xyd" in said
    assert "two.xyd" not in said


@pytest.mark.parametrize("result", ["results/series/series.tsv", "results/tables"])
def test_what_shows_all_samples_leads_to_all_tables(finished, capsys, result):
    _, said = traced(finished, result, capsys)
    assert "config/samples.tsv" in said


def test_a_result_of_the_same_name_where_one_stands_is_not_the_one_meant(finished, tmp_path, monkeypatch, capsys):
    result = "results/figures/reduction/one.pdf"
    monkeypatch.chdir(finished)
    _, elsewhere = traced(finished, result, capsys, "--raw")
    (tmp_path / result).parent.mkdir(parents=True)
    (tmp_path / result).write_bytes(b"%PDF of another run")
    monkeypatch.chdir(tmp_path)
    agreed, said = traced(finished, result, capsys, "--raw")
    assert agreed
    assert said == elsewhere


def test_a_raw_file_that_changed_is_named(copied, capsys):
    raw = copied / "data/one & only.xyd"
    before = digest(raw)
    raw.write_bytes(raw.read_bytes() + b"\n")
    agreed, said = traced(copied, "results/figures/reduction/one.pdf", capsys)
    assert not agreed
    assert re.search(rf"! data/one & only.xyd no longer agrees: sha256 {before[:12]} .*, {digest(raw)[:12]} now", said)
    agreed, _ = traced(copied, "results/figures/reduction/two.pdf", capsys)
    assert agreed


def test_a_dataset_that_was_replaced_is_named(copied, capsys):
    shutil.copy(copied / "results/reduction/two.nc", copied / "results/reduction/one.nc")
    agreed, said = traced(copied, "results/figures/reduction/one.svg", capsys)
    assert not agreed
    assert "! results/reduction/one.nc no longer agrees" in said


def test_without_the_records_of_snakemake_files_still_say_what_they_are_from(copied, capsys):
    shutil.rmtree(copied / ".snakemake")
    with pytest.warns(match="no records"):
        agreed, said = traced(copied, "results/figures/reduction/one.pdf", capsys, "--raw")
    assert agreed
    assert digest(copied / "data/one & only.xyd") in said


def test_a_chain_holds_after_part_of_the_run_was_repeated(copied, capsys):
    chosen = json.loads((copied / "config/config.yaml").read_text())
    chosen["per_sample"] = {"one": {"reduction": {"qmax": 9.0}}}
    before = digest(copied / "results/reduction/one.nc")
    (copied / "config/config.yaml").write_text(json.dumps(chosen))
    snakemake(copied)
    assert digest(copied / "results/reduction/one.nc") != before
    for name in ("one", "two"):
        agreed, said = traced(copied, f"results/figures/reduction/{name}.pdf", capsys)
        assert agreed, said
        assert digest(copied / f"results/reduction/{name}.nc")[:12] in said


#: What a browser fetches by itself when it opens a page.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|embed|object|audio|video)\b[^>]*?\s(?:src|data)\s*=\s*["']?\s*(?:https?:)?//"""
    r"""|<link\b[^>]*?\shref\s*=\s*["']?\s*(?:https?:)?//"""
    r"""|@import\s+(?:url\()?\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//""",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("page", "loads"),
    [
        ('<script src="https://cdn.example/a.js"></script>', True),
        ("<link rel='stylesheet' href=//cdn.example/a.css>", True),
        ("<style>@font-face{src:url(https://cdn.example/a.woff)}</style>", True),
        ('<a href="https://doi.org/10.1000/1">paper</a><svg xmlns="http://www.w3.org/2000/svg"/>', False),
        ('<img src="data:image/png;base64,AAAA">', False),
    ],
)
def test_the_scan_of_a_page_tells_what_is_loaded_from_what_is_linked(page, loads):
    assert bool(LOADED.search(page)) is loads


def test_the_report_is_one_page_that_loads_nothing(finished, tmp_path):
    snakemake(finished, "--report", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [match[0] for match in LOADED.finditer(page)] == []
    for category in ("Summary", "Paper", "Reduction", "Series", "Tables"):
        assert f'"{category}"' in page
    for path in (
        *(f"results/summary/{name}.html" for name in ("run", "warnings", "settings")),
        *(f"results/figures/reduction/{name}.svg" for name in ("one", "two")),
        "results/series/exclusions.tsv",
    ):
        assert path in page
    # The report sorts labels by their letters: a number of one digit is filled up, so that S2 comes before S10.
    numbers = [json.loads(f'"{text}"') for text in re.findall(r'"table": "(S[^"]*)"', page)]
    assert numbers and sorted(numbers, key=lambda text: int(text[1:])) == sorted(numbers)
    assert all(text[1:].strip().isdigit() and len(text) == 3 for text in numbers)
    shows = re.findall(r'"figure": "[^"]*", "shows": "([^"]*)"', page)
    assert shows and all(len(text.split()) > 2 for text in shows), "titles are words"
    settings = (finished / "results/summary/settings.tsv").read_text(encoding="utf-8")
    # The default of the schema is "results/simulated".
    assert "data_folder\tdata\tresults/simulated\t" in settings
    assert "Simulated data" not in page


class Markup(HTMLParser):
    """What a browser would run or load of a page: its scripts' text, and attributes that hold code."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.code: list[str] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "script"
        self.code += [f"{name}={value}" for name, value in attributes if name.startswith("on")]

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.code.append(data)


def test_the_scan_of_markup_sees_what_would_run():
    assert Markup(f"<p>{HOSTILE}</p>").code == ["top.ran = 1", "onerror=top.ran=1"]
    assert Markup(f"<p>{html.escape(HOSTILE)}</p>").code == []


def test_markup_in_titles_and_names_is_text_in_the_report_and_in_every_page(finished, tmp_path):
    snakemake(finished, "--report", tmp_path / "report.html")
    pages = [tmp_path / "report.html", *(finished / "results").rglob("*.html")]
    assert len(pages) > 3
    for page in pages:
        for code in Markup(page.read_text(encoding="utf-8")).code:
            assert not code.startswith(("top.ran", "onerror=top.ran")), page
    for drawing in (finished / "results").rglob("*.svg"):
        text = "".join(ElementTree.fromstring(drawing.read_bytes()).itertext())
        assert drawing.stem != "two" or "top.ran = 1" in text.replace("\xa0", " ")


def test_a_crate_of_the_run_is_read_by_another_program(copied):
    rocrate = pytest.importorskip("rocrate.rocrate", reason="the package rocrate (extra dev) is not installed")
    snakemake(copied, "write_crate")
    results = copied / "results"
    crate = rocrate.ROCrate(results)
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in {one.id for one in crate.root_dataset["conformsTo"]}
    assert crate.root_dataset["author"]["name"] == f"Ada Example {HOSTILE}"
    assert crate.root_dataset["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    assert crate.mainEntity.id == "crate/workflow/Snakefile"
    assert (results / crate.mainEntity.id).read_bytes() == (ROOT / "Snakefile").read_bytes()
    assert crate.mainEntity["programmingLanguage"]["name"] == "Snakemake"

    files = {one.id: one for one in crate.data_entities if "File" in one.type}
    for identifier, one in files.items():
        if not identifier.startswith("ni:"):
            assert digest(results / unquote(identifier)) == one["sha256"], identifier
    raw = {one["name"]: one["sha256"] for identifier, one in files.items() if identifier.startswith("ni:")}
    assert raw == {name: digest(copied / "data" / name) for name in ("one & only.xyd", "two.xyd")}
    written = {str(p.relative_to(results)) for p in results.rglob("*") if p.is_file() and p.name[0] != "."}
    described = {unquote(identifier) for identifier in files}
    # What the plan remembers of the raw files is no result.
    left = {p for p in written - described if not p.startswith(("logs/", "benchmarks/", "settings/contents.json"))}
    assert left == {"ro-crate-metadata.json"}

    actions = {one.id: one for one in crate.contextual_entities if "CreateAction" in one.type}
    assert actions["#run"]["instrument"] is crate.mainEntity
    reduction = actions["#job/reduce_scan/one"]
    assert reduction["instrument"].id == "crate/workflow/scripts/reduce_scan.py"
    assert reduction["object"].id == "scans/one.nc"
    assert "reduction/one.gr" in {one.id for one in reduction["result"]}
    text = (results / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert str(copied) not in text and str(ROOT) not in text

    # The same run described again is the same description.
    snakemake(copied, "write_crate", "--forcerun", "write_crate")
    assert (results / "ro-crate-metadata.json").read_text(encoding="utf-8") == text
