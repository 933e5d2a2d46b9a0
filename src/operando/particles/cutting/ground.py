"""The solid and what is known of it before it is parted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.settings import SplitSettings


DEEPEST = 0.7
"""Typical diameters: less than the margin of blocks, so that all blocks tell the same."""


@dataclass(frozen=True)
class Ground:
    """The solid and what is known of it before it is parted.

    Parameters
    ----------
    solid
        ``(Z, Y, X)`` the solid with its small cavities filled.
    near
        ``(Z, Y, X)`` up to half a crack width from the solid.
    outside
        ``(Z, Y, X)`` distance to the solid; in it, minus the distance to the gaps, which is told
        up to `DEEPEST` typical diameters.
    typical
        Typical diameter of the particles.
    width
        Widest crack.
    spacing
        Voxel size ``(z, y, x)``.
    smoothing
        Of distances, standard deviation in voxels.
    """

    solid: NDArray[np.bool_]
    near: NDArray[np.bool_]
    outside: NDArray[np.float32]
    typical: float
    width: float
    spacing: tuple[float, float, float]
    smoothing: float

    def height(self) -> NDArray[np.float32]:
        """Distance to the surface ``(Z, Y, X)``, negative outside."""
        from scipy.ndimage import gaussian_filter

        from operando.particles.labels.closing import distance

        height = distance(self.solid, self.spacing) - np.maximum(self.outside, 0)
        if self.smoothing == 0:
            return height
        return np.asarray(gaussian_filter(height, self.smoothing, mode="nearest", truncate=3))


def survey(
    solid: NDArray[np.bool_],
    spacing: tuple[float, float, float],
    settings: SplitSettings,
    typical: float,
    distances: NDArray[np.float32] | None = None,
) -> Ground:
    """Measure distances to the surface.

    Parameters
    ----------
    solid
        ``(Z, Y, X)``, small cavities filled; a block of the volume.
    spacing
        Voxel size ``(z, y, x)``.
    settings
        Crack width and smoothing.
    typical
        Typical diameter in the whole volume.
    distances
        ``(Z, Y, X)`` from `to_surface`, if they are known already; used up.
    """
    if distances is None:
        distances = to_surface(solid, spacing)
    # Filling a cavity brings no outer voxel nearer to the solid.
    np.negative(distances, out=distances, where=solid)
    np.maximum(distances, -DEEPEST * typical, out=distances)
    width = crack_width(typical, spacing, settings)
    near = distances <= width / 2
    return Ground(solid, near, distances, typical, width, spacing, settings.smoothing)


def largest_cavity(typical: float) -> float:
    """Volume of the largest cavity that is filled at once."""
    return np.pi / 6 * (typical / 3) ** 3


def crack_width(
    typical: float, spacing: tuple[float, float, float], settings: SplitSettings
) -> float:
    """Widest gap that may be a crack."""
    return settings.crack_width or max(typical / 4, 2.5 * max(spacing))


def to_surface(
    solid: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Distance of every voxel to the surface of the solid, from either side."""
    from operando.particles.labels.closing import distance

    return distance(solid.view(np.uint8) + np.uint8(1), spacing)


def typical_diameter(depth: NDArray[np.float32], solid: NDArray[np.bool_]) -> float:
    """Diameter, weighted by volume, from the mean distance to the surface: d/8 in a sphere."""
    return float(8 * depth[solid].mean(dtype=np.float64))
