"""What Snakemake does too often, held back: with a thousand samples it costs more than the jobs' own work."""

import gc

# Planning makes millions of objects that all stay; to look for garbage among them takes a quarter of its time.
gc.disable()


def one_timer_at_a_time(scheduler):
    """While jobs wait, Snakemake 9 looks again after the time span of ``--max-jobs-per-timespan`` (1 s), and starts a
    timer for it each time it looks, also when a job has ended: after a thousand jobs it looks a thousand times a
    second at every job that waits, and takes a processor for itself. One timer pending is enough.

    Parts that another version names otherwise are left as they are.
    """
    wait = getattr(scheduler, "_schedule_reevalutation", None)
    if wait is None:
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
    gc.freeze()
    gc.enable()
    one_timer_at_a_time(workflow.scheduler)
