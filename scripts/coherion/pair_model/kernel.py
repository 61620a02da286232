"""The compiled loop: sums over pairs of broadened peaks and of their derivatives, on a uniform grid of r.

Each pair adds w g(r - d; s2) with g the normalised Gaussian of variance s2 (angstrom^2), d the pair's distance
(angstrom) and w its weight. With u the unit vector along the pair,

    s2 = (u' (U_i + U_j) u) c(d) + broadening

as :mod:`coherion.pair_model.width` has it. The envelope comes as a table on a uniform grid of r. A derivative in a
parameter p follows from dd/dp and d(u' U u)/dp:

    dg/dd = (x / s2) g,   dg/ds2 = (x^2/s2 - 1) g / (2 s2),   x = r - d.

All parameters that move a pair share these two stencils, so the loop computes them once per pair and adds them to
the rows of a block (two sites) with one factor per parameter.
"""

from __future__ import annotations

import math

import numpy as np

from coherion.pair_model.compiled import compiled
from coherion.pair_model.width import axial_shares, correction_at

# Peaks are followed to this many standard deviations; what is left out is 4e-8 of a peak's area.
CUTOFF = 5.5
# Grid points are handled in chunks of this many, so that the compiler can use vector instructions.
CHUNK = 4
# Pairs are prepared in batches of this many.
BATCH = 128
# Rows of the table of a batch, and the number of exponentials per pair.
DISTANCE, BARE, CORRECTION, VARIANCE, TAIL, SHARE, LOG_SLOPE = range(7)
BY_LENGTH, BY_FORM, AMPLITUDE, OFFSET, START, END, NARROW = range(7, 14)
AXIS_A, AXIS_B, AXIS_C = range(14, 17)
SHAPES, POWERS = 17, 4


@compiled
def exponential(values, bits, size):
    """exp of the first ``size`` values in place, to 1e-14; ``bits`` is an int64 array of the same length.

    Written out because the compiler can then handle several values at once, which a call of the library's exp
    prevents: 2^k from the bits of a float, times a polynomial for the rest of at most ln(2)/2.
    """
    scale = bits.view(np.float64)
    for i in range(size):
        x = values[i]
        k = math.floor(x * 1.4426950408889634 + 0.5)
        f = x - k * 0.6931471805599453
        p = 1.0 + f * (1.0 / 13.0)
        p = 1.0 + f * (1.0 / 12.0) * p
        p = 1.0 + f * (1.0 / 11.0) * p
        p = 1.0 + f * (1.0 / 10.0) * p
        p = 1.0 + f * (1.0 / 9.0) * p
        p = 1.0 + f * (1.0 / 8.0) * p
        p = 1.0 + f * (1.0 / 7.0) * p
        p = 1.0 + f * (1.0 / 6.0) * p
        p = 1.0 + f * (1.0 / 5.0) * p
        p = 1.0 + f * (1.0 / 4.0) * p
        p = 1.0 + f * (1.0 / 3.0) * p
        p = 1.0 + f * (1.0 / 2.0) * p
        values[i] = 1.0 + f * p
        bits[i] = (np.int64(max(k, -1022.0)) + 1023) << 52
    for i in range(size):
        values[i] *= scale[i]


@compiled
def along_pair(tensor, u0, u1, u2):
    """u' T u of a tensor stored as 11, 22, 33, 12, 13, 23."""
    diagonal = tensor[0] * u0 * u0 + tensor[1] * u1 * u1 + tensor[2] * u2 * u2
    return diagonal + 2.0 * (tensor[3] * u0 * u1 + tensor[4] * u0 * u2 + tensor[5] * u1 * u2)


