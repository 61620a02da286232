"""Figures as a journal takes them: nothing hidden, struck through, cut off or told apart by colour twice.

With COHERION_RESULTS, the folder of a finished run, every kind of figure is drawn from what that run found.
"""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import xarray
from figures.looks import A4, colours_of_entries, faults, fonts_of, on_one_another, page_of
from matplotlib.backends.backend_agg import FigureCanvasAgg

from coherion.data.stated import LEFT_OUT, reason_left_out
from coherion.figures.legible.curves import band_limited, spline
from coherion.figures.legible.mathematics import in_type, pieces, words
from coherion.figures.legible.units import prefixed, with_exponent, with_power
from coherion.figures.legible.wrapping import broken
from coherion.figures.plate import COLUMN, PAGE, Plate
from coherion.figures.series import draw_overview, draw_series
from coherion.paper.reading import read_paper
from coherion.settings.paper import figures
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import settings_from
from coherion.statistics.series import Series

ROOT = Path(__file__).parents[2]


def test_widths_are_those_of_a_column_and_of_a_page():
    assert pytest.approx((85, 175)) == (25.4 * COLUMN, 25.4 * PAGE)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("entries", [1, 3, 12])
def test_a_legend_never_lies_over_a_curve(tmp_path, scale, entries):
    plate = Plate(1, 2, width=PAGE)
    x = np.linspace(0, 50, 3000)
    for panel in plate.panels:
        for i in range(entries):
            plate.line(panel, x, 2 + np.sin((1 + 0.2 * i) * x), label=f"curve {i} of a long name")
        panel.set(yscale=scale, xlabel="x", ylabel="y")
        panel.legend()
    plate.save(tmp_path / "f.pdf")
    assert faults(plate.figure) == []


def test_a_curve_of_two_points_is_not_hidden_either(tmp_path):
    plate = Plate()
    for place in (0.1, 0.3, 0.5, 0.7, 0.9):
        plate.line(plate.panels[0], [0, 1], [place, place], label=f"level {place}")
    plate.panels[0].legend()
    plate.save(tmp_path / "f.pdf")
    assert faults(plate.figure) == []


@pytest.mark.parametrize("adjusted", ["box", "datalim"])
def test_a_legend_hides_nothing_where_both_directions_have_one_scale(tmp_path, adjusted):
    plate = Plate(1, 3, width=PAGE)
    turn = np.linspace(0, np.pi, 200)
    for panel in plate.panels:
        plate.line(panel, 1 - np.cos(turn), np.sin(turn), label="an arc with a long name")
        plate.points(panel, 1 - np.cos(turn[::9]), np.sin(turn[::9]), label="points of it")
        panel.set_aspect("equal", adjustable=adjusted)
        panel.legend()
    plate.save(tmp_path / "f.pdf")
    assert faults(plate.figure) == []


def test_a_legend_shows_no_error_bar_that_points_hide(tmp_path):
    plate = Plate()
    plate.points(plate.panels[0], [0, 1, 2], [0, 1, 2], y_sd=[1e-6] * 3, label="points")
    plate.panels[0].legend()
    plate.save(tmp_path / "f.pdf")
    drawn = plate.panels[0].get_legend().legend_handles
    assert len(plate.panels[0].get_legend().findobj(type(plate.panels[0].collections[0]))) == 0, drawn


def test_a_power_stands_in_the_unit_of_its_axis_and_the_numbers_beside_are_whole(tmp_path):
    plate = Plate(1, 2)
    for panel, size in zip(plate.panels, (3e7, 1e-6), strict=True):
        plate.line(panel, [0, 1], [0, size], label="line")
        panel.set(xlabel="Q / Å$^{-1}$", ylabel="I / counts")
    plate.save(tmp_path / "f.pdf")
    assert faults(plate.figure) == []
    assert [panel.get_ylabel() for panel in plate.panels] == ["I / 10$^{7}$ counts", "I / 10$^{-6}$ counts"]
    written = (tmp_path / "f.tsv").read_text()
    assert "3e+07" in written or "30000000" in written
    assert "y = I / counts" in written


