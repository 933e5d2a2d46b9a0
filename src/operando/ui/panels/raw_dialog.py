"""Asks for the layout of a raw volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from operando.files.volumes.raw_guess import RawLayout, guess_layout, middle_slice
from operando.ui.forms.fields import ChoiceField, IntField
from operando.ui.panels.panel import text_label
from operando.ui.panels.slice_picture import SlicePicture

if TYPE_CHECKING:
    from pathlib import Path

TYPES = (
    ("uint8", "8 bits, unsigned"),
    ("uint16", "16 bits, unsigned"),
    ("int16", "16 bits, signed"),
    ("uint32", "32 bits, unsigned"),
    ("int32", "32 bits, signed"),
    ("float32", "32 bits, real"),
    ("float64", "64 bits, real"),
)
ORDERS = (("little", "little endian (PC)"), ("big", "big endian"))
_LONGEST = 1_000_000


class RawDialog(QDialog):
    """Size, type, offset and byte order of a raw file, with its middle slice read so.

    It begins with a guess; only what fits the length of the file is accepted.

    Parameters
    ----------
    path
        The file.
    parent
        Owner.
    """

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Layout of {path.name}")
        self._path = path
        self._nbytes = path.stat().st_size
        self.lengths = [IntField(1, _LONGEST, "voxels") for _ in "zyx"]
        self.dtype = ChoiceField(TYPES)
        self.dtype.setValue("uint16")
        self.offset = IntField(0, 2**31 - 1, "bytes")
        self.order = ChoiceField(ORDERS)
        self.picture = SlicePicture()
        self.hint = text_label()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        form = QFormLayout()
        for axis, field in zip("zyx", self.lengths, strict=True):
            form.addRow(f"Size along {axis}", field)
            field.setKeyboardTracking(True)
        form.addRow("Type of a voxel", self.dtype)
        form.addRow("Before the voxels", self.offset)
        form.addRow("Byte order", self.order)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.picture)
        column.addWidget(self.hint)
        column.addWidget(self.buttons)
        self.setMinimumWidth(360)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._guess = guess_layout(path)
        if self._guess is not None:
            self.set_layout(self._guess)
        for field in (*self.lengths, self.dtype, self.offset, self.order):
            field.valueChanged.connect(self._check)
        self._check()

    @property
    def layout_of_file(self) -> RawLayout:
        """What is typed."""
        z, y, x = (field.value() for field in self.lengths)
        return RawLayout((z, y, x), self.dtype.value(), self.order.value(), self.offset.value())

    def set_layout(self, layout: RawLayout) -> None:
        """Show a layout."""
        for field, length in zip(self.lengths, layout.shape, strict=True):
            field.setValue(length)
        self.dtype.setValue(layout.dtype)
        self.offset.setValue(layout.offset)
        self.order.setValue(layout.byteorder)

    def value(self) -> dict[str, Any]:
        """Hints for `operando.files.read`."""
        layout = self.layout_of_file
        return {
            "shape": list(layout.shape),
            "dtype": layout.dtype,
            "offset": layout.offset,
            "byteorder": layout.byteorder,
        }

    def _check(self) -> None:
        layout = self.layout_of_file
        fits = layout.nbytes == self._nbytes
        self.picture.set_slice(middle_slice(self._path, layout) if fits else None)
        self.hint.setText(self._remark(layout, fits))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(fits)

    def _remark(self, layout: RawLayout, fits: bool) -> str:
        if not fits:
            return f"This makes {layout.nbytes:,} bytes; the file has {self._nbytes:,}."
        if layout == self._guess:
            return "Guessed from name, length and grey values: the middle slice should look right."
        return "This fits the length of the file; above is the middle slice."
