"""The panel that measures how the sample moved and strained, and shows it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from operando.errors import InputError
from operando.steps import STEPS, outdated_runs
from operando.steps.status import is_up_to_date
from operando.steps.strain import DISAGREEMENT
from operando.ui.forms.form import SettingsForm
from operando.ui.layers.study_results import StudyStrain, field_name
from operando.ui.panels.panel import heading, text_label
from operando.ui.panels.run_panel import RunPanel
from operando.ui.strain.display import StrainDisplay
from operando.ui.strain.export_button import StrainExport
from operando.ui.strain.line_tool import LineTool
from operando.ui.strain.tools import StrainTools
from operando.ui.theme import plot_colours
from operando.ui.wording import lengths_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.steps import Step
    from operando.ui.session import Session

_LAST = -1

_DOUBT = (
    "Where neighbours differ more than their errors allow, something cracks, or the motion changes "
    "from node to node. Errors may be larger than predicted there: try a smaller window and "
    "spacing, or Measure motion in Particles."
)
OWN_MOTION_PERCENT = 10
"""Share of the windows with motion inside from which the panel says so."""
_OWN_MOTION = (
    "In {:.0f} % of the windows particles move on their own. The errors count that; a smaller "
    "window, or Measure motion in Particles, tells more."
)
FEW_VALID = 0.5
"""Share of the nodes below which the panel says what may help."""
_FEW = (
    "Most nodes could not be followed. Try a larger window, frames closer in time, or, after "
    "denoising, the images as recorded (More)."
)


class StrainPanel(RunPanel):
    """Correlates two frames; below, what is drawn, what is measured in it, and export.

    Parameters
    ----------
    session
        The study, its layers and its job.
    parent
        Owner.

    Attributes
    ----------
    all_frames : QPushButton
        Correlates one frame with every other one.
    strain : StudyStrain
        What is shown in the canvas.
    display : StrainDisplay
        Chooses what is drawn.
    tools : StrainTools
        Measures at nodes and in regions.
    line : LineTool
        Measures along a line.
    export : StrainExport
        Writes what is shown to a file.
    """

    title = "Strain"
    step_name = "strain"
    hears_clicks = True
    sentence = "Measure how everything moved from one frame to another, and the strain."
    button_text = "Measure deformation"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.all_frames = QPushButton("Measure all frames")
        self.all_frames.setMinimumHeight(30)
        self.all_frames.setToolTip(
            "From the chosen frame to every other one; those measured just so are left out"
        )
        self.all_frames.clicked.connect(self._on_all_frames)
        self.buttons.addWidget(self.all_frames)
        self.strain = StudyStrain(session)
        self.lengths = text_label()
        self.extra.addWidget(self.lengths)
        self.display = StrainDisplay(self.strain)
        self.tools = StrainTools(self.strain)
        self.line = LineTool(self.strain)
        self.export = StrainExport(self.strain)
        self._showing, self._measuring = QWidget(), QWidget()
        _fill(self._showing, heading("Show"), self.display)
        _fill(self._measuring, heading("Measure in it"), self.tools, self.line)
        _fill(self._measuring, heading("Export"), self.export)
        self.column.addWidget(self._showing)
        self.column.addWidget(self._measuring)
        self.display.line_wanted.connect(self._on_line_wanted)
        self.line.drawn.connect(self._on_line)
        self.strain.changed.connect(self._show_parts)
        self._show_parts()
        session.viewer.events.theme.connect(self._on_theme)
        self._on_theme()
        self.form.valueChanged.connect(self._show_lengths)
        self.refresh()

    def make_form(self) -> SettingsForm:
        """Ask for the frames and the two lengths that trade resolution for noise."""
        frames: list[tuple[Any, str]] = [(0, "0")]
        return SettingsForm(
            STEPS["strain"],
            up_front=("reference", "deformed", "window", "spacing"),
            choices={"reference": frames, "deformed": [(_LAST, "last"), *frames]},
        )

    def obstacle(self) -> str:
        """Say what is missing."""
        study = self.session.study
        if study is not None and len(study.times) < 2:
            return "Strain needs two frames; this study has one."
        if study is not None and study.series.volume_shape[0] == 1:
            return "Strain needs volumes; the frames of this study are single slices."
        return super().obstacle()

    def steps_to_all_frames(self) -> list[Step]:
        """From the chosen frame to every other one, but those measured just so already."""
        study, step = self.session.study, self.form.value()
        if study is None:
            return []
        frames = [t for t in range(len(study.times)) if t != step.reference]
        pairs = {t: step.model_copy(update={"deformed": t}) for t in frames}
        last = is_up_to_date(study, step.model_copy(update={"deformed": _LAST}))
        known = {len(study.times) - 1} if last else set()
        return [p for t, p in pairs.items() if t not in known and not is_up_to_date(study, p)]

    def refresh_job(self) -> None:
        """Show how far the job is."""
        super().refresh_job()
        self.all_frames.setEnabled(self.primary.isEnabled())

    def images_to_use(self, sets: Sequence[str]) -> str:
        """Choose the images as recorded: smoothing takes away the texture that is followed."""
        return sets[0]

    def results(self) -> str:
        """Error, gauge length and swelling of the field that is shown."""
        status, study, pair = self.status, self.session.study, self.strain.pair
        if status is None or status.entry is None or study is None:
            return ""
        shown = study.maker(f"strain/{field_name(pair)}") if pair is not None else None
        entry = shown or status.entry
        lines = [escape(entry.summary)]
        if any(old.id == entry.id for old in outdated_runs(study)):
            lines[0] = f"out of date · {lines[0]}"
        if shown is not None and len(self.strain.pairs) > 1:
            lines[0] = f"Frame {pair[0]} to {pair[1]}: {lines[0]}"
        change = entry.values.get("median_volume_change_percent")
        if change is not None and np.isfinite(change):
            lines.append(f"median volume change {change:+z.2f} %")
        own = entry.values.get("own_motion_percent", 0)
        if own > OWN_MOTION_PERCENT:
            lines.append(_OWN_MOTION.format(own))
        if entry.values.get("neighbour_scatter", 0) > DISAGREEMENT:
            lines.append(_DOUBT)
        if entry.values.get("valid_fraction", 1) < FEW_VALID:
            lines.append(_FEW)
        return "<br>".join(lines)

    def refresh(self) -> None:
        """Show the frames there are, and what was measured."""
        study = self.session.study
        if study is not None:
            frames = [(t, f"{t} · {hours:g} h") for t, hours in enumerate(study.times)]
            self.form.set_choices("reference", frames)
            self.form.set_choices("deformed", [(_LAST, "last"), *frames])
            self.all_frames.setVisible(len(frames) > 2)
        self._show_lengths()
        super().refresh()

    def close_panel(self) -> None:
        """Let go of viewer and session."""
        self.session.viewer.events.theme.disconnect(self._on_theme)
        self.strain.changed.disconnect(self._show_parts)
        self.display.unlink()
        self.tools.unlink()
        self.line.unlink()
        self.strain.close()
        super().close_panel()

    def _on_all_frames(self) -> None:
        steps = self.steps_to_all_frames()
        if steps:
            self.run(steps)
        else:
            said = "All frames are measured with these settings"
            self.show_error(InputError(said, "change one to measure them anew"))

    def _on_theme(self, event: Any = None) -> None:
        del event
        self.line.plot.set_colours(*plot_colours(self.session.viewer))

    def _show_parts(self) -> None:
        """Show what came out of the field that is shown, and what can be done with it."""
        self.show_results()
        field = self.strain.field is not None
        self._showing.setVisible(field or self.strain.preview.field is not None)
        self._measuring.setVisible(field)

    def _on_line_wanted(self) -> None:
        self.line.draw.setChecked(True)

    def _on_line(self) -> None:
        self.display.set_line(*self.line.line)

    def _show_lengths(self) -> None:
        """Translate voxels into micrometres, and say over what a strain averages."""
        study = self.session.study
        self.lengths.setVisible(study is not None)
        if study is None:
            return
        step = self.form.value()
        window, spacing, gauge = (
            lengths_text(voxels * np.asarray(study.voxel_size))
            for voxels in (step.window, step.spacing, 2 * step.spacing + step.window)
        )
        axes = " (z, y, x)" if len(set(study.voxel_size)) > 1 else ""
        self.lengths.setText(
            f"Window {window}, spacing {spacing}; strain averages over {gauge}{axes}."
        )


def _fill(part: QWidget, *widgets: QWidget) -> None:
    """Put widgets below those that a part of the panel has."""
    column = part.layout()
    if column is None:
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
    for widget in widgets:
        column.addWidget(widget)
