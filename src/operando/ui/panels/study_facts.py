"""What the open study is made of, with the voxel size and times to correct."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QElidingLabel

from operando.errors import OperandoError
from operando.files import describe
from operando.ui.forms.calibration import CalibrationForm
from operando.ui.jobs.background import Background
from operando.ui.jobs.stopping import may_stop
from operando.ui.panels.convert_box import ConvertBox
from operando.ui.panels.cycling_box import CyclingBox
from operando.ui.panels.histogram import GreyHistogram
from operando.ui.panels.panel import text_label
from operando.ui.wording import bytes_text, count, shape_text, times_text, voxel_size_text

if TYPE_CHECKING:
    from operando.files import Description
    from operando.study import Study
    from operando.ui.session import Session


class StudyFacts(QWidget):
    """Lists facts about the study and warnings about its images.

    Parameters
    ----------
    session
        Whose study is shown.
    parent
        Owner.
    """

    failed = Signal(object)
    """An error that is meant for the user, or None when all is well again."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown_for: tuple[object, ...] = ()
        self._described_for: tuple[object, ...] = ()
        self._background = Background(self)
        self.facts: dict[str, QElidingLabel] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self.warnings = text_label()
        self.warnings.hide()
        self.histogram = GreyHistogram()
        self.convert = ConvertBox(session)
        self.cycling = CyclingBox(session)
        self.edit = QPushButton("Voxel size and times…")
        self.edit.setCheckable(True)
        self.close_study = QPushButton("Close study")
        self.calibration = CalibrationForm()
        self.apply = QPushButton("Apply")
        self._editor = QWidget()
        editor = QVBoxLayout(self._editor)
        editor.setContentsMargins(0, 4, 0, 4)
        editor.addWidget(self.calibration)
        editor.addWidget(self.apply)
        self._editor.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self.edit)
        buttons.addWidget(self.close_study)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._grid)
        column.addWidget(self.histogram)
        column.addWidget(self.warnings)
        column.addWidget(self.convert)
        column.addWidget(self.cycling)
        column.addLayout(buttons)
        column.addWidget(self._editor)
        self.convert.failed.connect(self.failed)
        self.cycling.failed.connect(self.failed)
        self.edit.toggled.connect(self._on_edit)
        self.apply.clicked.connect(self._on_apply)
        self.close_study.clicked.connect(self._on_close)
        self.calibration.valueChanged.connect(self._on_value)

    @property
    def is_busy(self) -> bool:
        """Whether the images are being looked at."""
        return self._background.is_busy or self.cycling.is_busy

    def refresh(self) -> None:
        """Show the study as it is now."""
        study = self._session.study
        if study is None:
            return
        asked = _state(study)
        if asked != self._shown_for:
            self._shown_for = asked
            self.edit.setChecked(False)
            self._described(None)
        if asked != self._described_for and not self._background.is_busy:
            self._described_for = asked
            self._background.start(partial(describe, study.series), self._take, self._dropped)
        for title, text in facts_of(study).items():
            self._show_fact(title, text)
        self.edit.setEnabled(study.writable)
        self.cycling.refresh()

    def _show_fact(self, title: str, text: str) -> None:
        if title not in self.facts:
            label = QElidingLabel()
            label.setElideMode(Qt.TextElideMode.ElideMiddle)
            row = len(self.facts)
            self._grid.addWidget(QLabel(title), row, 0)
            self._grid.addWidget(label, row, 1)
            self.facts[title] = label
        self.facts[title].setText(text)
        self.facts[title].setToolTip(text)

    def _take(self, description: Description) -> None:
        """Show a description; if another study was opened meanwhile, describe that one."""
        if self._described_for == self._shown_for:
            self._described(description)
        self.refresh()

    def _described(self, description: Description | None) -> None:
        warnings = description.warnings if description else ()
        self.warnings.setText("\n".join(f"⚠ {text}" for text in warnings))
        self.warnings.setVisible(bool(warnings))
        self.histogram.set_description(description)
        self.convert.set_reason(description.slow if description else "")

    def _dropped(self, error: OperandoError) -> None:
        if self._described_for == self._shown_for:
            self.failed.emit(error)
        self.refresh()

    def _on_edit(self, shown: bool) -> None:
        study = self._session.study
        if shown and study is not None:
            self.calibration.set_series(
                len(study.times), study.voxel_size, study.times, "as they are"
            )
        self._editor.setVisible(shown)

    def _on_value(self) -> None:
        self.apply.setEnabled(self.calibration.voxel_size is not None)

    def _on_apply(self) -> None:
        try:
            self._session.calibrate(self.calibration.voxel_size, self.calibration.times)
        except OperandoError as error:
            self.failed.emit(error)
            return
        self.failed.emit(None)
        self.edit.setChecked(False)

    def _on_close(self) -> None:
        if may_stop(self._session, self, "close the study"):
            self._session.close_study()


def _state(study: Study) -> tuple[object, ...]:
    """Tell one study, or state of it, from another."""
    return id(study), study.voxel_size, study.times, study.series.source


def facts_of(study: Study) -> dict[str, str]:
    """Facts about a study, each with its title."""
    series = study.series
    channels = f", {count(series.n_channels, 'channel')}" if series.n_channels > 1 else ""
    several = f"{series.n_frames}, {times_text(study.times)}"
    return {
        "Voxels": f"{shape_text(series.volume_shape)} (z, y, x){channels}",
        "Voxel size": voxel_size_text(study.voxel_size),
        "Frames": several if series.n_frames > 1 else "a single one",
        "Size": f"{bytes_text(series.nbytes)}, {series.data.dtype}",
        "Images": common_place(study),
        "Study": str(study.path),
    }


def common_place(study: Study) -> str:
    """File that the images come from, or the folder that holds them all."""
    source = study.series.source
    return os.path.commonpath(source) if source else "in the study"
