from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from qtpy.QtWidgets import QApplication, QFileDialog

from operando.ui.strain.line_plot import TIME, LinePlot

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

ALONG = pd.DataFrame(
    {
        "distance_um": [0.0, 1.0, 2.0, 3.0],
        "value": [1.0, 2.0, np.nan, 4.0],
        "value_sd": [0.1, 0.2, np.nan, 0.4],
    }
)
THROUGH_TIME = pd.DataFrame(
    {
        "time_h": [0.0, 2.5, 5.0],
        "strain_percent": [0.0, np.nan, 1.5],
        "strain_sd_percent": [0.0, np.nan, 0.25],
    }
)


@pytest.fixture
def plot(qtbot: QtBot) -> LinePlot:
    plot = LinePlot()
    qtbot.addWidget(plot)
    plot.set_tables(ALONG, THROUGH_TIME, "strain zz (%)", "%")
    return plot


def test_the_profile_has_a_band_of_one_standard_deviation(plot: LinePlot) -> None:
    np.testing.assert_allclose(plot.high.getData()[1], [1.1, 2.2, np.nan, 4.4])
    np.testing.assert_allclose(plot.low.getData()[1], [0.9, 1.8, np.nan, 3.6])
    assert plot._band.isVisible()
    assert plot.plot.getAxis("left").labelText == "%"
    assert plot.plot.getPlotItem().titleLabel.text == "strain zz (%)"


def test_without_errors_there_is_no_band(plot: LinePlot) -> None:
    plot.set_tables(ALONG.assign(value_sd=np.nan), THROUGH_TIME, "ZNCC", "")
    assert not plot._band.isVisible()


def test_strain_through_time_leaves_out_frames_without_numbers(plot: LinePlot) -> None:
    plot.kind.setValue(TIME)
    np.testing.assert_array_equal(plot.curve.getData(), [[0, 5], [0, 1.5]])
    np.testing.assert_array_equal(plot.bars.opts["height"], [0, 0.5])
    assert plot.plot.getAxis("bottom").labelText == "time (h)"


def test_what_is_plotted_is_copied_and_saved(
    plot: LinePlot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plot.buttons.copy.click()
    assert QApplication.clipboard().text() == ALONG.to_csv(index=False)
    plot.kind.setValue(TIME)
    path = tmp_path / "line.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    plot.buttons.save.click()
    pd.testing.assert_frame_equal(pd.read_csv(path), THROUGH_TIME)
    assert plot.buttons.message.text() == "Wrote line.csv"
