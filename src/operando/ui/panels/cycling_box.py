"""The cycling record of a study, and where it lies on the time axis of the images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from operando.chemistry import (
    CYCLER_ENDINGS,
    cycling_at,
    offset_from_dates,
    read_cycling,
    shift_cycling,
)
from operando.errors import OperandoError
from operando.ui.forms.fields import FloatField, show_value
from operando.ui.jobs.background import Background
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    import pandas as pd

    from operando.study import Study
    from operando.ui.session import Session

_LONGEST_H = 1e5
TABLE = "cycling"


class CyclingBox(QWidget):
    """Reads a cycler's file into the study, shows what it covers, and moves it in time.

    Parameters
    ----------
    session
        Whose study gets the record.
    parent
        Owner.
    """

    failed = Signal(object)
    """An error that is meant for the user, or None when all is well again."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._background = Background(self)
        self.facts = text_label()
        self.add = QPushButton("Add cycling data…")
        self.add.setToolTip("CSV, BDF, Excel, BioLogic .mpt, Neware .nda and .ndax, and others")
        self.offset = FloatField(-_LONGEST_H, _LONGEST_H, "h")
        self.offset.setToolTip(
            "Time of the images at which the record begins; negative if it began before them"
        )
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Record begins at"))
        row.addWidget(self.offset, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.facts)
        column.addWidget(self._row)
        column.addWidget(self.add)
        self.add.clicked.connect(self._choose)
        self.offset.valueChanged.connect(self._on_offset)

    @property
    def is_busy(self) -> bool:
        """Whether a file is being read."""
        return self._background.is_busy

    def refresh(self) -> None:
        """Show the record of the open study, if it has one."""
        study = self._session.study
        if study is None:
            return
        table = study.table(TABLE) if TABLE in study.products("tables") else None
        self.facts.setVisible(table is not None)
        self._row.setVisible(table is not None)
        self.add.setText("Add cycling data…" if table is None else "Replace cycling data…")
        self.add.setEnabled(study.writable)
        self.offset.setEnabled(study.writable)
        if table is not None:
            self.facts.setText(cycling_text(table, study.times))
            show_value(self.offset, float(table.attrs.get("offset_h", 0.0)))

    def read(self, path: Path) -> None:
        """Read a file in a thread and put it into the study."""
        study = self._session.study
        if study is None or self.is_busy:
            return
        self.failed.emit(None)
        self.add.setEnabled(False)
        self.add.setText(f"Reading {path.name} …")
        self._background.start(
            partial(read_cycling, path), partial(self._take, study), self._dropped
        )

    def _take(self, study: Study, table: pd.DataFrame) -> None:
        if study is not self._session.study:
            return
        acquired = next(iter(study.series.metadata), {}).get("acquired")
        offset = offset_from_dates(table, acquired, study.times[0])
        self._write(study, table if offset is None else shift_cycling(table, offset))

    def _dropped(self, error: OperandoError) -> None:
        self.refresh()
        self.failed.emit(error)

    def _write(self, study: Study, table: pd.DataFrame) -> None:
        try:
            study.write_table(TABLE, table)
        except OperandoError as error:
            self._dropped(error)
            return
        self._session.products_changed.emit(TABLE)
        self.refresh()

    def _choose(self) -> None:
        patterns = " ".join(f"*{ending}" for ending in CYCLER_ENDINGS)
        path, _ = QFileDialog.getOpenFileName(
            self, "Open a cycling record", "", f"Cycling records ({patterns});;All files (*)"
        )
        if path:
            self.read(Path(path))

    def _on_offset(self) -> None:
        study = self._session.study
        if study is not None:
            self._write(study, shift_cycling(study.table(TABLE), self.offset.value() or 0.0))


def cycling_text(table: pd.DataFrame, times: tuple[float, ...]) -> str:
    """Say what a record holds and how many frames it covers."""
    hours, volts = table["time_h"], table["voltage_v"]
    covered = int(np.isfinite(cycling_at(table, times)["voltage_v"]).sum())
    source = table.attrs.get("source")
    lines = [
        f"Cycling{f' ({source})' if source else ''}: {volts.min():.3g} – {volts.max():.3g} V, "
        f"{hours.iloc[0]:.4g} – {hours.iloc[-1]:.4g} h",
    ]
    if covered < len(times):
        lines.append(f"⚠ It covers {covered} of {len(times)} frames; correct where it begins.")
    if table.attrs.get("guessed"):
        lines.append(f"Assumed: {table.attrs['guessed']}.")
    return "\n".join(lines)
