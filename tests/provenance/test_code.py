"""The digest of a command's code: what it imports counts, at any depth and in any form, and nothing else does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coherion.provenance import code
from coherion.provenance.code import digest_of

FILES = {
    "coherion/__init__.py": "",
    "coherion/errors.py": "",
    "coherion/low/__init__.py": "",
    "coherion/low/base.py": "from coherion.errors import InputError\n",
    "coherion/low/lists.py": "from coherion.low import (\n    # the ground (of all)\n    base,\n)\n",
    "coherion/low/further.py": "from coherion.low import lists as ours, \\\n    plain\n",
    "coherion/low/plain.py": "import coherion.errors\n",
    "coherion/low/other.py": "",
    "coherion/drawn/one.py": "",
    "coherion/drawn/two.py": "",
    "coherion/page/page.py": "",
    "coherion/page/page.typ": "",
    "run_it.py": "def main():\n    from coherion.low.lists import base\n",
    "run_further.py": "def main():\n    from coherion.low import further\n",
    "draw.py": 'from importlib import import_module\nimport_module(f"coherion.drawn.{room}")\n',
    "write.py": "from coherion.page.page import written\n",
}


@pytest.fixture
def scripts(tmp_path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def digest(command: str, scripts: Path) -> str:
    """As another start of Snakemake would find it."""
    for cached in (code._content, code._reached, code._imported):
        cached.cache_clear()
    return digest_of([command], scripts, scripts / "coherion")


@pytest.mark.parametrize(
    ("command", "changed", "counts"),
    [
        ("run_it", "run_it.py", True),
        ("run_it", "coherion/low/lists.py", True),
        ("run_it", "coherion/low/base.py", True),
        ("run_it", "coherion/errors.py", True),
        ("run_it", "coherion/low/__init__.py", True),
        ("run_it", "coherion/low/other.py", False),
        ("run_it", "coherion/low/plain.py", False),
        ("run_it", "coherion/page/page.typ", False),
        ("run_it", "run_further.py", False),
        ("run_further", "coherion/low/plain.py", True),
        ("run_further", "coherion/low/base.py", True),
        ("draw", "coherion/drawn/one.py", True),
        ("draw", "coherion/drawn/two.py", True),
        ("draw", "coherion/low/base.py", False),
        ("write", "coherion/page/page.typ", True),
    ],
)
def test_code_counts_where_it_is_imported_and_only_there(scripts, command, changed, counts):
    before = digest(command, scripts)
    with (scripts / changed).open("a") as stream:
        stream.write("# changed\n")
    assert (digest(command, scripts) != before) is counts


def test_the_digest_does_not_hang_on_where_the_code_lies_or_when_it_was_written(scripts, tmp_path_factory):
    before = digest("run_further", scripts)
    elsewhere = tmp_path_factory.mktemp("Zz") / "copy"
    shutil.copytree(scripts, elsewhere, copy_function=shutil.copyfile)
    assert digest("run_further", elsewhere) == before


def test_several_commands_are_all_they_import(scripts):
    both = digest_of(["run_it", "write"], scripts, scripts / "coherion")
    assert both not in (digest("run_it", scripts), digest("write", scripts))
    assert both == digest_of(["write", "run_it"], scripts, scripts / "coherion")


def test_real_commands_reach_what_their_numbers_hang_on():
    scripts = Path(__file__).parents[2] / "scripts"
    reached = code._reached(scripts / "refine_structure.py", code.PACKAGE.parent)
    names = {str(file.relative_to(scripts)) for file in reached}
    assert {"coherion/pair_model/kernel.py", "coherion/refinement/recipe.py"} <= names
    assert not {name for name in names if name.startswith(("coherion/figures", "coherion/impedance"))}
    written = code._reached(scripts / "write_supporting_information.py", code.PACKAGE.parent)
    assert code.PACKAGE / "document" / "template.typ" in written
    built = code._reached(scripts / "build_page.py", code.PACKAGE.parent)
    assert {code.PACKAGE / "page" / f"page.{kind}" for kind in ("html", "css", "js")} <= built
