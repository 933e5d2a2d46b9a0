"""Which part of the images a study is made of, and how many voxels become one."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from operando.ui.forms.fields import ChoiceField, IntField
from operando.ui.forms.form import LABEL_WIDTH
from operando.ui.panels.panel import text_label
from operando.ui.panels.slice_picture import SlicePicture
from operando.ui.wording import bytes_text, shape_text, voxel_size_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.data import Series

BINNINGS = (
    ((1, 1, 1), "keep every voxel"),
    ((2, 2, 2), "average 2 × 2 × 2"),
    ((3, 3, 3), "average 3 × 3 × 3"),
    ((4, 4, 4), "average 4 × 4 × 4"),
    ((1, 2, 2), "average 2 × 2 within slices"),
    ((1, 4, 4), "average 4 × 4 within slices"),
)
_SHUT, _OPEN = "Only a part, or binned ▸", "Only a part, or binned ▾"


class PartForm(QWidget):
    """Asks for a box and a binning, and says what is left; folded up until it is wanted.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    unfold : QToolButton
        Shows the questions.
    ends : list of (IntField, IntField)
        For z, y and x the first voxel and the one after the last.
    binning : ChoiceField
        Voxels ``(z, y, x)`` that become one.
    """

    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series: Series | None = None
        self.unfold = QToolButton()
        self.unfold.setCheckable(True)
        self.unfold.setText(_SHUT)
        self.unfold.setToolTip("A box of the images or averaged voxels, copied into the study")
        self.picture = SlicePicture()
        self.picture.setToolTip("Middle slice of the first frame, with the box")
        self.ends = [(IntField(0, 0), IntField(1, 1)) for _ in "zyx"]
        self.binning = ChoiceField(BINNINGS)
        self.outcome = text_label()
        self._lay_out()
        self.unfold.toggled.connect(self._on_unfold)
        self.binning.valueChanged.connect(self._on_value)
        for pair in self.ends:
            for field in pair:
                field.valueChanged.connect(self._on_value)

    @property
    def box(self) -> tuple[slice, ...]:
        """The box ``(z, y, x)``."""
        return tuple(slice(first.value(), last.value()) for first, last in self.ends)

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels ``(z, y, x)`` that are left of a frame."""
        factors = self.binning.value()
        return tuple((s.stop - s.start) // f for s, f in zip(self.box, factors, strict=True))

    def set_series(self, series: Series, middle: NDArray[Any]) -> None:
        """Ask about other images; the box is kept where they are of the same size.

        Parameters
        ----------
        series
            The images.
        middle
            Middle slice ``(y, x)`` of the first frame, thinned out at will.
        """
        before, self._series = self._series, series
        if before is None or before.volume_shape != series.volume_shape:
            for (first, last), n in zip(self.ends, series.volume_shape, strict=True):
                for field, low, high, value in ((first, 0, n - 1, 0), (last, 1, n, n)):
                    blocked = field.blockSignals(True)
                    field.setRange(low, high)
                    field.setValue(value)
                    field.blockSignals(blocked)
            self.binning.setValue(BINNINGS[0][0])
        self.picture.set_slice(middle)
        self._on_value()

    def value(self) -> dict[str, Any]:
        """Arguments ``crop`` and ``binning`` of `operando.study.new.new_study`; empty for all."""
        if self._series is None:
            return {}
        part = {}
        if self.box != tuple(slice(0, n) for n in self._series.volume_shape):
            part["crop"] = ",".join(f"{side.start}:{side.stop}" for side in self.box)
        if max(self.binning.value()) > 1:
            part["binning"] = ",".join(map(str, self.binning.value()))
        return part

    def obstacle(self) -> str:
        """Say why there is no such part; empty if there is."""
        if self._series is not None and min(self.shape) < 1:
            return "No voxel is left: make the box larger, or average fewer voxels."
        return ""

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for axis, (first, last) in zip("zyx", self.ends, strict=True):
            row = QHBoxLayout()
            row.setSpacing(4)
            row.addWidget(first, 1)
            row.addWidget(QLabel("to"))
            row.addWidget(last, 1)
            label = QLabel(f"Voxels along {axis}")
            label.setMinimumWidth(LABEL_WIDTH)
            first.setToolTip("The first that is kept, counted from 0")
            last.setToolTip("The first that is left out again")
            form.addRow(label, row)
        form.addRow("Binning", self.binning)
        self._questions = QWidget()
        inside = QVBoxLayout(self._questions)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(6)
        inside.addWidget(self.picture)
        inside.addLayout(form)
        inside.addWidget(self.outcome)
        self._questions.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.unfold)
        column.addWidget(self._questions)

    def _on_unfold(self, shown: bool) -> None:
        self.unfold.setText(_OPEN if shown else _SHUT)
        self._questions.setVisible(shown)

    def _on_value(self) -> None:
        self._show_outcome()
        self.valueChanged.emit()

    def _show_outcome(self) -> None:
        series = self._series
        if series is None:
            return
        _, height, width = series.volume_shape
        _, y, x = self.box
        self.picture.set_box((y.start / height, y.stop / height, x.start / width, x.stop / width))
        if not self.value():
            self.outcome.setText(f"All of it, {bytes_text(series.nbytes)}; nothing is copied.")
            return
        voxels = series.n_frames * series.n_channels * max(prod(self.shape), 0)
        parts = [
            f"{shape_text(self.shape)} voxels a frame",
            f"{bytes_text(voxels * series.data.dtype.itemsize)} instead of "
            f"{bytes_text(series.nbytes)}, copied into the study",
        ]
        if series.voxel_size is not None:
            factors = self.binning.value()
            size = [s * f for s, f in zip(series.voxel_size, factors, strict=True)]
            parts.insert(1, f"of {voxel_size_text(size)}")
        self.outcome.setText(", ".join(parts) + ".")
