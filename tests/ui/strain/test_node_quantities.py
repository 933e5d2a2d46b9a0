from __future__ import annotations

import numpy as np
import pytest

from operando.data import DisplacementField, NodeStatus
from operando.errors import InputError
from operando.ui.strain.node_quantities import (
    NODE_QUANTITIES,
    colour_limits,
    direction_words,
    node_values,
    round_up,
)

VOXEL = (0.2, 0.1, 0.05)


def affine_field(gradient_um: np.ndarray, voxel: tuple[float, float, float]) -> DisplacementField:
    """A field whose displacement is a linear function of the position, in µm."""
    shape, spacing = (3, 4, 5), (6.0, 5.0, 4.0)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * spacing + 10.0
    size = np.asarray(voxel)
    displacement = (positions * size) @ gradient_um.T / size
    n = len(positions)
    status = np.zeros(n, int)
    status[7] = NodeStatus.LOW_CORRELATION
    return DisplacementField(
        positions=positions,
        displacement=displacement,
        gradient=np.tile(gradient_um * (1 / size[:, None]) * size[None, :], (n, 1, 1)),
        sigma=np.full((n, 3), 0.02),
        zncc=np.full(n, 0.9),
        status=status,
        grid_shape=shape,
        spacing=spacing,
        window=(9, 9, 9),
    )


@pytest.fixture
def stretched() -> DisplacementField:
    return affine_field(np.diag([0.03, -0.01, 0.02]), VOXEL)


@pytest.mark.parametrize(("name", "stretch"), [("zz", 0.03), ("yy", -0.01), ("xx", 0.02)])
def test_normal_strains_of_a_stretch(
    stretched: DisplacementField, name: str, stretch: float
) -> None:
    values = node_values(stretched, f"strain_{name}", VOXEL)
    assert values.shape == (3, 4, 5)
    np.testing.assert_allclose(np.nanmean(values), 100 * (stretch + stretch**2 / 2), rtol=1e-5)


def test_volume_change_is_the_product_of_stretches(stretched: DisplacementField) -> None:
    values = node_values(stretched, "volume_change", VOXEL)
    np.testing.assert_allclose(np.nanmean(values), 100 * (1.03 * 0.99 * 1.02 - 1), rtol=1e-5)


def test_shear_of_anisotropic_voxels_is_physical() -> None:
    gradient = np.zeros((3, 3))
    gradient[0, 2] = 0.04
    field = affine_field(gradient, VOXEL)
    np.testing.assert_allclose(np.nanmean(node_values(field, "strain_xz", VOXEL)), 2.0, rtol=1e-5)
    np.testing.assert_allclose(
        np.nanmean(node_values(field, "strain_xx", VOXEL)), 100 * 0.04**2 / 2, rtol=1e-4
    )


def test_von_mises_ignores_swelling_and_equals_uniaxial_stretch() -> None:
    small = 1e-4
    swelling = affine_field(np.eye(3) * small, VOXEL)
    np.testing.assert_allclose(node_values(swelling, "von_mises", VOXEL)[0, 0, 0], 0, atol=1e-6)
    uniaxial = affine_field(np.diag([small, -small / 2, -small / 2]), VOXEL)
    np.testing.assert_allclose(
        node_values(uniaxial, "von_mises", VOXEL)[0, 0, 0], 100 * small, rtol=1e-3
    )


def test_displacement_is_in_micrometres(stretched: DisplacementField) -> None:
    expected = stretched.positions * VOXEL * [0.03, -0.01, 0.02]
    got = [node_values(stretched, f"displacement_{a}", VOXEL).ravel() for a in "zyx"]
    valid = stretched.valid
    np.testing.assert_allclose(np.stack(got, 1)[valid], expected[valid], rtol=1e-5)
    length = node_values(stretched, "displacement", VOXEL).ravel()
    np.testing.assert_allclose(length[valid], np.linalg.norm(expected, axis=1)[valid], rtol=1e-5)


@pytest.mark.parametrize("quantity", NODE_QUANTITIES, ids=lambda q: q.name)
def test_nodes_that_are_not_valid_have_no_value(
    stretched: DisplacementField, quantity: object
) -> None:
    values = node_values(stretched, quantity.name, VOXEL)  # type: ignore[attr-defined]
    assert np.flatnonzero(np.isnan(values)).tolist() == [7]


def test_an_unknown_quantity_is_named(stretched: DisplacementField) -> None:
    with pytest.raises(InputError, match="no quantity 'heat'"):
        node_values(stretched, "heat", VOXEL)


@pytest.mark.parametrize("seed", range(3))
def test_limits_are_centred_and_ignore_single_wild_values(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=1000)
    values[0] = 1e6
    low, high = colour_limits([values, np.full(3, np.nan)], "diverging")
    assert low == -high
    assert 2 < high <= 3
    assert colour_limits([np.abs(values)], "from 0") == (0.0, high)


def test_limits_of_nothing_and_of_zeros_can_be_drawn() -> None:
    for values in ([], [np.full(4, np.nan)], [np.zeros(4)]):
        for scale in ("diverging", "from 0", "up to 1"):
            low, high = colour_limits(values, scale)  # type: ignore[arg-type]
            assert low < high
    assert colour_limits([np.linspace(0.8, 1, 101)], "up to 1") == (0.8, 1.0)


@pytest.mark.parametrize(("value", "up"), [(0.021, 0.03), (2.0, 2.0), (9.1, 10), (1.01e-4, 1.5e-4)])
def test_round_up(value: float, up: float) -> None:
    assert round_up(value) == pytest.approx(up)


def test_strain_in_a_layer_follows_its_normal(stretched: DisplacementField) -> None:
    """Stretches of 3, -1 and 2 % along z, y, x."""
    z, y, x = (100 * (s + s**2 / 2) for s in (0.03, -0.01, 0.02))

    def mean(name: str, normal: tuple[float, float, float]) -> float:
        return float(np.nanmean(node_values(stretched, name, VOXEL, normal)))

    assert mean("layer_through", (1, 0, 0)) == pytest.approx(z, rel=1e-4)
    assert mean("layer_in_plane", (1, 0, 0)) == pytest.approx((x + y) / 2, rel=1e-4)
    assert mean("layer_shear", (1, 0, 0)) == pytest.approx(0, abs=1e-4)
    half = (np.sqrt(0.5), 0, np.sqrt(0.5))
    assert mean("layer_through", half) == pytest.approx((z + x) / 2, rel=1e-4)
    assert mean("layer_shear", half) == pytest.approx((z - x) / 2, rel=1e-3)


def test_directions_are_named() -> None:
    assert direction_words((0.0, 0.0, -1.0)) == "x"
    assert direction_words((0.6, 0.0, 0.8)) == "(0.80, 0.00, 0.60)"
