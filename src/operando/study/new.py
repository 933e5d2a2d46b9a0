"""A new study: all or a part of the images, and what comes along with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando import atomic
from operando.clean.grid import bin_voxels
from operando.clean.grid import crop as crop_box
from operando.errors import InputError
from operando.study.room import check_room
from operando.study.sources import first_acquired
from operando.study.study import Study

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series


def new_study(
    path: str | os.PathLike[str],
    images: Any,
    *,
    crop: str | None = None,
    binning: str | None = None,
    voxel_size: Sequence[float] | None = None,
    times: Sequence[float] | None = None,
    progress: ProgressCallback | None = None,
    **hints: Any,
) -> Study:
    """Make a study that references images, or holds a copy of a part of them.

    Parameters
    ----------
    path, images, times, hints
        As in `operando.study.Study.create`.
    crop, binning
        As in `part_of`.
    voxel_size
        ``(z, y, x)`` in µm before binning; needed where the files do not say.
    progress
        Told while a part is copied; raises `Cancelled` to stop.

    Raises
    ------
    FileError
        If the disk has not enough room for the part.
    """
    from operando.files import read

    if not crop and not binning:
        return Study.create(path, images, voxel_size=voxel_size, times=times, **hints)
    part = part_of(read(images, voxel_size=voxel_size, times=times, **hints), crop, binning)
    check_room(part.nbytes, Path(path).absolute().parent)
    return Study.create(path, part, progress=progress)


def raw_hints(
    *, shape: str | None, dtype: str | None, byteorder: str | None, offset: int | None
) -> dict[str, Any]:
    """Hints for `operando.files.read` of a raw volume.

    Raises
    ------
    InputError
        If the shape is no list of whole numbers above 0.
    """
    given = {"dtype": dtype, "byteorder": byteorder, "offset": offset}
    hints: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if shape is not None:
        hints["shape"] = whole_numbers(shape, "shape")
    return hints


def part_of(series: Series, crop: str | None, binning: str | None) -> Series:
    """Crop a series, then bin it.

    Parameters
    ----------
    series
        All images.
    crop
        Box such as ``":,100:400,50:"`` (z, y, x); None keeps everything.
    binning
        Voxels that become one: ``"2"``, or ``"1,2,2"`` along z, y, x.

    Raises
    ------
    InputError
        If one of them makes no sense, or does not fit the images.
    """
    if crop:
        series = crop_box(series, box(crop))
    if binning:
        factors = whole_numbers(binning, "binning")
        series = bin_voxels(series, factors * 3 if len(factors) == 1 else factors)
    return series


def bring_along(study: Study, strokes: Path | None, cycling: Path | None) -> None:
    """Load strokes and cycling data into a new study; if that fails, it is removed again.

    The record lies where dates of both put it, else it begins with the first frame.

    Parameters
    ----------
    study
        Just made.
    strokes
        Label image as in `StrokeSet.load`.
    cycling
        File as in `operando.chemistry.read_cycling`.
    """
    from operando.chemistry import offset_from_dates, read_cycling, shift_cycling

    try:
        if strokes:
            study.strokes().load(strokes)
        if cycling:
            table = read_cycling(cycling)
            offset = offset_from_dates(table, first_acquired(study.series), study.times[0])
            study.write_table("cycling", shift_cycling(table, offset or 0.0))
    except BaseException:
        study.close()
        atomic.remove(study.path)
        raise


def box(text: str) -> tuple[slice, ...]:
    """Read a box such as ``":,100:400,50:"``."""
    sides = [side.split(":") for side in text.split(",")]
    try:
        ends = [[int(end) if end.strip() else None for end in side] for side in sides]
    except ValueError:
        ends = []
    if len(ends) != 3 or any(len(side) != 2 for side in ends):
        raise InputError(
            f"{text!r} is no box", "write from:to for z, y and x, such as :,100:400,50:"
        )
    return tuple(slice(*side) for side in ends)


def whole_numbers(text: str, what: str) -> tuple[int, ...]:
    """Read whole numbers above 0, separated by commas."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise InputError(f"{text!r} is no {what}", "write whole numbers from 1 up, such as 2,2,2")
    return numbers
