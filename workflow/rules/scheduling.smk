"""What Snakemake does too often, held back: with a thousand samples it costs more than the jobs' own work."""

import time

import snakemake

# Versions in which the part that is replaced was looked at and measured; any other is left as it is.
TRIED = ("9.27.",)


def one_timer_at_a_time(scheduler):
    """While jobs wait, Snakemake 9 looks again after the time span of ``--max-jobs-per-timespan`` (1 s), and starts a
    timer for it each time it looks, also when a job has ended: after a thousand jobs it looks a thousand times a
    second at every job that waits. One timer pending is enough: 7 s of processor time in place of 15 for a thousand
    jobs of one second, twelve at a time, and the more jobs the worse. docs/upstream has it as a patch of Snakemake.
    """
    wait = getattr(scheduler, "_schedule_reevalutation", None)
    if wait is None or not snakemake.__version__.startswith(TRIED):
        return
    due = 0.0

    def wait_once(delay):
        nonlocal due
        now = time.monotonic()
        if now >= due:
            due = now + delay
            wait(delay)

    scheduler._schedule_reevalutation = wait_once


onstart:
    one_timer_at_a_time(workflow.scheduler)
