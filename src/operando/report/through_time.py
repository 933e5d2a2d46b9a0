"""Voltage and what was measured, one below the other on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from operando.chemistry import cycling_at
from operando.report.frame_curves import FrameQuantity, cycling_curve, frame_quantities
from operando.report.section import Section, picture

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from operando.data import LabelClass
    from operando.study import Study

ROW_INCHES, WIDTH_INCHES = 1.15, 7.2
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")


def time_section(study: Study) -> Section | None:
    """Show the frames along the time axis; None for one frame, or where nothing is measured."""
    quantities = [q for q in frame_quantities(study, _classes(study)) if _is_known(q)]
    if len(study.times) < 2 or not quantities:
        return None
    return Section(
        "Through time",
        "Every point is a frame.",
        [picture(draw_through_time(study, quantities), "What was measured, against time")],
    )


def draw_through_time(study: Study, quantities: list[FrameQuantity]) -> Figure:
    """Draw the voltage curve, if there is one, and a row for every quantity."""
    voltage = cycling_curve(study)
    n = len(quantities) + (voltage is not None)
    figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * n + 0.4), layout="constrained")
    axes = list(figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0])
    first, last = study.times[0], study.times[-1]
    if voltage is not None:
        at_frames = cycling_at(study.table("cycling"), study.times)
        _draw_voltage(axes.pop(0), *voltage, at_frames)
    for ax, quantity in zip(axes, quantities, strict=True):
        for k, curve in enumerate(quantity.curves):
            colour = curve.colour or PALETTE[k % len(PALETTE)]
            ax.plot(study.times, curve.values, "o-", ms=4, color=colour, label=curve.title)
        _label(ax, quantity.title, quantity.unit)
        if len(quantity.curves) > 1:
            ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    margin = 0.03 * (last - first)
    figure.axes[-1].set_xlim(first - margin, last + margin)
    figure.axes[-1].set_xlabel("time / h")
    return figure


def _draw_voltage(ax: Axes, hours: np.ndarray, volts: np.ndarray, at_frames: pd.DataFrame) -> None:
    ax.plot(hours, volts, color="#333333", linewidth=1)
    ax.plot(at_frames["time_h"], at_frames["voltage_v"], "o", ms=4, color="#333333")
    _label(ax, "voltage", "V")


def _label(ax: Axes, title: str, unit: str) -> None:
    ax.set_ylabel(f"{title}\n/ {unit}" if unit else title, fontsize=8)
    ax.tick_params(labelsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def _is_known(quantity: FrameQuantity) -> bool:
    return any(np.isfinite(curve.values).any() for curve in quantity.curves)


def _classes(study: Study) -> tuple[LabelClass, ...]:
    return study.phases("phases")[2] if "phases" in study.products("phases") else ()
