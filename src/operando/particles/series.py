"""Split the frames of a series, each guided by the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import PartProgress
from operando.errors import InputError
from operando.particles.split import solid_of, split, split_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.displacement import DisplacementField
    from operando.particles.frames import Frames
    from operando.particles.necks import NeckRule
    from operando.particles.settings import SplitSettings

COARSE = 96
"""The drift is sought on images of at most about so many voxels along an edge."""


def split_series(
    frames: Iterable[NDArray[Any]],
    *,
    phase: int | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    fields: Sequence[NDArray[Any] | DisplacementField] | None = None,
    settings: SplitSettings | None = None,
    progress: ProgressCallback | None = None,
) -> Iterator[NDArray[np.int32]]:
    """Split frame by frame; what was one particle before is more likely one now.

    Particles crack as they are cycled, they do not heal: a piece that a crack cuts off is hard to
    tell from a neighbour in one image, and easy if the whole particle was seen before.

    Parameters
    ----------
    frames
        Volumes as in `split`, in order of time; read one at a time.
    phase, spacing, settings
        As in `split`.
    fields
        Displacement from each frame to the next, ``(3, Z, Y, X)`` in voxels or
        `DisplacementField`. Without them the common drift is found by correlation.
    progress
        Receives the `Progress` of each frame in turn.

    Yields
    ------
    ``(Z, Y, X)`` ids, each frame with numbers of its own: `operando.particles.link` follows them.
    """
    before: NDArray[np.int32] | None = None
    for t, frame in enumerate(frames):
        guide = None
        if before is not None:
            solid = solid_of(frame, phase)
            if solid.shape != before.shape:
                raise InputError(
                    f"Frame {t} has the shape {solid.shape}, the one before {before.shape}",
                    "give frames of one shape",
                )
            motion = motion_to(before, solid) if fields is None else fields[t - 1]
            guide = carry(before, motion)
        before = split(
            frame, phase=phase, guide=guide, spacing=spacing, settings=settings, progress=progress
        )
        yield before


def split_frames(
    phases: Frames,
    ids: Frames,
    *,
    phase: int,
    rule: NeckRule | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    settings: SplitSettings | None = None,
    edge: int | None = None,
    scratch: Path | None = None,
    progress: ProgressCallback | None = None,
) -> None:
    """Split frames on disk as `split_series` does without fields, however large they are.

    Parameters
    ----------
    phases
        Labels, read block by block.
    ids
        Where the ids are written, each frame with numbers of its own.
    phase, rule, spacing, settings, edge, scratch
        As in `split_blocks`.
    progress
        Receives the `Progress` of all frames; may raise `Cancelled`.
    """
    part = PartProgress(progress, len(phases))
    for t, frame in enumerate(phases):
        guide = None
        if t > 0:
            guide = Drifted(ids[t - 1], motion_to(ids[t - 1], frame, phase))
        split_blocks(
            frame,
            ids[t],
            phase=phase,
            rule=rule,
            guide=guide,
            spacing=spacing,
            settings=settings,
            edge=edge,
            scratch=scratch,
            progress=part,
        )
        part.next_part()


def motion_to(before: Any, frame: Any, phase: int | None = None) -> NDArray[np.float64]:
    """Find the drift ``(3,)``, voxels, from the particles of a frame to the solid of the next.

    Parameters
    ----------
    before
        ``(Z, Y, X)`` ids.
    frame, phase
        As in `split`.
    """
    from skimage.registration import phase_cross_correlation

    step = max(1, max(frame.shape) // COARSE)
    thin = (slice(None, None, step),) * 3
    solid = solid_of(np.asarray(frame[thin]), phase).astype(np.float32)
    images = [solid, (np.asarray(before[thin]) > 0).astype(np.float32)]
    if not all(image.any() for image in images):
        return np.zeros(3)
    drift, _, _ = phase_cross_correlation(
        *(image - image.mean() for image in images), normalization=None
    )
    return np.asarray(drift * step, np.float64)


class Drifted:
    """Particles moved by whole voxels, read box by box; 0 comes in from outside.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, also one that gives a NumPy array for a box of slices.
    drift
        ``(3,)`` voxels; rounded.
    """

    def __init__(self, ids: Any, drift: NDArray[Any]) -> None:
        self._ids = ids
        self._drift = np.rint(drift).astype(int)
        self.shape = tuple(ids.shape)

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[np.int32]:
        out = np.zeros(tuple(s.stop - s.start for s in box), np.int32)
        reads, writes = [], []
        for s, n, d in zip(box, self.shape, self._drift.tolist(), strict=True):
            first, last = max(s.start - d, 0), min(s.stop - d, n)
            if first >= last:
                return out
            reads.append(slice(first, last))
            writes.append(slice(first + d - s.start, last + d - s.start))
        out[tuple(writes)] = self._ids[tuple(reads)]
        return out


def carry(ids: NDArray[np.int32], motion: NDArray[Any] | DisplacementField) -> NDArray[np.int32]:
    """Move particles to where they are in the next frame.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``.
    motion
        Drift ``(3,)``, taken to the nearest voxel, displacement ``(3, Z, Y, X)`` or
        `DisplacementField`, voxels. What comes to a voxel is looked up with the displacement at
        that voxel, which is right to a small part of a voxel as long as the strain is small.
    """
    from scipy.ndimage import map_coordinates

    field = motion if isinstance(motion, np.ndarray) else motion.dense(ids.shape)
    if field.shape == (3,):
        whole = tuple(slice(0, n) for n in ids.shape)
        return Drifted(ids, field)[whole]
    if field.shape != (3, *ids.shape):
        raise InputError(
            f"A displacement field has the shape {field.shape}, the frames have {ids.shape}",
            "give one that was measured on these frames",
        )
    out = np.empty_like(ids)
    for z in range(ids.shape[0]):
        plane = np.indices((1, *ids.shape[1:]), np.float32)
        plane[0] += z
        plane -= np.nan_to_num(field[:, z : z + 1])
        out[z] = map_coordinates(ids, plane, order=0)[0]
    return out
