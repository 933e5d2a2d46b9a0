"""Geometry of slice-and-view stacks: slices that jump, and the shear of a tilted view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from operando.clean.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from operando.compute.blocks import Place
    from operando.compute.progress import ProgressCallback, Stopwatch
    from operando.data.series import Series

_SHOWN, _MOST_COMPARED = 10, 40
"""Slices on either side that a preview shows, and further ones that it compares."""


class AlignSlices(Operation):
    """Bring the slices of a FIB-SEM stack in line, and take away the shear of a tilted view."""

    jumps: bool = Field(
        True, title="Take away jumps", description="Shift each slice onto its neighbours"
    )
    keep: float = Field(
        20.0,
        ge=0,
        le=10_000,
        title="Keep changes slower than",
        description="What drifts more slowly is structure; 0 takes away every drift",
        json_schema_extra={"unit": "slices"},
    )
    tilt: float = Field(
        0.0,
        ge=-85,
        le=85,
        title="Tilt",
        description="Angle between the milling direction and the normal of the slices, about x",
        json_schema_extra={"unit": "°"},
    )

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Mapping[int, NDArray[np.float64]]:
        """Find by how much every slice of every frame has to be shifted."""
        from operando.compute.progress import Stopwatch

        chosen = range(series.n_frames) if frames is None else frames
        depth = series.volume_shape[0]
        watch = Stopwatch(progress, len(chosen) * depth, "slices", "Comparing slices")
        return {t: self._shifts(series, t, range(depth), watch) for t in chosen}

    def prepare_preview(
        self, series: Series, t: int, z: int, progress: ProgressCallback | None = None
    ) -> Mapping[int, NDArray[np.float64]]:
        """Compare only the slices that tell by how much the ones to be shown have to move."""
        from operando.compute.progress import Stopwatch

        reach = _SHOWN + int(np.ceil(min(2 * self.keep, _MOST_COMPARED)))
        near = range(max(0, z - reach), min(series.volume_shape[0], z + reach + 1))
        watch = Stopwatch(progress, len(near), "slices", "Comparing slices")
        return {t: self._shifts(series, t, near, watch)}

    def preview_scope(self, t: int, z: int) -> tuple[int, ...]:
        """Compare anew for every slice: only those nearby were compared."""
        return t, z

    def preview_reach(self) -> int:
        """Show enough slices to judge them in a side view."""
        return _SHOWN

    def _shifts(self, series: Series, t: int, near: range, watch: Stopwatch) -> NDArray[np.float64]:
        """Find by how much to shift slices ``(slices, 2)``; those not near only by the tilt."""
        depth = series.volume_shape[0]
        dz, dy, _ = series.voxel_size or (1.0, 1.0, 1.0)
        shifts = np.zeros((depth, 2))
        shifts[:, 0] = (np.arange(depth) - depth // 2) * np.tan(np.radians(self.tilt)) * dz / dy
        steps = np.zeros((len(near), 2))
        before = None
        for k, z in enumerate(near if self.jumps else ()):
            image = np.asarray(series.data[t, 0, z], np.float32)
            if before is not None:
                steps[k] = slice_shift(before, image)
            before = image
            watch.advance()
        shifts[near.start : near.stop] += drift_to_remove(np.cumsum(steps, axis=0), self.keep)
        return shifts

    def apply(
        self,
        block: NDArray[np.float32],
        place: Place,
        prepared: Mapping[int, NDArray[np.float64]],
    ) -> NDArray[np.float32]:
        """Shift every slice."""
        shifts = prepared[place.frame]
        return np.stack(
            [move_slice(s, -shifts[z]) for s, z in zip(block, place.slices, strict=True)]
        )


def slice_shift(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Shift ``(y, x)`` of the second slice against the first, to a twentieth of a voxel."""
    from skimage.registration import phase_cross_correlation

    if not (np.isfinite(first).any() and np.isfinite(second).any()):
        return np.zeros(2)
    window = np.multiply.outer(*(np.hanning(n + 2)[1:-1] for n in first.shape))
    a, b = (
        np.where(np.isfinite(s), s - s[np.isfinite(s)].mean(), 0) * window for s in (first, second)
    )
    if not a.any() or not b.any():
        return np.zeros(2)
    shift, _, _ = phase_cross_correlation(b, a, upsample_factor=20, normalization=None)
    return np.asarray(shift, float)


def drift_to_remove(positions: NDArray[np.float64], keep: float) -> NDArray[np.float64]:
    """Fast part of the positions ``(slices, 2)``: what changes within `keep` slices."""
    from scipy.ndimage import gaussian_filter1d

    if keep == 0 or len(positions) < 3:
        return positions
    return np.asarray(positions - gaussian_filter1d(positions, keep / 2, axis=0, mode="nearest"))


def move_slice(image: NDArray[np.float32], shift: NDArray[np.float64]) -> NDArray[np.float32]:
    """Shift one slice ``(y, x)`` by cubic interpolation; edges are repeated, NaN stays NaN."""
    from scipy.ndimage import shift as move

    known = np.isfinite(image)
    if not np.abs(shift).max() > 1e-3 or not known.any():
        return image
    filled = image if known.all() else np.where(known, image, image[known].mean())
    moved = move(filled, shift, order=3, mode="nearest")
    unknown = move((~known).astype(np.float32), shift, order=1, mode="nearest") > 0.5
    return np.where(unknown, np.float32(np.nan), moved).astype(np.float32)
