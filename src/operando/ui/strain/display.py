"""What of a displacement field is drawn, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from operando.ui.forms.fields import ChoiceField, FloatField, Slider, show_value
from operando.ui.layers.study_results import RIGID, RIGID_AND_STRETCH
from operando.ui.panels.panel import text_label
from operando.ui.strain.node_quantities import NODE_QUANTITIES, node_quantity
from operando.ui.wording import lengths_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from operando.ui.layers.study_results import StudyStrain

_NOTHING = ""
_REMOVED = (
    ("", "nothing taken out"),
    (RIGID, "rigid motion of the sample"),
    (RIGID_AND_STRETCH, "rigid motion and uniform stretch"),
)
_LINE = "line"
_DRAW = "Click on one side of the layer, then on the other: that is its thickness."
_NORMALS = (("z", "along z"), ("y", "along y"), ("x", "along x"), (_LINE, "along a line I draw"))


class StrainDisplay(QWidget):
    """Chooses field, quantity, direction of the thickness, opacity and arrows.

    Parameters
    ----------
    strain
        The fields of the study and their layers.
    parent
        Owner.
    """

    line_wanted = Signal()
    """A line is to be drawn along the thickness; `set_line` takes it."""

    def __init__(self, strain: StudyStrain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strain = strain
        self.note = text_label()
        self.pair = ChoiceField()
        quantities = [(quantity.name, quantity.header) for quantity in NODE_QUANTITIES]
        self.quantity = ChoiceField([*quantities, (_NOTHING, "nothing")])
        self.removed = ChoiceField(_REMOVED)
        self.removed.setToolTip(
            "Turns what is shown back by the motion of the whole sample; "
            "a uniform stretch is also what a change of the scanner's voxel size looks like"
        )
        self.normal = ChoiceField(_NORMALS)
        self.normal.setToolTip(
            "Through-thickness direction of the electrode or layer: an axis, or a line that is "
            "drawn from one side to the other"
        )
        self._normal_label = QLabel("Thickness")
        self.opacity = Slider(0, 100)
        self.opacity.setValue(60)
        self.smooth = QCheckBox("smooth between nodes")
        self.smooth.setChecked(True)
        self.arrows = QCheckBox("arrows")
        self.arrows.setToolTip("Displacement at the nodes nearest to the slice that is seen")
        self.length = FloatField(0.01, 1e6)
        self.length.setPrefix("× ")
        self.length.setToolTip("How many times longer than the displacement arrows are drawn")
        self.length.setEnabled(False)
        self._lay_out()
        self.pair.currentIndexChanged.connect(self._on_pair)
        self.quantity.currentIndexChanged.connect(self._on_quantity)
        self.removed.currentIndexChanged.connect(self._on_removed)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.smooth.toggled.connect(self._on_smooth)
        self.arrows.toggled.connect(self._on_arrows)
        self.length.valueChanged.connect(self._on_length)
        self.normal.activated.connect(self._on_normal)
        strain.changed.connect(self.refresh)
        self.refresh()

    def unlink(self) -> None:
        """Let go of the canvas, before this widget goes."""
        self._strain.changed.disconnect(self.refresh)

    def refresh(self) -> None:
        """Show which fields there are and how they are drawn."""
        pairs, view, preview = self._strain.pairs, self._strain.view, self._strain.preview
        self.setVisible(bool(pairs) or preview.field is not None)
        shown = self._strain.pair if preview.field is None else preview.pair
        offered = pairs if preview.field is None else [shown]
        self.pair.set_choices([(pair, "from frame {} to {}".format(*pair)) for pair in offered])
        if shown in offered:
            show_value(self.pair, shown)
        self.pair.setEnabled(preview.field is None)
        self.note.setText(_preview_text(self._strain))
        self.note.setVisible(bool(self.note.text()))
        if view.layer is not None:
            show_value(self.opacity, round(100 * view.layer.opacity))
            self._on_smooth()
        show_value(self.quantity, view.quantity if view.visible else _NOTHING)
        self._show_length()
        self._show_normal()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Field", self.pair)
        form.addRow("Quantity", self.quantity)
        form.addRow(self._normal_label, self.normal)
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

    def _on_pair(self) -> None:
        self._strain.show(self.pair.value())
        self._strain.go_to_frame()

    def _on_quantity(self) -> None:
        name = self.quantity.value()
        if name == _NOTHING:
            self._strain.view.hide()
        else:
            self._strain.view.show_quantity(name)
            self._on_opacity(self.opacity.value())
            self._on_smooth()
        self._show_normal()

    def _on_removed(self) -> None:
        self._strain.remove(self.removed.value())
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
            show_value(self.length, arrows.length)

    def set_line(self, start: ArrayLike, end: ArrayLike) -> None:
        """Take a drawn line as the through-thickness direction, if that was asked for.

        Parameters
        ----------
        start, end
            ``(3,)`` points ``(z, y, x)`` in µm.
        """
        if self.normal.value() == _LINE:
            self._strain.view.set_normal(np.subtract(end, start))
            self.note.hide()
            self._show_normal()

    def _on_normal(self) -> None:
        chosen = self.normal.value()
        if chosen == _LINE:
            self.note.setText(_DRAW)
            self.note.show()
            self.line_wanted.emit()
        else:
            self._strain.view.set_normal(np.eye(3)["zyx".index(chosen)])
            self.note.setVisible(self._strain.preview.field is not None)
        self._show_normal()

    def _show_normal(self) -> None:
        """Ask for the direction only where what is shown depends on it."""
        view = self._strain.view
        asked = view.visible and node_quantity(view.quantity).of_layer
        for widget in (self._normal_label, self.normal):
            widget.setVisible(asked)


def _preview_text(strain: StudyStrain) -> str:
    """Say what the preview is that is shown; empty where there is none."""
    preview, study = strain.preview, strain.study
    if preview.field is None or study is None:
        return ""
    if preview.refined:
        return "<b>Preview, being refined:</b> finished parts have replaced their preview."
    gauge = lengths_text(np.multiply(preview.field.gauge_length, study.voxel_size))
    return (
        "<b>Preview, being refined:</b> from smaller copies of the frames; "
        f"strain averages over {gauge}."
    )
