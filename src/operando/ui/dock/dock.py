"""The dock "Operando": the study at a glance, and every step's panel in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt, QThreadPool, QTimer
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from operando.ui.collector import Collector
from operando.ui.dock.accordion import Accordion
from operando.ui.dock.section import Section
from operando.ui.dock.time_line_button import DOCK_WIDTH, TimeLineButton
from operando.ui.jobs.stopping import may_stop
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

_LEAST_WIDTH = 400
_POLL_MS = 50
_SOON_MS = 250
_LAST_WORK_MS = 2000


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
    """

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turns = Turns(self)
        self.session = Session(viewer, self._turns)
        self._seen_job: tuple[Any, Any] = (None, None)
        self._window: QMainWindow | None = None
        self._closed = False
        self._collector = Collector(self)
        self._line = TimeLineButton(self.session, self)
        self._name = QLabel()
        self._facts = QLabel()
        self.panels = tuple(panel(self.session) for panel in PANELS)
        self._accordion = Accordion([Section(panel.title, panel) for panel in self.panels])
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
        return QSize(DOCK_WIDTH, 700)

    def minimumSizeHint(self) -> QSize:
        """Return the least width at which panels can be used."""
        return QSize(_LEAST_WIDTH, 200)

    @property
    def sections(self) -> tuple[Section, ...]:
        """A line with its panel for every step, from top to bottom."""
        return self._accordion.sections

    @property
    def time_line(self) -> TimeLine | None:
        """The dock below the canvas, while it is open."""
        return self._line.line

    def show_time_line(self) -> None:
        """Open the time line below the canvas, if it is not open yet."""
        self._line.open()

    def open_section(self, title: str) -> None:
        """Open one section and close the others."""
        self._accordion.open(title)

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
        self._line.refresh()

    def event(self, event: QEvent) -> bool:
        """Close the session when napari takes the widget out of its dock."""
        if event.type() == QEvent.Type.ParentChange:
            self._watch_window()
            if self.parent() is None:
                self._line.remove()
                self.close_session()
        return super().event(event)

    def showEvent(self, event: QEvent) -> None:
        """Watch the window that it is in, to ask before it closes while a job runs."""
        super().showEvent(event)
        self._watch_window()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask before the window closes while a job runs; close the session when it has.

        Who closes the window by its frame is asked by napari afterwards, and may say no.
        """
        if watched is self._window and event.type() in (QEvent.Type.Close, QEvent.Type.Hide):
            asks = event.type() == QEvent.Type.Close and self._shows_canvas()
            if asks and not may_stop(self.session, self):
                event.ignore()
                return True
            if not event.spontaneous():  # nor asked about by napari yet, nor only minimised
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
        # Threads that were told to stop read what is about to be closed.
        QThreadPool.globalInstance().waitForDone(_LAST_WORK_MS)
        self.session.close()
        self._collector.close()

    def _lay_out(self) -> None:
        big = self._name.font()
        big.setPointSizeF(1.25 * big.pointSizeF())
        self._name.setFont(big)
        self._facts.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 2, 4)
        layout.setSpacing(2)
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        top.addWidget(self._line)
        layout.addLayout(top)
        layout.addWidget(self._facts)
        layout.addSpacing(6)
        layout.addWidget(self._accordion, 1)

    def _show_states(self) -> None:
        for section, panel in zip(self.sections, self.panels, strict=True):
            section.header.set_state(*panel.state())

    def _watch_window(self) -> None:
        window = self._main_window()
        if self._closed or window is None or window is self._window:
            return
        if self._window is not None:
            self._window.removeEventFilter(self)
        self._window = window
        window.installEventFilter(self)

    def _main_window(self) -> QMainWindow | None:
        """Window that it belongs to, also while it floats beside it."""
        part = self.parentWidget()
        while part is not None and not isinstance(part, QMainWindow):
            part = part.parentWidget()
        return part

    def _shows_canvas(self) -> bool:
        """Whether the window is still whole; scripts that close napari take its canvas first."""
        whole = Qt.FindChildOption.FindDirectChildrenOnly
        central = self._window.centralWidget() if self._window is not None else None
        parts = central.findChildren(QWidget, options=whole) if central is not None else []
        return any(part.isVisible() for part in parts)

    def _on_study(self) -> None:
        self.refresh()
        self._line.offer()
        if self.session.study is not None:
            # Layers and docks that come with a study take room from the canvas.
            self.session.later(self._fit.start)

    def _on_products(self, step_name: str) -> None:
        self.refresh()
        if step_name == CYCLING:
            self._line.offer()

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
