"""The kinds of test that a statement can name, each with its parameters and the rule of its verdict.

What each computes stands in :mod:`coherion.statistics.kinds`. ``of_trend``: it is about a trend or a correlation,
which no single sample may decide. ``compares_readings``: it asks by itself what other readings of the data give.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

import msgspec

from coherion.settings.model import NotNegative, Settings, refuse_no_range, told
from coherion.settings.paper.quantities import Name

Direction = Annotated[Literal["rising", "falling"], told("Which way the quantity is said to go")]
Of = Annotated[Name, told("Quantity that the statement is about")]
Against = Annotated[Name | None, told("Abscissa; null takes the paper's")]
Abscissa = Annotated[Name, told("Quantity that the other is said to go with")]
Fixed = Annotated[Name | None, told("Third quantity that is held fixed; null takes the paper's abscissa")]
Pair = Annotated[tuple[Name, Name], told("Names of two groups of samples")]

_SIGN = (
    "holds if the interval of the {number} has the stated sign; fails if it has the other, or {small}; else undecided"
)
_TREND = _SIGN.format(
    number="slope (Student's t, scatter estimated)", small="the change over the series is within the margin"
)
_SAME = (
    "holds if every difference passes an equivalence test against its margin; fails if one is certainly above it; "
    "else undecided"
)
_EXPONENT = _SIGN.format(number="exponent (profile)", small="is within +- negligible_exponent")


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _listed(value: object) -> str:
    if isinstance(value, tuple):
        return " and ".join(_listed(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


class Kind(Settings, frozen=True, kw_only=True, tag_field="kind", tag=_tag):
    """A kind of test."""

    criterion: ClassVar[str] = ""
    number: ClassVar[str] = ""
    unit: ClassVar[str] = "{of}"
    of_trend: ClassVar[bool] = False
    compares_readings: ClassVar[bool] = False
    least: ClassVar[int] = 1
    #: Whether its quantity must say which difference would not matter.
    needs_margin: ClassVar[bool] = False

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the quantities that it is told."""
        found: list[str] = []
        for key in ("of", "to", "against", "along", "beside", "fixed", "rival", "energy", "prefactor"):
            value = getattr(self, key, None)
            found += [value] if isinstance(value, str) else list(value or ())
        return tuple(found)

    @property
    def said(self) -> str:
        """The test in one line: its kind and what it was told."""
        told_of = {key: getattr(self, key) for key in self.__struct_fields__}
        words = [f"{key} {_listed(value)}" for key, value in told_of.items() if value not in (None, (), False)]
        return f"{str(self.__struct_config__.tag).replace('_', ' ')}: {', '.join(words)}".removesuffix(": ")

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups of samples that it is told."""
        found: list[str] = []
        for key in ("between", "reference", "only", "without"):
            value = getattr(self, key, None)
            found += [value] if isinstance(value, str) else list(value or ())
        return tuple(found)


class Trend(Kind, frozen=True, kw_only=True):
    """A quantity rises or falls along the series."""

    criterion: ClassVar[str] = _TREND
    number: ClassVar[str] = "d({of})/d({against})"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 4
    of: Of
    direction: Direction
    against: Against = None
    steadily: Annotated[bool, told("Whether it fails also where a single step certainly goes the other way")] = False


class Linear(Kind, frozen=True, kw_only=True):
    """A quantity rises or falls along the series in a straight line."""

    criterion: ClassVar[str] = (
        _TREND + "; and the departure from a line must pass an equivalence test against linearity_fraction of it"
    )
    number: ClassVar[str] = "d({of})/d({against})"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 5
    needs_margin: ClassVar[bool] = True
    of: Of
    direction: Direction
    against: Against = None


class Kink(Kind, frozen=True, kw_only=True):
    """The slope of a quantity changes at a value of the abscissa."""

    criterion: ClassVar[str] = _SIGN.format(
        number="change of slope of a continuous broken line", small="it is within the margin beyond the kink"
    )
    number: ClassVar[str] = "change of slope"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 5
    needs_margin: ClassVar[bool] = True
    of: Of
    direction: Annotated[Literal["rising", "falling"], told("Which way the slope is said to change")]
    at: Annotated[float, told("Where, in the unit of the abscissa")]
    against: Against = None


class Unchanged(Kind, frozen=True, kw_only=True):
    """A quantity does not change systematically along the series."""

    criterion: ClassVar[str] = _SAME
    number: ClassVar[str] = "change over the series"
    least: ClassVar[int] = 4
    needs_margin: ClassVar[bool] = True
    of: Of
    against: Against = None


class Equal(Kind, frozen=True, kw_only=True):
    """Two quantities are the same along the series."""

    criterion: ClassVar[str] = _SAME
    number: ClassVar[str] = "largest difference"
    least: ClassVar[int] = 4
    needs_margin: ClassVar[bool] = True
    of: Of
    to: Annotated[Name, told("Quantity that it is said to equal")]
    against: Against = None


class Within(Kind, frozen=True, kw_only=True):
    """A quantity stays within a range."""

    criterion: ClassVar[str] = (
        "holds if the interval of the mean is inside and no value certainly outside; fails if one is; else undecided"
    )
    number: ClassVar[str] = "mean"
    least: ClassVar[int] = 2
    of: Of
    range: Annotated[tuple[float, float], told("Lower and upper end")]

    def __post_init__(self) -> None:
        refuse_no_range(self, "range")


class About(Kind, frozen=True, kw_only=True):
    """The mean of a quantity has a stated value."""

    criterion: ClassVar[str] = (
        "equivalence of the mean (with scatter; of one sample its own error) to the stated value within the tolerance"
    )
    number: ClassVar[str] = "mean"
    needs_margin: ClassVar[bool] = True
    of: Of
    value: Annotated[float, told("Stated value, in its unit")]
    tolerance: Annotated[NotNegative | None, told("Difference that does not matter; null takes the margin")] = None


class Step(Kind, frozen=True, kw_only=True):
    """The mean of a quantity differs between two groups."""

    criterion: ClassVar[str] = _SIGN.format(number="difference of the means", small="is within the margin")
    number: ClassVar[str] = "difference"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 4
    of: Of
    between: Pair
    direction: Direction


class Ordered(Kind, frozen=True, kw_only=True):
    """A quantity rises or falls from sample to sample, step by step."""

    criterion: ClassVar[str] = (
        "holds if each step is significant (Bonferroni); fails if one certainly goes the other way; else undecided"
    )
    number: ClassVar[str] = "smallest step"
    least: ClassVar[int] = 2
    of: Of
    along: Annotated[Name, told("What the samples are ordered by; one sample without it comes first")]
    direction: Direction
    at: Annotated[tuple[float, ...], told("Its values that count; none for all")] = ()


class InOrder(Kind, frozen=True, kw_only=True):
    """Several quantities are in rising order in every sample."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = "holds if in this order for every sample; else fails"
    number: ClassVar[str] = "share of samples"
    of: Annotated[tuple[Name, ...], told("Quantities, the smallest first", min_length=2)]


