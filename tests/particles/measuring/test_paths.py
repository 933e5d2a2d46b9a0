from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from operando.errors import InputError
from operando.particles import electron_paths
from operando.particles.measuring.paths import path_lengths, path_line, streamlines


def test_a_straight_bar() -> None:
    bar = np.ones((6, 8, 60), bool)
    door = np.zeros_like(bar)
    door[:, :, 0] = True
    lengths = path_lengths(bar, door, (1, 1, 0.5))
    np.testing.assert_allclose(np.diff(lengths[3, 4]), 0.5, rtol=1e-5)
    assert lengths.mean() == pytest.approx(15, rel=0.02)
    assert lengths.max() == pytest.approx(30, rel=0.02)


def test_round_a_corner() -> None:
    shape = np.zeros((6, 60, 60), bool)
    shape[:, :, :8] = shape[:, :8, :] = True
    door = np.zeros_like(shape)
    door[:, 59, :8] = True
    lengths = path_lengths(shape, door)
    for y in (0, 3, 7):
        expected = (59.5 - 7.5) + np.hypot(7.5 - y, 59 - 7.5)
        assert lengths[3, y, 59] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("radius", [10, 20])
def test_a_sphere_from_one_pole(radius) -> None:
    grid = np.indices((2 * radius + 3,) * 3) - (radius + 1)
    sphere = (grid**2).sum(0) < radius**2
    door = sphere & ~binary_erosion(sphere) & (grid[2] < -radius + 1.5)
    lengths = path_lengths(sphere, door)
    straight = cKDTree(np.argwhere(door)).query(np.argwhere(sphere))[0] + 0.5
    assert lengths[sphere].mean() == pytest.approx(straight.mean(), rel=0.05)
    assert lengths[sphere].max() == pytest.approx(straight.max(), rel=0.03)


def test_cracks_block_and_what_is_cut_off_has_no_path() -> None:
    slab = np.ones((1, 21, 30), bool)
    slab[0, 1:, 15] = False
    door = np.zeros_like(slab)
    door[0, 20, 14] = True
    lengths = path_lengths(slab, door, start=0)
    assert lengths[0, 20, 16] == pytest.approx(np.hypot(20, 1) * 2, rel=0.05)
    assert np.isnan(lengths[0, 5, 15])
    slab[0, 0, 15] = False
    lengths = path_lengths(slab, door)
    assert np.isinf(lengths[0, :, 16:]).all()
    assert np.isfinite(lengths[0, :, :15]).all()


def test_the_same_body_at_two_resolutions() -> None:
    means = []
    for scale in (1, 2):
        body = np.ones((10 * scale, 12 * scale, 30 * scale), bool)
        door = np.zeros_like(body)
        door[: 5 * scale, 0, : 10 * scale] = True
        means.append(path_lengths(body, door, (1 / scale,) * 3).mean())
    assert means[1] == pytest.approx(means[0], rel=0.03)


def test_a_line_leads_down_to_the_contact() -> None:
    bar = np.ones((5, 5, 30), bool)
    door = np.zeros_like(bar)
    door[:, :, 0] = True
    lengths = path_lengths(bar, door)
    line = path_line(lengths, (2, 3, 25))
    assert line[0].tolist() == [2, 3, 25]
    assert line[-1].tolist() == [2, 3, 0]
    assert len(line) == 26
    lengths[:] = np.inf
    assert len(path_line(lengths, (2, 3, 25))) == 1


def test_paths_of_all_particles_of_a_frame(make_ellipsoid) -> None:
    shape = (28, 28, 60)
    ids = np.zeros(shape, np.int32)
    ids[make_ellipsoid(shape, (14, 14, 15), (10, 10, 10))] = 1
    ids[make_ellipsoid(shape, (14, 14, 44), (10, 10, 10))] = 2
    phases = np.where(ids > 0, 3, np.where(np.indices(shape)[2] < 30, 2, 1)).astype(np.uint8)
    lengths = electron_paths(ids, phases, phase=3, spacing=(0.1, 0.1, 0.1))
    assert lengths[ids == 1].max() == pytest.approx(1, abs=0.11)
    assert np.isinf(lengths[ids == 2]).all()
    assert np.isnan(lengths[ids == 0]).all()
    large = electron_paths(ids * 10**9, phases, phase=3, spacing=(0.1, 0.1, 0.1))
    np.testing.assert_array_equal(large, lengths)
    with pytest.raises(InputError, match="mask"):
        electron_paths(ids, ids > 0, phase=3)


def test_streamlines_end_at_the_contact_and_fall_all_the_way() -> None:
    bar = np.ones((5, 5, 30), bool)
    door = np.zeros_like(bar)
    door[:, :, 0] = True
    lengths = path_lengths(bar, door)
    lines = streamlines(lengths, count=20)
    assert len(lines) == 20
    for line in lines:
        assert line[-1, 2] == 0
        assert (np.diff(lengths[tuple(line.astype(int).T)]) < 0).all()
    assert streamlines(np.full((3, 3, 3), np.inf, np.float32)) == []
