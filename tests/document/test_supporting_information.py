"""The supporting information holds the numbers of the run's tables, prints any text as it stands, and cuts nothing."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coherion.data.stated import stated_sources
from coherion.data.tables import read_rows, write_table
from coherion.document.captions import as_template, read_caption
from coherion.document.document import MOST_CELLS, MOST_SINGLE, Figure, compiled, compiler, content, read_figures
from coherion.document.layout import ACROSS, UPRIGHT, breakable, first_sentence, laid_out, pieces, plain
from coherion.errors import InputError
from coherion.figures.plate import Plate
from coherion.tables.contents import numbered
from coherion.tables.files import write_all
from coherion.tables.html import html
from coherion.tables.stored import read_tables
from coherion.tables.table import Column, Measured, Table

ROOT = Path(__file__).parents[2]
MINUS = "\N{MINUS SIGN}"
# What would read a file, compute, or change the type, were it Typst.
PLANTED = [
    '#read("/etc/passwd")',
    "$x^2$ and $ x $",
    '#eval("1 + 1")',
    "#{ 1 + 1 }",
    r"\u{41} \ back \\slash",
    "*bold* _slanted_ `raw` <label> @label",
    "= heading",
    "- item + item / term: x",
    "// comment /* comment */",
    '#import "@preview/cetz:0.3.0"',
    "~ -- --- ... 'q' \"d\"",
    "[content] {code} #sym.alpha #panic()",
    "https://example.org",
]
RUN = [{"quantity": "data", "value": "measured"}, {"quantity": "version of numpy", "value": "2.4.6"}]
SERIES = [{"sample": "s1", "title": "x = 0.1", "x": "0.1", "composition": "Na2.9Zr0.1Cl6", "origin": "measured"}]


def in_words(found) -> str:
    """The text of an element of the document, whatever it is nested in."""
    if isinstance(found, dict):
        return "".join(
            [found.get("text", "") if found.get("func") == "text" else " " if found.get("func") == "space" else ""]
            + [in_words(found[key]) for key in ("body", "child", "children") if key in found]
        )
    return "".join(map(in_words, found)) if isinstance(found, list) else ""


def cells(found) -> list[str]:
    """Text of each cell of a table of the document, in reading order."""
    if isinstance(found, dict) and found.get("func") == "cell":
        return [in_words(found).replace("\N{ZERO WIDTH SPACE}", "")]
    parts = found.get("children", []) if isinstance(found, dict) else found
    return [text for part in parts for text in cells(part)] if isinstance(parts, list) else []


def document_of(tables, figures=(), series=SERIES, changed=(), told=None):
    """Tables, headings and images of the compiled document, as Typst lists them."""
    made = content(list(numbered(tables, 2)), figures, series, RUN, list(changed), told or {})
    with compiler(made, figures) as typst:
        listed = {kind: json.loads(typst.query(kind)) for kind in ("table", "heading", "image", "par")}
        typst.compile(format="pdf")
    return listed


def pages(tables, figures=()):
    """Each page as grey levels, 0 black, 1 white."""
    made = content(list(numbered(tables, 2)), figures, SERIES, RUN, [], {})
    with compiler(made, figures) as typst:
        pictures = typst.compile(format="png", ppi=60)
    pictures = pictures if isinstance(pictures, list) else [pictures]
    return [matplotlib.image.imread(io.BytesIO(picture), format="png")[..., :3].mean(axis=2) for picture in pictures]


def figure(folder: Path, name: str, origin="simulated", height=2.6) -> Figure:
    plate = Plate(origin=origin, height=height)
    # A plate of its own is no higher than a page.
    plate.figure.set_figheight(height)
    plate.points(plate.panels[0], [0.1, 0.2], [1, 2], label="s")
    plate.save(folder / f"{name}.pdf", [])
    number = int(name.removeprefix("figure_S")) if name.startswith("figure_S") else None
    return Figure(name, folder / f"{name}.pdf", f"What {name} shows. More of it.", number)


# 1. tables read back


def odd_tables():
    """Cells that a .tsv alone would take for something else."""
    columns = [
        Column("sample", "Sample"),
        Column("mixed", width=3.0),
        Column("value", "R", "Ω", measured=True, style="scientific"),
        Column("n", decimals=2),
    ]
    names = ["10", "1.50", "-1", "1e5", "nan", "a_b", "0.1234567", "+3"]
    rows = [
        {"sample": name, "mixed": cell, "value": Measured(value, sd), "n": 7}
        for name, cell, value, sd in zip(
            names,
            ["-1", -1, 2.5, "2.50", None, "", 1e-7, "text"],
            [1.44166e-6, -2.0, 1 / 3, 0.0, 12345678.9, 1e300, -1e-12, 104.0],
            [2.986e-8, None, 1e-4, 0.1, 12.0, None, 1e-14, 0.16],
            strict=True,
        )
    ]
    head = Table("odd_fit", "c", columns[:2], rows[:3])
    return [
        Table("odd %/x", "Some α-caption. With two sentences.", columns, rows, origin="simulated", head=head),
        Table("wide", "Many.", columns, rows, across=2),
        Table("empty", "No rows.", columns, []),
    ]


def test_tables_read_back_are_printed_as_before(tmp_path):
    made = list(numbered(odd_tables(), 2))
    write_all(made, tmp_path)
    found = read_tables(tmp_path)
    assert [html(table) for table in found] == [html(table) for table in made]
    assert [(t.number, t.across, t.origin) for t in found] == [(t.number, t.across, t.origin) for t in made]


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(1e-300, 1e300) | st.none())
@settings(max_examples=60, deadline=None)
def test_any_number_is_read_back_to_twelve_digits(tmp_path_factory, value, sd):
    folder = tmp_path_factory.mktemp("t")
    write_all(
        [Table("t", "c", [Column("a", measured=True), Column("b")], [{"a": Measured(value, sd), "b": value}])], folder
    )
    (table,) = read_tables(folder)
    (row,) = table.rows
    assert row["b"] == pytest.approx(value, rel=1e-11)
    assert (row["a"].value, row["a"].sd) == (pytest.approx(value, rel=1e-11), sd and pytest.approx(sd, rel=1e-11))


@pytest.mark.parametrize("text", ["", "[]", '{"tables": [{}]}', '{"tables": {"a": 1}}', '{"tables": [[1]]}'])
def test_another_file_is_no_list_of_tables(text, tmp_path):
    (tmp_path / "tables.json").write_text(text)
    with pytest.raises(InputError, match=r"tables\.json"):
        read_tables(tmp_path)


def test_a_table_without_its_numbers_is_refused(tmp_path):
    write_all([Table("t", "c", [Column("a")], [{"a": 1}])], tmp_path)
    (tmp_path / "t.tsv").write_text("b\n1\n")
    with pytest.raises(InputError, match=r"t\.tsv.*expected a"):
        read_tables(tmp_path)


# 2. what is raised and lowered


@pytest.mark.parametrize(
    ("cell", "formula", "expected"),
    [
        (Measured(1.44166e-6, 2.986e-8), False, [["", "1.44(3)×10"], ["super", f"{MINUS}6"]]),
        (Measured(-0.05485, 0.00013), False, [["", f"{MINUS}0.05485(13)"]]),
        ("Na2.9In0.1Cl6", True, [["", "Na"], ["sub", "2.9"], ["", "In"], ["sub", "0.1"], ["", "Cl"], ["sub", "6"]]),
        ("Cl12 In2", True, [["", "Cl"], ["sub", "12"], ["", " In"], ["sub", "2"]]),
        # in a sentence too, and what is no formula there
        ("of LaB6 in x10", False, [["", "of LaB"], ["sub", "6"], ["", " in x10"]]),
        ("structures/LaB6.cif", False, [["", "structures/LaB6.cif"]]),
        ("x10 #sub[2]", True, [["", "x10 #sub[2]"]]),
        ("1×10^-6", False, [["", "1×10^-6"]]),
        (None, False, [["", ""]]),
    ],
)
def test_pieces(cell, formula, expected):
    assert pieces(cell, Column("a", style="scientific"), is_formula=formula) == expected


def test_what_the_fonts_lack_is_a_number_and_what_drives_a_terminal_is_gone():
    assert plain("Å⁻¹ σ² H₂O ≤ → ° ×") == "Å⁻¹ σ² H₂O ≤ → ° ×"
    assert plain("中\u202eab\x1b[0m\tx\ny 😀") == "[U+4E2D]ab[0m x y [U+1F600]"


@given(st.text(max_size=60), st.integers(2, 30))
def test_a_broken_word_has_the_same_letters_and_no_long_part(text, longest):
    text = plain(text)
    broken = breakable(text, longest)
    assert broken.replace("\N{ZERO WIDTH SPACE}", "") == text
    assert all(len(part) <= longest for part in re.split("[ \N{ZERO WIDTH SPACE}]", broken))


def test_first_sentence():
    assert first_sentence("Volume (Fig. S6 of the paper). Bars are σ.") == "Volume (Fig. S6 of the paper)"
    assert first_sentence("Range 2.5 to 60 Å") == "Range 2.5 to 60 Å"


# 3. any text stands as it is


def test_planted_typst_is_printed_and_not_run(tmp_path):
    columns = [Column(text, title=text) for text in PLANTED[:4]] + [Column("w", width=3.0)]
    rows = [{c.key: text for c in columns} for text in PLANTED]
    shown = Figure("figure_S1", figure(tmp_path, "figure_S1").file, PLANTED[0] + " " + PLANTED[1])
    series = [SERIES[0] | {"title": text, "sample": text, "composition": text, "excluded": text} for text in PLANTED]
    changed = [{"key": t, "value": t, "default": t, "meaning": t} for t in PLANTED]
    told = {"crate": {"title": PLANTED[0], "people": [{"name": PLANTED[2]}]}, "tables": {"samples": PLANTED[1]}}
    tables = [Table(f"t{k}", text, columns, rows) for k, text in enumerate(PLANTED)]
    found = document_of(tables, [shown], series, changed, told)
    samples, departures, *listed = [cells(table) for table in found["table"]]
    assert len(listed) == len(PLANTED)
    expected = [c.heading for c in columns] + [text for text in PLANTED for _ in columns]
    assert all(table == expected for table in listed)
    assert [samples.count(text) for text in PLANTED] == [2] * len(PLANTED)  # title, composition; the name has a mark
    assert [departures.count(text) for text in PLANTED] == [4] * len(PLANTED)
    titles = [in_words(one["body"]) for one in found["heading"]]
    for text in PLANTED:
        assert first_sentence(text) in titles
    assert found["image"][0]["alt"].startswith(PLANTED[0] + " " + PLANTED[1])
    assert PLANTED[0] in [in_words(one["body"]) for one in found["par"]]


def test_typst_sees_no_file_but_its_own():
    import typst

    with compiler(content([], [], SERIES, RUN, [], {}), []) as made:
        # What it would say of a source of its own: that the name leads out, or to nothing in the folder.
        for source in (b'#read("/etc/passwd")', b'#read("../../../../../../../etc/passwd")'):
            with pytest.raises(typst.TypstError, match=r"not found|escape"):
                made.compile(input=source, format="pdf")


# 4. the numbers of the tables


def test_every_cell_of_a_tsv_stands_in_the_document(tmp_path):
    generator = np.random.default_rng(3)
    columns = [
        Column("sample", "Sample"),
        Column("r", "R", "Ω", measured=True, style="scientific"),
        Column("why", width=4.0),
    ]
    rows = [
        {"sample": f"s{k}", "r": Measured(float(r), float(abs(r)) * 0.01), "why": f"reason {k}"}
        for k, r in enumerate(10 ** generator.uniform(-9, 9, 300))
    ]
    (made,) = numbered([Table("resistances", "R.", columns, rows, origin="simulated")], 2)
    write_all([made], tmp_path)
    found = document_of(read_tables(tmp_path))
    *_, table = found["table"]
    header, *body = np.array(cells(table)).reshape(-1, 3).tolist()
    assert header == ["Sample", "R / Ω", "why"]
    listed = read_rows(tmp_path / f"{made.name}.tsv")
    assert len(body) == len(listed) == 300
    for (name, number, why), row in zip(body, listed, strict=True):
        assert (name, why) == (row["sample"], row["why"])
        value, digits, power = re.fullmatch(r"([\d.]+)\((\d+)\)(?:×10)?(.*)", number).groups()
        scale = 10.0 ** int(power.replace(MINUS, "-") or 0)
        unit = 10.0 ** -len(value.partition(".")[2]) * scale
        assert float(value) * scale == pytest.approx(float(row["r (Ω)"]), abs=0.51 * unit)
        assert int(digits) * unit == pytest.approx(float(row["r_sd (Ω)"]), abs=0.51 * unit)


def test_a_simulated_series_says_so_and_a_measured_one_does_not(tmp_path):
    shown = [figure(tmp_path, "figure_S1")]
    table = Table("t", "Numbers.", [Column("a")], [{"a": 1}])
    series = [SERIES[0] | {"origin": "simulated"}]
    made = content(list(numbered([table], 2)), shown, series, RUN, [], {})
    assert made["simulated"] and "simulated" in made["subtitle"]
    assert made["figures"][0]["caption"].endswith("Simulated data, not a measurement.")
    assert made["tables"][0]["caption"] == "Numbers."  # its own origin counts, not that of the series
    made = content(list(numbered([table], 2)), shown, SERIES, RUN, [], {})
    assert not made["simulated"]
    assert "imulated" not in made["subtitle"] + made["figures"][0]["caption"] + made["tables"][0]["caption"]


def test_figures_keep_their_numbers_and_others_follow(tmp_path):
    names = ["side_phase", "figure_S11", "recovery", "figure_S2"]
    shown = [figure(tmp_path, name) for name in names]
    found = document_of([], shown)
    labels = [in_words(one["supplement"]) for one in found["heading"] if one["level"] == 2]
    assert labels == ["Figure S2", "Figure S11", "Figure S12", "Figure S13"]
    titles = [in_words(one["body"]) for one in found["heading"] if one["level"] == 2]
    assert titles == ["What figure_S2 shows", "What figure_S11 shows", "What side_phase shows", "What recovery shows"]


# 5. nothing is cut


def widths(part, width):
    return sum(column["share"] or 0 for column in part["columns"]) <= width + 0.1


def many(columns, rows, **more):
    named = [Column(f"c{k}", "long_heading_" * (k % 4) + "x", **more) for k in range(columns)]
    return Table("many", "Words.", named, [{c.key: "Wörter_ohne_Ende" * (i % 3) for c in named} for i in range(rows)])


NASTY = {
    "long words": Table("w", "c" * 500, [Column("a"), Column("b", width=2.0)], [{"a": "m" * 300, "b": "W" * 300}] * 3),
    "words among numbers": Table(
        "n",
        "c",
        [*(Column(f"n{k}", style="scientific") for k in range(9)), Column("a", width=1.0), Column("b", width=4.0)],
        [{**{f"n{k}": -1.234567e-12 for k in range(9)}, "a": "MMMM_WWWW " * 6, "b": "word " * 200}] * 5,
    ),
    "many columns": many(40, 5),
    "many texts": many(12, 90, width=2.5),
    "a cell higher than a page": Table("h", "c", [Column("a", width=3.0)], [{"a": "Wort " * 3000}]),
    "many samples": Table(
        "s",
        "c",
        [Column("q", width=2.9), *(Column(f"sample_{k}", measured=True, width=2.9) for k in range(31))],
        [{"q": "coherence length", **{f"sample_{k}": Measured(104.123, 0.012) for k in range(31)}}] * 45,
        across=4,
    ),
    "many atoms": Table(
        "atoms",
        "c",
        [Column(f"c{k}") for k in range(6)],
        [{f"c{k}": Measured(0.12345, 1e-4) for k in range(6)}] * 150,
        head=Table("atoms_fit", "c", [Column("q"), Column("note", width=7.0)], [{"q": "a", "note": "held"}] * 40),
    ),
}


@pytest.mark.parametrize("kind", NASTY)
def test_no_ink_leaves_the_type_area(kind):
    """The margins hold nothing but the line at the head and the number at the foot."""
    for page in pages([NASTY[kind]]):
        mm = page.shape[1] / (210 if page.shape[1] < page.shape[0] else 297)
        side = int(13 * mm)
        assert page[:, :side].min() == page[:, -side:].min() == 1, "ink in a side margin"
        below = page[int(-17 * mm) : int(-13.5 * mm)]
        assert below.min() == 1, "ink between the text and the number of the page"
        # The number of the page and no more.
        assert (page[int(-13.5 * mm) :] < 0.9).sum() < 60


@pytest.mark.parametrize("kind", NASTY)
def test_all_of_a_nasty_table_is_there(kind):
    table = NASTY[kind]
    made = laid_out(table)
    assert all(widths(part, ACROSS if made["across"] else UPRIGHT) for part in made["parts"])
    found = [cells(one) for one in document_of([table])["table"][1:]]
    text = [word for one in found for word in one]
    for row in table.rows[:1]:
        for value in row.values():
            if isinstance(value, str):
                assert plain(value) in text
    if table.across:
        headings = [one[: len(part["columns"])] for one, part in zip(found, made["parts"], strict=True)]
        assert [h for part in headings for h in part[1:]] == [c.heading for c in table.columns[1:]]


def test_a_long_table_says_on_each_page_which_it_is():
    table = Table("long", "Long.", [Column("a", "Unlike"), Column("b")], [{"a": k, "b": k} for k in range(400)])
    made = laid_out(table)
    assert made["own_pages"] and not made["across"]
    # After the first page and the contents the table begins; what stands above it there is the document's name.
    _, _, begun, *following = pages([table])
    mm = begun.shape[0] / 297
    above = [page[: int(19 * mm)] for page in (begun, *following)]
    headings = [page[int(20 * mm) : int(24 * mm)] for page in following]
    assert len(following) > 4
    assert not np.array_equal(above[0], above[1])
    assert all(np.array_equal(above[1], one) for one in above[2:])
    assert headings[0].min() < 0.5 and all(np.array_equal(headings[0], one) for one in headings[1:])


def test_a_table_of_long_texts_is_turned_and_one_of_few_numbers_is_not():
    texts = Table(
        "t", "c", [Column(f"c{k}", width=3.5) for k in range(7)], [{f"c{k}": "word " * 30 for k in range(7)}] * 30
    )
    numbers = Table("n", "c", [Column(f"c{k}") for k in range(7)], [{f"c{k}": 1.5 for k in range(7)}] * 30)
    assert laid_out(texts)["across"] and not laid_out(numbers)["across"]


def test_a_figure_higher_than_a_page_fits_with_its_caption(tmp_path):
    shown = [figure(tmp_path, "figure_S1", height=14.0)]
    for page in pages([], shown):
        below = page[int(-17 / 297 * page.shape[0]) : int(-13.5 / 297 * page.shape[0])]
        assert below.min() == 1
    found = document_of([], shown)
    assert 0 < float(found["image"][-1]["width"].split("+")[1].removesuffix("pt")) < 3.35 * 72 * 0.8


def test_a_word_that_may_be_broken_is_found_by_whoever_searches_for_it():
    """A place for a break is no character of the PDF: none of its fonts maps a glyph to the blank of no width."""
    columns = [Column(f"Pointsofthespectrumthatcount{k}", width=1.0) for k in range(14)]
    table = Table("n", "c", columns, [{columns[0].key: "A" * 80}])
    made = content(list(numbered([table], 2)), [], SERIES, RUN, [], {})
    assert "\u200b" in json.dumps(made, ensure_ascii=False)
    maps = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", compiled(made, []), re.DOTALL):
        with contextlib.suppress(zlib.error):
            maps.append(zlib.decompress(stream))
    assert any(b"beginbfchar" in one or b"beginbfrange" in one for one in maps)
    assert not any(re.search(rb"(?i)<200b>", one) for one in maps)


# 6. captions and figures


def test_a_figure_of_nothing_is_named_in_one_line_and_has_no_page(tmp_path):
    plate = Plate()
    plate.leave_out("too few samples have both quantities")
    plate.save(tmp_path / "correlation.pdf")
    (tmp_path / "caption.rst").write_text("How lengths go with conductivities. More of it.")
    told = {"file": str(tmp_path / "correlation.pdf"), "caption": str(tmp_path / "caption.rst")}
    shown = [*read_figures({"correlation": told}), figure(tmp_path, "figure_S1")]
    made = content([], shown, SERIES, RUN, [], {})
    assert [item["label"] for item in made["figures"]] == ["Figure S1"]
    said = [text for text in made["paragraphs"] if "too few samples" in str(text)]
    assert len(said) == 1 and "How lengths go with conductivities" in str(said[0])


def test_captions_are_those_of_the_report():
    folder = ROOT / "workflow" / "report"
    for path in sorted(folder.glob("*.rst")):
        if path.name.startswith(("figure_S", "kind_", "correlation", "relations", "readings", "recovery")):
            caption = read_caption(path)
            assert caption and not re.search(r"[{}*]", caption), path
            assert path.read_text(encoding="utf-8").startswith(caption[:40])
    with pytest.raises(InputError, match=r"impedance\.rst.*belongs to a job"):
        read_caption(folder / "impedance.rst")


def test_a_fit_range_tells_captions_apart(tmp_path):
    figure(tmp_path, "figure_S3")
    told = {
        "file": str(tmp_path / "figure_S3.pdf"),
        "caption": str(ROOT / "workflow/report/kind_fits.rst"),
        "range": "2-60",
    }
    (shown,) = read_figures({"figure_S3": told})
    assert "every refined sample in one range of r: 2 to 60 Å. " in shown.caption


@pytest.mark.parametrize(
    "told", [{"file": "a.pdf"}, {"file": 1, "caption": "b"}, [], {"file": "a", "caption": "b", "c": 1}]
)
def test_what_is_no_figure_is_refused(told):
    with pytest.raises(InputError, match="figure figure_S1: not a figure"):
        read_figures({"figure_S1": told})


def test_a_damaged_figure_is_named(tmp_path):
    good = figure(tmp_path, "figure_S1")
    bad = tmp_path / "bad figure.pdf"
    bad.write_bytes(b"%PDF-1.4\nnothing more")
    shown = [good, Figure("figure_S2", bad, "c")]
    with pytest.raises(InputError, match=r"bad figure\.pdf: a figure cannot be read"):
        compiled(content([], shown, SERIES, RUN, [], {}), shown)


# 7. the command


@pytest.fixture
def run_folder(tmp_path, monkeypatch) -> Path:
    """What the command reads of a run."""
    monkeypatch.chdir(tmp_path)
    write_all(list(numbered(odd_tables(), 2)), Path("tables"))
    figure(tmp_path, "figure_S1")
    Path("series.tsv").write_text(write_table([r | {"origin": "simulated"} for r in SERIES]))
    Path("summary").mkdir()
    Path("summary/run.tsv").write_text(write_table(RUN))
    changed = [{"key": "a.b", "value": "[1]", "default": "null", "meaning": "m"}]
    changed += [{"key": key, "value": "/home/ada/x", "default": "d", "meaning": "m"} for key in ("data_folder", "c")]
    Path("summary/settings.tsv").write_text(write_table(changed))
    Path("summary/settings.json").write_text(json.dumps({"data_folder": "/home/ada/x", "tables": {"samples": "s.tsv"}}))
    Path("c.rst").write_text("What it shows. {% if snakemake.config.simulated %}no{% endif %}")
    return tmp_path


LINE = (
    *("tables", "series.tsv", "--summary", "summary", "--output", "out/s.pdf"),
    *("--figures", '{"figure_S1": {"file": "figure_S1.pdf", "caption": "c.rst"}}'),
)


def test_the_same_run_gives_the_same_bytes_elsewhere_and_later(run_folder):
    made = []
    for zone in ("UTC", "Asia/Tokyo"):
        subprocess.run(
            [sys.executable, ROOT / "scripts" / "write_supporting_information.py", *LINE],
            check=True,
            cwd=run_folder,
            env={"TZ": zone, "PATH": "", "HOME": zone, "PYTHONPATH": ":".join(filter(None, sys.path))},
        )
        made.append((run_folder / "out" / "s.pdf").read_bytes())
    assert made[0] == made[1]
    assert made[0].startswith(b"%PDF-")
    assert b"CreationDate" not in made[0] and b"ModDate" not in made[0]
    # The folder of raw files is named, but not where somebody's disk has it.
    assert b"/home/ada" not in made[0].replace(b"\0", b"")
    assert len(re.findall(rb"/Type ?/Page\b", made[0])) >= 4
    sources = stated_sources(run_folder / "out" / "s.pdf")
    assert {"tables/tables.json", "series.tsv", "summary/run.tsv", "figure_S1.pdf"} <= {
        name if name.startswith(("tables", "summary")) else name.rpartition("/")[2] for name in sources
    }


def test_only_the_fonts_of_typst_are_used(run_folder):
    import write_supporting_information

    write_supporting_information.main(LINE)
    names = set(re.findall(rb"/BaseFont ?/(?:[A-Z]{6}\+)?([A-Za-z]+)", Path("out/s.pdf").read_bytes()))
    # DejaVu is the figure's.
    assert b"LibertinusSerif" in names and names <= {b"LibertinusSerif", b"DejaVuSansMono", b"DejaVuSans"}


@pytest.mark.parametrize(
    "caption",
    [
        "Plain words, 50 % of it, Å$^3$ (a) and so on.",
        '{{ 7 * 7 }} {% raw %} {# gone #} {{ snakemake.config }} {{ "{" }}',
        ".. include:: /etc/hostname",
        ".. raw:: html\n\n   <script>alert(1)</script>",
        "*b* **s** `r`_ |sub| _x_ [1]_ <b>x</b> \\\\ \\{ http://example.org/a_b",
        "- a list 1. and more",
        "A. Einstein",
        "(a) one panel",
        "= heading =",
        ">>> 1 + 1",
        "{% if snakemake.config.simulated %} nobody sees this",
    ],
)
def test_a_caption_of_an_author_is_text_to_the_report_and_to_the_document(tmp_path, caption):
    """As Snakemake's report does: a template of Jinja, then reStructuredText."""
    from html import unescape
    from types import SimpleNamespace

    from docutils.core import publish_parts
    from jinja2 import Environment

    path = tmp_path / "f.rst"
    path.write_text(as_template(caption), encoding="utf-8")
    plain = " ".join(caption.split())
    assert read_caption(path) == plain
    rendered = (
        Environment()
        .from_string(path.read_text(encoding="utf-8"))
        .render(snakemake=SimpleNamespace(config=SimpleNamespace(simulated=True)))
    )
    body = publish_parts(rendered, writer="html")["body"]
    paragraphs = re.findall(r"<p>(.*?)</p>", body, re.DOTALL)
    told = unescape(re.sub(r"<[^>]*>", "", paragraphs[0]))
    assert " ".join(told.split()) == plain
    assert "system-message" not in body and len(paragraphs) == 2


