from __future__ import annotations

import numpy as np
import pytest

from operando.particles.measuring.crack_grey import ALL, crack_grey_profiles
from operando.particles.measuring.grey import GreyScale


@pytest.fixture
def halves():
    """Two plates with a crack in the middle: grey rises by 10 per µm away from it."""
    ids = np.zeros((12, 12, 90), np.int32)
    ids[1:-1, 1:-1, 2:43] = 1
    ids[1:-1, 1:-1, 47:88] = 2
    phases = np.where(ids > 0, 3, 1)
    image = np.zeros(ids.shape)
    x = np.arange(90)
    for label, middle in ((1, 22), (2, 67)):
        phases[:, :, middle - 1 : middle + 2][ids[:, :, middle - 1 : middle + 2] == label] = 1
        beyond = 0.1 * (abs(x - middle) - 1.5)
        image += np.where(ids == label, 100 * label + 10 * beyond, 0)
    return ids, phases, image


def test_layers_follow_the_distance_from_the_crack(halves) -> None:
    ids, phases, image = halves
    table = crack_grey_profiles(
        ids, phases, image, phase=3, spacing=(0.1,) * 3, step=0.3, longest=1.5
    )
    for label in (1, 2):
        own = table[table["particle"] == label]
        np.testing.assert_allclose(own["distance_um"], [0.15, 0.45, 0.75, 1.05, 1.35])
        np.testing.assert_allclose(own["grey"], 100 * label + 10 * own["distance_um"], atol=0.01)
        assert (own["voxels"] == 2 * 3 * 100).all()
    pooled = table[table["particle"] == ALL]
    np.testing.assert_allclose(pooled["grey"], 150 + 10 * pooled["distance_um"], atol=0.01)
    assert (pooled["particles"] == 2).all()
    assert (pooled["voxels"] == 1200).all()
    assert ((pooled["low"] < pooled["grey"]) & (pooled["grey"] < pooled["high"])).all()


def test_the_voxel_size_changes_nothing(halves) -> None:
    fine = [np.repeat(np.repeat(np.repeat(v, 2, 0), 2, 1), 2, 2) for v in halves]
    options = {"phase": 3, "step": 0.3, "longest": 1.5}
    one = crack_grey_profiles(*halves, spacing=(0.1,) * 3, **options)
    two = crack_grey_profiles(*fine, spacing=(0.05,) * 3, **options)
    np.testing.assert_allclose(two["grey"], one["grey"], atol=0.3)
    np.testing.assert_allclose(two["distance_um"], one["distance_um"])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("across", [True, False])
def test_flat_voxels_lie_where_they_are(axis, across) -> None:
    """A crack across or along the long edge of voxels; grey is the distance from its wall."""
    spacing = np.ones(3)
    spacing[axis if across else axis - 1] = 4
    ids = np.ones((21, 21, 21), np.int32)
    phases = np.full(ids.shape, 3)
    phases[(slice(None),) * axis + (slice(9, 12),)] = 1
    image = np.abs(np.indices(ids.shape)[axis] - 10.0) * spacing[axis] - 1.5 * spacing[axis]
    options = {"step": spacing[axis], "longest": 5 * spacing[axis]}
    found = crack_grey_profiles(ids, phases, image, phase=3, spacing=tuple(spacing), **options)
    np.testing.assert_allclose(found["grey"], found["distance_um"], atol=1e-4)


def test_ids_may_be_any_numbers(halves) -> None:
    ids, *others = halves
    large = np.iinfo(np.int32).max
    renamed = np.where(ids == 2, large, ids)
    options = {"phase": 3, "step": 3, "longest": 15}
    one, two = (crack_grey_profiles(i, *others, **options) for i in (ids, renamed))
    assert (two["particle"] == one["particle"].replace(2, large)).all()
    np.testing.assert_array_equal(two["grey"], one["grey"])


def test_density_is_on_the_scale_of_the_reference_phases(halves) -> None:
    scale = GreyScale(100, 300, 0.01)
    table = crack_grey_profiles(*halves, phase=3, step=3, longest=15, scale=scale)
    np.testing.assert_allclose(table["density"], (table["grey"] - 100) / 200)


def test_without_cracks_there_are_no_rows(halves) -> None:
    ids, _, image = halves
    assert crack_grey_profiles(ids, ids > 0, image, step=1, longest=9).empty


def test_a_few_voxels_are_no_crack(halves) -> None:
    ids, phases, image = halves
    phases[5, 5, 60] = 1
    phases[:, :, 66:69][ids[:, :, 66:69] == 2] = 3
    options = {"phase": 3, "step": 1, "longest": 9}
    every = crack_grey_profiles(ids, phases, image, **options)
    real = crack_grey_profiles(ids, phases, image, cracked_from=0.01, **options)
    assert set(every["particle"]) == {ALL, 1, 2}
    assert set(real["particle"]) == {ALL, 1}
