# mypy: ignore-errors
"""Compiled inverse-compositional Gauss-Newton on the zero-normalised criterion, one window a node.

Inverse composition after Baker and Matthews, IJCV 56 (2004) 221, and Pan, Wang and Tian, Opt.
Lasers Eng. 59 (2014) 126; grey offset and gain are eliminated from the normal equations, so the
result is the place of highest ZNCC.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from operando.strain.window import (
    PAIRS,
    centre_window,
    compare,
    cut_window,
    drop_outside,
    read_window,
    stays_inside,
    warp_window,
    window_moments,
)

CONVERGED, STOPPED, SINGULAR, LEFT = 0, 1, 2, 3
GRADIENT_NOISE = 2 * (45**2 + 9**2 + 1) / 60**2
"""Variance of the 7-point derivative of white noise of variance 1."""

POWERS = np.array(
    [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [2, 0, 0],
        [0, 2, 0],
        [0, 0, 2],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
    ]
)
_SUM = POWERS[:, None] + POWERS[None]

BEST_RATE = 0.1
"""Updates are not trusted to shrink faster than this: rates seen far from the goal flatter."""


def _slope_times() -> np.ndarray:
    """Term of (derivative of term m along an axis) x (term n), -1 where the degree exceeds 2."""
    terms = [tuple(p) for p in POWERS]
    out = np.full((3, 10, 10), -1)
    for axis, step in enumerate(np.eye(3, dtype=int)):
        for m, n in np.ndindex(10, 10):
            power = tuple(_SUM[m, n] - step)
            if POWERS[m, axis] and power in terms:
                out[axis, m, n] = terms.index(power)
    return out


SLOPE_TIMES = _slope_times()


@njit(nogil=True, cache=True)
def assemble(moments, first, terms, count, norm, noise, out):
    """Build the normal matrix without grey offset and gain, less the noise of the gradients."""
    for p in range(6):
        a, b = PAIRS[p]
        for m in range(terms):
            for n in range(terms):
                i, j, k = _SUM[m, n, 0], _SUM[m, n, 1], _SUM[m, n, 2]
                value = moments[p, i, j, k]
                if a == b:
                    value -= noise * moments[6, i, j, k]
                out[a * terms + m, b * terms + n] = value
                out[b * terms + n, a * terms + m] = value
    size = 3 * terms
    mean, grey = np.empty(size), np.empty(size)
    for a in range(3):
        for m in range(terms):
            i, j, k = _SUM[m, 0, 0], _SUM[m, 0, 1], _SUM[m, 0, 2]
            mean[a * terms + m] = first[0, a, i, j, k]
            grey[a * terms + m] = first[1, a, i, j, k]
    for i in range(size):
        for j in range(size):
            out[i, j] -= mean[i] * mean[j] / count + grey[i] * grey[j] / norm


@njit(nogil=True, cache=True)
def factor(matrix, size):
    """Cholesky factor in place (lower triangle); False where the matrix is singular."""
    for j in range(size):
        scale = matrix[j, j]
        for k in range(j):
            matrix[j, j] -= matrix[j, k] * matrix[j, k]
        if not matrix[j, j] > 1e-7 * scale:
            return False
        pivot = np.sqrt(matrix[j, j])
        matrix[j, j] = pivot
        for i in range(j + 1, size):
            s = matrix[i, j]
            for k in range(j):
                s -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = s / pivot
    return True


@njit(nogil=True, cache=True)
def substitute(lower, size, vector):
    """Solve with a Cholesky factor, in place."""
    for i in range(size):
        for k in range(i):
            vector[i] -= lower[i, k] * vector[k]
        vector[i] /= lower[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            vector[i] -= lower[k, i] * vector[k]
        vector[i] /= lower[i, i]


@njit(nogil=True, cache=True)
def compose(c, d, half, terms):
    """``c <- c o (id + d)^-1`` to first order in d, truncated to the terms in use."""
    new = c.copy()
    for i in range(3):
        for m in range(terms):
            new[i, m] -= d[i, m]
        for axis in range(3):
            for m in range(1, terms):
                slope = c[i, m] * _SUM[m, 0, axis] / max(half[axis], 1)
                if slope == 0.0:
                    continue
                for n in range(terms):
                    target = SLOPE_TIMES[axis, m, n]
                    if 0 <= target < terms:
                        new[i, target] -= slope * d[axis, n]
    c[:] = new


@njit(nogil=True, cache=True)
def noise_gain(c, half, table):
    """Mean share of white noise that survives interpolation at the moved voxels."""
    total = 0.0
    size = table.size
    for z in range(-2, 3):
        for y in range(-2, 3):
            for x in range(-2, 3):
                sz, sy, sx = 0.5 * z, 0.5 * y, 0.5 * x
                gain = 1.0
                for k in range(3):
                    u = c[k, 0] + c[k, 1] * sz + c[k, 2] * sy + c[k, 3] * sx
                    u += c[k, 4] * sz * sz + c[k, 5] * sy * sy + c[k, 6] * sx * sx
                    u += c[k, 7] * sz * sy + c[k, 8] * sz * sx + c[k, 9] * sy * sx
                    offset = sz if k == 0 else (sy if k == 1 else sx)
                    u += offset * half[k]
                    gain *= table[int((u - np.floor(u)) * size) % size]
                total += gain
    return total / 125.0


@njit(nogil=True, cache=True)
def predict_variance(moments, first, terms, count, norm, grey_noise, out):
    """Variance of the displacement of the window centre, given the noise variance of one frame."""
    size = 3 * terms
    weakest = min(moments[0, 0, 0, 0], moments[1, 0, 0, 0], moments[2, 0, 0, 0])
    noise = min(GRADIENT_NOISE * grey_noise, 0.5 * weakest / count)
    matrix = np.empty((size, size))
    assemble(moments, first, terms, count, norm, noise, matrix)
    if not factor(matrix, size):
        out[:] = np.inf
        return
    column = np.empty(size)
    for k in range(3):
        column[:] = 0.0
        column[k * terms] = 1.0
        substitute(matrix, size, column)
        blur = 0.0
        for a in range(3):
            for m in range(terms):
                for n in range(terms):
                    i, j, h = _SUM[m, n, 0], _SUM[m, n, 1], _SUM[m, n, 2]
                    blur += column[a * terms + m] * column[a * terms + n] * moments[6, i, j, h]
        out[k] = 2 * grey_noise * column[k * terms] + noise * grey_noise * blur


@njit(nogil=True, cache=True)
def relax(d, last, terms, weight, before):
    """Scale the update ``d`` to where the series of updates leads; returns the scale.

    Noise in the reference makes the Hessian too stiff, so that updates shrink geometrically
    instead of quadratically. Aitken's extrapolation in the form of Irons and Tuck (Int. J. Numer.
    Methods Eng. 1 (1969) 275) finds the factor from two updates; ``last`` receives this one.
    """
    if before > 0:
        along, square = 0.0, 0.0
        for a in range(3):
            for m in range(terms):
                change = d[a, m] - last[a, m]
                along += last[a, m] * change
                square += change * change
        if square > 0:
            weight = min(max(-weight * along / square, 0.5), 4.0)
    for a in range(3):
        for m in range(terms):
            last[a, m] = d[a, m]
            d[a, m] *= weight
    return weight


@njit(nogil=True, cache=True)
def refine(deformed, window, lanes, moved, sums, centre, half, c, terms, limits, out):
    """Gauss-Newton for one window from the motion ``c``, which is replaced by the best found.

    Parameters
    ----------
    deformed
        Flat cubic coefficients, flat quintic ones (empty: cubic to the end), elements per plane,
        per row and before the first voxel, shape of the volume, mask of it (empty: all).
    sums
        Moments and first moments of `window_moments`, and ``[count, norm]`` of the window.
    limits
        Tolerance in voxels, most iterations, smallest count, largest excursion in voxels.
    out
        Receives ZNCC and number of iterations.

    Returns
    -------
    One of CONVERGED, STOPPED, SINGULAR, LEFT.
    """
    cubic, quintic, strides, shape, mask = deformed
    moments, first, norms, sx = sums
    tolerance, most, fewest, excursion = limits
    size = 3 * terms
    matrix = np.empty((size, size))
    assemble(moments, first, terms, norms[0], norms[1], 0.0, matrix)
    if not factor(matrix, size):
        return SINGULAR
    projected, vector = np.empty((3, 3, 3, 3)), np.empty(size)
    d, last, best, start = np.zeros((3, 10)), np.zeros((3, 10)), c.copy(), c[:, 0].copy()
    out[0], before, smallest, stalled = -1.0, 0.0, np.inf, 0
    weight, rate, fine = 1.0, 1.0, False
    for iteration in range(most):
        out[1] = iteration + 1
        dropped = 0
        if mask.size > 0 or not stays_inside(c, centre, half, shape):
            dropped = drop_outside(window, centre, half, c, shape, mask)
        if dropped > 0:
            norms[0], norms[1] = centre_window(window, lanes)
            if norms[0] < fewest:
                return LEFT
            window_moments(window, half, sx, moments, first)
            assemble(moments, first, terms, norms[0], norms[1], 0.0, matrix)
            if not factor(matrix, size):
                return SINGULAR
        sharp = fine and quintic.size > 0
        warp_window(quintic if sharp else cubic, strides, sharp, centre, half, c, lanes, moved)
        total, square, product = compare(window, moved, half, sx, terms, projected)
        energy = square - total * total / norms[0]
        if not energy > 0:
            return SINGULAR
        zncc = product / np.sqrt(energy * norms[1])
        stalled += 1
        if zncc > out[0]:
            stalled = stalled if zncc < out[0] + 1e-6 else 0
            out[0] = zncc
            best[:] = c
        if before < 0.9 * smallest:
            stalled, smallest = 0, before if before > 0 else np.inf
        if stalled >= 4:
            c[:] = best
            return STOPPED
        for a in range(3):
            for m in range(terms):
                i, j, k = _SUM[m, 0, 0], _SUM[m, 0, 1], _SUM[m, 0, 2]
                vector[a * terms + m] = (
                    projected[a, i, j, k]
                    - total / norms[0] * first[0, a, i, j, k]
                    - product / norms[1] * first[1, a, i, j, k]
                )
        substitute(matrix, size, vector)
        step, scale = 0.0, np.sqrt(norms[1] / energy)
        for a in range(3):
            change = 0.0
            for m in range(terms):
                d[a, m] = vector[a * terms + m] * scale
                change += abs(d[a, m])
            step = max(step, change)
        if not step < excursion:
            c[:] = best
            return STOPPED
        weight = relax(d, last, terms, weight, before)
        step *= weight
        compose(c, d, half, terms)
        for k in range(3):
            if abs(c[k, 0] - start[k]) > excursion:
                c[:] = best
                return STOPPED
        contraction = step / before if before > 0 else rate
        if fine and (step < tolerance or (contraction < 0.5 and step * contraction < tolerance)):
            return CONVERGED
        before = step
        if not fine and step < 30 * tolerance:
            fine, before, rate = True, 0.0, max(contraction, BEST_RATE)
            out[0] = -1.0
    return STOPPED


@njit(nogil=True, cache=True)
def correlate_nodes(
    reference, mask, deformed, centres, half, guesses, planes, plan, limits, table, result
):
    """Solve nodes one after the other, order 1 and where asked order 2 from it.

    Parameters
    ----------
    reference, mask
        ``(Z, Y, X)`` float32 and its mask (empty: all).
    centres, guesses
        ``(N, 3)`` voxels; ``(N, 3, 10)`` motion to start from.
    planes
        ``(N, 4)`` normal and distance from the centre of a plane, voxels: only the side of smaller
        distance counts; normal 0 keeps the window whole.
    plan
        Whether order 1, order 2 is solved.
    table
        Share of white noise that survives interpolation, by fractional position.
    result
        ``motion (N, 2, 3, 10)``, ``variance (N, 2, 3)``, ``numbers (N, 2, 5)``: code, ZNCC,
        iterations, grey noise variance of one frame, share of voxels kept; ``contrast (N, 4)``:
        grey variance and energy of the three derivatives.
    """
    motion, variance, numbers, contrast = result
    rows = (2 * half[0] + 1) * (2 * half[1] + 1)
    width = 2 * half[2] + 1
    blocks = -(-width // 8)
    window = np.zeros((5, rows, 8 * blocks), np.float32)
    moved = np.zeros((rows, 8 * blocks), np.float32)
    lanes = np.zeros((rows, blocks), np.int64)
    sx = ((np.arange(8 * blocks) - half[2]) / max(half[2], 1)).astype(np.float32)
    moments, first = np.empty((7, 5, 5, 5)), np.empty((2, 3, 3, 3, 3))
    norms, out = np.empty(2), np.empty(2)
    sums = (moments, first, norms, sx)
    c = np.empty((3, 10))
    for n in range(len(centres)):
        numbers[n, :, 0] = SINGULAR
        read_window(reference, mask, centres[n], half, window)
        cut_window(window, half, planes[n])
        norms[0], norms[1] = centre_window(window, lanes)
        full = rows * width
        numbers[n, :, 4] = norms[0] / full
        if norms[0] < limits[2]:
            numbers[n, :, 0] = LEFT
            continue
        if not norms[1] > 1e-12 * norms[0]:
            continue
        moved[:] = 0
        window_moments(window, half, sx, moments, first)
        contrast[n, 0] = norms[1] / norms[0]
        for k in range(3):
            contrast[n, 1 + k] = moments[k, 0, 0, 0] / norms[0]
        c[:] = guesses[n]
        for order in range(2):
            if not plan[order]:
                continue
            terms = 4 if order == 0 else 10
            code = refine(
                deformed, window, lanes, moved, sums, centres[n], half, c, terms, limits, out
            )
            numbers[n, order, 0], numbers[n, order, 1], numbers[n, order, 2] = code, out[0], out[1]
            numbers[n, order, 4] = norms[0] / full
            if code in (SINGULAR, LEFT):
                break
            motion[n, order] = c
            spread = 2 * max(1 - out[0], 1e-9) * norms[1] / (norms[0] - 3 * terms)
            noise = spread / (1 + noise_gain(c, half, table))
            numbers[n, order, 3] = noise
            predict_variance(moments, first, terms, norms[0], norms[1], noise, variance[n, order])
