"""A refinement as an input of TOPAS for pair distributions: data, cell, sites, displacements, sphere, instrument.

Macros are those of TOPAS' own pdf.inc: ``dQ_damping``, ``convolute_Qmax_Sinc``, ``beq_PDFfit2``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from coherion import __version__
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.symmetry import COORDINATE_NAMES, DISPLACEMENT_NAMES, LATTICE_NAMES
from coherion.refinement.exports.affine import Affine, of_crystal, of_parameter, variables_of
from coherion.refinement.exports.pdffit2 import what_is_left_out
from coherion.refinement.steps.refined import Refined

_CELL = dict(zip(LATTICE_NAMES, ("a", "b", "c", "al", "be", "ga"), strict=True))


def topas_input(found: Refined, data: Sequence[str]) -> str:
    """The text of an ``.inp`` with the refined values; what was refined is free, what depends on it an equation.

    Parameters
    ----------
    found
        The refinement.
    data
        Names of the files beside it with r and G(r) in two columns, one for each data set: several share the structure.
    """
    model, result = found.model, found.result
    values = variables_of(found)
    names = _names(values)
    low, high = found.settings.fit_range
    left = what_is_left_out(found, of_all=True)

    def shown(affine: Affine) -> str:
        return _equation(affine, names, values)

    lines = [
        f"' Refined with coherion {__version__}, Rw {found.rw:.5f}; not opened with TOPAS when it was written.",
        *(f"' TOPAS is not told of {line}" for line in left),
        "' Parameters of the refinement, free as they were there.",
        *(f"prm {names[name]} {value:.9g}" for name, value in values.items()),
    ]
    for number, file in enumerate(data, 1):
        own, called = model.of_set(number), model.names_in_set(number)
        lines += [
            "",
            f'xdd "{file}"',
            "   pdf_data",
            *(["   neutron_data"] if own.radiation == "neutron" else []),
            f"   start_X {low:g}",
            f"   finish_X {high:g}",
            "   weighting = 1;",
            f"   convolute_Qmax_Sinc(!qmax, {own.qmax:g})",
            f"   dQ_damping(!dq, {shown(of_parameter(found, called['qdamp']))})",
        ]
        for k, crystal in enumerate(model.crystals(result.values)):
            phase = _phase(found, crystal, model.prefix(k), called, f"_{number}" if number > 1 else "", shown)
            lines += ["", *(f"   {line}" for line in phase)]
    return "\n".join(lines) + "\n"


def _names(values: dict[str, float]) -> dict[str, str]:
    """Names that TOPAS accepts: letters, digits and underscores, and none twice."""
    made: dict[str, str] = {}
    for name in values:
        plain = "p_" + "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        while plain in made.values():
            plain += "_"
        made[name] = plain
    return made


def _equation(affine: Affine, names: dict[str, str], values: dict[str, float]) -> str:
    """A number, or ``=`` an equation of parameters ``;`` as TOPAS has it."""
    if not affine.terms:
        return f"{affine.value:.9g}"
    constant = affine.constant(values)
    parts = [names[n] if abs(f - 1) < 1e-9 else f"({f:.9g}) {names[n]}" for n, f in affine.terms.items()]
    return "=" + " + ".join([*([f"({constant:.9g})"] if abs(constant) > 1e-9 else []), *parts]) + ";"


def _phase(found: Refined, crystal: Crystal, prefix: str, called: Mapping[str, str], suffix: str, shown) -> list[str]:
    """A phase in one data set; ``called`` are the names of its parameters there, ``suffix`` tells the data set."""
    lines = ["str", f'   phase_name "{crystal.name}"', f'   space_group "{crystal.space_group}"']
    cell = of_crystal(found, crystal, prefix, lambda c: np.array(c.lattice), "lattice")
    lines += [f"   {_CELL[name]} {shown(one)}" for name, one in zip(LATTICE_NAMES, cell, strict=True)]
    lines.append(f"   scale {shown(of_parameter(found, called[f'{prefix}scale']))}")
    if found.model.envelope == "sphere":
        diameter = f"sphere_{''.join(c if c.isalnum() else '_' for c in crystal.name)}{suffix}"
        length = of_parameter(found, f"{prefix}coherence_length")
        lines.append(f"   prm {diameter} {shown(length)}")
        lines.append(f"   scale_phase_X = If(X < {diameter}, 1 - 1.5 (X / {diameter}) + 0.5 (X / {diameter})^3, 0);")
    motion = {
        name: shown(of_parameter(found, called[name if name == "qbroad" else prefix + name]))
        for name in ("delta1", "delta2", "qbroad")
    }
    places = _of_sites(found, crystal, prefix, "coordinate")
    for index, site in enumerate(crystal.sites):
        for (element, _), name in zip(site.species, site.occupancy_names(), strict=True):
            at = " ".join(f"{axis} {shown(one)}" for axis, one in zip(COORDINATE_NAMES, places[index], strict=True))
            occupancy = shown(of_parameter(found, prefix + name))
            lines.append(f"   site {site.label} {at} occ {element} {occupancy}")
            lines += [f"      {line}" for line in _displacement(found, crystal, site, index, prefix, motion, shown)]
    return lines


def _displacement(found: Refined, crystal: Crystal, site: Site, index: int, prefix: str, motion, shown) -> list[str]:
    if site.u_aniso is None:
        u = shown(of_parameter(found, f"{prefix}{site.label}.u_iso"))
        terms = ", ".join(f"!{name}, {value}" for name, value in motion.items())
        return [f"beq_PDFfit2(!uiso, {u}, !rcut, 0, !sratio, 1, {terms})"]
    tensor = _of_sites(found, crystal, prefix, "displacement")[index]
    six = " ".join(f"{name} {shown(one)}" for name, one in zip(DISPLACEMENT_NAMES, tensor, strict=True))
    bare = {name: value.strip("=;") for name, value in motion.items()}
    # TOPAS adds adps_scale U of both atoms to the square of a full width; a variance is 8 ln 2 times less.
    scale = (
        f"adps_scale = 8 Ln(2) Abs(1 - ({bare['delta1']}) / X - ({bare['delta2']}) / X^2 + ({bare['qbroad']})^2 X^2);"
    )
    return [six, scale]


def _of_sites(found: Refined, crystal: Crystal, prefix: str, kind: str) -> list[list[Affine]]:
    """Coordinates, or the CIF's U, of each site."""

    def numbers(c: Crystal) -> np.ndarray:
        if kind == "coordinate":
            return np.array([x for site in c.sites for x in site.position])
        return np.array([u for site in c.sites for u in (site.u_aniso or (math.nan,) * 6)])

    width = 3 if kind == "coordinate" else 6
    made = of_crystal(found, crystal, prefix, numbers, kind)
    return [made[k : k + width] for k in range(0, len(made), width)]
