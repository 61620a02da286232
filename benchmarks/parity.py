"""Reductions of others, made again: residuals of G(r), F(Q) and S(Q) against the program's own files, as a table.

Reads the pairs of input and output that are found under the folders of real data and of cases. Settings come from the
header of each output. Run: ``COHERION_REAL_DATA=... COHERION_CASES=... python benchmarks/parity.py``.
"""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

LAB6 = "pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.xye", "pdf/lab6_snbl/0p4mm_capillary_018_av17_monitor.xye"
NICKEL = "pdf/ni_pdfttp/Ni.chi", "pdf/ni_pdfttp/kapton.chi"
KAPTON = "pdf/reduction/kapton_bgrd_300k_nor_2-3_0315w2774.chi"
MESH = "pdf/reduction/ni300mesh_300k_nor_1-5_0ca4w2774.chi", KAPTON
CERIA = "pdf/reduction/ceo2_300k_nor_1-6_39d3w2774.chi", KAPTON
TITANIA = "pdf/reduction/tio2-ito-glass-450_e095.chi", "pdf/reduction/ito-glass-conv_9771.chi"
PHOSPHATE = "pdf/reduction/aZrP_d8ed.chi", "pdf/reduction/kapton_background_bd2b.chi"
GLASS = "pdf/reduction/glass_d248.chi", None
VARIABLES = {"gr": "pdf", "fq": "reduced_structure_factor", "sq": "structure_factor", "iq": "intensity_net"}


@dataclass(frozen=True)
class Pair:
    """An output of a program, and sample and background that it was made from."""

    folder: str
    output: str
    sample: str
    background: str | None


PAIRS = (
    *(Pair("real", f"pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.{kind}", *LAB6) for kind in ("gr", "fq", "sq")),
    *(Pair("real", f"pdf/lab6_snbl/v2.1.1/LaB6_0p4mm_011_av10_monitor.{kind}", *LAB6) for kind in ("gr", "fq", "sq")),
    *(Pair("real", f"pdf/ni_pdfttp/{name}.gr", *NICKEL) for name in ("Ni", "Ni-hires", "Ni-lownoise")),
    Pair("cases", "pdf/reduction/Ni_v2.0.gr", *MESH),
    Pair("cases", "pdf/reduction/CeO2_v2.0.gr", *CERIA),
    Pair("cases", "pdf/reduction/Ni_v1.2.gr", *MESH),
    *(Pair("cases", f"pdf/reduction/tio2conv450.{kind}", *TITANIA) for kind in ("gr", "fq")),
    Pair("cases", "pdf/reduction/zr_aZrP.gr", *PHOSPHATE),
    Pair("cases", "pdf/reduction/mw_glass_noBKGsub.gr", *GLASS),
)


def program_of(header: dict[str, str]) -> str:
    """Name of the program that a header tells, as the setting ``procedure`` has it."""
    if "version" not in header:
        return "xpdfsuite"
    return "pdfgetx3-1" if header["version"].startswith("pdfgetx3-1.") else "pdfgetx3"


def settings_of(header: dict[str, str], procedure: str = "auto") -> Any:
    """Settings of a reduction from the header of a program's output."""
    from coherion.settings.stages.reduction import ReductionSettings

    numbers = ("rpoly", "qmaxinst", "qmin", "qmax", "rmin", "rmax", "rstep")
    scale = header.get("bgscales", header.get("bgscale", "1"))
    return ReductionSettings(
        composition=header["composition"],
        background_scale=float(scale),
        procedure=procedure,
        covariance=False,
        **{key: float(header[key]) for key in numbers},
    )


def residuals(folder: Path, pair: Pair) -> tuple[str, float]:
    """The program, and |ours - theirs|/|theirs| of one output; points of the files are compared one by one."""
    import numpy as np

    from coherion.data.pdf_text import read_pdf_text
    from coherion.data.scans.reader import read_scan
    from coherion.scattering.reduction import reduce_scan

    theirs = read_pdf_text(folder / pair.output)
    header = theirs.header
    program = program_of(header)
    abscissa = {"twotheta": "two_theta", "QA": "q", "Qnm": "q_nm"}[header["dataformat"]]
    wavelength = float(header["wavelength"]) if abscissa == "two_theta" else None
    read = partial(read_scan, abscissa=abscissa, intensity_kind="arbitrary", wavelength=wavelength)
    sample, background = (None if name is None else read(folder / name) for name in (pair.sample, pair.background))
    made = reduce_scan(sample, background, settings_of(header, program if program == "pdfgetx3-1" else "auto"))
    variable = made[VARIABLES[theirs.kind]]
    ours, x = variable.values, variable[variable.dims[0]].values
    if ours.shape != theirs.y.shape or not np.allclose(x, theirs.x, rtol=6e-6, atol=1e-8):
        raise SystemExit(f"{pair.output}: points {x[0]:g} to {x[-1]:g}, theirs {theirs.x[0]:g} to {theirs.x[-1]:g}")
    return header.get("version", "xPDFsuite"), float(np.linalg.norm(ours - theirs.y) / np.linalg.norm(theirs.y))


def main() -> None:
    warnings.simplefilter("ignore")
    folders = {"real": os.environ.get("COHERION_REAL_DATA"), "cases": os.environ.get("COHERION_CASES")}
    print(f"{'output':58s} {'program':22s} residual")
    for pair in PAIRS:
        if folder := folders[pair.folder]:
            program, residual = residuals(Path(folder), pair)
            print(f"{pair.output:58s} {program:22s} {residual:.1e}")


if __name__ == "__main__":
    main()
