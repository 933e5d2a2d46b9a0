"""Motion, rotation and swelling of every particle by correlation of its own voxels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.progress import Stopwatch
from operando.errors import InputError
from operando.strain.search import shift_of_best_match
from operando.strain.volumes import check_pair

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from operando.compute.progress import ProgressCallback
    from operando.strain.guess import Guess
    from operando.strain.nodes import Frames

MODELS = ("translation", "rigid", "swelling", "affine")
_RIM, _MARGIN = 2, 4


@dataclass(frozen=True)
class Body:
    """Voxels of one particle and its rim, as a box around them."""

    number: int
    centroid: NDArray[np.float64]
    voxels: int
    centre: NDArray[np.int64]
    half: NDArray[np.int64]
    mask: NDArray[np.uint8]
    """Of the shape of the box with a margin of 4 voxels."""


@dataclass(frozen=True)
class BodyMotion:
    """What the solver found for one particle, one entry per model, and the model to believe."""

    motion: NDArray[np.float64]
    covariance: NDArray[np.float64]
    numbers: NDArray[np.float64]
    model: int


def correlate_particles(
    reference: ArrayLike,
    deformed: ArrayLike,
    ids: ArrayLike,
    *,
    smooth: float = 0.8,
    largest_rotation_error: float = 5.0,
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
    bodies = find_bodies(labels)
    watch = Stopwatch(progress, len(bodies), "particles", "looking for the coarse motion")
    guess = coarse_to_fine(first, second, None)
    raw = Frames(first, second)
    soft = raw
    if smooth > 0:
        soft = Frames(*_smoothed(first, second, smooth))
        soft.noise_volume = max(1.0, (2 * np.sqrt(np.pi) * smooth) ** 3)
    watch.advance(0, "correlating")
    found = _follow_all(bodies, raw, soft, guess, watch)
    return _table(bodies, found, largest_rotation_error)


def _smoothed(
    a: NDArray[np.float32], b: NDArray[np.float32], sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(a, sigma), gaussian_filter(b, sigma)


def find_bodies(labels: NDArray[Any]) -> list[Body]:
    """Particles with their rims; those that touch the faces within six voxels are cut there."""
    from scipy.ndimage import binary_dilation, center_of_mass, find_objects

    bodies = []
    shape = np.array(labels.shape)
    for number, box in enumerate(find_objects(labels.astype(np.int32)), start=1):
        if box is None:
            continue
        low = np.maximum([s.start - _RIM for s in box], _MARGIN)
        high = np.minimum([s.stop + _RIM for s in box], shape - _MARGIN)
        half = (high - low) // 2
        if (half < 2).any():
            continue
        centre = np.minimum(low + half, shape - 1 - _MARGIN - half)
        around = tuple(slice(c - h, c + h + 1) for c, h in zip(centre, half, strict=True))
        near = labels[around]
        own = near == number
        rim = binary_dilation(own, iterations=_RIM) & (near == 0)
        exact = labels[box] == number
        centroid = np.array(center_of_mass(exact)) + [s.start for s in box]
        mask = np.pad((own | rim).astype(np.uint8), _MARGIN)
        bodies.append(Body(number, centroid, int(exact.sum()), centre, half, mask))
    return bodies


def _follow_all(
    bodies: list[Body], raw: Frames, soft: Frames, guess: Guess, watch: Stopwatch
) -> list[BodyMotion]:
    from numba import get_num_threads

    centroids = np.array([b.centroid for b in bodies]).reshape(-1, 3)
    shift, gradient = guess.at(centroids) if bodies else (centroids, np.zeros((0, 3, 3)))
    found: list[BodyMotion] = []

    def first(k: int) -> BodyMotion:
        return _follow(bodies[k], raw, soft, shift[k], gradient[k])

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
    zncc = np.array([_zncc(f) for f in found])
    sound = zncc > 0.9 * np.median(zncc) if len(zncc) else zncc > 0
    if not sound.any():
        return found
    for k in np.flatnonzero(~sound):
        body = bodies[k]
        order = np.argsort(np.linalg.norm(centroids - body.centroid, axis=1))
        near = [n for n in order if sound[n]][:4]
        starts = [found[n].motion[found[n].model][:, 0] for n in near]
        starts.append(_searched(body, raw, starts[0]))
        for start in starts:
            again = _follow(body, raw, soft, start, np.zeros((3, 3)))
            if _zncc(again) > _zncc(found[k]) + 0.003:
                found[k] = again
    return found


def _zncc(found: BodyMotion) -> float:
    value = found.numbers[found.model, 1]
    return float(value) if np.isfinite(value) else -1.0


def _follow(
    body: Body, raw: Frames, soft: Frames, shift: NDArray[np.float64], gradient: NDArray[np.float64]
) -> BodyMotion:
    start = np.zeros((3, 10))
    start[:, 0] = shift + gradient @ (body.centre - body.centroid)
    start[:, 1:4] = gradient * body.half
    result = _fit(body, soft, start, (0, 1, 2, 3))
    result.covariance[:] *= soft.noise_volume
    model = _best_model(result.numbers, soft.noise_volume)
    if raw is soft or not np.isfinite(result.motion[model]).all():
        return BodyMotion(result.motion, result.covariance, result.numbers, model)
    final = _fit(body, raw, result.motion[model].copy(), (0,))
    if final.numbers[0, 0] == 0:
        result.motion[model, :, 0] = final.motion[0, :, 0]
        result.numbers[model, 1] = final.numbers[0, 1]
        result.numbers[model, 4] = final.numbers[0, 4]
        result.covariance[model, :3, :3] = final.covariance[0, :3, :3]
    return BodyMotion(result.motion, result.covariance, result.numbers, model)


def _searched(body: Body, frames: Frames, shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Whole-voxel shift of highest ZNCC within half the particle's size of a guess."""
    return shift_of_best_match(
        frames.reference,
        frames.grey,
        body.centre,
        body.half,
        np.rint(shift).astype(int),
        reach=int(body.half.max()),
        weights=body.mask[(slice(_MARGIN, -_MARGIN),) * 3].astype(np.float32),
    )


