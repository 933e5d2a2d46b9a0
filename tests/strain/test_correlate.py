from __future__ import annotations

import numpy as np
import pytest

from operando.data.displacement import NodeStatus
from operando.errors import Cancelled, InputError
from operando.strain import CorrelationSettings, correlate

SHIFT = np.array([0.37, -0.21, 0.45])
MATRIX = np.array([[0.012, 0.004, 0.0], [-0.006, -0.01, 0.008], [0.0, 0.01, 0.02]])


def shifted(points):
    return np.broadcast_to(SHIFT, points.shape)


def affine(points):
    return (points - 31.5) @ MATRIX.T + SHIFT


def wave(points):
    return 0.8 * np.sin(2 * np.pi * points[:, [2, 0, 1]] / 60)


@pytest.fixture(scope="module")
def pair(texture, still):
    return still, texture.render(affine, noise=0.04, seed=2)


@pytest.fixture(scope="module")
def field(pair):
    return correlate(*pair, spacing=8)


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


def test_a_sub_voxel_shift_is_found_without_bias(texture, still):
    moved = texture.render(shifted, noise=0.04, seed=2)
    field = correlate(still, moved, spacing=8)
    error = field.displacement - SHIFT
    assert field.valid.all()
    assert rms(error) < 0.004
    assert np.abs(error.mean(axis=0)).max() < 0.002


def test_affine_motion_and_its_gradient(field):
    error = field.displacement - affine(field.positions)
    assert field.valid.all()
    assert rms(error) < 0.004
    assert np.abs(field.gradient - MATRIX).max() < 1.5e-3


def test_predicted_errors_match_the_actual_ones(field):
    ratio = (field.displacement - affine(field.positions)) / field.sigma
    assert 0.8 < ratio.std() < 1.2


def test_predicted_errors_of_the_gradient_match_the_actual_ones(texture, still, field):
    moved = texture.render(wave, noise=0.04, seed=2)
    curved, step = correlate(still, moved, spacing=8), 0.5
    for found, motion in ((field, affine), (curved, wave)):
        at = found.positions
        truth = [(motion(at + e) - motion(at - e)) / (2 * step) for e in step * np.eye(3)]
        error = (found.gradient - np.stack(truth, axis=-1))[found.valid]
        assert 0.5 < rms(found.gradient_sigma[found.valid]) / rms(error) < 2


def test_curved_motion_takes_the_quadratic_window(texture, still):
    moved = texture.render(wave, noise=0.04, seed=2)
    auto = correlate(still, moved, spacing=8)
    plain = correlate(still, moved, spacing=8, settings=CorrelationSettings(order="affine"))
    truth = wave(auto.positions)
    assert rms(plain.displacement - truth) > 0.05
    assert rms(auto.displacement - truth)[()] < 0.02
    assert auto.valid.mean() > 0.99


def test_large_motion_with_a_contrast_change_needs_no_help(texture, still):
    angle = np.deg2rad(2)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    turn = turn @ np.diag([1.03, 1, 1])

    def far(points):
        return (points - 31.5) @ (turn - np.eye(3)).T + np.array([8.3, -5.6, 4.4])

    moved = 20 + 0.4 * texture.render(far, noise=0.04, seed=2)
    field = correlate(still, moved, spacing=8)
    error = field.displacement[field.valid] - far(field.positions)[field.valid]
    assert field.valid.mean() > 0.85
    assert rms(error) < 0.01
    assert np.allclose(field.info["rotation_deg"], 2, atol=0.05)
    assert set(field.status[~field.valid]) <= {NodeStatus.OUTSIDE}


def test_axes_are_equivalent(pair, field):
    turned = correlate(pair[0].transpose(2, 0, 1), pair[1].transpose(2, 0, 1), spacing=8)
    n = field.grid_shape
    expected = field.displacement.reshape(*n, 3).transpose(2, 0, 1, 3)[..., [2, 0, 1]]
    assert np.abs(turned.displacement.reshape(expected.shape) - expected).max() < 5e-4


def test_grey_offset_gain_and_type_do_not_matter(pair, field):
    a, b = pair
    other = correlate(
        (1000 * a + 300).astype(np.uint16), 7 - 0.01 * b.astype(float) * -1, spacing=8
    )
    assert np.abs(other.displacement - field.displacement).max() < 1e-3


def test_a_volume_against_itself_does_not_move(still):
    field = correlate(still, still, spacing=12)
    assert field.valid.all()
    assert np.abs(field.displacement).max() < 1e-4
    assert np.isfinite(field.sigma).all()


def test_it_gives_the_same_numbers_twice(pair, field):
    again = correlate(*pair, spacing=8)
    np.testing.assert_array_equal(again.displacement, field.displacement)


def test_masked_voxels_do_not_count(pair):
    reference, moved = (v.copy() for v in pair)
    mask = np.ones(reference.shape, bool)
    mask[:, :, 32:] = False
    moved[:, :, 34:] = np.random.default_rng(0).random(moved[:, :, 34:].shape)
    field = correlate(reference, moved, spacing=8, mask=mask)
    inside = field.positions[:, 2] <= 31
    error = (field.displacement - affine(field.positions))[inside & field.valid]
    assert (inside & field.valid).sum() >= 0.9 * inside.sum()
    assert rms(error) < 0.01
    assert (field.status[field.positions[:, 2] > 40] == NodeStatus.OUTSIDE).all()


