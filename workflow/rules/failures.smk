"""A series outlives what fails: once a run has ended with failures, a second pass makes what does not need them.

The second pass is a run with ``--config leave_out_failed=true``. It knows from the record of the first what is missing,
and asks for all but that. The run as a whole has failed, and the next one tries again.
"""

import subprocess

from coherion.provenance.failures import (
    Failure,
    again,
    lines_of,
    read_record,
    reason_of,
    remove_lost,
    said_of,
    write_record,
)

# A report is of what there is.
LEFT_OUT = (
    read_record(SETTINGS["results"])
    if LEAVING_OUT or any(word.startswith("--report") for word in sys.argv)
    else []
)
FAILED = [failure.row for failure in LEFT_OUT]
LOST = {result(path) for failure in LEFT_OUT for path in failure.lost}


def made(files):
    """These files without those that a failed job was to make, or one that needs it."""
    return [file for file in files if file not in LOST] if LOST else files


def having(pattern, names):
    """Those of these samples whose file of this pattern no failed job was to make."""
    return [
        name
        for name in names
        if not LOST or result(pattern.format(sample=name, range=MAIN_RANGE)) not in LOST
    ]


def with_failed(settings):
    """Settings of a job that tells what failed."""
    return settings | {"failed": FAILED} if FAILED else settings


def failures_of_run(run_logs):
    """What failed and what each sample lacks for it, and whether all that was not made waits for it."""
    dag, failed = workflow.dag, set()
    for job in workflow.scheduler.failed:
        failed.update(job.jobs if job.is_group() else [job])
    unmade = {job for job in dag.needrun_jobs() if not dag.finished(job)} | failed
    folder, found = Path(result("")), []
    for first in sorted(failed, key=str):
        log = str(first.log[0]) if first.log else ""
        reason = reason_of(log, first.input, said_of(log, run_logs))
        step = " ".join([first.rule.name, *map(str, first.wildcards)])
        lost, of_scan, waiting, seen = {}, [], [first], {first}
        while waiting:
            job = waiting.pop()
            if job.wildcards:
                sample = job.wildcards.get("sample")
                files = lost.setdefault(sample, []) if sample else of_scan
                files += [str(Path(path).relative_to(folder)) for path in job.output]
            # The next sample of a sequence starts from another then.
            behind = {
                j for j in dag.depending[job] if j in unmade and j.rule is not job.rule
            } - seen
            seen |= behind
            waiting += behind
        # A scan is told by the samples that it was measured for.
        found += [
            Failure(name, step, reason, log, tuple(of_scan + files))
            for name, files in (lost or {step.split()[-1]: []}).items()
        ]
    # What is drawn and told of the series waits for samples, not for what failed by itself.
    reached, waiting = set(failed), list(failed)
    while waiting:
        behind = {j for j in dag.depending[waiting.pop()] if j in unmade} - reached
        reached |= behind
        waiting += behind
    of_series = {job for job in unmade - failed if not job.wildcards}
    return found, bool(of_series) and unmade <= reached


def make_the_rest():
    """The second pass, in a process of its own."""
    words = again(
        sys.argv[1:],
        workflow.config_settings.config_args,
        Path(workflow.main_snakefile).absolute(),
        Path.cwd(),
        workflow.overwrite_configfiles,
    )
    tell(["What does not need the jobs that failed is made now."])
    sys.stderr.flush()
    subprocess.run(
        [sys.executable, "-m", "snakemake", *words],
        cwd=ROOT,
        check=False,
    )


onerror:
    found, the_rest_is_made = failures_of_run(
        [log] if isinstance(log, str) else log or []
    )
    per_sample = [failure for failure in found if failure.lost]
    if per_sample and not LEAVING_OUT:
        remove_lost(SETTINGS["results"], per_sample)
        write_record(SETTINGS["results"], per_sample)
    if the_rest_is_made and per_sample and not LEAVING_OUT:
        make_the_rest()
    else:
        tell(summary_of_logs(result("logs")))
    tell(lines_of(found))
