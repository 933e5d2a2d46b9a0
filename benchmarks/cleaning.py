"""How much of an artefact goes, how much of the image stays, and how well frames are aligned.

    python benchmarks/cleaning.py [--seeds 0 1 2] [--no-alignment]

Artefacts with truth are added to slices of two phases with grains of about 10 and 20 voxels, to
smooth texture without phases, and to a synthetic electrode, all with a contrast of 100. "goes" is
the share of the artefact's energy that is taken away, "put in" what the same filter does to the
image without it (rms, share of its spread). Alignment is that of a texture that is moved by known
shifts and rotations, with noise and changes of gain.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from operando.clean import deblur, denoise, remove_rings, remove_spots, remove_stripes
from operando.clean.noise import noise_sigma
from operando.clean.shading import even_out
from operando.clean.surface import fit_surface

EDGE = 256
GRAIN = 3.0
"""Noise of every scene, which is part of the truth."""
Image = np.ndarray
Artefact = Callable[[Image, np.random.Generator], Image]
Filter = Callable[[Image], Image]


def scenes(seed: int) -> Iterator[tuple[str, Image]]:
    """Slices of several kinds, contrast 100."""
    rng = np.random.default_rng(seed)
    for name, size in (("small grains", 2), ("large grains", 4)):
        texture = gaussian_filter(rng.standard_normal((EDGE, EDGE)), size)
        phases = (texture > np.median(texture)).astype(np.float32)
        yield (
            name,
            100 + 100 * gaussian_filter(phases, 0.7) + GRAIN * rng.standard_normal(phases.shape),
        )
    texture = gaussian_filter(rng.standard_normal((EDGE, EDGE)), 6)
    yield (
        "no phases",
        150 + 50 * texture / texture.std() + GRAIN * rng.standard_normal(texture.shape),
    )
    from operando.samples import ElectrodeSettings, make_electrode

    made = make_electrode(ElectrodeSettings(shape=(16, EDGE, EDGE), frames=1), seed=seed)
    grey = np.asarray(made.images, np.float32).reshape(-1, EDGE, EDGE)[8]
    yield "electrode", 100 * (grey - grey.min()) / np.subtract(*np.percentile(grey, (95, 5)))


def stripes(width: int) -> Artefact:
    """Return what adds stripes along y, 40 % of them not 0."""

    def add(image: Image, rng: np.random.Generator) -> Image:
        n = -(-image.shape[1] // width)
        heights = 20 * rng.standard_normal(n) * (rng.random(n) < 0.4)
        return np.asarray(image + np.repeat(heights, width)[: image.shape[1]])

    return add


def rings(degrees: float) -> Artefact:
    """Return what adds thirty rings, or parts of them."""

    def add(image: Image, rng: np.random.Generator) -> Image:
        y, x = np.indices(image.shape) - (EDGE - 1) / 2
        radius, angle = np.hypot(y, x), np.degrees(np.arctan2(y, x))
        found = image.copy()
        for _ in range(30):
            shape = np.exp(-(((radius - rng.uniform(15, EDGE / 2)) / rng.uniform(0.6, 2)) ** 2))
            height = rng.choice([-1, 1]) * rng.uniform(10, 30)
            found += height * shape * ((angle - rng.uniform(0, 360)) % 360 < degrees)
        return found

    return add


def noise(image: Image, rng: np.random.Generator) -> Image:
    """Add white noise of a fifth of the contrast."""
    return image + 20 * rng.standard_normal(image.shape)


def blur(image: Image, rng: np.random.Generator) -> Image:
    """Blur by 1.2 voxels, and add the noise of a detector."""
    return np.asarray(gaussian_filter(image, 1.2) + rng.standard_normal(image.shape))


def spots(image: Image, rng: np.random.Generator) -> Image:
    """Add thirty bright spots of 2 x 2 voxels."""
    found = image.copy()
    for y, x in rng.integers(5, EDGE - 5, (30, 2)):
        found[y : y + 2, x : x + 2] += 300
    return found


def bowl(image: Image, rng: np.random.Generator) -> Image:
    """Multiply by a tilted bowl."""
    y, x = np.meshgrid(*[np.linspace(-1, 1, EDGE)] * 2, indexing="ij")
    a, b, c = rng.uniform(-0.2, 0.2, 3)
    field = 1 + a * x + b * y + c * (x**2 + y**2)
    return np.asarray(image * field / field.mean())


def even(image: Image) -> Image:
    """Even out by the fitted surface."""
    surface = fit_surface(image[None])
    return even_out(image, surface.at(image.shape, 0.0), surface.level, "divide")


CASES: dict[str, tuple[Artefact, Filter]] = {
    "noise, non-local means": (noise, lambda i: denoise(i[None], noise_sigma(i))[0]),
    "noise, total variation": (noise, lambda i: denoise(i[None], noise_sigma(i), method="tv")[0]),
    "stripes, 1 voxel": (stripes(1), remove_stripes),
    "stripes, 4 voxels": (stripes(4), remove_stripes),
    "stripes, 4 voxels (widest 16)": (stripes(4), lambda i: remove_stripes(i, widest=16)),
    "stripes, 1 voxel, wavelet": (stripes(1), lambda i: remove_stripes(i, method="wavelet")),
    "rings": (rings(360), remove_rings),
    "parts of rings, 60°": (rings(60), lambda i: remove_rings(i, arc=60)),
    "blur of 1.2 voxels": (blur, lambda i: deblur(i[None], 1.2)[0]),
    "spots": (spots, remove_spots),
    "shading": (bowl, even),
}


def clean(seeds: list[int]) -> None:
    """Print what goes and what is put in, by artefact and scene."""
    made = [(seed, *scene) for seed in seeds for scene in scenes(seed)]
    names = list(dict.fromkeys(name for _, name, _ in made))
    print("| artefact | " + " | ".join(f"{n}: goes / put in %" for n in names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for case, (artefact, mend) in CASES.items():
        cells = []
        for name in names:
            gone, changed = [], []
            for seed, _, image in (m for m in made if m[1] == name):
                truth = image.astype(np.float32)
                damaged = artefact(truth, np.random.default_rng(seed)).astype(np.float32)
                left = ((mend(damaged) - truth) ** 2).mean()
                gone.append(1 - left / ((damaged - truth) ** 2).mean())
                changed.append(np.sqrt(((mend(truth) - truth) ** 2).mean()) / truth.std())
            cells.append(f"{100 * np.mean(gone):.0f} / {100 * np.mean(changed):.1f}")
        print("|", " | ".join([case, *cells]), "|", flush=True)


def alignment(seed: int, edge: int = 80, frames: int = 3) -> None:
    """Print the largest errors of shift and rotation, and CPU seconds, by reference."""
    import dask.array as da
    from scipy.spatial.transform import Rotation

    from operando.align import align
    from operando.align.series import AlignSettings
    from operando.data import Series

    rng = np.random.default_rng(seed)
    texture = gaussian_filter(rng.standard_normal((edge + 24,) * 3), 2)
    texture *= 100 / texture.std()
    centre = (edge - 1) / 2
    grid = np.stack(np.meshgrid(*[np.arange(edge)] * 3, indexing="ij"), axis=-1) - centre
    moves, made = [], []
    for t in range(frames):
        turn = Rotation.from_rotvec(np.radians(rng.uniform(-3, 3, 3)) * (t > 0)).as_matrix()
        shift = rng.uniform(-4, 4, 3) * (t > 0)
        places = (grid - shift) @ turn + centre + 12
        frame = map_coordinates(texture, np.moveaxis(places, -1, 0), order=5)
        made.append((1 - 0.15 * t) * frame + 20 * t + 25 * rng.standard_normal(frame.shape))
        moves.append((turn, shift))
    data = da.from_array(np.stack(made)[:, None].astype(np.float32), chunks=(1, 1, *[edge] * 3))
    series = Series(data=data, voxel_size=(1, 1, 1))
    print("\n| alignment to | shift, voxels | rotation, ° | CPU s |\n|---|---|---|---|")
    for reference in ("first", "previous", "mean"):
        start = time.process_time()
        found = align(series, AlignSettings(reference=reference)).transforms
        spent = time.process_time() - start
        shifts, turns = [], []
        for transform, (turn, shift) in zip(found, moves, strict=True):
            shifts.append(np.abs(transform.shift_at(np.full(3, centre)) - shift).max())
            rest = turn.T @ transform.matrix[:3, :3]
            turns.append(np.degrees(Rotation.from_matrix(rest).magnitude()))
        print(f"| {reference} | {max(shifts):.4f} | {max(turns):.4f} | {spent:.1f} |", flush=True)


def main() -> None:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--no-alignment", action="store_true")
    options = parser.parse_args()
    clean(options.seeds)
    if not options.no_alignment:
        alignment(options.seeds[0])


if __name__ == "__main__":
    main()
