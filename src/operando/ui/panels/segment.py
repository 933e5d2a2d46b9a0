"""The panel Segment: learn from the strokes, then label every frame."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton

from operando.steps import STEPS
from operando.steps.train import PRETRAINED, SCRATCH
from operando.study.phases import open_phases
from operando.ui.dock.section import Mark
from operando.ui.forms.form import SettingsForm
from operando.ui.jobs.loss_curve import LossCurve, curve_of
from operando.ui.panels.run_panel import RunPanel
from operando.ui.segment.card import CardBox
from operando.ui.segment.confidence import ConfidenceBox
from operando.ui.segment.connectivity import ConnectivityBox
from operando.ui.segment.difference import DifferenceBox
from operando.ui.segment.guidance import Guidance
from operando.ui.segment.judge import JudgeBox
from operando.ui.theme import plot_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from qtpy.QtWidgets import QWidget

    from operando.steps import Step
    from operando.study import Study
    from operando.ui.session import Session

_MODEL, _PHASES = "model", "phases"
STARTS = (
    (PRETRAINED, "pre-trained on electrodes"),
    (SCRATCH, "from scratch"),
)
_GO_ON = (_MODEL, "model of this study")
_MOST_FRAMES = 12
EFFORTS = (
    ("quick", "quick: a first look"),
    ("balanced", "balanced"),
    ("thorough", "thorough: five times as long"),
)
NETWORKS = (
    ("unet3d", "3D U-Net"),
    ("unet3d_time", "3D U-Net, sees frames before and after"),
    ("separable", "light U-Net (separable)"),
    ("lrcsnet", "LRCS-Net in 3D"),
    ("forest", "random forest, to compare"),
)
DEVICES = (
    ("auto", "the fastest there is"),
    ("cpu", "processor"),
    ("cuda", "NVIDIA GPU"),
    ("mps", "Apple GPU"),
)


class SegmentPanel(RunPanel):
    """Trains a network on the strokes and labels every frame with it; shows how it goes.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.
    """

    title = "Segment"
    step_name = "segment"
    job_names = ("train", "connectivity")
    sentence = "Learn the classes from your strokes, then label every voxel of every frame."
    button_text = "Train and segment"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._curve_of: object = None
        self.curve = LossCurve()
        self.curve.hide()
        self.extra.addWidget(self.curve)
        self.segment_only = QPushButton("Segment")
        self.segment_only.setToolTip("Label every frame with the model there is, without training")
        self.segment_only.setMinimumHeight(30)
        self.buttons.addWidget(self.segment_only)
        self.segment_only.clicked.connect(self._on_segment_only)
        self.guidance = Guidance(session)
        self.column.addWidget(self.guidance)
        self.judge = JudgeBox("Judge the result")
        self.column.addWidget(self.judge)
        self.confidence = ConfidenceBox(session)
        self.connectivity = ConnectivityBox(session)
        self.difference = DifferenceBox(session)
        self.card = CardBox(session)
        for box in (self.confidence, self.connectivity, self.card):
            self.judge.add_button(box.button)
        for part in (self.card, self.difference, self.confidence, self.connectivity):
            self.judge.add(part)
        self.connectivity.button.clicked.connect(self._on_connectivity)
        session.viewer.events.theme.connect(self._on_theme)
        self._on_theme()

    def make_form(self) -> SettingsForm:
        """Ask where to start and for how long; the rest has good defaults."""
        return SettingsForm(
            STEPS["train"],
            up_front=("start", "settings.effort"),
            hidden=("strokes", "model"),
            choices={
                "settings.network": NETWORKS,
                "settings.effort": EFFORTS,
                "start": STARTS,
                "device": DEVICES,
            },
        )

    def steps(self) -> Sequence[Step]:
        """Train, then label."""
        return [self.form.value(), self._segment()]

    def obstacle(self) -> str:
        """Say what is missing."""
        painter = self.session.painter
        if painter is not None and len(painter.counts.voxels) < 2:
            return "Paint strokes of at least two classes first, under Annotate."
        return super().obstacle()

    def refresh(self) -> None:
        """Show model, curve and phase fractions."""
        study = self.session.study
        has_model = study is not None and _MODEL in study.products("models")
        self.form.set_choices("start", [*STARTS, _GO_ON] if has_model else STARTS)
        self.segment_only.setVisible(has_model)
        self.judge.setVisible(has_model or self.confidence.is_there())
        self.guidance.refresh()
        self.confidence.refresh()
        self.difference.refresh()
        self.connectivity.refresh()
        self.card.refresh()
        super().refresh()

    def refresh_job(self) -> None:
        """Show how far training or labelling is."""
        super().refresh_job()
        self.segment_only.setEnabled(not self.session.is_busy)
        self.connectivity.button.setEnabled(
            self.connectivity.is_there() and not self.session.is_busy
        )
        self._show_curve()

    def state(self) -> tuple[Mark, str]:
        """Sign and result; a model without segmentation counts as not yet."""
        mark, text = super().state()
        train = self.session.status("train")
        if mark is Mark.NOT_YET and train is not None and train.entry is not None:
            return mark, f"trained, {train.summary}"
        return mark, text

    def results(self) -> str:
        """Score of the model, and the share of every phase in every frame."""
        study = self.session.study
        if study is None:
            return ""
        parts = []
        train = self.session.status("train")
        if train is not None and train.entry is not None:
            parts.append(escape(training_text(train.entry.values)))
        if _PHASES in study.products("tables") and _PHASES in study.products("phases"):
            _, _, classes = open_phases(study.product_path(f"phases/{_PHASES}"))
            colours = {c.name: c.colour for c in classes}
            table = study.table(_PHASES)
            parts.append(fractions_html(table, colours))
            parts.append(escape(interval_text(table)))
        return "<br>".join(part for part in parts if part)

    def close_panel(self) -> None:
        """Let go of the viewer."""
        self.session.viewer.events.theme.disconnect(self._on_theme)
        self.confidence.close_box()
        self.difference.close_box()
        self.connectivity.close_box()

    def _segment(self) -> Step:
        return STEPS["segment"](images=self.form.value().images, device=self.form.value().device)

    def _on_segment_only(self) -> None:
        self.run([self._segment()])

    def _on_connectivity(self) -> None:
        self.run([STEPS["connectivity"]()])

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.curve.set_colours(*plot_colours(self.session.viewer))

    def _show_curve(self) -> None:
        """Draw the running training, or the last one."""
        job = self.job
        if job is not None and job.step.name == "train":
            key: object = (job, len(job.reports))
            if key != self._curve_of:
                self._draw(key, curve_of(job.reports))
            return
        train = self.session.status("train")
        key = train.entry.id if train is not None and train.entry is not None else None
        if key != self._curve_of:
            self._draw(key, stored_curve(self.session.study))

    def _draw(self, key: object, curve: NDArray[np.float64]) -> None:
        self._curve_of = key
        self.curve.set_curve(curve)
        self.curve.setVisible(len(curve) > 0 or isinstance(key, tuple))


def stored_curve(study: Study | None) -> NDArray[np.float64]:
    """Curve ``(n, 3)`` that was kept with the model of a study; empty without one."""
    import pandas as pd

    path = study.product_path(f"models/{_MODEL}") / "curve.parquet" if study else None
    if path is None or not path.exists():
        return np.empty((0, 3))
    return pd.read_parquet(path)[["step", "loss", "held_out_loss"]].to_numpy(float)


def training_text(values: dict[str, float]) -> str:
    """Say how good the model is."""
    dice = values.get("held_out_dice")
    if dice is None or np.isnan(dice):
        return "Too few strokes to keep some aside: the model has no score."
    return f"Dice {dice:.2f} on strokes held out; 1 is perfect."


def interval_text(table: pd.DataFrame) -> str:
    """Say how far the fractions may be off, in the frame where it is worst; empty if unknown."""
    if "fraction_low" not in table:
        return ""
    off = np.maximum(
        table["fraction_high"] - table["fraction"], table["fraction"] - table["fraction_low"]
    )
    worst = off.groupby(table["phase"], sort=False).max()
    shares = ", ".join(f"{phase} {100 * value:.1f}" for phase, value in worst.items())
    return f"Off by at most (95 %, if the model's own doubt is right): {shares} points."


def fractions_html(table: pd.DataFrame, colours: dict[str, str]) -> str:
    """Volume fractions as an HTML table: a row per phase, a column per frame."""
    wide = table.pivot_table(index="phase", columns="frame", values="fraction", sort=False)
    frames = list(wide.columns)
    step = -(-len(frames) // _MOST_FRAMES)
    shown = frames[::step]
    cell = "<td align='right' style='padding-left:10px'>{}</td>"
    head = "".join(cell.format(f"frame {t}" if t == shown[0] else t) for t in shown)
    rows = "".join(
        f"<tr><td><span style='color:{colours.get(phase, '#888888')}'>■</span> "
        f"{escape(str(phase))}</td>"
        + "".join(cell.format(f"{100 * wide.loc[phase, t]:.1f} %") for t in shown)
        + "</tr>"
        for phase in wide.index
    )
    return f"<table cellspacing='2'><tr><td></td>{head}</tr>{rows}</table>"
