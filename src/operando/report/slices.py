"""The slices that a report shows of a series: the middle one of a few frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from operando.report import figures
from operando.report.section import SHOWN_FRAMES, Picture, frame_title, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operando.data import LabelClass
    from operando.study import Study


def labelled_slices(
    study: Study, labels: Any, caption: str, classes: Sequence[LabelClass] = ()
) -> Picture:
    """Draw labels ``(t, z, y, x)`` over the tomogram; of classes in their colours."""
    n, z = study.series.n_frames, study.series.volume_shape[0] // 2
    frames = sorted({int(t) for t in np.linspace(0, n - 1, min(n, SHOWN_FRAMES)).round()})
    drawing = figures.draw_slices(
        [np.asarray(study.series.data[t, 0, z]) for t in frames],
        [frame_title(study, t) for t in frames],
        study.voxel_size[1:],
        labels=[np.asarray(labels[t, z]) for t in frames],
        classes=classes,
    )
    return picture(drawing, f"{caption}; slice z = {z}, {z * study.voxel_size[0]:.3g} µm deep")