@pytest.mark.parametrize(
    ("largest", "factor", "unit"), [(2e5, 1e3, "kΩ"), (999.0, 1.0, "Ω"), (3e7, 1e6, "MΩ"), (4e-5, 1e-6, "µΩ")]
)
def test_the_prefix_of_a_unit_leaves_numbers_that_are_read(largest, factor, unit):
    assert prefixed(largest, "Ω") == (pytest.approx(factor), unit)
    assert with_power("E", 3) == "E / 10$^{3}$"


def test_long_titles_do_not_run_into_the_letter(tmp_path):
    plate = Plate(1, 3, width=PAGE)
    for panel in plate.panels:
        panel.set_title("x = 0.9, annealed at 330 °C, $R_w$ = 4.4 %, and more", loc="right", fontsize=6.5)
    plate.save(tmp_path / "f.pdf")
    assert faults(plate.figure) == []


def test_no_figure_is_higher_than_a_page(tmp_path):
    plate = Plate(12, 2, width=PAGE, height=30)
    plate.save(tmp_path / "f.pdf")
    width, height = page_of(tmp_path / "f.pdf")
    assert width <= 175.1 and height < A4[1] - 40
    assert "Type3" not in fonts_of(tmp_path / "f.pdf")


def test_a_band_limited_function_is_found_again_between_its_samples():
    step = np.pi / 13
    r = step * np.arange(40, 160)

    def model(at):
        return np.sin(11 * at) / at + 0.4 * np.cos(7.3 * at)

    x, y = band_limited(r, model(r))
    inner = (x > r[25]) & (x < r[-25])
    np.testing.assert_allclose(y[inner], model(x[inner]), atol=0.01)
    # Joined by straight lines the same values miss it by half of its height.
    assert np.abs(np.interp(x, r, model(r)) - model(x))[inner].max() > 0.1
    np.testing.assert_allclose(y[::8], model(r), atol=1e-12)


def test_a_spline_runs_through_its_points_without_corners():
    x = np.array([0.0, 0.4, 1.0, 1.5, 2.0])
    at, y = spline(x, np.sin(x), 2001)
    np.testing.assert_allclose(np.interp(x, at, y), np.sin(x), atol=1e-6)
    assert np.abs(np.diff(y, 2)).max() < 3 * np.abs(np.diff(np.sin(at), 2)).max()


WORDS = "words of an author who has much to say of what is shown here, 50 % of it #1 & <b>more</b> $T_s$ of it"


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("twin", [False, True])
def test_long_words_of_an_author_stay_in_the_figure_and_leave_the_panels_room(tmp_path, columns, twin):
    plate = Plate(1, columns, width=PAGE)
    x = np.linspace(1, 9, 9)
    for panel in plate.panels:
        panel.set(xlabel=WORDS, ylabel=WORDS)
        for i in range(3):
            plate.points(panel, x, np.sin(x + i) + i, label=f"{i} {WORDS}")
        if twin:
            right = panel.twinx()
            plate.points(right, x, np.cos(x), label=WORDS, color="C3")
            right.set_ylabel(WORDS)
        handles, labels = panel.get_legend_handles_labels()
        panel.legend(handles, labels)
    plate.figure.suptitle(f"{WORDS}, {WORDS}, {WORDS}", fontsize=8)
    plate.save(tmp_path / "f.pdf")
    assert faults(plate.figure) == []
    share = min(panel.get_window_extent().width for panel in plate.panels) / plate.figure.bbox.width
    assert share > 0.2 / columns


@pytest.mark.parametrize("label", ["costs $ a_{ $ each", "$\\frac{1$ of it", "$x_$", "a $ b", "$\\notacommand$"])
def test_dollars_that_enclose_no_mathematics_are_dollars(tmp_path, label):
    plate = Plate(1, 2)
    for panel in plate.panels:
        plate.line(panel, [0, 1], [0, 1], label=label)
        plate.line(panel, [0, 1], [0, 2], label="b $x_2$")
        panel.set(xlabel=label, ylabel="$T_s$")
        panel.set_title(label, loc="right")
        panel.legend()
    plate.figure.suptitle(label)
    plate.save(tmp_path / "f.pdf")
    assert (tmp_path / "f.svg").stat().st_size > 1000


