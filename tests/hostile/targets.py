"""Every reader that a user's file or text meets: what it is fed, and what must be true of whatever it accepts.

A target reads one input and raises :class:`coherion.errors.CoherionError` to refuse it, ``AssertionError`` where what
it accepted is not sound; any other exception is a fault of the reader.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import made_bruker
import msgspec
import numpy as np
from made_archives import COUNTS, X, packed, profile, rasx, raw_data
from made_spectra import cartesian, complete, made, mpt_text, text_table

from coherion import command
from coherion.data import netcdf, pdf_text, tables
from coherion.data.contract.diffraction import REDUCTION, SCAN
from coherion.data.scans import archives, bruker, pdcif, stoe
from coherion.data.scans import reader as scans
from coherion.data.scans import text as scan_text
from coherion.data.scans.made import MadeScan
from coherion.data.series_tables import read_tables
from coherion.data.spectra import biologic
from coherion.data.spectra import text as impedance_text
from coherion.errors import CoherionError, InputError
from coherion.settings import configuration
from coherion.settings.reading import settings_from
from coherion.settings.run import configuration_from
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.claims import ClaimSettings
from coherion.settings.stages.geometry import GeometrySettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import RefinementSettings
from coherion.settings.stages.reflections import SidePhaseSettings
from coherion.settings.stages.resolution import StandardSettings
from coherion.settings.stages.scans import ScanSettings
from coherion.settings.stages.series import SeriesSettings
from coherion.settings.stages.spectra import SpectraSettings
from coherion.settings.stages.validation import ValidationSettings

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "workflow" / "schemas"
# Real files are shortened to this, so that most of the time goes into many inputs and not into long ones.
MAX_SEED = 45_000


@dataclass(frozen=True)
class Target:
    """One reader: the suffix of its files, whether they are text, good inputs to break, and how it is called.

    ``isolated`` marks readers whose library is not Python and may take the interpreter down with it.
    """

    name: str
    suffix: str
    text: bool
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], object]
    names_file: bool = True
    isolated: bool = False


def real_files(*patterns: str, whole: bool = False) -> list[bytes]:
    """Bytes of other people's real files, where the machine has them; text is cut after a line."""
    folder = os.environ.get("COHERION_REAL_DATA")
    found = []
    for pattern in patterns if folder else ():
        for path in sorted(Path(str(folder)).rglob(pattern)):
            if whole and path.stat().st_size <= MAX_SEED:
                found.append(path.read_bytes())
            elif not whole:
                data = path.read_bytes()[:MAX_SEED]
                found.append(data[: data.rfind(b"\n") + 1] or data)
    return found


