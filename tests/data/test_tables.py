"""Tables: what is refused, and how the message names the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from coherion.data import tables
from coherion.data.series_tables import read_tables
from coherion.data.tables import several
from coherion.errors import InputError
from coherion.settings.configuration import read_yaml

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"
SCANS = read_yaml(SCHEMAS / "scans.schema.yaml")
SAMPLES = read_yaml(SCHEMAS / "samples.schema.yaml")


def table(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.tsv"
    path.write_text(text.replace(" | ", "\t"), encoding="utf-8")
    return str(path)


def test_cells_get_their_types_defaults_and_line_numbers(tmp_path):
    path = table(
        tmp_path,
        "scans",
        "scan | file | time_per_point_s\n\n# a comment\na | a.raw | \nb | b (2).xyd | 3.5\n",
    )
    first, second = tables.read_table(path, SCANS)
    assert first == {
        "scan": "a",
        "file": "a.raw",
        "abscissa": "two_theta",
        "intensity_kind": "auto",
        "line": 4,
    }
    assert second["time_per_point_s"] == 3.5
    assert second["line"] == 5


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path):
    path = tmp_path / "scans.tsv"
    path.write_bytes(b"\xef\xbb\xbfscan\tfile\r\na\ta.raw\r\n")
    assert tables.read_table(path, SCANS)[0]["file"] == "a.raw"


def test_quotes_that_a_spreadsheet_puts_around_commas_are_no_part_of_a_cell(tmp_path):
    path = table(
        tmp_path,
        "samples",
        '"# guessed: a, from the name"\nsample | title | composition\na | "x = 0.1, ""as milled""" | Na3InCl6\n',
    )
    (row,) = tables.read_table(path, SAMPLES)
    assert row["title"] == 'x = 0.1, "as milled"'


def test_all_cells_to_fill_in_are_told_by_table_row_column_and_name(tmp_path):
    path = table(tmp_path, "samples", "sample | composition | x\na | ? | ?\nb | LaB6 | 1,5\n")
    problems = []
    rows = tables.read_table(path, SAMPLES, problems=problems)
    said = [str(problem) for problem in problems]
    assert [row["sample"] for row in rows] == ["a", "b"]
    assert len(said) == 3
    for text, parts in zip(
        said,
        (
            ["row 2, column composition", "still to be filled in for a", "formula"],
            ["row 2, column x", "still to be filled in for a"],
            ["row 3, column x", "decimal point"],
        ),
        strict=True,
    ):
        assert text.startswith(path) and all(part in text for part in parts)
    with pytest.raises(InputError, match="row 2, column composition: still to be filled in"):
        tables.read_table(path, SAMPLES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["empty"]),
        ("scan | file\n", ["no rows"]),
        ("scan | flie\na | a.raw\n", ["line 1", "flie", "file"]),
        ("scan\na\n", ["missing", "file"]),
        ("scan | file | file\na | a | b\n", ["twice", "file"]),
        ("scan | file\na | \n", ["row 2", "column file", "blank"]),
        ("scan | file\na | a.raw | 7\n", ["row 2", "more cells"]),
        (
            "scan | file | wavelength_A\na | a.xy | 0,5594\n",
            ["row 2", "column wavelength_A", "0,5594", "decimal point"],
        ),
        ("scan | file | wavelength_A\na | a.xy | nan\n", ["row 2", "column wavelength_A", "nan"]),
        (
            "scan | file | wavelength_A\na | a.xy | -1\n",
            ["row 2", "column wavelength_A", "more than 0.01", "angstrom"],
        ),
        ("scan | file | intensity_kind\na | a.xy | cps\n", ["intensity_kind", "cps", "counts_per_second"]),
        ("scan | file\n../up | a.xy\n", ["row 2", "column scan", "../up"]),
        ("scan | file\na/b | a.xy\n", ["row 2", "column scan", "a/b"]),
        ("scan | file\n.hidden | a.xy\n", ["row 2", "column scan"]),
        ("scan | file\na;rm -rf x | a.xy\n", ["row 2", "column scan"]),
        ("scan | file\na | a.xy\nA | b.xy\n", ["row 3", "column scan", "row 2", "twice"]),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_file_row_and_column(tmp_path, text, said):
    path = table(tmp_path, "scans", text)
    with pytest.raises(InputError) as refused:
        tables.read_table(path, SCANS, key="scan")
    message = str(refused.value)
    assert message.startswith(path)
    assert "\n" not in message
    for part in said:
        assert part in message


