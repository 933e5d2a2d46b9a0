"""A slice in grey, with a box drawn on it: what the images are before there are layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QRectF
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from operando.ui.layers.factory import limits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QPaintEvent

_HEIGHT = 170
_BOX = QColor(0, 200, 255)


class SlicePicture(QWidget):
    """Shows a slice ``(y, x)`` as large as there is room.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._box: tuple[float, float, float, float] | None = None
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def is_empty(self) -> bool:
        """Whether no slice is shown."""
        return self._image.isNull()

    def set_slice(self, image: NDArray[Any] | None) -> None:
        """Show a slice between its usual limits of grey; None for nothing."""
        if image is None:
            self._image = QImage()
        else:
            low, high = limits_of(image)
            grey = np.nan_to_num(np.clip((image - low) / (high - low), 0, 1) * 255)
            grey = np.ascontiguousarray(grey.astype(np.uint8))
            height, width = grey.shape
            kind = QImage.Format.Format_Grayscale8
            self._image = QImage(grey.tobytes(), width, height, width, kind).copy()
        self.update()

    def set_box(self, box: tuple[float, float, float, float] | None) -> None:
        """Draw a box: from and to along y, then along x, as shares of the slice."""
        self._box = box
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the slice in the middle, and the box."""
        del event
        if self._image.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        width, height = scale * self._image.width(), scale * self._image.height()
        left, top = (self.width() - width) / 2, (self.height() - height) / 2
        painter.drawImage(QRectF(left, top, width, height), self._image)
        if self._box is not None:
            y0, y1, x0, x1 = self._box
            painter.setPen(QPen(_BOX, 2))
            painter.drawRect(
                QRectF(left + x0 * width, top + y0 * height, (x1 - x0) * width, (y1 - y0) * height)
            )
        painter.end()
