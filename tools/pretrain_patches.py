"""Patches of synthetic electrodes, with what a user's strokes would tell of the electrode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt, zoom

from operando.nets.augment import Augmentation
from operando.nets.frames import Frames
from operando.samples import draw_settings, make_electrode
from operando.segment.adapting.appearance import describe_appearance, forget_class
from operando.segment.normalise import grey_scale

if TYPE_CHECKING:
    from pathlib import Path

    from operando.nets.training import Batch

FIRST_SEED = 100_000
SHAPE = (40, 96, 96)
FRAMES = 2
PATCH = (24, 64, 64)
FLAT_PATCH = (1, 96, 96)
FLAT_PATCHES = 8
FLAT_SHARE, ZOOM_SHARE, CRACK_SHARE, PAINTED_CRACK_SHARE = 0.2, 0.33, 0.33, 0.5
MOST_PAINTED = 4
"""Slices with strokes."""
N_CLASSES = 4
CRACK = 4
DEEPEST = 12
"""Distance to the surface of a particle, voxels, beyond which voxels count alike."""

NOTHING_TOLD, NO_STROKES, NO_CRACKS, NOT_A_CLASS = 0.1, 0.1, 0.45, 0.04
"""How often the network is not told: anything; of any strokes; of strokes on cracks; of those on
one of the other classes."""

PAINTED = 128
"""Added to the truth, packed in a byte, of slices that are there for their strokes."""


@dataclass(frozen=True)
class Example:
    """One frame: grey values, and classes and depth in the particle, ``(2, z, y, x)`` uint8."""

    image: np.ndarray
    truth: np.ndarray
    cracks: np.ndarray


def examples(seed: int, cache: Path | None) -> list[Example]:
    """Make the frames of one electrode, or read them from the cache."""
    kept = cache / f"{seed}.npz" if cache else None
    if kept and kept.exists():
        with np.load(kept) as stored:
            raw, truth = stored["images"], stored["truth"]
    else:
        made = make_electrode(draw_settings(seed, shape=SHAPE, frames=FRAMES), seed)
        raw = (made.images >> 8).astype(np.uint8)
        classes = np.where(made.cracks, CRACK, made.phases).astype(np.uint8)
        depth = np.stack([depth_in_particle(ids) for ids in made.ids])
        truth = np.stack([classes, depth], axis=1)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, images=raw, truth=truth)
    frames = Frames(raw)
    return [
        Example(
            grey_scale(frames, t).apply(raw[t][None])[0].astype(np.float16),
            truth[t],
            np.argwhere(truth[t, 0] == CRACK).astype(np.uint8),
        )
        for t in range(FRAMES)
    ]


def depth_in_particle(ids: np.ndarray) -> np.ndarray:
    """Distance to the surface of the own particle, 0 outside, 1 at the surface, to `DEEPEST`."""
    inside = ids > 0
    for axis in range(3):
        ahead, behind = np.roll(ids, -1, axis), np.roll(ids, 1, axis)
        inside &= ((ahead == ids) | (ahead == 0)) & ((behind == ids) | (behind == 0))
    distance = np.minimum(distance_transform_edt(inside), DEEPEST).astype(np.uint8)
    return np.where(ids > 0, np.maximum(distance, 1), 0).astype(np.uint8)


class Patches:
    """Random patches of many electrodes.

    Attributes
    ----------
    appearance
        Of the electrode of the last patch, as strokes on a few slices of it would tell.
    typical
        Of no electrode: no strokes, and the mean of all images.
    """

    def __init__(self, pool: list[Example], seed: int) -> None:
        self._pool = pool
        self._rng = np.random.default_rng(seed)
        self._augment = Augmentation(gain=0.3, offset=0.2, gamma=0.3, noise=0.2)
        self.typical = np.mean(np.stack([_unpainted(e) for e in pool]), axis=0)
        self.appearance = self.typical

    def draw(self) -> Batch:
        """Draw one patch of a volume, or a few slices as flat images, of one electrode."""
        rng = self._rng
        example = self._pool[int(rng.integers(len(self._pool)))]
        factor = float(rng.uniform(1.2, 2.2)) if rng.random() < ZOOM_SHARE else 1.0
        flat = rng.random() < FLAT_SHARE
        size, count = (FLAT_PATCH, FLAT_PATCHES) if flat else (PATCH, 1)
        patches = [self._cut(example, size, factor, CRACK_SHARE) for _ in range(count)]
        images, truths = zip(*patches, strict=True)
        slices = [
            self._cut(example, (1, *size[1:]), factor, PAINTED_CRACK_SHARE)
            for _ in range(int(rng.integers(1, MOST_PAINTED + 1)))
        ]
        seen, painted = zip(*slices, strict=True)
        image, packed = self._change(
            np.concatenate([*seen, *images]),
            np.concatenate([*(p + np.uint8(PAINTED) for p in painted), *truths]),
        )
        self._look(image[: len(slices)], packed[: len(slices)])
        image, truth = image[len(slices) :], unpack(packed[len(slices) :])
        if flat:
            return image[:, None, None], truth.swapaxes(0, 1)[:, :, None]
        return image[None, None], truth[None]

    def _change(self, image: np.ndarray, packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Augment all slices alike; those with strokes stay in front."""
        changed, truth = self._augment(image[None], packed, self._rng)
        if truth[-1, 0, 0] & PAINTED:
            changed, truth = changed[:, ::-1], truth[::-1]
        return np.ascontiguousarray(changed[0]), truth & np.uint8(PAINTED - 1)

    def _look(self, slices: np.ndarray, packed: np.ndarray) -> None:
        """Paint a few strokes, and describe the electrode by them."""
        rng = self._rng
        strokes = np.stack([dab(unpack(p)[0], rng) for p in packed])
        if rng.random() < NO_STROKES:
            strokes[:] = 0
        self.appearance = describe_appearance(slices, strokes, N_CLASSES)
        for k in range(N_CLASSES):
            if rng.random() < (NO_CRACKS if k + 1 == CRACK else NOT_A_CLASS):
                forget_class(self.appearance, k)
        if rng.random() < NOTHING_TOLD:
            self.appearance = self.typical

    def _cut(
        self, example: Example, size: tuple[int, int, int], factor: float, crack_share: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Cut out a box, perhaps around a crack, and magnify it."""
        rng = self._rng
        cut = [-(-n // factor) if n > 1 else 1 for n in size]
        spare = np.array(example.image.shape) - cut
        if len(example.cracks) and rng.random() < crack_share:
            voxel = example.cracks[int(rng.integers(len(example.cracks)))]
            start = np.clip(voxel - rng.uniform(0.25, 0.75, 3) * cut, 0, spare)
        else:
            start = rng.uniform(0, 1, 3) * (spare + 1)
        box = tuple(slice(int(a), int(a) + int(n)) for a, n in zip(start, cut, strict=True))
        image, truth = example.image[box].astype(np.float32), example.truth[:, *box]
        if factor > 1:
            scale = np.array(size) / image.shape
            image = zoom(image, scale, order=1, grid_mode=True, mode="nearest")
            truth = zoom(truth, (1, *scale), order=0, grid_mode=True, mode="nearest")
        return image, _pack(truth)


def dab(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dab one to three spots on each class of a slice ``(y, x)``, most of them off its borders."""
    strokes = np.zeros_like(classes)
    y, x = np.ogrid[: classes.shape[0], : classes.shape[1]]
    for k in range(1, N_CLASSES + 1):
        if rng.random() < 0.1:
            continue
        for _ in range(int(rng.integers(1, 4))):
            where = classes == k
            if rng.random() < 0.7:
                inner = binary_erosion(where, iterations=2)
                where = inner if inner.sum() >= 4 else where
            places = np.argwhere(where)
            if len(places) < 4:
                continue
            centre = places[rng.integers(len(places))]
            near = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= rng.uniform(1.5, 5) ** 2
            strokes[where & near] = k
    return strokes


def _unpainted(example: Example) -> np.ndarray:
    """Appearance of some slices without strokes."""
    slices = example.image[::FLAT_PATCHES].astype(np.float32)
    return describe_appearance(slices, np.zeros(slices.shape, np.uint8), N_CLASSES)


def _pack(truth: np.ndarray) -> np.ndarray:
    """Both targets in one array, to be mirrored and turned together."""
    return np.asarray(truth[0] * np.uint8(16) + truth[1])


def unpack(packed: np.ndarray) -> np.ndarray:
    """Classes and depth in the particle, ``(2, ...)``, of a packed array."""
    return np.stack([packed // 16, packed % 16])
