"""Thumbnails of particles, one row each, one column per frame: which one cracked, at a glance."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from operando.ui.forms.fields import ChoiceField

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import Column

EDGE = 72
"""Of a thumbnail, in pixels."""

_MOST_KEPT = 4000
_AT_ONCE = 4
_NOTHING = QModelIndex()
_CENTRE = ("z_um", "y_um", "x_um")
DIMMED = 0.35


class GalleryModel(QAbstractTableModel):
    """Particles by frames; a thumbnail is made when it is first seen, a few at a time.

    Parameters
    ----------
    parent
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.particles = np.empty(0, int)
        self.values: NDArray[Any] = np.empty(0)
        self.column: Column | None = None
        self.n_frames = 0
        self._table: pd.DataFrame | None = None
        self._rows: dict[tuple[int, int], tuple[float, ...]] | None = None
        self._source: tuple[Any, Any, tuple[float, ...], tuple[float, float]] | None = None
        self._kept: OrderedDict[tuple[int, int], QPixmap] = OrderedDict()
        self._wanted: OrderedDict[tuple[int, int], QModelIndex] = OrderedDict()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._make_some)

    def set_source(
        self, images: Any, ids: Any, spacing: tuple[float, ...], limits: tuple[float, float]
    ) -> None:
        """Take where thumbnails come from.

        Parameters
        ----------
        images, ids
            ``(t, z, y, x)``, read where looked at.
        spacing
            Voxel size ``(z, y, x)``, µm.
        limits
            Grey levels shown black and white.
        """
        self._source = (images, ids, spacing, limits)
        self.forget()

    def forget(self) -> None:
        """Make all thumbnails anew."""
        self._kept.clear()
        self._wanted.clear()
        self.layoutChanged.emit()

    def set_table(self, table: pd.DataFrame | None, n_frames: int) -> None:
        """Take where particles are."""
        self.n_frames = n_frames
        self._table, self._rows = table, None
        self.forget()

    def arrange(self, particles: NDArray[Any], values: NDArray[Any], column: Column | None) -> None:
        """Show particles in an order, with the value that they are sorted by."""
        self.beginResetModel()
        self.particles, self.values, self.column = particles, values, column
        self._wanted.clear()
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _NOTHING) -> int:
        """Return the number of particles."""
        return 0 if parent.isValid() else len(self.particles)

    def columnCount(self, parent: QModelIndex = _NOTHING) -> int:
        """Return the number of frames."""
        return 0 if parent.isValid() else self.n_frames

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Frame above; id and value on the left."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return f"frame {section}"
        text = str(self.particles[section])
        if self.column is not None and self.column.name != "particle":
            unit = f" {self.column.unit}" if self.column.unit else ""
            text += f"\n{self.values[section]:.{self.column.decimals}f}{unit}"
        return text

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Thumbnail of a cell, once it was made."""
        key = (index.column(), int(self.particles[index.row()]))
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"Particle {key[1]}, frame {key[0]}"
        if role != Qt.ItemDataRole.DecorationRole or key not in self._places():
            return None
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if self._source is not None:
            self._wanted[key] = index
            self._timer.start()
        return None

    def _places(self) -> dict[tuple[int, int], tuple[float, ...]]:
        """Where particles are, looked up when thumbnails are first seen."""
        if self._rows is None:
            wanted = ["frame", "particle", *_CENTRE, "diameter_um"]
            known = self._table is not None and set(wanted) <= set(self._table)
            rows = self._table[wanted].itertuples(index=False, name=None) if known else ()
            self._rows = {(int(t), int(p)): tuple(place) for t, p, *place in rows}
        return self._rows

    def _make_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._wanted))):
            # what was asked for last is seen now, what was scrolled away can wait
            key, index = self._wanted.popitem()
            self._kept[key] = self._make(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
        if not self._wanted:
            self._timer.stop()

    def _make(self, key: tuple[int, int]) -> QPixmap:
        images, ids, spacing, limits = self._source
        *centre, diameter = self._places()[key]
        pixels = thumbnail(images, ids, key, tuple(centre), diameter, spacing, limits)
        height, width = pixels.shape
        image = QImage(pixels.data, width, height, width, QImage.Format.Format_Grayscale8)
        mode = Qt.TransformationMode.SmoothTransformation
        return QPixmap.fromImage(image).scaled(EDGE, EDGE, Qt.AspectRatioMode.KeepAspectRatio, mode)


class ParticleGallery(QWidget):
    """Every shown particle through time; a click selects it.

    Parameters
    ----------
    parent
        Owner.
    """

    picked = Signal(int, int)
    """Frame and id of what was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: pd.DataFrame | None = None
        self._stale = True
        self._particle, self._frame = 0, 0
        self.model = GalleryModel(self)
        self.order = ChoiceField()
        self.order.setToolTip("Sort by this column, in the frames that the table shows")
        self.falling = QCheckBox("largest first")
        self.falling.setChecked(True)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setIconSize(QSize(EDGE, EDGE))
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.verticalHeader().setDefaultSectionSize(EDGE + 4)
        self.view.horizontalHeader().setDefaultSectionSize(EDGE + 8)
        self.view.setShowGrid(False)
        top = QHBoxLayout()
        for widget in (QLabel("Sort by"), self.order, self.falling):
            top.addWidget(widget)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        self.order.currentIndexChanged.connect(self._arrange)
        self.falling.toggled.connect(self._arrange)
        self.view.clicked.connect(self._on_click)

    def set_table(
        self, table: pd.DataFrame | None, columns: tuple[Column, ...], n_frames: int
    ) -> None:
        """Take other particles; keeps the order."""
        offered = [(c, c.header) for c in columns if c.name not in ("frame", "time_h")]
        first = next((c for c in columns if c.name == "crack_fraction"), None)
        self.order.set_choices(offered, first)
        self.model.set_table(table, n_frames)

    def set_shown(self, shown: pd.DataFrame | None, particle: int, frame: int) -> None:
        """Show the particles of these rows, and which one is selected in which frame."""
        self._shown, self._particle, self._frame = shown, particle, frame
        self._stale = True
        if self.isVisible():
            self._arrange()

    def mark(self, particle: int, frame: int) -> None:
        """Bring a particle in a frame into view, among the same ones; 0 marks none."""
        self._particle, self._frame = particle, frame
        if not self._stale:
            self._show_mark()

    def showEvent(self, event: Any) -> None:
        """Arrange what changed while the gallery was hidden."""
        super().showEvent(event)
        if self._stale:
            self._arrange()

    def _arrange(self) -> None:
        self._stale = False
        chosen = self.order.value()
        if self._shown is None or chosen is None:
            self.model.arrange(np.empty(0, int), np.empty(0), None)
            return
        values = self._shown.groupby("particle")[chosen.name].max().astype(float)
        falling = self.falling.isChecked()
        ordered = values.sort_values(ascending=not falling, na_position="last", kind="stable")
        self.model.arrange(ordered.index.to_numpy(int), ordered.to_numpy(), chosen)
        self._show_mark()

    def _show_mark(self) -> None:
        rows = np.flatnonzero(self.model.particles == self._particle)
        if not rows.size:
            self.view.selectionModel().clear()
            return
        index = self.model.index(int(rows[0]), self._frame)
        if index != self.view.currentIndex():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def _on_click(self, index: QModelIndex) -> None:
        self.picked.emit(index.column(), int(self.model.particles[index.row()]))