class UnchangedFrom(Kind, frozen=True, kw_only=True):
    """Several quantities of each sample are those of one reference sample."""

    unit: ClassVar[str] = "margins"
    criterion: ClassVar[str] = _SAME
    number: ClassVar[str] = "largest difference"
    of: Annotated[tuple[Name, ...], told("Quantities, each with its margin", min_length=1)]
    reference: Annotated[Name, told("Group of one sample, that the others are held against")]


class RangeIndependent(Kind, frozen=True, kw_only=True):
    """All quantities with a margin are the same in another range of the fit, which is part of the main one."""

    unit: ClassVar[str] = "margins"
    criterion: ClassVar[str] = _SAME
    number: ClassVar[str] = "largest difference"
    range: Annotated[
        str,
        msgspec.Meta(pattern=r"^[0-9.]+-[0-9.]+$", extra={"words": "two lengths joined by -, such as 2-20"}),
        told("The other range, angstrom"),
    ]


class AtMost(Kind, frozen=True, kw_only=True):
    """A quantity is nowhere above a limit."""

    criterion: ClassVar[str] = "holds if the largest is at most the limit; else fails"
    number: ClassVar[str] = "largest"
    of: Of
    limit: Annotated[float, told("Limit, in its unit")]


class NoneSignificant(Kind, frozen=True, kw_only=True):
    """No p value of a sample is significant."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = "holds if the smallest p times the number of samples (Bonferroni) is above; else fails"
    number: ClassVar[str] = "smallest p"
    of: Of


class OnlyIn(Kind, frozen=True, kw_only=True):
    """A quantity is above a limit in one group and nowhere else."""

    criterion: ClassVar[str] = "holds if it is above the limit there and nowhere else; else fails"
    number: ClassVar[str] = "largest there"
    of: Of
    limit: Annotated[float, told("From which it counts as seen, in its unit")]
    only: Annotated[Name, told("Group in which it is said to be seen")]


class Excluded(Kind, frozen=True, kw_only=True):
    """One group, and it alone, leaves the structural series."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = "holds if exactly these samples are excluded; else fails"
    number: ClassVar[str] = "excluded samples"
    only: Annotated[Name, told("Group that is said to be left out")]


class Ratio(Kind, frozen=True, kw_only=True):
    """The ratio of a quantity of one sample to that of another has a stated value."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = "equivalence to the stated ratio within the tolerance"
    number: ClassVar[str] = "ratio"
    of: Of
    between: Pair
    value: Annotated[float, told("Stated ratio of the first to the second")]
    tolerance: Annotated[NotNegative, told("Difference from it that does not matter")]


class Compensation(Kind, frozen=True, kw_only=True):
    """Activation energy and prefactor rise together by more than errors and extrapolation make (Meyer-Neldel)."""

    unit: ClassVar[str] = "eV"
    criterion: ClassVar[str] = (
        "holds if the slope is positive and both nulls are rejected; fails if it is negative; else undecided"
    )
    number: ClassVar[str] = "E_MN"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 5


class Correlation(Kind, frozen=True, kw_only=True):
    """The logarithms of two positive quantities are correlated."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = (
        "holds if Fisher's interval has the stated sign and the permutation p is below the significance; fails if the "
        "interval has the other; else undecided"
    )
    number: ClassVar[str] = "correlation coefficient"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 5
    of: Of
    against: Abscissa
    direction: Direction
    coefficient: Annotated[Literal["pearson", "spearman"], told("Of values or of ranks")] = "pearson"


