"""A refinement as a script for diffpy.pdffit2, the engine of PDFgui: same data, structure, constraints and values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from coherion import __version__
from coherion.crystal.crystal import Crystal
from coherion.crystal.structure_files import stru_numbers, stru_text
from coherion.pair_model.model import MOTION
from coherion.refinement.exports.affine import Affine, of_crystal, of_parameter, variables_of
from coherion.refinement.parameters import parse
from coherion.refinement.steps.refined import Refined

# Order of the numbers of each atom in stru_numbers, and PDFfit2's names of them with their kind here.
_ATOM = (
    *((name, "coordinate") for name in ("x", "y", "z")),
    *((name, "displacement") for name in ("u11", "u22", "u33", "u12", "u13", "u23")),
    ("occ", "occupancy"),
)
_OF_PHASE = {"scale": "pscale", "delta1": "delta1", "delta2": "delta2", "coherence_length": "spdiameter"}

_BODY = '''

def model():
    """Structures, data, values and constraints."""
    fit = PdfFit(create_intro=False)
    for text in STRUCTURES:
        fit.read_struct_string(text)
    text = Path(__file__).resolve().with_name(DATA).read_text(encoding="utf-8")
    rows = [line.split()[:2] for line in text.partition("#### start data")[2].splitlines()]
    r, g = zip(*(map(float, row) for row in rows if len(row) == 2 and not row[0].startswith("#")))
    fit.read_data_lists(RADIATION, QMAX, QDAMP, list(r), list(g))
    fit.setvar("qbroad", QBROAD)
    fit.pdfrange(1, *FIT_RANGE)
    for phase, values in enumerate(PHASES, 1):
        fit.setphase(phase)
        for name, value in values.items():
            fit.setvar(name, value)
    for phase, variable, formula in CONSTRAINTS:
        fit.setphase(phase)
        name, _, index = variable.partition(" ")
        fit.constrain(getattr(fit, name)(int(index)) if index else name, formula)
    for number, (_, value) in PARAMETERS.items():
        fit.setpar(number, value)
    return fit


def residual(fit):
    """Rw with equal weights over the range of the fit."""
    pairs = list(zip(fit.getpdf_obs(), fit.getpdf_fit()))
    return (sum((o - c) ** 2 for o, c in pairs) / sum(o * o for o, _ in pairs)) ** 0.5


if __name__ == "__main__":
    fit = model()
    fit.calc()
    print(f"Rw at these values {residual(fit):.5f}")
    fit.refine()
    print(f"Rw refined {residual(fit):.5f}")
    for number, (name, value) in PARAMETERS.items():
        print(f"{name} {fit.getpar(number):.6g} (started from {value:.6g})")
'''


def what_is_left_out(found: Refined, *, of_all: bool = False) -> list[str]:
    """What the refined model has and PDFfit2 has not, a line each; empty where both are the same model.

    ``of_all`` where the input is of every data set, not of the first alone.
    """
    values, model = found.result.values, found.model
    left = []
    if model.convention != "pdffit":
        left.append(f"the convention {model.convention}: PDFfit2 weighs atoms at Q = 0 and has its own widths")
    if model.envelope not in ("none", "sphere"):
        left.append(f"the envelope {model.envelope}: PDFfit2 has spheres only")
    if model.window != "none":
        left.append(f"the window {model.window}")
    if model.further and not of_all:
        left.append(f"{len(model.further)} further data set(s), which were refined together with this one")
    for name in (*MOTION[3:], "qslope_squared"):
        left += [f"{known} = {value:.4g}" for known, value in values.items() if parse(known).own == name and value]
    return left


def pdffit2_script(found: Refined, data: str) -> str:
    """The text of a script that calculates and repeats a refinement with diffpy.pdffit2.

    Parameters
    ----------
    found
        The refinement.
    data
        Name of the ``.gr`` file beside the script that holds the data.
    """
    model, result = found.model, found.result
    values = variables_of(found)
    numbers = {name: k for k, name in enumerate(values, 1)}
    crystals = model.crystals(result.values)
    constraints = list(_constraints(found, crystals, numbers, values))
    used = sorted({name for _, _, affine in constraints for name in affine.terms}, key=numbers.__getitem__)
    left = what_is_left_out(found)
    low, high = found.settings.fit_range
    head = [
        f'"""A refinement of coherion {__version__}, repeated with diffpy.pdffit2 (Rw there {found.rw:.5f}).',
        "",
        *(["PDFfit2's model lacks:", *(f"- {line}" for line in left)] if left else ["The models are the same."]),
        '"""',
        "",
        "from pathlib import Path",
        "",
        "from diffpy.pdffit2 import PdfFit",
        "",
        f"DATA = {data!r}",
        f"RADIATION, QMAX = {'N' if model.radiation == 'neutron' else 'X'!r}, {model.qmax!r}",
        f"QDAMP, QBROAD = {result.values['qdamp']!r}, {result.values['qbroad']!r}",
        f"FIT_RANGE = ({low!r}, {high!r})",
        "STRUCTURES = [",
        *(f"    {stru_text(crystal)!r}," for crystal in crystals),
        "]",
        "PHASES = [",
        *(f"    {_phase_values(found, model.prefix(k))!r}," for k in range(len(crystals))),
        "]",
        "# Number, name here and refined value.",
        "PARAMETERS = {",
        *(f"    {numbers[name]}: ({name!r}, {values[name]!r})," for name in used),
        "}",
        "CONSTRAINTS = [",
        *(
            f"    ({phase}, {variable!r}, {_formula(affine, numbers, values)!r}),"
            for phase, variable, affine in constraints
        ),
        "]",
    ]
    return "\n".join(head) + _BODY


