"""Draw training patches around strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.nets.frames import CELL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from operando.compute.tiles import Box
    from operando.nets.augment import Augmentation
    from operando.nets.frames import Frames


@dataclass(frozen=True)
class LabelledVoxels:
    """Voxels that somebody labelled, as a list.

    Parameters
    ----------
    frame
        ``(n,)`` index of the frame.
    position
        ``(n, 3)`` voxel ``(z, y, x)``.
    label
        ``(n,)`` class, 1 to K.
    """

    frame: NDArray[np.int64]
    position: NDArray[np.int64]
    label: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.label)

    def select(self, where: NDArray[Any]) -> LabelledVoxels:
        """Return the voxels that a mask or an index picks."""
        return LabelledVoxels(self.frame[where], self.position[where], self.label[where])

    def cells(self) -> list[NDArray[np.int64]]:
        """Index the voxels of every cell that is read and kept together; see `CELL`."""
        places = np.column_stack([self.frame, self.position // np.array(CELL)])
        key = np.ravel_multi_index(tuple(places.T), tuple(places.max(axis=0) + 1))
        order = np.argsort(key, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)

    def paint(self, t: int, box: Box) -> NDArray[np.uint8]:
        """Labels of one box of one frame as an array, 0 where there is none."""
        low = np.array([s.start for s in box])
        high = np.array([s.stop for s in box])
        inside = (self.frame == t) & np.all((self.position >= low) & (self.position < high), axis=1)
        out = np.zeros(tuple(high - low), np.uint8)
        out[tuple((self.position[inside] - low).T)] = self.label[inside]
        return out


class PatchSampler:
    """Draws patches that contain labelled voxels, every class as often as the others.

    The class is drawn first, then one of its voxels, then where in the middle half of the
    patch that voxel lies; a patch never leaves the volume. So rare classes are seen as often as
    common ones, and long strokes more often than short ones.

    Parameters
    ----------
    frames
        The images.
    voxels
        What is labelled.
    size
        Patch ``(z, y, x)``; clipped to the volume.
    normalise
        Takes what was read ``(C, z, y, x)`` and the frame's index, returns float32.
    augment
        Random changes; None for none.
    """

    def __init__(
        self,
        frames: Frames,
        voxels: LabelledVoxels,
        size: Sequence[int],
        normalise: Callable[[NDArray[Any], int], NDArray[np.float32]],
        augment: Augmentation | None = None,
    ) -> None:
        self.size = tuple(min(s, n) for s, n in zip(size, frames.volume_shape, strict=True))
        self._frames = frames
        self._voxels = voxels
        self._normalise = normalise
        self._augment = augment
        self._of_class: Mapping[int, NDArray[np.int64]] = {
            int(k): np.flatnonzero(voxels.label == k) for k in np.unique(voxels.label)
        }

    def draw(
        self, rng: np.random.Generator, count: int
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Draw images ``(count, C, z, y, x)`` and labels ``(count, z, y, x)``."""
        classes = list(self._of_class)
        patches = []
        for _ in range(count):
            of_class = self._of_class[classes[int(rng.integers(len(classes)))]]
            voxel = int(of_class[int(rng.integers(len(of_class)))])
            image, labels = self.patch(voxel, rng.uniform(0.25, 0.75, 3))
            if self._augment is not None:
                image, labels = self._augment(image, labels, rng)
            patches.append((image, labels))
        images, labels_ = zip(*patches, strict=True)
        return np.stack(images), np.stack(labels_)

    def patch(
        self, voxel: int, where: Sequence[float] | NDArray[Any] = (0.5, 0.5, 0.5)
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Cut the patch in which one labelled voxel lies at the fraction `where` of each edge."""
        t = int(self._voxels.frame[voxel])
        box = []
        for p, f, s, n in zip(
            self._voxels.position[voxel], where, self.size, self._frames.volume_shape, strict=True
        ):
            start = int(np.clip(int(p) - int(f * s), 0, n - s))
            box.append(slice(start, start + s))
        cut = tuple(box)
        labels = np.where(self._frames.imaged(t, cut), self._voxels.paint(t, cut), np.uint8(0))
        return self._normalise(self._frames.read(t, cut), t), labels

    def cover(self, limit: int) -> list[int]:
        """Pick at most `limit` voxels whose patches hold as many labelled voxels as possible."""
        rng = np.random.default_rng(0)
        left = np.ones(len(self._voxels), bool)
        half = np.maximum(np.array(self.size) // 2, 1)
        picked: list[int] = []
        while left.any() and len(picked) < limit:
            voxel = int(rng.choice(np.flatnonzero(left)))
            picked.append(voxel)
            near = np.abs(self._voxels.position - self._voxels.position[voxel]) < half
            left &= ~(near.all(axis=1) & (self._voxels.frame == self._voxels.frame[voxel]))
        return picked
