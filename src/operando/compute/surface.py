"""Area of digital surfaces: voxel faces, each weighted by how squarely it lies to the surface.

Counting voxel faces overestimates a smooth surface by half. Here every face counts with the cosine
between its own normal and that of the surface, taken from the gradient of the body smoothed with a
Gaussian of 1.15 voxels: a plane then has its area whatever its direction, because the faces
along an axis are as many as its projection on that axis holds [1]_. Where voxels are flat, the
Gaussian is wider along their short edges, or it would see the treads of a gentle slope instead of
the slope. Each share of the area belongs to one pair of voxels, so areas can be told apart by what
lies on the other side.

.. [1] J. C. Mullikin, P. W. Verbeek, "Surface area estimation of digitized planes", Bioimaging 1
   (1993) 6-16: weights by local configuration, here by the local normal
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIGMA = 1.15
REACH = 3
"""Voxels on either side of a face that its normal is taken from, where they are cubes."""
LONGEST = 7
"""Most voxels on either side along the short edges of flat ones: crops need such a margin."""


@dataclass(frozen=True)
class Faces:
    """Voxel faces between a body and what is not.

    Parameters
    ----------
    inside, outside
        ``(N, 3)`` voxels ``(z, y, x)`` on both sides.
    area
        ``(N,)`` share of the surface, in the unit of the spacing squared.
    normal
        ``(N, 3)`` unit vectors of the surface, pointing out of the body, in physical directions.
    depth
        ``(N,)`` distance of the centre of the inside voxel below the surface, which lies between
        the two voxels: where the smoothed body falls to one half. A Gaussian alone would draw the
        surface of a small or flat body towards its middle; what it is smoothed with here has no
        second moments.
    """

    inside: NDArray[np.int32]
    outside: NDArray[np.int32]
    area: NDArray[np.float64]
    normal: NDArray[np.float32]
    depth: NDArray[np.float32]

    def where(self, keep: NDArray[np.bool_]) -> Faces:
        """Keep some of the faces."""
        return Faces(
            self.inside[keep],
            self.outside[keep],
            self.area[keep],
            self.normal[keep],
            self.depth[keep],
        )


def reach_of(spacing: Sequence[float]) -> tuple[int, int, int]:
    """Voxels ``(z, y, x)`` on either side of a face that its normal is taken from."""
    z, y, x = (min(LONGEST, round(REACH * float(w))) for w in _widening(spacing))
    return z, y, x


def faces_of(body: NDArray[np.bool_], spacing: tuple[float, float, float] = (1, 1, 1)) -> Faces:
    """Find the faces of a body within a volume.

    Parameters
    ----------
    body
        ``(Z, Y, X)``. What lies outside counts as more of the same: where the body reaches the
        side of the volume it is cut, and a cut is no face.
    spacing
        Voxel size ``(z, y, x)``.
    """
    body = np.ascontiguousarray(body)
    rows = int(_count_faces(body))
    voxels = np.empty((rows, 2, 3), np.int32)
    area = np.empty(rows)
    normal = np.empty((rows, 3), np.float32)
    share, width, half = np.empty((3, rows), np.float32)
    sigma = SIGMA * _widening(spacing)
    kernels = list(zip(reach_of(spacing), sigma.tolist(), strict=True))
    around = [_weights(*kernel) for kernel in kernels]
    straight = [(_straightener(full), _straightener(half)) for full, half in around]
    _fill_faces(
        body,
        _patterns(body, kernels[2][0]),
        np.asarray(spacing, float),
        sigma,
        (*(full for full, _ in around), *(half for _, half in around)),
        (*(full for full, _ in straight), *(half for _, half in straight)),
        _row_sums(*kernels[2]),
        voxels,
        area,
        normal,
        share,
        width,
        half,
    )
    # How a plane rises, smoothed so: by 1.5 times the slope of the normal distribution.
    rise = (share - 0.5) * np.float32(np.sqrt(2 * np.pi) / 1.5)
    depth = half + np.clip(width * (rise + 5 / 18 * rise**3), -half, half)
    return Faces(voxels[:, 0], voxels[:, 1], area, normal, depth)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count_faces(body: Any) -> int:
    nz, ny, nx = body.shape
    count = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                here = body[z, y, x]
                count += z + 1 < nz and body[z + 1, y, x] != here
                count += y + 1 < ny and body[z, y + 1, x] != here
                count += x + 1 < nx and body[z, y, x + 1] != here
    return count


def _widening(spacing: Sequence[float]) -> NDArray[np.float64]:
    """How much wider the Gaussian is along every axis, in voxels."""
    edges = np.asarray(spacing, float)
    return np.asarray(np.minimum(np.sqrt(edges.max() / edges), LONGEST / REACH))


@cache
def _weights(reach: int, sigma: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights of the voxels around the centre of a voxel, and around the face behind it."""
    full, half = (
        np.exp(-(offsets**2) / (2 * sigma**2))
        for offsets in (np.arange(-reach, reach + 1), np.arange(-reach, reach) + 0.5)
    )
    return full / full.sum(), half / half.sum()