AUTHORS = [
    "5$ a kg",
    "$",
    "a$b",
    "5$ to 7$",
    "costs $5, then $7",
    r"\$3",
    "_left_out_",
    "x_90^2",
    "50 % #3 & {4}",
    r"C:\new\table",
    "$\\frac{1$",
    "^",
]


@pytest.mark.parametrize("label", AUTHORS)
def test_an_authors_label_is_read_as_it_stands_beside_our_mathematics(tmp_path, label):
    plate = Plate(1, 2)
    for panel in plate.panels:
        plate.line(panel, [0, 1], [0, 1], label=label)
        plate.points(panel, [0, 1], [0, 2], label=f"{label}, E$_a$ = -0.5 eV")
        panel.set(xlabel=label, ylabel="T$_s$", xticks=[0, 1], xticklabels=[label, "$x_2$"])
        panel.set_title(f"{label}, $R_w$ = 4 %", loc="right")
        panel.legend()
    plate.save(tmp_path / "f.pdf")
    read = label.replace(r"\$", "$")
    entries = [text.get_text() for text in plate.panels[0].get_legend().get_texts()]
    assert len(entries) == 2
    drawn = re.sub(r"<[^>]*>", " ", (tmp_path / "f.svg").read_text(encoding="utf-8"))
    # Where mathematics stands beside it, each letter has its place.
    drawn = "".join(unescape(drawn).split())
    assert drawn.count("".join(read.split())) >= 4, "in the legend, at the axis, at its tick and above"
    assert "$R" not in drawn and "E$" not in drawn
    assert "\u22120.5" in drawn
    # The numbers beside the figure keep the label as its author wrote it.
    assert label in (tmp_path / "f.tsv").read_text(encoding="utf-8").replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("label", "mathematics"),
    [
        ("Na$_{2-x}$ZrCl$_6$, 5$", ["_{2-x}", "_6"]),
        ("5$ a kg, E$_a$", ["_a"]),
        ("a$b, E$_a$ and $R_w$", ["_a", "R_w"]),
        ("5$ to 7$", []),
        (r"\$x$ and \$", []),
        ("$\\alpha$ phase", ["\\alpha"]),
        ("$x$ = 0.5, $R_w$", ["x", "R_w"]),
    ],
)
def test_dollars_in_pairs_are_mathematics_and_others_dollars(label, mathematics):
    found = pieces(label)
    assert [piece for piece, is_math in found if is_math] == mathematics
    rest = label
    for piece in mathematics:
        rest = rest.replace(f"${piece}$", "", 1)
    assert "".join(piece for piece, is_math in found if not is_math) == rest.replace(r"\$", "$")
    assert words(label).count("$") == rest.count("$")


def test_signs_of_print_stand_where_a_keyboard_has_one_for_all():
    assert in_type("b = -3.0 (-2), found - true, 2-60 Å") == "b = −3.0 (−2), found − true, 2–60 Å"
    assert in_type("x90-2, Kramers-Kronig, 2024-11-02, a-b") == "x90-2, Kramers-Kronig, 2024-11-02, a-b"
    assert with_exponent(4.7e-8) == "4.7×10$^{-8}$" and with_exponent(0.98) == "0.98" and with_exponent(0.0) == "0"
    assert with_exponent(1003.2) == "1003" and with_exponent(97151.1) == "9.7×10$^{4}$"


def test_words_are_broken_at_spaces_and_never_in_mathematics():
    assert broken("one two three four", 2) == "one two\nthree four"
    assert broken("a $x = 1 + 2$ b", 3).replace("\n", " ") == "a $x = 1 + 2$ b"
    assert all(line.count("$") % 2 == 0 for line in broken("aa $x = 1 + 2$ bb $y = 3$ cc", 4).split("\n"))
    assert broken(r"costs \$5, $x = 1$ b", 3).replace("\n", " ") == r"costs \$5, $x = 1$ b"
    assert broken("unbreakable", 3) == "unbreakable"