def written(write: Callable[[Path], object], suffix: str) -> bytes:
    """What one of the project's writers makes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        write(path)
        return path.read_bytes()


def finite(*arrays: np.ndarray | None, of: int | None = None) -> None:
    for values in arrays:
        if values is not None:
            assert np.isfinite(values).all(), "not finite"
            assert of is None or values.shape == (of,), f"shape {values.shape}, expected {of}"


def rising(x: np.ndarray) -> None:
    assert x.ndim == 1 and np.all(np.diff(x) > 0), "abscissa does not rise"


# Scans


def a_range(points: int = 60, **changes: Any) -> stoe.RawRange:
    counts = np.random.default_rng(1).poisson(200, points).astype(float)
    return stoe.RawRange(**{"begin": 2.0, "step": 0.015, "counts": counts, "time_per_point": 60.0} | changes)


def raw_seeds() -> list[bytes]:
    header = stoe.RawHeader(wavelength=0.55941, title="SIMULATED", anode=1, date="10-Feb-24 09:30")
    two = [a_range(), a_range(begin=2.0 + 60 * 0.015)]
    return [
        stoe.format_raw(a_range(), header, provisional_copy=True),
        stoe.format_raw(two, header),
        stoe.format_raw(a_range(short_integers=True, count_factor=2.0), header),
        stoe.format_raw([], header),
        *real_files("*.raw", whole=True),
    ]


def read_raw(path: Path) -> None:
    size = path.stat().st_size
    found = stoe.read_raw(path)
    total = 0
    for r in found.ranges:
        finite(r.counts, r.two_theta, of=r.counts.size)
        assert r.counts.min() >= 0 and math.isfinite(r.time_per_point)
        rising(r.two_theta)
        total += r.counts.size
    assert 2 * total <= size, "more counts than bytes"
    assert len(found.history_words()) <= len(stoe.HISTORY)


def scan_seeds() -> list[bytes]:
    x = np.round(np.arange(2.0, 3.2, 0.02), 3)
    y = np.random.default_rng(2).poisson(200, x.size).astype(float)
    forms = [
        scan_text.format_scan_text(x, y, form="xyd"),
        scan_text.format_scan_text(x, y / 8, form="xyd_cps"),
        scan_text.format_scan_text(x, y, np.sqrt(y), form="xye"),
        scan_text.format_scan_text(
            x, y, np.sqrt(y), form="dat", header="wavelength = 0.5594\nSIMULATED", newline="\r\n"
        ),
        scan_text.format_scan_text(x, y, form="chi", header="a title"),
        scan_text.format_scan_text(x, y, form="xye", decimal_comma=True),
    ]
    return [form.encode() for form in forms] + real_files("*.xy", "*.xyd", "*.xye", "*.chi")


def read_scan_text(path: Path) -> None:
    found = scan_text.read_scan_text(path)
    assert found.x.size >= scan_text.MIN_ROWS
    finite(found.x, found.y, found.dy, of=found.x.size)
    rising(found.x)
    assert found.lines.shape == found.x.shape and np.all(np.diff(found.lines) > 0)
    assert 4 * found.x.size <= path.stat().st_size + 4, "more rows than bytes"
    assert found.stated_wavelength is None or 0.01 <= found.stated_wavelength <= 10
    assert isinstance(found.stated_abscissa, tuple)


def read_any_scan(path: Path) -> None:
    data = path.read_bytes()
    choice = sum(data[:64]) % 5
    told = (
        {},
        {"intensity_kind": "counts"},
        {"intensity_kind": "counts_per_second", "time_per_point": 8.0},
        {"intensity_kind": "arbitrary", "abscissa": "q"},
        {"intensity_kind": "arbitrary", "abscissa": "q_nm", "wavelength": 0.5594},
    )[0 if stoe.is_raw(data) else choice]
    found = scans.read_scan(path, **told)
    x = found[found.attrs["abscissa"]].values
    finite(x, found["intensity"].values, of=x.size)
    rising(x)
    assert x.size >= 2 and x[0] >= 0
    if "intensity_sd" in found:
        finite(found["intensity_sd"].values, of=x.size)
        assert (found["intensity_sd"].values >= 0).all()
    for key, value in found.attrs.items():
        assert isinstance(value, str) or math.isfinite(value), key


def made_scan(found: MadeScan, size: int) -> None:
    """What must be true of a scan out of any maker's file of so many bytes."""
    finite(found.x, found.y, found.dy, of=found.x.size)
    rising(found.x)
    assert found.x.size >= 2 and found.y.shape == found.x.shape
    assert found.dy is None or (found.dy.shape == found.x.shape and (found.dy >= 0).all())
    assert found.x.size <= size, "more points than bytes"
    assert found.wavelength is None or 0.01 <= found.wavelength <= 10
    assert found.time is None or 0 < found.time < math.inf


def archive_seeds() -> list[bytes]:
    short = profile(X[:60], COUNTS[:60])
    return [written(lambda path: rasx(path, short), ".rasx"), written(lambda path: rasx(path, short, short), ".rasx")]


def read_archive(path: Path) -> None:
    data = path.read_bytes()
    made_scan(archives.scan_of_archive(data, path, 1), archives.MOST_INFLATION * len(data) + 2**18)


def brml_seeds() -> list[bytes]:
    return [raw_data(X[:80], COUNTS[:80], extra=n, factor=f).encode() for n, f in ((0, 1.0), (1, 8.3))]


