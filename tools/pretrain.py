"""Pre-train the network that strokes start from, on synthetic electrodes with dense labels.

    python tools/pretrain.py OUT --electrodes 24 --steps 1200

Electrodes are drawn with `draw_settings` from seeds at 100000 and above, which no benchmark,
test or sample uses. Same arguments give the same weights on the same machine. On two quiet CPU
cores the default takes about ten minutes; `--electrodes 1 --steps 5` is a smoke test.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from operando.compute import choose_device
from operando.data import DEFAULT_CLASSES
from operando.nets.architecture import Architecture, build, plan_levels
from operando.nets.augment import Augmentation
from operando.nets.frames import Frames
from operando.nets.training import Batch, HeldOut, Schedule, fit
from operando.samples import draw_settings, make_electrode
from operando.segment import Model
from operando.segment.losses import StrokeLoss
from operando.segment.normalise import grey_scale
from operando.segment.scores import confusion, dice

if TYPE_CHECKING:
    from operando.compute import Progress

FIRST_SEED = 100_000
PATCH = (24, 64, 64)
SHAPE = (40, 96, 96)
KEPT_FRAMES = (0, 2)
N_CLASSES = 3


class Electrodes:
    """Normalised images and classes of many electrodes, and random patches of them."""

    def __init__(self, seeds: range) -> None:
        self.images: list[np.ndarray] = []
        self.truth: list[np.ndarray] = []
        for seed in seeds:
            made = make_electrode(
                draw_settings(seed, shape=SHAPE, frames=max(KEPT_FRAMES) + 1), seed
            )
            for t in KEPT_FRAMES:
                scale = grey_scale(Frames(made.images), t)
                self.images.append(scale.apply(made.images[t][None]).astype(np.float16))
                self.truth.append(made.phases[t])
            print(f"electrode {seed}", flush=True)

    def patch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw one patch ``(1, z, y, x)`` with its classes."""
        i = int(rng.integers(len(self.images)))
        starts = [int(rng.integers(n - p + 1)) for n, p in zip(SHAPE, PATCH, strict=True)]
        box = tuple(slice(s, s + p) for s, p in zip(starts, PATCH, strict=True))
        return self.images[i][:, *box].astype(np.float32), self.truth[i][box]


def main() -> None:
    """Make the electrodes, train, save the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--electrodes", type=int, default=24)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(options.seed)
    data = Electrodes(range(FIRST_SEED, FIRST_SEED + options.electrodes))
    unseen = Electrodes(range(FIRST_SEED - 2, FIRST_SEED))
    augment = Augmentation(gain=0.3, offset=0.2, gamma=0.3, noise=0.3)
    kernels, strides = plan_levels(PATCH)
    architecture = Architecture(
        network="unet3d",
        in_channels=1,
        n_classes=N_CLASSES,
        width=options.width,
        kernels=kernels,
        strides=strides,
    )

    def draw() -> Batch:
        images, labels = zip(
            *(augment(*data.patch(rng), rng) for _ in range(options.batch)), strict=True
        )
        return np.stack(images), np.stack(labels)

    test = [unseen.patch(np.random.default_rng(i)) for i in range(8)]

    def evaluate(network: torch.nn.Module) -> HeldOut:
        table = np.zeros((N_CLASSES, N_CLASSES), np.int64)
        with torch.inference_mode():
            for image, labels in test:
                answer = network(torch.from_numpy(image[None]).to(device))[0].argmax(0) + 1
                table += confusion(labels, answer.cpu().numpy(), N_CLASSES)
        print(dice(table).round(3), flush=True)
        return HeldOut(loss=float("nan"), dice=float(dice(table).mean()))

    def progress(record: Progress) -> None:
        if record.done % 20 == 0:
            print(record.done, record.values, flush=True)

    device = choose_device("auto")
    loss = StrokeLoss((0.8, 1.2, 1.0), dice=0.5, smoothing=0.05)
    result = fit(
        build(architecture, options.seed),
        draw,
        lambda network, images, labels: loss(network(images), labels),
        Schedule(steps=options.steps, learning_rate=4e-3, average=50),
        evaluate=evaluate,
        device=device,
        progress=progress,
    )
    curve = np.array(result.curve)
    Model(
        architecture=architecture,
        weights=result.weights,
        classes=DEFAULT_CLASSES,
        patch=PATCH,
        settings={"seed": options.seed, "electrodes": options.electrodes, "steps": options.steps},
        scores={"held_out_dice": float(np.nanmax(curve[:, 3])), "best_step": result.best_step},
        curve=curve,
    ).save(options.out)


if __name__ == "__main__":
    main()
