"""A panel that runs one step, or a few in a row."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QPushButton

from operando.errors import InputError, OperandoError
from operando.steps import make_step
from operando.ui.jobs.bar import JobBar
from operando.ui.panels.panel import Panel, text_label
from operando.ui.wording import image_set_choices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from operando.steps import Step
    from operando.ui.forms.form import SettingsForm
    from operando.ui.session import Session


class RunPanel(Panel):
    """One sentence, a form, one primary button, progress, and what came out.

    Subclasses set the class attributes and write `make_form`; further widgets go between the form
    and the button by ``self.extra.addWidget``.

    Parameters
    ----------
    session
        Runs the steps.
    parent
        Owner.

    Attributes
    ----------
    form : SettingsForm
        Settings of the step.
    primary : QPushButton
        Runs it.
    job_bar : JobBar
        Progress and failure of the panel's own jobs.
    """

    sentence: ClassVar[str] = ""
    button_text: ClassVar[str] = "Run"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.form = self.make_form()
        self._recalled: Path | None = None
        self._image_sets: list[tuple[str, str]] = []
        self.primary = QPushButton(self.button_text)
        self.primary.setMinimumHeight(30)
        # Buttons of macOS do not take the focus, which would leave a typed number unread.
        self.primary.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.primary.clicked.connect(self._on_primary)
        self.job_bar = JobBar()
        self.job_bar.cancelled.connect(self._on_cancel)
        self.hint = text_label()
        self.result = text_label()
        self.result.setTextFormat(Qt.TextFormat.RichText)
        self.buttons = QHBoxLayout()
        self.buttons.addWidget(self.primary, 1)
        more = QHBoxLayout()
        more.addStretch(1)
        more.addWidget(self.form.more)
        self.extra = QHBoxLayout()
        for item in (text_label(self.sentence), self.form):
            self.column.addWidget(item)
        self.column.addLayout(more)
        self.column.addLayout(self.extra)
        self.column.addLayout(self.buttons)
        for item in (self.job_bar, self.error, self.hint, self.result):
            self.column.addWidget(item)

    def make_form(self) -> SettingsForm:
        """Make the form of the step's settings."""
        raise NotImplementedError

    def steps(self) -> Sequence[Step]:
        """Return what the primary button runs; by default the form's step."""
        return [self.form.value()]

    def obstacle(self) -> str:
        """Say why nothing can be run now, in a sentence; empty if it can."""
        return "" if self.session.study else "Open a study first."

    def images_to_use(self, sets: Sequence[str]) -> str:
        """Choose among the image sets of a study, oldest first; by default the newest."""
        return sets[-1]

    def results(self) -> str:
        """Say what came out, in numbers; may hold HTML."""
        return ""

    def refresh(self) -> None:
        """Show results, and whether the step can be run."""
        other = self._is_other_study()
        self._offer_image_sets()
        if other:
            self._recall_settings()
        self.show_obstacle()
        self.show_results()
        self.refresh_job()

    def show_results(self) -> None:
        """Say what came out."""
        text = self.results()
        self.result.setText(text)
        self.result.setVisible(bool(text))

    def show_obstacle(self) -> None:
        """Say why nothing can be run now."""
        obstacle = self.obstacle()
        self.hint.setText(obstacle)
        self.hint.setVisible(bool(obstacle))
        self.primary.setEnabled(not self.session.is_busy and not obstacle)

    def refresh_job(self) -> None:
        """Show how far the job is."""
        busy = self.session.is_busy
        self.primary.setEnabled(not busy and not self.hint.text())
        self.job_bar.set_job(self.job, self.session.steps_to_come)

    def run(self, steps: Sequence[Step]) -> None:
        """Run steps; what is wrong is said in the panel."""
        try:
            self.session.run(*steps)
        except OperandoError as error:
            self.show_error(error)
        else:
            self.show_error(None)

    def _is_other_study(self) -> bool:
        """Tell whether another study was opened; nothing that was typed for the last one stays."""
        study = self.session.study
        if study is None or study.path == self._recalled:
            return False
        if self._recalled is not None:
            self.form.reset()
            self._image_sets = []
        self._recalled = study.path
        return True

    def _recall_settings(self) -> None:
        """Show the settings of the last run in a study that was opened."""
        name = self.form.value().name
        status = self.session.status(name)
        if status is not None and status.entry is not None:
            with suppress(InputError):  # settings of another version
                self.form.setValue(make_step(name, status.entry.settings))

    def _offer_image_sets(self) -> None:
        """Offer the images of the study where the form asks for them; the newest when it is new."""
        study = self.session.study
        sets = image_set_choices(study) if study is not None else []
        if sets and sets != self._image_sets:
            self.form.set_choices("images", sets)
            self.form.choose("images", self.images_to_use([product for product, _ in sets]))
            self._image_sets = sets

    def _on_primary(self) -> None:
        self.run(self.steps())

    def _on_cancel(self) -> None:
        self.session.cancel()
