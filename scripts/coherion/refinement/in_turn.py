"""Several refinements one after the other: windows along one G(r), or samples that change step by step."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.errors import InputError
from coherion.messages import about, warn
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import RecipeResult, run_recipe
from coherion.settings.stages.refinement import InTurnSettings, RefinementSettings

if TYPE_CHECKING:
    import xarray

MOST_WINDOWS = 500


@dataclass(frozen=True, eq=False)
class Step:
    """One refinement of several.

    place
        Where it stands: the centre of its window in angstrom, a temperature, a number.
    found
        The refinement.
    """

    place: float
    found: RecipeResult


def windows_of(settings: InTurnSettings) -> list[tuple[float, float]]:
    """First and last r (angstrom) of each window: ``width`` long, ``step`` apart, within the range of the fit."""
    low, high = settings.fit_range
    if settings.width > high - low:
        raise InputError(
            "a window is longer than the range",
            place="key width",
            found=settings.width,
            expected=f"at most {high - low:g}",
        )
    count = int((high - low - settings.width) / settings.step + 1e-9) + 1
    if count > MOST_WINDOWS:
        raise InputError("too many windows", place="key step", found=count, expected=f"at most {MOST_WINDOWS}")
    return [(low + k * settings.step, low + k * settings.step + settings.width) for k in range(count)]


def refine_windows(
    crystals: Sequence[Crystal], observed: Observed, settings: InTurnSettings, *, say: Callable[[str], None] = print
) -> list[Step]:
    """Refine the whole range, then each window from there (a boxcar).

    Raises
    ------
    InputError
        As :func:`coherion.refinement.recipe.run_recipe`, and if the windows do not fit the range.
    """
    windows = windows_of(settings)
    whole = run_recipe(crystals, observed, _recipe(settings), say=say)
    made = []
    for low, high in windows:
        name = f"{low:g} to {high:g} angstrom"
        say(name)
        with about(name):
            own = _recipe(settings, fit_range=(low, high), start={**settings.start, **whole.result.values})
            made.append(Step(0.5 * (low + high), run_recipe(crystals, observed, own, say=lambda _: None)))
    return made


def refine_sequence(
    crystals: Sequence[Crystal],
    data: Sequence[tuple[float, Observed]],
    settings: InTurnSettings,
    *,
    say: Callable[[str], None] = print,
) -> list[Step]:
    """Refine data in their order, each from where the one before ended, and from the recipe's own start as well.

    The better of the two is kept; where that is the recipe's own, a change of branch is told.

    Parameters
    ----------
    data
        Places, such as temperatures, with the G(r) of each.
    """
    made: list[Step] = []
    for place, observed in data:
        say(f"{place:g}: {observed.file}")
        with about(f"{place:g}"):
            before = made[-1].found.refined_values if made else None
            found = run_recipe(crystals, observed, _recipe(settings), before=before, say=lambda _: None)
            made.append(Step(place, found))
    return made


def _recipe(settings: InTurnSettings, **changes: Any) -> RefinementSettings:
    known = {name: getattr(settings, name) for name in RefinementSettings.__struct_fields__}
    return RefinementSettings(**{**known, **changes})


def where_it_ended(path: str | os.PathLike[str], crystals: Sequence[Crystal]) -> dict[str, float]:
    """What another refinement refined, as a start for one of these structures: nothing where it had other symmetries.

    Raises
    ------
    InputError
        If the file is no refinement.
    """
    from coherion.data.netcdf import read_dataset

    return ended_at(read_dataset(path, "refine_structure"), crystals, os.fspath(path))


def ended_at(fit: xarray.Dataset, crystals: Sequence[Crystal], name: str) -> dict[str, float]:
    """The same of the dataset that ``refine_structure`` writes; ``name`` is what messages call it."""
    if json.loads(fit.attrs["space_groups"]) != [crystal.space_group for crystal in crystals]:
        warn(f"{name} was refined in other space groups: it is no start for this structure")
        return {}
    columns = (fit[name].values for name in ("parameter", "value", "standard_uncertainty_scaled"))
    return {str(name): float(value) for name, value, sd in zip(*columns, strict=True) if np.isfinite(sd)}


def rows_in_turn(steps: Sequence[Step]) -> Iterator[dict[str, Any]]:
    """A row for each step: its place and range, Rw, and every refined parameter with its standard uncertainty."""
    for step in steps:
        low, high = step.found.settings.fit_range
        row: dict[str, Any] = {"place": step.place, "r_low_A": low, "r_high_A": high, "rw": step.found.rw}
        row |= {"converged": int(step.found.result.converged), "jumped": int(step.found.course.jumped)}
        for parameter in step.found.parameters:
            if parameter.refined:
                row |= {parameter.name: parameter.value, f"{parameter.name}_sd": parameter.uncertainty_scaled}
        yield row


def refined_names(steps: Sequence[Step]) -> list[str]:
    """Names of the parameters that any step refined and that change, in their order."""
    names = [p.name for p in steps[0].found.parameters]
    changing = [n for n in names if np.ptp([s.found.result.values[n] for s in steps]) > 0]
    return [n for n in changing if any(n in s.found.result.parameters for s in steps)]
