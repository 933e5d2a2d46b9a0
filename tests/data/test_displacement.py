from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm, logm

from operando.data import DisplacementField, NodeStatus
from operando.data.displacement import voxels_of
from operando.errors import InputError

GRID = (4, 5, 6)
SPACING = (3.0, 4.0, 2.0)
SHAPE = (14, 24, 16)


def field(gradient: np.ndarray, shift: np.ndarray | None = None) -> DisplacementField:
    """A field of constant gradient on a regular grid."""
    axes = [2 + np.arange(n) * s for n, s in zip(GRID, SPACING, strict=True)]
    positions = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    n = len(positions)
    moved = positions @ gradient.T + (0 if shift is None else shift)
    return DisplacementField(
        positions=positions,
        displacement=moved,
        gradient=np.broadcast_to(gradient, (n, 3, 3)).copy(),
        sigma=np.zeros((n, 3)),
        zncc=np.ones(n),
        status=np.zeros(n, np.uint8),
        grid_shape=GRID,
        spacing=SPACING,
        window=(5, 7, 9),
    )


def random_gradient(seed: int, size: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, (3, 3))


def rotation(seed: int) -> np.ndarray:
    skew = random_gradient(seed, 1.0)
    return np.asarray(expm(skew - skew.T))


def test_shapes_must_agree_with_the_grid() -> None:
    good = field(np.zeros((3, 3)))
    parts = {name: getattr(good, name) for name in good.__dataclass_fields__}
    for name in ("positions", "displacement", "gradient", "sigma", "zncc", "status"):
        with pytest.raises(InputError, match=f"{name} has the shape"):
            DisplacementField(**{**parts, name: parts[name][:-1]})


def test_converged_and_narrowed_nodes_are_valid() -> None:
    found = field(np.zeros((3, 3)))
    found.status[: len(NodeStatus)] = list(NodeStatus)
    assert found.valid[: len(NodeStatus)].tolist() == [
        True,
        False,
        False,
        False,
        False,
        False,
        True,
    ]


def test_gauge_length_spans_three_nodes_and_a_window() -> None:
    assert field(np.zeros((3, 3))).gauge_length == (11, 15, 13)


