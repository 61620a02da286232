"""A made table of a series like the paper's, with a truth that the tests choose."""

from __future__ import annotations

import numpy as np

COMPOSITIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
K_ROOM = 8.617333262e-5 * 298.15


def lengths(x):
    """Coherence lengths (angstrom) falling from about 140 to 45, with the unevenness of real samples."""
    return 140 - 105 * x + 6 * np.sin(17 * x)


def make_rows(
    seed=1,
    *,
    exponent=-3.0,
    by_composition=0.0,
    scatter=0.03,
    annealed=((200.0, 72.0), (330.0, 120.0)),
    noise=1.0,
    decoupled=0,
):
    """Rows as dictionaries: sigma = const L^exponent 10^(by_composition x) with lognormal scatter (decades).

    ``decoupled`` further milled samples have coherence lengths that do not follow their composition.
    """
    rng = np.random.default_rng(seed)
    rows = []

    def add(sample, x, group, temperature, length, excluded=""):
        row = {"sample": sample, "x": x, "group": group, "excluded": excluded, "origin": "simulated"}
        row["annealing_C"] = temperature

        def put(name, true, sd, digits=9):
            row[name] = round(true + noise * sd * rng.normal(), digits)
            row[f"{name}_sd"] = sd

        steep = max(0.0, x - 0.5)
        truth = {
            "a_A": (6.92 - 0.02 * x - 0.12 * steep, 0.002),
            "b_A": (7.30 - 0.02 * x - 0.14 * steep, 0.002),
            "c_A": (10.12 - 0.02 * x - 0.16 * steep, 0.003),
            "beta_deg": (90.3 + 0.8 * x, 0.03),
            "zr_fraction": (x, 0.01),
            "na_2b_occupancy": (0.95 - 0.9 * x, 0.02),
            "na_4e_occupancy": (0.97 - 0.02 * x, 0.01),
            "octahedron_M_volume_A3": (21.8 - 1.5 * x, 0.05),
            "octahedron_Na_volume_A3": (29.5 - 2.0 * x, 0.15),
            "prism_Na_volume_A3": (27.0, 0.15),
            "angle_M1_M2_Cl1_deg": (62.0 - 3.0 * x, 0.2),
            "angle_M1_M2_Cl2_deg": (58.0 + 3.0 * x, 0.2),
            "angle_a_M_Cl1_deg": (72.0 + 2.0 * x, 0.2),
            "angle_a_M_Cl2_deg": (40.0 + 2.0 * x, 0.2),
        }
        truth["volume_A3"] = (truth["a_A"][0] * truth["b_A"][0] * truth["c_A"][0], 0.2)
        for name, (true, sd) in truth.items():
            put(name, true, sd)
            # The wide fit holds the data of the narrow ones: less error, and the same error in part.
            for suffix, factor in (("2_20", 1.5), ("2_40", 1.2)):
                extra = sd * np.sqrt(factor**2 - 1)
                row[f"{name}_{suffix}"] = round(row[name] + noise * extra * rng.normal(), 9)
                row[f"{name}_{suffix}_sd"] = sd * factor
        row |= {"rw": 0.20, "rw_2_40": 0.18, "rw_2_20": 0.157}
        put("coherence_length_A", length, 0.02 * length)
        log_sigma = -6.0 + exponent * np.log10(length / 140) + by_composition * x + scatter * rng.normal()
        sigma = 10**log_sigma
        put("sigma_25C_S_per_cm", sigma, 0.02 * sigma, 15)
        energy = 0.50 if x <= 0.8 else 0.43
        put("activation_energy_eV", energy, 0.004)
        row["ln_prefactor"] = np.log(sigma * 298.15) + row["activation_energy_eV"] / K_ROOM
        row["ln_prefactor_sd"] = float(np.hypot(0.004 / K_ROOM, 0.02))
        row["arrhenius_curvature_p"] = float(rng.uniform(0.05, 1))
        row["capacitance_25C_F"], row["capacitance_25C_F_sd"] = 1e-11 * 10 ** rng.normal(0, 0.05), 5e-13
        row["side_reflection_z"] = 25.0 if x == 0.95 and group == "as_milled" else float(rng.normal())
        rows.append(row)

    for x in COMPOSITIONS:
        reason = "side phase" if x == 0.95 else ""
        add(f"x{x:g}", x, "as_milled", "", float(lengths(x)), reason)
    for temperature, length in annealed:
        add(f"x0.9_{temperature:g}", 0.9, "annealed", temperature, length)
    for i in range(decoupled):
        add(f"extra{i}", round(rng.uniform(0.1, 0.9), 3), "as_milled", "", float(rng.uniform(45, 140)))
    return rows


def write_rows(rows, path):
    """Write the rows as the workflow writes its table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = ["\t".join(names)]
    lines += ["\t".join(str(row.get(name, "")) for name in names) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
