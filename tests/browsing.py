"""The browser of the tests that look at a page."""

from __future__ import annotations

import shutil

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: What chromium says of its own drawing on a machine without a graphics card.
DRIVER = ("GPU stall", "willReadFrequently", "GroupMarkerNotSet", "software WebGL")
