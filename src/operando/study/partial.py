"""A result that is written block by block, and goes on where it was stopped."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from operando.atomic import plain_disk_errors, remove, swap_in, write_text

if TYPE_CHECKING:
    from pathlib import Path

_PLAN = "plan.json"
_DONE = "done-{}.txt"
"""Every program that computes blocks of the result notes them in a file of its own."""


def unfinished_folder(path: Path) -> Path:
    """Where the parts of a result lie until it is finished."""
    return path.with_name(f".{path.name}.unfinished")


class PartialResult:
    """Folder of an unfinished result with a map of the blocks that are done.

    Parameters
    ----------
    path
        Where the finished result goes.
    plan
        Says exactly what is being computed (settings and fingerprints of the inputs). What an
        earlier run left is used only if its plan is the same and its content is still there;
        otherwise it is thrown away.
    """

    def __init__(self, path: Path, plan: object) -> None:
        self._path = path
        self._work = unfinished_folder(path)
        self._done_file = self._work / _DONE.format(uuid.uuid4().hex[:8])
        self.content = self._work / "content"
        text = json.dumps(plan, sort_keys=True)
        with plain_disk_errors(path):
            if self._old_plan() != text or (self._read_done() and not self.content.exists()):
                self._remove_work()
                self._work.mkdir(parents=True)
                write_text(self._work / _PLAN, text)
            self._done = self._read_done()

    def is_done(self, block: str) -> bool:
        """Whether an earlier run finished this block."""
        return block in self._done

    def mark_done(self, block: str) -> None:
        """Note that a block is written."""
        with (
            plain_disk_errors(self._path),
            self._done_file.open("a", encoding="utf-8") as file,
        ):
            file.write(f"{block}\n")
        self._done.add(block)

    def publish(self) -> None:
        """Put the finished content in its place."""
        with plain_disk_errors(self._path):
            old = swap_in(self.content, self._path)
            self._remove_work()
            if old is not None:
                remove(old)

    def discard(self) -> None:
        """Throw away what was written; the finished result stands elsewhere."""
        self._remove_work()

    def _remove_work(self) -> None:
        # Without its plan, a folder that is only partly removed is not taken up again.
        remove(self._work / _PLAN)
        remove(self._work)

    def _old_plan(self) -> str | None:
        try:
            return (self._work / _PLAN).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _read_done(self) -> set[str]:
        files = self._work.glob(_DONE.format("*"))
        lines = [
            line
            for file in files
            for line in file.read_text(encoding="utf-8").splitlines(keepends=True)
        ]
        return {line.rstrip("\n") for line in lines if line.endswith("\n")}
