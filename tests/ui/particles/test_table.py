from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from operando.ui.particles.table import ParticleTable
from operando.ui.particles.view import ParticleView

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

PLACEMENT = {"scale": (1.0, 0.5, 0.1, 0.1), "axis_labels": ("t", "z", "y", "x")}


@pytest.fixture
def particles() -> pd.DataFrame:
    frame, particle = (a.ravel() for a in np.meshgrid([0, 1], np.arange(1, 31), indexing="ij"))
    return pd.DataFrame(
        {
            "frame": frame,
            "particle": particle,
            "volume_um3": particle * (1.0 + frame),
            "crack_fraction": particle / 100,
            "on_edge": particle % 5 == 0,
            "z_um": 1.0,
            "y_um": particle * 0.3,
            "x_um": 1.0,
        }
    )


@pytest.fixture
def view(particles: pd.DataFrame) -> ParticleView:
    ids = np.zeros((2, 5, 100, 20), np.int32)
    for particle in range(1, 31):
        ids[:, 1:4, 3 * particle - 1 : 3 * particle + 2, 8:13] = particle
    viewer = ViewerModel()
    viewer.add_image(np.zeros(ids.shape), name="images", **PLACEMENT)
    viewer.dims.current_step = (0, 2, 0, 0)
    view = ParticleView(viewer)
    view.show(ids, particles, "particles", PLACEMENT)
    return view


@pytest.fixture
def dock(qtbot: QtBot, view: ParticleView, particles: pd.DataFrame) -> ParticleTable:
    dock = ParticleTable(view)
    qtbot.addWidget(dock)
    dock.set_table(particles, 2)
    dock.resize(430, 300)
    dock.show()
    return dock


def _selected(dock: ParticleTable) -> list[int]:
    rows = {index.row() for index in dock.table.selectionModel().selectedRows()}
    return [dock.model.particle_at(row)[1] for row in rows]


def test_the_rows_are_those_of_the_frame(dock: ParticleTable, view: ParticleView) -> None:
    assert dock.count.text() == "30 in frame 0"
    view.viewer.dims.set_current_step(0, 1)
    assert dock.model.frame == 1
    assert dock.count.text() == "30 in frame 1"
    dock.all_frames.setChecked(True)
    assert dock.count.text() == "60 in all frames"
    assert not dock.table.isColumnHidden(0)


def test_a_row_selects_its_particle_in_the_canvas(dock: ParticleTable, view: ParticleView) -> None:
    dock.all_frames.setChecked(True)
    row = dock.model.row_of(17, 1)
    dock.table.setCurrentIndex(dock.model.index(row, 1))
    assert view.particle == 17
    assert view.viewer.dims.current_step[0] == 1
    assert view.viewer.layers["selected particle"].visible


def test_a_particle_of_the_canvas_selects_its_row(dock: ParticleTable, view: ParticleView) -> None:
    view.select(23)
    assert _selected(dock) == [23]
    view.viewer.dims.set_current_step(0, 1)
    assert _selected(dock) == [23]
    dock.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert _selected(dock) == [23]
    view.select(0)
    assert _selected(dock) == []


