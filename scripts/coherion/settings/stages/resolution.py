"""How a standard is refined for the instrument's resolution."""

from __future__ import annotations

import msgspec

from coherion.settings.stages.refinement import (
    Extension,
    FitRange,
    Others,
    Profiled,
    Readings,
    RefinementSettings,
    Shape,
    Stage,
    Stages,
    StartValues,
)

STRUCTURE = (
    Stage(free=("scale", "delta2"), name="scale and correlated motion"),
    Stage(free=("lattice",), name="lattice"),
    Stage(free=("displacements",), name="displacements"),
)
# The part of the resolution that grows with Q, by the convention of the pair model, and where it starts.
SLOPES = {"exact": ("qslope_squared", 1e-6), "pdffit": ("qbroad", 0.01)}
STAGES = {
    convention: (*STRUCTURE, Stage(free=("qdamp", name), name="resolution")) for convention, (name, _) in SLOPES.items()
}
DEFAULT_STAGES = STAGES["exact"]


class StandardSettings(RefinementSettings, frozen=True, kw_only=True):
    """How a standard (group standard in the table of samples) is refined for the instrument's resolution"""

    # Ranges that show the damping, atoms where the CIF has them, large grains.
    fit_range: FitRange = (1.5, 80.0)
    # A line of LaB6 lies at Qmax 13, sharp enough for pairs far beyond the range to show in it.
    extension: Extension = 80.0
    envelope: Shape = "none"
    stages: Stages = DEFAULT_STAGES
    start: StartValues = {}
    compare_envelopes: Others = ()
    profile: Profiled = ()
    readings: Readings = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stages == DEFAULT_STAGES:
            msgspec.structs.force_setattr(self, "stages", STAGES[self.convention])
        named = {name for stage in self.steps for name in stage.free}
        start = {"qdamp": 0.02} | {name: value for name, value in SLOPES.values() if name in named}
        msgspec.structs.force_setattr(self, "start", start | self.start)
