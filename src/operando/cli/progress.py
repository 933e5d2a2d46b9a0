"""Progress on one line of the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operando.compute.progress import Progress


class TerminalProgress:
    """Shows the progress of one step on one line of the terminal."""

    def __init__(self) -> None:
        self._title = ""
        self._last = 0.0
        self._interactive = sys.stderr.isatty()

    def start(self, title: str) -> None:
        """Begin a step."""
        self._title = title
        self._line(f"{title} …", end=not self._interactive)

    def __call__(self, progress: Progress) -> None:
        """Update the line, at most ten times a second."""
        if not self._interactive or time.monotonic() - self._last < 0.1:
            return
        self._last = time.monotonic()
        share = f"{progress.fraction:.0%}" if progress.fraction is not None else ""
        left = f"{progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
        parts = [self._title, progress.message, share, left]
        self._line(" · ".join(part for part in parts if part))

    def finish(self, text: str) -> None:
        """Replace the line by the result."""
        self._line(text, end=True)

    def _line(self, text: str, *, end: bool = False) -> None:
        erase = "\r\x1b[K" if self._interactive else ""
        sys.stderr.write(f"{erase}{text}" + ("\n" if end else ""))
        sys.stderr.flush()
