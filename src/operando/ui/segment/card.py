"""The button that shows what the model of the study was taught and what it is not for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from operando.errors import OperandoError
from operando.segment import Model, model_card
from operando.steps.training_runs import model_in_use
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from operando.ui.session import Session

_SIZE = (620, 720)


class CardBox(QWidget):
    """Shows the model card of the study's model in a window of its own.

    Parameters
    ----------
    session
        The study.
    parent
        Owner.

    Attributes
    ----------
    button : QPushButton
        Opens the window.
    page : QTextBrowser
        The card.
    dialog : QDialog
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.button = QPushButton("Model card")
        self.button.setToolTip(
            "Classes, voxel size, normalisation, strokes, scores and limits of the model; also "
            "README.md beside its weights"
        )
        self.error = text_label()
        self.error.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.error)
        self.dialog = QDialog(self)
        self.dialog.setWindowTitle("Model card")
        self.dialog.resize(*_SIZE)
        self.page = QTextBrowser()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.dialog.reject)
        inside = QVBoxLayout(self.dialog)
        inside.addWidget(self.page)
        inside.addWidget(buttons)
        self.button.clicked.connect(self.show_card)

    def refresh(self) -> None:
        """Offer the card once there is a model."""
        study = self._session.study
        self.button.setEnabled(study is not None and bool(study.products("models")))
        self.error.hide()

    def show_card(self) -> None:
        """Read the model and show its card."""
        study = self._session.study
        name = model_in_use(study) if study is not None else None
        if study is None or name is None:
            return
        try:
            card = model_card(Model.load(study.product_path(f"models/{name}")))
        except OperandoError as error:
            self.error.setText(f"⚠ {error}")
            self.error.show()
            return
        self.error.hide()
        self.page.setMarkdown(card)
        self.dialog.show()
        self.dialog.raise_()
