"""Motion, rotation and swelling of every particle by correlation of its own voxels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.strain.follow_particle import find_bodies, follow_one, search_shift
from operando.strain.particle_table import motion_table
from operando.strain.volumes import check_pair

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.strain.follow_particle import Body
    from operando.strain.guess import Guess
    from operando.strain.motion_models import BodyMotion
    from operando.strain.nodes import Frames


def correlate_particles(
    reference: ArrayLike,
    deformed: ArrayLike,
    ids: ArrayLike,
    *,
    smooth: float = 0.8,
    largest_rotation_error: float = 5.0,
    voxel_size: tuple[float, float, float] = (1.0, 1.0, 1.0),
    progress: ProgressCallback | None = None,
) -> pd.DataFrame:
    """Follow every particle from a reference to a deformed volume.

    Per particle, its voxels and a rim of two voxels that belong to no other particle are moved with
    three, six, seven and twelve degrees of freedom; an F-test at 0.1 % decides between them.
    Rotation and swelling come from slightly smoothed volumes, where weak textures rotate in
    reliably, the shift then from the raw ones.

    Parameters
    ----------
    reference, deformed
        ``(Z, Y, X)`` grey values.
    ids
        ``(Z, Y, X)`` integers, 0 is no particle; labels of the reference.
    smooth
        Standard deviation of the Gaussian for the rotation, voxels; 0 leaves it out.
    largest_rotation_error
        Rotations with a larger predicted error (degrees) are left blank: round particles without
        texture do not show that they turn.
    voxel_size
        ``(z, y, x)`` in any unit: rotations need it where voxels are no cubes.

    Returns
    -------
    One row a particle: ``particle``, ``voxels``, ``centre_z, centre_y, centre_x`` (centroid in the
    reference, voxels), ``u_z, u_y, u_x`` (displacement of the centroid, voxels) and
    ``sigma_u_z, ...``, ``rotation_z, ...`` (rotation vector, degrees), ``rotation_deg``,
    ``sigma_rotation_deg``, ``volume_ratio`` (deformed over reference) and ``sigma_volume_ratio``,
    ``zncc``, ``model``, ``residual_ratio`` (residual grey variance over the usual one) and
    ``status``: "followed", "changed" (follows, but its inside does not match: cracked or reacted),
    "lost".
    """
    from operando.strain.guess import coarse_to_fine
    from operando.strain.nodes import Frames

    first, second = (v.whole() for v in check_pair(reference, deformed))
    labels = np.asarray(ids)
    if labels.shape != first.shape or labels.dtype.kind not in "ui":
        raise InputError(
            f"The labels are {labels.dtype} of shape {labels.shape}",
            f"whole numbers of shape {first.shape} are needed",
        )
    bodies = find_bodies(labels, voxel_size)
    watch = Stopwatch(progress, len(bodies), "particles", "looking for the coarse motion")
    guess = coarse_to_fine(first, second, None)
    raw = Frames(first, second)
    soft = raw
    if smooth > 0:
        soft = Frames(*_smoothed(first, second, smooth))
        soft.noise_volume = max(1.0, (2 * np.sqrt(np.pi) * smooth) ** 3)
    watch.advance(0, "correlating")
    found = _follow_all(bodies, raw, soft, guess, watch)
    return motion_table(bodies, found, largest_rotation_error)


def _smoothed(
    a: NDArray[np.float32], b: NDArray[np.float32], sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(a, sigma), gaussian_filter(b, sigma)


def _follow_all(
    bodies: list[Body], raw: Frames, soft: Frames, guess: Guess, watch: Stopwatch
) -> list[BodyMotion]:
    from numba import get_num_threads

    centroids = np.array([b.centroid for b in bodies]).reshape(-1, 3)
    shift, gradient = guess.at(centroids) if bodies else (centroids, np.zeros((0, 3, 3)))
    found: list[BodyMotion] = []

    def first(k: int) -> BodyMotion:
        return follow_one(bodies[k], raw, soft, shift[k], gradient[k])

    with ThreadPoolExecutor(get_num_threads()) as pool:
        for result in pool.map(first, range(len(bodies))):
            found.append(result)
            watch.advance()
    return _second_chance(bodies, found, raw, soft, centroids)


def _second_chance(
    bodies: list[Body],
    found: list[BodyMotion],
    raw: Frames,
    soft: Frames,
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
        starts.append(search_shift(body, raw, starts[0]))
        for start in starts:
            again = follow_one(body, raw, soft, start, np.zeros((3, 3)))
            if again.zncc > found[k].zncc + 0.003:
                found[k] = again
    return found
