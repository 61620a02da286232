"""How a standard is refined for the instrument's qdamp and qbroad."""

from __future__ import annotations

import msgspec

from coherion.settings.stages.refinement import (
    FitRange,
    Others,
    Profiled,
    RefinementSettings,
    Shape,
    Stage,
    Stages,
    StartValues,
)


class StandardSettings(RefinementSettings, frozen=True, kw_only=True):
    """How a standard (group standard in the table of samples) is refined for qdamp and qbroad"""

    # Ranges that show the damping, atoms where the CIF has them, large grains.
    fit_range: FitRange = (1.5, 80.0)
    envelope: Shape = "none"
    stages: Stages = (
        Stage(free=("scale", "delta2"), name="scale and correlated motion"),
        Stage(free=("lattice",), name="lattice"),
        Stage(free=("displacements",), name="displacements"),
        Stage(free=("qdamp", "qbroad"), name="resolution"),
    )
    start: StartValues = msgspec.field(default_factory=lambda: {"qdamp": 0.02, "qbroad": 0.01})
    compare_envelopes: Others = ()
    profile: Profiled = ()
