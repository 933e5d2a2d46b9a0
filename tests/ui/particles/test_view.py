from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.data import PARTICLE_COLUMNS
from operando.ui.particles.view import ParticleView, frame_features

if TYPE_CHECKING:
    from operando.data import Column

VOXEL = (0.5, 0.1, 0.1)
PLACEMENT = {"scale": (1.0, *VOXEL), "axis_labels": ("t", "z", "y", "x")}
VOLUME = next(c for c in PARTICLE_COLUMNS if c.name == "volume_um3")


@pytest.fixture
def ids() -> np.ndarray:
    ids = np.zeros((2, 6, 30, 30), np.int32)
    ids[:, 1:4, 3:9, 3:9] = 4
    ids[1, 2:6, 15:25, 12:22] = 7
    return ids


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "frame": [0, 1, 1],
            "particle": [4, 4, 7],
            "volume_um3": [1.0, 1.5, 3.0],
            "on_edge": [False, False, True],
            "z_um": [1.0, 1.0, 1.75],
            "y_um": [0.55, 0.55, 1.95],
            "x_um": [0.55, 0.55, 1.65],
        }
    )


@pytest.fixture
def viewer(ids: np.ndarray) -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_image(np.zeros(ids.shape), name="images", **PLACEMENT)
    viewer.dims.current_step = (0, 3, 0, 0)
    return viewer


@pytest.fixture
def view(viewer: ViewerModel, ids: np.ndarray, table: pd.DataFrame) -> ParticleView:
    view = ParticleView(viewer)
    view.show(ids, table, "particles", PLACEMENT)
    return view


def _click(view: ParticleView, position: tuple[float, ...]) -> None:
    view.viewer.dims.set_point(range(4), position)
    event = SimpleNamespace(
        position=position, view_direction=None, dims_displayed=list(view.viewer.dims.displayed)
    )
    view._on_click(event)


def test_a_click_selects_the_particle_under_it(view: ParticleView) -> None:
    heard: list[int] = []
    view.selected.connect(heard.append)
    _click(view, (1, 1.5, 1.8, 1.5))
    _click(view, (1, 1.5, 0.5, 0.5))
    _click(view, (1, 1.5, 0.5, 0.5))
    _click(view, (1, 0.0, 0.0, 0.0))
    assert heard == [7, 4, 0]


def test_particles_are_found_again_after_the_voxel_size_has_changed(
    view: ParticleView, ids: np.ndarray, table: pd.DataFrame
) -> None:
    assert view.is_to_scale
    larger = PLACEMENT | {"scale": (1.0, 1.0, 0.2, 0.2)}
    view.show(ids, table.assign(feret_max_um=1.0), "particles", larger, VOXEL)
    view.viewer.layers["images"].scale = larger["scale"]
    assert not view.is_to_scale
    view.select(7, 1)
    assert view.viewer.dims.point[1] == pytest.approx(3.0, abs=0.51)
    z, y, x = view.box_of(7, 1)
    assert z.stop >= 6
    assert y.start <= 15
    assert y.stop >= 25
    assert x.start <= 12
    assert x.stop >= 22


@pytest.mark.parametrize("column", [None, VOLUME])
def test_ids_whose_layer_was_deleted_come_back_with_a_colour(
    view: ParticleView, column: Column | None
) -> None:
    view.viewer.layers.remove("particles")
    view.colour_by(column)
    assert view.labels in view.viewer.layers
    _click(view, (1, 1.5, 1.8, 1.5))
    assert view.particle == 7


def test_clicks_work_while_particles_are_coloured_by_a_column(view: ParticleView) -> None:
    view.colour_by(VOLUME)
    _click(view, (1, 1.5, 1.8, 1.5))
    assert view.particle == 7


def test_selecting_marks_the_particle_and_goes_to_it(
    view: ParticleView, viewer: ViewerModel, ids: np.ndarray
) -> None:
    viewer.scene.camera.zoom = 1e4
    view.select(7, frame=1)
    outline = viewer.layers["selected particle"]
    assert outline.visible
    np.testing.assert_array_equal(np.asarray(outline.data)[1], ids[1] == 7)
    assert viewer.dims.current_step[0] == 1
    assert viewer.dims.point[1] == pytest.approx(1.75, abs=VOXEL[0] / 2)
    assert viewer.scene.camera.center[1:] == pytest.approx((1.95, 1.65))
    view.select(0)
    assert not outline.visible


def test_colouring_hides_the_ids_and_back(view: ParticleView, viewer: ViewerModel) -> None:
    view.colour_by(VOLUME)
    assert [layer.name for layer in viewer.layers] == [
        "images",
        "particles",
        "volume (µm³) · particles",
    ]
    assert not viewer.layers["particles"].visible
    layer = view.values
    view.colour_by(next(c for c in PARTICLE_COLUMNS if c.name == "on_edge"))
    assert view.values is layer
    assert layer is not None
    assert layer.name == "on edge · particles"
    np.testing.assert_allclose(layer.contrast_limits, (0, 0.98))
    assert np.asarray(layer.data)[1, 3, 20, 15] == 1
    view.colour_by(None)
    assert viewer.layers["particles"].visible
    assert len(viewer.layers) == 2


def test_colours_tell_what_was_measured_after_a_correction(
    view: ParticleView, table: pd.DataFrame
) -> None:
    """Also while no table is open, which would colour them anew."""
    view.colour_by(VOLUME)
    view.reread(table.assign(volume_um3=[1.0, 2.5, 30.0]))
    assert view.values is not None
    assert np.asarray(view.values.data)[1, 3, 20, 15] == 30
    assert view.values.contrast_limits[1] > 20


def test_features_follow_the_frame(view: ParticleView, viewer: ViewerModel) -> None:
    assert view.labels is not None
    assert view.labels.features["index"].tolist() == [0, 4]
    viewer.dims.set_current_step(0, 1)
    assert view.labels.features["index"].tolist() == [0, 4, 7]
    assert view.labels.features["volume_um3"].tolist()[1:] == [1.5, 3.0]


def test_features_of_an_empty_frame_hold_the_background(table: pd.DataFrame) -> None:
    assert frame_features(table, 5)["index"].tolist() == [0]


def test_layers_that_the_user_removed_do_no_harm(view: ParticleView, viewer: ViewerModel) -> None:
    viewer.layers.remove("particles")
    view.colour_by(VOLUME)
    view.select(7, frame=1)
    viewer.layers.remove("selected particle")
    view.select(4)
    view.clear()
    assert [layer.name for layer in viewer.layers] == ["images"]


def test_close_takes_everything_away(view: ParticleView, viewer: ViewerModel) -> None:
    heard: list[Any] = []
    view.selected.connect(heard.append)
    view.close()
    viewer.dims.set_current_step(0, 1)
    assert [layer.name for layer in viewer.layers] == ["images"]
    assert heard == []
