"""Part the solid where a network sees particles end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit, prange

from operando.particles.joining.guided import join_bumps
from operando.particles.joining.necks import join_at_necks, shipped_rule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from operando.particles.cutting.cells import Cells
    from operando.particles.cutting.ground import Ground
    from operando.particles.cutting.interior import Interior
    from operando.particles.joining.necks import NeckRule
    from operando.particles.labels.boxes import Box
    from operando.particles.labels.sure import Shown

BUMP = 0.97
"""A pass of the depth this high, relative to the lower peak, lies within one part."""

CAUTION = 4.0
"""Log odds that the setting `separation` spans to either side."""

TRUST = 4.0
"""Log odds against joining parts of two known particles."""

BIAS = {"mask": 0.75, "probability": 1.5}
"""Log odds in favour of joining: a part too many costs a particle just as one too few, and there
are many more chances to part what is one than to join what is two."""


def depth_map(ground: Ground, interior: Interior, box: Box) -> NDArray[np.float32]:
    """How deep in its particle every voxel of a block lies; below 0 in gaps."""
    depth = interior.depth(box)
    _lead_to_solid(depth, ground.solid, interior.inside(box), ground.outside, ground.typical)
    return depth


def join_by_depth(
    cells: Cells,
    voxel: float,
    typical: float,
    separation: float,
    shown: Shown,
    rule: NeckRule | None = None,
) -> NDArray[np.int32]:
    """Join cells of a `depth_map` to particles, by the necks between them.

    Parameters
    ----------
    cells
        Of the whole volume.
    voxel
        Volume of a voxel.
    typical
        Typical diameter.
    separation
        As in `SplitSettings`.
    shown
        What the map was made from.
    rule
        Judges necks; None: the one of the package.

    Returns
    -------
    ``(N + 1,)`` for every cell the particle, 1 to P.
    """
    parts = join_bumps(cells, BUMP)
    bias = bias_of(separation, shown)
    names = join_at_necks(parts, rule or shipped_rule(shown), voxel, typical, bias, TRUST)
    return names[parts.names]


def bias_of(separation: float, shown: Shown) -> float:
    """Log odds in favour of joining, for the setting of `SplitSettings`."""
    return CAUTION * (1 - 2 * separation) + BIAS[shown]


@njit(parallel=True, cache=True)  # type: ignore[untyped-decorator]
def _lead_to_solid(depth: Any, solid: Any, inside: Any, outside: Any, typical: Any) -> None:
    """Let the way up lead to the nearest solid where there is neither solid nor a particle."""
    for z in prange(depth.shape[0]):
        for y in range(depth.shape[1]):
            for x in range(depth.shape[2]):
                if not (solid[z, y, x] or inside[z, y, x]):
                    depth[z, y, x] = -outside[z, y, x] / typical
