"""Putting layers into a viewer and taking them away, while the user may do so too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer


def add_layers(viewer: Any, *layers: Layer, at: int | None = None) -> None:
    """Add layers above all others, or from a place in the list on; the active one stays active."""
    active = viewer.layers.selection.active
    first = len(viewer.layers) if at is None else at
    for place, layer in enumerate(layers, first):
        viewer.layers.insert(place, layer)
    if active is not None:
        viewer.layers.selection.active = active


def remove_layers(viewer: Any, *layers: Layer | None) -> None:
    """Take those layers away that are there."""
    for layer in layers:
        if layer is not None and layer in viewer.layers:
            viewer.layers.remove(layer)
