"""A figure names what it was drawn from, in each of its files."""

from __future__ import annotations

import hashlib
import json

import pytest

from coherion.data.stated import stated_sources
from coherion.figures.plate import FORMATS, Plate


def drawn() -> Plate:
    plate = Plate()
    plate.line(plate.panels[0], [0, 1, 2], [0.1, 0.2, 0.3], label="line")
    return plate


@pytest.mark.parametrize("suffix", [*FORMATS, ".tsv"])
def test_every_file_of_a_figure_names_its_sources_with_their_hashes(tmp_path, suffix):
    # Sources of one figure are called alike in several folders, and a folder may have any name.
    contents = {"circuits/x10.nc": b"fit", "arrhenius/x10.nc": b"line", "odd (1) & <2> \\ é/x10.nc": b""}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
    drawn().save(tmp_path / "figure.pdf", [tmp_path / name for name in contents])
    expected = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    assert stated_sources((tmp_path / "figure").with_suffix(suffix)) == expected


@pytest.mark.parametrize("suffix", [*FORMATS, ".tsv"])
def test_the_same_sources_give_the_same_files(tmp_path, suffix):
    (tmp_path / "x10.nc").write_bytes(b"fit")
    for name in ("first", "second"):
        drawn().save(tmp_path / name / "figure.pdf", [tmp_path / "x10.nc"])
    first, second = ((tmp_path / name / f"figure{suffix}").read_bytes() for name in ("first", "second"))
    assert first == second


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("series.tsv", b"sample\torigin\nx10\tsimulated\n"),
        ("truth.json", b"[1, 2]"),
        ("half.json", json.dumps({"sources": {"a": "b"}}).encode()[:-4]),
        ("broken.nc", b"\x89HDF"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("other.pdf", b"%PDF-1.4 /Keywords (glass, pdf)"),
        ("x10.raw", b"RAW_1.06"),
    ],
)
def test_a_file_that_names_no_source_has_none(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert stated_sources(tmp_path / name) is None
