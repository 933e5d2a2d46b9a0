"""The folding part of the Segment panel with everything that judges the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton

from operando.steps import STEPS
from operando.ui.segment.card import CardBox
from operando.ui.segment.confidence import ConfidenceBox
from operando.ui.segment.connectivity import ConnectivityBox
from operando.ui.segment.difference import DifferenceBox
from operando.ui.segment.folding_box import FoldingBox
from operando.ui.segment.inside_box import InsideBox
from operando.ui.segment.paint_twice import PaintTwiceBox

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session


class JudgeBox(FoldingBox):
    """Says how good model and segmentation are; hidden while there is neither.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.

    Attributes
    ----------
    compare_runs : QPushButton
        Asks for the table of trained models.
    confidence, connectivity, difference, card, inside, paint_twice
        What is looked at, each with a button of its own.
    """

    asked = Signal(object)
    """Steps that are to be run."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Judge the result", parent)
        self._session = session
        self.confidence = ConfidenceBox(session)
        self.connectivity = ConnectivityBox(session)
        self.difference = DifferenceBox(session)
        self.card = CardBox(session)
        self.inside = InsideBox(session)
        self.paint_twice = PaintTwiceBox(session)
        self.compare_runs = QPushButton("Compare runs")
        self.compare_runs.setToolTip(
            "Every trained model in a table, with scores, learning curves and what it gives"
        )
        self.add_button(self.compare_runs)
        for box in (self.confidence, self.connectivity, self.paint_twice, self.card, self.inside):
            self.add_button(box.button)
        for box in (
            self.card,
            self.inside,
            self.difference,
            self.confidence,
            self.paint_twice,
            self.connectivity,
        ):
            self.add(box)
        self.connectivity.button.clicked.connect(self._on_connectivity)

    def refresh(self) -> None:
        """Offer what there is to look at."""
        study = self._session.study
        has_model = study is not None and bool(study.products("models"))
        self.setVisible(has_model or self.confidence.is_there())
        for box in (
            self.confidence,
            self.difference,
            self.connectivity,
            self.card,
            self.inside,
            self.paint_twice,
        ):
            box.refresh()

    def refresh_job(self) -> None:
        """Offer what takes a step only while none runs."""
        self.connectivity.button.setEnabled(
            self.connectivity.is_there() and not self._session.is_busy
        )

    def close_box(self) -> None:
        """Let go of the viewer."""
        for box in (
            self.confidence,
            self.difference,
            self.connectivity,
            self.inside,
            self.paint_twice,
        ):
            box.close_box()

    def _on_connectivity(self) -> None:
        self.asked.emit([STEPS["connectivity"]()])
