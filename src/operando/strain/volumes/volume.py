"""Grey volumes read piece by piece: checked, standardised, masked, reduced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Box = tuple[slice, ...]
_SLAB = 4_000_000


@dataclass(frozen=True)
class Volume:
    """A ``(Z, Y, X)`` array of any kind that slices to numpy, scaled to mean 0 and deviation 1.

    Voxels that are masked or not finite read as 0.
    """

    data: Any
    mask: Any
    mean: float
    deviation: float

    def whole(self) -> NDArray[np.float32]:
        """All grey values."""
        return self.read((slice(None),) * 3)[0]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = self.data.shape
        return int(z), int(y), int(x)

    def read(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Grey values of a box, and which of them can be used (None: all)."""
        values, mask = _read(self.data, self.mask, box)
        values = (values - np.float32(self.mean)) / np.float32(self.deviation)
        if mask is not None:
            values[~mask] = 0
        return values, mask

    def reduced(
        self, factor: int, tick: Callable[[], None] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
        """Average blocks of ``factor**3`` voxels; a block needs half its voxels.

        `tick` is called after every slab.
        """
        if factor == 1:
            return self.read((slice(None),) * 3)
        shape = tuple(n // factor for n in self.shape)
        out = np.empty(shape, np.float32)
        share = np.ones(shape, np.float32)
        masked = False
        step = max(1, _slab_depth(self.data) // factor)
        for z in range(0, shape[0], step):
            part = slice(z, min(z + step, shape[0]))
            box = (
                slice(part.start * factor, part.stop * factor),
                *(slice(0, n * factor) for n in shape[1:]),
            )
            values, mask = self.read(box)
            out[part] = _block_mean(values, factor)
            if tick is not None:
                tick()
            if mask is not None:
                masked = True
                share[part] = _block_mean(mask.astype(np.float32), factor)
        out /= np.maximum(share, 1e-6)
        return out, (share >= 0.5 if masked else None)


def _block_mean(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    z, y, x = (n // factor for n in values.shape)
    blocks = values.reshape(z, factor, y, factor, x, factor)
    return np.asarray(blocks.mean(axis=(1, 3, 5), dtype=np.float32))


def _read(data: Any, mask: Any, box: Box) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    raw = np.asarray(data[box])
    values = raw.astype(np.float32)
    used = None if mask is None else np.asarray(mask[box]).astype(bool)
    if raw.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            values[~finite] = 0
            used = finite if used is None else used & finite
    return values, used


def check_pair(
    reference: ArrayLike,
    deformed: ArrayLike,
    mask: ArrayLike | None = None,
    deformed_mask: ArrayLike | None = None,
    tick: Callable[[], None] | None = None,
) -> tuple[Volume, Volume]:
    """Check two volumes and their masks and find their grey scales.

    Arrays that are not numpy (memory maps, dask, zarr) are read slab by slab and stay where they
    are; `tick` is called after every slab.

    Raises
    ------
    InputError
        If they do not fit together or hold nothing to follow.
    """
    a, b = _array(reference), _array(deformed)
    if a.ndim != 3 or a.shape != b.shape:
        raise InputError(
            f"The volumes have the shapes {a.shape} and {b.shape}",
            "both must be (z, y, x) and of the same shape",
        )
    found = []
    names = ("reference", "deformed volume")
    for name, v, m in zip(names, (a, b), (mask, deformed_mask), strict=True):
        if np.dtype(v.dtype).kind not in "buif":
            raise InputError(f"The {name} has the type {v.dtype}", "grey values must be real")
        part = None if m is None else _array(m)
        if part is not None and part.shape != v.shape:
            raise InputError(
                f"The mask has the shape {part.shape}, the volumes {v.shape}",
                "give one of the same shape",
            )
        found.append(Volume(v, part, *_grey_scale(v, part, name, tick)))
    return found[0], found[1]


def _slab_depth(data: Any) -> int:
    """Planes to read at once: at least a row of chunks, lest each is unpacked many times."""
    plane = max(1, int(np.prod(data.shape[1:])))
    along = getattr(data, "chunks", None)
    chunk = 1 if along is None else int(np.max(along[0]))
    return max(1, _SLAB // plane, min(chunk, 16 * _SLAB // plane))


def _array(values: ArrayLike) -> Any:
    lazy = all(hasattr(values, k) for k in ("shape", "dtype", "ndim", "__getitem__"))
    return values if lazy else np.asarray(values)


def _grey_scale(
    data: Any, mask: Any, name: str, tick: Callable[[], None] | None
) -> tuple[float, float]:
    """Mean and standard deviation of the voxels that can be used."""
    count, total, square = 0, 0.0, 0.0
    step = _slab_depth(data)
    shift = None
    for z in range(0, data.shape[0], step):
        values, used = _read(data, mask, (slice(z, z + step), slice(None), slice(None)))
        if tick is not None:
            tick()
        values = values.ravel() if used is None else values[used]
        if values.size == 0:
            continue
        if shift is None:
            shift = np.float32(values.mean(dtype=np.float64))
        values = values - shift
        count += values.size
        total += float(values.sum(dtype=np.float64))
        square += float(np.square(values, dtype=np.float64).sum())
    if count == 0 or shift is None:
        raise InputError(f"No voxel of the {name} can be used", "check the mask and NaN values")
    mean = float(shift) + total / count
    deviation = float(np.sqrt(max(square / count - (total / count) ** 2, 0.0)))
    if not deviation > 1e-6 * max(abs(mean), 1e-30):
        raise InputError(
            f"The {name} has the same grey value everywhere ({mean:g})",
            "there is no texture to follow",
        )
    return mean, deviation
