"""Look at a series through transforms: every frame is resampled only where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.blocks import as_type
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.align.transform import Transform
    from operando.data.series import Series

_ORDER = 3
_HALO = 8
_CHUNK = (8, 256, 256)


def resampled(series: Series, transforms: Sequence[Transform]) -> Series:
    """Series whose frame t is ``frame_t(transforms[t](x))`` on the same grid of voxels.

    Cubic interpolation; what lies outside the frame is 0. Each block reads only the box of the
    frame that it needs.

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
    frames = []
    for t, transform in enumerate(transforms):
        if np.allclose(transform.matrix, np.eye(4), atol=1e-9):
            frames.append(series.data[t])
            continue
        frames.append(_moved(series.data[t], transform.in_voxels(series.voxel_size), chunks))
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
    return da.map_blocks(
        block, chunks=whole, dtype=frame.dtype, meta=np.empty((0,) * 4, frame.dtype)
    )


def resample_box(frame: Any, matrix: NDArray[np.float64], box: Sequence[slice]) -> NDArray[Any]:
    """Compute one box of a moved volume.

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
        return np.zeros(shape, frame.dtype)
    sides = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grey = np.asarray(frame[sides]).astype(np.float32)
    start = np.array([s.start for s in box], float)
    offset = matrix[:3, :3] @ start + matrix[:3, 3] - low
    edges = [n > 1 for n in grey.shape]
    order = _ORDER if all(edges) or frame.shape[0] == 1 else 1
    out = affine_transform(
        np.nan_to_num(grey),
        matrix[:3, :3],
        offset,
        output_shape=shape,
        order=order,
        mode="constant",
        cval=0.0,
    )
    return as_type(out, frame.dtype)