def thumbnail(
    images: Any,
    ids: Any,
    key: tuple[int, int],
    centre_um: tuple[float, ...],
    diameter_um: float,
    spacing: tuple[float, ...],
    limits: tuple[float, float],
) -> NDArray[np.uint8]:
    """Cut the central slice of a particle out; what is not the particle is dimmed.

    Parameters
    ----------
    images, ids
        ``(t, z, y, x)``.
    key
        Frame and id.
    centre_um, diameter_um
        Where it is, ``(z, y, x)``, and how large.
    spacing
        Voxel size ``(z, y, x)``, µm.
    limits
        Grey levels shown black and white.

    Returns
    -------
    ``(y, x)`` grey levels.
    """
    frame, particle = key
    z, y, x = (round(c / s) for c, s in zip(centre_um, spacing, strict=True))
    reach = [max(2, round(0.75 * diameter_um / s)) for s in spacing[1:]]
    shape = ids.shape
    rows = slice(max(0, y - reach[0]), min(shape[2], y + reach[0] + 1))
    columns = slice(max(0, x - reach[1]), min(shape[3], x + reach[1] + 1))
    z = min(max(z, 0), shape[1] - 1)
    grey = np.asarray(images[frame, z, rows, columns], float)
    inside = np.asarray(ids[frame, z, rows, columns]) == particle
    low, high = limits
    level = np.clip(np.nan_to_num((grey - low) / max(high - low, 1e-12)), 0, 1)
    return np.ascontiguousarray(255 * level * np.where(inside, 1, DIMMED), np.uint8)
