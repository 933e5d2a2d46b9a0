"""A study on disk: images, strokes, models, results and how they came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando import atomic
from operando.errors import InputError, StudyError, as_path
from operando.study.create import create_folder, study_folder
from operando.study.edits import FOLDER
from operando.study.fields import write_field
from operando.study.fingerprint import edits_fingerprint, image_fingerprint, result_fingerprint
from operando.study.images import Images
from operando.study.lock import StudyLock
from operando.study.manifest import FILE_NAME, Manifest
from operando.study.products import SOURCE, SUFFIXES, is_name
from operando.study.results import StudyResults
from operando.study.source_state import source_state
from operando.study.strokes import StrokeSet
from operando.study.underway import Underway

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from types import TracebackType

    import pandas as pd
    from numpy.typing import ArrayLike

    from operando.compute.progress import ProgressCallback
    from operando.data.displacement import DisplacementField
    from operando.data.series import Series
    from operando.study.record import Entry

DEFAULT_STROKES = "strokes"
FILE = "file:"
"""Before the path of a file that a step reads and that is no product of the study."""


class Study(StudyResults):
    """One sample's images and everything that was made of them.

    Make one with `Study.create` or open one with `Study.open`; use it as a context manager or
    call `close`. Results are addressed by product names such as ``"phases/phases"``: the folder
    and the name inside it.

    Attributes
    ----------
    path : Path
        Folder of the study.
    """

    def __init__(self, path: Path, manifest: Manifest, lock: StudyLock | None) -> None:
        super().__init__(path)
        self._images = Images(path, manifest, self._recipe)
        self._lock = lock
        self._strokes: dict[str, StrokeSet] = {}
        self._underway = Underway(path, self._recipe)

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        images: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Series | ArrayLike,
        voxel_size: Sequence[float] | None = None,
        times: Sequence[float] | None = None,
        name: str | None = None,
        *,
        progress: ProgressCallback | None = None,
        **hints: Any,
    ) -> Study:
        """Make a study of a series of images; the images are referenced, never changed.

        Parameters
        ----------
        path
            New folder; ``.operando`` is appended unless it ends so.
        images
            File, folder or list of files as in `operando.files.read`, a `Series` read from
            files, or an array ``(t, z, y, x)``, ``(z, y, x)`` or ``(t, c, z, y, x)``, which is
            copied into the study.
        voxel_size
            ``(z, y, x)`` in µm; needed where the files do not say.
        times
            Hours, one per frame; where neither given nor in the files, 0, 1, 2, ... are used.
        name
            What the study is called; its folder name by default.
        progress
            Told while an array is copied; raises `Cancelled` to stop.
        hints
            Passed to `operando.files.read`, such as ``axes="tzyx"``.

        Raises
        ------
        StudyError
            If the folder exists and is not empty.
        InputError
            If the voxel size is neither given nor in the files.
        """
        folder, manifest = create_folder(
            path, images, voxel_size, times, name=name, hints=hints, progress=progress
        )
        return cls(folder, manifest, StudyLock(folder))

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        lock_token: str | None = None,
    ) -> Study:
        """Open a study.

        Parameters
        ----------
        path
            Its folder; ``.operando`` may be left out.
        read_only
            Look without locking; nothing can be written.
        lock_token
            Handed to a child process by the program that holds the study.

        Raises
        ------
        StudyError
            If it is no study, damaged, from a newer version, or open elsewhere.
        """
        folder = as_path(path)
        if not (folder / FILE_NAME).exists() and study_folder(folder).exists():
            folder = study_folder(folder)
        manifest = Manifest.read(folder)
        lock = None if read_only else StudyLock(folder, lock_token)
        if lock is not None and lock_token is None:
            for name in ("", "strokes", "edits", *SUFFIXES):
                atomic.tidy(folder / name)
        study = cls(folder, manifest, lock)
        if lock is not None and lock_token is None:
            study._underway.settle(alone=True)
        return study

    def close(self) -> None:
        """Hand painted strokes to the disk and let others open the study."""
        for strokes in self._strokes.values():
            strokes.flush()
        self._strokes.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Study:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r})"

    @property
    def name(self) -> str:
        """What the study is called."""
        return self._images.manifest.name

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel ``(z, y, x)`` in µm."""
        return self._images.manifest.voxel_size

    @property
    def times(self) -> tuple[float, ...]:
        """Hours since the first frame, one per frame."""
        return self._images.manifest.times

    @property
    def writable(self) -> bool:
        """Whether this program holds the study."""
        return self._lock is not None

    @property
    def lock_token(self) -> str:
        """Lets a child process write the study on behalf of this program."""
        return self._held_lock().token

    @property
    def series(self) -> Series:
        """The images, opened at first use."""
        return self._images.series

    @property
    def image_sets(self) -> list[str]:
        """Products that hold images: the source ``"images"``, then others as they were made."""
        return self._images.sets

    def image_series(self, product: str = SOURCE) -> Series:
        """Open a set of images, such as ``"images/denoised"``; `series` is the source.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        return self._images.open(product)

    def calibrate(
        self, voxel_size: Sequence[float] | None = None, times: Sequence[float] | None = None
    ) -> None:
        """Correct the calibration; what is None stays.

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
        StudyError
            If the study is open for reading only.
        """
        self._held_lock()
        self._images.calibrate(voxel_size, times)

    def strokes(self, name: str = DEFAULT_STROKES) -> StrokeSet:
        """Return a stroke set, made empty at first use.

        Raises
        ------
        InputError
            If the name holds slashes or begins with a dot.
        StudyError
            If there is none of this name and the study is open for reading only.
        """
        if name not in self._strokes:
            if not is_name(name):
                raise InputError(
                    f"{name!r} names no strokes", "use a name without slashes or a dot before it"
                )
            t, _, z, y, x = self.series.data.shape
            if not self.writable and not (self.path / "strokes" / f"{name}.u8").exists():
                raise StudyError(f"There are no strokes {name!r}", "open the study to paint some")
            self._strokes[name] = StrokeSet(
                self.path / "strokes", name, (t, z, y, x), writable=self.writable
            )
        return self._strokes[name]

    def table(self, name: str) -> pd.DataFrame:
        """Read a table such as ``"particles"``; its columns carry their units.

        ``time_h`` are the present times of the frames, also where they were corrected since.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        table = super().table(name)
        if {"frame", "time_h"} <= set(table.columns):
            table["time_h"] = np.asarray(self.times, float)[table["frame"].to_numpy(int)]
        return table

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table."""
        self._held_lock()
        with atomic.replacing(self.product_path(f"tables/{name}")) as partial:
            table.to_parquet(partial, index=False)

    def write_field(self, name: str, field: DisplacementField) -> None:
        """Write a displacement field."""
        self._held_lock()
        write_field(self.product_path(f"strain/{name}"), field)

    def remove(self, product: str, *, for_good: bool = False) -> None:
        """Delete a product; `for_good` also keeps the recipe from making it again."""
        self._held_lock()
        atomic.remove(self.product_path(product))
        if for_good:
            self._recipe.supersede(product)

    def add_entry(self, entry: Entry) -> None:
        """Record a step that ran."""
        self._held_lock()
        self._recipe.add(entry)

    def begin_run(self, run: str, products: Sequence[str]) -> None:
        """Note that a run, of this id in the recipe, is going to replace products."""
        self._held_lock()
        self._underway.begin(run, products)

    def end_run(self, run: str) -> None:
        """Note that a run has ended; if it is not recorded, what it replaced has no maker."""
        self._held_lock()
        self._underway.end(run)

    def settle_runs(self) -> None:
        """End the runs of programs that are gone without having done so."""
        self._held_lock()
        self._underway.settle()

    def fingerprint(self, product: str) -> str:
        """Short text that changes when a product does; empty if it is not there.

        ``"images"`` stands for the source files with their voxel size; ``"strokes/NAME"`` for a
        stroke set; ``"edits/NAME"`` for what teaches the splitter among the corrections by hand;
        ``"file:PATH"`` for a file elsewhere; every other product has the id of the
        run that wrote it, and particles and their table also say how they were corrected by hand.
        """
        if product.startswith(FILE):
            return source_state([Path(product.removeprefix(FILE))])
        folder, _, name = product.partition("/")
        if product == SOURCE:
            return image_fingerprint(self.source_state, self.voxel_size)
        if folder == "strokes":
            painted = (self.path / f"{product}.u8").exists()
            return f"r{self.strokes(name).revision}" if painted else ""
        if folder == FOLDER:
            return edits_fingerprint(self.path, name)
        return result_fingerprint(self, product)

    @property
    def source_state(self) -> str:
        """Short text that changes when a source file does; the same for a copy of the files."""
        return self._images.source_state

    @property
    def source_series(self) -> Series:
        """The images as the source files hold them, also where converted ones are used."""
        return self._images.source_series

    def _held_lock(self) -> StudyLock:
        if self._lock is None:
            raise StudyError(f"The study {self.path} is open for reading only", "open it to write")
        return self._lock
