"""The learning curve of the training that runs, or of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.steps.training_runs import learning_curve
from operando.ui.jobs.loss_curve import LossCurve, curve_of
from operando.ui.theme import plot_colours

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from operando.jobs import Job
    from operando.study import Study
    from operando.ui.session import Session

_MODEL = "model"


class TrainingCurve(LossCurve):
    """Shows how a training of a session's study goes; hidden while there is no line to draw.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._drawn: object = None
        self.hide()
        session.viewer.events.theme.connect(self._on_theme)
        self._on_theme()

    def refresh(self, job: Job | None) -> None:
        """Draw the training that runs, or the last one.

        Parameters
        ----------
        job
            The panel's job, whatever it does.
        """
        if job is not None and job.step.name == "train":
            self._draw((job, len(job.reports)), curve_of(job.reports))
            return
        train = self._session.status("train")
        entry = train.entry if train is not None else None
        if entry is None:
            self._draw(None, np.empty((0, 3)))
        elif entry.id != self._drawn:
            curve = stored_curve(self._session.study, entry.settings.get("model", _MODEL))
            self._draw(entry.id, curve)

    def close_curve(self) -> None:
        """Listen no more."""
        self._session.viewer.events.theme.disconnect(self._on_theme)

    def _draw(self, key: object, curve: NDArray[np.float64]) -> None:
        if key != self._drawn:
            self._drawn = key
            self.set_curve(curve)
            self.setVisible(len(curve) > 1)

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.set_colours(*plot_colours(self._session.viewer))


def stored_curve(study: Study | None, model: str) -> NDArray[np.float64]:
    """Curve ``(n, 3)`` that was kept with a model of a study; empty without one."""
    if study is None:
        return np.empty((0, 3))
    return learning_curve(study, model)[["step", "loss", "held_out_loss"]].to_numpy(float)
