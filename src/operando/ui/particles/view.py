"""The particles of a study in the canvas: which one is selected and what their colours mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from operando.steps.particle_places import ParticlePlaces
from operando.ui import navigation
from operando.ui.clicks import CanvasClicks
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.lookups import RecentSlices
from operando.ui.layers.results import (
    hide_other_maps,
    outline_layer,
    particles_layer,
    show_values,
    values_layer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from napari.layers import Image, Labels

    from operando.data import Column
    from operando.ui.layers.results import Placement

OUTLINE_NAME = "selected particle"


class ParticleView:
    """Layers of particles, tied to their table.

    Parameters
    ----------
    viewer
        napari viewer or its model.

    Attributes
    ----------
    particle : int
        Selected id, 0 for none.
    labels : Labels or None
        Layer of the ids.
    values : Image or None
        Layer of a column's values, while particles are coloured by one.
    column : Column or None
        Which one that is.
    selects : bool
        Whether a click selects; not while clicks mean something else.
    spacing : tuple of float
        Voxel size ``(z, y, x)`` that the table was measured with, µm.
    """

    selected = Signal(int)
    """The id that a click or `select` chose, 0 for none."""

    brought_back = Signal()
    """The layer of the ids was put on top of the others, for it had been deleted by hand."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.particle = 0
        self.selects = True
        self.labels: Labels | None = None
        self.values: Image | None = None
        self.column: Column | None = None
        self._outline: Labels | None = None
        self._table: pd.DataFrame | None = None
        self._placement: Placement = {}
        self.spacing: tuple[float, ...] = (1.0, 1.0, 1.0)
        self._name = ""
        self._n_frames = 1
        self._featured: int | None = None
        self._clicks = CanvasClicks(viewer)
        self._clicks.clicked.connect(self._on_click)
        viewer.dims.events.current_step.connect(self._on_step)

    def close(self) -> None:
        """Take the layers away and listen no more."""
        self.clear()
        self._clicks.close()
        self.viewer.dims.events.current_step.disconnect(self._on_step)

    def show(
        self,
        ids: Any,
        table: pd.DataFrame,
        name: str,
        placement: Placement,
        spacing: Sequence[float] | None = None,
    ) -> None:
        """Show particles.

        Parameters
        ----------
        ids
            ``(t, z, y, x)`` integers.
        table
            Tidy, with the columns ``frame`` and ``particle``.
        name
            Of the layer.
        placement
            From the layer factory.
        spacing
            Voxel size ``(z, y, x)`` that the table was measured with, µm; None for that of the
            placement.
        """
        self.clear()
        self._table, self._placement, self._name = table, placement, name
        self.spacing = tuple(spacing or placement["scale"][1:])
        self._n_frames = int(ids.shape[0])
        self.labels = particles_layer(RecentSlices(ids), name, placement)
        add_layers(self.viewer, self.labels)
        self.push_features()

    @property
    def is_to_scale(self) -> bool:
        """Whether the table was measured with the voxel size that the layers have."""
        return self.labels is None or np.allclose(self.spacing, self._placement["scale"][1:])

    def reread(self, table: pd.DataFrame) -> None:
        """Show ids and table after a correction."""
        if self.labels is None:
            return
        self._table, self._featured = table, None
        self.labels.data.forget()
        for layer in (self.labels, self._outline):
            if layer is not None:
                layer.refresh()
        if self.values is not None and self.column is not None:
            show_values(self.values, self.labels.data, table, self.column)
        self.push_features()

    def clear(self) -> None:
        """Take the layers away."""
        remove_layers(self.viewer, *self.layers)
        self.labels = self.values = self._outline = self._table = self.column = None
        self.particle, self._featured = 0, None

    def bring_back(self) -> None:
        """Put the ids back where their layer was deleted from the viewer's list."""
        if self.labels is not None and self.labels not in self.viewer.layers:
            add_layers(self.viewer, self.labels)
            self.brought_back.emit()

    def hide(self) -> None:
        """Let other results be seen; the layers stay in the list."""
        for layer in (self.labels, self.values):
            if layer is not None:
                layer.visible = False

    def select(self, particle: int, frame: int | None = None) -> None:
        """Mark a particle; with a frame, also go to where it is there.

        Parameters
        ----------
        particle
            Id; 0 marks none.
        frame
            Index, or None to stay.
        """
        changed, self.particle = particle != self.particle, particle
        if changed:
            self._mark()
        if frame is not None and self._table is not None:
            rows = self._table[
                (self._table["particle"] == particle) & (self._table["frame"] == frame)
            ]
            if len(rows) and {"z_um", "y_um", "x_um"} <= set(rows):
                voxel = rows[["z_um", "y_um", "x_um"]].to_numpy(float)[0] / self.spacing
                navigation.go_to_point(self.viewer, frame, voxel * self._placement["scale"][1:])
        if changed:
            self.selected.emit(particle)

    @property
    def layers(self) -> list[Labels | Image]:
        """The layers that this view keeps in the canvas."""
        return [x for x in (self.labels, self.values, self._outline) if x is not None]

    def box_of(self, particle: int, frame: int) -> tuple[slice, slice, slice] | None:
        """Voxels ``(z, y, x)`` that hold a particle in a frame; None if it is not there."""
        if self._table is None or self.labels is None or "feret_max_um" not in self._table:
            return None
        places = ParticlePlaces(self._table, self.labels.data.shape[1:], self.spacing)
        return places.box([particle], frame)

    def colour_by(self, column: Column | None) -> None:
        """Colour particles by the values of a column; None goes back to a colour per id."""
        if self.labels is None or self._table is None:
            return
        self.bring_back()
        self.labels.visible = column is None
        self.column = column
        if column is not None:
            hide_other_maps(self.viewer, self.values)
        if column is None:
            remove_layers(self.viewer, self.values)
            self.values = None
            return
        name = f"{column.header} · {self._name}"
        if self.values is not None and self.values in self.viewer.layers:
            show_values(self.values, self.labels.data, self._table, column)
            self.values.name, self.values.visible = name, True
            return
        self.values = values_layer(self.labels.data, self._table, column, name, self._placement)
        add_layers(self.viewer, self.values, at=self.viewer.layers.index(self.labels) + 1)

    def push_features(self) -> None:
        """Hand the current frame's rows to the ids' layer, where the status bar finds them."""
        if self.labels is None or self._table is None:
            return
        frame = navigation.current_frame(self.viewer, self._n_frames)
        if frame == self._featured:
            return
        self._featured = frame
        self.labels.features = frame_features(self._table, frame)

    def _mark(self) -> None:
        if self.labels is None:
            return
        self.labels.selected_label = self.particle
        if self._outline is None or self._outline not in self.viewer.layers:
            if self.particle == 0:
                return
            self._outline = outline_layer(self.labels.data, OUTLINE_NAME, self._placement)
            add_layers(self.viewer, self._outline)
        self._outline.data.particle = self.particle
        self._outline.visible = self.particle != 0
        self._outline.refresh()

    def _on_step(self) -> None:
        self.push_features()

    def _on_click(self, event: Any) -> None:
        shown = any(
            layer is not None and layer.visible and layer in self.viewer.layers
            for layer in (self.labels, self.values)
        )
        if self.labels is None or not shown or not self.selects:
            return
        self.select(_particle_at(self.labels, event))


def _particle_at(labels: Labels, event: Any) -> int:
    """Read the id under the mouse; napari itself reads none from a layer that is hidden."""
    if len(event.dims_displayed) == 3:
        value = labels.get_value(
            event.position,
            view_direction=event.view_direction,
            dims_displayed=event.dims_displayed,
            world=True,
        )
        return int(value or 0)
    index = np.round(labels.world_to_data(event.position)).astype(int)
    if np.any(index < 0) or np.any(index >= labels.data.shape):
        return 0
    return int(labels.data[tuple(index)])


def frame_features(table: pd.DataFrame, frame: int) -> pd.DataFrame:
    """Rows of one frame as napari wants them: the id in ``index``, the background first."""
    import pandas as pd

    here = table["frame"].to_numpy() == frame
    columns = {"index": np.append(0, table["particle"].to_numpy()[here])}
    for name in table.columns.difference(["frame", "particle"], sort=False):
        columns[name] = np.append(np.nan, table[name].to_numpy()[here].astype(float))
    return pd.DataFrame(columns)
