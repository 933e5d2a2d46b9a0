"""Asks for the layout of a raw volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from operando.ui.forms.fields import ChoiceField, IntField
from operando.ui.panels.panel import text_label

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
    """Size, type, offset and byte order of a raw file, with a check against its length.

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
        self._nbytes = path.stat().st_size
        self.lengths = [IntField(1, _LONGEST, "voxels") for _ in "zyx"]
        self.dtype = ChoiceField(TYPES)
        self.dtype.setValue("uint16")
        self.offset = IntField(0, 2**31 - 1, "bytes")
        self.order = ChoiceField(ORDERS)
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
        column.addWidget(self.hint)
        column.addWidget(self.buttons)
        self.setMinimumWidth(360)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        for field in (*self.lengths, self.dtype, self.offset, self.order):
            field.valueChanged.connect(self._check)
        self._check()

    def value(self) -> dict[str, Any]:
        """Hints for `operando.files.read`."""
        return {
            "shape": [field.value() for field in self.lengths],
            "dtype": self.dtype.value(),
            "offset": self.offset.value(),
            "byteorder": self.order.value(),
        }

    def _check(self) -> None:
        chosen = self.value()
        needed = int(np.prod(chosen["shape"])) * np.dtype(chosen["dtype"]).itemsize
        fits = needed + chosen["offset"] == self._nbytes
        self.hint.setText(
            "This fits the length of the file."
            if fits
            else f"This makes {needed + chosen['offset']:,} bytes; the file has {self._nbytes:,}."
        )
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(fits)
