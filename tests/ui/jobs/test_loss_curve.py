from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from operando.compute import Progress
from operando.ui.jobs.loss_curve import LossCurve, curve_of, running_mean

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_the_curve_comes_from_the_reports() -> None:
    reports = [
        Progress(done=1, total=9, values={"loss": 1.0}),
        Progress(done=2, total=9, values={"loss": 0.5, "held_out_loss": 0.7}),
    ]
    expected = np.array([[1, 1.0, np.nan], [2, 0.5, 0.7]])
    assert np.array_equal(curve_of(reports), expected, equal_nan=True)
    assert curve_of([]).shape == (0, 3)


def test_the_curve_is_smoothed_over_the_last_steps() -> None:
    values = np.arange(100.0)
    smooth = running_mean(values)
    assert smooth[0] == 0
    assert smooth[99] == np.mean(values[90:])
    assert running_mean(np.empty(0)).size == 0


def test_only_measured_points_are_drawn(qtbot: QtBot) -> None:
    plot = LossCurve()
    qtbot.addWidget(plot)
    plot.set_curve(np.array([[1, 1.0, np.nan], [2, 0.5, 0.7]]))
    step, loss = plot._held_out.getData()
    assert (step.tolist(), loss.tolist()) == ([2], [0.7])
    plot.set_curve(np.empty((0, 3)))
    assert plot._learnt.getData()[0] is None or len(plot._learnt.getData()[0]) == 0
