"""Damage of one particle: where its cracks are, how large their walls, how many pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.particles.measuring.body import third_means

if TYPE_CHECKING:
    from operando.compute.surface import Faces
    from operando.particles.measuring.body import Body


def crack_faces(body: Body) -> Faces:
    """Walls of the cracks and pores inside a particle: solid on one side, crack on the other."""
    faces = body.faces_of(body.core)
    return faces.where(body.cracks[tuple(faces.outside.T)])


def measure_damage(body: Body, smallest_fragment: float) -> dict[str, float]:
    """Columns of damage.

    Parameters
    ----------
    body
        With a known solid; otherwise all is NaN.
    smallest_fragment
        Least share of the particle's volume that a separate piece must have to count.
    """
    names = ("crack_fraction", "crack_area_um2", "crack_area_per_um", "fragments")
    shells = ("crack_core", "crack_middle", "crack_shell")
    if body.solid is None:
        return dict.fromkeys((*names, *shells), float("nan"))
    cracked = body.cracks.any()
    area = float(crack_faces(body).area.sum()) if cracked else 0.0
    profile = third_means(body.cracks[body.mask], body.thirds[body.mask]) if cracked else [0.0] * 3
    share = np.count_nonzero(body.cracks) / np.count_nonzero(body.mask)
    pieces = _count_fragments(body, smallest_fragment)
    values = (share, area, area / body.volume, pieces)
    return dict(zip((*names, *shells), (*values, *profile), strict=True))


def _count_fragments(body: Body, smallest: float) -> float:
    import cc3d

    pieces = cc3d.connected_components(body.core, connectivity=26)
    sizes = np.bincount(pieces.reshape(-1))[1:]
    return float(np.count_nonzero(sizes >= smallest * np.count_nonzero(body.mask)))
