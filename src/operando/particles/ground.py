"""The solid and what is known of it before it is parted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.settings import SplitSettings


@dataclass(frozen=True)
class Ground:
    """The solid and what is known of it before it is parted.

    Parameters
    ----------
    solid
        ``(Z, Y, X)`` the solid with its small cavities filled.
    near
        ``(Z, Y, X)`` up to half a crack width from the solid.
    height
        ``(Z, Y, X)`` distance to the surface, negative outside.
    typical
        Typical diameter of the particles.
    width
        Widest crack.
    spacing
        Voxel size ``(z, y, x)``.
    """

    solid: NDArray[np.bool_]
    near: NDArray[np.bool_]
    height: NDArray[np.float32]
    typical: float
    width: float
    spacing: tuple[float, float, float]


def prepare(
    solid: NDArray[np.bool_], spacing: tuple[float, float, float], settings: SplitSettings
) -> Ground:
    """Fill small cavities and measure distances to the surface."""
    from operando.particles.closing import distance, fill_small_cavities

    typical = typical_diameter(distance(solid, spacing), solid)
    width = settings.crack_width or max(typical / 4, 2.5 * max(spacing))
    solid = fill_small_cavities(solid, np.pi / 6 * (typical / 3) ** 3, spacing)
    outside = distance(~solid, spacing)
    height = _smooth(distance(solid, spacing) - outside, settings.smoothing)
    return Ground(solid, outside <= width / 2, height, typical, width, spacing)


def typical_diameter(depth: NDArray[np.float32], solid: NDArray[np.bool_]) -> float:
    """Diameter, weighted by volume, from the mean distance to the surface: d/8 in a sphere."""
    return float(8 * depth[solid].mean(dtype=np.float64))


def _smooth(volume: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    if sigma == 0:
        return volume
    return np.asarray(gaussian_filter(volume, sigma, mode="nearest", truncate=3))
