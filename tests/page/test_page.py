"""The page holds the numbers of the run and nothing but text of its texts, and is made of whatever is there."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import shutil
from html import unescape

import numpy as np
import pytest
from made_run import FIGURE, PAPER, PLANTED, make_run

from coherion.errors import InputError
from coherion.figures.legible.mathematics import words
from coherion.page.blocks import number
from coherion.page.document import MOST_SAMPLES, page, with_plots
from coherion.page.encode import SHARE, island, json_text, packed, thinned
from coherion.page.run_files import Run
from coherion.page.twins import read_numbers


def unpacked(value):
    """As page.js unpacks an array."""
    if isinstance(value, list):
        return np.array([np.nan if one is None else one for one in value])
    if "step" in value:
        return value["from"] + value["step"] * np.arange(value["n"])
    changes = np.frombuffer(base64.b64decode(value["d"]), f"<i{value['t']}").astype(np.int64)
    return np.cumsum(changes) * 10.0 ** -value["k"]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e7])
def test_a_packed_array_is_itself_within_a_share_of_its_uncertainty(scale):
    rng = np.random.default_rng(3)
    sd = 0.01 * scale
    values = scale * np.sin(np.linspace(0, 40, 2000)) + sd * rng.normal(size=2000)
    found = unpacked(json.loads(json_text(packed(values, sd))))
    assert np.abs(found - values).max() <= 0.5001 * SHARE * sd
    plain = unpacked(packed(values))
    assert np.abs(plain - values).max() <= np.ptp(values) / 20_000


def test_numbers_over_decades_keep_their_digits_each():
    frequency = np.logspace(-1, 7, 90)
    np.testing.assert_allclose(unpacked(packed(frequency)), frequency, rtol=1e-6)


def test_a_regular_grid_takes_three_numbers_and_holes_stay_holes():
    grid = np.linspace(2.0, 60.0, 5801)
    assert set(packed(grid)) == {"n", "from", "step"}
    np.testing.assert_allclose(unpacked(packed(grid)), grid, atol=1e-9)
    holed = np.where(np.arange(200) % 7 == 0, np.nan, 1.0)
    np.testing.assert_array_equal(unpacked(packed(holed)), holed)


def test_a_thinned_curve_is_the_curve_and_a_sharp_one_keeps_its_points():
    r = np.linspace(0, 60, 6001)
    smooth, sharp = np.sin(3 * r), np.where(np.arange(r.size) % 50 == 0, 1.0, 0.0)
    x, y = thinned(r, smooth)
    assert x.size < r.size / 2
    assert np.abs(np.interp(r, x, y) - smooth).max() < 0.004
    assert thinned(r, smooth, sharp)[0].size == r.size


def test_json_in_a_script_cannot_end_it():
    text = json_text({"name": PLANTED})
    assert json.loads(text)["name"] == PLANTED
    assert not set(text) & set("<>&\u2028\u2029")
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", island(PLANTED))


@pytest.mark.parametrize(
    ("label", "said"),
    [("G(r) / Å$^{-2}$", "G(r) / Å⁻²"), ("NaCl$_6$", "NaCl₆"), ("x90_200C", "x90_200C"), ("σ / S cm^-1", "σ / S cm⁻¹")],
)
def test_labels_lose_their_mathtext_and_names_keep_their_underscores(label, said):
    assert words(label) == said


def test_numbers_stand_as_people_write_them():
    assert number(6.91471399, 0.000375787) == "6.9147(4)"
    assert number(1.4523e-6, 3e-8) == "1.45(3)×10⁻⁶"
    assert number(-0.25) == "−0.25"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("page") / "results")


@pytest.fixture(scope="module")
def made(folder):
    return page(Run.of(folder), PAPER, samples=["x0.1", "lost"])


def index_of(made):
    return json.loads(re.search(r'<script type="application/json" id="index">(.*?)</script>', made, re.S)[1])


def view_of(made, name):
    place = index_of(made)["places"][name]
    text = re.search(rf'<script type="text/plain" id="{place}">(.*?)</script>', made)[1]
    return json.loads(gzip.decompress(base64.b64decode(text)))


def test_nothing_planted_is_markup_and_nothing_comes_from_elsewhere(made):
    assert "<img" not in re.sub(r"<script>.*?</script>", "", made, flags=re.S)
    assert PLANTED[:20] not in made
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', made)[1])
    assert "http" not in policy and "unsafe-eval" not in policy and "default-src 'none'" in policy
    programs = re.findall(r"<script>(.*?)</script>", made, re.S)
    packed = re.search(r'<script type="text/plain" id="plotly">([A-Za-z0-9+/=]+)</script>', made)[1]
    programs.append(gzip.decompress(base64.b64decode(packed)).decode())
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in programs]
    assert len(programs) == 2
    assert all(f"'sha256-{one}'" in policy for one in digests)


def test_the_same_run_gives_the_same_page(made, folder):
    assert page(Run.of(folder), PAPER, samples=["x0.1", "lost"]) == made


def test_a_sample_that_failed_is_named_with_what_its_job_said(made):
    index = index_of(made)
    lights = {one["sample"]: one["light"] for one in index["samples"]}
    assert lights["lost"] == "failed"
    assert lights["x0.3"] == "A" and lights["x0.4"] == "C" and lights["x0.5"] == ""
    assert ["refine_structure lost", PLANTED.splitlines()[0]] in index["failures"]


def test_a_twin_has_the_points_of_the_picture_and_each_leads_to_its_sample(made, folder):
    (block,) = view_of(made, f"figure/{FIGURE}")
    panels = read_numbers(folder / "figures" / f"{FIGURE}.tsv")
    drawn = [curve for panel in panels for curve in panel.curves.values()]
    assert len(block["data"]) == len(drawn)
    for trace, curve in zip(block["data"], drawn, strict=True):
        np.testing.assert_allclose(unpacked(trace["x"]), curve.x, rtol=1e-6)
        np.testing.assert_allclose(unpacked(trace["y"]), curve.y, rtol=1e-6)
        if any(curve.names):
            assert trace["samples"] == curve.names
    logs = [axis for key, axis in block["layout"].items() if key.startswith("yaxis") and axis.get("type") == "log"]
    assert len(logs) == sum("y" in panel.look["log"] for panel in panels)


def test_a_statement_stands_with_the_figure_that_shows_it(made):
    statement, other = index_of(made)["statements"]
    assert statement["figure"] == FIGURE and statement["value"] == "−3.0(2)"
    assert other["value"] == ""


def test_another_run_is_held_against_this_one(folder, tmp_path):
    other = make_run(tmp_path / "other", seed=2)
    made = page(Run.of(folder), PAPER, other=Run.of(other), other_name="other")
    blocks = view_of(made, "compare")
    changed = next(one for one in blocks if one.get("title") == "Numbers that changed by one σ or more")
    sample, quantity, this, before, difference, _ = changed["rows"][0]
    assert sample and quantity
    assert difference["v"] == pytest.approx(this["v"] - before["v"], rel=1e-6, abs=1e-15)
    sizes = [abs(row[5]) for row in changed["rows"] if row[5] is not None]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 1


def test_the_same_run_beside_itself_changes_nothing(folder):
    made = page(Run.of(folder), PAPER, other=Run.of(folder), other_name="itself")
    assert not [one for one in view_of(made, "compare") if one["kind"] == "table"]


@pytest.mark.parametrize("lost", ["series/alerts.tsv", "claims.tsv", "figures", "reduction", "logs"])
def test_what_is_not_there_is_left_out(folder, tmp_path, lost):
    shutil.copytree(folder, tmp_path / "results")
    gone = tmp_path / "results" / lost
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    index = index_of(page(Run.of(tmp_path / "results"), PAPER))
    assert len(index["samples"]) >= 13


def test_a_damaged_file_is_named_and_the_rest_is_shown(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "results")
    damaged = tmp_path / "results" / "reduction" / "x0.1.nc"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    index = index_of(page(Run.of(tmp_path / "results"), PAPER))
    assert [file for file, _ in index["absent"]] == ["reduction/x0.1.nc"]
    assert "sample/x0.2" in index["views"]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no results"):
        Run.of(tmp_path)


def test_of_many_samples_the_gravest_have_their_plots_and_all_stand_in_the_list():
    lines = [{"sample": f"s{k}", "light": "A" if k == 777 else "C" if k % 2 else ""} for k in range(1000)]
    shown = with_plots(lines)
    assert len(shown) == MOST_SAMPLES and "s777" in shown
    assert shown == [line["sample"] for line in lines if line["sample"] in shown]
    assert with_plots(lines[:MOST_SAMPLES]) == [line["sample"] for line in lines[:MOST_SAMPLES]]