def _fit(
    body: Body, frames: Frames, start: NDArray[np.float64], models: tuple[int, ...]
) -> BodyMotion:
    from operando.strain.body import follow_body

    result = np.full((4, 3, 10), np.nan), np.full((4, 12, 12), np.inf), np.full((4, 5), np.nan)
    edge = body.half + _MARGIN
    box = tuple(slice(c - e, c + e + 1) for c, e in zip(body.centre, edge, strict=True))
    limits = (1e-3, 60, max(30.0, 0.4 * float(body.mask.sum())), float(max(body.half.max(), 6)))
    follow_body(
        np.ascontiguousarray(frames.reference[box]),
        body.mask,
        frames.deformed,
        np.stack([body.centre, edge]),
        body.half,
        start,
        models,
        limits,
        result,
    )
    return BodyMotion(*result, model=models[0])


def _best_model(numbers: NDArray[np.float64], noise_volume: float) -> int:
    """Simplest model that a freer one does not beat in an F-test at 0.1 %.

    Residuals that share noise over a volume of voxels count as that many fewer.
    """
    from scipy.stats import f as fisher

    freedom = (3, 6, 7, 12)
    best = 0
    for model in range(1, 4):
        if numbers[model, 0] != 0:
            break
        more = freedom[model] - freedom[best]
        left = max(numbers[model, 3] / noise_volume - freedom[model], 1.0)
        ratio = (numbers[best, 2] - numbers[model, 2]) / more / (numbers[model, 2] / left)
        if ratio > fisher.isf(1e-3, more, left):
            best = model
    return best


def _table(
    bodies: list[Body], found: list[BodyMotion], largest_rotation_error: float
) -> pd.DataFrame:
    import pandas as pd

    noise = np.array([f.numbers[f.model, 4] for f in found])
    usual = float(np.nanmedian(noise)) if np.isfinite(noise).any() else 1.0
    rows = [_row(b, f, usual, largest_rotation_error) for b, f in zip(bodies, found, strict=True)]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    "particle",
    "voxels",
    *(f"centre_{k}" for k in "zyx"),
    *(f"u_{k}" for k in "zyx"),
    *(f"sigma_u_{k}" for k in "zyx"),
    *(f"rotation_{k}" for k in "zyx"),
    "rotation_deg",
    "sigma_rotation_deg",
    "volume_ratio",
    "sigma_volume_ratio",
    "zncc",
    "residual_ratio",
    "model",
    "status",
]
_LOST_ZNCC, _CHANGED = 0.5, 2.5


