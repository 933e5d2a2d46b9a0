"""Motion, rotation and swelling of every particle by correlation of its own voxels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.strain.grid.guess import coarse_to_fine, follow_levels
from operando.strain.grid.tiles import box_of, fits_one_tile, moved_box, tile_of_nodes
from operando.strain.particles.body import MARGIN, find_bodies
from operando.strain.particles.follow import follow_one, search_shift
from operando.strain.particles.jackknife import steadied
from operando.strain.particles.table import motion_table
from operando.strain.volumes.frames import Frames
from operando.strain.volumes.volume import check_pair

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.strain.grid.guess import Guess
    from operando.strain.particles.body import Body
    from operando.strain.particles.motion_models import BodyMotion
    from operando.strain.volumes.volume import Volume

_COARSE_VOXELS = 16_000_000
_CUT = 4
"""Standard deviations at which the Gaussian ends."""

SMALLEST = 7
"""Voxels along an axis, without which no derivative of grey values is known inside."""


def correlate_particles(
    reference: ArrayLike,
    deformed: ArrayLike,
    ids: ArrayLike,
    *,
    smooth: float = 0.8,
    largest_rotation_error: float = 5.0,
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0),
    tile: int = 256,
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Follow every particle from a reference to a deformed volume.

    Per particle, its voxels and a rim of two voxels that belong to no other particle are moved with
    three, six, seven and twelve degrees of freedom; an F-test at 0.1 % decides between them.
    Rotation and swelling come from slightly smoothed volumes, where weak textures rotate in
    reliably, the shift then from the raw ones. The core without the rim and the outermost voxels is
    believed instead where its error is clearly smaller: surroundings with a texture of their own
    do not move along.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` grey values: numpy, or anything that slices to it, which is read tile by tile.
        Voxels that are not finite are left out.
    ids
        ``(Z, Y, X)`` integers, 0 is no particle; labels of the reference.
    smooth
        Standard deviation of the Gaussian for the rotation, voxels; 0 leaves it out.
    largest_rotation_error
        Rotations with a larger predicted error (degrees) are left blank: round particles without
        texture do not show that they turn.
    voxel_size
        ``(z, y, x)`` in any unit: rotations need it where voxels are no cubes.
    tile
        Edge, voxels: of larger volumes the particles whose middles share a tile are followed
        together, to save memory.

    Returns
    -------
    One row a particle: ``particle``, ``voxels``, ``centre_z, centre_y, centre_x`` (centroid in the
    reference, voxels), ``u_z, u_y, u_x`` (displacement of the centroid, voxels) and
    ``sigma_u_z, ...``, ``rotation_z, ...`` (rotation vector, degrees; positive ``rotation_z`` turns
    y to x, ``rotation_y`` x to z, ``rotation_x`` z to y), ``rotation_deg``,
    ``sigma_rotation_deg``, ``volume_ratio`` (deformed over reference) and ``sigma_volume_ratio``,
    ``zncc``, ``model``, ``residual_ratio`` (residual grey variance over the usual one) and
    ``status``: "followed", "changed" (follows, but its inside does not match: cracked or reacted),
    "lost".

    Notes
    -----
    Errors are those of a jackknife over parts of the particle, see
    `operando.strain.particles.jackknife`. What a particle that became brighter or darker against
    its surroundings seems to swell is taken out of ``volume_ratio`` where it exceeds three standard
    deviations, and counted in its error otherwise. Smoothing mixes in what lies around a particle
    and does not turn with it: rotations of finely textured particles were up to two times
    as wrong as told, and half as wrong with a `smooth` of 0.5 where voxels are cubes.
    """
    first, second = check_pair(reference, deformed)
    labels = np.asarray(ids)
    if labels.shape != first.shape or labels.dtype.kind not in "ui":
        raise InputError(
            f"The labels are {labels.dtype} of shape {labels.shape}",
            f"whole numbers of shape {first.shape} are needed",
        )
    if min(first.shape) < SMALLEST:
        raise InputError(
            f"Particles cannot be followed in a volume of {first.shape} voxels",
            f"every axis needs {SMALLEST}: take more slices",
        )
    bodies = find_bodies(labels, voxel_size)
    watch = Stopwatch(progress, len(bodies), "particles", "looking for the coarse motion")
    guess, factor = _coarse_motion(first, second, watch)
    watch.advance(0, "correlating")
    found: dict[int, BodyMotion] = {}
    for members in _tiles(bodies, first.shape, tile):
        group = [bodies[k] for k in members]
        frames = _Tile(first, second, group, guess, smooth, tile)
        near = frames.guess
        if factor > 2 and not frames.whole:
            near = follow_levels(frames.raw.reference, frames.raw.grey, near)
        local = [body.seen_from(frames.origin) for body in group]
        motions = _follow_all(local, frames, near, watch)
        for k, motion in zip(members, motions, strict=True):
            motion.motion[..., 0] += frames.offset
            found[k] = motion
    ordered = steadied([found[k] for k in range(len(bodies))])
    return motion_table(bodies, ordered, largest_rotation_error)


