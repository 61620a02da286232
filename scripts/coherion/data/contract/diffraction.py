"""Files of the diffraction stages: scan, reduction, refinement (of a standard too), geometry, side phase."""

from __future__ import annotations

from collections.abc import Iterator

from coherion.data.contract.declared import OWN_UNIT, Attribute, Contract, Variable

#: Units of an intensity by its kind; what a reduction divided by something is in arbitrary units.
INTENSITY_UNITS = {"counts": "counts", "counts_per_second": "counts/s", "arbitrary": "arbitrary"}
_INTENSITY = tuple(INTENSITY_UNITS.values())
_G = "1/angstrom^2"

SCAN = Contract(
    "import_scan",
    "results/scans/SCAN.nc",
    "A scan as it was read, several files of one scan added up.",
    coordinates=(
        Variable("two_theta", "two_theta", "degree", "scattering angle 2theta", needed=False),
        Variable("q", "q", "1/angstrom", "magnitude of the scattering vector", needed=False),
    ),
    variables=(
        Variable("intensity", "{abscissa}", "{intensity}", "scattered intensity"),
        Variable("intensity_sd", "{abscissa}", "{intensity}", "standard uncertainty of the intensity", needed=False),
    ),
    attributes=(
        Attribute("abscissa", "", "two_theta or q: the coordinate of the intensity"),
        Attribute("intensity_kind", "", f"one of {', '.join(INTENSITY_UNITS)}"),
        Attribute("title", "", "title in the file", needed=False),
        Attribute("history", "", "what was done to the data before, as far as the file says", needed=False),
        Attribute("wavelength", "angstrom", "wavelength", needed=False),
        Attribute("time_per_point", "s", "counting time of each point", needed=False),
        Attribute("frames", "1", "files that were added up", needed=False),
        Attribute("instrument_*", "", "what the file says of the instrument", needed=False),
    ),
    choices={"abscissa": ("two_theta", "q"), "intensity": _INTENSITY},
    libraries=("scipy", "gemmi"),
)

_NOISE = tuple(
    Attribute(f"{role}_noise_{name}", "1", f"{text} of the {role}", needed=False)
    for role in ("sample", "background")
    for name, text in (
        ("ratios", "covariance of the noise over that of counting, by distance in points,"),
        ("total", "variance of sums over that of counting"),
        ("total_sd", "standard uncertainty of the total"),
        ("windows", "windows that the noise was measured in"),
    )
)

REDUCTION = Contract(
    "reduce_scan",
    "results/reduction/SCAN.nc",
    "A scan's way from counts to G(r), and the standard uncertainties where the counting noise is known.",
    coordinates=(
        Variable("q", "q", "1/angstrom", "momentum transfer"),
        Variable("r", "r", "angstrom", "distance"),
        Variable("r_nyquist", "r_nyquist", "angstrom", "distance, multiples of pi/qmax", needed=False),
        Variable("r_nyquist_2", "r_nyquist_2", "angstrom", "distance, multiples of pi/qmax", needed=False),
    ),
    variables=(
        Variable("intensity", "q", "{intensity}", "measured intensity of the sample"),
        Variable("background", "q", "{intensity}", "measured background times its scale"),
        Variable("intensity_net", "q", "{intensity}", "corrected intensity without background"),
        Variable("structure_factor", "q", "1", "total scattering structure factor S(Q)"),
        Variable("structure_factor_least", "q", "1", "least S(Q), 1 - <f^2>/<f>^2, where I is zero", needed=False),
        Variable("reduced_structure_factor", "q", "1/angstrom", "F(Q) = Q (S(Q) - 1)"),
        Variable("polynomial", "q", "1/angstrom", "polynomial taken out of F(Q)"),
        Variable("pdf", "r", _G, "reduced pair distribution function G(r)"),
        Variable("intensity_net_sd", "q", "{intensity}", "standard uncertainty of intensity_net", needed=False),
        Variable("structure_factor_sd", "q", "1", "standard uncertainty of S(Q)", needed=False),
        Variable("reduced_structure_factor_sd", "q", "1/angstrom", "standard uncertainty of F(Q)", needed=False),
        Variable("pdf_sd", "r", _G, "standard uncertainty of G(r)", needed=False),
        Variable("pdf_nyquist", "r_nyquist", _G, "G(r) at multiples of pi/qmax", needed=False),
        Variable("pdf_covariance", "r_nyquist r_nyquist_2", "1/angstrom^4", "covariance of pdf_nyquist", needed=False),
    ),
    attributes=(
        Attribute("composition", "", "composition of the sample", needed=False),
        Attribute("qmin", "1/angstrom", "start of the Fourier integral"),
        Attribute("qmax", "1/angstrom", "end of the Fourier integral"),
        Attribute("qmaxinst", "1/angstrom", "end of the data that were used", needed=False),
        Attribute("rpoly", "angstrom", "distance below which the polynomial acts", needed=False),
        Attribute("lorch", "1", "1 where Lorch's window was applied", needed=False),
        Attribute("corrections", "", "corrections that were applied", needed=False),
        Attribute("background_scale", "1", "factor of the background", needed=False),
        Attribute("background_scale_sd", "1", "its standard uncertainty", needed=False),
        Attribute("background_scale_reason", "", "where the factor comes from", needed=False),
        Attribute("further_background_scales", "1", "factors of further backgrounds", needed=False),
        Attribute("further_background_scales_sd", "1", "their standard uncertainties", needed=False),
        Attribute("normalisation", "1", "counts to electron units", needed=False),
        Attribute("normalisation_method", "", "how it was found", needed=False),
        Attribute("fluorescence", "1", "fluorescence in units of the intensity", needed=False),
        Attribute("polynomial_share", "1", "share of F(Q) that the polynomial took", needed=False),
        Attribute("wavelength", "angstrom", "wavelength", needed=False),
        Attribute("dispersion", "1", "JSON: f' and f'' of each element that F(Q) was divided by", needed=False),
        Attribute("mu_r", "1", "absorption coefficient times radius", needed=False),
        *_NOISE,
    ),
    choices={"intensity": _INTENSITY},
    libraries=("scipy", "gemmi", "xraydb"),
)


