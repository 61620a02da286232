"""Structure and coherence length from G(r): what a refinement may be told.

Parameters are named as in :mod:`coherion.pair_model.model`: ``a``, ``Na1.x``, ``Na1.u_iso``, ``Na1.occupancy``,
``scale``, ``delta2``, ``coherence_length``. With several phases a name carries its phase, ``trigonal:Na1.x``; without
one it means the first phase in a constraint, and every phase in a pattern. Patterns are names with ``*`` and ``?``, or
one of the words ``lattice``, ``coordinates``, ``displacements``, ``occupancies``, ``partial_occupancies`` (those that
start below one), ``all``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec

from coherion.errors import InputError
from coherion.settings.model import Fraction, NotNegative, Positive, Seed, Settings, refuse, refuse_no_range, told

Convention = Literal["exact", "pdffit"]
Envelope = Literal["none", "sphere", "lognormal", "exponential", "spheroid", "plate"]
ReadingName = Literal["size", "size_strain", "strain", "lognormal", "spheroid"]
Radiation = Literal["xray", "neutron"]
Window = Literal["none", "lorch"]
Weights = Literal["auto", "unit", "sd", "covariance"]
CONVENTIONS: tuple[str, ...] = get_args(Convention)
ENVELOPES: tuple[str, ...] = get_args(Envelope)
SampleColumn = Literal["x", "temperature_K", "time_h", "annealing_C"]
READINGS: tuple[str, ...] = get_args(ReadingName)
RADIATIONS: tuple[str, ...] = get_args(Radiation)
WINDOWS: tuple[str, ...] = get_args(Window)

MOST_POINTS = 200_000

Patterns = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
FitRange = Annotated[tuple[NotNegative, NotNegative], told("First and last r of the fit", "angstrom")]


class Stage(Settings, frozen=True):
    """One step of a recipe: its name and the patterns of the parameters it frees."""

    free: Annotated[Patterns, told("Patterns of the parameters to free")]
    name: Annotated[str, told("What logs and results call the step; by default what it frees")] = ""

    def __post_init__(self) -> None:
        if not self.name:
            msgspec.structs.force_setattr(self, "name", ", ".join(self.free))


Stages = Annotated[
    tuple[Stage | Patterns, ...],
    told("Applied in order; what each frees is held again in the next unless cumulative", min_length=1),
]
StartValues = Annotated[
    dict[str, float | str], told("Starting values by pattern; values may be expressions of the table")
]
Others = Annotated[
    tuple[Envelope, ...],
    told("Envelopes with which the last stage is repeated, to see what becomes of the coherence length"),
]
Readings = Annotated[
    tuple[ReadingName, ...],
    told(
        "Ways in which size and strain are read besides (docs/method-refinement.md); the series has its length from "
        "them"
    ),
]
Extension = Annotated[
    # The number of pairs grows with the third power of the distance.
    Annotated[float, msgspec.Meta(ge=0, le=200)] | None,
    told(
        "How far beyond the fit range pairs of atoms are counted, whose ripples reach into it; null counts a few "
        "ripples. Where lines are sharp and one lies at Qmax, more is needed",
        "angstrom",
    ),
]
Profiled = Annotated[tuple[str, ...], told("Parameters that get a profile-likelihood interval, by pattern")]
Shape = Annotated[Envelope, told("What damps G(r) beyond the resolution; sphere is the paper's spdiameter")]

# What any structure bears: sites that the start has full stay full, which sets the scale.
STAGES = (
    Stage(free=("scale", "delta2"), name="scale and correlated motion"),
    Stage(free=("lattice",), name="lattice"),
    Stage(free=("coordinates", "partial_occupancies", "*.occupancy.*"), name="coordinates and occupancies"),
    Stage(free=("displacements",), name="displacements"),
    Stage(free=("coherence_*", "microstrain_squared"), name="coherence length and strain"),
)


class FurtherData(Settings, frozen=True, kw_only=True):
    """What one more G(r) of the same sample has of its own; null is as in the recipe."""

    qmax: Annotated[
        Positive | None, told("Where its Fourier transform ended; null takes what the data say", "1/angstrom")
    ] = None
    radiation: Annotated[Radiation | None, told("What was scattered; null takes what the data say")] = None
    window: Annotated[Window | None, told("Window on its F(Q)")] = None
    fit_range: Annotated[FitRange | None, told("Its range; null takes what the data hold of the recipe's")] = None
    qdamp: Annotated[Fraction | None, told("Its resolution, another instrument's", "1/angstrom")] = None
    qdamp_sd: Annotated[Fraction, told("Standard uncertainty of its qdamp", "1/angstrom")] = 0.0
    qbroad: Annotated[Fraction | None, told("As qdamp", "1/angstrom")] = None
    qbroad_sd: Annotated[Fraction, told("Standard uncertainty of its qbroad", "1/angstrom")] = 0.0
    qslope_squared: Annotated[Annotated[float, msgspec.Meta(ge=-1, le=1)] | None, told("As qdamp, dimensionless")] = (
        None
    )
    qslope_squared_sd: Annotated[Fraction, told("Standard uncertainty of its qslope_squared")] = 0.0

    @property
    def resolution(self) -> bool:
        """Whether its resolution is its own."""
        return any(value is not None for value in (self.qdamp, self.qbroad, self.qslope_squared))


class Recipe(Settings, frozen=True, kw_only=True):
    """What a refinement is told, over whichever range."""

    qmax: Annotated[
        Positive | None,
        told(
            "Where the Fourier transform ended; null takes what the data say, a number must agree with it", "1/angstrom"
        ),
    ] = None
    qdamp: Annotated[Fraction, told("Damping of G(r) by the instrument's resolution", "1/angstrom")] = 0.011
    qdamp_sd: Annotated[
        Fraction, told("Standard uncertainty of qdamp; it enters those of the parameters", "1/angstrom")
    ] = 0.0
    qbroad: Annotated[
        Fraction,
        told("Broadening of the peaks by the instrument as PDFfit2 has it: times the pair's own", "1/angstrom"),
    ] = 0.0
    qbroad_sd: Annotated[
        Fraction, told("Standard uncertainty of qbroad; it enters those of the parameters", "1/angstrom")
    ] = 0.0
    qslope_squared: Annotated[
        float,
        told("Square of the part of the instrument's resolution that grows with Q, dimensionless", ge=-1, le=1),
    ] = 0.0
    qslope_squared_sd: Annotated[
        Fraction, told("Standard uncertainty of qslope_squared; it enters those of the parameters")
    ] = 0.0
    resolution_correlation: Annotated[
        float, told("Correlation of qdamp with the part that grows with Q, dimensionless", ge=-1, le=1)
    ] = 0.0
    convention: Annotated[
        Convention,
        told(
            "exact divides each peak by its own distance and uses Q-dependent scattering factors; pdffit does as "
            "PDFfit2"
        ),
    ] = "exact"
    envelope: Shape = "sphere"
    radiation: Annotated[
        Radiation | None,
        told("What was scattered; null takes what the data say, X-rays where they say nothing"),
    ] = None
    window: Annotated[Window, told("Window on F(Q) before the transform; must be that of the reduction")] = "none"
    extension: Extension = None
    weights: Annotated[
        Weights, told("covariance or sd of the data, unit, or auto, which takes the best the data have")
    ] = "auto"
    stages: Stages = STAGES
    cumulative: Annotated[bool, told("Whether a stage keeps free what the earlier ones freed")] = False
    together: Annotated[bool, told("Whether a last stage frees everything that any stage named")] = True
    fixed: Annotated[
        dict[str, float | str | None],
        told("Patterns with the value to hold; null holds the starting value. Values may be expressions of the table"),
    ] = {}
    start: StartValues = {}
    bounds: Annotated[
        dict[str, tuple[float | None, float | None]],
        told(
            "Patterns with [lower, upper], null where there is none; they take the place of the built-in ones "
            "(docs/method-refinement.md)"
        ),
    ] = {}
    shared: Annotated[
        tuple[tuple[str, ...], ...],
        told("Lists of patterns; the parameters that one list matches are one parameter"),
    ] = ()
    constraints: Annotated[
        tuple[str, ...],
        told(
            'Linear equations such as "Na1.occupancy = 3 - x - 2*Na2.occupancy"; columns of the sample\'s row may be '
            "named"
        ),
    ] = ()
    full_mixed_sites: Annotated[
        bool, told("Whether the occupancies of a site that elements share keep the sum they start with")
    ] = True
    anisotropic: Annotated[
        tuple[str, ...] | None,
        told(
            'Labels of sites, patterns allowed, whose displacements are anisotropic, all others being isotropic: ["*"] '
            "makes all anisotropic, [] none; with several phases a label may carry its phase. null leaves each site as "
            "its structure has it"
        ),
    ] = None
    phases: Annotated[tuple[str, ...], told("Names of the phases; by default those of the files")] = ()
    starts: Annotated[int, told("Number of starts", ge=1, le=1000)] = 1
    spare_starts: Annotated[
        int,
        told(
            "Starts more where a single one is in doubt: it lay outside the bounds, the structure ended on one, or the "
            "phases are hardly told apart (docs/method-refinement.md)",
            ge=0,
            le=1000,
        ),
    ] = 4
    perturbation: Annotated[
        float,
        told(
            "Size of the random displacements of all starts but the first, in units of 0.02 angstrom in coordinates "
            "and the like (docs/method-refinement.md)",
            ge=0,
            le=10,
        ),
    ] = 1.0
    seed: Annotated[Seed, told("Seed of the generator of these displacements")] = 1
    compare_envelopes: Others = ("exponential", "lognormal")
    readings: Readings = ("size", "size_strain", "strain", "lognormal", "spheroid")
    profile: Profiled = ("coherence_length*",)
    profile_level: Annotated[
        float, told("Level of confidence of these intervals, dimensionless", ge=0.01, le=0.9999)
    ] = 0.6827
    max_evaluations: Annotated[int, told("Most evaluations of the model per stage", ge=1, le=100_000)] = 200
    reported: Annotated[
        Literal["scaled", "unscaled"],
        told("Which standard uncertainties the CIF carries: scaled by the root of reduced chi-squared, or unscaled"),
    ] = "scaled"

    def __post_init__(self) -> None:
        for pattern, (low, high) in self.bounds.items():
            if low is not None and high is not None and low > high:
                refuse(self, "bounds", f"lower <= upper for {pattern}", "bounds are not a range")

    @property
    def steps(self) -> tuple[Stage, ...]:
        """The stages, each with its name."""
        return tuple(one if isinstance(one, Stage) else Stage(free=one) for one in self.stages)


class RefinementSettings(Recipe, frozen=True, kw_only=True):
    """Settings of one refinement: the recipe, its range, and what the sample's row gives expressions to name."""

    fit_range: FitRange = (2.0, 60.0)
    further: Annotated[
        tuple[FurtherData, ...],
        told(
            "Of each further G(r) of the sample, in their order, what it has of its own; may be shorter than they are"
        ),
    ] = ()
    values: Annotated[dict[str, float], told("Numbers that expressions may name: the columns of the sample's row")] = {}

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_no_range(self, "fit_range")


