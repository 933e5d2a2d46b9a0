from __future__ import annotations

import numpy as np
import pytest

from operando.data import DisplacementField, NodeStatus
from operando.errors import InputError
from operando.strain.field.gradient import plane_gradient
from operando.strain.reading.extensometer import measure_elongation

SIZE = (0.5, 0.25, 0.25)


def make_field(displacement, sigma=0.01, bad=(), gradient=None):
    grid = (4, 5, 6)
    nodes = np.stack(np.meshgrid(*[np.arange(n) for n in grid], indexing="ij"), -1)
    positions = nodes.reshape(-1, 3) * 10.0 + 12
    n = len(positions)
    status = np.zeros(n, int)
    status[list(bad)] = NodeStatus.OUTLIER
    return DisplacementField(
        positions=positions,
        displacement=displacement(positions),
        gradient=np.zeros((n, 3, 3)) + (0 if gradient is None else gradient),
        sigma=np.full((n, 3), sigma),
        zncc=np.ones(n),
        status=status,
        grid_shape=grid,
        spacing=(10.0,) * 3,
        window=(21,) * 3,
    )


def test_a_stretch_along_the_line():
    field = make_field(lambda p: p * (0.02, 0.0, 0.01))
    found = measure_elongation(field, (14, 20, 20), (39, 20, 20), SIZE)
    assert found.length_um == pytest.approx(12.5)
    assert found.strain == pytest.approx(0.02)
    assert found.strain_sd == pytest.approx(np.sqrt(2) * 0.01 * 0.5 / 12.5)
    across = measure_elongation(field, (20, 14, 20), (20, 48, 20), SIZE)
    assert across.change_um == pytest.approx(0.0, abs=1e-12)


def test_a_rigid_rotation_changes_no_length():
    turn = np.radians(20)
    rotation = np.array(
        [[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]]
    )
    field = make_field(lambda p: p @ (rotation - np.eye(3)).T)
    found = measure_elongation(field, (14, 15, 18), (40, 45, 55), SIZE)
    assert found.strain == pytest.approx(0.0, abs=1e-12)


def uniform(deformation, size, bad=()):
    """Field of ``x = F X`` in lengths, on voxels of a size."""
    size = np.asarray(size)
    gradient = (deformation - np.eye(3)) * size[None, :] / size[:, None]
    return make_field(lambda p: p @ gradient.T, gradient=gradient, bad=bad)


STRETCH = np.diag([1.02, 0.99, 1.0])
TURN = np.array([[0.96, 0.28, 0], [-0.28, 0.96, 0], [0, 0, 1.0]])


@pytest.mark.parametrize("size", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.5)])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((7.5, 20, 20), (46.5, 20, 20)),
        ((7.5, 7.5, 7.5), (46.5, 56.5, 66.5)),
        ((20, 20, 8), (8, 50, 66)),
    ],
)
def test_up_to_half_a_spacing_outside_the_nodes_the_motion_goes_on(start, end, size):
    line = np.subtract(end, start) * size
    stretched = np.linalg.norm(STRETCH @ line) / np.linalg.norm(line) - 1
    found = measure_elongation(uniform(STRETCH, size), start, end, size)
    assert found.strain == pytest.approx(stretched, rel=1e-9)
    turned = measure_elongation(uniform(TURN, size), start, end, size)
    assert turned.strain == pytest.approx(0, abs=1e-12)
    assert turned.length_um == pytest.approx(np.linalg.norm(line))


def test_where_nodes_were_not_measured_the_others_are_followed_to_the_point():
    field = uniform(STRETCH, SIZE, bad=[0, 1])
    found = measure_elongation(field, (16, 16, 16), (40, 16, 16), SIZE)
    assert found.strain == pytest.approx(0.02, rel=1e-9)


def test_the_error_outside_the_nodes_covers_that_of_repeated_noise(rng):
    start, end = (7.5, 22, 22), (46.5, 22, 22)
    changes = []
    for _ in range(400):
        noise = rng.normal(0, 0.03, (120, 3))
        gradient, _ = plane_gradient(noise, np.ones(120, bool), (4, 5, 6), (10.0,) * 3)
        field = make_field(lambda p, u=noise: u, sigma=0.03, gradient=gradient)
        changes.append(measure_elongation(field, start, end, SIZE).change_um)
    predicted = measure_elongation(make_field(lambda p: 0 * p, sigma=0.03), start, end, SIZE)
    inside = measure_elongation(
        make_field(lambda p: 0 * p, sigma=0.03), (12, 22, 22), (42, 22, 22), SIZE
    )
    assert 0.8 < np.std(changes) / predicted.change_sd_um < 1
    assert predicted.change_sd_um > 1.15 * inside.change_sd_um


def test_the_error_is_that_of_repeated_noise(rng):
    """Independent noise at the two ends: at nodes themselves, the prediction is exact."""
    changes = []
    for _ in range(800):
        field = make_field(lambda p: rng.normal(0, 0.03, p.shape), sigma=0.03)
        changes.append(measure_elongation(field, (12, 12, 12), (42, 52, 62), SIZE).change_um)
    assert np.std(changes) == pytest.approx(
        measure_elongation(
            make_field(lambda p: 0 * p, sigma=0.03), (12, 12, 12), (42, 52, 62), SIZE
        ).change_sd_um,
        rel=0.1,
    )


def test_nodes_that_are_not_valid_do_not_count():
    def moved(p):
        out = p * 0.01
        out[0] = 100
        return out

    field = make_field(moved, bad=[0])
    found = measure_elongation(field, (19, 19, 19), (40, 19, 19), SIZE)
    assert abs(found.strain - 0.01) < 1e-3


def test_points_that_cannot_be_measured_are_named():
    field = make_field(lambda p: 0 * p)
    with pytest.raises(InputError, match="outside"):
        measure_elongation(field, (0, 12, 12), (30, 30, 30), SIZE)
    with pytest.raises(InputError, match="same"):
        measure_elongation(field, (30, 30, 30), (30, 30, 30), SIZE)
    nothing = make_field(lambda p: 0 * p, bad=range(120))
    with pytest.raises(InputError, match="too few"):
        measure_elongation(nothing, (14, 14, 14), (30, 30, 30), SIZE)
