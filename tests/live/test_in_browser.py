"""The page in a browser: load, move, keep, undo, refusals, and the run that follows."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import DRAWN, Shown, served
from made_live import CONFIGURATION, fitted_by_the_job, reduced_by_the_job, refined_by_the_job

from coherion.data.netcdf import read_dataset

pytestmark = pytest.mark.slow


def kept(shown):
    """Press Keep, look at the difference, and keep."""
    shown.page.get_by_role("button", name="Keep …").click()
    dialog = shown.page.get_by_role("dialog")
    dialog.wait_for()
    shown.page.wait_for_function("() => document.getElementById('difference')?.textContent.length > 0")
    told = dialog.locator("pre").inner_text()
    dialog.get_by_role("button", name="Keep", exact=True).click()
    shown.page.wait_for_function("() => document.getElementById('kept')?.textContent.startsWith('written')")
    dialog.get_by_role("button", name="Close").click()
    shown.settled()
    return told


def test_move_keep_and_the_job_writes_what_was_seen(shown, folder):
    before = shown.curve("pair_distribution", "G(r)")
    shown.put("Qmax", 12.2)
    shown.put("packing", 0.65)
    after = shown.curve("pair_distribution", "G(r)")
    assert before != after
    told = kept(shown)
    assert "qmax: 12.2" in told and "0.65" in told
    assert "    qmax: 12.2\n" in (folder / "config" / "config.yaml").read_text().replace("      qmax", "    qmax")
    written = read_dataset(reduced_by_the_job(folder), "reduce_scan")["pdf"].values
    # Every so many points, to the digits that are drawn.
    step = round((len(written) - 1) / (len(after) - 1))
    drawn = written[::step] if len(written[::step]) == len(after) else np.append(written[:-1:step], written[-1])
    np.testing.assert_allclose(after, drawn, atol=2e-3 * np.abs(written).max())


ANOTHER = """() => fetch("/move", {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({
    values: [{ stage: "reduction", key: "rpoly", value: 1.1 }], sample: "x50", panel: "reduction", page: "another",
  }),
}).then(answer => answer.status)"""


def test_what_another_page_moved_meanwhile_is_shown_before_it_is_written(shown, folder):
    config = folder / "config" / "config.yaml"
    before = config.read_text()
    shown.put("Qmax", 12.4)
    shown.page.get_by_role("button", name="Keep …").click()
    shown.page.wait_for_function("() => document.getElementById('difference').textContent.includes('12.4')")
    assert shown.page.evaluate(ANOTHER) == 200
    shown.page.get_by_role("button", name="Keep", exact=True).click()
    shown.page.wait_for_function("() => document.getElementById('kept').textContent.includes('look again')")
    assert "rpoly: 1.1" in shown.page.locator("#difference").inner_text() and config.read_text() == before
    shown.page.get_by_role("button", name="Keep", exact=True).click()
    shown.page.wait_for_function("() => document.getElementById('kept').textContent.includes('written')")
    assert "qmax: 12.4" in config.read_text() and "rpoly: 1.1" in config.read_text()


def test_what_another_sample_s_page_kept_for_all_is_shown_before_it_is_written(shown, chromium, address, folder):
    shown.put("Qmin", 0.7)
    before = shown.curve("pair_distribution", "G(r)")
    other = Shown(chromium, address)
    other.page.locator("#sample").click()
    other.page.get_by_role("option", name="LaB6").click()
    other.page.wait_for_selector(".plots[data-sample=LaB6]")
    other.settled()
    other.page.get_by_role("radio", name="all samples").check()
    other.put("Qmax", 12.5)
    assert "qmax: 12.5" in kept(other)
    shown.page.get_by_role("button", name="Keep …").click()
    shown.page.wait_for_function(
        "() => document.getElementById('kept').textContent.includes('look at the plots again')"
    )
    shown.page.keyboard.press("Escape")
    shown.settled()
    assert float(shown.slider("Qmax").get_attribute("aria-valuenow")) == 12.5
    assert shown.curve("pair_distribution", "G(r)") != before
    assert "qmin: 0.7" in kept(shown) and "12.5" in (folder / "config" / "config.yaml").read_text()


def test_each_page_has_its_own_choice_of_samples(shown, chromium, address):
    shown.put("Qmax", 12.6)
    shown.open("Refinement")
    shown.page.get_by_role("radio", name="all samples").check()
    shown.page.wait_for_function("() => document.getElementById('facts').textContent.includes('of other settings')")
    shown.page.get_by_role("button", name="Refine", exact=True).click()
    shown.page.wait_for_function("() => !document.getElementById('facts').textContent.includes('of other settings')")
    shown.settled()
    # It opens with the choice of this sample.
    Shown(chromium, address)
    shown.page.get_by_role("checkbox", name="on", exact=True).first.check()
    shown.settled()
    assert "of other settings" not in shown.page.locator("#facts").inner_text()
    assert "from the start" in shown.page.locator("#facts").inner_text()


def test_a_file_that_another_hand_broke_is_told_until_it_is_mended(shown, folder):
    table = folder / "config" / "samples.tsv"
    text = table.read_text()
    shown.put("Qmin", 0.7)
    table.write_text("broken\n")
    shown.page.reload()
    shown.page.wait_for_function(DRAWN)
    shown.settled()
    told = shown.page.get_by_role("alert")
    assert "samples.tsv" in told.inner_text()
    shown.put("Qmin", 0.8)
    assert "samples.tsv" in told.inner_text()
    shown.page.get_by_role("button", name="Keep …").click()
    shown.page.wait_for_function("() => document.getElementById('kept').textContent.includes('samples.tsv')")
    shown.page.keyboard.press("Escape")
    table.write_text(text)
    shown.page.reload()
    shown.page.wait_for_function(DRAWN)
    shown.settled()
    assert told.inner_text() == "" and "qmin: 0.8" in kept(shown)


def test_a_number_that_is_typed_is_taken_as_it_stands(shown, folder):
    # None of them is a step of its slider, the last is beyond its end.
    typed = {"Qmax": "12.3456789", "density": "2.613", "rpoly": "2.2"}
    before = shown.curve("pair_distribution", "G(r)")
    for name, text in typed.items():
        one = shown.page.get_by_role("spinbutton", name=name, exact=True)
        one.focus()
        shown.page.keyboard.press("Control+A")
        shown.page.keyboard.type(text)
        shown.page.keyboard.press("Enter" if name == "density" else "Tab")
        shown.settled()
        shown.page.keyboard.press("Tab")
        shown.settled()
        assert one.input_value() == shown.slider(name).get_attribute("aria-valuenow") == text
    assert shown.curve("pair_distribution", "G(r)") != before
    told = kept(shown)
    assert all(text in told for text in typed.values())
    written = read_dataset(reduced_by_the_job(folder), "reduce_scan")
    assert written.attrs["qmax"] == 12.3456789 and written.attrs["rpoly"] == 2.2
    one = shown.page.get_by_role("spinbutton", name="rpoly", exact=True)
    one.fill("")
    shown.page.wait_for_function("() => document.getElementById('refused').textContent.includes('rpoly: is no number')")


def test_a_setting_of_all_samples_is_that_of_the_standard_as_soon_as_it_is_chosen(shown):
    shown.put("Qmax", 12.6)
    shown.open("Refinement")
    shown.settled()
    assert "of other settings" not in shown.page.locator("#facts").inner_text()
    shown.page.get_by_role("radio", name="all samples").check()
    shown.page.wait_for_function("() => document.getElementById('facts').textContent.includes('of other settings')")
    shown.settled()
    shown.page.get_by_role("button", name="Keep …").click()
    shown.page.wait_for_function("() => document.getElementById('kept').textContent.includes('of other settings')")
    shown.page.keyboard.press("Escape")
    shown.page.get_by_role("button", name="Refine", exact=True).click()
    shown.page.wait_for_function("() => !document.getElementById('facts').textContent.includes('of other settings')")
    shown.settled()
    assert "per_sample" not in kept(shown)
    assert "of other settings" not in shown.page.locator("#facts").inner_text()


def test_a_slider_moves_by_keys_and_undo_takes_it_back(shown, folder):
    slider = shown.slider("rpoly")
    before = shown.curve("pair_distribution", "G(r)")
    slider.focus()
    for _ in range(12):
        shown.page.keyboard.press("ArrowRight")
    shown.settled()
    assert float(slider.get_attribute("aria-valuenow")) > 0.9
    assert shown.curve("pair_distribution", "G(r)") != before
    undo = shown.page.get_by_role("button", name="Undo")
    assert undo.is_enabled()
    while undo.is_enabled():
        undo.click()
        shown.settled()
    assert float(slider.get_attribute("aria-valuenow")) == 0.9
    assert shown.curve("pair_distribution", "G(r)") == before
    assert shown.page.get_by_role("button", name="Keep …").is_disabled()
    assert (folder / "config" / "config.yaml").read_text() == CONFIGURATION


LINE = "() => [...document.querySelectorAll('.pair_distribution .scatterlayer .js-line')].map(x => x.getAttribute('d'))"
SKETCHED = """() => {
  const plot = document.querySelector('.pair_distribution .js-plotly-plot'), whole = window.Plotly.react;
  window.sketched = null;
  window.Plotly.react = (...given) => {
    if (given[0] === plot && !window.sketched)
      window.sketched = [...plot.querySelectorAll('.scatterlayer .js-line')].map(one => one.getAttribute('d'));
    return whole(...given);
  };
}"""

MARKED = """() => {
  const whole = window.Plotly.react;
  window.sketched = null;
  window.Plotly.react = (...given) => {
    if (given[0].closest('.fit') && window.sketched === null)
      window.sketched = given[0].querySelectorAll('.points > path').length;
    return whole(...given);
  };
}"""


def vertices(path):
    """Corners of a path of straight lines."""
    return np.array([[float(x) for x in pair.split(",")] for pair in path[1:].split("L")])


def away(point, line):
    """Pixels from a point to the nearest of a path's lines."""
    start, along = line[:-1], np.diff(line, axis=0)
    part = np.clip(((point - start) * along).sum(1) / np.maximum((along**2).sum(1), 1e-12), 0, 1)
    return float(np.hypot(*(start + part[:, None] * along - point).T).min())