def read_raw_data(path: Path) -> None:
    """The XML within an archive, which the sum of the archive would hide from what breaks it."""
    data = path.read_bytes()
    whole = packed(path.with_suffix(".zip"), {"Experiment0/RawData0.xml": data}).read_bytes()
    made_scan(archives.scan_of_archive(whole, path), len(data))


def bruker_seeds() -> list[bytes]:
    low, high = (2.0, 0.05, COUNTS[:60]), (5.0, 0.05, COUNTS[60:90])
    versions = (made_bruker.version_1, made_bruker.version_2, made_bruker.version_3, made_bruker.version_4)
    return [*(write(low, high) for write in versions), made_bruker.version_3(low, varied=5, extra=40)]


def read_bruker(path: Path) -> None:
    data = path.read_bytes()
    if not bruker.is_bruker(data):
        raise InputError("is no raw file of Bruker's", file=path, expected="RAW1.01 or the like")
    made_scan(bruker.scan_of_raw(data, path), len(data))


def pattern_seeds() -> list[bytes]:
    x, head = X[:80], "data_a\n_diffrn_radiation_wavelength 0.7093\n_pd_meas_step_count_time 5\n"
    listed = "".join(f"{a} {b}\n" for a, b in zip(x, COUNTS, strict=False))
    sure = "".join(f"{b / 8:.3f}({b})\n" for b in COUNTS[:80])
    ends = f"_pd_meas_2theta_range_min 2\n_pd_meas_2theta_range_inc 0.05\n_pd_meas_2theta_range_max {x[-1]}\n"
    return [
        f"{head}loop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n{listed}".encode(),
        f"{head}{ends}loop_\n_pd_meas_intensity_total\n{sure}".encode(),
    ]


def read_pattern(path: Path) -> None:
    made_scan(pdcif.scan_of_cif(scan_text.decode(path.read_bytes(), path), path), path.stat().st_size)


# Text of reductions


def pdf_seeds() -> list[bytes]:
    r = np.arange(0.0, 1.2, 0.02)
    g = np.sin(13 * r)
    header = {"mode": "xray", "qmax": 13.0, "qmin": 0.5, "composition": "NaCl"}
    made = [
        pdf_text.format_pdf_text("gr", r, g, header=header),
        pdf_text.format_pdf_text("gr", r, g, dy=0.1 * np.ones_like(g), header=header),
        pdf_text.format_pdf_text("fq", r + 0.5, g, header=header),
        pdf_text.format_pdf_text("sq", r + 0.5, 1 + g / 10),
        pdf_text.format_pdf_text("iq", r + 0.5, 100 + g),
    ]
    return [text.encode() for text in made] + real_files("*.gr", "*.fq", "*.sq", "*.iq")


def read_pdf(path: Path) -> None:
    found = pdf_text.read_pdf_text(path)
    finite(found.x, found.y, found.dx, found.dy, of=found.x.size)
    rising(found.x)
    assert found.kind in (*pdf_text.LABELS, "unknown")
    assert 3 * found.x.size <= path.stat().st_size + 4, "more rows than bytes"
    for key in found.header:
        value = found.number(key)
        assert value is None or math.isfinite(value)


def read_observed(path: Path) -> None:
    from coherion.refinement import observed

    found = observed.read_observed(path)
    finite(found.r, found.g, found.sd, of=found.r.size)
    rising(found.r)
    assert math.isfinite(found.qmax) and found.qmax > 0
    assert found.origin in ("measured", "simulated")


# Impedance

NAMES = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg"]


def sound_spectra(path: Path, found: Sequence[Any]) -> None:
    assert found
    total = 0
    for s in found:
        n = s.frequency.size
        finite(s.frequency, s.impedance, of=n)
        assert n and s.time.shape == (n,) and (s.frequency > 0).all() and (np.abs(s.impedance) > 0).all()
        assert s.temperature is None or -273.15 < s.temperature <= 2000
        assert s.amplitude is None or 0 < s.amplitude < 1e6
        assert s.origin in ("measured", "simulated") and s.cycle >= 0
        total += n + s.dropped_count
    assert total <= path.stat().st_size, "more rows than bytes"