def _click(qtbot: QtBot, dock: ParticleTable, row: int) -> None:
    place = dock.table.visualRect(dock.model.index(row, 1)).center()
    qtbot.mouseClick(dock.table.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_row_that_is_clicked_again_selects_again(
    dock: ParticleTable, view: ParticleView, qtbot: QtBot
) -> None:
    qtbot.waitExposed(dock)
    _click(qtbot, dock, 2)
    assert view.particle == 3
    view.select(0)
    assert not dock.table.currentIndex().isValid()
    _click(qtbot, dock, 2)
    assert view.particle == 3
    view.viewer.dims.set_current_step(1, 4)
    _click(qtbot, dock, 2)
    assert view.viewer.dims.current_step[1] == 2


def test_the_frame_is_followed_where_the_rows_are_of_all_frames(
    dock: ParticleTable, view: ParticleView
) -> None:
    dock.all_frames.setChecked(True)
    dock.tabs.setCurrentWidget(dock.plot)
    dock.plot.kind.setCurrentText("scatter")
    dock.plot.column.setCurrentText("volume (µm³)")
    view.select(17)
    view.viewer.dims.set_current_step(0, 1)
    assert dock.model.particle_at(dock.table.currentIndex().row()) == (1, 17)
    _, volume = dock.plot._ring.getData()
    assert volume.tolist() == [34.0]
    dock.tabs.setCurrentWidget(dock.gallery)
    assert dock.gallery.view.currentIndex().column() == 1
    view.viewer.dims.set_current_step(0, 0)
    assert dock.gallery.view.currentIndex().column() == 0


def test_values_of_another_voxel_size_are_said_to_be_so(
    dock: ParticleTable, view: ParticleView, particles: pd.DataFrame
) -> None:
    assert dock.status.text() == ""
    view.show(view.labels.data, particles, "particles", PLACEMENT, (0.5, 0.2, 0.2))
    dock.set_table(particles, 2)
    assert "Find the particles again" in dock.status.text()


def test_scrolling_shows_the_row_of_the_selected_particle(
    dock: ParticleTable, view: ParticleView, qtbot: QtBot
) -> None:
    qtbot.waitExposed(dock)
    view.select(30)
    rect = dock.table.visualRect(dock.model.index(29, 1))
    assert dock.table.viewport().rect().intersects(rect)


def test_the_filter_narrows_after_a_moment(dock: ParticleTable, qtbot: QtBot) -> None:
    dock.filter.setText("volume > 25 and on edge = no")
    qtbot.waitUntil(lambda: dock.model.rowCount() == 4)
    assert dock.count.text() == "4 in frame 0"
    assert dock.status.isHidden()
    dock.filter.setText("weight > 3")
    qtbot.waitUntil(lambda: "no column 'weight'" in dock.status.text())
    assert dock.model.rowCount() == 4


def test_columns_can_be_hidden_and_shown(dock: ParticleTable) -> None:
    names = [column.name for column in dock.model.columns]
    assert dock.table.isColumnHidden(names.index("x_um"))
    groups = [action.text() for action in dock.columns.menu().actions()]
    assert groups == ["Place", "Size", "Damage"]
    dock.columns.actions_by_name["x_um"].setChecked(True)
    dock.columns.actions_by_name["volume_um3"].setChecked(False)
    assert not dock.table.isColumnHidden(names.index("x_um"))
    assert dock.table.isColumnHidden(names.index("volume_um3"))


def test_particles_are_coloured_by_a_column(dock: ParticleTable, view: ParticleView) -> None:
    assert "frame" not in [dock.colour.itemText(i) for i in range(dock.colour.count())]
    dock.colour.setCurrentText("crack")
    assert view.values is not None
    assert np.asarray(view.values.data)[0, 2, 30, 10] == pytest.approx(0.10)
    dock.colour.setCurrentText("id")
    assert view.values is None


def test_colours_stay_when_particles_were_found_anew(
    dock: ParticleTable, view: ParticleView, particles: pd.DataFrame
) -> None:
    dock.colour.setCurrentText("crack")
    assert view.labels is not None
    view.show(view.labels.data, particles, "particles", PLACEMENT)
    dock.set_table(particles, 2)
    assert view.values is not None
    assert view.values.name == "crack · particles"


def test_a_table_that_is_opened_again_names_the_colours_in_the_canvas(
    dock: ParticleTable, view: ParticleView, particles: pd.DataFrame, qtbot: QtBot
) -> None:
    dock.colour.setCurrentText("crack")
    again = ParticleTable(view)
    qtbot.addWidget(again)
    again.set_table(particles, 2)
    assert again.colour.currentText() == "crack"
    again.colour.setCurrentText("id")
    assert view.values is None


@pytest.mark.parametrize(("everything", "rows"), [(False, 6), (True, 60)])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_export_writes_what_was_asked_for(
    dock: ParticleTable, tmp_path: Path, everything: bool, rows: int, suffix: str
) -> None:
    dock.filter.setText("on edge = yes")
    dock.refresh()
    path = tmp_path / f"out.{suffix}"
    dock.export(path, everything=everything)
    read = pd.read_parquet(path) if suffix == "parquet" else pd.read_csv(path)
    assert len(read) == rows
    assert "volume_um3" in read
    assert f"{rows} rows written" in dock.status.text()


def test_no_table_is_an_empty_dock(dock: ParticleTable, view: ParticleView) -> None:
    dock.set_table(None, 1)
    assert not dock.isEnabled()
    assert dock.model.rowCount() == 0
    dock.unlink()
    view.viewer.dims.set_current_step(0, 1)


def test_columns_that_are_shown_later_are_as_wide_as_their_titles(dock: ParticleTable) -> None:
    names = [column.name for column in dock.model.columns]
    dock.all_frames.setChecked(True)
    dock.columns.actions_by_name["x_um"].setChecked(True)
    header = dock.table.horizontalHeader()
    for name in ("frame", "x_um"):
        number = names.index(name)
        assert dock.table.columnWidth(number) >= header.sectionSizeHint(number)
