"""The panel Align: take drift and rotation out of the series, and say how large they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QLabel, QPushButton

from operando.align.series import LOST
from operando.steps import STEPS
from operando.ui.forms.form import SettingsForm
from operando.ui.panels.run_panel import RunPanel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session

_MOST_FRAMES = 30
_NOTEWORTHY_LENGTH = 0.05


class AlignPanel(RunPanel):
    """Registers every frame and shows what was found.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.
    """

    title = "Align"
    step_name = "align"
    sentence = "Take drift and rotation out of the series. Images are resampled only when shown."
    button_text = "Align frames"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.whole = QPushButton("everywhere")
        self.whole.setToolTip("Compare the whole images")
        self.use_strokes = QPushButton("around strokes")
        self.use_strokes.setToolTip(
            "Paint on what stands still (casing, current collector) and compare only there"
        )
        self.extra.addWidget(QLabel("Compare"))
        self.extra.addWidget(self.whole, 1)
        self.extra.addWidget(self.use_strokes, 1)
        for button in (self.whole, self.use_strokes):
            button.setCheckable(True)
        self.form.valueChanged.connect(self._show_region)
        self.use_strokes.clicked.connect(self._on_strokes)
        self.whole.clicked.connect(self._on_whole)
        self._show_region()
        self.refresh()

    def make_form(self) -> SettingsForm:
        """Ask for reference and kind of motion; the region is under More."""
        return SettingsForm(STEPS["align"], up_front=("images", "reference", "motion"))

    def obstacle(self) -> str:
        """Say what is missing."""
        study = self.session.study
        if study is not None and len(study.times) < 2:
            return "Alignment needs two frames; this study has one."
        return super().obstacle()

    def images_to_use(self, sets: Sequence[str]) -> str:
        """Choose what was aligned before, else the newest: a set is not made of itself."""
        before = self.status.entry if self.status is not None else None
        source = before.settings.get("images") if before is not None else None
        return str(source) if source in sets else super().images_to_use(sets)

    def results(self) -> str:
        """Shifts, rotation and change of length of every frame."""
        status, study = self.status, self.session.study
        if status is None or status.entry is None or study is None:
            return ""
        name = status.entry.settings.get("result", "aligned")
        return "" if name not in study.products("tables") else motion_html(study.table(name))

    def refresh_job(self) -> None:
        """Show how far the job is."""
        super().refresh_job()
        several = self.session.painter is not None and bool(self.session.painter.counts.voxels)
        self.use_strokes.setEnabled(several)

    def _on_strokes(self) -> None:
        painter = self.session.painter
        if painter is None:
            return
        sides = stroke_box(painter.strokes.array, painter.counts.slices)
        if sides is not None:
            self._set_region(sides)
        self._show_region()

    def _on_whole(self) -> None:
        self._set_region(((0, 0),) * 3)

    def _show_region(self) -> None:
        """Mark where is compared."""
        step: Any = self.form.value()
        part = any(map(any, (step.z, step.y, step.x)))
        self.whole.setChecked(not part)
        self.use_strokes.setChecked(part)

    def _set_region(self, sides: tuple[tuple[int, int], ...]) -> None:
        step: Any = self.form.value()
        update = dict(zip("zyx", sides, strict=True))
        self.form.setValue(step.model_copy(update=update))
        self.form.more.setChecked(True)


def stroke_box(
    strokes: Any, painted: Iterable[tuple[int, int]]
) -> tuple[tuple[int, int], ...] | None:
    """Box ``(z, y, x)`` around all strokes, at least 8 voxels where there are.

    Parameters
    ----------
    strokes
        ``(t, z, y, x)``; only the painted slices are read.
    painted
        Frame and z of the slices that hold strokes.
    """
    places = [(z, *np.nonzero(strokes[t, z])) for t, z in painted]
    spans = [
        ((z, z + 1), (y.min(), y.max() + 1), (x.min(), x.max() + 1)) for z, y, x in places if y.size
    ]
    if not spans:
        return None
    first, last = np.min(spans, axis=0)[:, 0], np.max(spans, axis=0)[:, 1]
    sides = []
    for start, stop, n in zip(first.tolist(), last.tolist(), strokes.shape[1:], strict=True):
        missing = max(0, min(8, n) - (stop - start))
        start = max(0, min(start - missing // 2, n - (stop - start) - missing))
        sides.append((start, max(stop, start + min(8, n))))
    return tuple(sides)


def motion_html(table: pd.DataFrame) -> str:
    """Write what was found as an HTML table, a row per frame, and a sentence on voxel size."""
    cell = "<td align='right' style='padding-left:6px; white-space:nowrap'>{}</td>"
    head = "".join(
        cell.format(f"<b>{text}</b>")
        for text in ("", "z µm", "y µm", "x µm", "turn °", "length %", "ZNCC")
    )
    step = -(-len(table) // _MOST_FRAMES)
    digits = 2 if table[[f"shift_{k}_um" for k in "zyx"]].abs().max(axis=None) >= 1 else 3
    rows = []
    for row in table.iloc[::step].to_dict("records"):
        values = (
            f"{row['frame']:.0f}",
            *(f"{row[f'shift_{k}_um']:+z.{digits}f}" for k in "zyx"),
            f"{row['rotation_deg']:.2f}",
            f"{row['length_change_percent']:+z.2f}",
            f"{row['zncc']:.3f}" + (" ⚠" if row["zncc"] < LOST else ""),
        )
        rows.append("<tr>" + "".join(cell.format(v) for v in values) + "</tr>")
    html = f"<table cellspacing='2'><tr>{head}</tr>{''.join(rows)}</table>"
    change = table["length_change_percent"].abs()
    if change.max() > _NOTEWORTHY_LENGTH:
        frame = int(table["frame"].iloc[int(change.to_numpy().argmax())])
        html += (
            f"<br>⚠ Lengths changed by {change.max():.2f} % in frame {frame}: the sample swelled, "
            "or the voxel size differs between scans. The motion “shift, rotation, voxel size” "
            "takes that out."
        )
    return html
