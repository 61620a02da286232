"""All that is missing, unreadable or contradictory in a series, found before anything is computed.

The same readers and the same checks as in a run, on all files one after another, without stopping at the first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from coherion import messages
from coherion.data.series_tables import can_be_refined, further_backgrounds, read_tables
from coherion.data.tables import several
from coherion.errors import CoherionError, InputError
from coherion.inputs.at_odds import asked_in_vain, widths_in_vain
from coherion.inputs.job_settings import JobSettings
from coherion.inputs.paper import Names, problems_of_paper
from coherion.inputs.plausibility import warn_if_off_the_series
from coherion.inputs.series import changed_occupancies, warn_of_sample
from coherion.paper.proposal import propose
from coherion.paper.reading import paper_from, read_paper
from coherion.settings.configuration import read_yaml
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import settings_from
from coherion.settings.run import of_sample, problems_of_configuration
from coherion.settings.stages.circuits import AUTOMATIC, CircuitSettings
from coherion.settings.stages.geometry import GeometrySettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import RefinementSettings
from coherion.settings.stages.resolution import StandardSettings
from coherion.settings.stages.series import SeriesSettings
from coherion.settings.stages.spectra import SpectraSettings
from coherion.simulation.series import read_simulation
from coherion.statistics.collect import refuse_taken

if TYPE_CHECKING:
    import xarray

    from coherion.crystal.crystal import Crystal
    from coherion.quality.alert import Told
    from coherion.refinement.steps.problem import Problem
    from coherion.scattering.pattern import Pattern

Model = TypeVar("Model", bound=msgspec.Struct)


@dataclass
class Findings:
    """What must be mended, what should be looked at, and what was found in order; one line each."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def about(self, subject: str = "") -> Iterator[None]:
        """Within it a refusal ends the block and is noted as an error, and each warning is noted."""
        head = f"{subject}: " if subject else ""
        with messages.collected() as said:
            try:
                yield
            except CoherionError as problem:
                self._add(self.errors, f"{head}{problem}")
        for message in said:
            self._add(self.warnings, f"{head}{message}")

    @staticmethod
    def _add(lines: list[str], line: str) -> None:
        if line not in lines:
            lines.append(line)

    def lines(self) -> list[str]:
        """All of them, errors first, and their count last."""
        told = [f"ERROR: {line}" for line in self.errors] + [f"WARNING: {line}" for line in self.warnings]
        told += self.notes
        if self.errors:
            return [*told, f"{_count(self.errors, 'error')} to mend, {_count(self.warnings, 'warning')}"]
        return [*told, f"nothing is missing, {_count(self.warnings, 'warning')}"]


def _count(lines: list[str], word: str) -> str:
    return f"{len(lines)} {word}{'' if len(lines) == 1 else 's'}"


def check_series(config: str | os.PathLike[str], root: str | os.PathLike[str]) -> Findings:
    """Check a series as the workflow would see it from the working folder.

    Parameters
    ----------
    config
        The file of settings.
    root
        The workflow's own folder, with the schemas, and with the files that the working folder does not have.

    Returns
    -------
    Findings
    """
    found = Findings()
    schemas = Path(root) / "workflow" / "schemas"
    settings: dict[str, Any] | None = None
    with found.about():
        given = read_yaml(config) or {}
        if not isinstance(given, Mapping):
            raise InputError("is not a mapping of keys to values", file=config, found=type(given).__name__)
        settings, refused = problems_of_configuration(given, file=config)
        found.errors += [str(problem) for problem in refused]
    if settings is None:
        return found
    named = {name: _located(path, root) for name, path in settings["tables"].items()}
    problems: list[InputError] = []
    tables = read_tables(named, schemas, problems=problems)
    found.errors += [str(problem) for problem in problems]
    paper = Paper()
    with found.about():
        own = _located(settings["paper"], root)
        paper = read_paper(own) if own else paper_from(propose(tables, settings))
    with found.about():
        listed = {*(row["sample"] for row in tables.excluded), *tables.samples}
        for name in settings["per_sample"]:
            if name not in listed:
                messages.warn(f"{config}: key per_sample.{name} names no sample of {named['samples']}")
    spoiled = {(str(p.file), str(p.place).split(",")[0]) for p in problems}
    _Check(found, config, JobSettings(settings, tables, paper), named, root, spoiled).run()
    return found


