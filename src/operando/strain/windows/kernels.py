# mypy: ignore-errors
"""Compiled inverse-compositional Gauss-Newton on the zero-normalised criterion, one window a node.

Inverse composition after Baker and Matthews, IJCV 56 (2004) 221, and Pan, Wang and Tian, Opt.
Lasers Eng. 59 (2014) 126; grey offset and gain are eliminated from the normal equations, so the
result is the place of highest ZNCC.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from operando.strain.windows.moments import compare, window_moments
from operando.strain.windows.normal_matrix import (
    assemble,
    factor,
    noise_gain,
    predict_variance,
    stiffness,
    substitute,
)
from operando.strain.windows.updates import compose, relax, residual_vector, take_step
from operando.strain.windows.window import (
    centre_window,
    cut_window,
    drop_outside,
    read_window,
    stays_inside,
    warp_window,
)

CONVERGED, STOPPED, SINGULAR, LEFT = 0, 1, 2, 3

NEAR = 30
"""Tolerances from the goal where the cubic spline has done its part."""

BEST_RATE = 0.1
"""Updates are not trusted to shrink faster than this: rates seen far from the goal flatter."""


@njit(nogil=True, cache=True)
def buffers(half):
    """Make room for one window: its voxels, moved grey values, lanes, offsets along x, moments."""
    rows, width = (2 * half[0] + 1) * (2 * half[1] + 1), 2 * half[2] + 1
    blocks = -(-width // 8)
    window = np.zeros((5, rows, 8 * blocks), np.float32)
    moved = np.zeros((rows, 8 * blocks), np.float32)
    lanes = np.zeros((rows, blocks), np.int64)
    sx = ((np.arange(8 * blocks) - half[2]) / max(half[2], 1)).astype(np.float32)
    return window, moved, lanes, sx, np.empty((7, 5, 5, 5)), np.empty((2, 3, 3, 3, 3))


@njit(nogil=True, cache=True)
def leave_out_moved(deformed, window, lanes, sums, centre, half, c):
    """Leave out voxels that moved to the faces or out of the mask; returns whether any did.

    Parameters are those of `refine`; `sums` are then those of the voxels that are left.
    """
    _, _, _, shape, mask = deformed
    moments, first, norms, sx, degree = sums
    if mask.size == 0 and stays_inside(c, centre, half, shape):
        return False
    if drop_outside(window, centre, half, c, shape, mask) == 0:
        return False
    norms[0], norms[1] = centre_window(window, lanes)
    window_moments(window, half, sx, degree, moments, first)
    return True


@njit(nogil=True, cache=True)
def refine(deformed, window, lanes, moved, sums, centre, half, c, terms, limits, warped, out):
    """Gauss-Newton for one window from the motion ``c``, which is replaced by the best found.

    Parameters
    ----------
    deformed
        Flat cubic coefficients, flat quintic ones (empty: cubic to the end), elements per plane,
        per row and before the first voxel, shape of the volume, mask of it (empty: all).
    sums
        Moments and first moments of `window_moments`, ``[count, norm]`` of the window, offsets
        along x and the degree of the moments.
    limits
        Tolerance in voxels, most iterations, smallest count, largest excursion in voxels.
    warped
        ``(3, 10)`` motion for which `moved` holds the grey values of the final spline, NaN for
        none; `c` must be the same then. Receives that of the last iteration.
    out
        Receives ZNCC and number of iterations.

    Returns
    -------
    One of CONVERGED, STOPPED, SINGULAR, LEFT.
    """
    cubic, quintic, strides, _, _ = deformed
    moments, first, norms, sx, _ = sums
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
    reused = not np.isnan(warped[0, 0])
    for iteration in range(most):
        out[1] = iteration + 1
        if leave_out_moved(deformed, window, lanes, sums, centre, half, c):
            if norms[0] < fewest:
                return LEFT
            assemble(moments, first, terms, norms[0], norms[1], 0.0, matrix)
            if not factor(matrix, size):
                return SINGULAR
        sharp = fine or reused
        if not reused:
            final = sharp and quintic.size > 0
            warp_window(quintic if final else cubic, strides, final, centre, half, c, lanes, moved)
        total, square, product = compare(window, moved, half, sx, terms, projected)
        energy = square - total * total / norms[0]
        if not energy > 0:
            return SINGULAR
        zncc = product / np.sqrt(energy * norms[1])
        if iteration == 0:
            rate = max(3 * stiffness(moments, zncc, norms[1]), BEST_RATE)
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
        residual_vector(projected, first, total / norms[0], product / norms[1], terms, vector)
        substitute(matrix, size, vector)
        step = take_step(vector, terms, np.sqrt(norms[1] / energy), d)
        if not step < excursion:
            c[:] = best
            return STOPPED
        weight = relax(d, last, terms, weight, before)
        step *= weight
        warped[:] = c
        compose(c, d, half, terms)
        for k in range(3):
            if abs(c[k, 0] - start[k]) > excursion:
                c[:] = best
                return STOPPED
        contraction = step / before if before > 0 else rate
        if fine and (step < tolerance or (contraction < 0.5 and step * contraction < tolerance)):
            return CONVERGED
        before = step
        fine |= (BEST_RATE * step if reused else step) < NEAR * tolerance
        if fine != sharp:
            # another spline: neither its updates nor its ZNCC compare with those before
            before, rate = 0.0, max(contraction, BEST_RATE)
            out[0] = -1.0
        reused = False
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
    window, moved, lanes, sx, moments, first = buffers(half)
    full = np.prod(2 * half + 1)
    norms, out = np.empty(2), np.empty(2)
    degree = 4 if plan[1] else 2
    sums = (moments, first, norms, sx, degree)
    c, warped = np.empty((3, 10)), np.empty((3, 10))
    for n in range(len(centres)):
        numbers[n, :, 0] = SINGULAR
        read_window(reference, mask, centres[n], half, window)
        cut_window(window, half, planes[n])
        norms[0], norms[1] = centre_window(window, lanes)
        numbers[n, :, 4] = norms[0] / full
        if norms[0] < limits[2]:
            numbers[n, :, 0] = LEFT
            continue
        if not norms[1] > 1e-12 * norms[0]:
            continue
        moved[:] = 0
        window_moments(window, half, sx, degree, moments, first)
        contrast[n, 0] = norms[1] / norms[0]
        for k in range(3):
            contrast[n, 1 + k] = moments[k, 0, 0, 0] / norms[0]
        c[:] = guesses[n]
        warped[:] = np.nan
        for order in range(2):
            if not plan[order]:
                continue
            terms = 4 if order == 0 else 10
            place = centres[n]
            code = refine(
                deformed, window, lanes, moved, sums, place, half, c, terms, limits, warped, out
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
            if code == CONVERGED:
                c[:] = warped
            else:
                warped[:] = np.nan