def test_of_a_large_series_so_much_is_printed_as_can_be_read_and_the_rest_is_named():
    """Of 600 samples the document took 6 GB; what it leaves out stands in the files that it names."""
    head = Table("head", "", [Column("a")], [{"a": 1}])
    single = [
        Table(f"s{k}", f"Sample {k}.", [Column("a"), Column("b")], [{"a": 1, "b": 2}], head=head) for k in range(90)
    ]
    long = Table("long", "Rows.", [Column(f"c{k}") for k in range(4)], [{"c0": k} for k in range(5000)])
    wide = Table("wide", "Columns.", [Column(f"c{k}") for k in range(5000)], [{"c0": k} for k in range(4)], across=4)
    series = [SERIES[0] | {"sample": f"s{k}"} for k in range(3000)]
    tables = list(numbered([*single, long, wide], 2))
    made = content(tables, [], series, RUN, [], {})
    assert len(made["tables"]) == MOST_SINGLE + 2
    assert [one["label"] for one in made["tables"][-3:]] == [f"Table S{MOST_SINGLE + 1}", "Table S92", "Table S93"]
    said = " ".join(made["paragraphs"])
    assert f"Of 92 tables {MOST_SINGLE + 2} are printed: of single samples the first {MOST_SINGLE}." in said
    rows, columns = made["tables"][-2:]
    assert sum(len(part["rows"]) for part in rows["parts"]) == MOST_CELLS // 4
    assert f"The first {MOST_CELLS // 4} of 5000 rows; {tables[-2].name}.tsv has all." in rows["caption"]
    assert sum(len(part["columns"]) - 1 for part in columns["parts"]) == MOST_CELLS // 4 - 1
    assert f"The first {MOST_CELLS // 4 - 1} of 4999 columns; {tables[-1].name}.tsv has all." in columns["caption"]
    assert made["overview"][0]["title"] == f"Samples, the first {MOST_CELLS // 4} of 3000"
    few = content(tables[:10], [], SERIES, RUN, [], {})
    assert len(few["tables"]) == 10 and "are printed" not in " ".join(few["paragraphs"])
