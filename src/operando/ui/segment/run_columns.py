"""How the columns of the table of training runs are called and written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from operando.data import Column
from operando.segment.settings import TrainSettings
from operando.ui.jobs.bar import duration
from operando.ui.particles.model import cell_text

_HELD_OUT = "on strokes that were held out"
_KNOWN = {
    "run": ("Model", "", "Name under which it is kept", 0),
    "trained": ("Trained", "", "When the training began", 0),
    "seconds": ("Took", "", "Duration of the training, minutes:seconds", 0),
    "strokes": ("Strokes", "", "Strokes that there were to learn from", 0),
    "setting_start": ("Start from", "", "What the training started from", 0),
    "held_out_dice": ("Held-out Dice", "", f"Mean Dice {_HELD_OUT}", 3),
    "held_out_accuracy": ("Held-out accuracy", "%", f"Share of right voxels {_HELD_OUT}", 1),
    "accuracy": ("Accuracy", "%", "Share of right voxels against the reference", 1),
    "dice": ("Dice", "", "Mean Dice against the reference", 3),
}
_OF_A_PHASE = {
    "held_out_iou_": ("Held-out IoU", "", f"Intersection over union {_HELD_OUT}", 3),
    "iou_": ("IoU", "", "Intersection over union against the reference", 3),
    "boundary_um_": ("Outline off", "µm", "Mean distance of its outline from the reference's", 3),
    "interface_um2_": ("Interface", "µm²", "Area of its interfaces with other phases", 0),
    "fraction_": ("Fraction", "%", "Volume fraction", 1),
}
_SETTING = "setting_"
RUNNING = "running"
"""Stands for the time of a training that goes on."""


def run_column(name: str) -> Column:
    """Title, unit and definition of a column of `operando.steps.training_runs`."""
    if name in _KNOWN:
        title, unit, description, decimals = _KNOWN[name]
        return Column(name, title, unit, description, decimals)
    for prefix, (title, unit, description, decimals) in _OF_A_PHASE.items():
        if name.startswith(prefix):
            phase = name.removeprefix(prefix)
            return Column(name, f"{title} {phase}", unit, f"{phase}: {description}", decimals)
    field = TrainSettings.model_fields.get(name.removeprefix(_SETTING))
    title = (field.title if field else None) or name.removeprefix(_SETTING)
    return Column(name, title, "", (field.description if field else None) or "", 0)


def run_text(column: Column, value: Any) -> str:
    """Write a value of the table."""
    if column.name == "trained":
        return _when(str(value))
    if column.name == "seconds":
        return "–" if value != value else duration(float(value))
    if column.name.startswith(_SETTING):
        if isinstance(value, float):
            return "–" if value != value else f"{value:g}"
        return "–" if value is None else str(value)
    if column.unit == "%":
        value = 100 * value
    return cell_text(value, column.decimals)


def _when(stamp: str) -> str:
    if not stamp or stamp == RUNNING:
        return stamp or "–"
    return datetime.fromisoformat(stamp).astimezone().strftime("%d %b %H:%M")