def _readings() -> Iterator[Variable]:
    """Size and strain of the first phase under each reading, and what is reported of them."""
    inverse = "1/L of the mean domain diameter weighted by area"
    strain = "mean square microstrain"
    both = {"inverse_length": ("1/angstrom", inverse), "microstrain_squared": ("1", strain)}
    yield Variable("reading_name", "reading", "1", "how size and strain are read", needed=False)
    for name, (unit, meaning) in both.items():
        yield Variable(f"reading_{name}", "reading", unit, meaning, needed=False)
        yield Variable(f"reading_{name}_sd", "reading", unit, f"standard uncertainty of {name}, scaled", needed=False)
        yield Variable(f"read_{name}", "", unit, f"{meaning}, as reported", needed=False)
        yield Variable(f"read_{name}_sd", "", unit, "its standard uncertainty, counts and reading", needed=False)
        yield Variable(f"read_{name}_sd_counts", "", unit, "what the fit leaves uncertain of it", needed=False)
        yield Variable(f"read_{name}_sd_reading", "", unit, "what the choice of reading leaves", needed=False)
    yield Variable(
        "reading_covariance", "reading", "1/angstrom", "covariance of 1/L with microstrain squared", needed=False
    )
    yield Variable("read_covariance", "", "1/angstrom", "covariance of the two as reported", needed=False)
    yield Variable("reading_aicc", "reading", "1", "AICc at the weights common to the readings", needed=False)
    yield Variable("reading_rw", "reading", "1", "Rw of the reading", needed=False)
    yield Variable("reading_scale", "reading", "1", "sum of the scales of all phases", needed=False)
    yield Variable("reading_scale_sd", "reading", "1", "its standard uncertainty, scaled", needed=False)
    yield Variable("reading_weight", "reading", "1", "weight in what is reported", needed=False)
    yield Variable("reading_envelope", "reading", "1", "shape of the domains", needed=False)
    yield Variable("reading_parameters", "reading", "1", "free parameters", needed=False)


