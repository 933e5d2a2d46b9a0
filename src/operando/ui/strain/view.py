"""Displacement fields of a study in the canvas: one quantity, arrows, and a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from operando.ui import navigation
from operando.ui.clicks import CanvasClicks
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.lookups import NodeFrames
from operando.ui.layers.results import (
    arrow_data,
    arrows_layer,
    fitting_length,
    hide_other_maps,
    node_colormap,
    node_layer,
    node_placement,
)
from operando.ui.strain.node_errors import node_errors
from operando.ui.strain.node_quantities import (
    ALONG_Z,
    colour_limits,
    direction_words,
    node_quantity,
    node_values,
)
from operando.ui.strain.node_reading import NodeReading, describe_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.layers import Image, Vectors
    from numpy.typing import ArrayLike, NDArray

    from operando.data import DisplacementField
    from operando.ui.layers.results import Placement


class StrainView:
    """One layer of node values and one of arrows for the fields since one reference frame.

    The field that leads to frame t is seen at frame t, and only there.

    Parameters
    ----------
    viewer
        napari viewer or its model.

    Attributes
    ----------
    layer : Image or None
        Of the quantity that is shown.
    arrows : Vectors or None
        Of the frame and slice that are seen.
    quantity : str
        Name of the `NodeQuantity` that is shown.
    note : str
        What must be known of what is shown: that it is a preview.
    visible : bool
        Whether it is; layers that `show` makes follow this.
    probing : bool
        Whether clicks read nodes.
    normal : tuple of float
        Through-thickness direction ``(z, y, x)``, unit length in µm; see `set_normal`.
    """

    probed = Signal(object)
    """A `NodeReading` where the canvas was clicked."""

    drawn = Signal()
    """Other values are in the layer."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.quantity = "volume_change"
        self.visible = self.probing = True
        self.normal = ALONG_Z
        self.layer: Image | None = None
        self.arrows: Vectors | None = None
        self._fields: Mapping[int, DisplacementField] = {}
        self._reference, self._removed, self.note = 0, "", ""
        self._n_frames = 1
        self._voxel_size = (1.0, 1.0, 1.0)
        self._placement: Placement = {}
        self._clicks = CanvasClicks(viewer)
        self._clicks.clicked.connect(self._on_click)
        viewer.dims.events.current_step.connect(self._on_view)
        viewer.dims.events.ndisplay.connect(self._on_view)
        viewer.dims.events.order.connect(self._on_view)

    def close(self) -> None:
        """Take the layers away and listen no more."""
        self.clear()
        self._clicks.close()
        for event in ("current_step", "ndisplay", "order"):
            getattr(self.viewer.dims.events, event).disconnect(self._on_view)

    def clear(self) -> None:
        """Take the layers away."""
        remove_layers(self.viewer, self.layer, self.arrows)
        self.layer = self.arrows = None
        self._fields, self.note = {}, ""

    def show(
        self,
        fields: Mapping[int, DisplacementField],
        reference: int,
        n_frames: int,
        voxel_size: tuple[float, float, float],
        placement: Placement,
        removed: str = "",
        note: str = "",
    ) -> None:
        """Show the fields from one reference frame.

        Parameters
        ----------
        fields
            By deformed frame; all on the same grid.
        reference
            Frame from which they lead.
        n_frames
            Of the series.
        voxel_size
            ``(z, y, x)`` in µm.
        placement
            From the layer factory.
        removed
            What was taken out of the fields, in words.
        note
            What else must be known of them, in words; empty for finished ones.
        """
        had_arrows = self.arrows is not None and self.arrows.visible
        before = next(iter(self._fields.values()), None)
        now = next(iter(fields.values()), None)
        if not (note and note == self.note and before and now and same_nodes(before, now)):
            self.clear()
        self.note = note
        self._fields, self._reference, self._n_frames = dict(fields), reference, n_frames
        self._voxel_size, self._placement, self._removed = voxel_size, placement, removed
        self._draw()
        self.show_arrows(had_arrows)

    def show_quantity(self, name: str) -> None:
        """Show another quantity in the same layer."""
        self.quantity, self.visible = name, True
        self._draw()

    def set_normal(self, normal: ArrayLike) -> None:
        """Take another through-thickness direction ``(z, y, x)`` in µm, any length but 0."""
        direction = np.asarray(normal, float)
        z, y, x = (float(v) for v in direction / np.linalg.norm(direction))
        self.normal = (z, y, x)
        if node_quantity(self.quantity).of_layer:
            self._draw()

    def values(self, field: DisplacementField) -> NDArray[np.float32]:
        """Quantity that is shown at the nodes ``(nz, ny, nx)`` of a field; NaN if not valid."""
        return node_values(field, self.quantity, self._voxel_size, self.normal)

    def errors(self, field: DisplacementField) -> NDArray[np.float32] | None:
        """Predicted standard deviations of `values`; None where there are none."""
        return node_errors(field, self.quantity, self._voxel_size, self.normal)

    @property
    def header(self) -> str:
        """Name of the quantity that is shown, with the direction it depends on, and unit."""
        quantity = node_quantity(self.quantity)
        if not quantity.of_layer:
            return quantity.header
        return f"{quantity.title} along {direction_words(self.normal)} ({quantity.unit})"

    def hide(self) -> None:
        """Show no quantity."""
        self.visible = False
        if self.layer is not None:
            self.layer.visible = False

    def _draw(self) -> None:
        if not self._fields or (self.layer is None and not self.visible):
            return
        if self.visible:
            hide_other_maps(self.viewer, self.layer)
        quantity = node_quantity(self.quantity)
        grids = {t: self.values(f) for t, f in self._fields.items()}
        data = NodeFrames(self._n_frames, grids)
        limits = colour_limits(list(grids.values()), quantity.scale)
        title = f"{self.header} {self.since}"
        if self.note:
            title = f"{self.note} · {title}"
        if self.layer is None or self.layer not in self.viewer.layers:
            field = next(iter(self._fields.values()))
            placed = node_placement(field, self._voxel_size, self._placement)
            self.layer = node_layer(data, quantity, limits, title, placed)
            self.layer.visible = self.visible
            add_layers(self.viewer, self.layer)
            self.drawn.emit()
            return
        self.layer.data = data
        self.layer.colormap = node_colormap(quantity)
        self.layer.contrast_limits_range = limits
        self.layer.contrast_limits = limits
        self.layer.name = title
        self.layer.visible = self.visible
        self.drawn.emit()

    def show_arrows(self, visible: bool) -> None:
        """Show or hide the arrows of the frame and slice that are seen."""
        if (
            visible
            and self._fields
            and (self.arrows is None or self.arrows not in self.viewer.layers)
        ):
            field = next(iter(self._fields.values()))
            width = 0.08 * float(np.mean(field.spacing))
            title = f"displacement since frame {self._reference}"
            self.arrows = arrows_layer(title, dict(self._placement), width)
            self.arrows.length = self.fitting_length
            add_layers(self.viewer, self.arrows)
        if self.arrows is not None:
            self.arrows.visible = visible
            self._on_view()

    @property
    def fields(self) -> Mapping[int, DisplacementField]:
        """Fields that are shown, by deformed frame."""
        return self._fields

    @property
    def since(self) -> str:
        """Words for the frame from which they lead, and for what was taken out of them."""
        without = f", without {self._removed}" if self._removed else ""
        return f"since frame {self._reference}{without}"

    @property
    def fitting_length(self) -> float:
        """Factor that draws the largest displacements about a node spacing long."""
        return min((fitting_length(f) for f in self._fields.values()), default=1.0)

    def read(self, point_um: tuple[float, float, float], frame: int) -> NodeReading | None:
        """Tell what was measured at the node nearest to a point ``(z, y, x)`` in a frame.

        Returns
        -------
        None where the frame has no field or the point lies off its grid.
        """
        field = self._fields.get(frame)
        if field is None:
            return None
        size = np.asarray(self._voxel_size)
        steps = (np.asarray(point_um) / size - field.positions[0]) / field.spacing
        index = np.round(steps).astype(int)
        if np.any(index < 0) or np.any(index >= field.grid_shape):
            return None
        node = int(np.ravel_multi_index(tuple(index), field.grid_shape))
        z, y, x = (float(v) for v in field.positions[node] * size)
        return NodeReading((z, y, x), self._describe(field, node, tuple(index)))

    def _describe(
        self, field: DisplacementField, node: int, index: tuple[int, ...]
    ) -> tuple[str, ...]:
        errors, quantity = self.errors(field), node_quantity(self.quantity)
        error = None if errors is None else float(errors[index])
        value = float(self.values(field)[index])
        return describe_node(field, node, quantity, value, error, self._voxel_size)

    def _on_view(self) -> None:
        if self.arrows is None or not self.arrows.visible or not self._fields:
            return
        frame = navigation.current_frame(self.viewer, self._n_frames)
        field = self._fields.get(frame)
        data = np.empty((0, 2, 4), np.float32)
        if field is not None:
            data = arrow_data(field, frame, self.plane)
        if len(data) or len(self.arrows.data):
            self.arrows.data = data

    @property
    def plane(self) -> tuple[int, float] | None:
        """Spatial axis that is sliced, and where, in voxels; None in 3D."""
        first = (navigation.time_axis(self.viewer) or 0) + 1
        hidden = [axis for axis in self.viewer.dims.not_displayed if axis >= first]
        if len(hidden) != 1:
            return None
        axis = hidden[0] - first
        return axis, float(self.viewer.dims.point[hidden[0]]) / self._voxel_size[axis]

    def _on_click(self, event: Any) -> None:
        layers = [x for x in (self.layer, self.arrows) if x is not None and x.visible]
        point = navigation.clicked_point(self.viewer, event.position)
        if not self.probing or not layers or point is None or self.viewer.dims.ndisplay != 2:
            return
        frame = navigation.current_frame(self.viewer, self._n_frames)
        reading = self.read(point, frame)
        if reading is not None:
            self.probed.emit(reading)


def same_nodes(one: DisplacementField, other: DisplacementField) -> bool:
    """Tell whether two fields are on the same nodes."""
    return (
        one.grid_shape == other.grid_shape
        and one.spacing == other.spacing
        and bool((one.positions[0] == other.positions[0]).all())
    )
