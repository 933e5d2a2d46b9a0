"""The visible slice as an operation would leave it: computed in a thread, shown as a layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from operando.clean.quality import judge_slice
from operando.clean.ranking import score
from operando.compute.blocks import filter_block
from operando.compute.progress import Stopwatch
from operando.compute.tiles import Tile
from operando.errors import Cancelled, OperandoError
from operando.ui import navigation
from operando.ui.jobs.background import Background
from operando.ui.layers.factory import limits_of
from operando.ui.layers.in_viewer import add_layers, remove_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Image
    from numpy.typing import NDArray

    from operando.clean.operation import Operation
    from operando.compute.blocks import Extent, Triple
    from operando.compute.progress import Progress, ProgressCallback
    from operando.data import Series
    from operando.ui.session import Session

_WAIT_MS = 200
LAYER = "preview"
_MOST_HALO = 12
"""Slices around those shown that are read at most; a run reads all that the filter sees."""


@dataclass(frozen=True)
class Before:
    """A slice before and after an operation, with the scores of both.

    Parameters
    ----------
    frame, z
        Which slice.
    first, images
        Cleaned slices ``(z, y, x)`` around it, and the number of the first.
    before, after
        Scores of the slice.
    """

    frame: int
    z: int
    first: int
    images: NDArray[Any]
    before: dict[str, float]
    after: dict[str, float]


class SlicePreview(QObject):
    """Keeps a layer with the cleaned visible slice while it is switched on.

    Parameters
    ----------
    session
        Gives study, viewer and place of layers.
    parent
        Owner.
    """

    computed = Signal(object)
    failed = Signal(object)
    progressed = Signal(object)
    """How far a long preparation is; comes from a thread."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._step: Any = None
        self._layer: Image | None = None
        self._background = Background(self)
        self._background.finished.connect(self._on_finished)
        self._again = False
        self._prepared: tuple[Any, Any] = (None, None)
        self._key: Any = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._compute)
        session.viewer.dims.events.current_step.connect(self._on_moved)
        session.study_changed.connect(self._on_study)

    @property
    def is_busy(self) -> bool:
        """Whether a slice is being computed."""
        return self._background.is_busy

    def show(self, step: Any) -> None:
        """Show what a step would do, soon; None takes the preview away."""
        self._step = step
        if step is None:
            self._timer.stop()
            self._remove()
        else:
            self._timer.start()

    def close(self) -> None:
        """Let go of the viewer."""
        self._session.viewer.dims.events.current_step.disconnect(self._on_moved)
        self._session.study_changed.disconnect(self._on_study)
        self.show(None)

    def _on_moved(self) -> None:
        if self._step is not None:
            self._timer.start()

    def _on_study(self) -> None:
        """Show it anew where the layers of a study lie, which may have another voxel size."""
        self._remove()
        self._on_moved()

    def _compute(self) -> None:
        study = self._session.study
        if self._step is None or study is None:
            return
        viewer, depth = self._session.viewer, study.series.volume_shape[0]
        if navigation.time_axis(viewer) is None:
            return
        t = navigation.current_frame(viewer, len(study.times))
        z = navigation.current_slice(viewer, depth, study.voxel_size[0])
        try:
            operation = self._step.operation(study)
        except OperandoError as error:
            self.failed.emit(error)
            return
        scope = operation.preview_scope(t, z)
        seen = [study.fingerprint(product) for product in self._step.inputs(study)]
        self._key = key = (self._step, scope, seen)
        if self._background.is_busy:
            self._again = True
            return
        prepared = self._prepared[1] if key == self._prepared[0] else None
        work = partial(
            clean_slice,
            study.image_series(self._step.images),
            operation,
            t,
            z,
            prepared,
            partial(self._tell, key),
        )
        self._background.start(work, partial(self._on_done, key), self._on_failed)

    def _on_done(self, key: Any, outcome: tuple[Before, Any]) -> None:
        result, prepared = outcome
        self._prepared = (key, prepared)
        if self._step is None or self._session.study is None:
            return
        self._draw(result)
        self.computed.emit(result)

    def _tell(self, key: Any, progress: Progress) -> None:
        """Hand progress on from the thread, and stop what nobody waits for any more."""
        if self._step is None or key != self._key:
            raise Cancelled
        self.progressed.emit(progress)

    def _on_failed(self, error: OperandoError) -> None:
        if not isinstance(error, Cancelled):
            self.failed.emit(error)

    def _on_finished(self) -> None:
        if self._again:
            self._again = False
            self._timer.start()

    def _draw(self, result: Before) -> None:
        from napari.layers import Image

        layers, placed = self._session.viewer.layers, self._session.layers
        if placed is None:
            return
        dz = placed.placement["scale"][1]
        where = (float(result.frame), result.first * dz, 0.0, 0.0)
        data = result.images[None]
        if self._layer is not None and self._layer in layers:
            self._layer.data, self._layer.translate = data, where
            self._layer.contrast_limits = limits_of(data)
            return
        self._layer = Image(
            data,
            name=LAYER,
            colormap="gray",
            contrast_limits=limits_of(data),
            translate=where,
            multiscale=False,
            **placed.placement,
        )
        add_layers(self._session.viewer, self._layer)
        placed.raise_strokes()

    def _remove(self) -> None:
        remove_layers(self._session.viewer, self._layer)
        self._layer = None


