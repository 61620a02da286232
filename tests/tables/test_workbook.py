"""results.xlsx, read back by another program: numbers are numbers, texts are texts, and nothing is a formula."""

from __future__ import annotations

import datetime

import pytest

from coherion.tables.files import write_all
from coherion.tables.table import Column, Measured, Table
from coherion.tables.workbook import FURTHER, LONGEST_NAME, MOST_SHEETS, NAME, sheet_names, write_workbook

openpyxl = pytest.importorskip("openpyxl")

EVIL = ["=1+1", "+A1", "-2+3", "@SUM(A1)", '=HYPERLINK("http://a.b")', "http://a.b", "1e5", "{=1}", "a\x00b\x1b", "ü Å"]
COLUMNS = (Column("sample", "Sample"), Column("a", "a", "Å", measured=True), Column("n", "Points"))
ROWS = [
    *({"sample": text, "a": Measured(6.9150 + i, 0.0012), "n": i} for i, text in enumerate(EVIL)),
    {"sample": "held", "a": Measured(1.0), "n": None},
    {"sample": "hole", "a": Measured(float("nan"), float("inf")), "n": 3},
]
HEAD = Table("fit", "", (Column("quantity", "Quantity"), Column("value", "Value", measured=True)), [
    {"quantity": "Rw", "value": Measured(0.04)},
])  # fmt: skip
TABLE = Table("x10", "A crystal. More.", COLUMNS, ROWS, number=2, head=HEAD)


@pytest.fixture
def book(tmp_path):
    write_all([TABLE.numbered(2)], tmp_path)
    return openpyxl.load_workbook(tmp_path / NAME)


def test_each_table_has_a_sheet_with_units_in_the_head_and_uncertainties_beside(book):
    assert book.sheetnames == ["S2_x10"]
    rows = [list(row) for row in book["S2_x10"].iter_rows(values_only=True)]
    assert rows[0][0] == "Table S2. A crystal. More."
    assert rows[1][:3] == ["Quantity", "Value", "s.u. of Value"]
    assert rows[2][:3] == ["Rw", 0.04, None]
    assert rows[4] == ["Sample", "a / Å", "s.u. of a / Å", "Points"]
    assert rows[5][1:] == [6.915, 0.0012, 0]
    assert rows[-2] == ["held", 1.0, None, None]
    assert rows[-1] == ["hole", None, None, 3]


def test_no_text_is_a_formula_a_link_or_a_number(book):
    cells = [cell for row in book["S2_x10"].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert [text for text in EVIL if text in texts] == [text for text in EVIL if "\x00" not in text]
    assert "ab" in texts


def test_the_same_tables_give_the_same_file_without_the_date_of_today(tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        write_workbook([TABLE], tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").properties.created == datetime.datetime(2000, 1, 1)


def test_names_of_sheets_are_short_each_once_and_of_characters_that_a_name_may_have():
    odd = [Table(name, "", COLUMNS, []) for name in ("a" * 50, "a" * 50, "A" * 50, "x/y[1]*?:\\'", "")]
    names = sheet_names(odd)
    assert len({name.lower() for name in names}) == len(odd)
    assert all(0 < len(name) <= LONGEST_NAME and not set(name) & set("[]:*?/\\'") for name in names)


def test_of_very_many_tables_the_last_share_a_sheet(tmp_path):
    many = [Table(f"x{i}", "A crystal.", COLUMNS, ROWS[:1], number=i) for i in range(MOST_SHEETS + 3)]
    write_workbook(many, tmp_path / "many.xlsx")
    book = openpyxl.load_workbook(tmp_path / "many.xlsx")
    assert len(book.sheetnames) == MOST_SHEETS + 1 and book.sheetnames[-1] == FURTHER
    said = [row[0] for row in book[FURTHER].iter_rows(values_only=True) if row[0]]
    assert [text for text in said if text.startswith("Table")] == [
        f"Table S{i}. A crystal." for i in range(MOST_SHEETS, MOST_SHEETS + 3)
    ]
