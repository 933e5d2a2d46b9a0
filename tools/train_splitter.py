"""Train the network that parts particles; writes cutting/splitter.safetensors.

It learns from synthetic electrodes with exact truth: the first and the last frame of each, as they
are and with borders roughened as a segmentation roughens them. Seeds from 5000 on are used here
only. `--minutes 1 --count 2` shows in a minute that it runs. The time decides how far the training
comes, so weights differ from run to run. Those that ship went on for 4100 steps with `--count 340
--minutes 90 --start` from those of a forerunner: 2700 steps on 95 electrodes without mixed sizes.
Run `tools/fit_joining.py` afterwards: it fits the rule that reads the network's answer.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from operando.particles.cutting.ground import typical_diameter
from operando.particles.cutting.interior import build_network, resample, to_input
from operando.particles.labels.closing import distance
from operando.samples import (
    ElectrodeSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
)
from operando.samples.render import render_frame
from operando.samples.scene import build_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TARGET = Path(__file__).parents[1] / "src/operando/particles/cutting/splitter.safetensors"
FIRST_SEED = 5000
HELD_OUT = 20
"""Seeds that it divides are left out, to look at the result."""

FRAMES = 4
SHAPE = (64, 96, 96)
VARIANTS = 3
"""How often every frame is seen, each time with another size and other borders."""

PATCH, BATCH, RATE = 32, 4, 2e-3


@dataclass(frozen=True)
class Lesson:
    """What the network sees and should answer, each ``(Z, Y, X)``."""

    shares: NDArray[np.float16]
    depth: NDArray[np.float16]
    inside: NDArray[np.bool_]


def electrode(seed: int) -> ElectrodeSettings:
    """Of every eight, three are dense, one is loose, one typical, and three are drawn at random.

    Half of the dense ones hold particles of very different sizes.
    """
    size = {"frames": FRAMES, "shape": SHAPE}
    kinds = {3: loose_electrode, 6: ElectrodeSettings().with_}
    if seed % 8 in (1, 5, 7):
        return draw_settings(seed, **size)
    if seed % 8 in kinds:
        return kinds[seed % 8](**size)
    dense = calendered_electrode(**size)
    rng = np.random.default_rng(seed)
    mixed = rng.random() < 0.5
    return dense.with_(particles__spread=rng.uniform(0.2, 0.6)) if mixed else dense


def lessons(seed: int, rng: np.random.Generator) -> Iterator[Lesson]:
    """Draw what there is to learn from one electrode."""
    scene = build_scene(electrode(seed), seed)
    for t in (0, FRAMES - 1):
        frame = render_frame(scene, t)
        for _ in range(VARIANTS):
            yield lesson(frame.phases == 3, frame.ids, rng)


def lesson(solid: NDArray[np.bool_], ids: NDArray[np.int32], rng: np.random.Generator) -> Lesson:
    """Bring a frame to about the size at which the network sees it."""
    unit = (1.0, 1.0, 1.0)
    typical = typical_diameter(distance(solid, unit), solid) * np.exp(rng.normal(0, 0.15))
    seen = roughened(solid, rng) if rng.random() < 0.6 else solid
    shares = resample(seen, typical, unit)
    index = [
        np.minimum(((np.arange(n) + 0.5) * m / n).astype(int), m - 1)
        for n, m in zip(shares.shape, ids.shape, strict=True)
    ]
    small = ids[np.ix_(*index)]
    return Lesson(shares.astype(np.float16), depth_of(small).astype(np.float16), small > 0)


def roughened(solid: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Roughen borders and close fine cracks, like a prediction of Dice 0.9 to 0.97 does."""
    from scipy.ndimage import gaussian_filter

    sigma = rng.uniform(0.5, 1.1)
    noise = gaussian_filter(rng.normal(size=solid.shape), sigma)
    blurred = gaussian_filter(solid.astype(float), sigma)
    level = rng.uniform(0.42, 0.55)
    return np.asarray(blurred + rng.uniform(0.05, 0.2) * noise / noise.std() > level)


def depth_of(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Distance to the border of the own particle, over the largest one in it."""
    from edt import edt
    from scipy.ndimage import maximum

    depth = edt(np.ascontiguousarray(ids, np.uint32)).astype(np.float32)
    deepest = np.asarray(maximum(depth, ids, np.arange(ids.max() + 1)), np.float32)
    return np.where(ids > 0, depth / np.maximum(deepest, 1)[ids], 0).astype(np.float32)


def patch(source: Lesson, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Cut out a cube, turned and mirrored at random."""
    box = tuple(
        slice(s, s + PATCH)
        for s in (rng.integers(max(1, n - PATCH + 1)) for n in source.shares.shape)
    )
    order = rng.permutation(3)
    mirrored = [axis for axis in range(3) if rng.random() < 0.5]
    cubes = []
    for volume in (source.shares, source.depth, source.inside):
        cube = volume[box].astype(np.float32)
        cube = np.pad(cube, [(0, PATCH - n) for n in cube.shape], mode="edge")
        cubes.append(np.flip(cube.transpose(order), mirrored).copy())
    return cubes


def loss_of(
    answer: torch.Tensor, shares: torch.Tensor, depth: torch.Tensor, inside: torch.Tensor
) -> torch.Tensor:
    """Mean error of the depth where there is something, and cross-entropy of being inside."""
    counts = (shares > 0.02) | (inside > 0)
    error = ((torch.sigmoid(answer[:, :1]) - depth).abs() * counts).sum() / counts.sum()
    return 3 * error + functional.binary_cross_entropy_with_logits(answer[:, 1:], inside)


def train(
    network: torch.nn.Module, known: list[Lesson], seconds: float, rng: np.random.Generator
) -> torch.nn.Module:
    """Train for a while, with a learning rate that falls along a cosine."""
    network = network.to(memory_format=torch.channels_last_3d)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-4)
    start, step, recent = time.monotonic(), 0, 0.0
    while (share := (time.monotonic() - start) / seconds) < 1:
        rate = RATE * max(0.01, 0.5 * (1 + np.cos(np.pi * share))) * min(1, (step + 1) / 50)
        optimiser.param_groups[0]["lr"] = rate
        drawn = [patch(known[rng.integers(len(known))], rng) for _ in range(BATCH)]
        shares, depth, inside = (
            torch.from_numpy(np.stack(part))[:, None] for part in zip(*drawn, strict=True)
        )
        loss = loss_of(network(to_input(shares)), shares, depth, inside)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        step, recent = step + 1, recent + loss.item() / 100
        if step % 100 == 0:
            print(f"step {step}, {share:.0%}, loss {recent:.4f}", flush=True)
            recent = 0.0
    return network


def main() -> None:
    """Parse the command line, train, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="number of electrodes")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--start", type=Path, help="weights to go on from")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    seeds = [s for s in range(FIRST_SEED, FIRST_SEED + options.count) if s % HELD_OUT]
    known = [x for seed in seeds for x in lessons(seed, rng)]
    print(f"{len(known)} volumes from {len(seeds)} electrodes", flush=True)
    network = build_network()
    if options.start:
        stored = load_file(options.start)
        network.load_state_dict({name: value.float() for name, value in stored.items()})
    weights = train(network, known, 60 * options.minutes, rng).state_dict()
    halves = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    save_file({k: v.contiguous() for k, v in halves.items()}, options.out)


if __name__ == "__main__":
    main()
