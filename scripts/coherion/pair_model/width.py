"""The width of a peak: what the distance of a pair makes of the pair's own displacement.

With u the unit vector along the pair, its peak has the variance (angstrom^2)

    s2 = (u' (U_i + U_j) u) c(d),   c(d) = 1 - delta1/d - delta2/d^2 + qbroad^2 d^2

(correlated motion: Jeong et al., Phys. Rev. B 67 (2003) 104301; qbroad as in PDFfit2, Farrow et al., J. Phys.: Condens.
Matter 19 (2007) 335219).
"""

from __future__ import annotations

from coherion.pair_model.compiled import compiled


@compiled
def correction_at(distance, delta1, delta2, qbroad):
    """c(d), dimensionless: distance and delta1 in angstrom, delta2 in angstrom^2, qbroad in 1/angstrom."""
    inverse = 1.0 / distance
    return 1.0 - inverse * (delta1 + inverse * delta2) + qbroad * qbroad * distance * distance
