"""Particles that touch, before and after they moved."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from operando.strain.particles.motion_models import rotation_matrix

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


def move_labels(
    ids: ArrayLike,
    table: pd.DataFrame,
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> NDArray[np.int32]:
    """Labels of the deformed frame: every followed particle carried along by its own motion.

    Parameters
    ----------
    ids
        ``(Z, Y, X)`` labels of the reference.
    table
        From `correlate_particles`; lost particles are left out, blank rotations count as none.
    voxel_size
        ``(z, y, x)`` in any unit, as given there.

    Returns
    -------
    ``(Z, Y, X)`` int32. Where two particles would overlap, the one with the higher number stays.
    """
    from scipy.ndimage import find_objects

    labels, size = np.asarray(ids), np.asarray(voxel_size, float)
    out = np.zeros(labels.shape, np.int32)
    boxes = find_objects(labels.astype(np.int32))
    for row in table[table["status"] != "lost"].to_dict("records"):
        number = int(row["particle"])
        box = boxes[number - 1]
        u = np.array([row[f"u_{k}"] for k in "zyx"])
        centre = np.array([row[f"centre_{k}"] for k in "zyx"])
        vector = np.radians(np.nan_to_num([row[f"rotation_{k}"] for k in "zyx"]))
        ratio = row["volume_ratio"] if np.isfinite(row["volume_ratio"]) else 1.0
        back = rotation_matrix(vector).T / np.cbrt(ratio) * (size[None, :] / size[:, None])
        corners = np.array(list(product(*((s.start - 1, s.stop) for s in box))))
        moved = (corners - centre) @ np.linalg.inv(back).T + centre + u
        low = np.floor(moved.min(axis=0)).astype(int).clip(0)
        high = np.minimum(np.ceil(moved.max(axis=0)).astype(int) + 1, labels.shape)
        if (high <= low).any():
            continue
        grid = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
        at = np.rint((grid - centre - u) @ back.T + centre).astype(int)
        inside = ((at >= 0) & (at < labels.shape)).all(axis=-1)
        at = at.clip(0, np.array(labels.shape) - 1)
        here = inside & (labels[tuple(np.moveaxis(at, -1, 0))] == number)
        out[tuple(slice(a, b) for a, b in zip(low, high, strict=True))][here] = number
    return out


def contacts(ids: ArrayLike, gap: int = 1) -> set[tuple[int, int]]:
    """Pairs of particles with fewer than `gap` voxels between them along an axis."""
    labels = np.asarray(ids)
    pairs: set[tuple[int, int]] = set()
    for axis in range(3):
        for step in range(1, gap + 1):
            a = np.moveaxis(labels, axis, 0)[:-step]
            b = np.moveaxis(labels, axis, 0)[step:]
            touch = (a != b) & (a > 0) & (b > 0)
            found = np.unique(np.sort(np.stack([a[touch], b[touch]], axis=1), axis=1), axis=0)
            pairs |= {(int(i), int(j)) for i, j in found}
    return pairs


def contact_changes(
    before: ArrayLike, after: ArrayLike, gap: int = 2
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Contacts gained and lost between two label volumes of the same particles.

    Particles that touch in one volume must be `gap` voxels apart in the other: what rounding to
    voxels opens or closes counts as nothing.
    """
    gained = contacts(after) - contacts(before, gap)
    return gained, contacts(before) - contacts(after, gap)
