"""Nothing that stands in a file, a table or the configuration is run, and no name leads out of the results folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile.commands import ROOT, call
from hostile.targets import a_range, cif_seeds
from test_workflow import own_series, snakemake, write_scan

from coherion.atoms.composition import parse_formula
from coherion.crystal.cif_input import read_cif
from coherion.data import netcdf
from coherion.data.scans import stoe
from coherion.data.series_tables import read_tables
from coherion.data.tables import write_table
from coherion.errors import CoherionWarning, InputError
from coherion.impedance.circuits.circuit import circuit
from coherion.refinement.constraints import parse_constraint, parse_number
from coherion.settings.configuration import read_yaml
from coherion.settings.plain import read_json
from coherion.settings.run import configuration_from

SCHEMAS = ROOT / "workflow" / "schemas"
# What would leave a file named planted, were it run by Python, a shell, a template or a pickle.
PAYLOADS = (
    "__import__('os').system('touch planted')",
    "[x for x in ().__class__.__bases__[0].__subclasses__()]",
    "open('planted','w')",
    "$(touch planted)",
    "`touch planted`",
    "; touch planted",
    "& touch planted &",
    "| touch planted",
    "a\ntouch planted",
    "'; touch planted; '",
    '"; touch planted; "',
    "{params.settings.__class__}",
    "{{ 7*7 }}",
    "%(touch planted)s",
    "-planted",
    "--output=planted",
    "../planted",
    "..",
    ".",
    "/tmp/planted",
    "~/planted",
    "a/b",
    "a\\b",
    "a\0b",
    "\x1b]0;planted\x07",
    "\u202egnp.planted",
    "р10",  # a Cyrillic letter that looks like a Latin one
    "x１０",  # wide digits
    "CON\u0000",
    "x" * 300,
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to stand in that nothing is planted in when the test ends."""
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    yield folder
    assert not list(tmp_path.rglob("*planted*")), "something was planted"
    assert [path.name for path in (tmp_path).iterdir()] == ["in"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_grammars_refuse_code(payload, here):
    for read in (
        lambda: circuit(payload),
        lambda: circuit(f"R1-{payload}"),
        lambda: parse_formula(payload),
        lambda: parse_formula(f"Na{payload}"),
        lambda: parse_constraint(f"a = {payload}", ["a"]),
        lambda: parse_constraint(payload, ["a"]),
        lambda: parse_number(payload, {"x": 1.0}, place="start"),
    ):
        with pytest.raises(InputError) as refused:
            read()
        assert str(refused.value).isprintable()


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("column", ["sample", "scan"])
def test_names_that_become_names_of_files_are_refused(payload, column, here):
    row = {"sample": "a", "composition": "NaCl", "scan": "s"} | {column: payload}
    text = "\t".join(row) + "\n" + "\t".join(row.values()) + "\n"
    Path("samples.tsv").write_text(text, encoding="utf-8")
    Path("scans.tsv").write_text(f"scan\tfile\n{row['scan']}\ta.raw\n", encoding="utf-8")
    with pytest.raises(InputError):
        read_tables({"samples": "samples.tsv", "scans": "scans.tsv", "spectra": None}, SCHEMAS)


@pytest.mark.parametrize(
    "file", ["../a.raw", "a/../../b.raw", "/etc/passwd", "a|../b", "a||b", "{wildcards}", "\\\\a\\b"]
)
def test_files_outside_the_data_folder_are_refused(file, here):
    Path("samples.tsv").write_text("sample\tcomposition\tscan\na\tNaCl\ts\n")
    Path("scans.tsv").write_text(f"scan\tfile\ns\t{file}\n")
    with pytest.raises(InputError, match="column file"):
        read_tables({"samples": "samples.tsv", "scans": "scans.tsv", "spectra": None}, SCHEMAS)


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [touch planted]",
        "a: !!python/object/new:os.system [touch planted]",
        "a: !!python/name:os.system",
        "a: !!python/module:os",
        "!!python/object/apply:builtins.open [planted, w]: 1",
        "a: !!binary '@@@'",
        "a: !!int x",
        "a: !!bool x",
        "a: !!timestamp x",
        "a: !!float x",
        "a: 2001-99-99",
        "a: " + "9" * 5000,
        "a: " + "[" * 5000,
        "? [a]\n: b",
        "a: &a [*a]",
        "a: !unknown b",
        "<<: [1, 2]",
    ],
)
def test_yaml_makes_plain_values_or_nothing(text, here):
    Path("config.yaml").write_text(text)
    with pytest.raises(InputError, match="config.yaml"):
        read_yaml("config.yaml")


def test_aliases_that_stand_for_a_billion_values_cost_nothing(here):
    import time

    rows = [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}' if k else 'x'] * 9)}]\n" for k in range(10)]
    Path("config.yaml").write_text("".join(rows))
    started = time.process_time()
    with pytest.raises(InputError, match="too many values"):
        read_yaml("config.yaml")
    assert time.process_time() - started < 5


def test_json_that_we_wrote_of_thousands_of_samples_is_read():
    """The list of tables of 2,000 samples has half a million values, none of them an alias."""
    many = {"tables": [{"words": list(range(1000))} for _ in range(500)]}
    assert read_json(json.dumps(many)) == many
    with pytest.raises(InputError, match="a number cannot be used"):
        read_json(json.dumps(many).replace("999", "1e999", 1))


@pytest.mark.parametrize("results", ["-r", "--delete", "a{b}", "a\n", "a\nb", "\0", ""])
@pytest.mark.parametrize("key", ["results", "data_folder"])
def test_folders_that_a_command_or_snakemake_would_misread_are_refused(key, results, here):
    with pytest.raises(InputError, match=key):
        configuration_from({key: results})


