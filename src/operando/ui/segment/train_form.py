"""The form of a training: what is asked, and what can be chosen."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from operando.steps import STEPS
from operando.steps.train import PRETRAINED, SCRATCH
from operando.ui.forms.form import LABEL_WIDTH, SettingsForm

STARTS = (
    (PRETRAINED, "pre-trained on electrodes"),
    (SCRATCH, "from scratch"),
)
EFFORTS = (
    ("instant", "instant: the last layer only"),
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
PRECISIONS = (
    ("auto", "the fastest that agrees"),
    ("float32", "single throughout"),
)


def make_train_form() -> SettingsForm:
    """Ask where to start and for how long; the rest has good defaults."""
    return SettingsForm(
        STEPS["train"],
        up_front=("start", "settings.network", "settings.effort"),
        hidden=("strokes", "model"),
        choices={
            "settings.network": NETWORKS,
            "settings.effort": EFFORTS,
            "start": STARTS,
            "device": DEVICES,
        },
    )


def labelled_row(title: str, field: QWidget) -> QWidget:
    """Make a row that lines up with those of the form."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    label = QLabel(title)
    label.setMinimumWidth(LABEL_WIDTH)
    label.setToolTip(field.toolTip())
    layout.addWidget(label)
    layout.addWidget(field, 1)
    return row
