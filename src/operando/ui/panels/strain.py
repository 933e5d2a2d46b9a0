"""The panel that measures how the sample moved and strained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QSlider, QWidget
from qtpy.QtCore import Qt

from operando.errors import OperandoError
from operando.steps import STEPS
from operando.ui.fields import FloatField
from operando.ui.node_quantities import NODE_QUANTITIES
from operando.ui.panels.panel import text_label
from operando.ui.panels.step_panel import StepPanel
from operando.ui.study_results import StudyStrain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from operando.ui.session import Session
    from operando.ui.strain_view import NodeReading

_STEP = STEPS["strain"]
_NOTHING = "nothing"
_PROBE_HINT = "Click into the canvas to read a node."
