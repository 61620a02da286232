"""A refined crystal as a CIF with standard uncertainties."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence

import numpy as np

from coherion import __version__
from coherion.atoms.elements import atomic_mass
from coherion.constants import AVOGADRO
from coherion.crystal.crystal import Crystal
from coherion.crystal.propagation import propagated
from coherion.crystal.symmetry import DISPLACEMENT_NAMES
from coherion.data.netcdf import write_text


def with_uncertainty(value: float, sd: float, decimals: int = 5) -> str:
    """``6.9153(12)``: a number with its standard uncertainty in units of the last digit.

    The uncertainty has the one or two digits that lie between 2 and 19, as journals of crystallography ask. A value
    without uncertainty (sd zero, not finite, or below 1e-9) is written with at most ``decimals`` decimals.
    """
    if not math.isfinite(sd) or sd < 1e-9:
        text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text
    places = 1 - math.floor(math.log10(sd))
    if round(sd * 10**places) > 19:
        places -= 1
    places = max(places, 0)
    return f"{value:.{places}f}({round(sd * 10**places)})"


def printed_numbers(crystal: Crystal) -> np.ndarray:
    """Every number of the CIF that may carry an uncertainty: cell, volume, then those of each site."""
    numbers = [*crystal.lattice, crystal.volume]
    for site in crystal.sites:
        displacement = site.u_aniso if site.u_aniso is not None else (float(site.u_iso or 0.0), *(0.0,) * 5)
        numbers += [*site.position, *displacement, _equivalent(crystal, site), *(o for _, o in site.species)]
    return np.array(numbers, dtype=float)


def numbers_with_uncertainties(
    crystal: Crystal, parameters: Sequence[str] = (), covariance: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`printed_numbers` and their standard uncertainties, propagated; zero for what is held or fixed.

    ``parameters`` and ``covariance`` as for :func:`cif_text`.
    """
    numbers = printed_numbers(crystal)
    if covariance is None or not len(parameters):
        return numbers, np.zeros(len(numbers))
    spread = propagated(printed_numbers, crystal, list(parameters), np.asarray(covariance))
    return numbers, np.sqrt(np.diag(spread).clip(0.0))


def _equivalent(crystal: Crystal, site) -> float:
    """U_eq, a third of the trace of the Cartesian tensor, in square angstrom."""
    if site.u_aniso is None:
        return float(site.u_iso or 0.0)
    expanded = crystal.expand()
    index = [s.label for s in crystal.sites].index(site.label)
    return float(np.trace(expanded.u_cartesian[np.flatnonzero(expanded.site == index)[0]]) / 3)


