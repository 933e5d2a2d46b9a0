"""Split the frames of a series, each guided by the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from operando.compute.progress import PartProgress
from operando.errors import InputError
from operando.particles.following.carried import Carried, carry
from operando.particles.following.window_motion import motion_in_windows
from operando.particles.labels.arrays import solid_of
from operando.particles.parting.split import split, split_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.displacement import DisplacementField
    from operando.particles.joining.necks import NeckRule
    from operando.particles.labels.boxes import Box
    from operando.particles.labels.frames import Frame, Frames
    from operando.particles.settings import SplitSettings


def split_series(
    frames: Iterable[NDArray[Any]],
    *,
    probabilities: Sequence[Any] | None = None,
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
    probabilities
        Of the phase in every frame, as in `split`.
    phase, spacing, settings
        As in `split`.
    fields
        Displacement from each frame to the next, ``(3, Z, Y, X)`` in voxels or
        `DisplacementField`. Without them the motion of every window that holds some particles is
        found by correlation; a window that does not fit the frame before is split without it.
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
            if fields is None:
                whole = tuple(slice(0, n) for n in solid.shape)
                guide = Carried(before, motion_in_windows(before, solid, spacing=spacing))[whole]
            else:
                guide = carry(before, fields[t - 1])
        before = split(
            frame,
            probability=None if probabilities is None else probabilities[t],
            phase=phase,
            guide=guide,
            spacing=spacing,
            settings=settings,
            progress=progress,
        )
        yield before


def split_frames(
    phases: Frames,
    ids: Frames,
    *,
    phase: int,
    probabilities: Sequence[Any] | None = None,
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
        Labels, read block by block; 0 where nothing was imaged.
    ids
        Where the ids are written, each frame with numbers of its own.
    probabilities
        Of the phase in every frame, as in `split_blocks`.
    phase, rule, spacing, settings, edge, scratch
        As in `split_blocks`.
    progress
        Receives the `Progress` of all frames; may raise `Cancelled`.
    """
    part = PartProgress(progress, len(phases))
    for t, frame in enumerate(phases):
        guide = None
        if t > 0:
            guide = Carried(ids[t - 1], motion_in_windows(ids[t - 1], frame, phase, spacing))
        split_blocks(
            frame,
            ids[t],
            unseen=unlabelled(frame),
            probability=None if probabilities is None else probabilities[t],
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


def unlabelled(frame: Frame) -> Callable[[Box], NDArray[np.bool_]]:
    """Tell where in a box of a frame of labels nothing was imaged."""
    return lambda box: frame[box] == 0
