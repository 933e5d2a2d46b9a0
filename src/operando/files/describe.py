"""What a series is, in a few sentences, with warnings that help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from operando.data.series import Series

FEW_GREY_LEVELS = 200
ANISOTROPIC = 1.05


@dataclass(frozen=True)
class Description:
    """Facts about a series, and what its user should know before going on."""

    facts: tuple[str, ...]
    warnings: tuple[str, ...]


def describe(series: Series) -> Description:
    """Describe a series for a panel or a terminal.

    Reads one slice, from the middle of the first frame; its grey levels stand for the series.

    Parameters
    ----------
    series
        What `operando.files.read` returned.

    Raises
    ------
    FileError
        If that slice cannot be read.
    """
    z, y, x = series.volume_shape
    frames = _count(series.n_frames, "frame")
    channels = f", {_count(series.n_channels, 'channel')}" if series.n_channels > 1 else ""
    facts = [
        f"{frames} of {z} × {y} × {x} voxels (z, y, x){channels}",
        f"{_size(series.nbytes)}, {series.data.dtype}",
        _voxel_size(series),
        _times(series),
    ]
    middle = np.asarray(series.data[0, 0, z // 2])
    warnings = [*_calibration_warnings(series), *_grey_warnings(middle)]
    if series.n_channels > 16 and z == 1:
        warnings.append(
            f"The file calls its {series.n_channels} images channels; "
            'if they are slices, open it with the axes "zyx".'
        )
    if any(m.get("white_is_zero") for m in series.metadata) and middle.dtype.kind != "b":
        warnings.append("The file says that white is zero; grey values are used as stored.")
    return Description(tuple(facts), tuple(warnings))


def check_values(series: Series, frame: int, channel: int = 0) -> None:
    """Refuse a frame with NaN or infinite voxels; reads it slice by slice.

    Raises
    ------
    InputError
        With how many there are and where the first is.
    """
    if series.data.dtype.kind != "f":
        return
    bad, first = 0, 0
    for z in range(series.volume_shape[0]):
        count = int(np.count_nonzero(~np.isfinite(np.asarray(series.data[frame, channel, z]))))
        first = z if count and not bad else first
        bad += count
    if bad:
        raise InputError(
            f"Frame {frame} holds {_count(bad, 'voxel')} that are no numbers (NaN or infinite), "
            f"first in slice {first}",
            "fill them, or crop them away",
        )


def _voxel_size(series: Series) -> str:
    if series.voxel_size is None:
        return "Voxel size: not in the files"
    return f"Voxel size: {' × '.join(f'{v:.4g}' for v in series.voxel_size)} µm (z, y, x)"


def _times(series: Series) -> str:
    if series.n_frames == 1:
        return "A single frame, no times"
    if series.times is None:
        return "Frame times: not in the files"
    return f"Frame times: {series.times[0]:.4g} to {series.times[-1]:.4g} h"


def _calibration_warnings(series: Series) -> list[str]:
    warnings = []
    if series.voxel_size is None:
        warnings.append("Without a voxel size, sizes and areas cannot be given in µm.")
    elif max(series.voxel_size) > ANISOTROPIC * min(series.voxel_size):
        z, y, x = series.voxel_size
        warnings.append(f"The voxels are not cubes ({z:.4g} × {y:.4g} × {x:.4g} µm).")
    sizes = {m["voxel_size"] for m in series.metadata if m.get("voxel_size")}
    if len(sizes) > 1:
        warnings.append(f"The voxel size differs between files ({len(sizes)} values).")
    if series.n_frames > 1 and series.times is None:
        warnings.append("Without frame times, frames are taken as equally spaced.")
    return warnings


def _grey_warnings(image: np.ndarray) -> list[str]:
    warnings = []
    if image.dtype.kind == "f":
        bad = int(np.count_nonzero(~np.isfinite(image)))
        if bad:
            warnings.append(f"The middle slice holds {_count(bad, 'voxel')} that are no numbers.")
        return warnings
    levels = len(np.unique(image))
    if levels == 1 and image.size > 1:
        warnings.append("The middle slice is of one grey value.")
    elif image.dtype.itemsize > 1 and 16 < levels < FEW_GREY_LEVELS and image.size > 10_000:
        bits = 8 * image.dtype.itemsize
        warnings.append(
            f"The images have {bits} bits but only {levels} grey levels in the middle slice; "
            "export them again with the full range."
        )
    return warnings


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _size(nbytes: int) -> str:
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if nbytes >= scale:
            return f"{nbytes / scale:.1f} {unit}"
    return f"{nbytes / 1e3:.1f} kB"