def reads_spectra(read: Callable[[Path], Sequence[Any]]) -> Callable[[Path], None]:
    return lambda path: sound_spectra(path, read(path))


def mpr_seeds() -> list[bytes]:
    short = np.geomspace(1e6, 1.0, 12)
    one, two = made(frequency=short, temperature=25.0), made(2, 2e6, frequency=short, temperature=30.0)
    return [
        written(lambda p: biologic.write_mpr(p, [one, two], comment="made"), ".mpr"),
        written(lambda p: biologic.write_mpr(p, [made()]), ".mpr"),
        *real_files("*.mpr", whole=True),
    ]


def mpt_seeds() -> list[bytes]:
    short = np.geomspace(1e6, 1.0, 12)
    one, two = made(frequency=short, temperature=25.0), made(2, 2e6, frequency=short, temperature=30.0)
    return [
        written(lambda p: biologic.write_mpt(p, [one, two], with_temperature=True), ".mpt"),
        mpt_text(NAMES, complete(short), header=["Number of loops : 1", "Loop 0 from point number 0 to 11"]).encode(),
        mpt_text(NAMES[:3], cartesian(short), decimal=",", line_end="\r\n", tail="\t").encode("cp1252"),
        *real_files("*.mpt"),
    ]


def z_seeds() -> list[bytes]:
    columns = cartesian(np.geomspace(1e6, 1.0, 12))
    body = text_table(["Freq(Hz)", "Z'(a)", "Z''(b)"], columns, separator=", ")
    names, rest = body.split("\n", 1)
    text = f'ZPLOT2 ASCII\n"made"\nPotential-AC: 10\nData Points: 12\n{names}\nEnd Comments\n{rest}'
    return [text.encode(), *real_files("*.z")]


def dta_seeds() -> list[bytes]:
    f, real, minus = cartesian(np.geomspace(1e6, 1.0, 12))
    rows = "".join(
        f"\t{k}\t{k * 1.5}\t{a:.6g}\t{b:.6g}\t{-c:.6g}\n"
        for k, (a, b, c) in enumerate(zip(f, real, minus, strict=True))
    )
    head = "EXPLAIN\nTAG\tEISPOT\nTITLE\tLABEL\tmade\tTest\nVAC\tQUANT\t10\tAC Voltage (mV)\n"
    table = f"ZCURVE\tTABLE\t12\n\tPt\tTime\tFreq\tZreal\tZimag\n\t#\ts\tHz\tohm\tohm\n{rows}"
    return [(head + table + "END\tLABEL\n" + table).encode(), *real_files("*.DTA")]


def column_seeds() -> list[bytes]:
    columns = cartesian(np.geomspace(1e6, 1.0, 12))
    names = ["Freq.[Hz]", "Zs'[ohm]", "-Zs''[ohm]"]
    made = [
        text_table(names, columns),
        "made 25 degC\nAC Volt [Vrms]=0.1\nFixed value(s): Temp. [°C]=25.00\n"
        + text_table(names, columns, separator="  "),
        text_table(["Freq", "Z'", "Z''"], columns, separator=";", decimal=","),
        text_table(["f[kHz]", "|Z|[kOhm]", "phase[rad]"], columns, separator=","),
    ]
    return [text.encode() for text in made] + real_files("Example*.txt", "s04147*.txt", "CSV_Example.csv")


def read_all_spectra(path: Path) -> list[Any]:
    from coherion.data.spectra.reader import read_spectra

    return read_spectra(path)


def read_named_columns(path: Path) -> list[Any]:
    """Names of columns that a table of spectra might give, as the first line of the input says them."""
    data = path.read_bytes()
    names, _, rest = data.partition(b"\n")
    path.write_bytes(rest)
    return impedance_text.read_columns(path, names.decode("utf-8", "replace"))


def named_seeds() -> list[bytes]:
    return [b"frequency,real,-imaginary\n" + seed for seed in column_seeds()] + [
        b"frequency[kHz],modulus,phase[deg],skip\n1 2 -3 4\n2 3 -4 5\n3 4 -5 6\n"
    ]


# Structures


