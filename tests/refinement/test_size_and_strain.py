"""Size and strain through the whole chain: a few members of benchmarks/size_and_strain.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "size_and_strain.py"


@pytest.fixture(scope="module")
def benchmark_module():
    spec = importlib.util.spec_from_file_location("size_and_strain", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_members_are_read_within_their_errors(benchmark_module, tmp_path):
    """Three of 3 sd, both errors small enough to mean something, and what is done is not done again."""
    jobs = list(benchmark_module.members(3))
    rows = benchmark_module.run(jobs, tmp_path / "rows")
    for name, least in (("1/L", 0.01), ("e2", 0.05)):
        assert max(abs(benchmark_module.pulls(rows, name))) < 3
        for row in rows:
            assert row[f"bound {name}"] < row[f"sd {name}"] < least * row[f"true {name}"]
    kept = (tmp_path / "rows").read_text()
    assert [row["job"] for row in benchmark_module.run(jobs, tmp_path / "rows")] == [name for name, _ in jobs]
    assert (tmp_path / "rows").read_text() == kept
    assert rows[0]["resolution"]["qdamp"] == pytest.approx(0.011, rel=0.03)
