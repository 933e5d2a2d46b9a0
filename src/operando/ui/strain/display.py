"""What of a displacement field is drawn, and what a click on it reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from operando.errors import OperandoError
from operando.strain.noise_floor import noise_floor
from operando.ui.forms.fields import FloatField
from operando.ui.layers.study_results import RIGID, RIGID_AND_STRETCH
from operando.ui.panels.panel import text_label
from operando.ui.strain.export import EXPORT_FILTER, export_strain
from operando.ui.strain.node_quantities import NODE_QUANTITIES
from operando.ui.strain.region_text import region_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.strain.noise_floor import NoiseFloor
    from operando.ui.layers.study_results import StudyStrain
    from operando.ui.strain.view import NodeReading

_NOTHING = ""
_REMOVED = (
    ("nothing taken out", ""),
    ("rigid motion of the sample", RIGID),
    ("rigid motion and uniform stretch", RIGID_AND_STRETCH),
)
_HINT = "Click into the canvas to read the values of a node."


class StrainDisplay(QWidget):
    """Chooses field, quantity, opacity and arrows; shows what was measured where one clicks.

    Parameters
    ----------
    strain
        The fields of the study and their layers.
    parent
        Owner.
    """

    def __init__(self, strain: StudyStrain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strain = strain
        self.note = text_label()
        self.pair = QComboBox()
        self.quantity = QComboBox()
        for quantity in NODE_QUANTITIES:
            self.quantity.addItem(quantity.header, quantity.name)
        self.quantity.addItem("nothing", _NOTHING)
        self.removed = QComboBox()
        for words, motion in _REMOVED:
            self.removed.addItem(words, motion)
        self.removed.setToolTip(
            "Turns what is shown back by the motion of the whole sample; "
            "a uniform stretch is also what a change of the scanner's voxel size looks like"
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        self.smooth = QCheckBox("smooth between nodes")
        self.smooth.setChecked(True)
        self.arrows = QCheckBox("arrows")
        self.arrows.setToolTip("Displacement at the nodes nearest to the slice that is seen")
        self.length = FloatField(0.01, 1e6)
        self.length.setPrefix("× ")
        self.length.setToolTip("How many times longer than the displacement arrows are drawn")
        self.length.setEnabled(False)
        self.probe = text_label(_HINT)
        self.export = QPushButton("Export…")
        self.export.setToolTip(
            "Write this field for ParaView, SPAM, tables or numpy, or the shown slice as a figure"
        )
        self.noise = QPushButton("Noise floor")
        self.noise.setToolTip(
            "How much displacement and strain scatter between these two frames: "
            "the noise of the measurement, if the sample did not change between them"
        )
        self.statistics = QPushButton("Statistics")
        self.statistics.setToolTip(
            "Mean and spread of what is shown: in the shapes drawn in a Shapes layer, "
            "or in the whole field if there are none"
        )
        self._lay_out()
        self.pair.currentIndexChanged.connect(self._on_pair)
        self.quantity.currentIndexChanged.connect(self._on_quantity)
        self.removed.currentIndexChanged.connect(self._on_removed)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.smooth.toggled.connect(self._on_smooth)
        self.arrows.toggled.connect(self._on_arrows)
        self.length.valueChanged.connect(self._on_length)
        self.export.clicked.connect(self._on_export)
        self.statistics.clicked.connect(self._on_statistics)
        self.noise.clicked.connect(self._on_noise)
        strain.changed.connect(self.refresh)
        strain.view.probed.connect(self._on_probed)
        self.refresh()

    def unlink(self) -> None:
        """Let go of the canvas, before this widget goes."""
        self._strain.changed.disconnect(self.refresh)
        self._strain.view.probed.disconnect(self._on_probed)

    def refresh(self) -> None:
        """Show which fields there are and how they are drawn."""
        pairs, view, preview = self._strain.pairs, self._strain.view, self._strain.preview
        self.setVisible(bool(pairs) or preview.field is not None)
        shown = self._strain.pair if preview.field is None else preview.pair
        offered = pairs if preview.field is None else [shown]
        self.pair.blockSignals(True)
        self.pair.clear()
        for reference, deformed in offered:
            self.pair.addItem(f"from frame {reference} to {deformed}", (reference, deformed))
        if shown in offered:
            self.pair.setCurrentIndex(offered.index(shown))
        self.pair.blockSignals(False)
        self.pair.setEnabled(preview.field is None)
        for button in (self.statistics, self.noise, self.export):
            button.setVisible(preview.field is None)
        self.note.setText(_preview_text(self._strain))
        self.note.setVisible(bool(self.note.text()))
        if view.layer is not None:
            self.opacity.blockSignals(True)
            self.opacity.setValue(round(100 * view.layer.opacity))
            self.opacity.blockSignals(False)
            self._on_smooth()
        self.quantity.blockSignals(True)
        chosen = view.quantity if view.visible else _NOTHING
        self.quantity.setCurrentIndex(self.quantity.findData(chosen))
        self.quantity.blockSignals(False)
        self._show_length()
        self.probe.setText(_HINT)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Field", self.pair)
        form.addRow("Show", self.quantity)
        form.addRow("Without", self.removed)
        form.addRow("Opacity", self.opacity)
        form.addRow("", self.smooth)
        arrows = QHBoxLayout()
        arrows.addWidget(self.arrows)
        arrows.addWidget(QLabel("length"))
        arrows.addWidget(self.length, 1)
        form.addRow("", arrows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.note)
        layout.addLayout(form)
        layout.addWidget(self.probe)
        buttons = QHBoxLayout()
        buttons.addWidget(self.statistics)
        buttons.addWidget(self.noise)
        buttons.addWidget(self.export)
        layout.addLayout(buttons)

    def _on_pair(self) -> None:
        pair = self.pair.currentData()
        if pair is not None:
            self._strain.show(tuple(pair))
            self._strain.go_to_frame()

    def _on_quantity(self) -> None:
        name = self.quantity.currentData()
        if name == _NOTHING:
            self._strain.view.hide()
        else:
            self._strain.view.show_quantity(name)
            self._on_opacity(self.opacity.value())
            self._on_smooth()
        self.probe.setText(_HINT)

    def _on_removed(self) -> None:
        self._strain.remove(self.removed.currentData())
        self._on_opacity(self.opacity.value())
        self._on_smooth()

    def _on_opacity(self, percent: int) -> None:
        if self._strain.view.layer is not None:
            self._strain.view.layer.opacity = percent / 100

    def _on_smooth(self) -> None:
        layer = self._strain.view.layer
        if layer is not None:
            layer.interpolation2d = layer.interpolation3d = (
                "linear" if self.smooth.isChecked() else "nearest"
            )

    def _on_arrows(self, shown: bool) -> None:
        self._strain.view.show_arrows(shown)
        self._show_length()

    def _on_length(self) -> None:
        if self._strain.view.arrows is not None:
            self._strain.view.arrows.length = self.length.value()

    def _show_length(self) -> None:
        arrows = self._strain.view.arrows
        shown = arrows is not None and arrows.visible
        self.length.setEnabled(shown)
        if shown:
            self.length.blockSignals(True)
            self.length.setValue(arrows.length)
            self.length.blockSignals(False)

    def _on_probed(self, reading: NodeReading) -> None:
        z, y, x = reading.position_um
        where = f"Node at z {z:.2f}, y {y:.2f}, x {x:.2f} µm"
        self.probe.setText("\n".join([where, *reading.lines]))

    def _on_statistics(self) -> None:
        try:
            self.probe.setText(region_text(self._strain))
        except OperandoError as error:
            self.probe.setText(str(error))

    def _on_noise(self) -> None:
        study, field, pair = self._strain.study, self._strain.measured, self._strain.pair
        if study is None or field is None or pair is None:
            return
        try:
            text = _noise_text(noise_floor(field, study.voxel_size), study.voxel_size)
        except OperandoError as error:
            self.probe.setText(str(error))
        else:
            self.probe.setText(
                f"If nothing changed between frame {pair[0]} and {pair[1]}, this is noise:\n{text}"
            )

    def _on_export(self) -> None:
        pair = self._strain.pair or (0, 0)
        name, _ = QFileDialog.getSaveFileName(
            self, "Export strain", f"strain-{pair[0]:03d}-{pair[1]:03d}.vti", EXPORT_FILTER
        )
        if not name:
            return
        try:
            path = export_strain(self._strain, Path(name))
        except OperandoError as error:
            self.probe.setText(str(error))
        else:
            self.probe.setText(f"Wrote {path.name}")


def _preview_text(strain: StudyStrain) -> str:
    """Say what the preview is that is shown; empty where there is none."""
    preview, study = strain.preview, strain.study
    if preview.field is None or study is None:
        return ""
    if preview.refined:
        return "<b>Preview, being refined:</b> finished parts have replaced their preview."
    gauge = float(np.mean(np.multiply(preview.field.gauge_length, study.voxel_size)))
    return (
        "<b>Preview, being refined:</b> from smaller copies of the frames; "
        f"strain averages over {gauge:.3g} µm."
    )


def _noise_text(floor: NoiseFloor, voxel_size: Sequence[float]) -> str:
    """Put standard deviations into words."""
    lines = [
        f"displacement {axis} {voxels * size:.4f} µm = {voxels:.3f} voxel (predicted {sigma:.3f})"
        for axis, voxels, sigma, size in zip(
            "zyx", floor.displacement, floor.predicted, voxel_size, strict=True
        )
    ]
    normal = 100 * floor.strain.diagonal()
    shears = 100 * floor.strain[[0, 0, 1], [1, 2, 2]]
    return "\n".join(
        [
            *reversed(lines),
            f"strain xx, yy, zz {normal[2]:.3f}, {normal[1]:.3f}, {normal[0]:.3f} %",
            f"strain xy, xz, yz {shears[2]:.3f}, {shears[1]:.3f}, {shears[0]:.3f} %",
            f"standard deviations over {floor.nodes} nodes, rigid motion taken out",
        ]
    )
