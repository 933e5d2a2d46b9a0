"""How the phases hang together in the frame in view, and the button that measures it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt

from operando.ui import navigation
from operando.ui.segment.result_box import ResultBox

if TYPE_CHECKING:
    import pandas as pd
    from qtpy.QtWidgets import QWidget

    from operando.ui.session import Session

_TABLE = "phases_connectivity"
_TIP = (
    "Percolation along every axis, clusters, Euler number and surface of every phase and frame, "
    "with error bars from the probabilities"
)
_ROWS = (
    ("percolating_x", "percolates along x", 100, 0, " %"),
    ("percolating_y", "percolates along y", 100, 0, " %"),
    ("percolating_z", "percolates along z", 100, 0, " %"),
    ("clusters", "clusters", 1, 0, ""),
    ("isolated_fraction", "isolated", 100, 2, " %"),
    ("euler_number", "Euler number", 1, 0, ""),
    ("surface_um2", "surface", 1, 0, " µm²"),
)
NOTE = (
    "Small: range over the labels and their least and most connected reading. Isolated: share in "
    "clusters that touch no side."
)


class ConnectivityBox(ResultBox):
    """Shows percolation, clusters, Euler number and surface of every phase.

    Its button asks to have them measured; the panel runs the step.

    Parameters
    ----------
    session
        The study and its viewer.
    parent
        Owner.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "Measure connectivity", _TIP, parent)
        self._table: pd.DataFrame | None = None
        self.text.setTextFormat(Qt.TextFormat.RichText)
        session.viewer.dims.events.current_step.connect(self._show)

    def refresh(self) -> None:
        """Offer to measure once there is a segmentation; show what was measured."""
        super().refresh()
        study = self._session.study
        measured = study is not None and _TABLE in study.products("tables")
        self._table = study.table(_TABLE) if study is not None and measured else None
        self._show()

    def close_box(self) -> None:
        """Let go of the viewer."""
        self._session.viewer.dims.events.current_step.disconnect(self._show)
        super().close_box()

    def _show(self, event: Any = None) -> None:
        del event
        study = self._session.study
        if self._table is None or study is None:
            self.say("")
            return
        frame = navigation.current_frame(self._session.viewer, len(study.times))
        status = self._session.status("connectivity")
        old = status is not None and status.state == "out of date"
        note = " (out of date)" if old else ""
        self.say(
            f"Connectivity in frame {frame}{note}<br>{connectivity_html(self._table, frame)}{NOTE}"
        )


def connectivity_html(table: pd.DataFrame, frame: int) -> str:
    """Show one frame as an HTML table: a column per phase, ranges in small print."""
    of_frame = table[table["frame"] == frame]
    phases = {
        str(phase): rows.set_index("reading")
        for phase, rows in of_frame.groupby("phase", sort=False)
    }
    cell = "<td align='right' style='padding-left:10px'>{}</td>"
    head = "".join(cell.format(escape(phase)) for phase in phases)
    body = "".join(
        f"<tr><td>{title}</td>"
        + "".join(
            cell.format(_ranged(factor * rows[column].astype(float), decimals, unit))
            for rows in phases.values()
        )
        + "</tr>"
        for column, title, factor, decimals, unit in _ROWS
    )
    return f"<table cellspacing='2'><tr><td></td>{head}</tr>{body}</table>"


def _ranged(values: pd.Series, decimals: int, unit: str) -> str:
    """Value as labelled, and the range over the readings below it."""
    if values.isna().all() or values.isna()["labels"]:
        return "–"
    low, high = (f"{value:.{decimals}f}" for value in (values.min(), values.max()))
    own = f"{values['labels']:.{decimals}f}{unit}"
    return own if low == high else f"{own}<br><small>{low} to {high}</small>"
