"""The time line dock: it shows the study's frames and follows the viewer, both ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout

from operando.ui import navigation
from operando.ui.dock.widgets import DockContent, add_dock
from operando.ui.theme import plot_colours
from operando.ui.timeline.plot import TimeLinePlot

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session


class TimeLine(DockContent):
    """Frames along the time axis with the voltage curve and what was measured.

    Parameters
    ----------
    session
        Study and viewer.
    parent
        Owner.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.plot = TimeLinePlot()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self.plot.frame_chosen.connect(self._on_frame_chosen)
        session.study_changed.connect(self.refresh)
        session.products_changed.connect(self._on_products)
        session.viewer.dims.events.current_step.connect(self._on_step)
        session.viewer.events.theme.connect(self._on_theme)
        self._on_theme()
        self.refresh()

    def unlink(self) -> None:
        """Let go of session and viewer, before this widget goes."""
        self._session.study_changed.disconnect(self.refresh)
        self._session.products_changed.disconnect(self._on_products)
        self._session.viewer.dims.events.current_step.disconnect(self._on_step)
        self._session.viewer.events.theme.disconnect(self._on_theme)

    def refresh(self) -> None:
        """Show the open study as it is now."""
        study = self._session.study
        classes = study.strokes().classes if study else ()
        self.plot.set_study(study, classes)
        self._on_step()

    def _on_products(self, step_name: str) -> None:
        del step_name
        self.refresh()

    def _on_step(self) -> None:
        study = self._session.study
        if study is not None:
            frame = navigation.current_frame(self._session.viewer, len(study.times))
            self.plot.set_frame(frame)

    def _on_frame_chosen(self, frame: int) -> None:
        navigation.go_to_frame(self._session.viewer, frame)

    def _on_theme(self) -> None:
        self.plot.set_colours(*plot_colours(self._session.viewer))


def open_time_line(session: Session) -> TimeLine | None:
    """Dock a time line below the canvas; None if the viewer has no window."""
    line = TimeLine(session)
    if add_dock(session.viewer, line, "Time line", "bottom"):
        return line
    line.unlink()
    return None
