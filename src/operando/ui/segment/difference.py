"""Where the segmentation differs from another one, and how much in the frame in view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from operando.errors import InputError, OperandoError
from operando.segment.scores import dice
from operando.study.phases import open_phases
from operando.ui import navigation
from operando.ui.jobs.background import Background
from operando.ui.layers.difference import Difference, difference_layer
from operando.ui.layers.lookups import FrameArray
from operando.ui.layers.study_results import PARTICLES
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray

    from operando.data import LabelClass
    from operando.study import Study
    from operando.ui.session import Session

_PHASES = "phases"


class DifferenceBox(QWidget):
    """Holds the segmentation against another one of the study, or against a layer of labels.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    other : QComboBox
        What to compare with.
    button : QPushButton
        Shows where they differ.
    text : QLabel
        Share that differs and Dice of every class in the frame in view.
    layer : Labels or None
        Voxels that differ, once asked for.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._classes: tuple[LabelClass, ...] = ()
        self._name = ""
        self._tables: dict[int, NDArray[np.int64]] = {}
        self._background = Background(self)
        self.layer: Labels | None = None
        self.other = QComboBox()
        self.other.setToolTip(
            "Another segmentation of this study, or a layer of labels on the same voxels with the "
            "classes 1, 2, … in the same order; 0 is not counted"
        )
        self.button = QPushButton("Show difference")
        self.button.setToolTip("Colour the voxels that differ by the class the other gives them")
        self.text = text_label()
        self.text.hide()
        row = QHBoxLayout()
        row.addWidget(self.other, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.text)
        self.button.clicked.connect(self.show_layer)
        layers = session.viewer.layers.events
        layers.inserted.connect(self._on_layers)
        layers.removed.connect(self._on_layers)
        session.viewer.dims.events.current_step.connect(self._count)
        session.study_changed.connect(self._forget)
        session.products_changed.connect(self._on_products)

    def close_box(self) -> None:
        """Take the layer away and listen no more."""
        layers = self._session.viewer.layers.events
        layers.inserted.disconnect(self._on_layers)
        layers.removed.disconnect(self._on_layers)
        self._session.viewer.dims.events.current_step.disconnect(self._count)
        self._session.study_changed.disconnect(self._forget)
        self._session.products_changed.disconnect(self._on_products)
        self._forget()

    def refresh(self) -> None:
        """Offer what the segmentation can be compared with, if there is anything."""
        study = self._session.study
        there = study is not None and _PHASES in study.products("phases")
        names = list(self._candidates(study)) if study is not None and there else []
        chosen = self.other.currentText()
        self.other.clear()
        self.other.addItems(names)
        if chosen in names:
            self.other.setCurrentText(chosen)
        self.setVisible(bool(names))

    def show_layer(self) -> None:
        """Show where the segmentation differs from what is chosen."""
        study, layers = self._session.study, self._session.layers
        if study is None or layers is None:
            return
        name = self.other.currentText()
        candidates = self._candidates(study)
        if name not in candidates:
            return
        labels, _, classes = open_phases(study.product_path(f"phases/{_PHASES}"))
        try:
            other = self._open(study, candidates[name], classes)
        except OperandoError as error:
            self._say(f"⚠ {error}")
            return
        self._forget()
        self._name, self._classes = name, classes
        viewer = self._session.viewer
        active = viewer.layers.selection.active
        difference = Difference(labels, other, len(classes))
        self.layer = difference_layer(difference, classes, layers.placement)
        viewer.add_layer(self.layer)
        viewer.layers.selection.active = active
        layers.raise_strokes()
        self._count()

    def _candidates(self, study: Study) -> dict[str, Any]:
        """Products (text) and layers, by the name they are offered under."""
        from napari.layers import Labels

        layers = self._session.layers
        shape = tuple(study.series.data.shape[k] for k in (0, 2, 3, 4))
        own = [] if layers is None else [layers.painter.layer, layers.phases]
        found: dict[str, Any] = {
            f"of this study: {name}": name for name in study.products("phases") if name != _PHASES
        }
        for layer in self._session.viewer.layers:
            foreign = isinstance(layer, Labels) and not any(layer is x for x in own)
            if not foreign or layer.multiscale or layer.name == PARTICLES:
                continue
            if not isinstance(layer.data, FrameArray) and layer.data.shape in (shape, shape[1:]):
                found[layer.name] = layer
        return found

    def _open(self, study: Study, chosen: Any, classes: Sequence[LabelClass]) -> Any:
        if not isinstance(chosen, str):
            return chosen.data
        labels, _, others = open_phases(study.product_path(f"phases/{chosen}"))
        own_names, names = ([c.name for c in some] for some in (classes, others))
        if own_names != names:
            raise InputError(
                f"The classes of {chosen} are {', '.join(names)}, not {', '.join(own_names)}",
                "choose a segmentation with the same classes",
            )
        return labels

    def _count(self, event: Any = None) -> None:
        """Say how much differs in the frame in view; counted in a thread, once per frame."""
        del event
        study, layer = self._session.study, self.layer
        if study is None or layer is None:
            return
        frame = navigation.current_frame(self._session.viewer, len(study.times))
        if frame in self._tables:
            self._say(difference_text(self._tables[frame], self._classes, self._name, frame))
            return
        self._say(f"Comparing frame {frame}…")
        if not self._background.is_busy:
            self._background.start(
                partial(layer.data.confusion, frame),
                partial(self._on_counted, layer, frame),
                partial(self._on_failed, layer),
            )

    def _on_counted(self, layer: Labels, frame: int, table: NDArray[np.int64]) -> None:
        if layer is self.layer:
            self._tables[frame] = table
        self._count()

    def _on_failed(self, layer: Labels, error: OperandoError) -> None:
        if layer is self.layer:
            self._say(f"⚠ {error}")
        else:
            self._count()

    def _say(self, text: str) -> None:
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def _on_layers(self, event: Any = None) -> None:
        del event
        if self.layer is not None and self.layer not in self._session.viewer.layers:
            self._forget()
        self.refresh()

    def _on_products(self, step_name: str) -> None:
        """Forget a difference that may be outdated."""
        if step_name != "connectivity":
            self._forget()

    def _forget(self) -> None:
        layer, self.layer = self.layer, None
        self._tables = {}
        self._say("")
        if layer is not None and layer in self._session.viewer.layers:
            self._session.viewer.layers.remove(layer)


def difference_text(
    table: NDArray[np.int64], classes: Sequence[LabelClass], name: str, frame: int
) -> str:
    """Say how much of a frame differs, from the confusion table of `Difference`."""
    total = int(table.sum())
    if not total:
        return f"Frame {frame}: no voxel has a class in both."
    share = 100 * (1 - float(np.trace(table)) / total)
    scores = ", ".join(
        f"{c.name} –" if np.isnan(value) else f"{c.name} {value:.3f}"
        for c, value in zip(classes, dice(table)[: len(classes)], strict=True)
    )
    return (
        f"Frame {frame}: {share:.2f} % of the {total:,} voxels with a class in both differ from "
        f"“{name}”. Dice: {scores}."
    )
