"""What mkdocs is told besides: the README as first page, names, the notebook, equations as MathML, charts drawn."""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import latex2mathml.converter
import msgspec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))
import chart  # noqa: E402

NOTEBOOK = ROOT / "docs" / "notebooks" / "library.ipynb"
# Files of the checkout that pages link to stand below this folder of the site.
CHECKOUT = "checkout"
LINK_OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)\)")
CHART = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EQUATION = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A heading of a docstring: a line of words and one of hyphens below.
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
ENTRY = re.compile(r"^(\S.*)\n((?: {4}.*\n?)+)", re.MULTILINE)
PAGE = re.compile(r"docs/([\w-]+\.md)")
ROLE = re.compile(r":\w+:`~?([^`]+)`")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages that are made here, and the files outside docs/ that pages link to."""
    texts = {"index.md": first_page(), "api.md": api_page(), "notebooks/library.md": notebook_page()}
    for name, text in texts.items():
        files.append(File.generated(config, name, content=text))
    for page in sorted((ROOT / "docs").glob("*.md")):
        for target in LINK_OUTSIDE.findall(page.read_text(encoding="utf-8")):
            if not (ROOT / target).is_file():
                raise PluginError(f"docs/{page.name} links to ../{target}, which does not exist")
            if f"{CHECKOUT}/{target}" not in files.src_uris:
                files.append(File.generated(config, f"{CHECKOUT}/{target}", abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Links out of docs/ lead to the copy in the site, and equations are typeset."""
    if "/" not in page.file.src_uri:
        markdown = LINK_OUTSIDE.sub(rf"]({CHECKOUT}/\1)", markdown)
    markdown = markdown.replace("](notebooks/library.ipynb)", "](notebooks/library.md)")
    markdown = CHART.sub(lambda found: chart.draw(found[1]), markdown)
    return EQUATION.sub(lambda found: typeset(found[1]), markdown)


def typeset(equation: str) -> str:
    """An equation in LaTeX as MathML, which browsers draw by themselves."""
    return f'<div class="equation">{latex2mathml.converter.convert(" ".join(equation.split()), display="block")}</div>'


def first_page() -> str:
    """The README, whose links lead into docs/."""
    return (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")


def notebook_page() -> str:
    """Text and code of the notebook."""
    parts = []
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def api_page() -> str:
    """Every name of coherion.library with what its docstring says."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from coherion import library

    parts = [
        "# Names of the library",
        "Made from the docstrings of `coherion.library`; [what they are for](library.md).",
    ]
    for name in library.__all__:
        parts += [f"## {name}", *described(getattr(library, name))]
    return "\n\n".join(parts) + "\n"


def described(named: Callable) -> list[str]:
    """Signature and docstring of a name as Markdown; of settings, where their keys stand."""
    if isinstance(named, type) and issubclass(named, msgspec.Struct):
        section = named.__module__.rpartition(".")[2]
        keys = f"Keys, defaults, units and meanings: [settings](settings.md#{section})."
        return [*sections(inspect.getdoc(named) or ""), keys]
    said = sections(inspect.getdoc(named) or "")
    try:
        taken = inspect.signature(named).parameters.values()
    except ValueError:  # an exception that takes what any takes
        return said
    # Types are for checkers; what is taken and given stands below with shapes and units.
    short = inspect.Signature([one.replace(annotation=one.empty) for one in taken])
    shown = re.sub(r"<[^>]*>", "...", f"{named.__name__}{short}")
    shown = textwrap.fill(shown, 92, subsequent_indent="    ", break_long_words=False)
    return [f"```python\n{shown}\n```", *said]


def sections(docstring: str) -> list[str]:
    """The parts of a docstring in numpydoc's form: headings in bold, names with what is said of each as lists."""
    text = ROLE.sub(lambda found: f"`{found[1].rpartition('.')[2]}`", docstring).replace("``", "`").replace("\\|", "|")
    text = PAGE.sub(lambda found: f"[{found[1]}]({found[1]})", text)
    first, *rest = SECTION.split(text)
    parts = entries(first)
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        parts += [f"**{title}**", *entries(body)]
    return parts


def entries(body: str) -> list[str]:
    """Paragraphs as they stand; an unindented line with indented ones below is a name and what is said of it."""
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", body.strip("\n")):
        named = ENTRY.findall(paragraph)
        parts += [f"- **{name}**: {' '.join(said.split())}" for name, said in named] or [" ".join(paragraph.split())]
    return [part for part in parts if part]
