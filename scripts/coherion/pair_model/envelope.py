"""The envelope: the share of pairs at a distance that a domain of finite size keeps, by the shape of the domain.

``sphere``: 1 - 3/2 x + 1/2 x^3 with x = r/D up to the diameter D (Guinier, X-ray Diffraction, 1963, section 10.1.4).
``lognormal``: spheres ln D ~ N(mu, spread^2), each counted by its volume, of volume-weighted mean diameter D.
``exponential``: exp(-r/D).
"""

from __future__ import annotations

import math

import numpy as np

from coherion.pair_model.compiled import compiled

NO_ENVELOPE, SPHERE, LOGNORMAL, EXPONENTIAL = 0, 1, 2, 3
KINDS = {"none": NO_ENVELOPE, "sphere": SPHERE, "lognormal": LOGNORMAL, "exponential": EXPONENTIAL}
# Parameters of each and where they start, lengths in angstrom.
DEFAULTS: dict[str, dict[str, float]] = {
    "none": {},
    "sphere": {"coherence_length": 100.0},
    "exponential": {"coherence_length": 100.0},
    "lognormal": {"coherence_length": 100.0, "coherence_spread": 0.3},
}


@compiled
def envelope_at(kind, r, length, spread):
    """Share of pairs at distance r that a finite domain keeps, and its derivatives in r, length and spread."""
    if kind == SPHERE:
        x = r / length
        if x >= 1.0:
            return 0.0, 0.0, 0.0, 0.0
        slope = -1.5 + 1.5 * x * x
        return 1.0 - 1.5 * x + 0.5 * x * x * x, slope / length, -slope * x / length, 0.0
    if kind == EXPONENTIAL:
        value = math.exp(-r / length)
        return value, -value / length, value * r / (length * length), 0.0
    if kind == LOGNORMAL:
        # Spheres with diameters ln D ~ N(mu, spread^2), each counted by its volume; length = <D^4>/<D^3>.
        s2 = spread * spread
        t = math.log(r / length)
        value, slope, turn = 0.0, 0.0, 0.0
        for power, factor in ((3, 1.0), (2, -1.5), (0, 0.5)):
            # (r/length)^(3-power) exp of the ratio of moments, times the upper tail of the shifted normal
            exponent = (3 - power) * t + (power * power - 9.0) * s2 / 2.0 + (3 - power) * 3.5 * s2
            z = (t + 3.5 * s2 - power * s2) / spread
            tail = 0.5 * math.erfc(z / math.sqrt(2.0))
            density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
            part = factor * math.exp(exponent)
            value += part * tail
            slope += part * ((3 - power) * tail - density / spread)
            growth = (power * power - 9.0) * spread + (3 - power) * 7.0 * spread
            turn += part * (growth * tail - density * (-t / s2 + 3.5 - power))
        return value, slope / r, -slope / length, turn
    return 1.0, 0.0, 0.0, 0.0


@compiled
def envelope_on(kind, r, length, spread):
    """The envelope on a grid r (angstrom), and its derivatives in length and spread; 1 at r = 0."""
    value, by_length, by_spread = np.ones(r.size), np.zeros(r.size), np.zeros(r.size)
    for k in range(r.size):
        if r[k] > 0.0:
            value[k], _, by_length[k], by_spread[k] = envelope_at(kind, r[k], length, spread)
    return value, by_length, by_spread