def test_a_logarithm_of_less_than_two_decades_has_numbers_that_are_read(tmp_path):
    plate = Plate(1, 2)
    for panel, top in zip(plate.panels, (150.0, 1e6), strict=True):
        plate.line(panel, [50.0, top], [1e-6, 1e-5], label="line")
        panel.set(xscale="log", yscale="log")
    plate.save(tmp_path / "f.pdf")
    told = [{t.get_text() for t in panel.get_xticklabels()} for panel in plate.panels]
    assert {"60", "100", "150"} <= told[0] and not any("10^" in text for text in told[0])
    assert any("10^" in text for text in told[1])


# The series ---------------------------------------------------------------------------------------------------------

NAMES = [f"s{i}" for i in range(9)]
X = np.linspace(0.1, 0.9, 9)
TABLE = {
    "sample": NAMES,
    "origin": ["measured"] * 9,
    "group": ["as_milled"] * 9,
    "excluded": [""] * 9,
    "annealing_C": [""] * 9,
    "x": X,
    "a_A": 7 - 0.1 * X**2,
    "a_A_sd": [0.001] * 9,
    "b_A": 12 - 0.2 * X**2,
    "b_A_sd": [0.001] * 9,
}


def series(**columns) -> tuple[Series, Paper]:
    panel = {"against": "x", "curves": ["a", {"of": "b", "right": True}]}
    paper = settings_from(
        Paper,
        {
            "abscissa": "x",
            "quantities": {"x": {"column": "x", "exact": True}},
            "figures": [{"kind": "series", "name": "f", "columns": 1, "panels": [panel]}],
        },
    )
    table = TABLE | columns
    return Series({name: tuple(str(v) for v in values) for name, values in table.items()}, paper.known), paper


def test_points_of_two_scales_do_not_lie_on_one_another(tmp_path):
    rows, paper = series()
    plate = draw_series(rows, paper, paper.figures[0])
    plate.save(tmp_path / "f.pdf")
    assert on_one_another(plate.panels[0]) == 0
    assert faults(plate.figure) == []


def test_a_point_of_the_right_scale_shows_no_bar_through_it_and_is_told_as_hollow(tmp_path):
    rows, paper = series()
    plate = draw_series(rows, paper, paper.figures[0])
    plate.save(tmp_path / "f.pdf")
    looks = plate.looks()["a"]["curves"]
    assert [one.get("hollow", False) for one in looks.values()] == [False, True]


def test_a_single_curve_has_no_legend_and_every_group_its_name(tmp_path):
    rows, _ = series()
    for groups, expected in ((None, []), (["low", "high"], ["a, low x", "a, high x"])):
        panel = {"curves": ["a"], **({"groups": groups} if groups else {})}
        paper = settings_from(
            Paper,
            {
                "groups": {
                    "low": {"where": {"x": {"below": 0.5}}, "label": "low x"},
                    "high": {"where": {"x": {"least": 0.5}}, "label": "high x"},
                },
                "figures": [{"kind": "series", "name": "f", "panels": [panel]}],
            },
        )
        plate = draw_series(Series(rows.columns, paper.known), paper, paper.figures[0])
        legend = plate.panels[0].get_legend()
        assert ([] if legend is None else [t.get_text() for t in legend.get_texts()]) == expected


def test_a_long_reason_of_a_figure_that_is_left_out_is_whole(tmp_path):
    plate = Plate()
    plate.leave_out("too few samples; " * 40)
    plate.save(tmp_path / "f.pdf")
    assert page_of(tmp_path / "f.pdf")[1] > 20
    (text,) = plate.figure.texts
    box = text.get_window_extent(FigureCanvasAgg(plate.figure).get_renderer())
    assert box.y0 >= 0 and box.y1 <= plate.figure.bbox.y1 and box.x1 <= plate.figure.bbox.x1


def test_a_figure_of_nothing_is_one_line_that_says_why_and_no_page(tmp_path):
    rows, paper = series(a_A=[""] * 9, b_A=[""] * 9, a_A_sd=[""] * 9, b_A_sd=[""] * 9)
    for plate in (
        draw_series(rows, paper, paper.figures[0]),
        draw_overview(rows, paper, figures.Overview(name="overview")),
    ):
        plate.save(tmp_path / "f.pdf")
        assert page_of(tmp_path / "f.pdf")[1] < 15
        assert faults(plate.figure) == []
        assert (tmp_path / "f.tsv").read_text().startswith(LEFT_OUT)
        assert reason_left_out(tmp_path / "f.pdf") == plate.left_out


