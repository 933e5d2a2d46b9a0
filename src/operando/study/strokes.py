"""Brush strokes on disk: the very array that the user paints on."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.atomic import plain_disk_errors, write_text
from operando.data.classes import DEFAULT_CLASSES, LabelClass, check_classes
from operando.errors import FileError, InputError, StudyError
from operando.study.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.study.journal import Box

SPARE_BYTES = 2**26
"""A memory map that finds no room on the disk ends the program, whatever it was doing."""


class StrokeSet:
    """Sparse labels of a series, ``(t, z, y, x)``.

    The array is a sparse memory map of bytes: 0 is unlabelled, k is ``classes[k - 1]``. It costs
    disk space only where it was painted (on file systems with sparse files), and it is saved by
    being painted.

    Parameters
    ----------
    folder
        Folder of the stroke sets of a study.
    name
        Name of this set.
    shape
        ``(t, z, y, x)`` of the images.
    writable
        Whether strokes may be painted.
    """

    def __init__(
        self, folder: Path, name: str, shape: tuple[int, int, int, int], *, writable: bool = True
    ) -> None:
        self.name = name
        self._classes: tuple[LabelClass, ...] = ()
        self._revision = 0
        self._painted: set[tuple[int, int]] = set()
        self._meta_path = folder / f"{name}.json"
        path = folder / f"{name}.u8"
        if not path.exists():
            self._write_meta(shape, DEFAULT_CLASSES, 0, set())
            _create_sparse(path, int(np.prod(shape)))
        self.array: NDArray[np.uint8]
        try:
            self._read_meta(shape)
            self.array = np.memmap(path, np.uint8, "r+" if writable else "r", shape=shape)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            raise StudyError(
                f"The strokes {name!r} are damaged ({error})",
                f"restore {self._meta_path} and {path.name} from a copy",
            ) from error
        self._journal = Journal(folder / f"{name}.journal", writable=writable)

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """What the labels 1, 2, ... mean."""
        return self._classes

    @property
    def revision(self) -> int:
        """Grows with every edit."""
        return self._revision

    @property
    def painted_slices(self) -> list[tuple[int, int]]:
        """Frame and z of every slice that was ever painted on, in order."""
        return sorted(self._painted)

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return self._journal.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to bring back."""
        return self._journal.can_redo

    def set_classes(self, classes: Sequence[LabelClass]) -> None:
        """Rename, recolour, add or drop classes.

        Parameters
        ----------
        classes
            Class k (from 1) is what the label k means.

        Raises
        ------
        InputError
            If there are none or too many, two have one name, or one to be dropped has strokes.
        """
        new = check_classes(classes)
        for label in range(len(new) + 1, len(self._classes) + 1):
            if self.voxel_counts().get(label):
                raise InputError(
                    f"The class {self._classes[label - 1].name!r} has strokes",
                    "erase them first",
                )
        self._classes = new
        self._touch(set())

    def paint(self, box: Box, values: NDArray[Any] | int) -> None:
        """Set ``array[box]`` and record it; the way for scripts and imports.

        Parameters
        ----------
        box
            Four slices (t, z, y, x); what reaches beyond the images is cut off.
        values
            Labels, 0 to the number of classes.

        Raises
        ------
        InputError
            If the box or the labels are not of this kind, or do not fit together.
        FileError
            If the disk is as good as full.
        """
        self.check_room()
        box = self._checked_box(box)
        shape = self.array[box].shape
        try:
            block = np.broadcast_to(np.asarray(values), shape)
        except ValueError:
            raise InputError(
                f"Labels of the shape {np.shape(values)} do not fit a box of {shape} voxels",
                "give one label, or one for every voxel",
            ) from None
        if block.dtype.kind not in "biuf":
            raise InputError(f"A stroke of {block.dtype} is no label", "use 0, 1, 2, ...")
        if block.size:
            self._check_labels(block.min(), block.max(), "A stroke")
        if block.dtype.kind == "f":
            self._check_whole(block % 1, "A stroke")
        before = self.array[box].copy()
        self.array[box] = block
        self.record(box, before)

    def check_room(self) -> None:
        """Say that the disk is as good as full: painting on would end the program.

        Raises
        ------
        FileError
            With what is left.
        """
        free = shutil.disk_usage(self._meta_path.parent).free
        if free < SPARE_BYTES:
            raise FileError(
                f"The disk of {self._meta_path.parent} has {free / 1e6:.0f} MB left",
                "free some space before you paint on",
            )

    def load(self, path: Path) -> None:
        """Paint what a label image holds, slice by slice where it is not empty.

        Parameters
        ----------
        path
            Image of the same frames and voxels, in any format that `operando.files.read` knows;
            0 is unlabelled.

        Raises
        ------
        InputError
            If its shape differs or a label has no class.
        """
        from operando.files import read

        labels = read(path).data[:, 0]
        if labels.shape[0] == self.array.shape[1] == 1:
            labels = labels.swapaxes(0, 1)  # a file of single slices does not say they are frames
        if labels.shape != self.array.shape:
            raise InputError(
                f"{path} has {labels.shape} voxels (t, z, y, x), the images {self.array.shape}",
                "choose strokes that were painted on these images",
            )
        self._check_labels(labels.min().compute(), labels.max().compute(), str(path))
        if labels.dtype.kind == "f":
            self._check_whole((labels % 1).max().compute(), str(path))
        for t in range(labels.shape[0]):
            frame = np.asarray(labels[t])
            for z in np.flatnonzero(frame.any(axis=(1, 2))):
                box = (
                    slice(t, t + 1),
                    slice(int(z), int(z) + 1),
                    *(slice(0, n) for n in frame.shape[1:]),
                )
                self.paint(box, frame[z])

    def record(self, box: Box, before: NDArray[np.uint8]) -> None:
        """Note an edit that was already made on the array, given the block before it.

        If that is not possible, as on a full disk, the edit is taken back.
        """
        after = np.asarray(self.array[box])
        try:
            self._journal.record(box, before, after)
        except FileError:
            self.array[box] = before
            raise
        changed = np.argwhere((before != after).any(axis=(2, 3)))
        self._touch({(box[0].start + int(t), box[1].start + int(z)) for t, z in changed})

    def undo(self) -> Box | None:
        """Take the last edit back; returns where, or None."""
        box = self._journal.undo(self.array)
        if box is not None:
            self._touch(set())
        return box

    def redo(self) -> Box | None:
        """Bring the last undone edit back; returns where, or None."""
        box = self._journal.redo(self.array)
        if box is not None:
            self._touch(set())
        return box

    def voxel_counts(self) -> dict[int, int]:
        """Painted voxels of every label that has any; reads only painted slices."""
        counts = np.zeros(256, np.int64)
        for t, z in self._painted:
            counts += np.bincount(self.array[t, z].ravel(), minlength=256)
        return {int(k): int(counts[k]) for k in np.flatnonzero(counts) if k}

    def _checked_box(self, box: Box) -> Box:
        """Cut a box at the images; refuse what is none."""
        sides = [side for side in box if isinstance(side, slice) and side.step in {None, 1}]
        if not len(sides) == len(box) == self.array.ndim:
            raise InputError(
                f"{box} is no box of voxels", "give four slices without steps, for t, z, y and x"
            )
        cut = (side.indices(n)[:2] for side, n in zip(sides, self.array.shape, strict=True))
        return tuple(slice(*ends) for ends in cut)

    def _check_labels(self, lowest: Any, highest: Any, what: str) -> None:
        if lowest < 0 or highest > len(self._classes):
            raise InputError(
                f"{what} has the label {lowest if lowest < 0 else highest:g}, but there are "
                f"{len(self._classes)} classes",
                "use 0 where nothing is painted and the classes from 1, or add a class first",
            )

    def _check_whole(self, rests: Any, what: str) -> None:
        if np.any(rests != 0):
            raise InputError(f"{what} has labels that are no whole numbers", "use 0, 1, 2, ...")

    def flush(self) -> None:
        """Hand everything that was painted to the disk."""
        if isinstance(self.array, np.memmap) and self.array.flags.writeable:
            with plain_disk_errors(self._meta_path):
                self.array.flush()

    def _touch(self, painted: set[tuple[int, int]]) -> None:
        self._revision += 1
        self._painted |= painted
        self._write_meta(self.array.shape, self._classes, self._revision, self._painted)

    def _write_meta(
        self,
        shape: tuple[int, ...],
        classes: Sequence[LabelClass],
        revision: int,
        painted: set[tuple[int, int]],
    ) -> None:
        content = {
            "shape": list(shape),
            "classes": [{"name": c.name, "colour": c.colour} for c in classes],
            "revision": revision,
            "painted": [list(p) for p in sorted(painted)],
        }
        write_text(self._meta_path, json.dumps(content))

    def _read_meta(self, shape: tuple[int, ...]) -> None:
        content = json.loads(self._meta_path.read_text(encoding="utf-8"))
        if tuple(content["shape"]) != tuple(shape):
            raise StudyError(
                f"The strokes {self.name!r} were painted on images of {tuple(content['shape'])} "
                f"voxels, these have {tuple(shape)}",
                "open the study with the images it was made with",
            )
        self._classes = tuple(LabelClass(**c) for c in content["classes"])
        self._revision = int(content["revision"])
        self._painted = {(int(t), int(z)) for t, z in content["painted"]}


def _create_sparse(path: Path, size: int) -> None:
    with plain_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)
