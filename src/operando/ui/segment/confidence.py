"""The button that shows how sure the segmentation is of every voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.ui.layers.confidence import Confidence, confidence_layer
from operando.ui.segment.result_box import ResultBox

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session

_TIP = (
    "Probability of the class that each voxel was given, in percent, as a layer; dark is unsure. "
    "Hide it with the eye in the list of layers."
)


class ConfidenceBox(ResultBox):
    """Shows the confidence of the segmentation as a layer, on demand.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "Show confidence", _TIP, parent)
        self.button.clicked.connect(self.show_layer)

    def show_layer(self) -> None:
        """Show the layer, above the other results."""
        layers = self._session.layers
        if layers is None or not self.is_there():
            return
        if not self.is_shown():
            labels, probabilities, classes = self.open_result()
            self.layer = confidence_layer(
                Confidence(labels, probabilities), len(classes), layers.placement
            )
        self.show_above(self.layer)

    def _on_products(self, step_name: str) -> None:
        """Read a segmentation that was made anew."""
        del step_name
        if self.is_shown() and self.is_there():
            labels, probabilities, _ = self.open_result()
            self.layer.data = Confidence(labels, probabilities)
