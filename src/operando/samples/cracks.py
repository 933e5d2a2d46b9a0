"""Cracks: curved sheets in a particle whose two faces part, with exact kinematics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.samples.settings import CrackSettings


@dataclass(frozen=True, kw_only=True)
class Crack:
    """One crack in the coordinates ``q`` of its particle (origin at the centre, voxels).

    The sheet is ``q·n = h(p)`` with ``p`` the two coordinates across the normal ``n``. Opening
    moves the material by half the width along ``±n``: ``q + sign(q·n - h) n w(p) / 2``. As ``p``
    and ``h(p)`` do not change, this has an exact inverse, whatever the shape of the sheet.

    Parameters
    ----------
    frame
        ``(3, 3)`` rows: the normal, then the two directions in the sheet.
    offset
        Distance of the sheet from the centre, voxels.
    centre
        ``(2,)`` middle of the crack in the sheet, voxels.
    waves
        ``(K, 4)`` undulation: amplitude, two wave numbers (1/voxel), phase.
    openings
        ``(T,)`` width in the middle, voxels.
    extents
        ``(T,)`` half length, voxels; the width falls to 0 there as ``1 - (|p|/extent)²``.
    """

    frame: NDArray[np.float32]
    offset: float
    centre: NDArray[np.float32]
    waves: NDArray[np.float32]
    openings: NDArray[np.float32]
    extents: NDArray[np.float32]

    def width(self, in_sheet: NDArray[np.float32], t: int) -> NDArray[np.float32]:
        """Width at ``(2, N)`` places in the sheet, voxels."""
        rho2 = ((in_sheet - self.centre[:, None]) ** 2).sum(0) / self.extents[t] ** 2
        return np.asarray(self.openings[t] * np.maximum(0, 1 - rho2), np.float32)

    def _across(
        self, q: NDArray[np.float32], t: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        local = self.frame @ q
        height = np.full(q.shape[1], self.offset, np.float32)
        for amplitude, k0, k1, phase in self.waves:
            height += amplitude * np.sin(k0 * local[1] + k1 * local[2] + phase)
        return local[0] - height, self.width(local[1:], t)

    def open(self, q: NDArray[np.float32], t: int) -> NDArray[np.float32]:
        """Move material points ``(3, N)`` to where they are in frame `t`."""
        side, width = self._across(q, t)
        moved = q + self.frame[0][:, None] * (0.5 * np.sign(side) * width)
        return np.asarray(moved, np.float32)

    def close(
        self, q: NDArray[np.float32], t: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find the material points that are at ``(3, N)`` in frame `t`, and the void there.

        Returns
        -------
        Material points; for places inside the crack the nearest point of the sheet.
        Share of the voxel that is void, 0 to 1.
        """
        side, width = self._across(q, t)
        closed = np.sign(side) * np.maximum(np.abs(side) - width / 2, 0)
        void = np.minimum(width / 2 - np.abs(side) + 0.5, np.minimum(width, 1))
        return q + self.frame[0][:, None] * (closed - side), np.maximum(void, 0)


def draw_cracks(
    radius: float, settings: CrackSettings, frames: int, rng: np.random.Generator
) -> tuple[Crack, ...]:
    """Draw the cracks of one particle, none for most particles if `share` is small."""
    if rng.random() >= settings.share or settings.opening == 0:
        return ()
    count = 1 + rng.poisson(settings.per_particle - 1)
    return tuple(_draw_crack(radius, settings, frames, rng) for _ in range(count))


def _draw_crack(
    radius: float, settings: CrackSettings, frames: int, rng: np.random.Generator
) -> Crack:
    frame = np.linalg.qr(rng.standard_normal((3, 3)))[0].T.astype(np.float32)
    centre = rng.uniform(-0.5, 0.5, 2) * radius * max(0.0, 1 - settings.reach / 3)
    number = 2 * np.pi / (radius * rng.uniform(0.8, 2, 3))
    angle, phase = rng.uniform(0, 2 * np.pi, (2, 3))
    amplitude = settings.waviness * radius * rng.normal(0, 0.6, 3)
    waves = np.stack([amplitude, number * np.cos(angle), number * np.sin(angle), phase], 1)
    progress = _growth(frames, rng.random() < settings.started, rng)
    opening = settings.opening * rng.uniform(0.6, 1.4) * min(1.0, radius / 8)
    extent = settings.reach * radius * rng.uniform(0.75, 1.25)
    return Crack(
        frame=frame,
        offset=float(rng.uniform(-0.35, 0.35) * radius),
        centre=centre.astype(np.float32),
        waves=waves.astype(np.float32),
        openings=(opening * progress).astype(np.float32),
        extents=(extent * (0.5 + 0.5 * progress)).astype(np.float32),
    )


def _growth(frames: int, started: bool, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rise to 1 at the last frame; from 0, or from up to 0.6 if already started."""
    first = rng.uniform(0.3, 0.6) if started else 0.0
    onset = 0.0 if started else rng.uniform(0, 0.6)
    time = np.linspace(0, 1, frames) if frames > 1 else np.zeros(1)
    return np.asarray(first + (1 - first) * np.clip((time - onset) / (1 - onset), 0, 1))
