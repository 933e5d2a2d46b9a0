"""Register every frame of a series: to the first, to the one before, or to the mean of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from operando.align.pyramid import LARGEST, Level, make_pyramid
from operando.align.register import Registration, register
from operando.align.resample import resample_box
from operando.align.transform import Transform
from operando.compute.progress import Stopwatch
from operando.data.given import as_settings
from operando.data.series import check_series
from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

Side = tuple[int, int]
LOST = 0.3
_MEAN_ROUNDS = 2
_STILL = 0.03
"""Voxels by which a better mean has to move a frame for another round."""
_KEPT_BYTES = 2**29


class AlignSettings(BaseModel):
    """How frames are brought in line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Literal["first", "previous", "mean"] = Field(
        "first",
        title="Align to",
        description="first frame; previous one (for large changes; small errors add up); or the "
        "mean of all frames (for noisy ones)",
        json_schema_extra={
            "names": {
                "first": "the first frame",
                "previous": "the frame before",
                "mean": "the mean of all frames",
            }
        },
    )
    motion: Literal["shift", "rigid", "similarity", "affine"] = Field(
        "rigid",
        title="Motion",
        description="shift; rigid: also rotation; similarity: also one change of length (voxel "
        "size); affine: also stretch and shear, which takes real strain away",
        json_schema_extra={
            "names": {
                "rigid": "shift and rotation",
                "similarity": "shift, rotation, voxel size",
                "affine": "affine, with shear",
            }
        },
    )
    z: Side = Field((0, 0), title="Slices", description="From, to (not included); 0 0 is all")
    y: Side = Field((0, 0), title="Lines", description="From, to (not included); 0 0 is all")
    x: Side = Field((0, 0), title="Columns", description="From, to (not included); 0 0 is all")
    channel: int = Field(0, ge=0, title="Channel", description="Channel to compare, from 0")

    def box(self, shape: Sequence[int]) -> tuple[slice, ...]:
        """Region to compare, such as a casing that stands still.

        Raises
        ------
        InputError
            If it does not lie in the volume or is too small.
        """
        sides = []
        for name, (start, stop), n in zip("zyx", (self.z, self.y, self.x), shape, strict=True):
            end = n if (start, stop) == (0, 0) else stop
            if not 0 <= start < end <= n or (end - start < min(8, n)):
                raise InputError(
                    f"The region {name} = {start} to {end} does not fit a volume of {n} voxels",
                    "give at least 8 voxels inside it",
                )
            sides.append(slice(start, end))
        return tuple(sides)


@dataclass(frozen=True)
class Alignment:
    """Transforms of all frames, and what is worth knowing about each.

    Parameters
    ----------
    transforms
        From places of the aligned series to places of each frame, µm.
    table
        One row per frame: ``frame``, ``shift_z_um``, ``shift_y_um``, ``shift_x_um`` (of the middle
        of the region), ``rotation_deg``, ``length_change_percent`` (found by a similarity, whatever
        the motion asked for), ``zncc``, ``overlap``.
    """

    transforms: tuple[Transform, ...]
    table: pd.DataFrame


Remember = Callable[[str, Callable[[], Registration]], Registration]
"""Returns what was found under a key before, or finds it now."""


def align(
    series: Series,
    settings: AlignSettings | None = None,
    progress: ProgressCallback | None = None,
    remember: Remember = lambda key, find: find(),
) -> Alignment:
    """Find how every frame of a series has to be transformed to lie on the others.

    Parameters
    ----------
    series
        Its voxel size must be known. Frames are read one after the other, and reduced to at most
        8 million voxels: of a larger volume the precision is that of the reduced voxels.
    settings
        How.
    progress
        Told after every frame; raises `Cancelled` to stop.
    remember
        Called for every frame with a key; one that keeps what is found lets a run that was stopped
        go on where it was.

    Raises
    ------
    InputError
        If there is one frame only, or the voxel size is not known, or the region does not fit.
    """
    check_series(series)
    settings = as_settings(AlignSettings, settings)
    if series.n_frames < 2:
        raise InputError("Alignment needs two frames, the series has one", "open a time series")
    if series.voxel_size is None:
        raise InputError("The voxel size of the series is not known", "give it when reading")
    if settings.channel >= series.n_channels:
        raise InputError(
            f"There is no channel {settings.channel}", f"the last one is {series.n_channels - 1}"
        )
    box = settings.box(series.volume_shape)
    rounds = 1 + _MEAN_ROUNDS if settings.reference == "mean" else 1
    watch = Stopwatch(progress, rounds * series.n_frames, "frames", "Registering frames")

    @lru_cache(maxsize=_frames_to_keep(box))
    def levels(t: int) -> list[Level]:
        return make_pyramid(series.data[t, settings.channel], series.voxel_size or (1, 1, 1), box)

    first = levels(0)
    found = [Registration(Transform.identity(), 1.0, 1.0)]

    def to_first(t: int) -> Registration:
        return register(first, levels(t), settings.motion)

    def to_frame(before: int, t: int) -> Registration:
        step = register(levels(before), levels(t), settings.motion)
        chained = step.transform.after(found[before].transform)
        return Registration(chained, step.zncc, step.overlap)

    def to_previous(t: int) -> Registration:
        here = to_frame(t - 1, t)
        if here.zncc >= LOST:
            return here
        # A frame that was not found leads nowhere, the last one that was may.
        last = max((k for k in range(t - 1) if found[k].zncc >= LOST), default=t - 1)
        return max(here, to_frame(last, t), key=lambda r: r.merit)

    def to_mean(t: int, mean: list[Level]) -> Registration:
        return register(mean, levels(t), settings.motion, start=found[t].transform)

    watch.advance()
    for t in range(1, series.n_frames):
        find = to_previous if settings.reference == "previous" else to_first
        found.append(remember(f"{settings.reference} {t}", partial(find, t)))
        watch.advance()
    for turn in range(1, rounds):
        before = found
        mean = _mean(found, levels, first)
        for t in range(series.n_frames):
            found[t] = remember(f"{turn} {t}", partial(to_mean, t, mean))
            watch.advance()
        # The mean hovers between the frames: the first one stays where it was.
        home = found[0].transform.inverse()
        found = [Registration(f.transform.after(home), f.zncc, f.overlap) for f in found]
        if _farthest(before, found, first[0]) < _STILL:
            break
    lengths = [_length_change(first, levels(t), found[t]) for t in range(series.n_frames)]
    return Alignment(tuple(f.transform for f in found), _table(first[0], found, lengths, series))


