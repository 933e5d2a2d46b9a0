"""Small pictures side by side, one of which can be clicked."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRect, Qt, Signal
from qtpy.QtGui import QImage, QPainter
from qtpy.QtWidgets import QToolTip, QWidget

from operando.ui.layers.factory import limits_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent

_GAP = 3


class Mosaic(QWidget):
    """Shows images ``(n, y, x)`` in rows, each as large as there is room.

    Parameters
    ----------
    width, height
        Most room for all of them, in pixels; what they do not need of the height is left.
    parent
        Owner.
    """

    clicked = Signal(int)
    """An image was clicked; carries its number, from 0."""

    def __init__(self, width: int, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[QImage] = []
        self._room = width, height
        self.setFixedSize(width, height)
        self.setMouseTracking(True)

    def set_images(self, images: NDArray[np.float32], *, common: bool = False) -> None:
        """Show other images.

        Parameters
        ----------
        images
            ``(n, y, x)``.
        common
            Whether all have the same limits of grey, with 0 in the middle; else each its own.
        """
        if common:
            largest = float(np.abs(images).max(initial=0)) or 1.0
            limits = [(-largest, largest)] * len(images)
        else:
            limits = [limits_of(image) for image in images]
        self._images = [_picture(i, *pair) for i, pair in zip(images, limits, strict=True)]
        bottom = max((place.bottom() for place in self.places()), default=0)
        self.setFixedHeight(bottom + 1)
        self.update()

    def places(self) -> list[QRect]:
        """Where the images lie, in order."""
        if not self._images:
            return []
        n = len(self._images)
        room_x, room_y = self._room
        across = self._images[0].width() / self._images[0].height()
        width, columns = max(
            (min(room_x / k, room_y / ceil(n / k) * across), k) for k in range(1, n + 1)
        )
        height = width / across
        return [
            QRect(
                round(k % columns * width),
                round(k // columns * height),
                max(1, round(width) - _GAP),
                max(1, round(height) - _GAP),
            )
            for k in range(n)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the images."""
        del event
        painter = QPainter(self)
        for place, image in zip(self.places(), self._images, strict=True):
            painter.drawImage(place, image)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which image was clicked."""
        k = self._at(event)
        if k is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(k)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the number of the image under the mouse."""
        k = self._at(event)
        QToolTip.showText(event.globalPosition().toPoint(), "" if k is None else f"{k + 1}", self)

    def _at(self, event: QMouseEvent) -> int | None:
        point = event.position().toPoint()
        return next((k for k, place in enumerate(self.places()) if place.contains(point)), None)


def _picture(image: NDArray[np.float32], low: float, high: float) -> QImage:
    grey = np.clip((image - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    height, width = grey.shape
    kind = QImage.Format.Format_Grayscale8
    return QImage(np.ascontiguousarray(grey).tobytes(), width, height, width, kind).copy()
