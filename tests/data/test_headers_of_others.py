"""Headers of G(r) as other programs write them: what they say is taken as what it means, or refused.

The files are made here in the manner of each program; none is copied.
"""

from __future__ import annotations

import numpy as np
import pytest

from coherion.data.pdf_text import parse_pdf_text
from coherion.errors import InputError
from coherion.refinement.observed import read_observed

R = np.round(0.02 * np.arange(1, 1500), 2)
# What oscillates up to Q = 25 1/angstrom and no faster.
G = np.sin(np.outer(R, np.linspace(0.02, 24.9, 300))) @ np.random.default_rng(1).normal(size=300) / 300
ROWS = "\n".join(f"{r:.2f} {g:.8g}" for r, g in zip(R, G, strict=True))
WITH_ERRORS = "\n".join(f"{r:.2f} {g:.8g} 0.0 0.01" for r, g in zip(R, G, strict=True))

# Header and rows; radiation, Qmax, Qmin, wavelength, temperature.
HEADS = {
    "PDFgetX3 2": (
        "[DEFAULT]\n\nversion = diffpy.pdfgetx-2.2.1\n\n# input and output specifications\ndataformat = twotheta\n"
        "outputtype = gr\n\n# PDF calculation setup\nmode = xray\nwavelength = 0.1867\nqmaxinst = 26\n"
        "qmin = 0.8\nqmax = 25\n\n#### start data\n#S 1\n#L r(Å)  G(Å$^{-2}$)\n",
        ROWS,
        ("xray", 25, 0.8, 0.1867, None),
    ),
    "xPDFsuite": (
        "# xPDFsuite Configuration #\n[PDF]\nwavelength = 0.1867\nmode = xray\nqmaxinst = 26.0\n"
        "qmin = 0.5\nqmax = 25.0\n\n"
        "[Misc]\ninputdir = here\n\n#### start data\n#S 1\n#L r($\\AA$)  G($\\AA^{-2}$)\n",
        ROWS,
        ("xray", 25, 0.5, 0.1867, None),
    ),
    "PDFgetX2": (
        "History written: x\nProduced by me\n####### Get_XPDF #######\n\n##### General_Setting\ntitle=X-ray PDF\n"
        "quiet=0    debug=0\n\n##### Experiment_Setup\ntemperature=300.000    containermut=0.0005\n"
        "## X-Ray   radiationtype=3\n"
        "lambda=0.142500    energy=87.0070\n\n##### SofQ\n## S(q)  qmin=0.3    qmax=25.0    qgrid=0.02\n"
        "##### start data\n#F  x.gr\n#L r  G(r)  dr  dG(r)\n",
        WITH_ERRORS,
        ("xray", 25, 0.3, 0.1425, 300),
    ),
    "PDFgetN": (
        "History written: x\nInitial path: /x\nProduced by PDFgetN\n##### General_Setting\ntitle=salt\n"
        "## S(q)  qmin=0.90    qmax=25.0    qgrid=0\n##### start data\n#O0 rg_int sig_rg_int low_r high_r\n"
        "#S 1 - PDF from PDFgetN\n#P0  -22.03808    1.10131    2.60039    0.94935\n#L r G(r) dr dG(r)\n",
        WITH_ERRORS,
        ("neutron", 25, 0.9, None, None),
    ),
    "Mantid": (
        "#Comment: neutron, Qmin=0.7, Qmax=25.0\n##### start data\n#O0 rg_int sig_rg_int low_r high_r\n"
        "#S 1 - PDF from PDFgetN\n#P0  -22.03808    1.10131\n#L r G(r) dr dG(r)\n",
        WITH_ERRORS,
        ("neutron", 25, 0.7, None, None),
    ),
    "PDFgui": (
        "History written: x\nproduced by me\n##### PDFgui\nstype=N  neutron scattering\nqmax=25.00\nqdamp=0.01\n"
        "# metadata\ntemperature=15.0\n##### start data\n#L r(A) G(r) d_r d_Gr\n",
        WITH_ERRORS,
        ("neutron", 25, 0.0, None, 15),
    ),
    "GudrunN": (
        "# salt.mdor01\n# made by GudrunN\n# Qmax (1/A) : 25.0\n#  r   D(r)  error\n",
        WITH_ERRORS,
        ("neutron", 25, 0.0, None, None),
    ),
    "GudrunX, Qmax in nm": (
        "# salt.mdor01\n# made by GudrunX\n# Qmax (nm^-1) = 250\n",
        ROWS,
        ("xray", 25, 0.0, None, None),
    ),
    "RMCProfile: the number of points, then a title": (
        f"  {len(R)}\n X-ray G(r) of salt, Qmax: 25.0 A^-1\n",
        ROWS,
        ("xray", 25, 0.0, None, None),
    ),
    "DISCUS: remarks only": ("# PDF of salt\n# X rays\n# qmax = 25.0\n", ROWS, ("xray", 25, 0.0, None, None)),
    "a wavelength in nm, a temperature in degC": (
        "mode = xray\nqmax = 25\nwavelength = 0.01867 nm\ntemperature = 25 C\n",
        ROWS,
        ("xray", 25, 0.0, 0.1867, 298.15),
    ),
    "a wavelength in pm, a temperature in K": (
        "mode = xray\nqmax = 25 A^-1\nwavelength = 18.67 pm\ntemperature = 77 K\n",
        ROWS,
        ("xray", 25, 0.0, 0.1867, 77),
    ),
    "decimal commas in the header alone": (
        "mode = xray\nqmax = 25,0\nqmin = 0,800\nwavelength = 1,500\n",
        ROWS,
        ("xray", 25, 0.8, 1.5, None),
    ),
    "decimal commas throughout": (
        "mode = xray\nqmax = 25\nwavelength = 1,500\n",
        ROWS.replace(".", ","),
        ("xray", 25, 0.0, 1.5, None),
    ),
    "thousands": (
        "mode = xray\nqmax = 25\nwavelength = 0.2\ntemperature = 1,300.5 K\n",
        ROWS,
        ("xray", 25, 0.0, 0.2, 1300.5),
    ),
}


