from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.components import ViewerModel

from operando.data import DisplacementField, NodeStatus
from operando.ui.strain.node_quantities import NODE_QUANTITIES
from operando.ui.strain.view import StrainView

if TYPE_CHECKING:
    from operando.ui.strain.node_reading import NodeReading

VOXEL = (0.2, 0.1, 0.1)
PLACEMENT = {"scale": (1.0, *VOXEL), "axis_labels": ("t", "z", "y", "x")}
SPACING = 8.0
FIRST = 10.0


def swelling(stretch: float) -> DisplacementField:
    shape = (4, 5, 6)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * SPACING + FIRST
    n = len(positions)
    status = np.zeros(n, int)
    status[0] = NodeStatus.LOW_CORRELATION
    return DisplacementField(
        positions=positions,
        displacement=positions * stretch,
        gradient=np.tile(np.eye(3) * stretch, (n, 1, 1)),
        sigma=np.full((n, 3), 0.03),
        zncc=np.full(n, 0.95),
        status=status,
        grid_shape=shape,
        spacing=(SPACING,) * 3,
        window=(15, 15, 15),
        gradient_sigma=np.full((n, 3, 3), 1e-4),
    )


@pytest.fixture
def viewer() -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_image(np.zeros((3, 50, 60, 70), np.uint8), name="images", **PLACEMENT)
    viewer.dims.current_step = (2, 12, 0, 0)
    return viewer


@pytest.fixture
def view(viewer: ViewerModel) -> StrainView:
    view = StrainView(viewer)
    view.show({1: swelling(0.01), 2: swelling(0.02)}, 0, 3, VOXEL, PLACEMENT)
    return view


def _value_at(view: StrainView, frame: int, node: tuple[int, int, int]) -> float:
    assert view.layer is not None
    return float(view.layer.data[(frame, *node)])


def test_every_field_is_seen_at_its_frame(view: StrainView) -> None:
    assert [_value_at(view, t, (1, 1, 1)) for t in (1, 2)] == pytest.approx(
        [100 * (1.01**3 - 1), 100 * (1.02**3 - 1)], rel=1e-5
    )
    assert np.isnan(_value_at(view, 0, (1, 1, 1)))
    assert np.isnan(_value_at(view, 2, (0, 0, 0)))


@pytest.mark.parametrize("quantity", NODE_QUANTITIES, ids=lambda q: q.name)
def test_quantities_are_switched_in_the_same_layer(
    view: StrainView, viewer: ViewerModel, quantity: object
) -> None:
    layer = view.layer
    view.show_quantity(quantity.name)  # type: ignore[attr-defined]
    assert view.layer is layer
    assert len(viewer.layers) == 2
    assert layer is not None
    assert layer.name == f"{view.header} since frame 0"
    assert layer.name.startswith(quantity.title)  # type: ignore[attr-defined]
    low, high = layer.contrast_limits
    assert (low == -high) == (quantity.scale == "diverging")  # type: ignore[attr-defined]


def test_a_removed_layer_comes_back(view: StrainView, viewer: ViewerModel) -> None:
    viewer.layers.remove(view.layer)
    view.show_quantity("strain_xx")
    assert view.layer in viewer.layers


def test_arrows_follow_slice_and_frame(view: StrainView, viewer: ViewerModel) -> None:
    view.show_arrows(True)
    assert view.arrows is not None
    field = swelling(0.02)
    viewer.dims.set_current_step(1, 19)
    plane = field.valid & (field.positions[:, 0] == 18)
    assert len(view.arrows.data) == plane.sum() == 30
    np.testing.assert_allclose(view.arrows.data[:, 1, 1:], field.displacement[plane], rtol=1e-6)
    assert (view.arrows.data[:, 0, 1] == 19).all()
    viewer.dims.set_current_step(0, 0)
    assert len(view.arrows.data) == 0
    viewer.dims.set_current_step(0, 1)
    viewer.dims.ndisplay = 3
    assert len(view.arrows.data) == field.valid.sum()
    view.show_arrows(False)
    assert not view.arrows.visible


def test_arrow_ends_lie_where_the_material_went(view: StrainView, viewer: ViewerModel) -> None:
    view.show_arrows(True)
    assert view.arrows is not None
    viewer.dims.ndisplay = 3
    start, step = view.arrows.data[5].astype(float)
    end_um = np.asarray(view.arrows.data_to_world(start + step))[1:]
    np.testing.assert_allclose(end_um, 1.02 * start[1:] * VOXEL, rtol=1e-5)


def test_the_probe_reads_the_nearest_node_with_its_error(view: StrainView) -> None:
    view.show_quantity("strain_zz")
    node_um = (np.array([18, 26, 34]) * VOXEL) + (0.3, -0.2, 0.1)
    reading = view.read(tuple(node_um), 2)
    assert reading is not None
    assert reading.position_um == pytest.approx((3.6, 2.6, 3.4))
    assert reading.lines == (
        "strain zz 2.020 ± 0.010 %",
        "displacement x 0.0680 ± 0.0030 µm",
        "displacement y 0.0520 ± 0.0030 µm",
        "displacement z 0.0720 ± 0.0060 µm",
        "correlation (ZNCC) 0.950",
    )


def test_the_probe_says_why_there_is_nothing(view: StrainView) -> None:
    corner = view.read((2.0, 1.0, 1.0), 2)
    assert corner is not None
    assert corner.lines == ("not measured: low correlation, as at a crack",)
    assert view.read((2.0, 1.0, 1.0), 0) is None
    assert view.read((99.0, 1.0, 1.0), 2) is None


def test_a_click_probes(view: StrainView) -> None:
    heard: list[NodeReading] = []
    view.probed.connect(heard.append)
    view._on_click(SimpleNamespace(position=(2, 3.6, 2.6, 3.4)))
    view.hide()
    view._on_click(SimpleNamespace(position=(2, 3.6, 2.6, 3.4)))
    assert len(heard) == 1


def test_close_takes_everything_away(view: StrainView, viewer: ViewerModel) -> None:
    view.show_arrows(True)
    view.close()
    viewer.dims.set_current_step(0, 1)
    assert [layer.name for layer in viewer.layers] == ["images"]


def test_a_layer_quantity_follows_the_normal(view: StrainView) -> None:
    view.show_quantity("layer_displacement")
    node = swelling(0.02).displacement[1] * VOXEL
    assert _value_at(view, 2, (0, 0, 1)) == pytest.approx(node[0])
    view.set_normal((0, 0, 5))
    assert _value_at(view, 2, (0, 0, 1)) == pytest.approx(node[2])
    assert view.layer is not None
    assert view.layer.name == "through-thickness displacement along x (µm) since frame 0"
