"""Tables that a run writes: the series, what was left out, verdicts, recovery, parameters, geometry, side phase."""

from __future__ import annotations

from coherion.data.contract.declared import TableColumn as _C
from coherion.data.contract.declared import TableContract

#: Endings of columns of the series and the unit they stand for; longer ones first.
UNIT_ENDINGS = {
    "_S_per_cm": "S/cm",
    "_per_A": "1/angstrom",
    "_deg": "degree",
    "_A3": "angstrom^3",
    "_A2": "angstrom^2",
    "_eV": "eV",
    "_A": "angstrom",
    "_F": "F",
    "_C": "degC",
}
_ORIGIN = _C("origin", "", "measured or simulated")

SERIES = TableContract(
    "collect_series",
    "results/series/series.tsv",
    "One row for each sample. Columns of refined parameters and of geometry are those of the settings "
    "series.parameters and series.geometry; further fit ranges add theirs with the range (a_A_2_20).",
    (
        _C("sample", "", "name of the sample"),
        _C("title", "", "what figures call it"),
        _C("group", "", "group of samples, standard for that of the resolution"),
        _C("annealing_C", "degC", "temperature of annealing; blank without"),
        _C("temperature_K", "K", "temperature at which the structure was measured; blank where it is not said"),
        _C("time_h", "h", "time at which it was measured; blank where it is not said"),
        _C("x", "1", "nominal composition"),
        _C("composition", "", "chemical formula"),
        _ORIGIN,
        _C("volume_A3", "angstrom^3", "volume of the cell", sd=True),
        _C("coherence_length_{shape}_A", "angstrom", "coherence length with another shape of the domains", sd=True),
        _C("coherence_length_A_sd_counts", "angstrom", "part of coherence_length_A_sd from the data under one reading"),
        _C("coherence_length_A_sd_reading", "angstrom", "part of it from the choice of a reading"),
        _C("microstrain_squared", "1", "mean square of the strain along each pair", sd=True),
        _C("microstrain_squared_sd_counts", "1", "part of its uncertainty from the data under one reading"),
        _C("microstrain_squared_sd_reading", "1", "part of it from the choice of a reading"),
        _C("inverse_length_as_{reading}_per_A", "1/angstrom", "inverse coherence length under one reading", sd=True),
        _C("microstrain_squared_as_{reading}", "1", "squared strain under a reading that has it", sd=True),
        _C("aicc_as_{reading}", "1", "AICc of a reading"),
        _C("rw_as_{reading}", "1", "Rw of a reading"),
        _C("inverse_length_from_widths_per_A", "1/angstrom", "1/L from the widths of the reflections", sd=True),
        _C("microstrain_squared_from_widths", "1", "mean square strain from the widths of the reflections", sd=True),
        _C("widths_disagreement", "1", "distance of both from what G(r) says, in standard uncertainties of both"),
        _C("rw", "1", "Rw of the refinement"),
        _C("sigma_25C_S_per_cm", "S/cm", "conductivity at the reference temperature, on the Arrhenius line", sd=True),
        _C("sigma_measured_25C_S_per_cm", "S/cm", "conductivity as measured nearest to that temperature", sd=True),
        _C("activation_energy_eV", "eV", "activation energy", sd=True),
        _C("ln_prefactor", "1", "logarithm of the prefactor in S K/cm or S/cm, as the form of the line says", sd=True),
        _C("activation_energy_ln_prefactor_covariance_eV", "eV", "covariance of these two"),
        _C("arrhenius_curvature_p", "1", "probability of the line's curvature if it is straight"),
        _C("capacitance_25C_F", "F", "effective capacitance at the reference temperature", sd=True),
        _C("pellets", "1", "pellets combined in this row; blank where there is one"),
        _C(
            "sigma_25C_between_pellets",
            "1",
            "scatter of the conductivity between pellets, relative, beyond their errors",
        ),
        _C("activation_energy_between_pellets_eV", "eV", "scatter of the activation energy between pellets likewise"),
        _C("spectra_used", "1", "spectra on the Arrhenius line"),
        _C("spectra_measured", "1", "spectra measured"),
        _C("side_reflection_z", "1", "excess of the side phase's reflection over its standard error"),
        _C("reflection_width_per_A", "1/angstrom", "full width of the reflections at half maximum", sd=True),
        _C("side_phase_fraction", "1", "mass fraction of the side phase, where two phases were tried", sd=True),
        _C("rw_two_phases", "1", "Rw with two phases, where they were tried"),
        _C("excluded", "", "why the sample leaves the structural series; blank where it does not"),
        _C("failed", "", "jobs of the sample that failed, and why; the column is absent where none did"),
    ),
)

FAILED = TableContract(
    "collect_series",
    "results/series/failed.tsv",
    "What failed in the run: a row for each sample that lacks results because of it, none where nothing failed.",
    (
        _C("sample", "", "name of the sample, or of the scan where no sample uses it"),
        _C("step", "", "the job that failed: its rule, and the scan or sample it was for"),
        _C("reason", "", "why, in one line"),
        _C("without", "", "stages whose results the sample lacks, separated by commas"),
        _C("log", "", "where the job's own words stand"),
    ),
)

