"""Fit the rules that join the pieces of a particle.

Writes one of src/operando/particles/joining/necks_*.json, or joining.json with `--method
watershed`. Pairs of touching pieces are drawn from synthetic electrodes of many kinds, as
segmentations show them (`electrode_views`), at several stages of joining. Seeds from 7000 on are
used here only. The rule for what a network sees is fitted anew whenever `tools/train_splitter.py`
trained it anew. That for masks and that of the watershed are of an earlier state of this script:
92 electrodes, as they are and roughened, the first without the way to the centre and with less
decay.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from electrode_views import frames, whole
from torch import nn

from operando.compute.tiles import plan_tiles
from operando.particles.cutting.cells import Cells, find_cells, gather
from operando.particles.cutting.ground import largest_cavity, survey, to_surface, typical_diameter
from operando.particles.joining import fit, necks, watershed
from operando.particles.joining.fragments import Piece, join
from operando.particles.joining.neck_pairs import STAGES, draw_pairs, owners
from operando.particles.labels.closing import fill_small_cavities
from operando.particles.labels.names import rename
from operando.particles.labels.sums import overlaps
from operando.particles.parting.cutter import BlockCutter
from operando.particles.settings import SplitSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from operando.particles.labels.sure import Solid

    Pairs = tuple[NDArray[np.float64], NDArray[np.bool_]]

ROOM = Path(__file__).parents[1] / "src/operando/particles/joining"
FIRST_SEED = 7000
UNIT = (1.0, 1.0, 1.0)

HIDDEN, STEPS, BATCH, RATE = 48, 8000, 1024, 5e-3
DECAY, DROPOUT, NOISE = 0.1, 0.1, 0.1
"""Of the network that judges necks; pairs of one electrode are much alike."""


def neck_pairs(view: Solid, ids: NDArray[np.int32], rng: np.random.Generator) -> Pairs:
    """Features of touching parts and whether they are of the same particle."""
    cutter = BlockCutter(view, None, ids.shape, UNIT, SplitSettings())
    found = cutter.find_parts(ids)
    if found is None:
        return np.empty((0, len(necks.FEATURES))), np.empty(0, bool)
    parts, own, typical = found
    pairs = draw_pairs(parts, own, 1.0, typical, rng)
    return pairs.features, pairs.together


def fit_pairs(view: Solid, ids: NDArray[np.int32], rng: np.random.Generator) -> Pairs:
    """Features of touching pieces and whether they are of the same particle."""
    solid = view.sure(whole(ids))
    labels, cells, typical = find_cells_by_distance(solid)
    names, pieces = watershed.find_pieces(cells, [(labels, (0, 0, 0))], UNIT)
    found = owners([overlaps(rename(labels, names), ids)], int(names.max()) + 1).tolist()
    own = {k: found[k] for k in pieces if found[k]}
    features, together = [], []
    for stage in STAGES:
        join_some(pieces, own, stage, rng)
        for a, piece in pieces.items():
            for b, border in piece.borders.items():
                if a < b and a in own and b in own:
                    features.append(fit.describe_fit(piece, pieces[b], border, typical))
                    together.append(own[a] == own[b])
    return np.array(features).reshape(-1, len(fit.FEATURES)), np.array(together, bool)


def find_cells_by_distance(
    solid: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], Cells, float]:
    """Numbers of the cells of the watershed, 0 in gaps; the cells, and the typical diameter."""
    typical = typical_diameter(to_surface(solid, UNIT), solid)
    solid = fill_small_cavities(solid, largest_cavity(typical), UNIT)
    ground = survey(solid, UNIT, SplitSettings(), typical)
    (tile,) = plan_tiles(solid.shape, solid.shape)
    height = ground.height()
    outside = np.maximum(-height, 0)
    labels, cells = find_cells(height, outside, ground.near, None, UNIT, tile, solid.shape)
    names, cells = gather([cells], [tile], labels)
    return np.where(solid, rename(labels, names), 0).astype(np.int32), cells, typical


def join_some(
    pieces: dict[int, Piece], own: dict[int, int], share: float, rng: np.random.Generator
) -> None:
    """Make a share of the right joins, in random order."""
    right = [
        (a, b)
        for a, piece in pieces.items()
        for b in piece.borders
        if a < b and a in own and own[a] == own.get(b)
    ]
    rng.shuffle(right)
    for a, b in right[: round(share * len(right))]:
        if a in pieces and b in pieces and b in pieces[a].borders:
            join(pieces, a, b)


def fit_network(features: NDArray[np.float64], together: NDArray[np.bool_]) -> necks.NeckRule:
    """Train the network that judges necks."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    mean, spread = features.mean(0), np.maximum(features.std(0), 1e-6)
    x = torch.tensor((features - mean) / spread, dtype=torch.float32)
    truth = torch.tensor(together, dtype=torch.float32)
    linear = [nn.Linear(x.shape[1], HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 1)]
    hidden = [(part, nn.SiLU(), nn.Dropout(DROPOUT)) for part in linear[:2]]
    network = nn.Sequential(*hidden[0], *hidden[1], linear[2])
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        drawn = torch.from_numpy(rng.integers(0, len(x), BATCH))
        answer = network(x[drawn] + NOISE * torch.randn(BATCH, x.shape[1]))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(answer, truth[drawn])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    layers = tuple(
        (part.weight.detach().double().numpy(), part.bias.detach().double().numpy())
        for part in linear
    )
    return necks.NeckRule(mean, spread, layers)


def main() -> None:
    """Parse the command line, fit, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", choices=("learned", "watershed"), default="learned")
    parser.add_argument("--shown", choices=("mask", "probability"), default="probability")
    parser.add_argument("--count", type=int, default=56, help="number of electrodes")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep electrodes in")
    options = parser.parse_args()
    learns = options.method == "learned"
    drawn: list[Pairs] = []
    for seed in range(FIRST_SEED, FIRST_SEED + options.count):
        rng = np.random.default_rng(seed)
        for frame in frames(seed, options.cache):
            for view in frame.views(options.shown, rng):
                drawn.append((neck_pairs if learns else fit_pairs)(view, frame.ids, rng))
        print(f"electrode {seed}: {sum(len(y) for _, y in drawn)} pairs so far", flush=True)
    features, together = (np.concatenate(part) for part in zip(*drawn, strict=True))
    rule: necks.NeckRule | fit.JoiningRule
    rule = (fit_network if learns else fit.fit_rule)(features, together)
    right = (rule.score(features) > 0) == together
    print(f"{len(together)} pairs, {right.mean():.1%} right, {together.mean():.1%} together")
    target = ROOM / (necks.WEIGHTS.format(options.shown) if learns else fit.WEIGHTS)
    target.write_text(rule.as_json())


if __name__ == "__main__":
    main()