def clean_slice(
    series: Series,
    operation: Operation,
    t: int,
    z: int,
    prepared: Any = None,
    progress: ProgressCallback | None = None,
) -> tuple[Before, Any]:
    """Clean one slice of the first channel; also returns what was prepared for it."""
    series = operation.reads(series)
    if prepared is None:
        prepared = operation.prepare_preview(series, t, z, progress)
    depth = series.volume_shape[0]
    reach = operation.preview_reach()
    shown = slice(max(0, z - reach), min(depth, z + reach + 1))
    tiles = list(_tiles(series.volume_shape, operation.extent(series.volume_shape), shown))
    cleaned = np.empty((shown.stop - shown.start, *series.volume_shape[1:]), series.data.dtype)
    watch = Stopwatch(progress, len(tiles), "blocks", "Cleaning")
    for tile in tiles:
        cleaned[(slice(None), *tile.core[1:])] = filter_block(
            series.data, t, 0, tile, lambda block, place: operation.apply(block, place, prepared)
        )
        watch.advance()
    raw, after = np.asarray(series.data[t, 0, z]), cleaned[z - shown.start]
    return Before(t, z, shown.start, cleaned, judge_slice(raw), judge_slice(after)), prepared


def _tiles(shape: Triple, extent: Extent, shown: slice) -> Iterator[Tile]:
    """Blocks that make up some whole slices, with what the filter has to see around them."""
    most = (_MOST_HALO, *shape[1:])
    halo = [min(h, m) for h, m in zip(extent.halo, most, strict=True)]
    for y, x in product(*(range(0, shape[k], extent.core[k]) for k in (1, 2))):
        core = (
            shown,
            slice(y, min(y + extent.core[1], shape[1])),
            slice(x, min(x + extent.core[2], shape[2])),
        )
        yield Tile(
            core,
            tuple(
                slice(max(0, s.start - h), min(n, s.stop + h))
                for s, h, n in zip(core, halo, shape, strict=True)
            ),
        )


def scores_text(result: Before) -> str:
    """Say what changed, in numbers: before → after."""
    import pandas as pd

    before, after = score(pd.DataFrame([result.before, result.after]))
    parts = [f"score {before:.0f} → {after:.0f}"]
    for name, title in (
        ("noise", "noise"),
        ("rings", "rings"),
        ("stripes_y", "stripes along y"),
        ("stripes_x", "stripes along x"),
    ):
        old, new = 100 * result.before[name], 100 * result.after[name]
        if max(old, new) >= 1:
            parts.append(f"{title} {old:.1f} → {new:.1f} %")
    for name, title in (("sharpness", "edge slope"), ("separability", "separability")):
        parts.append(f"{title} {result.before[name]:.2f} → {result.after[name]:.2f}")
    return f"Slice {result.z}: " + ", ".join(parts) + ". Shares are of the contrast."
