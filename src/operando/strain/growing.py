"""A displacement field that is shown while it is measured: a preview, replaced tile by tile."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.data.displacement import NodeStatus
from operando.strain.field.gradient import Layout, node_gradient
from operando.strain.field.judge import judge
from operando.strain.field.window_gradient import WindowGradient
from operando.strain.grid.nodes import grid_points, node_axes
from operando.strain.grid.tiles import tile_name, tile_of_nodes
from operando.strain.series import sample_field
from operando.strain.windows.solution import Solution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from operando.data.displacement import DisplacementField
    from operando.strain.grid.tiles import ResultStore
    from operando.strain.settings import CorrelationSettings

Triple = tuple[int, int, int]
_SECONDS_BETWEEN, _SECONDS_PER_NODE = 3.0, 1e-4


class GrowingField:
    """Passes the results of a correlation on to a store, and shows what is known so far.

    Nodes of tiles that are not solved yet carry the preview. A tile's nodes are judged within the
    tile, and their gradients come from planes through 3 x 3 x 3 nodes: near enough to look at;
    the finished field is judged and fitted as a whole.

    Parameters
    ----------
    store
        Keeps the results.
    start
        What is known before; see `operando.strain.preview`.
    shape, spacing, window, plan
        Of the measurement.
    show
        Receives the field so far, at most every three seconds, and every ten for 100 000 nodes:
        whoever looks at it needs longer for more.
    """

    def __init__(
        self,
        store: ResultStore,
        start: DisplacementField,
        shape: Triple,
        spacing: Triple,
        window: Triple,
        plan: CorrelationSettings,
        show: Callable[[DisplacementField], None],
    ) -> None:
        self._store, self._plan, self._show = store, plan, show
        axes = node_axes(shape, spacing, window)
        centres = grid_points(axes)
        self._numbers = tile_of_nodes(shape, centres, plan.tile)
        self._names = {tile_name(k): k for k in np.unique(self._numbers)}
        self.field = on_nodes(
            start, centres, Layout((len(axes[0]), len(axes[1]), len(axes[2])), spacing, window)
        )
        self._shown = time.monotonic()

    def load(self, name: str) -> Mapping[str, NDArray[Any]] | None:
        """Return what was saved, or None."""
        kept = self._store.load(name)
        if kept is not None:
            self._take_in(name, kept)
        return kept

    def save(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays; those of a tile are shown."""
        self._store.save(name, arrays)
        self._take_in(name, arrays)

    def _take_in(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        if name not in self._names or len(self._names) == 1:
            return
        nodes = np.flatnonzero(self._numbers == self._names[name])
        self._put(nodes, Solution(**arrays))
        now = time.monotonic()
        if now - self._shown > max(_SECONDS_BETWEEN, _SECONDS_PER_NODE * len(self._numbers)):
            self._shown = now
            self._show(self.field)

    def _put(self, nodes: NDArray[np.int64], solution: Solution) -> None:
        at = np.stack(np.unravel_index(nodes, self.field.grid_shape))
        z, y, x = (int(n) for n in at.max(axis=1) - at.min(axis=1) + 1)
        layout = Layout((z, y, x), *self._lengths())
        verdict = judge(solution, layout, self._plan)
        own = WindowGradient.of(verdict, solution, layout)
        gradient, gradient_sigma, _ = node_gradient(
            verdict.displacement, verdict.variance, own, verdict.status, layout, "plane"
        )
        found = {
            "displacement": verdict.displacement,
            "gradient": gradient,
            "gradient_sigma": gradient_sigma,
            "sigma": np.sqrt(verdict.variance),
            "zncc": verdict.zncc,
            "status": verdict.status,
        }
        for name, values in found.items():
            getattr(self.field, name)[nodes] = values

    def _lengths(self) -> tuple[Triple, Triple]:
        z, y, x = (int(s) for s in self.field.spacing)
        return (z, y, x), self.field.window


def on_nodes(
    field: DisplacementField, centres: NDArray[np.int64], layout: Layout
) -> DisplacementField:
    """Carry a field to other nodes; those without a valid node nearby have not converged."""
    displacement, gradient, variance, unsure, zncc, near = sample_field(
        field, centres.astype(float)
    )
    return replace(
        field,
        positions=centres.astype(float),
        displacement=displacement,
        gradient=gradient,
        gradient_sigma=np.sqrt(unsure),
        sigma=np.sqrt(variance),
        zncc=zncc,
        status=np.where(near.astype(bool), NodeStatus.CONVERGED, NodeStatus.NOT_CONVERGED),
        grid_shape=layout.grid,
        spacing=layout.spacing,
        window=layout.window,
    )
