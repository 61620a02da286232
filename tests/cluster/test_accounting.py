"""The profile on a cluster with accounting, and what sacct counts."""

from __future__ import annotations

import pytest
from cluster_runs import FAULTS, said

pytestmark = pytest.mark.slurm


@pytest.mark.parametrize("command", ["squeue", "sacct"])
def test_both_ways_of_asking_see_jobs_to_their_end(start, tmp_path, capsys, command):
    (tmp_path / "long.tries").write_text("an earlier try\n")
    run = start(tmp_path, "long", "--slurm-status-command", command, snakefile=FAULTS)
    assert run.finish(180) == 0, run.text()
    assert (tmp_path / "long").exists()
    counted = said("sacct", "-X", "-n", "-P", "--format=State", f"--name={run.name()}").splitlines()
    with capsys.disabled():
        print(f"\nsacct counts {len(counted)} job: {counted}")
    assert counted == ["COMPLETED"]