def test_what_is_put_into_the_lines_while_a_slider_moves_is_what_is_plotted_when_it_rests(shown):
    # The first move is plotted: from then on the axes are known.
    shown.put("Qmax", 12.9)
    before = [vertices(one) for one in shown.page.evaluate(LINE)]
    shown.page.evaluate(SKETCHED)
    shown.put("Qmax", 12.7)
    sketched = [vertices(one) for one in shown.page.evaluate("() => window.sketched")]
    plotted = [vertices(one) for one in shown.page.evaluate(LINE)]
    curve = max(range(len(plotted)), key=lambda k: len(plotted[k]))
    chosen = sketched[curve][::7]
    assert max(away(point, before[curve]) for point in chosen) > 1.5
    # A new plot has axes of its own, near those that stood.
    share = np.ptp(sketched[curve][:, 1]) / np.ptp(plotted[curve][:, 1])
    assert 0.85 < share < 1.15 and len(chosen) > 100
    chosen[:, 1] = plotted[curve][-1, 1] + (chosen[:, 1] - sketched[curve][-1, 1]) / share
    assert np.median([away(point, plotted[curve]) for point in chosen]) < 0.5


def test_points_of_a_fit_come_and_go_while_its_range_moves(shown):
    shown.open("Refinement")
    shown.page.get_by_role("checkbox", name="on", exact=True).first.check()
    shown.settled()
    marks = "() => document.querySelectorAll('.fit .points > path').length"
    shown.slider("range of r, of all samples").last.focus()
    counts = []
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowRight"):
        shown.page.evaluate(MARKED)
        shown.page.keyboard.press(key)
        shown.settled()
        sketched, plotted = shown.page.evaluate("() => window.sketched"), shown.page.evaluate(marks)
        assert plotted == len(shown.curve("fit", "observed, fitted points"))
        counts.append((sketched, plotted))
    # The first move is plotted: from then on the axes are known.
    assert [sketched for sketched, _ in counts[1:]] == [plotted for _, plotted in counts[1:]]
    assert counts[1][1] > counts[2][1] < counts[3][1]


