"""A key changed in a YAML file: the value is what is meant, all other lines stay."""

from __future__ import annotations

import difflib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from coherion.errors import InputError
from coherion.live.edit import edited_cell, edited_yaml, with_changes

TEXT = """\
# head
reduction:
  qmax: 13.0  # why
  # between
  corrections: all

fixed: {a: 1, "b.x": null} # in one line
stages:
  - {name: one, free: [scale]}
  # of two
  - [lattice]
# before the end
note: |
  lines
  of text
empty:
per_sample:
  x95:
    refinement:
      profile: []
# the end
"""
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        *(("reduction", key) for key in ("qmax", "corrections", "qmin")),
        *(("fixed", key) for key in ("a", "b.x", "c")),
        *(("stages",), ("note",), ("empty",), ("empty", "x", "y"), ("new", "key"), ("per_sample", "x 5:", "a", "b")),
        *(("per_sample", "x95", *keys) for keys in (("refinement", "profile"), ("reduction", "qmin"))),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(PATHS, VALUES), min_size=1, max_size=3))
def test_the_file_then_holds_what_is_meant(changes):
    made = edited_yaml(TEXT, changes)
    assert yaml.safe_load(made) == with_changes(yaml.safe_load(TEXT), changes)
    lost = [line[2:] for line in difflib.ndiff(TEXT.splitlines(), made.splitlines()) if line.startswith("- ")]
    assert not [line for line in lost if line.startswith("#")]


@pytest.mark.parametrize(
    "path", [("reduction", "qmax"), ("fixed", "a"), ("per_sample", "x95", "refinement", "profile")]
)
def test_one_line_changes(path):
    changed = [
        one for one in difflib.ndiff(TEXT.splitlines(), edited_yaml(TEXT, [(path, 2.5)]).splitlines()) if one[0] in "+-"
    ]
    assert len(changed) == 2
    assert changed[0].partition("#")[2] == changed[1].partition("#")[2]


def test_a_new_key_is_one_more_line():
    made = edited_yaml(TEXT, [(("per_sample", "x95", "refinement", "cumulative"), True)])
    assert made == TEXT.replace("      profile: []\n", "      profile: []\n      cumulative: true\n")


@pytest.mark.parametrize("text", ["a: &one {x: 1}\nb: *one\n", "a: &one\n  x: 1\nb:\n  <<: *one\n  y: 2\nc: *one\n"])
def test_what_would_change_more_is_refused(text):
    with pytest.raises(InputError, match="cannot be changed without changing more"):
        edited_yaml(text, [(("a", "x"), 2)])


def test_a_cell_is_changed_and_nothing_else():
    text = "# of mine\nsample\tdensity\tnote\r\nx10\t2.5\tgood\r\nx50\t\tbad\r\n"
    assert edited_cell(text, 3, "density", 2.75) == text.replace("2.5", "2.75")
    assert edited_cell(text, 4, "density", 2.0) == text.replace("x50\t\t", "x50\t2.0\t")
    with pytest.raises(InputError, match="no such cell"):
        edited_cell(text, 3, "packing", 1.0)


@pytest.mark.parametrize("note", ["\u2028", "\x0b", "\x85", "\x1c"])
def test_a_note_may_hold_what_python_takes_for_an_end_of_line(note):
    text = f"\ufeff# of mine\nsample\tnote\tdensity\nx10\ta{note}b\t2.5\nx50\t\t2.7\n"
    assert edited_cell(text, 4, "density", 2.75) == text.replace("2.7", "2.75")


def test_new_lines_end_as_the_others_do():
    text = "a: 1\r\nb:\r\n  c: 2 # why\r\n"
    assert edited_yaml(text, [(("b", "d"), 3), (("e", "f"), 4)]) == text + "  d: 3\r\ne:\r\n  f: 4\r\n"
    mixed = "a: 1\r\nb: 2\n"
    assert edited_yaml(mixed, [(("c",), 3)]).startswith(mixed)


def test_a_comment_within_braces_stays_a_comment():
    made = edited_yaml("a: {b: 1 # mine\n}\nc: {}\n", [(("a", "d"), 2), (("c", "e"), 3)])
    assert made == "a: {b: 1, d: 2 # mine\n}\nc: {e: 3}\n"
