"""Deformation in the report: a table of all frame pairs, and a picture of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.report import figures
from operando.report.frame_curves import field_frames
from operando.report.section import Picture, Section, hours, number, picture, table
from operando.strain.field.scatter import neighbour_scatter
from operando.strain.reading.measures import von_mises

if TYPE_CHECKING:
    from markupsafe import Markup

    from operando.data import DisplacementField
    from operando.study import Study

HEAD = (
    "frames",
    "measured (%)",
    "displacement (µm)",
    "its error (µm)",
    "neighbours differ by (errors)",
    "volume change (%)",
    "spread of volume change (%)",
    "von Mises strain (%)",
)
NOTE = (
    "Medians over all points that could be measured. The error is the predicted standard deviation "
    "of a displacement component. It holds where neighbours differ by about one of it; where they "
    "differ by more, something cracks or the motion changes from point to point, and errors may be "
    "larger. The spread is half the range that holds 68 % of the points."
)


def strain_section(study: Study) -> Section | None:
    """Show all displacement fields; None if there are none."""
    names = [name for name in study.products("strain") if field_frames(name)]
    if not names:
        return None
    fields = {name: study.field(name) for name in names}
    return Section(
        "Strain",
        "Digital volume correlation; deformed(X + u(X)) = reference(X).",
        [_drawn(study, name, each) for name, each in fields.items()],
        [pair_table(study, fields)],
    )


def pair_table(study: Study, fields: dict[str, DisplacementField]) -> Markup:
    """One row of numbers for every pair of frames."""
    rows = []
    for name, each in fields.items():
        valid = each.valid
        size = np.asarray(study.voxel_size)
        length = np.linalg.norm(each.displacement * size, axis=1)
        error = np.sqrt(np.mean((each.sigma * size) ** 2, axis=1))
        volume = 100 * each.volume_change[valid]
        shear = 100 * von_mises(each.physical(study.voxel_size).strain()[valid])
        rows.append(
            [
                _frames(study, name),
                f"{100 * valid.mean():.0f}",
                number(_median(length[valid]), ".3g"),
                number(_median(error[valid]), ".2g"),
                number(neighbour_scatter(each), ".1f"),
                number(_median(volume), "+.2f"),
                number(_spread(volume), ".2f"),
                number(_median(shear), ".2f"),
            ]
        )
    return table(HEAD, rows, NOTE)


def _drawn(study: Study, name: str, each: DisplacementField) -> Picture:
    pair = field_frames(name)
    z = study.series.volume_shape[0] // 2
    image = np.asarray(study.series.data[pair[0] if pair else 0, 0, z])
    gauge = " × ".join(
        f"{length * edge:.3g}"
        for length, edge in zip(each.gauge_length, study.voxel_size, strict=True)
    )
    caption = (
        f"{_frames(study, name)}, slice z = {z}; Green-Lagrange strain over a gauge of {gauge} µm "
        "(z, y, x); points that could not be measured are left out"
    )
    return picture(figures.draw_strain(each, image, z, study.voxel_size), caption)


def _frames(study: Study, name: str) -> str:
    first, second = field_frames(name) or (0, 0)
    return f"frame {first} ({hours(study.times[first])}) to {second} ({hours(study.times[second])})"


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def _spread(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return float("nan")
    low, high = np.percentile(finite, [16, 84])
    return float(high - low) / 2
