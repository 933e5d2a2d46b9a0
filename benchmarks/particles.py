"""Score and time splitting, linking and measuring on synthetic electrodes with exact truth.

Every row is a mean over the seeds. "watershed" is the plain one: maxima of the smoothed distance
map at least 5 voxels apart as markers. Truth of fewer than 100 voxels does not count; "uncut" is
the last frame without particles that the image border cuts. P 2D and S 2D are precision and
sensitivity per slice [Jiang et al. 2020] in the last frame. Errors are medians of absolute values
over matched particles of the last frame: volume relative to the true one; surface relative to that
of the true ids; crack and detachment absolute. "in error" is the share of particles whose
detachment is off by less than the error that is told with it, which takes probabilities.

Phases are the true ones; "degraded" ones, roughened at the borders and without probabilities;
and those "predicted" by a network that was trained with the effort quick on strokes in three
slices of the first frame, with its probabilities. "--large" times 1000 spheres in 512 x 512 x 512;
"--blocks 512 256" tells the memory that the same takes on disk in blocks of 256.
"""

from __future__ import annotations

import argparse
import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from operando.particles import (
    PhaseLabels,
    follow,
    link,
    link_accuracy,
    match,
    measure,
    split,
    split_series,
)
from operando.particles.labels.frames import Frames
from operando.particles.measuring.measure_blocks import measure_blocks
from operando.particles.scoring.scores import mean_slice_scores, slice_scores
from operando.particles.series import split_frames
from operando.samples import (
    calendered_electrode,
    loose_electrode,
    make_electrode,
    paint_strokes,
)
from operando.segment import TrainSettings, predict, train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

SMALLEST = 100
PARTICLE = 3
PHASES = ("true", "degraded", "predicted")


def watershed(solid: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Plain marker-controlled watershed of the distance map."""
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed as flood

    depth = gaussian_filter(distance_transform_edt(solid), 1)
    markers = np.zeros(solid.shape, np.int32)
    peaks = peak_local_max(depth, min_distance=5, labels=solid.astype(np.int32))
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(flood(-depth, markers, mask=solid), np.int32)


def degrade(solid: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Blur and roughen borders as a segmentation network does; the Dice is about 0.95."""
    noise = gaussian_filter(rng.normal(size=solid.shape), 0.9)
    return np.asarray(gaussian_filter(solid.astype(float), 0.9) + 0.15 * noise / noise.std() > 0.5)


@dataclass(frozen=True)
class Seen:
    """Phases ``(z, y, x)`` of every frame, and how likely each is, ``(k, z, y, x)``, if known."""

    phases: list[NDArray[np.uint8]]
    probabilities: list[NDArray[np.float32]] | None = None

    @property
    def masks(self) -> list[NDArray[np.bool_]]:
        """Where particles are."""
        return [phases == PARTICLE for phases in self.phases]


def see(sample: Any, phases: str) -> Seen:
    """Find the phases of an electrode."""
    if phases == "true":
        return Seen(list(sample.phases))
    if phases == "degraded":
        rng = np.random.default_rng(sample.seed)
        masks = [degrade(labels == PARTICLE, rng) for labels in sample.phases]
        pairs = zip(masks, np.minimum(sample.phases, PARTICLE - 1), strict=True)
        return Seen([np.where(mask, PARTICLE, others).astype(np.uint8) for mask, others in pairs])
    strokes = paint_strokes(sample.phases, seed=sample.seed)
    model = train(sample.images, strokes, settings=TrainSettings(effort="quick"))
    found = [predict(model, sample.images, frame=t) for t in range(len(sample.images))]
    return Seen([(1 + p.argmax(0)).astype(np.uint8) for p in found], found)


def ours(seen: Seen) -> list[NDArray[np.int32]]:
    likely = seen.probabilities and [p[PARTICLE - 1] for p in seen.probabilities]
    return list(split_series(seen.masks, probabilities=likely))


def plain(seen: Seen) -> list[NDArray[np.int32]]:
    return [watershed(mask) for mask in seen.masks]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--shape", type=int, nargs=3, default=(64, 128, 128))
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--phases", nargs="+", choices=PHASES, default=PHASES)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--blocks", type=int, nargs=3, metavar=("EDGE", "BLOCK", "COUNT"))
    options = parser.parse_args()
    if options.large:
        large()
        return
    if options.blocks:
        in_blocks(*options.blocks)
        return
    size = {"frames": options.frames, "shape": tuple(options.shape)}
    electrodes: dict[str, Callable[..., Any]] = {
        "loose": loose_electrode,
        "dense": calendered_electrode,
    }
    header = (
        "first frame P    R    PQ | last frame  P    R    PQ | uncut P    R    PQ | P 2D  S 2D "
        " | links | volume surface crack detached in error | s/frame"
    )
    print(f"{'electrode':9} {'cracks':6} {'phases':9} {'method':9} {header}")
    for kind, make in electrodes.items():
        for cracks in (True, False):
            changes = {} if cracks else {"cracks__share": 0.0}
            seeds = range(options.first_seed, options.first_seed + options.seeds)
            samples = [make_electrode(make(**size, **changes), seed) for seed in seeds]
            for phases in options.phases:
                seen = [see(sample, phases) for sample in samples]
                for name, method in (("ours", ours), ("watershed", plain)):
                    rows = [score(*pair, method) for pair in zip(samples, seen, strict=True)]
                    a = np.ma.masked_invalid(rows).mean(axis=0).filled(np.nan)
                    print(
                        f"{kind:9} {'yes' if cracks else 'no':6} {phases:9} {name:9}"
                        f"      {a[0]:.3f} {a[1]:.3f} {a[2]:.3f}"
                        f" |     {a[3]:.3f} {a[4]:.3f} {a[5]:.3f}"
                        f" | {a[6]:.3f} {a[7]:.3f} {a[8]:.3f}"
                        f" | {a[9]:.3f} {a[10]:.3f} | {a[11]:.3f}"
                        f" | {a[12]:.3f} {a[13]:.3f} {a[14]:.3f} {a[15]:.3f} {a[16]:.2f}"
                        f" | {a[17]:.1f}",
                        flush=True,
                    )


