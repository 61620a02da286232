"""How a refinement would move with parameters that it held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coherion.refinement.least_squares.minimise import RefinementResult, make_evaluator


def sensitivity(result: RefinementResult, names: Sequence[str]) -> np.ndarray:
    """How refined parameters move with parameters held fixed, dp/dq, shape (n, len(names)).

    To first order the minimum follows a fixed parameter q as dz/dq = -(J'J)^-1 J' dresidual/dq; the covariance of
    q then adds dp/dq cov(q) dp/dq' to that of the refined parameters.
    """
    evaluator = make_evaluator(result.model, result.r, tuple(names))
    columns = result.target.weighting(evaluator.evaluate(result.values)[1])
    return -result.map.matrix @ (result.inverse @ (result.jacobian.T @ columns))


def resolution_covariance(result: RefinementResult, sds: dict[str, float], correlation: float) -> np.ndarray:
    """What the uncertainty of the instrument's resolution adds to the covariance of the refined parameters, (n, n).

    Parameters
    ----------
    sds
        Standard uncertainties of qdamp and of the parts that grow with Q; what was refined has its own already.
    correlation
        Between qdamp and the one other that is uncertain.
    """
    held = [name for name, sd in sds.items() if sd and name in result.values and name not in result.parameters]
    size = len(result.parameters)
    if not held:
        return np.zeros((size, size))
    slope = sensitivity(result, held)
    spread = np.array([sds[name] for name in held])
    matrix = np.eye(len(held))
    if len(held) == 2 and "qdamp" in held:
        matrix[0, 1] = matrix[1, 0] = correlation
    return slope @ (matrix * np.outer(spread, spread)) @ slope.T