def cif_seeds() -> list[bytes]:
    shipped = [path.read_bytes() for path in sorted((ROOT / "config" / "structures").glob("*.cif"))]
    aniso = b"""data_made
_cell_length_a 5.0(1)
_cell_length_b 5.0
_cell_length_c 5.0
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P 1'
loop_
_symmetry_equiv_pos_as_xyz
 x,y,z
 -x,-y,-z
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
_atom_site_B_iso_or_equiv
Na1 Na1+ 0.1 0.2 0.3 0.5 1.0
In1 In 0.1 0.2 0.3 0.5 1.0
Cl1 Cl1- 0.6 .7 -0.2 1 ?
loop_
_atom_site_aniso_label
_atom_site_aniso_U_11
_atom_site_aniso_U_22
_atom_site_aniso_U_33
_atom_site_aniso_U_12
_atom_site_aniso_U_13
_atom_site_aniso_U_23
Na1 0.01 0.01 0.01 0 0 0.001
"""
    return [*shipped, aniso, *real_files("*.cif")]


def read_crystal(path: Path) -> None:
    from coherion.crystal.cif_input import read_cif

    found = read_cif(path)
    assert found.sites and math.isfinite(found.volume) and found.volume > 0
    finite(np.array(found.lattice))
    for values in found.parameters.values():
        assert math.isfinite(values)
    if sum(len(kind.chosen) for kind in found.structure.sites) <= 500:
        cell = found.expand()
        finite(cell.positions, cell.lattice_matrix, cell.u_cartesian)
        assert len(cell.positions) == len(cell.site)


# Configuration, tables and settings


def yaml_seeds() -> list[bytes]:
    shipped = [path.read_bytes() for path in sorted((ROOT / "config").glob("*.yaml")) if path.stem != "simulation"]
    return [
        *shipped,
        b"reduction: {qmax: 13.0, qmin: .5}\nper_sample: {a: {reduction: {qmax: 1.0e+1}}}\nresults: out\n",
        b"a: &a [x, x]\nb: &b [*a, *a]\nreduction: !!python/object/apply:os.system [echo]\nwhen: 2001-01-01\nn: 0b1\n",
        b"tables: {samples: !!str a.tsv, scans: null}\nrefinement:\n  <<: {starts: 1_0}\n  fit_ranges: [[2, 60]]\n",
    ]


@functools.cache
def schema(name: str) -> Any:
    return configuration.read_yaml(SCHEMAS / f"{name}.schema.yaml")


def read_configuration(path: Path) -> None:
    settings = configuration_from(configuration.read_yaml(path) or {}, file=path)
    # The rules hand settings on as JSON, in which NaN and infinity do not exist.
    assert json.loads(json.dumps(settings, allow_nan=False)) == settings


def simulation_seeds() -> list[bytes]:
    return [(ROOT / "config" / "simulation.yaml").read_bytes()]


def read_simulation(path: Path) -> None:
    from coherion.simulation.series import Sample
    from coherion.simulation.series import read_simulation as read

    series = read(path)
    for name in series["samples"]:
        assert isinstance(Sample.of(series, name), Sample)


def table_seeds(name: str) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for path in sorted((ROOT / "config").rglob(f"{name}.tsv"))]


def reads_table(name: str, key: str | None) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        rows = tables.read_table(path, schema(name), key=key)
        assert rows
        for row in rows:
            own = row.pop(tables.OWN, {})
            assert not own or "patternProperties" in schema(name)
            assert set(row) <= {*schema(name)["properties"], "line"}
            for value in (*row.values(), *own.values()):
                assert not isinstance(value, float) or math.isfinite(value)

    return read


def read_samples(path: Path) -> None:
    """The table of samples with the two others that ship, as the workflow reads them."""
    others = {name: str(ROOT / "config" / f"{name}.tsv") for name in ("scans", "spectra")}
    found = read_tables({"samples": str(path), **others}, SCHEMAS)
    assert set(found.with_spectra()) <= set(found.samples)