def test_values_that_are_not_finite_are_masked(pair, field):
    reference = pair[0].copy()
    reference[20:24, 30:34, 30:34] = np.nan
    found = correlate(reference, pair[1], spacing=8)
    assert np.isfinite(found.displacement).all()
    assert rms(found.displacement - affine(found.positions)) < 0.005


def test_nodes_that_moved_out_are_not_invented(texture, still):
    moved = texture.render(lambda p: np.broadcast_to([0.0, 0.0, 18.2], p.shape), noise=0.04, seed=5)
    field = correlate(still, moved, spacing=8)
    outside = field.status == NodeStatus.OUTSIDE
    assert outside.any()
    assert np.isnan(field.displacement[outside]).all()
    assert rms(field.displacement[field.valid] - [0, 0, 18.2]) < 0.01


def test_a_place_without_texture_says_so(pair):
    reference, moved = (v.copy() for v in pair)
    reference[:, :, 34:] = 0.5
    moved[:, :, 34:] = 0.5
    field = correlate(reference, moved, spacing=8)
    empty = field.positions[:, 2] - 10 >= 37
    assert (field.status[empty] == NodeStatus.NO_TEXTURE).all()


def test_unrelated_volumes_give_no_valid_nodes(still):
    other = np.random.default_rng(8).random(still.shape)
    field = correlate(still, other, spacing=12)
    assert field.valid.mean() < 0.05


def test_anisotropic_windows(pair):
    field = correlate(*pair, spacing=(6, 10, 8), window=(15, 21, 27))
    assert field.window == (15, 21, 27)
    assert field.spacing == (6, 10, 8)
    assert field.gauge_length == (27, 41, 43)
    assert field.info["gauge_length"] == field.gauge_length
    assert rms(field.displacement - affine(field.positions)) < 0.005


def test_a_single_node(pair):
    crop = tuple(v[18:46, 18:46, 18:46] for v in pair)
    field = correlate(*crop)
    assert field.grid_shape == (1, 1, 1)
    assert np.abs(field.displacement - affine(field.positions + 18)).max() < 0.02
    assert np.abs(field.gradient - MATRIX).max() < 5e-3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"deformed": np.zeros((20, 30, 30))}, "shape"),
        ({"deformed": np.zeros((30, 30, 30))}, "same grey value"),
        ({"deformed": np.full((30, 30, 30), np.nan)}, "No voxel"),
        ({"deformed": np.zeros((30, 30, 30), complex)}, "real"),
        ({"window": 27}, "does not fit"),
        ({"window": 0}, "window"),
        ({"spacing": (3, 3)}, "spacing"),
        ({"spacing": 1.5}, "spacing is 1.5"),
        ({"window": (21, 21, np.inf)}, "window"),
        ({"window": "wide"}, "window is wide"),
        ({"mask": np.ones((3, 3, 3))}, "mask"),
        ({"mask": np.zeros((30, 30, 30))}, "No voxel"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(change, words):
    given = {"reference": np.random.default_rng(0).random((30, 30, 30))}
    given = given | {"deformed": given["reference"]} | change
    with pytest.raises(InputError, match=words):
        correlate(**given)


def test_progress_and_cancel(pair):
    seen = []
    correlate(*pair, spacing=12, progress=seen.append)
    assert seen[-1].done == seen[-1].total
    assert seen[-1].unit == "nodes"

    def stop(progress):
        if progress.done > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        correlate(*pair, spacing=8, progress=stop)


def test_beside_voxels_that_were_not_imaged_nodes_are_as_good_as_elsewhere(texture, still):
    """As in an aligned series, or in a reconstruction that ends at a circle."""
    outside = np.hypot(*(np.indices((64, 64)) - 31.5)) > 29
    frames = [still.copy(), texture.render(shifted, noise=0.04, seed=2)]
    for frame in frames:
        frame[:, outside] = np.nan
    field = correlate(*frames, spacing=8)
    error = (field.displacement - SHIFT)[field.valid]
    assert field.valid.mean() > 0.7
    assert field.info["quadratic_share"] < 0.05
    assert rms(error) < 0.005
    assert 0.8 < (error / field.sigma[field.valid]).std() < 1.25
    assert rms(field.gradient[field.valid]) < 5e-4


def test_windows_at_the_faces_follow_a_shift_as_others_do(texture):
    shift = np.array([2.5, 2.5, -2.5])
    moved = texture.render(lambda p: np.broadcast_to(shift, p.shape), noise=0.015, seed=2)
    field = correlate(texture.render(noise=0.015, seed=1), moved, spacing=9)
    error = (field.displacement - shift)[field.valid]
    assert field.valid.all()
    assert field.info["quadratic_share"] < 0.05
    assert rms(error) < 0.002
    assert rms(field.gradient) < 2e-4
