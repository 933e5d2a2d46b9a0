"""What was measured along a line, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.errors import InputError
from operando.strain.reading.extensometer import measure_elongation
from operando.strain.reading.profile import POINTS, profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from operando.ui.layers.study_results import StudyStrain

Point = tuple[float, float, float]


def profile_table(strain: StudyStrain, line: Sequence[Point]) -> pd.DataFrame | None:
    """Tabulate the shown quantity along a line.

    Parameters
    ----------
    strain
        What is shown.
    line
        Its two ends ``(z, y, x)`` in µm.

    Returns
    -------
    ``distance_um`` from the start, ``z_um``, ``y_um``, ``x_um``, ``value`` in the unit that is
    shown, and ``value_sd``, its predicted standard deviation (that of a node, not less between
    nodes; empty where there is none). None where nothing is shown.
    """
    import pandas as pd

    study, field, view = strain.study, strain.field, strain.view
    if study is None or field is None:
        return None
    start, end = (np.asarray(p) / study.voxel_size for p in line)
    errors = view.errors(field)
    places = np.linspace(*(np.asarray(p, float) for p in line), POINTS)
    table = pd.DataFrame(places, columns=["z_um", "y_um", "x_um"])
    table.insert(0, "distance_um", np.linalg.norm(places - places[0], axis=1))
    table["value"] = profile(field, view.values(field), start, end)
    known = errors is not None
    table["value_sd"] = profile(field, errors, start, end, go_on=False) if known else np.nan
    return table


def elongation_table(strain: StudyStrain, line: Sequence[Point]) -> pd.DataFrame | None:
    """Tabulate how a line changed its length, in every frame since the reference that is shown.

    Returns
    -------
    One row per frame, the reference first, which has no change: ``frame``, ``time_h``,
    ``length_um`` in the reference, ``change_um``, ``change_sd_um``, ``strain_percent`` (change over
    length), ``strain_sd_percent``, and ``problem``, why a frame has no numbers. None where nothing
    is shown.
    """
    import pandas as pd

    study, pair = strain.study, strain.pair
    if study is None or pair is None or strain.field is None:
        return None
    size = study.voxel_size
    start, end = (np.asarray(p) / size for p in line)
    length = float(np.linalg.norm(np.subtract(*line)))
    rows = [_row(pair[0], study.times[pair[0]], length, 0.0, 0.0)]
    for frame, field in strain.view.fields.items():
        try:
            found = measure_elongation(field, start, end, size)
        except InputError as error:
            row = _row(frame, study.times[frame], length, np.nan, np.nan) | {"problem": error.what}
        else:
            changes = found.change_um, found.change_sd_um
            row = _row(frame, study.times[frame], length, *changes)
        rows.append(row)
    return pd.DataFrame(rows).sort_values("time_h", ignore_index=True)


def _row(
    frame: int, time_h: float, length: float, change: float, sd: float
) -> dict[str, float | str]:
    return {
        "frame": frame,
        "time_h": time_h,
        "length_um": length,
        "change_um": change,
        "change_sd_um": sd,
        "strain_percent": 100 * change / length,
        "strain_sd_percent": 100 * sd / length,
        "problem": "",
    }
