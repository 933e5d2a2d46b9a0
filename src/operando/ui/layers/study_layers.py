"""The layers of one study in a viewer: which there are, in which order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from operando.study.products import SOURCE
from operando.ui import navigation
from operando.ui.layers.factory import LayerFactory
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.strokes.painter import StrokePainter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Image, Labels, Layer

    from operando.study import Study


class StudyLayers:
    """Shows images, phases and strokes of a study, in this order from bottom to top.

    Parameters
    ----------
    viewer
        napari viewer or its model.
    study
        What to show.
    later
        Takes pieces of work; images of the first channel and strokes are shown at once, the rest
        piece by piece.

    Attributes
    ----------
    factory : LayerFactory
        Gives further layers of this study their place.
    painter : StrokePainter
        Records what is painted on the layer of strokes.
    again : StrokePainter or None
        Records what is painted a second time, while that is done.
    phases : Labels or None
        Layer of the segmentation.
    probabilities : list of Image
        Its probabilities, one hidden layer per class.
    """

    def __init__(
        self, viewer: Any, study: Study, later: Callable[[Callable[[], None]], None]
    ) -> None:
        self._viewer = viewer
        self._study = study
        self._later = later
        self.factory = LayerFactory(study)
        self.again: StrokePainter | None = None
        self.phases: Labels | None = None
        self.probabilities: list[Image] = []
        self._images = self.factory.images()
        self._source = study.series.source
        viewer.add_layer(self._images[0])
        self.painter = StrokePainter(viewer, self.factory.strokes(), study.strokes())
        viewer.add_layer(self.painter.layer)
        viewer.canvas.overlays.scale_bar.visible = True
        navigation.go_to_frame(viewer, 0)
        viewer.layers.selection.active = self.painter.layer
        self._insert_in_turn(self._images[:1], self._images[1:])
        self._sets: dict[str, Image] = {}
        *_, newest = study.image_sets  # results were made of it, and fit on it
        for product in study.image_sets[1:]:
            later(partial(self._show_image_set, product, product == newest))
        self._show_phases(visible=not study.products("particles"))

    @property
    def placement(self) -> dict[str, Any]:
        """``scale``, ``axis_labels`` and ``units`` of every layer of this study."""
        return self.factory.placement

    @property
    def image(self) -> Image:
        """Layer of the source images, of the first channel."""
        return self._images[0]

    def image_of(self, product: str, channel: int = 0) -> Image:
        """Return the layer of an image set; that of the source where the set is not shown."""
        return self._sets.get(product, self._images[channel if product == SOURCE else 0])

    def update(self, step_name: str) -> None:
        """Show anew what a step has written."""
        if step_name == "segment":
            self._show_phases(visible=True)
        made = [e.outputs for e in self._study.entries if e.step == step_name][-1:]
        for product in (p for outputs in made for p in outputs if p.startswith(f"{SOURCE}/")):
            self._show_image_set(product, visible=True)

    def rebuild(self) -> None:
        """Place every layer anew after the voxel size, or where images are read, has changed."""
        if self._study.series.source != self._source:
            self._source = self._study.series.source
            fresh = self.factory.images()
            self._images = [
                self._renewed(old, new) for old, new in zip(self._images, fresh, strict=True)
            ]
        for layer in self._own_layers():
            layer.scale = self.placement["scale"]

    def raise_strokes(self) -> None:
        """Put the strokes above everything else."""
        layers = self._viewer.layers
        if self.painter.layer in layers:
            layers.move(layers.index(self.painter.layer), len(layers))

    def close(self) -> None:
        """Take the layers away."""
        self.again = None
        self.painter.close()
        remove_layers(self._viewer, *self._own_layers())

    def _own_layers(self) -> list[Layer]:
        phases = [] if self.phases is None else [self.phases]
        return [
            *self._all_images(),
            *self.probabilities,
            *phases,
            self.painter.layer,
        ]

    def _all_images(self) -> list[Layer]:
        return [*self._images, *self._sets.values()]

    def _show_phases(self, *, visible: bool) -> None:
        """Show the segmentation there is; a layer that is there already gets the new labels.

        Taking a layer away costs napari half a second.
        """
        names = self._study.products("phases")
        if not names:
            return
        name = "phases" if "phases" in names else names[0]
        self._later(partial(self._show_labels, name, visible))
        self._show_probabilities(name)

    def _show_image_set(self, product: str, visible: bool) -> None:
        """Show a cleaned or aligned set above the source; made anew, its layer gets new images.

        Other images are hidden: they would be seen where those of the set were not imaged.
        """
        new = self.factory.image_set(product, visible=visible)
        old = self._sets.get(product)
        if visible:
            for other in self._all_images():
                other.visible = False
        if old is not None and old in self._viewer.layers:
            self._sets[product] = kept = self._renewed(old, new)
            kept.contrast_limits, kept.visible = new.contrast_limits, visible
            return
        self._insert_above(self._all_images(), new)
        self._sets[product] = new

    def _renewed(self, old: Image, new: Image) -> Image:
        """Give a layer new images, or put another one in its place if there are levels now."""
        layers = self._viewer.layers
        if old not in layers:
            return new
        if old.multiscale == new.multiscale:
            old.data = new.data
            return old
        new.visible, new.contrast_limits = old.visible, old.contrast_limits
        active = layers.selection.active
        place = layers.index(old)
        layers.remove(old)
        layers.insert(place, new)
        layers.selection.active = new if active == old else active
        return new

    def _show_labels(self, name: str, visible: bool) -> None:
        new = self.factory.phases(name, visible=visible)
        if self.phases is not None and self.phases in self._viewer.layers:
            self.phases.data = new.data
            self.phases.colormap = new.colormap
            self.phases.visible = visible
            return
        self.phases = new
        self._insert_above([*self._all_images(), *self.probabilities], self.phases)

    def _show_probabilities(self, name: str) -> None:
        new = self.factory.probabilities(name)
        if [layer.name for layer in new] == [layer.name for layer in self.probabilities]:
            for layer, fresh in zip(self.probabilities, new, strict=True):
                layer.data = fresh.data
            return
        remove_layers(self._viewer, *self.probabilities)
        self.probabilities = new
        self._insert_in_turn(self._all_images(), new)

    def _insert_in_turn(self, below: Sequence[Layer], layers: Sequence[Layer]) -> None:
        """Insert layers above others, from bottom to top, piece by piece."""
        for k, layer in enumerate(layers):
            self._later(partial(self._insert_above, [*below, *layers[:k]], layer))

    def _insert_above(self, others: Sequence[Layer], layer: Layer) -> None:
        layers = self._viewer.layers
        below = [layers.index(other) for other in others if other in layers]
        add_layers(self._viewer, layer, at=max(below, default=-1) + 1)
