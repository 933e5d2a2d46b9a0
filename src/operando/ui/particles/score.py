"""Scores of the particles against a truth that the user has as a layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QGroupBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from operando.errors import OperandoError
from operando.particles.score_table import score_table
from operando.ui.jobs.background import Background
from operando.ui.panels.panel import text_label
from operando.ui.particles.table import write_table

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Labels

    from operando.ui.particles.view import ParticleView
    from operando.ui.session import Session

_ROWS = {
    "precision": ("Precision, 3D", "Right ones among those found, at IoU 0.5"),
    "recall": ("Recall, 3D", "Right ones among the true, at IoU 0.5"),
    "panoptic_quality": ("Panoptic quality", "F-score times mean IoU of the pairs"),
    "average_precision": ("Average precision", "Mean over IoU 0.5 to 0.95"),
    "links_right": ("Links right", "Share of the true links from the frame before"),
    "slice_precision": ("Precision per slice", "As Jiang et al. 2020; mean over slices"),
    "slice_sensitivity": ("Sensitivity per slice", "As Jiang et al. 2020; mean over slices"),
    "slice_f_measure": ("F-measure per slice", "As Jiang et al. 2020; mean over slices"),
    "slice_mcc": ("MCC per slice", "Matthews' coefficient of the voxels; mean over slices"),
}


class ScoreBox(QGroupBox):
    """Score the particles of the study against a layer of true ids; hidden without such a layer.

    Parameters
    ----------
    session
        Study and viewer.
    view
        The particles in the canvas.
    parent
        Owner.
    """

    def __init__(self, session: Session, view: ParticleView, parent: QWidget | None = None) -> None:
        super().__init__("Score against the truth", parent)
        self._session, self._view = session, view
        self.scores: pd.DataFrame | None = None
        self._background = Background(self)
        self.truth = QComboBox()
        self.truth.setToolTip("Layer of true ids, (t, z, y, x) or (z, y, x), of the same voxels")
        self.start = QPushButton("Score")
        self.save = QPushButton("CSV…")
        self.table = QTableWidget()
        self.hint = text_label()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        grid = QGridLayout(self)
        grid.addWidget(self.truth, 0, 0)
        grid.addWidget(self.start, 0, 1)
        grid.addWidget(self.save, 0, 2)
        grid.addWidget(self.table, 1, 0, 1, 3)
        grid.addWidget(self.hint, 2, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        self.start.clicked.connect(self.score)
        self.save.clicked.connect(self._on_save)
        for event in (session.viewer.layers.events.inserted, session.viewer.layers.events.removed):
            event.connect(self._on_layers)
        self.refresh()

    def close_box(self) -> None:
        """Let go of the viewer."""
        events = self._session.viewer.layers.events
        events.inserted.disconnect(self._on_layers)
        events.removed.disconnect(self._on_layers)

    def refresh(self) -> None:
        """Offer the layers that may be the truth."""
        names = [layer.name for layer in self._candidates()]
        chosen = self.truth.currentText()
        self.truth.clear()
        self.truth.addItems(names)
        if chosen in names:
            self.truth.setCurrentText(chosen)
        self.setVisible(bool(names) and self._view.labels is not None)
        self.start.setEnabled(not self._background.is_busy)
        self.table.setVisible(self.scores is not None)
        self.save.setVisible(self.scores is not None)
        self.hint.setVisible(bool(self.hint.text()))

    def score(self) -> None:
        """Score all frames of the truth, in a thread."""
        from dask.array import from_zarr

        study = self._session.study
        layers = [x for x in self._candidates() if x.name == self.truth.currentText()]
        if study is None or not layers:
            return
        found: Any = from_zarr(study.open_array("particles/particles"))
        true: Any = layers[0].data
        true = true[None] if true.ndim == 3 else true
        found = found[: len(true)] if len(true) == 1 else found
        self._background.start(lambda: score_table(found, true), self._show, self._fail)
        self._say("Scoring…")

    def _candidates(self) -> list[Labels]:
        from napari.layers import Labels

        own = set(map(id, self._own_layers()))
        return [
            layer
            for layer in self._session.viewer.layers
            if isinstance(layer, Labels) and id(layer) not in own and layer.ndim in (3, 4)
        ]

    def _own_layers(self) -> list[Any]:
        layers = self._session.layers
        known = [*self._view.layers]
        return known if layers is None else [*known, layers.painter.layer, layers.phases]

    def _show(self, scores: pd.DataFrame) -> None:
        self.scores = scores
        self.table.setRowCount(len(_ROWS))
        self.table.setColumnCount(len(scores))
        self.table.setHorizontalHeaderLabels([f"frame {t}" for t in scores["frame"]])
        self.table.setVerticalHeaderLabels([title for title, _ in _ROWS.values()])
        for i, (name, (_, meaning)) in enumerate(_ROWS.items()):
            for j, value in enumerate(scores[name]):
                item = QTableWidgetItem("–" if np.isnan(value) else f"{value:.3f}")
                item.setToolTip(meaning)
                self.table.setItem(i, j, item)
        self.table.resizeColumnsToContents()
        self.table.setMinimumHeight(self.table.rowHeight(0) * (len(_ROWS) + 2))
        self._say("True particles of fewer than 100 voxels do not count.")

    def _fail(self, error: OperandoError) -> None:
        self._say(f"⚠ {error}")

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.refresh()

    def _on_layers(self) -> None:
        self.refresh()

    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export scores", "scores.csv", "CSV (*.csv)")
        if not name or self.scores is None:
            return
        try:
            write_table(self.scores, Path(name))
        except OperandoError as error:
            self._fail(error)
