"""What all tests share: the folder of other people's real data, where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browsing import BROWSER


@pytest.fixture(scope="session")
def chromium():
    """A browser without a window; one for all tests, since two cannot be driven at the same time."""
    if BROWSER is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data of others (never part of this repository)."""
    folder = os.environ.get("COHERION_REAL_DATA")
    if not folder:
        pytest.skip("COHERION_REAL_DATA is not set: this test needs real data that the project does not own")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"COHERION_REAL_DATA names {folder}, which is not a folder")
    return path.resolve()


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder with small inputs that once went wrong (never part of this repository)."""
    folder = os.environ.get("COHERION_CASES")
    if not folder:
        pytest.skip("COHERION_CASES is not set: this test needs files that the project does not own")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"COHERION_CASES names {folder}, which is not a folder")
    return path.resolve()
