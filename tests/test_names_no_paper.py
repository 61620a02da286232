"""The library knows no paper: what one paper calls its atoms, sites, samples and figures stands in no code of it."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "scripts" / "coherion"
#: The simulator makes a world that has a chemistry; tables of constants are of elements.
FREE = ("simulation", "atoms", "constants.py", "crystal/bond_valence.py", "crystal/elements.py")
#: Sites and bonds of a structure (Na1, M1-M2-Cl1), patterns of labels (Cl*), occupancies by site, Wyckoff letters.
SITE = re.compile(
    r"^(?:Na|In|Zr|Cl|Li|Br)$|\b(?:Na|In|Zr|Cl|Li|Br)(?:\d+|\*|Cl\d|\W?Cl\b)|\b(?:na|zr|in|cl)_?\d?[a-z]?_(?:occupancy|fraction)|\bM[12]\b"
    r"|\bna_(?:2b|4e)\b|\b[24][be]\b(?= site)"
)
#: Structure types and groups of samples, and numbers of figures.
WORLD = re.compile(r"cryolite|trigonal(?!_)|as[_ -]milled|annealed|\bFigs?\. ?S?\d|figure_S?\d|\bTable S\d", re.I)


def literals():
    """Every text of the code but docstrings, with its file and line."""
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.relative_to(PACKAGE).as_posix().startswith(FREE):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield file.relative_to(PACKAGE).as_posix(), node.lineno, node.value


def test_no_literal_of_the_library_names_what_one_paper_has():
    # A message may give an example.
    found = [
        f"{file}:{line}: {text[:80]!r}"
        for file, line, text in literals()
        if (SITE.search(text) or WORLD.search(text)) and "such as" not in text
    ]
    assert found == []


def test_the_patterns_find_what_they_are_to_find():
    for text in ("Na1.occupancy", "Cl*", "M1-M2-Cl1", "na_2b_occupancy", "zr_fraction", "M1 volume", "In"):
        assert SITE.search(text), text
    for text in ("cryolite", "as_milled", "annealed", "Fig. 6d", "figure_S7", "Table S2"):
        assert WORLD.search(text), text
    for text in ("Name", "Inf", "Input", "Class", "Mean", "coherence_length", "a_A", "lattice"):
        assert not SITE.search(text) and not WORLD.search(text), text
