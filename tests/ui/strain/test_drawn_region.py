from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.layers import Shapes

from operando.ui.strain.drawn_region import drawn_region, in_shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from operando.data import DisplacementField
    from operando.ui.layers.study_results import StudyStrain

SPACING = 8.0


@pytest.fixture
def strain(
    show_field: Callable[[DisplacementField], StudyStrain],
    numbered_field: DisplacementField,
) -> StudyStrain:
    strain = show_field(numbered_field)
    strain.view.show_quantity("zncc")
    strain.refresh()
    strain.go_to_frame()
    return strain


def _rectangle(strain: StudyStrain, first: int, last: int) -> np.ndarray:
    """Corners ``(t, z, y, x)`` in µm around all nodes along y, and some along x."""
    size = np.asarray(strain.study.voxel_size)
    low, high = (SPACING * (n + side) + 6 for n, side in ((first, -0.5), (last, 0.5)))
    corners = np.array([[0, low], [0, high], [60, high], [60, low]]) * size[1:]
    return np.column_stack([np.ones(4), np.zeros(4), corners])


def _picked(strain: StudyStrain) -> tuple[str, np.ndarray]:
    field, view = strain.field, strain.view
    assert field is not None
    name, inside = drawn_region(view.viewer, field, view.plane, strain.study.voxel_size)
    return name, inside.reshape(field.grid_shape)


def test_the_whole_field_without_shapes(strain: StudyStrain) -> None:
    name, inside = _picked(strain)
    assert name == "everything"
    assert inside.all()


def test_drawn_shapes_pick_nodes_of_one_plane(strain: StudyStrain) -> None:
    viewer = strain.view.viewer
    viewer.add_layer(Shapes([_rectangle(strain, 1, 2)], shape_type="rectangle", name="here"))
    name, inside = _picked(strain)
    assert name.startswith("here at z ")
    planes = inside.any(axis=(1, 2))
    assert planes.sum() == 1
    columns = np.tile([False, True, True, False, False], (5, 1))
    np.testing.assert_array_equal(inside[planes][0], columns)


def test_an_ellipse_has_the_area_of_one() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 10, (20_000, 2))
    layer = Shapes([[[1, 2], [1, 8], [5, 8], [5, 2]]], shape_type="ellipse")
    share = in_shapes(points, layer, [1, 2]).mean()
    assert share == pytest.approx(np.pi * 2 * 3 / 100, rel=0.05)
