"""Volume fraction of every phase in every frame of a segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.steps.frame_view import FrameView

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.data import LabelClass


def phase_fractions(
    labels: Any, classes: Sequence[LabelClass], times: Sequence[float], probabilities: Any = None
) -> pd.DataFrame:
    """Fraction of every class in what was imaged of every frame.

    Parameters
    ----------
    labels
        ``(t, z, y, x)``; read slab by slab.
    classes
        Class k has the label k + 1; what was not imaged has the label 0.
    times
        Hours.
    probabilities
        ``(t, c, z, y, x)`` uint8, from which error bars come; None gives none.

    Returns
    -------
    Columns ``frame``, ``time_h``, ``phase``, ``fraction``, and with probabilities
    ``fraction_low`` and ``fraction_high``, a 95 % interval (see `fraction_intervals`) that is
    widened to hold the fraction where labels were changed since.
    """
    import pandas as pd

    from operando.segment.phases.uncertainty import fraction_intervals

    rows = []
    slab = max(1, labels.chunks[1]) if hasattr(labels, "chunks") else 32
    for t, time_h in enumerate(times):
        counts = np.zeros(256, np.int64)
        for z in range(0, labels.shape[1], slab):
            counts += np.bincount(np.asarray(labels[t, z : z + slab]).ravel(), minlength=256)
        bounds = (
            fraction_intervals(FrameView(probabilities, t)) if probabilities is not None else None
        )
        for k, label_class in enumerate(classes):
            fraction = counts[k + 1] / max(1, counts[1:].sum())
            ends = (min(bounds.low[k], fraction), max(bounds.high[k], fraction)) if bounds else ()
            rows.append((t, time_h, label_class.name, fraction, *ends))
    interval = ["fraction_low", "fraction_high"] if probabilities is not None else []
    return pd.DataFrame(rows, columns=["frame", "time_h", "phase", "fraction", *interval])
