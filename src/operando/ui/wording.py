"""How numbers are written in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operando.study.products import SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.study import Study


def count(number: int, noun: str) -> str:
    """Write ``"1 frame"`` or ``"12 400 frames"``."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,}".replace(",", "\u202f") + f" {noun}{ending}"


def bytes_text(nbytes: float) -> str:
    """Write ``"19.7 MB"``."""
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if nbytes >= scale:
            return f"{nbytes / scale:.1f} {unit}"
    return f"{nbytes / 1e3:.1f} kB"


def voxel_size_text(voxel_size: Sequence[float]) -> str:
    """Write ``"0.1 µm"``, or all three where they differ."""
    if len(set(voxel_size)) == 1:
        return f"{voxel_size[0]:.4g} µm"
    return " × ".join(f"{v:.4g}" for v in voxel_size) + " µm"


def lengths_text(lengths_um: Sequence[float]) -> str:
    """Write ``"2.1 µm"``, or one length for each axis where they differ."""
    texts = [f"{length:.3g}" for length in lengths_um]
    return f"{texts[0] if len(set(texts)) == 1 else ' × '.join(texts)} µm"


def times_text(times: Sequence[float]) -> str:
    """Write ``"0 – 3 h"``."""
    return f"{times[0]:.4g} – {times[-1]:.4g} h"


def shape_text(shape: Sequence[int]) -> str:
    """Write ``"96 × 160 × 160"``."""
    return " × ".join(str(n) for n in shape)


def study_line(study: Study) -> str:
    """Frames, times, voxels, voxel size and type in one line."""
    series = study.series
    times = [times_text(study.times)] if series.n_frames > 1 else []
    return " · ".join(
        [
            count(series.n_frames, "frame"),
            *times,
            shape_text(series.volume_shape),
            voxel_size_text(study.voxel_size),
            str(series.data.dtype),
        ]
    )


def image_set_choices(study: Study) -> list[tuple[str, str]]:
    """Image sets of a study, each with what forms call it."""
    return [(product, image_set_text(product)) for product in study.image_sets]


def image_set_text(product: str) -> str:
    """Call an image set as forms do: ``"as recorded"`` or ``"denoised"``."""
    return "as recorded" if product == SOURCE else product.partition("/")[2]
