"""Noise that neighbouring voxels share, and how much more it moves a window than white noise would.

Filters of a reconstruction, binning and the detector make the noise of neighbouring voxels alike.
A window then holds fewer independent errors than voxels. For least squares with the slopes ``g``
of the texture, the variance of a displacement is that of white noise of the same strength times
the sum over all lags of the autocorrelation of the noise times that of the slopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.strain.volumes.bspline import EDGE, PAD
from operando.strain.windows.normal_matrix import POWERS, noise_gain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.strain.volumes.frames import Frames
    from operando.strain.windows.solution import Solution

_REACH = 4
"""Longest lag, voxels."""


def quiet_windows(solution: Solution) -> NDArray[np.int64]:
    """Windows that show noise and little else: the quieter half of those that ended."""
    ended = np.flatnonzero(solution.code[:, 0] == 0)
    noise = solution.noise[ended, 0]
    return ended[noise <= np.median(noise)] if len(ended) else ended


def noise_inflation(
    frames: Frames,
    centres: NDArray[np.int64],
    motion: NDArray[np.float64],
    window: tuple[int, int, int],
) -> NDArray[np.float64]:
    """Variance of the displacement over what white noise of the same strength gives.

    Parameters
    ----------
    frames
        The volumes.
    centres
        ``(N, 3)`` voxels of nodes.
    motion
        ``(N, 3, 10)`` of their windows. Motion that is left over counts as noise that goes
        together: give that of order 2 in narrow windows.
    window
        Edges, voxels.

    Returns
    -------
    ``(N, 3)`` per component; 1 for white noise.
    """
    half = np.array(window) // 2
    offsets = np.stack(np.meshgrid(*(np.arange(-h, h + 1) for h in half), indexing="ij"))
    scaled = offsets / np.maximum(half, 1)[:, None, None, None]
    terms = np.stack([np.prod([s**p for s, p in zip(scaled, q, strict=True)], 0) for q in POWERS])
    out = np.empty((len(centres), 3))
    for n, (centre, polynomial) in enumerate(zip(centres, motion, strict=True)):
        places = centre[:, None, None, None] + offsets
        moved = places + np.tensordot(polynomial, terms, 1)
        residual, slopes, known = _residual(frames, places, moved)
        colour = _autocorrelation(residual, known)
        shares = [float((colour * _autocorrelation(slope, known)).sum()) for slope in slopes]
        gain = noise_gain(polynomial, half, frames.noise_gain)
        out[n] = (1 + gain) / 2 * np.array(shares)
    return out


def common_inflation(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what windows ``(N, 3)`` agree on, ``(3,)``: at least 1, and 1 if none tells."""
    told = shares[np.isfinite(shares).all(axis=1)]
    return np.maximum(np.median(told, axis=0), 1.0) if len(told) else np.ones(3)


def _residual(
    frames: Frames, places: NDArray[np.int64], moved: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Difference of both windows at unit norm, slopes ``(3, ...)``, and what is known of them."""
    z, y, x = (slice(int(p.min()) - 1, int(p.max()) + 2) for p in places)
    around = frames.reference[z, y, x].astype(float)
    inner = (slice(1, -1),) * 3
    slopes = np.stack([slope[inner] for slope in np.gradient(around)])
    shape = frames.deformed[3]
    inside = np.logical_and.reduce(
        [(m >= EDGE) & (m <= n - 1 - EDGE) for m, n in zip(moved, shape, strict=True)]
    )
    known = inside.astype(float)
    if frames.mask.size:
        known *= frames.mask[tuple(places)] > 0
    if frames.deformed[4].size:
        nearest = np.clip(np.rint(moved), 0, shape[:, None, None, None] - 1).astype(int)
        known *= frames.deformed[4][tuple(nearest)] > 0
    first = _normed(around[inner], known)
    return first - _normed(_deformed_at(frames, moved), known), slopes, known


def _deformed_at(frames: Frames, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey values of the deformed volume between voxels."""
    from scipy.ndimage import map_coordinates

    cubic, quintic, _, shape, _ = frames.deformed
    degree, values = (5, quintic) if quintic.size else (3, cubic)
    wide = values.reshape(shape + 2 * np.array(PAD))
    at = places + np.array(PAD)[:, None, None, None]
    low = np.maximum(np.floor(at.min(axis=(1, 2, 3))).astype(int) - degree, 0)
    high = np.ceil(at.max(axis=(1, 2, 3))).astype(int) + degree + 1
    crop = wide[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    at = at - low[:, None, None, None]
    return np.asarray(map_coordinates(crop, at, order=degree, mode="nearest", prefilter=False))


def _normed(values: NDArray[Any], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey values of zero mean and unit norm, 0 where they are not known."""
    centred = known * (values - np.average(values, weights=known))
    return np.asarray(centred / np.linalg.norm(centred))


def _autocorrelation(
    values: NDArray[np.float64], known: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Autocorrelation up to the longest lag along every axis; 1 in the middle."""
    reach = [min(_REACH, n // 2) for n in values.shape]
    size = [n + r for n, r in zip(values.shape, reach, strict=True)]
    lags = np.ix_(*(np.arange(-r, r + 1) for r in reach))

    def correlate(signal: NDArray[np.float64]) -> NDArray[np.float64]:
        power = np.abs(np.fft.rfftn(signal, size, (0, 1, 2))) ** 2
        return np.asarray(np.fft.irfftn(power, size, (0, 1, 2))[lags])

    pairs = np.maximum(correlate(known), 1.0)
    mean = correlate(values * known) / pairs
    return np.asarray(mean / mean[tuple(reach)])
