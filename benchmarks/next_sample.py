"""Does the proposed next sample decide an undecided statement more often than a random one from the same candidates?

Series of known truth are drawn, with nothing of the model that the proposal is made with: lengths fall with composition
along an exponential and grow by annealing as grains do (L^n = L0^n + k t, k of Arrhenius' form); the conductivity is
that of the composition (a parabola) times 1 + (L_c/L)^m, a path along boundaries in parallel, or has nothing of the
length. A series counts if the statement is undecided in it. Then the sample that the proposal puts first is made, and,
with the same luck, one drawn from all candidates alike (``random``), and one drawn from those of the same time of
measurement (``same time``), and the statement is judged again by its test; this is done a dozen times for each series,
with other luck and other random candidates, and gives a share of each. Rightly decided: it holds where boundaries act
and fails where they do not.

Run: ``python benchmarks/next_sample.py [--series 150] [--statements length-influences-conductivity,...]
[--simulations 40] [--results FILE]``; FILE is a table that grows, and a run that was ended goes on from it. Prints
shares, their mean difference with its interval, and in how many series the one or the other has more, with p of the
sign test (McNemar's exact test where the shares are 0 and 1) and of Wilcoxon's signed ranks, one-sided.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

import numpy as np  # noqa: E402

STATEMENTS = ("length-influences-conductivity", "exponent", "correlation-pearson")
KELVIN, GAS = 273.15, 8.314462618e-3
MADE = ("proposed", "random", "same time")
LUCKS = 12
_MOST_DRAWS = 400


@dataclass(frozen=True)
class World:
    """What is true of a series: its parameters, drawn at random; ``m`` is 0 where the length does nothing."""

    compositions: tuple[float, ...]
    annealed: tuple[tuple[float, float], ...]
    longest: float
    shortest: float
    decay: float
    spread: float
    growth: float
    barrier: float
    grain_exponent: float
    composition: tuple[float, float]
    crossover: float
    m: float
    scatter: float
    errors: tuple[float, float]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> World:
        """A world at random; in a third of them the length does nothing."""
        count = int(rng.integers(6, 10))
        compositions = tuple(round(float(x), 3) for x in np.linspace(0.1, 0.9, count))
        hot = sorted(rng.choice([150.0, 200.0, 250.0, 300.0, 350.0], size=int(rng.integers(0, 3)), replace=False))
        return cls(
            compositions,
            tuple((compositions[-1], float(t)) for t in hot),
            longest=rng.uniform(110, 180),
            shortest=rng.uniform(25, 45),
            decay=rng.uniform(0.3, 1.0),
            spread=rng.uniform(0.05, 0.2),
            growth=10 ** rng.uniform(5.3, 6.3),
            barrier=rng.uniform(25, 60),
            grain_exponent=rng.uniform(2, 4),
            composition=(rng.normal(0, 0.5), rng.normal(0, 0.2)),
            crossover=rng.uniform(60, 160),
            m=float((rng.random() < 2 / 3) * rng.uniform(1.5, 4.0)),
            scatter=rng.uniform(0.02, 0.12),
            errors=(rng.uniform(0.02, 0.06), rng.uniform(0.02, 0.08)),
        )

    def length(self, x: float, annealing: float | None) -> float:
        """Coherence length in angstrom, without the luck of a sample."""
        made = self.shortest + (self.longest - self.shortest) * np.exp(-x / self.decay)
        if annealing is None:
            return float(made)
        # k t is ``growth`` angstrom^n at 350 degC.
        rate = np.exp(-self.barrier / GAS * (1 / (annealing + KELVIN) - 1 / (350 + KELVIN)))
        n = self.grain_exponent
        return float((made**n + self.growth ** (n / 3) * rate) ** (1 / n))

    def log_conductivity(self, x: float, length: float) -> float:
        """log10 of the conductivity in S/cm."""
        line, bend = self.composition
        bulk = -6 + line * (x - 0.5) + 4 * bend * (x - 0.5) ** 2
        return float(bulk + (np.log10(1 + (self.crossover / length) ** self.m) if self.m else 0.0))

    def sample(
        self, name: str, x: float, annealing: float | None, time: float, luck: Sequence[float]
    ) -> dict[str, object]:
        """A row of the table; ``luck`` are five standard normal numbers, errors fall with the root of ``time``."""
        length = self.length(x, annealing) * np.exp(self.spread * luck[0])
        log_sigma = self.log_conductivity(x, length) + self.scatter * luck[1]
        length_sd, sigma_sd = (error / np.sqrt(time) for error in self.errors)
        found, sigma = length * np.exp(length_sd * luck[2]), 10**log_sigma * np.exp(sigma_sd * luck[3])
        strain = 1e-5 * np.exp(0.4 * luck[4])
        return {
            "sample": name, "x": x, "origin": "simulated", "excluded": "",
            "group": "as_milled" if annealing is None else "annealed",
            "annealing_C": "" if annealing is None else annealing,
            "coherence_length_A": found, "coherence_length_A_sd": found * length_sd,
            "sigma_25C_S_per_cm": sigma, "sigma_25C_S_per_cm_sd": sigma * sigma_sd,
            "microstrain_squared": strain, "microstrain_squared_sd": 0.1 * strain,
        }  # fmt: skip

    def series(self, rng: np.random.Generator) -> list[dict[str, object]]:
        """The table of the series."""
        milled = [self.sample(f"x{x:g}", x, None, 1.0, rng.normal(size=5)) for x in self.compositions]
        return milled + [self.sample(f"x{x:g}_{t:g}C", x, t, 1.0, rng.normal(size=5)) for x, t in self.annealed]


def study(number: int, names: Sequence[str], simulations: int) -> dict[str, object] | None:
    """One series with an undecided statement, and what each further sample makes of it; None where none was found."""
    import msgspec

    from coherion.multiverse.next_sample import candidates_of, model_of, prospects
    from coherion.paper.reading import read_paper
    from coherion.paper.statements import design_of, evaluated
    from coherion.settings.stages.claims import ClaimSettings
    from coherion.statistics.kinds.view import View
    from coherion.statistics.regression import Undetermined
    from coherion.statistics.series import Missing

    paper = read_paper(Path(__file__).parents[1] / "config" / "paper.yaml")
    statement = next(one for one in paper.statements if one.id == names[number % len(names)])
    # The study's tables have all samples in one group of choice; those that a paper leaves out are not drawn.
    statement = msgspec.structs.replace(statement, samples="every")
    settings = ClaimSettings(resamples=200, exact_limit=5040)
    rng = np.random.default_rng([number, 20])

    def verdict(series):
        return evaluated(statement.test, View(series, design_of(paper), "every"), settings).verdict

    for _ in range(_MOST_DRAWS):
        world = World.drawn(rng)
        rows = world.series(rng)
        series = _table(rows, paper)
        if verdict(series) != "undecided":
            continue
        try:
            model = model_of(statement, series, paper)
            assert model is not None
            pool = candidates_of(model)
            ranked = prospects(statement, series, paper, settings, simulations=simulations)
        except (Missing, Undetermined):
            continue
        first = ranked[0].candidate
        others = [one for one in pool if one.time == first.time]
        truth = "holds" if world.m else "fails"
        found: dict[str, object] = {"series": number, "statement": statement.id, "truth": truth, "samples": len(rows)}
        found |= {"candidates": len(pool), "proposal": first.words(paper.abscissa), "promised": ranked[0].decided}
        verdicts: dict[str, list[str]] = {made: [] for made in MADE}
        for _ in range(LUCKS):
            chosen = (first, pool[rng.integers(len(pool))], others[rng.integers(len(others))])
            luck = rng.normal(size=5)
            for made, one in zip(MADE, chosen, strict=True):
                row = world.sample("next", one.abscissa, one.annealing, one.time, luck)
                verdicts[made].append(verdict(_table([*rows, row], paper)))
        for made, said in verdicts.items():
            found[made] = float(np.mean([one != "undecided" for one in said]))
            found[f"{made}, rightly"] = float(np.mean([one == truth for one in said]))
        return found
    return None


def _table(rows, paper):
    from coherion.data.tables import write_table
    from coherion.statistics.series import read_series

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "series.tsv"
        path.write_text(write_table(rows), encoding="utf-8")
        return read_series(path, paper.known)


def paired(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """In how many series the first share is larger, and the second, and p of the sign test, one-sided for the first."""
    from scipy.stats import binomtest

    ahead, behind = int(np.sum(first > second)), int(np.sum(first < second))
    if ahead + behind == 0:
        return 0, 0, 1.0
    return ahead, behind, float(binomtest(ahead, ahead + behind, 0.5, alternative="greater").pvalue)


def report(rows: Sequence[Mapping[str, str]]) -> None:
    """Print shares and pairs, of all statements together and of each."""
    from scipy.stats import wilcoxon

    for name in ("all", *dict.fromkeys(row["statement"] for row in rows)):
        own = [row for row in rows if name in ("all", row["statement"])]
        print(f"{name}: {len(own)} series, promised {np.mean([float(row['promised']) for row in own]):.3f}")
        for what in ("decided", "rightly"):
            end = "" if what == "decided" else ", rightly"
            shares = {made: np.array([float(row[f"{made}{end}"]) for row in own]) for made in MADE}
            print(f"  {what}:", ", ".join(f"{made} {of.mean():.3f}" for made, of in shares.items()))
            for other in MADE[1:]:
                more = shares[MADE[0]] - shares[other]
                ahead, behind, p = paired(shares[MADE[0]], shares[other])
                ranks = wilcoxon(more, alternative="greater").pvalue if np.any(more) else 1.0
                half = 1.96 * more.std(ddof=1) / np.sqrt(more.size)
                print(
                    f"    over {other}: {more.mean():+.3f} +- {half:.3f}; ahead in {ahead}, behind in {behind}, "
                    f"p {p:.2g} (signs), {ranks:.2g} (ranks)"
                )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=150)
    parser.add_argument("--statements", default=",".join(STATEMENTS), help="ids, separated by commas")
    parser.add_argument("--simulations", type=int, default=40)
    parser.add_argument("--results", help="table that is read if it is there, and grows")
    given = parser.parse_args(argv)

    from coherion.data.tables import read_rows, write_table

    path = Path(given.results) if given.results else None
    rows = [dict(row) for row in read_rows(path, "series")] if path and path.exists() else []
    done = {int(row["series"]) for row in rows}
    for number in range(given.series):
        if number in done:
            continue
        found = study(number, given.statements.split(","), given.simulations)
        if found is None:
            continue
        rows.append({name: str(value) for name, value in found.items()})
        if path:
            path.write_text(write_table(rows), encoding="utf-8")
    report(rows)


if __name__ == "__main__":
    main()
