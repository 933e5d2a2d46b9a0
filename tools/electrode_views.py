"""What a splitter learns from: synthetic electrodes with exact truth, as segmentations show them.

The first and the last frame of each are seen as they are, with roughened borders, and as a network
found them that was told of strokes (a random forest in one electrode of seven). What learns from
probabilities is also shown those, and masks as if they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import expit, logit

from operando.particles.labels.sure import Solid
from operando.samples import (
    ElectrodeSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
    make_electrode,
    paint_strokes,
)
from operando.segment import TrainSettings, predict, train

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.particles.labels.sure import Shown

FRAMES = 4
SHAPE = (64, 96, 96)
PARTICLE = 3
FORESTS = 0.15
"""Share of the electrodes that a forest segments."""
TEMPERS = 3
"""Times that probabilities are shown as those of a surer or less sure model."""


@dataclass(frozen=True)
class Frame:
    """Truth and what was found, each ``(Z, Y, X)``.

    Parameters
    ----------
    ids
        True particles.
    solid
        Where the phase of the particles is in truth.
    labelled
        Where it was found.
    probability
        Of the phase, in 255ths.
    """

    ids: NDArray[np.int32]
    solid: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    probability: NDArray[np.uint8]

    def views(self, shown: Shown, rng: np.random.Generator) -> Iterator[Solid]:
        """Show the solid in several ways; the last ones are of models that are surer, or less."""
        for mask in (self.solid, roughened(self.solid, rng), self.labelled):
            if shown == "mask":
                yield Solid.certain(mask.__getitem__)
            else:
                yield likely(mask, np.where(mask, 255, 0).astype(np.uint8))
        if shown == "mask":
            return
        yield likely(self.labelled, self.probability)
        odds = logit(np.clip(self.probability / 255, 0.002, 0.998))
        for _ in range(TEMPERS):
            yield likely(self.labelled, expit(odds / np.exp(rng.uniform(-0.9, 0.5))))


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


def frames(seed: int, folder: Path) -> list[Frame]:
    """Make an electrode and segment it, or read from a folder what was made before."""
    stored = folder / f"{seed}.npz"
    if not stored.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            f"{name}{t}": value
            for t, frame in segmented(seed).items()
            for name, value in vars(frame).items()
        }
        np.savez_compressed(stored, **arrays)
    with np.load(stored) as file:
        return [
            Frame(*(file[f"{name}{t}"] for name in ("ids", "solid", "labelled", "probability")))
            for t in (0, FRAMES - 1)
        ]


def segmented(seed: int) -> dict[int, Frame]:
    """Make an electrode and segment its first and last frame from strokes."""
    sample = make_electrode(electrode(seed), seed)
    strokes = paint_strokes(sample.phases, seed=seed)
    forest = np.random.default_rng(seed).random() < FORESTS
    settings = TrainSettings(network="forest") if forest else TrainSettings(effort="instant")
    model = train(sample.images, strokes, settings=settings)
    found = {}
    for t in (0, FRAMES - 1):
        probabilities = predict(model, sample.images, frame=t)
        found[t] = Frame(
            sample.ids[t],
            sample.phases[t] == PARTICLE,
            probabilities.argmax(axis=0) == PARTICLE - 1,
            np.rint(255 * probabilities[PARTICLE - 1]).astype(np.uint8),
        )
    return found


def roughened(solid: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Roughen borders and close fine cracks, like a prediction of Dice 0.9 to 0.97 does."""
    sigma = rng.uniform(0.5, 1.1)
    noise = gaussian_filter(rng.normal(size=solid.shape), sigma)
    blurred = gaussian_filter(solid.astype(float), sigma)
    level = rng.uniform(0.42, 0.55)
    return np.asarray(blurred + rng.uniform(0.05, 0.2) * noise / noise.std() > level)


def likely(
    labelled: NDArray[np.bool_], probability: NDArray[np.uint8] | NDArray[np.float64]
) -> Solid:
    """Take a mask with the probabilities that it comes from."""
    return Solid.likely(labelled.__getitem__, probability, [whole(labelled)])


def whole(volume: NDArray[Any]) -> tuple[slice, slice, slice]:
    """Box of all of a volume."""
    z, y, x = (slice(0, n) for n in volume.shape)
    return z, y, x
