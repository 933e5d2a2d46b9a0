"""The button that shows what the model of the study was taught and what it is not for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from operando.errors import OperandoError
from operando.segment import Model, model_card
from operando.segment.models.bioimage import export_package
from operando.steps.training_runs import model_in_use
from operando.ui.jobs.background import Background
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from operando.study import Study
    from operando.ui.session import Session

_SIZE = (620, 720)


class CardBox(QWidget):
    """Shows the model card of the study's model in a window of its own, and passes it on.

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
    share : QPushButton
        Writes the model as a bioimage.io package.
    said : QLabel
        What became of that.
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
        self.share = QPushButton("Save for bioimage.io …")
        self.share.setToolTip(
            "One zip file that other programs run and operando import-model takes into another "
            "study; no images of yours go along"
        )
        self.share.clicked.connect(self._on_share)
        buttons.addButton(self.share, QDialogButtonBox.ButtonRole.ActionRole)
        self.said = text_label()
        self._background = Background(self)
        self._model: Model | None = None
        self._study: Study | None = None
        inside.addWidget(self.page)
        inside.addWidget(self.said)
        inside.addWidget(buttons)
        self.button.clicked.connect(self.show_card)

    def refresh(self) -> None:
        """Offer the card once there is a model; close that of another study."""
        study = self._session.study
        if study is not self._study:
            self._study = study
            self.dialog.close()
        self.button.setEnabled(study is not None and bool(study.products("models")))
        self.error.hide()

    def show_card(self) -> None:
        """Read the model and show its card."""
        study = self._session.study
        name = model_in_use(study) if study is not None else None
        if study is None or name is None:
            return
        try:
            self._model = Model.load(study.product_path(f"models/{name}"))
        except OperandoError as error:
            self.error.setText(f"⚠ {error}")
            self.error.show()
            return
        self.error.hide()
        self.page.setMarkdown(model_card(self._model))
        self.said.hide()
        self.dialog.show()
        self.dialog.raise_()

    def _on_share(self) -> None:
        """Ask for a file and write the package."""
        name, _ = QFileDialog.getSaveFileName(
            self.dialog, "Save for bioimage.io", "model.zip", "bioimage.io package (*.zip)"
        )
        if not name or self._model is None or self._background.is_busy:
            return
        self.share.setEnabled(False)
        self._background.start(
            partial(export_package, self._model, Path(name)),
            lambda _: self._say(f"Wrote {name}"),
            lambda error: self._say(f"⚠ {error}"),
        )

    def _say(self, text: str) -> None:
        self.share.setEnabled(True)
        self.said.setText(text)
        self.said.show()
