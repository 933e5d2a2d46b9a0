"""Whether slices and frames of a series can be shown at once, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operando.data.series import Series

ONE_PIECE = ("gzip", "zlib", "bzip2", "runs")
UNPACKED = ("none", "1", "None")
"""How readers say that nothing is compressed."""
SMALL = 20_000_000
"""Bytes of a frame below which nothing is slow."""
LARGE = 1_000_000_000
"""Bytes of a frame from which on reading all of it takes seconds, also where nothing is packed."""
IN_ROWS = ("NumPy", "raw", "VGStudio", "MetaImage", "NIfTI", "NRRD", "MRC", "EDF", "Amira")
"""Formats, besides TIFF, that store volumes row by row."""


def slow_reason(series: Series) -> str:
    """Say in a sentence why a series is slow to look at; empty if it is not.

    Parameters
    ----------
    series
        What `operando.files.read` returned.
    """
    per_frame = series.nbytes // (series.n_frames * series.n_channels)
    if per_frame < SMALL or not series.metadata:
        return ""
    known = series.metadata[0]
    form, compression = str(known.get("format", "")), str(known.get("compression", "none"))
    if unpacks_whole_frames(series):
        return "Each frame is compressed in one piece, so that all of it is unpacked for one slice."
    if len(series.source) > 2 * series.n_frames and series.volume_shape[0] > 1:
        return "Every slice is a file of its own, so that all files are read for a side view."
    if "TIFF" in form and compression not in UNPACKED:
        return "The slices are compressed one by one, so that all are unpacked for a side view."
    if ("TIFF" in form or form in IN_ROWS) and per_frame > LARGE:
        return "Frames are stored row by row, so that all of one is read for a view along x."
    return ""


def unpacks_whole_frames(series: Series) -> bool:
    """Whether a whole frame is unpacked for one slice of it."""
    known = next(iter(series.metadata), {})
    compression = str(known.get("compression", "none"))
    if known.get("format") in ("MetaImage", "NIfTI", "NRRD", "Amira"):
        return compression in ONE_PIECE
    if "TIFF" in str(known.get("format")):
        return False
    return compression not in UNPACKED and series.data.chunksize[2:] == series.volume_shape
