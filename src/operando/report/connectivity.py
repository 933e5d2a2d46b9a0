"""How the phases hang together, as a table of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.report.section import table as layout

if TYPE_CHECKING:
    import pandas as pd
    from markupsafe import Markup

    from operando.study import Study

_COLUMNS = (
    ("percolating_x", "percolates along x (%)", 100, 0),
    ("percolating_y", "along y (%)", 100, 0),
    ("percolating_z", "along z (%)", 100, 0),
    ("clusters", "clusters", 1, 0),
    ("isolated_fraction", "isolated (%)", 100, 2),
    ("euler_number", "Euler number", 1, 0),
    ("surface_um2", "surface (µm²)", 1, 0),
)
NOTE = (
    "In brackets: the lowest and highest of the labels and of their least and most connected "
    "reading. Clusters hang together by voxel faces; isolated are those that touch no side."
)


def connectivity_table(study: Study, phases: str) -> Markup | None:
    """Table of the last frame with error bars, and its interfaces; None if not measured."""
    name = f"{phases}_connectivity"
    if name not in study.products("tables"):
        return None
    table = study.table(name)
    last = int(table["frame"].max())
    sides = study.table(f"{phases}_interfaces")
    areas = ", ".join(
        f"{row.phase} and {row.other} {row.area_um2:.4g}"
        for row in sides[sides["frame"] == last].itertuples()
    )
    rows = frame_rows(table, last)
    note = f"Connectivity, frame {last}. {NOTE} Interfaces (µm²): {areas}."
    return layout(rows[0], rows[1:], note)


def frame_rows(table: pd.DataFrame, frame: int) -> list[list[str]]:
    """Cells of the table of one frame, the heading first; a row per phase."""
    rows = [["phase", *(header for _, header, _, _ in _COLUMNS)]]
    of_frame = table[table["frame"] == frame]
    for phase, readings in of_frame.groupby("phase", sort=False):
        by_reading = readings.set_index("reading")
        cells = [str(phase)]
        for column, _, factor, decimals in _COLUMNS:
            values = factor * by_reading[column].astype(float)
            low, high = values.min(), values.max()
            text = f"{values['labels']:.{decimals}f}"
            cells.append(
                text if low == high else f"{text} ({low:.{decimals}f} to {high:.{decimals}f})"
            )
        rows.append([cell.replace("nan", "–") for cell in cells])
    return rows