def test_what_is_refused_is_told_and_what_was_shown_stays(shown):
    before = shown.curve("pair_distribution", "G(r)")
    shown.put("Qmaxinst", 12.5)
    told = shown.page.get_by_role("alert").inner_text()
    assert "key per_sample.x50.reduction.qmaxinst: setting out of its range" in told and "not below qmax = 13" in told
    assert shown.curve("pair_distribution", "G(r)") == before


def test_a_file_that_cannot_be_read_is_one_line(chromium, folder):
    raw = (folder / "raw").resolve()
    (folder / "raw").unlink()
    (folder / "raw").mkdir()
    for file in ("scans", "spectra"):
        (folder / "raw" / file).mkdir()
    (folder / "raw" / "scans" / "x50.raw").write_bytes(b"no scan")
    (folder / "raw" / "scans" / "empty.raw").symlink_to(raw / "scans" / "empty.raw")
    with served(folder) as address:
        page = chromium.new_page()
        page.goto(address)
        page.wait_for_function("() => document.getElementById('refused')?.textContent.includes('x50.raw')")
        # The controls come with the message, their names a moment later.
        page.get_by_role("slider", name="Qmin", exact=True).wait_for()
        page.get_by_role("button", name="Spectrum").click()
        page.wait_for_function("() => document.querySelector('main')?.textContent.includes('there is no such file')")
        page.close()


