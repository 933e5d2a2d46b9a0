"""Live preview: the slice that is looked at is labelled anew after every stroke."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from operando.study.products import SOURCE
from operando.ui import navigation
from operando.ui.jobs.background import Background
from operando.ui.layers.factory import class_colormap
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.preview_slices import PreviewSlices
from operando.ui.strokes.slice_learner import SliceLearner, newest_basis
from operando.ui.wording import image_set_text

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Labels
    from numpy.typing import NDArray

    from operando.data import LabelClass
    from operando.errors import OperandoError
    from operando.study import Study
    from operando.ui.layers.study_layers import StudyLayers
    from operando.ui.session import Session
    from operando.ui.strokes.slice_learner import Basis, Place

    Wanted = tuple[int, Basis, Place]
    """Revision of the strokes, what is learnt from, and which slice."""

_PAUSE_MS = 150
_TWO_CLASSES = "Paint two classes first."
_SIDEWAYS = "The preview shows slices across z: turn the axes back, in 2D."


class LivePreview(QObject):
    """Learns from the strokes in a thread and shows what that makes of the slice in view.

    Features come from the model of the study, or from the one that ships with the package.

    Parameters
    ----------
    session
        The study, its strokes and its layers.
    parent
        Owner.

    Attributes
    ----------
    layer : Labels or None
        Where the preview is shown; None before it was first turned on.
    """

    said = Signal(str)
    """What the preview does, or what it needs; empty while it is off."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._is_on = False
        self._learner: SliceLearner | None = None
        self._slices: PreviewSlices | None = None
        self._wanted: Wanted | None = None
        self._shown: Wanted | None = None
        self._stop = Event()
        self._hid_phases = False
        self._classes: tuple[LabelClass, ...] = ()
        self.layer: Labels | None = None
        self._background = Background(self)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PAUSE_MS)
        self._soon.timeout.connect(self._update)
        for event in self._dims_events():
            event.connect(self._ask)
        session.strokes_changed.connect(self._ask)
        session.products_changed.connect(self._on_product)
        session.study_changed.connect(self._on_study)

    @property
    def is_busy(self) -> bool:
        """Whether a slice is being labelled."""
        return self._background.is_busy

    def set_on(self, on: bool) -> None:
        """Begin or stop to preview; the layer is hidden while it is off."""
        self._is_on = on
        if on:
            self._hide_phases()
            self._ask()
            return
        self._soon.stop()
        self._stop_learner()
        if self.layer is not None:
            self.layer.visible = False
        if self._hid_phases and self._session.layers and self._session.layers.phases:
            self._session.layers.phases.visible = True
        self._hid_phases = False
        self.said.emit("")

    def close(self) -> None:
        """Stop, take the layer away, and listen no more."""
        for event in self._dims_events():
            event.disconnect(self._ask)
        self._session.strokes_changed.disconnect(self._ask)
        self._session.products_changed.disconnect(self._on_product)
        self._session.study_changed.disconnect(self._on_study)
        self._soon.stop()
        self._forget()

    def _dims_events(self) -> tuple[Any, ...]:
        events = self._session.viewer.dims.events
        return events.current_step, events.order, events.ndisplay

    def _ask(self, event: Any = None) -> None:
        del event
        if self._is_on:
            self._soon.start()

    def _on_product(self, step_name: str) -> None:
        """Begin anew where images or model were made or chosen."""
        del step_name
        self._ask()

    def _on_study(self) -> None:
        self._forget()
        self._ask()

    def _forget(self) -> None:
        self._stop_learner()
        remove_layers(self._session.viewer, self.layer)
        self.layer = self._slices = self._learner = self._wanted = self._shown = None
        self._hid_phases = False

    def _stop_learner(self) -> None:
        self._stop.set()
        self._wanted = None

    def _place(self) -> Place | None:
        """Slice in view; None where it does not lie across z."""
        study, viewer = self._session.study, self._session.viewer
        axis = navigation.time_axis(viewer)
        if study is None or axis is None or set(viewer.dims.displayed) != {axis + 2, axis + 3}:
            return None
        depth = study.series.volume_shape[0]
        return (
            navigation.current_frame(viewer, len(study.times)),
            navigation.current_slice(viewer, depth, study.voxel_size[0]),
        )

    def _update(self) -> None:
        study, painter, place = self._session.study, self._session.painter, self._place()
        if not self._is_on or study is None or painter is None:
            return
        if len(painter.counts.voxels) < 2:
            self._show_nothing(_TWO_CLASSES)
            return
        if place is None:
            self._show_nothing(_SIDEWAYS)
            return
        basis = newest_basis(study)
        wanted = (painter.strokes.revision, basis, place)
        if wanted == self._shown:
            self._say_shown()
            return
        if self._background.is_busy:
            if wanted != self._wanted:
                self._stop.set()
            return
        self._wanted, self._stop = wanted, Event()
        if self._learner is None or self._learner.basis != basis:
            self._learner = SliceLearner(study, basis)
        self.said.emit("Looking at this slice…")
        self._background.start(
            partial(self._learner.labels, painter.counts.slices, place, self._stop),
            partial(self._on_labels, study),
            partial(self._on_failed, study),
        )

    def _on_labels(self, study: Study, labels: NDArray[np.uint8] | None) -> None:
        wanted, layers = self._wanted, self._session.layers
        if study is not self._session.study or layers is None or not self._is_on:
            return
        if labels is not None and wanted is not None:
            self._show(layers, wanted, labels)
        self._update()

    def _on_failed(self, study: Study, error: OperandoError) -> None:
        if study is self._session.study and self._is_on:
            self._show_nothing(f"⚠ {error}")

    def _show(self, layers: StudyLayers, wanted: Wanted, labels: NDArray[np.uint8]) -> None:
        layer, slices = self._own_layer(layers)
        if self._shown is None or self._shown[:2] != wanted[:2]:
            slices.clear()
        slices.put(*wanted[2], labels)
        self._shown = wanted
        layer.visible = True
        layer.refresh(extent=False, thumbnail=False)

    def _show_nothing(self, why: str) -> None:
        if self._slices is not None and self.layer is not None:
            self._slices.clear()
            self.layer.visible = False
        self._shown = None
        self.said.emit(why)

    def _say_shown(self) -> None:
        if self._learner is not None:
            source = "your model" if self._learner.is_own else "the shipped model"
            images = self._learner.basis.images
            of = "" if images == SOURCE else f" of the images “{image_set_text(images)}”"
            only = ", which sees only the first channel," if self._learner.sees_first else ""
            self.said.emit(f"Preview of this slice{of}, from {source}{only} and your strokes.")

    def _own_layer(self, layers: StudyLayers) -> tuple[Labels, PreviewSlices]:
        """Return the layer below the strokes with the colours of the classes, made if need be."""
        viewer, painter = self._session.viewer, layers.painter
        if self.layer is None or self._slices is None or self.layer not in viewer.layers:
            self._slices = PreviewSlices(painter.strokes.array.shape)
            self._classes = painter.strokes.classes
            self.layer = layers.factory.preview(self._slices, self._classes)
            add_layers(viewer, self.layer)
            layers.raise_strokes()
        if painter.strokes.classes != self._classes:  # new colours redraw the whole layer
            self._classes = painter.strokes.classes
            self.layer.colormap = class_colormap(self._classes)
        return self.layer, self._slices

    def _hide_phases(self) -> None:
        """Hide the segmentation, whose colours would mix with those of the preview."""
        phases = self._session.layers.phases if self._session.layers else None
        if phases is not None and phases.visible:
            phases.visible = False
            self._hid_phases = True
