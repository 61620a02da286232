"""Symbols, atomic numbers and masses of the elements."""

from __future__ import annotations

from coherion.atoms.table import element_row

_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr "
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu "
    "Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf"
)
ELEMENTS = tuple(_SYMBOLS.split())
"""Symbols of Z = 1 to 98, as far as the scattering factors reach."""
DEUTERIUM = "D"
"""An isotope with a symbol of its own: hydrogen to X-rays, with a mass and a neutron scattering length of its own."""
_DEUTERIUM_MASS = 2.01410177812


# Of elements that have but one in the solids that are met; any other leaves the charge of a formula open.
_CHARGES = {
    1: "Li Na K Rb Cs",
    2: "Mg Ca Sr Ba Zn",
    3: "Al In Sc Y La Nd Gd Dy Ho Er Tm Lu",
    4: "Zr Hf",
    -1: "F Cl Br I",
    -2: "O",
}
CHARGES = {element: charge for charge, elements in _CHARGES.items() for element in elements.split()}
"""Charges of the ions of elements that form one ion only."""


def atomic_number(element: str) -> int:
    """Atomic number of an element symbol."""
    return 1 if element == DEUTERIUM else ELEMENTS.index(element) + 1


def atomic_mass(element: str) -> float:
    """Molar mass of an element in g/mol (xraydb's, Elam, Ravel and Sieber, Radiat. Phys. Chem. 63 (2002) 121).

    Deuterium's is the isotope's, AME2020.
    """
    return _DEUTERIUM_MASS if element == DEUTERIUM else element_row("elements", element)["molar_mass"]
