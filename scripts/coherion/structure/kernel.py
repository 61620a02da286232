"""The compiled loop: sums over pairs of broadened peaks and of their derivatives, on a uniform grid of r.

Each pair adds w g(r - d; s2) with g the normalised Gaussian of variance s2 (angstrom^2), d the pair's distance
(angstrom) and w its weight. With u the unit vector along the pair,

    s2 = (u' (U_i + U_j) u) c(d),   c(d) = 1 - delta1/d - delta2/d^2 + qbroad^2 d^2.

A derivative in a parameter p follows from dd/dp and d(u' U u)/dp:

    dg/dd = (x / s2) g,   dg/ds2 = (x^2/s2 - 1) g / (2 s2),   x = r - d.

All parameters that move a pair share these two stencils, so the loop computes them once per pair and adds them to
the rows of a block (two sites) with one factor per parameter.
"""

from __future__ import annotations

import math

import numpy as np

from coherion.structure.compiled import compiled

NO_ENVELOPE, SPHERE, LOGNORMAL, EXPONENTIAL = 0, 1, 2, 3
# Peaks are followed to this many standard deviations; what is left out is 4e-8 of a peak's area.
CUTOFF = 5.5
# Grid points are handled in chunks of this many, so that the compiler can use vector instructions.
CHUNK = 8


