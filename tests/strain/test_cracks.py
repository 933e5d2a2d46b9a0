from __future__ import annotations

import numpy as np
import pytest

from operando.data import NodeStatus
from operando.strain import correlate, find_cracks

PLANE, OPENING = 33.0, 2.5


@pytest.fixture(scope="module")
def pair(texture, still):
    half = np.array([0.5 * OPENING, 0.2, 0.0])
    upper = texture.render(lambda p: np.broadcast_to(half, p.shape), noise=0.04, seed=3)
    lower = texture.render(lambda p: np.broadcast_to(-half, p.shape), noise=0.04, seed=4)
    z = np.arange(64)[:, None, None]
    gap = np.abs(z - PLANE) < 0.5 * OPENING
    return still, np.where(gap, 0.0, np.where(z > PLANE, upper, lower)).astype(np.float32)


@pytest.fixture(scope="module")
def field(pair):
    return correlate(*pair, spacing=8)


def test_cut_nodes_are_not_valid_and_those_beside_use_narrower_windows(field):
    distance = np.abs(field.positions[:, 0] - PLANE)
    assert not field.valid[distance < 4].any()
    beside = (distance > 4) & (distance < 12)
    assert (field.status[beside] == NodeStatus.NARROWED).mean() > 0.95
    assert (field.status[distance > 12] == NodeStatus.CONVERGED).mean() > 0.95
    side = np.sign(field.positions[:, 0] - PLANE)[:, None]
    error = field.displacement - side * np.array([0.5 * OPENING, 0.2, 0.0])
    assert np.sqrt((error[field.valid] ** 2).mean()) < 0.02


def test_strain_does_not_reach_across_the_crack(field):
    assert np.nanmax(np.abs(field.gradient[field.valid])) < 0.02
    assert np.isnan(field.gradient[~field.valid]).all()


def test_opening_is_measured_on_the_plane(pair, field):
    table = find_cracks(*pair, field)
    assert len(table) >= 20
    flat = table[table["normal_z"] > 0.9]
    assert len(flat) == len(table)
    assert (flat["z"] - PLANE).abs().median() < 3
    assert (flat["opening"] - OPENING).abs().median() < 0.1
    assert (flat["opening_y"] - 0.4).abs().median() < 0.1
    assert flat["sigma_opening"].median() < 0.05


def test_sound_material_has_no_cracks(texture, still):
    moved = texture.render(lambda p: 0.02 * (p - 31.5), noise=0.04, seed=6)
    field = correlate(still, moved, spacing=12)
    assert len(find_cracks(still, moved, field)) == 0


def test_a_motion_that_bends_within_a_window_has_no_cracks(texture, still):
    def wave(p):
        out = np.zeros_like(p)
        out[:, 0] = 0.6 * np.sin(2 * np.pi * p[:, 1] / 32)
        return out

    bent = texture.render(wave, noise=0.04, seed=7)
    field = correlate(still, bent, spacing=12)
    assert (field.status == NodeStatus.NARROWED).any()
    assert len(find_cracks(still, bent, field)) == 0
