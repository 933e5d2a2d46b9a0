"""Corrections of particles on disk: what was done, and the blocks to take it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from operando.atomic import remove, write_text
from operando.errors import StudyError
from operando.particles.edits import Edit
from operando.study.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.study.journal import Box

FOLDER = "edits"

Touched = dict[int, tuple[int, ...]]
"""For every frame the ids that a correction touched: those before it and those after it."""


class Record(BaseModel):
    """A correction and what it did.

    Parameters
    ----------
    edit
        The correction.
    blocks
        How many blocks of the journal belong to it.
    touched
        See `Touched`.
    """

    model_config = ConfigDict(frozen=True)

    edit: Edit
    blocks: int
    touched: Touched


def edits_in_force(study: Path, name: str) -> str:
    """Text that tells which corrections changed a set of particles; empty if none did.

    Those that only mark a particle as right do not count.
    """
    path = study / FOLDER / f"{name}.json"
    if not path.exists():
        return ""
    edits = [record.edit for record in _read_records(path)["done"]]
    return "".join(edit.model_dump_json() for edit in edits if edit.kind != "accept")


def _read_records(path: Path) -> dict[str, list[Record]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        keys = ("done", "undone")
        return {key: [Record.model_validate(item) for item in content[key]] for key in keys}
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise StudyError(
            f"The corrections in {path} are damaged ({type(error).__name__})",
            "restore the file from a copy, or delete it to go on without them",
        ) from None


class EditLog:
    """Corrections of one set of particles, with undo and redo that survive closing.

    ``NAME.json`` lists them as they can be done again; ``NAME.journal`` holds the changed blocks.

    Parameters
    ----------
    study
        Folder of the study.
    name
        Name of the particles.

    Raises
    ------
    StudyError
        If the list is damaged.
    """

    def __init__(self, study: Path, name: str) -> None:
        self._path = study / FOLDER / f"{name}.json"
        self._journal_path = study / FOLDER / f"{name}.journal"
        self._path.parent.mkdir(exist_ok=True)
        self._done: list[Record] = []
        self._undone: list[Record] = []
        self._read()
        self._journal = Journal(self._journal_path)
        self._blocks = 0

    @property
    def edits(self) -> list[Edit]:
        """Corrections that hold, in order."""
        return [record.edit for record in self._done]

    @property
    def undone(self) -> list[Edit]:
        """Corrections that `redo` brings back, the next one last."""
        return [record.edit for record in self._undone]

    def change(self, array: Any, box: Box, after: NDArray[Any]) -> None:
        """Write a block of an array so that it can be taken back."""
        self._journal.record(box, array[box], after)
        array[box] = after
        self._blocks += 1

    def add(self, edit: Edit, touched: Touched) -> None:
        """Keep a correction that consists of the blocks changed since the last one."""
        self._done.append(Record(edit=edit, blocks=self._blocks, touched=touched))
        self._undone.clear()
        self._blocks = 0
        self._write()

    def take_back(self, array: Any) -> None:
        """Take back the blocks changed since the last correction."""
        for _ in range(self._blocks):
            self._journal.undo(array)
        self._blocks = 0

    def undo(self, array: Any) -> Record | None:
        """Take back the last correction; None if there is none."""
        if not self._done:
            return None
        record = self._done.pop()
        for _ in range(record.blocks):
            self._journal.undo(array)
        self._undone.append(record)
        self._write()
        return record

    def redo(self, array: Any) -> Record | None:
        """Do the last correction that was taken back again; None if there is none."""
        if not self._undone:
            return None
        record = self._undone.pop()
        for _ in range(record.blocks):
            self._journal.redo(array)
        self._done.append(record)
        self._write()
        return record

    def start_over(self) -> list[Edit]:
        """Forget all blocks, because the particles were found anew; returns what to do again."""
        edits = self.edits
        self._done, self._undone, self._blocks = [], [], 0
        remove(self._journal_path)
        self._journal = Journal(self._journal_path)
        self._write()
        return edits

    def _read(self) -> None:
        if self._path.exists():
            records = _read_records(self._path)
            self._done, self._undone = records["done"], records["undone"]

    def _write(self) -> None:
        content = {
            key: [record.model_dump(mode="json") for record in items]
            for key, items in (("done", self._done), ("undone", self._undone))
        }
        write_text(self._path, json.dumps(content, indent=1) + "\n")
