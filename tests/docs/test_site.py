"""The documents as a site: made without a warning, its links lead somewhere, nothing is fetched from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
#: What a browser fetches by itself, without a click.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
#: Links that a reader follows, to pages of others; `link rel=canonical` and the like fetch nothing either.
NOT_FETCHED = {"canonical", "next", "prev", "edit"}

pytestmark = pytest.mark.slow


class Page(HTMLParser):
    """What stands in a page: anchors, links, what is fetched, text of paragraphs, equations."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.paragraphs: list[str] = []
        self.equations = 0
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        self.equations += tag == "math"
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in FETCHED and given.get(FETCHED[tag]) and given.get("rel") not in NOT_FETCHED:
            self.fetched.append(given[FETCHED[tag]])
        if tag == "p":
            self.paragraphs.append("")
        if tag in ("p", "code"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            self.open.remove(tag)

    def handle_data(self, data):
        if self.open == ["p"]:
            self.paragraphs[-1] += data


def built(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: the group docs of pyproject.toml")
    folder = tmp_path_factory.mktemp("site")
    done = built(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    # 404.html is shown by a server below any address; its links begin at the root.
    files = sorted(file for file in site.rglob("*.html") if file.name != "404.html")
    return {file: Page(file.read_text(encoding="utf-8")) for file in files}


def elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def test_every_document_is_a_page(site):
    names = {file.relative_to(ROOT / "docs").with_suffix(".html") for file in (ROOT / "docs").glob("*.md")}
    made = {file.relative_to(site) for file in site.rglob("*.html")}
    assert {Path("index.html"), Path("api.html"), Path("notebooks/library.html"), *names} <= made


def test_links_lead_to_files_and_places_of_the_site(pages):
    dead = []
    for file, page in pages.items():
        for link in page.links:
            if elsewhere(link):
                continue
            path, _, place = link.partition("#")
            target = (file.parent / unquote(path)).resolve() if path else file
            if not target.is_file() or (place and target in pages and unquote(place) not in pages[target].anchors):
                dead.append(f"{file.name}: {link}")
    assert len(pages) > 25 and sum(len(page.links) for page in pages.values()) > 500
    assert not dead


def test_nothing_is_fetched_from_elsewhere_and_all_that_is_fetched_is_there(site, pages):
    fetched = [(file, one) for file, page in pages.items() for one in page.fetched]
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        found = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", text)
        fetched += [(sheet, one or other) for one, other in found]
    assert len(fetched) > 100
    assert not [(file.name, one) for file, one in fetched if elsewhere(one)]
    for file, one in fetched:
        path = urlsplit(one).path
        assert one.startswith("data:") or (file.parent / path).is_file(), f"{file.name} fetches {one}"


def test_tables_and_lists_are_drawn_as_such(pages):
    """Markdown on other sites is laxer: a list or a table that follows a line of text without a gap."""
    text = [(file.name, text) for file, page in pages.items() for text in page.paragraphs]
    assert not [one for one in text if re.search(r"\|\s*-{3}|^\s*([-*]|\d+\.) ", one[1], re.MULTILINE)]


def test_methods_have_typeset_equations(pages):
    methods = {file.stem: page.equations for file, page in pages.items() if file.stem.startswith("method-")}
    assert len(methods) == 6 and all(methods.values()), methods


def test_every_name_of_the_library_is_explained(site, pages):
    from coherion import library

    page = pages[site / "api.html"]
    assert {name.lower() for name in library.__all__} <= page.anchors


def test_a_dead_link_stops_the_build(tmp_path):
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: the group docs of pyproject.toml")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[there](nowhere.md)\n")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    plain = re.sub(r"^(hooks|extra_css|nav):.*(\n[ -].*)*\n", "", text, flags=re.MULTILINE)
    (tmp_path / "mkdocs.yml").write_text(plain)
    with pytest.raises(Abort):
        build(load_config(str(tmp_path / "mkdocs.yml")))
