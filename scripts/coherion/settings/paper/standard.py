"""Quantities that the table of any series may hold: what a paper need not declare."""

from __future__ import annotations

from collections.abc import Mapping

from coherion.settings.paper.quantities import Quantity

STANDARD: Mapping[str, Quantity] = {
    "x": Quantity(column="x", exact=True, label="x"),
    "annealing": Quantity(column="annealing_C", exact=True, label="annealing temperature / °C", unit="degC"),
    "temperature": Quantity(column="temperature_K", exact=True, label="T / K", unit="K"),
    "time": Quantity(column="time_h", exact=True, label="t / h", unit="h"),
    **{name: Quantity(column=f"{name}_A", label=f"{name} / Å", unit="angstrom") for name in ("a", "b", "c")},
    **{
        name: Quantity(column=f"{name}_deg", label=f"{symbol} / °", unit="degree")
        for name, symbol in (("alpha", "α"), ("beta", "β"), ("gamma", "γ"))
    },
    "volume": Quantity(column="volume_A3", label="V / Å$^3$", unit="angstrom^3"),
    "coherence_length": Quantity(column="coherence_length_A", label="coherence length / Å", unit="angstrom"),
    "inverse_length": Quantity(column="inverse_length_per_A", label="1/L / Å$^{-1}$", unit="1/angstrom"),
    "microstrain_squared": Quantity(column="microstrain_squared", label="mean square of the microstrain"),
    "rw": Quantity(column="rw", exact=True, label="R$_w$"),
    "reflection_width": Quantity(
        column="reflection_width_per_A", label="width of reflections / Å$^{-1}$", unit="1/angstrom"
    ),
    "side_reflection": Quantity(
        column="side_reflection_z",
        exact=True,
        label="excess at the side phase's reflection / s.e.",
        unit="standard errors",
    ),
    "conductivity": Quantity(column="sigma_25C_S_per_cm", label="σ(25 °C) / S cm$^{-1}$", unit="S/cm"),
    "log_conductivity": Quantity(expression="log10(conductivity)", label="log$_{10}$ σ(25 °C)"),
    "activation_energy": Quantity(column="activation_energy_eV", label="E$_a$ / eV", unit="eV"),
    "ln_prefactor": Quantity(column="ln_prefactor", label="ln σ$_0$"),
    "prefactor_covariance": Quantity(column="activation_energy_ln_prefactor_covariance_eV", exact=True, unit="eV"),
    "capacitance": Quantity(column="capacitance_25C_F", label="capacitance / F", unit="F"),
    "log_capacitance": Quantity(expression="log10(capacitance)", label="log$_{10}$ C"),
    "arrhenius_curvature": Quantity(column="arrhenius_curvature_p", exact=True, label="p of the curvature"),
}
