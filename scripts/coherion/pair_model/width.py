"""The width of a peak: displacements, correlated motion, microstrain and the instrument.

With u the unit vector along the pair and d its distance, the peak has the variance (angstrom^2)

    s2 = (u' (U_i + U_j) u) c(d) + (e^2 + b^2) d^2 + sum_k e_k^2 d_k^2,
    c(d) = 1 - delta1/d - delta2/d^2 + qbroad^2 d^2.

delta1, delta2
    Correlated motion (Jeong et al., Phys. Rev. B 67 (2003) 104301), angstrom and angstrom^2.
e^2
    ``microstrain_squared``: mean square of the relative spread of the lattice parameters. It moves every pair by e d
    whatever its U, so it adds. As a square it may come out negative, where noise wants narrower peaks: the derivative
    in e itself vanishes at 0.
e_k^2
    ``microstrain_squared_a``, ``_b``, ``_c``: the same for each cell axis alone, with d_k the share of the distance
    that axis k gives; the three sum to d.
b^2
    ``qslope_squared``, of the part of the instrument's resolution that grows with Q, dimensionless:
    sigma_Q^2 = qdamp^2 + b^2 Q^2. qdamp's part damps G(r) and does not widen peaks. It has the form of strain, and only
    a standard that has none tells them apart.
qbroad
    PDFfit2's form of the same (Farrow et al., J. Phys.: Condens. Matter 19 (2007) 335219), 1/angstrom: it multiplies
    the pair's own displacement, which no instrument does, and holds for the sample it was found on alone.
"""

from __future__ import annotations

import math

from coherion.pair_model.compiled import compiled

# TOPAS' e0 = beta/(4 tan theta) by the rms strain, for a Gaussian distribution of strain: its lines have the standard
# deviation 2 e tan theta and the integral breadth beta = sqrt(2 pi) times that (Balzar et al., J. Appl. Cryst. 37
# (2004) 911).
TOPAS_E0 = math.sqrt(math.pi / 2.0)


@compiled
def correction_at(distance, delta1, delta2, qbroad):
    """c(d), dimensionless: distance and delta1 in angstrom, delta2 in angstrom^2, qbroad in 1/angstrom."""
    inverse = 1.0 / distance
    return 1.0 - inverse * (delta1 + inverse * delta2) + qbroad * qbroad * distance * distance


@compiled
def axial_shares(matrix, f0, f1, f2, x, y, z, distance):
    """d_k (angstrom): what each cell axis gives of a distance, for the pair vector (x, y, z), fractional (f0, f1, f2).

    ``matrix`` (3, 3) is upper triangular with the axes as its columns.
    """
    a = f0 * matrix[0, 0] * x / distance
    b = f1 * (matrix[0, 1] * x + matrix[1, 1] * y) / distance
    c = f2 * (matrix[0, 2] * x + matrix[1, 2] * y + matrix[2, 2] * z) / distance
    return a, b, c
