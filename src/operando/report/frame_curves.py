"""What a study knows about each of its frames: the curves of report and time line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from operando.chemistry import cycling_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from operando.data import LabelClass
    from operando.study import Study


@dataclass(frozen=True)
class Curve:
    """One line of a plot.

    Parameters
    ----------
    title
        What the legend calls it.
    values
        ``(frames,)``; NaN where nothing is known.
    colour
        ``#rrggbb``, or empty for the next of the palette.
    """

    title: str
    values: NDArray[np.float64]
    colour: str = ""


@dataclass(frozen=True)
class FrameQuantity:
    """Curves of one kind and unit, one value per frame.

    Parameters
    ----------
    title
        What an axis says.
    unit
        Of all its curves.
    curves
        At least one.
    """

    title: str
    unit: str
    curves: tuple[Curve, ...]


def frame_quantities(study: Study, classes: tuple[LabelClass, ...] = ()) -> list[FrameQuantity]:
    """Collect what the tables and the recipe of a study say about its frames.

    Parameters
    ----------
    study
        Its tables ``particles``, ``phases``, ``cycling`` and ``quality`` and its strain runs are
        read, where present.
    classes
        Give the phases their colours.
    """
    names = study.products("tables")
    found: list[FrameQuantity] = []
    if "particles" in names:
        found += particle_quantities(study.table("particles"), len(study.times))
    if "phases" in names:
        found += phase_quantities(study.table("phases"), len(study.times), classes)
    found += strain_quantities(study)
    if "cycling" in names:
        found += cycling_quantities(study.table("cycling"), study.times)
    if "quality" in names:
        found += quality_quantities(study.table("quality"), len(study.times))
    return found


def particle_quantities(table: pd.DataFrame, n_frames: int) -> list[FrameQuantity]:
    """Mean crack fraction, mean volume and number of the particles of every frame."""
    frames = np.asarray(table["frame"], int)
    counts = np.bincount(frames, minlength=n_frames)[:n_frames].astype(float)
    columns = (
        ("crack_fraction", "mean crack", "%", 100.0),
        ("volume_um3", "mean volume", "µm³", 1.0),
    )
    number = FrameQuantity("particles", "", (Curve("particles", counts),))
    return [*_mean_quantities(table, n_frames, columns), number]


def phase_quantities(
    table: pd.DataFrame, n_frames: int, classes: tuple[LabelClass, ...] = ()
) -> list[FrameQuantity]:
    """Volume share of every phase."""
    colours = {c.name: c.colour for c in classes}
    curves = []
    for phase, rows in table.groupby("phase", sort=False):
        frames = np.asarray(rows["frame"], int)
        shares = 100 * _frame_means(frames, np.asarray(rows["fraction"], float), n_frames)
        curves.append(Curve(str(phase), shares, colours.get(str(phase), "")))
    return [FrameQuantity("phases", "%", tuple(curves))] if curves else []


def quality_quantities(table: pd.DataFrame, n_frames: int) -> list[FrameQuantity]:
    """Image score, noise, change of brightness, and drift of every frame."""
    columns = (
        ("score", "image score", "of 100", 1.0),
        ("noise", "noise", "% of contrast", 100.0),
        ("brightness_change", "brightness change", "% of contrast", 100.0),
        ("drift_um", "drift to the frame before", "µm", 1.0),
    )
    return _mean_quantities(table, n_frames, columns)


def strain_quantities(study: Study) -> list[FrameQuantity]:
    """Median volume change from the first reference frame, as the strain runs recorded it."""
    runs = [e for e in study.entries if e.step == "strain" and not e.superseded]
    values: dict[int, NDArray[np.float64]] = {}
    for run in runs:
        change = run.values.get("median_volume_change_percent")
        pair = _pair(run.outputs)
        if change is None or pair is None:
            continue
        curve = values.setdefault(pair[0], np.full(len(study.times), np.nan))
        curve[[pair[0], pair[1]]] = 0.0, change
    curves = tuple(Curve(f"since frame {r}", v) for r, v in sorted(values.items()))
    return [FrameQuantity("volume change", "%", curves)] if curves else []


def cycling_quantities(table: pd.DataFrame, times: Sequence[float]) -> list[FrameQuantity]:
    """Return current, net charge and state of charge at the frames, as far as they are known."""
    if not {"time_h", "voltage_v"} <= set(table):
        return []
    at = cycling_at(table, times)
    return [
        FrameQuantity(title, unit, (Curve(title, factor * at[name].to_numpy(float)),))
        for name, title, unit, factor in (
            ("current_a", "current", "mA", 1e3),
            ("capacity_ah", "net charge", "mAh", 1e3),
            ("state_of_charge", "state of charge", "%", 1e2),
        )
        if name in at and np.isfinite(at[name]).any()
    ]


def cycling_curve(study: Study) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Time (h) and voltage (V) of the cycler, or None where the study has none."""
    if "cycling" not in study.products("tables"):
        return None
    table = study.table("cycling")
    if not {"time_h", "voltage_v"} <= set(table):
        return None
    return np.asarray(table["time_h"], float), np.asarray(table["voltage_v"], float)


def _mean_quantities(
    table: pd.DataFrame, n_frames: int, columns: Sequence[tuple[str, str, str, float]]
) -> list[FrameQuantity]:
    """Means per frame of the columns that there are: name, title, unit, factor to that unit."""
    frames = np.asarray(table["frame"], int)
    return [
        FrameQuantity(
            title,
            unit,
            (Curve(title, factor * _frame_means(frames, table[name].to_numpy(float), n_frames)),),
        )
        for name, title, unit, factor in columns
        if name in table
    ]


def _frame_means(
    frames: NDArray[np.int_], values: NDArray[np.float64], n_frames: int
) -> NDArray[np.float64]:
    known = np.isfinite(values) & (frames < n_frames)
    sums = np.bincount(frames[known], values[known], n_frames)
    counts = np.bincount(frames[known], minlength=n_frames)
    means = np.full(n_frames, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _pair(outputs: Any) -> tuple[int, int] | None:
    for product in outputs:
        folder, _, name = product.partition("/")
        pair = field_frames(name)
        if folder == "strain" and pair:
            return pair
    return None


def field_frames(name: str) -> tuple[int, int] | None:
    """Frames of a field called ``"000-003"``: reference and deformed; None for other names."""
    reference, dash, deformed = name.partition("-")
    if dash and reference.isdigit() and deformed.isdigit():
        return int(reference), int(deformed)
    return None
