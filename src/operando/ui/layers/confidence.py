"""How sure a segmentation is of its labels, voxel by voxel, as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.ui.layers.lookups import FrameArray
from operando.ui.layers.results import show_colour_bar

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

    from operando.ui.layers.results import Placement

CONFIDENCE_NAME = "confidence (%)"
_SURE = 255


class Confidence(FrameArray):
    """Probability of the class that a voxel has, in percent; NaN where it has none.

    Only what is looked at is read, one class at a time.

    Parameters
    ----------
    labels
        ``(t, z, y, x)``, classes 1 to K, 0 for none.
    probabilities
        ``(t, K, z, y, x)`` uint8, 0 to 255.
    """

    def __init__(self, labels: Any, probabilities: Any) -> None:
        super().__init__(labels.shape, np.float32)
        self._labels = labels
        self._probabilities = probabilities

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[np.float32]:
        labels = np.asarray(self._labels[(t, *box)])
        percent = np.full(labels.shape, np.nan, np.float32)
        for k in range(self._probabilities.shape[1]):
            own = labels == k + 1
            if own.any():
                stored = np.asarray(self._probabilities[(t, k, *box)])
                np.multiply(stored, np.float32(100 / _SURE), out=percent, where=own)
        return percent


def confidence_layer(confidence: Confidence, n_classes: int, placement: Placement) -> Image:
    """Make the layer with its colour bar, from what guessing would give to certainty.

    It is opaque: grey values that shine through would falsify the colours.
    """
    from napari.layers import Image

    layer = Image(
        confidence,
        name=CONFIDENCE_NAME,
        colormap="magma",
        contrast_limits=(100 / max(n_classes, 2), 100),
        blending="translucent",
        multiscale=False,
        **placement,
    )
    show_colour_bar(layer)
    return layer
