"""Fill what lies inside particles: closed pores, cracks."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from scipy.ndimage import find_objects

from operando.particles.labels.boxes import grown
from operando.particles.labels.names import rename
from operando.particles.labels.sums import count_voxels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from operando.particles.labels.boxes import Box

    Spacing = tuple[float, float, float]

SERIAL = 2**22
"""Volumes of up to so many voxels are not worth a second thread."""

OPEN = 0.25
"""Share of its surface with which a crack may open outwards, that of a slit one and a half times as
deep as it is wide; a dent opens with more."""

DEEP = 0.8
"""What reaches so far down, in depths of the middle of the particle, is a crack however wide."""

UNREACHED = 0.1
"""Least share of a crack that no ball reaches which fits between the particles."""


def distance(labels: NDArray[Any], spacing: Spacing) -> NDArray[np.float32]:
    """Distance of every voxel to the nearest voxel of another label; 0 where the label is 0.

    What lies outside the image counts as more of the same.
    """
    import edt

    labels = np.ascontiguousarray(labels)
    if labels.dtype == bool:
        # edt takes three times as long on booleans.
        labels = labels.view(np.uint8)
    threads = (os.cpu_count() or 1) if labels.size > SERIAL else 1
    return np.asarray(edt.edt(labels, anisotropy=spacing, parallel=threads), np.float32)


def fill_small_cavities(
    solid: NDArray[np.bool_], largest: float, spacing: Spacing
) -> NDArray[np.bool_]:
    """Fill holes that the solid encloses, up to a volume; those at the image border stay.

    Parameters
    ----------
    solid
        ``(Z, Y, X)``.
    largest
        Largest hole that is filled, in units of the spacing cubed.
    """
    holes, count = _components(~solid)
    size = count_voxels(holes, count + 1) * np.prod(spacing)
    fill = size <= largest
    fill[0] = False
    fill[at_border(holes)] = False
    return np.asarray(solid | fill[holes])


def close_particles(
    domain: NDArray[np.int32], solid: NDArray[np.bool_], radius: float, spacing: Spacing
) -> NDArray[np.int32]:
    """Close the cracks of every particle, never a gap between two.

    A crack is closed where no ball that fits between the particles reaches it. From there it is
    followed up to its mouth, which such a ball may reach from the gap to another particle: as far
    as it would be closed if its particle were alone. A shallow one that opens wide is a dent.

    Parameters
    ----------
    domain
        ``(Z, Y, X)`` the nearest particle of every voxel up to `radius` from the solid; used up.
    solid
        ``(Z, Y, X)``.
    radius
        Half of the widest crack.

    Returns
    -------
    The particles with cracks and enclosed pores.
    """
    core = (domain > 0) & ~solid
    core &= distance(domain, spacing) > radius
    found = find_objects(np.where(core | solid, domain, 0))
    cracked = np.unique(domain[core])
    reach = int(np.ceil(radius / min(spacing))) + 1
    edges = np.asarray(spacing, float)

    def crack(label: int) -> tuple[Box, NDArray[np.bool_]]:
        box = grown(found[label - 1], reach, solid.shape)
        mine = domain[box] == label
        own = mine & solid[box]
        away = distance(~own, spacing)
        gaps, count = _components(mine & ~own & (distance(away <= radius, spacing) > radius))
        size = np.bincount(gaps.reshape(-1))
        unreached = np.bincount(gaps[mine & core[box]], minlength=len(size))
        depth = distance(own | (gaps > 0), spacing)
        deepest = np.zeros(count + 1, np.float32)
        np.maximum.at(deepest, gaps[gaps > 0], depth[gaps > 0])
        _, _, openness = _surrounding(gaps, own.view(np.uint8), count, edges)
        of_cracks = openness < OPEN
        of_cracks |= deepest > DEEP * depth.max(initial=0)
        of_cracks &= unreached > UNREACHED * size
        of_cracks[0] = False
        return box, of_cracks[gaps]

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        cracks = list(threads.map(crack, cracked))
    domain[~solid] = 0
    for label, (box, inside) in zip(cracked, cracks, strict=True):
        domain[box][inside] = label
    return fill_enclosed(domain)


def cracks_between(
    ids: NDArray[np.int32], labels: Sequence[int], radius: float, spacing: Spacing
) -> NDArray[np.bool_]:
    """Find the cracks ``(Z, Y, X)`` between particles that are taken for pieces of one.

    Parameters
    ----------
    ids
        ``(Z, Y, X)``, also of other particles: gaps to them are none.
    labels
        The pieces.
    radius
        Half of the widest crack.
    """
    from scipy.ndimage import distance_transform_edt

    solid = ids > 0
    pieces = np.where(np.isin(ids, labels), ids, 0)
    whole = np.where(solid, np.where(pieces > 0, 1, 2), 0)
    away, nearest = distance_transform_edt(~solid, sampling=spacing, return_indices=True)
    domain = np.where(away <= radius, whole[tuple(nearest)], 0).astype(np.int32)
    closed = close_particles(domain, solid, radius, spacing) == 1
    gaps, count = _components(closed & ~solid)
    lowest, highest, _ = _surrounding(gaps, pieces, count, np.ones(3))
    between = lowest < highest
    between[0] = False
    return np.asarray(between[gaps])


def fill_enclosed(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give holes that lie in a single particle its id; those at the image border stay."""
    holes, count = _components(ids == 0)
    lowest, highest, _ = _surrounding(holes, ids, count, np.ones(3))
    owner = np.where(lowest == highest, highest, 0).astype(np.int32)
    owner[0] = 0
    owner[at_border(holes)] = 0
    filled = rename(holes, owner, holes.view(np.int32))
    filled += ids
    return filled


def _components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.unsignedinteger[Any]], int]:
    import cc3d

    labels, count = cc3d.connected_components(
        mask, connectivity=6, return_N=True, out_dtype=np.uint32
    )
    return labels, int(count)


def at_border(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels that reach the sides of the image; a single slice has four."""
    axes = [axis for axis in range(3) if labels.shape[axis] > 1]
    faces = [labels.take(end, axis).ravel() for axis in axes for end in (0, -1)]
    return np.unique(np.concatenate(faces)) if faces else np.unique(labels)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _surrounding(gaps: Any, ids: Any, count: int, edges: Any) -> Any:
    """Smallest and largest id beside every gap, and the share of its surface beside none."""
    lowest = np.full(count + 1, 2**31 - 1, np.int64)
    highest = np.zeros(count + 1, np.int64)
    area = np.full(count + 1, 1e-30)
    open_area = np.zeros(count + 1)
    nz, ny, nx = gaps.shape
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                for axis in range(3):
                    a, b, c = z + (axis == 0), y + (axis == 1), x + (axis == 2)
                    if a >= nz or b >= ny or c >= nx or gaps[z, y, x] == gaps[a, b, c]:
                        continue
                    gap = gaps[z, y, x] + gaps[a, b, c]
                    beside = ids[z, y, x] + ids[a, b, c]
                    area[gap] += 1 / edges[axis]
                    if beside == 0:
                        open_area[gap] += 1 / edges[axis]
                    else:
                        lowest[gap] = min(lowest[gap], beside)
                        highest[gap] = max(highest[gap], beside)
    return lowest, highest, open_area / area
