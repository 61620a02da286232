"""Made impedance files of every kind, so that tests need no real data: a circuit sampled at known frequencies."""

from __future__ import annotations

import struct

import numpy as np

from coherion.data.spectra.spectrum import Spectrum

FREQUENCY = np.geomspace(7e6, 0.1, 41)


def impedance(frequency=FREQUENCY, resistance=1e6, q=2e-11, alpha=0.9):
    """Z (ohm) of a resistor beside a constant phase element, in series with a blocking electrode."""
    s = 2j * np.pi * frequency
    return 1 / (1 / resistance + q * s**alpha) + 1 / (1e-6 * s**0.8)


def made(cycle=1, resistance=1e6, frequency=FREQUENCY, **given) -> Spectrum:
    """A simulated spectrum."""
    return Spectrum(
        frequency=frequency,
        impedance=impedance(frequency, resistance),
        time=np.arange(frequency.size) * 1.5 + 60,
        cycle=cycle,
        source="made",
        format="made",
        **{"origin": "simulated", "amplitude": 0.01, "start_time": "2024-02-10T09:30:15.250"} | given,
    )


def text_table(names, columns, separator="\t", line_end="\n", decimal=".", digits=8, tail="") -> str:
    """Rows of numbers under their names."""
    rows = [separator.join(names) + tail]
    for row in zip(*columns, strict=True):
        cells = [f"{value:.{digits}e}".replace(".", decimal) for value in row]
        rows.append(separator.join(cells) + tail)
    return line_end.join(rows) + line_end


def mpt_text(names, columns, header=(), claimed=None, **how) -> str:
    """An .mpt file with any columns; ``claimed`` is the count of header lines it says it has."""
    line_end = how.get("line_end", "\n")
    count = len(header) + 3 if claimed is None else claimed
    lines = ["EC-Lab ASCII FILE", f"Nb header lines : {count}      ", *header]
    return line_end.join(lines) + line_end + text_table(names, columns, **how)


def cartesian(frequency=FREQUENCY):
    """Columns of frequency, Re Z and -Im Z."""
    z = impedance(frequency)
    return [frequency, z.real, -z.imag]


def complete(frequency=FREQUENCY):
    """Columns of frequency, Re Z, -Im Z, modulus and phase."""
    z = impedance(frequency)
    return [frequency, z.real, -z.imag, np.abs(z), np.rad2deg(np.angle(z))]


CARTESIAN = ("freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm")
COMPLETE = (*CARTESIAN, "|Z|/Ohm", "Phase(Z)/deg")


def mpr_bytes(columns, version=3, points=None, loops=None, device=None, log=None) -> bytes:
    """An .mpr file written from the description of the format alone.

    ``columns`` are triples of identifier, struct code and values; ``device`` are the names of the analog inputs;
    ``log`` is (offset, days) of the start time.
    """

    def module(name, payload, number=0):
        head = b"MODULE" + name.ljust(10).encode() + name.ljust(25).encode()
        if version >= 10:
            return head + struct.pack("<IQI", 0xFFFFFFFF, len(payload), number) + b"02/10/24" + payload
        return head + struct.pack("<II", len(payload), number) + b"02/10/24" + payload

    count = len(columns[0][2]) if points is None else points
    start = struct.pack("<IH" if version >= 10 else "<IB", count, len(columns))
    start += b"".join(struct.pack("<H", identifier) for identifier, _, _ in columns)
    start = start.ljust({2: 405, 3: 406, 10: 1007, 11: 1007}.get(version, 406), b"\0")
    rows = b"".join(
        struct.pack("<" + "".join(code for _, code, _ in columns), *row)
        for row in zip(*(c[2] for c in columns), strict=True)
    )
    data = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0"
    if device:
        slots = bytearray(54 + 45 * 3)
        for k, name in enumerate(device):
            coded = name.encode("cp1252")
            slots[54 + 45 * k : 55 + 45 * k + len(coded)] = bytes([len(coded)]) + coded
        data += module("VMP ExtDev", bytes(slots))
    data += module("VMP data", start + rows, version)
    if log:
        payload = bytearray(700)
        struct.pack_into("<d", payload, *log)
        data += module("VMP LOG", bytes(payload))
    if loops:
        data += module("VMP loop", struct.pack(f"<I{len(loops)}I", len(loops), *loops))
    return data


def mpr_columns(frequency=FREQUENCY):
    """Columns of frequency, Re Z, -Im Z, modulus and phase as ``mpr_bytes`` takes them."""
    return [(i, "f", v) for i, v in zip((32, 37, 38, 36, 35), complete(frequency), strict=True)]


def z_text(frequency=FREQUENCY, points=None) -> str:
    """A ZView file."""
    z = impedance(frequency)
    zeros = np.zeros(frequency.size)
    names = ("  Freq(Hz)", "Ampl", "Bias", "Time(Sec)", "Z'(a)", "Z''(b)", "GD", "Err", "Range")
    table = text_table(names, [frequency, zeros, zeros, zeros, z.real, z.imag, zeros, zeros, zeros])
    first, rest = table.split("\n", 1)
    count = frequency.size if points is None else points
    head = "ZPLOT2 ASCII\n  Potential-AC:             10\n"
    return f"{head}  Data Points:                {count}\n{first}\nEnd Comments\n{rest}"


def dta_text(frequency=FREQUENCY, tables=1, temperature=None) -> str:
    """A Gamry file of an impedance experiment."""
    z = impedance(frequency)
    names, units = ["", "Pt", "Time", "Freq", "Zreal", "Zimag", "Zsig", "Zmod", "Zphz"], ["", "#", "s", "Hz", "ohm"]
    units += ["ohm", "V", "ohm", "°"]
    columns = [np.arange(z.size), np.arange(z.size), frequency, z.real, z.imag, z.real * 0 + 1, np.abs(z)]
    columns.append(np.rad2deg(np.angle(z)))
    if temperature is not None:
        names, units = [*names, "Temp"], [*units, "deg C"]
        columns.append(np.full(z.size, temperature))
    rows = "".join("\t" + "\t".join(f"{v:.8g}" for v in row) + "\n" for row in zip(*columns, strict=True))
    head = "EXPLAIN\nTAG\tEISPOT\nVAC\tQUANT\t1.00000E+001\tAC &Voltage (mV rms)\n"
    return head + ("ZCURVE\tTABLE\n" + "\t".join(names) + "\n" + "\t".join(units) + "\n" + rows) * tables
