"""Broken files of every kind: each reader reads them soundly or refuses them in one line, within time and memory.

A bounded share of what ``python tests/hostile/fuzz.py`` tries for as long as one likes; the inputs are the same in
every run of one machine, and their number is printed (pytest -s).
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import pytest
from hostile import harness
from hostile.mutations import BINARY, TEXT, mutate
from hostile.targets import TARGETS, Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coherion.errors import CoherionError, InputError

# Of each reader; all together take about 30 s of one core.
INPUTS = int(os.environ.get("COHERION_FUZZ_INPUTS", "200"))


@pytest.mark.parametrize("name", TARGETS)
def test_broken_files_are_read_soundly_or_refused(name, tmp_path):
    found = harness.run(TARGETS[name], 0, INPUTS, tmp_path)
    print(f"{name}: {found.tried} inputs tried, {found.accepted} read, {found.refused} refused")
    assert not found.faults, "\n".join(fault for _, fault in found.faults[:3])
    assert found.tried == INPUTS
    # Mutations that always or never matter would test nothing.
    assert found.accepted and found.refused


@pytest.mark.parametrize("name", [name for name, target in TARGETS.items() if not target.isolated])
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_is_refused_or_sound(name, tmp_path_factory, data):
    """Not broken files but any: text of all characters, bytes, and a true beginning with anything behind it."""
    target = TARGETS[name]
    folder = tmp_path_factory.mktemp("any")
    start = data.draw(st.sampled_from([b"", *(seed[:600] for seed in target.seeds())]))
    rest = data.draw(st.one_of(st.text(max_size=300).map(lambda text: text.encode("utf-8")), st.binary(max_size=300)))
    found = harness.Tally()
    harness.examine(target, start + rest, folder, found)
    assert not found.faults, found.faults[0][1]


@pytest.mark.parametrize("ways", [BINARY, TEXT])
def test_every_mutation_changes_something_and_the_same_seed_the_same(ways):
    data = b"2.000 100\n2.020 105\n2.040 107\n" * 40
    for way in ways:
        made = {way(data, random.Random(seed)) for seed in range(30)}
        assert len(made) > 3
        assert made == {way(data, random.Random(seed)) for seed in range(30)}
    assert mutate([data], random.Random(1), text=True) == mutate([data], random.Random(1), text=True)


def a_target(read) -> Target:
    return Target("made", ".txt", True, lambda: [b"1"], read)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda path: 1 / 0, "ZeroDivisionError"),
        (lambda path: [0 for _ in iter(int, 1)], "endless"),
        (lambda path: bytearray(10**7) and None, "bytes of memory"),
        (lambda path: bytearray(10**10), "MemoryError"),
        (lambda path: (_ for _ in ()).throw(InputError("is odd", place="line 1")), "does not name the file"),
        (lambda path: (_ for _ in ()).throw(InputError("is odd", file=path)), "names no place"),
        (lambda path: (_ for _ in ()).throw(CoherionError(f"{path}: two\nlines")), "not one printable line"),
        (lambda path: __import__("warnings").warn("odd"), "UserWarning"),
    ],
)
def test_the_harness_sees_each_kind_of_fault(read, said, tmp_path, monkeypatch):
    if said == "MemoryError" and sys.platform != "linux":
        pytest.skip("only Linux limits the address space of a process")
    monkeypatch.setattr(harness, "TIME_LIMIT", 0.3)
    found = harness.Tally()
    harness.examine(a_target(read), b"1", tmp_path, found, measure="memory" in said)
    assert len(found.faults) == 1 and said in found.faults[0][1]


def test_the_harness_outlives_a_reader_that_kills_the_process(tmp_path, monkeypatch):
    def read(path: Path) -> None:
        if path.read_bytes()[:1] == b"2":
            os.kill(os.getpid(), signal.SIGKILL)

    target = Target("deadly", ".txt", True, lambda: [b"1"], read)
    monkeypatch.setitem(TARGETS, "deadly", target)
    monkeypatch.setattr(harness, "mutate", lambda seeds, rng, text: rng.choice([b"1", b"2"]))
    found = harness.isolated_batch(target, 0, 8, tmp_path)
    assert found.tried == 8 and found.accepted and found.faults
    assert all(data == b"2" and "died" in fault for data, fault in found.faults)