def _phase_values(found: Refined, prefix: str) -> dict[str, float]:
    made = {}
    for ours, theirs in _OF_PHASE.items():
        value = found.result.values.get(prefix + ours)
        if value is not None and (ours != "coherence_length" or found.model.envelope == "sphere"):
            made[theirs] = float(value)
    return made


def _constraints(
    found: Refined, crystals: tuple[Crystal, ...], numbers: dict[str, int], values: dict[str, float]
) -> Iterator[tuple[int, str, Affine]]:
    """Phase, variable of PDFfit2 (with the index of an axis or an atom), and what it follows from."""
    for k, crystal in enumerate(crystals):
        prefix = found.model.prefix(k)
        lattice = of_crystal(found, crystal, prefix, lambda c: np.array(c.lattice), "lattice")
        yield from ((k + 1, f"lat {i}", one) for i, one in enumerate(lattice, 1) if one.terms)
        by_kind = {kind: of_crystal(found, crystal, prefix, _numbers, kind) for kind in dict(_ATOM).values()}
        for column, (name, kind) in enumerate(_ATOM):
            of_atoms = by_kind[kind][column :: len(_ATOM)]
            yield from ((k + 1, f"{name} {i}", one) for i, one in enumerate(of_atoms, 1) if one.terms)
        own = _phase_values(found, prefix)
        for ours, theirs in _OF_PHASE.items():
            if theirs in own and (affine := of_parameter(found, prefix + ours)).terms:
                yield k + 1, theirs, affine
    for name in ("qdamp", "qbroad"):
        affine = of_parameter(found, name)
        if affine.terms:
            yield 1, name, affine


def _numbers(crystal: Crystal) -> np.ndarray:
    """The numbers of each atom, one atom after another: see :data:`_ATOM`."""
    return stru_numbers(crystal)[6:]


def _formula(affine: Affine, numbers: dict[str, int], values: dict[str, float]) -> str:
    """As PDFfit2 reads it: ``0.5+(-1)*@3``."""
    constant = affine.constant(values)
    if len(affine.terms) == 1 and abs(constant) < 1e-12:
        ((name, factor),) = affine.terms.items()
        if abs(factor - 1.0) < 1e-12:
            return f"@{numbers[name]}"
    parts = [f"({factor:.12g})*@{numbers[name]}" for name, factor in affine.terms.items()]
    return "+".join([f"({constant:.12g})", *parts])