REFINEMENT = Contract(
    "refine_structure",
    "results/refinement/SAMPLE/RANGE.nc, results/resolution/STANDARD.nc",
    "A structure refined against G(r).",
    coordinates=(
        Variable("r", "r", "angstrom", "distance"),
        Variable("fitted_r", "fitted_r", "angstrom", "distance of the points fitted"),
        Variable("parameter", "parameter", "1", "name of the parameter"),
        Variable("parameter_2", "parameter_2", "1", "name of the parameter"),
    ),
    variables=(
        Variable("observed", "r", _G, "observed G(r)"),
        Variable("calculated", "r", _G, "calculated G(r)"),
        Variable("difference", "r", _G, "observed minus calculated G(r)"),
        Variable("fitted_observed", "fitted_r", _G, "observed G(r) at the points fitted"),
        Variable("fitted_calculated", "fitted_r", _G, "calculated G(r) at the points fitted"),
        Variable("joint_r", "joint", "angstrom", "distance of the points of further data sets", needed=False),
        Variable("joint_observed", "joint", _G, "observed G(r) of further data sets", needed=False),
        Variable("joint_calculated", "joint", _G, "calculated G(r) of further data sets", needed=False),
        Variable("joint_set", "joint", "1", "number of the data set that the point belongs to", needed=False),
        Variable("value", "parameter", OWN_UNIT, "value"),
        Variable(
            "standard_uncertainty",
            "parameter",
            OWN_UNIT,
            "standard uncertainty from the counts alone, not scaled by reduced chi-squared",
        ),
        Variable(
            "standard_uncertainty_scaled",
            "parameter",
            OWN_UNIT,
            "standard uncertainty, scaled by the root of reduced chi-squared",
        ),
        Variable("covariance", "parameter parameter_2", OWN_UNIT, "covariance from the counts alone, not scaled"),
        Variable("covariance_scaled", "parameter parameter_2", OWN_UNIT, "covariance, scaled by reduced chi-squared"),
        Variable("unit", "parameter", "1", "unit of the value"),
        Variable("note", "parameter", "1", "remark"),
        Variable("start_rw", "start", "1", "Rw reached from each start"),
        Variable("start_value", "start parameter", OWN_UNIT, "value reached from each start"),
        Variable("derived_name", "derived", "1", "derived quantity", needed=False),
        Variable("derived_value", "derived", "see derived_unit", "value of the derived quantity", needed=False),
        Variable("derived_unit", "derived", "1", "unit of the derived quantity", needed=False),
        Variable(
            "derived_standard_uncertainty",
            "derived",
            "see derived_unit",
            "standard uncertainty, not scaled",
            needed=False,
        ),
        Variable(
            "derived_standard_uncertainty_scaled",
            "derived",
            "see derived_unit",
            "standard uncertainty, scaled by reduced chi-squared",
            needed=False,
        ),
        Variable("profile_name", "profile", "1", "parameter with a profile-likelihood interval", needed=False),
        Variable(
            "profile_lower",
            "profile",
            OWN_UNIT,
            "lower end, absent (NaN) where the interval does not close",
            needed=False,
        ),
        Variable(
            "profile_upper",
            "profile",
            OWN_UNIT,
            "upper end, absent (NaN) where the interval does not close",
            needed=False,
        ),
        Variable("envelope_shape", "envelope", "1", "shape of the domains", needed=False),
        Variable("envelope_rw", "envelope", "1", "Rw with this shape", needed=False),
        Variable("envelope_parameter_name", "envelope", "1", "parameter of the shape", needed=False),
        Variable("envelope_value", "envelope", OWN_UNIT, "value with this shape", needed=False),
        Variable(
            "envelope_standard_uncertainty", "envelope", OWN_UNIT, "standard uncertainty, not scaled", needed=False
        ),
        Variable(
            "envelope_standard_uncertainty_scaled",
            "envelope",
            OWN_UNIT,
            "standard uncertainty, scaled by reduced chi-squared",
            needed=False,
        ),
        *_readings(),
    ),
    attributes=(
        Attribute("rw", "1", "Rw without weights, of the curves on the data's grid"),
        Attribute("rw_weighted", "1", "Rw with the weights of the fit"),
        Attribute("chi_squared", "1", "chi-squared of the points fitted"),
        Attribute("chi_squared_reduced", "1", "chi-squared per degree of freedom"),
        Attribute("degrees_of_freedom", "1", "independent points less free parameters"),
        Attribute("weights", "", "weighting of the points"),
        Attribute("misfit", _G, "root mean square of the misfit that the weights count beside the noise"),
        Attribute("misfit_near", "angstrom^2", "its variance is misfit_near/r^6 + misfit_far"),
        Attribute("misfit_far", "1/angstrom^4", "variance of the misfit at large distances"),
        Attribute("counting_noise", _G, "root of the mean variance of the points fitted"),
        Attribute("convention", "", "convention of the pair model"),
        Attribute("envelope", "", "shape of the domains"),
        Attribute("radiation", "", "xray or neutron"),
        Attribute("window", "", "window of the Fourier integral"),
        Attribute("qmax", "1/angstrom", "end of the Fourier integral of the data"),
        Attribute("fit_range", "angstrom", "first and last distance of the fit"),
        Attribute("phases", "", "JSON: names of the phases"),
        Attribute("space_groups", "", "JSON: space group of each phase"),
        Attribute("stages", "", "JSON: name, Rw and free parameters of each stage"),
        Attribute("constraints", "", "JSON: the user's constraints"),
        Attribute("singular", "", "JSON: groups of parameters that cannot be told apart"),
        Attribute("at_bound", "", "JSON: parameters that ended at a bound"),
        Attribute("converged", "1", "1 where the fit converged"),
        Attribute(
            "data_sets", "", "JSON: file, radiation, Qmax, range, points and Rw of each G(r) fitted", needed=False
        ),
        Attribute("continued", "1", "1 where the first start is where the sample before ended", needed=False),
        Attribute("jumped", "1", "1 where the recipe's own start led to another branch than that", needed=False),
        Attribute(
            "otherwise",
            "",
            "JSON: what describes the data better than what they were taken for, its data set and Rw, and the Rw taken",
            needed=False,
        ),
        Attribute("q_shift", "1/angstrom", "by how much the residual says that all Q of the data are too high"),
        Attribute("q_shift_sd", "1/angstrom", "its standard uncertainty"),
    ),
    libraries=("scipy", "gemmi", "xraydb", "numba", "diffpy.structure"),
)

