"""Buttons that correct particles by hand: on the selected one, with clicks in the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from operando.errors import InputError, OperandoError
from operando.particles.edits import Edit
from operando.steps import STEPS, make_step
from operando.steps.corrections import Corrections
from operando.ui import navigation
from operando.ui.clicks import CanvasClicks
from operando.ui.panels.panel import text_label

if TYPE_CHECKING:
    from operando.steps.corrections import Change
    from operando.ui.particles.view import ParticleView
    from operando.ui.session import Session

_TOOLS = {
    "merge": ("Merge…", "Join the selected particle with the one clicked next", 1),
    "split": ("Split…", "Part the selected particle between two clicked places", 2),
    "cut": ("Cut…", "Part the selected particle along the line between two clicks", 2),
    "delete": ("Delete", "The selected one is no particle", 0),
    "grow": (
        "Grow…",
        "Make the free solid around a place one particle, or grow the one there anew",
        1,
    ),
    "accept": ("Accept", "The selected particle is right", 0),
}
_ASK = {
    "merge": "Click the particle that belongs to {particle}.",
    "split": "Click a place in each of the two parts of {particle} ({left} to go).",
    "cut": "Click both ends of the cut through {particle} ({left} to go).",
    "grow": "Click a place in the solid.",
}
_DONE = {
    "merge": "merged",
    "split": "split",
    "cut": "cut",
    "delete": "deleted",
    "grow": "grown",
    "accept": "accepted",
}


class ParticleEditor(QWidget):
    """Corrections of the particles in the canvas; each is on disk at once and can be undone.

    Parameters
    ----------
    session
        The open study.
    view
        The particles in the canvas.
    parent
        Owner.
    """

    edited = Signal(object)
    """The table after a correction."""

    def __init__(self, session: Session, view: ParticleView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._view = session, view
        self._corrections: Corrections | None = None
        self._tool = ""
        self._clicked: list[tuple[int, int, int]] = []
        self._start: tuple[int, int] = (0, 0)
        self._clicks = CanvasClicks(session.viewer)
        self._clicks.clicked.connect(self._on_click)
        self._view.selected.connect(self._on_selected)
        self.through_time = QCheckBox("in all frames")
        self.through_time.setChecked(True)
        self.through_time.setToolTip(
            "Correct the same particle in every frame, or only in this one"
        )
        self.hint = text_label()
        self.tools = {kind: QPushButton(text) for kind, (text, _, _) in _TOOLS.items()}
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self._lay_out()
        self.refresh()

    def close_editor(self) -> None:
        """Let go of viewer and view."""
        self._clicks.close()
        self._view.selected.disconnect(self._on_selected)

    def forget(self) -> None:
        """Read the corrections anew when they are needed: the particles were found again."""
        self._corrections = None
        self.stop()

    def refresh(self) -> None:
        """Enable what can be done now."""
        ready = self._is_ready()
        chosen = ready and self._view.particle > 0
        for kind, button in self.tools.items():
            button.setEnabled(chosen or (ready and kind == "grow"))
            button.setChecked(kind == self._tool)
        corrections = self._corrections
        self.undo.setEnabled(ready and (corrections is None or corrections.can_undo))
        self.redo.setEnabled(ready and (corrections is None or corrections.can_redo))
        if not self.hint.text() or not chosen:
            self._say("" if chosen or not ready else "Select a particle to correct it.")

    def stop(self) -> None:
        """Ask for no more clicks."""
        self._tool, self._clicked = "", []
        self._view.selects = True
        self._say("")
        self.refresh()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (kind, button) in enumerate(self.tools.items()):
            button.setCheckable(_TOOLS[kind][2] > 0)
            button.setToolTip(_TOOLS[kind][1])
            button.clicked.connect(lambda _=False, kind=kind: self._on_tool(kind))
            grid.addWidget(button, number // 3, number % 3)
        grid.addWidget(self.undo, 2, 0)
        grid.addWidget(self.redo, 2, 1)
        grid.addWidget(self.through_time, 2, 2)
        self.undo.setToolTip("Take the last correction back; also after closing")
        self.redo.setToolTip("Do it again")
        self.undo.clicked.connect(lambda: self._again("undo"))
        self.redo.clicked.connect(lambda: self._again("redo"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid)
        layout.addWidget(self.hint)

    def _on_tool(self, kind: str) -> None:
        if self._tool == kind:
            self.stop()
            return
        self.stop()
        self._start = (self._view.particle, self._frame())
        if _TOOLS[kind][2] == 0:
            self._do(kind, [])
            return
        self._tool = kind
        self._view.selects = False
        self._ask()

    def _ask(self) -> None:
        left = _TOOLS[self._tool][2] - len(self._clicked)
        self.refresh()
        self._say(_ASK[self._tool].format(particle=self._start[0], left=left))

    def _on_click(self, event: Any) -> None:
        if not self._tool:
            return
        if len(event.dims_displayed) != 2:
            self._say("Switch to 2D to click places.")
            return
        frame, *point = self._voxel(event)
        if frame != self._start[1]:
            self._say(f"Go back to frame {self._start[1]}, or press the button again.")
            return
        self._clicked.append((point[0], point[1], point[2]))
        if len(self._clicked) < _TOOLS[self._tool][2]:
            self._ask()
            return
        kind, points = self._tool, list(self._clicked)
        self.stop()
        self._do(kind, points)

    def _do(self, kind: str, points: list[tuple[int, int, int]]) -> None:
        particle, frame = self._start
        try:
            corrections = self._open()
            if kind != "grow" and kind != "split":
                points = [corrections.anchor(particle, frame), *points]
            if kind == "split":
                self._check_seeds(particle, frame, points)
            edit = Edit(
                kind=kind,
                frame=frame,
                points=tuple(points),
                axis=self._axis(),
                through_time=self.through_time.isChecked(),
            )
            self._took(corrections.apply(edit), f"Particle {particle} {_DONE[kind]}.")
        except OperandoError as error:
            self._say(f"⚠ {error}")

    def _check_seeds(self, particle: int, frame: int, points: list[tuple[int, int, int]]) -> None:
        ids = self._view.labels.data if self._view.labels is not None else None
        for point in points:
            if ids is not None and int(ids[(frame, *point)]) != particle:
                raise InputError(
                    f"A place does not lie in particle {particle}", "click inside its outline"
                )

    def _again(self, what: str) -> None:
        self.stop()
        try:
            corrections = self._open()
            change = corrections.undo() if what == "undo" else corrections.redo()
        except OperandoError as error:
            self._say(f"⚠ {error}")
            return
        if change is None:
            self._say(f"There is nothing to {what}.")
            self.refresh()
            return
        said = "taken back" if what == "undo" else "done again"
        self._took(change, f"{change.edit.kind.capitalize()} {said}.")

    def _took(self, change: Change, said: str) -> None:
        table = self._open().table
        self._view.reread(table)
        self.edited.emit(table)
        frame = self._frame()
        if not ((table["particle"] == self._view.particle) & (table["frame"] == frame)).any():
            self._view.select(0)
        self.refresh()
        many = len(change.frames)
        self._say(said if many < 2 else f"{said[:-1]} in {many} frames.")

    def _open(self) -> Corrections:
        study = self._session.study
        if study is None:
            raise InputError("No study is open", "open one first")
        if self._corrections is None:
            status = self._session.status("particles")
            known = status.entry if status is not None else None
            step = make_step("particles", known.settings) if known else STEPS["particles"]()
            self._corrections = Corrections(study, step)
        return self._corrections

    def _is_ready(self) -> bool:
        study = self._session.study
        shown = self._view.labels is not None
        return shown and study is not None and study.writable and not self._session.is_busy

    def _frame(self) -> int:
        labels = self._view.labels
        n_frames = labels.data.shape[0] if labels is not None else 1
        return navigation.current_frame(self._session.viewer, n_frames)

    def _axis(self) -> int:
        """Return the normal of the shown slice: 0, 1, 2 for z, y, x."""
        hidden = list(self._session.viewer.dims.not_displayed)
        spatial = [i - self._session.viewer.dims.ndim + 3 for i in hidden]
        return next((axis for axis in spatial if axis >= 0), 0)

    def _voxel(self, event: Any) -> tuple[int, ...]:
        labels = self._view.labels
        index = np.rint(labels.world_to_data(event.position)).astype(int)
        return tuple(int(i) for i in np.clip(index, 0, np.array(labels.data.shape) - 1))

    def _on_selected(self, _particle: int) -> None:
        self._say("")
        self.refresh()

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.setVisible(bool(text))
