"""A session without a browser: what is shown is what the jobs write after keep, and undo, keep and refusals."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from made_live import CONFIGURATION, command, fitted_by_the_job, opened, reduced_by_the_job, refined_by_the_job, told

from coherion.data.netcdf import read_dataset
from coherion.errors import InputError
from coherion.inputs.job_settings import JobSettings
from coherion.live import fitting, series, spectra
from coherion.live.panels import check, panels_of
from coherion.live.session import Outrun, Session


@pytest.fixture
def session(folder):
    return Session(opened(folder), "x50")


def same(shown, written):
    """All variables and numbers of the attributes to the last digit."""
    assert set(shown.variables) == set(written.variables)
    for name in shown.variables:
        np.testing.assert_array_equal(shown[name].values, written[name].values, err_msg=name)
    for key, value in shown.attrs.items():
        if key not in ("settings",):
            np.testing.assert_array_equal(value, written.attrs[key], err_msg=key)


def test_the_reduction_is_the_jobs_to_the_last_digit(session, folder):
    session.change({("reduction", "qmax"): 12.3})
    session.change({("reduction", "density"): 2.71, ("reduction", "rpoly"): 1.05})
    session.change({("reduction", "two_theta_zero"): 0.013, ("reduction", "background_scale"): "estimate"})
    session.change({("reduction", "corrections"): ["polarisation", "absorption", "compton"]})
    shown = session.reduction()
    session.keep()
    same(shown, read_dataset(reduced_by_the_job(folder), "reduce_scan"))
    assert shown.attrs["qmax"] == 12.3


def test_the_background_scale_that_the_data_would_have_is_told(session):
    panel = next(one for one in panels_of(session) if one.name == "reduction")
    session.change({("reduction", "background_scale"): "estimate"})
    estimated = session.reduction().attrs["background_scale"]
    session.change({("reduction", "background_scale"): 0.7})
    assert session.reduction().attrs["background_scale"] == 0.7
    told = dict(panel.rest(session).facts)["background scale that the data would have"]
    assert float(told.partition("(")[0]) == pytest.approx(estimated, abs=0.01)


def test_the_refinement_is_the_jobs_to_the_last_digit(session, folder):
    session.change({("reduction", "qmax"): 12.6})
    session.change({("refinement", "fit_ranges"): [[1.5, 22.0]]})
    session.change({("refinement", "envelope"): "exponential", ("refinement", "readings"): ["size", "size_strain"]})
    session.change(fitting.hold(session, "delta2", False))
    session.change({("refinement", "start"): {"Na1.occupancy": 0.6}})
    shown = fitting.refine(session)
    session.keep()
    written = read_dataset(refined_by_the_job(folder), "refine_structure")
    for name in ("value", "standard_uncertainty_scaled", "calculated", "covariance_scaled", "reading_inverse_length"):
        np.testing.assert_array_equal(shown[name].values, written[name].values, err_msg=name)
    assert shown.attrs["rw"] == written.attrs["rw"] and shown.attrs["envelope"] == "exponential"


def test_on_from_the_last_fit_is_the_same_minimum(session):
    session.change({("refinement", "readings"): [], ("refinement", "compare_envelopes"): []})
    fitting.refine(session)
    session.change({("reduction", "qmax"): 12.7})
    followed = fitting.follow(session).dataset
    other = Session(session.series, "x50")
    other.change(session.changes)
    again = fitting.refine(other)
    off = followed["value"].values - again["value"].values
    sd = again["standard_uncertainty_scaled"].values
    assert np.nanmax(np.abs(off[sd > 0]) / sd[sd > 0]) < 0.3


def test_what_is_drawn_of_a_fit_is_what_the_job_would_write(session):
    fit = fitting.follow(session)
    for name, drawn in fit.drawn.variables.items():
        np.testing.assert_array_equal(drawn.values, fit.dataset[name].values, err_msg=name)
    assert fit.drawn.attrs["rw"] == fit.dataset.attrs["rw"]


def test_readings_of_a_fit_that_moved_on_are_left_and_made_when_they_are_waited_for(session):
    session.change({("refinement", "readings"): ["size", "size_strain"]})
    fitting.refine(session)
    session.change({("refinement", "fit_ranges"): [[2.0, 25.0]]})
    fit = fitting.follow(session)
    with pytest.raises(Outrun):
        fitting.with_readings(session.snapshot(lambda: True), fit)
    assert list(fitting.with_readings(session, fit)["reading_name"].values) == ["size", "size_strain"]


def test_a_move_is_held_against_the_jobs_of_its_sample_and_keep_against_all(session, monkeypatch):
    asked = []
    of_sample = JobSettings.of_sample
    monkeypatch.setattr(JobSettings, "of_sample", lambda own, *told: asked.append(told) or of_sample(own, *told))
    session.change({("reduction", "qmax"): 12.0})
    assert {sample for _, sample in asked} == {"x50"}
    assert {"reduction", "refinement", "arrhenius"} <= {stage for stage, _ in asked}
    session.keep()
    assert {sample for _, sample in asked} == {"x50", "LaB6"}
    with pytest.raises(InputError, match="not below qmax"):
        session.change({("reduction", "qmaxinst"): 11.0})


def test_the_spectra_are_the_jobs_to_the_last_digit(session, folder):
    session.change({("circuits", "weights"): "modulus", ("validation", "frequency_min"): 1.5})
    session.change({("validation", "frequency_max"): 2e6})
    fitted, line = spectra.circuits(session), spectra.arrhenius(session)
    session.keep()
    written = read_dataset(fitted_by_the_job(folder), "fit_arrhenius")
    same(line, written)
    same(fitted, read_dataset(folder / "results" / "circuits" / "x50.nc", "fit_circuits"))


def test_one_spectrum_at_once_is_the_circuit_of_all(session):
    whole = spectra.circuits(session)
    for place in (0, 6):
        one = spectra.circuit_of_one(session, place)
        np.testing.assert_allclose(one["resistance"].values[0], whole["resistance"].values[place], rtol=1e-3)


def test_keep_touches_only_what_changed(session, folder):
    before = (folder / "config" / "samples.tsv").read_text()
    session.change({("reduction", "qmin"): 0.8, ("reduction", "packing"): 0.61})
    told = session.difference()
    assert "+      qmin: 0.8" in told and "0.57" in told
    session.keep()
    after = (folder / "config" / "config.yaml").read_text()
    assert after == CONFIGURATION + "per_sample:\n  x50:\n    reduction:\n      qmin: 0.8\n"
    cells = (folder / "config" / "samples.tsv").read_text()
    assert cells == before.replace("\t0.57\t", "\t0.61\t")
    assert session.difference() == "" and session.configured("reduction", "qmin") == 0.8
    assert Session(opened(folder), "LaB6").value("reduction", "qmin") == 0.5


def test_for_all_samples_the_section_itself_is_changed(session, folder):
    session.change({("reduction", "qmax"): 12.0})
    session.hold_everywhere(True)
    session.keep()
    assert "  qmax: 12.0  # to where the noise allows\n" in (folder / "config" / "config.yaml").read_text()
    assert Session(opened(folder), "LaB6").value("reduction", "qmax") == 12.0


def test_undo_goes_back_step_by_step_and_beyond_keep(session, folder):
    session.change({("reduction", "qmax"): 12.0})
    session.change({("reduction", "rpoly"): 1.2})
    session.keep()
    assert session.changes == {}
    assert session.undo()
    assert session.value("reduction", "rpoly") == 0.9 and session.value("reduction", "qmax") == 12.0
    assert session.undo()
    assert session.value("reduction", "qmax") == 13.0
    assert not session.undo()
    session.keep()
    again = Session(opened(folder), "x50")
    assert again.value("reduction", "qmax") == 13.0 and again.value("reduction", "rpoly") == 0.9


def test_a_drag_is_one_step(session):
    for qmax in (12.9, 12.5, 12.1):
        session.change({("reduction", "qmax"): qmax})
    session.undo()
    assert session.value("reduction", "qmax") == 13.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({("reduction", "qmin"): 14.0}, "key per_sample.x50.reduction.qmin: setting out of its range; found 14.0"),
        ({("reduction", "packing"): 3.0}, "packing"),
        ({("refinement", "fit_ranges"): [[1e-5, 20.0]]}, "cannot be named by a range"),
        ({("reduction", "density"): None}, "stands in the table of samples"),
        ({("reduction", "qmix"): 1.0}, "qmix"),
        ({("reduction", "corrections"): ["__import__('os')"]}, "unknown correction|setting cannot be used"),
    ],
)
def test_what_the_job_refuses_is_refused_in_its_words(session, change, said):
    with pytest.raises((InputError, KeyError), match=said):
        session.change(change)
    assert session.changes == {} and not session.can_undo


def test_a_file_that_changed_meanwhile_is_not_overwritten(session, folder):
    session.change({("reduction", "qmax"): 12.0})
    config = folder / "config" / "config.yaml"
    config.write_text(config.read_text() + "# another hand\n")
    with pytest.raises(InputError, match="has changed since it was read"):
        session.keep()
    assert "12.0" not in config.read_text()


def test_a_file_changed_by_another_hand_is_read_again_and_the_changes_stay(session, folder):
    session.change({("reduction", "qmax"): 12.0})
    config = folder / "config" / "config.yaml"
    config.write_text(config.read_text() + "# another hand\nper_sample: {x50: {reduction: {qmin: 0.9}}}\n")
    session.series.reread()
    assert session.is_behind
    session.follow_files()
    assert session.value("reduction", "qmin") == 0.9 and session.value("reduction", "qmax") == 12.0
    session.keep()
    assert "# another hand\nper_sample: {x50: {reduction: {qmin: 0.9, qmax: 12.0}}}\n" in config.read_text()


def test_a_table_and_a_structure_that_another_hand_changed_are_read_again(session, folder):
    fitting.crystals(session)
    before = session.reduction()["pdf"].values
    scans = folder / "config" / "scans.tsv"
    scans.write_text(scans.read_text().replace("scans/empty.raw", "scans/x50.raw"))
    structure = folder / "config" / "structures" / "cryolite.cif"
    structure.write_text(re.sub(r"(_cell_length_a +)\S+", r"\g<1>5.5", structure.read_text()))
    session.series.reread()
    session.follow_files()
    assert not np.array_equal(session.reduction()["pdf"].values, before)
    assert fitting.crystals(session)[0].lattice[0] == 5.5


def test_files_that_are_refused_are_read_again_when_they_are_mended(session, folder):
    spectra = folder / "config" / "spectra.tsv"
    text = spectra.read_text()
    spectra.write_text("broken\n")
    for _ in range(2):
        with pytest.raises(InputError, match="spectra.tsv"):
            session.series.reread()
    spectra.write_text(text + "\n")
    session.series.reread()
    assert session.is_behind
    session.follow_files()
    jobs = session.series.jobs
    session.series.reread()
    assert session.series.jobs is jobs


def test_what_keep_writes_is_the_page_s_own_and_nothing_is_computed_again(session):
    found = session.reduction()
    session.change({("refinement", "fit_ranges"): [[2.0, 20.0]]})
    session.keep()
    jobs = session.series.jobs
    session.series.reread()
    assert session.series.jobs is jobs and session.reduction() is found


def test_a_reduction_of_all_samples_is_that_of_the_standard_too(session):
    session.change({("reduction", "qmax"): 12.6})
    fitting.refine(session)
    own = fitting.told(session)
    assert fitting.current(session)[1]
    session.hold_everywhere(True)
    assert fitting.told(session) != own and not fitting.current(session)[1]


def test_changes_of_another_sample_outlive_keep(session, folder):
    other = Session(session.series, "LaB6")
    other.change({("reduction", "qmin"): 0.8})
    session.change({("reduction", "qmax"): 12.0})
    session.hold_everywhere(True)
    session.keep()
    other.follow_files()
    assert other.value("reduction", "qmin") == 0.8 and other.value("reduction", "qmax") == 12.0
    other.keep()
    assert Session(opened(folder), "LaB6").value("reduction", "qmin") == 0.8


def test_for_all_samples_holds_for_this_one_that_has_its_own(session, folder):
    session.change({("reduction", "qmax"): 12.5})
    session.keep()
    session.change({("reduction", "qmax"): 12.0})
    session.hold_everywhere(True)
    assert session.value("reduction", "qmax") == 12.0
    session.keep()
    for sample in ("x50", "LaB6"):
        assert Session(opened(folder), sample).value("reduction", "qmax") == 12.0


def test_half_of_what_is_kept_is_not_left_behind(session, folder, monkeypatch):
    config, table = folder / "config" / "config.yaml", folder / "config" / "samples.tsv"
    before = config.read_bytes(), table.read_bytes()
    write = series.write_text

    def full(path, text):
        if path == table:
            raise OSError(28, "No space left on device", str(path))
        write(path, text)

    monkeypatch.setattr(series, "write_text", full)
    session.change({("reduction", "qmax"): 12.0, ("reduction", "density"): 2.5})
    with pytest.raises(OSError, match="No space left"):
        session.keep()
    assert (config.read_bytes(), table.read_bytes()) == before and session.value("reduction", "qmax") == 12.0


def test_nothing_is_kept_beside_files_that_another_hand_changed(session, folder):
    fitting.parameters(session)
    session.change({("reduction", "qmax"): 12.0})
    raw = (folder / "raw").resolve()
    (folder / "raw").unlink()
    shutil.copytree(raw, folder / "raw")
    files = ["config/samples.tsv", "config/structures/cryolite.cif", "config/structures/LaB6.cif", "raw/scans/x50.raw"]
    for file in files:
        path = folder / file
        before = path.read_bytes()
        path.write_bytes(before.replace(b"0.57", b"0.75") if path.suffix == ".tsv" else before + b"\n")
        with pytest.raises(InputError, match=f"{path.name}: has changed since it was read"):
            session.keep()
        path.write_bytes(before)
    assert (folder / "config" / "config.yaml").read_text() == CONFIGURATION
    session.keep()


def test_a_file_that_was_put_back_is_still_read_again_when_another_hand_changes_it(session, folder, monkeypatch):
    config, table, write = folder / "config" / "config.yaml", folder / "config" / "samples.tsv", series.write_text

    def full(path, text):
        if path == table:
            raise OSError(28, "No space left on device", str(path))
        write(path, text)

    monkeypatch.setattr(series, "write_text", full)
    session.change({("reduction", "qmax"): 12.0, ("reduction", "density"): 2.5})
    with pytest.raises(OSError, match="No space left"):
        session.keep()
    config.write_text(CONFIGURATION + "per_sample: {x50: {reduction: {qmin: 0.9}}}\n")
    session.series.reread()
    session.follow_files()
    assert session.value("reduction", "qmin") == 0.9


def test_changes_that_the_files_no_longer_allow_are_told(session, folder):
    session.change({("reduction", "qmax"): 12.0})
    config = folder / "config" / "config.yaml"
    config.write_text(CONFIGURATION + "per_sample: {x50: {reduction: {qmin: 12.5}}}\n")
    session.series.reread()
    assert "qmin" in str(session.follow_files())
    assert session.changes == {} and session.value("reduction", "qmin") == 12.5


def with_another_sample(folder, name="x50b", **cells):
    """The series with a sample more, that of x50 with other cells."""
    table = folder / "config" / "samples.tsv"
    heads, *rows = table.read_text().splitlines()
    names = heads.split("\t")
    new = next(row for row in rows if row.startswith("x50\t")).split("\t")
    new[0] = name
    for column, cell in cells.items():
        if column not in names:
            names.append(column)
            rows = [f"{row}\t" for row in rows]
            new.append("")
        new[names.index(column)] = cell
    table.write_text("\n".join(["\t".join(names), *rows, "\t".join(new)]) + "\n")


def test_a_sample_of_a_sequence_starts_where_the_one_before_it_ended(folder):
    with_another_sample(folder, x="0.4")
    config = folder / "config" / "config.yaml"
    told_ = "in_order_of: x\n  readings: []\n  compare_envelopes: []\n  fit_ranges: [[2.0, 15.0]]"
    # The one before is another sample by its settings, and follows those that are changed for all.
    own = "per_sample: {x50b: {reduction: {density: 3.1, qmin: 0.9}}}\n"
    config.write_text(CONFIGURATION.replace("fit_ranges: [[2.0, 30.0]]", told_) + own)
    session = Session(opened(folder), "x50")
    alone = fitting.refine(session).attrs["rw"]
    session.change({("reduction", "qmax"): 12.5})
    session.hold_everywhere(True)
    shown = fitting.refine(session)
    assert fitting.current(session)[1] and shown.attrs["rw"] != alone
    session.keep()
    assert fitting.current(session)[1]
    written = read_dataset(refined_by_the_job(folder, "x50", refined_by_the_job(folder, "x50b")), "refine_structure")
    for name in ("value", "standard_uncertainty_scaled", "calculated"):
        np.testing.assert_array_equal(shown[name].values, written[name].values, err_msg=name)
    by_itself = read_dataset(refined_by_the_job(folder, "x50"), "refine_structure")
    assert not np.array_equal(by_itself["value"].values, shown["value"].values)


def test_the_scatter_of_further_pellets_is_that_of_the_job(folder):
    with_another_sample(folder, scan="", background="", structure="", pellet_of="x50", pellet_thickness_cm="0.2")
    table = folder / "config" / "spectra.tsv"
    rows = table.read_text()
    table.write_text(rows + "".join(f"x50b{row[3:]}\n" for row in rows.splitlines()[1:]))
    session = Session(opened(folder), "x50")
    shown = spectra.arrhenius(session)
    assert shown["pellets"].values[0] == 2
    other = Session(session.series, "x50b")
    assert "pellets" not in spectra.arrhenius(other)
    np.testing.assert_allclose(
        np.log(spectra.arrhenius(other)["conductivity"].values / shown["conductivity"].values), np.log(0.2 / 0.1545)
    )


def test_settings_of_all_are_asked_of_samples_with_another_structure_or_scan(session, folder):
    with_another_sample(folder, structure="config/structures/LaB6.cif", composition="LaB6", scan="LaB6")
    session = Session(opened(folder), "x50")
    session.change({("refinement", "start"): {"Na1.occupancy": 0.6}})
    check(session)
    session.hold_everywhere(True)
    with pytest.raises(InputError, match=r"sample x50b.*no such parameter"):
        check(session)
    session.undo()
    session.change({("refinement", "start"): {"a": 7.8}})
    check(session)


@pytest.mark.parametrize("table", ["samples.tsv", "scans.tsv"])
def test_what_cannot_be_read_afterwards_is_not_kept(session, folder, table):
    config = folder / "config" / "config.yaml"
    session.change({("reduction", "qmax"): 12.0})
    (folder / "config" / table).write_text("broken\n")
    with pytest.raises(InputError, match=table):
        session.keep()
    assert config.read_text() == CONFIGURATION and session.value("reduction", "qmax") == 12.0


def test_a_link_within_the_series_stays_a_link(folder):
    config, own = folder / "config" / "config.yaml", folder / "own.yaml"
    config.rename(own)
    config.symlink_to(own)
    session = Session(opened(folder), "x50")
    session.change({("reduction", "qmax"): 12.0})
    session.keep()
    assert config.is_symlink() and "qmax: 12.0" in own.read_text()


def test_undo_that_the_files_no_longer_allow_changes_nothing(session, folder):
    session.change({("reduction", "qmax"): 12.0})
    session.change({("reduction", "qmin"): 0.9})
    config = folder / "config" / "config.yaml"
    config.write_text(CONFIGURATION.replace("qmax: 13.0", "qmax: 13.0\n  qmaxinst: 14.0"))
    session.series.reread()
    session.follow_files()
    session._undo.append({("reduction", "qmax"): 14.5})
    before = dict(session.changes)
    with pytest.raises(InputError, match="qmaxinst"):
        session.undo()
    assert session.changes == before
    session.change({("reduction", "rpoly"): 1.1})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({("circuits", "circuit"): "__import__('os')"}, "cannot be read"),
        ({("refinement", "constraints"): ["a = __import__('os')"]}, "not part of the grammar"),
    ],
)
def test_what_no_job_could_read_is_not_kept_from_another_panel_either(session, settings, said):
    session.change(settings)
    with pytest.raises(InputError, match=said):
        check(session)


def test_what_is_not_the_series_own_is_not_written(made, tmp_path):
    folder = tmp_path / "other"
    (folder / "config").mkdir(parents=True)
    (folder / "raw").symlink_to(made / "raw")
    for file in (made / "config").iterdir():
        (folder / "config" / file.name).symlink_to(file)
    session = Session(opened(folder), "x50")
    session.change({("reduction", "qmax"): 12.0})
    with pytest.raises(InputError, match="not a file of the series"):
        session.keep()


def test_no_such_sample(folder):
    with pytest.raises(InputError, match="no such sample"):
        Session(opened(folder), "../x50")


def with_file_of_another_program(folder, joint):
    """The series with the reduction as a ``.gr`` in the data folder in place of the scan, or joined to it."""
    refined_by_the_job(folder)
    reduced = folder / "results" / "reduction" / "x50.nc"
    raw = folder / "raw"
    own = raw.resolve()
    raw.unlink()
    raw.mkdir()
    for part in own.iterdir():
        (raw / part.name).symlink_to(part)
    shutil.copy(reduced.with_suffix(".gr"), raw / "x50.gr")
    table = folder / "config" / "samples.tsv"
    header, *rows = (line.split("\t") for line in table.read_text().splitlines())
    header += ["pair_distribution", "refined_with"]
    made = []
    for row in rows:
        row += [""] * (len(header) - len(row))
        if row[0] == "x50":
            other = list(row)
            for column in ("scan", "background", "density_g_cm3", "packing_fraction"):
                other[header.index(column)] = ""
            other[header.index("pair_distribution")] = "x50.gr"
            if joint:
                other[0], other[header.index("structure")] = "file", ""
                row[header.index("refined_with")] = "file"
                made.append(row)
            row = other
        made.append(row)
    table.write_text("".join("\t".join(cells) + "\n" for cells in [header, *made]))
    return reduced


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")  # the file has no errors of its counts
def test_a_pair_distribution_of_another_program_is_refined_as_the_job_does(folder, joint):
    reduced = with_file_of_another_program(folder, joint)
    session = Session(opened(folder), "x50")
    assert [panel.name for panel in panels_of(session)] == (
        ["reduction", "refinement", "spectrum"] if joint else ["refinement", "spectrum"]
    )
    session.change({("refinement", "readings"): [], ("refinement", "compare_envelopes"): []})
    panel = next(one for one in panels_of(session) if one.name == "refinement")
    first, rest = panel.first(session), panel.rest(session)
    assert "fit" in first.figures and "correlation" in rest.figures and rest.results["a"]
    session.keep()
    words = ["--resolution", folder / "results" / "resolution" / "LaB6.json", "--settings", told(folder, "refinement")]
    given = [reduced] if joint else [folder / "raw" / "x50.gr"]
    given.append(folder / "config" / "structures" / "cryolite.cif")
    further = ["--with", folder / "raw" / "x50.gr"] if joint else []
    target = folder / "results" / "again.nc"
    command("refine_structure", *given, *words, *further, "--ranges", "2-30", "--output", target)
    written, shown = read_dataset(target, "refine_structure"), fitting.refine(session)
    for name in ("value", "standard_uncertainty_scaled", "calculated"):
        np.testing.assert_array_equal(shown[name].values, written[name].values, err_msg=name)
    assert ("joint_r" in shown) == joint
    session.change({("refinement", "fit_ranges"): [[2.0, 25.0]]})
    assert fitting.follow(session).found.rw < 1.2 * shown.attrs["rw"]
