"""The library knows no paper: what one paper calls its atoms, sites, samples and figures stands in no code of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "scripts" / "coherion"
#: The simulator makes a world that has a chemistry; tables of constants are of elements.
FREE = ("simulation/", "atoms/", "constants.py", "crystal/bond_valence.py", "crystal/elements.py")
#: What is read by nobody but a browser or a program that sets type: all of its text is looked at.
OTHER_TEXTS = {".js", ".css", ".html", ".typ", ".tex", ".json", ".yaml", ".yml", ".toml", ".tsv", ".md", ".txt"}
BUNDLED = re.compile(r"\.min\.(?:js|css)$")
ELEMENTS = "Na|Zr|Cl|Li|Br"
#: Where a reference material of diffractometers is known by its formula.
STANDARDS = {"inputs/names.py": "LaB6", "inputs/draft.py": "LaB6"}
#: Elements of the papers as symbols of their own or at the head of a formula or a pattern (Na, NaCl6, Cl1, Cl*);
#: In is also a word, so only where it is none; sites and angles (M1-M2-Cl1); occupancies by site; Wyckoff letters.
SITE = re.compile(
    rf"(?<![A-Za-z_])(?:{ELEMENTS})(?![a-z]|N\b)|^In$|(?<![A-Za-z])In(?=[\d*,(]|{ELEMENTS})|LaB6"
    r"|\b(?:na|zr|in|cl|li|br)_?\d?[a-z]?_(?:occupancy|fraction)|\bM[12]\b"
    r"|\bna_(?:2b|4e)\b|\b[24][be]\b(?= site)"
)
#: Structure types and groups of samples, and numbers of figures.
WORLD = re.compile(
    r"cryolite|argyrodite|trigonal(?!_)|as[_ -]milled|annealed|\bmilled\b|\bFigs?\. ?S?\d|figure_S?\d|\bTable S\d", re.I
)
NAMES = (ast.Name, ast.Attribute, ast.arg, ast.keyword, ast.FunctionDef, ast.ClassDef)


def texts(package: Path = PACKAGE) -> Iterator[tuple[str, int, str]]:
    """Every text and every name of the code but docstrings, and every line of what is no Python, with its place.

    Of a name, which is the field's (``annealed``, where a table has temperatures of annealing), sites alone are told.
    """
    for file in sorted(path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        place = file.relative_to(package).as_posix()
        if place.startswith(FREE) or BUNDLED.search(file.name):
            continue
        if file.suffix == ".py":
            yield from ((place, line, text) for line, text in of_code(file.read_text(encoding="utf-8")))
        elif file.suffix in OTHER_TEXTS:
            lines = file.read_text(encoding="utf-8").splitlines()
            yield from ((place, number, line) for number, line in enumerate(lines, start=1))


def of_code(code: str) -> Iterator[tuple[int, str]]:
    """Texts and names of Python; texts that stand one after another, added or joined, also as one."""
    tree = ast.parse(code)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value
        elif isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            yield node.lineno, node.value.decode("latin-1")
        elif isinstance(node, ast.BinOp) and (whole := added(node)):
            yield node.lineno, whole
        elif isinstance(node, NAMES):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            found = SITE.search(name or getattr(node, "arg", None) or "")
            yield getattr(node, "lineno", 0), found.group() if found else ""


def added(node: ast.expr) -> str:
    """What texts that are added come to; empty where anything else takes part."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = added(node.left), added(node.right)
        return left + right if left and right else ""
    return ""


def named(text: str) -> bool:
    """Whether a text names what one paper has, but for an example that a message gives."""
    said = re.sub(r"such as .*", "", text, flags=re.DOTALL)
    return bool(SITE.search(said) or WORLD.search(said))


def test_nothing_of_the_library_names_what_one_paper_has():
    found = [
        f"{file}:{line}: {text[:80]!r}"
        for file, line, text in texts()
        if named(text.replace(STANDARDS.get(file, "\0"), "a standard"))
    ]
    assert found == []


def test_every_room_is_looked_at():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    seen = {file.split("/")[0] for file, _, _ in texts()}
    assert {*rooms} - seen == {"simulation", "atoms"}
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    kinds = {path.suffix for path in files}
    assert kinds - OTHER_TEXTS - {".py", ".typed", ""} == set()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("page/one.py", 'TITLE = f"{x} of Na1.occupancy"\n'),
        ("multiverse/deep/one.py", 'def f(site="M1-M2-Cl1"):\n    "Of a site."\n'),
        ("inputs/one.py", 'KNOWN = {"Cl*": 6}\n'),
        ("page/one.js", 'const group = "as_milled";\n'),
        ("page/one.css", ".annealed { color: red }\n"),
        ("figures/one.py", 'NAME = "figure" + "_S7"\n'),
        ("paper/one.py", "def na_2b_occupancy():\n    return 1\n"),
        ("paper/two.py", 'raise ValueError("the cryolite, such as it is")\n'),
        ("simulation_of_na.py", 'SITE = "Na1"\n'),
        ("document/one.py", 'WORD = b"Fig. 6d"\n'),
    ],
)
def test_a_planted_name_is_found(tmp_path, file, content):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    assert any(named(text) for _, _, text in texts(tmp_path))


def test_the_patterns_find_what_they_are_to_find_and_no_more():
    for text in (
        "Na1.occupancy",
        "Cl*",
        "M1-M2-Cl1",
        "na_2b_occupancy",
        "zr_fraction",
        "M1 volume",
        "In",
        "(In,Zr)Cl6",
    ):
        assert named(text), text
    for text in ("cryolite", "as_milled", "annealed", "Fig. 6d", "figure_S7", "Table S2", "LaB6", "Li1.x", "In1"):
        assert named(text), text
    for text in (
        "Name",
        "Inf",
        "Input",
        "Class",
        "Mean",
        "coherence_length",
        "a_A",
        "lattice",
        "In each",
        "NaN",
        "Label",
        "InOrder",
        "InQ",
        "La",
    ):
        assert not named(text), text
    assert not named("a site of its name, such as Na1") and named("Na1 is wrong, such as Na2")
