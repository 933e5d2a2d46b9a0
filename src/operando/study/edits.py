"""Corrections of particles on disk: what was done, and the blocks to take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, model_validator

from operando.atomic import remove, write_text
from operando.errors import StudyError
from operando.particles.edits import Edit
from operando.study.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.study.journal import Box

FOLDER = "edits"

Ranges = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


class Touch(BaseModel):
    """What a correction touched in one frame.

    Parameters
    ----------
    ids
        Those in and beside what changed, before it and after it.
    box
        First voxel and the one after the last of what was written, along z, y, x; lists of earlier
        versions do not have it.
    """

    model_config = ConfigDict(frozen=True)

    ids: tuple[int, ...]
    box: Ranges | None = None

    @model_validator(mode="before")
    @classmethod
    def _earlier_version(cls, value: Any) -> Any:
        return {"ids": value} if isinstance(value, list | tuple) else value


Touched = dict[int, Touch]
"""For every frame that changed."""

Accepted = tuple[tuple[int, ...], int | None]
"""Particles that are right, and in which frame; None: in all."""


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
    accepted
        Particles that it marked as right.
    """

    model_config = ConfigDict(frozen=True)

    edit: Edit
    blocks: int
    touched: Touched
    accepted: tuple[int, ...] = ()


def accepted_by(edit: Edit, particles: tuple[int, ...]) -> Accepted:
    """Tell where a correction marks particles as right."""
    return particles, None if edit.through_time else edit.frame


class EditList(BaseModel):
    """Corrections as they are kept on disk.

    Parameters
    ----------
    done
        Those that hold, in order.
    undone
        Those that `redo` brings back, the next one last.
    waiting
        Those still to be done again on particles that were found anew.
    """

    done: list[Record] = []
    undone: list[Record] = []
    waiting: list[Edit] = []


def read_edits(study: Path, name: str) -> EditList:
    """Read the corrections of a set of particles; there may be none.

    Raises
    ------
    StudyError
        If the list is damaged.
    """
    path = study / FOLDER / f"{name}.json"
    if not path.exists():
        return EditList()
    try:
        return EditList.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise StudyError(
            f"The corrections in {path} are damaged ({type(error).__name__})",
            "restore the file from a copy, or delete it to go on without them",
        ) from None


def edits_in_force(study: Path, name: str) -> str:
    """Text that tells which corrections changed a set of particles; empty if none did.

    Those that only mark a particle as right do not count.
    """
    edits = [record.edit for record in read_edits(study, name).done]
    return "".join(edit.model_dump_json() for edit in edits if edit.kind != "accept")


def places_corrected(study: Path, name: str) -> str:
    """Text that tells where particles were corrected; the same once they were found anew.

    What was merged or split may then be so already, and counts as accepted. Particles that were
    right from the start do not count.
    """
    listed = read_edits(study, name)
    edits = [*(record.edit for record in listed.done), *listed.waiting]
    return repr(
        sorted(
            {
                (edit.frame, edit.points, edit.through_time)
                for edit in edits
                if edit.kind != "accept" or len(edit.points) > 1
            }
        )
    )


class EditLog:
    """Corrections of one set of particles, with undo and redo that survive closing.

    ``NAME.json`` lists them as they can be done again; ``NAME.journal`` holds the changed blocks.
    The list is written last: what a crash has cut short is not in it, and `settle` takes it back.

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
        self._list = read_edits(study, name)
        self._journal = Journal(self._journal_path)
        self._blocks = 0

    @property
    def edits(self) -> list[Edit]:
        """Corrections that hold, in order."""
        return [record.edit for record in self._list.done]

    @property
    def undone(self) -> list[Edit]:
        """Corrections that `redo` brings back, the next one last."""
        return [record.edit for record in self._list.undone]

    @property
    def accepted(self) -> list[Accepted]:
        """Particles that the corrections mark as right."""
        return [accepted_by(record.edit, record.accepted) for record in self._list.done]

    def change(self, array: Any, box: Box, after: NDArray[Any]) -> None:
        """Write a block of an array so that it can be taken back."""
        self._journal.record(box, array[box], after)
        array[box] = after
        self._blocks += 1

    def add(self, edit: Edit, touched: Touched, accepted: tuple[int, ...] = ()) -> None:
        """Keep a correction that consists of the blocks changed since the last one."""
        record = Record(edit=edit, blocks=self._blocks, touched=touched, accepted=accepted)
        self._list.done.append(record)
        self._list.undone.clear()
        self._blocks = 0
        if self._list.waiting[:1] == [edit]:
            self._list.waiting.pop(0)
        self.save()

    def take_back(self, array: Any) -> None:
        """Take back the blocks changed since the last correction."""
        for _ in range(self._blocks):
            self._journal.undo(array)
        self._blocks = 0

    def undo(self, array: Any) -> Record | None:
        """Take back the last correction, None if there is none; `save` keeps that."""
        if not self._list.done:
            return None
        record = self._list.done.pop()
        for _ in range(record.blocks):
            self._journal.undo(array)
        self._list.undone.append(record)
        return record

    def redo(self, array: Any) -> Record | None:
        """Do the last correction that was taken back again; `save` keeps that."""
        if not self._list.undone:
            return None
        record = self._list.undone.pop()
        for _ in range(record.blocks):
            self._journal.redo(array)
        self._list.done.append(record)
        return record

    def settle(self, array: Any) -> list[Box]:
        """Bring an array in line with the list after a crash; returns what changed."""
        wanted = sum(record.blocks for record in self._list.done)
        boxes = []
        while self._journal.count > wanted:
            boxes.append(self._journal.undo(array))
        while self._journal.count < wanted and self._journal.can_redo:
            boxes.append(self._journal.redo(array))
        return [box for box in boxes if box is not None]

    def start_over(self) -> list[Edit]:
        """Forget all blocks, because the particles were found anew; returns what to do again.

        What is not done again because the program ends is returned the next time.
        """
        again = [*self.edits, *self._list.waiting]
        self._list, self._blocks = EditList(waiting=again), 0
        self.save()
        remove(self._journal_path)
        self._journal = Journal(self._journal_path)
        return list(again)

    def give_up(self, edit: Edit) -> None:
        """Forget a correction that cannot be done again."""
        self._list.waiting.remove(edit)
        self.save()

    def save(self) -> None:
        """Write the list."""
        write_text(self._path, self._list.model_dump_json(indent=1) + "\n")
