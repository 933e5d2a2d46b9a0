"""Scores of the particles of a series against the truth, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.errors import InputError
from operando.particles.scoring.scores import link_accuracy, match, mean_slice_scores, slice_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

THRESHOLDS = tuple(0.5 + 0.05 * k for k in range(10))


def average_precision(found: NDArray[Any], true: NDArray[Any], *, smallest: int = 0) -> float:
    """Mean over IoU 0.5 to 0.95 of right ones among those found or true [Schmidt et al. 2018].

    Parameters
    ----------
    found, true, smallest
        As in `operando.particles.match`.

    Returns
    -------
    0 to 1; NaN if there is nothing, found or true.
    """
    shares = []
    for iou in THRESHOLDS:
        pairs = match(found, true, iou=iou, smallest=smallest)
        whole = len(pairs.found) + len(pairs.wrong) + len(pairs.missed)
        shares.append(len(pairs.found) / whole if whole else np.nan)
    return float(np.mean(shares))


def score_table(
    found: Sequence[NDArray[Any]], true: Sequence[NDArray[Any]], *, smallest: int = 100
) -> pd.DataFrame:
    """Score every frame in 3D and per slice, and its links to the frame before.

    Parameters
    ----------
    found, true
        ``(T, Z, Y, X)`` ids that stay the same through time; read one frame at a time.
    smallest
        True particles of fewer voxels do not count, in slices those of a tenth as many.

    Returns
    -------
    One row per frame: ``precision``, ``recall`` and ``panoptic_quality`` at IoU 0.5 in 3D,
    ``average_precision``, ``links_right``, NaN in the first frame, ``uncut_precision``,
    ``uncut_recall`` and ``uncut_panoptic_quality`` without particles that the image border cuts,
    and the means over slices ``slice_precision``, ``slice_sensitivity``, ``slice_jaccard``,
    ``slice_dice``, ``slice_f_measure`` and ``slice_mcc``.

    Raises
    ------
    InputError
        If both do not have as many frames of the same shape.
    """
    import pandas as pd

    if len(found) != len(true):
        raise InputError(
            f"The truth has {len(true)} frames, the particles {len(found)}",
            "give the truth of every frame",
        )
    rows = []
    before: tuple[NDArray[Any], NDArray[Any]] | None = None
    for t in range(len(found)):
        ours, truth = np.asarray(found[t]), np.asarray(true[t])
        pairs = match(ours, truth, smallest=smallest)
        uncut = match(ours, truth, smallest=smallest, uncut=True)
        slices = mean_slice_scores(slice_scores(ours, truth, smallest=smallest // 10))
        row = {
            "frame": t,
            "precision": pairs.precision,
            "recall": pairs.recall,
            "panoptic_quality": pairs.panoptic_quality,
            "average_precision": average_precision(ours, truth, smallest=smallest),
            "links_right": np.nan,
            "uncut_precision": uncut.precision,
            "uncut_recall": uncut.recall,
            "uncut_panoptic_quality": uncut.panoptic_quality,
        }
        row |= {f"slice_{name}": mean for name, (mean, _) in slices.items()}
        if before is not None:
            links = ((before[0], ours), (before[1], truth))
            row["links_right"] = link_accuracy(*links, smallest=smallest)
        before = ours, truth
        rows.append(row)
    return pd.DataFrame(rows)
