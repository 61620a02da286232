"""Compiled functions work where numba finds no place for its cache."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import numba
import pytest

from coherion.pair_model.compiled import compiled


def cube(x):
    return x * x * x


@pytest.fixture
def no_place(monkeypatch, tmp_path):
    """numba as it is in a read-only installation of a user without a home: no locator for the cache."""
    real = numba.njit
    asked = []

    def njit(*function, cache=None, **options):
        if cache is None:  # numba's own use
            return real(*function, **options)
        asked.append(cache)
        if cache and not numba.config.CACHE_DIR:
            raise RuntimeError("cannot cache function 'cube': no locator available for file 'x.py'")
        return real(cache=False, **options)

    monkeypatch.setattr(numba, "njit", njit)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return asked


def test_cache_goes_to_a_folder_of_this_user(no_place, tmp_path):
    assert compiled(cube)(3.0) == 27.0
    assert no_place == [True, True]
    folder = Path(numba.config.CACHE_DIR)
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_can_write_is_not_used(no_place, tmp_path, monkeypatch):
    # Machine code is loaded from the cache, so whoever may write there could run code as this user.
    assert compiled(cube)(2.0) == 8.0
    folder = Path(numba.config.CACHE_DIR)
    folder.chmod(0o777)
    numba.config.CACHE_DIR = ""
    no_place.clear()
    assert compiled(cube)(2.0) == 8.0
    assert no_place == [True, False]
    assert numba.config.CACHE_DIR == ""
