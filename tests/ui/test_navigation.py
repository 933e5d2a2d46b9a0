from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.ui import navigation

VOXEL = (0.5, 0.1, 0.2)


@pytest.fixture
def viewer() -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 8, 30, 40)), scale=(1, *VOXEL))
    return viewer


def test_frames_are_found_and_reached(viewer: ViewerModel) -> None:
    navigation.go_to_frame(viewer, 2)
    assert navigation.current_frame(viewer, 4) == 2
    assert navigation.current_frame(viewer, 2) == 1, "other layers may have more frames"


@pytest.mark.parametrize(
    ("order", "step", "centre"),
    [((0, 1, 2, 3), (3, 6, 0, 0), (2.0, 6.0)), ((0, 2, 1, 3), (3, 0, 20, 0), (3.0, 6.0))],
)
def test_a_point_comes_into_the_middle(
    viewer: ViewerModel, order: tuple[int, ...], step: tuple[int, ...], centre: tuple[float, float]
) -> None:
    viewer.dims.current_step = (0, 0, 0, 0)
    viewer.dims.order = order
    viewer.scene.camera.zoom = 1e4
    navigation.go_to_point(viewer, 3, (3.0, 2.0, 6.0))
    hidden = list(viewer.dims.not_displayed)
    assert [viewer.dims.current_step[i] for i in hidden] == [step[i] for i in hidden]
    assert viewer.scene.camera.center[1:] == pytest.approx(centre)


def test_a_point_comes_into_the_middle_in_3d(viewer: ViewerModel) -> None:
    viewer.dims.ndisplay = 3
    navigation.go_to_point(viewer, 1, (3.0, 2.0, 6.0))
    assert viewer.dims.current_step[0] == 1
    assert viewer.scene.camera.center == pytest.approx((3.0, 2.0, 6.0))


def test_the_camera_stays_while_the_point_is_in_sight(viewer: ViewerModel) -> None:
    viewer.scene.camera.zoom = 20
    viewer.scene.camera.center = (0, 1.5, 4)
    navigation.go_to_point(viewer, 3, (3.0, 2.0, 6.0))
    assert viewer.scene.camera.center[1:] == (1.5, 4)
    viewer.scene.camera.zoom = 400
    navigation.go_to_point(viewer, 3, (3.0, 2.0, 6.0))
    assert viewer.scene.camera.center[1:] == (2.0, 6.0)


@pytest.mark.parametrize(
    "other",
    [
        {"data": np.zeros((8, 30, 40)), "scale": (0.05, 0.05, 0.05)},
        {"data": np.zeros((8, 8, 30, 40)), "scale": (0.5, *VOXEL)},
        {"data": np.zeros((4, 8, 30, 40)), "scale": (1, *VOXEL), "translate": (0, -1.75, 0, 0)},
    ],
    ids=["finer voxels", "finer time", "begins before"],
)
def test_other_layers_do_not_change_which_frame_and_slice_is_shown(
    viewer: ViewerModel, other: dict[str, Any]
) -> None:
    """Steps of the sliders follow all layers of the viewer, not those of the study."""
    viewer.add_image(**other)
    navigation.go_to_point(viewer, 2, (2.5, 1.0, 1.0))
    assert navigation.current_frame(viewer, 4) == 2
    assert navigation.current_slice(viewer, 8, VOXEL[0]) == 5
    navigation.go_to_frame(viewer, 3)
    assert navigation.current_frame(viewer, 4) == 3
    assert viewer.dims.point[0] == 3


def test_an_empty_viewer_stays_as_it_is() -> None:
    viewer = ViewerModel()
    assert navigation.time_axis(viewer) is None
    assert navigation.current_frame(viewer, 3) == 0
    assert navigation.current_slice(viewer, 3, 0.5) == 0
    navigation.go_to_point(viewer, 1, (0, 0, 0))
    assert navigation.clicked_point(viewer, (1.0, 2.0)) is None


def test_clicks_are_read_in_micrometres(viewer: ViewerModel) -> None:
    assert navigation.clicked_point(viewer, (2.0, 1.5, 0.3, 0.4)) == (1.5, 0.3, 0.4)