@pytest.mark.parametrize("width", [390, 1280, 1600])
def test_facts_have_room_and_what_moves_is_in_sight(shown, width):
    shown.page.set_viewport_size({"width": width, "height": 800})
    shown.page.wait_for_function("() => document.getElementById('facts').textContent.includes('composition')")
    room = shown.page.evaluate("() => [...document.querySelectorAll('#facts dd')].map(x => x.clientWidth)")
    side = shown.page.evaluate("() => document.querySelector('.side').clientWidth")
    assert len(room) > 5 and min(room) > 0.35 * side
    shown.slider("zero point of 2θ").scroll_into_view_if_needed()
    assert shown.page.evaluate("() => document.querySelector('.pair_distribution').getBoundingClientRect().top") >= 0
    assert shown.page.get_by_text("density / g cm⁻³", exact=True).count() == 1


def test_a_page_shows_what_another_page_of_the_sample_moved(shown, chromium, address):
    shown.put("Qmin", 0.6)
    other = Shown(chromium, address)
    shown.put("Qmin", 0.7)
    other.put("rpoly", 1.0)
    assert float(other.slider("Qmin").get_attribute("aria-valuenow")) == 0.7
    shown.put("Qmax", 12.5)
    assert float(shown.slider("rpoly").get_attribute("aria-valuenow")) == 1.0
    assert float(shown.slider("Qmin").get_attribute("aria-valuenow")) == 0.7
    for page in (shown.page, other.page):
        assert page.get_by_role("alert").inner_text() == ""


def test_back_to_what_is_configured(shown):
    shown.put("Qmax", 11.0)
    shown.page.get_by_title("Qmax: back to what is configured").click()
    shown.settled()
    assert float(shown.slider("Qmax").get_attribute("aria-valuenow")) == 13.0


def test_markup_in_a_file_stays_text(chromium, folder):
    table = folder / "config" / "samples.tsv"
    table.write_text(table.read_text().replace("x = 0.5", "<img src=x onerror=alert(1)>"))
    config = folder / "config" / "config.yaml"
    config.write_text(config.read_text() + "# <script>alert(2)</script>\n")
    page = chromium.new_page()
    dialogs = []
    page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
    with served(folder) as address:
        page.goto(address)
        page.wait_for_function(DRAWN)
        page.get_by_role("spinbutton", name="Qmin", exact=True).fill("0.7")
        page.keyboard.press("Enter")
        page.wait_for_timeout(800)
        page.get_by_role("button", name="Keep …").click()
        page.wait_for_function("() => document.getElementById('difference')?.textContent.includes('<script>')")
        assert page.locator("img").count() == 0 and dialogs == []
    page.close()


def results(shown):
    """What stands in the column of the refined parameters."""
    cells = shown.page.locator(".parameters tbody tr")
    return {
        row.locator("th").inner_text().partition(" /")[0]: row.locator("td").last.inner_text() for row in cells.all()
    }