def _row(body: Body, found: BodyMotion, usual: float, largest: float) -> dict[str, Any]:
    c, numbers = found.motion[found.model], found.numbers
    row: dict[str, Any] = {"particle": body.number, "voxels": body.voxels}
    row |= {f"centre_{k}": v for k, v in zip("zyx", body.centroid, strict=True)}
    zncc = _zncc(found)
    if numbers[found.model, 0] != 0 or zncc < _LOST_ZNCC:
        return row | {"zncc": zncc, "status": "lost"}
    gradient = c[:, 1:4] / body.half
    u = c[:, 0] + gradient @ (body.centroid - body.centre)
    row |= {f"u_{k}": v for k, v in zip("zyx", u, strict=True)}
    sigma = np.sqrt(np.diag(found.covariance[found.model])[:3])
    row |= {f"sigma_u_{k}": v for k, v in zip("zyx", sigma, strict=True)}
    turn_error = float(np.degrees(np.sqrt(np.diag(found.covariance[1])[3:6].sum())))
    vector = rotation_vector(gradient if found.model else found.motion[1][:, 1:4] / body.half)
    if numbers[1, 0] == 0 and turn_error < largest:
        row |= {f"rotation_{k}": v for k, v in zip("zyx", np.degrees(vector), strict=True)}
        row |= {"rotation_deg": float(np.degrees(np.linalg.norm(vector)))}
        row |= {"sigma_rotation_deg": turn_error}
    swelling = max(found.model, 2)
    if numbers[swelling, 0] == 0:
        f = np.eye(3) + found.motion[swelling][:, 1:4] / body.half
        row["volume_ratio"] = float(np.linalg.det(f))
        row["sigma_volume_ratio"] = 3 * float(np.sqrt(found.covariance[2][6, 6]))
    ratio = float(numbers[found.model, 4] / usual)
    return row | {
        "zncc": zncc,
        "residual_ratio": ratio,
        "model": MODELS[found.model],
        "status": "changed" if ratio > _CHANGED else "followed",
    }


def rotation_vector(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vector (z, y, x; radians) of the rotation in a displacement gradient."""
    left, _, right = np.linalg.svd(np.eye(3) + gradient)
    r = left @ right
    axis = 0.5 * np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    sine = float(np.linalg.norm(axis))
    angle = np.arctan2(sine, 0.5 * (np.trace(r) - 1))
    return np.asarray(axis * (angle / sine if sine > 1e-12 else 1.0))


def move_labels(ids: ArrayLike, table: pd.DataFrame) -> NDArray[np.int32]:
    """Labels of the deformed frame: every followed particle carried along by its own motion.

    Parameters
    ----------
    ids
        ``(Z, Y, X)`` labels of the reference.
    table
        From `correlate_particles`; lost particles are left out, blank rotations count as none.

    Returns
    -------
    ``(Z, Y, X)`` int32. Where two particles would overlap, the one with the higher number stays.
    """
    from scipy.ndimage import find_objects

    labels = np.asarray(ids)
    out = np.zeros(labels.shape, np.int32)
    boxes = find_objects(labels.astype(np.int32))
    for row in table[table["status"] != "lost"].to_dict("records"):
        number = int(row["particle"])
        box = boxes[number - 1]
        u = np.array([row[f"u_{k}"] for k in "zyx"])
        centre = np.array([row[f"centre_{k}"] for k in "zyx"])
        vector = np.radians(np.nan_to_num([row[f"rotation_{k}"] for k in "zyx"]))
        ratio = row["volume_ratio"] if np.isfinite(row["volume_ratio"]) else 1.0
        back = rotation_matrix(vector).T / np.cbrt(ratio)
        low = np.floor([s.start for s in box] + u - 3).astype(int).clip(0)
        high = np.minimum(np.ceil([s.stop for s in box] + u + 3).astype(int), labels.shape)
        if (high <= low).any():
            continue
        grid = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
        at = np.rint((grid - centre - u) @ back.T + centre).astype(int)
        inside = ((at >= 0) & (at < labels.shape)).all(axis=-1)
        at = at.clip(0, np.array(labels.shape) - 1)
        here = inside & (labels[tuple(np.moveaxis(at, -1, 0))] == number)
        out[tuple(slice(a, b) for a, b in zip(low, high, strict=True))][here] = number
    return out


def rotation_matrix(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrix of a rotation vector (z, y, x; radians), Rodrigues' formula."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    k = vector / angle
    skew = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew)


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
    """Contacts gained and lost between two label volumes of the same particles."""
    first, second = contacts(before, gap), contacts(after, gap)
    return second - first, first - second