@pytest.mark.parametrize("seed", range(3))
def test_a_rigid_rotation_strains_nothing_but_the_small_strain(seed: int) -> None:
    found = field(rotation(seed) - np.eye(3))
    assert np.allclose(found.strain("green-lagrange"), 0, atol=1e-12)
    assert np.allclose(found.strain("hencky"), 0, atol=1e-12)
    assert not np.allclose(found.strain("infinitesimal"), 0, atol=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_strain_agrees_with_its_definition(seed: int) -> None:
    h = random_gradient(seed)
    f = h + np.eye(3)
    found = field(h)
    assert np.allclose(found.strain("infinitesimal")[0], (h + h.T) / 2)
    assert np.allclose(found.strain()[0], (h + h.T + h.T @ h) / 2)
    assert np.allclose(found.strain("hencky")[0], logm(f.T @ f) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_strain_does_not_feel_a_rotation_after_it(seed: int) -> None:
    f = np.eye(3) + random_gradient(seed)
    turned = rotation(seed + 10) @ f
    for measure in ("green-lagrange", "hencky"):
        one, other = field(f - np.eye(3)), field(turned - np.eye(3))
        assert np.allclose(one.strain(measure), other.strain(measure), atol=1e-12)


def test_all_measures_agree_for_small_strain() -> None:
    found = field(random_gradient(0, 1e-6))
    for measure in ("green-lagrange", "hencky"):
        assert np.allclose(found.strain(measure), found.strain("infinitesimal"), atol=1e-10)


def test_volume_change_is_the_trace_of_hencky_strain() -> None:
    found = field(random_gradient(4))
    trace = np.trace(found.strain("hencky"), axis1=1, axis2=2)
    assert np.allclose(found.volume_change, np.expm1(trace))


def test_a_turn_in_voxels_that_are_no_cubes_is_no_strain() -> None:
    size = np.array([3.0, 1.0, 2.0])
    found = field((rotation(2) - np.eye(3)) / size[:, None] * size)
    assert np.abs(found.strain()).max() > 0.1
    assert np.allclose(found.physical(tuple(size)).strain(), 0, atol=1e-12)
    assert np.allclose(found.volume_change, 0, atol=1e-12)
    with pytest.raises(InputError, match="voxel size"):
        found.physical((1, 1, 0))


def test_nodes_without_a_gradient_have_no_strain() -> None:
    found = field(random_gradient(0))
    found.gradient[3] = np.nan
    for measure in ("infinitesimal", "green-lagrange", "hencky"):
        strain = found.strain(measure)
        assert np.isnan(strain[3]).all()
        assert np.isfinite(np.delete(strain, 3, axis=0)).all()
    assert np.flatnonzero(np.isnan(found.volume_change)).tolist() == [3]


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(InputError, match="no strain measure 'almansi'"):
        field(np.zeros((3, 3))).strain("almansi")  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_a_linear_field_is_interpolated_exactly_inside_the_grid(seed: int) -> None:
    h, shift = random_gradient(seed), np.array([1.5, -2.0, 0.3])
    found = field(h, shift)
    dense = found.dense(SHAPE)
    assert dense.shape == (3, *SHAPE)
    voxels = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1)
    expected = np.moveaxis(voxels @ h.T + shift, -1, 0)
    first = found.positions[0].astype(int)
    last = found.positions[-1].astype(int)
    inside = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    assert np.allclose(dense[:, *inside], expected[:, *inside], atol=1e-4)


def test_outside_the_grid_its_border_goes_on() -> None:
    found = field(random_gradient(1))
    dense = found.dense(SHAPE)
    assert np.allclose(dense[:, 0, 0, 0], found.displacement[0], atol=1e-5)
    assert np.allclose(dense[:, -1, -1, -1], found.displacement[-1], atol=1e-5)


def test_nodes_that_are_not_valid_take_their_neighbours_place() -> None:
    found = field(np.zeros((3, 3)), np.array([1.0, 2.0, 3.0]))
    found.displacement[7] = np.nan
    found.status[7] = NodeStatus.LOW_CORRELATION
    found.displacement[9] = 100
    found.status[9] = NodeStatus.OUTLIER
    dense = found.dense(SHAPE)
    assert np.allclose(dense, np.array([1, 2, 3]).reshape(3, 1, 1, 1), atol=1e-5)


def test_a_field_without_valid_nodes_is_refused() -> None:
    found = field(np.zeros((3, 3)))
    found.status[:] = NodeStatus.NO_TEXTURE
    with pytest.raises(InputError, match="No node of this field is valid"):
        found.dense(SHAPE)


def test_a_plane_is_no_volume() -> None:
    with pytest.raises(InputError, match=r"\(3, 3\) is no shape of a volume; give"):
        field(np.zeros((3, 3))).dense((3, 3))


def test_a_nearest_neighbour_is_near_in_voxels_not_in_nodes() -> None:
    """Two nodes along x (4 voxels) are nearer than one along y (9 voxels)."""
    positions = np.stack(np.meshgrid([0.0], [0.0, 9.0], [0, 2.0, 4.0], indexing="ij"), -1)
    moved = np.zeros((6, 3))
    moved[:, 0] = [np.nan, np.nan, 1, 5, 5, 5]
    status = np.array([5, 5, 0, 0, 0, 0])
    found = DisplacementField(
        positions=positions.reshape(-1, 3), displacement=moved, gradient=np.zeros((6, 3, 3)),
        sigma=np.zeros((6, 3)), zncc=np.ones(6), status=status, grid_shape=(1, 2, 3),
        spacing=(1.0, 9.0, 2.0), window=(3, 3, 3),
    )  # fmt: skip
    assert np.allclose(found.dense((1, 1, 5))[0], 1)


def test_displacement_at_places_between_nodes_follows_the_gradient() -> None:
    gradient, shift = random_gradient(3), np.array([1.0, -2.0, 0.5])
    found = field(gradient, shift)
    inside = np.random.default_rng(0).uniform(2, 10, (3, 4, 7))
    expected = np.einsum("ij,j...->i...", gradient, inside) + shift.reshape(3, 1, 1)
    np.testing.assert_allclose(found.at(inside), expected, atol=1e-4)


def test_displacement_at_voxels_is_the_dense_one() -> None:
    found = field(random_gradient(4))
    box = (slice(3, 6), slice(0, 24), slice(5, 16))
    dense = found.dense(SHAPE)[:, *box]
    np.testing.assert_allclose(found.at(voxels_of(box)), dense, atol=1e-5)
    np.testing.assert_array_equal(found.over(box), dense)


def test_errors_of_strains_are_the_scatter_of_many_gradients() -> None:
    """Also where the sample is turned, which mixes the components of the gradient."""
    rng = np.random.default_rng(5)
    truth, sigma = 1.02 * rotation(8) - np.eye(3), rng.uniform(1e-4, 1e-3, (3, 3))
    many = field(truth)
    strains = [
        replace(many, gradient=truth + sigma * rng.standard_normal(many.gradient.shape)).strain()
        for _ in range(40)
    ]
    told = replace(many, gradient_sigma=np.broadcast_to(sigma, many.gradient.shape)).strain_sigma()
    np.testing.assert_allclose(np.std(np.concatenate(strains), axis=0), told[0], rtol=0.06)
