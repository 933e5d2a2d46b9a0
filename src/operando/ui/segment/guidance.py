"""Where to paint next, and which strokes look wrong: a list to click through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from operando.errors import Cancelled
from operando.ui import navigation
from operando.ui.jobs.background import Background
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.panels.panel import text_label
from operando.ui.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Shapes

    from operando.compute.progress import Progress
    from operando.data import LabelClass
    from operando.errors import OperandoError
    from operando.segment.painting.slips import Slip
    from operando.segment.painting.suggest import Region
    from operando.study import Study
    from operando.ui.session import Session

_PHASES = "phases"
_MOST_SLIPS = 20
_ROWS_SHOWN = 6
_BOX_COLOUR = "#ffffff"
_SLIP_MARK, _REGION_MARK = "⚠", "▢"


@dataclass(frozen=True)
class Advice:
    """What was found in the last segmentation."""

    classes: tuple[LabelClass, ...]
    regions: list[Region]
    slips: list[Slip]


class Guidance(QWidget):
    """Finds out where strokes would help most and which contradict the model, and goes there.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    button : QPushButton
        Looks for places.
    places : QListWidget
        One line per place; a click goes there.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._box: Shapes | None = None
        self._background = Background(self)
        self._stop = Event()
        self.button = QPushButton("Where to paint next")
        self.button.setToolTip(
            "List the places where the last segmentation is least sure, and strokes that it "
            "contradicts"
        )
        self.text = text_label()
        self.places = QListWidget()
        self.places.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.places.setTextElideMode(Qt.TextElideMode.ElideRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.button, self.text, self.places):
            column.addWidget(widget)
        self.text.hide()
        self.places.hide()
        self.button.clicked.connect(self.look)
        self.places.itemClicked.connect(self._go)
        self.places.itemActivated.connect(self._go)
        session.study_changed.connect(self._forget)
        session.products_changed.connect(self._on_products)

    def refresh(self) -> None:
        """Offer help once there is a segmentation."""
        study = self._session.study
        self.setVisible(study is not None and _PHASES in study.products("phases"))

    def close_box(self) -> None:
        """Stop looking: the study is about to be closed."""
        self._session.study_changed.disconnect(self._forget)
        self._session.products_changed.disconnect(self._on_products)
        self._forget()

    def look(self) -> None:
        """Look for places, in a thread."""
        study, painter = self._session.study, self._session.painter
        if study is None or painter is None or self._background.is_busy:
            return
        self.button.setEnabled(False)
        self._stop = Event()
        self._say("Looking for doubt in the last segmentation…")
        self._background.start(
            partial(find_advice, study, painter.counts.slices, self._stop),
            partial(self._on_advice, study, self._stop),
            self._on_failed,
        )

    def _on_products(self, step_name: str) -> None:
        """Forget what was found in an older segmentation."""
        if step_name == "segment":
            self._forget()

    def _forget(self) -> None:
        self._stop.set()
        self._clear()
        box, self._box = self._box, None
        remove_layers(self._session.viewer, box)

    def _on_advice(self, study: Study, stop: Event, advice: Advice) -> None:
        self.button.setEnabled(True)
        if stop.is_set() or study is not self._session.study:
            return
        self._clear()
        for slip in advice.slips[:_MOST_SLIPS]:
            self._add(slip, slip_text(slip, advice.classes))
        for region in advice.regions:
            self._add(region, region_text(region, advice.classes))
        self._say(advice_text(advice))
        n_rows = self.places.count()
        self.places.setVisible(n_rows > 0)
        if n_rows:
            height = self.places.sizeHintForRow(0) * min(n_rows, _ROWS_SHOWN)
            self.places.setFixedHeight(height + 2 * self.places.frameWidth() + 2)

    def _on_failed(self, error: OperandoError) -> None:
        self.button.setEnabled(True)
        self._say("" if isinstance(error, Cancelled) else f"⚠ {error}")

    def _say(self, text: str) -> None:
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def _clear(self) -> None:
        self.places.clear()
        self.places.hide()
        self._say("")

    def _add(self, place: Region | Slip, text: str) -> None:
        item = QListWidgetItem(text, self.places)
        item.setToolTip(text)
        item.setData(Qt.ItemDataRole.UserRole, place)

    def _go(self, item: QListWidgetItem) -> None:
        """Show the place and draw a box around it."""
        study, place = self._session.study, item.data(Qt.ItemDataRole.UserRole)
        if study is None:
            return
        self._show_box(place)
        point = np.array(place.centre) * study.voxel_size
        navigation.go_to_point(self._session.viewer, place.frame, [float(v) for v in point])

    def _show_box(self, place: Region | Slip) -> None:
        layers, viewer = self._session.layers, self._session.viewer
        if layers is None:
            return
        corners = box_corners(place)
        if self._box is None or self._box not in viewer.layers:
            self._box = layers.factory.box(corners, _BOX_COLOUR)
            add_layers(viewer, self._box)
        else:
            self._box.data = [corners]
            self._box.visible = True


def find_advice(study: Study, painted: Sequence[tuple[int, int]], stop: Event) -> Advice:
    """Read the last segmentation of a study; touches nothing of the window.

    Raises
    ------
    Cancelled
        Soon after `stop` is set.
    """
    from operando.segment.painting.slips import find_slips
    from operando.segment.painting.suggest import suggest_regions

    def go_on(progress: Progress) -> None:
        del progress
        if stop.is_set():
            raise Cancelled

    _, probabilities, classes = study.phases(_PHASES)
    return Advice(
        classes,
        suggest_regions(probabilities, painted=painted, progress=go_on),
        find_slips(probabilities, study.strokes().array, painted),
    )


def box_corners(place: Region | Slip) -> Any:
    """Corners ``(4, 4)`` in voxels ``(t, z, y, x)`` of a rectangle around a place."""
    (top, bottom), (left, right) = place.y, place.x
    corners = [(top, left), (top, right), (bottom, right), (bottom, left)]
    return np.array([(place.frame, place.z, y - 0.5, x - 0.5) for y, x in corners])


def region_text(region: Region, classes: Sequence[LabelClass]) -> str:
    """Say where a region is and what is unclear there."""
    first, second = (classes[k - 1].name for k in region.between)
    return f"{_REGION_MARK} {first} or {second}? {_where(region)}"


def slip_text(slip: Slip, classes: Sequence[LabelClass]) -> str:
    """Say what was painted and what it looks like."""
    painted, predicted = (_name(k, classes) for k in (slip.painted, slip.predicted))
    return f"{_SLIP_MARK} painted {painted}, looks like {predicted} {_where(slip)}"


def advice_text(advice: Advice) -> str:
    """Say how to use the list."""
    parts = []
    if advice.slips:
        strokes = count(len(advice.slips), "stroke")
        verb = "contradicts" if len(advice.slips) == 1 else "contradict"
        parts.append(f"{strokes} {verb} the model ({_SLIP_MARK}): a slip, or worth learning?")
    if advice.regions:
        parts.append(f"Strokes would help most here ({_REGION_MARK}). Click to go there.")
    return " ".join(parts) or "The model is sure everywhere, and no stroke contradicts it."


def _where(place: Region | Slip) -> str:
    return f"· frame {place.frame}, z {place.z}"


def _name(label: int, classes: Sequence[LabelClass]) -> str:
    return classes[label - 1].name if label <= len(classes) else f"class {label}"
