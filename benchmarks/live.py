"""How long the live page takes from a key on a control to what comes of it painted, in a real browser.

    python benchmarks/live.py SERIES SAMPLE [--moves 40]

SERIES is the folder of a series with scan, structure and spectra of SAMPLE, such as a checkout after `make run`.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DRAWN = """() => {
  const all = [...document.querySelectorAll('.js-plotly-plot')];
  return all.length > 0 && all.every(one => one.data && one.data.length);
}"""
# From the key to the frame after the one in which the lines of the plot became those of the new curve.
WATCH = """plot => {
  const drawn = document.querySelector(`.${plot} .js-plotly-plot`);
  window.took = null;
  let began = null, seen = false;
  addEventListener('keydown', () => { began = performance.now(); }, { once: true, capture: true });
  const done = () => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { window.took = performance.now() - began; };
    channel.port2.postMessage(0);
  });
  window.watching?.disconnect();
  window.watching = new MutationObserver((changes) => {
    if (began === null || seen || !changes.some(one => one.target.matches('.scatterlayer .js-line'))) return;
    seen = true;
    done();
  });
  window.watching.observe(drawn, { subtree: true, attributeFilter: ['d'] });
}"""
#: What is moved, in which panel, which plot follows, and the aims in ms: median and 95th percentile.
MOVES = (
    ("Reduction", "Qmin", "pair_distribution", 50, 100),
    ("Reduction", "rpoly", "pair_distribution", 50, 100),
    ("Reduction", "background scale", "pair_distribution", 50, 100),
    ("Reduction", "density", "pair_distribution", 150, None),
    ("Reduction", "packing", "pair_distribution", 150, None),
    ("Refinement", "range of r, of all samples", "fit", 250, None),
    ("Spectrum", "limit of the Kramers-Kronig test", "nyquist", 50, None),
    ("Spectrum", "lowest frequency", "nyquist", 50, None),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("series")
    arguments.add_argument("sample")
    arguments.add_argument("--moves", type=int, default=40)
    given = arguments.parse_args()
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("no chromium on this machine")
    line = [sys.executable, str(ROOT / "scripts" / "live.py"), "--directory", given.series, "--sample", given.sample]
    print("| panel | moved | median / ms | 95th percentile / ms | aim |\n|---|---|---|---|---|")
    with subprocess.Popen([*line, "--no-browser"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1]
            with sync_playwright() as started:
                driven = started.chromium.launch(executable_path=browser, args=["--no-sandbox"])
                page = driven.new_page(viewport={"width": 1440, "height": 900})
                page.goto(address)
                page.wait_for_function(DRAWN, timeout=60000)
                panel = "Reduction"
                for name, control, plot, median, most in MOVES:
                    if name != panel:
                        opened(page, name)
                        panel = name
                    took = sorted(times(page, control, plot, given.moves))
                    aim = f"{median}" + (f", {most}" if most else "")
                    high = took[min(len(took) - 1, round(0.95 * (len(took) - 1)))]
                    print(f"| {name} | {control} | {statistics.median(took):.0f} | {high:.0f} | {aim} |", flush=True)
                driven.close()
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def opened(page: Page, panel: str) -> None:
    """Another panel, drawn; in the refinement the fit follows."""
    page.get_by_role("button", name=panel, exact=True).click()
    page.wait_for_selector(f".plots.{panel.lower()}")
    page.wait_for_function(DRAWN, timeout=120000)
    page.wait_for_timeout(2000)
    if panel == "Refinement":
        page.get_by_role("checkbox", name="on", exact=True).first.check()
        page.wait_for_timeout(3000)


def times(page: Page, control: str, plot: str, moves: int) -> list[float]:
    """Milliseconds from key to paint, back and forth around where the control stands, the other plots at rest."""
    slider = page.get_by_role("slider", name=control, exact=True).first
    slider.focus()
    found = []
    for k in range(moves):
        page.evaluate(WATCH, plot)
        page.keyboard.press("ArrowRight" if k % 8 < 4 else "ArrowLeft")
        page.wait_for_function("() => window.took !== null", timeout=60000)
        found.append(page.evaluate("() => window.took"))
        page.wait_for_function("() => window.live.idle()")
        # What takes long is made anew beside a move: the next one waits for its end.
        page.wait_for_timeout(400)
        page.wait_for_function("() => document.getElementById('facts').ariaBusy !== 'true'", timeout=60000)
    return found[2:]


if __name__ == "__main__":
    main()