def _frames_to_keep(box: Sequence[slice]) -> int:
    """Return how many reduced frames with their spline coefficients fit into half a gigabyte."""
    voxels = min(LARGEST, prod(int(side.stop - side.start) for side in box))
    return max(2, _KEPT_BYTES // (10 * voxels))


def _farthest(before: Sequence[Registration], after: Sequence[Registration], grid: Level) -> float:
    """How far any corner of any frame moved, voxels."""
    far = grid.origin + (np.array(grid.grey.shape) - 1) * grid.spacing
    corners = np.array([*product(*zip(grid.origin, far, strict=True))])
    moved = [
        corners @ (b.transform.matrix - a.transform.matrix)[:3, :3].T
        + (b.transform.matrix - a.transform.matrix)[:3, 3]
        for a, b in zip(before, after, strict=True)
    ]
    return float(np.abs(np.array(moved) / grid.spacing).max())


def _mean(
    found: Sequence[Registration], levels: Callable[[int], list[Level]], first: Sequence[Level]
) -> list[Level]:
    """Mean of all frames, each brought in line; levels as those of the first."""
    total, count = np.zeros_like(first[0].grey), np.zeros(first[0].grey.shape, np.float32)
    grid = first[0]
    box = tuple(slice(0, n) for n in grid.grey.shape)
    for t, registration in enumerate(found):
        grey = levels(t)[0].grey
        known = grey[np.isfinite(grey)]
        if not known.size:
            continue
        grey = (grey - known.mean()) / max(float(known.std()), 1e-9)
        place = np.eye(4)
        place[:3, 3] = grid.origin
        place[:3, :3] = np.diag(grid.spacing)
        matrix = np.linalg.inv(place) @ registration.transform.matrix @ place
        moved = resample_box(grey, matrix, box)
        total += np.nan_to_num(moved)
        count += np.isfinite(moved)
    origin = tuple(grid.origin)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    made = make_pyramid(mean, tuple(grid.spacing))
    return [Level(m.grey, m.spacing, m.origin + origin) for m in made]


def _length_change(
    reference: Sequence[Level], moving: Sequence[Level], found: Registration
) -> float:
    """Change of lengths in percent, by a similarity that starts from what was found."""
    if found.zncc < LOST:
        return float("nan")
    finest = register(reference[:1], moving[:1], "similarity", start=found.transform)
    planar = reference[0].grey.shape[0] == 1
    scale = finest.transform.linear_scale ** (1.5 if planar else 1.0)
    return float(100 * (scale - 1))


def _table(
    grid: Level, found: Sequence[Registration], lengths: Sequence[float], series: Series
) -> pd.DataFrame:
    import pandas as pd

    centre = grid.origin + (np.array(grid.grey.shape) - 1) / 2 * grid.spacing
    shifts = np.array([f.transform.shift_at(centre) for f in found])
    table = pd.DataFrame(
        {
            "frame": np.arange(len(found)),
            "shift_z_um": shifts[:, 0],
            "shift_y_um": shifts[:, 1],
            "shift_x_um": shifts[:, 2],
            "rotation_deg": [f.transform.rotation_deg for f in found],
            "length_change_percent": lengths,
            "zncc": [f.zncc for f in found],
            "overlap": [f.overlap for f in found],
        }
    )
    if series.times is not None:
        table.insert(1, "time_h", series.times)
    return table
