"""Dice of segmentations learnt from strokes: synthetic electrodes and real images with labels.

    python benchmarks/segment.py --seeds 0 1 2 --slices 1 2 3 5
    python benchmarks/segment.py --real

Synthetic: strokes on a share of 0.0014 / 3 of one frame's voxels per slice, all in frame 0;
scored on all four frames, most of which have no strokes. Real: strokes are drawn from the
experts' labels on one slice and scored on the others.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.samples import ElectrodeSettings, make_electrode, paint_strokes
from operando.segment import TrainSettings, predict, train
from operando.segment.scores import confusion, dice

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARE_PER_SLICE = 0.0014 / 3


@dataclass(frozen=True)
class Task:
    """Images ``(t, z, y, x)``, the truth of some frames (0 unknown), and strokes."""

    name: str
    images: np.ndarray
    truth: np.ndarray
    strokes: np.ndarray
    scored: tuple[int, ...]
    classes: tuple[LabelClass, ...] | None = None


def synthetic(seed: int, slices: int) -> Task:
    electrode = make_electrode(ElectrodeSettings(), seed)
    strokes = paint_strokes(
        electrode.phases, slices=slices, share=SHARE_PER_SLICE * slices, seed=seed
    )
    frames = tuple(range(len(electrode.images)))
    name = f"electrode {seed}, {slices} slices"
    return Task(name, electrode.images, electrode.phases, strokes, frames, DEFAULT_CLASSES)


def expert_slices(sample: str, painted: int = 0) -> Task:
    """Nano-CT slices that do not belong together: strokes on one, scored on the others."""
    folder = DATA / "liion_nmc_nanoct"
    images = tifffile.imread(folder / f"sample{sample}_images_u16.tif")[:, None]
    truth = tifffile.imread(folder / f"sample{sample}_labels_u8.tif")[:, None] + np.uint8(1)
    strokes = paint_strokes(truth, frames=(painted,), slices=1, share=0.01)
    others = tuple(t for t in range(len(images)) if t != painted)
    return Task(f"nano-CT {sample}, slice {painted}", images, truth, strokes, others)


def sand() -> Task:
    """Casting sand: strokes on the first slice, scored on the next two that were labelled."""
    folder = DATA / "casting_sand"
    images = tifffile.imread(folder / "ct_z1-150_y96-415_x96-415_u8.tif")[None, :24]
    labelled = tifffile.imread(folder / "gt_binary_slices_z1-3_same_crop_u8.tif")
    truth = np.zeros(images.shape, np.uint8)
    truth[0, :3] = labelled + 1
    strokes = paint_strokes(truth, slices=[0], share=0.005 / truth.shape[1])
    truth[0, 0] = 0
    return Task("casting sand, 1 slice", images, truth, strokes, (0,))


def alloy() -> Task:
    """One micrograph with a person's scribbles and full labels."""
    folder = DATA / "scribbles"

    def classes(name: str) -> np.ndarray:
        values = np.squeeze(tifffile.imread(folder / name))
        return np.searchsorted([0, 85, 170, 255], values).astype(np.uint8)[None, None]

    image = np.squeeze(tifffile.imread(folder / "0.tif"))[None, None]
    return Task(
        "alloy scribbles", image, classes("0_ground_truth.tif"), classes("0_labels.tif"), (0,)
    )


def score(task: Task, start_from: Any, effort: str, device: str) -> None:
    start = time.perf_counter()
    model = train(
        task.images,
        task.strokes,
        start=start_from,
        settings=TrainSettings(effort=effort),
        device=device,
        classes=task.classes,
    )
    trained = time.perf_counter()
    k = len(model.classes)
    table = np.zeros((k, k), np.int64)
    for t in task.scored:
        labels = predict(model, task.images[t], device=device).argmax(0) + 1
        table += confusion(task.truth[t], labels, k)
    values = dice(table)
    done = time.perf_counter()
    cells = " | ".join(f"{v:.3f}" for v in (*values, np.nanmean(values)))
    print(
        f"| {task.name} | {np.count_nonzero(task.strokes)} | {cells} |"
        f" {trained - start:.0f} | {done - trained:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--slices", type=int, nargs="*", default=[1, 2, 3, 5])
    parser.add_argument("--real", action="store_true", help="real data only")
    parser.add_argument("--start", default="pretrained", help="pretrained or scratch")
    parser.add_argument("--effort", default="balanced")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| task | painted voxels | Dice per class ... mean | train, s | segment, s |")
    print("|---|---|---|---|---|")
    if not options.real:
        for seed in options.seeds:
            for slices in options.slices:
                score(synthetic(seed, slices), options.start, options.effort, options.device)
    elif DATA.is_dir():
        for task in (expert_slices("A"), expert_slices("D"), sand(), alloy()):
            score(task, options.start, options.effort, options.device)


if __name__ == "__main__":
    main()