@compiled
def pair_shapes(
    matrix, positions, displacements, first, atom, cell, weight,
    anisotropic, motion, axial, floor, exact, weighted, table, table_step, length, step, vectors, shapes, powers,
):  # fmt: skip
    """Vectors, widths, weights and exponents of a batch of pairs; plain loops that the compiler vectorises."""
    size = atom.size
    delta1, delta2, qbroad, strain = motion[0], motion[1], motion[2], motion[3]
    a0, a1, a2 = positions[first, 0], positions[first, 1], positions[first, 2]
    c00, c01, c02 = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    c11, c12, c22 = matrix[1, 1], matrix[1, 2], matrix[2, 2]
    own = displacements[first]
    x, y, z = vectors[0], vectors[1], vectors[2]
    distance, bare = shapes[DISTANCE], shapes[BARE]
    for i in range(size):
        j = atom[i]
        f0 = positions[j, 0] - a0 + cell[i, 0]
        f1 = positions[j, 1] - a1 + cell[i, 1]
        f2 = positions[j, 2] - a2 + cell[i, 2]
        x[i] = c00 * f0 + c01 * f1 + c02 * f2
        y[i] = c11 * f1 + c12 * f2
        z[i] = c22 * f2
        bare[i] = own[0] + displacements[j, 0]
    for i in range(size):
        distance[i] = math.sqrt(x[i] * x[i] + y[i] * y[i] + z[i] * z[i])
    if axial:
        for i in range(size):
            j = atom[i]
            shapes[AXIS_A, i], shapes[AXIS_B, i], shapes[AXIS_C, i] = axial_shares(
                matrix, positions[j, 0] - a0 + cell[i, 0], positions[j, 1] - a1 + cell[i, 1],
                positions[j, 2] - a2 + cell[i, 2], x[i], y[i], z[i], distance[i],
            )  # fmt: skip
    if anisotropic:
        for i in range(size):
            other = displacements[atom[i]]
            value = (own[0] + other[0]) * x[i] * x[i] + (own[1] + other[1]) * y[i] * y[i]
            value += (own[2] + other[2]) * z[i] * z[i] + 2.0 * (own[3] + other[3]) * x[i] * y[i]
            value += 2.0 * ((own[4] + other[4]) * x[i] + (own[5] + other[5]) * y[i]) * z[i]
            bare[i] = value / (distance[i] * distance[i])
    share, log_slope, by_length, by_form = shapes[SHARE], shapes[LOG_SLOPE], shapes[BY_LENGTH], shapes[BY_FORM]
    if weighted:
        last = table.shape[1] - 2
        for i in range(size):
            # Cubic between the points of the table, by their values and slopes: exact for the sphere.
            at = distance[i] / table_step
            k = min(int(at), last)
            t = min(at - k, 1.0)
            v0, v1, m0, m1 = table[0, k], table[0, k + 1], table[1, k] * table_step, table[1, k + 1] * table_step
            c2, c3 = 3.0 * (v1 - v0) - 2.0 * m0 - m1, 2.0 * (v0 - v1) + m0 + m1
            value = v0 + t * (m0 + t * (c2 + t * c3))
            slope = (m0 + t * (2.0 * c2 + 3.0 * t * c3)) / table_step
            share[i] = value
            log_slope[i] = slope / max(value, 1e-300)
            by_length[i] = -slope * distance[i] / length
            by_form[i] = table[2, k] + t * (table[2, k + 1] - table[2, k])
    else:
        for i in range(size):
            share[i] = 1.0
            log_slope[i] = 0.0
            by_length[i] = 0.0
            by_form[i] = 0.0
    variances, offsets, starts, ends = shapes[VARIANCE], shapes[OFFSET], shapes[START], shapes[END]
    amplitude, tails, corrections = shapes[AMPLITUDE], shapes[TAIL], shapes[CORRECTION]
    narrow = shapes[NARROW]
    axis_a, axis_b, axis_c = shapes[AXIS_A], shapes[AXIS_B], shapes[AXIS_C]
    for i in range(size):
        r = distance[i]
        inverse = 1.0 / r
        correction = correction_at(r, delta1, delta2, qbroad)
        broadening = strain * r * r
        if axial:
            a, b, c = axis_a[i], axis_b[i], axis_c[i]
            broadening += motion[4] * a * a + motion[5] * b * b + motion[6] * c * c
        variance = bare[i] * correction + broadening
        narrow[i] = 0.0
        if variance < floor:
            # The least width, which no parameter changes.
            narrow[i] = 1.0
            variance = floor
            correction = 0.0
            bare[i] = 0.0
            broadening = 0.0
        variances[i] = variance
        corrections[i] = correction
        tails[i] = bare[i] * (inverse * inverse * (delta1 + 2.0 * inverse * delta2) + 2.0 * qbroad * qbroad * r)
        tails[i] += 2.0 * broadening * inverse
        width = CUTOFF * math.sqrt(variance)
        start = max(0.0, math.floor((r - width) / step) + 1.0)
        starts[i] = start
        ends[i] = (r + width) / step
        offset = start * step - r
        offsets[i] = offset
        precision = 1.0 / variance
        amplitude[i] = weight[i] * math.sqrt(precision * (0.5 / math.pi))
        half = -0.5 * step * step * precision
        along = -offset * step * precision
        powers[i] = -0.5 * offset * offset * precision
        powers[size + i] = along
        powers[2 * size + i] = half
        powers[3 * size + i] = CHUNK * along + CHUNK * CHUNK * half
    if exact:
        for i in range(size):
            inverse = 1.0 / distance[i]
            amplitude[i] *= inverse
            log_slope[i] -= inverse


