"""An append-only log of edits of an array, for undo and redo that survive a restart."""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from operando.atomic import plain_disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

Box = tuple[slice, ...]
_HEADER = struct.Struct("<cII")
_EDIT, _UNDO, _REDO = b"E", b"U", b"R"


class Journal:
    """Records of edits in one file.

    Every record is appended: an edit with the block before and after, or the fact that one was
    undone or redone. A record that a crash cut short is dropped at the next opening; one for which
    the disk has no room is not begun.

    Parameters
    ----------
    path
        The journal file, made if it is not there.
    writable
        Whether the file may be changed; another program may be writing it otherwise.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self._path = path
        self._undoable: list[int] = []
        self._redoable: list[int] = []
        whole = self._load()
        if writable and path.exists():
            os.truncate(path, whole)

    @property
    def count(self) -> int:
        """How many edits hold."""
        return len(self._undoable)

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._undoable)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to bring back."""
        return bool(self._redoable)

    def record(self, box: Box, before: NDArray[Any], after: NDArray[Any]) -> None:
        """Append an edit of ``array[box]``."""
        meta = {"box": [[s.start, s.stop] for s in box], "dtype": before.dtype.str}
        blocks = np.ascontiguousarray(before).tobytes() + np.ascontiguousarray(after).tobytes()
        position = self._append(_EDIT, json.dumps(meta).encode(), zlib.compress(blocks, 1))
        self._undoable.append(position)
        self._redoable.clear()

    def undo(self, array: NDArray[Any]) -> Box | None:
        """Put back what the last edit changed; returns where, or None if there is none."""
        if not self._undoable:
            return None
        box, before, _ = self._read_edit(self._undoable[-1])
        self._append(_UNDO, b"", b"")
        self._redoable.append(self._undoable.pop())
        array[box] = before
        return box

    def redo(self, array: NDArray[Any]) -> Box | None:
        """Do the last undone edit again; returns where, or None if there is none."""
        if not self._redoable:
            return None
        box, _, after = self._read_edit(self._redoable[-1])
        self._append(_REDO, b"", b"")
        self._undoable.append(self._redoable.pop())
        array[box] = after
        return box

    def _append(self, kind: bytes, meta: bytes, blocks: bytes) -> int:
        record = memoryview(_HEADER.pack(kind, len(meta), len(blocks)) + meta + blocks)
        with plain_disk_errors(self._path), self._path.open("ab", buffering=0) as file:
            position = file.tell()
            try:
                while record:
                    record = record[file.write(record) :]
            except OSError:
                file.truncate(position)
                raise
        return position

    def _read_edit(self, position: int) -> tuple[Box, NDArray[Any], NDArray[Any]]:
        with self._path.open("rb") as file:
            file.seek(position)
            _, n_meta, n_blocks = _HEADER.unpack(file.read(_HEADER.size))
            meta = json.loads(file.read(n_meta))
            blocks = np.frombuffer(zlib.decompress(file.read(n_blocks)), meta["dtype"])
        box = tuple(slice(a, b) for a, b in meta["box"])
        before, after = blocks.reshape(2, *(s.stop - s.start for s in box))
        return box, before, after

    def _load(self) -> int:
        """Read what was done; returns the length of what counts."""
        whole = 0
        if self._path.exists():
            with self._path.open("rb") as file:
                for kind, position, end in _records(file):
                    if kind == _EDIT:
                        self._undoable.append(position)
                        self._redoable.clear()
                    elif kind == _UNDO:
                        self._redoable.append(self._undoable.pop())
                    elif kind == _REDO:
                        self._undoable.append(self._redoable.pop())
                    whole = end
        return whole if self._undoable or self._redoable else 0


def _records(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, first byte and end of every whole record."""
    size = file.seek(0, 2)
    position = 0
    while position + _HEADER.size <= size:
        file.seek(position)
        kind, n_meta, n_blocks = _HEADER.unpack(file.read(_HEADER.size))
        end = position + _HEADER.size + n_meta + n_blocks
        if end > size:
            return
        yield kind, position, end
        position = end
