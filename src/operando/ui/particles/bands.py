"""Curves with their confidence bands, and the plot of grey levels by distance from cracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg

from operando.particles.measuring.crack_grey import ALL

if TYPE_CHECKING:
    import pandas as pd

NO_CRACK_GREY = "Press <b>Map cracks</b> first."


def draw_band(plot: pg.PlotWidget, curve: pd.DataFrame, x: str, y: str, colour: Any) -> None:
    """Draw a curve with the band from its columns ``low`` to ``high`` (NaN: none there)."""
    place, middle = curve[x].to_numpy(float), curve[y].to_numpy(float)
    edges = (curve[name].fillna(curve[y]).to_numpy(float) for name in ("low", "high"))
    tint = pg.mkColor(colour)
    ends = [pg.PlotDataItem(place, edge, pen=pg.mkPen(tint, width=0.5)) for edge in edges]
    tint.setAlpha(60)
    for item in (pg.FillBetweenItem(*ends, brush=tint), *ends):
        plot.addItem(item)
    dots = {"symbol": "o", "symbolSize": 5, "symbolBrush": colour, "symbolPen": None}
    plot.plot(place, middle, pen=pg.mkPen(colour, width=2), **dots)


def draw_crack_grey(
    plot: pg.PlotWidget,
    table: pd.DataFrame | None,
    particle: int,
    frame: int,
    colours: tuple[Any, Any],
) -> str:
    """Draw the grey levels of all cracked particles and of one by the distance from cracks.

    Parameters
    ----------
    plot
        Where.
    table
        As the step "damage" writes it, or None.
    particle, frame
        Which.
    colours
        Of the one and of all.

    Returns
    -------
    What the plot shows, in words.
    """
    plot.setLabel("bottom", "distance from the nearest crack (µm)")
    plot.setLabel("left", "mean grey")
    if table is None:
        return NO_CRACK_GREY
    here = table[table["frame"] == frame]
    if here.empty:
        return "No particle of this frame has cracks."
    one, everyone = here[here["particle"] == particle], here[here["particle"] == ALL]
    draw_band(plot, everyone, "distance_um", "grey", colours[1])
    count = int(everyone["particles"].max())
    note = f"mean of {count} cracked particles · band: its 95 % confidence"
    if particle == ALL:
        return note
    if one.empty:
        return f"{note} · particle {particle} has no cracks"
    draw_band(plot, one, "distance_um", "grey", colours[0])
    return f"{note} · yellow: particle {particle}"
