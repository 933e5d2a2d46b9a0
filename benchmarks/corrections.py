"""Score what the splitter learns from corrections by hand, on electrodes that were not corrected.

A user who knows the truth corrects so many merges and splits in the first electrode of every kind,
in random order. Other electrodes of the kind are then split with the rule as it was and as it was
taught; "kept" says whether the step improve-splitter keeps it. Precision, recall and panoptic
quality at IoU 0.5; truth of fewer than 100 voxels does not count.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

from operando.particles import match, split
from operando.particles.joining.learned import bias_of
from operando.particles.joining.necks import shipped_rule
from operando.particles.parting.teaching import (
    CorrectedFrame,
    edits_between,
    look_again,
    mixed_up,
    teach,
)
from operando.particles.settings import SplitSettings
from operando.samples import calendered_electrode, make_electrode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.joining.necks import NeckRule

    Volume = tuple[NDArray[np.bool_], NDArray[np.int32]]

SETTINGS = SplitSettings()
BIAS = bias_of(SETTINGS.separation, "mask")
SMALLEST = 100
KINDS: dict[str, tuple[dict[str, Any], tuple[float, float, float] | None]] = {
    "dense, cracks": ({}, None),
    "the same, degraded": ({}, (0.9, 0.15, 0.5)),
    "blurred contacts": ({"cracks__share": 0.0}, (1.6, 0.08, 0.45)),
    "lobed, cracks": (
        {"cracks__share": 0.9, "particles__lobed": 1.0, "particles__spread": 0.4},
        None,
    ),
}
"""Settings of the electrode; blur (voxels), noise and level of what is seen of it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--others", type=int, default=3)
    parser.add_argument("--users", type=int, default=2)
    parser.add_argument("--shape", type=int, nargs=3, default=(64, 96, 96))
    parser.add_argument("--corrections", type=int, nargs="+", default=(5, 10, 20))
    options = parser.parse_args()
    shape = tuple(options.shape)
    for kind, (changes, seen) in KINDS.items():
        volumes = [
            look_at(changes, seen, shape, seed) for seed in range(options.users + options.others)
        ]
        others = volumes[options.users :]
        before = score(others, shipped_rule("mask"))
        print(f"{kind}: before {before}", flush=True)
        for user, volume in enumerate(volumes[: options.users]):
            for count in options.corrections:
                frame = corrected(volume, count, user)
                taught = teach(shipped_rule("mask"), [frame], BIAS)
                print(
                    f"  {taught.needed:3} corrections, {taught.spared} spared, "
                    f"{taught.changed} changed: {'kept ' if taught.helps else 'not kept'} "
                    f"{score(others, taught.rule) - before}",
                    flush=True,
                )


def look_at(
    changes: dict[str, Any],
    seen: tuple[float, float, float] | None,
    shape: tuple[int, ...],
    seed: int,
) -> Volume:
    """Solid and true ids of the last frame of an electrode."""
    electrode = make_electrode(calendered_electrode(frames=3, shape=shape, **changes), seed)
    solid, ids = electrode.phases[-1] == 3, electrode.ids[-1]
    if seen is None:
        return solid, ids
    sigma, noise, level = seen
    rough = gaussian_filter(np.random.default_rng(seed).normal(size=solid.shape), sigma)
    blurred = gaussian_filter(solid.astype(float), sigma)
    return blurred + noise * rough / rough.std() > level, ids


def corrected(volume: Volume, count: int, seed: int) -> CorrectedFrame:
    """What a user makes of a volume with about so many merges and splits."""
    solid, ids = volume
    frame = look_again(solid, ids, (), phase=1, spacing=(1.0, 1.0, 1.0), settings=SETTINGS)
    if frame is None:
        raise SystemExit("an electrode without particles")
    found = frame.join(shipped_rule("mask"), BIAS).astype(np.int64)
    own = np.where(frame.own > 0, found + frame.own.max(), 0)
    sure: set[int] = set()
    groups = mixed_up(found.astype(np.int32), frame.own)
    for k in np.random.default_rng(seed).permutation(len(groups)):
        needed = edits_between(found.astype(np.int32), frame.own, groups[k])
        if 0 < needed <= count:
            there = np.isin(frame.own, groups[k])
            own[there] = frame.own[there]
            sure.update(groups[k])
            count -= needed
    return CorrectedFrame(frame.parts, own, frozenset(sure), frame.voxel, frame.typical)


def score(volumes: list[Volume], rule: NeckRule) -> NDArray[np.float64]:
    """Mean precision, recall and panoptic quality."""
    rows = []
    for solid, ids in volumes:
        m = match(split(solid, rule=rule), ids, smallest=SMALLEST)
        rows.append((m.precision, m.recall, m.panoptic_quality))
    return np.asarray(np.mean(rows, axis=0).round(3), np.float64)


if __name__ == "__main__":
    main()