def cif_text(
    crystal: Crystal,
    parameters: Sequence[str] = (),
    covariance: np.ndarray | None = None,
    *,
    details: str = "",
    items: Mapping[str, str | float] | None = None,
) -> str:
    """The CIF of a crystal.

    Parameters
    ----------
    crystal
        With its refined values.
    parameters
        Names of n free parameters that have an uncertainty.
    covariance
        Their covariance, shape (n, n), in the squares of the parameters' units.
    details
        What a reader should know of the refinement, in plain sentences.
    items
        Further tags of CIF with their values, such as the wavelength; what is not known is left out.
    """
    import gemmi

    cif = gemmi.cif
    crystal = within_the_cell(crystal)
    numbers, sds = numbers_with_uncertainties(crystal, parameters, covariance)
    shown = iter(zip(numbers, sds, strict=True))

    def take(count: int, decimals: int = 5) -> list[str]:
        return [with_uncertainty(*next(shown), decimals) for _ in range(count)]

    document = cif.Document()
    block = document.add_new_block(re.sub(r"[^A-Za-z0-9_.-]", "_", crystal.name) or "crystal")
    block.set_pair("_audit_creation_method", cif.quote(f"coherion {__version__}"))
    units = formula_units(crystal)
    mass = sum(amount * atomic_mass(element) for element, amount in crystal.composition.items())
    block.set_pair("_chemical_formula_sum", cif.quote(formula(crystal, units)))
    block.set_pair("_chemical_formula_weight", f"{mass / units:.3f}")
    block.set_pair("_cell_formula_units_Z", str(units))
    # g/mol and cubic angstrom to g/cm3
    block.set_pair("_exptl_crystal_density_diffrn", f"{mass / crystal.volume / AVOGADRO * 1e24:.4f}")
    for name, text in zip(
        ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"), take(6), strict=True
    ):
        block.set_pair(f"_cell_{name}", text)
    block.set_pair("_cell_volume", take(1, 3)[0])
    block.set_pair("_space_group_name_H-M_alt", cif.quote(crystal.space_group))
    group = gemmi.find_spacegroup_by_name(crystal.space_group)
    if group is not None:
        # diffpy.structure 3.3.1 takes the number for the first origin where its tables lack the operations; it does not
        # know this name of the same item (core dictionary 3), which others do.
        numbered = "_space_group.IT_number" if crystal.space_group.endswith(":2") else "_space_group_IT_number"
        block.set_pair(numbered, str(group.number))
        block.set_pair("_space_group_name_Hall", cif.quote(group.hall))
    for tag, value in (items or {}).items():
        block.set_pair(tag, f"{value:.6g}" if isinstance(value, float) else cif.quote(value))
    if details:
        block.set_pair("_refine_special_details", cif.quote(details.replace("\n;", "\n ;") + "\n"))
    loop = block.init_loop("_space_group_symop_", ["id", "operation_xyz"])
    for number, triplet in enumerate(crystal.operations, 1):
        loop.add_row([str(number), cif.quote(triplet)])
    sites = block.init_loop(
        "_atom_site_",
        [
            "label",
            "type_symbol",
            "symmetry_multiplicity",
            "fract_x",
            "fract_y",
            "fract_z",
            "U_iso_or_equiv",
            "adp_type",
            "occupancy",
        ],
    )
    anisotropic = []
    for site in crystal.sites:
        position, six, equivalent = take(3, 6), take(6), take(1)[0]
        occupancies = take(len(site.species))
        for k, ((element, _), occupancy) in enumerate(zip(site.species, occupancies, strict=True)):
            # The first species keeps the label of the site, by which a reader of ours names a shared site.
            label = site.label if k == 0 else f"{site.label}_{element}"
            isotropic = site.u_aniso is None
            sites.add_row(
                [
                    label,
                    element,
                    str(crystal.multiplicity(site.label)),
                    *position,
                    six[0] if isotropic else equivalent,
                    "Uiso" if isotropic else "Uani",
                    occupancy,
                ]
            )
            if not isotropic:
                anisotropic.append([label, *six])
    if anisotropic:
        loop = block.init_loop("_atom_site_aniso_", ["label", *(f"U_{n[1:]}" for n in DISPLACEMENT_NAMES)])
        for row in anisotropic:
            loop.add_row(row)
    return document.as_string()


def within_the_cell(crystal: Crystal) -> Crystal:
    """The crystal with coordinates beyond -1 to 1 moved by whole cells, where symmetry lets each move by itself."""
    values = crystal.parameters
    moved = {}
    for site, kind in zip(crystal.sites, crystal.structure.sites, strict=True):
        free = kind.coordinates
        for k, name in zip(free.free, free.free_names, strict=True):
            # A whole cell of this coordinate must be whole cells of those that follow it.
            whole = np.allclose(free.basis[:, free.free.index(k)] % 1, 0)
            if abs(site.position[k]) > 1 and whole:
                moved[f"{site.label}.{name}"] = values[f"{site.label}.{name}"] % 1.0
    return crystal.with_values(moved) if moved else crystal


def write_cif(path: str | os.PathLike[str], crystal: Crystal, *arguments, **options) -> None:
    """Write :func:`cif_text` whole; arguments as there."""
    write_text(path, cif_text(crystal, *arguments, **options))


def formula_units(crystal: Crystal) -> int:
    """Z: what divides the atoms of every element, or of every site where occupancies are fractions."""
    amounts = list(crystal.composition.values())
    if all(abs(amount - round(amount)) < 1e-6 for amount in amounts):
        return max(math.gcd(*map(round, amounts)), 1)
    return math.gcd(*(crystal.multiplicity(site.label) for site in crystal.sites))


def formula(crystal: Crystal, units: int = 1) -> str:
    """Elements of the cell, or of one of its formula units, in Hill's order, with their amounts to four decimals."""
    amounts = {element: amount / units for element, amount in crystal.composition.items()}
    order = sorted(amounts, key=lambda e: (("C" not in amounts) or (e != "C"), ("C" not in amounts) or (e != "H"), e))
    return " ".join(f"{e}{amounts[e]:.4f}".rstrip("0").rstrip(".") for e in order)
