# mypy: ignore-errors
"""Compiled normal equations of one window's motion, and the errors that they predict.

Grey offset and gain are eliminated, see `operando.strain.windows.kernels`. Terms are those of
`operando.strain.windows.window`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from operando.strain.windows.moments import PAIRS

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
"""Powers of the offsets along z, y, x in each term."""

DEGREES = POWERS[:, None] + POWERS[None]
"""Powers of the products of two terms."""


@njit(nogil=True, cache=True)
def assemble(moments, first, terms, count, norm, noise, out):
    """Build the normal matrix without grey offset and gain, less the noise of the gradients."""
    for p in range(6):
        a, b = PAIRS[p]
        for m in range(terms):
            for n in range(terms):
                i, j, k = DEGREES[m, n, 0], DEGREES[m, n, 1], DEGREES[m, n, 2]
                value = moments[p, i, j, k]
                if a == b:
                    value -= noise * moments[6, i, j, k]
                out[a * terms + m, b * terms + n] = value
                out[b * terms + n, a * terms + m] = value
    size = 3 * terms
    mean, grey = np.empty(size), np.empty(size)
    for a in range(3):
        for m in range(terms):
            i, j, k = DEGREES[m, 0, 0], DEGREES[m, 0, 1], DEGREES[m, 0, 2]
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
                    i, j, h = DEGREES[m, n, 0], DEGREES[m, n, 1], DEGREES[m, n, 2]
                    blur += column[a * terms + m] * column[a * terms + n] * moments[6, i, j, h]
        out[k] = 2 * grey_noise * column[k * terms] + noise * grey_noise * blur


@njit(nogil=True, cache=True)
def stiffness(moments, zncc, norm):
    """Share of noise in the squared derivatives: by that much updates fall short of the goal."""
    energy = moments[0, 0, 0, 0] + moments[1, 0, 0, 0] + moments[2, 0, 0, 0]
    return 3 * GRADIENT_NOISE * (1 - zncc) * norm / max(energy, 1e-12)
