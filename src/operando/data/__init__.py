"""What flows through the rooms: series, phases, displacement fields, table columns."""

from operando.data.classes import DEFAULT_CLASSES, LabelClass
from operando.data.displacement import DisplacementField, NodeStatus
from operando.data.series import Series
from operando.data.tables import MOTION_COLUMNS, PARTICLE_COLUMNS, Column

__all__ = [
    "DEFAULT_CLASSES",
    "MOTION_COLUMNS",
    "PARTICLE_COLUMNS",
    "Column",
    "DisplacementField",
    "LabelClass",
    "NodeStatus",
    "Series",
]
