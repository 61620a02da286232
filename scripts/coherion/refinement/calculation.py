"""G(r), F(Q), S(Q) and partial G(r) of structures, calculated without a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.pair_model.evaluator import Evaluator
from coherion.pair_model.model import SHARED_DEFAULTS, PairModel
from coherion.refinement.patterns import matched
from coherion.refinement.steps.problem import make_model
from coherion.settings.stages.refinement import CalculationSettings, RefinementSettings


@dataclass(frozen=True, eq=False)
class Calculated:
    """What a model of structures gives.

    r, pair_distribution
        Angstrom, and G(r) in 1/angstrom^2, shape (n,).
    q, reduced_structure_factor
        1/angstrom, and F(Q) in 1/angstrom, shape (m,). Structures are seen as far as ``r`` reaches, so reflections are
        2 pi/rmax wide at least.
    partials
        By pair of elements such as ``Na-Cl``: the Faber-Ziman partial 4 pi r rho0 (g_ab(r) - 1), shape (n,).
    """

    r: np.ndarray
    pair_distribution: np.ndarray
    q: np.ndarray
    reduced_structure_factor: np.ndarray
    partials: dict[str, np.ndarray]

    @property
    def structure_factor(self) -> np.ndarray:
        """S(Q) = 1 + F(Q)/Q, dimensionless, shape (m,); 1 at Q = 0, where F/Q has no value."""
        f, q = self.reduced_structure_factor, self.q
        return 1.0 + np.divide(f, q, out=np.zeros_like(q), where=q > 0)


def calculate_structures(crystals: Sequence[Crystal], settings: CalculationSettings) -> Calculated:
    """Calculate what the settings ask for.

    Raises
    ------
    InputError
        If a value names no parameter, or phases have no names of their own.
    """
    shape = {
        name: getattr(settings, name)
        for name in ("convention", "envelope", "radiation", "window", "phases", "anisotropic")
    }
    model = make_model(crystals, settings.qmax, RefinementSettings(**shape))
    values = model.parameters | {name: float(getattr(settings, name)) for name in SHARED_DEFAULTS}
    for pattern, value in settings.values.items():
        values |= dict.fromkeys(matched([pattern], list(values), f"values.{pattern}", model.why_fixed), value)
    r = settings.rmin + settings.rstep * np.arange(round((settings.rmax - settings.rmin) / settings.rstep) + 1)
    q = settings.qmin + settings.qstep * np.arange(round((settings.qmax - settings.qmin) / settings.qstep) + 1)
    evaluator = Evaluator(model, r, ())
    return Calculated(
        r,
        evaluator.evaluate(values)[0],
        q,
        evaluator.reduced_structure_factor(values, q),
        _partials(model, r, values) if settings.partials and len(model.phases) == 1 else {},
    )


def _partials(model: PairModel, r: np.ndarray, values: dict[str, float]) -> dict[str, np.ndarray]:
    """Partial G(r) of each pair of elements, from models in which two elements scatter alike and the others do not.

    With scattering powers of one for a and b and of zero else, G is (c_a^2 G_aa + c_b^2 G_bb + 2 c_a c_b G_ab) over
    (c_a + c_b)^2; with a alone it is G_aa.
    """
    composition = model.crystals(values)[0].composition
    elements = [element for element, amount in composition.items() if amount > 0]
    alone = {a: Evaluator(model, r, (), powers={a: 1.0}).evaluate(values)[0] for a in elements}
    made = {}
    for i, a in enumerate(elements):
        made[f"{a}-{a}"] = alone[a]
        for b in elements[i + 1 :]:
            both = Evaluator(model, r, (), powers={a: 1.0, b: 1.0}).evaluate(values)[0]
            c, d = composition[a], composition[b]
            made[f"{a}-{b}"] = (both * (c + d) ** 2 - c**2 * alone[a] - d**2 * alone[b]) / (2.0 * c * d)
    return made
