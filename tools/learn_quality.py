"""Learn the overall image score by ranking degraded copies of synthetic electrodes.

Writes ``src/operando/clean/ranking.json`` and prints how often electrodes that were held out are
ranked right, by degradation and level. Takes a few minutes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from operando.clean.quality import judge_slice
from operando.clean.ranking import features, learn
from operando.samples import ElectrodeSettings, make_electrode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Image = NDArray[Any]

TARGET = Path(__file__).parents[1] / "src/operando/clean/ranking.json"
LEVELS = (0.0, 0.15, 0.35, 0.7, 1.2)
PENALTY = 1e-4
"""The smallest for which every score has the sign that its meaning asks for."""


def noise(image: Image, level: float, rng: np.random.Generator, contrast: float) -> Image:
    """Add white noise."""
    return image + level * 0.5 * contrast * rng.standard_normal(image.shape)


def blur(image: Image, level: float, rng: np.random.Generator, contrast: float) -> Image:
    """Blur, then add the noise of a detector."""
    soft = gaussian_filter(image, 2.5 * level)
    return np.asarray(soft + 0.03 * contrast * rng.standard_normal(image.shape))


def rings(image: Image, level: float, rng: np.random.Generator, contrast: float) -> Image:
    """Add rings about the middle."""
    y, x = np.indices(image.shape)
    radius = np.rint(np.hypot(*(a - (n - 1) / 2 for a, n in zip((y, x), image.shape, strict=True))))
    size = (int(radius.max()) + 1,)
    heights = rng.standard_normal(size) * (rng.random(size) < 0.3)
    return np.asarray(image + 0.4 * level * contrast * heights[radius.astype(int)])


def stripes(image: Image, level: float, rng: np.random.Generator, contrast: float) -> Image:
    """Add stripes along y or x."""
    size = image.shape[1:]
    heights = rng.standard_normal(size) * (rng.random(size) < 0.4)
    along = heights if rng.random() < 0.5 else heights[: image.shape[0], None]
    return np.asarray(image + 0.3 * level * contrast * along)


def shade(image: Image, level: float, rng: np.random.Generator, contrast: float) -> Image:
    """Add a bowl of brightness."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in image.shape), indexing="ij")
    a, b, c = rng.uniform(-1, 1, 3)
    bowl = a * x + b * y + c * (x**2 + y**2)
    return np.asarray(image + 0.8 * level * contrast * bowl / np.ptp(bowl))


def saturate(image: Image, level: float, rng: np.random.Generator, contrast: float) -> Image:
    """Clip both ends of the histogram."""
    del rng
    high = np.quantile(image, 1 - 0.25 * level) if level else image.max()
    low = np.quantile(image, 0.25 * level) if level else image.min()
    return np.clip(image, low, high)


KINDS = {f.__name__: f for f in (noise, blur, rings, stripes, shade, saturate)}


def pairs(seeds: Iterable[int]) -> dict[str, NDArray[Any]]:
    """Features of neighbouring degradations ``(pairs, 2, n)`` by their kind."""
    found: dict[str, list[Any]] = defaultdict(list)
    for seed in seeds:
        rng = np.random.default_rng(1000 + seed)
        made = make_electrode(ElectrodeSettings(shape=(16, 128, 128), frames=1), seed=seed)
        volume = np.asarray(made.images, np.float32).reshape(-1, 128, 128)
        for z in (4, 8, 12):
            image = volume[z]
            low, high = np.percentile(image, (5, 95))
            for kind, degrade in KINDS.items():
                stream = int(rng.integers(2**31))
                copies = [
                    degrade(image, level, np.random.default_rng(stream), high - low)
                    for level in LEVELS
                ]
                rows = pd.DataFrame(
                    [judge_slice(np.rint(copy).astype(np.float32)) for copy in copies]
                )
                found[kind] += list(pairwise(features(rows)))
    return {kind: np.array(both) for kind, both in found.items()}


def main() -> None:
    """Learn, keep and test the weights."""
    train, test = pairs(range(12)), pairs(range(100, 106))
    both = np.concatenate(list(train.values()))
    mean, spread = (
        both.reshape(-1, both.shape[-1]).mean(axis=0),
        both.reshape(-1, both.shape[-1]).std(axis=0),
    )
    spread = np.maximum(spread, 1e-3)
    weights = learn(both[:, 0] / spread, both[:, 1] / spread, PENALTY) / spread
    values = (both.reshape(-1, both.shape[-1]) - mean) @ weights
    model = {
        "mean": mean.round(5).tolist(),
        "weights": weights.round(5).tolist(),
        "spread": round(float(values.std()), 5),
    }
    TARGET.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    for kind, made in test.items():
        right = (made[:, 0] - made[:, 1]) @ weights > 0
        steps = len(LEVELS) - 1
        by_level = " ".join(f"{100 * right[k::steps].mean():5.1f}" for k in range(steps))
        print(f"{kind:10s} {100 * right.mean():5.1f} % of {len(made)} pairs; by level {by_level}")
    print(json.dumps(model))


if __name__ == "__main__":
    main()