def series_seeds() -> list[bytes]:
    columns = "sample\tx\tgroup\torigin\ta_A\ta_A_sd\tcoherence_length_A\tcoherence_length_A_sd\n"
    rows = "".join(f"x{k}\t0.{k}\tas_milled\tsimulated\t{6.9 + k / 100}\t0.01\t{20 + 5 * k}\t2\n" for k in range(1, 9))
    return [(columns + rows).encode(), (columns + rows).replace("\n", "\r\n").encode()]


def read_series(path: Path) -> None:
    from coherion.statistics.series import Missing
    from coherion.statistics.series import read_series as read

    found = read(path)
    assert len(found) >= 1
    for role in ("sample", "x", "a", "coherence_length", "group"):
        if found.has(role):
            values = found.texts(role) if role in ("sample", "group") else None
            assert values is None or len(values) == len(found)
            if values is None:
                with contextlib.suppress(Missing):
                    assert not np.isinf(found.numbers(role)).any()


def resolution_seeds() -> list[bytes]:
    content = {
        **{
            "qdamp": 0.011,
            "qdamp_sd": 1e-4,
            "qbroad": 0.01,
            "qbroad_sd": 2e-4,
            "qslope_squared": 2e-7,
            "qslope_squared_sd": 1e-8,
            "correlation": -0.3,
            "rw": 0.1,
        },
        **{"chi_squared_reduced": 1.1, "standard": "LaB6", "lattice_parameter": 4.156, "lattice_parameter_sd": 1e-4},
        **{"origin": "simulated", "settings": {"a": [1, 2]}, "sources": {}},
    }
    return [json.dumps(content, indent=1).encode(), json.dumps(content).encode()]


def read_resolution(path: Path) -> None:
    from coherion.refinement.resolution import read_resolution as read

    found = read(path)
    for value in found.as_settings().values():
        assert isinstance(value, int | float) and math.isfinite(value)
    assert found.origin in ("measured", "simulated") and isinstance(found.standard, str)


def setting_seeds() -> list[bytes]:
    seeds: list[dict[str, Any]] = [
        {"composition": "NaCl", "qmax": 13.0, "corrections": ["polarisation"], "background_scale": "time"},
        {"composition": "Na2.5In0.5Zr0.5Cl6", "monochromator": 12.5, "corrections": "all", "density": 2.5},
        {
            "fit_range": [2, 60],
            "stages": [{"name": "a", "free": ["scale"]}, ["lattice"]],
            "fixed": {"a": None, "b": "1-x"},
        },
        {"constraints": ["a = b"], "bounds": {"a": [None, 1]}, "shared": [["a*"]], "values": {"x": 0.5}, "seed": 3},
        {"limit": 0.02},
        {"circuit": "p(R1,CPE1)-CPE2", "weights": "unit", "start": {"R1": 1e5}, "bounds": {"R1": [0, None]}},
        {"resistances": {"total": ["R1", "R2"]}, "fixed": {"R1": 1}, "restarts": 2, "aicc_margin": 3},
        {"pellet_thickness_cm": 0.15, "pellet_diameter_cm": 0.9, "reference_temperature": 25.0},
        {"significance": 0.05, "resamples": 1000},
        {
            "polyhedra": [{"centre": "Na1", "ligand": "Cl"}],
            "angles": [["M1", "M2", "Cl1"]],
            "bonds": [],
            "bond_valence": {},
        },
        {"abscissa": "q", "intensity_kind": "counts", "time_per_point": 60, "wavelength": 0.5, "range_number": 1},
        {
            "sample": "a",
            "rows": [{"file": "a.mpt", "temperature_C": 25, "cycles": "1,2", "line": 2}],
            "temperature_sd": 1,
        },
    ]
    return [json.dumps(seed).encode() for seed in seeds]


MODELS: tuple[type[msgspec.Struct], ...] = (
    ScanSettings,
    ReductionSettings,
    RefinementSettings,
    StandardSettings,
    GeometrySettings,
    SidePhaseSettings,
    SpectraSettings,
    ValidationSettings,
    CircuitSettings,
    ArrheniusSettings,
    SeriesSettings,
    ClaimSettings,
)