def score(sample: Any, seen: Seen, method: Callable[..., Any]) -> list[float]:
    """Scores of first and last frame, its uncut ones and slices, links, errors, seconds."""
    start = time.perf_counter()
    found = method(seen)
    seconds = (time.perf_counter() - start) / len(found)
    first = match(found[0], sample.ids[0], smallest=SMALLEST)
    matches = match(found[-1], sample.ids[-1], smallest=SMALLEST)
    uncut = match(found[-1], sample.ids[-1], smallest=SMALLEST, uncut=True)
    out: list[float] = []
    for pairs in (first, matches, uncut):
        out += [pairs.precision, pairs.recall, pairs.panoptic_quality]
    slices = mean_slice_scores(slice_scores(found[-1], sample.ids[-1], smallest=10))
    out += [slices["precision"][0], slices["sensitivity"][0]]
    ids, _ = link(found)
    out.append(link_accuracy(ids, sample.ids, smallest=SMALLEST))
    likely = None if seen.probabilities is None else seen.probabilities[-1]
    measured = measure(found[-1], phases=seen.phases[-1], phase=PARTICLE, probabilities=likely)
    truth = measure(sample.ids[-1], phases=sample.phases[-1], phase=PARTICLE)
    measured = measured.set_index("particle").loc[matches.found].reset_index()
    truth = truth.set_index("particle").loc[matches.true].reset_index()
    for name in ("volume_um3", "surface_um2"):
        out.append(float((measured[name] / truth[name] - 1).abs().median()))
    for name in ("crack_fraction", "detachment"):
        out.append(float((measured[name] - truth[name]).abs().median()))
    off = (measured["detachment"] - truth["detachment"]).abs()
    known = off.notna() & measured["detachment_sd"].notna()
    inside = off[known] < measured.loc[known, "detachment_sd"]
    return [*out, float(inside.mean()), seconds]