@pytest.mark.parametrize("program", HEADS)
def test_what_a_header_says(program, tmp_path):
    head, rows, expected = HEADS[program]
    path = tmp_path / "x.gr"
    path.write_text(head + rows + "\n", encoding="utf-8")
    found = read_observed(path)
    assert (found.radiation, found.qmax, found.qmin, found.wavelength, found.temperature) == (
        expected[0],
        *(value if value is None else pytest.approx(value) for value in expected[1:]),
    )
    np.testing.assert_allclose(found.r, R, atol=1e-9)
    np.testing.assert_allclose(found.g, G, rtol=1e-6, atol=1e-12)
    if rows is WITH_ERRORS:
        assert found.sd == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("mode = xray\nqmax = 25\nwavelength = 1,500\n", "read in two ways; found 1,500; expected 1.500 or 1500"),
        ("mode = xray\nqmax = 1,500\nqmin = 0.5\n", "header, key qmax"),
        ("qmax=25\n##### start data\n#L r(A) G(r) d_r d_Gr Gdiff\n", "what a model gives"),
        ("# qmax = 25\n# x ycalc y dy\n", "what a model gives"),
        ("# qmax = 25\n# r Gcalc Gobs\n", "what a model gives"),
        ("qmax=25\n#L Q F\n", "holds no G.r.; found a .fq file"),
    ],
)
def test_what_is_refused(head, words, tmp_path):
    path = tmp_path / "x.gr"
    path.write_text(head + ROWS + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        read_observed(path)
    assert "x.gr" in str(caught.value)


def test_observed_beside_calculated_is_data():
    """Where the second column is what was measured, a calculated one behind it is no matter."""
    assert parse_pdf_text("#L r Gobs Gcalc\n" + ROWS).kind == "gr"
