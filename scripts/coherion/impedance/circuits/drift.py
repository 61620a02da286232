"""How far the resistance of a sample moved while its spectrum was measured, as its fit shows it.

A sweep takes its points one after the other. Where the electrolyte's resistance is R (1 + d x), x from 0 at the first
point to 1 at the last one, the capacitance of each arc standing still, the spectrum leaves its circuit by

    dZ = d x (dZ / d ln R),

of which the parameters of the circuit can follow a part only. The rest gives d by one step of least squares (a score
test), and the scatter about that its error. Z-HIT sees what happens late in the sweep, this what happens while the arc
is measured. Both are blind where R does not show, as in an arc that is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.impedance.circuits.circuit import arcs
from coherion.impedance.circuits.element import Frequencies
from coherion.impedance.circuits.fit import CircuitFit, weights_of

# A drift is one from so many standard uncertainties on (by chance one of 2,000 still spectra has as much); and if what
# it leaves is more than so many times the noise, the circuit is at fault and not the sample.
_CERTAIN, _EXPLAINED = 3.5, 2.0
# Above this standard uncertainty the spectrum says nothing, and the one step does not hold.
_BLIND = 0.1


@dataclass(frozen=True)
class Drift:
    """Relative change of a resistance from the first to the last point of a sweep."""

    value: float
    """(1)"""
    sd: float
    """Its standard uncertainty (1); infinite where the spectrum says nothing of it."""
    remaining: float
    """Standard deviation of one component of the residuals, relative to \\|Z\\| (1), once it is taken off."""

    def verdict(self, largest: float, noise: float) -> str:
        """In words that the sample changed; empty if it did not, or by less than ``largest`` (1).

        Parameters
        ----------
        largest
            Change (1) that is let pass in any case.
        noise
            Standard deviation of one component relative to \\|Z\\| (1), from the Kramers-Kronig test.
        """
        certain = abs(self.value) > max(largest, _CERTAIN * self.sd)
        if not (certain and self.sd < _BLIND and self.remaining < _EXPLAINED * noise):
            return ""
        return (
            f"sample changed during the sweep: its resistance {'rose' if self.value > 0 else 'fell'} by "
            f"{100 * abs(self.value):.0f}({100 * self.sd:.1f}) % from the first point to the last"
        )


def resistance_drift(frequency: np.ndarray, fit: CircuitFit, members: Sequence[str], order: np.ndarray) -> Drift:
    """How far a resistance moved from the first to the last point of a sweep.

    Parameters
    ----------
    frequency
        In Hz, of the points of the fit.
    fit
        Fit of the spectrum.
    members
        Resistors that are the electrolyte's.
    order
        When each point was measured, from 0 to 1.
    """
    model, z = fit.circuit, fit.impedance
    x = model.coordinates(fit.values)
    _, slope = model.evaluate(Frequencies(frequency), x)
    own = np.zeros(z.size, dtype=complex)
    by_resistance = {a.resistance: a for a in arcs(model)}
    for name in members:
        own += slope[model.names.index(name)]
        arc = by_resistance.get(name)
        if arc is not None and arc.kind == "CPE":
            # With its capacitance at rest Q of a depressed arc moves too: ln Q = alpha (ln C + ln R) - ln R.
            own += (x[arc.q + 1] - 1) * slope[arc.q]
    weight = weights_of(z, "modulus")
    along = np.ascontiguousarray(order * own).view(float) * weight
    free = np.ascontiguousarray(slope[fit.free]).view(float) * weight
    left = np.ascontiguousarray(fit.residual * np.abs(z)).view(float) * weight
    basis = np.linalg.svd(free.T / np.linalg.norm(free, axis=1), full_matrices=False)[0]
    along = along - basis @ (basis.T @ along)
    left = left - basis @ (basis.T @ left)
    size = float(along @ along)
    freedom = left.size - basis.shape[1] - 1
    if freedom < 1 or not size > 0:
        return Drift(0.0, float("inf"), float("nan"))
    drift = float(along @ left) / size
    rest = left - drift * along
    scatter = float(rest @ rest) / freedom
    # Noise is larger at the ends of a sweep, where a drift shows most: the larger of the two errors, of points alike
    # and of points as they scatter (H. White, Econometrica 48 (1980) 817).
    own = float((along * rest) @ (along * rest)) * left.size / freedom / size**2
    return Drift(drift, float(np.sqrt(max(scatter / size, own))), float(np.sqrt(scatter)))
