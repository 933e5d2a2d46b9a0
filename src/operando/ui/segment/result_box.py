"""What every part of the Segment panel shares that shows a layer about the segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.errors import StudyError
from operando.ui.dock.accordion import reveal
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.results import hide_other_maps
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from napari.layers import Layer

    from operando.data import LabelClass
    from operando.ui.session import Session

PHASES = "phases"


class ResultBox(QWidget):
    """A button about the segmentation, a text below, and at most one layer that it shows.

    Parameters
    ----------
    session
        The study and its viewer.
    button_text, tip
        Of the button, which stands where the panel puts it.
    parent
        Owner.

    Attributes
    ----------
    button : QPushButton
    text : QLabel
        Hidden while it says nothing.
    layer : Layer or None
        What is shown, once it was asked for.
    """

    def __init__(
        self, session: Session, button_text: str, tip: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.layer: Layer | None = None
        self.button = QPushButton(button_text)
        self.button.setToolTip(tip)
        self.text = text_label()
        self.text.hide()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.addWidget(self.text)
        session.study_changed.connect(self.forget)
        session.products_changed.connect(self._on_products)

    def refresh(self) -> None:
        """Offer the button once there is a segmentation."""
        self.button.setEnabled(self.is_there())

    def close_box(self) -> None:
        """Take the layer away and listen no more."""
        self._session.study_changed.disconnect(self.forget)
        self._session.products_changed.disconnect(self._on_products)
        self.forget()

    def is_there(self) -> bool:
        """Tell whether the study has a segmentation."""
        study = self._session.study
        return study is not None and PHASES in study.products(PHASES)

    def open_result(self) -> tuple[Any, Any, tuple[LabelClass, ...]]:
        """Open labels, probabilities and classes of the segmentation.

        Raises
        ------
        StudyError
            If there is none.
        """
        study = self._session.study
        if study is None or not self.is_there():
            raise StudyError("There is no segmentation", "press Segment first")
        return study.phases(PHASES)

    def show_above(self, layer: Layer) -> None:
        """Show a layer above the other results, below the strokes; the active one stays active."""
        viewer, layers = self._session.viewer, self._session.layers
        if layer not in viewer.layers:
            add_layers(viewer, layer)
        hide_other_maps(viewer, layer)
        layer.visible = True
        self.layer = layer
        viewer.layers.move(viewer.layers.index(layer), len(viewer.layers))
        if layers is not None:
            layers.raise_strokes()

    def is_shown(self) -> bool:
        """Tell whether the layer is in the viewer; the user may have removed it."""
        return self.layer is not None and self.layer in self._session.viewer.layers

    def forget(self) -> None:
        """Take the layer away."""
        layer, self.layer = self.layer, None
        remove_layers(self._session.viewer, layer)

    def say(self, text: str) -> None:
        """Show a text below the button, scrolled into view when it comes; an empty one hides it."""
        is_new = bool(text) and self.text.isHidden()
        if text != self.text.text():
            self.text.setText(text)
        self.text.setVisible(bool(text))
        if is_new:
            reveal(self)

    def _on_products(self, step_name: str) -> None:
        """Follow a step that finished."""
