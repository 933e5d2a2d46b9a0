from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyqtgraph as pg
import pytest

from operando.data import PARTICLE_COLUMNS
from operando.ui.particles.plot import ParticlePlot, histogram

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TABLE = pd.DataFrame(
    {
        "frame": [0, 1, 0, 1],
        "particle": [1, 1, 2, 2],
        "time_h": [0.0, 2.0, 0.0, 2.0],
        "volume_um3": [1.0, 3.0, 5.0, 5.0],
        "crack_fraction": [0.1, 0.2, 0.3, np.nan],
    }
)
COLUMNS = tuple(c for c in PARTICLE_COLUMNS if c.name in TABLE)


@pytest.fixture
def plot(qtbot: QtBot) -> ParticlePlot:
    plot = ParticlePlot()
    qtbot.addWidget(plot)
    plot.set_table(TABLE, COLUMNS)
    plot.show()
    return plot


@pytest.mark.parametrize("seed", range(3))
def test_histogram_counts_every_known_value_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.random(700) < 0.1, np.nan, rng.lognormal(size=700))
    counts, edges = histogram(values)
    assert counts.sum() == np.isfinite(values).sum()
    assert 8 <= len(counts) <= 60
    assert (edges[0], edges[-1]) == (np.nanmin(values), np.nanmax(values))


@pytest.mark.parametrize(
    ("values", "total"), [([], 0), ([np.nan], 0), ([2.0, 2.0], 2), ([0, 0, 0, 0, 9], 5)]
)
def test_histogram_of_odd_values(values: list[float], total: int) -> None:
    counts, edges = histogram(np.array(values))
    assert counts.sum() == total
    assert np.all(np.diff(edges) > 0)


def test_columns_with_units_are_offered(plot: ParticlePlot) -> None:
    offered = [plot.column.itemText(i) for i in range(plot.column.count())]
    assert offered == ["volume (µm³)", "crack"]


def test_the_selected_particle_is_followed_through_time(plot: ParticlePlot) -> None:
    plot.kind.setCurrentText("through time")
    plot.set_shown(TABLE, 1, 0)
    _, median, one = plot.plot.listDataItems()
    assert one.yData.tolist() == [1.0, 3.0]
    assert one.xData.tolist() == [0.0, 2.0]
    assert median.yData.tolist() == [3.0, 4.0]


def test_the_selected_particle_is_marked_in_the_histogram(plot: ParticlePlot) -> None:
    plot.set_shown(TABLE[TABLE["frame"] == 1], 2, 1)
    lines = [i for i in plot.plot.items() if isinstance(i, pg.InfiniteLine)]
    assert [line.value() for line in lines] == [5.0]
    plot.set_shown(TABLE[TABLE["frame"] == 1], 0, 1)
    assert not [i for i in plot.plot.items() if isinstance(i, pg.InfiniteLine)]


def test_nothing_to_plot_is_an_empty_plot(plot: ParticlePlot) -> None:
    plot.set_table(None, ())
    plot.set_shown(None, 0, 0)
    assert plot.plot.listDataItems() == []


WIDE = pd.DataFrame(
    {
        "frame": 0,
        "particle": np.arange(1, 21),
        "volume_um3": np.arange(20.0),
        "crack_fraction": np.where(np.arange(20) < 15, 0.0, 0.2),
        "depth_um": np.repeat([1.0, 3.0], 10),
    }
)
WIDE_COLUMNS = tuple(c for c in PARTICLE_COLUMNS if c.name in WIDE)


@pytest.fixture
def wide(plot: ParticlePlot) -> ParticlePlot:
    plot.set_table(WIDE, WIDE_COLUMNS)
    plot.set_shown(WIDE, 18, 0)
    return plot


def _dots(plot: ParticlePlot) -> list[pg.ScatterPlotItem]:
    return [item for item in plot.plot.items() if type(item) is pg.ScatterPlotItem]


def test_scatter_shows_every_row_and_rings_the_selected_one(wide: ParticlePlot) -> None:
    wide.kind.setCurrentText("scatter")
    wide.column.setCurrentText("crack")
    wide.against.setCurrentText("volume (µm³)")
    sizes = sorted(len(item.data) for item in _dots(wide))
    assert sizes == [1, 20]
    ring = min(_dots(wide), key=lambda item: len(item.data))
    assert (ring.data["x"][0], ring.data["y"][0]) == (17.0, 0.2)
    wide.mark(3, 0)
    ring = min(_dots(wide), key=lambda item: len(item.data))
    assert (ring.data["x"][0], ring.data["y"][0]) == (2.0, 0.0)


def test_groups_part_the_points(wide: ParticlePlot) -> None:
    wide.kind.setCurrentText("scatter")
    wide.grouping.setCurrentText("cracked")
    assert sorted(len(item.data) for item in _dots(wide)) == [1, 5, 15]
    assert "5 cracked" in wide.note.text()


def test_a_clicked_point_is_told(wide: ParticlePlot, qtbot: QtBot) -> None:
    wide.kind.setCurrentText("scatter")
    dots = max(_dots(wide), key=lambda item: len(item.data))
    with qtbot.waitSignal(wide.picked) as told:
        dots.sigClicked.emit(dots, [dots.points()[6]], None)
    assert told.args == [0, 7]


def test_the_profile_has_the_mean_of_every_slab(wide: ParticlePlot) -> None:
    wide.kind.setCurrentText("depth profile")
    wide.column.setCurrentText("volume (µm³)")
    mean = wide.plot.listDataItems()[-1]
    assert mean.yData.tolist() == [4.5, 14.5]
    low, high = (item.yData for item in wide.plot.listDataItems()[:2])
    assert ((low < mean.yData) & (mean.yData < high)).all()
    assert "95 %" in wide.note.text()
