"""A time series of volumes that is read only where it is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.given import check_kind
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import dask.array as da
    from numpy.typing import NDArray

Spacing = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Series:
    """Frames of one sample, lazily read.

    Parameters
    ----------
    data
        Dask array ``(t, c, z, y, x)``; axes that the source lacks have length 1. Real numbers
        may be NaN: nothing was imaged there, and phases are labelled 0.
    voxel_size
        Edge lengths ``(z, y, x)`` in µm, or None where the source does not say.
    times
        Hours since the first frame, one per frame, or None where the source does not say.
    channels
        One name per channel.
    name
        What the series is called in layers and tables.
    source
        The files that it was opened from, in reading order.
    metadata
        Whatever else the files say, one mapping per frame (may be empty).
    named
        The file or folder that was named to open it, or several.
    hints
        What else `operando.files.read` was told of the layout of the files.

    Raises
    ------
    InputError
        If the array is not 5-D, holds no numbers, or the parts do not fit together.
    """

    data: da.Array
    voxel_size: Spacing | None = None
    times: tuple[float, ...] | None = None
    channels: tuple[str, ...] = ("intensity",)
    name: str = "series"
    source: tuple[Path, ...] = ()
    metadata: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    named: tuple[Path, ...] = field(default=(), repr=False)
    hints: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.data.ndim != 5:
            raise InputError(
                f"A series has five axes (t, c, z, y, x), this array has {self.data.ndim}",
                "add axes of length 1, or open it with operando.files.read",
            )
        check_grey_values(self.data)
        if self.voxel_size is not None:
            check_voxel_size(self.voxel_size)
        if self.times is not None:
            check_times(self.times, self.n_frames)
        if len(self.channels) != self.data.shape[1]:
            raise InputError(
                f"{len(self.channels)} channel names for {self.data.shape[1]} channels",
                "give one name per channel",
            )

    @property
    def n_frames(self) -> int:
        """Number of time points."""
        return int(self.data.shape[0])

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.data.shape[1])

    @property
    def volume_shape(self) -> tuple[int, int, int]:
        """Voxels of one frame, ``(z, y, x)``."""
        z, y, x = self.data.shape[2:]
        return int(z), int(y), int(x)

    @property
    def nbytes(self) -> int:
        """Size of all voxels in bytes, were they all read."""
        return int(self.data.nbytes)

    def frame(self, t: int, channel: int = 0) -> NDArray[Any]:
        """Read one frame of one channel into memory.

        Returns
        -------
        ``(z, y, x)``, writable, in the type of the files.
        """
        return np.require(self.data[t, channel].compute(), requirements="W")

    def with_calibration(
        self, voxel_size: Sequence[float] | None = None, times: Sequence[float] | None = None
    ) -> Series:
        """Return the same images with another calibration; what is None stays.

        Parameters
        ----------
        voxel_size
            ``(z, y, x)`` in µm.
        times
            Hours, one per frame, rising.

        Raises
        ------
        InputError
            If the numbers are not of this kind.
        """
        changes: dict[str, Any] = {}
        if voxel_size is not None:
            changes["voxel_size"] = check_voxel_size(voxel_size)
        if times is not None:
            changes["times"] = check_times(times, self.n_frames)
        return replace(self, **changes)


def check_series(series: Any) -> None:
    """Refuse an array or a path where a series is wanted."""
    advice = "open files with operando.files.read, or give Series(data=...) a dask array"
    check_kind(series, Series, "series", advice)


def check_grey_values(images: Any) -> None:
    """Refuse an array that holds no grey values."""
    if images.dtype.kind not in "biuf":
        raise InputError(
            f"Voxels of type {images.dtype} are no grey values",
            "convert the images to integers or real numbers",
        )
    if 0 in images.shape:
        raise InputError(
            f"The series is empty, its shape is {images.shape}", "give at least one voxel"
        )


def check_voxel_size(voxel_size: Sequence[float]) -> Spacing:
    """Return a voxel size as three positive floats (z, y, x), or say what is wrong with it."""
    values = _numbers(voxel_size)
    if len(values) != 3 or not all(np.isfinite(v) and v > 0 for v in values):
        raise InputError(
            f"{tuple(voxel_size)} is not a voxel size",
            "give three positive lengths in µm, for z, y and x",
        )
    return values


class FrameCountError(InputError):
    """Not as many times as frames.

    Parameters
    ----------
    n_times, n_frames
        That there are.
    """

    def __init__(self, n_times: int, n_frames: int) -> None:
        super().__init__(f"{n_times} times for {n_frames} frames", "give one time per frame")
        self.n_frames = n_frames

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str]]:
        """Cross process borders as the sentence alone."""
        return InputError, (self.what, self.advice)


def check_times(times: Sequence[float], n_frames: int) -> tuple[float, ...]:
    """Return frame times in hours as floats, or say what is wrong with them."""
    values = _numbers(times)
    if len(values) != n_frames:
        raise FrameCountError(len(values), n_frames)
    if not np.all(np.isfinite(values)) or np.any(np.diff(values) <= 0):
        raise InputError(f"The times {values} do not increase", "give hours in rising order")
    return values


def _numbers(values: Sequence[float]) -> tuple[float, ...]:
    try:
        return tuple(float(v) for v in values)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{values!r} are no numbers", "give numbers, separated by commas"
        ) from error
