from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.segment.scoring.compare import compare_labels


def _ball(radius: float, shape: tuple[int, int, int] = (40, 48, 48)) -> np.ndarray:
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"))
    centre = np.array(shape).reshape(3, 1, 1, 1) / 2
    return np.where(np.sqrt(((grid - centre) ** 2).sum(0)) < radius, 2, 1).astype(np.uint8)


def test_a_shifted_plane_is_as_far_as_it_was_shifted() -> None:
    reference = np.ones((16, 20, 30), np.uint8)
    labels = reference.copy()
    reference[..., 10:] = 2
    labels[..., 13:] = 2
    result = compare_labels(reference, labels, 2, spacing=(0.5, 0.2, 0.1))
    np.testing.assert_allclose(result.boundary_um, 0.3, rtol=1e-5)
    np.testing.assert_allclose(result.boundary_p95_um, 0.3, atol=0.01)
    assert result.accuracy == pytest.approx(0.9)
    np.testing.assert_allclose(result.iou, [10 / 13, 17 / 20])
    np.testing.assert_allclose(result.dice, [20 / 23, 34 / 37])
    np.testing.assert_array_equal(result.confusion, [[3200, 0], [960, 5440]])
    table = result.table(["pore", "particle"])
    assert table["labelled_voxels"].tolist() == [16 * 20 * 13, 16 * 20 * 17]
    assert table["reference_voxels"].tolist() == [16 * 20 * 10, 16 * 20 * 20]
    face = 16 * 0.5 * 20 * 0.2
    np.testing.assert_allclose(result.interface_um2, face, rtol=1e-6)
    np.testing.assert_allclose(result.reference_interface_um2, face, rtol=1e-6)


def test_a_grown_ball_is_as_far_as_it_has_grown() -> None:
    result = compare_labels(_ball(12), _ball(15), 2)
    np.testing.assert_allclose(result.boundary_um, 3, atol=0.3)
    assert (result.boundary_p95_um < 3.7).all()


def test_slabs_do_not_matter(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    reference, labels = _ball(12), _ball(14)
    whole = compare_labels(reference, labels, 2)
    monkeypatch.setattr("operando.segment.scoring.compare.SLAB", 7)
    slabs = compare_labels(reference, labels, 2)
    np.testing.assert_array_equal(whole.confusion, slabs.confusion)
    np.testing.assert_allclose(whole.boundary_um, slabs.boundary_um, rtol=1e-6)


@pytest.mark.parametrize("plane", [20, 31, 45])
def test_flat_voxels_are_compared_as_far_as_others(plane: int) -> None:
    """Planes 25 thin slices apart, wherever slabs end: 16 edges of 1 µm are looked at."""
    reference, labels = np.ones((2, 96, 8, 8), np.uint8)
    reference[plane:] = 2
    labels[plane + 25 :] = 2
    result = compare_labels(reference, labels, 2, spacing=(0.2, 1, 1))
    np.testing.assert_allclose(result.boundary_um, 25 * 0.2, rtol=1e-5)
    cubes = compare_labels(reference, labels, 2)
    np.testing.assert_allclose(cubes.boundary_um, 16)


def test_a_class_that_one_of_them_lacks_has_no_distance() -> None:
    reference = np.ones((32, 20, 20), np.uint8)
    reference[:, 10:] = 2
    labels = reference.copy()
    reference[25, 4:8, 4:8] = 3
    for result in (compare_labels(reference, labels, 3), compare_labels(labels, reference, 3)):
        np.testing.assert_array_equal(np.isnan(result.boundary_um), [False, False, True])
        np.testing.assert_array_equal(np.isnan(result.boundary_p95_um), [False, False, True])
        assert result.boundary_um[1] == 0


def test_the_same_labels_agree_and_unknown_voxels_do_not_count() -> None:
    ball = _ball(12)
    result = compare_labels(ball, ball, 2)
    assert result.accuracy == 1
    np.testing.assert_array_equal(result.boundary_um, 0)
    np.testing.assert_array_equal(result.boundary_p95_um, 0)
    half = ball.copy()
    half[:, :, :20] = 0
    other = ball.copy()
    other[:, :, :20] = 3 - other[:, :, :20]
    masked = compare_labels(half, other, 2)
    assert masked.accuracy == 1
    np.testing.assert_array_equal(masked.boundary_um, 0)
    np.testing.assert_allclose(masked.interface_um2, masked.reference_interface_um2)
    assert (masked.interface_um2 < 0.7 * result.interface_um2).all()


def test_the_table_names_the_classes() -> None:
    table = compare_labels(_ball(12), _ball(13), 3).table(["matrix", "ball", "nothing"])
    assert list(table["phase"]) == ["matrix", "ball", "nothing"]
    assert np.isnan(table["dice"][2])
    assert table["reference_voxels"][2] == table["labelled_voxels"][2] == 0


def test_it_refuses_what_does_not_fit() -> None:
    with pytest.raises(InputError, match="same images"):
        compare_labels(_ball(5), _ball(5)[1:], 2)
    with pytest.raises(InputError, match="No voxel"):
        compare_labels(_ball(5), np.zeros_like(_ball(5)), 2)
