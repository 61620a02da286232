"""One broken input and what became of it under limits of time and memory; many of them in a process of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import sys
import traceback
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hostile.mutations import mutate
from hostile.targets import Target

from coherion.errors import CoherionError, CoherionWarning, InputError

# Seconds of processor time for one input of at most 300 kB; the slowest take a tenth of it.
TIME_LIMIT = 5.0
# Beyond what the process already has, an input may map this much address space: interpreter, arenas, imports.
SPACE = 512 * 2**20
# Measured by tracemalloc, which NumPy reports to: a constant for imports and tables of a reader, and a multiple.
MEMORY_CONSTANT = 8 * 2**20
MEMORY_MULTIPLE = 40
LONGEST_MESSAGE = 3000


class Endless(BaseException):
    """The time for one input is over. No reader's ``except Exception`` may swallow it."""


@dataclass
class Tally:
    """How many inputs were accepted and refused, and which ones showed a fault, with what happened."""

    accepted: int = 0
    refused: int = 0
    faults: list[tuple[bytes, str]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    highest_memory: float = 0.0

    @property
    def tried(self) -> int:
        return self.accepted + self.refused + len(self.faults)


@contextlib.contextmanager
def limited(size: int) -> Iterator[None]:
    """Limits of processor time and address space for one input of ``size`` bytes."""

    def stop(signum, frame):
        raise Endless

    def space(limit: int) -> None:
        if sys.platform == "linux":
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))

    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        space(pages * os.sysconf("SC_PAGE_SIZE") + SPACE + MEMORY_MULTIPLE * size)
    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, TIME_LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        space(-1)


def poorly_told(problem: CoherionError, target: Target, path: Path) -> str | None:
    """What a refusal lacks: one printable line that names the file and where or what is wrong in it."""
    text = str(problem)
    if not text.isprintable() or len(text) > LONGEST_MESSAGE:
        return f"a message that is not one printable line of a size to read: {text[:300]!r}"
    if target.names_file and str(path) not in text:
        return f"a message that does not name the file: {text}"
    if isinstance(problem, InputError) and not any((problem.place, problem.found is not None, problem.expected)):
        return f"a message that names no place, nothing found and nothing expected: {text}"
    return None


def examine(target: Target, data: bytes, folder: Path, tally: Tally, *, measure: bool = False) -> None:
    """Feed one input to a target and count what became of it."""
    path = folder / f"input{target.suffix}"
    path.write_bytes(data)
    fault = None
    try:
        with warnings.catch_warnings(), limited(len(data)):
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", CoherionWarning)
            warnings.filterwarnings("ignore", "numpy.ndarray size changed")
            if measure:
                tracemalloc.start()
            try:
                target.read(path)
            finally:
                if measure:
                    peak = tracemalloc.get_traced_memory()[1]
                    tracemalloc.stop()
                    tally.highest_memory = max(
                        tally.highest_memory, peak / (MEMORY_CONSTANT + MEMORY_MULTIPLE * len(data))
                    )
                    if peak > MEMORY_CONSTANT + MEMORY_MULTIPLE * len(data):
                        fault = f"{peak} bytes of memory for {len(data)} bytes of input"
        tally.accepted += fault is None
    except CoherionError as problem:
        fault = fault or poorly_told(problem, target, path)
        tally.refused += fault is None
        tally.reasons[f"{target.name}: {getattr(problem, 'what', problem)}"[:70]] += 1
    except Endless:
        fault = f"endless: more than {TIME_LIMIT} s of processor time\n{traceback.format_exc(limit=-6)}"
    except BaseException:
        fault = traceback.format_exc(limit=-6)
    if fault is not None:
        tally.faults.append((data, fault))


def warm_up(target: Target, folder: Path) -> list[bytes]:
    """The target's good inputs, each read once so that imports and caches count for nothing later."""
    seeds = target.seeds()
    tally = Tally()
    for data in seeds:
        path = folder / f"input{target.suffix}"
        path.write_bytes(data)
        with warnings.catch_warnings(), contextlib.suppress(CoherionError):
            warnings.simplefilter("ignore")
            target.read(path)
    assert not tally.faults
    return seeds


def batch(target: Target, seed: int, count: int, folder: Path) -> Tally:
    """``count`` inputs, the same for the same ``seed``, in this process."""
    seeds = warm_up(target, folder)
    tally = Tally()
    for number in range(count):
        data = mutate(seeds, random.Random(f"{target.name} {seed} {number}"), text=target.text)
        examine(target, data, folder, tally, measure=number % 20 == 0)
    return tally


def _isolated(connection, target_name: str, seed: int, start: int, count: int, folder: Path) -> None:
    from hostile.targets import TARGETS

    target = TARGETS[target_name]
    seeds = warm_up(target, folder)
    for number in range(start, count):
        data = mutate(seeds, random.Random(f"{target.name} {seed} {number}"), text=target.text)
        connection.send(data)
        tally = Tally()
        examine(target, data, folder, tally, measure=number % 20 == 0)
        connection.send(tally)
    connection.close()


def isolated_batch(target: Target, seed: int, count: int, folder: Path) -> Tally:
    """As :func:`batch`, in a child process: what kills it, or holds it outside the interpreter, is a fault too."""
    total = Tally()
    context = multiprocessing.get_context("fork")
    done = 0
    while done < count and len(total.faults) < 50:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_isolated, args=(sender, target.name, seed, done, count, folder))
        with warnings.catch_warnings():
            # Python warns of a fork beside threads (those of BLAS); the child uses none.
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        sender.close()
        current = b""
        while True:
            # The limit in the child ends Python code; this one ends a library that never returns.
            if not receiver.poll(20 * TIME_LIMIT):
                child.kill()
                total.faults.append((current, "endless within a library"))
                done += 1
                break
            try:
                got = receiver.recv()
            except EOFError:
                child.join()
                if done < count:
                    total.faults.append((current, f"the process died, exit code {child.exitcode}"))
                    done += 1
                break
            if isinstance(got, bytes):
                current = got
                continue
            done += 1
            total.accepted += got.accepted
            total.refused += got.refused
            total.faults += got.faults
            total.reasons += got.reasons
            total.highest_memory = max(total.highest_memory, got.highest_memory)
        child.join()
        receiver.close()
    return total


def run(target: Target, seed: int, count: int, folder: Path) -> Tally:
    """``count`` seeded inputs for one target."""
    return (isolated_batch if target.isolated else batch)(target, seed, count, folder)
