"""What single slices and pairs of frames tell about how well images were recorded or exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.compute.margin import margin_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEW_GREY_LEVELS = 200
SATURATED = 0.005
"""Share of voxels at the upper end of the grey scale that is worth a warning."""
SMALLEST_SHIFT = 3
"""In voxels; less is what aligning is for anyway."""


def grey_warnings(image: NDArray[Any]) -> list[str]:
    """Say what is odd about the grey values of a slice ``(y, x)``."""
    if image.dtype.kind == "f":
        bad = int(np.count_nonzero(~np.isfinite(image)))
        voxels = "voxel that is no number" if bad == 1 else "voxels that are no numbers"
        told = [f"The middle slice holds {bad} {voxels}: not imaged."] if bad else []
        return told + margin_warnings(image)
    levels, counts = np.unique(image, return_counts=True)
    if len(levels) == 1 and image.size > 1:
        return ["The middle slice is of one grey value."]
    warnings = margin_warnings(image)
    sparse = len(levels) < FEW_GREY_LEVELS or int(np.gcd.reduce(np.diff(levels.astype(int)))) > 1
    if image.dtype.itemsize > 1 and len(levels) > 16 and sparse and image.size > 10_000:
        bits = 8 * image.dtype.itemsize
        warnings.append(
            f"The images have {bits} bits but only {len(levels)} grey levels in the middle slice; "
            "export them again with the full range."
        )
    share = float(counts[-1] / image.size)
    if len(levels) > 16 and share > SATURATED and counts[-1] > 10 * counts[-2]:
        warnings.append(
            f"{100 * share:.2g} % of the voxels in the middle slice are saturated (grey value "
            f"{levels[-1]}); their differences are lost."
        )
    return warnings


def margin_warnings(image: NDArray[Any]) -> list[str]:
    """Say whether a slice ``(y, x)`` has a margin; see `operando.compute.margin`."""
    share = float(margin_of(image).mean())
    if not share:
        return []
    return [
        f"A margin of the grey value {image[0, 0]:g} fills {100 * share:.0f} % of the middle "
        "slice; if it was not imaged (outside of a reconstructed circle), clean first: Cut off "
        "the margin."
    ]


def frame_warnings(slices: Sequence[NDArray[Any]], frames: Sequence[int]) -> list[str]:
    """Say which frames are empty, repeated or shifted.

    Parameters
    ----------
    slices
        The same slice ``(y, x)`` of several frames.
    frames
        Their numbers.
    """
    empty = [t for t, image in zip(frames, slices, strict=True) if image.min() == image.max()]
    if len(empty) == len(frames):
        return []
    repeated = [
        f"{before} and {t}"
        for before, t, a, b in zip(frames, frames[1:], slices, slices[1:], strict=False)
        if t not in empty and np.array_equal(a, b)
    ]
    shifted = []
    for before, t, a, b in zip(frames, frames[1:], slices, slices[1:], strict=False):
        if before in empty or t in empty:
            continue
        dy, dx = in_plane_shift(a, b)
        if max(abs(dy), abs(dx)) >= SMALLEST_SHIFT:
            shifted.append(f"{t} by about {abs(dy)} × {abs(dx)} voxels (y, x) from frame {before}")
    found = []
    if empty:
        found.append(f"Empty in the middle: {_frames(empty)}.")
    if repeated:
        found.append(f"The same image twice: frames {', '.join(repeated)}.")
    if shifted:
        more = f", and {len(shifted) - 2} more" if len(shifted) > 2 else ""
        found.append(f"Shifted: frame {'; frame '.join(shifted[:2])}{more}; align them first.")
    return found


def in_plane_shift(first: NDArray[Any], second: NDArray[Any]) -> tuple[int, int]:
    """Whole voxels (y, x) by which the second image has moved; (0, 0) where that is not clear.

    Phase correlation [Kuglin and Hines 1975]; the shift counts only if the images are clearly
    more alike with it than without.
    """
    a, b = (np.nan_to_num(np.asarray(i, np.float32)) for i in (first, second))
    windows = np.hanning(a.shape[0])[:, None] * np.hanning(a.shape[1])[None]
    spectra = [np.fft.rfft2((i - i.mean()) * windows) for i in (a, b)]
    cross = spectra[1] * np.conj(spectra[0])
    peak = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), a.shape)
    at = np.unravel_index(int(np.argmax(peak)), a.shape)
    dy, dx = (int(i) - n if i > n // 2 else int(i) for i, n in zip(at, a.shape, strict=True))
    alike = _correlation(*_overlap(a, b, dy, dx))
    return (dy, dx) if alike > 0.3 and alike > _correlation(a, b) + 0.1 else (0, 0)


def _overlap(
    a: NDArray[Any], b: NDArray[Any], dy: int, dx: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    here = tuple(slice(max(-d, 0), n - max(d, 0)) for d, n in zip((dy, dx), a.shape, strict=True))
    there = tuple(slice(max(d, 0), n - max(-d, 0)) for d, n in zip((dy, dx), a.shape, strict=True))
    return a[here], b[there]


def _correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0


def _frames(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:6])) + (", …" if len(numbers) > 6 else "")
    return f"frame {shown}" if len(numbers) == 1 else f"frames {shown}"
