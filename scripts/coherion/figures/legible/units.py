"""Powers of ten where they belong: in the unit of an axis, not set apart at its end."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, ScalarFormatter, StrMethodFormatter

#: Numbers between which a reader needs no powers of ten.
READABLE = (1e-3, 2e4)
PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def prefixed(largest: float, unit: str) -> tuple[float, str]:
    """The factor of a unit, and its name with the prefix of the SI, in which the largest value is 1 to 1000."""
    power = 3 * int(np.floor(np.log10(largest) / 3)) if largest > 0 and np.isfinite(largest) else 0
    power = min(max(power, min(PREFIXES)), max(PREFIXES))
    return 10.0**power, f"{PREFIXES[power]}{unit}"


def with_power(label: str, power: int) -> str:
    """A label ``quantity / unit`` of an axis whose numbers are in units of a power of ten."""
    quantity, slash, unit = label.partition(" / ")
    return f"{quantity}{slash or ' / '}10$^{{{power}}}$ {unit}".rstrip()


def with_exponent(value: float, digits: int = 2) -> str:
    """A number in a sentence of a figure, powers of ten as such where it would have many noughts."""
    said = f"{value:.{digits}g}"
    if 1e-3 <= abs(value) < 1e4 or not value:
        return f"{value:.0f}" if "e" in said else said
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    return f"{mantissa}×10$^{{{int(exponent)}}}$"


def plain_logarithms(figure: Any) -> None:
    """Give logarithmic axes of less than two decades the numbers that a reader counts by, such as 60, 100, 200."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if axis.get_scale() != "log" or not axes.axison or not isinstance(axis.get_major_locator(), LogLocator):
                continue
            low, high = sorted(axis.get_view_interval())
            if not 0 < low < high < 100 * low:
                continue
            if not READABLE[0] <= low < high <= READABLE[1]:
                _count_in_powers(axis, low, high)
                continue
            axis.set_major_locator(LogLocator(subs=_subs(low, high)))
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_formatter(NullFormatter())


def _count_in_powers(axis: Any, low: float, high: float) -> None:
    """The same where all numbers would need a power of ten: it stands in the label, once."""
    power = int(np.floor(np.log10(low * high) / 2))
    axis.set_major_locator(LogLocator(subs=_subs(low, high)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:.3g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(with_power(axis.get_label_text(), power))


def _subs(low: float, high: float) -> tuple[float, ...]:
    """Multiples of each power of ten that an axis counts by: the narrower it is, the more."""
    if high < 4 * low:
        return (1, 1.5, 2, 3, 4, 6, 8)
    return (1, 2, 4, 6) if high < 10 * low else (1, 2, 5)


def name_powers(figure: Any) -> bool:
    """Move each power that would stand at the end of an axis into its label; gives whether there was one."""
    changed = False
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            form = axis.get_major_formatter()
            if not isinstance(form, ScalarFormatter) or not axis.get_visible() or not axes.axison:
                continue
            form.set_useOffset(False)
            form.set_locs(axis.get_majorticklocs())
            power = int(form.orderOfMagnitude)
            if power and axis.get_offset_text().get_visible():
                form.set_powerlimits((power, power))
                axis.set_label_text(with_power(axis.get_label_text(), power))
                axis.get_offset_text().set_visible(False)
                changed = True
    return changed
