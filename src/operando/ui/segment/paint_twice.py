"""A slice painted a second time, and how far both times agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.errors import InputError
from operando.segment.scoring.painted_twice import self_agreement
from operando.ui.layers.factory import class_colormap
from operando.ui.layers.in_viewer import remove_layers
from operando.ui.panels.panel import text_label
from operando.ui.strokes.painter import StrokePainter
from operando.ui.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels

    from operando.data import LabelClass
    from operando.segment.scoring.painted_twice import SelfAgreement
    from operando.ui.layers.study_layers import StudyLayers
    from operando.ui.session import Session

AGAIN = "again"
LAYER_NAME = "painted again"
_INVITATION = (
    "Paint on a slice that has strokes already, which are hidden now: as if for the first time. "
    "These strokes are not learnt from."
)
_REMOVED = (
    "⚠ You painted again with a class that is not there any more. Add a class under Annotate; "
    "then its strokes can be seen here, and erased."
)


class PaintTwiceBox(QWidget):
    """Takes strokes on slices that have some, and says how far they agree with the first ones.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    button : QPushButton
        Begins and ends painting again; stands where the panel puts it.
    painter : StrokePainter or None
        Records the second strokes, once asked for.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.painter: StrokePainter | None = None
        self._problem = ""
        self.button = QPushButton("Paint a slice again")
        self.button.setCheckable(True)
        self.button.setToolTip(
            "Paint a slice a second time, without seeing the first strokes, to learn how far your "
            "own labels can be trusted"
        )
        self.text = text_label()
        self.text.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        self.button.toggled.connect(self._on_toggled)
        session.study_changed.connect(self._forget)
        session.strokes_changed.connect(self._show)
        session.viewer.layers.selection.events.active.connect(self._on_layers)
        session.viewer.layers.events.removed.connect(self._on_layers)

    def refresh(self) -> None:
        """Offer to paint again once something is painted; show what was found before."""
        study, painter = self._session.study, self._session.painter
        painted = painter is not None and bool(painter.counts.voxels)
        self.button.setEnabled(painted and study is not None and study.writable)
        self._show()

    def close_box(self) -> None:
        """Take the layer away and listen no more."""
        self._session.study_changed.disconnect(self._forget)
        self._session.strokes_changed.disconnect(self._show)
        layers = self._session.viewer.layers
        layers.selection.events.active.disconnect(self._on_layers)
        layers.events.removed.disconnect(self._on_layers)
        self._forget()

    def agreement(self) -> SelfAgreement | None:
        """Compare both times; None if nothing was painted again."""
        study = self._session.study
        if study is None or not (study.path / "strokes" / f"{AGAIN}.u8").exists():
            return None
        first, second = study.strokes(), study.strokes(AGAIN)
        return self_agreement(first.array, second.array, second.painted_slices, len(first.classes))

    def _on_toggled(self, painting: bool) -> None:
        first, layers = self._session.painter, self._session.layers
        if first is None or layers is None:
            return
        self._problem, layers.again = "", None
        if painting:
            self._begin(first, layers)
        else:
            if self.painter is not None:
                self.painter.layer.visible = False
            first.take("pan_zoom")
        self._session.strokes_changed.emit()

    def _begin(self, first: StrokePainter, layers: StudyLayers) -> None:
        try:
            painter = self._second_painter(first)
        except InputError:
            self.button.setChecked(False)
            self._problem = _REMOVED
            return
        first.layer.visible = False
        painter.take("paint")
        painter.layer.selected_label = max(first.label, 1)
        layers.again = painter

    def _on_layers(self, event: Any = None) -> None:
        """End painting again when the first strokes are taken, or the layer is deleted."""
        del event
        first, layers, viewer = self._session.painter, self._session.layers, self._session.viewer
        if first is None or layers is None or layers.again is None:
            return
        gone = layers.again.layer not in viewer.layers
        # napari wraps what it hands to plugins, so that nothing of it "is" what was put in.
        if gone or viewer.layers.selection.active == first.layer:
            self.button.setChecked(False)

    def _second_painter(self, first: StrokePainter) -> StrokePainter:
        study, layers = self._session.study, self._session.layers
        viewer = self._session.viewer
        if self.painter is not None and self.painter.layer in viewer.layers:
            if self.painter.strokes.classes != first.strokes.classes:
                self.painter.set_classes(first.strokes.classes)
            return self.painter
        self._close_painter()
        strokes = study.strokes(AGAIN)
        strokes.set_classes(first.strokes.classes)
        self.painter = StrokePainter(
            viewer, _layer(strokes.array, strokes.classes, first.layer, layers.placement), strokes
        )
        viewer.add_layer(self.painter.layer)
        self.painter.stroked.connect(self._session.strokes_changed.emit)
        return self.painter

    def _show(self) -> None:
        study, found = self._session.study, self.agreement()
        if self._problem:
            text = self._problem
        elif study is not None and found is not None and found.voxels:
            text = agreement_text(found, study.strokes().classes)
        else:
            text = _INVITATION if self.button.isChecked() else ""
        self.text.setText(text)
        self.text.setVisible(bool(text))

    def _forget(self) -> None:
        self._close_painter()
        self.button.setChecked(False)
        self._show()

    def _close_painter(self) -> None:
        painter, self.painter = self.painter, None
        if painter is None:
            return
        painter.close()
        remove_layers(self._session.viewer, painter.layer)


def _layer(
    array: np.ndarray, classes: Sequence[LabelClass], like: Labels, placement: dict
) -> Labels:
    """Make the layer of the second strokes, painted on with the same brush."""
    from napari.layers import Labels

    layer = Labels(
        array,
        name=LAYER_NAME,
        colormap=class_colormap(classes),
        opacity=like.opacity,
        multiscale=False,
        **placement,
    )
    layer.n_edit_dimensions = 2
    layer.brush_size = like.brush_size
    return layer


def agreement_text(found: SelfAgreement, classes: Sequence[LabelClass]) -> str:
    """Say how far strokes that were painted twice agree."""
    scores = ", ".join(
        f"{c.name} {value:.2f}"
        for c, value in zip(classes, found.dice, strict=True)
        if not np.isnan(value)
    )
    return (
        f"Your own strokes agree to {100 * found.equal:.1f} % where they were painted twice "
        f"({found.voxels:,} voxels on {count(found.slices, 'slice')}); Dice: {scores}. No model "
        "can be judged more finely than that."
    )
