from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from operando.ui.layers.in_viewer import add_layers, remove_layers


def _layers(*names: str) -> list[Image]:
    return [Image(np.zeros((4, 4)), name=name) for name in names]


def test_layers_are_added_in_order_and_the_active_one_stays() -> None:
    viewer = ViewerModel()
    images, strokes = _layers("images", "strokes")
    add_layers(viewer, images, strokes)
    viewer.layers.selection.active = images
    add_layers(viewer, *_layers("phases", "particles"), at=1)
    add_layers(viewer, *_layers("arrows"))
    names = [layer.name for layer in viewer.layers]
    assert names == ["images", "phases", "particles", "strokes", "arrows"]
    assert viewer.layers.selection.active is images


def test_what_the_user_took_away_is_passed_over() -> None:
    viewer = ViewerModel()
    images, strokes = _layers("images", "strokes")
    add_layers(viewer, images, strokes)
    viewer.layers.remove(strokes)
    remove_layers(viewer, strokes, None, images)
    assert not viewer.layers
