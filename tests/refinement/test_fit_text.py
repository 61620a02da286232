"""The text file of a fit: the layout PDFgui writes, and that nothing is lost."""

import numpy as np
import pytest

from coherion.errors import InputError
from coherion.refinement.fit_text import fit_text, read_fit_text, write_fit_text


def test_written_file_reads_back_and_holds_observed(tmp_path):
    r = np.arange(2.0, 5.0, 0.01)
    observed, calculated = np.sin(3 * r), np.sin(3 * r + 0.01)
    path = tmp_path / "fit.fgr"
    write_fit_text(
        path, r, calculated, observed - calculated, sd=np.full_like(r, 0.02), header={"qmax": 13.0, "rw": 0.2}
    )
    header, columns = read_fit_text(path)
    assert header == {"qmax": "13", "rw": "0.2"}
    np.testing.assert_allclose(columns[:, 0], r, atol=1e-9)
    # PDFgui's rule: observed = G(r) + Gdiff
    np.testing.assert_allclose(columns[:, 1] + columns[:, 4], observed, atol=1e-7)
    np.testing.assert_allclose(columns[:, 3], 0.02)


def test_layout_is_the_one_of_pdfgui():
    lines = fit_text(np.array([2.0]), np.array([0.5]), np.array([-0.1])).splitlines()
    assert lines[0].startswith("History written")
    assert lines[-3:] == ["##### start data", "#L r(A) G(r) d_r d_Gr Gdiff", "2 0.5 0.0 0 -0.1"]


def test_reads_a_file_as_pdfgui_writes_it(tmp_path):
    path = tmp_path / "gui.fgr"
    path.write_text(
        "History written: Mon Jan  5 10:00:00 2026\nproduced by someone\n##### PDFgui fit\nstype=X  x-ray scattering\n"
        "qmax=25.00\n##### start data\n#L r(A) G(r) d_r d_Gr Gdiff\n1.5 -0.5 0.0 0.01 0.1\n1.51 -0.4 0.0 0.01 0.2\n"
    )
    header, columns = read_fit_text(path)
    assert header["qmax"] == "25.00" and columns.shape == (2, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("##### start data\n1 2 3\n", "line 2"),
        ("##### start data\n1 2 0 0 nan\n", "line 2"),
        ("qmax=3\n", "no data"),
    ],
)
def test_bad_files(tmp_path, text, words):
    path = tmp_path / "bad.fgr"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_fit_text(path)
