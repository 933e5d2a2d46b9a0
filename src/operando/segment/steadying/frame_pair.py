"""Two neighbouring frames of a series, voxel by voxel along the motion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.spread import robust_sigma
from operando.data.displacement import NodeStatus, voxels_of
from operando.segment.normalise import Normalise, grey_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from operando.compute.tiles import Box
    from operando.data import DisplacementField
    from operando.nets.frames import Frames

LIMIT = 1.5
"""Differences up to so many standard deviations of the noise count as no change."""
_BLUR = 0.7
_REACH = 3
_TURNS = 4
_CERTAIN = 0.999
_SAMPLE = (32, 64, 64)
_MOST_SAMPLES = 12


class FramePair:
    """A frame, and the one before or after it.

    A voxel is *unchanged* where the difference of the two images, carried along the motion and
    smoothed by a Gaussian of 0.7 voxel, lies within `limit` standard deviations of its noise. The
    noise is measured from the smoothed difference itself, so it may be correlated; more than half
    of the voxels are taken to be unchanged. Frames are brought to one grey scale first (1st and
    99th percentile, as for the network), and their median difference is taken away, so changes of
    brightness and contrast do not matter. With few grey levels the rounding counts as noise.
    A voxel whose place in the other frame lies outside the image, or was not imaged in one of the
    two, is not unchanged.

    Parameters
    ----------
    images
        The series; with several channels all must be unchanged.
    frame, other
        Numbers of the frames; voxels are those of `frame`.
    field
        From the earlier to the later of them; None where nothing moves.
    limit
        See above.
    """

    def __init__(
        self,
        images: Frames,
        frame: int,
        other: int,
        *,
        field: DisplacementField | None = None,
        limit: float = LIMIT,
    ) -> None:
        self._images = images
        self.frame, self.other = frame, other
        self._field = field if field is None or other > frame else inverse(field)
        self._grey = Normalise({t: grey_scale(images, t) for t in (frame, other)})
        self._middle, self._sigma = self._measure_noise()
        self._limit = limit

    @property
    def moves(self) -> bool:
        """Whether voxels have to be looked for elsewhere in the other frame."""
        return self._field is not None

    def unchanged(self, box: Box) -> NDArray[np.bool_]:
        """Which voxels of a box ``(z, y, x)`` did not change."""
        off = np.abs(self._difference(box) - _per_channel(self._middle))
        calm = (off <= self._limit * _per_channel(self._sigma)).all(axis=0)
        calm &= self._images.imaged(self.frame, box)
        if self._field is None:
            return np.asarray(calm & self._images.imaged(self.other, box))
        (there,) = self.carried(lambda b: self._images.imaged(self.other, b)[None], box)
        return np.asarray(calm & (there > _CERTAIN) & self._inside(self.places(box)))

    def places(self, box: Box) -> NDArray[np.float32]:
        """Where the voxels of a box lie in the other frame, ``(3, z, y, x)``."""
        start = voxels_of(box)
        return start if self._field is None else start + self._field.over(box)

    def carried(self, read: Callable[[Box], NDArray[Any]], box: Box) -> NDArray[np.float32]:
        """Take values of the other frame to the voxels of a box, linear between voxels.

        Parameters
        ----------
        read
            Gives a box ``(C, z, y, x)`` of the other frame.
        box
            Voxels of `frame`.

        Returns
        -------
        ``(C, z, y, x)``; what lies outside the image takes the value at its border.
        """
        from scipy.ndimage import map_coordinates

        if self._field is None:
            return read(box).astype(np.float32)
        places = self.places(box)
        around = surroundings(places, self._images.volume_shape)
        values = read(around)
        places -= _per_channel(np.array([side.start for side in around], np.float32))
        out = np.empty((len(values), *places.shape[1:]), np.float32)
        for channel, target in zip(values, out, strict=True):
            map_coordinates(channel.astype(np.float32), places, target, order=1, mode="nearest")
        return out

    def _difference(self, box: Box) -> NDArray[np.float32]:
        """Smoothed difference of the grey values in a box, ``(C, z, y, x)``."""
        from scipy.ndimage import gaussian_filter

        shape = self._images.volume_shape
        padded = tuple(
            slice(max(0, side.start - _REACH), min(n, side.stop + _REACH))
            for side, n in zip(box, shape, strict=True)
        )
        own = self._grey(self._images.read(self.frame, padded), self.frame)
        other = self.carried(
            lambda there: self._grey(self._images.read(self.other, there), self.other), padded
        )
        smooth = gaussian_filter(other - own, _BLUR, axes=(1, 2, 3), radius=_REACH, mode="nearest")
        inner = [
            slice(side.start - p.start, side.stop - p.start)
            for side, p in zip(box, padded, strict=True)
        ]
        return np.asarray(smooth[:, *inner])

    def _inside(self, places: NDArray[np.float32]) -> NDArray[np.bool_]:
        last = np.array(self._images.volume_shape, np.float32) - 1
        return np.asarray(((places >= 0) & (places <= _per_channel(last))).all(axis=0))

    def _measure_noise(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Median and standard deviation of the difference per channel, from a sample of boxes."""
        boxes = spread_boxes(self._images.volume_shape)
        channels = self._images.shape[1]
        grey, values = (
            np.concatenate([look(box).reshape(channels, -1) for box in boxes], axis=1)
            for look in (lambda box: self._images.read(self.frame, box), self._difference)
        )
        known = [v[~_is_margin(g, v)] for g, v in zip(grey, values, strict=True)]
        rounding = [self._rounding(t, boxes[len(boxes) // 2]) for t in (self.frame, self.other)]
        sigma = np.array([robust_sigma(channel) for channel in known])
        return np.array([np.median(v) for v in known]), np.max([sigma, *rounding], axis=0)

    def _rounding(self, t: int, box: Box) -> NDArray[np.float64]:
        """Give the noise per channel that rounding alone leaves in the difference."""
        scale = self._grey.scales[t]
        steps = [_smallest_step(channel) for channel in self._images.read(t, box)]
        return np.asarray(np.array(steps) * 2 / (scale.high - scale.low) / np.sqrt(6))


def _is_margin(grey: NDArray[Any], difference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find voxels outside the field of view: NaN, or of one grey level and alike in both."""
    levels, counts = np.unique(grey, return_counts=True)
    margin = (difference == 0) & (grey == levels[counts.argmax()]) | ~np.isfinite(grey)
    return margin if not margin.all() else np.zeros_like(margin)


def _smallest_step(values: NDArray[Any]) -> float:
    """Distance of the two nearest grey levels; 0 with one level only."""
    levels = np.unique(values[np.isfinite(values)]).astype(np.float64)
    return float(np.diff(levels).min()) if len(levels) > 1 else 0.0


def inverse(field: DisplacementField) -> DisplacementField:
    """Motion back from the later frame, on the same nodes.

    The fixed point of ``v(x) = -u(x + v(x))``, which is reached as long as strains are well below
    1. Of the other quantities of the field nothing is turned around.
    """
    nodes = field.positions.T
    back = -field.at(nodes)
    for _ in range(_TURNS):
        back = -field.at(nodes + back)
    valid = np.full_like(field.status, NodeStatus.CONVERGED)
    return replace(field, displacement=back.T, status=valid)


def spread_boxes(shape: tuple[int, int, int]) -> list[Box]:
    """Small boxes evenly spread over a volume, for statistics of it."""
    from operando.compute.tiles import plan_tiles

    tiles = plan_tiles(shape, _SAMPLE)
    chosen = np.unique(np.linspace(0, len(tiles) - 1, _MOST_SAMPLES).round().astype(int))
    return [tiles[i].core for i in chosen]


def surroundings(places: NDArray[np.float32], shape: tuple[int, int, int]) -> Box:
    """Box of the voxels that are needed to interpolate at places ``(3, ...)``."""
    flat = places.reshape(3, -1)
    last = np.array(shape) - 1
    low = np.clip(np.floor(flat.min(axis=1)).astype(int), 0, last)
    high = np.clip(np.ceil(flat.max(axis=1)).astype(int), 0, last)
    return tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))


def _per_channel(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(-1, 1, 1, 1)
