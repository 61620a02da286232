"""The look of the figures is seaborn's, though seaborn is not imported to draw them."""

import subprocess
import sys

import matplotlib
import pytest
import seaborn

from coherion.figures import plate, theme
from coherion.figures.theme import contrast, legible, of_order


@pytest.fixture
def seaborns():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        seaborn.set_theme(context="paper", style="ticks", palette="colorblind")
        yield dict(matplotlib.rcParams)


def test_the_theme_is_seaborns(seaborns):
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(theme.THEME)
        own = dict(matplotlib.rcParams)
    differing = {key for key in own if own[key] != seaborns[key] and key not in ("image.cmap", "axes.prop_cycle")}
    numbers = {key for key in differing if isinstance(own[key], float)}
    assert differing == numbers
    assert [own[key] for key in numbers] == pytest.approx([seaborns[key] for key in numbers])


def test_the_palettes_are_seaborns():
    assert [c for colour in theme.COLOURS for c in colour] == pytest.approx(
        [c for colour in seaborn.color_palette("colorblind") for c in colour]
    )
    for count in (2, 7, 12):
        theirs = seaborn.color_palette("viridis", count)
        assert [c for colour in theme.graded(count) for c in colour] == pytest.approx(
            [c for colour in theirs for c in colour]
        )


@pytest.mark.parametrize("count", [3, 13, 24])
def test_words_in_the_colour_of_their_curve_can_be_read(count):
    assert contrast("white") == pytest.approx(1.0) and contrast("black") == pytest.approx(21.0)
    # Example of the guidelines: #767676 is the lightest grey of 4.5 to 1.
    assert contrast("#767676") > 4.5 > contrast("#777777")
    for colour in (*of_order(count), "black"):
        words = legible(colour)
        assert contrast(words) >= 4.5
        assert colour != "black" or words == (0.0, 0.0, 0.0)


def test_drawing_a_sample_imports_neither_seaborn_nor_scipy_stats():
    code = (
        "import sys, coherion.figures.impedance, coherion.figures.refinement, coherion.figures.reduction\n"
        "sys.exit(bool({'seaborn', 'scipy.stats'} & set(sys.modules)))"
    )
    scripts = str(plate.__file__).rsplit("coherion", 1)[0]
    assert subprocess.run([sys.executable, "-c", code], cwd=scripts, check=False).returncode == 0
