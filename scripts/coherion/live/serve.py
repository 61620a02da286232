"""A series served as a page."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from coherion.errors import InputError
from coherion.live.guard import ADDRESS, new_token
from coherion.live.series import Series


def served(folder: Path, root: Path, sample: str | None = None, port: int = 0) -> tuple[Any, str]:
    """A server of the page, not yet running, and the address to open.

    Raises
    ------
    InputError
        For all that the workflow would refuse, a sample that the series has not, a port that is taken, or where the
        library that serves is not installed.
    """
    try:
        from coherion.live.app import make_app, serve
    except ModuleNotFoundError as problem:
        raise InputError(
            "the page needs what is not installed",
            found=problem.name,
            advice="make live installs it; or pip install 'coherion[live]'",
        ) from problem
    series = Series(folder, root)
    if not series.samples:
        raise InputError("no sample has a scan or spectra", file=series.files.config)
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((ADDRESS, port))
            port = probe.getsockname()[1]
    except (OSError, OverflowError) as problem:
        raise InputError("port cannot be taken", place="--port", found=port, advice="leave it out") from problem
    token = new_token()
    app = make_app(series, sample or series.samples[0], token, port)
    return serve(app, port), f"http://{ADDRESS}:{port}/?token={token}"
