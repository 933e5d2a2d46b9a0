"""How large a window of a volume the memory has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operando.nets.architecture import Architecture, Triple

MAPS = 12
"""Feature maps at full resolution that a network of `operando.nets` holds at once, times width.

Measured in float32 as growth of the resident memory per voxel of a window: 7 (LRCS-Net) to 11
(separable U-Net).
"""
NARROWEST = 16
"""Channels for which kernels on the processor take memory, however few there are."""


def memory_per_voxel(architecture: Architecture) -> int:
    """Bytes that a network takes per voxel of a window, at most."""
    from operando.nets.scale_features import n_features

    forest = architecture.network == "forest"
    maps = 0 if forest else MAPS * max(architecture.width, NARROWEST)
    if forest or architecture.second_opinion:
        maps += 2 * n_features(architecture.in_channels)
    return 4 * maps


def fit_window(window: Triple, bytes_per_voxel: int, free: int) -> Triple:
    """Halve the longest edge of a window until it takes half of the free memory at most.

    Parameters
    ----------
    window
        The window that is wanted ``(z, y, x)``.
    bytes_per_voxel
        See `memory_per_voxel`.
    free
        Bytes to be had. Windows are not made smaller than 16 voxels a side.
    """
    z, y, x = window
    while z * y * x * bytes_per_voxel > free / 2 and max(z, y, x) >= 32:
        if x == max(z, y, x):
            x //= 2
        elif y >= z:
            y //= 2
        else:
            z //= 2
    return z, y, x
