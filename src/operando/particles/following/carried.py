"""Particles of one frame where they are in the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.particles.labels.resampling import enlarge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data.displacement import DisplacementField
    from operando.particles.following.window_motion import WindowMotion
    from operando.particles.labels.boxes import Box

LEAST_FIT = 0.3
"""Windows of two frames that correlate less show different things."""

AT_ONCE = 2**22
"""Voxels that are looked up at once."""


class Carried:
    """Particles moved window by window, read box by box.

    Nothing is known, so there is 0, where a window does not fit the frame before, and where
    particles come in from outside.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, also an array that gives a NumPy array for a box of slices.
    motion
        Between windows it is interpolated, and taken to the nearest voxel.
    """

    def __init__(self, ids: Any, motion: WindowMotion) -> None:
        self._ids = ids
        self._drift = np.asarray(motion.drift, np.float32)
        self._known = motion.fit >= LEAST_FIT
        self.shape = tuple(ids.shape)

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[np.int32]:
        out = np.zeros([s.stop - s.start for s in box], np.int32)
        if not self._known.any():
            return out
        start, ids = self._around(box)
        z, y, x = box
        thick = max(1, AT_ONCE // max(1, out[0].size))
        for first in range(z.start, z.stop, thick):
            slab = slice(first, min(first + thick, z.stop))
            out[slab.start - z.start : slab.stop - z.start] = self._look_up(
                (slab, y, x), start, ids
            )
        return out

    def _around(self, box: tuple[slice, ...]) -> tuple[list[int], NDArray[np.int32]]:
        """Read all that may come into a box; also tells where it starts."""
        reach = [(float(d.min()), float(d.max())) for d in self._drift]
        reads = [
            slice(
                int(np.clip(s.start - np.ceil(high), 0, n - 1)),
                int(np.clip(s.stop - np.floor(low), 1, n)),
            )
            for s, n, (low, high) in zip(box, self.shape, reach, strict=True)
        ]
        return [s.start for s in reads], np.asarray(self._ids[tuple(reads)])

    def _look_up(self, box: Box, start: list[int], ids: NDArray[np.int32]) -> NDArray[np.int32]:
        there = np.ones([s.stop - s.start for s in box], bool)
        places = []
        for axis, drift in enumerate(self._drift):
            along = np.arange(box[axis].start, box[axis].stop).reshape(
                [-1 if k == axis else 1 for k in range(3)]
            )
            place = along - np.rint(enlarge(drift, self.shape, box)).astype(np.int32)
            there &= (place >= 0) & (place < self.shape[axis])
            places.append(np.clip(place - start[axis], 0, ids.shape[axis] - 1))
        windows = [
            np.arange(s.start, s.stop) * c // n
            for s, c, n in zip(box, self._known.shape, self.shape, strict=True)
        ]
        return np.where(there & self._known[np.ix_(*windows)], ids[tuple(places)], 0)


def carry(ids: NDArray[np.int32], field: NDArray[Any] | DisplacementField) -> NDArray[np.int32]:
    """Move particles by a displacement field to where they are in the next frame.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``.
    field
        Displacement ``(3, Z, Y, X)`` or `DisplacementField`, voxels. What comes to a voxel is
        looked up with the displacement at that voxel, which is right to a small part of a voxel
        as long as the strain is small.
    """
    from scipy.ndimage import map_coordinates

    dense = field if isinstance(field, np.ndarray) else field.dense(ids.shape)
    if dense.shape != (3, *ids.shape):
        raise InputError(
            f"A displacement field has the shape {dense.shape}, the frames have {ids.shape}",
            "give one that was measured on these frames",
        )
    out = np.empty_like(ids)
    for z in range(ids.shape[0]):
        plane = np.indices((1, *ids.shape[1:]), np.float32)
        plane[0] += z
        plane -= np.nan_to_num(dense[:, z : z + 1])
        out[z] = map_coordinates(ids, plane, order=0)[0]
    return out
