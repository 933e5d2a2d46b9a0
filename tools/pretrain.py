"""Pre-train the network that strokes start from, on synthetic electrodes with dense labels.

    python tools/pretrain.py OUT --electrodes 160 --steps 3600 --cache CACHE
    python tools/pretrain.py OUT --electrodes 2 --steps 10          (a smoke test, two minutes)
    python tools/pretrain.py OUT --start EARLIER --rate 2e-3        (goes on from earlier weights)

The weights that ship were made in three runs, each from the best of the one before: 3600 steps on
160 electrodes with --half; 400 steps on 390 with --rate 3e-3, stopped; the same with --half, of
whose 3600 steps the state after 2800 was the best.

Electrodes are drawn with `draw_settings` from seeds at 100000 and above, which no benchmark,
test or sample uses. Same arguments give the same weights on the same machine.

The network learns pore, binder, particle and crack at once in such a way that the row of the
crack can be left out: cracks are then pore. On the side it tells how far inside its particle a
voxel lies, for features that know touching particles apart. One patch in five is a stack of
single slices, learnt with the kernels summed along z, as `adapt_weights` makes them for flat
images; one in three is magnified, for other voxel sizes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, zoom
from torch import Tensor, nn
from torch.nn import functional

from operando.compute import choose_device
from operando.data import DEFAULT_CLASSES, LabelClass
from operando.data.classes import COLOUR_CYCLE
from operando.nets.adapt import flatten_levels
from operando.nets.architecture import Architecture, build, plan_levels
from operando.nets.augment import Augmentation
from operando.nets.frames import Frames
from operando.nets.training import Batch, HeldOut, Schedule, fit
from operando.samples import draw_settings, make_electrode
from operando.segment import Model
from operando.segment.normalise import grey_scale
from operando.segment.scores import confusion, dice

FIRST_SEED = 100_000
UNSEEN = 12
SHAPE = (40, 96, 96)
FRAMES = 2
PATCH = (24, 64, 64)
SLICES = 8
FLAT_SHARE, ZOOM_SHARE, CRACK_SHARE = 0.2, 0.33, 0.33
LEVELS = 4
PORE, CRACK = 1, 4
CLASSES = (*DEFAULT_CLASSES, LabelClass("crack", COLOUR_CYCLE[3]))
WEIGHTS = (0.8, 1.2, 1.0, 1.5)
DEEPEST = 12
"""Distance to the surface of a particle, voxels, beyond which voxels count alike."""


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
    """Random patches of many electrodes."""

    def __init__(self, pool: list[Example], seed: int) -> None:
        self._pool = pool
        self._rng = np.random.default_rng(seed)
        self._augment = Augmentation(gain=0.3, offset=0.2, gamma=0.3, noise=0.2)

    def draw(self) -> Batch:
        """Draw one patch of a volume, or a stack of slices as flat images."""
        if self._rng.random() >= FLAT_SHARE:
            image, truth = self._patch(PATCH)
            return image[None], truth[None]
        images, truths = zip(*(self._patch((1, 96, 96)) for _ in range(SLICES)), strict=True)
        return np.stack(images), np.stack(truths)

    def _patch(self, size: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
        rng = self._rng
        example = self._pool[int(rng.integers(len(self._pool)))]
        factor = float(rng.uniform(1.2, 2.2)) if rng.random() < ZOOM_SHARE else 1.0
        cut = [-(-n // factor) if n > 1 else 1 for n in size]
        spare = np.array(example.image.shape) - cut
        if len(example.cracks) and rng.random() < CRACK_SHARE:
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
        changed, packed = self._augment(image[None], _pack(truth), rng)
        return changed, _unpack(packed)


def _pack(truth: np.ndarray) -> np.ndarray:
    """Both targets in one array, to be mirrored and turned together."""
    return np.asarray(truth[0] * np.uint8(16) + truth[1])


def _unpack(packed: np.ndarray) -> np.ndarray:
    return np.stack([packed // 16, packed % 16])


class Targets(nn.Module):
    """Loss of the classes, of the classes without cracks, and of the depth in the particle."""

    DEPTH_WEIGHT = 0.2

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self._depth = nn.Conv3d(architecture.width, 1, 1)
        self._flat = build(flatten_levels(architecture, [(1, 1, 1)], []))

    def forward(self, network: nn.Module, images: Tensor, truth: Tensor) -> Tensor:
        """Return the loss; slices go through the network flattened along z."""
        classes, depth = truth[:, 0], truth[:, 1].float()
        if images.shape[2] == 1:
            return self._of_classes(self._flattened(network, images), classes)
        features = network.features(images)  # type: ignore[operator]
        inside = self._depth(features)[:, 0].float()
        error = functional.smooth_l1_loss(inside, depth / DEEPEST * 2, beta=0.2)
        loss: Tensor = self._of_classes(network.head(features), classes)  # type: ignore[operator]
        return loss + self.DEPTH_WEIGHT * error

    def _of_classes(self, logits: Tensor, classes: Tensor) -> Tensor:
        phases = torch.where(classes == CRACK, PORE, classes)
        logits = logits.float()
        return dense_loss(logits, classes) + dense_loss(logits[:, : CRACK - 1], phases)

    def _flattened(self, network: nn.Module, images: Tensor) -> Tensor:
        weights = {
            name: value.sum(2, keepdim=True) if value.ndim == 5 else value
            for name, value in network.named_parameters()
        }
        state = {**weights, **dict(network.named_buffers())}
        self._flat.train(network.training)
        logits: Tensor = torch.func.functional_call(self._flat, state, (images,))
        return logits


def dense_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Mean of cross-entropy and one minus Dice over the classes that occur."""
    target = classes.long() - 1
    logarithm = logits.log_softmax(1)
    entropy = functional.nll_loss(
        logarithm, target, torch.tensor(WEIGHTS[: logits.shape[1]], device=logits.device)
    )
    probability, shares = logarithm.exp(), []
    for k in range(logits.shape[1]):
        truth = (target == k).to(logits.dtype)
        total = truth.sum()
        if total > 0:
            overlap = 2 * (probability[:, k] * truth).sum() + 1
            shares.append(overlap / (probability[:, k].sum() + total + 1))
    return (entropy + 1 - torch.stack(shares).mean()) / 2


