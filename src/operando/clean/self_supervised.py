"""Denoise with a network that learns from the noisy series alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from operando.clean.noise import read_sample
from operando.clean.operation import Operation
from operando.compute.blocks import cubes, sample_slices
from operando.compute.spread import robust_sigma

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from operando.compute.blocks import Extent, Place, Triple
    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

_PATCH = (8, 64, 64)
_BATCH = 4
_MASKED = 0.02
_REACH = 24
_MOST_FRAMES = 4
_PREVIEW = (24, 256, 256)
PREVIEW_STEPS = 60
"""Training for a preview: voxels of the part, and steps."""


class LearnedDenoise(Operation):
    """Take away noise by a small network that learns from the series itself (Noise2Void)."""

    steps: int = Field(
        300,
        ge=20,
        le=20_000,
        title="Training steps",
        description="300 take about a minute on two processor cores; more helps little",
    )
    seed: int = Field(0, ge=0, title="Seed", description="Of the random choices")

    def extent(self, shape: Triple) -> Extent:
        """Cubes with the reach of the network around them."""
        return cubes(shape, _REACH)

    def prepare(
        self,
        series: Series,
        frames: Sequence[int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Learned:
        """Train on slabs of the series."""
        del frames  # what is learned must not depend on what is cleaned
        return learn(series, steps=self.steps, seed=self.seed, progress=progress)

    def prepare_preview(
        self, series: Series, t: int, z: int, progress: ProgressCallback | None = None
    ) -> Learned:
        """Train a little on a part of the series around a slice."""
        depth, *edges = series.volume_shape
        first = max(0, min(z - _PREVIEW[0] // 2, depth - _PREVIEW[0]))
        starts = [max(0, (n - p) // 2) for n, p in zip(edges, _PREVIEW[1:], strict=True)]
        y, x = (slice(s, s + p) for s, p in zip(starts, _PREVIEW[1:], strict=True))
        near = series.data[t : t + 1, :, first : first + _PREVIEW[0], y, x]
        part = replace(series, data=near, times=None, source=(), metadata=())
        steps = min(self.steps, PREVIEW_STEPS)
        return learn(part, steps=steps, seed=self.seed, progress=progress)

    def preview_scope(self, t: int, z: int) -> tuple[int, ...]:
        """Share what was learned between all slices."""
        del t, z
        return ()

    def apply(
        self, block: NDArray[np.float32], place: Place, prepared: Learned
    ) -> NDArray[np.float32]:
        """Filter one block."""
        return prepared.denoise(block, place.channel)


class Learned:
    """A trained network and the grey scale of every channel.

    Parameters
    ----------
    network
        Takes and gives ``(N, 1, z, y, x)``.
    scales
        Median and robust spread per channel.
    """

    def __init__(self, network: torch.nn.Module, scales: Sequence[tuple[float, float]]) -> None:
        self._network = network.eval()
        self._scales = scales

    def denoise(self, block: NDArray[np.float32], channel: int = 0) -> NDArray[np.float32]:
        """Denoise a block ``(z, y, x)``."""
        import torch

        level, spread = (np.float32(v) for v in self._scales[channel])
        scaled = torch.from_numpy((block - level) / spread)[None, None]
        with torch.inference_mode():
            out = self._network(scaled)[0, 0].numpy()
        return np.asarray(out * spread + level, np.float32)


def learn(
    series: Series, *, steps: int = 300, seed: int = 0, progress: ProgressCallback | None = None
) -> Learned:
    """Train a blind-spot network [Krull 2019].

    Some voxels of a patch are replaced by a neighbour's value, and the network has to tell what
    was there. It cannot know the noise, as long as that is independent from voxel to voxel, so it
    learns to give the grey value without it. Noise that is correlated between voxels stays.

    Parameters
    ----------
    series
        Patches are drawn from slabs of at most four frames.
    steps
        Batches.
    seed
        Of weights and patches.
    progress
        Told after every step; raises `Cancelled` to stop.
    """
    import torch

    from operando.nets.architecture import Architecture, build, plan_levels
    from operando.nets.training import Schedule, fit

    scales = [_scale(series, c) for c in range(series.n_channels)]
    slabs = _slabs(series, scales)
    rng = np.random.default_rng(seed)
    patch = tuple(min(p, n) for p, n in zip(_PATCH, slabs[0].shape, strict=True))
    kernels, strides = plan_levels(patch, series.voxel_size or (1.0, 1.0, 1.0), levels=2)
    network = build(
        Architecture(
            network="unet3d",
            in_channels=1,
            n_classes=1,
            width=16,
            kernels=kernels,
            strides=strides,
        ),
        seed,
    )
    done = fit(
        network,
        lambda: _draw(slabs, patch, rng),
        _blind_spot_loss,
        Schedule(steps=steps, weight_decay=0.0),
        progress=progress,
    )
    network.load_state_dict({k: torch.from_numpy(v) for k, v in done.weights.items()})
    return Learned(network, scales)


def _blind_spot_loss(
    network: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Mean square error where voxels were hidden; ``targets (N, 2, z, y, x)``: grey, hidden."""
    grey, hidden = targets[:, 0], targets[:, 1]
    error = (network(images)[:, 0] - grey) ** 2 * hidden
    mean: torch.Tensor = error.sum() / hidden.sum().clamp(min=1)
    return mean


