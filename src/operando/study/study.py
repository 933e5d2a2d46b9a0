"""A study on disk: images, strokes, models, results and how they came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from operando import atomic
from operando.data.series import Series, check_times, check_voxel_size
from operando.errors import InputError, StudyError
from operando.study.converted import CONVERTED, open_converted
from operando.study.create import create_folder, study_folder
from operando.study.fields import read_field, write_field
from operando.study.fingerprint import fingerprint
from operando.study.image_sets import open_image_set
from operando.study.lock import StudyLock
from operando.study.manifest import Manifest
from operando.study.phases import open_phases
from operando.study.products import COPIED, SOURCE, SUFFIXES, product_names, product_path
from operando.study.record import FILE_NAME, Recipe
from operando.study.sources import Sources
from operando.study.strokes import StrokeSet

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from types import TracebackType

    import pandas as pd
    from numpy.typing import ArrayLike

    from operando.compute.progress import ProgressCallback
    from operando.data import LabelClass
    from operando.data.displacement import DisplacementField
    from operando.study.record import Entry

DEFAULT_STROKES = "strokes"


class Study:
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
        self.path = path
        self._manifest = manifest
        self._lock = lock
        self._series: Series | None = None
        self._strokes: dict[str, StrokeSet] = {}
        self._sources = Sources(manifest.sources, path)
        self._recipe = Recipe(path / FILE_NAME)

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
        folder = Path(path)
        if not folder.exists():
            folder = study_folder(folder)
        manifest = Manifest.read(folder)
        lock = None if read_only else StudyLock(folder, lock_token)
        if lock is not None and lock_token is None:
            for name in ("", "strokes", *SUFFIXES):
                atomic.tidy(folder / name)
        return cls(folder, manifest, lock)

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
        return self._manifest.name

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel ``(z, y, x)`` in µm."""
        return self._manifest.voxel_size

    @property
    def times(self) -> tuple[float, ...]:
        """Hours since the first frame, one per frame."""
        return self._manifest.times

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
        if self._series is None:
            self._series = self._open_series()
        return self._series

    @property
    def image_sets(self) -> list[str]:
        """Products that hold images: the source ``"images"``, then others as they were made."""
        made = [p for e in self.entries for p in e.outputs if p.startswith(f"{SOURCE}/")]
        others = set(self.products(SOURCE)) - {COPIED, CONVERTED}
        there = [f"{SOURCE}/{name}" for name in sorted(others)]
        age = {product: number for number, product in enumerate(made)}
        return [SOURCE, *sorted(there, key=lambda product: age.get(product, -1))]

    def image_series(self, product: str = SOURCE) -> Series:
        """Open a set of images, such as ``"images/denoised"``; `series` is the source.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        if product == SOURCE:
            return self.series
        path = self.product_path(product)
        if not product.startswith(f"{SOURCE}/") or not path.exists():
            raise StudyError(
                f"There are no {product} in this study", f"use one of {', '.join(self.image_sets)}"
            )
        return open_image_set(self, path, product.partition("/")[2])

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
        changes: dict[str, Any] = {}
        if voxel_size is not None:
            changes["voxel_size"] = check_voxel_size(voxel_size)
        if times is not None:
            changes["times"] = check_times(times, len(self.times))
        self._held_lock()
        self._manifest = self._manifest.model_copy(update=changes)
        self._manifest.write(self.path)
        self._series = None

    def strokes(self, name: str = DEFAULT_STROKES) -> StrokeSet:
        """Return a stroke set, made empty at first use.

        Raises
        ------
        InputError
            If the name holds slashes.
        StudyError
            If there is none of this name and the study is open for reading only.
        """
        if name not in self._strokes:
            if not name or Path(name).name != name:
                raise InputError(f"{name!r} names no strokes", "use a name without slashes")
            t, _, z, y, x = self.series.data.shape
            if not self.writable and not (self.path / "strokes" / f"{name}.u8").exists():
                raise StudyError(f"There are no strokes {name!r}", "open the study to paint some")
            self._strokes[name] = StrokeSet(
                self.path / "strokes", name, (t, z, y, x), writable=self.writable
            )
        return self._strokes[name]

    def product_path(self, product: str) -> Path:
        """Where a product such as ``"phases/phases"`` lies on disk."""
        return product_path(self.path, product)

    def products(self, folder: str) -> list[str]:
        """Names of the finished products of one folder, such as ``"strain"``."""
        return product_names(self.path, folder)

    def open_array(self, product: str) -> Any:
        """Open a block-wise result (images, phases, particles) as a Zarr array for reading."""
        from operando.files.ome_zarr import open_image

        return open_image(self._there(product))

    def phases(self, name: str) -> tuple[Any, Any, tuple[LabelClass, ...]]:
        """Open a segmentation for reading.

        Returns
        -------
        labels
            Zarr array ``(t, z, y, x)`` uint8; class k of `classes` has the label k + 1.
        probabilities
            Zarr array ``(t, c, z, y, x)`` uint8, 0 to 255, one channel per class.
        classes
            What the labels mean.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        return open_phases(self._there(f"phases/{name}"))

    def table(self, name: str) -> pd.DataFrame:
        """Read a table such as ``"particles"``; its columns carry their units.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        import pandas as pd

        path = self.product_path(f"tables/{name}")
        if not path.exists():
            there = ", ".join(self.products("tables")) or "none yet"
            raise StudyError(
                f"There is no table {name!r} in this study (tables: {there})",
                "run the step that makes it",
            )
        return pd.read_parquet(path)

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """Write a table."""
        self._held_lock()
        with atomic.replacing(self.product_path(f"tables/{name}")) as partial:
            table.to_parquet(partial, index=False)

    def field(self, name: str) -> DisplacementField:
        """Read a displacement field such as ``"000-001"``: of frame 1 against frame 0.

        Raises
        ------
        StudyError
            If there is none of this name.
        """
        return read_field(self.product_path(f"strain/{name}"))

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

    @property
    def recipe_path(self) -> Path:
        """Where the record of every step lies."""
        return self._recipe.path

    @property
    def entries(self) -> list[Entry]:
        """Every step that ran, in order."""
        return self._recipe.entries

    def maker(self, product: str) -> Entry | None:
        """Run that wrote a product as it is; None if none did."""
        made = [e for e in self.entries if product in e.outputs and not e.superseded]
        return made[-1] if made else None

    def add_entry(self, entry: Entry) -> None:
        """Record a step that ran."""
        self._held_lock()
        self._recipe.add(entry)

    def fingerprint(self, product: str) -> str:
        """Short text that changes when a product does; empty if it is not there.

        ``"images"`` stands for the source files with their calibration; ``"strokes/NAME"`` for a
        stroke set; every other product has the id of the run that wrote it, and particles and
        their table also say how they were corrected by hand.
        """
        return fingerprint(self, product)

    @property
    def source_state(self) -> str:
        """Short text that changes when a source file does; the same for a copy of the files."""
        return self._sources.state

    @property
    def source_series(self) -> Series:
        """The images as the source files hold them, also where converted ones are used."""
        return self._sources.open(**self._calibration, **self._manifest.hints)

    @property
    def _calibration(self) -> dict[str, Any]:
        return {"voxel_size": self.voxel_size, "times": self.times, "name": self.name}

    def _open_series(self) -> Series:
        path = self.product_path(f"{SOURCE}/{CONVERTED}")
        converted = None
        if path.exists() and self._sources.are_there:
            converted = open_converted(path, self.source_state, **self._calibration)
        return converted or self.source_series

    def _there(self, product: str) -> Path:
        path = self.product_path(product)
        if not path.exists():
            raise StudyError(f"There is no {product} in this study", "run the step that makes it")
        return path

    def _held_lock(self) -> StudyLock:
        if self._lock is None:
            raise StudyError(f"The study {self.path} is open for reading only", "open it to write")
        return self._lock
