"""How a refinement would move with parameters that it held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coherion.pair_model.model import SHARED_DEFAULTS
from coherion.refinement.least_squares.minimise import RefinementResult, make_evaluator


def sensitivity(result: RefinementResult, names: Sequence[str]) -> np.ndarray:
    """How refined parameters move with parameters held fixed, dp/dq, shape (n, len(names)).

    To first order the minimum follows a fixed parameter q as dz/dq = -(J'J)^-1 J' dresidual/dq; the covariance of
    q then adds dp/dq cov(q) dp/dq' to that of the refined parameters.
    """
    evaluator = make_evaluator(result.model, result.target, tuple(names))
    columns = result.target.weighting(evaluator.evaluate(result.values)[1])
    return -result.map.matrix @ (result.inverse @ (result.jacobian.T @ columns))


def resolution_covariance(result: RefinementResult, sds: dict[str, float], correlation: float) -> np.ndarray:
    """What the uncertainty of the instrument's resolution adds to the covariance of the refined parameters, (n, n).

    Parameters
    ----------
    sds
        Standard uncertainties of qdamp and of the parts that grow with Q; what was refined has its own already.
    correlation
        Between qdamp and the one other that is uncertain, of the first data set.
    """
    held = [name for name, sd in sds.items() if sd and name in result.values and name not in result.parameters]
    size = len(result.parameters)
    if not held:
        return np.zeros((size, size))
    slope = sensitivity(result, held)
    spread = np.array([sds[name] for name in held])
    matrix = np.eye(len(held))
    first = [k for k, name in enumerate(held) if name in SHARED_DEFAULTS]
    if len(first) == 2 and held[first[0]] == "qdamp":
        matrix[first[0], first[1]] = matrix[first[1], first[0]] = correlation
    return slope @ (matrix * np.outer(spread, spread)) @ slope.T
