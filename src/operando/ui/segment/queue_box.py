"""What waits to be trained, scored or segmented, and what of it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from operando.segment.settings import TrainSettings
from operando.steps.train import Train
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from operando.steps import Step
    from operando.ui.session import Session

_ROWS_SHOWN = 5


class QueueBox(QWidget):
    """Lists what waits for the present job; hidden while nothing waits, runs or has failed.

    Parameters
    ----------
    session
        Runs the steps.
    parent
        Owner.

    Attributes
    ----------
    add : QPushButton
        Offered while a job runs; the panel says what is added.
    places : QListWidget
        One row for each that waits.
    """

    add_asked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: tuple[tuple[Step, ...], ...] = ()
        self.add = QPushButton("Add to the queue")
        self.add.setToolTip("Train with these settings too, after what runs and waits")
        self.title = QLabel()
        self.places = QListWidget()
        self.places.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.places.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.take_out = QPushButton("Take out")
        self.take_out.setToolTip("Take the selected row out of the queue")
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Take all rows out of the queue; what runs goes on")
        self.failures = text_label()
        buttons = QHBoxLayout()
        buttons.addWidget(self.title, 1)
        buttons.addWidget(self.take_out)
        buttons.addWidget(self.clear)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.add)
        column.addLayout(buttons)
        column.addWidget(self.places)
        column.addWidget(self.failures)
        self.add.clicked.connect(self.add_asked)
        self.take_out.clicked.connect(self._on_take_out)
        self.clear.clicked.connect(self._on_clear)
        self.refresh()

    def refresh(self) -> None:
        """Show the queue as it is now."""
        queue, failed = self._session.queue, self._session.failed
        if queue != self._shown:
            self._shown = queue
            row = self.places.currentRow()
            self.places.clear()
            self.places.addItems([queue_text(steps) for steps in queue])
            self.places.setCurrentRow(min(max(row, 0), len(queue) - 1))
            height = self.places.sizeHintForRow(0) * min(len(queue), _ROWS_SHOWN)
            self.places.setFixedHeight(height + 2 * self.places.frameWidth() + 2)
        for widget in (self.title, self.places, self.take_out, self.clear):
            widget.setVisible(bool(queue))
        self.title.setText(f"{len(queue)} waiting")
        several = len(failed) > 1 or (failed and failed[-1] is not self._session.job)
        names = ", ".join(queue_text((job.step,)).partition(" · ")[0] for job in failed)
        self.failures.setText(f"⚠ Failed: {names}. Point here to see why." if several else "")
        whys = (f"{queue_text((job.step,))}: {job.error}" for job in failed)
        self.failures.setToolTip("\n\n".join(whys))
        self.failures.setVisible(bool(several))
        self.add.setVisible(self._session.is_busy)
        self.setVisible(bool(queue) or bool(several) or self._session.is_busy)

    def _on_take_out(self) -> None:
        row = self.places.currentRow()
        if 0 <= row < len(self._shown):
            self._session.drop(self._shown[row])

    def _on_clear(self) -> None:
        for steps in self._session.queue:
            self._session.drop(steps)


def queue_text(steps: tuple[Step, ...]) -> str:
    """Say what is to be done: ``"Train model 3 · width 8, seed 1"``."""
    first = steps[0]
    name = getattr(first, "model", "")
    text = f"{first.title} {name}".strip()
    if isinstance(first, Train):
        usual = TrainSettings()
        other = [
            f"{(field.title or key).lower()} {getattr(first.settings, key)}"
            for key, field in TrainSettings.model_fields.items()
            if getattr(first.settings, key) != getattr(usual, key)
        ]
        text = " · ".join(filter(None, [text, ", ".join(other)]))
    rest = [step.title.lower() for step in steps[1:]]
    return ", then ".join([text, *rest])