def test_refine_hold_and_the_job_finds_the_same(shown, folder):
    shown.open("Refinement")
    first = results(shown)
    assert "(" in first["a"] and "(" in first["coherence_length"]
    shown.page.get_by_role("checkbox", name="delta2, free", exact=True).uncheck()
    shown.settled()
    shown.page.get_by_role("button", name="Refine", exact=True).click()
    shown.page.wait_for_function(
        "() => [...document.querySelectorAll('.parameters tr')].some(r => r.dataset.name === 'delta2' &&"
        " !r.lastChild.textContent.includes('('))"
    )
    shown.settled()
    second = results(shown)
    assert second["a"] != first["a"]
    assert "delta2: null" in kept(shown)
    written = read_dataset(refined_by_the_job(folder), "refine_structure")
    values = dict(zip(written["parameter"].values, written["value"].values, strict=True))
    for name in ("a", "coherence_length", "M1.occupancy.Zr"):
        digits = second[name].partition("(")[0].replace("−", "-")
        assert float(digits) == pytest.approx(values[name], abs=0.51 * 10.0 ** -len(digits.partition(".")[2]))


def test_the_fit_follows_where_it_is_asked_to(shown):
    shown.open("Refinement")
    before = shown.curve("fit", "calculated")
    shown.page.get_by_role("checkbox", name="on", exact=True).first.check()
    shown.settled()
    busy = "() => document.getElementById('facts').ariaBusy"
    assert shown.page.evaluate(busy) != "true"
    shown.page.get_by_role("radio", name="exponential").check()
    shown.page.wait_for_function(f"{busy} === 'true'")
    # Nobody waits for the readings to take a change back or to keep it.
    shown.page.wait_for_function("() => ['undo', 'ask'].every(id => !document.getElementById(id).disabled)")
    assert shown.page.evaluate(busy) == "true"
    assert "from the start" in shown.page.locator("#facts").inner_text()
    shown.page.wait_for_function(f"{busy} === 'false'")
    shown.page.wait_for_function("() => document.getElementById('facts')?.textContent.includes('on from the last fit')")
    assert shown.curve("fit", "calculated") != before


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")  # the circuit is a wrong one
def test_a_circuit_is_tried_kept_and_fitted_by_the_job(shown, folder):
    shown.open("Spectrum")
    before = shown.curve("arrhenius", "this spectrum")
    circuit = shown.page.get_by_role("textbox", name="circuit")
    circuit.fill("p(R1,CPE1")
    circuit.press("Enter")
    shown.settled()
    assert "circuit" in shown.page.get_by_role("alert").inner_text()
    circuit.fill("p(R1,C1)-CPE2")
    circuit.press("Enter")
    shown.settled()
    shown.page.wait_for_function("() => document.getElementById('facts')?.textContent.includes('p(R1,C1)-CPE2')")
    shown.settled()
    after = shown.curve("arrhenius", "this spectrum")
    assert after != before
    assert "p(R1,C1)-p(R2,CPE1)-CPE2 describes it better" in shown.page.locator("#facts").inner_text()
    assert 'circuit: "p(R1,C1)-CPE2"' in kept(shown)
    written = read_dataset(fitted_by_the_job(folder), "fit_arrhenius")
    place = list(written["temperature"].values).index(25.0)
    kelvin = 25.0 + float(written.attrs["celsius_zero"])
    assert after[0] == pytest.approx(np.log(written["conductivity"].values[0, place] * kelvin), rel=1e-6)


def test_a_server_that_has_ended_is_told_of_and_the_dialog_is_the_keyboards(chromium, folder):
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    with served(folder) as address:
        page.goto(address)
        page.wait_for_function(DRAWN)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        one = page.get_by_role("spinbutton", name="Qmax", exact=True)
        one.fill("12.2")
        one.press("Enter")
        page.wait_for_function("() => !document.getElementById('ask').disabled")
        page.get_by_role("button", name="Keep …").press("Enter")
        page.wait_for_function("() => document.activeElement.id === 'difference'")
        page.keyboard.press("Escape")
        page.wait_for_function("() => document.activeElement.id === 'ask' && document.getElementById('dialog').hidden")
    page.get_by_role("button", name="Keep …").press("Enter")
    page.wait_for_function("() => document.getElementById('refused').textContent.startsWith('no answer')")
    page.close()