class Exponent(Kind, frozen=True, kw_only=True):
    """One positive quantity goes as a power of another, whose exponent has a sign."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = _EXPONENT
    number: ClassVar[str] = "exponent of {against}"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 5
    of: Of
    against: Abscissa
    direction: Direction


class ExponentWithin(Kind, frozen=True, kw_only=True):
    """The same among samples that share a third quantity, with the scatter of the whole series."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = _EXPONENT.replace(" (profile)", "")
    number: ClassVar[str] = "exponent of {against}"
    least: ClassVar[int] = 6
    of: Of
    against: Abscissa
    direction: Direction
    fixed: Fixed = None


class ExponentRobust(Kind, frozen=True, kw_only=True):
    """The exponent has its sign with every other set of the abscissa in the table (other models)."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = "holds if every interval has the stated sign; fails if one has the other; else undecided"
    number: ClassVar[str] = "largest change of the exponent"
    of_trend: ClassVar[bool] = True
    compares_readings: ClassVar[bool] = True
    least: ClassVar[int] = 5
    of: Of
    against: Abscissa
    direction: Direction


class Logarithmic(Kind, frozen=True, kw_only=True):
    """One quantity goes with the logarithm of another rather than with itself."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = (
        "holds if the best logarithmic curve leads the straight line by more than aicc_difference and goes the stated "
        "way; fails if it trails by as much or goes the other; else undecided"
    )
    number: ClassVar[str] = "lead in AICc"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 6
    of: Of
    against: Abscissa
    direction: Direction


class Separable(Kind, frozen=True, kw_only=True):
    """The series can tell two explanations apart."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = "holds if the variance inflation is below collinear_inflation; else fails"
    number: ClassVar[str] = "variance inflation"
    least: ClassVar[int] = 5
    of: Of
    against: Abscissa
    fixed: Fixed = None
    without: Annotated[Name | None, told("Group whose absence is told in the note")] = None


class MattersBeside(Kind, frozen=True, kw_only=True):
    """A third quantity matters beside another as an explanation."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = (
        "holds if the interval of its coefficient excludes zero; fails if it is within the margin over the series; "
        "else undecided"
    )
    number: ClassVar[str] = "d(log10 {of})/d({fixed})"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 6
    of: Of
    beside: Annotated[Name, told("The other explanation")]
    fixed: Fixed = None
    margin: Annotated[NotNegative, told("Decades over the series that do not matter")] = 0.1


class AtFixed(Kind, frozen=True, kw_only=True):
    """One quantity goes as a power of another at a fixed third one."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = (
        "holds if both profile intervals (linear and quadratic in the third), and that of samples that share it, have "
        "the stated sign, the inflation is below collinear_inflation and the quantity explains better than its rival "
        "does (explanation_lead); fails if both are within +- negligible_exponent or have the other sign; else "
        "undecided"
    )
    number: ClassVar[str] = "exponent of {against} at fixed {fixed}"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 6
    of: Of
    against: Abscissa
    direction: Direction
    fixed: Fixed = None
    rival: Annotated[Name | None, told("Another explanation, held against where the table has it")] = None


class ExplainedBy(Kind, frozen=True, kw_only=True):
    """A rival explains a quantity as well as another does, alone and at a fixed third quantity."""

    unit: ClassVar[str] = "1"
    criterion: ClassVar[str] = (
        "holds if both differences of AICc are at most explanation_lead and the rival explains more than nothing; "
        "fails if both are above; undecided otherwise, and where the rival's reliability is below least_reliability"
    )
    number: ClassVar[str] = "AICc of {rival} less {against} at fixed {fixed}"
    of_trend: ClassVar[bool] = True
    least: ClassVar[int] = 6
    of: Of
    against: Abscissa
    rival: Annotated[Name, told("Mean square of the rival, such as microstrain_squared")]
    fixed: Fixed = None


class CannotBeTested(Kind, frozen=True, kw_only=True):
    """No column of the table can test it."""

    unit: ClassVar[str] = ""
    why: Annotated[str, told("What would be needed", min_length=1)]


Test = (
    Trend
    | Linear
    | Kink
    | Unchanged
    | Equal
    | Within
    | About
    | Step
    | Ordered
    | InOrder
    | UnchangedFrom
    | RangeIndependent
    | AtMost
    | NoneSignificant
    | OnlyIn
    | Excluded
    | Ratio
    | Compensation
    | Correlation
    | Exponent
    | ExponentWithin
    | ExponentRobust
    | Logarithmic
    | Separable
    | MattersBeside
    | AtFixed
    | ExplainedBy
    | CannotBeTested
)
