from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.strain import correlate_particles
from operando.strain.particles.contacts import move_labels
from operando.strain.particles.motion_models import rotation_matrix

SHAPE = (44, 44, 80)
CENTRES = np.array([[21.0, 22.3, 17.0], [23.2, 20.0, 40.5], [21.0, 22.0, 63.0]])
RADIUS = 9.0
SHIFTS = np.array([[1.3, -0.6, 0.4], [-0.8, 0.5, 1.1], [0.2, -1.7, -0.9]])
TURNS = np.radians([[2.0, -3.0, 1.0], [0.0, 0.0, 4.0], [-2.0, 2.0, 0.0]])
SWELLING = np.array([1.0, 1.0, 1.04])


def places(size=(1, 1, 1)):
    """Middles of voxels of a size that fill the same box."""
    shape = (SHAPE / np.array(size)).astype(int)
    return np.stack(np.indices(shape), axis=-1) * np.array(size, float)


def render(moved, seed, contrast=1.0, size=(1, 1, 1), swelling=SWELLING):
    voxels = places(size)
    grid = voxels.reshape(-1, 3)
    out = np.full(len(grid), 0.25)
    for k, centre in enumerate(CENTRES):
        rng = np.random.default_rng(k)
        blobs, heights = rng.uniform(-12, 12, (90, 3)), 0.1 * rng.uniform(-1, 1, 90)
        body = grid - centre
        if moved:
            body = (body - SHIFTS[k]) @ rotation_matrix(TURNS[k]) / swelling[k] ** (1 / 3)
        near = np.linalg.norm(body, axis=1) < RADIUS + 5
        b = body[near]
        square = ((b[:, None] - blobs) ** 2).sum(axis=2)
        inside = 0.5 * (1 - np.tanh((np.linalg.norm(b, axis=1) - RADIUS) / 0.9))
        out[near] += inside * (0.35 + np.exp(-0.5 * square / 2.2**2) @ heights)
    out = contrast * out + 0.006 * np.random.default_rng(seed).standard_normal(len(out))
    return out.reshape(voxels.shape[:3]).astype(np.float32)


def labels_of(size=(1, 1, 1)):
    grid = places(size)
    out = np.zeros(grid.shape[:3], np.int32)
    for k, centre in enumerate(CENTRES):
        out[np.linalg.norm(grid - centre, axis=-1) <= RADIUS] = k + 1
    return out


@pytest.fixture(scope="module")
def labels():
    return labels_of()


@pytest.fixture(scope="module")
def table(labels):
    return correlate_particles(render(False, 1), render(True, 2, contrast=0.6), labels)


def test_every_particle_is_followed(table):
    assert list(table["particle"]) == [1, 2, 3]
    assert (table["status"] == "followed").all()
    assert list(table["model"][:2]) == ["rigid", "rigid"]


def test_shift_and_rotation(table):
    centroid = table[["centre_z", "centre_y", "centre_x"]].to_numpy()
    for k in range(3):
        away = centroid[k] - CENTRES[k]
        grown = SWELLING[k] ** (1 / 3) * rotation_matrix(TURNS[k])
        expected = grown @ away - away + SHIFTS[k]
        found = table.loc[k, ["u_z", "u_y", "u_x"]].to_numpy(float)
        assert np.abs(found - expected).max() < 0.02
        turn = table.loc[k, ["rotation_z", "rotation_y", "rotation_x"]].to_numpy(float)
        assert np.abs(turn - np.degrees(TURNS[k])).max() < 0.8


def test_swelling_with_its_error(table):
    error = (table["volume_ratio"] - SWELLING).abs()
    assert (error < 0.01).all()
    assert (error < 4 * table["sigma_volume_ratio"]).all()
    assert table["model"][2] in ("swelling", "affine")


def test_flat_voxels_turn_as_the_particles_do():
    """Voxels twice as high as wide; where particles only turn, the rigid model must explain it."""
    size = (2, 1, 1)
    flat = labels_of(size)
    frames = render(False, 1, size=size), render(True, 2, size=size)
    table = correlate_particles(*frames, flat, voxel_size=size)
    assert list(table["model"][:2]) == ["rigid", "rigid"]
    turns = table[["rotation_z", "rotation_y", "rotation_x"]].to_numpy(float)
    assert np.abs(turns - np.degrees(TURNS))[:2].max() < 1.0
    error = (table["volume_ratio"] - SWELLING).abs()
    assert (error < 4 * table["sigma_volume_ratio"])[:2].all()
    assert error[:2].max() < 0.03
    moved = move_labels(flat, table, size)
    for k in range(2):
        before, after = (np.argwhere(v == k + 1).mean(axis=0) for v in (flat, moved))
        assert np.abs(after - before - SHIFTS[k] / size).max() < 0.5


