"""One progress record for every long computation, and the way to stop it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a computation is.

    Parameters
    ----------
    done, total
        Units of work finished and in all; `total` 0 means that it is not known.
    unit
        What is counted: "tiles", "steps", "nodes".
    message
        What is being done now, in a few words.
    seconds_left
        Estimate, or None while it cannot be told.
    values
        Numbers worth plotting while it runs, such as ``{"loss": 0.4}``.
    """

    done: int
    total: int
    unit: str = ""
    message: str = ""
    seconds_left: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def fraction(self) -> float | None:
        """Share done, 0 to 1, or None while the total is not known."""
        return min(1.0, self.done / self.total) if self.total else None


ProgressCallback = Callable[[Progress], None]
"""Called often, at least once a second. To stop the computation it raises `Cancelled`."""


class PartProgress:
    """Shows the progress of equal parts, one after the other, as that of the whole.

    Parameters
    ----------
    callback
        Receives the records of the whole; None reports to nobody.
    parts
        How many parts there are.
    """

    def __init__(self, callback: ProgressCallback | None, parts: int) -> None:
        self._callback = callback
        self._parts = parts
        self._part = 0
        self._seconds_per_part: float | None = None

    def next_part(self) -> None:
        """Go on to the next part."""
        self._part += 1

    def __call__(self, progress: Progress) -> None:
        """Report progress within the current part."""
        if self._callback is None:
            return
        left, fraction = progress.seconds_left, progress.fraction
        if left is not None and fraction is not None and fraction < 1:
            self._seconds_per_part = left / (1 - fraction)
        if left is not None and self._seconds_per_part is not None:
            left += self._seconds_per_part * (self._parts - self._part - 1)
        self._callback(
            replace(
                progress,
                done=self._part * progress.total + progress.done,
                total=self._parts * progress.total,
                seconds_left=left,
            )
        )


class Stopwatch:
    """Reports the progress of one stage with an estimate of the time left.

    Parameters
    ----------
    callback
        Receives the records; None reports to nobody.
    total, unit, message
        As in `Progress`.
    """

    def __init__(
        self, callback: ProgressCallback | None, total: int, unit: str, message: str = ""
    ) -> None:
        self._callback = callback
        self._total = total
        self._unit = unit
        self._message = message
        self._start = time.monotonic()
        self._done = self._skipped = 0
        self.advance(0)

    def skip(self, by: int = 1, values: Mapping[str, float] | None = None) -> None:
        """Count units that an earlier run did, which say nothing about the time left."""
        self._skipped += by
        self._start = time.monotonic()
        self.advance(by, values=values)

    def advance(
        self, by: int = 1, message: str | None = None, values: Mapping[str, float] | None = None
    ) -> None:
        """Count `by` more units as done and report."""
        self._done += by
        if message is not None:
            self._message = message
        if self._callback is None:
            return
        elapsed = time.monotonic() - self._start
        left = None
        if self._done > self._skipped and self._total:
            left = elapsed / (self._done - self._skipped) * max(0, self._total - self._done)
        self._callback(
            Progress(
                done=self._done,
                total=self._total,
                unit=self._unit,
                message=self._message,
                seconds_left=left,
                values=values or {},
            )
        )
