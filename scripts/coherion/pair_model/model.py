"""The model of G(r): what it consists of, its parameters, and its value with derivatives.

For one phase, in the ``exact`` convention,

    F(Q) = 1/(N <f>^2) sum_(i != j) o_i o_j f_i f_j gamma(r_ij) sin(Q r_ij) exp(-Q^2 s2_ij / 2) / r_ij - (baseline),

Debye's equation for pairs with relative displacement s2_ij, kept by a domain of shape gamma, with Q-dependent
scattering factors per pair of elements (Neder & Proffen, J. Appl. Cryst. 53 (2020) 710); the baseline is the same sum
of an even density whose atoms move as much, so that nothing is seen of the domain's form. G(r) is its sine transform
up to Qmax, damped by exp(-(qdamp r)^2/2) before the cut. In the ``pdffit`` convention (Farrow et al.,
J. Phys.: Condens. Matter 19 (2007) 335219) the peaks are Gaussians of the radial distribution divided by r,
the envelope multiplies peaks and baseline at r, and the scattering factors are those at Q = 0.
``docs/method-pair-model.md`` has the equations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from coherion.crystal.crystal import Crystal
from coherion.errors import InputError
from coherion.pair_model.envelope import SHAPES
from coherion.settings.stages.refinement import CONVENTIONS, ENVELOPES, RADIATIONS, WINDOWS

#: What widens peaks besides displacements, in the order in which the compiled loop is handed it; e^2 and b^2 come as
#: their sum. :mod:`coherion.pair_model.width` says what each means.
MOTION = (
    "delta1",
    "delta2",
    "qbroad",
    "microstrain_squared",
    "microstrain_squared_a",
    "microstrain_squared_b",
    "microstrain_squared_c",
)
SHARED_DEFAULTS = {"qdamp": 0.0, "qbroad": 0.0, "qslope_squared": 0.0}
# Of several data sets of one sample each has its own of these.
OF_DATA_SETS = ("scale", *SHARED_DEFAULTS)
PHASE_DEFAULTS = {"scale": 1.0} | {name: 0.0 for name in MOTION if name not in SHARED_DEFAULTS}


@dataclass(frozen=True)
class DataSet:
    """What one more data set of the same sample has of its own; see :class:`PairModel` for what it means.

    resolution
        Whether its resolution is another than that of the first: it then has parameters of it.
    """

    qmax: float
    radiation: str = "xray"
    window: str = "none"
    dispersion: Mapping[str, complex] = field(default_factory=dict)
    composition: Mapping[str, float] = field(default_factory=dict)
    qmin: float = 0.0
    resolution: bool = False


@dataclass(frozen=True)
class PairModel:
    """G(r) of one or several phases.

    phases
        Crystals with different names.
    qmax
        Where F(Q) is cut, 1/angstrom.
    convention
        ``exact`` or ``pdffit``.
    envelope
        Shape of the domains, a name of :data:`coherion.pair_model.envelope.SHAPES`.
    radiation
        ``xray`` or ``neutron``.
    window
        ``none`` or ``lorch``, as in the reduction.
    dispersion
        f' + i f'' in electrons by element, where the reduction divided by factors that hold them; the exact
        convention then weighs pairs with Re(f_a f_b*)/|<f>|^2.
    composition
        Atoms by element of what the data were divided by; used where there are several phases, whose share of the data
        depends on it. Empty: what the scales of the phases say.
    qmin
        F(Q) of the data is zero below this, 1/angstrom, and so is the model's; 0 if it is not said.
    extension
        How far beyond the largest r the peaks are computed before the cut (angstrom); by default
        ``EXTENSION_RIPPLES`` ripples 2 pi/qmax.
    further
        Data sets beside the first. The second has parameters of its own, ``scale_2`` of each phase and, with another
        resolution, ``qdamp_2``, ``qbroad_2`` and ``qslope_squared_2``; all else is the sample's.
    refinement_of_grid
        Divides the internal step, for tests of convergence.

    Raises
    ------
    InputError
        If a name is not one of those above, or two phases share a name.
    """

    phases: tuple[Crystal, ...]
    qmax: float
    convention: str = "exact"
    envelope: str = "sphere"
    radiation: str = "xray"
    window: str = "none"
    dispersion: Mapping[str, complex] = field(default_factory=dict)
    composition: Mapping[str, float] = field(default_factory=dict)
    qmin: float = 0.0
    extension: float | None = None
    refinement_of_grid: float = 1.0
    further: tuple[DataSet, ...] = ()

    def __post_init__(self) -> None:
        for choice, known in {
            "convention": CONVENTIONS,
            "envelope": ENVELOPES,
            "radiation": RADIATIONS,
            "window": WINDOWS,
        }.items():
            value = getattr(self, choice)
            if value not in known:
                raise InputError(f"unknown {choice}", place=choice, found=value, expected=", ".join(known))
        if not self.phases:
            raise InputError("the model has no phase", place="phases")
        names = [phase.name for phase in self.phases]
        if len(set(names)) != len(names):
            raise InputError("two phases have the same name", place="phases", found=", ".join(names))
        if not self.qmax > 0:
            raise InputError("qmax must be positive", place="qmax", found=self.qmax)
        if not 0.0 <= self.qmin < self.qmax:
            raise InputError("qmin must lie between 0 and qmax", place="qmin", found=self.qmin)

    def prefix(self, phase: int) -> str:
        """What stands before the names of a phase's parameters: nothing if it is the only one."""
        return "" if len(self.phases) == 1 else f"{self.phases[phase].name}:"

    @property
    def parameters(self) -> dict[str, float]:
        """All parameters that can be free, name to starting value."""
        made: dict[str, float] = {}
        for k, phase in enumerate(self.phases):
            own = phase.parameters | PHASE_DEFAULTS | SHAPES[self.envelope].parameters
            made |= {f"{self.prefix(k)}{name}": value for name, value in own.items()}
        made |= SHARED_DEFAULTS
        for number, one in enumerate(self.further, 2):
            made |= {f"{self.prefix(k)}scale_{number}": 1.0 for k in range(len(self.phases))}
            made |= {f"{name}_{number}": value for name, value in SHARED_DEFAULTS.items() if one.resolution}
        return made

    def of_set(self, number: int) -> PairModel:
        """The model of one data set alone, the first being 1."""
        if number == 1:
            return replace(self, further=())
        own = self.further[number - 2]
        return replace(
            self, further=(), **{f.name: getattr(own, f.name) for f in fields(own) if f.name != "resolution"}
        )

    def names_in_set(self, number: int) -> dict[str, str]:
        """What each parameter of :meth:`of_set` is called here."""
        known = self.parameters
        own = {f"{self.prefix(k)}scale" for k in range(len(self.phases))} | {*SHARED_DEFAULTS}
        names = replace(self, further=()).parameters
        return {name: f"{name}_{number}" if name in own and f"{name}_{number}" in known else name for name in names}

    def why_fixed(self, name: str) -> str | None:
        """Why a parameter is not free, or None if it is.

        Raises
        ------
        InputError
            If the model has no parameter of this name.
        """
        if name in self.parameters:
            return None
        of_shapes = [one for shape in SHAPES.values() for one in shape.parameters]
        for k, phase in enumerate(self.phases):
            prefix = self.prefix(k)
            if name in (f"{prefix}{one}" for one in of_shapes):
                known = SHAPES[self.envelope].parameters
                return f"the envelope {self.envelope} has {' and '.join(known) or 'no parameter'}"
            if name.startswith(prefix):
                return phase.why_fixed(name[len(prefix) :])
        raise InputError(
            "the parameter names no phase of the model",
            found=name,
            expected=" or ".join(f"{phase.name}:..." for phase in self.phases),
        )

    def complete(self, values: Mapping[str, float] | None) -> dict[str, float]:
        """All parameters, with ``values`` in place of the starting ones.

        Raises
        ------
        InputError
            If a name is unknown or not free.
        """
        made = self.parameters
        for name, value in (values or {}).items():
            if name not in made:
                raise InputError("not a free parameter of the model", place=name, advice=self.why_fixed(name))
            made[name] = float(value)
        return made

    def crystals(self, values: Mapping[str, float] | None = None) -> tuple[Crystal, ...]:
        """The phases with these values of their parameters."""
        now = self.complete(values)
        return tuple(
            phase.with_values({name: now[f"{self.prefix(k)}{name}"] for name in phase.parameters})
            for k, phase in enumerate(self.phases)
        )
