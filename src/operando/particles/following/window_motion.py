"""How a sample moved from one frame to the next, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles.labels.arrays import solid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]
    Box = tuple[slice, ...]

COARSE = 96
"""The common drift is sought on images of at most about so many voxels along an edge."""

ACROSS = 8
"""Least voxels across a typical particle on images where windows are compared, if it has them."""

CELL, MARGIN = 2.0, 0.5
"""Least edge of what a window stands for, and how far it sees beyond, in typical diameters."""


@dataclass(frozen=True)
class WindowMotion:
    """Motion at the centres of windows that cover a frame evenly.

    Parameters
    ----------
    drift
        ``(3, a, b, c)`` voxels, from the frame before to this one.
    fit
        ``(a, b, c)`` correlation of the solid in both frames once the motion is undone: 1 where
        they are alike, about 0 where they have nothing in common.
    """

    drift: NDArray[np.float64]
    fit: NDArray[np.float64]


def motion_in_windows(
    before: Any,
    frame: Any,
    phase: int | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> WindowMotion:
    """Find the motion from the particles of a frame to the solid of the next.

    The common drift is found first, then the motion of ever smaller windows, down to those that
    hold some particles each. A window starts from the motion of the larger one that it lies in
    and keeps what fits better.

    Parameters
    ----------
    before
        ``(Z, Y, X)`` ids, also an array that gives a NumPy array for a box of slices.
    frame, phase, spacing
        As in `split`.
    """
    edges = np.asarray(spacing) / min(spacing)
    coarse = _whole(max(edges * frame.shape) / COARSE / edges)
    ids, new = _thin(before, coarse), _solid(frame, phase, coarse)
    old = _image(ids > 0)
    drift = (coarse * _shift(old, new)).reshape(3, 1, 1, 1)
    diameter = np.cbrt((coarse * edges).prod()) * _typical_diameter(ids) / edges
    step = np.minimum(coarse, _whole(diameter / ACROSS))
    if (step < coarse).any():
        old, new = _image(_thin(before, step) > 0), _solid(frame, phase, step)
    count = np.ones(3, int)
    while True:
        motion = _refine(old, new, drift, MARGIN * diameter / step, step)
        finer = np.where(np.array(frame.shape) >= 2 * count * CELL * diameter, 2, 1)
        if not diameter.any() or (finer == 1).all():
            return motion
        drift = motion.drift
        for axis, times in enumerate(finer.tolist(), start=1):
            drift = np.repeat(drift, times, axis=axis)
        count = finer * count


def _whole(steps: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.maximum(steps.astype(np.int64), 1)


def _refine(
    old: Image,
    new: Image,
    drift: NDArray[np.float64],
    margin: NDArray[np.float64],
    step: NDArray[np.int64],
) -> WindowMotion:
    """Seek the motion of every window anew, starting from a drift."""
    drift, fit = drift.copy(), np.zeros(drift.shape[1:])
    for where in np.ndindex(fit.shape):
        box = _window(where, fit.shape, new.shape, margin)
        seen, start = new[box], drift[(slice(None), *where)]
        moved = _moved(old, box, start / step)
        found = start + step * _shift(moved, seen)
        choices = [(_correlation(moved, seen), start)]
        choices.append((_correlation(_moved(old, box, found / step), seen), found))
        fit[where], drift[(slice(None), *where)] = max(choices, key=lambda choice: choice[0])
    return WindowMotion(drift, fit)


def _window(
    where: tuple[int, ...],
    counts: tuple[int, ...],
    shape: tuple[int, ...],
    margin: NDArray[np.float64],
) -> Box:
    return tuple(
        slice(max(0, int(n * k / c - m)), min(n, int(np.ceil(n * (k + 1) / c + m))))
        for k, c, n, m in zip(where, counts, shape, margin, strict=True)
    )


def _moved(image: Image, box: Box, drift: NDArray[np.float64]) -> Image:
    """Part of an image after a drift; its mean comes in from outside."""
    out = np.full([s.stop - s.start for s in box], image.mean(), np.float32)
    reads, writes = [], []
    for s, n, d in zip(box, image.shape, np.rint(drift).astype(int).tolist(), strict=True):
        first, last = max(s.start - d, 0), min(s.stop - d, n)
        if first >= last:
            return out
        reads.append(slice(first, last))
        writes.append(slice(first + d - s.start, last + d - s.start))
    out[tuple(writes)] = image[tuple(reads)]
    return out


def _shift(old: Image, new: Image) -> NDArray[np.float64]:
    """Whole voxels by which an image is moved to lie best on another; zeros if one is even."""
    from skimage.registration import phase_cross_correlation

    if np.ptp(old) == 0 or np.ptp(new) == 0:
        return np.zeros(3)
    shift, _, _ = phase_cross_correlation(new - new.mean(), old - old.mean(), normalization=None)
    return np.asarray(shift, np.float64)


def _correlation(a: Image, b: Image) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0


def _typical_diameter(ids: NDArray[np.int32]) -> float:
    """Diameter of a sphere of as many voxels as particles have on average, weighted by volume."""
    counts = np.bincount(ids.reshape(-1))[1:].astype(float)
    return float(np.cbrt(6 / np.pi * (counts**2).sum() / max(counts.sum(), 1)))


def _thin(volume: Any, step: NDArray[np.int64]) -> NDArray[Any]:
    return np.asarray(volume[tuple(slice(None, None, k) for k in step.tolist())])


def _solid(frame: Any, phase: int | None, step: NDArray[np.int64]) -> Image:
    return _image(solid_of(_thin(frame, step), phase))


def _image(mask: NDArray[np.bool_]) -> Image:
    return mask.astype(np.float32)