EXCLUSIONS = TableContract(
    "collect_series",
    "results/series/exclusions.tsv",
    "Everything that was left out, a row each.",
    (
        _C("sample", "", "name of the sample"),
        _C("what", "", "the sample, a file, a spectrum or points of one"),
        _C("points", "1", "number of points"),
        _C("reason", "", "why"),
        _C("by", "", "who left it out: user, side phase, validation, arrhenius or failure"),
    ),
)

UNMEASURED = TableContract(
    "judge_claims",
    "results/series/unmeasured.tsv",
    "How strong something that nobody measured must be to undo a statement that two quantities go together, a row for "
    "each observed quantity that its strength is compared with (docs/method-multiverse.md).",
    (
        _C("statement", "", "id of the statement"),
        _C("of", "", "quantity y; its decimal logarithm, or its rank, is fitted"),
        _C("against", "", "quantity D likewise"),
        _C("fixed", "", "quantity held fixed; blank where there is none"),
        _C("n", "1", "samples"),
        _C("freedom", "1", "degrees of freedom"),
        _C("estimate", "1", "coefficient of D, points weighted alike"),
        _C("estimate_se", "1", "its standard error"),
        _C("t", "1", "Student's t of no effect"),
        _C("partial_r2", "1", "share of what is left of y that D explains"),
        _C("robustness_value", "1", "partial R^2 with both D and y that a confounder needs to undo the estimate"),
        _C("robustness_value_significance", "1", "the same to take its significance away"),
        _C("observed", "", "observed quantity that the confounder is compared with"),
        _C("observed_n", "1", "samples that have it"),
        _C("observed_r2_against", "1", "its partial R^2 with D"),
        _C("observed_r2_of", "1", "its partial R^2 with y given D"),
        _C("confounder_r2_against", "1", "of a confounder as strong: partial R^2 with D beside the observed"),
        _C("confounder_r2_of", "1", "of a confounder as strong: partial R^2 with y"),
        _C("adjusted_estimate", "1", "the estimate beside the observed and a confounder as strong"),
        _C("adjusted_se", "1", "its standard error"),
        _C("adjusted_t", "1", "its Student's t"),
        _C("times_to_undo", "1", "how many times as strong it must be to bring the estimate to zero; blank: over 100"),
        _C("times_to_lose_significance", "1", "the same to take its significance away"),
        _C("note", "", "why the observed quantity has no strength"),
        _ORIGIN,
    ),
)

RECOVERY = TableContract(
    "measure_recovery",
    "results/series/recovery.tsv",
    "What the analysis of a simulated series found against what is true.",
    (
        _C("sample", "", "name of the sample"),
        _C("topic", "", "structure, coherence length, microstrain, resistance or transport"),
        _C("quantity", "", "name of the quantity"),
        _C("temperature_C", "degC", "temperature of the spectrum"),
        _C("unit", "", "unit of the value"),
        _C("true", "see unit", "true value"),
        _C("found", "see unit", "value found"),
        _C("found_sd", "see unit", "its standard uncertainty"),
        _C("pull", "1", "difference over the standard uncertainty"),
        _C("relative_difference", "1", "found over true, less one"),
        _C("left_out", "", "why the sample left the series"),
        _ORIGIN,
    ),
)

RECOVERY_SUMMARY = TableContract(
    "measure_recovery",
    "results/series/recovery_summary.tsv",
    "Shares of the pulls within one and two standard uncertainties.",
    (
        _C("topic", "", "as in recovery.tsv"),
        _C("quantity", "", "one quantity, or all of the topic"),
        _C("n", "1", "number of pulls"),
        _C("within_1", "1", "share within one standard uncertainty"),
        _C("within_2", "1", "share within two"),
        _C("chance_within_1_low", "1", "least share within one that chance allows (95 %)"),
        _C("chance_within_1_high", "1", "largest share within one that chance allows"),
        _C("chance_within_2_low", "1", "least share within two that chance allows"),
        _C("chance_within_2_high", "1", "largest share within two that chance allows"),
        _C("rms_pull", "1", "root of the mean squared pull"),
        _C("mean_pull", "1", "mean pull", sd=True),
        _C("mean_relative_difference", "1", "mean of found over true, less one"),
        _ORIGIN,
    ),
)

