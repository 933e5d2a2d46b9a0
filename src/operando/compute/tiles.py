"""Cut a volume into tiles with halo, and blend overlapping ones back together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Box = tuple[slice, ...]


@dataclass(frozen=True)
class Tile:
    """A block of a volume and the larger block that is read to compute it.

    Parameters
    ----------
    core
        Voxels that this tile is responsible for; the cores of a plan cover the volume once.
    padded
        Core plus halo, clipped to the volume.
    """

    core: Box
    padded: Box

    @property
    def inner(self) -> Box:
        """Where the core lies inside the padded block."""
        return tuple(
            slice(c.start - p.start, c.stop - p.start)
            for c, p in zip(self.core, self.padded, strict=True)
        )


def plan_tiles(
    shape: Sequence[int], size: Sequence[int], halo: Sequence[int] | int = 0
) -> list[Tile]:
    """Cut a volume into tiles.

    Parameters
    ----------
    shape
        Voxels of the volume.
    size
        Largest core, one number per axis.
    halo
        Voxels read on each side of the core, as far as the volume goes.

    Returns
    -------
    Tiles in C order whose cores cover the volume exactly once.

    Raises
    ------
    InputError
        If the numbers of axes differ, a size is below 1 or a halo below 0.
    """
    halos = [halo] * len(shape) if isinstance(halo, int) else list(halo)
    if not len(size) == len(halos) == len(shape) or min(size) < 1 or min(halos) < 0:
        raise InputError(
            f"Tiles of {tuple(size)} with halo {tuple(halos)} cannot be cut",
            "take larger tiles or a smaller halo",
        )
    tiles = []
    for start in product(*(range(0, n, s) for n, s in zip(shape, size, strict=True))):
        core, padded = [], []
        for a, n, s, h in zip(start, shape, size, halos, strict=True):
            b = min(a + s, n)
            core.append(slice(a, b))
            padded.append(slice(max(0, a - h), min(n, b + h)))
        tiles.append(Tile(tuple(core), tuple(padded)))
    return tiles


def overlapping_starts(length: int, window: int, overlap: int) -> list[int]:
    """First voxels of windows that cover an axis, evenly spread, at least `overlap` shared."""
    if window >= length:
        return [0]
    stride = max(1, window - overlap)
    count = -(-(length - window) // stride) + 1
    return [int(v) for v in np.linspace(0, length - window, count).round()]


def blend_weights(shape: Sequence[int]) -> NDArray[np.float32]:
    """Weights that fade towards the faces of a window (Gaussian, sigma 1/8 of the edge)."""
    weights = np.ones((), np.float32)
    for n in shape:
        x = (np.arange(n) - (n - 1) / 2) / max(n / 8, 1e-6)
        weights = np.multiply.outer(weights, np.maximum(np.exp(-0.5 * x**2), 1e-3))
    return weights.astype(np.float32)
