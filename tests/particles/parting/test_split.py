from __future__ import annotations

from importlib import resources
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import Cancelled, FileError, InputError
from operando.particles import SplitSettings, match, measure, split

if TYPE_CHECKING:
    from operando.compute import Progress

SHAPE = (40, 44, 72)


@pytest.fixture
def two(make_ellipsoid):
    """Two spheres that overlap a little."""
    left = make_ellipsoid(SHAPE, (20.2, 22.1, 22.3), (14, 14, 14))
    return left, make_ellipsoid(SHAPE, (20.4, 21.8, 48.2), (14, 14, 14)) & ~left


def test_touching_spheres_are_parted(two) -> None:
    left, right = two
    ids = split(left | right)
    assert ids.dtype == np.int32
    assert ids.max() == 2
    assert ((ids > 0) == (left | right)).mean() > 0.999
    assert match(ids, left + 2 * right).mean_iou > 0.97
    assert measure(ids)["volume_um3"].tolist() == pytest.approx([left.sum(), right.sum()], rel=0.03)


@pytest.mark.parametrize(("width", "error"), [(1.5, 0.01), (2.5, 0.02), (3.5, 0.035)])
def test_a_crack_right_through_does_not_part(two, make_slab, width, error) -> None:
    left, right = two
    crack = make_slab(SHAPE, (0.3, 1, 0.2), (20, 20, 22), width) & left
    solid = (left & ~crack) | right
    ids = split(solid)
    assert ids.max() == 2
    found = match(ids, left + 2 * right)
    assert found.recall == 1
    assert found.mean_iou > 0.95
    fractions = measure(ids, phases=solid).set_index("particle")["crack_fraction"]
    own = ids[20, 22, 12]
    assert fractions[own] == pytest.approx(crack.sum() / left.sum(), abs=error)
    assert fractions.drop(own).max() < 0.02


def test_particles_are_parted_where_the_probability_dips(two) -> None:
    left, right = two
    solid = left | right
    solid[12:29, 14:31, 22:49] = True  # what binds them was labelled as particle
    probability = np.where(solid, 1.0, 0.0)
    probability[:, :, 34:37] *= 0.6
    assert split(solid).max() == 1
    ids = split(solid, probability=probability)
    assert ids.max() == 2
    assert (ids > 0)[solid].mean() > 0.999
    assert ids[20, 22, 10] != ids[20, 22, 60]


def test_what_is_mostly_in_doubt_is_no_particle(make_ellipsoid) -> None:
    particle = make_ellipsoid(SHAPE, (20, 22, 20), (14, 14, 14))
    binder, core = (make_ellipsoid(SHAPE, (20, 22, 55), (r, r, r)) for r in (7, 4))
    probability = np.where(particle | core, 0.97, np.where(binder, 0.7, 0))
    assert split(particle | binder).max() == 2
    ids = split(particle | binder, probability=probability)
    assert ((ids > 0) == particle).all()


def test_a_segmentation_that_is_sure_parts_as_the_mask_does(two) -> None:
    solid = two[0] | two[1]
    ids = split(solid, probability=np.where(solid, 255, 0).astype(np.uint8))
    assert ((ids > 0) == solid).all()
    found = match(ids, split(solid))
    assert (found.recall, found.precision) == (1, 1)
    assert found.mean_iou > 0.97


def test_a_probability_of_another_frame_is_refused(two) -> None:
    left, right = two
    with pytest.raises(InputError, match="The probability has the shape"):
        split(left | right, probability=np.ones((2, 3, 4)))


def test_two_cracks_that_cross(make_ellipsoid, make_slab) -> None:
    body = make_ellipsoid((44, 44, 44), (21.7, 21.9, 22.2), (17, 16, 18))
    cracks = make_slab(body.shape, (0, 1, 0.3), (0, 21, 22), 2) | make_slab(
        body.shape, (1, 0.1, -0.2), (22, 22, 22), 2
    )
    ids = split(body & ~cracks)
    assert ids.max() == 1
    assert match(ids, body).mean_iou > 0.95


def test_spheres_apart_by_no_more_than_a_crack_stay_two(make_ellipsoid) -> None:
    left = make_ellipsoid(SHAPE, (20.2, 22.1, 20.0), (14, 14, 14))
    right = make_ellipsoid(SHAPE, (20.2, 22.1, 50.0), (14, 14, 14))
    ids = split(left | right)
    assert ids.max() == 2
    assert match(ids, left + 2 * right).mean_iou > 0.97
    assert (ids > 0).sum() == pytest.approx((left | right).sum(), rel=0.01)


def test_closed_pores_belong_to_the_particle(make_ellipsoid) -> None:
    body = make_ellipsoid((40, 40, 40), (20, 20, 20), (16, 16, 16))
    pore = make_ellipsoid((40, 40, 40), (22, 18, 20), (4, 4, 4))
    ids = split(body & ~pore)
    assert ids.max() == 1
    assert (ids[pore] == 1).all()


def test_small_and_large_side_by_side(make_ellipsoid) -> None:
    large = make_ellipsoid(SHAPE, (20, 22, 24), (18, 18, 18))
    small = make_ellipsoid(SHAPE, (20, 22, 47.5), (6, 6, 6)) & ~large
    ids = split(large | small, settings=SplitSettings(method="watershed"))
    assert ids.max() == 2
    assert match(ids, large + 2 * small).recall == 1


