"""Train a network that parts particles; writes one of cutting/splitter_*.safetensors.

It learns from synthetic electrodes with exact truth, see `electrode_views`. Seeds from 5000 on are
used here only. `--minutes 1 --count 2` shows in a minute that it runs. The time decides how far
the training comes, so weights differ from run to run. Run `tools/fit_joining.py` afterwards: it
fits the rule that reads the network's answer.

The weights for masks that ship are of an earlier state of this script: 6800 steps, the last 4100
on 340 electrodes, as they are and roughened, without the way to the centre, which is 0 in them.
Those for probabilities went on from them for 58 minutes, 8200 steps, with 47 electrodes, and then
for 55 minutes, 14,100 steps, at half the rate with the 108 of `--count 114`.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from electrode_views import frames, whole
from safetensors.torch import load_file, save_file
from torch.nn import functional

from operando.particles.cutting.ground import typical_diameter
from operando.particles.cutting.interior import (
    TYPICAL,
    WEIGHTS,
    build_network,
    resample,
    to_input,
)
from operando.particles.labels.closing import distance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from operando.particles.labels.sure import Shown, Solid

ROOM = Path(__file__).parents[1] / "src/operando/particles/cutting"
FIRST_SEED = 5000
HELD_OUT = 20
"""Seeds that it divides are left out, to look at the result."""

UNIT = (1.0, 1.0, 1.0)
FARTHEST = 2.5
"""Typical diameters to the centre of a particle that are told apart."""

PATCH, BATCH, RATE = 32, 4, 2e-3


@dataclass(frozen=True)
class Lesson:
    """What the network sees and should answer, each ``(Z, Y, X)``, the way ``(3, Z, Y, X)``."""

    shares: NDArray[np.float16]
    depth: NDArray[np.float16]
    inside: NDArray[np.bool_]
    way: NDArray[np.float16]


def lessons(seed: int, shown: Shown, folder: Path, rng: np.random.Generator) -> Iterator[Lesson]:
    """Draw what there is to learn from one electrode."""
    for frame in frames(seed, folder):
        for view in frame.views(shown, rng):
            yield lesson(view, frame.ids, rng)


def lesson(view: Solid, ids: NDArray[np.int32], rng: np.random.Generator) -> Lesson:
    """Bring a frame to about the size at which the network sees it."""
    everything = whole(ids)
    solid = view.sure(everything)
    typical = typical_diameter(distance(solid, UNIT), solid) * np.exp(rng.normal(0, 0.15))
    shares = resample(view.share(everything), typical, UNIT)
    index = [
        np.minimum(((np.arange(n) + 0.5) * m / n).astype(int), m - 1)
        for n, m in zip(shares.shape, ids.shape, strict=True)
    ]
    small = ids[np.ix_(*index)]
    return Lesson(
        shares.astype(np.float16),
        depth_of(small).astype(np.float16),
        small > 0,
        way_to_centre(small).astype(np.float16),
    )


def depth_of(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Distance to the border of the own particle, over the largest one in it."""
    from edt import edt
    from scipy.ndimage import maximum

    depth = edt(np.ascontiguousarray(ids, np.uint32)).astype(np.float32)
    deepest = np.asarray(maximum(depth, ids, np.arange(ids.max() + 1)), np.float32)
    return np.where(ids > 0, depth / np.maximum(deepest, 1)[ids], 0).astype(np.float32)


