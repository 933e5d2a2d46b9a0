"""The panel Annotate: classes, brush, and what to paint next."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from operando.ui import navigation
from operando.ui.dock.section import Mark
from operando.ui.jobs.background import Background
from operando.ui.panels.panel import Panel, text_label
from operando.ui.strokes.brush_tools import BrushTools
from operando.ui.strokes.class_editor import ClassEditor
from operando.ui.strokes.painter import UNUSED
from operando.ui.strokes.preview import LivePreview
from operando.ui.wording import count

if TYPE_CHECKING:
    from operando.errors import OperandoError
    from operando.ui.session import Session
    from operando.ui.strokes.painter import StrokePainter

_AGAIN = (
    "You are painting a slice again, to compare. Classes can be changed and strokes imported once "
    "“Paint a slice again” is off (under Segment, Judge the result)."
)


class AnnotatePanel(Panel):
    """Lists the classes, chooses brush and eraser, undoes, and says what to paint next.

    Parameters
    ----------
    session
        The study and its painter.
    parent
        Owner.
    """

    title = "Annotate"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._painter: StrokePainter | None = None
        self._in_hand: StrokePainter | None = None
        self._background = Background(self)
        self.hint = text_label()
        self.classes = ClassEditor()
        self.load = QPushButton("Import strokes…")
        self.load.setToolTip("Labels of the same size, such as a TIFF; 0 is unlabelled")
        self.tools = BrushTools()
        self.undo = QPushButton("Undo")
        self.undo.setToolTip("Take the last stroke back (Ctrl+Z)")
        self.redo = QPushButton("Redo")
        self.redo.setToolTip("Bring it back (Ctrl+Shift+Z)")
        self.preview = LivePreview(session, self)
        self.live = QCheckBox("Live preview")
        self.live.setToolTip(
            "Label the slice in view anew after every stroke; a first look, before training"
        )
        self.live_text = text_label()
        self.live_text.hide()
        self.place = QLabel()
        self.summary = text_label()
        self._body = QWidget()
        self._lay_out()
        self._connect()

    def refresh(self) -> None:
        """Show the strokes there are and what to paint next."""
        painter, again = self.session.painter, self.session.painter_again
        if (painter, again or painter) != (self._painter, self._in_hand):
            self._set_painters(painter, again)
        self._body.setVisible(painter is not None)
        hint = next_hint(painter, self._n_frames) if painter else "Open a study first."
        self.hint.setText(_AGAIN if again else hint)
        if painter is None or self._in_hand is None:
            return
        self.classes.refresh()
        summary = summarise(painter)
        self.summary.setText(summary)
        self.summary.setVisible(bool(summary))
        self.undo.setEnabled(self._in_hand.strokes.can_undo)
        self.redo.setEnabled(self._in_hand.strokes.can_redo)
        self.load.setEnabled(again is None)
        self._body.setEnabled(bool(self.session.study and self.session.study.writable))

    def state(self) -> tuple[Mark, str]:
        """Say how much is painted; done once two classes have strokes."""
        if self._painter is None:
            return Mark.NOT_YET, ""
        painted = self._painter.counts.voxels
        if not painted:
            return Mark.NOT_YET, ""
        slices = count(len(self._painter.counts.slices), "slice")
        text = f"{count(len(painted), 'class')} on {slices}"
        return (Mark.DONE if len(painted) > 1 else Mark.NOT_YET), text

    def close_panel(self) -> None:
        """Listen to the viewer no more."""
        self.preview.close()
        self._set_painters(None, None)
        self.session.viewer.dims.events.current_step.disconnect(self._show_place)

    def import_strokes(self, path: Path) -> None:
        """Paint what a label image holds, in a thread; nothing can be painted meanwhile."""
        painter = self._painter
        if painter is None or self._background.is_busy:
            return
        self.show_error(None)
        self._body.setEnabled(False)
        painter.layer.editable = False
        self._background.start(
            partial(painter.strokes.load, path), self._on_imported, self._on_import_failed
        )

    def _lay_out(self) -> None:
        edits = QHBoxLayout()
        edits.setSpacing(4)
        for button in (self.undo, self.redo, self.load):
            edits.addWidget(button, 1)
        self.column.addWidget(self.hint)
        self.column.addWidget(self._body)
        self.column.addWidget(self.error)
        body = QGridLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setVerticalSpacing(8)
        body.addWidget(self.classes, 0, 0)
        body.addWidget(self.classes.add, 1, 0, Qt.AlignmentFlag.AlignLeft)
        body.addWidget(self.tools, 2, 0)
        body.addLayout(edits, 3, 0)
        body.addWidget(self.live, 4, 0)
        body.addWidget(self.live_text, 5, 0)
        body.addWidget(self.summary, 6, 0)
        body.addWidget(self.place, 7, 0)

    def _connect(self) -> None:
        self.classes.edited.connect(self._on_edited)
        self.load.clicked.connect(self._choose_import)
        self.undo.clicked.connect(self._on_undo)
        self.redo.clicked.connect(self._on_redo)
        self.live.toggled.connect(self.preview.set_on)
        self.preview.said.connect(self._on_preview_said)
        self.session.viewer.dims.events.current_step.connect(self._show_place)

    @property
    def _n_frames(self) -> int:
        return len(self.session.study.times) if self.session.study else 1

    def _set_painters(self, painter: StrokePainter | None, again: StrokePainter | None) -> None:
        """Follow the layer of another study's strokes, or of those that are painted again."""
        self._painter, self._in_hand = painter, again or painter
        self.classes.set_painter(self._in_hand, editable=again is None)
        self.tools.set_painter(self._in_hand)
        self._show_place()

    def _show_place(self, event: Any = None) -> None:
        del event
        study, viewer = self.session.study, self.session.viewer
        if study is None or navigation.time_axis(viewer) is None:
            self.place.setText("")
            return
        frames, slices = len(study.times), study.series.volume_shape[0]
        t = navigation.current_frame(viewer, frames)
        z = navigation.current_slice(viewer, slices, study.voxel_size[0])
        frame = f"frame {t} of 0–{frames - 1} ({study.times[t]:.2f} h), "
        text = f"slice z {z} of 0–{slices - 1}"
        self.place.setText(f"Now at {frame if frames > 1 else ''}{text}")

    def _on_preview_said(self, text: str) -> None:
        self.live_text.setText(text)
        self.live_text.setVisible(bool(text))

    def _on_edited(self, error: OperandoError | None) -> None:
        self.show_error(error)
        self.refresh()

    def _on_undo(self) -> None:
        if self._in_hand is not None:
            self._in_hand.undo()
            self.refresh()

    def _on_redo(self) -> None:
        if self._in_hand is not None:
            self._in_hand.redo()
            self.refresh()

    def _choose_import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Import strokes", "", "Labels (*.tif *.tiff *.npy);;All files (*)"
        )
        if path:
            self.import_strokes(Path(path))

    def _on_imported(self, result: None) -> None:
        del result
        self._import_over()

    def _on_import_failed(self, error: OperandoError) -> None:
        self.show_error(error)
        self._import_over()

    def _import_over(self) -> None:
        if self._painter is not None:
            self._painter.layer.editable = True
            self._painter.reload()
        self.refresh()


