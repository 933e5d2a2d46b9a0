"""Dice of segmentations learnt from strokes, with the random forest on the same strokes beside.

    python benchmarks/segment.py                          (everything)
    python benchmarks/segment.py --tasks drawn --seeds 0 1 --methods forest pretrained scratch
    python benchmarks/segment.py --tasks real

`sample`: electrodes like the sample, at one to five slices of strokes. `drawn`: electrodes with
random settings, three slices, cracks as a class of their own. Both: strokes on a share of 0.0014
/ 3 of one frame's voxels per slice, all in frame 0; scored on every frame; the seeds are used
for no pre-training. `real`: strokes drawn from the experts' labels on one slice, or painted by a
person, and scored on what was not painted on.

The method `dense` learns from no stroke: it is the network that ships, as it learnt from dense
labels of other electrodes. It knows pore, binder, particle and crack only.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
import torch

from operando.data import DEFAULT_CLASSES, LabelClass
from operando.samples import ElectrodeSettings, draw_settings, make_electrode, paint_strokes
from operando.segment import Model, TrainSettings, learn_images, predict, train
from operando.segment.models.model import pretrained
from operando.segment.scoring.scores import confusion, dice

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARE_PER_SLICE = 0.0014 / 3
CRACK = 4
WITH_CRACKS = (*DEFAULT_CLASSES, LabelClass("crack", "#cc79a7"))
DENSE = "dense"
IMAGES = "images"
"""Starts from what was learnt from the images without strokes."""
METHODS: dict[str, dict[str, Any]] = {
    DENSE: {},
    "forest": {"settings": {"network": "forest"}},
    "pretrained": {"start": "pretrained"},
    "scratch": {"start": "scratch"},
    "separable": {"settings": {"network": "separable"}},
    "lrcsnet": {"settings": {"network": "lrcsnet"}},
    "separable-images": {"settings": {"network": "separable"}, "start": IMAGES},
    "lrcsnet-images": {"settings": {"network": "lrcsnet"}, "start": IMAGES},
}


@dataclass(frozen=True)
class Task:
    """Images ``(t, z, y, x)``, the truth of some frames (0 unknown), and strokes."""

    name: str
    images: np.ndarray
    truth: np.ndarray
    strokes: np.ndarray
    scored: tuple[int, ...]
    classes: tuple[LabelClass, ...] | None = None


def like_the_sample(seed: int, slices: int) -> Task:
    """Electrode of default settings."""
    electrode = make_electrode(ElectrodeSettings(), seed)
    strokes = paint_strokes(
        electrode.phases, slices=slices, share=SHARE_PER_SLICE * slices, seed=seed
    )
    frames = tuple(range(len(electrode.images)))
    name = f"sample {seed}, {slices} slices"
    return Task(name, electrode.images, electrode.phases, strokes, frames, DEFAULT_CLASSES)


def drawn(seed: int) -> Task:
    """Electrode of random settings, whose cracks are a class."""
    electrode = make_electrode(draw_settings(seed, shape=(48, 112, 112), frames=3), seed)
    truth = np.where(electrode.cracks, CRACK, electrode.phases).astype(np.uint8)
    strokes = paint_strokes(truth, slices=3, share=3 * SHARE_PER_SLICE, seed=seed)
    return Task(f"drawn {seed}", electrode.images, truth, strokes, (0, 1, 2), WITH_CRACKS)


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
    return Task("casting sand", images, truth, strokes, (0,))


def cell() -> Task:
    """Cylindrical cells: strokes on a slice of one, scored on a slice of another, collapsed one."""
    folder = DATA / "cylindrical_cell"
    images = np.stack([tifffile.imread(folder / f"im_{i}.tif") for i in (1, 2)])[:, None]
    masks = np.stack([tifffile.imread(folder / f"mask_{i}.tif") for i in (1, 2)])[:, None]
    truth = np.where(masks > 0, 2, 1).astype(np.uint8)
    strokes = paint_strokes(truth, frames=(0,), slices=1, share=0.01)
    return Task("cylindrical cell", images, truth, strokes, (1,))


def alloy() -> Task:
    """One micrograph with a person's scribbles and full labels."""
    folder = DATA / "scribbles"

    def classes(name: str) -> np.ndarray:
        values = np.squeeze(tifffile.imread(folder / name))
        found: np.ndarray = np.searchsorted([0, 85, 170, 255], values).astype(np.uint8)
        return found[None, None]

    image = np.squeeze(tifffile.imread(folder / "0.tif"))[None, None]
    strokes = classes("0_labels.tif")
    truth = np.where(strokes > 0, 0, classes("0_ground_truth.tif")).astype(np.uint8)
    return Task("alloy scribbles", image, truth, strokes, (0,))


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    """Make the tasks that were asked for, one after another."""
    for seed in options.seeds:
        if "sample" in options.tasks:
            for slices in options.slices:
                yield like_the_sample(seed, slices)
        if "drawn" in options.tasks:
            yield drawn(seed)
    if "real" in options.tasks and DATA.is_dir():
        yield from (expert_slices("A"), expert_slices("D"), sand(), cell(), alloy())


def score(task: Task, method: str, options: argparse.Namespace) -> float:
    """Train, segment, print one row of the table; return the mean Dice."""
    began = time.perf_counter()
    model = learnt(task, method, options)
    trained = time.perf_counter()
    values = dice(measured(model, task, options.device))
    done = time.perf_counter()
    cells = ", ".join(f"{v:.3f}" for v in values)
    print(
        f"| {task.name} | {np.count_nonzero(task.strokes)} | {method} | {cells} |"
        f" {np.nanmean(values):.3f} | {trained - began:.0f} | {done - trained:.0f} |",
        flush=True,
    )
    return float(np.nanmean(values))


def learnt(task: Task, method: str, options: argparse.Namespace) -> Model:
    """Train, or take what has learnt already."""
    if method == DENSE:
        return pretrained(cracks=task.classes is WITH_CRACKS)
    choices = METHODS[method]
    settings = TrainSettings(**{"effort": options.effort, **choices.get("settings", {})})
    start = choices.get("start", "pretrained")
    if start == IMAGES:
        start = learn_images(task.images, settings=settings, device=options.device)
    return train(
        task.images,
        task.strokes,
        start=start,
        settings=settings,
        device=options.device,
        classes=task.classes,
    )


def measured(model: Model, task: Task, device: str) -> np.ndarray:
    """Confusion of true and found classes over the scored frames."""
    k = len(model.classes)
    table = np.zeros((k, k), np.int64)
    for t in task.scored:
        labels = predict(model, task.images[t], device=device).argmax(0) + 1
        table += confusion(task.truth[t], labels, k)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="*", default=["sample", "drawn", "real"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--slices", type=int, nargs="*", default=[1, 2, 3, 5])
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=["forest", "pretrained"])
    parser.add_argument("--effort", default="balanced")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("| task | painted voxels | method | Dice per class | mean | train, s | segment, s |")
    print("|---|---|---|---|---|---|---|")
    for task in tasks(options):
        for method in options.methods:
            score(task, method, options)


if __name__ == "__main__":
    main()