@pytest.mark.parametrize("content", [b"scan\tfile\n\xff\xfe\x00", b"\x00\x01\x02", b"scan\tfile\na\t" + b"x" * 200_000])
def test_a_table_that_is_not_text_is_refused(tmp_path, content):
    path = tmp_path / "scans.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="scans.tsv"):
        tables.read_table(path, SCANS)


def test_written_tables_read_back(tmp_path):
    rows = [
        {"scan": "a", "file": "a.raw", "wavelength_A": 0.5594},
        {"scan": "b", "file": "b.raw", "wavelength_A": None},
    ]
    path = table(tmp_path, "scans", tables.write_table(rows))
    first, second = tables.read_table(path, SCANS)
    assert first["wavelength_A"] == 0.5594
    assert "wavelength_A" not in second


SCAN_ROWS = "scan | file\ns | s.raw\nempty | e.raw\n"


@pytest.mark.parametrize(
    ("samples", "spectra", "said"),
    [
        (
            "sample | composition | scan\na | Ni | t\n",
            None,
            ["samples.tsv", "row 2", "column scan", "found t"],
        ),
        (
            "sample | composition | scan | background\na | Ni | s | none\n",
            None,
            ["row 2", "column background", "found none"],
        ),
        ("sample | scan\na | s\n", None, ["row 2", "column composition"]),
        ("sample\na\n", None, ["row 2", "neither a scan nor spectra"]),
        (
            "sample | composition | scan\na | Ni | s\n",
            "sample | file\nb | b.mpr\n",
            ["spectra.tsv", "row 2", "found b"],
        ),
        ("sample\na\n", "sample | file\na | a.mpr\n", ["column pellet_thickness_cm"]),
        (
            "sample | pellet_thickness_cm | pellet_diameter_cm\na | 0.1 | 0.9\n",
            "sample | file\na | a.mpr\na | a.mpr\n",
            ["spectra.tsv", "row 3", "twice"],
        ),
        (
            "sample | pellet_thickness_cm | pellet_diameter_cm\na | 0 | 0.9\n",
            "sample | file\na | a.mpr\n",
            ["samples.tsv", "row 2", "column pellet_thickness_cm", "more than 0"],
        ),
        (
            "sample | pellet_thickness_cm | pellet_diameter_cm\na | 0.1 | 0.9\n",
            "sample | file\na | x/../../a.mpr\n",
            ["spectra.tsv", "row 2", "outside the data folder"],
        ),
    ],
)
def test_tables_that_contradict_one_another_are_refused(tmp_path, samples, spectra, said):
    tables_given = {
        "samples": table(tmp_path, "samples", samples),
        "scans": table(tmp_path, "scans", SCAN_ROWS),
        "spectra": table(tmp_path, "spectra", spectra) if spectra else None,
    }
    with pytest.raises(InputError) as refused:
        read_tables(tables_given, SCHEMAS)
    for part in said:
        assert part in str(refused.value)


def test_what_the_user_leaves_out_is_listed_with_its_reason(tmp_path):
    series = read_tables(
        {
            "samples": table(
                tmp_path,
                "samples",
                "sample | composition | scan | exclude\na | Ni | s | \nb | Ni | s | side phase\n",
            ),
            "scans": table(tmp_path, "scans", SCAN_ROWS),
            "spectra": None,
        },
        SCHEMAS,
    )
    assert series.with_scan() == ["a"]
    assert series.excluded == [{"sample": "b", "what": "sample", "reason": "side phase"}]


