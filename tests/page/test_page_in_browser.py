"""The page in a browser: it asks for nothing, says nothing, sorts, searches, zooms, leads, and shows text as text."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from browsing import DRIVER
from made_run import FIGURE, PAPER, PLANTED, make_run

from coherion.data.netcdf import write_text
from coherion.page.document import page
from coherion.page.run_files import Run

pytestmark = pytest.mark.slow
DRAWN = "place => Boolean(document.querySelectorAll('.canvas')[place]?._fullLayout)"
RANGE = "document.querySelector('.canvas')._fullLayout.xaxis.range"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    other = make_run(folder / "other", seed=2)
    made = page(Run.of(make_run(folder / "results")), PAPER, samples=["lost"], other=Run.of(other), other_name="other")
    write_text(folder / "page.html", made)
    return (folder / "page.html").as_uri()


class Shown:
    """A page, what it asked for and what it said."""

    def __init__(self, browser, address, **how):
        self.context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | how))
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda problem: self.said.append(str(problem)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.address = address
        self.page.goto(address)
        self.page.wait_for_selector("h1")

    def view(self, *parts):
        self.page.evaluate("view => { location.hash = view; }", "#/" + "/".join(parts))
        self.page.wait_for_function(
            "view => document.getElementById('main').dataset.view.startsWith(view)", arg="/".join(parts[:2])
        )
        return self.page

    def drawn(self, place=0):
        """A plot by its place, in sight and drawn."""
        canvas = self.page.locator(".canvas").nth(place)
        canvas.scroll_into_view_if_needed()
        self.page.wait_for_function(DRAWN, arg=place)
        return canvas


@pytest.fixture
def shown(chromium, address):
    one = Shown(chromium, address)
    yield one
    one.context.close()
    assert [url for url in one.asked if not url.startswith(("data:", "blob:"))] in ([address], [address] * 2)
    assert [text for text in one.said if not any(known in text for known in DRIVER)] == []
    assert one.dialogs == []


def column(shown, place):
    """First lines of the cells of a column; a sample's title stands below its name."""
    cells = shown.page.locator(f"table.list tbody tr td:nth-child({place})").all_inner_texts()
    return [text.strip().partition("\n")[0] for text in cells]


def test_the_list_sorts_by_number_and_searches(shown):
    heads = shown.page.locator("table.list thead th")
    place = next(k for k, text in enumerate(heads.all_inner_texts(), 1) if text.startswith("L / Å"))
    button = heads.nth(place - 1).locator("button")
    button.click()
    rising = [float(text.partition("(")[0]) for text in column(shown, place) if text]
    assert rising == sorted(rising) and len(rising) == 13
    button.press("Enter")
    falling = [float(text.partition("(")[0]) for text in column(shown, place) if text]
    assert falling == rising[::-1]
    assert heads.nth(place - 1).get_attribute("aria-sort") == "descending"
    shown.page.get_by_label("Search samples").fill("x0.9")
    assert set(column(shown, 2)) == {"x0.9", "x0.95", "x0.9_200", "x0.9_330"}
    assert "4 of 14" in shown.page.get_by_role("status").inner_text()


def test_lights_say_what_is_wrong(shown):
    shown.page.get_by_role("button", name="A", exact=True).click()
    assert column(shown, 2) == ["x0.3"]
    shown.page.get_by_role("button", name="failed", exact=True).click()
    assert column(shown, 2) == ["lost"]


def test_a_plot_zooms_and_goes_back(shown):
    shown.view("sample", "x0.1")
    canvas = shown.drawn()
    before = canvas.evaluate("one => one._fullLayout.xaxis.range")
    box = canvas.locator(".nsewdrag").first.bounding_box()
    mouse = shown.page.mouse
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.7 * box["height"], steps=5)
    mouse.up()
    narrower = f"span => {RANGE}[1] - {RANGE}[0] < 0.5 * span"
    shown.page.wait_for_function(narrower, arg=before[1] - before[0])
    after = canvas.evaluate("one => one._fullLayout.xaxis.range")
    assert before[0] < after[0] < after[1] < before[1]