#: Tables of a multiverse by name (docs/method-multiverse.md).
MULTIVERSE = {
    "statements": TableContract(
        "collect_multiverse",
        "results/multiverse/statements.tsv",
        "Verdicts under all mixed choices, a row for each statement.",
        (
            _C("statement", "", "id of the statement"),
            _C("analyses", "1", "analyses with all choices mixed"),
            _C("holds", "1", "share in which it holds"),
            _C("undecided", "1", "share in which it is undecided"),
            _C("fails", "1", "share in which it fails"),
            _C("low", "see claims.tsv", "lower end of the central 95 % of its number"),
            _C("median", "see claims.tsv", "median of its number"),
            _C("high", "see claims.tsv", "upper end"),
            _C("configured", "", "verdict of the configured analysis, under its one reading"),
            _C("configured_value", "see claims.tsv", "its number"),
            _C("configured_error", "see claims.tsv", "its standard error"),
            _C("turns_with", "", "choices that move the verdict, with their share in its variance"),
            _C("moves_with", "", "choices that move the number likewise"),
            _C("sentence", "", "all that in a sentence, as it stands in the note of the claim"),
        ),
    ),
    "quantities": TableContract(
        "collect_multiverse",
        "results/multiverse/quantities.tsv",
        "Spread between analyses beside the stated error, a row for each quantity of each sample.",
        (
            _C("quantity", "", "name of the quantity"),
            _C("sample", "", "name of the sample"),
            _C("analyses", "1", "analyses that have it"),
            _C("configured", "see series.tsv", "value of the configured analysis", sd=True),
            _C("low", "see series.tsv", "lower end of the central 95 %"),
            _C("median", "see series.tsv", "median"),
            _C("high", "see series.tsv", "upper end"),
            _C("stated_sd", "see series.tsv", "median of the stated standard uncertainties"),
            _C("between_sd", "see series.tsv", "width of the central 95 % over 3.92"),
            _C("ratio", "1", "between_sd over stated_sd"),
            _C("moves_with", "", "choices that move it, with their share in the variance"),
        ),
    ),
    "choices": TableContract(
        "collect_multiverse",
        "results/multiverse/choices.tsv",
        "What each choice does to each statement and quantity.",
        (
            _C("subject", "", "id of the statement, or name of the quantity"),
            _C("of", "", "verdict (1 holds, 0 undecided, -1 fails), value, or mean of samples in units of their own"),
            _C("choice", "", "name of the choice"),
            _C("key", "", "setting that it changes"),
            _C("share", "1", "first-order share in the variance between the mixed analyses"),
            _C("p", "1", "probability of as much by chance, F test"),
            _C("alone", "see of", "largest change that it makes by itself"),
            _C("why", "", "why the other options are defensible"),
        ),
    ),
}

BUDGET = TableContract(
    "budget_errors",
    "results/multiverse/budget.tsv",
    "What the error of each main number of each sample is made of, all parts in the unit of the number.",
    (
        _C("quantity", "", "name of the quantity"),
        _C("sample", "", "name of the sample"),
        _C("value", "see series.tsv", "the number"),
        _C("stated_sd", "see series.tsv", "its stated standard uncertainty"),
        _C("counts", "see series.tsv", "part of the data under one model"),
        _C("model", "see series.tsv", "part of the choice of a reading, a circuit, a form of the line"),
        _C("geometry", "see series.tsv", "part of the pellet's geometry"),
        _C("temperature", "see series.tsv", "part of the temperature"),
        _C("choices", "see series.tsv", "spread between analyses under other choices"),
    ),
)

NEXT_SAMPLE = TableContract(
    "propose_next_sample",
    "results/multiverse/next_sample.tsv",
    "Candidates for a further sample, for each undecided statement that two quantities go together.",
    (
        _C("statement", "", "id of the statement"),
        _C("rank", "1", "place of the candidate, the most promising first"),
        _C("candidate", "", "what it is, in words"),
        _C("abscissa", "see series.tsv", "its value of the paper's abscissa"),
        _C("annealing_C", "degC", "its annealing; blank as made"),
        _C("time", "1", "time of measurement, relative to the other samples"),
        _C("expected", "1", "probability that the effect is told from zero, or negligible, in closed form"),
        _C("decided", "1", "share of the simulations in which the statement holds or fails; blank off the shortlist"),
        _C("holds", "1", "share in which it holds"),
        _C("fails", "1", "share in which it fails"),
        _C("error", "see claims.tsv", "median of the number's standard error afterwards"),
    ),
)

_NAMED = (
    _C("value", "see unit", "value"),
    _C("standard_uncertainty", "see unit", "not scaled by reduced chi-squared; blank where fixed"),
    _C("standard_uncertainty_scaled", "see unit", "scaled by the root of reduced chi-squared"),
    _C("unit", "", "unit of the value"),
)

PARAMETERS = TableContract(
    "refine_structure",
    "results/refinement/SAMPLE/RANGE.tsv",
    "Parameters of a refinement, derived quantities, intervals, other envelopes.",
    (_C("name", "", "name of the parameter"), *_NAMED, _C("note", "", "fixed, dependent, at a bound, derived, ...")),
)

SIDE_PHASE_NUMBERS = TableContract(
    "detect_side_phase",
    "results/side_phase/SAMPLE.tsv",
    "Single numbers of the search for a side phase and the decision.",
    (
        _C("quantity", "", "name of the variable"),
        _C("value", "see unit", "value"),
        _C("standard_uncertainty", "see unit", "its standard uncertainty"),
        _C("unit", "", "unit of the value"),
        _C("note", "", "meaning, or the reason of the decision"),
    ),
)

TABLES = (
    SERIES,
    FAILED,
    EXCLUSIONS,
    UNMEASURED,
    *MULTIVERSE.values(),
    NEXT_SAMPLE,
    BUDGET,
    RECOVERY,
    RECOVERY_SUMMARY,
    PARAMETERS,
    SIDE_PHASE_NUMBERS,
)