def _straightener(weights: NDArray[Any]) -> NDArray[Any]:
    """Find the part of a weight to be taken away for the weights to have no second moment."""
    square = (np.arange(len(weights)) - (len(weights) - 1) / 2) ** 2
    square /= weights @ square
    return np.asarray((square - 1) / (weights @ square**2 - 1))


@cache
def _row_sums(reach: int, sigma: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sum the weights of every pattern of voxels in a row, times 1, offset and straightener."""
    sums = []
    for weights in _weights(reach, sigma):
        offsets = np.arange(len(weights)) - (len(weights) - 1) / 2
        bits = np.arange(2 ** len(weights))[:, None] >> np.arange(len(weights)) & 1
        factors = np.stack([np.ones(len(weights)), offsets, _straightener(weights)], axis=1)
        sums.append(bits @ (weights[:, None] * factors))
    return sums[0], sums[1]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _patterns(body: Any, reach: int) -> Any:
    """Voxels from `reach` before to `reach` after each along x, as bits, the first the lowest."""
    nz, ny, nx = body.shape
    out = np.empty(body.shape, np.uint16)
    top = np.uint16(1 << (2 * reach))
    for z in range(nz):
        for y in range(ny):
            bits = np.uint16(0)
            for x in range(-reach, nx + reach):
                bits >>= np.uint16(1)
                if body[z, y, min(max(x, 0), nx - 1)]:
                    bits |= top
                if x >= reach:
                    out[z, y, x - reach] = bits
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _fill_faces(
    body: Any,
    patterns: Any,
    spacing: Any,
    sigma: Any,
    weights: Any,
    straight: Any,
    rows: Any,
    voxels: Any,
    area: Any,
    normal: Any,
    share: Any,
    width: Any,
    half: Any,
) -> None:
    shape = body.shape
    row = 0
    a = np.empty(3, np.int64)
    b = np.empty(3, np.int64)
    gradient = np.empty(3)
    for z in range(shape[0]):
        for y in range(shape[1]):
            for x in range(shape[2]):
                for axis in range(3):
                    a[0], a[1], a[2] = z, y, x
                    b[:] = a
                    b[axis] += 1
                    if b[axis] >= shape[axis] or body[b[0], b[1], b[2]] == body[z, y, x]:
                        continue
                    share[row] = _moments(patterns, a, axis, weights, straight, rows, gradient)
                    gradient /= sigma**2 * spacing
                    length = np.sqrt((gradient**2).sum())
                    first, sign = (0, 1.0) if body[z, y, x] else (1, -1.0)
                    voxels[row, first] = a
                    voxels[row, 1 - first] = b
                    if length > 0:
                        gradient /= length
                    normal[row] = -gradient
                    face = spacing[0] * spacing[1] * spacing[2] / spacing[axis]
                    area[row] = face * max(0.0, -sign * gradient[axis])
                    width[row] = np.sqrt(((sigma * spacing * gradient) ** 2).sum())
                    half[row] = spacing[axis] * abs(gradient[axis]) / 2
                    row += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _moments(
    patterns: Any, a: Any, axis: int, weights: Any, straight: Any, rows: Any, first: Any
) -> float:
    """Body smoothed between voxel `a` and the next on `axis`, and its first moments there.

    `weights` are those around a voxel and around a face, three each, `straight` what takes their
    second moments away; `rows` are their sums along x.
    """
    nz, ny = patterns.shape[:2]
    along = rows[1] if axis == 2 else rows[0]
    wz = weights[3] if axis == 0 else weights[0]
    wy = weights[4] if axis == 1 else weights[1]
    qz = straight[3] if axis == 0 else straight[0]
    qy = straight[4] if axis == 1 else straight[1]
    z0, y0 = a[0] - (len(wz) - 1) // 2, a[1] - (len(wy) - 1) // 2
    inside = dz = dy = dx = 0.0
    for i in range(len(wz)):
        z = min(max(z0 + i, 0), nz - 1)
        for j in range(len(wy)):
            y = min(max(y0 + j, 0), ny - 1)
            bits = patterns[z, y, a[2]] >> (axis == 2)
            w = wz[i] * wy[j]
            filled, leaning = w * along[bits, 0], w * along[bits, 1]
            inside += filled * (1 - qz[i] - qy[j]) - w * along[bits, 2]
            dz += filled * (i - (len(wz) - 1) / 2)
            dy += filled * (j - (len(wy) - 1) / 2)
            dx += leaning
    first[0], first[1], first[2] = dz, dy, dx
    return inside