@compiled
def pair_factors(
    displacements, first, atom, anisotropic, moves, strains, spreads, motion, wanted, vectors, shapes, factors, turns
):  # fmt: skip
    """What each row of a block takes of the two stencils, for a batch of pairs."""
    size = atom.size
    m, lattices = moves.shape[1], strains.shape[0]
    count_r = m + lattices
    n = spreads.shape[1] - count_r
    x, y, z = vectors[0], vectors[1], vectors[2]
    distance, bare, correction = shapes[DISTANCE], shapes[BARE], shapes[CORRECTION]
    own = displacements[first]
    for row in range(m):
        factor = factors[row]
        for i in range(size):
            e = moves[atom[i], row]
            factor[i] = (x[i] * e[0] + y[i] * e[1] + z[i] * e[2]) / distance[i]
    for row in range(lattices):
        s = strains[row]
        s00, s11, s22 = s[0, 0], s[1, 1], s[2, 2]
        s01, s02, s12 = s[0, 1] + s[1, 0], s[0, 2] + s[2, 0], s[1, 2] + s[2, 1]
        factor = factors[m + row]
        for i in range(size):
            value = x[i] * (s00 * x[i] + s01 * y[i] + s02 * z[i]) + y[i] * (s11 * y[i] + s12 * z[i])
            factor[i] = (value + s22 * z[i] * z[i]) / distance[i]
    if anisotropic:
        for row in range(count_r):
            factor, turn = factors[row], turns[row]
            for i in range(size):
                j = atom[i]
                inverse = 1.0 / distance[i]
                u0, u1, u2 = x[i] * inverse, y[i] * inverse, z[i] * inverse
                t = displacements[j]
                v0 = (own[0] + t[0]) * u0 + (own[3] + t[3]) * u1 + (own[4] + t[4]) * u2
                v1 = (own[3] + t[3]) * u0 + (own[1] + t[1]) * u1 + (own[5] + t[5]) * u2
                v2 = (own[4] + t[4]) * u0 + (own[5] + t[5]) * u1 + (own[2] + t[2]) * u2
                if row < m:
                    e0, e1, e2 = moves[j, row, 0], moves[j, row, 1], moves[j, row, 2]
                    stretch = 0.0
                else:
                    s = strains[row - m]
                    e0 = s[0, 0] * x[i] + s[0, 1] * y[i] + s[0, 2] * z[i]
                    e1 = s[1, 0] * x[i] + s[1, 1] * y[i] + s[1, 2] * z[i]
                    e2 = s[2, 0] * x[i] + s[2, 1] * y[i] + s[2, 2] * z[i]
                    stretch = along_pair(spreads[j, row], u0, u1, u2)
                change = 2.0 * inverse * (v0 * e0 + v1 * e1 + v2 * e2 - bare[i] * factor[i])
                turn[i] = correction[i] * (change + stretch)
    for row in range(n):
        factor = factors[count_r + row]
        if anisotropic:
            for i in range(size):
                inverse = 1.0 / distance[i]
                tensor = spreads[atom[i], count_r + row]
                factor[i] = correction[i] * along_pair(tensor, x[i] * inverse, y[i] * inverse, z[i] * inverse)
        else:
            both = spreads[first, count_r + row, 0]
            for i in range(size):
                factor[i] = correction[i] * both
    row = count_r + n
    for term in range(wanted.size - 2):
        if wanted[term]:
            factor = factors[row]
            for i in range(size):
                inverse = 1.0 / distance[i]
                if shapes[NARROW, i] > 0.0:
                    factor[i] = 0.0
                elif term == 0:
                    factor[i] = -bare[i] * inverse
                elif term == 1:
                    factor[i] = -bare[i] * inverse * inverse
                elif term == 2:
                    factor[i] = 2.0 * bare[i] * motion[2] * distance[i] * distance[i]
                elif term == 3:
                    factor[i] = distance[i] * distance[i]
                else:
                    factor[i] = shapes[AXIS_A + term - 4, i] ** 2
            row += 1