def main() -> None:
    """Make the electrodes, train, and save the best model whenever there is a better one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--electrodes", type=int, default=160)
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--start", type=Path, help="a model of this script to go on from")
    parser.add_argument("--rate", type=float, default=4e-3, help="peak of the learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="folder to keep the electrodes in")
    parser.add_argument("--half", action="store_true", help="bfloat16 on a processor that has it")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = choose_device("auto")
    pool = [e for i in range(options.electrodes) for e in examples(FIRST_SEED + i, options.cache)]
    unseen = [examples(FIRST_SEED - 1 - i, options.cache)[i % FRAMES] for i in range(UNSEEN)]
    print(f"{len(pool)} frames", flush=True)
    kernels, strides = plan_levels(PATCH, levels=LEVELS)
    architecture = Architecture(
        network="unet3d",
        in_channels=1,
        n_classes=len(CLASSES),
        width=options.width,
        kernels=kernels,
        strides=strides,
    )
    network = build(architecture, options.seed)
    if options.start:
        weights = Model.load(options.start).weights
        network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in weights.items()})
    best = -1.0
    began = time.monotonic()

    def evaluate(network: nn.Module) -> HeldOut:
        nonlocal best
        table = np.zeros((2, CRACK, CRACK), np.int64)
        for example in unseen:
            image = torch.from_numpy(example.image[None, None].astype(np.float32)).to(device)
            with torch.inference_mode():
                logits = network(image)[0].cpu().numpy()
            truth = example.truth[0]
            phases = np.where(truth == CRACK, PORE, truth)
            table[0] += confusion(truth, logits.argmax(0) + 1, CRACK)
            table[1] += confusion(phases, logits[: CRACK - 1].argmax(0) + 1, CRACK)
        crack, phases = dice(table[0])[-1], dice(table[1])[:-1]
        score = float(np.mean([*phases, crack]))
        print(f"{time.monotonic() - began:.0f} s", phases.round(3), crack.round(3), flush=True)
        if score > best:
            best = score
            settings = {
                k: v for k, v in vars(options).items() if k not in {"out", "cache", "start"}
            }
            weights = {k: v.cpu().numpy() for k, v in network.state_dict().items()}
            Model(
                architecture=architecture,
                weights=weights,
                classes=CLASSES,
                patch=PATCH,
                settings=settings,
                scores={"held_out_dice": score},
            ).save(options.out)
        return HeldOut(loss=float("nan"), dice=score)

    fit(
        network,
        Patches(pool, options.seed).draw,
        Targets(architecture),
        Schedule(
            steps=options.steps,
            learning_rate=options.rate,
            average=100,
            evaluations=9,
            freeze_from=0.6,
        ),
        evaluate=evaluate,
        device=device,
        half=options.half or None,
    )


if __name__ == "__main__":
    main()
