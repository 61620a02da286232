"""Files of the impedance stages: spectra, validation, circuits, Arrhenius."""

from __future__ import annotations

from coherion.data.contract.declared import Attribute, Contract, Variable

_POINT = "spectrum point"
_FREQUENCY = Variable("frequency", _POINT, "Hz", "frequency")
_REAL = Variable("impedance_real", _POINT, "ohm", "real part of the impedance")
_IMAGINARY = Variable(
    "impedance_imaginary", _POINT, "ohm", "imaginary part of the impedance, negative for a capacitance"
)
_KEPT = Variable("kept", _POINT, "1", "point passes the Kramers-Kronig test and is fitted")
#: Variables of each spectrum that pass from stage to stage unchanged.
_CARRIED = (
    Variable("temperature", "spectrum", "degC", "temperature"),
    Variable("temperature_sd", "spectrum", "K", "standard uncertainty of the temperature"),
    Variable("cycle", "spectrum", "1", "cycle number in the file"),
    Variable("amplitude", "spectrum", "V", "peak amplitude of the excitation", needed=False),
    Variable("source", "spectrum", "1", "file name"),
)
CARRIED = tuple(one.name for one in _CARRIED)
#: Of the leads, where a short circuit was measured.
_LEADS = (
    Variable("leads_resistance", "spectrum", "ohm", "resistance of the leads, taken off", needed=False),
    Variable("leads_resistance_sd", "spectrum", "ohm", "its standard uncertainty", needed=False),
    Variable("leads_inductance", "spectrum", "H", "inductance of the leads, taken off", needed=False),
    Variable("leads_inductance_sd", "spectrum", "H", "its standard uncertainty", needed=False),
)
_SAMPLE = Attribute("sample", "", "name of the sample", needed=False)
_SPECTRA = (
    _FREQUENCY,
    _REAL,
    _IMAGINARY,
    Variable("time", _POINT, "s", "time since the start of the measurement", needed=False),
    *_CARRIED,
    *_LEADS,
    Variable("temperature_from", "spectrum", "1", "where the temperature comes from", needed=False),
    Variable("points", "spectrum", "1", "rows used", needed=False),
    Variable("dropped", "spectrum", "1", "rows dropped", needed=False),
    Variable("start_time", "spectrum", "1", "start of the measurement, ISO 8601", needed=False),
)
_READ = (
    _SAMPLE,
    Attribute("dropped_rows", "", "JSON: source, cycle, reason, count and rows of what was dropped", needed=False),
    Attribute("notes", "", "JSON: remarks and doubts about each file", needed=False),
)

SPECTRA = Contract(
    "import_spectra",
    "results/spectra/SAMPLE.nc",
    "All spectra of a sample, a row each, in the order of temperature and cycle; short ones end in NaN.",
    coordinates=(),
    variables=_SPECTRA,
    attributes=_READ,
    libraries=("impedance",),
)

VALIDATION = Contract(
    "validate_spectra",
    "results/validation/SAMPLE.nc",
    "The spectra, and which of their points agree with the Kramers-Kronig relations.",
    coordinates=(),
    variables=(
        *_SPECTRA,
        _KEPT,
        Variable("removal", _POINT, "1", "why a point was removed"),
        Variable("kramers_kronig_real", _POINT, "1", "real Kramers-Kronig residual / |Z|"),
        Variable("kramers_kronig_imaginary", _POINT, "1", "imaginary Kramers-Kronig residual / |Z|"),
        Variable("valid", "spectrum", "1", "spectrum may be fitted"),
        Variable("verdict", "spectrum", "1", "what the validation says of the spectrum"),
        Variable("removed", "spectrum", "1", "number of points removed"),
        Variable("kramers_kronig_largest", "spectrum", "1", "largest Kramers-Kronig residual / |Z| of kept points"),
        Variable("kramers_kronig_noise", "spectrum", "1", "robust standard deviation of the Kramers-Kronig residuals"),
        Variable("kramers_kronig_correlation", "spectrum", "1", "correlation of neighbouring Kramers-Kronig residuals"),
        Variable(
            "noise", _POINT, "1", "standard deviation of one component / |Z|, from the Kramers-Kronig residuals near"
        ),
        Variable("z_hit_residual", _POINT, "1", "ln |Z| less its reconstruction from the phase (Z-HIT)"),
        Variable("z_hit_drift", "spectrum", "1", "mean of that over the lowest decade of frequency"),
        Variable("drift", "spectrum", "1", "that the sample changed during the sweep, in words, if it did"),
    ),
    attributes=_READ,
)

