"""G(r) of several data sets of one sample with derivatives: one structure, each with its own scale and resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coherion.pair_model.evaluator import Evaluator
from coherion.pair_model.model import PairModel


class JointEvaluator:
    """Evaluates each data set of a model at its own distances, one after the other in one array.

    As :class:`coherion.pair_model.evaluator.Evaluator`, with ``points``, angstrom, one array for each data set.
    """

    def __init__(self, model: PairModel, points: Sequence[np.ndarray], names: Sequence[str]) -> None:
        self.parts: list[tuple[Evaluator, dict[str, str], list[int]]] = []
        self.count = len(names)
        for number, r in enumerate(points, 1):
            own = model.of_set(number)
            meant = model.names_in_set(number)
            ours = {full: local for local, full in meant.items()}
            columns = [k for k, name in enumerate(names) if name in ours]
            self.parts.append((Evaluator(own, r, [ours[names[k]] for k in columns]), meant, columns))

    def evaluate(self, values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """G (n,) in 1/angstrom^2 and its derivatives (n, len(names)); ``values`` names every parameter."""
        found, slopes = [], []
        for evaluator, meant, columns in self.parts:
            g, own = evaluator.evaluate({local: values[full] for local, full in meant.items()})
            wide = np.zeros((g.size, self.count))
            wide[:, columns] = own
            found.append(g)
            slopes.append(wide)
        return np.concatenate(found), np.concatenate(slopes)

    @property
    def narrow(self) -> int:
        """Pairs drawn with the least width in any data set."""
        return max(evaluator.narrow for evaluator, _, _ in self.parts)
