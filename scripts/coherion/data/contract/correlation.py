"""File of the correlation of the series: conductivity against coherence length, as the figures need it."""

from __future__ import annotations

from coherion.data.contract.declared import Attribute, Contract, Variable

_CURVE = "selection coherence_length_curve"
_PAIR = "quantity other_quantity"
_SIGMA = "S/cm"


def _v(name: str, dims: str, unit: str, meaning: str) -> Variable:
    """Every part may be absent: the attribute ``missing`` says why."""
    return Variable(name, dims, unit, meaning, needed=False)


CORRELATION = Contract(
    "judge_claims",
    "results/series/correlation.nc",
    "Conductivity against coherence length: points, lines with bands, other curves, and all rank correlations.",
    coordinates=(
        _v("quantity", "quantity", "1", "quantity of the paper"),
        _v("other_quantity", "other_quantity", "1", "quantity of the paper"),
        _v("sample", "sample", "1", "sample"),
        _v("coherence_length_curve", "coherence_length_curve", "angstrom", "coherence length"),
        _v("selection", "selection", "1", "samples of the line"),
        _v("reading", "reading", "1", "curve through the first selection"),
    ),
    variables=(
        _v("rank_correlation", _PAIR, "1", "Spearman's correlation of the paper's samples"),
        _v("rank_correlation_sd", _PAIR, "1", "standard uncertainty of the rank correlation"),
        _v("rank_correlation_low", _PAIR, "1", "lower end of its interval (Fisher)"),
        _v("rank_correlation_high", _PAIR, "1", "upper end of its interval (Fisher)"),
        _v("rank_correlation_samples", _PAIR, "1", "samples that have both quantities"),
        _v("third", "sample", "1", "the paper's abscissa, named by the attribute third, in its unit"),
        _v("group", "sample", "1", "group of samples that figures tell apart; empty where there is none"),
        _v("coherence_length", "sample", "angstrom", "coherence length"),
        _v("coherence_length_sd", "sample", "angstrom", "standard uncertainty of the coherence length"),
        _v("conductivity", "sample", _SIGMA, "ionic conductivity at the attribute conductivity_temperature"),
        _v("conductivity_sd", "sample", _SIGMA, "standard uncertainty of the conductivity"),
        _v("exponent", "selection", "1", "exponent of L in sigma ~ L^b"),
        _v("exponent_sd", "selection", "1", "standard uncertainty of the exponent"),
        _v("exponent_low", "selection", "1", "lower end of the exponent's profile interval"),
        _v("exponent_high", "selection", "1", "upper end of the exponent's profile interval"),
        _v("intercept", "selection", "1", "log10 sigma of the line at L = 1 angstrom"),
        _v("exponent_intercept_covariance", "selection", "1", "covariance of exponent and intercept"),
        _v("intercept_sd", "selection", "1", "standard uncertainty of the intercept"),
        _v("scatter", "selection", "1", "scatter of log10 sigma about the line"),
        _v("line", _CURVE, _SIGMA, "conductivity of the line"),
        _v("line_low", _CURVE, _SIGMA, "lower end of the line's confidence band"),
        _v("line_high", _CURVE, _SIGMA, "upper end of the line's confidence band"),
        _v("sample_low", _CURVE, _SIGMA, "lower end of the band for a further sample"),
        _v("sample_high", _CURVE, _SIGMA, "upper end of the band for a further sample"),
        _v("residual", "selection sample", "1", "log10 sigma less the line's"),
        *(
            _v(f"{kind}{suffix}", "selection", "1", f"{kind.title()}'s correlation of log10 sigma and log10 L{text}")
            for kind in ("pearson", "spearman")
            for suffix, text in (
                ("", ""),
                ("_low", ", lower end (Fisher)"),
                ("_high", ", upper end (Fisher)"),
                ("_bca_low", ", lower end (BCa)"),
                ("_bca_high", ", upper end (BCa)"),
                ("_p", ", p of the permutation test"),
            )
        ),
        _v("pearson_without", "selection sample", "1", "Pearson's correlation without this sample"),
        _v("spearman_without", "selection sample", "1", "Spearman's correlation without this sample"),
        _v("reading_curve", "reading coherence_length_curve", _SIGMA, "conductivity of the curve"),
        _v("reading_aicc", "reading", "1", "AICc as densities of sigma"),
        _v("reading_weight", "reading", "1", "Akaike weight"),
        _v("log_length_given_third", "sample", "1", "log10 L less its line through the third quantity"),
        _v("log_conductivity_given_third", "sample", "1", "log10 sigma less its line through the third quantity"),
        _v("exponent_given_third", "", "1", "exponent of L at the fixed third quantity"),
        _v("exponent_given_third_sd", "", "1", "its standard uncertainty"),
        _v("exponent_given_third_low", "", "1", "lower end of its interval"),
        _v("exponent_given_third_high", "", "1", "upper end of its interval"),
        _v("variance_inflation", "", "1", "variance inflation factor of log10 L given the third quantity"),
    ),
    attributes=(
        Attribute("confidence", "1", "confidence of the intervals"),
        Attribute("conductivity_temperature", "degC", "temperature of the conductivities"),
        Attribute("third", "", "quantity that is held fixed: the paper's abscissa"),
        Attribute("missing", "", "what could not be computed, and why"),
    ),
    libraries=("scipy",),
)
