"""Convert the images once to a format in which slices, frames and side views are fast."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from operando.atomic import making
from operando.compute.progress import Stopwatch
from operando.errors import FileError
from operando.files.ome_levels import add_levels
from operando.files.ome_zarr import create_image, open_image
from operando.steps.step import Step, StepResult
from operando.study.converted import CONVERTED, sign_converted
from operando.study.partial import PartialResult
from operando.study.room import check_room
from operando.study.sources import first_acquired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operando.compute.progress import ProgressCallback
    from operando.data import Series
    from operando.study import Study

SLAB_BYTES = 2**28
CHUNK = (64, 64, 64)
"""Alike along all axes, so that slices along each of them cross equally few chunks."""
PYRAMID = 8 / 7
"""Bytes of all levels over those of the first."""


class Convert(Step):
    """Copy the images into the study as multiscale OME-Zarr, and read them from there.

    The source files stay as they are. What was copied before the step was stopped is kept, and
    every block is compared with its source.
    """

    name: ClassVar[str] = "convert"
    title: ClassVar[str] = "Convert"
    goes_on: ClassVar[bool] = True

    checks: int = Field(
        8,
        ge=0,
        le=1000,
        title="Blocks to check again",
        description="How many blocks are read once more from the source in the end and compared",
    )

    def inputs(self, study: Study) -> tuple[str, ...]:
        """Return the images."""
        return ("images",)

    def outputs(self, study: Study) -> tuple[str, ...]:
        """Return the converted images."""
        return (f"images/{CONVERTED}",)

    def run(self, study: Study, progress: ProgressCallback | None = None) -> StepResult:
        """Copy, build the pyramid, and check.

        Raises
        ------
        FileError
            If the disk has not enough room, or what was written is not what was read.
        """
        series, state = study.source_series, study.source_state
        path = study.product_path(f"images/{CONVERTED}")
        chunk = _chunk(series)
        partial = PartialResult(path, {"sources": state, "chunk": chunk})
        if not partial.content.exists():
            check_room(int(series.nbytes * PYRAMID), study.path)
            with making(partial.content) as empty:
                create_image(
                    empty,
                    series.data.shape,
                    series.data.dtype,
                    axes="tczyx",
                    voxel_size=study.voxel_size,
                    times=study.times,
                    chunks=(1, 1, *chunk),
                    name=study.name,
                    acquired=first_acquired(series),
                )
        target = open_image(partial.content, "r+")
        slabs = list(_slabs(series, chunk[0]))
        watch = Stopwatch(progress, len(slabs), "blocks", "Copying")
        for t, c, z in slabs:
            key = f"{t} {c} {z.start}:{z.stop}"
            if not partial.is_done(key):
                block = np.asarray(series.data[t, c, z])
                target[t, c, z] = block
                _check_same(target[t, c, z], block, key)
                partial.mark_done(key)
            watch.advance()
        levels = add_levels(partial.content, progress=progress)
        rng = np.random.default_rng(0)
        chosen = rng.permutation(len(slabs))[: self.checks]
        watch = Stopwatch(progress, len(chosen), "blocks", "Checking")
        for t, c, z in (slabs[i] for i in chosen):
            _check_same(target[t, c, z], np.asarray(series.data[t, c, z]), f"{t} {c} {z}")
            watch.advance()
        sign_converted(partial.content, state, series.channels)
        partial.publish()
        written = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
        return StepResult(
            f"{levels} levels, {written / 1e9:.2g} GB",
            {"levels": float(levels), "written_gb": written / 1e9, "read_gb": series.nbytes / 1e9},
        )


def _chunk(series: Series) -> tuple[int, int, int]:
    """Shape of a chunk (z, y, x): as thin as it takes for a slab to fit into memory."""
    z, y, x = series.volume_shape
    depth = SLAB_BYTES // (y * x * series.data.dtype.itemsize)
    return max(1, min(CHUNK[0], depth, z)), min(CHUNK[1], y), min(CHUNK[2], x)


def _slabs(series: Series, depth: int) -> Iterator[tuple[int, int, slice]]:
    n = series.volume_shape[0]
    for t, c in product(range(series.n_frames), range(series.n_channels)):
        for start in range(0, n, depth):
            yield t, c, slice(start, min(start + depth, n))


def _check_same(found: Any, wanted: np.ndarray, key: str) -> None:
    if not np.array_equal(np.asarray(found), wanted, equal_nan=wanted.dtype.kind == "f"):
        raise FileError(
            f"What was written is not what was read (block {key})",
            "check the disk, and that the source files do not change meanwhile",
        )
