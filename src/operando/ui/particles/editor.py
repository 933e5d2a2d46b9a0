"""Buttons that correct particles by hand: on the selected one, with clicks in the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from operando.steps.corrections import Corrections
from operando.ui import navigation
from operando.ui.clicks import CanvasClicks, put_tool_down
from operando.ui.panels.panel import text_label
from operando.ui.particles.correction_tools import TOOLS, WantedEdit
from operando.ui.particles.corrector import Corrector, Task

if TYPE_CHECKING:
    import pandas as pd

    from operando.errors import OperandoError
    from operando.particles.edits import Kind, Point
    from operando.steps.corrections import Change
    from operando.ui.particles.view import ParticleView
    from operando.ui.session import Session

_OTHER_SCALE = "The voxel size was changed: find the particles again before you correct them."


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
        self._tool: Kind | None = None
        self._clicked: list[Point] = []
        self._start: tuple[int, int] = (0, 0)
        self._clicks = CanvasClicks(session.viewer)
        self._clicks.clicked.connect(self._on_click)
        self._view.selected.connect(self._on_selected)
        self.corrector = Corrector(session, self)
        self.corrector.moved.connect(self._on_moved)
        self.corrector.corrected.connect(self._on_corrected)
        self.corrector.failed.connect(self._on_failed)
        session.settling.connect(self._put_down)
        self.through_time = QCheckBox("in all frames")
        self.through_time.setChecked(True)
        self.through_time.setToolTip(
            "Correct the same particle in every frame, or only in this one"
        )
        self.hint = text_label()
        self.tools = {kind: QPushButton(tool.button) for kind, tool in TOOLS.items()}
        self.undo, self.redo = QPushButton("Undo"), QPushButton("Redo")
        self._lay_out()
        self.refresh()

    def close_editor(self) -> None:
        """Do what waits, and let go of viewer and view."""
        self.corrector.close()
        self._session.settling.disconnect(self._put_down)
        self._clicks.close()
        self._view.selected.disconnect(self._on_selected)

    def forget(self) -> None:
        """Read the corrections anew when they are needed: the particles were found again."""
        self.corrector.forget()
        self.stop()

    def refresh(self) -> None:
        """Enable what can be done now."""
        ready = self._is_ready()
        chosen = ready and self._view.particle > 0
        for kind, button in self.tools.items():
            button.setEnabled(chosen or (ready and kind == "grow"))
            button.setChecked(kind == self._tool)
        self.undo.setEnabled(ready and self.corrector.can_undo)
        self.redo.setEnabled(ready and self.corrector.can_redo)
        if not self._view.is_to_scale:
            self._say(_OTHER_SCALE)
        elif not self.corrector.is_busy and not (self.hint.text() and chosen):
            self._say("" if chosen or not ready else "Select a particle to correct it.")

    def stop(self) -> None:
        """Ask for no more clicks."""
        self._tool, self._clicked = None, []
        self._view.selects = True
        self._say("")
        self.refresh()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (kind, button) in enumerate(self.tools.items()):
            button.setCheckable(TOOLS[kind].clicks > 0)
            button.setToolTip(TOOLS[kind].tip)
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

    def _on_tool(self, kind: Kind) -> None:
        if self._tool == kind:
            self.stop()
            return
        self.stop()
        self._start = (self._view.particle, self._frame())
        if TOOLS[kind].clicks == 0:
            self._do(kind, [])
            return
        put_tool_down(self._session.viewer)
        self._tool = kind
        self._view.selects = False
        self._ask()

    def _put_down(self) -> None:
        """Ask for no more clicks where some were waited for: a job starts."""
        if self._tool:
            self.stop()

    def _ask(self) -> None:
        self.refresh()
        self._say(self._question())

    def _question(self) -> str:
        left = TOOLS[self._tool].clicks - len(self._clicked)
        return TOOLS[self._tool].ask.format(particle=self._start[0], left=left)

    def _on_click(self, event: Any) -> None:
        if not self._tool or not self._is_ready():
            return
        if len(event.dims_displayed) != 2:
            self._say("Switch to 2D to click places.")
            return
        frame, *point = self._voxel(event)
        if frame != self._start[1]:
            self._say(f"Go back to frame {self._start[1]}, or press the button again.")
            return
        self._clicked.append((point[0], point[1], point[2]))
        if len(self._clicked) < TOOLS[self._tool].clicks:
            self._ask()
            return
        kind, points = self._tool, list(self._clicked)
        self.stop()
        self._do(kind, points)

    def _do(self, kind: Kind, points: list[Point]) -> None:
        particle, frame = self._start
        wanted = WantedEdit(
            kind=kind,
            particle=particle,
            frame=frame,
            clicked=tuple(points),
            axis=self._axis(),
            through_time=self.through_time.isChecked(),
        )
        what = "a particle" if kind == "grow" else f"particle {particle}"
        tool = TOOLS[kind]
        done = f"{what[0].upper()}{what[1:]} {tool.done}."
        self.corrector.add(Task("apply", f"{tool.doing} {what}", done, wanted.apply))

    def _again(self, what: str) -> None:
        self.stop()
        if what == "undo":
            self.corrector.add(Task("undo", "Taking back", "taken back.", Corrections.undo))
        else:
            self.corrector.add(Task("redo", "Doing again", "done again.", Corrections.redo))

    def _on_moved(self) -> None:
        self._say_now(self.corrector.doing())
        self.refresh()

    def _on_corrected(self, task: Task, change: Change | None, table: pd.DataFrame) -> None:
        if change is None:
            self._say_now(f"There is nothing to {task.kind}.")
            return
        self._view.reread(table)
        self.edited.emit(table)
        here = table["frame"] == self._frame()
        if not (here & (table["particle"] == self._view.particle)).any():
            self._view.select(0)
        self.refresh()
        done = task.done if task.kind == "apply" else f"{TOOLS[change.edit.kind].name} {task.done}"
        many = len(change.frames)
        self._say_now(done if many < 2 else f"{done[:-1]} in {many} frames.")

    def _on_failed(self, error: OperandoError) -> None:
        self._say_now(f"⚠ {error}")

    def _say_now(self, text: str) -> None:
        """Say how a correction goes, but for what runs now or which clicks are waited for."""
        lines = [text]
        if self.corrector.is_busy and text != self.corrector.doing():
            lines.append(self.corrector.doing())
        if self._tool:
            lines.append(self._question())
        self._say(" ".join(line for line in lines if line))

    def _is_ready(self) -> bool:
        study = self._session.study
        shown = self._view.labels is not None and self._view.is_to_scale
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
        self._say(self.corrector.doing())
        self.refresh()

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.setVisible(bool(text))
