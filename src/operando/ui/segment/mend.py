"""The folding part of the Segment panel that makes a better segmentation out of one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from operando.steps import STEPS
from operando.ui.forms.form import SettingsForm
from operando.ui.layers.images_read import images_read
from operando.ui.panels.panel import heading, text_label
from operando.ui.segment.folding_box import FoldingBox

if TYPE_CHECKING:
    from operando.ui.segment.difference import DifferenceBox
    from operando.ui.session import Session

_PHASES = "phases"
_EVERY, _NONE = ("", "every phase"), ("", "none")
MOTIONS = (("follow", "follow it"), ("none", "nothing moves"))
_DONE = {"steady": "Steadied", "repair": "Repaired"}
NOTE = (
    "Flicker: share of voxels whose label changes to the next frame though their image does not. "
    "The layer “difference” shows what changed last."
)


class MendBox(FoldingBox):
    """Steadies a segmentation in time, or repairs it; shows what changed.

    The panel runs the steps that are asked for. What comes out is a segmentation of its own, of
    which the difference is shown.

    Parameters
    ----------
    session
        The study and its viewer.
    difference
        Shows the difference.
    parent
        Owner.

    Attributes
    ----------
    steady, repair : QPushButton
        Ask for the steps.
    form : SettingsForm
        Settings of the repair; both steps start from its phases.
    steady_form : SettingsForm
        Settings of steadying, shown with the other settings of the repair.
    """

    asked = Signal(object)

    def __init__(
        self, session: Session, difference: DifferenceBox, parent: QWidget | None = None
    ) -> None:
        super().__init__("Steady and repair", parent)
        self._session = session
        self._difference = difference
        self.steady = QPushButton("Steady in time")
        self.steady.setToolTip(
            "Average the probabilities with the frames before and after, along the motion, where "
            "the image did not change; needs several frames of more than one slice"
        )
        self.repair = QPushButton("Repair")
        self.repair.setToolTip(
            "Give small islands to the phase around them, and close gaps of a thin phase along the "
            "most probable path"
        )
        self.form = SettingsForm(
            STEPS["repair"],
            up_front=(_PHASES, "island_um3", "island_phase", "bridge_phase"),
            hidden=("result",),
            choices={
                _PHASES: [(_PHASES, _PHASES)],
                "island_phase": [_EVERY],
                "bridge_phase": [_NONE],
            },
        )
        self.steady_form = SettingsForm(
            STEPS["steady"],
            hidden=("images", _PHASES, "result"),
            choices={"motion": MOTIONS},
        )
        self._steady_part = QWidget()
        part = QVBoxLayout(self._steady_part)
        part.setContentsMargins(0, 0, 0, 0)
        part.addWidget(heading("Steady in time"))
        part.addWidget(self.steady_form)
        self._steady_part.hide()
        self.text = text_label()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        for button in (self.steady, self.repair):
            self.add_button(button)
        self.add(self.form)
        more = QWidget()
        row = QHBoxLayout(more)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self.form.more)
        self.add(self._steady_part)
        self.add(more)
        self.add(self.text)
        self.form.more.toggled.connect(self._on_more)
        self.steady.clicked.connect(self._on_steady)
        self.repair.clicked.connect(self._on_repair)
        session.products_changed.connect(self._on_products)

    def close_box(self) -> None:
        """Listen no more."""
        self._session.products_changed.disconnect(self._on_products)

    def refresh(self) -> None:
        """Offer the segmentations and phases there are, and say what came out."""
        study = self._session.study
        names = study.products(_PHASES) if study is not None else []
        self.setVisible(_PHASES in names)
        if study is None or _PHASES not in names:
            return
        self.form.set_choices(_PHASES, [(name, name) for name in names])
        classes = study.phase_classes(_PHASES)
        phases = [(c.name, c.name) for c in classes]
        self.form.set_choices("island_phase", [_EVERY, *phases])
        self.form.set_choices("bridge_phase", [_NONE, *phases])
        lines = [line for name in _DONE if (line := self._outcome(name))]
        self.text.setText("<br>".join([*lines, f"<small>{NOTE}</small>"] if lines else []))
        self.text.setVisible(bool(lines))
        self.refresh_job()

    def refresh_job(self) -> None:
        """Wait while something runs."""
        study, busy = self._session.study, self._session.is_busy
        self.repair.setEnabled(not busy)
        several = study is not None and len(study.times) > 1 and study.series.volume_shape[0] > 1
        self.steady.setEnabled(not busy and several)

    def _outcome(self, name: str) -> str:
        """Say what a step made; empty if it did not run."""
        status = self._session.status(name)
        if status is None or status.entry is None:
            return ""
        old = " (out of date)" if status.state == "out of date" else ""
        kept = status.entry.settings["result"]
        return f"{_DONE[name]}{old}: {escape(status.summary)}; kept as <b>{escape(kept)}</b>."

    def _on_steady(self) -> None:
        study = self._session.study
        if study is not None:
            source = self.form.value().phases
            update = {
                "images": images_read(study, f"{_PHASES}/{source}")[0],
                _PHASES: source,
                "result": f"{source}_steady",
            }
            self.asked.emit([self.steady_form.value().model_copy(update=update)])

    def _on_more(self, shown: bool) -> None:
        self._steady_part.setVisible(shown)
        self.steady_form.more.setChecked(shown)

    def _on_repair(self) -> None:
        asked = self.form.value()
        self.asked.emit([asked.model_copy(update={"result": f"{asked.phases}_repaired"})])

    def _on_products(self, step_name: str) -> None:
        """Show what a step changed."""
        status = self._session.status(step_name) if step_name in _DONE else None
        if status is not None and status.entry is not None:
            self._difference.refresh()
            self._difference.other.setCurrentText(
                f"of this study: {status.entry.settings['result']}"
            )
            self._difference.show_layer()
