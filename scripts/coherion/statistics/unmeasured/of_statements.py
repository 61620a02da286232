"""What an unseen confounder would need to undo a statement that two quantities go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.settings.paper import kinds
from coherion.statistics.correlation import mean_ranks
from coherion.statistics.kinds.along import SIGN
from coherion.statistics.kinds.points import Points, points
from coherion.statistics.kinds.view import View
from coherion.statistics.regression import Undetermined
from coherion.statistics.series import Array, Missing
from coherion.statistics.unmeasured.confounder import MOST_TIMES, Benchmark, Treatment, benchmark_of, treatment_of

#: Kinds of test that say of two quantities that they go together.
Related = kinds.Correlation | kinds.Exponent | kinds.AtFixed


@dataclass(frozen=True)
class Observed:
    """An observed covariate: its name, the samples that have it, its strength; None, and why, where it has none."""

    name: str
    n: int
    strength: Benchmark | None
    why: str = ""


@dataclass(frozen=True)
class Unmeasured:
    """Of one statement: the regression that it stands for, and the strength of what was observed.

    ``fixed`` is the quantity held fixed, if any; ``agrees`` whether the estimate has the stated sign.
    """

    treatment: Treatment
    n: int
    of: str
    against: str
    fixed: str | None
    agrees: bool
    observed: tuple[Observed, ...]

    def sentence(self, significance: float) -> str:
        """What it comes to, in one sentence; empty where the estimate has not the stated sign."""
        if not self.agrees:
            return ""
        value, alpha = self.treatment.robustness_value(), self.treatment.robustness_value(1.0, significance)
        said = (
            f"what was not measured would need a partial R2 of {value:.2f} with {self.against} and {self.of} to undo it"
        )
        said += f", {alpha:.2f} to take its significance" if alpha else ", and it is not significant without"
        told = []
        for one in self.observed:
            if one.strength is not None:
                times = one.strength.times_to_undo()
                told.append(f"{f'over {MOST_TIMES:g}' if times is None else f'{times:.2g}'} times {one.name}")
        return said + (f"; as strong as {', '.join(told)}" if told else "")


def unmeasured(test: kinds.Kind, view: View, observed: Sequence[str]) -> Unmeasured | None:
    """Sensitivity of a statement about two quantities; None of any other, and where the samples are too few.

    Parameters
    ----------
    observed
        Quantities whose strength an unseen one is measured by; those that the table has not are passed over.
    """
    if not isinstance(test, Related):
        return None
    fixed = view.against(test.fixed) if isinstance(test, kinds.AtFixed) else None
    ranks = isinstance(test, kinds.Correlation) and test.coefficient == "spearman"
    try:
        p = points(view.series, of=test.of, against=test.against, third=fixed, least=test.least)
        d, y, z = _variables(p, None if fixed is None else p.third, ranks)
        found = treatment_of(d, y, z)
    except (Missing, Undetermined):
        return None
    own = [name for name in observed if name not in (test.of, test.against)]
    strengths = tuple(one for name in own if (one := _observed(name, view, p, fixed, ranks)) is not None)
    agrees = SIGN[test.direction] * found.estimate > 0
    return Unmeasured(found, len(p.sample), test.of, test.against, fixed, agrees, strengths)


def _variables(p: Points, covariates: Array | None, ranks: bool) -> tuple[Array, Array, Array | None]:
    d, y = (mean_ranks(v) if ranks else v for v in (p.log_x, p.log_y))
    if covariates is None:
        return d, y, None
    columns = covariates.reshape(len(p.sample), -1)
    return d, y, mean_ranks(columns.T).T if ranks else columns


def _observed(name: str, view: View, p: Points, fixed: str | None, ranks: bool) -> Observed | None:
    """Strength of a covariate among the samples that have it, beside what is held fixed; None where none has."""
    try:
        values = view.series.numbers(name)[p.row.astype(int)]
    except Missing:
        return None
    has = np.isfinite(values)
    if not has.any():
        return None
    q, own = p.where(has), values[has]
    covariates = own[:, None] if fixed in (None, name) else np.column_stack([own, q.third])
    try:
        d, y, z = _variables(q, covariates, ranks)
        assert z is not None
        return Observed(name, own.size, benchmark_of(d, y, z, 0))
    except Undetermined as reason:
        return Observed(name, own.size, None, str(reason))