CIRCUITS = Contract(
    "fit_circuits",
    "results/circuits/SAMPLE.nc",
    "The circuit fitted to every valid spectrum.",
    coordinates=(
        Variable("parameter", "parameter", "1", "parameter of the circuit"),
        Variable("parameter_2", "parameter_2", "1", "parameter of the circuit"),
        Variable("parameter_unit", "parameter", "1", "unit of the parameter"),
        Variable("resistance_name", "resistance_name", "1", "name of the resistance"),
        Variable("arc", "arc", "1", "resistor of the arc"),
        Variable("relaxation_time", "relaxation_time", "s", "relaxation time"),
        Variable("alternative", "alternative", "1", "circuit compared"),
    ),
    variables=(
        Variable("value", "spectrum parameter", "1", "value of the parameter, in parameter_unit"),
        Variable("standard_uncertainty", "spectrum parameter", "1", "standard uncertainty, in parameter_unit"),
        Variable("covariance", "spectrum parameter parameter_2", "1", "covariance, in the product of the units"),
        Variable("resistance", "spectrum resistance_name", "ohm", "sum of resistors"),
        Variable("resistance_sd", "spectrum resistance_name", "ohm", "standard uncertainty of the resistance"),
        Variable(
            "resistance_choice_sd", "spectrum resistance_name", "ohm", "part of it from the choice of the circuit"
        ),
        Variable("resolved", "spectrum resistance_name", "1", "resistance is resolved"),
        Variable("reason", "spectrum resistance_name", "1", "why it is not resolved"),
        Variable("drifted", "spectrum resistance_name", "1", "that is because the sample changed during the sweep"),
        Variable("capacitance", "spectrum arc", "F", "effective capacitance"),
        Variable("capacitance_sd", "spectrum arc", "F", "standard uncertainty of the capacitance"),
        Variable(
            "suggested_origin",
            "spectrum arc",
            "1",
            "origin by capacitance after Irvine, Sinclair and West, for thickness/area = 1/cm",
        ),
        Variable("apex_frequency", "spectrum arc", "Hz", "frequency of the arc's apex"),
        Variable(
            "apex_frequency_relative_sd", "spectrum arc", "1", "relative standard uncertainty of the apex frequency"
        ),
        Variable("fitted_real", _POINT, "ohm", "real part of the fitted impedance"),
        Variable("fitted_imaginary", _POINT, "ohm", "imaginary part of the fitted impedance"),
        Variable(
            "relaxation_distribution",
            "spectrum relaxation_time",
            "ohm",
            "distribution of relaxation times per ln tau",
        ),
        Variable("relaxation_penalty", "spectrum", "1", "weight of the squared second difference of the distribution"),
        Variable(
            "together_resistance",
            "spectrum",
            "ohm",
            "the first resistance with arcs smooth in temperature; a hole where it is not resolved",
        ),
        Variable("together_resistance_relative_sd", "spectrum", "1", "its relative standard uncertainty"),
        Variable("profile_resistance", "spectrum profile", "ohm", "resistances tried where it is not resolved"),
        Variable(
            "profile_log_likelihood", "spectrum profile", "1", "how likely each is, ln of the part of the best one"
        ),
        Variable("chi_squared", "spectrum", "1", "weighted sum of squared residuals"),
        Variable("reduced_chi_squared", "spectrum", "1", "chi squared per degree of freedom"),
        Variable("rmse", "spectrum", "1", "root of chi squared per number fitted"),
        Variable("degrees_of_freedom", "spectrum", "1", "real numbers fitted less free parameters"),
        Variable("agreeing_starts", "spectrum", "1", "starts that ended in the minimum reported"),
        Variable("preferred_circuit", "spectrum", "1", "circuit that AICc prefers"),
        Variable("fitted_circuit", "spectrum", "1", "circuit that was fitted"),
        Variable("choice", "spectrum", "1", "why this circuit, and which resistors are the electrolyte's"),
        Variable("rivals", "spectrum", "1", "JSON: other circuits with AICc, weight, resistance and objection"),
        Variable("doubt", "spectrum", "1", "what speaks against a resolved resistance"),
        Variable(
            "resistance_drift", "spectrum", "1", "relative change of the resistance from the first point to the last"
        ),
        Variable("resistance_drift_sd", "spectrum", "1", "its standard uncertainty"),
        Variable("misfit_to_noise", "spectrum", "1", "misfit in units of the noise of the Kramers-Kronig test"),
        Variable(
            "delta_aicc",
            "spectrum alternative",
            "1",
            "AICc less that of the configured circuit; negative is better",
        ),
        *_CARRIED,
        _FREQUENCY,
        _REAL,
        _IMAGINARY,
        _KEPT,
    ),
    attributes=(
        _SAMPLE,
        Attribute("circuit", "", "the circuit, or auto where each spectrum has its own"),
        Attribute("resistors", "", "JSON: resistors that each resistance is the sum of"),
        Attribute("weights", "", "weighting of the points"),
        Attribute("largest_drift", "1", "resistance_drift from which a spectrum is left out"),
    ),
    libraries=("scipy",),
)

