"""What a measurement that is still running shows of its field."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from operando.study.fields import preview_path, read_preview

if TYPE_CHECKING:
    from operando.data import DisplacementField
    from operando.ui.session import Session


class RunningPreview:
    """Reads the preview that the session's job writes, whenever it is newer.

    Parameters
    ----------
    session
        Runs the job.

    Attributes
    ----------
    field : DisplacementField or None
        What is known so far.
    pair : tuple of int or None
        Reference and deformed frame.
    refined : bool
        Whether tiles of the real measurement are in it.
    """

    changed = Signal()
    """There is another preview, or none any more."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read_at = 0
        self.field: DisplacementField | None = None
        self.pair: tuple[int, int] | None = None
        self.refined = False
        session.job_changed.connect(self._on_job)

    def close(self) -> None:
        """Listen no more."""
        self._session.job_changed.disconnect(self._on_job)

    def clear(self) -> None:
        """Forget the preview: the result is there."""
        self.field, self.pair, self._read_at = None, None, 0

    def _on_job(self) -> None:
        step = self._running_step()
        if step is not None:
            self._read(step)
        elif self.field is not None:
            self.clear()
            self.changed.emit()

    def _running_step(self) -> Any:
        job = self._session.job
        running = job is not None and self._session.is_busy and not job.state.is_over
        return job.step if job is not None and running and job.step.name == "strain" else None

    def _read(self, step: Any) -> None:
        study = self._session.study
        if study is None:
            return
        (product,) = step.outputs(study)
        path = study.product_path(product)
        with suppress(OSError):  # there is none yet, or the measurement just ended
            written = preview_path(path).stat().st_mtime_ns
            if written == self._read_at:
                return
            self.field = read_preview(path)
            self._read_at = written
            reference, _, deformed = step.pair(study).partition("-")
            self.pair = int(reference), int(deformed)
            self.refined = self.field.spacing == (step.spacing,) * 3
            self.changed.emit()