@pytest.mark.parametrize("method", ["learned", "watershed"])
@pytest.mark.parametrize("radius", [15, 75, 120])
def test_discs_of_any_size_are_found_in_a_single_slice(make_ellipsoid, method, radius) -> None:
    shape = (1, 3 * radius, 5 * radius)
    middles = [(0, 1.5 * radius, x * radius) for x in (1.3, 3.7)]
    discs = [make_ellipsoid(shape, middle, (1, radius, radius)) for middle in middles]
    ids = split(discs[0] | discs[1], settings=SplitSettings(method=method))
    assert [len(np.unique(ids[disc])) for disc in discs] == [1, 1]
    assert ids.max() == 2


def test_only_the_named_phase(two) -> None:
    left, right = two
    phases = np.where(left, 3, np.where(right, 2, 1)).astype(np.uint8)
    assert (split(phases, phase=2) == split(right)).all()
    assert (split(phases) == split(left)).all()


def test_a_mask_may_be_ones_and_zeros(two) -> None:
    solid = two[0] | two[1]
    assert (split(solid.astype(np.uint8)) == split(solid)).all()


def test_there_is_no_solid_where_nothing_was_imaged(two) -> None:
    left, right = two
    image = np.where(right, np.nan, 100.0)
    assert (split(left | right, image=image) == split(left & ~right)).all()


def test_no_crack_is_followed_into_what_was_not_imaged(two) -> None:
    left, _ = two
    gap = np.zeros_like(left)
    gap[:, np.flatnonzero(left.any(axis=(0, 2))).mean().astype(int)] = True
    cracked = split(left & ~gap)
    assert (cracked[gap] > 0).sum() > 100
    image = np.where(gap, np.nan, 100.0)
    assert (split(left, image=image) == np.where(gap, 0, cracked)).all()


def test_another_network_parts_particles(two, tmp_path) -> None:
    folder = resources.files("operando.particles.cutting")
    shipped = folder.joinpath("splitter_mask.safetensors").read_bytes()
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(shipped)
    solid = two[0] | two[1]
    assert (split(solid, model=weights) == split(solid)).all()
    other = tmp_path / "other.safetensors"
    other.write_bytes(shipped[:100])
    with pytest.raises(FileError, match=r"other.safetensors holds no network.*; give weights"):
        split(solid, model=other)


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
def test_transposing_the_axes_gives_the_same_particles(two, order) -> None:
    solid = two[0] | two[1]
    ids, turned = split(solid), split(solid.transpose(order))
    found = match(turned, ids.transpose(order))
    assert (found.recall, found.precision) == (1, 1)
    assert found.mean_iou > 0.98


def test_voxel_size_does_not_matter_but_its_shape_does(two, make_ellipsoid) -> None:
    solid = two[0] | two[1]
    assert (split(solid, spacing=(0.1, 0.1, 0.1)) == split(solid)).all()
    flat = (20, 44, 72)
    left = make_ellipsoid(flat, (20.2, 22.1, 22.3), (14, 14, 14), (2, 1, 1))
    right = make_ellipsoid(flat, (20.4, 21.8, 48.2), (14, 14, 14), (2, 1, 1)) & ~left
    ids = split(left | right, spacing=(2, 1, 1))
    assert match(ids, left + 2 * right).mean_iou > 0.95


def test_ids_run_in_order_of_the_first_voxel(two) -> None:
    ids = split(two[0] | two[1])
    first = [np.flatnonzero(ids == k)[0] for k in (1, 2)]
    assert first == sorted(first)


def test_specks_are_left_out(two) -> None:
    solid = two[0] | two[1]
    solid[1, 1, 1:3] = True
    assert split(solid).max() == 2
    assert split(solid, settings=SplitSettings(smallest_diameter=1)).max() == 3


def test_nothing_and_everything() -> None:
    assert not split(np.zeros((5, 6, 7), bool)).any()
    assert (split(np.ones((12, 12, 12), bool)) == 1).all()


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (np.zeros((4, 4), bool), "shape"),
        (np.zeros((0, 4, 4), bool), "shape"),
        (np.full((4, 4, 4), np.nan), "float64"),
        ("particles.tif", "shape"),
        (np.full((4, 4, 4), 2, np.uint8), "no phase was named"),
    ],
)
def test_what_makes_no_sense_is_refused(volume, words) -> None:
    with pytest.raises(InputError, match=words):
        split(volume)


def test_a_voxel_size_of_zero_is_refused() -> None:
    with pytest.raises(InputError, match="voxel size"):
        split(np.ones((4, 4, 4), bool), spacing=(1, 1, 0))


def test_progress_and_cancel(two) -> None:
    seen: list[Progress] = []
    split(two[0], progress=seen.append)
    assert seen[-1].fraction == 1

    def stop(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        split(two[0], progress=stop)


def test_what_the_border_leaves_of_a_particle_is_kept_though_it_is_small(make_ellipsoid) -> None:
    shape = (40, 60, 60)
    whole = make_ellipsoid(shape, (20, 20, 20), (12, 12, 12))
    cut = make_ellipsoid(shape, (20, 50, 63), (6, 6, 6))
    speck = make_ellipsoid(shape, (20, 50, 35), (1.9, 1.9, 1.9))
    ids = split(whole | cut | speck)
    assert len(np.unique(ids[ids > 0])) == 2
    assert ids[20, 50, 59] > 0
    assert ids[20, 50, 35] == 0
