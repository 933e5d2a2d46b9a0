"""Synthetic electrodes with exact truth: sample data, tests, benchmarks, pre-training."""

from operando.samples.electrode import Electrode, make_electrode
from operando.samples.settings import (
    PERFECT_SCANNER,
    BinderSettings,
    CrackSettings,
    ElectrodeSettings,
    GreySettings,
    MotionSettings,
    ParticleSettings,
    ScannerSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
)

__all__ = [
    "PERFECT_SCANNER",
    "BinderSettings",
    "CrackSettings",
    "Electrode",
    "ElectrodeSettings",
    "GreySettings",
    "MotionSettings",
    "ParticleSettings",
    "ScannerSettings",
    "calendered_electrode",
    "draw_settings",
    "loose_electrode",
    "make_electrode",
]