def _draw(
    slabs: Sequence[NDArray[np.float32]], patch: tuple[int, ...], rng: np.random.Generator
) -> tuple[Any, Any]:
    """Draw patches with hidden voxels, and what was there."""
    images = np.empty((_BATCH, 1, *patch), np.float32)
    targets = np.zeros((_BATCH, 2, *patch), np.float32)
    for k in range(_BATCH):
        slab = slabs[int(rng.integers(len(slabs)))]
        start = [int(rng.integers(n - p + 1)) for n, p in zip(slab.shape, patch, strict=True)]
        clean = slab[tuple(slice(s, s + p) for s, p in zip(start, patch, strict=True))]
        if rng.random() < 0.5:
            clean = clean[:, ::-1]
        if rng.random() < 0.5:
            clean = clean[:, :, ::-1]
        hidden = rng.random(patch) < _MASKED
        images[k, 0] = np.where(hidden, _neighbours(clean, rng), clean)
        targets[k] = clean, hidden
    return images, targets


def _neighbours(clean: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Value of a random other voxel within two voxels, for every voxel."""
    places = np.indices(clean.shape)
    reach = [min(2, n - 1) for n in clean.shape]
    offset = np.stack([rng.integers(-r, r + 1, clean.shape) for r in reach])
    still = (offset == 0).all(axis=0)
    offset[-1][still] = rng.choice([-1, 1], int(still.sum()))
    at = [
        np.where((p + o < 0) | (p + o >= n), p - o, p + o)
        for p, o, n in zip(places, offset, clean.shape, strict=True)
    ]
    return np.asarray(
        clean[tuple(np.clip(a, 0, n - 1) for a, n in zip(at, clean.shape, strict=True))]
    )


def _scale(series: Series, channel: int) -> tuple[float, float]:
    sample = np.stack(read_sample(series, 0, channel)).astype(np.float32)
    known = sample[np.isfinite(sample)]
    if not known.size:
        return 0.0, 1.0
    return float(np.median(known)), float(known.std()) or robust_sigma(known) or 1.0


def _slabs(series: Series, scales: Sequence[tuple[float, float]]) -> list[NDArray[np.float32]]:
    """Read the slabs that patches are drawn from: three per frame, at most 16 million voxels."""
    depth, height, width = series.volume_shape
    thick = min(_PATCH[0], depth)
    edge = 1024
    box = tuple(slice((n - min(n, edge)) // 2, (n + min(n, edge)) // 2) for n in (height, width))
    frames = sample_slices(series.n_frames, _MOST_FRAMES)
    starts = sorted({int(z) for z in np.linspace(0, depth - thick, 3)})
    slabs = []
    for t in frames:
        for c, (level, spread) in enumerate(scales):
            for z in starts[: max(1, 12 // len(frames))]:
                raw = np.asarray(series.data[(t, c, slice(z, z + thick), *box)], np.float32)
                slabs.append(np.nan_to_num((raw - level) / spread, posinf=0, neginf=0))
    return slabs
