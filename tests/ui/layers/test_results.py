from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from operando.data import Column, DisplacementField, NodeStatus
from operando.ui.layers.lookups import NodeFrames
from operando.ui.layers.results import (
    arrow_data,
    arrows_layer,
    diverging_colormap,
    fitting_length,
    hide_other_maps,
    node_layer,
    node_placement,
    outline_layer,
    particle_values,
    particles_layer,
    value_limits,
    values_layer,
)
from operando.ui.strain.node_quantities import node_quantity

VOXEL = (0.2, 0.1, 0.05)
PLACEMENT = {"scale": (1.0, *VOXEL), "axis_labels": ("t", "z", "y", "x")}


@pytest.fixture
def field() -> DisplacementField:
    rng = np.random.default_rng(1)
    shape, spacing = (2, 3, 4), (6.0, 5.0, 4.0)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    status = np.zeros(24, int)
    status[[3, 20]] = NodeStatus.OUTLIER
    return DisplacementField(
        positions=nodes.reshape(-1, 3) * spacing + (11, 12, 13),
        displacement=rng.normal(size=(24, 3)),
        gradient=np.zeros((24, 3, 3)),
        sigma=np.full((24, 3), 0.01),
        zncc=np.ones(24),
        status=status,
        grid_shape=shape,
        spacing=spacing,
        window=(9, 9, 9),
    )


@pytest.fixture
def ids() -> np.ndarray:
    ids = np.zeros((2, 4, 12, 12), np.int32)
    ids[:, 1:3, 2:6, 2:6] = 3
    ids[1, 1:3, 7:11, 7:11] = 8
    return ids


def test_nodes_lie_at_their_position_times_the_voxel_size(field: DisplacementField) -> None:
    data = NodeFrames(2, {1: np.zeros(field.grid_shape, np.float32)})
    placed = node_placement(field, VOXEL, PLACEMENT)
    layer = node_layer(data, node_quantity("strain_zz"), (-1, 1), "strain", placed)
    viewer = ViewerModel()
    viewer.add_layer(layer)
    for node, position in enumerate(field.positions):
        index = np.unravel_index(node, field.grid_shape)
        np.testing.assert_allclose(
            layer.data_to_world((1, *index)), (1, *(position * VOXEL)), rtol=1e-12
        )


def test_one_map_is_seen_at_a_time(field: DisplacementField) -> None:
    """Colours of a map that shines through another are those of neither bar."""
    quantity, placed = node_quantity("strain_zz"), node_placement(field, VOXEL, PLACEMENT)
    data = NodeFrames(2, {1: np.zeros(field.grid_shape, np.float32)})
    viewer = ViewerModel()
    images = viewer.add_image(np.zeros((2, 40, 40, 40)), **PLACEMENT)
    old, new = (node_layer(data, quantity, (-1, 1), name, placed) for name in ("old", "new"))
    viewer.add_layer(old)
    viewer.add_layer(new)
    hide_other_maps(viewer, new)
    assert [layer.visible for layer in (images, old, new)] == [True, False, True]


def test_field_is_seen_at_its_frame_only(field: DisplacementField) -> None:
    grid = np.arange(24, dtype=np.float32).reshape(field.grid_shape)
    placed = node_placement(field, VOXEL, PLACEMENT)
    quantity = node_quantity("strain_zz")
    layer = node_layer(NodeFrames(3, {2: grid}), quantity, (-1, 1), "strain", placed)
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 40, 40, 40)), **PLACEMENT)
    viewer.add_layer(layer)
    node = 17
    point = (2, *(field.positions[node] * VOXEL))
    viewer.dims.set_point(range(4), point)
    assert layer.get_value(point, world=True) == 17
    viewer.dims.set_point(0, 0)
    assert np.isnan(layer.get_value((0, *point[1:]), world=True))


def test_colours_of_strain_are_symmetric_about_white() -> None:
    colours = diverging_colormap().map(np.array([0.0, 0.5, 1.0]))
    assert colours[1, :3].min() > 0.95
    assert colours[0, 2] > colours[0, 0]
    assert colours[2, 0] > colours[2, 2]
    assert diverging_colormap().map(np.array([np.nan]))[0, 3] == 0


def test_arrows_are_the_displacement_of_valid_nodes(field: DisplacementField) -> None:
    arrows = arrow_data(field, 2)
    assert arrows.shape == (22, 2, 4)
    assert (arrows[:, 0, 0] == 2).all()
    assert (arrows[:, 1, 0] == 0).all()
    np.testing.assert_allclose(arrows[:, 0, 1:], field.positions[field.valid])
    np.testing.assert_allclose(arrows[:, 1, 1:], field.displacement[field.valid], rtol=1e-6)


@pytest.mark.parametrize(
    ("axis", "at", "plane"), [(0, 13.0, 11), (0, 16.0, 17), (1, 18.1, 17), (2, 24.0, 25)]
)
def test_a_slice_has_the_arrows_of_the_nearest_plane(
    field: DisplacementField, axis: int, at: float, plane: int
) -> None:
    arrows = arrow_data(field, 0, (axis, at))
    expected = field.valid & (field.positions[:, axis] == plane)
    assert (arrows[:, 0, 1 + axis] == at).all()
    np.testing.assert_allclose(arrows[:, 1, 1:], field.displacement[expected], rtol=1e-6)


def test_far_slices_have_no_arrows_and_many_are_thinned(field: DisplacementField) -> None:
    assert len(arrow_data(field, 0, (0, 40.0))) == 0
    assert 5 <= len(arrow_data(field, 0, most=8)) <= 8
    layer = arrows_layer("arrows", PLACEMENT, 1.0)
    layer.data = arrow_data(field, 0)
    assert len(layer.data) == 22


def test_long_arrows_span_about_a_node_spacing(field: DisplacementField) -> None:
    longest = np.percentile(np.linalg.norm(field.displacement[field.valid], axis=1), 95)
    assert 0.4 * 5 <= fitting_length(field) * longest <= 5 * 1.001


def test_particles_cannot_be_painted_and_their_values_follow_the_table(ids: np.ndarray) -> None:
    table = pd.DataFrame(
        {"frame": [0, 1, 1], "particle": [3, 3, 8], "volume_um3": [1.0, 2.0, np.nan]}
    )
    labels = particles_layer(ids, "particles", PLACEMENT)
    assert not labels.editable
    values = particle_values(table, "volume_um3")
    np.testing.assert_array_equal(values[0], [np.nan] * 3 + [1])
    np.testing.assert_array_equal(values[1], [np.nan] * 3 + [2] + [np.nan] * 5)
    layer = values_layer(ids, table, Column("volume_um3", "volume", "µm³", ""), "v", PLACEMENT)
    assert layer.contrast_limits == pytest.approx([1.01, 1.99])
    assert layer.colorbar.visible
    drawn = np.asarray(layer.data)
    np.testing.assert_array_equal(drawn[1][ids[1] == 3], 2)
    assert np.isnan(drawn[ids == 0]).all()
    assert np.isnan(drawn[ids == 8]).all()


def test_outline_starts_with_no_particle(ids: np.ndarray) -> None:
    layer = outline_layer(ids, "selected", PLACEMENT)
    assert not np.asarray(layer.data).any()
    assert not layer.editable


def test_limits_of_equal_or_missing_values_can_be_drawn() -> None:
    assert value_limits(np.full(4, 3.0)) == (2.5, 3.5)
    assert value_limits(np.full(4, np.nan)) == (0, 1)
