"""Runs that were cut short: what they had replaced by then is no result of the run before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from operando.atomic import plain_disk_errors, remove, write_text
from operando.study.lock import is_alive, this_process
from operando.study.products import product_path
from operando.study.source_state import file_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from operando.study.record import Recipe

FOLDER = ".running"


class Underway:
    """Notes of the runs that write products of a study, one file for each while it lasts.

    Parameters
    ----------
    folder
        The study.
    recipe
        Its record: a run is in it once it has finished.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._folder, self._recipe = folder, recipe

    def begin(self, run: str, products: Sequence[str]) -> None:
        """Note which products a run is going to replace.

        Parameters
        ----------
        run
            Identifies it in the recipe.
        products
            Such as ``"phases/phases"``.

        Raises
        ------
        InputError
            If one is no name of a product.
        FileError
            If nothing can be written.
        """
        note = {"products": {name: self._state(name) for name in products}, **this_process()}
        path = self._path(run)
        with plain_disk_errors(path):
            path.parent.mkdir(exist_ok=True)
        write_text(path, json.dumps(note))

    def end(self, run: str) -> None:
        """Forget a run; of one that is not recorded, what it replaced has no maker any more."""
        path = self._path(run)
        if not path.exists():
            return
        if all(entry.id != run for entry in self._recipe.entries):
            before = json.loads(path.read_text(encoding="utf-8"))["products"]
            self._recipe.disown({name for name in before if self._state(name) != before[name]})
        remove(path)

    def settle(self, *, alone: bool = False) -> None:
        """End the runs of programs that are gone: of all, if this one has just taken the study."""
        for path in (self._folder / FOLDER).glob("*.json"):
            if alone or not is_alive(json.loads(path.read_text(encoding="utf-8"))):
                self.end(path.stem)

    def _path(self, run: str) -> Path:
        return self._folder / FOLDER / f"{run}.json"

    def _state(self, product: str) -> list[Any]:
        path = product_path(self._folder, product)
        return [path.name, *(file_version(path) or ())]
