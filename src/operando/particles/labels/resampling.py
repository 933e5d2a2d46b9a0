"""Bring volumes to another size, also when only a block of them is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, prange

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box

PLANES_AT_ONCE = 2**26
"""Voxels that are read at once while a volume is brought to a smaller size."""


def shrink(
    read: Callable[[Box], NDArray[Any]],
    shape: tuple[int, int, int],
    out: Any,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Bring a mask, or shares, to a size at most as large: the mean in every larger voxel.

    Parameters
    ----------
    read
        Gives a block ``(Z, Y, X)``; called for stacks of whole slices.
    shape
        Of the whole.
    out
        Array ``(z, y, x)`` that is written, float32.
    tick
        Called after every stack.
    """
    small = out.shape
    at_once = max(1, PLANES_AT_ONCE * small[0] // int(np.prod(shape)))
    for a in range(0, small[0], at_once):
        b = min(a + at_once, small[0])
        first, last = a * shape[0] // small[0], -(-b * shape[0] // small[0])
        mask = read((slice(first, last), slice(0, shape[1]), slice(0, shape[2])))
        part = np.empty((b - a, *small[1:]), np.float32)
        _share_in_bins(mask, first, a, shape[0], small[0], part)
        out[a:b] = part
        tick()


def enlarge(volume: Any, shape: tuple[int, int, int], box: Box) -> NDArray[np.float32]:
    """Give a block of what a volume is when it is interpolated to another shape.

    Voxels cover the same space in both; between their centres the interpolation is linear.

    Parameters
    ----------
    volume
        ``(z, y, x)`` float32, read where it is needed.
    shape
        Of the whole volume after interpolation.
    box
        Block of it that is wanted.
    """
    if tuple(volume.shape) == tuple(shape):
        return np.asarray(volume[box], np.float32)
    starts, shares, reads = [], [], []
    for s, n, m in zip(box, shape, volume.shape, strict=True):
        at = np.clip((np.arange(s.start, s.stop) + 0.5) * m / n - 0.5, 0, m - 1)
        whole = at.astype(np.int64)
        starts.append(whole - whole[0])
        shares.append((at - whole).astype(np.float32))
        reads.append(slice(int(whole[0]), min(int(whole[-1]) + 2, m)))
    block = np.ascontiguousarray(volume[tuple(reads)], np.float32)
    out = np.empty(tuple(len(share) for share in shares), np.float32)
    _interpolate(block, *starts, *shares, out)
    return out


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _share_in_bins(mask: Any, first: Any, a: Any, nz: Any, mz: Any, out: Any) -> None:
    ny, nx = mask.shape[1], mask.shape[2]
    my, mx = out.shape[1], out.shape[2]
    for i in prange(out.shape[0]):
        z0, z1 = (a + i) * nz // mz - first, -(-(a + i + 1) * nz // mz) - first
        for j in range(my):
            y0, y1 = j * ny // my, -(-(j + 1) * ny // my)
            for k in range(mx):
                x0, x1 = k * nx // mx, -(-(k + 1) * nx // mx)
                total = 0.0
                for z in range(z0, z1):
                    for y in range(y0, y1):
                        for x in range(x0, x1):
                            total += mask[z, y, x]
                out[i, j, k] = total / ((z1 - z0) * (y1 - y0) * (x1 - x0))


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _interpolate(
    block: Any, zs: Any, ys: Any, xs: Any, us: Any, vs: Any, ws: Any, out: Any
) -> None:
    last = block.shape[0] - 1, block.shape[1] - 1, block.shape[2] - 1
    one = np.float32(1)
    for i in prange(len(zs)):
        z, u = zs[i], us[i]
        up = min(z + 1, last[0])
        for j in range(len(ys)):
            y, v = ys[j], vs[j]
            beside = min(y + 1, last[1])
            for k in range(len(xs)):
                x, w = xs[k], ws[k]
                right = min(x + 1, last[2])
                low = (block[z, y, x] * (one - w) + block[z, y, right] * w) * (one - v) + (
                    block[z, beside, x] * (one - w) + block[z, beside, right] * w
                ) * v
                high = (block[up, y, x] * (one - w) + block[up, y, right] * w) * (one - v) + (
                    block[up, beside, x] * (one - w) + block[up, beside, right] * w
                ) * v
                out[i, j, k] = low * (one - u) + high * u