def test_labels_move_with_their_particles(table, labels):
    moved = move_labels(labels, table)
    for k in range(3):
        centre = np.argwhere(moved == k + 1).mean(axis=0)
        assert np.abs(centre - CENTRES[k] - SHIFTS[k]).max() < 0.3
        size = (moved == k + 1).sum() / (labels == k + 1).sum()
        assert size == pytest.approx(SWELLING[k], abs=0.03)


def test_tiles_give_what_the_whole_gives(table, labels):
    """Of arrays that are read piece by piece."""
    import dask.array as da

    frames = render(False, 1), render(True, 2, contrast=0.6)
    lazy = [da.from_array(frame, chunks=(44, 22, 20)) for frame in frames]
    tiled = correlate_particles(*lazy, labels, tile=32)
    assert list(tiled["status"]) == list(table["status"])
    assert list(tiled["model"]) == list(table["model"])
    for columns, tolerance in (("u", 0.005), ("rotation", 0.1)):
        names = [f"{columns}_{k}" for k in "zyx"]
        np.testing.assert_allclose(tiled[names], table[names], rtol=0, atol=tolerance)
    np.testing.assert_allclose(tiled["volume_ratio"], table["volume_ratio"], atol=0.002)
    np.testing.assert_array_equal(tiled["centre_x"], table["centre_x"])


def test_a_particle_that_vanished_is_lost(labels):
    gone = render(True, 2)
    gone[:, :, 29:52] = 0.25 + 0.006 * np.random.default_rng(3).standard_normal((44, 44, 23))
    table = correlate_particles(render(False, 1), gone, labels)
    assert list(table["status"]) == ["followed", "lost", "followed"]
    assert np.isnan(table["u_z"][1])


def test_wrong_labels_are_refused(labels):
    volume = render(False, 1)
    with pytest.raises(InputError, match="whole numbers"):
        correlate_particles(volume, volume, labels[1:])
    with pytest.raises(InputError, match="whole numbers"):
        correlate_particles(volume, volume, labels.astype(float))


def test_single_slices_are_refused():
    slices = np.random.default_rng(0).random((1, 40, 40))
    with pytest.raises(InputError, match=r"volume of \(1, 40, 40\) voxels; every axis needs 7"):
        correlate_particles(slices, slices, np.ones(slices.shape, int))


def test_no_particles_give_an_empty_table(labels):
    volume = render(False, 1)
    table = correlate_particles(volume, volume, np.zeros_like(labels))
    assert len(table) == 0
    assert "volume_ratio" in table


def test_a_particle_that_the_frame_cuts_is_followed_by_what_is_seen_of_it(labels, table):
    """Aligned frames are NaN where nothing was imaged."""
    before, after = render(False, 1), render(True, 2, contrast=0.6)
    after[..., :12] = np.nan
    before[..., 68:] = np.nan
    cut = correlate_particles(before, after, labels)
    assert (cut["status"] == "followed").all()
    columns = ["u_z", "u_y", "u_x"]
    assert np.abs(cut[columns] - table[columns]).to_numpy().max() < 0.05
    assert np.abs(cut["volume_ratio"] - table["volume_ratio"]).max() < 0.02


def test_a_particle_of_which_little_is_left_is_lost_and_others_are_not(labels, table):
    after = render(True, 2, contrast=0.6)
    for edge in range(12, 27, 2):
        after[..., :edge] = np.nan
        cut = correlate_particles(render(False, 1), after, labels)
        columns = ["u_z", "u_y", "u_x"]
        close = np.abs(cut[columns] - table[columns]).max(axis=1) < 0.2
        assert (close | (cut["status"] != "followed")).all()
    assert list(cut["status"]) == ["lost", "followed", "followed"]


def test_errors_of_rotations_do_not_grow_with_swelling(labels, table):
    after = render(True, 2, contrast=0.6, swelling=np.array([1.2, 0.85, 1.2]))
    grown = correlate_particles(render(False, 1), after, labels)
    ratio = grown["sigma_rotation_deg"] / table["sigma_rotation_deg"]
    assert (ratio < 1.5).all()
    vectors = [t[["rotation_z", "rotation_y", "rotation_x"]].to_numpy() for t in (grown, table)]
    assert np.abs(vectors[0] - vectors[1]).max() < 0.5
