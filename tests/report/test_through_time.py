from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from operando.report.frame_curves import Curve, FrameQuantity
from operando.report.through_time import draw_through_time, time_section

QUANTITIES = [
    FrameQuantity("mean crack", "%", (Curve("mean crack", np.array([1.0, 3.0])),)),
    FrameQuantity(
        "phases",
        "%",
        (Curve("pore", np.array([40.0, 41.0]), "#56b4e9"), Curve("particle", np.array([60.0, 59]))),
    ),
]


@pytest.fixture
def cycled(study):
    study.calibrate(times=(1.0, 3.0))
    hours = np.linspace(0, 4, 9)
    study.write_table("cycling", pd.DataFrame({"time_h": hours, "voltage_v": 3 + hours / 4}))
    return study


def test_every_quantity_has_a_row_with_its_unit_on_the_axis_of_time(cycled):
    figure = draw_through_time(cycled, QUANTITIES)
    voltage, crack, phases = figure.axes
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "voltage\n/ V",
        "mean crack\n/ %",
        "phases\n/ %",
    ]
    assert phases.get_xlabel() == "time / h"
    np.testing.assert_allclose(crack.lines[0].get_xydata(), [[1, 1], [3, 3]])
    assert phases.lines[0].get_color() == "#56b4e9"
    at_frames = voltage.lines[1].get_xydata()
    np.testing.assert_allclose(at_frames, [[1, 3.25], [3, 3.75]])


def test_outside_the_record_of_the_cycler_a_frame_has_no_voltage(cycled):
    cycled.calibrate(times=(1.0, 30.0))
    voltage = draw_through_time(cycled, QUANTITIES).axes[0]
    np.testing.assert_allclose(voltage.lines[1].get_xydata(), [[1, 3.25], [30, np.nan]])


def test_without_a_cycler_there_is_no_voltage(study):
    assert len(draw_through_time(study, QUANTITIES).axes) == 2


def test_nothing_measured_nothing_shown(study):
    assert time_section(study) is None
