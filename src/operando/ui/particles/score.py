"""Scores of the particles against a truth that the user has as a layer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QGroupBox,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from operando.errors import OperandoError
from operando.particles.scoring.score_table import score_table
from operando.ui import navigation
from operando.ui.forms.fields import ChoiceField
from operando.ui.jobs.background import Background
from operando.ui.layers.lookups import FrameArray
from operando.ui.panels.panel import text_label
from operando.ui.particles.truth import open_truth
from operando.ui.table_file import write_table

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
    "uncut_precision": ("Precision, uncut", "3D, without particles that the image edge cuts"),
    "uncut_recall": ("Recall, uncut", "3D, without particles that the image edge cuts"),
    "uncut_panoptic_quality": ("Quality, uncut", "Panoptic, without particles cut by the edge"),
    "slice_precision": ("Precision per slice", "As Jiang et al. 2020; mean over slices"),
    "slice_sensitivity": ("Sensitivity per slice", "As Jiang et al. 2020; mean over slices"),
    "slice_f_measure": ("F-measure per slice", "As Jiang et al. 2020; mean over slices"),
    "slice_mcc": ("MCC per slice", "Matthews' coefficient of the voxels; mean over slices"),
}


class ScoreBox(QGroupBox):
    """Score the particles of the study against true ids, a layer or a file.

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
        self._asked: object = None
        self._background = Background(self)
        self.truth = ChoiceField()
        self.truth.setToolTip("Layer of true ids, (t, z, y, x) or (z, y, x), of the same voxels")
        self.open = QPushButton("Open")
        self.open.setToolTip("Open true ids: an image of whole numbers, of one frame or of all")
        menu = QMenu(self.open)
        menu.addAction("File…", self._on_file)
        menu.addAction("Folder of slices, or Zarr…", self._on_folder)
        self.open.setMenu(menu)
        self.frame = ChoiceField()
        self.frame.setToolTip("Frame of the series that this single volume is the truth of")
        self.start = QPushButton("Score")
        self.save = QPushButton("CSV…")
        self.table = QTableWidget()
        self.hint = text_label()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        grid = QGridLayout(self)
        grid.addWidget(self.truth, 0, 0)
        grid.addWidget(self.open, 0, 1)
        grid.addWidget(self.frame, 1, 0)
        grid.addWidget(self.start, 1, 1)
        grid.addWidget(self.table, 2, 0, 1, 2)
        grid.addWidget(self.hint, 3, 0, 1, 2)
        grid.addWidget(self.save, 4, 1)
        grid.setColumnStretch(0, 1)
        self.truth.currentTextChanged.connect(self._offer_frames)
        self.start.clicked.connect(self.score)
        self.save.clicked.connect(self._on_save)
        for event in (session.viewer.layers.events.inserted, session.viewer.layers.events.removed):
            event.connect(self._on_layers)
        session.study_changed.connect(self._on_study)
        self.refresh()

    def close_box(self) -> None:
        """Let go of the viewer."""
        events = self._session.viewer.layers.events
        events.inserted.disconnect(self._on_layers)
        events.removed.disconnect(self._on_layers)
        self._session.study_changed.disconnect(self._on_study)

    def refresh(self) -> None:
        """Offer the layers that may be the truth."""
        names = [layer.name for layer in self._candidates()]
        self.truth.set_choices([(name, name) for name in names])
        self.setVisible(self._view.labels is not None)
        self.truth.setPlaceholderText("Open the true ids")
        self.start.setEnabled(bool(names) and not self._background.is_busy)
        self._offer_frames()
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
        if true.ndim == 4:
            work = partial(score_table, found, true)
        else:
            work = partial(_score_frame, found, true, self.frame.value())
        self._asked = asked = object()
        self._background.start(work, partial(self._show, asked), self._fail)
        self._say("Scoring…")

    def forget(self) -> None:
        """Take scores away that are of other particles than there are now."""
        if self._asked is not None:
            self._asked = self.scores = None
            self._say("The particles have changed: score them again.")

    def open_truth(self, path: Path) -> None:
        """Open true ids from a file or folder as a layer, and choose it."""
        study, layers = self._session.study, self._session.layers
        if study is None or layers is None:
            return
        try:
            data = open_truth(path, study.open_array("particles/particles").shape)
        except OperandoError as error:
            self._fail(error)
            return
        place = {key: value[-data.ndim :] for key, value in layers.placement.items()}
        layer = self._session.viewer.add_labels(data, name=f"truth: {path.stem}", **place)
        self._say("")
        self.truth.setCurrentText(layer.name)

    def _offer_frames(self) -> None:
        """Ask for the frame of a truth that is a single volume."""
        name = self.truth.currentText()
        single = [x for x in self._candidates() if x.name == name and x.ndim == 3]
        study = self._session.study
        n_frames = len(study.times) if study is not None else 0
        if self.frame.count() != n_frames:
            offered = [(t, f"truth of frame {t}") for t in range(n_frames)]
            now = navigation.current_frame(self._session.viewer, n_frames)
            self.frame.set_choices(offered, now)
        self.frame.setVisible(bool(single) and n_frames > 1)

    def _candidates(self) -> list[Labels]:
        from napari.layers import Labels

        own = set(map(id, self._own_layers()))
        return [
            layer
            for layer in self._session.viewer.layers
            if isinstance(layer, Labels)
            and id(layer) not in own
            and layer.ndim in (3, 4)
            and not isinstance(layer.data, FrameArray)
        ]

    def _own_layers(self) -> list[Any]:
        layers = self._session.layers
        known = [*self._view.layers]
        return known if layers is None else [*known, layers.painter.layer, layers.phases]

    def _show(self, asked: object, scores: pd.DataFrame) -> None:
        if asked is not self._asked:
            self.refresh()
            return
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
        self._say(
            "True particles of fewer than 100 voxels do not count, among the uncut none that"
            " touches the image edge."
        )

    def _fail(self, error: OperandoError) -> None:
        self._say(f"⚠ {error}")

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.refresh()

    def _on_study(self) -> None:
        """Forget the scores of another study."""
        self._asked = self.scores = None
        self._say("")

    def _on_layers(self) -> None:
        self.refresh()

    def _on_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open the true ids")
        if name:
            self.open_truth(Path(name))

    def _on_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open the true ids (a folder)")
        if name:
            self.open_truth(Path(name))

    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export scores", "scores.csv", "CSV (*.csv)")
        if not name or self.scores is None:
            return
        try:
            write_table(self.scores, Path(name))
        except OperandoError as error:
            self._fail(error)


def _score_frame(found: Any, true: Any, frame: int) -> pd.DataFrame:
    """Score one frame."""
    return score_table(found[frame : frame + 1], true[None]).assign(frame=frame)
