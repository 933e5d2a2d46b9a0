"""Volumes reduced to what fits into memory, at several resolutions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.align.points import Points
from operando.compute.margin import margin_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LARGEST = 200**3
"""Voxels of the finest level: 32 MB."""

_COARSEST = 40**3
_LEAST_EDGE = 12
_REACH = 3
_FEWEST_SLICES, _ALIKE = 4, 0.9
"""Slices, and share of their margin that all have in common, from which on it is that of the scan
and not the surroundings of a sample, which are another shape in every slice."""


@dataclass(frozen=True, eq=False)
class Level:
    """A volume and how it lies in physical space.

    What a registration needs of it is computed once, as it is compared many times.

    Parameters
    ----------
    grey
        ``(z, y, x)`` float32; NaN is not imaged.
    spacing
        Distance of its voxels, µm.
    origin
        Place of its first voxel, µm.
    """

    grey: NDArray[np.float32]
    spacing: NDArray[np.float64]
    origin: NDArray[np.float64]

    @cached_property
    def filled(self) -> NDArray[np.float32]:
        """Grey values, their mean where nothing was imaged."""
        known = np.isfinite(self.grey)
        if known.all():
            return self.grey
        mean = self.grey[known].mean() if known.any() else 0
        return np.where(known, self.grey, np.float32(mean))

    @cached_property
    def sound(self) -> NDArray[np.bool_]:
        """Voxels that are imaged with all around them that slopes and splines reach."""
        from scipy.ndimage import binary_erosion

        known = np.isfinite(self.grey)
        if known.all():
            return known
        inner = binary_erosion(known, iterations=_REACH, border_value=1)
        return np.asarray(inner if inner.any() else np.ones_like(known))

    @cached_property
    def points(self) -> Points:
        """Points at which others are compared with it."""
        return Points.on(self.filled, self.spacing, self.origin, self.sound)

    @cached_property
    def coefficients(self) -> NDArray[np.float32]:
        """Coefficients of its cubic B-spline."""
        from scipy.ndimage import spline_filter

        return np.asarray(spline_filter(self.filled, 3, output=np.float32, mode="mirror"))


def make_pyramid(
    volume: Any, spacing: Sequence[float], box: Sequence[slice] | None = None
) -> list[Level]:
    """Reduce a volume, finest level first.

    What is no number was not imaged, and so is a margin that all slices share (see
    `operando.compute.margin`): it stays where it is when the sample moves.

    Parameters
    ----------
    volume
        ``(z, y, x)``; read slab by slab.
    spacing
        Voxel size, µm.
    box
        Part to use; None is everything.
    """
    sides = tuple(box) if box is not None else tuple(slice(0, n) for n in volume.shape)
    starts = np.array([s.start for s in sides], float)
    shape = [s.stop - s.start for s in sides]
    edge = np.array(spacing, float)
    factor = np.ones(3, int)
    while np.prod([n // f for n, f in zip(shape, factor, strict=True)]) > LARGEST:
        factor *= _next_factor(np.array(shape) // factor, edge * factor)
    grey = _read(volume, sides, factor)
    levels = [Level(grey, edge * factor, edge * (starts + (factor - 1) / 2))]
    while levels[-1].grey.size > _COARSEST:
        last = levels[-1]
        step = _next_factor(np.array(last.grey.shape), last.spacing)
        if step.max() == 1:
            break
        levels.append(
            Level(
                block_mean(last.grey, step),
                last.spacing * step,
                last.origin + last.spacing * (step - 1) / 2,
            )
        )
    return levels


def block_mean(grey: NDArray[np.float32], factor: NDArray[np.int_]) -> NDArray[np.float32]:
    """Average blocks of voxels; what is left over at the far end is dropped.

    A block of which less than half was imaged is NaN.
    """
    z, y, x = (n // f for n, f in zip(grey.shape, factor, strict=True))
    fz, fy, fx = (int(f) for f in factor)
    part = grey[: z * fz, : y * fy, : x * fx].reshape(z, fz, y, fy, x, fx)
    known = np.isfinite(part)
    if known.all():
        return np.asarray(part.mean(axis=(1, 3, 5)), np.float32)
    share = known.mean(axis=(1, 3, 5))
    mean = np.where(known, part, 0).mean(axis=(1, 3, 5)) / np.maximum(share, 1e-9)
    return np.where(share >= 0.5, mean, np.nan).astype(np.float32)


def _next_factor(shape: NDArray[np.int_], spacing: NDArray[np.float64]) -> NDArray[np.int_]:
    """Halve the axes that are long enough and not much coarser than the finest."""
    long = shape >= 2 * _LEAST_EDGE
    finest = spacing[long].min() if long.any() else 1.0
    return np.where(long & (spacing < 1.5 * finest), 2, 1)


def _read(volume: Any, sides: Sequence[slice], factor: NDArray[np.int_]) -> NDArray[np.float32]:
    z0, z1 = sides[0].start, sides[0].stop
    fz, fy, fx = (int(f) for f in factor)
    end = z1 - (z1 - z0) % fz
    thick = fz * max(1, 16 // fz)
    slabs, margins = [], []
    for z in range(z0, end, thick):
        raw = np.asarray(volume[(slice(z, min(z + thick, end)), *sides[1:])]).astype(np.float32)
        raw[~np.isfinite(raw)] = np.nan
        slabs.append(block_mean(raw, factor))
        lines, columns = slabs[-1].shape[1:]
        margins += [margin_of(s[::fy, ::fx][:lines, :columns]) for s in raw[::fz]]
    grey = np.concatenate(slabs)
    grey[:, _common_margin(np.stack(margins))] = np.nan
    return grey


def _common_margin(margins: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Margin ``(y, x)`` that all slices ``(z, y, x)`` share; none where they differ."""
    common = np.asarray(margins.all(axis=0))
    usual = float(np.median(margins.mean(axis=(1, 2))))
    if len(margins) < _FEWEST_SLICES or common.mean() < _ALIKE * usual:
        return np.zeros_like(common)
    return common