_SIGMA = "S/cm"
#: Kinds of reason for which a spectrum takes no part in the Arrhenius line.
EXCLUSIONS = NOT_RESOLVED, DRIFT, OUTSIDE, OFF_THE_LINE = "not resolved", "drift", "outside the limits", "off the line"
#: What part a spectrum takes in the fit of all temperatures together.
ROLES = USED, LOWER_LIMIT, CONTRADICTS, LEFT_OUT = "used", "lower limit", "contradicts the others", "left out"
_GRID = "resistance_name spectrum"
_BY_FORM = "resistance_name form weighting"
_EACH = "resistance_name"

ARRHENIUS = Contract(
    "fit_arrhenius",
    "results/arrhenius/SAMPLE.nc",
    "Conductivity of every spectrum, and the Arrhenius line through them.",
    coordinates=(
        Variable("resistance_name", "resistance_name", "1", "name of the resistance"),
        Variable("form", "form", "1", "ordinate of the Arrhenius line"),
        Variable("weighting", "weighting", "1", "weighting of the points"),
        Variable("arc", "arc", "1", "resistor of the arc"),
    ),
    variables=(
        Variable("conductivity", _GRID, _SIGMA, "conductivity"),
        Variable("conductivity_sd", _GRID, _SIGMA, "standard uncertainty of the conductivity"),
        Variable("conductivity_fit_sd", _GRID, _SIGMA, "part from the fit of the circuit"),
        Variable("conductivity_choice_sd", _GRID, _SIGMA, "part from the choice of the circuit"),
        Variable("conductivity_geometry_sd", _GRID, _SIGMA, "part from the pellet, common to all"),
        Variable("conductivity_temperature_sd", _GRID, _SIGMA, "part from the temperature"),
        Variable(
            "conductivity_between_pellets_sd",
            _GRID,
            _SIGMA,
            "scatter between the pellets of the sample at this temperature, no part of conductivity_sd",
            needed=False,
        ),
        Variable("pellets", _EACH, "1", "number of pellets compared, this one counted", needed=False),
        Variable(
            "activation_energy_between_pellets_sd",
            _EACH,
            "eV",
            "scatter of the activation energy between pellets beyond their errors",
            needed=False,
        ),
        Variable(
            "conductivity_reference_between_pellets_sd",
            _EACH,
            _SIGMA,
            "scatter of the conductivity at the reference between pellets beyond their errors",
            needed=False,
        ),
        Variable("used", _GRID, "1", "spectrum takes part in the Arrhenius fit"),
        Variable("exclusion", _GRID, "1", "why a spectrum takes no part"),
        Variable(
            "exclusion_kind",
            _GRID,
            "1",
            f"what kind of reason that is: {', '.join(EXCLUSIONS)}, or blank where it takes part",
        ),
        Variable("off_the_line", _GRID, "1", "conductivity over that of the line, of spectra left out for it"),
        Variable("standardised_residual", _GRID, "1", "distance from the line in units of the point's uncertainty"),
        Variable(
            "relative_permittivity", "spectrum arc", "1", "apparent relative permittivity of the arc, C L/(eps0 A)"
        ),
        Variable("spectra_used", _EACH, "1", "number of spectra used"),
        Variable("activation_energy", _EACH, "eV", "activation energy, of the line in the attribute form"),
        Variable("activation_energy_sd", _EACH, "eV", "standard uncertainty of the activation energy"),
        Variable(
            "ln_prefactor",
            _EACH,
            "1",
            "logarithm of the prefactor in S K/cm where the attribute form is sigma_T, else in S/cm",
        ),
        Variable("ln_prefactor_sd", _EACH, "1", "standard uncertainty of ln prefactor, with the pellet's"),
        Variable(
            "activation_energy_ln_prefactor_covariance",
            _EACH,
            "eV",
            "covariance of activation energy and ln prefactor",
        ),
        Variable("r_squared", _EACH, "1", "coefficient of determination of the line"),
        Variable("arrhenius_reduced_chi_squared", _EACH, "1", "chi squared per degree of freedom of the line"),
        Variable("curvature", _EACH, "K^2", "coefficient of (1/T)^2 in a parabola"),
        Variable("curvature_p", _EACH, "1", "probability of such a curvature if the line is straight"),
        Variable("conductivity_reference", _EACH, _SIGMA, "conductivity at the reference temperature, on the line"),
        Variable("conductivity_reference_sd", _EACH, _SIGMA, "its standard uncertainty, with the pellet's"),
        Variable(
            "conductivity_measured", _EACH, _SIGMA, "conductivity as measured nearest to the reference temperature"
        ),
        Variable("conductivity_measured_sd", _EACH, _SIGMA, "its standard uncertainty, all sources"),
        Variable("temperature_measured", _EACH, "degC", "temperature at which it was measured"),
        Variable(
            "role",
            _GRID,
            "1",
            f"{', '.join(ROLES)}: in the fit of all temperatures together",
        ),
        Variable(
            "limit_distance",
            _GRID,
            "1",
            "standard uncertainties between what a spectrum that is not resolved allows and the line of the others",
        ),
        Variable("together_activation_energy", _EACH, "eV", "activation energy of all spectra together"),
        Variable("together_activation_energy_sd", _EACH, "eV", "its standard uncertainty"),
        Variable("together_ln_prefactor", _EACH, "1", "logarithm of the prefactor of all spectra together"),
        Variable(
            "together_covariance",
            "resistance_name quantity quantity_2",
            "1",
            "covariance of (activation energy in eV, ln prefactor), without the pellet's common error",
        ),
        Variable("together_conductivity_reference", _EACH, _SIGMA, "conductivity at the reference, all together"),
        Variable("together_conductivity_reference_sd", _EACH, _SIGMA, "its standard uncertainty, with the pellet's"),
        Variable("together_scatter", _EACH, "1", "scatter of ln R about the line besides the known errors"),
        Variable("together_limits", _EACH, "1", "number of spectra that took part as lower limits"),
        Variable("activation_energy_by_form", _BY_FORM, "eV", "activation energy by form and weighting"),
        Variable("activation_energy_by_form_sd", _BY_FORM, "eV", "its standard uncertainty"),
        Variable("ln_prefactor_by_form", _BY_FORM, "1", "logarithm of the prefactor in S K/cm or S/cm"),
        Variable(
            "covariance_by_form",
            f"{_BY_FORM} quantity quantity_2",
            "1",
            "covariance of (activation energy in eV, ln prefactor), without the pellet's common error",
        ),
        Variable("conductivity_reference_by_form", _BY_FORM, _SIGMA, "conductivity at the reference temperature"),
        Variable("conductivity_reference_by_form_sd", _BY_FORM, _SIGMA, "its standard uncertainty"),
        Variable("capacitance_reference", "arc", "F", "effective capacitance at the reference", needed=False),
        Variable(
            "capacitance_sd_reference",
            "arc",
            "F",
            "standard uncertainty of the capacitance at the reference",
            needed=False,
        ),
        *_CARRIED,
    ),
    attributes=(
        _SAMPLE,
        Attribute("circuit", "", "the circuit", needed=False),
        Attribute("form", "", "sigma_T or sigma: what the line is the logarithm of"),
        Attribute("weighting", "", "weighting of the points"),
        Attribute("cell_constant", "1/cm", "thickness over area of the pellet"),
        Attribute("cell_constant_relative_sd", "1", "its relative standard uncertainty"),
        Attribute("reference_temperature", "degC", "temperature of the quantities at the reference"),
        Attribute("celsius_zero", "K", "what 0 degC was taken for"),
    ),
    libraries=("scipy",),
)
