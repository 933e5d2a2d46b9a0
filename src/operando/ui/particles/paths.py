"""Lengths of electron paths in the canvas, and the paths in the selected particle as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.particles.measuring.paths import streamlines
from operando.ui import navigation
from operando.ui.layers.in_viewer import add_layers, remove_layers
from operando.ui.layers.results import hide_other_maps, show_colour_bar, value_limits

if TYPE_CHECKING:
    from napari.layers import Image, Vectors
    from numpy.typing import NDArray

    from operando.ui.particles.view import ParticleView
    from operando.ui.session import Session

NAME = "electron path (µm)"
LINES_NAME = "electron paths of the selected particle"
PRODUCT = "particles/particles-paths"
NOTHING = np.empty((0, 2, 4), np.float32)


class PathLayers:
    """Keeps path lengths of the open study in the canvas, and lines in the selected particle.

    Parameters
    ----------
    session
        Study and viewer.
    view
        Tells which particle is selected.
    """

    def __init__(self, session: Session, view: ParticleView) -> None:
        self._session, self._view = session, view
        self.lengths: Image | None = None
        self.lines: Vectors | None = None
        view.selected.connect(self._on_selected)
        session.viewer.dims.events.current_step.connect(self._on_step)
        self._drawn = (0, -1)
        self._segments = NOTHING

    @property
    def is_there(self) -> bool:
        """Whether the last run of the step kept the lengths, in the particles as they are."""
        status = self._session.status("damage")
        if status is None or status.entry is None:
            return False
        return status.state == "done" and PRODUCT in status.entry.outputs

    def close(self) -> None:
        """Take the layers away and listen no more."""
        self.clear()
        self._view.selected.disconnect(self._on_selected)
        self._session.viewer.dims.events.current_step.disconnect(self._on_step)

    def show(self, *, visible: bool = True) -> None:
        """Show the lengths as they are now, or have them ready."""
        from napari.layers import Image, Vectors

        self.clear()
        study, layers = self._session.study, self._session.layers
        if study is None or layers is None or not self.is_there:
            return
        data = study.open_array(PRODUCT)
        middle = np.asarray(data[0, data.shape[1] // 2])
        self.lengths = Image(
            data,
            name=NAME,
            colormap="viridis",
            contrast_limits=value_limits(middle),
            blending="translucent_no_depth",
            visible=visible,
            multiscale=False,
            **layers.placement,
        )
        self.lines = Vectors(
            NOTHING,
            ndim=4,
            name=LINES_NAME,
            edge_color="#ff9d5c",
            edge_width=0.5,
            vector_style="line",
            visible=visible,
            **layers.placement,
        )
        show_colour_bar(self.lengths)
        if visible:
            hide_other_maps(self._session.viewer, self.lengths)
        add_layers(self._session.viewer, self.lengths, self.lines)
        self._draw()

    def clear(self) -> None:
        """Take the layers away."""
        remove_layers(self._session.viewer, self.lengths, self.lines)
        self.lengths = self.lines = None
        self._drawn = (0, -1)

    def _on_selected(self, _particle: int) -> None:
        self._draw()

    def _on_step(self) -> None:
        self._draw()

    def _draw(self) -> None:
        """Draw the paths in the selected particle; in 2D seen from above the slice."""
        study = self._session.study
        if self.lines is None or study is None or self._view.labels is None:
            return
        n_frames = len(study.times)
        wanted = (self._view.particle, navigation.current_frame(self._session.viewer, n_frames))
        if wanted != self._drawn:
            self._drawn = wanted
            self._segments = self._find_segments(*wanted)
        dims = self._session.viewer.dims
        hidden = [axis for axis in dims.not_displayed if axis > 0]
        planes = {a: round(dims.point[a] / self.lines.scale[a]) for a in hidden}
        self.lines.data = flattened(self._segments, planes)

    def _find_segments(self, particle: int, frame: int) -> NDArray[np.float32]:
        study = self._session.study
        box = self._view.box_of(particle, frame) if study is not None else None
        if study is None or box is None:
            return NOTHING
        ids = np.asarray(study.open_array("particles/particles")[(frame, *box)])
        lengths = np.asarray(study.open_array(PRODUCT)[(frame, *box)])
        lines = streamlines(np.where(ids == particle, lengths, np.nan), study.voxel_size)
        corner = [s.start for s in box]
        return segments([line + corner for line in lines], frame)


def flattened(segments: NDArray[np.float32], planes: dict[int, int]) -> NDArray[np.float32]:
    """Lay segments ``(M, 2, 4)`` into the planes ``{axis: voxel}`` that cross them."""
    if not len(segments):
        return segments
    out = segments.copy()
    for axis, at in planes.items():
        places = segments[:, 0, axis]
        if not places.min() <= at <= places.max():
            return NOTHING
        out[:, 0, axis], out[:, 1, axis] = at, 0
    return out


def segments(lines: list[NDArray[np.float64]], frame: int) -> NDArray[np.float32]:
    """Turn lines of voxels ``(N, 3)`` into ``(M, 2, 4)``: start and direction ``(t, z, y, x)``."""
    long = [line for line in lines if len(line) > 1]
    out = np.zeros((sum(len(line) - 1 for line in long), 2, 4), np.float32)
    if long:
        out[:, 0, 0] = frame
        out[:, 0, 1:] = np.concatenate([line[:-1] for line in long])
        out[:, 1, 1:] = np.concatenate([np.diff(line, axis=0) for line in long])
    return out
