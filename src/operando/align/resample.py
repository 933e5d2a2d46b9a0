"""Look at a series through transforms: every frame is resampled only where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.align.transform import Transform
    from operando.data.series import Series

_ORDER = 3
_HALO = 8
_CERTAIN = 0.999
_CHUNK = (8, 256, 256)


def resampled(series: Series, transforms: Sequence[Transform]) -> Series:
    """Series whose frame t is ``frame_t(transforms[t](x))`` on the same grid of voxels.

    Cubic interpolation. Where frames move, voxels become float32, for what was not imaged, outside
    the frame or NaN in it, is NaN. Each block reads only the box of the frame that it needs.

    Raises
    ------
    InputError
        If there is not one transform per frame, or the voxel size is not known.
    """
    import dask.array as da

    if len(transforms) != series.n_frames:
        raise InputError(
            f"{len(transforms)} transforms for {series.n_frames} frames", "give one per frame"
        )
    if series.voxel_size is None:
        raise InputError("The voxel size of the series is not known", "give it when reading")
    chunks = tuple(min(c, n) for c, n in zip(_CHUNK, series.volume_shape, strict=True))
    moves = [not np.allclose(t.matrix, np.eye(4), atol=1e-9) for t in transforms]
    if not any(moves):
        return replace(series, source=())
    frames = [
        _moved(frame, transform.in_voxels(series.voxel_size), chunks)
        if moved
        else frame.astype(np.float32)
        for frame, transform, moved in zip(series.data, transforms, moves, strict=True)
    ]
    return replace(series, data=da.stack(frames), source=())


def _moved(frame: Any, matrix: NDArray[np.float64], chunks: tuple[int, ...]) -> Any:
    """Lazy ``(c, z, y, x)`` of one moved frame."""
    import dask.array as da

    def block(block_info: Any = None) -> NDArray[Any]:
        (c, _), *box = block_info[None]["array-location"]
        sides = tuple(slice(*side) for side in box)
        return resample_box(frame[c], matrix, sides)[None]

    whole = tuple(
        tuple(da.core.normalize_chunks(c, (n,))[0])
        for c, n in zip((1, *chunks), frame.shape, strict=True)
    )
    return da.map_blocks(block, chunks=whole, dtype=np.float32, meta=np.empty((0,) * 4, np.float32))


def resample_box(
    frame: Any, matrix: NDArray[np.float64], box: Sequence[slice]
) -> NDArray[np.float32]:
    """Compute one box of a moved volume, NaN where nothing was imaged.

    Parameters
    ----------
    frame
        ``(z, y, x)``, sliced lazily.
    matrix
        ``(4, 4)`` from voxels of the result to voxels of the frame.
    box
        Of the result.
    """
    from scipy.ndimage import affine_transform

    shape = tuple(side.stop - side.start for side in box)
    corners = np.stack(
        np.meshgrid(*[(s.start, s.stop - 1) for s in box], indexing="ij"), axis=-1
    ).reshape(-1, 3)
    reach = corners @ matrix[:3, :3].T + matrix[:3, 3]
    low = np.maximum(np.floor(reach.min(axis=0)).astype(int) - _HALO, 0)
    high = np.minimum(np.ceil(reach.max(axis=0)).astype(int) + _HALO + 1, frame.shape)
    if (high <= low).any():
        return np.full(shape, np.nan, np.float32)
    sides = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grey = np.asarray(frame[sides]).astype(np.float32)
    start = np.array([s.start for s in box], float)
    offset = matrix[:3, :3] @ start + matrix[:3, 3] - low
    edges = [n > 1 for n in grey.shape]
    order = _ORDER if all(edges) or frame.shape[0] == 1 else 1
    known = np.isfinite(grey)
    if not known.all():
        grey[~known] = grey[known].mean() if known.any() else 0
    there: dict[str, Any] = {"matrix": matrix[:3, :3], "offset": offset, "output_shape": shape}
    out = affine_transform(grey, order=order, mode="nearest", **there)
    if not known.all():
        share = affine_transform(known.astype(np.float32), order=1, mode="nearest", **there)
        out[share < _CERTAIN] = np.nan
    out[_outside(matrix, box, frame.shape)] = np.nan
    return np.asarray(out)


def _outside(
    matrix: NDArray[np.float64], box: Sequence[slice], shape: Sequence[int]
) -> NDArray[np.bool_]:
    """Tell which voxels of a box have their centre in no voxel of the frame."""
    grid = np.ogrid[tuple(box)]
    out = np.zeros([side.stop - side.start for side in box], bool)
    for row, n in zip(matrix[:3], shape, strict=True):
        place = row[3] + sum(
            (k * axis for k, axis in zip(row[:3], grid, strict=True)), np.float64(0)
        )
        out |= (place < -0.5) | (place > n - 0.5)
    return out
