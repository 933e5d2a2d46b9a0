"""Learning from the images, offered where no weights ship for the network that was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.segment.learn_images import NEED_STROKES
from operando.segment.models.model import has_weights
from operando.steps import STEPS
from operando.steps.train import PRETRAINED, SCRATCH
from operando.ui.panels.panel import text_label
from operando.ui.segment.train_form import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.steps.train import Train


class LearnFirst(QWidget):
    """Says that a network would start from nothing, and a button that mends it.

    Parameters
    ----------
    parent
        Owner.

    Attributes
    ----------
    text : QLabel
    button : QPushButton
    """

    asked = Signal(list)
    """The button was clicked; carries the steps to run."""
    learned = Signal(str)
    """A network that was asked for is there; carries the name of the model."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._train: Train | None = None
        self._waits_for: str | None = None
        self.text = text_label()
        self.button = QPushButton("Learn from the images first")
        self.button.setToolTip(
            "Learns, without strokes, to see in your images what the pre-trained 3D U-Net sees in "
            "them; strokes then go on from there. Minutes on a processor"
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self.button)
        self.button.clicked.connect(self._on_click)
        self.hide()

    def show_for(self, train: Train, channels: int, models: Sequence[str]) -> None:
        """Show itself if this training would start from nothing, though pre-trained was chosen.

        Parameters
        ----------
        train
            What is asked for.
        channels
            Of the images.
        models
            Names of those of the study.
        """
        self._train = train
        if self._waits_for in models:
            name, self._waits_for = self._waits_for, None
            self.learned.emit(name)
            return
        network = train.settings.network
        bare = train.start == PRETRAINED and not has_weights(network, channels)
        self.setVisible(bare and network not in NEED_STROKES)
        is_learned = _name(network) in models
        self.button.setVisible(not is_learned)
        several = f" for images of {channels} channels" if channels > 1 else ""
        way = f"go on from {_name(network)}" if is_learned else "learn from the images first"
        self.text.setText(
            f"No pre-trained weights come with the {dict(NETWORKS)[network]}{several}: "
            f"it starts from nothing. Better {way}."
        )

    def _on_click(self) -> None:
        if self._train is None:
            return
        settings = self._train.settings
        self._waits_for = _name(settings.network)
        step = STEPS["learn-images"](
            images=self._train.images,
            settings=settings,
            device=self._train.device,
            model=self._waits_for,
        )
        self.asked.emit([step])


def has_nothing_to_adapt(train: Train, channels: int) -> bool:
    """Tell whether a training changes only the last layer of a network that knows nothing yet."""
    settings = train.settings
    weights = train.start == PRETRAINED and has_weights(settings.network, channels)
    bare = train.start in (PRETRAINED, SCRATCH) and not weights
    return settings.effort == "instant" and settings.network != "forest" and bare


def _name(network: str) -> str:
    return f"images-{network}"
