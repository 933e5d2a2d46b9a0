"""Colours of napari's theme for plots."""

from __future__ import annotations

from typing import Any


def plot_colours(viewer: Any) -> tuple[str, str]:
    """Background and foreground of the viewer's theme as ``#rrggbb``."""
    from napari.utils.theme import get_theme

    theme = get_theme(viewer.theme)
    return _hex(theme.background), _hex(theme.text)


def _hex(colour: Any) -> str:
    red, green, blue = colour.as_rgb_tuple(alpha=False)
    return f"#{red:02x}{green:02x}{blue:02x}"
