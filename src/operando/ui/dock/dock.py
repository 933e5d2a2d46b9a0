"""The dock "Operando": the study at a glance, and every step's panel in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtWidgets import (
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from operando.ui.dock.section import Section
from operando.ui.jobs.turns import Turns
from operando.ui.panels.align import AlignPanel
from operando.ui.panels.annotate import AnnotatePanel
from operando.ui.panels.clean import CleanPanel
from operando.ui.panels.cycling_box import TABLE as CYCLING
from operando.ui.panels.data import DataPanel
from operando.ui.panels.particles import ParticlesPanel
from operando.ui.panels.report import ReportPanel
from operando.ui.panels.segment import SegmentPanel
from operando.ui.panels.strain import StrainPanel
from operando.ui.session import Session
from operando.ui.timeline.dock import open_time_line
from operando.ui.wording import study_line

if TYPE_CHECKING:
    import napari.viewer
    from qtpy.QtCore import QObject

    from operando.ui.panels.panel import Panel
    from operando.ui.timeline.dock import TimeLine

PANELS: tuple[type[Panel], ...] = (
    DataPanel,
    CleanPanel,
    AlignPanel,
    AnnotatePanel,
    SegmentPanel,
    ParticlesPanel,
    StrainPanel,
    ReportPanel,
)
"""Sections from top to bottom, in the order of the work."""

_WIDTH, _LEAST_WIDTH = 430, 400
_LINE_HEIGHT = 210
_POLL_MS = 50
_SOON_MS = 250


class OperandoDock(QWidget):
    """The study's name and size, then the steps as an accordion.

    Owns the session: closing the dock stops the job and closes the study.

    Parameters
    ----------
    viewer
        napari viewer.
    parent
        Owner.

    Attributes
    ----------
    session : Session
    panels : tuple of Panel
    time_line : TimeLine or None
        The dock below the canvas, while it is open.
    """

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turns = Turns(self)
        self.session = Session(viewer, self._turns)
        self._seen_job: tuple[Any, Any] = (None, None)
        self._window: QWidget | None = None
        self._closed = False
        self.time_line: TimeLine | None = None
        self._open_line = QToolButton()
        self._name = QLabel()
        self._facts = QLabel()
        self.panels = tuple(panel(self.session) for panel in PANELS)
        self.sections = tuple(Section(panel.title, panel) for panel in self.panels)
        for panel in self.panels:
            panel.state_changed.connect(self._show_states)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self.session.poll)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self.refresh)
        self._fit = QTimer(self)
        self._fit.setSingleShot(True)
        self._fit.setInterval(_SOON_MS)
        self._fit.timeout.connect(viewer.reset_view)
        self.session.study_changed.connect(self._on_study)
        self.session.products_changed.connect(self._on_products)
        self.session.strokes_changed.connect(self._on_strokes)
        self.session.job_changed.connect(self._on_job)
        self.open_section(self.panels[0].title)
        self.refresh()

    def sizeHint(self) -> QSize:
        """Return a width at which nothing is cut off."""
        return QSize(_WIDTH, 700)

    def minimumSizeHint(self) -> QSize:
        """Return the least width at which panels can be used."""
        return QSize(_LEAST_WIDTH, 200)

    def open_section(self, title: str) -> None:
        """Open one section and close the others."""
        for section in self.sections:
            section.set_open(section.header.text() == title)

    def refresh(self) -> None:
        """Show the study, its products and the job as they are now."""
        if self._closed:
            return
        study = self.session.study
        self._name.setText(f"<b>{study.name}</b>" if study else "<b>No study</b>")
        self._facts.setText(study_line(study) if study else "Open images or a study to begin.")
        for panel in self.panels:
            panel.refresh()
        self._show_states()
        several = study is not None and len(study.times) > 1
        self._open_line.setVisible(several and self.time_line is None)

    def show_time_line(self) -> None:
        """Open the time line below the canvas, if it is not open yet."""
        if self.time_line is not None:
            return
        self.time_line = open_time_line(self.session)
        if self.time_line is not None:
            self.time_line.closed.connect(self._on_line_closed)
            self._arrange(self.time_line.parent())
            self._open_line.hide()

    def event(self, event: QEvent) -> bool:
        """Close the session when napari takes the widget out of its dock."""
        if event.type() == QEvent.Type.ParentChange:
            self._watch_window()
            if self.parent() is None:
                self._remove_time_line()
                self.close_session()
        return super().event(event)

    def showEvent(self, event: QEvent) -> None:
        """Watch the window that it is in, to ask before it closes while a job runs."""
        super().showEvent(event)
        self._watch_window()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask before the window closes while a job runs; close the session when it does."""
        if watched is self._window and event.type() == QEvent.Type.Close:
            if self.session.is_busy and event.spontaneous() and not self._may_stop():
                event.ignore()
                return True
            self.close_session()
        return super().eventFilter(watched, event)

    def close_session(self) -> None:
        """Stop the job, close the study, and let go of the window."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        self._soon.stop()
        self._fit.stop()
        self._turns.clear()
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
        for panel in self.panels:
            panel.close_panel()
        self.session.close()

    def _lay_out(self) -> None:
        big = self._name.font()
        big.setPointSizeF(1.25 * big.pointSizeF())
        self._name.setFont(big)
        self._facts.setWordWrap(True)
        content = QWidget()
        content.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(1)
        for section in self.sections:
            section.toggled.connect(self._on_toggled)
            column.addWidget(section)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        self._scroll = scroll
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 2, 4)
        layout.setSpacing(2)
        self._open_line.setText("Time line")
        self._open_line.setToolTip("Frames with the voltage curve, below the canvas")
        self._open_line.clicked.connect(self.show_time_line)
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        top.addWidget(self._open_line)
        layout.addLayout(top)
        layout.addWidget(self._facts)
        layout.addSpacing(6)
        layout.addWidget(scroll, 1)

    def _show_states(self) -> None:
        for section, panel in zip(self.sections, self.panels, strict=True):
            section.header.set_state(*panel.state())

    def _arrange(self, line_dock: QWidget | None) -> None:
        """Keep the dock at full height and width beside a low time line."""
        window, own_dock = self.window(), self.parent()
        if isinstance(window, QMainWindow) and isinstance(line_dock, QDockWidget):
            right = Qt.DockWidgetArea.RightDockWidgetArea
            window.setCorner(Qt.Corner.BottomRightCorner, right)
            window.resizeDocks([line_dock], [_LINE_HEIGHT], Qt.Orientation.Vertical)
            if isinstance(own_dock, QDockWidget):
                window.resizeDocks([own_dock], [_WIDTH], Qt.Orientation.Horizontal)

    def _watch_window(self) -> None:
        window = self.window()
        if self._closed or window is self._window or window is self:
            return
        if self._window is not None:
            self._window.removeEventFilter(self)
        self._window = window
        window.installEventFilter(self)

    def _may_stop(self) -> bool:
        job = self.session.job
        answer = QMessageBox.question(
            self,
            "Operando",
            f"{job.step.title if job else 'A job'} is still running. Stop it and close?",
        )
        return answer == QMessageBox.StandardButton.Yes

    def _on_toggled(self, opened: bool) -> None:
        sender = self.sender()
        if not opened or not isinstance(sender, Section):
            return
        for section in self.sections:
            if section is not sender:
                section.set_open(False)
        QTimer.singleShot(0, self._show_open_section)

    def _show_open_section(self) -> None:
        """Scroll as little as shows the whole section, and its line in any case."""
        bar, height = self._scroll.verticalScrollBar(), self._scroll.viewport().height()
        for section in self.sections:
            if section.is_open:
                bar.setValue(max(bar.value(), section.y() + section.height() - height))
                bar.setValue(min(bar.value(), section.y()))

    def _on_study(self) -> None:
        self.refresh()
        self._offer_time_line()
        if self.session.study is not None:
            # Layers and docks that come with a study take room from the canvas.
            self.session.later(self._fit.start)

    def _on_products(self, step_name: str) -> None:
        self.refresh()
        if step_name == CYCLING:
            self._offer_time_line()

    def _offer_time_line(self) -> None:
        """Open the time line with a study that has something to show over time."""
        study = self.session.study
        if study and len(study.times) > 1 and study.products("tables"):
            self.session.later(self.show_time_line)

    def _on_line_closed(self) -> None:
        self.time_line = None
        self._open_line.setVisible(self.session.study is not None)

    def _remove_time_line(self) -> None:
        if self.time_line is not None:
            self.session.viewer.window.remove_dock_widget(self.time_line)

    def _on_strokes(self) -> None:
        self._soon.start()

    def _on_job(self) -> None:
        job = self.session.job
        seen = (job, job.state if job else None)
        if seen != self._seen_job:
            self._seen_job = seen
            self.refresh()
        for panel in self.panels:
            panel.refresh_job()
        self._show_states()
        if self.session.is_busy:
            self._timer.start()
        else:
            self._timer.stop()
