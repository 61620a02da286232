"""Kramers-Kronig validation of impedance spectra.

The test is Boukamp's linear one (J. Electrochem. Soc. 142 (1995) 1885): a circuit that obeys the Kramers-Kronig
relations whatever its coefficients,

    Z(w) = R0 + sum_k R_k / (1 + j w tau_k) + 1 / (j w C) + j w L,

with fixed tau_k spread evenly in ln tau over the measured range, is fitted to the data by linear least squares.
What it cannot follow is not the answer of a linear, causal, stable system. Residuals are (Z - Z_fit) / |Z|, their
real and imaginary part; never relative to a component, which passes through zero.

The number of time constants is fixed per decade, because the mu criterion (Schoenleber et al., Electrochim. Acta
131 (2014) 20) stops far too early on monotone capacitive data. A series C and L always take part.

What the test cannot see: anything that is itself a causal linear response, such as the delay of a cable, the
inductance of the leads or a loop of theirs; and drift slow against the sweep, which looks like another arc.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.errors import InputError
from coherion.settings.stages.validation import ValidationSettings

# Points about each from which its noise is told: a decade and a half of a usual sweep.
_NEIGHBOURS = 15
_SYSTEMATIC = 0.6
KEPT, OUTSIDE_LIMITS, LOW_END, HIGH_END, SPIKE, NEGATIVE = 0, 1, 2, 3, 4, 5
# More points with a negative real part than this part (1) of a sweep are not those of a bad end.
_MOST_NEGATIVE = 0.25
REASONS = {
    KEPT: "kept",
    OUTSIDE_LIMITS: "outside the configured frequency range",
    LOW_END: "low-frequency end above the Kramers-Kronig limit",
    HIGH_END: "high-frequency end above the Kramers-Kronig limit",
    SPIKE: "single spike above the Kramers-Kronig limit",
    NEGATIVE: "real part is negative, which no passive sample has",
}


@dataclass(frozen=True)
class KramersKronig:
    """Result of the linear test: residuals relative to |Z| and the fitted circuit."""

    residual: np.ndarray
    """(Z - Z_fit) / |Z|, complex, one per point."""
    impedance: np.ndarray
    """Z_fit in ohm, complex."""
    frequency: np.ndarray
    """The frequencies of the two, in Hz."""
    time_constants: np.ndarray
    """tau_k in s."""
    resistances: np.ndarray
    """R0, then R_k, in ohm; single ones mean nothing."""
    elastance: float
    """1 / C of the series capacitance, in 1/F."""
    inductance: float
    """L of the series inductance, in H."""

    @property
    def size(self) -> np.ndarray:
        """The larger of |real| and |imaginary| residual at each point."""
        return np.maximum(np.abs(self.residual.real), np.abs(self.residual.imag))

    @property
    def correlation(self) -> float:
        """Correlation of the residuals of neighbouring points (1): about 0 for noise, towards 1 if systematic."""
        order = np.argsort(self.frequency)
        r = self.residual[order]
        total = float(np.sum(np.abs(r) ** 2))
        return float(np.sum((r[1:] * r[:-1].conj()).real)) / total if total > 0 else 0.0

    @property
    def white(self) -> np.ndarray:
        """True for points about which neighbours correlate no more than those of noise.

        That is two standard errors over the whole sweep, and 0.6 over the three decades about the point: there a step
        or a wrong end gives 0.7 and more, even of a sweep with a noisy end that hides it in the whole.
        """
        order = np.argsort(self.frequency)
        r = self.residual[order] / self.local_noise[order].clip(np.finfo(float).tiny)
        product = np.append((r[1:] * r[:-1].conj()).real, 0.0)
        near = _near(r.size, 2 * _NEIGHBOURS)
        size = np.sum(np.abs(r[near]) ** 2, axis=1)
        local = np.sum(product[near[:, :-1]], axis=1) / size.clip(np.finfo(float).tiny)
        white = np.empty(r.size, dtype=bool)
        white[order] = local <= _SYSTEMATIC
        return white & bool(self.correlation <= 2 / np.sqrt(r.size))

    @property
    def noise(self) -> float:
        """Robust standard deviation of one component of the residuals (1.4826 x median of their size)."""
        return 1.4826 * float(np.median(np.abs(np.concatenate([self.residual.real, self.residual.imag]))))

    @property
    def local_noise(self) -> np.ndarray:
        """The same at each point, from the points about it: currents near the floor of an instrument are noisier."""
        order = np.argsort(self.frequency)
        r = self.residual[order]
        near = np.abs(r.view(float).reshape(-1, 2)[_near(r.size, _NEIGHBOURS)].reshape(r.size, -1))
        noise = np.empty(r.size)
        noise[order] = 1.4826 * np.median(near, axis=1)
        return noise


def _near(size: int, width: int) -> np.ndarray:
    """Places of the points about each (size x width), of an ordered sweep."""
    width = min(width, size)
    return np.clip(np.arange(size) - width // 2, 0, size - width)[:, None] + np.arange(width)


def linear_kramers_kronig(
    frequency: np.ndarray, impedance: np.ndarray, *, time_constants_per_decade: float = 5.0
) -> KramersKronig:
    """Boukamp's linear Kramers-Kronig test of one spectrum (module docstring: equation and source).

    Parameters
    ----------
    frequency
        Frequencies in Hz, positive, in any order.
    impedance
        Complex impedance in ohm at each frequency.
    time_constants_per_decade
        Time constants per decade of frequency.

    Raises
    ------
    InputError
        If fewer than 5 points remain, or a frequency or impedance is not a usable number.
    """
    f = np.asarray(frequency, dtype=float)
    z = np.asarray(impedance, dtype=complex)
    if f.size < 5:
        raise InputError("too few points for a Kramers-Kronig test", found=f.size, expected="5 or more")
    if not (np.all(np.isfinite(f)) and np.all(f > 0) and np.all(np.isfinite(z)) and np.all(z != 0)):
        raise InputError("spectrum holds a frequency or an impedance that is not positive and finite")
    omega = 2 * np.pi * f
    decades = np.log10(omega.max() / omega.min())
    # More constants than points would follow anything, spikes too.
    count = max(2, min(round(time_constants_per_decade * decades) + 1, f.size // 2))
    tau = np.geomspace(1 / omega.max(), 1 / omega.min(), count)
    design = np.empty((f.size, count + 3), dtype=complex)
    design[:, 0] = 1
    design[:, 1:-2] = 1 / (1 + 1j * omega[:, None] * tau)
    design[:, -2] = -1j / omega
    design[:, -1] = 1j * omega
    weight = 1 / np.abs(z)
    rows = design * weight[:, None]
    matrix = np.concatenate([rows.real, rows.imag])
    target = np.concatenate([z.real * weight, z.imag * weight])
    norm = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    # Singular value decomposition: the columns are nearly dependent, and only the sum of their terms matters.
    solution = np.linalg.lstsq(matrix / norm, target, rcond=1e-12)[0] / norm
    fitted = design @ solution
    return KramersKronig(
        residual=(z - fitted) * weight,
        impedance=fitted,
        frequency=f,
        time_constants=tau,
        resistances=solution[:-2],
        elastance=float(solution[-2]),
        inductance=float(solution[-1]),
    )


@dataclass(frozen=True)
class Validation:
    """What the validation of one spectrum kept, and why not the rest."""

    reason: np.ndarray
    """One of the codes of REASONS for each point."""
    residual: np.ndarray
    """(Z - Z_fit) / |Z|, complex, of every point against the circuit fitted to the kept ones; NaN beyond them."""
    test: KramersKronig
    """The test of the kept points."""
    valid: bool
    verdict: str
    """In words: why the spectrum is not valid, or what is still above the limit."""

    @property
    def kept(self) -> np.ndarray:
        """True for points to be fitted."""
        return self.reason == KEPT


def validate_spectrum(
    frequency: np.ndarray, impedance: np.ndarray, settings: ValidationSettings | None = None
) -> Validation:
    """Remove what breaks the Kramers-Kronig relations from a spectrum, in rounds, with the reason of each removal.

    In each round the linear test is made with the points still kept. A run of bad points at an end loses its outer
    third; if both ends are sound, the worst single point (or pair) that stands out of the noise of the others is
    masked; then the next round. A test of every point at once would remove too much, since one bad end spoils the
    residuals of the whole spectrum; and removing every point above the limit would only cut the tails off the noise.

    Parameters
    ----------
    frequency, impedance
        Hz and complex ohm, in any order.
    settings
        Limits; by default the paper's.

    Raises
    ------
    InputError
        If fewer than 5 points lie in the configured range.
    """
    settings = settings or ValidationSettings()
    f = np.asarray(frequency, dtype=float)
    z = np.asarray(impedance, dtype=complex)
    order = np.argsort(f, kind="stable")
    f, z = f[order], z[order]
    reason = np.full(f.size, KEPT)
    if settings.frequency_min is not None:
        reason[f < settings.frequency_min] = OUTSIDE_LIMITS
    if settings.frequency_max is not None:
        reason[f > settings.frequency_max] = OUTSIDE_LIMITS
    allowed = int(np.count_nonzero(reason == KEPT))
    # Causal nonetheless, so the test alone would keep what leads and instruments make of a high end.
    negative = (reason == KEPT) & (z.real < -settings.limit * np.abs(z))
    if settings.trim and np.count_nonzero(negative) <= _MOST_NEGATIVE * allowed:
        reason[negative] = NEGATIVE
    while True:
        kept = np.flatnonzero(reason == KEPT)
        test = linear_kramers_kronig(f[kept], z[kept], time_constants_per_decade=settings.time_constants_per_decade)
        if not settings.trim or kept.size <= max(settings.fewest_points, 5):
            break
        if kept.size < (1 - settings.largest_removed_fraction) * allowed:
            break
        found = _next_removal(test, _limit(test, settings), settings)
        if found is None:
            break
        places, code = found
        reason[kept[places]] = code
    residual = np.full(f.size, np.nan + 0j)
    residual[kept] = test.residual
    verdict, valid = _verdict(test, kept.size, allowed, settings)
    back = np.empty(f.size, dtype=int)
    back[order] = np.arange(f.size)
    return Validation(reason[back], residual[back], _reordered(test, f[kept], back, reason), valid, verdict)


def _reordered(test: KramersKronig, f: np.ndarray, back: np.ndarray, reason: np.ndarray) -> KramersKronig:
    """The test with its points in the order of the spectrum as given."""
    place = np.full(reason.size, -1)
    place[reason == KEPT] = np.arange(f.size)
    chosen = place[back]
    chosen = chosen[chosen >= 0]
    return KramersKronig(
        test.residual[chosen],
        test.impedance[chosen],
        test.frequency[chosen],
        test.time_constants,
        test.resistances,
        test.elastance,
        test.inductance,
    )


def _limit(test: KramersKronig, settings: ValidationSettings) -> np.ndarray:
    """Residual (1) of each point from which it is bad: noise that is no more than noise makes none of them bad."""
    return np.maximum(settings.limit, settings.noise_ratio * np.where(test.white, test.local_noise, 0.0))


def _next_removal(
    test: KramersKronig, limit: np.ndarray, settings: ValidationSettings
) -> tuple[np.ndarray, int] | None:
    """Places (among the kept points, by rising frequency) to remove next and the reason; None when done."""
    size = test.size
    bad = size > limit
    if not bad.any():
        return None
    ends = []
    for code, flags, sizes in ((LOW_END, bad, size), (HIGH_END, bad[::-1], size[::-1])):
        run = _bad_run_at_start(flags, settings.run_length)
        if run:
            ends.append((float(sizes[:run].max()), run, code))
    if ends:
        _, run, code = max(ends)
        count = max(1, run // 3)
        places = np.arange(count) if code == LOW_END else np.arange(size.size - count, size.size)
        return places, code
    worst = int(np.argmax(size))
    if size[worst] > settings.spike_ratio * test.noise and _stands_alone(size, worst):
        return np.array([worst]), SPIKE
    return None


def _bad_run_at_start(bad: np.ndarray, run_length: int) -> int:
    """Length of the run of bad points at the start, good ones no closer than every third; 0 if there is none.

    The residuals of a wrong end oscillate about zero, so a good point now and then does not end the run.
    """
    near = bad[: run_length + 1]
    if np.count_nonzero(near) < run_length:
        return 0
    end = 0
    last_bad = 0
    while end < bad.size and end - last_bad <= 2:
        if bad[end]:
            last_bad = end
        end += 1
    return last_bad + 1


def _stands_alone(size: np.ndarray, place: int) -> bool:
    """True if the points two away and further, on both sides, are less than half as bad: a spike, not a feature."""
    neighbours = [i for i in (place - 3, place - 2, place + 2, place + 3) if 0 <= i < size.size]
    return bool(np.median(size[neighbours]) < 0.5 * size[place])


def _verdict(test: KramersKronig, kept: int, allowed: int, settings: ValidationSettings) -> tuple[str, bool]:
    """What to say of a spectrum after the last round, and whether it may be used."""
    if kept < settings.fewest_points:
        return f"only {kept} points are left, fewer than {settings.fewest_points}", False
    if kept < (1 - settings.largest_removed_fraction) * allowed:
        return (
            f"Kramers-Kronig: {allowed - kept} of {allowed} points had to go, more than "
            f"{100 * settings.largest_removed_fraction:.0f} %",
            False,
        )
    if test.noise > settings.largest_noise:
        return f"noise of {100 * test.noise:.1f} %, more than {100 * settings.largest_noise:g} %", False
    above = int(np.count_nonzero(test.size > settings.limit))
    if above == 0:
        return "", True
    nature = "noise" if test.white.all() else "systematic, as from drift"
    # What counts against a spectrum are the points that its noise does not explain.
    bad = int(np.count_nonzero(test.size > _limit(test, settings)))
    if settings.trim and bad > settings.largest_bad_fraction * kept:
        return f"Kramers-Kronig: {bad} of {kept} points above {100 * settings.limit:g} % ({nature})", False
    return (
        f"{above} points remain above {100 * settings.limit:g} % (largest {100 * test.size.max():.1f} %, "
        f"noise {100 * test.noise:.2f} %, {nature})",
        True,
    )
