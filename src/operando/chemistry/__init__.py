"""Chemistry: cycling curves, on the time axis of the images."""

from operando.chemistry.cycler_files import CYCLER_ENDINGS, read_cycling
from operando.chemistry.cycling import (
    CYCLING_COLUMNS,
    cycling_at,
    cycling_table,
    offset_from_dates,
    shift_cycling,
    state_of_charge,
)

__all__ = [
    "CYCLER_ENDINGS",
    "CYCLING_COLUMNS",
    "cycling_at",
    "cycling_table",
    "offset_from_dates",
    "read_cycling",
    "shift_cycling",
    "state_of_charge",
]
