"""A first look at a displacement field: the same correlation on smaller copies of both frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.strain.grid.guess import COARSE, START, Guess
from operando.strain.grid.nodes import MARGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data import DisplacementField
    from operando.strain.grid.tiles import ResultStore
    from operando.strain.settings import CorrelationSettings

_VOXELS = 4_000_000
_FAST_NODES = 3000


def preview_reduction(
    shape: tuple[int, int, int], spacing: tuple[int, int, int], window: tuple[int, int, int]
) -> int:
    """How many times smaller the copies for a preview are; 1 where none is worth it.

    At least 2, and so that a copy has no more than 4 million voxels. A field of fewer than 3000
    nodes is there as soon as a preview would be, and copies too small for two windows show nothing.
    """
    nodes = np.prod(np.asarray(shape) / spacing)
    if nodes < _FAST_NODES:
        return 1
    factor = 2
    while np.prod(shape) / factor**3 > _VOXELS:
        factor += 1
    room = np.asarray(shape) // factor - np.asarray(window) - 2 * MARGIN
    return factor if (room >= spacing).all() else 1


def preview(
    reference: ArrayLike,
    deformed: ArrayLike,
    *,
    spacing: tuple[int, int, int],
    window: tuple[int, int, int],
    settings: CorrelationSettings,
    store: ResultStore,
    progress: ProgressCallback | None = None,
) -> DisplacementField | None:
    """Correlate smaller copies of two frames with windows of order 1.

    Windows and spacing have as many voxels as in the real measurement, thus are larger in µm by
    the reduction. The coarse motion that is found is kept for `operando.strain.correlate`, which
    refines it instead of looking for it again.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)``, as in `operando.strain.correlate`.
    spacing, window, settings
        Of the real measurement.
    store
        Of the real measurement.

    Returns
    -------
    In voxels of the frames; None where it is not worth it, see `preview_reduction`.
    """
    from operando.strain.correlate import correlate
    from operando.strain.volumes.volume import check_pair

    shape: Any = np.shape(reference)
    factor = preview_reduction(shape, spacing, window)
    if factor == 1:
        return None
    watch = Stopwatch(progress, 0, "nodes", "making a preview")

    def tick() -> None:
        watch.advance(0)

    volumes = check_pair(reference, deformed, tick=tick)
    (first, first_mask), (second, second_mask) = (v.reduced(factor, tick) for v in volumes)
    field = correlate(
        first,
        second,
        spacing=spacing,
        window=window,
        mask=first_mask,
        deformed_mask=second_mask,
        settings=settings.model_copy(update={"order": "affine", "spline": "cubic"}),
        progress=progress,
        store=_OnlyMotion(store, factor),
    )
    return enlarged(field, factor)


def enlarged(field: DisplacementField, factor: int) -> DisplacementField:
    """Express a field measured on volumes reduced by a factor in voxels of the whole ones."""
    z, y, x = field.spacing
    wz, wy, wx = field.window
    return replace(
        field,
        positions=field.positions * factor + (factor - 1) / 2,
        displacement=field.displacement * factor,
        sigma=field.sigma * factor,
        spacing=(z * factor, y * factor, x * factor),
        window=(wz * factor, wy * factor, wx * factor),
        info={},
    )


class _OnlyMotion:
    """Keeps the coarse motion for the real measurement to start from; tiles are not kept."""

    def __init__(self, store: ResultStore, factor: int) -> None:
        self._store, self._factor = store, factor

    def load(self, name: str) -> Mapping[str, NDArray[Any]] | None:
        """Return the coarse motion of an earlier run, if there is one."""
        kept = self._store.load(START) if name == COARSE else None
        if kept is None:
            return None
        return Guess.from_arrays(kept).finer(1 / self._factor).to_arrays()

    def save(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the coarse motion."""
        if name == COARSE:
            self._store.save(START, Guess.from_arrays(arrays).finer(self._factor).to_arrays())