GEOMETRY = Contract(
    "measure_geometry",
    "results/geometry/SAMPLE/RANGE.nc",
    "Bonds, angles and polyhedra of a refined structure.",
    coordinates=(
        Variable("quantity", "quantity", "1", "name of the quantity"),
        Variable("quantity_2", "quantity_2", "1", "name of the quantity"),
    ),
    variables=(
        Variable("value", "quantity", OWN_UNIT, "value"),
        Variable(
            "standard_uncertainty", "quantity", OWN_UNIT, "standard uncertainty, not scaled by reduced chi-squared"
        ),
        Variable(
            "standard_uncertainty_scaled",
            "quantity",
            OWN_UNIT,
            "standard uncertainty, scaled by the root of reduced chi-squared",
        ),
        Variable("kind", "quantity", "1", "kind of quantity"),
        Variable("unit", "quantity", "1", "unit of the value"),
        Variable("atoms", "quantity", "1", "atoms with their symmetry images"),
        Variable("covariance", "quantity quantity_2", OWN_UNIT, "covariance, not scaled by reduced chi-squared"),
        Variable("covariance_scaled", "quantity quantity_2", OWN_UNIT, "covariance, scaled by reduced chi-squared"),
    ),
    libraries=("scipy", "gemmi", "diffpy.structure"),
)

_LINES = "the phase's reflections"
_AREA = "{intensity}/angstrom"

REFLECTION_WIDTHS = Contract(
    "reflection_widths",
    "results/reflection_widths/SAMPLE.nc",
    "Size and strain from the widths of the reflections of the same scan, and how they agree with those of G(r). "
    "Where nothing could be read, the verdict says why and stands alone.",
    coordinates=(Variable("q", "q", "1/angstrom", "scattering vector", needed=False),),
    variables=tuple(
        Variable(*one, needed=False)
        for one in (
            ("observed", "q", "1/angstrom", "F(Q)"),
            ("calculated", "q", "1/angstrom", "reflections and smooth part"),
            ("background", "q", "1/angstrom", "smooth part"),
            ("inverse_length", "", "1/angstrom", "1/L of the mean domain diameter weighted by area"),
            ("inverse_length_sd", "", "1/angstrom", "its standard uncertainty, with misfit and instrument"),
            ("microstrain_squared", "", "1", "mean square microstrain"),
            ("microstrain_squared_sd", "", "1", "its standard uncertainty, with misfit and instrument"),
            ("covariance", "", "1/angstrom", "covariance of 1/L with microstrain squared"),
            ("spread", "", "1", "of log-normal diameters where spheres of one diameter do not do, else 0"),
            ("zero", "", "degree", "zero point of 2theta, with the cell free"),
            ("zero_sd", "", "degree", "its standard uncertainty, with misfit"),
            ("misfit_factor", "", "1", "long-run variance of the weighted residual, at least 1"),
            ("chi_squared", "", "1", "chi-squared per point"),
            (
                "disagreement",
                "",
                "1",
                "distance of 1/L and microstrain squared from those of G(r), in standard uncertainties of both",
            ),
        )
    ),
    attributes=(
        Attribute("instrument", "", "u, v, w, x, y of the standard's profile", needed=False),
        Attribute("instrument_sd", "", "their standard uncertainties", needed=False),
        Attribute("reflections", "1", "how many there are", needed=False),
        Attribute("described", "", "1 where the misfit lets the widths count as a witness, else 0"),
        Attribute("verdict", "", "what follows, in words"),
        Attribute("origin", "", "measured or simulated"),
    ),
    libraries=("scipy", "xraydb", "diffpy.structure", "gemmi"),
)