def _located(path: str | None, root: str | os.PathLike[str]) -> str | None:
    """As the workflow finds a file that the configuration names."""
    if not path or Path(path).is_absolute() or Path(path).exists():
        return path or None
    own = Path(root) / path
    return str(own) if own.exists() else path


@dataclass
class _Check:
    found: Findings
    config: str | os.PathLike[str]
    jobs: JobSettings
    named: Mapping[str, str | None]
    root: str | os.PathLike[str]
    spoiled: set[tuple[str, str]]
    """Rows, by table and place, of which something is told already: what follows from it is not told again."""

    refused: set[tuple[str, str]] = field(default_factory=set)
    """Stages of samples whose settings are told to be wrong already."""

    def __post_init__(self) -> None:
        self.settings, self.tables = self.jobs.settings, self.jobs.tables

    def run(self) -> None:
        for stage, name, problem in self.jobs.problems(self.config):
            self.refused.add((stage, name))
            table = "scans" if stage == "scans" else "samples"
            if not self._is_spoiled(table, getattr(self.tables, table)[name]):
                self.found.errors.append(str(problem))
        names = self._check_structures()
        self._check_side_phases()
        self._check_paper(names)
        self._check_refinement()
        self._check_circuits()
        with self.found.about():
            refuse_taken(settings_from(SeriesSettings, self.jobs.of_series("series")))
        folder = Path(self.settings["data_folder"])
        simulated = folder == Path(self.settings["results"]) / "simulated"
        series = _located(self.settings["simulation"]["series"], self.root) or ""
        if simulated and not Path(series).is_file():
            self.found.errors.append(
                f"key simulation.series: {series or 'nothing'} is missing; expected a file of a series"
            )
        elif simulated:
            with self.found.about("key simulation"):
                read_simulation(series, self.settings["simulation"]["changes"])
        if not folder.is_dir() and simulated:
            self.found.notes.append(f"{folder}: the run will simulate the raw files; they were not checked")
        elif not folder.is_dir():
            self.found.errors.append(f"key data_folder: {folder} is not a folder; expected the folder of the raw files")
        else:
            scans = self._check_scans(folder)
            self._check_reductions(scans)
            self._check_alerts(scans, folder)
            self._check_pair_distributions(folder)
            self._check_spectra(folder)
        with self.found.about():
            warn_if_off_the_series(list(self.tables.samples.values()))
        for sample, row in self.tables.samples.items():
            with self.found.about():
                spectra = self.tables.spectra.get(sample, [])
                refinement = self.jobs.of_sample("refinement", sample)
                warn_of_sample(row, spectra, self._structures(row), changed_occupancies(refinement))

    def _structures(self, row: Mapping[str, Any]) -> list[str]:
        return [path for part in several(row.get("structure", "")) if (path := _located(part, self.root))]

    def _row(self, table: str, row: Mapping[str, Any]) -> str:
        return f"{self.named[table]}, row {row['line']}"

    def _is_spoiled(self, table: str, row: Mapping[str, Any]) -> bool:
        return (str(self.named[table]), f"row {row['line']}") in self.spoiled

    def _built(self, model: type[Model], stage: str, sample: str) -> Model | None:
        """Settings of a sample's job, None where they are refused already."""
        told = self.jobs.of_sample(stage, sample)
        return None if (stage, sample) in self.refused else settings_from(model, told)

    def _check_paper(self, names: Names) -> None:
        """What the paper file names that the series does not have."""
        if not (file := self.settings["paper"]):
            return
        ranges = [f"{low:g}-{high:g}" for low, high in self.settings["refinement"]["fit_ranges"]]
        own = self.settings["series"]
        told = problems_of_paper(self.jobs.paper, self.tables, names, ranges, own["parameters"] | own["geometry"])
        for is_error, text in told:
            (self.found.errors if is_error else self.found.warnings).append(f"{file}, {text}")

    def _check_structures(self) -> Names:
        """Structures, and what the settings of refinement and geometry ask of them; what they have."""
        names = Names()
        from coherion.crystal.geometry import quantities
        from coherion.crystal.structure_files import read_structure

        measured = self.tables.with_structure()
        for sample, row in self.tables.samples.items():
            where, crystals = self._row("samples", row), []
            for file in self._structures(row):
                with self.found.about(where):
                    crystals.append(read_structure(file))
            if sample not in measured or not crystals or len(crystals) < len(self._structures(row)):
                continue
            # What cannot be computed of a polyhedron is the run's to tell, a label that is not there ours.
            with self.found.about(f"{where}, key geometry"), messages.collected():
                if geometry := self._built(GeometrySettings, "geometry", sample):
                    names.measured |= {one.name for one in quantities(crystals[0], geometry)}
            names.labels |= {site.label for crystal in crystals for site in crystal.sites}
            with self.found.about(f"{where}, refinement"), messages.collected():
                names.parameters |= self._try_recipe(sample, crystals)
        self._try_standards()
        return names

    def _try_standards(self) -> None:
        """The same of the standards, each with its first structure, and that their resolution is refined at all."""
        from coherion.crystal.structure_files import read_structure
        from coherion.refinement.resolution import parts_refined

        for standard in self.jobs.standards():
            row = self.tables.samples.get(standard, {})
            with self.found.about(f"sample {standard}, resolution"), messages.collected():
                if not can_be_refined(row) or not Path(file := self._structures(row)[0]).is_file():
                    continue
                if settings := self._built(StandardSettings, "resolution", standard):
                    made = self._prepared(standard, [read_structure(file)], settings, [settings.fit_range])
                    parts_refined(made.stages[-1][1])

    def _check_side_phases(self) -> None:
        """Structures of the side phases that are looked for."""
        from coherion.crystal.structure_files import read_structure

        named = {
            path
            for sample in self.tables.reduced_and_refined()
            if (path := _located(of_sample(self.settings, "side_phase", sample)["structure"], self.root))
        }
        for file in sorted(named):
            with self.found.about("key side_phase.structure"):
                read_structure(file)

    def _try_recipe(self, sample: str, crystals: list[Crystal]) -> set[str]:
        """Refuse a recipe that names what the structures do not have; the parameters that they have."""
        if settings := self._built(RefinementSettings, "refinement", sample):
            alone = not self.tables.refined_with(sample)
            ranges = self.settings["refinement"]["fit_ranges"] if alone else ()
            return set(self._prepared(sample, crystals, settings, ranges).model.parameters)
        return set()

    def _prepared(
        self, sample: str, crystals: list[Crystal], settings: RefinementSettings, ranges: Sequence[tuple[float, float]]
    ) -> Problem:
        """A recipe on its structures; refused where a range has hardly more points than the recipe frees parameters."""
        from coherion.refinement.least_squares.minimise import refuse_too_few
        from coherion.refinement.least_squares.points import nyquist_grid
        from coherion.refinement.steps.problem import make_model, prepare

        # The Qmax of a file of G(r) is not needed to hold names against a structure.
        qmax = settings.qmax or self.jobs.of_sample("reduction", sample)["qmax"]
        problem = prepare(make_model(crystals, qmax or 20.0, settings), settings)
        most = max(len({*names}.intersection(problem.map.variables)) for _, names in problem.stages)
        for low, high in ranges if qmax else ():
            refuse_too_few(len(nyquist_grid(qmax, low, high)), most)
        return problem

    def _check_circuits(self) -> None:
        """Circuits that cannot be read, and parameters that they do not have."""
        from coherion.impedance.circuits.circuit import circuit
        from coherion.impedance.circuits.dataset import sums_of_resistances
        from coherion.impedance.circuits.fit import refuse_unusable

        for sample in self.tables.with_spectra():
            with self.found.about(f"sample {sample}, circuits"):
                settings = self._built(CircuitSettings, "circuits", sample)
                if settings and settings.circuit != AUTOMATIC:
                    model = circuit(settings.circuit)
                    resistances = sums_of_resistances(model, settings.resistances)
                    if (wanted := self.settings["series"]["resistance"]) not in resistances:
                        raise InputError(
                            "no such resistance",
                            place="key series.resistance",
                            found=wanted,
                            expected=", ".join(resistances),
                        )
                    refuse_unusable(model, settings.start, settings.fixed, settings.bounds)

    def _check_refinement(self) -> None:
        from coherion.atoms.composition import check_formulas, parse_formula

        for sample, row in self.tables.samples.items():
            if "composition" in row:
                with self.found.about(f"{self._row('samples', row)}, column composition"):
                    parse_formula(row["composition"])
                    if "scan" in row and (settings := self._built(ReductionSettings, "reduction", sample)):
                        check_formulas(settings)
        refinement = self.settings["refinement"]
        standard = refinement["resolution_from"]
        if standard and not can_be_refined(self.tables.samples.get(standard, {})):
            self.found.errors.append(
                f"key refinement.resolution_from: {standard} is no sample with a scan and a structure; expected the "
                "name of the standard in the table of samples, or null"
            )
        for name, samples in self.jobs.standards().items():
            if not samples and self.tables.with_structure():
                self.found.warnings.append(
                    f"sample {name}: no sample takes its resolution from this standard; name it in their column "
                    "standard, or as refinement.resolution_from"
                )
        column = refinement["in_order_of"]
        lacking = [s for s in self.tables.with_structure() if column and column not in self.tables.samples[s]]
        if lacking:
            self.found.warnings.append(
                f"key refinement.in_order_of: {', '.join(lacking)}: blank in the column {column}, so refined from the "
                "starting structure alone, and no start of another sample"
            )
        self._check_what_is_asked()

    def _check_what_is_asked(self) -> None:
        """What refinements and widths ask of the G(r) of their samples: one line for all that ask the same."""
        told: dict[str, None] = {}
        for sample in self.tables.reduced_and_refined():
            reduction, recipe, widths = (
                self.jobs.of_sample(stage, sample) for stage in ("reduction", "refinement", "reflection_widths")
            )
            ranges = self.settings["refinement"]["fit_ranges"]
            told |= dict.fromkeys(asked_in_vain(reduction, recipe, ranges, "refinement.fit_ranges"))
            if self.settings["reflection_widths"]["read"] and self.jobs.standard_of(sample):
                told |= dict.fromkeys(widths_in_vain(reduction, widths["q_range"], "q_range"))
        for standard in self.jobs.standards():
            if "scan" not in self.tables.samples.get(standard, {}) or ("resolution", standard) in self.refused:
                continue
            reduction, recipe = (self.jobs.of_sample(stage, standard) for stage in ("reduction", "resolution"))
            told |= dict.fromkeys(asked_in_vain(reduction, recipe, [recipe["fit_range"]], "resolution.fit_range"))
        self.found.errors += told

    def _check_scans(self, folder: Path) -> dict[str, xarray.Dataset]:
        """The scans that can be read, by name."""
        from coherion.data.scans.reader import read_scan
        from coherion.scattering.uncertainty.counting import warn_if_not_counted

        used = set(self.tables.used_scans())
        scans: dict[str, xarray.Dataset] = {}
        for name, row in self.tables.scans.items():
            where = self._row("scans", row)
            if name not in used:
                self.found.warnings.append(f"{where}: no sample names the scan {name}; it will not be used")
            files = [str(folder / part) for part in several(row["file"])]
            missing = [file for file in files if not Path(file).is_file()]
            for file in missing:
                self.found.errors.append(f"{where}: {file} is missing")
            if missing or self._is_spoiled("scans", row):
                continue
            with self.found.about(where):
                scan = read_scan(files, **self.jobs.of_scan(name))
                warn_if_not_counted(scan, Path(files[0]).name)
                stated = scan.attrs.get("wavelength") or self.settings["reduction"]["wavelength"]
                if scan.attrs["abscissa"] == "two_theta" and not stated:
                    raise InputError(
                        "wavelength is missing",
                        place="column wavelength_A",
                        found="none in the file and none in the table",
                        expected="the wavelength in angstrom",
                    )
                scans[name] = scan
        return scans

    def _check_reductions(self, scans: Mapping[str, xarray.Dataset]) -> None:
        from coherion.quality.of_reduction import coarse
        from coherion.scattering.corrections.polarisation import monochromator_angle
        from coherion.scattering.pattern import WAVELENGTH_TOLERANCE, check_pair, read_pattern

        lengths: dict[str, float] = {}
        for sample in self.tables.with_scan():
            row = self.tables.samples[sample]
            if row["scan"] not in scans or "composition" not in row:
                continue
            where = self._row("samples", row)
            with self.found.about(where):
                settings = self._built(ReductionSettings, "reduction", sample)
                if settings is None:
                    continue
                pattern = read_pattern(scans[row["scan"]], settings, name=f"scan {row['scan']}")
                if pattern.wavelength:
                    lengths[sample] = pattern.wavelength
                    if "polarisation" in settings.corrections:
                        monochromator_angle(settings.monochromator, pattern.wavelength)
                empty = None
                if row.get("background") in scans:
                    empty = read_pattern(
                        scans[row["background"]],
                        settings,
                        name=f"background {row['background']}",
                        wavelength=pattern.wavelength,
                    )
                settings = settings.for_data_to(pattern.last_nonzero)
                if (alert := coarse(settings.highest_q)) is not None:
                    messages.warn(f"sample {sample}: {alert.text}; {alert.advice} ({alert.code})")
                check_pair(pattern, empty, settings)
                for name in further_backgrounds(row).keys() & scans.keys():
                    other = read_pattern(
                        scans[name], settings, name=f"background {name}", wavelength=pattern.wavelength
                    )
                    check_pair(pattern, other, settings)
                if empty is not None:
                    _compare(pattern, empty, settings)
        for standard, samples in self.jobs.standards().items():
            there = lengths.get(standard)
            for sample in samples if there else []:
                if (here := lengths.get(sample)) and there and abs(here / there - 1) > WAVELENGTH_TOLERANCE:
                    self.found.warnings.append(
                        f"sample {sample}: measured with {here:g} angstrom, its standard {standard} with {there:g}: "
                        "the resolution is another instrument's; name its own in the column standard"
                    )

    def _check_pair_distributions(self, folder: Path) -> None:
        """Files of G(r): what their headers say, and whether the fits lie within them."""
        from coherion.refinement.observed import check_range, radiation_of, read_observed

        rows = self.tables.samples
        named = {other for sample in rows for other in self.tables.refined_with(sample)}
        for sample in self.tables.with_pair_distribution():
            row = rows[sample]
            if "structure" not in row and sample not in named:
                self.found.warnings.append(
                    f"{self._row('samples', row)}: {sample} has a G(r) and no structure: nothing is refined of it; "
                    "name one in the column structure, or the row in refined_with of another"
                )
            file = folder / row["pair_distribution"]
            with self.found.about(self._row("samples", row)):
                if not file.is_file():
                    raise InputError("is missing", file=file)
                settings = self._built(RefinementSettings, "refinement", sample)
                if settings is None:
                    continue
                observed = read_observed(file, settings.qmax)
                radiation_of(observed, settings.radiation)
                for low, high in self.settings["refinement"]["fit_ranges"] if "structure" in row else ():
                    check_range(observed, (low, high))

    def _check_alerts(self, scans: Mapping[str, xarray.Dataset], folder: Path) -> None:
        """What a run will alert on of the scans."""
        from coherion.as_read import sha256
        from coherion.quality.of_lines import alerts_of_structures
        from coherion.quality.scans.series import alerts_of_scans
        from coherion.quality.scans.use import uses_of

        listed = {sample: self._structures(row) for sample, row in self.tables.samples.items()}
        pure = {sample: files[0] for sample, files in listed.items() if len(files) == 1}
        uses = {
            name: use
            for name, use in uses_of(self.jobs.uses_of_scans(pure)).items()
            if ("reduction", name) not in self.refused
        }
        hashes = {name: [sha256(folder / part) for part in several(self.tables.scans[name]["file"])] for name in scans}
        standards = [name for name, row in self.tables.samples.items() if row["group"] == "standard"]
        for one in [*alerts_of_scans(scans, uses, hashes), *alerts_of_structures(scans, uses, standards)]:
            # What real data often have, and what a scan has no reflections of, is the run's to tell; different times
            # are told with the reduction's settings.
            if one.alert.grade == "C" or one.alert.code in ("background-time", "no-reflections"):
                continue
            self.found.warnings.append(_line_of(one))

    def _check_spectra(self, folder: Path) -> None:
        from coherion.data.spectra.file_names import off_their_names
        from coherion.data.spectra.reader import assemble, row_of
        from coherion.quality.of_impedance import alerts_of_names, alerts_of_same_spectra

        assembled: dict[str, xarray.Dataset] = {}
        for sample, rows in self.tables.spectra.items():
            good = []
            stage = self._built(SpectraSettings, "spectra", sample)
            for row in rows:
                where = self._row("spectra", row)
                file = folder / row["file"]
                if not file.is_file():
                    self.found.errors.append(f"{where}: {file} is missing")
                    continue
                if self._is_spoiled("spectra", row):
                    continue
                before = len(self.found.errors)
                with self.found.about(where):
                    one = row_of(row, str(file))
                    assemble(sample, [one], stage)
                if len(self.found.errors) == before:
                    good.append(one)
            stated = [row for row in rows if "temperature_C" in row]
            off = off_their_names(
                [Path(row["file"]).stem for row in stated],
                [row["temperature_C"] for row in stated],
                self.settings["quality"]["temperature_difference"],
            )
            if off:
                row, named = stated[first := next(iter(off))], off[first]
                self.found.warnings.append(
                    f"{self._row('spectra', row)}: temperature_C is {row['temperature_C']:g}, the name of "
                    f"{row['file']} says {named:g} degC"
                    + (f", and so {len(off) - 1} more of sample {sample}" if len(off) > 1 else "")
                    + ": correct the column, or rename the file"
                )
            if len(good) == len(rows):
                quiet = Findings()
                with quiet.about():
                    assembled[sample] = assemble(sample, good, stage)
                self.found.errors += [line for line in quiet.errors if line not in self.found.errors]
        listed = {sample: [str(row["file"]) for row in rows] for sample, rows in self.tables.spectra.items()}
        for found in [*alerts_of_same_spectra(assembled), *alerts_of_names(listed)]:
            self.found.warnings.append(_line_of(found))


def _line_of(one: Told) -> str:
    return f"{one.sample}: {one.alert.text}; {one.alert.advice} ({one.alert.code})"


def _compare(sample: Pattern, background: Pattern, settings: ReductionSettings) -> None:
    """Warn where the background is brighter than the sample after the corrections, as the reduction does."""
    from coherion.scattering.corrections.background import scale_of_times, warn_if_brighter
    from coherion.scattering.corrections.laboratory import corrections_for
    from coherion.scattering.grids import interpolation
    from coherion.scattering.steps import grid_of

    wanted = settings.background_scale
    if wanted == "estimate":
        return  # an estimated scale is never too large
    scale = scale_of_times(sample, background).value if wanted == "time" else float(wanted)
    grid = grid_of(sample, settings)
    corrections = corrections_for(settings, grid, sample.wavelength)
    here, there = interpolation(grid.q, sample.q), interpolation(grid.q, background.q)
    bright = sample.at(*here) * corrections.sample_factor
    empty = scale * background.at(*there) * corrections.background_factor
    sd = sample.sd_at(*here) * corrections.sample_factor
    with messages.about(f"{sample.name}, {background.name}"):
        warn_if_brighter(bright - empty, bright, empty, sd, grid.q)
