"""Layers of images, strokes and phases, all placed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import OperandoError
from operando.ui.layers.lookups import ChannelFrames, StoredFrames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels, Shapes
    from napari.utils.colormaps import DirectLabelColormap
    from numpy.typing import NDArray

    from operando.data import LabelClass, Series
    from operando.study import Study

AXES = ("t", "z", "y", "x")
UNITS = ("dimensionless", "um", "um", "um")
"""Time is counted in frames, so that the slider goes from frame to frame however far apart."""

STROKES_NAME = "strokes"
PREVIEW_NAME = "live preview"
BOX_NAME = "look here"
LARGEST_VOLUME = 512
"""Voxels along the longest axis of what is shown in 3D, where files hold smaller levels."""


class LayerFactory:
    """Makes layers of a study that share axes, units and scale from the moment they are made.

    napari ignores units, and may show nothing, when layers disagree in them. Images, strokes and
    phases are locked: the key that deletes a layer would leave no way back but to open the study
    again.

    Parameters
    ----------
    study
        Whose images, strokes and results are shown.
    """

    def __init__(self, study: Study) -> None:
        self._study = study

    @property
    def placement(self) -> dict[str, Any]:
        """``scale``, ``axis_labels`` and ``units`` of every layer ``(t, z, y, x)``."""
        shape = self._study.series.volume_shape
        steps = map(reachable_step, self._study.voxel_size, shape)
        return {
            "scale": (1.0, *steps),
            "axis_labels": AXES,
            "units": UNITS,
        }

    def images(self) -> list[Image]:
        """Make one layer per channel, read where looked at; only the first is visible."""
        from napari.layers import Image

        series = self._study.series
        several = series.n_channels > 1
        levels = image_levels(series)
        layers = [
            Image(
                **channel_data(levels, c),
                name=f"{self._study.name} · {channel if several else 'images'}",
                colormap="gray",
                contrast_limits=series_limits(ChannelFrames(series.data, c)),
                visible=c == 0,
                **self.placement,
            )
            for c, channel in enumerate(series.channels)
        ]
        for layer in layers:
            layer.locked = True
        return layers

    def image_set(self, product: str, *, visible: bool) -> Image:
        """Make the layer of a set that Clean or Align made: its first channel."""
        from napari.layers import Image

        series = self._study.image_series(product)
        layer = Image(
            **channel_data(image_levels(series), 0),
            name=f"{self._study.name} · {product.partition('/')[2]}",
            colormap="gray",
            contrast_limits=series_limits(ChannelFrames(series.data, 0)),
            visible=visible,
            **self.placement,
        )
        layer.locked = True
        return layer

    def strokes(self) -> Labels:
        """Make the layer that is painted on: its data is the array on disk."""
        from napari.layers import Labels

        strokes = self._study.strokes()
        layer = Labels(
            strokes.array,
            name=STROKES_NAME,
            colormap=class_colormap(strokes.classes),
            opacity=0.7,
            multiscale=False,
            **self.placement,
        )
        layer.n_edit_dimensions = 2
        layer.brush_size = 10
        layer.editable = self._study.writable
        layer.locked = True
        return layer

    def phases(self, name: str, *, visible: bool = True) -> Labels:
        """Make the layer of a segmentation; it cannot be painted on."""
        from napari.layers import Labels

        labels, _, classes = self._study.phases(name)
        layer = Labels(
            StoredFrames(labels),
            name=name,
            colormap=class_colormap(classes),
            opacity=0.4,
            visible=visible,
            multiscale=False,
            **self.placement,
        )
        layer.editable, layer.locked = False, True
        return layer

    def preview(self, labels: Any, classes: Sequence[LabelClass]) -> Labels:
        """Make the layer of labels that come and go while strokes are painted."""
        from napari.layers import Labels

        layer = Labels(
            labels,
            name=PREVIEW_NAME,
            colormap=class_colormap(classes),
            opacity=0.35,
            multiscale=False,
            **self.placement,
        )
        layer.editable = False
        return layer

    def box(self, corners: NDArray[np.float64], colour: str) -> Shapes:
        """Make the layer of one rectangle in a slice, ``(4, 4)`` corners in voxels."""
        from napari.layers import Shapes

        layer = Shapes(
            [corners],
            shape_type="polygon",
            name=BOX_NAME,
            edge_color=colour,
            edge_width=1,
            face_color="transparent",
            **self.placement,
        )
        layer.editable = False
        return layer

    def probabilities(self, name: str) -> list[Image]:
        """Make one hidden layer per class of a segmentation: how probable it is, 0 to 255."""
        import dask.array as da
        from napari.layers import Image

        _, stored, classes = self._study.phases(name)
        lazy = da.from_array(stored, chunks=stored.chunks)
        return [
            Image(
                lazy[:, k],
                name=f"{label_class.name} probability (0–255)",
                colormap="magma",
                contrast_limits=(0, 255),
                visible=False,
                multiscale=False,
                **self.placement,
            )
            for k, label_class in enumerate(classes)
        ]


def reachable_step(step: float, n: int) -> float:
    """Round a step by what a float may be off, so that the slider reaches the last of n slices.

    napari divides the way to it by the step and drops decimals: 30.999... for 31 steps of 0.3.
    """
    while int((n - 1) * step / step) < n - 1:
        step = float(np.nextafter(step, np.inf))
    return step


def image_levels(series: Series) -> list[Any]:
    """Images ``(t, c, z, y, x)`` at full and at reduced resolution, as far as files hold them.

    There is one level where no axis is longer than 512 voxels, else the last one is the first
    that is so small: napari shows the last one in 3D.
    """
    from operando.files import read

    levels = [series.data]
    known = series.metadata[0] if series.metadata else {}
    for name in known.get("levels", ())[1:]:
        if max(levels[-1].shape[2:]) <= LARGEST_VOLUME:
            break
        try:
            level = read(known["folder"], dataset=name).data
        except OperandoError:
            break
        if level.shape[:2] != series.data.shape[:2] or level.dtype != series.data.dtype:
            break
        levels.append(level)
    return levels


def channel_data(levels: Sequence[Any], channel: int) -> dict[str, Any]:
    """Return ``data`` and ``multiscale`` of the layer of one channel."""
    frames = [ChannelFrames(level, channel) for level in levels]
    several = len(frames) > 1
    return {"data": frames if several else frames[0], "multiscale": several}


def class_colormap(classes: Sequence[LabelClass]) -> DirectLabelColormap:
    """Colours of the labels 1, 2, ...; everything else is transparent."""
    from napari.utils.colormaps import DirectLabelColormap

    colours: dict[int | None, Any] = {0: "transparent", None: "transparent"}
    colours |= {k: c.colour for k, c in enumerate(classes, 1)}
    return DirectLabelColormap(color_dict=colours)


def warm_up(study: Study) -> None:
    """Load and compile all that the layers of a study need: seconds, so do it in a thread."""
    factory = LayerFactory(study)
    factory.images()
    factory.strokes()
    for name in study.products("phases"):
        factory.phases(name)
        factory.probabilities(name)


def series_limits(frames: Any) -> tuple[float, float]:
    """Contrast limits that fit the first and the last frame of ``(t, z, y, x)``.

    Reads no more than their middle slices.
    """
    middle = frames.shape[1] // 2
    slices = (np.asarray(frames[t, middle]) for t in (0, frames.shape[0] - 1))
    low, high = zip(*map(limits_of, slices), strict=True)
    return min(low), max(high)


def limits_of(image: NDArray[Any]) -> tuple[float, float]:
    """Limits that leave out half a percent of the pixels at either end, low < high in any case."""
    known = image[np.isfinite(image)].astype(float)
    if not known.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(known, (0.5, 99.5)))
    return (low, high) if high > low else (low, low + 1.0)
