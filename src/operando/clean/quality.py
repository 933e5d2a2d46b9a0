"""Judge slices and frames by numbers a user can act on."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.clean.intensity import phase_levels
from operando.clean.noise import imaged, noise_sigma
from operando.compute.blocks import sample_slices
from operando.compute.progress import Stopwatch
from operando.compute.spread import robust_sigma
from operando.data.series import check_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.compute.progress import ProgressCallback
    from operando.data.series import Series

_LEAST_EDGE = 16
_SLOW = 8.0
_SHADED = 4096
"""Voxels that tell the shading of a slice."""

SLICE_SCORES: Mapping[str, str] = {
    "noise": "noise, share of the contrast",
    "sharpness": "slope of the steepest edges, contrast per voxel",
    "detail": "strength of structures of 5 to 10 voxels beyond the noise, share of coarser ones",
    "rings": "height of rings, share of the contrast",
    "stripes_y": "height of stripes along y beyond those along x, share of the contrast",
    "stripes_x": "height of stripes along x beyond those along y, share of the contrast",
    "shading": "slow change of brightness over the slice, share of the contrast",
    "separability": "variance between dark and bright phase over all variance (Otsu), 0 to 1",
    "saturation": "share of voxels at the darkest or brightest value there is",
    "brightness": "median grey value",
    "contrast": "grey values between the dark and the bright phase",
}
"""Scores of a slice and what they mean."""


def judge(
    series: Series,
    *,
    channel: int = 0,
    slices: int = 24,
    frames: Sequence[int] | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score every frame, and a sample of its slices.

    Parameters
    ----------
    series
        At most `slices` slices of every frame are read, one at a time.
    channel
        Which one is judged.
    slices
        Spread evenly over every frame.
    frames
        Which are judged; None for all.
    progress
        Told after every slice; raises `Cancelled` to stop.

    Returns
    -------
    frames
        One row per frame: ``frame``, the medians of `SLICE_SCORES` over its slices, ``score``
        (0 poor to 100 good, see `operando.clean.ranking`), ``brightness_change`` (share of the
        contrast, to the first row) and ``drift_um`` (in the plane, to the row before).
    slices
        One row per slice: ``frame``, ``slice`` and the scores.
    """
    import pandas as pd

    from operando.clean.ranking import score

    check_series(series)
    at = sample_slices(series.volume_shape[0], slices)
    chosen = list(range(series.n_frames) if frames is None else frames)
    watch = Stopwatch(progress, len(chosen) * len(at), "slices", "Judging")
    rows = []
    middles: list[NDArray[np.float32]] = []
    for t in chosen:
        for z in at:
            image = np.asarray(series.data[t, channel, z])
            rows.append({"frame": t, "slice": z, **judge_slice(image)})
            if z == at[len(at) // 2]:
                middles.append(image.astype(np.float32))
            watch.advance()
    by_slice = pd.DataFrame(rows)
    by_slice["score"] = score(by_slice)
    table = by_slice.drop(columns="slice").groupby("frame", as_index=False).median()
    table["score"] = score(table)
    level = table["brightness"].to_numpy()
    contrast = max(float(table["contrast"].iloc[0]), 1e-12)
    table["brightness_change"] = (level - level[0]) / contrast
    table["drift_um"] = [0.0, *_drifts(middles, series.voxel_size)]
    if series.times is not None:
        table.insert(1, "time_h", [series.times[t] for t in chosen])
    return table, by_slice


def judge_slice(image: NDArray[Any]) -> dict[str, float]:
    """Score what was imaged of one slice ``(y, x)``; see `SLICE_SCORES`.

    Ratios are 0 where there is no contrast.
    """
    from scipy.ndimage import gaussian_filter

    raw = _imaged_part(imaged(np.asarray(image)))
    grey = raw.astype(np.float32)
    dark, bright = phase_levels(grey)
    contrast = bright - dark
    scores = dict.fromkeys(SLICE_SCORES, 0.0)
    scores |= {"brightness": float(np.median(grey)), "saturation": saturation(raw)}
    if contrast <= 0 or min(grey.shape) < _LEAST_EDGE:
        return scores
    fine = grey - gaussian_filter(grey, _SLOW / 2, mode="nearest")
    columns, rows = _profile_height(fine, 0), _profile_height(fine, 1)
    smooth = gaussian_filter(grey, 1.0, mode="nearest")
    slope = np.hypot(*np.gradient(smooth))
    return scores | {
        "noise": noise_sigma(grey) / contrast,
        "sharpness": float(np.percentile(slope, 99)) / contrast,
        "detail": detail(grey),
        "rings": ring_height(fine) / contrast,
        "stripes_y": float(np.sqrt(max(columns**2 - rows**2, 0.0))) / contrast,
        "stripes_x": float(np.sqrt(max(rows**2 - columns**2, 0.0))) / contrast,
        "shading": shading(grey) / contrast,
        "separability": separability(grey),
        "contrast": contrast,
    }


def _imaged_part(raw: NDArray[Any]) -> NDArray[Any]:
    """Cut out rows and columns that hold more numbers than NaN; what is left of it is filled."""
    known = np.isfinite(raw)
    if known.all():
        return raw
    kept = np.ix_(known.mean(axis=1) > 0.5, known.mean(axis=0) > 0.5)
    part, known = raw[kept], known[kept]
    return np.where(known, part, np.median(part[known])) if known.any() else np.zeros((1, 1))


def separability(grey: NDArray[Any]) -> float:
    """Share of the grey variance that lies between the two classes of Otsu's threshold."""
    from skimage.filters import threshold_otsu

    total = float(np.var(grey, dtype=np.float64))
    if total <= 0:
        return 0.0
    above = grey > threshold_otsu(grey)
    share = float(above.mean())
    if share in {0.0, 1.0}:
        return 0.0
    gap = float(grey[above].mean(dtype=np.float64) - grey[~above].mean(dtype=np.float64))
    return share * (1 - share) * gap**2 / total


def detail(grey: NDArray[np.float32]) -> float:
    """Strength of structures of 5 to 10 voxels over that of those of 10 to 40.

    Square root of a ratio of spectral power without that of white noise, which is told from the
    finest structures. A blur makes it less; noise changes it little.
    """
    window = np.multiply.outer(*(np.hanning(n).astype(np.float32) for n in grey.shape))
    power = np.abs(np.fft.rfft2((grey - grey.mean()) * window)) ** 2
    y, x = np.fft.fftfreq(grey.shape[0]), np.fft.rfftfreq(grey.shape[1])
    frequency = np.hypot(y[:, None], x)
    coarse, fine, noise = (
        float(np.median(power[(frequency >= low) & (frequency < high)]))
        for low, high in ((0.025, 0.1), (0.1, 0.2), (0.42, 0.5))
    )
    return float(np.sqrt(max(fine - noise, 0.0) / max(coarse - noise, fine, 1e-12)))


def saturation(raw: NDArray[Any]) -> float:
    """Share of voxels that pile up at the lowest or highest value of the image.

    One lone extreme value is none; a pile is more than four times what the next value holds.
    """
    flat = raw[np.isfinite(raw)] if raw.dtype.kind == "f" else raw.ravel()
    if not flat.size:
        return 0.0
    piled = 0.0
    values, counts = np.unique(flat, return_counts=True)
    if len(values) < 8:
        return 0.0
    for end, beside in ((0, slice(1, 4)), (-1, slice(-4, -1))):
        if counts[end] > max(4 * float(np.mean(counts[beside])), 8):
            piled += counts[end] / flat.size
    return float(piled)


def ring_height(fine: NDArray[np.float32]) -> float:
    """Robust height of rings about the middle of an image without its slow changes."""
    y, x = np.indices(fine.shape, np.float32)
    middle = [(n - 1) / 2 for n in fine.shape]
    radius = np.rint(np.hypot(y - middle[0], x - middle[1])).astype(int)
    inside = radius <= min(fine.shape) // 2
    counts = np.bincount(radius[inside])
    means = np.bincount(radius[inside], fine[inside]) / np.maximum(counts, 1)
    start = min(8, len(means) // 4)
    noise = robust_sigma(fine) ** 2 / np.maximum(counts[start:], 1)
    excess = robust_sigma(np.diff(means[start:])) ** 2 / 2 - float(np.median(noise))
    return float(np.sqrt(max(excess, 0.0)))


def shading(grey: NDArray[np.float32]) -> float:
    """Range of a bowl (order 2) through the commonest phase of a slice, grey values."""
    from operando.clean.surface import fit_surface

    step = max(1, int(np.sqrt(grey.size / _SHADED)))
    surface = fit_surface(grey[None, ::step, ::step], order=2).at([32, 32], 0.0)
    return float(surface.max() - surface.min())


def suggest(row: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], str]]:
    """Say which steps would help most with a frame.

    Parameters
    ----------
    row
        Scores of a frame as `judge` gives them.

    Returns
    -------
    Name of the step, settings worth changing, and a sentence; the most helpful first.
    """
    found: list[tuple[float, str, dict[str, Any], str]] = []
    if row["saturation"] > 0.005:
        found.append(
            (0, "", {}, f"{row['saturation']:.1%} of the voxels are saturated; no filter helps.")
        )
    for axis in "yx":
        height = row[f"stripes_{axis}"]
        if height > 0.06:
            text = f"Stripes along {axis}, {height:.0%} of the contrast: Remove stripes."
            found.append((height / 0.06, "stripes", {"direction": axis}, text))
    if row["rings"] > 0.06:
        text = f"Rings, {row['rings']:.0%} of the contrast: Remove rings."
        found.append((row["rings"] / 0.06, "rings", {}, text))
    if row["noise"] > 0.12:
        strength = 1.0 if row["noise"] < 0.4 else 1.3
        text = f"Noise, {row['noise']:.0%} of the contrast: Denoise, strength {strength:g}."
        found.append((row["noise"] / 0.12, "denoise", {"strength": strength}, text))
    if abs(row.get("brightness_change", 0.0)) > 0.1:
        text = f"Grey values changed by {row['brightness_change']:+.0%} of the contrast: "
        found.append((3.0, "intensity", {}, text + "Match grey values."))
    found.sort(key=lambda item: -item[0])
    return [(step, settings, text) for _, step, settings, text in found]


def _profile_height(fine: NDArray[np.float32], axis: int) -> float:
    """Height of stripes along an axis, from how much the median changes over two lines.

    Neighbours often belong to one stripe, and grains change more over a longer way. Stripes that
    stand alone count; the strongest fiftieth of the changes may be something else.
    """
    profile = np.median(fine, axis=axis)
    changes = (profile[2:] - profile[:-2]) ** 2
    return float(np.sqrt(np.minimum(changes, np.percentile(changes, 98)).mean() / 2))


def _drifts(
    middles: Sequence[NDArray[np.float32]], voxel_size: Sequence[float] | None
) -> list[float]:
    from operando.clean.slices import slice_shift

    edges = np.array((voxel_size or (1.0, 1.0, 1.0))[1:])
    return [float(np.linalg.norm(slice_shift(a, b) * edges)) for a, b in pairwise(middles)]
