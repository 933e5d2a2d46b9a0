"""Flicker and Dice before and after steadying in time, and what a repair gets right.

    python benchmarks/flicker.py --seeds 90000 90001 90002 90003 90004 90005

Electrodes of three kinds that were used for no pre-training, segmented by a quick training on
strokes in frame 0. *Changed* are voxels whose truth differs between neighbouring frames: there
blurring would show. The truth flickers too, where its change is not seen in the images.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.nets.frames import Frames
from operando.samples import (
    ElectrodeSettings,
    calendered_electrode,
    draw_settings,
    make_electrode,
    paint_strokes,
)
from operando.segment import TrainSettings, predict, train
from operando.segment.phases.bridges import find_bridges
from operando.segment.phases.islands import surrounding_classes, without_islands
from operando.segment.phases.pieces import Pieces
from operando.segment.scoring.scores import confusion, dice
from operando.segment.steadying.flicker import count_flicker
from operando.segment.steadying.steady import pairs_of, steady_into
from operando.strain import correlate

if TYPE_CHECKING:
    from operando.data import DisplacementField

SIZE = {"shape": (32, 96, 96), "frames": 4}
CLASSES = (*DEFAULT_CLASSES, LabelClass("crack", "#cc79a7"))
BINDER, CRACK = 2, 4


def segmented(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images, truth and probabilities (uint8) of an electrode."""
    settings = (
        ElectrodeSettings().with_(**SIZE, cracks__share=0.6),
        calendered_electrode(**SIZE),
        draw_settings(seed, **SIZE),
    )[seed % 3]
    electrode = make_electrode(settings, seed)
    truth = np.where(electrode.cracks, CRACK, electrode.phases).astype(np.uint8)
    strokes = paint_strokes(truth, seed=seed)
    quick = TrainSettings(effort="quick", seed=seed)
    model = train(electrode.images, strokes, settings=quick, device="cpu", classes=CLASSES)
    shares = [predict(model, image, device="cpu") for image in electrode.images]
    return electrode.images, truth, np.rint(255 * np.stack(shares)).astype(np.uint8)


def steadied(
    images: np.ndarray, shares: np.ndarray, fields: list[DisplacementField] | None
) -> np.ndarray:
    labels = np.zeros(images.shape, np.uint8)
    for t in range(len(images)):
        steady_into(
            pairs_of(Frames(images), t, fields), shares, t,
            labels_out=labels[t], probabilities_out=np.empty_like(shares[t]),
        )  # fmt: skip
    return labels


def changed(truth: np.ndarray) -> np.ndarray:
    differs = truth[1:] != truth[:-1]
    found = np.zeros(truth.shape, bool)
    found[1:] |= differs
    found[:-1] |= differs
    return found


def report_flicker(images: np.ndarray, truth: np.ndarray, shares: np.ndarray) -> None:
    fields = [correlate(a, b, device="cpu") for a, b in pairwise(images)]
    pairs = [pairs_of(Frames(images), t, fields)[-1] for t in range(len(images) - 1)]
    where = changed(truth)
    results = {
        "as segmented": (shares.argmax(axis=1) + 1).astype(np.uint8),
        "steadied": steadied(images, shares, fields),
        "steadied, motion not followed": steadied(images, shares, None),
        "truth": truth,
    }
    for name, labels in results.items():
        counts = [count_flicker(p, labels[p.frame], labels[p.other], len(CLASSES)) for p in pairs]
        rate = sum(c.flickered.sum() for c in counts) / sum(c.unchanged.sum() for c in counts)
        everywhere, there = (
            np.nanmean(dice(confusion(truth[mask], labels[mask], len(CLASSES))))
            for mask in (truth > 0, where)
        )
        print(f"  {name:30} {100 * rate:7.2f} {everywhere:10.4f} {there:10.4f}", flush=True)


def report_repair(truth: np.ndarray, shares: np.ndarray) -> None:
    """Share of the voxels that a repair changed which are right, before and after."""
    before = (shares.argmax(axis=1) + 1).astype(np.uint8)
    after, drawn = np.empty_like(before), []
    for t, labels in enumerate(before):
        pieces = Pieces(labels)
        around = surrounding_classes(pieces, labels, 27)
        slabs = [without_islands(pieces, around, labels[z:end], z) for z, end in pieces.slabs()]
        after[t] = np.concatenate(slabs)
        bridges = find_bridges(
            Pieces(after[t], BINDER), shares[t, BINDER - 1],
            spacing=(1, 1, 1), longest=3, least_probability=0.25,
        )  # fmt: skip
        drawn += [truth[t][tuple(b.voxels.T)] == BINDER for b in bridges]
    differs = after != before
    right = [100 * (labels[differs] == truth[differs]).mean() for labels in (before, after)]
    gaps = 100 * np.concatenate(drawn).mean() if drawn else np.nan
    print(f"  islands: {right[0]:.0f} % right before, {right[1]:.0f} % after; ", end="")
    print(f"{len(drawn)} gaps closed, {gaps:.0f} % of the voxels binder in truth", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[90000, 90001, 90002])
    torch.set_num_threads(2)
    for number in parser.parse_args().seeds:
        case = segmented(number)
        print(f"{number:<32} {'flicker %':>9} {'mean Dice':>9} {'… changed':>10}")
        report_flicker(*case)
        report_repair(*case[1:])
