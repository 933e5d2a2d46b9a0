"""A column of many particles through time, as thin lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_ALPHA = 90


def draw_trajectories(
    plot: pg.PlotWidget,
    table: pd.DataFrame,
    particles: NDArray[np.integer],
    time: str,
    column: str,
    colour: str,
) -> None:
    """Draw a line for every particle, all as one item.

    Parameters
    ----------
    plot
        Takes the item.
    table
        Of all frames.
    particles
        Ids that are drawn; frames in which the value is missing are passed over.
    time, column
        What lies along the bottom and the left.
    colour
        ``#rrggbb``; the lines let others shine through.
    """
    rows = table[table["particle"].isin(particles)].dropna(subset=[time, column])
    rows = rows.sort_values(["particle", "frame"])
    ids = rows["particle"].to_numpy()
    goes_on = np.append(ids[1:] == ids[:-1], False) if len(ids) else np.empty(0)
    faded = pg.mkColor(colour)
    faded.setAlpha(_ALPHA)
    plot.plot(
        rows[time].to_numpy(float),
        rows[column].to_numpy(float),
        pen=pg.mkPen(faded, width=1),
        connect=goes_on.astype(np.int32),
    )
