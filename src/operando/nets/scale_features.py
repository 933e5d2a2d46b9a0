"""Classical features of an image on several scales, for forests and light heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SCALES = (0.7, 1.0, 1.6, 2.5, 4.0, 6.0)
"""Standard deviations of the Gaussians, in voxels of the finest axis."""
PER_SCALE = 5
REACH = 19
"""Voxels around a place that its features depend on: three times the coarsest scale and one."""


def n_features(channels: int) -> int:
    """Features per voxel of an image with so many channels: 31 each."""
    return channels * (1 + PER_SCALE * len(SCALES))


def scale_features(
    image: NDArray[np.float32], spacing: Sequence[float] = (1.0, 1.0, 1.0)
) -> NDArray[np.float32]:
    """Compute features of every voxel.

    Per channel the grey value and, per scale, the smoothed grey value, the length of its
    gradient and the three eigenvalues of its Hessian, largest first, both times the scale to
    the power of the derivative [Lindeberg 1998]: the usual ones of pixel classifiers.

    Parameters
    ----------
    image
        ``(C, Z, Y, X)``; an axis of one voxel is not filtered.
    spacing
        Edge lengths of a voxel ``(z, y, x)``, any unit; thick slices are smoothed less.

    Returns
    -------
    ``(n_features(C), Z, Y, X)`` float32.
    """
    from scipy.ndimage import gaussian_filter

    ratio = np.asarray(spacing, float) / min(spacing)
    out = np.empty((n_features(len(image)), *image.shape[1:]), np.float32)
    rows = iter(range(len(out)))
    for channel in image:
        out[next(rows)] = channel
        for scale in SCALES:
            smooth = gaussian_filter(channel, scale / ratio, mode="nearest", truncate=3.0)
            out[next(rows)] = smooth
            first = next(rows)
            _derivatives(smooth, scale / ratio, out[first : first + PER_SCALE - 1])
            for _ in range(PER_SCALE - 2):
                next(rows)
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _derivatives(
    image: NDArray[np.float32], scale: NDArray[np.float64], out: NDArray[np.float32]
) -> None:
    """Gradient length and Hessian eigenvalues by central differences, ``out (4, z, y, x)``."""
    nz, ny, nx = image.shape
    sz, sy, sx = scale
    for z in range(nz):
        z0, z1 = max(z - 1, 0), min(z + 1, nz - 1)
        for y in range(ny):
            y0, y1 = max(y - 1, 0), min(y + 1, ny - 1)
            for x in range(nx):
                x0, x1 = max(x - 1, 0), min(x + 1, nx - 1)
                here = 2 * image[z, y, x]
                gz = (image[z1, y, x] - image[z0, y, x]) / 2 * sz
                gy = (image[z, y1, x] - image[z, y0, x]) / 2 * sy
                gx = (image[z, y, x1] - image[z, y, x0]) / 2 * sx
                zz = (image[z1, y, x] + image[z0, y, x] - here) * sz * sz
                yy = (image[z, y1, x] + image[z, y0, x] - here) * sy * sy
                xx = (image[z, y, x1] + image[z, y, x0] - here) * sx * sx
                zy = image[z1, y1, x] + image[z0, y0, x] - image[z1, y0, x] - image[z0, y1, x]
                zx = image[z1, y, x1] + image[z0, y, x0] - image[z1, y, x0] - image[z0, y, x1]
                yx = image[z, y1, x1] + image[z, y0, x0] - image[z, y1, x0] - image[z, y0, x1]
                out[0, z, y, x] = np.sqrt(gz * gz + gy * gy + gx * gx)
                out[1, z, y, x], out[2, z, y, x], out[3, z, y, x] = _eigenvalues(
                    zz, yy, xx, zy / 4 * sz * sy, zx / 4 * sz * sx, yx / 4 * sy * sx
                )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _eigenvalues(
    a: float, b: float, c: float, d: float, e: float, f: float
) -> tuple[float, float, float]:
    """Eigenvalues of ``[[a, d, e], [d, b, f], [e, f, c]]``, largest first [Smith 1961]."""
    mean = (a + b + c) / 3
    a, b, c = a - mean, b - mean, c - mean
    spread = np.sqrt((a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) / 6)
    if spread < 1e-12:
        return mean, mean, mean
    half = (a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e)) / (2 * spread**3)
    angle = np.arccos(min(max(half, -1.0), 1.0)) / 3
    largest = mean + 2 * spread * np.cos(angle)
    smallest = mean + 2 * spread * np.cos(angle + 2 * np.pi / 3)
    return largest, 3 * mean - largest - smallest, smallest
