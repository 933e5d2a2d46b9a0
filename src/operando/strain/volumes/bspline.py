"""B-spline coefficients of a volume, and what their interpolation does to noise.

Prefilter after Unser, Aldroubi and Eden, IEEE Trans. Signal Processing 41 (1993) 821.
"""

from __future__ import annotations

from math import comb, factorial, sqrt
from typing import Any

import numpy as np
from numba import njit

PAD = (4, 4, 12)
"""Voxels of mirrored coefficients around the volume, so that every stencil stays inside."""

EDGE = 2
"""Voxels at the faces, and beside masked ones, between which splines are some percent off."""

_POLES = {
    3: (sqrt(3.0) - 2.0,),
    5: (
        sqrt(67.5 - sqrt(4436.25)) + sqrt(26.25) - 6.5,
        sqrt(67.5 + sqrt(4436.25)) - sqrt(26.25) - 6.5,
    ),
}


def weight_polynomials(degree: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Coefficients of the B-spline weights in the fractional position.

    Returns
    -------
    ``(degree + 1, degree + 1)``; entry ``[k, j]`` multiplies ``t**j`` in the weight of tap ``k``,
    which lies ``k - (degree - 1) // 2`` voxels after the voxel below the position.
    """
    out = np.zeros((degree + 1, degree + 1))
    for tap in range(degree + 1):
        for i in range(degree - tap + 1):
            shift = degree - tap - i
            sign = (-1) ** i * comb(degree + 1, i)
            for j in range(degree + 1):
                out[tap, j] += sign * comb(degree, j) * float(shift) ** (degree - j)
    return out / factorial(degree)


@njit(nogil=True, cache=True, fastmath=True)
def _filter_planes(data, pole, gain):  # type: ignore[no-untyped-def]
    """Recursive filter along the first axis of ``(n, m)``, mirrored at both ends, in place."""
    n, m = data.shape
    reach = min(n - 1, int(np.ceil(np.log(1e-9) / np.log(abs(pole)))))
    start = np.empty(m, np.float32)
    for i in range(m):
        start[i] = data[0, i]
    power = pole
    for k in range(1, reach + 1):
        for i in range(m):
            start[i] += np.float32(power) * data[k, i]
        power *= pole
    p, g = np.float32(pole), np.float32(gain)
    for i in range(m):
        data[0, i] = start[i] * g
    for k in range(1, n):
        for i in range(m):
            data[k, i] = data[k, i] * g + p * data[k - 1, i]
    last = np.float32(pole / (pole * pole - 1.0))
    for i in range(m):
        data[n - 1, i] = last * (data[n - 1, i] + p * data[n - 2, i])
    for k in range(n - 2, -1, -1):
        for i in range(m):
            data[k, i] = p * (data[k + 1, i] - data[k, i])


@njit(nogil=True, cache=True, fastmath=True)
def _filter_slab(volume, axis, index, poles):  # type: ignore[no-untyped-def]
    """Filter one plane of the volume along z (plane of constant y) or along y and x."""
    nz, ny, nx = volume.shape
    if axis == 0:
        block = np.empty((nz, nx), np.float32)
        for z in range(nz):
            block[z] = volume[z, index]
        for pole in poles:
            _filter_planes(block, pole, (1.0 - pole) * (1.0 - 1.0 / pole))
        for z in range(nz):
            volume[z, index] = block[z]
        return
    plane = volume[index]
    for pole in poles:
        _filter_planes(plane, pole, (1.0 - pole) * (1.0 - 1.0 / pole))
    turned = np.empty((nx, ny), np.float32)
    for y in range(ny):
        for x in range(nx):
            turned[x, y] = plane[y, x]
    for pole in poles:
        _filter_planes(turned, pole, (1.0 - pole) * (1.0 - 1.0 / pole))
    for y in range(ny):
        for x in range(nx):
            plane[y, x] = turned[x, y]


def coefficients(
    volume: np.ndarray[Any, Any], degree: int = 5
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """B-spline coefficients of a volume, mirrored at the faces and padded by `PAD`.

    Parameters
    ----------
    volume
        ``(Z, Y, X)`` grey values, at least two voxels per axis.
    degree
        3 (cubic) or 5 (quintic).

    Returns
    -------
    ``(Z + 8, Y + 8, X + 24)`` float32, C order.
    """
    out = np.pad(np.asarray(volume, np.float32), [(0, 0)] * 3)
    poles = np.array(_POLES[degree])
    for y in range(out.shape[1]):
        _filter_slab(out, 0, y, poles)
    for z in range(out.shape[0]):
        _filter_slab(out, 1, z, poles)
    return np.ascontiguousarray(_mirror_pad(out))


def noise_gain_table(degree: int = 5, steps: int = 64) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Share of the variance of white noise that interpolation keeps, by fractional position.

    Returns
    -------
    ``(steps,)`` for one axis, at ``(i + 0.5) / steps``; a volume takes the product of its axes.
    """
    taps, n = weight_polynomials(degree), 65
    left = (degree - 1) // 2
    collocation = sum(taps[k, 0] * np.eye(n, k=k - left) for k in range(degree + 1))
    impulse = np.linalg.inv(collocation)[n // 2]
    t = (np.arange(steps) + 0.5) / steps
    weights = taps @ t ** np.arange(degree + 1)[:, None]
    return np.array([np.sum(np.convolve(impulse, w) ** 2) for w in weights.T])


def _mirror_pad(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # np.pad repeats reflections when the volume is thinner than the margin, as the spline does
    return np.pad(values, [(p, p) for p in PAD], mode="reflect")
