"""How plots look: still, and in the colours of napari's theme."""

from __future__ import annotations

from typing import Any


def plot_colours(viewer: Any) -> tuple[str, str]:
    """Background and foreground of the viewer's theme as ``#rrggbb``."""
    from napari.utils.theme import get_theme

    theme = get_theme(viewer.theme)
    return _hex(theme.background), _hex(theme.text)


def hold_still(plot: Any) -> None:
    """Give a pyqtgraph plot no menu and no zoom, and keep the units that its labels name."""
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)


def colour_axes(plot: Any, colour: str) -> None:
    """Draw the axes of a pyqtgraph plot and what is written at them in a colour ``#rrggbb``."""
    for side in ("left", "bottom"):
        plot.getAxis(side).setPen(colour)
        plot.getAxis(side).setTextPen(colour)


def _hex(colour: Any) -> str:
    red, green, blue = colour.as_rgb_tuple(alpha=False)
    return f"#{red:02x}{green:02x}{blue:02x}"