SIDE_PHASE = Contract(
    "detect_side_phase",
    "results/side_phase/SAMPLE.nc",
    "The search for a side phase: its reflection in the pattern, and two phases in G(r) where that was tried.",
    coordinates=(
        Variable("q", "q", "1/angstrom", "scattering vector"),
        Variable("reflection_q", "reflection_q", "1/angstrom", f"positions of {_LINES}"),
        Variable("fitted_r", "fitted_r", "angstrom", "distance of the points fitted", needed=False),
    ),
    variables=(
        Variable("intensity", "q", "{intensity}", "corrected intensity without background"),
        Variable("calculated_without", "q", "{intensity}", f"{_LINES} and background"),
        Variable("calculated_having", "q", "{intensity}", f"{_LINES}, background and the side phase's reflection"),
        Variable("background", "q", "{intensity}", "smooth background of the fit that counts"),
        Variable("side_reflection", "q", "{intensity}", "the side phase's reflection alone"),
        Variable("reflection_area", "reflection_q", _AREA, f"areas of {_LINES}"),
        Variable("side_reflection_z", "", "1", "excess of the side phase's reflection over its standard error"),
        Variable("side_reflection_area", "", _AREA, "area of the side phase's reflection"),
        Variable("side_reflection_area_sd", "", _AREA, "area over z: the error against which it is seen"),
        Variable(
            "reflection_width", "", "1/angstrom", f"full width at half maximum of {_LINES} at the side phase's place"
        ),
        Variable("reflection_width_sd", "", "1/angstrom", "standard uncertainty of reflection_width"),
        Variable("domain_length", "", "angstrom", f"length of the domains in the profile of {_LINES}"),
        Variable("strain", "", "1", "relative standard deviation of lattice spacings in the profile"),
        Variable("stretch", "", "1", "relative shift of all positions from the refined cell"),
        Variable("tail", "", "1", "exponential part of the envelope in the profile"),
        Variable("rw_one_phase", "", "1", "Rw of the refinement with one phase"),
        Variable("intensity_sd", "q", "{intensity}", "standard uncertainty of intensity", needed=False),
        Variable("chi_squared_without", "", "1", "chi-squared without the side phase's reflection"),
        Variable("degrees_of_freedom_without", "", "1", "degrees of freedom without it"),
        Variable("misfit_factor_without", "", "1", "long-run variance of the weighted residual without it"),
        Variable("chi_squared_having", "", "1", "chi-squared with the side phase's reflection"),
        Variable("degrees_of_freedom_having", "", "1", "degrees of freedom with it"),
        Variable("misfit_factor_having", "", "1", "long-run variance of the weighted residual with it"),
        Variable("observed", "fitted_r", _G, "observed G(r) at the points fitted", needed=False),
        Variable("calculated_one_phase", "fitted_r", _G, "G(r) of the refinement with one phase", needed=False),
        Variable("calculated_two_phases", "fitted_r", _G, "G(r) of the refinement with two phases", needed=False),
        Variable("rw_two_phases", "", "1", "Rw of the refinement with two phases", needed=False),
        Variable("chi_squared_one_phase", "", "1", "chi-squared with one phase", needed=False),
        Variable(
            "chi_squared_two_phases",
            "",
            "1",
            "chi-squared with two phases and the weights of the fit with one",
            needed=False,
        ),
        Variable("aicc_difference", "", "1", "AICc with one phase less AICc with two", needed=False),
        Variable("side_phase_fraction", "", "1", "mass fraction of the side phase", needed=False),
        Variable(
            "side_phase_fraction_sd",
            "",
            "1",
            "standard uncertainty of side_phase_fraction, scaled by reduced chi-squared",
            needed=False,
        ),
        Variable(
            "coherence_length_two_phases",
            "",
            "angstrom",
            "coherence length of the first phase, refined with the side phase",
            needed=False,
        ),
        Variable(
            "coherence_length_two_phases_sd",
            "",
            "angstrom",
            "standard uncertainty of coherence_length_two_phases",
            needed=False,
        ),
    ),
    attributes=(
        Attribute("side_phase", "", "name of the side phase"),
        Attribute("reflection_place", "1/angstrom", "where its reflection was looked for"),
        Attribute("significance", "1", "standard errors above which it counts as seen"),
        Attribute("tried_because", "", "why two phases were tried; blank where they were not"),
        Attribute("excluded", "1", "1 where the sample leaves the structural series"),
        Attribute("reason", "", "why it does, or why not"),
    ),
    choices={"intensity": _INTENSITY},
    libraries=("scipy", "gemmi", "xraydb", "numba", "diffpy.structure"),
)
