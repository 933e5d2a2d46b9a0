"""Single slices in many files, stacked along z."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import FileError
from operando.files.source import Opened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.files.source import Box, Shape, Source


@dataclass(frozen=True, eq=False)
class Stacked:
    """Sources of one slice each, as slices of frames.

    Parameters
    ----------
    frames
        For each frame its slices along z.
    """

    frames: tuple[tuple[Source, ...], ...]

    @property
    def shape(self) -> Shape:
        """Lengths along t, c, z, y, x."""
        _, c, _, y, x = self.frames[0][0].shape
        return len(self.frames), c, len(self.frames[0]), y, x

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return self.frames[0][0].dtype

    @property
    def chunks(self) -> Shape:
        """One slice."""
        return (1, 1, 1, *self.shape[3:])

    def read(self, box: Box) -> NDArray[Any]:
        """Return the voxels of a box, file by file."""
        one = slice(0, 1)
        return np.concatenate(
            [
                np.concatenate([s.read((one, box[1], one, *box[3:])) for s in frame[box[2]]], 2)
                for frame in self.frames[box[0]]
            ]
        )


def stack_slices(frames: Sequence[Sequence[Path]], open_one: Callable[[Path], Opened]) -> Opened:
    """Open files of one slice each as the slices of one or more frames.

    Parameters
    ----------
    frames
        For each frame its files, in order along z.
    open_one
        Opens a file.

    Raises
    ------
    FileError
        If they are not single slices of one size and type, as many in every frame.
    """
    opened = [[open_one(path) for path in frame] for frame in frames]
    first = opened[0][0]
    for frame in opened:
        if len(frame) != len(opened[0]):
            raise FileError(
                f"{frame[0].files[0].parent} holds {len(frame)} slices, another frame "
                f"{len(opened[0])}",
                "every frame needs the same number of slices",
            )
        for one in frame:
            if one.source.shape != first.source.shape or one.source.dtype != first.source.dtype:
                raise FileError(
                    f"The slices differ: {one.files[0].name} holds {_kind(one)}, "
                    f"{first.files[0].name} {_kind(first)}",
                    "keep the slices of one scan in a folder by themselves",
                )
    known = {"pixel_size_um": first.voxel_size[1:]} if first.voxel_size else {}
    return Opened(
        source=Stacked(tuple(tuple(one.source for one in frame) for frame in opened)),
        files=tuple(path for frame in frames for path in frame),
        channels=first.channels,
        metadata={**first.metadata, **known},
    )


def _kind(opened: Opened) -> str:
    return f"{' × '.join(str(n) for n in opened.source.shape[2:])} {opened.source.dtype}"
