"""A line that the user draws through a displacement field, and what is measured along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.ui import navigation
from operando.ui.clicks import CanvasClicks
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.panels.panel import text_label
from operando.ui.strain.line_plot import LinePlot
from operando.ui.strain.line_tables import elongation_table, profile_table
from operando.ui.strain.node_quantities import node_quantity

if TYPE_CHECKING:
    from napari.layers import Vectors

    from operando.ui.layers.study_results import StudyStrain

NAME = "measured line"
_START, _END = "Click on the start of the line.", "Click on its end."

Point = tuple[float, float, float]


class LineTool(QWidget):
    """Two clicks make a line; it follows field and quantity that are shown.

    Parameters
    ----------
    strain
        The fields of the study and their layers.
    parent
        Owner.

    Attributes
    ----------
    line : list of points
        None, one or two points ``(z, y, x)`` in µm of the reference frame.
    layer : Vectors or None
        The line in the canvas, in every frame.
    """

    drawn = Signal()
    """Another line was drawn."""

    def __init__(self, strain: StudyStrain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strain = strain
        self._clicks = CanvasClicks(strain.view.viewer)
        self.line: list[Point] = []
        self.layer: Vectors | None = None
        self._voxel_size: tuple[float, ...] = ()
        self.draw = QPushButton("Measure along a line")
        self.draw.setCheckable(True)
        self.draw.setToolTip("Two clicks: how much longer the line became, and a profile along it")
        self.answer = text_label()
        self.plot = LinePlot()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (self.draw, self.answer, self.plot):
            layout.addWidget(widget)
        self.draw.toggled.connect(self._on_draw)
        self._clicks.clicked.connect(self._on_click)
        strain.changed.connect(self.refresh)
        strain.view.drawn.connect(self.refresh)
        self.refresh()

    def unlink(self) -> None:
        """Let go of the canvas, before this widget goes."""
        self._clicks.close()
        self._strain.changed.disconnect(self.refresh)
        self._strain.view.drawn.disconnect(self.refresh)
        self._remove_line()

    def refresh(self) -> None:
        """Measure the line in what is shown now."""
        self.setVisible(self._strain.field is not None)
        study = self._strain.study
        if self.layer is not None and (study is None or study.voxel_size != self._voxel_size):
            self._remove_line()  # the material is not where it was drawn any more
        measured = len(self.line) == 2 and self._strain.field is not None
        self.plot.setVisible(measured)
        self.answer.setVisible(measured or self.draw.isChecked())
        if measured:
            self._show_change()
        elif self.draw.isChecked():
            self.answer.setText(_END if self.line else _START)

    def _on_draw(self, wanted: bool) -> None:
        if wanted or len(self.line) < 2:
            self._remove_line()
        self._strain.view.probing = not wanted
        self.refresh()

    def _on_click(self, event: Any) -> None:
        viewer = self._strain.view.viewer
        point = navigation.clicked_point(viewer, event.position)
        if not self.draw.isChecked() or point is None or viewer.dims.ndisplay != 2:
            return
        if self.line and np.allclose(self.line[0], point):
            return
        self.line.append(point)
        if len(self.line) == 2:
            self._show_line()
            self.draw.setChecked(False)
            self.drawn.emit()
        self.refresh()

    def _show_line(self) -> None:
        """Draw the line in every frame."""
        from napari.layers import Vectors

        study = self._strain.study
        if study is None:
            return
        self._voxel_size = study.voxel_size
        start, end = (np.asarray(p) / study.voxel_size for p in self.line)
        data = np.zeros((len(study.times), 2, 4), np.float32)
        data[:, 0, 0] = np.arange(len(study.times))
        data[:, 0, 1:], data[:, 1, 1:] = start, end - start
        width = 0.01 * max(study.series.volume_shape)
        self.layer = Vectors(
            data,
            ndim=4,
            name=NAME,
            edge_color="#ffd166",
            edge_width=max(width, 0.5),
            vector_style="line",
            **self._strain.placement,
        )
        add_layers(self._strain.view.viewer, self.layer)

    def _remove_line(self) -> None:
        remove_layers(self._strain.view.viewer, self.layer)
        self.layer, self.line = None, []

    def _show_change(self) -> None:
        """Say how the length changed in the frame that is shown, and plot it and the quantity."""
        along = profile_table(self._strain, self.line)
        through_time = elongation_table(self._strain, self.line)
        if along is None or through_time is None or self._strain.pair is None:
            return
        (row,) = through_time[through_time["frame"] == self._strain.pair[1]].to_dict("records")
        change = row["problem"] or (
            f"{row['change_um']:+.4f} ± {row['change_sd_um']:.4f} µm,"
            f" {row['strain_percent']:+.3f} ± {row['strain_sd_percent']:.3f} %"
        )
        self.answer.setText(
            f"Line of {row['length_um']:.4g} µm, change in frame {self._strain.pair[1]}"
            f" {self._strain.view.since}:\n{change}"
        )
        view = self._strain.view
        unit = node_quantity(view.quantity).unit
        self.plot.set_tables(along, through_time, view.header, unit)
