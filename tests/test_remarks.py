"""Remarks of hundreds of files are gathered: a user reads ten lines, not five hundred."""

from __future__ import annotations

from coherion.messages import FEW, gathered


def test_many_remarks_of_one_kind_are_one_line_with_the_first_and_the_last_name():
    remarks = [f"spectra.tsv: a/x{n}.mpt: temperature {n - 20.5:g} degC, from its name" for n in range(300)]
    (line,) = gathered(remarks)
    assert line.startswith("spectra.tsv: a/x0.mpt and 299 more, to a/x299.mpt: temperature -20.5 degC, from its name")
    assert "alike" in line
    assert "alike" not in gathered([f"b{n}: background empty" for n in range(9)])[0]


def test_few_and_different_remarks_stay_as_they_are():
    remarks = ["a: left out, empty", "b: left out, no scan", *(f"c{n}: of 2 ranges" for n in range(FEW))]
    assert gathered(remarks) == remarks
    assert gathered(["without a name"]) == ["without a name"]
    assert gathered([]) == []
