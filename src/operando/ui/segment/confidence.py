"""The button that shows how sure the segmentation is of every voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.study.phases import open_phases
from operando.ui.layers.confidence import Confidence, confidence_layer

if TYPE_CHECKING:
    from napari.layers import Image

    from operando.ui.session import Session

_PHASES = "phases"


class ConfidenceBox(QWidget):
    """Shows the confidence of the segmentation as a layer, on demand.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    button : QPushButton
        Shows the layer.
    layer : Image or None
        It, once it was asked for.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.layer: Image | None = None
        self.button = QPushButton("Show confidence")
        self.button.setToolTip(
            "Probability of the class that each voxel was given, in percent, as a layer; dark is "
            "unsure. Hide it with the eye in the list of layers."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.button)
        self.button.clicked.connect(self.show_layer)
        session.study_changed.connect(self._on_study)
        session.products_changed.connect(self._on_products)

    def refresh(self) -> None:
        """Offer the layer once there is a segmentation."""
        self.setVisible(self._is_there())

    def show_layer(self) -> None:
        """Show the layer above the other results, below the strokes."""
        study, layers = self._session.study, self._session.layers
        if study is None or layers is None or not self._is_there():
            return
        viewer = self._session.viewer
        if self.layer is not None and self.layer in viewer.layers:
            self.layer.visible = True
        else:
            labels, probabilities, classes = open_phases(study.product_path(f"phases/{_PHASES}"))
            active = viewer.layers.selection.active
            self.layer = confidence_layer(
                Confidence(labels, probabilities), len(classes), layers.placement
            )
            viewer.add_layer(self.layer)
            viewer.layers.selection.active = active
        viewer.layers.move(viewer.layers.index(self.layer), len(viewer.layers))
        layers.raise_strokes()

    def close_box(self) -> None:
        """Take the layer away and listen no more."""
        self._session.study_changed.disconnect(self._on_study)
        self._session.products_changed.disconnect(self._on_products)
        self._on_study()

    def _is_there(self) -> bool:
        study = self._session.study
        return study is not None and _PHASES in study.products("phases")

    def _on_study(self) -> None:
        layers = self._session.viewer.layers
        if self.layer is not None and self.layer in layers:
            layers.remove(self.layer)
        self.layer = None

    def _on_products(self, step_name: str) -> None:
        """Read a segmentation that was made anew."""
        del step_name
        study = self._session.study
        if study is None or self.layer is None or self.layer not in self._session.viewer.layers:
            return
        labels, probabilities, _ = open_phases(study.product_path(f"phases/{_PHASES}"))
        self.layer.data = Confidence(labels, probabilities)
