"""The table of what is true of every particle in every frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from operando.samples.scene import Scene


def particle_table(scene: Scene, ids: NDArray[np.int32], cracks: NDArray[np.bool_]) -> pd.DataFrame:
    """List every particle in view, frame by frame.

    Columns: frame, particle, time_h, volume_um3 (with cracks) and crack_fraction counted from
    voxels; detached_fraction, the share of its surface held by binder in the material frame
    that has come off by more than half a voxel; gap_um, the width of that gap; rotation_deg and
    swelling (linear factor) since the first frame; whether the image border cuts it; centroid.
    """
    import pandas as pd

    settings = scene.settings
    count = len(scene.particles) + 1
    held = [_held_surface(scene, k) for k in range(len(scene.particles))]
    voxel = float(np.prod(settings.voxel_size))
    frames = []
    for t in range(settings.frames):
        size = np.bincount(ids[t].ravel(), minlength=count)
        cracked = np.bincount(ids[t][cracks[t]], minlength=count)
        seen = [int(i) for i in np.flatnonzero(size) if i > 0]
        centroid = _centroids(ids[t], size)[seen] * settings.voxel_size
        frames.append(
            pd.DataFrame(
                {
                    "frame": t,
                    "particle": seen,
                    "time_h": t * settings.hours,
                    "volume_um3": size[seen] * voxel,
                    "crack_fraction": cracked[seen] / size[seen],
                    "detached_fraction": [_detached(scene, i - 1, held[i - 1], t) for i in seen],
                    "gap_um": [_gap(scene, i - 1, t) * settings.voxel_size[2] for i in seen],
                    "rotation_deg": [_angle(scene.motions[i - 1].rotations[t]) for i in seen],
                    "swelling": [float(scene.motions[i - 1].swelling[t]) for i in seen],
                    "on_edge": np.isin(seen, _edge_ids(ids[t])),
                    "z_um": centroid[:, 0],
                    "y_um": centroid[:, 1],
                    "x_um": centroid[:, 2],
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _held_surface(scene: Scene, k: int) -> NDArray[np.float32]:
    """Find the directions ``(3, N)`` in which the surface of a particle is held by binder."""
    particle = scene.particles[k]
    shell = np.argwhere((particle.depth <= 0) & (particle.depth > -1)) + particle.corner
    low = np.array([s.start for s in scene.domain])
    index = shell - low
    inside = np.all((index >= 0) & (index < scene.solid.shape), axis=1)
    index = index[inside]
    held = (scene.solid[tuple(index.T)] <= 0) & (scene.binder[tuple(index.T)] > 0)
    q = (shell[inside][held] - particle.centre).T
    return np.asarray(q / (np.sqrt((q**2).sum(0)) + 1e-6), np.float32)


def _detached(scene: Scene, k: int, held: NDArray[np.float32], t: int) -> float:
    cap = scene.caps[k]
    if cap is None or held.shape[1] == 0:
        return 0.0
    return float(np.mean(cap.gaps[t] * cap.weight(held) > 0.5))


def _gap(scene: Scene, k: int, t: int) -> float:
    cap = scene.caps[k]
    return 0.0 if cap is None else float(cap.gaps[t])


def _angle(rotation: NDArray[np.float32]) -> float:
    skew = rotation - rotation.T
    sine = 0.5 * float(np.sqrt(skew[0, 1] ** 2 + skew[0, 2] ** 2 + skew[1, 2] ** 2))
    return float(np.degrees(np.arctan2(sine, (float(np.trace(rotation)) - 1) / 2)))


def _centroids(ids: NDArray[np.int32], size: NDArray[np.intp]) -> NDArray[np.float64]:
    flat, out = ids.ravel(), []
    for grid in np.indices(ids.shape, np.float32):
        out.append(np.bincount(flat, grid.ravel(), minlength=len(size)))
    return np.stack(out, 1) / np.maximum(size, 1)[:, None]


def _edge_ids(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    faces = [ids.take(i, axis).ravel() for axis in range(3) for i in (0, -1)]
    return np.unique(np.concatenate(faces))
