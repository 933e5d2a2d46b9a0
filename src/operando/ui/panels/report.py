"""The panel Report: everything that was found on one page, to keep and to send."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from operando.report import report_path, write_report
from operando.study import Study
from operando.ui.dock.section import Mark
from operando.ui.jobs.background import Background
from operando.ui.panels.panel import Panel, text_label

if TYPE_CHECKING:
    from pathlib import Path

    from operando.ui.session import Session

_SENTENCE = (
    "One page with pictures, numbers, error bars and the recipe that repeats them. It is a single "
    "file that any browser shows."
)


class ReportPanel(Panel):
    """Writes the report of the study in a thread and opens it in the browser.

    Parameters
    ----------
    session
        The study.
    parent
        Owner.

    Attributes
    ----------
    primary, show_button : QPushButton
        Writes the report; opens the one there is.
    """

    title = "Report"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._closed = False
        self._background = Background(self)
        self._background.finished.connect(self._show_progress)
        self.primary = QPushButton("Write report")
        self.primary.setToolTip("Write the page anew from what the study holds now, and open it")
        self.show_button = QPushButton("Open")
        self.show_button.setToolTip("Show the report there is in the browser")
        self.place = text_label()
        buttons = QHBoxLayout()
        buttons.addWidget(self.primary, 1)
        buttons.addWidget(self.show_button)
        self.column.addWidget(text_label(_SENTENCE))
        self.column.addLayout(buttons)
        self.column.addWidget(self.place)
        self.column.addWidget(self.error)
        self.primary.clicked.connect(self.write)
        self.show_button.clicked.connect(self.show_page)
        self.refresh()

    @property
    def is_busy(self) -> bool:
        """Whether a report is being written."""
        return self._background.is_busy

    def refresh(self) -> None:
        """Offer what there is."""
        path = self._path
        written = path is not None and path.exists()
        self.primary.setEnabled(path is not None and not self.is_busy)
        self.show_button.setEnabled(written)
        self.place.setText("Writing …" if self.is_busy else str(path) if written else "")
        self.place.setVisible(bool(self.place.text()))

    def state(self) -> tuple[Mark, str]:
        """Whether there is a report, and whether the study has changed since."""
        study, path = self.session.study, self._path
        if self.is_busy:
            return Mark.RUNNING, "writing"
        if study is None or path is None or not path.exists():
            return Mark.NOT_YET, ""
        newer = is_older(path, study)
        return (Mark.OUT_OF_DATE, "out of date") if newer else (Mark.DONE, path.name)

    def write(self) -> None:
        """Write the report, then show it."""
        study = self.session.study
        if study is None or self.is_busy:
            return
        self.show_error(None)
        self._background.start(partial(_write, study.path), self._on_written, self.show_error)
        self._show_progress()

    def show_page(self) -> None:
        """Open the report in the browser."""
        if self._path is not None and self._path.exists():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path)))

    def close_panel(self) -> None:
        """Show nothing of what still comes."""
        self._closed = True

    @property
    def _path(self) -> Path | None:
        study = self.session.study
        return report_path(study) if study else None

    def _show_progress(self) -> None:
        if not self._closed:
            self.refresh()
            self.state_changed.emit()

    def _on_written(self, path: Path) -> None:
        if not self._closed and path == self._path:
            self.show_page()


def is_older(page: Path, study: Study) -> bool:
    """Whether the recipe, the calibration or a table changed after a report was written."""
    written = page.stat().st_mtime_ns
    tables = (study.product_path(f"tables/{name}") for name in study.products("tables"))
    changes = (study.recipe_path, study.path / "study.json", *tables)
    return any(path.exists() and path.stat().st_mtime_ns > written for path in changes)


def _write(folder: Path) -> Path:
    """Write the report of a study, opened apart so that the window can go on using its own."""
    with Study.open(folder, read_only=True) as study:
        return write_report(study)
