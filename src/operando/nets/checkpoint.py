"""Keep how far a training is on disk, so that one that was stopped goes on from there."""

from __future__ import annotations

import contextlib
import io
import time
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import torch

from operando.atomic import replacing
from operando.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

SECONDS = 15.0
"""Between two checkpoints at least: what stopping costs at most."""
LARGEST_SHARE = 0.05
"""Of the time, for slow disks and wide networks."""


class Checkpoint:
    """A file with the state of a training, written anew every so often, never half.

    Parameters
    ----------
    path
        The file; its folder is made. Whoever names it removes it, and sees to it that it is not
        taken up by a training of something else.
    rng
        What patches are drawn with; its state is part of that of the training.
    """

    def __init__(self, path: Path, rng: np.random.Generator) -> None:
        self._path, self._rng = path, rng
        self._begun = time.monotonic()
        self._due = self._begun + SECONDS
        self.seconds_before = 0.0
        """That were spent before the training was stopped."""

    def load(self) -> dict[str, Any] | None:
        """Return what was saved last; None if there is nothing, or nothing that can be read."""
        try:
            kept: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except (OSError, EOFError, RuntimeError, UnpicklingError):
            return None
        self._rng.bit_generator.state = kept["random"]
        self.seconds_before = kept["seconds"]
        return dict(kept["state"])

    def save_if_due(self, state: Callable[[], dict[str, Any]]) -> None:
        """Save if the last time is long enough ago; where that fails, training goes on without."""
        now = time.monotonic()
        if now < self._due:
            return
        kept = {
            "state": state(),
            "random": self._rng.bit_generator.state,
            "seconds": self.seconds_before + now - self._begun,
        }
        with contextlib.suppress(FileError), replacing(self._path) as partial:
            content = io.BytesIO()
            torch.save(kept, content)
            partial.write_bytes(content.getbuffer())
        after = time.monotonic()
        self._due = after + max(SECONDS, (after - now) / LARGEST_SHARE)