@pytest.mark.parametrize("word", ["FALSE", "no", "0", "Nein", "n"])
@pytest.mark.parametrize("table", ["samples", "spectra"])
def test_exclude_with_a_word_that_means_no_is_asked_back(tmp_path, word, table):
    cells = {"samples": "", "spectra": ""} | {table: word}
    (tmp_path / "samples.tsv").write_text(
        f"sample\tgroup\tpellet_thickness_cm\tpellet_diameter_cm\texclude\nx1\tother\t0.1\t1.0\t{cells['samples']}\n"
    )
    (tmp_path / "spectra.tsv").write_text(f"sample\tfile\texclude\nx1\ta.mpt\t{cells['spectra']}\n")
    given = {name: str(tmp_path / f"{name}.tsv") for name in ("samples", "spectra")}
    schemas = Path(__file__).parents[2] / "workflow" / "schemas"
    with pytest.raises(InputError, match=rf"{table}.tsv, row 2, column exclude: .* means no; found {word}"):
        read_tables(given, schemas)
    (tmp_path / f"{table}.tsv").write_text(
        (tmp_path / f"{table}.tsv").read_text().replace(f"\t{word}\n", "\tcracked\n")
    )
    assert [one["reason"] for one in read_tables(given, schemas).excluded] == ["cracked"]


def test_further_columns_of_samples_are_the_authors_own(tmp_path):
    path = table(
        tmp_path, "samples", "sample | milling_h | milling_h_sd | mill\na | 0.5 | 0.1 | Retsch\nb | 1e3 |  | 7\n"
    )
    first, second = tables.read_table(path, SAMPLES)
    assert first["own"] == {"milling_h": 0.5, "milling_h_sd": 0.1, "mill": "Retsch"}
    assert second["own"] == {"milling_h": 1000.0, "mill": 7.0}
    scans = table(tmp_path, "scans", "scan | file | milling_h\na | a.raw | 1\n")
    with pytest.raises(InputError, match="a column is not known; found milling_h"):
        tables.read_table(scans, SCANS)


@pytest.mark.parametrize(
    ("slip", "meant"), [("densty_g_cm3", "density_g_cm3"), ("X", "x"), ("annealing_c", "annealing_C")]
)
def test_a_slip_of_a_column_is_no_column_of_ones_own(tmp_path, slip, meant):
    path = table(tmp_path, "samples", f"sample | {slip}\na | 0.5\n")
    with pytest.raises(InputError, match=f"found {slip}.*did you mean {meant}"):
        tables.read_table(path, SAMPLES)


@pytest.mark.parametrize("name", ["two words", "1st", "a-b", "", "=cmd"])
def test_a_column_of_ones_own_has_a_name_that_a_quantity_can_have(tmp_path, name):
    with pytest.raises(InputError, match="a column is not known"):
        tables.read_table(table(tmp_path, "samples", f"sample | {name}\na | 0.5\n"), SAMPLES)


def test_a_column_that_the_run_writes_is_nobodys_own(tmp_path):
    path = table(tmp_path, "samples", "sample | scan | rw\na | a | 0.5\n")
    scans = table(tmp_path, "scans", "scan | file\na | a.raw\n")
    with pytest.raises(InputError, match="has the name of one that the run writes"):
        read_tables({"samples": path, "scans": scans}, SCHEMAS)


def test_a_wrong_name_is_told_once_with_all_of_its_rows(tmp_path):
    rows = [{"sample": name, "line": line} for line, name in enumerate("aabbbab", start=2)]
    told = [str(one) for one in tables.unknown_names("s.tsv", rows, "sample", {"b"}, "samples.tsv")]
    assert len(told) == 1 and "rows 2-3, 7, column sample" in told[0]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("a", ["a"]),
        ("a | b", ["a", "b"]),
        ("a|b ", ["a", "b"]),
        (" | a || b |", ["a", "b"]),
        ("a b", ["a b"]),
        ("", []),
    ],
)
def test_several_names_in_one_cell(cell, names):
    assert several(cell) == names
