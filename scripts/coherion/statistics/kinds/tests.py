"""Which function makes the test of which kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from coherion.settings.paper import kinds
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.finding import Finding
from coherion.statistics.kinds import along, single, together
from coherion.statistics.kinds.view import View

TESTS: Mapping[type[kinds.Kind], Callable[[Any, View, ClaimSettings], Finding]] = {
    kinds.Trend: along.trend,
    kinds.Linear: along.linear,
    kinds.Kink: along.kink,
    kinds.Unchanged: along.unchanged,
    kinds.Equal: along.equal,
    kinds.Within: along.within,
    kinds.About: along.about,
    kinds.Step: along.step,
    kinds.Ordered: along.ordered,
    kinds.InOrder: single.in_order,
    kinds.UnchangedFrom: single.unchanged_from,
    kinds.RangeIndependent: single.range_independent,
    kinds.AtMost: single.at_most,
    kinds.NoneSignificant: single.none_significant,
    kinds.OnlyIn: single.only_in,
    kinds.Excluded: single.excluded,
    kinds.Ratio: single.ratio,
    kinds.Compensation: single.compensation,
    kinds.Correlation: together.correlation,
    kinds.Exponent: together.exponent,
    kinds.ExponentWithin: together.exponent_within,
    kinds.ExponentRobust: together.exponent_robust,
    kinds.Logarithmic: together.logarithmic,
    kinds.Separable: together.separable,
    kinds.MattersBeside: together.matters_beside,
    kinds.AtFixed: together.at_fixed,
    kinds.ExplainedBy: together.explained_by,
    kinds.CannotBeTested: single.cannot_be_tested,
}
