"""A background is known by its content where its name only suggests it; samples in capillaries stay samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coherion.data.scans.text import write_scan_text
from coherion.inputs.draft import draft_series

ANGLES = np.round(2 + 0.03 * np.arange(2600), 3)


def made(folder: Path, name: str, *, height=4000.0, level=900.0, hump=0.0, seed=0, every=1) -> None:
    y = level * (0.3 + np.exp(-ANGLES / 20)) + hump * np.exp(-0.5 * ((ANGLES - 9) / 3) ** 2)
    for k, place in enumerate((6.1, 8.4, 11.2, 14.9, 18.3, 22.8, 27.1)):
        y = y + height / (1 + k / 3) * np.exp(-0.5 * ((ANGLES - place) / 0.12) ** 2)
    folder.mkdir(exist_ok=True, parents=True)
    counts = np.random.default_rng(seed + sum(map(ord, name))).poisson(y).astype(float)
    write_scan_text(folder / f"{name}.xyd", ANGLES[::every], counts[::every], form="xyd")


def drafted(folder: Path, tmp_path: Path) -> tuple[dict[str, str], list[str]]:
    """Background of each sample, blank for none, and the guesses."""
    draft = draft_series(folder, tmp_path / "series")
    lines = [line.split("\t") for line in draft.files["samples.tsv"].splitlines() if not line.startswith("#")]
    return {row[0]: row[lines[0].index("background")] for row in lines[1:]}, draft.guesses


WORDS = ["x1 in capillary", "capillary 2", "quartz_3", "glass 4", "air 5", "kapton_6", "Kapillare_7"]


def test_a_folder_of_capillaries_is_one_of_samples(tmp_path):
    for word in WORDS:
        made(tmp_path / "raw", word)
    found, _ = drafted(tmp_path / "raw", tmp_path)
    assert len(found) == len(WORDS) and set(found.values()) == {""}


def test_glasses_called_glass_are_samples(tmp_path):
    for word in ("glass 1", "glass 2", "glass 3"):
        made(tmp_path / "raw", word, height=0.0, hump=3000.0)
    found, _ = drafted(tmp_path / "raw", tmp_path)
    assert len(found) == 3 and set(found.values()) == {""}


@pytest.mark.parametrize("word", ["capillary 0.5 mm", "quartz", "air", "Kapton", "leer", "empty_03"])
def test_a_background_is_one_by_its_pattern(tmp_path, word):
    for k in range(4):
        made(tmp_path / "raw", f"x{k}_capillary")
    made(tmp_path / "raw", word, height=0.0, level=300.0)
    found, guesses = drafted(tmp_path / "raw", tmp_path)
    assert len(found) == 4 and len(set(found.values())) == 1 and set(found.values()) != {""}
    assert any("background" in guess for guess in guesses)


@pytest.mark.parametrize(("word", "height", "level"), [("quartz", 4000.0, 900.0), ("air", 0.0, 3000.0)])
def test_a_word_that_the_pattern_contradicts_makes_no_background(tmp_path, word, height, level):
    for k in range(3):
        made(tmp_path / "raw", f"x{k}")
    made(tmp_path / "raw", word, height=height, level=level)
    found, guesses = drafted(tmp_path / "raw", tmp_path)
    assert len(found) == 4 and set(found.values()) <= {"", "?"}
    assert any("for all its name" in guess for guess in guesses)


def test_a_sample_called_empty_is_one_by_its_reflections_and_a_metal_holder_is_not(tmp_path):
    for k in range(3):
        made(tmp_path / "raw", f"x{k}")
    made(tmp_path / "raw", "x9_blank")
    found, _ = drafted(tmp_path / "raw", tmp_path)
    assert "x9_blank" in found and set(found.values()) == {""}
    made(tmp_path / "other", "empty holder", height=600.0, level=200.0)
    for k in range(3):
        made(tmp_path / "other", f"x{k}")
    found, _ = drafted(tmp_path / "other", tmp_path / "2")
    assert set(found.values()) == {"empty_holder"}


def test_an_unnamed_background_is_asked_about(tmp_path):
    for k in range(4):
        made(tmp_path / "raw", f"S{k}")
    made(tmp_path / "raw", "S9", height=0.0, level=250.0)
    found, guesses = drafted(tmp_path / "raw", tmp_path)
    assert found == {"S0": "?", "S1": "?", "S2": "?", "S3": "?", "S9": ""}
    assert any("S9 has no reflections" in guess for guess in guesses)


@pytest.mark.parametrize(
    ("where", "every", "taken"), [("raw", 2, True), ("raw/empties", 1, True), ("raw/empties", 2, False)]
)
def test_a_background_of_another_folder_was_measured_alike(tmp_path, where, every, taken):
    made(tmp_path / "raw", "x1")
    made(tmp_path / where, "empty", height=0.0, level=300.0, every=every)
    found, _ = drafted(tmp_path / "raw", tmp_path)
    assert found == {"x1": "empty" if taken else ""}


@pytest.mark.parametrize("word", ["bgrd", "kapton_bkgrd_2", "bckgd", "bgnd_01", "backgr"])
def test_short_words_for_a_background(tmp_path, word):
    made(tmp_path / "raw", "x1")
    made(tmp_path / "raw", word, height=0.0, level=300.0)
    found, _ = drafted(tmp_path / "raw", tmp_path)
    assert list(found) == ["x1"] and found["x1"] != ""
