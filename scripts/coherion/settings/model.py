"""What every declared setting is made of: its kind, its limits, its unit and what it means.

A stage's settings are a frozen :class:`Settings`; each of its fields is declared once, as
``rmax: Annotated[Positive, told("Upper end of G(r)", "angstrom")] = 100.0``. The reader
(:mod:`coherion.settings.reading`), the schema file and the reference page all come from that line. Rules that join
several keys stand in ``__post_init__``, which raises :class:`coherion.errors.InputError` naming the key.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from coherion.errors import InputError

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
# Of X-rays and of neutrons, angstrom; of any solid, g/cm^3.
Wavelength = Annotated[float, msgspec.Meta(gt=0.01, le=10)]
Density = Annotated[float, msgspec.Meta(gt=0, le=30)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# One that Snakemake does not take for a wildcard, nor a command for an option.
FILE = r"^[^-{}\x00-\x1f][^{}\x00-\x1f]*$(?!\n)"
FileName = Annotated[str, msgspec.Meta(pattern=FILE, extra={"words": "a path without braces, no dash in front"})]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one stage, or one group of them; made from a mapping by :func:`reading.settings_from`."""


def told(meaning: str, unit: str | None = None, **limits: Any) -> msgspec.Meta:
    """What a setting means, its unit, and limits beyond those of its kind (``ge``, ``gt``, ``le``, ``lt``)."""
    return msgspec.Meta(description=meaning, extra_json_schema={"unit": unit} if unit else None, **limits)


def as_plain(settings: msgspec.Struct) -> dict[str, Any]:
    """The settings as plain values that JSON can hold."""
    return msgspec.json.decode(msgspec.json.encode(settings))


def refuse(settings: msgspec.Struct, key: str, expected: str, what: str = "setting out of its range") -> None:
    """Raise the InputError for a key whose value does not fit the other keys."""
    found = getattr(settings, key)
    raise InputError(
        what, place=f"key {key}", found=list(found) if isinstance(found, tuple) else found, expected=expected
    )


def refuse_no_range(settings: msgspec.Struct, key: str, pair: tuple[float, float] | None = None) -> None:
    """Raise an InputError for a setting of two numbers that do not rise."""
    low, high = pair or getattr(settings, key)
    if not low < high:
        raise InputError("not a range", place=f"key {key}", found=f"{low:g} to {high:g}", expected="first < last")
