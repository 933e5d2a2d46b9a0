"""What a series is, in a few sentences, with warnings that help."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError
from operando.files.folders import skipped_numbers, unlike_others
from operando.files.grey_checks import frame_warnings, grey_warnings
from operando.files.speed import slow_reason, unpacks_whole_frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data.series import Series

ANISOTROPIC = 1.05
MOST_FRAMES, MOST_SLOW_FRAMES = 24, 3
"""Frames of which a slice is looked at."""
WINDOW = 512
"""Edge of the middle of a slice that is compared between frames and counted."""
BINS = 128


@dataclass(frozen=True)
class Description:
    """Facts about a series, and what its user should know before going on.

    Parameters
    ----------
    facts, warnings
        Sentences.
    slow
        Why slices or frames are slow to show; empty if they are not.
    counts, edges
        Histogram of the slices that were looked at: ``(bins,)`` and ``(bins + 1,)``.
    """

    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    slow: str = ""
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64), compare=False)
    edges: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), compare=False)


def describe(series: Series) -> Description:
    """Describe a series for a panel or a terminal.

    Reads the middle slices of at most 24 frames; they stand for the series.

    Parameters
    ----------
    series
        What `operando.files.read` returned.

    Raises
    ------
    FileError
        If that slice cannot be read.
    """
    if not hasattr(series, "volume_shape"):
        raise InputError(f"{series!r:.60} is no series", "open it with operando.files.read")
    z, y, x = series.volume_shape
    frames = _count(series.n_frames, "frame")
    channels = f", {_count(series.n_channels, 'channel')}" if series.n_channels > 1 else ""
    facts = [
        f"{frames} of {z} × {y} × {x} voxels (z, y, x){channels}",
        f"{_size(series.nbytes)}, {series.data.dtype}",
        _voxel_size(series),
        _times(series),
    ]
    facts += [f"Assumed: {text}" for text in _said(series, "guessed")]
    most = MOST_SLOW_FRAMES if unpacks_whole_frames(series) else MOST_FRAMES
    frames_seen = np.unique(np.linspace(0, series.n_frames - 1, most).astype(int)).tolist()
    slices = [np.asarray(series.data[t, 0, z // 2]) for t in frames_seen]
    middle = slices[0]
    window = tuple(slice(max(0, (n - WINDOW) // 2), (n + WINDOW) // 2) for n in (y, x))
    centres = [image[window] for image in slices]
    counts, edges = _histogram(centres)
    warnings = [
        *(f"{text[0].upper()}{text[1:]}." for text in _said(series, "notes")),
        *_calibration_warnings(series),
        *grey_warnings(middle),
        *(frame_warnings(centres, frames_seen) if min(y, x) > 16 else []),
    ]
    gaps = skipped_numbers(series.source)
    if gaps:
        warnings.append(f"The files are numbered, and some numbers are missing: {gaps}.")
    odd = unlike_others(series.source)
    if odd:
        names = ", ".join(path.name for path in odd[:3]) + (", …" if len(odd) > 3 else "")
        warnings.append(f"Named unlike the other files, and taken all the same: {names}.")
    if series.n_channels > 16 and z == 1:
        warnings.append(
            f"The file calls its {series.n_channels} images channels; "
            'if they are slices, open it with the axes "zyx".'
        )
    if any(m.get("white_is_zero") for m in series.metadata) and middle.dtype.kind != "b":
        warnings.append("The file says that white is zero; grey values are used as stored.")
    return Description(tuple(facts), tuple(warnings), slow_reason(series), counts, edges)


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
    taken = [m["acquired"] for m in series.metadata if m.get("acquired")]
    if len(taken) == series.n_frames and any(b < a for a, b in pairwise(taken)):
        warnings.append(
            "The files say that frames were taken in another order than that of their names; "
            "rename them, or list them in the order of time."
        )
    if series.n_frames > 1 and series.times is None:
        warnings.append("Without frame times, frames are taken as equally spaced.")
    if series.times is not None and series.n_frames > 3:
        steps = np.diff(series.times)
        usual = float(np.median(steps))
        late = np.flatnonzero(steps > 1.8 * usual)
        if 0 < len(late) <= 2 and np.ptp(np.delete(steps, late)) < 0.2 * usual:
            t = int(late[0])
            warnings.append(
                f"A frame may be missing between {t} and {t + 1}: {steps[t]:.3g} h apart, the "
                f"others {usual:.3g} h."
            )
    return warnings


def _said(series: Series, key: str) -> list[str]:
    """Return what the readers remarked, each remark once."""
    return list(dict.fromkeys(text for m in series.metadata for text in m.get(key) or ()))


def _histogram(
    images: list[NDArray[np.generic]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    values = np.concatenate([np.asarray(image, float).ravel() for image in images])
    values = values[np.isfinite(values)]
    if not len(values):
        return np.zeros(0, np.int64), np.zeros(0)
    low, high = float(values.min()), float(values.max())
    whole = images[0].dtype.kind in "biu"
    bins = min(BINS, int(high - low) + 1) if whole else BINS
    # Bins of whole grey values hold equally many of those that occur.
    step = int(np.gcd.reduce(np.diff(np.unique(values)).astype(int))) or 1 if whole else 1
    width = -(-(int(high - low) + 1) // (bins * step)) * step if whole else 0
    limits = (low - 0.5, low - 0.5 + width * bins) if whole else (low, high)
    return np.histogram(values, bins, limits)


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _size(nbytes: int) -> str:
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if nbytes >= scale:
            return f"{nbytes / scale:.1f} {unit}"
    return f"{nbytes / 1e3:.1f} kB"
