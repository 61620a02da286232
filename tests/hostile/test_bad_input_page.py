"""docs/bad-input.md is what the program says: each line of it comes from a run of the reader or command.

``COHERION_UPDATE_PAGES=1 pytest tests/hostile/test_bad_input_page.py`` writes the page anew.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import struct
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hostile.commands import GARBAGE, NICKEL, PELLET, PNG, QUICK, ROOT, SCHEMAS, call, load, prepare
from hostile.targets import (
    NAMES,
    a_range,
    cif_seeds,
    dta_seeds,
    mpr_seeds,
    netcdf_seeds,
    pdf_seeds,
    scan_seeds,
    z_seeds,
)
from made_spectra import complete, mpt_text, text_table

from coherion.data.pdf_text import format_pdf_text
from coherion.data.scans import stoe
from coherion.data.series_tables import read_tables
from coherion.errors import CoherionError
from coherion.settings.configuration import read_yaml, refuse_templates
from coherion.settings.run import configuration_from

PAGE = ROOT / "docs" / "bad-input.md"


@dataclass(frozen=True)
class Case:
    """One kind of bad input: files by name, the command and its arguments, or the configuration and its tables."""

    kind: str
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    command: str = ""
    arguments: tuple[str, ...] = ()
    settings: str | None = None
    accepted: bool = False


def scan(kind: str, name: str, content: bytes | str, settings: str = "{}", accepted: bool = False) -> Case:
    return Case(kind, {name: content}, "import_scan", (name, "--output", "x.nc"), settings, accepted)


def spectra(
    kind: str, name: str, content: bytes | str, columns: str | None = None, temperature: float | None = 25
) -> Case:
    row = {"file": name, "temperature_C": temperature, "columns": columns}
    rows = json.dumps({"sample": "a", "rows": [row]})
    return Case(kind, {name: content}, "import_spectra", (name, "--output", "x.nc"), rows)


def structure(kind: str, content: bytes | str, settings: str = QUICK) -> Case:
    arguments = ("good.gr", "sample.cif", "--output", "x.nc")
    return Case(kind, {"sample.cif": content}, "refine_structure", arguments, settings)


def pair_distribution(kind: str, content: bytes | str, settings: str = QUICK) -> Case:
    return Case(
        kind, {"sample.gr": content}, "refine_structure", ("sample.gr", "good.cif", "--output", "x.nc"), settings
    )


def told(kind: str, command_: str, settings: str) -> Case:
    files: dict[str, tuple[str, ...]] = {
        "reduce_scan": ("scan.nc", "--output", "x.nc"),
        "fit_circuits": ("validated.nc", "--output", "x.nc"),
        "refine_structure": ("long.gr", "good.cif", "--output", "x.nc"),
        "import_scan": ("good.xyd", "--output", "x.nc"),
        "fit_arrhenius": ("circuits.nc", "--output", "x.nc"),
    }
    return Case(kind, {"good.xyd": scan_seeds()[0]} | stored(), command_, files[command_], settings)


SAMPLES, SCANS = "sample\tcomposition\tscan\nx10\tNaCl\ts10\n", "scan\tfile\ns10\tx10.raw\n"


def configuration(kind: str, text: str | bytes = "", **tables: str) -> Case:
    tables = tables or {"samples": SAMPLES, "scans": SCANS}
    return Case(kind, {"config.yaml": text} | {f"{name}.tsv": content for name, content in tables.items()})


def changed(data: bytes, at: int, form: str, value: float) -> bytes:
    made = bytearray(data)
    struct.pack_into(form, made, at, value)
    return bytes(made)


def raw(**header: object) -> bytes:
    return stoe.format_raw(a_range(), stoe.RawHeader(**({"wavelength": 0.55941, "anode": 1} | header)))  # type: ignore[arg-type]


def text_scan(change: Callable[[list[str]], None]) -> str:
    lines = scan_seeds()[0].decode().splitlines()
    change(lines)
    return "\n".join(lines) + "\n"


def set_line(number: int, text: str) -> Callable[[list[str]], None]:
    return lambda lines: lines.__setitem__(number - 1, text)


def text_without(text: str, number: int) -> str:
    """A table whose line of that number lost its last field."""
    lines = text.splitlines()
    lines[number - 1] = lines[number - 1].rpartition("\t")[0]
    return "\n".join(lines) + "\n"


@functools.cache
def stored() -> dict[str, bytes]:
    """What the stages of impedance write for a made spectrum, and a G(r) that is long enough to refine."""
    settings = json.dumps({"sample": "a", "rows": [{"file": "a.mpt", "temperature_C": 25}]})
    r = np.arange(0.0, 30.0, 0.05)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = [str(Path(folder) / name) for name in ("a.mpt", "spectra.nc", "validated.nc", "circuits.nc")]
        Path(names[0]).write_text(mpt_text(NAMES, complete()))
        for command_, source, target in zip(
            ("import_spectra", "validate_spectra", "fit_circuits"), names, names[1:], strict=False
        ):
            told = ["--settings", settings] if command_ == "import_spectra" else []
            with contextlib.redirect_stdout(io.StringIO()):
                load(command_).main([source, "--output", target, *told])
        made = {Path(name).name: Path(name).read_bytes() for name in names[2:]}
    return made | {"long.gr": format_pdf_text("gr", r, np.sin(6 * r), header={"qmax": 13.0}).encode()}


def cif(old: str, new: str) -> str:
    return (ROOT / "config" / "structures" / "LaB6.cif").read_text(encoding="utf-8").replace(old, new)


def cases() -> dict[str, list[Case]]:
    """All kinds of bad input, by where they enter."""
    mpr, whole = mpr_seeds()[0], complete()
    where = mpr.index(b"MODULEVMP data") + 57
    mpt = mpt_text(NAMES, whole)
    off = [whole[0], whole[1], whole[2], whole[3] * np.where(np.arange(whole[0].size) == 4, 1.5, 1.0), whole[4]]
    samples, scans = SAMPLES, SCANS
    bomb = "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}' if k else 'x'] * 9)}]\n" for k in range(9))
    many = "".join(f"{2 + k / 50:9.3f}{200 + k:9d}\n" for k in range(20))
    return {
        "Any file": [
            Case("no such file", {}, "import_scan", ("x10.raw", "--output", "x.nc"), "{}"),
            scan("an empty file", "x10.xyd", ""),
            scan("a binary file that is no data", "x10.xyd", GARBAGE),
            scan("a picture named .raw", "x10.raw", PNG + GARBAGE),
            scan("text that is no data", "x10.xyd", "Dear colleague,\nhere are the data.\n"),
            Case("a name with control characters", {}, "import_scan", ("x\x1b[2J10\n.raw", "--output", "x.nc"), "{}"),
        ],
        "STOE raw files": [
            scan("a raw file of Bruker's that was cut short", "x10.raw", b"RAW1.01\0" + bytes(4) + b"\1\0\0\0" * 99),
            scan("an unknown version", "x10.raw", b"RAW_2.00" + raw()[8:]),
            scan("cut off within the counts", "x10.raw", raw()[:2600]),
            scan("a header without a scan", "x10.raw", stoe.format_raw([], stoe.RawHeader(wavelength=0.55941))),
            scan("counts that do not fit the stored extremes", "x10.raw", changed(raw(), 2560, "<i", 999999)),
            scan("a range that stands nowhere", "x10.raw", changed(raw(), 480, "<H", 60000)),
            scan("a record that lies in the header", "x10.raw", changed(raw(), 480, "<H", 1)),
            scan("nine ranges", "x10.raw", changed(raw(), 378, "<h", 9)),
            scan("a wavelength that is none", "x10.raw", changed(raw(), 322, "<f", float("nan"))),
            scan("a wavelength of another anode", "x10.raw", raw(wavelength=1.5406)),
            scan("a wavelength that the table contradicts", "x10.raw", raw(), '{"wavelength": 0.7093}'),
            scan("a range that is not there", "x10.raw", raw(), '{"range_number": 3}'),
            scan("a scan of omega", "x10.raw", raw(scan_type=2)),
            scan("counts smoothed before", "x10.raw", raw(history=1 << 5), accepted=True),
        ],
        "Scans as text": [
            scan("a damaged line", "x10.xyd", text_scan(set_line(30, "    2.58x      205"))),
            scan("angles that fall", "x10.xyd", text_scan(set_line(30, "    1.000      205"))),
            scan("a number that is none", "x10.xyd", text_scan(set_line(30, "    2.580      nan"))),
            scan(
                "negative counts",
                "x10.xyd",
                text_scan(set_line(30, "    2.580       -5")),
                '{"intensity_kind": "counts"}',
            ),
            scan("too few points", "x10.xyd", "2.0 100\n2.1 101\n"),
            scan("five columns", "x10.dat", "1 2 3 4 5\n" * 20),
            scan("rates without the time", "x10.xyd", scan_seeds()[1], '{"intensity_kind": "counts_per_second"}'),
            scan("fractions, unexplained", "x10.xyd", scan_seeds()[1]),
            scan("fractions called counts", "x10.xyd", scan_seeds()[1], '{"intensity_kind": "counts"}'),
            scan("whole numbers, unexplained", "x10.xyd", many, accepted=True),
            scan("an abscissa that the header contradicts", "x10.chi", "scan\nq_A^-1\nI\n20\n" + many),
            scan("angles beyond any", "x10.xyd", text_scan(set_line(61, "  900.000      205"))),
            scan("larger than a scan can be", "x10.xyd", many * 60_000),
        ],
        "Impedance files": [
            spectra("cut off within the data", "x10.mpr", mpr[: where + 700]),
            spectra("no rows", "x10.mpr", changed(mpr, where, "<I", 0)),
            spectra("a number of rows that lies", "x10.mpr", changed(mpr, where, "<I", 7)),
            spectra("a number of columns that lies", "x10.mpr", changed(mpr, where + 4, "<B", 255)),
            spectra("an unknown version", "x10.mpr", changed(mpr, where - 12, "<I", 77)),
            spectra("another technique", "x10.mpr", changed(mpr, where + 5, "<H", 4)),
            spectra("not what its name says", "x10.mpr", GARBAGE),
            spectra("no row of names", "x10.mpt", "EC-Lab ASCII FILE\nNb header lines : 3\n\n1\t2\t3\n"),
            spectra("no impedance", "x10.mpt", mpt_text(["time/s", "freq/Hz", "Phase(Z)/deg"], whole[:3])),
            spectra("an unknown unit", "x10.mpt", mpt.replace("Re(Z)/Ohm", "Re(Z)/Siemens")),
            spectra("a field that is no number", "x10.mpt", mpt.replace("e+05", "e+O5", 1)),
            spectra("points and commas mixed", "x10.mpt", mpt.replace(".", ",", 30)),
            spectra("a row cut short", "x10.mpt", text_without(mpt, 20)),
            spectra("columns that contradict one another", "x10.mpt", mpt_text(NAMES, off)),
            spectra("no usable row", "x10.mpt", mpt_text(NAMES, [0 * c for c in whole])),
            spectra("no temperature", "x10.mpt", mpt, temperature=None),
            spectra("no end of the header", "x10.z", z_seeds()[0].replace(b"End Comments", b"")),
            spectra("no table", "x10.DTA", dta_seeds()[0].replace(b"ZCURVE", b"CURVE")),
            spectra("no names of columns", "x10.txt", text_table(["1", "2", "3"], whole[:3])),
            spectra(
                "wrong number of names in the table",
                "x10.txt",
                text_table(["1", "2", "3"], whole[:3]),
                "frequency,real",
            ),
            spectra(
                "names in the table that the file contradicts",
                "x10.txt",
                text_table(["Freq[Hz]", "Re(Z)[Ohm]", "Im(Z)[Ohm]"], whole[:3]),
                "real,frequency,imaginary",
            ),
        ],
        "Structures": [
            structure("no CIF", "data: {a: 1}\n"),
            structure("no cell", "data_x\n_a 1\n"),
            structure("an impossible cell", cif("4.1568", "-4.1568")),
            structure("an unknown space group", cif("P m -3 m", "P m -3 q")),
            structure("an unknown element", cif("La ", "Qq ")),
            structure("a cell that the symmetry contradicts", cif("_cell_length_b", "_cell_length_b 9.0 #")),
            structure("atoms that overlap", cif_seeds()[3].decode().replace("0.6 .7 -0.2 1", "0.1 0.2 0.3 1")),
            structure("a coordinate that is none", cif_seeds()[3].decode().replace("0.6 .7 -0.2 1", "? .7 -0.2 1")),
            structure("an impossible occupancy", cif_seeds()[3].decode().replace("-0.2 1 ?", "-0.2 7 ?")),
            structure(
                "operations that are no group", cif_seeds()[3].decode().replace(" -x,-y,-z", " -y,x,z+1/4\n -z,-x,y")
            ),
        ],
        "G(r)": [
            pair_distribution("no data", "[DEFAULT]\nqmax = 13\n"),
            pair_distribution("a damaged line", pdf_seeds()[0] + b"1.30 oops\n1.32 0.1\n"),
            pair_distribution("distances that fall", pdf_seeds()[0] + b"0.5 0.1\n"),
            pair_distribution("no Qmax", pdf_seeds()[0].replace(b"qmax", b"qqq")),
            pair_distribution("another Qmax than the settings say", pdf_seeds()[0], '{"qmax": 20}'),
            pair_distribution("an impossible Qmax", pdf_seeds()[0].replace(b"qmax = 13", b"qmax = -13")),
            pair_distribution("S(Q) in place of G(r)", pdf_seeds()[3]),
            pair_distribution("a range beyond the data", pdf_seeds()[0], '{"fit_range": [2, 200]}'),
        ],
        "Files between the steps": [
            Case("damaged", {"a.nc": netcdf_seeds()[0][:4000]}, "reduce_scan", ("a.nc", "--output", "x.nc"), NICKEL),
            Case("the output of another command", {}, "fit_circuits", ("scan.nc", "--output", "x.nc"), "{}"),
            Case("no JSON", {"a.json": "{"}, *_with_resolution()),
            Case("an impossible resolution", {"a.json": _resolution(qdamp=-1)}, *_with_resolution()),
            Case(
                "a table without rows", {"s.tsv": "sample\tx\n"}, "judge_claims", ("s.tsv", "--output", "c.tsv"), "{}"
            ),
            Case(
                "a table with a wrong cell",
                {"s.tsv": "sample\tx\torigin\nx10\tmuch\tsimulated\n"},
                "judge_claims",
                ("s.tsv", "--paper", str(ROOT / "config" / "paper.yaml"), "--output", "c.tsv"),
                "{}",
            ),
        ],
        "Settings on a command line": [
            told("a file that is not there", "reduce_scan", "absent.json"),
            told("no JSON", "reduce_scan", "{qmax}"),
            told("an unknown key", "reduce_scan", '{"composition": "Ni", "qmx": 1}'),
            told("a value of the wrong kind", "reduce_scan", '{"composition": "Ni", "qmax": "13"}'),
            told("a value out of its range", "reduce_scan", '{"composition": "Ni", "qmin": 20}'),
            told("NaN", "reduce_scan", '{"composition": "Ni", "qmax": NaN}'),
            told("a number without end", "reduce_scan", '{"composition": "Ni", "qmax": 1' + "0" * 400 + "}"),
            told("a formula that is none", "reduce_scan", '{"composition": "Na2(In"}'),
            told("a formula that is code", "reduce_scan", '{"composition": "__import__(\'os\')"}'),
            told("a circuit that is none", "fit_circuits", '{"circuit": "R1-p(R2"}'),
            told("a circuit that is code", "fit_circuits", "{\"circuit\": \"__import__('os').system('x')\"}"),
            told("a constraint that is none", "refine_structure", '{"fit_range": [2, 20], "constraints": ["a = "]}'),
            told(
                "a constraint that is code",
                "refine_structure",
                '{"fit_range": [2, 20], "constraints": ["a = eval(\'1\')"]}',
            ),
            told("a parameter that is not free", "refine_structure", '{"fit_range": [2, 20], "stages": [["b"]]}'),
            told("a start that cannot be", "refine_structure", '{"fit_range": [2, 20], "start": {"a": 0.41}}'),
            told("bounds that cannot be", "refine_structure", '{"fit_range": [2, 20], "bounds": {"a": [0, 0]}}'),
            told("more starts than end", "fit_circuits", '{"restarts": 1000000}'),
            told("half a character", "fit_circuits", '{"circuit": "\\ud800"}'),
            told("no pellet", "fit_arrhenius", "{}"),
            told("a pellet of no thickness", "fit_arrhenius", PELLET.replace("0.15", "0")),
        ],
        "Configuration": [
            configuration("not YAML", "reduction: [1\n"),
            configuration("a key that stands twice", "reduction: {qmax: 12}\nreduction: {qmin: 1}\n"),
            configuration("code that Snakemake would run", "__use_yte__: true\n__definitions__: [import os]\n"),
            configuration("stages of the wrong form", "refinement: {stages: [5]}\n"),
            configuration("not text", b"\xff\xfe\x00"),
            configuration("an unknown section", "reduktion: {}\n"),
            configuration("an unknown key", "reduction: {qmx: 13}\n"),
            configuration("a value of the wrong kind", "reduction: {qmax: '13'}\n"),
            configuration("a value out of its range", "reduction: {qmax: -13}\n"),
            configuration("NaN", "reduction: {qmax: .nan}\n"),
            configuration("a number without end", "reduction: {qmax: 1" + "0" * 400 + "}\n"),
            configuration("a date", "results: 2024-01-01\n"),
            configuration("a tag that would run code", "results: !!python/object/apply:os.system [touch planted]\n"),
            configuration("aliases that stand for a billion values", bomb + "reduction: *a8\n"),
            configuration("a folder that looks like an option", "results: --delete\n"),
            configuration("a folder with braces", "results: 'out/{sample}'\n"),
        ],
        "Tables": [
            configuration("no table of scans", "", samples=samples),
            configuration("an empty table", "", samples="", scans=scans),
            configuration("no rows", "", samples="sample\tcomposition\tscan\n", scans=scans),
            configuration("an unknown column", "", samples=samples.replace("composition", "formula"), scans=scans),
            configuration("a column that is missing", "", samples=samples, scans="scan\nx\n"),
            configuration("commas in place of tabs", "", samples=samples.replace("\t", ","), scans=scans),
            configuration("a cell that is no number", "", samples="sample\tx\nx10\t0,5\n", scans=scans),
            configuration("a cell that is infinite", "", samples="sample\tx\nx10\tinf\n", scans=scans),
            configuration("a name listed twice", "", samples=samples + "X10\tNaCl\ts10\n", scans=scans),
            configuration("a name that is a path", "", samples=samples.replace("x10", "../x10"), scans=scans),
            configuration("a name that is an option", "", samples=samples.replace("x10", "-x10"), scans=scans),
            configuration(
                "a name that is a command", "", samples=samples.replace("x10", "x$(touch planted)"), scans=scans
            ),
            configuration("a name in letters that look alike", "", samples=samples.replace("x10", "х10"), scans=scans),
            configuration("a scan that is not listed", "", samples=samples.replace("s10", "s11"), scans=scans),
            configuration(
                "a file outside the data folder", "", samples=samples, scans=scans.replace("x10.raw", "a/../../b")
            ),
            configuration("an absolute path", "", samples=samples, scans=scans.replace("x10.raw", "/etc/passwd")),
            configuration("neither scan nor spectra", "", samples="sample\tcomposition\nx10\tNaCl\n", scans=scans),
            configuration("no composition", "", samples="sample\tscan\nx10\ts10\n", scans=scans),
        ],
        "The simulated series": [
            _simulated("a section that is missing", "seed:", "sede:"),
            _simulated("a key that is missing", "  flux:", "  flax:"),
            _simulated("text for a number", "2.6e+7", "2.6e7"),
            _simulated("a step too small to compute", "two_theta_step: 0.015", "two_theta_step: 0.000015"),
            _simulated("a composition that cannot be", "occupancy_4e: [0.985,", "occupancy_4e: [0.085,"),
            _simulated("a composition without its law", "0.1: 0.505,", "0.15: 0.505,"),
            _simulated("a list of another length", "[0.5033, -0.0549, 0.2344]", "[0.5033]"),
            _simulated("an unknown key of a sample", "packing_fraction: 0.52}", "packing: 0.52}"),
        ],
    }


def _simulated(kind: str, old: str, new: str) -> Case:
    text = (ROOT / "config" / "simulation.yaml").read_text(encoding="utf-8")
    assert old in text
    arguments = ("simulation.yaml", "x10", "--output", "x.raw", "--truth", "x.json")
    return Case(kind, {"simulation.yaml": text.replace(old, new)}, "simulate_scan", arguments, "{}")


def _with_resolution() -> tuple[str, tuple[str, ...], str]:
    return "refine_structure", ("good.gr", "good.cif", "--resolution", "a.json", "--output", "x.nc"), QUICK


def _resolution(**changes: float) -> str:
    numbers = dict.fromkeys(
        *(
            (
                "qdamp",
                "qdamp_sd",
                "qbroad",
                "qbroad_sd",
                "qslope_squared",
                "qslope_squared_sd",
                "correlation",
                "rw",
                "chi_squared_reduced",
            ),
        ),
        0.01,
    )
    rest = {"standard": "LaB6", "lattice_parameter": 4.157, "lattice_parameter_sd": 1e-4, "origin": "simulated"}
    return json.dumps(numbers | rest | changes)


def said(case: Case, folder: Path, capsys, monkeypatch) -> str:
    """The one line a user sees; fails where there is none, or another number of them."""
    prepare(folder)
    for name, content in case.files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    monkeypatch.chdir(folder)
    if not case.command:
        with pytest.raises(CoherionError) as refused:
            given = read_yaml("config.yaml") or {}
            refuse_templates(given, "config.yaml")
            configuration_from(given, file="config.yaml")
            tables = {name: f"{name}.tsv" if f"{name}.tsv" in case.files else None for name in ("samples", "scans")}
            read_tables(tables | {"spectra": None}, SCHEMAS)
        return str(refused.value)
    line = [*case.arguments, *(["--settings", case.settings] if case.settings is not None else [])]
    code = call(case.command, line, monkeypatch)
    errors = capsys.readouterr().err.splitlines()
    if case.accepted:
        assert code == 0 and len(errors) == 1 and errors[0].startswith("WARNING: "), errors
        return errors[0]
    errors = [text for text in errors if not text.startswith("WARNING: ")]
    assert code == 1 and len(errors) == 1 and errors[0].startswith("ERROR: "), errors
    return errors[0].removeprefix("ERROR: ")


def page(found: Mapping[str, list[tuple[str, str, str]]]) -> str:
    lines = [
        "# Bad input, and what the program says",
        "",
        "A command that cannot use its input ends with exit code 1 and one line, `ERROR:` and what stands below: the",
        "file, the place in it, what was found there, what was expected and what to do. It writes no file. In a whole",
        "run that line stands in the log of the job, and again in the list of failures at the end; the other samples",
        "go on. With `COHERION_TRACEBACK=1` the whole traceback is shown. What is odd but can be used gives a line",
        "that starts with `WARNING:`.",
        "",
        "Nothing in a file, a table or `config/config.yaml` is run as code or reaches a shell (files of",
        "`--configfile`: see below); names of samples and scans may only hold letters, digits and `_ . + -`, and",
        "files stand below `data_folder`.",
        "",
        "## What Snakemake reads before us",
        "",
        "`config/config.yaml` is checked before Snakemake reads it. A file given by `--configfile` is not: Snakemake",
        "reads it when it starts, before any line of this workflow, and says in its own words what it cannot read:",
        "",
        "| what is wrong in a file of `--configfile` | what the user sees |",
        "|---|---|",
        "| no YAML, or a tag that would make an object | `WorkflowError: Config file is not valid JSON or YAML`, "
        "without a line number |",
        "| empty, or a list | `Config file must be given as JSON or YAML with keys at top level` |",
        "| binary, or no such file | a traceback that ends in `UnicodeDecodeError`, or `FileNotFoundError` |",
        "| 100,000 levels | a long traceback that ends in `RecursionError`, after four seconds |",
        "| a key twice, aliases for a billion values, an unknown key, a wrong value | our line, as below |",
        "| `__use_yte__: true` | **Snakemake runs the Python code in the file**; then our line refuses it |",
        "",
        "So give `--configfile` only files whose writer you trust, or look at them first: `make check",
        'ARGS="--config FILE"` reads a file with our reader, which runs nothing and names the line.',
        "",
        "A raw file that is not there is its samples' failure: the run says so at its start (up to ten as",
        "`config/scans.tsv, row 2: data/x10.raw is missing`, and which samples will fail), analyses all others, lists",
        "the failure at the end and ends as failed. Where every sample lacks a file, or a structure is missing, the",
        "run ends before anything is computed; a sample is left out by a word in its column `exclude`. A file whose",
        "result is there is not missed.",
        "",
        "In tables that the workflow writes, a text that a spreadsheet would take for a formula (it begins with `=`,",
        "`+`, `-` or `@` and is no number) has an apostrophe in front.",
        "",
        "## What the program says",
        "",
        "The lines below are what the program says, written by `tests/hostile/test_bad_input_page.py`, which fails if",
        "they differ. The words of libraries that stand behind *found* may change with their version.",
    ]
    for group, rows in found.items():
        lines += ["", f"## {group}", "", "| what is wrong | read by | what the user sees |", "|---|---|---|"]
        for kind, reader, text in rows:
            shown = text.replace("|", "\\|").replace("`", "'")
            lines.append(f"| {kind} | {reader} | `{shown}` |")
    return "\n".join([*lines, ""])


def test_the_page_says_what_the_program_says(tmp_path, capsys, monkeypatch):
    found: dict[str, list[tuple[str, str, str]]] = {}
    for group, rows in cases().items():
        for number, case in enumerate(rows):
            folder = tmp_path / f"{group} {number}"
            folder.mkdir()
            before = set(tmp_path.iterdir())
            try:
                text = said(case, folder, capsys, monkeypatch)
            except BaseException as problem:
                raise AssertionError(f"{group}, {case.kind}: {problem}") from problem
            assert str(tmp_path) not in text, text
            assert not list(folder.glob("*planted*")) and set(tmp_path.iterdir()) == before
            assert case.accepted or not list(folder.glob("x.*")), f"{case.kind} left something behind"
            found.setdefault(group, []).append((case.kind, case.command or "snakemake", text))
    made = page(found)
    if os.environ.get("COHERION_UPDATE_PAGES"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8").splitlines() == made.splitlines()
