"""Synthetic electrodes with exact truth: sample data, tests, benchmarks, pre-training."""

from operando.samples.cycling import charge_curve
from operando.samples.electrode import Electrode, make_electrode
from operando.samples.presets import calendered_electrode, draw_settings, loose_electrode
from operando.samples.settings import (
    PERFECT_SCANNER,
    BinderSettings,
    CrackSettings,
    ElectrodeSettings,
    GreySettings,
    MotionSettings,
    ParticleSettings,
    ScannerSettings,
)
from operando.samples.shipped import shipped_sample
from operando.samples.strokes import Brush, paint_strokes
from operando.samples.write import write_sample

__all__ = [
    "PERFECT_SCANNER",
    "BinderSettings",
    "Brush",
    "CrackSettings",
    "Electrode",
    "ElectrodeSettings",
    "GreySettings",
    "MotionSettings",
    "ParticleSettings",
    "ScannerSettings",
    "calendered_electrode",
    "charge_curve",
    "draw_settings",
    "loose_electrode",
    "make_electrode",
    "paint_strokes",
    "shipped_sample",
    "write_sample",
]
