from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt

from operando.data import PARTICLE_COLUMNS
from operando.ui.particles.gallery import DIMMED, EDGE, ParticleGallery, thumbnail

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

SPACING = (0.5, 0.1, 0.1)
DECORATION = Qt.ItemDataRole.DecorationRole


@pytest.fixture
def ids() -> np.ndarray:
    ids = np.zeros((2, 6, 40, 60), np.int32)
    ids[:, 1:4, 5:16, 5:16] = 3
    ids[1, 2:6, 20:31, 40:51] = 8
    return ids


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "frame": [0, 1, 1],
            "particle": [3, 3, 8],
            "diameter_um": [1.0, 1.0, 1.2],
            "crack_fraction": [0.0, 0.1, 0.3],
            "z_um": [1.0, 1.0, 1.5],
            "y_um": [1.0, 1.0, 2.5],
            "x_um": [1.0, 1.0, 4.5],
        }
    )


@pytest.fixture
def gallery(qtbot: QtBot, ids: np.ndarray, table: pd.DataFrame) -> ParticleGallery:
    gallery = ParticleGallery()
    qtbot.addWidget(gallery)
    columns = tuple(c for c in PARTICLE_COLUMNS if c.name in table)
    gallery.model.set_source(ids.astype(float), ids, SPACING, (0, 8))
    gallery.set_table(table, columns, 2)
    gallery.set_shown(table, 0, 0)
    gallery.resize(400, 300)
    gallery.show()
    return gallery


def test_a_thumbnail_is_the_central_slice_with_the_rest_dimmed(ids: np.ndarray) -> None:
    images = np.full(ids.shape, 100.0)
    images[1, 3, 25, 45] = 0
    pixels = thumbnail(images, ids, (1, 8), (1.5, 2.5, 4.5), 1.2, SPACING, (0, 200))
    assert pixels.shape == (19, 19)
    assert pixels[9, 9] == 0
    assert pixels[9, 6] == 127
    assert pixels[0, 0] == int(127.5 * DIMMED)


def test_the_largest_come_first(gallery: ParticleGallery) -> None:
    assert gallery.order.currentText() == "crack"
    assert gallery.model.particles.tolist() == [8, 3]
    assert gallery.model.headerData(0, Qt.Orientation.Vertical) == "8\n0.300"
    gallery.falling.setChecked(False)
    assert gallery.model.particles.tolist() == [3, 8]


def test_thumbnails_are_made_when_they_are_seen(gallery: ParticleGallery, qtbot: QtBot) -> None:
    model = gallery.model
    seen = model.index(1, 1)
    qtbot.waitUntil(lambda: model.data(seen, DECORATION) is not None)
    pixmap = model.data(seen, DECORATION)
    assert max(pixmap.width(), pixmap.height()) == EDGE
    absent = model.index(0, 0)
    assert model.particles[0] == 8
    qtbot.wait(50)
    assert model.data(absent, DECORATION) is None


def test_a_click_picks(gallery: ParticleGallery, qtbot: QtBot) -> None:
    with qtbot.waitSignal(gallery.picked) as told:
        gallery.view.clicked.emit(gallery.model.index(1, 1))
    assert told.args == [1, 3]


def _marked(gallery: ParticleGallery) -> tuple[int, int] | None:
    """Particle and frame of the cell that is selected."""
    cells = gallery.view.selectionModel().selectedIndexes()
    return (int(gallery.model.particles[cells[0].row()]), cells[0].column()) if cells else None


def test_the_selected_particle_is_marked_in_its_frame(gallery: ParticleGallery) -> None:
    gallery.mark(3, 1)
    assert _marked(gallery) == (3, 1)
    gallery.falling.setChecked(False)
    assert _marked(gallery) == (3, 1)
    gallery.mark(3, 0)
    assert _marked(gallery) == (3, 0)
    gallery.mark(0, 0)
    assert _marked(gallery) is None


def test_what_was_selected_while_it_was_hidden_is_marked_when_it_is_shown(
    gallery: ParticleGallery, table: pd.DataFrame
) -> None:
    gallery.hide()
    gallery.set_shown(table, 3, 0)
    gallery.mark(8, 1)
    gallery.show()
    assert _marked(gallery) == (8, 1)


def test_only_what_is_seen_of_many_is_made(qtbot: QtBot) -> None:
    n = 20_000
    table = pd.DataFrame(
        {
            "frame": 0,
            "particle": np.arange(1, n + 1),
            "diameter_um": 1.0,
            "z_um": 0.0,
            "y_um": 0.0,
            "x_um": 0.0,
        }
    )
    gallery = ParticleGallery()
    qtbot.addWidget(gallery)
    ids = np.ones((1, 2, 20, 20), np.int32)
    gallery.model.set_source(ids, ids, SPACING, (0, 1))
    columns = tuple(c for c in PARTICLE_COLUMNS if c.name in table)
    gallery.set_table(table, columns, 1)
    gallery.set_shown(table, 0, 0)
    gallery.resize(300, 300)
    gallery.show()
    qtbot.waitUntil(lambda: bool(gallery.model._kept))
    qtbot.waitUntil(lambda: not gallery.model._wanted)
    assert len(gallery.model._kept) < 20