@pytest.mark.parametrize("structure", ["-x.cif", "a.cif | -b.cif", "a{b}.cif", "|", "a.cif|"])
def test_structures_that_a_command_would_misread_are_refused(structure, here):
    Path("samples.tsv").write_text(f"sample\tcomposition\tscan\tstructure\na\tNaCl\ts\t{structure}\n")
    Path("scans.tsv").write_text("scan\tfile\ns\ta.raw\n")
    with pytest.raises(InputError, match="column structure"):
        read_tables({"samples": "samples.tsv", "scans": "scans.tsv", "spectra": None}, SCHEMAS)


def test_cells_of_a_table_stay_in_their_cell():
    text = write_table([{"a": "x\ty\nz", "b": 1.0}])
    assert text == "a\tb\nx y z\t1\n"


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if "\0" not in p and len(p) < 70])
def test_titles_and_labels_of_files_are_only_text(payload, here, capsys, monkeypatch):
    """A title in a raw file and a label in a CIF go into the results as text, without what drives a terminal."""
    header = stoe.RawHeader(wavelength=0.55941, anode=1, title=payload)
    Path("a.raw").write_bytes(stoe.format_raw(a_range(), header))
    assert call("import_scan", ["a.raw", "--output", "out.nc"], monkeypatch) == 0
    title = netcdf.read_dataset("out.nc").attrs["title"]
    assert title.isprintable() and len(title) <= 80
    assert title == payload.strip() or not (payload.isascii() and payload.isprintable())
    label = "L" + "".join(c for c in payload if c.isascii() and c.isprintable() and c not in " '\";#")
    Path("a.cif").write_text(cif_seeds()[3].decode().replace("Cl1 Cl1-", f"{label} Cl1-"), encoding="utf-8")
    with pytest.warns(CoherionWarning):
        crystal = read_cif("a.cif")
    assert label in [site.label for site in crystal.sites]


def test_a_circuit_and_a_constraint_from_the_command_line_are_only_text(here, capsys, monkeypatch):
    for settings in (
        {"circuit": "__import__('os').system('touch planted')"},
        {"circuit": "p(R1,CPE1)", "start": {"a": "b"}},
    ):
        code = call("fit_circuits", ["a.nc", "--output", "x.nc", "--settings", json.dumps(settings)], monkeypatch)
        assert code == 1
    assert "Traceback" not in capsys.readouterr().err


def test_names_of_phases_cannot_lead_elsewhere():
    from coherion.refinement.steps.problem import make_model
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.refinement import RefinementSettings

    crystal = read_cif(ROOT / "config" / "structures" / "LaB6.cif")
    for names in (["a", "../planted"], ["a", "/tmp/planted"], ["a", ".."], ["a", "b\n"], ["a:b", "c"]):
        settings = settings_from(RefinementSettings, {"phases": names})
        with pytest.raises(InputError, match="phases"):
            make_model([crystal, crystal], 13.0, settings)


ODD = "$(touch planted) `touch planted` 'q' \"d\" ; touch planted & é"


@pytest.mark.workflow
def test_a_run_with_odd_names_works_and_runs_nothing(tmp_path):
    """Folders, files and titles with quotes, blanks, braces and commands, through Snakemake and its shell."""
    folder = tmp_path / f"own {ODD.replace('/', '')}"
    data = folder / f"data {ODD}"
    data.mkdir(parents=True)
    write_scan(data / f"-scan {ODD}.xyd")
    elsewhere = tmp_path / "on another disk"
    elsewhere.mkdir()
    (folder / f"results {ODD}").symlink_to(elsewhere)
    own_series(
        folder,
        {"data_folder": data.name, "results": f"results {ODD}", "reduction": {"qmax": 8.0, "rmax": 20.0}},
        scans=f"scan | file | intensity_kind | wavelength_A\ns | -scan {ODD}.xyd | counts | 0.5594\n",
        samples="sample | title | composition | scan\n"
        f"a | -x {ODD} <script>alert(1)</script> {{sample}} {{0}} $\\frac$ %s \\n | Ni | s\n",
    )
    results = f"results {ODD}"
    done = snakemake(folder, f"{results}/reduction/a.gr", f"{results}/figures/reduction/a.pdf")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (elsewhere / "reduction" / "a.gr").stat().st_size > 1000
    assert "<script" not in (elsewhere / "figures" / "reduction" / "a.svg").read_text(encoding="utf-8")
    planted = [path for path in [*tmp_path.rglob("planted*"), *ROOT.glob("planted*")] if path.is_file()]
    assert not planted
    assert {path.name for path in tmp_path.iterdir()} == {folder.name, elsewhere.name}


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("configuration", "file", "said"),
    [
        ("results: !!python/object/apply:os.system ['touch planted']\n", "s.xyd", ["config.yaml, line 1, column 10"]),
        (
            "__use_yte__: true\n__definitions__: [import os, os.system('touch planted')]\n",
            "s.xyd",
            ["config.yaml, key __use_yte__"],
        ),
        ("", "s {wildcards.scan}.xyd", ["scans.tsv, row 2, column file", "braces"]),
    ],
)
def test_what_cannot_be_run_safely_is_refused_in_one_line(configuration, file, said, tmp_path):
    own_series(
        tmp_path,
        {},
        samples="sample | composition | scan\na | Ni | s\n",
        scans=f"scan | file\ns | {file}\n",
    )
    if configuration:
        (tmp_path / "config" / "config.yaml").write_text(configuration)
    done = snakemake(tmp_path, "--dry-run")
    assert done.returncode != 0
    lines = [line for line in (done.stderr + done.stdout).splitlines() if all(part in line for part in said)]
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("planted*")) and not (tmp_path / "results").exists()
