# mypy: ignore-errors
"""Compiled Gauss-Newton for one body: translation, rigid, rigid with swelling, or affine motion.

The same normal equations as for windows, restricted to the increments of the motion asked for;
rotations are kept exact by polar decomposition after every step.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from operando.strain.windows.kernels import (
    CONVERGED,
    LEFT,
    SINGULAR,
    STOPPED,
    buffers,
    leave_out_moved,
)
from operando.strain.windows.moments import compare, window_moments
from operando.strain.windows.normal_matrix import assemble, factor, substitute
from operando.strain.windows.updates import compose, relax, residual_vector, take_step
from operando.strain.windows.window import (
    centre_window,
    drop_outside,
    read_window,
    warp_window,
)

TRANSLATION, RIGID, SWELLING, AFFINE = 0, 1, 2, 3
FREEDOM = np.array([3, 6, 7, 12])


@njit(nogil=True, cache=True)
def increments(half, size, model):
    """Affine increments ``(12, freedom)`` that a model allows: shifts, turns, swelling.

    `size` ``(3,)`` are the edges of a voxel: a turn of the body is none of its voxels where they
    are no cubes.
    """
    out = np.zeros((12, FREEDOM[model]))
    if model == AFFINE:
        for k in range(12):
            out[k, k] = 1.0
        return out
    for k in range(3):
        out[4 * k, k] = 1.0
    if model >= RIGID:
        for axis in range(3):
            i, j = (axis + 1) % 3, (axis + 2) % 3
            out[4 * i + 1 + j, 3 + axis] = -half[j] * size[j] / size[i]
            out[4 * j + 1 + i, 3 + axis] = half[i] * size[i] / size[j]
    if model == SWELLING:
        for k in range(3):
            out[4 * k + 1 + k, 6] = half[k]
    return out


@njit(nogil=True, cache=True)
def restrict(c, half, size, model):
    """Replace the gradient by the closest one that the model allows, in place."""
    if model == AFFINE:
        return
    f = np.eye(3)
    for i in range(3):
        for j in range(3):
            f[i, j] += c[i, 1 + j] / half[j] * size[i] / size[j]
    left, values, right = np.linalg.svd(f)
    turn = left @ right
    if model == TRANSLATION:
        return
    stretch = values.mean() if model == SWELLING else 1.0
    for i in range(3):
        for j in range(3):
            c[i, 1 + j] = (stretch * turn[i, j] - (i == j)) * half[j] * size[j] / size[i]


@njit(nogil=True, cache=True)
def reduced_matrix(moments, first, count, norm, basis):
    """Return the normal matrix of the increments that a model allows; see `assemble`."""
    matrix = np.empty((12, 12))
    assemble(moments, first, 4, count, norm, 0.0, matrix)
    return np.ascontiguousarray(basis.T) @ (matrix @ basis)


@njit(nogil=True, cache=True)
def follow_body(reference, mask, deformed, place, half, size, c, models, limits, result):
    """Fit models one after the other, each from the result of the one before.

    Parameters
    ----------
    reference, mask
        Float32 grey values and uint8 voxels of the body, both of its box with a margin of voxels.
    deformed
        As in `operando.strain.windows.kernels.refine`.
    place, half
        Middle voxel of the body's box in the deformed volume and in the arrays above, ``(2, 3)``;
        half edges of the box.
    size
        Edges of a voxel ``(3,)``, in any unit.
    c
        ``(3, 10)`` motion to start from.
    models
        Increasing model numbers.
    limits
        Tolerance, most iterations, smallest count, largest excursion.
    result
        Motion ``(4, 3, 10)`` and numbers ``(4, 5)``: code, ZNCC, sum of squared residuals, voxels,
        grey noise variance of one frame.
    """
    motion, numbers = result
    window, moved, lanes, sx, moments, first = buffers(half)
    norms = np.empty(2)
    sums = (moments, first, norms, sx, 2)
    read_window(reference, mask, place[1], half, window)
    norms[0], norms[1] = centre_window(window, lanes)
    numbers[:, 0] = SINGULAR
    if norms[0] < limits[2] or not norms[1] > 0:
        return
    window_moments(window, half, sx, 2, moments, first)
    start = c[:, 0].copy()
    for model in models:
        basis = increments(half, size, model)
        code, zncc = fit_model(
            deformed,
            window,
            lanes,
            moved,
            sums,
            place[0],
            half,
            size,
            model,
            basis,
            start,
            limits,
            c,
        )
        numbers[model, 0] = code
        if np.isnan(zncc):
            return
        count, norm = norms
        noise = max(1 - zncc, 1e-9) * norm / (count - FREEDOM[model])
        motion[model] = c
        numbers[model, 1], numbers[model, 2] = zncc, 2 * max(1 - zncc, 1e-9) * norm
        numbers[model, 3], numbers[model, 4] = count, noise


@njit(nogil=True, cache=True)
def moved_values(deformed, mask, centre, half, c):
    """Deformed grey values at the moved voxels of a body, NaN where there are none.

    Parameters
    ----------
    deformed
        As in `operando.strain.windows.kernels.refine`.
    mask
        Voxels of the body in its box.
    centre, half, c
        Middle voxel and half edges of the box, ``(3, 10)`` motion.
    """
    cubic, quintic, strides, shape, deformed_mask = deformed
    window, moved, lanes, _, _, _ = buffers(half)
    window[4, :, : mask.shape[2]] = mask.reshape(-1, mask.shape[2])
    drop_outside(window, centre, half, c, shape, deformed_mask)
    centre_window(window, lanes)
    sharp = quintic.size > 0
    warp_window(quintic if sharp else cubic, strides, sharp, centre, half, c, lanes, moved)
    out = np.where(window[4] > 0, moved, np.float32(np.nan))
    return np.ascontiguousarray(out[:, : mask.shape[2]]).reshape(mask.shape)


@njit(nogil=True, cache=True)
def fit_model(
    deformed, window, lanes, moved, sums, centre, half, size, model, basis, start, limits, c
):
    """Gauss-Newton for one model from the motion ``c``, which is replaced.

    Parameters
    ----------
    deformed, window, lanes, moved, sums, centre
        As in `operando.strain.windows.kernels.refine`.
    basis
        Of `increments`.
    start
        Shift from which the body may move no further than the largest excursion.

    Returns
    -------
    One of CONVERGED, STOPPED, SINGULAR, LEFT; ZNCC, NaN where the body was lost.
    """
    _, quintic, strides, _, _ = deformed
    moments, first, norms, sx, _ = sums
    tolerance, most, fewest, excursion = limits
    projected, vector = np.empty((3, 3, 3, 3)), np.empty(12)
    d, last = np.zeros((3, 10)), np.zeros((3, 10))
    small = reduced_matrix(moments, first, norms[0], norms[1], basis)
    if not factor(small, small.shape[0]):
        return SINGULAR, np.nan
    restrict(c, half, size, model)
    weight, before, zncc = 1.0, 0.0, np.nan
    for _ in range(most):
        if leave_out_moved(deformed, window, lanes, sums, centre, half, c):
            if norms[0] < fewest or not norms[1] > 0:
                return LEFT, np.nan
            small = reduced_matrix(moments, first, norms[0], norms[1], basis)
            if not factor(small, small.shape[0]):
                return STOPPED, np.nan
        warp_window(quintic, strides, True, centre, half, c, lanes, moved)
        total, square, product = compare(window, moved, half, sx, 4, projected)
        energy = square - total * total / norms[0]
        if not energy > 0:
            return STOPPED, np.nan
        zncc = product / np.sqrt(energy * norms[1])
        residual_vector(projected, first, total / norms[0], product / norms[1], 4, vector)
        step = np.ascontiguousarray(basis.T) @ vector
        substitute(small, small.shape[0], step)
        largest = take_step(basis @ step, 4, np.sqrt(norms[1] / energy), d)
        if not largest < 4 * excursion:
            return STOPPED, np.nan
        weight = relax(d, last, 4, weight, before)
        largest *= weight
        before = largest
        compose(c, d, half, 4)
        restrict(c, half, size, model)
        if np.abs(c[:, 0] - start).max() > excursion:
            return STOPPED, np.nan
        if largest < tolerance:
            return CONVERGED, zncc
    return STOPPED, zncc