def read_settings(path: Path) -> None:
    """Settings as a command is told them, tried as those of each stage."""
    from coherion.data.spectra.reader import files_of_rows

    given = command.read_settings(str(path))
    rows = given.get("rows")

    def import_rows() -> object:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return None
        return files_of_rows(rows, ["data/a.mpt"])

    for stage in (*(functools.partial(settings_from, model, given) for model in MODELS), import_rows):
        try:
            stage()
        except CoherionError as refused:
            problem = str(refused)
            assert "\n" not in problem and len(problem) < 3000


# Grammars


def decoded(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def circuit_seeds() -> list[bytes]:
    return [
        b"p(R1,CPE1)-CPE2",
        b"R0-p(R1,C1)-p(R2-W1,CPE2)-L1",
        b"p(p(R1,C1),p(R2,C2)-Wo1)-Ws1-G1-Gs1-La1-K1-Zarc1-CPE3",
    ]


def read_circuit(path: Path) -> None:
    from coherion.impedance.circuits.circuit import circuit

    found = circuit(decoded(path))
    names = [p.name for p in found.parameters]
    assert names and len(set(names)) == len(names)
    assert circuit(str(found.tree)).parameters == found.parameters


def constraint_seeds() -> list[bytes]:
    return [
        b"Na1.occupancy = 3 - x - 2*Na2.occupancy",
        b"a = b = c",
        b'2(a + b)/4 = -"Na1.x" + 1e-3',
        b"M1.occupancy.Zr = x * 0.5\nM2.occupancy.Zr = (1 - x) / 2\na = b",
    ]


def read_constraints(path: Path) -> None:
    from coherion.refinement.constraints import parse_constraint, parse_number
    from coherion.refinement.linear_map import linear_map

    names = ["a", "b", "c", "Na1.occupancy", "Na2.occupancy", "Na1.x", "M1.occupancy.Zr", "M2.occupancy.Zr"]
    lines = decoded(path).split("\n")
    equations = [e for line in lines for e in parse_constraint(line, names, {"x": 0.5})]
    found = linear_map(names, dict.fromkeys(names, 0.5), free=names, equations=equations)
    finite(found.offset, found.matrix)
    assert found.matrix.shape == (len(names), len(found.variables))
    with contextlib.suppress(CoherionError):
        assert math.isfinite(parse_number(lines[0].partition("=")[2], {"x": 0.5}, place="start"))


def formula_seeds() -> list[bytes]:
    return [b"Na2.5In0.5Zr0.5Cl6", b"Ca(OH)2 [Fe(CN)6]3", b"LaB6"]


def read_formula(path: Path) -> None:
    from coherion.atoms.composition import mass_fractions, parse_formula

    found = parse_formula(decoded(path))
    for amount in found.values():
        assert math.isfinite(amount) and amount > 0
    assert math.isclose(sum(mass_fractions(found).values()), 1.0, rel_tol=1e-6)


# netCDF


@functools.cache
def netcdf_seeds() -> list[bytes]:
    import xarray

    x = np.arange(2.0, 3.0, 0.02)
    y = np.random.default_rng(3).poisson(200, x.size).astype(float)
    told = {
        "origin": "simulated",
        "abscissa": "two_theta",
        "intensity_kind": "counts",
        "wavelength": 0.5594,
        "title": "a",
    }
    values = {"two_theta": x, "intensity": y, "intensity_sd": np.sqrt(y)}
    scan = SCAN.dataset(values, told, abscissa="two_theta", intensity="counts")
    r = np.arange(0.0, 20.0, 0.1)
    along_q = ("q", "intensity", "background", "intensity_net", "structure_factor", "reduced_structure_factor")
    values = {
        "r": r,
        "pdf": np.sin(3 * r),
        "pdf_sd": np.full(r.size, 0.1),
        **dict.fromkeys((*along_q, "polynomial"), np.arange(1.0, 2.0, 0.1)),
    }
    told = {"origin": "simulated", "qmax": 13.0, "qmin": 0.5, "dispersion": '{"Na": [0.1, 0.2]}'}
    reduced = REDUCTION.dataset(values, told, intensity="counts")
    words = xarray.Dataset(
        {
            "name": ("k", np.array(["R1", "CPE1_0"], dtype=object), {"units": "1", "long_name": "names"}),
            "flag": ("k", np.array([True, False]), {"units": "1", "long_name": "flags"}),
            "big": (("k", "m"), np.zeros((2, 3000)), {"units": "1", "long_name": "many"}),
        },
        attrs={"origin": "measured"},
    )
    made = ((scan, "import_scan"), (reduced, "reduce_scan"))
    return [
        *(written(functools.partial(netcdf.write_dataset, d, made_by=command), ".nc") for d, command in made),
        written(functools.partial(words.to_netcdf, engine="netcdf4"), ".nc"),
    ]


def read_netcdf(path: Path) -> None:
    found = netcdf.read_dataset(path)
    for name, variable in found.variables.items():
        assert variable.shape == tuple(found.sizes[d] for d in variable.dims), name
        assert variable.values.shape == variable.shape
    assert sum(v.nbytes for v in found.variables.values()) <= 2000 * path.stat().st_size


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("raw", ".raw", False, raw_seeds, read_raw),
        Target("scan text", ".xye", True, scan_seeds, read_scan_text),
        Target(
            "scan",
            ".dat",
            True,
            lambda: [*scan_seeds(), *raw_seeds(), *bruker_seeds(), *archive_seeds()],
            read_any_scan,
        ),
        Target("archive", ".rasx", False, archive_seeds, read_archive),
        Target("brml", ".brml", True, brml_seeds, read_raw_data),
        Target("bruker", ".raw", False, bruker_seeds, read_bruker),
        Target("pdcif", ".cif", True, pattern_seeds, read_pattern, isolated=True),
        Target("pdf text", ".gr", True, pdf_seeds, read_pdf),
        Target("observed", ".gr", True, pdf_seeds, read_observed),
        Target("mpr", ".mpr", False, mpr_seeds, reads_spectra(biologic.read_mpr)),
        Target("mpt", ".mpt", True, mpt_seeds, reads_spectra(biologic.read_mpt)),
        Target("z", ".z", True, z_seeds, reads_spectra(impedance_text.read_z)),
        Target("dta", ".DTA", True, dta_seeds, reads_spectra(impedance_text.read_dta)),
        Target("columns", ".txt", True, column_seeds, reads_spectra(impedance_text.read_columns)),
        Target("named columns", ".txt", True, named_seeds, reads_spectra(read_named_columns)),
        Target(
            "spectra",
            ".txt",
            True,
            lambda: [*mpt_seeds(), *z_seeds(), *dta_seeds(), *column_seeds(), *mpr_seeds()],
            reads_spectra(read_all_spectra),
        ),
        Target("cif", ".cif", True, cif_seeds, read_crystal, isolated=True),
        Target("configuration", ".yaml", True, yaml_seeds, read_configuration),
        Target("simulation", ".yaml", True, simulation_seeds, read_simulation),
        Target("samples", ".tsv", True, table_seeds("samples"), reads_table("samples", "sample")),
        Target("scans table", ".tsv", True, table_seeds("scans"), reads_table("scans", "scan")),
        Target("spectra table", ".tsv", True, table_seeds("spectra"), reads_table("spectra", None)),
        Target("tables", ".tsv", True, table_seeds("samples"), read_samples, names_file=False),
        Target("series", ".tsv", True, series_seeds, read_series),
        Target("resolution", ".json", True, resolution_seeds, read_resolution),
        Target("settings", ".json", True, setting_seeds, read_settings),
        Target("circuit", ".txt", True, circuit_seeds, read_circuit, names_file=False),
        Target("constraints", ".txt", True, constraint_seeds, read_constraints, names_file=False),
        Target("formula", ".txt", True, formula_seeds, read_formula, names_file=False),
        Target("netcdf", ".nc", False, netcdf_seeds, read_netcdf, isolated=True),
        Target("observed netcdf", ".nc", False, lambda: netcdf_seeds()[1:2], read_observed, isolated=True),
    )
}
