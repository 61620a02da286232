"""One simulated series for all tests, its page in a browser, and what the page asked for and said."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from browsing import DRIVER
from made_live import ROOT, copied, ended, make_series

DRAWN = """() => {
  const all = [...document.querySelectorAll('.js-plotly-plot')];
  return all.length > 0 && all.every(one => one.data && one.data.length);
}"""
CURVE = """([plot, name]) => {
  const drawn = document.querySelector(`.${plot} .js-plotly-plot`).calcdata;
  return drawn.find(one => one[0].trace.name === name).map(point => point.y);
}"""


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_series(tmp_path_factory.mktemp("live") / "series")


@pytest.fixture
def folder(made, tmp_path):
    (tmp_path / "series").mkdir()
    return copied(made, tmp_path / "series")


@contextmanager
def served(folder, sample="x50"):
    """The address of the page, served by the command as a user does."""
    line = [sys.executable, str(ROOT / "scripts" / "live.py"), "--directory", str(folder), "--sample", sample]
    with subprocess.Popen([*line, "--no-browser"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[1]
        finally:
            assert ended(process, signal.SIGTERM) == 0


@pytest.fixture
def address(folder):
    """The page of the series."""
    with served(folder) as opened:
        yield opened


class Shown:
    """The page with its sliders."""

    def __init__(self, browser, address):
        self.page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda problem: self.said.append(str(problem)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_function(DRAWN)

    def slider(self, name):
        return self.page.get_by_role("slider", name=name, exact=True)

    def open(self, panel):
        """Another panel, drawn."""
        self.page.get_by_role("button", name=panel, exact=True).click()
        self.page.wait_for_selector(f".plots.{panel.lower()}")
        self.page.wait_for_function(DRAWN, timeout=90000)
        self.settled()

    def settled(self):
        """Wait until nothing waits for the server."""
        self.page.wait_for_timeout(150)
        self.page.wait_for_function("() => window.live.idle()")
        self.page.wait_for_timeout(250)

    def put(self, name, value):
        """Type a number beside a slider."""
        one = self.page.get_by_role("spinbutton", name=name, exact=True)
        one.fill(str(value))
        one.press("Enter")
        one.press("Tab")
        self.settled()

    def curve(self, plot, name):
        """The numbers of a curve as the browser has them."""
        return self.page.evaluate(CURVE, [plot, name])


@pytest.fixture
def shown(chromium, address):
    one = Shown(chromium, address)
    yield one
    one.page.context.close()
    origin = address.partition("?")[0]
    assert [url for url in one.asked if not url.startswith((origin, "data:", "blob:"))] == []
    assert [text for text in one.said if not any(known in text for known in DRIVER)] == []