@compiled
def accumulate(
    matrix,
    positions,
    displacements,
    block,
    atom,
    cell,
    weight,
    anisotropic,
    moves,
    strains,
    spreads,
    motion,
    floor,
    wanted,
    axial,
    exact,
    weighted,
    table,
    table_step,
    length,
    step,
    points,
    sums,
):
    """Add all pairs of one block to ``sums`` and return (pairs held at the least width, smallest s2 met).

    Parameters
    ----------
    matrix
        (3, 3) orthogonalisation matrix, angstrom.
    positions, displacements
        (N, 3) fractional; (N, 6) Cartesian U as 11, 22, 33, 12, 13, 23, angstrom^2.
    block
        site a, site b, first atom of a, first pair, end of the pairs.
    atom, cell, weight
        The pair list.
    moves
        (N, m, 3): Cartesian derivative of the pair vector in m coordinates, by second atom.
    strains
        (l, 3, 3): its derivative in l lattice parameters as a strain.
    spreads
        (N, m + l + n, 6): derivative of U_i + U_j in the coordinates (none), the lattice and n displacements.
    motion
        As :data:`coherion.pair_model.model.MOTION`, with qslope_squared added to microstrain_squared.
    floor
        Least variance of a peak, angstrom^2; what would be narrower, or has no real width, is drawn with it.
    wanted
        Which of ``motion`` are wanted (a flag each), then length and form of the envelope.
    axial
        Whether the shares of the cell axes are needed, for the strain of each.
    exact
        Weight each peak with 1/d (exact convention).
    weighted
        Weight each peak with the envelope at d.
    table, table_step, length
        The envelope, d/dr and d/d form at multiples of the step (angstrom), shape (3, k); the length that scales it.
    sums
        (rows, points + 2 CHUNK), angstrom: value; length, form if wanted; m coordinates; l lattice;
        n displacements; of ``motion`` what is wanted.
    """
    m, lattices = moves.shape[1], strains.shape[0]
    count_r = m + lattices
    n = spreads.shape[1] - count_r
    first = block[2]
    terms = wanted.size - 2
    want_length, want_form = wanted[terms], wanted[terms + 1]
    row_r = 1 + (1 if want_length else 0) + (1 if want_form else 0)
    row_s = row_r + count_r
    count_s = n
    for term in range(terms):
        count_s += 1 if wanted[term] else 0
    flat = sums.ravel()
    stride = sums.shape[1]
    stencil_g = np.empty(stride)
    stencil_r = np.empty(stride)
    stencil_s = np.empty(stride)
    lane = np.empty(CHUNK)
    vectors = np.empty((3, BATCH))
    shapes = np.empty((SHAPES, BATCH))
    powers = np.empty(POWERS * BATCH)
    bits = np.empty(POWERS * BATCH, np.int64)
    factors = np.empty((count_r + count_s + 1, BATCH))
    turns = np.empty((count_r + 1, BATCH))
    narrow = 0
    smallest = 1e300
    for batch in range(block[3], block[4], BATCH):
        size = min(BATCH, block[4] - batch)
        own_atom, own_cell = atom[batch : batch + size], cell[batch : batch + size]
        pair_shapes(
            matrix, positions, displacements, first, own_atom, own_cell, weight[batch : batch + size],
            anisotropic, motion, axial, floor, exact, weighted, table, table_step, length, step,
            vectors, shapes, powers,
        )  # fmt: skip
        exponential(powers, bits, POWERS * size)
        pair_factors(
            displacements, first, own_atom, anisotropic, moves, strains, spreads, motion, wanted,
            vectors, shapes, factors, turns,
        )  # fmt: skip
        for i in range(size):
            variance = shapes[VARIANCE, i]
            start = shapes[START, i]
            share = shapes[SHARE, i]
            if start > points - 1 or share <= 0.0:
                continue
            if shapes[NARROW, i] > 0.0:
                narrow += 1
            smallest = min(smallest, variance)
            begin = int(start)
            end = min(points, int(shapes[END, i]) + 1)
            count = np.uint64((end - begin + CHUNK - 1) // CHUNK * CHUNK)
            # A Gaussian on a uniform grid: its ratio between neighbours is itself a geometric sequence. The first
            # chunk follows it point by point, the others from chunk to chunk.
            g = shapes[AMPLITUDE, i] * powers[i]
            half = powers[2 * size + i]
            shrink = half * half
            ratio = half * powers[size + i]
            for k in range(CHUNK):
                stencil_g[k] = g
                g *= ratio
                ratio *= shrink
            g = powers[3 * size + i]
            shrink *= shrink
            shrink *= shrink
            for k in range(CHUNK):
                lane[k] = g
                g *= shrink
            shrink *= shrink
            shrink *= shrink
            for later in range(np.uint64(CHUNK), count, np.uint64(CHUNK)):
                before = later - np.uint64(CHUNK)
                for k in range(np.uint64(CHUNK)):
                    stencil_g[later + k] = stencil_g[before + k] * lane[k]
                    lane[k] *= shrink
            x = shapes[OFFSET, i]
            precision = 1.0 / variance
            tail = shapes[TAIL, i]
            s_0 = -0.5 * precision * share
            s_2 = 0.5 * precision * precision * share
            r_0 = shapes[LOG_SLOPE, i] * share + tail * s_0
            r_1 = precision * share
            r_2 = tail * s_2
            base = np.uint64(begin)
            if row_s + count_s == 1:
                for k in range(count):
                    flat[base + k] += share * stencil_g[k]
                continue
            for k in range(count):
                y = x + k * step
                g = stencil_g[k]
                stencil_s[k] = g * (s_0 + s_2 * y * y)
                stencil_r[k] = g * (r_0 + y * (r_1 + r_2 * y))
                flat[base + k] += share * g
            if want_length:
                base = np.uint64(stride + begin)
                factor = shapes[BY_LENGTH, i]
                for k in range(count):
                    flat[base + k] += factor * stencil_g[k]
            if want_form:
                base = np.uint64((row_r - 1) * stride + begin)
                factor = shapes[BY_FORM, i]
                for k in range(count):
                    flat[base + k] += factor * stencil_g[k]
            if anisotropic:
                for row in range(count_r):
                    base = np.uint64((row_r + row) * stride + begin)
                    factor, other = factors[row, i], turns[row, i]
                    for k in range(count):
                        flat[base + k] += factor * stencil_r[k] + other * stencil_s[k]
            else:
                for row in range(count_r):
                    base = np.uint64((row_r + row) * stride + begin)
                    factor = factors[row, i]
                    for k in range(count):
                        flat[base + k] += factor * stencil_r[k]
            for row in range(count_s):
                base = np.uint64((row_s + row) * stride + begin)
                factor = factors[count_r + row, i]
                for k in range(count):
                    flat[base + k] += factor * stencil_s[k]
    return narrow, smallest


@compiled
def smallest_variance(matrix, positions, displacements, blocks, atom, cell, motion, floor):
    """The smallest variance (angstrom^2) of all pairs' peaks, at least ``floor``; see :func:`accumulate`."""
    smallest = 1e300
    for n in range(blocks.shape[0]):
        first = blocks[n, 2]
        s = displacements[first]
        for p in range(blocks[n, 3], blocks[n, 4]):
            j = atom[p]
            f0 = positions[j, 0] - positions[first, 0] + cell[p, 0]
            f1 = positions[j, 1] - positions[first, 1] + cell[p, 1]
            f2 = positions[j, 2] - positions[first, 2] + cell[p, 2]
            d0 = matrix[0, 0] * f0 + matrix[0, 1] * f1 + matrix[0, 2] * f2
            d1 = matrix[1, 1] * f1 + matrix[1, 2] * f2
            d2 = matrix[2, 2] * f2
            square = d0 * d0 + d1 * d1 + d2 * d2
            t = displacements[j]
            bare = (s[0] + t[0]) * d0 * d0 + (s[1] + t[1]) * d1 * d1 + (s[2] + t[2]) * d2 * d2
            bare += 2.0 * ((s[3] + t[3]) * d0 * d1 + (s[4] + t[4]) * d0 * d2 + (s[5] + t[5]) * d1 * d2)
            distance = math.sqrt(square)
            variance = bare / square * correction_at(distance, motion[0], motion[1], motion[2])
            variance += motion[3] * square
            a, b, c = axial_shares(matrix, f0, f1, f2, d0, d1, d2, distance)
            variance += motion[4] * a * a + motion[5] * b * b + motion[6] * c * c
            smallest = min(smallest, variance)
    return max(smallest, floor)
