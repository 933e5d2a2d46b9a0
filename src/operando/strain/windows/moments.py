# mypy: ignore-errors
"""Compiled sums over one window: what the normal equations of a polynomial motion are made of.

Windows are those of `operando.strain.windows.window`. A moment ``[i, j, k]`` is a sum over voxels
times these powers of their scaled offsets along z, y, x: first over a row, then over the rows of a
plane, then over planes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

PAIRS = np.array([[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]])
"""Axes of the derivatives that are multiplied."""


@njit(nogil=True, cache=True, fastmath=True)
def _row_moments(a, b, sx, sums):
    """Sum ``a * b * sx**p`` over a row for p = 0..4."""
    s0, s1, s2 = np.float32(0), np.float32(0), np.float32(0)
    s3, s4 = np.float32(0), np.float32(0)
    for i in range(np.uint64(a.size)):
        x = sx[i]
        q = a[i] * b[i]
        s0 += q
        q *= x
        s1 += q
        q *= x
        s2 += q
        q *= x
        s3 += q
        s4 += q * x
    sums[0], sums[1], sums[2], sums[3], sums[4] = s0, s1, s2, s3, s4


@njit(nogil=True, cache=True, fastmath=True)
def _low_row_moments(a, b, sx, sums):
    """Sum ``a * b * sx**p`` over a row for p = 0..2."""
    s0, s1, s2 = np.float32(0), np.float32(0), np.float32(0)
    for i in range(np.uint64(a.size)):
        x = sx[i]
        q = a[i] * b[i]
        s0 += q
        q *= x
        s1 += q
        s2 += q * x
    sums[0], sums[1], sums[2] = s0, s1, s2


@njit(nogil=True, cache=True, fastmath=True)
def _spread(sums, offset, degree, out):
    """Add moments along one axis, ``(degree + 1, ...)``, times the powers of an offset."""
    power = 1.0
    for i in range(degree + 1):
        for j in range(degree + 1 - i):
            out[i, j] += power * sums[j]
        power *= offset


@njit(nogil=True, cache=True, fastmath=True)
def _spread_plane(plane, offset, degree, out):
    """Add the moments of a plane times the powers of its offset."""
    power = 1.0
    for i in range(degree + 1):
        for j in range(degree + 1 - i):
            for k in range(degree + 1 - i - j):
                out[i, j, k] += power * plane[j, k]
        power *= offset


@njit(nogil=True, cache=True, fastmath=True)
def window_moments(window, half, sx, degree, moments, first):
    """Moments of gradient products (6), of the weights (1), and of gradients and gradient x grey.

    ``moments`` is ``(7, 5, 5, 5)``, of which those up to the total `degree` (2 or 4) are found;
    ``first`` is ``(2, 3, 3, 3, 3)``.
    """
    moments[:] = 0.0
    first[:] = 0.0
    sums, planes, low = np.empty(5, np.float32), np.empty((7, 5, 5)), np.empty((2, 3, 3, 3))
    for dz in range(-half[0], half[0] + 1):
        planes[:] = 0.0
        low[:] = 0.0
        for dy in range(-half[1], half[1] + 1):
            r = (dz + half[0]) * (2 * half[1] + 1) + dy + half[1]
            y = dy / max(half[1], 1)
            for p in range(7):
                a = 4 if p == 6 else 1 + PAIRS[p, 0]
                b = 4 if p == 6 else 1 + PAIRS[p, 1]
                if degree == 2:
                    _low_row_moments(window[a, r], window[b, r], sx, sums)
                else:
                    _row_moments(window[a, r], window[b, r], sx, sums)
                _spread(sums, y, degree, planes[p])
            for k in range(3):
                _low_row_moments(window[1 + k, r], window[4, r], sx, sums)
                _spread(sums, y, 2, low[0, k])
                _low_row_moments(window[1 + k, r], window[0, r], sx, sums)
                _spread(sums, y, 2, low[1, k])
        z = dz / max(half[0], 1)
        for p in range(7):
            _spread_plane(planes[p], z, degree, moments[p])
        for k in range(3):
            _spread_plane(low[0, k], z, 2, first[0, k])
            _spread_plane(low[1, k], z, 2, first[1, k])


@njit(nogil=True, cache=True, fastmath=True)
def compare(window, moved, half, sx, terms, projected):
    """Sum moved grey values, and project them on gradient x basis, ``(3, 3, 3, 3)``."""
    projected[:] = 0.0
    degree = 1 if terms == 4 else 2
    total, square, product = 0.0, 0.0, 0.0
    sums, planes = np.empty(3, np.float32), np.empty((3, 3, 3))
    for dz in range(-half[0], half[0] + 1):
        planes[:] = 0.0
        for dy in range(-half[1], half[1] + 1):
            r = (dz + half[0]) * (2 * half[1] + 1) + dy + half[1]
            y = dy / max(half[1], 1)
            g, f, w = moved[r], window[0, r], window[4, r]
            s, q, p = np.float32(0), np.float32(0), np.float32(0)
            for i in range(np.uint64(g.size)):
                v = g[i] * w[i]
                s += v
                q += v * v
                p += v * f[i]
            total += s
            square += q
            product += p
            for k in range(3):
                _low_row_moments(g, window[1 + k, r], sx, sums)
                _spread(sums, y, degree, planes[k])
        for k in range(3):
            _spread_plane(planes[k], dz / max(half[0], 1), degree, projected[k])
    return total, square, product
