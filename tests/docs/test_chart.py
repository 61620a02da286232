"""Charts of the documents: every box and arrow is drawn, no arrow crosses a box, words stay text."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("chart", ROOT / "docs" / "site" / "chart.py")
chart = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(chart)
README = re.search(r"^```mermaid\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]


def test_every_box_and_arrow_of_the_readme_is_drawn():
    boxes, arrows = chart.read(README)
    drawn = ET.fromstring(chart.draw(README))
    assert len(drawn.findall(".//rect")) == len(boxes) > 10
    assert len(drawn.findall(".//path[@class='arrow']")) == len(set(arrows)) == len(arrows)
    words = " ".join(text.text for text in drawn.findall(".//text"))
    assert all(said in words for said in ("import_scan", "claims.tsv", "detect_side_phase: one phase or two?"))


def test_arrows_lead_to_the_right_and_cross_no_box():
    boxes, arrows = chart.read("flowchart LR\n a --> b --> c --> d\n a --> d\n x[first] --> c\n")
    columns, ways = chart.columns(boxes, arrows)
    place = {name: column for column, names in enumerate(columns) for name in names}
    assert [place[name] for name in "abcd"] == [0, 1, 2, 3] and place["x"] == 1
    assert [place[step] for step in ways["a", "d"]] == [0, 1, 2, 3]


def test_markup_stays_text():
    drawn = chart.draw('flowchart LR\n a["<b> & x"] --> b\n')
    assert "<b>" not in drawn and [t.text for t in ET.fromstring(drawn).findall(".//text")] == ["<b> & x", "b"]


@pytest.mark.parametrize("text", ["graph TD\n a --> b\n", "flowchart LR\n a -.-> b c\n"])
def test_what_is_no_such_chart_is_refused(text):
    with pytest.raises(ValueError, match="chart"):
        chart.draw(text)