def way_to_centre(ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Way ``(3, Z, Y, X)`` to the centre of what is seen of the own particle, over `TYPICAL`."""
    size = int(ids.max()) + 1
    count = np.maximum(np.bincount(ids.ravel(), minlength=size), 1)
    out = np.zeros((3, *ids.shape), np.float32)
    for axis, place in enumerate(np.ogrid[tuple(slice(n) for n in ids.shape)]):
        places = np.broadcast_to(place, ids.shape)
        centre = np.bincount(ids.ravel(), places.ravel(), size) / count
        out[axis] = np.where(ids > 0, (centre[ids] - places) / TYPICAL, 0)
    return np.clip(out, -FARTHEST, FARTHEST)


def patch(source: Lesson, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Cut out a cube of every volume, turned and mirrored at random, with channels in front."""
    box = tuple(
        slice(s, s + PATCH)
        for s in (rng.integers(max(1, n - PATCH + 1)) for n in source.shares.shape)
    )
    order = rng.permutation(3)
    mirrored = np.flatnonzero(rng.random(3) < 0.5)
    cubes = []
    for volume in (source.shares[None], source.depth[None], source.inside[None], source.way):
        cube = volume[:, *box].astype(np.float32)
        cube = np.pad(cube, [(0, 0), *((0, PATCH - n) for n in cube.shape[1:])], mode="edge")
        cubes.append(np.flip(cube.transpose(0, *(1 + order)), tuple(1 + mirrored)).copy())
    way = cubes[-1][order]
    way[mirrored] *= -1
    return [*cubes[:-1], way]


def losses(
    answer: torch.Tensor,
    shares: torch.Tensor,
    depth: torch.Tensor,
    inside: torch.Tensor,
    way: torch.Tensor,
) -> torch.Tensor:
    """Mean errors of the depth where there is something and of the way to the centre.

    Between them the cross-entropy of being inside.
    """
    counts = (shares > 0.02) | (inside > 0)
    error = ((torch.sigmoid(answer[:, :1]) - depth).abs() * counts).sum() / counts.sum()
    unsure = functional.binary_cross_entropy_with_logits(answer[:, 1:2], inside)
    missed = ((answer[:, 2:] - way).abs() * inside).sum() / (3 * inside.sum()).clamp(min=1)
    return torch.stack([error, unsure, missed])


def train(
    network: torch.nn.Module, known: list[Lesson], seconds: float, rng: np.random.Generator
) -> torch.nn.Module:
    """Train for a while, with a learning rate that falls along a cosine."""
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-4)
    weights = torch.tensor([3.0, 1.0, 2.0])
    start, step, recent = time.monotonic(), 0, torch.zeros(3)
    while (share := (time.monotonic() - start) / seconds) < 1:
        rate = RATE * max(0.01, 0.5 * (1 + np.cos(np.pi * share))) * min(1, (step + 1) / 50)
        optimiser.param_groups[0]["lr"] = rate
        drawn = [patch(known[rng.integers(len(known))], rng) for _ in range(BATCH)]
        shares, *wanted = (torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))
        seen = to_input(shares).contiguous(memory_format=torch.channels_last_3d)
        loss = losses(network(seen), shares, *wanted)
        optimiser.zero_grad()
        (weights @ loss).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        step, recent = step + 1, recent + loss.detach() / 100
        if step % 100 == 0:
            print(f"step {step}, {share:.0%}: depth, inside, way {recent.numpy()}", flush=True)
            recent = torch.zeros(3)
    return network


def start_from(network: torch.nn.Module, weights: Path) -> None:
    """Take weights over; answers that they do not know yet start small."""
    own = network.state_dict()
    for name, value in load_file(weights).items():
        if value.shape != own[name].shape:
            value = torch.cat([value.float(), 0.3 * own[name][len(value) :]])
        own[name] = value
    network.load_state_dict(own)


def main() -> None:
    """Parse the command line, train, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="number of electrodes")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--shown", choices=("mask", "probability"), default="probability")
    parser.add_argument("--out", type=Path, help="default: the weights that ship")
    parser.add_argument("--start", type=Path, help="weights to go on from")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep electrodes in")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    seeds = [s for s in range(FIRST_SEED, FIRST_SEED + options.count) if s % HELD_OUT]
    known = [x for seed in seeds for x in lessons(seed, options.shown, options.cache, rng)]
    print(f"{len(known)} volumes from {len(seeds)} electrodes", flush=True)
    network = build_network()
    if options.start:
        start_from(network, options.start)
    weights = train(network, known, 60 * options.minutes, rng).state_dict()
    out = options.out or ROOM / WEIGHTS.format(options.shown)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    save_file({k: v.contiguous() for k, v in halves.items()}, out)


if __name__ == "__main__":
    main()