def summarise(painter: StrokePainter) -> str:
    """Say how much is painted, where."""
    voxels, slices = painter.counts.voxels, painter.counts.slices
    if not voxels:
        return ""
    several = painter.strokes.array.shape[0] > 1
    frames = f" in {count(len({t for t, _ in slices}), 'frame')}" if several else ""
    painted = f"{count(sum(voxels.values()), 'voxel')} painted"
    return f"{painted} on {count(len(slices), 'slice')}{frames}."


def next_hint(painter: StrokePainter, n_frames: int) -> str:
    """Say what to paint next."""
    if not painter.counts.voxels:
        return (
            "Choose a class and draw a few short strokes where you are sure. "
            "There is no need to fill anything."
        )
    missing = ", ".join(painter.unpainted)
    if missing:
        return (
            f"Still without a stroke: {missing}. Paint a few; if the images show none, remove the "
            f"class (✕), or call it “{UNUSED}”."
        )
    frames = {t for t, _ in painter.counts.slices}
    if len(painter.counts.slices) == 1:
        return "Now paint on another slice, far from this one, so that the model sees more."
    if n_frames > 1 and len(frames) == 1:
        return "Enough to train. A few strokes in another frame make it surer there."
    return "Enough to train. Add strokes where the result is wrong, then train again."
