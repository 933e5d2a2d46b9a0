"""Voxel size and frame times, as users type them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from operando.ui.forms.fields import ChoiceField, FloatField, show_value
from operando.ui.forms.form import LABEL_WIDTH
from operando.ui.wording import times_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_AS_GIVEN, _EQUAL_STEPS = "as given", "equal steps"
_LARGEST_VOXEL_UM = 1e4
_LONGEST_STEP_H = 1e5


class CalibrationForm(QWidget):
    """Asks for the edge lengths of a voxel and for the times of the frames.

    Parameters
    ----------
    parent
        Owner.
    """

    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._times: tuple[float, ...] | None = None
        self._n_frames = 1
        self.sizes = [FloatField(0, _LARGEST_VOXEL_UM, "µm") for _ in range(3)]
        self.cubes = QCheckBox("the same along z, y and x")
        self.cubes.setChecked(True)
        self.timing = ChoiceField()
        self.step = FloatField(1e-9, _LONGEST_STEP_H, "h")
        self.step.setValue(1.0)
        self._step_label = QLabel("One frame every")
        self._timing_label = QLabel("Times")
        self._lay_out()
        for field in self.sizes:
            field.setSpecialValueText("?")
            field.valueChanged.connect(self._on_value)
        for field in (*self.sizes, self.step):
            # A click on a button that waits for the number would not end the typing.
            field.setKeyboardTracking(True)
        self.cubes.toggled.connect(self._on_cubes)
        self.timing.valueChanged.connect(self._on_timing)
        self.step.valueChanged.connect(self._on_value)
        self._on_cubes(True)

    @property
    def voxel_size(self) -> tuple[float, float, float] | None:
        """``(z, y, x)`` in µm; None while one of them is missing."""
        z, y, x = ((self.sizes[0] if self.cubes.isChecked() else f).value() for f in self.sizes)
        return (z, y, x) if min(z, y, x) > 0 else None

    @property
    def times(self) -> tuple[float, ...]:
        """Hours, one per frame."""
        if self._times is not None and self.timing.value() == _AS_GIVEN:
            return self._times
        return tuple(round(t * self.step.value(), 9) for t in range(self._n_frames))

    def set_series(
        self,
        n_frames: int,
        voxel_size: Sequence[float] | None,
        times: tuple[float, ...] | None,
        given: str,
    ) -> None:
        """Show what is known of a series.

        Parameters
        ----------
        n_frames
            Number of frames.
        voxel_size
            ``(z, y, x)`` in µm, or None.
        times
            Hours, or None.
        given
            What the times that are known are called, such as "as in the files".
        """
        self._n_frames, self._times = n_frames, times
        self.cubes.setChecked(voxel_size is None or len(set(voxel_size)) == 1)
        for field, size in zip(self.sizes, voxel_size or (0.0,) * 3, strict=True):
            field.setValue(size)
        choices = [(_EQUAL_STEPS, "equal steps")]
        if times is not None:
            choices.insert(0, (_AS_GIVEN, f"{given}, {times_text(times)}"))
        if times is not None and n_frames > 1:
            self.step.setValue((times[-1] - times[0]) / (n_frames - 1))
        self.timing.set_choices(choices)
        self.timing.setCurrentIndex(0)
        self._timing_label.setVisible(n_frames > 1)
        self.timing.setVisible(n_frames > 1)
        self._on_timing()

    def _lay_out(self) -> None:
        sizes = QVBoxLayout()
        sizes.setSpacing(4)
        for axis, field in zip("zyx", self.sizes, strict=True):
            field.setToolTip(f"Edge of a voxel along {axis}")
            sizes.addWidget(field)
        sizes.addWidget(self.cubes)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel("Voxel size")
        label.setMinimumWidth(LABEL_WIDTH)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        label.setContentsMargins(0, 4, 0, 0)
        form.addRow(label, sizes)
        form.addRow(self._timing_label, self.timing)
        form.addRow(self._step_label, self.step)

    def _on_cubes(self, same: bool) -> None:
        for axis, field in zip("zyx", self.sizes, strict=True):
            field.setPrefix("" if same else f"{axis}  ")
            field.setVisible(not same or axis == "z")
        self._on_value()

    def _on_timing(self) -> None:
        shown = self._n_frames > 1 and self.timing.value() == _EQUAL_STEPS
        self._step_label.setVisible(shown)
        self.step.setVisible(shown)
        self._on_value()

    def _on_value(self) -> None:
        if self.cubes.isChecked():
            for field in self.sizes[1:]:
                show_value(field, self.sizes[0].value())
        self.valueChanged.emit()
