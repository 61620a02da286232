"""Standard uncertainties of what follows from a refined crystal: J C J' with J by central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from coherion.crystal.crystal import Crystal

# Lengths, angles and volumes are smooth on the scale of a bond: 1e-5 of a parameter's size leaves an error of the
# derivative near 1e-9 from curvature and 1e-10 from rounding.
STEP = 1e-5


def jacobian(function: Callable[[Crystal], np.ndarray], crystal: Crystal, names: Sequence[str]) -> np.ndarray:
    """d function / d parameter, shape (m, n), at the values of the crystal.

    Parameters
    ----------
    function
        Gives an array of shape (m,) for a crystal.
    names
        n free parameters of the crystal.
    """
    values = crystal.parameters
    columns = []
    for name in names:
        step = STEP * max(1.0, abs(values[name]))
        above = function(crystal.with_values({name: values[name] + step}))
        below = function(crystal.with_values({name: values[name] - step}))
        columns.append((above - below) / (2 * step))
    return np.array(columns).T.reshape(-1, len(columns))


def propagated(
    function: Callable[[Crystal], np.ndarray], crystal: Crystal, names: Sequence[str], covariance: np.ndarray
) -> np.ndarray:
    """Covariance (m, m) of ``function(crystal)`` from that of the named free parameters, (n, n)."""
    if not len(names):
        size = len(function(crystal))
        return np.zeros((size, size))
    derivative = jacobian(function, crystal, names)
    return derivative @ covariance @ derivative.T


def as_refined(crystal: Crystal, parameters: Sequence[str], phase: str | None = None) -> Crystal:
    """A starting crystal with displacements of the kind that a refinement's parameters have at each site.

    ``parameters`` and ``phase`` as for :func:`of_phase`.
    """
    prefix = f"{phase}:" if phase else ""
    own = {name.removeprefix(prefix) for name in parameters if name.startswith(prefix)}
    round_sites = [site.label for site in crystal.sites if f"{site.label}.u_iso" in own]
    others = [site.label for site in crystal.sites if any(f"{site.label}.u{ij}" in own for ij in ("11", "22", "33"))]
    return crystal.isotropic(round_sites).anisotropic(others)


def of_phase(crystal: Crystal, parameters: Sequence[str], phase: str | None = None) -> tuple[list[str], np.ndarray]:
    """Which of a refinement's parameters belong to a crystal: their names without the phase, and their positions.

    ``phase`` is the prefix that the refinement of several phases gives; None where there is one phase.
    """
    prefix = f"{phase}:" if phase else ""
    own = crystal.parameters
    found = [
        (name.removeprefix(prefix), i)
        for i, name in enumerate(parameters)
        if name.startswith(prefix) and name.removeprefix(prefix) in own
    ]
    return [name for name, _ in found], np.array([i for _, i in found], dtype=int)
