"""Fit the rule that joins the pieces of a particle; writes src/operando/particles/joining.json.

Pairs of touching pieces are drawn from synthetic electrodes of many kinds, from the true phases
and from degraded ones, at several stages of joining. Seeds from 1000 on are used here only, so
that `benchmarks/particles.py` scores electrodes that the rule has never seen.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.tiles import plan_tiles
from operando.particles.basins import rename
from operando.particles.cells import find_cells, gather
from operando.particles.closing import fill_small_cavities
from operando.particles.fragments import Piece, join
from operando.particles.ground import largest_cavity, survey, to_surface, typical_diameter
from operando.particles.joining import FEATURES, describe_fit, fit_rule
from operando.particles.scores import overlaps
from operando.particles.settings import SplitSettings
from operando.particles.watershed import find_pieces
from operando.samples import (
    ElectrodeSettings,
    calendered_electrode,
    draw_settings,
    loose_electrode,
    make_electrode,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET = Path(__file__).parents[1] / "src/operando/particles/joining.json"
STAGES = (0.0, 0.4, 0.8, 1.0)
"""Share of the joins that are right that have been made when pairs are drawn."""


def degrade(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Roughen borders and close fine cracks, like a prediction of Dice 0.9 to 0.97 does."""
    from scipy.ndimage import gaussian_filter

    sigma = rng.uniform(0.5, 1.1)
    noise = gaussian_filter(rng.normal(size=mask.shape), sigma)
    blurred = gaussian_filter(mask.astype(float), sigma)
    level = rng.uniform(0.42, 0.55)
    return np.asarray(blurred + rng.uniform(0.05, 0.2) * noise / noise.std() > level)


def pieces_of(
    solid: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], dict[int, Piece], float]:
    """Labels of the pieces that are to be joined, the pieces, and the typical diameter."""
    unit = (1.0, 1.0, 1.0)
    typical = typical_diameter(to_surface(solid, unit), solid)
    filled = fill_small_cavities(solid, largest_cavity(typical), unit)
    ground = survey(filled, unit, SplitSettings(), typical)
    (tile,) = plan_tiles(solid.shape, solid.shape)
    labels, cells = find_cells(ground.height(), ground.near, None, unit, tile, solid.shape)
    names, cells = gather([cells], [tile], labels)
    labels = np.where(filled, rename(labels, names), 0)
    of_cells, pieces = find_pieces(cells, [(labels, (0, 0, 0))], unit)
    return rename(labels, of_cells), pieces, typical


def pairs(
    solid: NDArray[np.bool_], ids: NDArray[np.int32], rng: np.random.Generator
) -> tuple[list[NDArray[np.float64]], list[bool]]:
    """Features of touching pieces and whether they are of the same particle."""
    basins, pieces, typical = pieces_of(solid)
    labels, truth, count = overlaps(basins, ids)
    best: dict[int, tuple[int, int]] = {}
    total: dict[int, int] = {}
    for label, particle, n in zip(labels.tolist(), truth.tolist(), count.tolist(), strict=True):
        total[label] = total.get(label, 0) + n
        if n > best.get(label, (0, 0))[0]:
            best[label] = (n, particle)
    pure = {k for k, (n, particle) in best.items() if particle and n > 0.7 * total[k]}
    features, together = [], []
    for stage in STAGES:
        join_some(pieces, {k: best[k][1] for k in pure}, stage, rng)
        for a, piece in pieces.items():
            for b, border in piece.borders.items():
                if a < b and {a, b} <= pure:
                    features.append(describe_fit(piece, pieces[b], border, typical))
                    together.append(best[a][1] == best[b][1])
    return features, together


def join_some(
    pieces: dict[int, Piece], particle: dict[int, int], share: float, rng: np.random.Generator
) -> None:
    """Make a share of the right joins, in random order."""
    right = [
        (a, b)
        for a, piece in pieces.items()
        for b in piece.borders
        if a < b and a in particle and particle[a] == particle.get(b)
    ]
    rng.shuffle(right)
    for a, b in right[: round(share * len(right))]:
        if a in pieces and b in pieces and b in pieces[a].borders:
            join(pieces, a, b)


def electrodes(count: int, shape: tuple[int, int, int]) -> list[tuple[ElectrodeSettings, int]]:
    """Settings and seeds of the electrodes to learn from."""
    kinds: list[Any] = [loose_electrode, calendered_electrode, ElectrodeSettings().with_]
    out = []
    for i in range(count):
        seed = 1000 + i
        if i % 2:
            out.append((draw_settings(seed, frames=3, shape=shape), seed))
        else:
            out.append((kinds[i // 2 % 3](frames=3, shape=shape), seed))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=36, help="number of electrodes")
    parser.add_argument("--edge", type=int, default=80, help="voxels along each edge")
    options = parser.parse_args()
    features: list[NDArray[np.float64]] = []
    together: list[bool] = []
    for settings, seed in electrodes(options.count, (options.edge,) * 3):
        rng = np.random.default_rng(seed)
        sample = make_electrode(settings, seed)
        for t in range(3):
            solid = sample.phases[t] == 3
            for mask in (solid, degrade(solid, rng)):
                f, y = pairs(mask, sample.ids[t], rng)
                features += f
                together += y
        print(f"electrode {seed}: {len(features)} pairs so far", flush=True)
    rule = fit_rule(np.array(features), np.array(together))
    right = (rule.score(np.array(features)) > 0) == np.array(together)
    print(f"{len(features)} pairs, {right.mean():.1%} right, {np.mean(together):.1%} together")
    TARGET.write_text(
        json.dumps({"features": FEATURES, "weights": [float(f"{w:.6g}") for w in rule.weights]})
        + "\n"
    )


if __name__ == "__main__":
    main()
