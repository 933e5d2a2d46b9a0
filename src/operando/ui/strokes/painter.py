"""Painting strokes: what napari paints on, recorded so that it can be undone after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from operando.ui.layers.factory import class_colormap
from operando.ui.strokes.counts import StrokeCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray

    from operando.data import LabelClass
    from operando.study import StrokeSet
    from operando.study.journal import Box

N_CLASS_KEYS = 9
UNUSED = "unused"
"""Name for a class that the images do not show: no network knows it, so no voxel is given it."""


class StrokePainter:
    """Ties a layer to a stroke set: records every stroke, undoes and redoes, chooses the class.

    On the layer, the keys 1 to 9 choose a class, Ctrl+Z and Ctrl+Shift+Z undo and redo. A stroke
    never runs through time: the layer is locked while the viewer's axes are turned so that it
    would.

    Parameters
    ----------
    viewer
        napari viewer or its model.
    layer
        Layer whose data is the array of the stroke set.
    strokes
        Where strokes are recorded.

    Attributes
    ----------
    layer : Labels
    strokes : StrokeSet
    counts : StrokeCounts
        Painted voxels, kept up to date.
    """

    stroked = Signal()
    """Strokes or classes changed."""

    chosen = Signal(int)
    """Another class is painted with; carries its label, 0 for none."""

    def __init__(self, viewer: Any, layer: Labels, strokes: StrokeSet) -> None:
        self._viewer = viewer
        self.layer = layer
        self.strokes = strokes
        self.counts = StrokeCounts(strokes.array, strokes.painted_slices)
        self._writable = bool(layer.editable)
        layer.events.paint.connect(self._on_paint)
        layer.events.selected_label.connect(self._on_selected_label)
        layer.events.n_edit_dimensions.connect(self._guard_time)
        viewer.dims.events.order.connect(self._guard_time)
        viewer.dims.events.ndisplay.connect(self._guard_time)
        layer.bind_key("Control-Z", self._on_undo_key, overwrite=True)
        layer.bind_key("Control-Shift-Z", self._on_redo_key, overwrite=True)
        for label in range(1, N_CLASS_KEYS + 1):
            layer.bind_key(str(label), _class_key(self, label), overwrite=True)

    def close(self) -> None:
        """Listen no more."""
        self.layer.events.paint.disconnect(self._on_paint)
        self.layer.events.selected_label.disconnect(self._on_selected_label)
        self.layer.events.n_edit_dimensions.disconnect(self._guard_time)
        self._viewer.dims.events.order.disconnect(self._guard_time)
        self._viewer.dims.events.ndisplay.disconnect(self._guard_time)
        self.layer.keymap.clear()

    @property
    def label(self) -> int:
        """Label of the class that is painted with."""
        return int(self.layer.selected_label)

    @property
    def unpainted(self) -> list[str]:
        """Names of the classes that have no stroke, but for one that is called unused."""
        painted = self.counts.voxels
        names = (c.name for k, c in enumerate(self.strokes.classes, 1) if k not in painted)
        return [name for name in names if name.casefold() != UNUSED]

    def choose(self, label: int) -> None:
        """Paint with another class: select the layer and take the brush."""
        if not 1 <= label <= len(self.strokes.classes):
            return
        self.take("paint")
        self.layer.selected_label = label

    def take(self, tool: str) -> None:
        """Select the layer and take a tool: "paint", "erase" or "pan_zoom".

        The layer is put back where it was deleted from the viewer's list: strokes are on disk.
        """
        if self.layer not in self._viewer.layers:
            self._viewer.add_layer(self.layer)
        self.layer.visible = True
        self._viewer.layers.selection.active = self.layer
        if self.layer.editable:
            self.layer.mode = tool

    def undo(self) -> None:
        """Take the last stroke back, also one of an earlier session."""
        self._show_edit(self.strokes.undo())

    def redo(self) -> None:
        """Bring the last undone stroke back."""
        self._show_edit(self.strokes.redo())

    def set_classes(self, classes: Sequence[LabelClass]) -> None:
        """Rename, recolour, add or drop classes.

        Raises
        ------
        InputError
            If two have one name, or one that is dropped has strokes.
        """
        self.strokes.set_classes(classes)
        self.layer.colormap = class_colormap(self.strokes.classes)
        self._on_selected_label()
        self.stroked.emit()

    def reload(self) -> None:
        """Show strokes that came from elsewhere, such as an import."""
        self.counts = StrokeCounts(self.strokes.array, self.strokes.painted_slices)
        self.layer.refresh()
        self.stroked.emit()

    def _show_edit(self, box: Box | None) -> None:
        if box is not None:
            self.counts.recount(box)
            self.layer.refresh()
            self.stroked.emit()

    def _on_paint(self, event: Any) -> None:
        """Record a stroke.

        napari tells of a single edit before it is written, of a drag after: writing its end state
        here is right in both cases.
        """
        box = edited_box(event.value, self.strokes.array.shape)
        offset = np.array([s.start for s in box])
        after = self.strokes.array[box].copy()
        for atom in event.value:
            _apply(after, atom, offset, forward=True)
        before = after.copy()
        for atom in reversed(event.value):
            _apply(before, atom, offset, forward=False)
        self.strokes.array[box] = after
        self.strokes.record(box, before)
        self.counts.add(box, before, after)
        self.stroked.emit()
        self.strokes.check_room()

    def _on_selected_label(self, event: Any = None) -> None:
        del event
        highest = len(self.strokes.classes)
        if self.layer.selected_label > highest:
            self.layer.selected_label = highest
        else:
            self.chosen.emit(self.label)

    def _guard_time(self, event: Any = None) -> None:
        del event
        order = self._viewer.dims.order
        painted = order[-min(self.layer.n_edit_dimensions, len(order)) :]
        through_time = len(order) - self.layer.ndim in painted
        if self.layer.n_edit_dimensions >= self.layer.ndim:
            self.layer.n_edit_dimensions = self.layer.ndim - 1
        elif through_time and self.layer.editable:
            self.layer.editable = False
        elif not through_time and not self.layer.editable:
            self.layer.editable = self._writable

    def _on_undo_key(self, layer: Labels) -> None:
        del layer
        self.undo()

    def _on_redo_key(self, layer: Labels) -> None:
        del layer
        self.redo()


def _class_key(painter: StrokePainter, label: int) -> Callable[[Labels], None]:
    """Return what a key does that chooses a class; napari asks for a function with a name."""

    def choose_class(layer: Labels) -> None:
        del layer
        painter.choose(label)

    return choose_class


def edited_box(atoms: Iterable[Any], shape: Sequence[int]) -> Box:
    """Return the smallest box that holds an edit.

    Parameters
    ----------
    atoms
        What napari's `events.paint` carries: boxes with a mask, or ``(indices, old, new)``.
    shape
        Of the array.
    """
    starts, stops = [], []
    for atom in atoms:
        if hasattr(atom, "slice_key"):
            spans = [s.indices(n)[:2] for s, n in zip(atom.slice_key, shape, strict=True)]
        else:
            spans = [(int(np.min(i)), int(np.max(i)) + 1) for i in atom[0]]
        starts.append([a for a, _ in spans])
        stops.append([b for _, b in spans])
    low, high = np.min(starts, axis=0), np.max(stops, axis=0)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _apply(block: NDArray[np.uint8], atom: Any, offset: NDArray[Any], *, forward: bool) -> None:
    """Do or undo one part of an edit on a block that starts at `offset`."""
    if hasattr(atom, "slice_key"):
        part = block[
            tuple(
                slice((s.start or 0) - o, None if s.stop is None else s.stop - o)
                for s, o in zip(atom.slice_key, offset, strict=True)
            )
        ]
        value = atom.new_value if forward else atom.old_values
        if atom.mask is None:
            part[...] = value
        else:
            part[atom.mask] = value
        return
    indices, old, new = atom
    block[tuple(i - o for i, o in zip(indices, offset, strict=True))] = new if forward else old
