"""Feed broken files to every reader for as long as wanted, print how many were tried, and keep those that show a fault.

    python tests/hostile/fuzz.py --seconds 60
    python tests/hostile/fuzz.py --seconds 60 --coverage --target mpr       (needs atheris)
    python tests/hostile/fuzz.py --seconds 60 --settings --target fit_circuits

Exit code 1 only if a fault was found. A kept input is read again with --again FILE --target NAME.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts"), str(Path(__file__).parents[1])]

try:
    import atheris
except ImportError:
    atheris = None

# Only what is imported here is followed by coverage.
with atheris.instrument_imports(include=["coherion"]) if atheris and "--coverage" in sys.argv else nullcontext():
    from hostile import harness
    from hostile.mutations import MAX_BYTES, mutate
    from hostile.targets import TARGETS


def keep(name: str, faults: list[tuple[bytes, str]], folder: Path) -> None:
    """Store inputs that show a fault, one of each kind of fault, and say what it is."""
    seen: Counter[str] = Counter()
    for data, fault in faults:
        kind = fault.strip().splitlines()[-1][:60]
        seen[kind] += 1
        if seen[kind] > 1:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name.replace(' ', '_')}-{hashlib.sha256(data).hexdigest()[:10]}"
        path.write_bytes(data)
        print(f"FAULT of {name}, input kept in {path}:\n{fault}", flush=True)


def by_chance(names: list[str], seconds: float, seed: int, faults: Path) -> bool:
    """Seeded mutations of good files, a round of every target after the other until the time is over."""
    started, round_, found = time.monotonic(), seed, False
    totals = {name: harness.Tally() for name in names}
    while time.monotonic() - started < seconds:
        for name in names:
            if time.monotonic() - started >= seconds:
                break
            with tempfile.TemporaryDirectory() as folder:
                one = harness.run(TARGETS[name], round_, 250, Path(folder))
            total = totals[name]
            total.accepted += one.accepted
            total.refused += one.refused
            total.highest_memory = max(total.highest_memory, one.highest_memory)
            total.faults += one.faults[:1]
            if one.faults:
                found = True
                keep(name, one.faults, faults)
        round_ += 1
    for name, total in totals.items():
        print(
            f"{name:>18}: {total.tried:8d} tried, {total.accepted:8d} read, {total.refused:8d} refused, "
            f"{len(total.faults)} rounds with faults, memory at most {total.highest_memory:.0%} of its limit"
        )
    tried = sum(total.tried for total in totals.values())
    print(f"{tried} inputs tried in {time.monotonic() - started:.0f} s, seeds {seed} to {round_}")
    return found


def by_coverage(names: list[str], seconds: float, seed: int, faults: Path) -> bool:
    """One target led by coverage: atheris keeps the inputs that reach new code and mutates those."""
    if atheris is None:
        print("atheris is not installed: pip install atheris, in an environment of its own", file=sys.stderr)
        raise SystemExit(2)
    if len(names) > 1:
        # libFuzzer takes the process over and never gives it back.
        found = False
        # To start one takes some seconds: where the time is short, each seed takes other targets.
        ends = time.monotonic() + seconds
        for name in random.Random(seed).sample(names, len(names)):
            if time.monotonic() > ends:
                break
            share = str(max(seconds / len(names), 5))
            command = [sys.executable, __file__, "--coverage", "--target", name, "--seconds", share]
            found |= subprocess.run([*command, "--faults", str(faults)], check=False).returncode != 0
        return found

    target = TARGETS[names[0]]
    total = harness.Tally()
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    with atheris.instrument_imports(include=["coherion"]):
        for number, data in enumerate(harness.warm_up(target, folder)):
            (corpus / str(number)).write_bytes(data)
    started = time.monotonic()

    def one(data: bytes) -> None:
        harness.examine(target, data, folder, total)
        # libFuzzer ends a process by itself only; this is how its result is told.
        if time.monotonic() - started > seconds or total.faults:
            print(
                f"{target.name:>18}: {total.tried:8d} tried by coverage, {total.accepted:8d} read, "
                f"{total.refused:8d} refused, {len(total.faults)} faults",
                flush=True,
            )
            keep(target.name, total.faults, faults)
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1 if total.faults else 0)

    def change(data: bytes, size: int, seed: int) -> bytes:
        generator = random.Random(seed)
        if generator.random() < 0.5:
            return mutate([data], generator, text=target.text)[:size]
        return atheris.Mutate(data, size)

    options = [sys.argv[0], str(corpus), f"-max_len={MAX_BYTES}", "-verbosity=0", "-print_final_stats=0"]
    atheris.Setup(options, one, custom_mutator=change)
    atheris.Fuzz()
    return bool(total.faults)


def by_settings(names: list[str], seconds: float, seed: int, faults: Path) -> bool:
    """Odd values for the settings of commands, all of them if the time is long enough."""
    from hostile import odd_settings

    started, found, total = time.monotonic(), False, 0
    with tempfile.TemporaryDirectory() as folder:
        odd_settings.prepare(Path(folder))
        waiting = {name: odd_settings.sample(name, seed, 10**6) for name in names}
        tallies = {name: harness.Tally() for name in names}
        while any(waiting.values()) and time.monotonic() - started < seconds:
            for name, texts in waiting.items():
                if not texts or time.monotonic() - started >= seconds:
                    continue
                one = odd_settings.run(name, texts[:25], Path(folder))
                waiting[name] = texts[25:]
                tallies[name].accepted += one.accepted
                tallies[name].refused += one.refused
                tallies[name].faults += one.faults
    for name, tally in tallies.items():
        keep(name, tally.faults, faults)
        found |= bool(tally.faults)
        total += tally.tried
        print(
            f"{name:>19}: {tally.tried:6d} settings tried, {tally.accepted:6d} accepted, {tally.refused:6d} refused, "
            f"{len(tally.faults)} faults, {len(waiting[name])} left"
        )
    print(f"{total} settings tried in {time.monotonic() - started:.0f} s, seed {seed}")
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--seed", type=int, default=0, help="of the first round")
    arguments.add_argument("--target", nargs="+", default=list(TARGETS), help=", ".join(sorted(TARGETS)))
    arguments.add_argument("--settings", action="store_true", help="odd settings of commands in place of files")
    arguments.add_argument("--coverage", action="store_true", help="led by coverage, with atheris")
    arguments.add_argument("--faults", type=Path, default=Path(tempfile.gettempdir()) / "coherion-faults")
    arguments.add_argument("--again", type=Path, help="read one kept input again")
    given = arguments.parse_args()
    if unknown := [] if given.settings else sorted(set(given.target) - set(TARGETS)):
        arguments.error(f"no such target: {', '.join(unknown)}")
    if given.again:
        with tempfile.TemporaryDirectory() as folder:
            harness.warm_up(TARGETS[given.target[0]], Path(folder))
            tally = harness.Tally()
            harness.examine(TARGETS[given.target[0]], given.again.read_bytes(), Path(folder), tally, measure=True)
        print(tally.faults[0][1] if tally.faults else f"no fault: {dict(tally.reasons) or 'read'}")
        found = bool(tally.faults)
    elif given.settings:
        from hostile.odd_settings import STAGES

        names = [name for name in given.target if name in STAGES]
        found = by_settings(names or list(STAGES), given.seconds, given.seed, given.faults)
    elif given.coverage:
        found = by_coverage(given.target, given.seconds, given.seed, given.faults)
    else:
        found = by_chance(given.target, given.seconds, given.seed, given.faults)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