# A finished run -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> Path:
    folder = os.environ.get("COHERION_RESULTS")
    if not folder:
        pytest.skip("COHERION_RESULTS is not set: this test draws the figures of a finished run")
    return Path(folder)


def found(results: Path, pattern: str) -> list[xarray.Dataset]:
    return [xarray.open_dataset(path).load() for path in sorted(results.glob(pattern))]


def some(datasets: list) -> list:
    """The first, the middle and the last: one by one all of them would take minutes."""
    return [datasets[i] for i in sorted({0, len(datasets) // 2, len(datasets) - 1})]


def plates(results: Path) -> dict[str, Plate]:
    from coherion.figures import (
        correlation,
        impedance,
        overview,
        readings,
        recovery,
        reduction,
        refinement,
        relations,
        side_phase,
    )
    from coherion.statistics.recovery import read_recovery
    from coherion.statistics.series import read_series

    paper = read_paper(ROOT / "config" / "paper.yaml")
    table = read_series(results / "series/series.tsv", paper.known)
    related = xarray.open_dataset(results / "series/correlation.nc").load()
    drawn = {
        one.name: draw_series(table, paper, one, related) for one in paper.figures if isinstance(one, figures.Series)
    }
    spectra = [found(results, f"{stage}/*.nc") for stage in ("validation", "circuits", "arrhenius")]
    for i, three in enumerate(some(list(zip(*spectra, strict=True)))):
        drawn[f"impedance {i}"] = impedance.draw_impedance(*three, f"sample {i}")
    samples = found(results, "reduction/*.nc")
    titles = [f"x = 0.9, annealed at {i} °C" for i in range(20)]
    for i, one in enumerate(some(samples)):
        drawn[f"reduction {i}"] = reduction.draw_reduction(one, titles[i])
    fits = found(results, "refinement/*/*.nc")
    for i, one in enumerate(some(fits)):
        drawn[f"refinement {i}"] = refinement.draw_refinement(one, titles[i % 20])
    fits = fits[:20]
    return drawn | {
        "overview": draw_overview(table, paper, figures.Overview(name="overview")),
        "correlation": correlation.draw_correlation(related, paper),
        "relations": relations.draw_relations(related, paper),
        "readings": readings.draw_lengths(table),
        "recovery": recovery.draw_recovery(read_recovery(results / "series/recovery.tsv")),
        "patterns": overview.draw_patterns(samples, titles[: len(samples)]),
        "pair distributions": overview.draw_pair_distributions(samples[:4], titles[: len(samples[:4])]),
        "fits": overview.draw_fits(fits, titles[: len(fits)]),
        "fit ranges": overview.draw_fit_ranges(fits[:2], ["one", "one"][: len(fits[:2])]),
        "nyquist": impedance.draw_nyquist(spectra[1], titles[: len(spectra[1])]),
        "arrhenius": impedance.draw_arrhenius(spectra[2], titles[: len(spectra[2])]),
        "side phase": side_phase.draw_side_phase(
            one := found(results, "side_phase/*.nc"), [f"x = {i}" for i in range(len(one))]
        ),
    }


@pytest.mark.slow
def test_every_figure_of_a_run_may_be_printed(results, tmp_path):
    wrong = {}
    drawn = plates(results)
    for name, plate in drawn.items():
        plate.save(tmp_path / "f.pdf")
        if told := faults(plate.figure):
            wrong[name] = told
    assert wrong == {}
    (panel,) = drawn["arrhenius"].panels
    assert colours_of_entries(panel) == []


def test_every_file_of_a_run_is_of_a_journals_size_with_fonts_that_are_set(results):
    files = sorted((results / "figures").rglob("*.pdf"))
    assert files
    for file in files:
        width, height = page_of(file)
        assert width <= 175.5 and height <= A4[1] - 40, file
        assert "Type3" not in fonts_of(file), file
        assert file.with_suffix(".tsv").read_text().count("\n") > 0