def test_a_plot_gives_its_numbers_and_its_picture(shown, tmp_path):
    shown.view("sample", "x0.1")
    shown.drawn()
    with shown.page.expect_download() as waiting:
        shown.page.locator("figure").first.get_by_role("button", name="Data").click()
    waiting.value.save_as(tmp_path / "numbers.tsv")
    lines = (tmp_path / "numbers.tsv").read_text().splitlines()
    assert lines[0].split("\t")[:3] == ["curve", "x", "y"]
    assert len([line for line in lines if line.startswith("sample\t")]) == 1500
    with shown.page.expect_download() as waiting:
        shown.page.get_by_role("button", name="Picture").first.click()
    waiting.value.save_as(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_point_leads_to_its_sample(shown):
    shown.view("figure", FIGURE)
    canvas = shown.drawn()
    point = canvas.locator(".scatterlayer .trace").first.locator(".points path").nth(2)
    box = point.bounding_box()
    shown.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.page.wait_for_function("() => location.hash.startsWith('#/sample/')")
    named = shown.page.evaluate("() => location.hash").removeprefix("#/sample/")
    # The third sample of the curve, as the figure's numbers have them.
    assert named == "x0.3"
    assert shown.page.locator("h1").inner_text().startswith("x0.3")


def test_planted_markup_is_shown_as_text(shown):
    planted = PLANTED.split("\u2028")[0]
    assert planted in shown.page.locator("table.list").inner_text()
    assert planted in shown.page.locator("#main").inner_text()
    shown.view("sample", "x0.3")
    assert planted in shown.page.locator("ul.alerts").inner_text()
    shown.view("statements")
    shown.page.get_by_role("button", name="bold").click()
    assert planted in shown.page.locator("tbody").first.inner_text()
    shown.drawn()
    for view in (("sample", "x0.1"), ("run",), ("compare",), ("figure", FIGURE)):
        shown.view(*view)
        shown.page.wait_for_timeout(300)
        assert shown.page.locator("#main img, #main b:not(.counts b)").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_view_is_wider_than_the_screen(chromium, address, scheme, width):
    one = Shown(chromium, address, viewport={"width": width, "height": 800}, color_scheme=scheme)
    for view in (
        ("samples",),
        ("figures",),
        ("figure", FIGURE),
        ("statements",),
        ("sample", "x0.1"),
        ("compare",),
        ("run",),
    ):
        one.view(*view)
        one.page.wait_for_timeout(250)
        assert one.page.evaluate("document.documentElement.scrollWidth") <= width, view
    one.context.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    """axe-core as npm has it; not part of this repository."""
    if given := os.environ.get("COHERION_AXE"):
        return Path(given).read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm to fetch axe-core with, and COHERION_AXE names no file")
    folder = tmp_path_factory.mktemp("axe")
    line = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    file = folder / "node_modules" / "axe-core" / "axe.min.js"
    if done.returncode or not file.exists():
        pytest.skip(f"axe-core cannot be fetched: {done.stderr[-200:]}")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(chromium, address, axe, scheme):
    one = Shown(chromium, address, color_scheme=scheme)
    found = []
    for view in (
        ("samples",),
        ("sample", "x0.1"),
        ("sample", "lost"),
        ("figures",),
        ("figure", FIGURE),
        ("statements",),
        ("compare",),
        ("run",),
    ):
        one.view(*view)
        one.page.wait_for_timeout(400)
        # By way of the debugger, which the page's policy does not bind.
        one.page.evaluate(axe + "; undefined")
        result = one.page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
        found += [
            (view, v["id"], v["impact"], v["nodes"][0]["html"][:120])
            for v in result
            if v["impact"] in ("serious", "critical")
        ]
    one.context.close()
    assert found == []