def _coarse_motion(first: Volume, second: Volume, watch: Stopwatch) -> tuple[Guess, int]:
    """Coarse motion from copies of at most 16 million voxels, and how many times smaller."""
    factor = 1
    while np.prod(first.shape) / factor**3 > _COARSE_VOXELS:
        factor *= 2

    def tick() -> None:
        watch.advance(0)

    (small, mask), (moved, _) = (volume.reduced(factor, tick) for volume in (first, second))
    return coarse_to_fine(small, moved, mask).finer(factor), factor


def _tiles(bodies: list[Body], shape: tuple[int, int, int], tile: int) -> list[list[int]]:
    """Numbers of the bodies whose middles share a tile."""
    if not bodies:
        return []
    where = tile_of_nodes(shape, np.array([body.centre for body in bodies]), tile)
    return [[int(k) for k in np.flatnonzero(where == n)] for n in np.unique(where)]


class _Tile:
    """Frames of the boxes that some particles need, as they are and smoothed.

    Parameters
    ----------
    first, second
        Whole volumes.
    bodies
        At least one.
    guess
        Of the whole.
    smooth
        Standard deviation of the Gaussian, voxels; 0 leaves `soft` what `raw` is.
    tile
        Edge, voxels; volumes that are not larger are taken as a whole.

    Attributes
    ----------
    origin, offset
        Corner of the reference box, and shift from it to that of the deformed box.
    guess
        In these boxes.
    """

    def __init__(
        self,
        first: Volume,
        second: Volume,
        bodies: list[Body],
        guess: Guess,
        smooth: float,
        tile: int,
    ) -> None:
        shape = np.array(first.shape)
        self.whole = fits_one_tile(first.shape, tile)
        low, high = np.zeros(3, np.int64), shape
        low_moved, high_moved = low, high
        if not self.whole:
            reach = MARGIN + int(np.ceil(_CUT * smooth))
            low = np.min([b.centre - b.half for b in bodies], axis=0) - reach
            high = np.max([b.centre + b.half for b in bodies], axis=0) + reach + 1
            low, high = np.maximum(low, 0), np.minimum(high, shape)
            u, _ = guess.at(np.array([b.centroid for b in bodies]))
            # a lost particle is looked for as far away as it is large
            halo = 2 * max(int(b.half.max()) for b in bodies) + reach
            low_moved, high_moved = moved_box(low, high, u, halo, shape)
        self.origin, self.offset = low, low_moved - low
        self.guess = guess.moved(low, self.offset)
        a, mask = first.read(box_of(low, high))
        b, moved_mask = second.read(box_of(low_moved, high_moved))
        self.raw = self.soft = Frames(a, b, mask, moved_mask)
        if smooth > 0:
            a, b = _smoothed(self.raw.reference, self.raw.grey, smooth)
            self.soft = Frames(a, b, mask, moved_mask)
            self.soft.noise_volume = max(1.0, (2 * np.sqrt(np.pi) * smooth) ** 3)


def _smoothed(
    a: NDArray[np.float32], b: NDArray[np.float32], sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(a, sigma), gaussian_filter(b, sigma)


def _follow_all(
    bodies: list[Body], frames: _Tile, guess: Guess, watch: Stopwatch
) -> list[BodyMotion]:
    from numba import get_num_threads

    centroids = np.array([b.centroid for b in bodies]).reshape(-1, 3)
    shift, gradient = guess.at(centroids)
    found: list[BodyMotion] = []

    def first(k: int) -> BodyMotion:
        return follow_one(bodies[k], frames.raw, frames.soft, shift[k], gradient[k])

    with ThreadPoolExecutor(get_num_threads()) as pool:
        for result in pool.map(first, range(len(bodies))):
            found.append(result)
            watch.advance()
    return _second_chance(bodies, found, frames, centroids)


def _second_chance(
    bodies: list[Body],
    found: list[BodyMotion],
    frames: _Tile,
    centroids: NDArray[np.float64],
) -> list[BodyMotion]:
    """Start doubtful particles again: from sound neighbours, then from a search of shifts."""
    zncc = np.array([f.zncc for f in found])
    sound = zncc > 0.9 * np.median(zncc) if len(zncc) else zncc > 0
    if not sound.any():
        return found
    for k in np.flatnonzero(~sound):
        body = bodies[k]
        order = np.argsort(np.linalg.norm(centroids - body.centroid, axis=1))
        near = [n for n in order if sound[n]][:4]
        starts = [found[n].motion[found[n].model][:, 0] for n in near]
        starts.append(search_shift(body, frames.raw, starts[0]))
        for start in starts:
            again = follow_one(body, frames.raw, frames.soft, start, np.zeros((3, 3)))
            if again.zncc > found[k].zncc + 0.003:
                found[k] = again
    return found
