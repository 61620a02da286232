"""Controls are what the declaration of a setting says."""

from __future__ import annotations

import math

import pytest

from coherion.live.declared import control, way
from coherion.live.figures import figure
from coherion.page.blocks import plot
from coherion.settings.reading import fields, meaning
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.reduction import CORRECTIONS, ReductionSettings
from coherion.settings.stages.refinement import ENVELOPES, Refinement
from coherion.settings.stages.validation import ValidationSettings


@pytest.mark.parametrize(
    ("model", "key", "kind", "words"),
    [
        (ReductionSettings, "qmin", "number", ()),
        (ReductionSettings, "qmax", "number", ("null",)),
        (ReductionSettings, "background_scale", "number", ("estimate", "time")),
        (ReductionSettings, "corrections", "several", CORRECTIONS),
        (ReductionSettings, "lorch", "flag", ()),
        (ValidationSettings, "frequency_min", "decades", ("null",)),
        (CircuitSettings, "circuit", "text", ()),
        (Refinement, "envelope", "choice", ENVELOPES),
        (Refinement, "fit_ranges", "range", ()),
        (Refinement, "constraints", "lines", ()),
    ],
)
def test_kind_and_words(model, key, kind, words):
    one = control("a", model, key, key)
    assert (one.kind, one.words) == (kind, tuple(words))
    assert one.meaning == meaning(fields(model)[key].type)[0] != ""


@pytest.mark.parametrize("value", [1e-4, 0.02, 0.5, 1.0, 13.0, 4000.0])
@pytest.mark.parametrize("key", ["qmin", "rpoly", "density", "packing", "two_theta_zero"])
def test_a_slider_stays_within_the_declared_limits(key, value):
    one = control("reduction", ReductionSettings, key, key)
    value = min(value, 1.0) if key == "packing" else value
    own = way(one, value)
    assert own.low < own.high and own.step > 0
    assert own.low <= value <= own.high or value > (one.high or value)
    assert one.low is None or (own.low > one.low if one.above else own.low >= one.low)
    assert one.high is None or own.high <= one.high
    assert (own.high - own.low) / own.step < 1000


@pytest.mark.parametrize("key", ["density", "background_scale", "qmin", "two_theta_zero"])
@pytest.mark.parametrize("value", [1e308, 1e-308])
def test_a_slider_of_a_number_of_any_size_has_ends(key, value):
    own = way(control("reduction", ReductionSettings, key, key), value)
    assert math.isfinite(own.low) and own.low < own.high < math.inf and 0 < own.step < math.inf


def test_a_slider_ends_where_the_data_do():
    assert way(control("reduction", ReductionSettings, "qmax", "Qmax"), 13.0, 15.03).high == pytest.approx(
        15.03, abs=0.06
    )


def test_names_on_an_axis_are_text():
    names = ["<b>Na</b>.u_iso", "a & b"]
    block = plot("correlation", "of <i>", [{"type": "heatmap", "x": names, "y": names, "z": [[1.0, 0], [0, 1.0]]}], {})
    made = figure(block)
    assert made["data"][0]["x"] == made["data"][0]["y"] == ["&lt;b&gt;Na&lt;/b&gt;.u_iso", "a &amp; b"]
    assert made["layout"]["title"]["text"] == "of &lt;i&gt;"
