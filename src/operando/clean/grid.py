"""Crop, bin, rescale and mask a series, lazily; the first three change its grid of voxels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.blocks import as_type
from operando.data.series import check_series, check_voxel_size
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.data.series import Series, Spacing


def crop(series: Series, box: Sequence[slice]) -> Series:
    """Keep a box ``(z, y, x)`` of every frame.

    Parameters
    ----------
    series
        Any images.
    box
        Three slices of voxels.

    Raises
    ------
    InputError
        If no voxel is left.
    """
    check_series(series)
    sides = tuple(box) if isinstance(box, Iterable) else ()
    if len(sides) != 3 or not all(isinstance(side, slice) for side in sides):
        raise InputError(f"{box!r} is no box", "give three slices, for z, y and x")
    data = series.data[(slice(None), slice(None), *sides)]
    if 0 in data.shape:
        raise InputError(
            f"The box {_box_text(box)} holds no voxel", f"the volume is {series.volume_shape}"
        )
    return _changed(series, data)


def bin_voxels(series: Series, factor: Sequence[int]) -> Series:
    """Average blocks of ``(z, y, x)`` voxels; what is left over at the far end is dropped.

    Parameters
    ----------
    series
        Any images; type and number of frames stay.
    factor
        Voxels ``(z, y, x)`` of a block; the voxel size grows by as much.

    Raises
    ------
    InputError
        If a factor is below 1 or larger than the volume.
    """
    import dask.array as da

    check_series(series)
    factors = np.atleast_1d(factor)
    if factors.shape != (3,) or not all(
        f == int(f) and 1 <= f <= n for f, n in zip(factors, series.volume_shape, strict=True)
    ):
        raise InputError(
            f"The volume {series.volume_shape} cannot be binned by {factor}",
            "give three whole numbers from 1 up",
        )
    mean = da.coarsen(
        np.mean,
        series.data.astype(np.float32),
        {axis + 2: int(f) for axis, f in enumerate(factors)},
        trim_excess=True,
    )
    kind = series.data.dtype
    data = mean.map_blocks(lambda block: as_type(block, kind), dtype=kind, meta=_meta(series))
    return _changed(series, data, _scaled_size(series, factors.tolist()))


def rescale(series: Series, voxel_size: Sequence[float]) -> Series:
    """Interpolate (linearly) to other voxels; enlarging voxels averages first.

    Parameters
    ----------
    series
        Its voxel size must be known.
    voxel_size
        ``(z, y, x)`` in µm.

    Raises
    ------
    InputError
        If the voxel size of the series is not known, or the new one is not three lengths.
    """
    import dask.array as da
    from dask import delayed

    check_series(series)
    if series.voxel_size is None:
        raise InputError("The voxel size of the series is not known", "give it when reading")
    ratio = np.array(voxel_size, float) / series.voxel_size
    if ratio.shape != (3,) or not np.all(np.isfinite(ratio) & (ratio > 0)):
        raise InputError(f"{tuple(voxel_size)} is no voxel size", "give three lengths in µm")
    factors = np.maximum(1, np.floor(np.minimum(ratio + 1e-9, series.volume_shape))).astype(int)
    binned = bin_voxels(series, factors.tolist()) if factors.max() > 1 else series
    left = ratio / factors
    shape = tuple(
        max(1, round(float(n / r))) for n, r in zip(binned.volume_shape, left, strict=True)
    )
    if np.allclose(left, 1):
        return binned.with_calibration(voxel_size)
    one = delayed(_resample, pure=True)
    data = da.stack(
        [
            da.stack(
                [
                    da.from_delayed(one(binned.data[t, c], left, shape), shape, binned.data.dtype)
                    for c in range(series.n_channels)
                ]
            )
            for t in range(series.n_frames)
        ]
    )
    return _changed(series, data, check_voxel_size(voxel_size))


def mask_outside(series: Series, mask: NDArray[np.bool_], value: float = 0.0) -> Series:
    """Give every voxel outside a mask one grey value, in every frame.

    Parameters
    ----------
    series
        Any images.
    mask
        ``(z, y, x)``, True where the images stay.
    value
        Grey value outside, rounded to the type of the images.

    Raises
    ------
    InputError
        If the mask has another shape than the volume.
    """
    import dask.array as da

    check_series(series)
    mask = np.asarray(mask)
    if mask.shape != series.volume_shape:
        raise InputError(
            f"The mask has the shape {mask.shape}, the volume {series.volume_shape}",
            "give a mask of the same shape",
        )
    inside = da.from_array(mask, chunks=series.data.chunks[2:])
    filled = np.asarray(as_type(np.array(value), series.data.dtype)).item()
    return _changed(series, da.where(inside[None, None], series.data, filled))


def _changed(series: Series, data: Any, voxel_size: Spacing | None = None) -> Series:
    """Put other voxels into a series, which no file holds any more; dates of frames stay."""
    size = voxel_size or series.voxel_size
    dates = tuple({"acquired": known.get("acquired")} for known in series.metadata)
    return replace(series, data=data, voxel_size=size, source=(), metadata=dates)


def _resample(
    volume: NDArray[Any], ratio: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[Any]:
    """Voxel centres of the new grid in the old one; the outer faces coincide."""
    from scipy.ndimage import affine_transform

    grey = np.asarray(volume, np.float32)
    offset = 0.5 * (ratio - 1)
    out = affine_transform(grey, ratio, offset, output_shape=shape, order=1, mode="nearest")
    return as_type(out, volume.dtype)


def _scaled_size(series: Series, factors: Sequence[int]) -> tuple[float, float, float] | None:
    if series.voxel_size is None:
        return None
    z, y, x = (s * f for s, f in zip(series.voxel_size, factors, strict=True))
    return z, y, x


def _meta(series: Series) -> NDArray[Any]:
    return np.empty((0,) * 5, series.data.dtype)


def _box_text(box: Sequence[slice]) -> str:
    return " × ".join(f"{s.start or 0}:{'' if s.stop is None else s.stop}" for s in box)