class Refinement(Recipe, frozen=True, kw_only=True):
    """Structure and coherence length from G(r); docs/method-refinement.md and docs/method-pair-model.md"""

    fit_ranges: Annotated[
        tuple[FitRange, ...],
        told(
            "Ranges of r, each refined by itself; the first is the one the series and its figures are made from, the "
            "others show whether the result depends on the range (paper: 2 to 60, compared with 2 to 20 and 2 to 40)",
            "angstrom",
            min_length=1,
        ),
    ] = ((2.0, 60.0), (2.0, 20.0), (2.0, 40.0))
    resolution_from: Annotated[
        str | None,
        told(
            "Name of the standard in the table of samples whose refinement gives the resolution; null takes the "
            "numbers of qdamp, qbroad and qslope_squared"
        ),
    ] = None
    in_order_of: Annotated[
        SampleColumn | None,
        told(
            "Column of the table of samples in whose order the samples of a group are refined, each from its own start "
            "and from where the last one ended; null refines each by itself"
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for i, pair in enumerate(self.fit_ranges):
            refuse_no_range(self, f"fit_ranges.{i}", pair)
            # Files are named by a range as they are written here, and its fit is told its ends by that name.
            if any(float(f"{end:g}") != end or "e" in f"{end:g}" for end in pair):
                refuse(
                    self, "fit_ranges", "ends of at most six digits, such as 1.25", "files cannot be named by a range"
                )
        if len(set(self.fit_ranges)) < len(self.fit_ranges):
            refuse(self, "fit_ranges", "each range once", "a range stands twice")


class InTurnSettings(RefinementSettings, frozen=True, kw_only=True):
    """Settings of refinements one after the other: windows along one G(r), or samples that change step by step."""

    width: Annotated[Positive, told("Length of a window", "angstrom")] = 10.0
    step: Annotated[Positive, told("From one window to the next", "angstrom")] = 2.0
    compare_envelopes: Others = ()
    readings: Readings = ()
    profile: Profiled = ()


class CalculationSettings(Settings, frozen=True, kw_only=True):
    """What is calculated of a structure, and of which model; docs/method-pair-model.md"""

    qmin: Annotated[NotNegative, told("Lower end of F(Q)", "1/angstrom")] = 0.0
    qmax: Annotated[Positive, told("Upper end of F(Q), where the transform is cut", "1/angstrom")] = 25.0
    qstep: Annotated[Positive, told("Step of S(Q) and F(Q)", "1/angstrom")] = 0.01
    rmin: Annotated[NotNegative, told("Lower end of G(r)", "angstrom")] = 0.01
    rmax: Annotated[Positive, told("Upper end of G(r)", "angstrom")] = 60.0
    rstep: Annotated[Positive, told("Step of G(r)", "angstrom")] = 0.01
    radiation: Annotated[Radiation, told("What is scattered")] = "xray"
    convention: Annotated[Convention, told("As of a refinement")] = "exact"
    envelope: Shape = "none"
    window: Annotated[Window, told("Window on F(Q) before the transform")] = "none"
    qdamp: Annotated[Fraction, told("Damping of G(r) by the instrument's resolution", "1/angstrom")] = 0.0
    qbroad: Annotated[Fraction, told("Broadening of the peaks as PDFfit2 has it", "1/angstrom")] = 0.0
    qslope_squared: Annotated[
        float, told("Square of the part of the resolution that grows with Q, dimensionless", ge=-1, le=1)
    ] = 0.0
    values: Annotated[
        dict[str, float], told("Values of parameters by pattern, such as {coherence_length: 50, delta2: 2}")
    ] = {}
    anisotropic: Annotated[tuple[str, ...] | None, told("As of a refinement")] = None
    phases: Annotated[tuple[str, ...], told("Names of the phases; by default those of the files")] = ()
    partials: Annotated[bool, told("Whether G(r) of each pair of elements is calculated, of one phase")] = True

    def __post_init__(self) -> None:
        for low, high, step in (("rmin", "rmax", self.rstep), ("qmin", "qmax", self.qstep)):
            ends = getattr(self, low), getattr(self, high)
            if ends[0] >= ends[1]:
                refuse(self, low, f"less than {high} = {ends[1]:g}")
            if (ends[1] - ends[0]) / step > MOST_POINTS:
                refuse(self, high, f"a grid of at most {MOST_POINTS} points")


def settings_of_ranges(settings: Mapping[str, Any], ranges: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Settings of a refinement for each of several fit ranges by name, ``2-60`` being 2 to 60 angstrom.

    What the shape of the domains does to the length, and its profile, is asked once, of the first range. Without
    ranges the settings stand alone under an empty name.

    Raises
    ------
    InputError
        If a range is not two numbers joined by ``-``.
    """
    if not ranges:
        return {"": dict(settings)}
    made: dict[str, dict[str, Any]] = {}
    for name in ranges:
        try:
            low, high = (float(end) for end in name.split("-"))
        except ValueError:
            raise InputError(
                "not a fit range", place="--ranges", found=name, expected="two lengths in angstrom such as 2-60"
            ) from None
        asked_once: dict[str, Any] = {} if not made else {"compare_envelopes": [], "readings": [], "profile": []}
        made[name] = {**settings, "fit_range": [low, high], **asked_once}
    return made
