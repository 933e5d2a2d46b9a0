"""Voxel rate of prediction, beside MONAI's sliding window in plain torch float32.

    python benchmarks/inference.py [--shape 120 224 224] [--seed 900] [--repeats 2]

The shipped network predicts one synthetic electrode of a seed that no pre-training used. MONAI
gets the same network, window, overlap and blending weights, and the default shape makes its
windows lie where ours do, so that the answers can be compared voxel by voxel. A line says so
where MONAI is not installed (`pip install --no-deps monai`); the reference is then our own
float32. Each way is run in turn, `--repeats` times, and the least time counts. The ways by which
`predict` may choose are listed whether it would choose them or not.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from operando.compute.tiles import blend_weights
from operando.errors import OperandoError
from operando.nets.backends import computes_in_bfloat16, run_on, torch_backend
from operando.nets.frames import Frames
from operando.nets.openvino_network import compile_network, has_openvino
from operando.samples import draw_settings, make_electrode
from operando.segment import Model, choose_backend, predict_blocks, pretrained
from operando.segment.normalise import grey_scale
from operando.segment.predict import window_grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.nets.backends import Backend


@dataclass(frozen=True)
class Timing:
    """Seconds of the fastest run, and what it gave."""

    wall: float = np.inf
    cpu: float = np.inf
    answer: np.ndarray = field(default_factory=lambda: np.empty(0))


def ours(model: Model, image: np.ndarray, backend: Backend) -> Callable[[], np.ndarray]:
    """Predict with a backend of ours, from raw grey values to probabilities."""

    def run() -> np.ndarray:
        out = np.empty((len(model.classes), *image.shape), np.float32)
        for block in predict_blocks(model, image, device="cpu", backend=backend):
            out[:, *block.box] = block.probabilities
        return out

    return run


def monai(model: Model, image: np.ndarray) -> Callable[[], np.ndarray]:
    """Predict with MONAI's sliding window, from the same normalised grey values."""
    sliding_window_inference = importlib.import_module("monai.inferers").sliding_window_inference
    network = model.network()
    grid = window_grid(model, image.shape)
    scale = grey_scale(Frames(image, "zyx"), 0, model.percentiles)

    def run() -> np.ndarray:
        batch = torch.from_numpy(scale.apply(image[None]))[None]
        with torch.inference_mode():
            answer = sliding_window_inference(
                batch,
                grid.window,
                1,
                lambda windows: network(windows).softmax(dim=1),
                overlap=0.25,
                roi_weight_map=torch.from_numpy(blend_weights(grid.window)),
            )
        return np.asarray(answer[0])

    return run


def backends(model: Model) -> dict[str, Backend]:
    """Every way that this machine has."""
    network = model.network()
    ways = {"torch float32": torch_backend(network)}
    able = computes_in_bfloat16()
    if able:
        ways["torch bfloat16"] = torch_backend(network, half=True)
    if has_openvino():
        ways["OpenVINO float32"] = run_on(compile_network(network, 1))
        if able:
            ways["OpenVINO bfloat16"] = run_on(compile_network(network, 1, half=True))
    return ways


def measure(run: Callable[[], np.ndarray], best: Timing) -> Timing:
    """Run once more; keep the least times."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return replace(best, wall=min(best.wall, wall), cpu=min(best.cpu, cpu), answer=answer)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=int, nargs=3, default=(120, 224, 224))
    parser.add_argument("--seed", type=int, default=900)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    settings = draw_settings(arguments.seed, shape=tuple(arguments.shape), frames=1)
    image = make_electrode(settings, arguments.seed).images[0]
    model = pretrained(cracks=True)
    runs = {f"ours, {name}": ours(model, image, b) for name, b in backends(model).items()}
    if importlib.util.find_spec("monai"):
        runs = {"MONAI, torch float32": monai(model, image), **runs}
    else:
        print("MONAI is not installed, so it is left out (pip install --no-deps monai)\n")
    timings = dict.fromkeys(runs, Timing())
    for _ in range(arguments.repeats):
        for name, run in runs.items():
            timings[name] = measure(run, timings[name])

    reference = next(iter(timings.values()))
    megavoxels = image.size / 1e6
    print(f"{megavoxels:.1f} million voxels, {torch.get_num_threads()} thread(s)\n")
    print("| way | CPU s | voxels per CPU s | wall s | speed-up (CPU) | largest difference | mean |"
          " same class |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name, timing in timings.items():
        difference = np.abs(timing.answer - reference.answer)
        same = (timing.answer.argmax(0) == reference.answer.argmax(0)).mean()
        print(
            f"| {name} | {timing.cpu:.1f} | {megavoxels / timing.cpu:.2f} million"
            f" | {timing.wall:.1f} | {reference.cpu / timing.cpu:.2f}"
            f" | {difference.max():.1g} | {difference.mean():.1g} | {100 * same:.3f} % |"
        )
    start = time.process_time()
    chosen = choose_backend(model, image, device="cpu")
    print(f"\npredict chooses {chosen.name} in {time.process_time() - start:.1f} CPU s")


if __name__ == "__main__":
    try:
        main()
    except OperandoError as error:
        raise SystemExit(str(error)) from error