@compiled
def envelope_at(kind, r, length, spread):
    """Share of pairs at distance r that a finite domain keeps, and its derivatives in r, length and spread."""
    if kind == SPHERE:
        x = r / length
        if x >= 1.0:
            return 0.0, 0.0, 0.0, 0.0
        slope = -1.5 + 1.5 * x * x
        return 1.0 - 1.5 * x + 0.5 * x * x * x, slope / length, -slope * x / length, 0.0
    if kind == EXPONENTIAL:
        value = math.exp(-r / length)
        return value, -value / length, value * r / (length * length), 0.0
    if kind == LOGNORMAL:
        # Spheres with diameters ln D ~ N(mu, spread^2), each counted by its volume; length = <D^4>/<D^3>.
        s2 = spread * spread
        t = math.log(r / length)
        value, slope, turn = 0.0, 0.0, 0.0
        for power, factor in ((3, 1.0), (2, -1.5), (0, 0.5)):
            # (r/length)^(3-power) exp of the ratio of moments, times the upper tail of the shifted normal
            exponent = (3 - power) * t + (power * power - 9.0) * s2 / 2.0 + (3 - power) * 3.5 * s2
            z = (t + 3.5 * s2 - power * s2) / spread
            tail = 0.5 * math.erfc(z / math.sqrt(2.0))
            density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
            part = factor * math.exp(exponent)
            value += part * tail
            slope += part * ((3 - power) * tail - density / spread)
            growth = (power * power - 9.0) * spread + (3 - power) * 7.0 * spread
            turn += part * (growth * tail - density * (-t / s2 + 3.5 - power))
        return value, slope / r, -slope / length, turn
    return 1.0, 0.0, 0.0, 0.0


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
    correlation,
    exact,
    kind,
    length,
    spread,
    step,
    points,
    sums,
):
    """Add all pairs of one block to ``sums`` and return (pairs dropped, smallest s2 met).

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
        delta1, delta2, qbroad.
    correlation
        Which of delta1, delta2, qbroad are wanted (three flags), then length and spread of the envelope.
    exact
        Weight each peak with 1/d and with the envelope at d (exact convention).
    sums
        (rows, points + 2 CHUNK), angstrom: value; length, spread if wanted; m coordinates; l lattice;
        n displacements; delta1, delta2, qbroad if wanted.
    """
    delta1, delta2, qbroad = motion[0], motion[1], motion[2]
    m, lattices = moves.shape[1], strains.shape[0]
    n = spreads.shape[1] - m - lattices
    first = block[2]
    want_length, want_spread = correlation[3], correlation[4]
    row_r = 1 + (1 if want_length else 0) + (1 if want_spread else 0)
    count_r = m + lattices
    row_s = row_r + count_r
    count_s = n
    for k in range(3):
        if correlation[k]:
            count_s += 1
    factor_r = np.zeros(count_r + 1)
    factor_rs = np.zeros(count_r + 1)
    factor_s = np.zeros(count_s + 1)
    room = 64
    stencil_g = np.empty(room)
    stencil_r = np.empty(room)
    stencil_s = np.empty(room)
    flat = sums.ravel()
    stride = sums.shape[1]
    dropped = 0
    smallest = 1e300
    a0, a1, a2 = positions[first, 0], positions[first, 1], positions[first, 2]
    top = (points - 1) * step
    for p in range(block[3], block[4]):
        j = atom[p]
        f0 = positions[j, 0] - a0 + cell[p, 0]
        f1 = positions[j, 1] - a1 + cell[p, 1]
        f2 = positions[j, 2] - a2 + cell[p, 2]
        d0 = matrix[0, 0] * f0 + matrix[0, 1] * f1 + matrix[0, 2] * f2
        d1 = matrix[1, 1] * f1 + matrix[1, 2] * f2
        d2 = matrix[2, 2] * f2
        distance = math.sqrt(d0 * d0 + d1 * d1 + d2 * d2)
        inverse = 1.0 / distance
        correction = 1.0 - inverse * (delta1 + inverse * delta2) + (qbroad * distance) ** 2
        u0, u1, u2 = d0 * inverse, d1 * inverse, d2 * inverse
        if anisotropic:
            t0 = displacements[first, 0] + displacements[j, 0]
            t1 = displacements[first, 1] + displacements[j, 1]
            t2 = displacements[first, 2] + displacements[j, 2]
            t3 = displacements[first, 3] + displacements[j, 3]
            t4 = displacements[first, 4] + displacements[j, 4]
            t5 = displacements[first, 5] + displacements[j, 5]
            v0 = t0 * u0 + t3 * u1 + t4 * u2
            v1 = t3 * u0 + t1 * u1 + t5 * u2
            v2 = t4 * u0 + t5 * u1 + t2 * u2
            bare = u0 * v0 + u1 * v1 + u2 * v2
        else:
            v0, v1, v2 = 0.0, 0.0, 0.0
            bare = displacements[first, 0] + displacements[j, 0]
        variance = bare * correction
        if variance <= 0.0:
            dropped += 1
            continue
        width = CUTOFF * math.sqrt(variance)
        if distance - width > top:
            continue
        smallest = min(smallest, variance)
        w = weight[p]
        log_slope = 0.0
        share, by_length, by_spread = 1.0, 0.0, 0.0
        if exact:
            share, by_r, by_length, by_spread = envelope_at(kind, distance, length, spread)
            if share <= 0.0:
                continue
            w *= inverse
            log_slope = by_r / share - inverse
        begin = max(0, int((distance - width) / step) + 1)
        end = min(points, int((distance + width) / step) + 1)
        chunks = (end - begin + CHUNK - 1) // CHUNK
        if chunks * CHUNK > room:
            room = 2 * chunks * CHUNK
            stencil_g = np.empty(room)
            stencil_r = np.empty(room)
            stencil_s = np.empty(room)
        # exp(-x^2/2s2) by recurrence: its ratio between neighbours is itself a geometric sequence.
        precision = 1.0 / variance
        x = begin * step - distance
        g = w * math.sqrt(precision / (2.0 * math.pi)) * math.exp(-0.5 * x * x * precision)
        half = math.exp(-0.5 * step * step * precision)
        ratio = half * math.exp(-x * step * precision)
        shrink = half * half
        for k in range(chunks * CHUNK):
            stencil_g[k] = g
            g *= ratio
            ratio *= shrink
        tail = bare * (inverse * inverse * (delta1 + 2.0 * inverse * delta2) + 2.0 * qbroad * qbroad * distance)
        s_0 = -0.5 * precision
        s_2 = 0.5 * precision * precision
        r_0 = log_slope + tail * s_0
        r_2 = tail * s_2
        for k in range(chunks * CHUNK):
            y = x + k * step
            stencil_s[k] = share * stencil_g[k] * (s_0 + s_2 * y * y)
            stencil_r[k] = share * stencil_g[k] * (r_0 + y * (precision + r_2 * y))
        for k in range(m):
            e0, e1, e2 = moves[j, k, 0], moves[j, k, 1], moves[j, k, 2]
            along = u0 * e0 + u1 * e1 + u2 * e2
            factor_r[k] = along
            if anisotropic:
                factor_rs[k] = correction * 2.0 * inverse * (v0 * e0 + v1 * e1 + v2 * e2 - bare * along)
        for k in range(lattices):
            e0 = strains[k, 0, 0] * d0 + strains[k, 0, 1] * d1 + strains[k, 0, 2] * d2
            e1 = strains[k, 1, 0] * d0 + strains[k, 1, 1] * d1 + strains[k, 1, 2] * d2
            e2 = strains[k, 2, 0] * d0 + strains[k, 2, 1] * d1 + strains[k, 2, 2] * d2
            along = u0 * e0 + u1 * e1 + u2 * e2
            factor_r[m + k] = along
            if anisotropic:
                s = spreads[j, m + k]
                own = s[0] * u0 * u0 + s[1] * u1 * u1 + s[2] * u2 * u2
                own += 2.0 * (s[3] * u0 * u1 + s[4] * u0 * u2 + s[5] * u1 * u2)
                turn = 2.0 * inverse * (v0 * e0 + v1 * e1 + v2 * e2 - bare * along)
                factor_rs[m + k] = correction * (own + turn)
        for k in range(n):
            s = spreads[j, m + lattices + k]
            own = s[0] * u0 * u0 + s[1] * u1 * u1 + s[2] * u2 * u2
            own += 2.0 * (s[3] * u0 * u1 + s[4] * u0 * u2 + s[5] * u1 * u2)
            factor_s[k] = correction * own
        k = n
        if correlation[0]:
            factor_s[k] = -bare * inverse
            k += 1
        if correlation[1]:
            factor_s[k] = -bare * inverse * inverse
            k += 1
        if correlation[2]:
            factor_s[k] = 2.0 * bare * qbroad * distance * distance
        length_of = np.uint64(chunks * CHUNK)
        base = np.uint64(begin)
        for k in range(length_of):
            flat[base + k] += share * stencil_g[k]
        if want_length:
            base = np.uint64(stride + begin)
            for k in range(length_of):
                flat[base + k] += by_length * stencil_g[k]
        if want_spread:
            base = np.uint64((row_r - 1) * stride + begin)
            for k in range(length_of):
                flat[base + k] += by_spread * stencil_g[k]
        for row in range(count_r):
            base = np.uint64((row_r + row) * stride + begin)
            factor = factor_r[row]
            if anisotropic:
                other = factor_rs[row]
                for k in range(length_of):
                    flat[base + k] += factor * stencil_r[k] + other * stencil_s[k]
            else:
                for k in range(length_of):
                    flat[base + k] += factor * stencil_r[k]
        for row in range(count_s):
            base = np.uint64((row_s + row) * stride + begin)
            factor = factor_s[row]
            for k in range(length_of):
                flat[base + k] += factor * stencil_s[k]
    return dropped, smallest


@compiled
def envelope_on(kind, r, length, spread):
    """The envelope on a grid r (angstrom), and its derivatives in length and spread; 1 at r = 0."""
    value, by_length, by_spread = np.ones(r.size), np.zeros(r.size), np.zeros(r.size)
    for k in range(r.size):
        if r[k] > 0.0:
            value[k], _, by_length[k], by_spread[k] = envelope_at(kind, r[k], length, spread)
    return value, by_length, by_spread


@compiled
def smallest_variance(matrix, positions, displacements, blocks, atom, cell, motion):
    """The smallest positive variance (angstrom^2) of all pairs' peaks; arguments as in :func:`accumulate`."""
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
            correction = 1.0 - motion[0] / distance - motion[1] / square + motion[2] * motion[2] * square
            variance = bare / square * correction
            if variance > 0.0 and variance < smallest:
                smallest = variance
    return smallest
