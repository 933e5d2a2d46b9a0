"""Another segmentation over the same images, beside the study's own in the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.ui.layers.factory import class_colormap
from operando.ui.layers.lookups import FrameArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from operando.data import LabelClass
    from operando.ui.layers.results import Placement

_GAP = 0.04
_OPACITY = 0.4


class OtherLabels(FrameArray):
    """Labels of every frame; what is given for one frame stands for all.

    Parameters
    ----------
    labels
        ``(t, z, y, x)``, or ``(z, y, x)``.
    n_frames
        t.
    """

    def __init__(self, labels: Any, n_frames: int) -> None:
        self._labels = labels
        super().__init__((n_frames, *labels.shape[-3:]), np.uint8)

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[np.uint8]:
        at = (t, *box) if self._labels.ndim == self.ndim else (box or Ellipsis)
        return np.asarray(self._labels[at]).astype(np.uint8)


def layers_beside(
    image: Image, labels: Any, classes: Sequence[LabelClass], name: str, placement: Placement
) -> tuple[Image, Labels]:
    """Make a copy of the images and the other labels on it, to the right of what there is.

    The sliders go through both, for they lie in one canvas, moved along x.

    Parameters
    ----------
    image
        Layer ``(t, z, y, x)`` that is copied as it looks.
    labels
        ``(t, z, y, x)`` or ``(z, y, x)``.
    classes
        Class k has the label k + 1.
    name
        Of the other segmentation.
    placement
        Of every layer of the study.
    """
    from napari.layers import Image, Labels

    shift = (0.0, 0.0, 0.0, (1 + _GAP) * float(image.extent.step[-1]) * _width(image))
    images = Image(
        image.data,
        name=f"images of {name}",
        colormap=image.colormap,
        contrast_limits=image.contrast_limits,
        gamma=image.gamma,
        multiscale=image.multiscale,
        translate=shift,
        **placement,
    )
    other = Labels(
        OtherLabels(labels, _shape(image)[0]),
        name=name,
        colormap=class_colormap(list(classes)),
        opacity=_OPACITY,
        multiscale=False,
        translate=shift,
        **placement,
    )
    other.editable = False
    return images, other


def _shape(image: Image) -> tuple[int, ...]:
    return tuple((image.data[0] if image.multiscale else image.data).shape)


def _width(image: Image) -> int:
    return _shape(image)[-1]
