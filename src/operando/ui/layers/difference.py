"""Where two segmentations differ, as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.classes import LabelClass
from operando.segment.scoring.scores import confusion
from operando.ui.layers.factory import class_colormap
from operando.ui.layers.lookups import FrameArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray

    from operando.ui.layers.results import Placement

DIFFERENCE_NAME = "difference"
_SLAB = 32
_FOREIGN = LabelClass("class of the other alone", "#ffffff")


class Difference(FrameArray):
    """The other's class where it is not that of the labels, else 0.

    Where either has no class (0) nothing can be said, and they do not differ. Only what is looked
    at is read.

    Parameters
    ----------
    labels
        ``(t, z, y, x)``, classes 1 to K.
    other
        ``(t, z, y, x)``, or ``(z, y, x)`` that is held against every frame. Whatever is above K
        counts as the one class K + 1.
    n_classes
        K.
    """

    def __init__(self, labels: Any, other: Any, n_classes: int) -> None:
        super().__init__(labels.shape, np.uint8)
        self._labels = labels
        self._other = other
        self._n_classes = n_classes

    def confusion(self, frame: int) -> NDArray[np.int64]:
        """Count the voxels of a frame by class of the other (rows) and of the labels (columns).

        Returns
        -------
        ``(K + 1, K + 1)``; voxels without a class in either are not counted.
        """
        k = self._n_classes + 1
        table = np.zeros((k, k), np.int64)
        for z in range(0, self.shape[1], _SLAB):
            labels, other = self._both(frame, (slice(z, z + _SLAB),))
            table += confusion(other, labels, k)
        return table

    def _both(self, t: int, box: tuple[Any, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        at = (t, *box) if self._other.ndim == self.ndim else (box or Ellipsis)
        other = np.asarray(self._other[at])
        kept = np.clip(other, 0, self._n_classes + 1).astype(np.uint8)
        return np.asarray(self._labels[(t, *box)]), kept

    def _read(self, t: int, box: tuple[Any, ...]) -> NDArray[np.uint8]:
        labels, other = self._both(t, box)
        return np.where((labels > 0) & (labels != other), other, 0).astype(np.uint8)


def difference_layer(
    difference: Difference, classes: Sequence[LabelClass], placement: Placement
) -> Labels:
    """Make the layer; a voxel that differs has the colour of the class the other gives it.

    Classes that only the other has are white.
    """
    from napari.layers import Labels

    layer = Labels(
        difference,
        name=DIFFERENCE_NAME,
        colormap=class_colormap([*classes, _FOREIGN]),
        opacity=0.9,
        multiscale=False,
        **placement,
    )
    layer.editable = False
    return layer
