"""Parameters as objects: what a name means, how one prints, and what a fit writes into it."""

import pytest

from coherion.refinement.parameters import Parameter, parse


@pytest.mark.parametrize(
    ("name", "phase", "site", "symbol", "element", "kind", "unit"),
    [
        ("a", "", "", "a", "", "lattice", "angstrom"),
        ("beta", "", "", "beta", "", "lattice", "degree"),
        ("trigonal:Na1.x", "trigonal", "Na1", "x", "", "coordinate", "1"),
        ("Na1.u13", "", "Na1", "u13", "", "displacement", "angstrom^2"),
        ("salt:M1.occupancy.In", "salt", "M1", "occupancy", "In", "occupancy", "1"),
        ("Na1.occupancy", "", "Na1", "occupancy", "", "occupancy", "1"),
        # labels may hold dots, and may be named like a quantity of a phase
        ("Na.1.u_iso", "", "Na.1", "u_iso", "", "displacement", "angstrom^2"),
        ("a.x", "", "a", "x", "", "coordinate", "1"),
        ("delta2", "", "", "delta2", "", "motion", "angstrom^2"),
        ("p:coherence_length", "p", "", "coherence_length", "", "envelope", "angstrom"),
        ("qdamp", "", "", "qdamp", "", "resolution", "1/angstrom"),
    ],
)
def test_a_name_is_taken_apart(name, phase, site, symbol, element, kind, unit):
    own = parse(name)
    assert (own.phase, own.site, own.symbol, own.element) == (phase, site, symbol, element)
    parameter = Parameter(name, 1.0)
    assert (parameter.kind, parameter.unit, parameter.site, parameter.phase) == (kind, unit, site, phase)


def test_it_prints_itself():
    assert str(Parameter("qdamp", 0.011)) == "qdamp 0.011 1/angstrom (fixed)"
    found = Parameter("Na1.u_iso", 0.03412, 5e-4, 0.5, "free", uncertainty=0.001, uncertainty_scaled=0.0021)
    assert str(found) == "Na1.u_iso 0.034(2) angstrom^2 (free, 0.0005 to 0.5 angstrom^2)"
    bound = Parameter("Na1.occupancy", 0.56, state="dependent", formula="2.5 -2 Na2.occupancy", uncertainty=0.02)
    assert str(bound) == "Na1.occupancy 0.56 (= 2.5 -2 Na2.occupancy)"
    assert bound.note == "= 2.5 -2 Na2.occupancy"
