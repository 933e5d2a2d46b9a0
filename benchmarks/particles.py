"""Score and time splitting, linking and measuring on synthetic electrodes with exact truth.

Every row is a mean over the seeds. "watershed" is the plain one: maxima of the smoothed distance
map at least 5 voxels apart as markers. Truth of fewer than 100 voxels does not count.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.particles import link, link_accuracy, match, measure, split_series
from operando.samples import calendered_electrode, loose_electrode, make_electrode

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SMALLEST = 100
PARTICLE = 3


def watershed(solid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Plain marker-controlled watershed of the distance map."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed as flood

    depth = gaussian_filter(distance_transform_edt(solid), 1)
    markers = np.zeros(solid.shape, np.int32)
    peaks = peak_local_max(depth, min_distance=5, labels=solid.astype(np.int32))
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(flood(-depth, markers, mask=solid), np.int32)


def degrade(solid: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Blur and roughen borders as a segmentation network does; the Dice is about 0.95."""
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(rng.normal(size=solid.shape), 0.9)
    return np.asarray(gaussian_filter(solid.astype(float), 0.9) + 0.15 * noise / noise.std() > 0.5)


def ours(masks: list[NDArray[np.bool_]]) -> list[NDArray[np.int32]]:
    return list(split_series(masks))


def plain(masks: list[NDArray[np.bool_]]) -> list[NDArray[np.int32]]:
    return [watershed(mask) for mask in masks]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--shape", type=int, nargs=3, default=(64, 128, 128))
    parser.add_argument("--frames", type=int, default=4)
    options = parser.parse_args()
    size = {"frames": options.frames, "shape": tuple(options.shape)}
    electrodes: dict[str, Callable[..., Any]] = {
        "loose": loose_electrode,
        "dense": calendered_electrode,
    }
    header = "first frame P    R    PQ | last frame  P    R    PQ | links | volume crack | s/frame"
    print(f"{'electrode':6} {'cracks':6} {'phases':8} {'method':9} {header}")
    for kind, make in electrodes.items():
        for cracks in (True, False):
            changes = {} if cracks else {"cracks__share": 0.0}
            samples = [
                make_electrode(make(**size, **changes), seed) for seed in range(options.seeds)
            ]
            for phases in ("true", "degraded"):
                for name, method in (("ours", ours), ("watershed", plain)):
                    rows = [score(sample, phases, method) for sample in samples]
                    a = np.nanmean(rows, axis=0)
                    print(
                        f"{kind:9} {'yes' if cracks else 'no':6} {phases:8} {name:9}"
                        f"       {a[0]:.3f} {a[1]:.3f} {a[2]:.3f}"
                        f" |     {a[3]:.3f} {a[4]:.3f} {a[5]:.3f}"
                        f" | {a[6]:.3f} | {a[7]:.3f} {a[8]:.3f} | {a[9]:.1f}",
                        flush=True,
                    )


def score(sample: Any, phases: str, method: Callable[..., Any]) -> list[float]:
    """Scores of the first and last frame, links, median errors of volume and crack, seconds."""
    rng = np.random.default_rng(sample.seed)
    masks = [p == PARTICLE for p in sample.phases]
    if phases == "degraded":
        masks = [degrade(mask, rng) for mask in masks]
    start = time.perf_counter()
    found = method(masks)
    seconds = (time.perf_counter() - start) / len(masks)
    out: list[float] = []
    for t in (0, -1):
        matches = match(found[t], sample.ids[t], smallest=SMALLEST)
        out += [matches.precision, matches.recall, matches.panoptic_quality]
    ids, _ = link(found)
    out.append(link_accuracy(ids, sample.ids, smallest=SMALLEST))
    measured = measure(found[-1], phases=masks[-1]).set_index("particle").loc[matches.found]
    truth = measure(sample.ids[-1], phases=sample.phases[-1], phase=PARTICLE)
    truth = truth.set_index("particle").loc[matches.true]
    volume = measured["volume_um3"].to_numpy() / truth["volume_um3"].to_numpy() - 1
    crack = measured["crack_fraction"].to_numpy() - truth["crack_fraction"].to_numpy()
    return [*out, float(np.median(np.abs(volume))), float(np.median(np.abs(crack))), seconds]


if __name__ == "__main__":
    main()