def large(edge: int = 512, count: int = 1000) -> None:
    """Time splitting, linking two frames and measuring many spheres, a third of them cracked."""
    phases = Spheres(edge, count).draw(((0, edge),) * 3)
    solid = phases == PARTICLE
    measure(split(solid[:64, :64, :64]))
    clock = time.perf_counter()
    ids = split(solid)
    print(f"split {time.perf_counter() - clock:.0f} s, {ids.max()} particles", flush=True)
    clock = time.perf_counter()
    link([ids, ids])
    print(f"link two frames {time.perf_counter() - clock:.0f} s", flush=True)
    clock, cpu = time.perf_counter(), time.process_time()
    measure(ids, phases=phases, phase=PARTICLE, image=phases, spacing=(0.1, 0.1, 0.1))
    wall, cpu = time.perf_counter() - clock, time.process_time() - cpu
    print(f"measure {wall:.0f} s wall, {cpu:.0f} s CPU", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.1f} GB with the volumes in it")


def in_blocks(edge: int, block: int, count: int) -> None:
    """Peak memory of splitting, linking and measuring many spheres on disk in blocks."""
    import zarr

    with TemporaryDirectory(dir=Path.cwd()) as folder:
        size: dict[str, Any] = {"shape": (1, edge, edge, edge), "chunks": (1, 32, 128, 128)}
        phases = zarr.create_array(store=f"{folder}/phases", dtype="u1", **size)
        ids = zarr.create_array(store=f"{folder}/ids", dtype="i4", **size)
        drawn = Spheres(edge, count)
        for z in range(0, edge, 32):
            phases[0, z : z + 32] = drawn.draw(((z, z + 32), (0, edge), (0, edge)))
        found, made = Frames(phases), Frames(ids)
        options: dict[str, Any] = {"phase": PARTICLE, "spacing": (0.1, 0.1, 0.1), "edge": block}
        with told("split"):
            split_frames(found, made, **options, scratch=Path(folder))
        with told("link two frames"):
            follow([made[0], made[0]])
        with told("measure"):
            volumes: dict[str, Any] = {"image": found[0], "phases": found[0]}
            table = measure_blocks(made[0], labels=PhaseLabels(), **volumes, **options)
        print(f"{len(table)} particles of {count}")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print the time and the largest memory of what is done inside (Linux)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6
    print(f"{what}: {wall:.0f} s, {cpu:.0f} s CPU, peak {peak:.2f} GB", flush=True)


class Spheres:
    """Slightly overlapping spheres, a third of them cracked, in a mixture of pore and binder.

    Parameters
    ----------
    edge
        Of the cube that holds them, voxels.
    count
        How many; 30 % of the volume.
    """

    def __init__(self, edge: int, count: int) -> None:
        rng = np.random.default_rng(0)
        self.centres, self.radii = np.zeros((0, 3)), np.zeros(0)
        scale = edge * (1000 / count) ** (1 / 3)
        while len(self.radii) < count:
            centre, radius = rng.uniform(0, edge, 3), rng.uniform(0.033, 0.05) * scale
            gaps = np.linalg.norm(self.centres - centre, axis=1)
            if (gaps >= 0.95 * (self.radii + radius)).all():
                self.centres = np.vstack([self.centres, centre])
                self.radii = np.append(self.radii, radius)
        self.normals = rng.normal(size=(count, 3))
        self.normals /= np.linalg.norm(self.normals, axis=1, keepdims=True)
        self._binder = gaussian_filter(rng.normal(size=(64, 64, 64)), 2, mode="wrap") > 0

    def draw(self, box: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
        """Phases in a box, given as first and last voxel of every axis."""
        low, high = np.array(box).T
        around = np.ix_(*(np.arange(a, b) // 4 % 64 for a, b in box))
        phases: NDArray[np.uint8] = 1 + self._binder[around].astype(np.uint8)
        reach = self.radii[:, None] + 1
        near = ((self.centres + reach > low) & (self.centres - reach < high)).all(axis=1)
        for k in np.flatnonzero(near):
            first = np.maximum(np.floor(self.centres[k] - reach[k]), low).astype(int)
            last = np.minimum(np.ceil(self.centres[k] + reach[k]), high).astype(int)
            grid = (
                np.stack(np.meshgrid(*map(np.arange, first, last), indexing="ij"), -1)
                - self.centres[k]
            )
            inside = (grid**2).sum(-1) < self.radii[k] ** 2
            if k % 3 == 0:
                inside &= abs(grid @ self.normals[k]) > 1.2
            here = tuple(slice(a, b) for a, b in zip(first - low, last - low, strict=True))
            phases[here][inside] = PARTICLE
        return phases


if __name__ == "__main__":
    main()
