from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import Cancelled, InputError
from operando.particles import LinkSettings, follow, link, link_accuracy, rename

if TYPE_CHECKING:
    from operando.compute import Progress

SHAPE = (48, 80, 80)


def draw(make_ellipsoid, places, radii, names=None) -> np.ndarray:
    out = np.zeros(SHAPE, np.int32)
    for k, (place, radius) in enumerate(zip(places, radii, strict=True), start=1):
        out[make_ellipsoid(SHAPE, place, (radius,) * 3)] = names[k - 1] if names else k
    return out


@pytest.fixture
def bodies():
    """Eighteen spheres at random places, apart from each other."""
    rng = np.random.default_rng(3)
    places: list[np.ndarray] = []
    while len(places) < 18:
        place = rng.uniform(14, np.array(SHAPE) - 14)
        if all(np.linalg.norm(place - p) > 12 for p in places):
            places.append(place)
    return np.array(places), rng.uniform(4, 6, 18)


def test_motion_swelling_and_permuted_labels(make_ellipsoid, bodies) -> None:
    places, radii = bodies
    rng = np.random.default_rng(0)
    true, given = [], []
    for t in range(4):
        moved = places + t * np.array([1.5, -2.0, 2.5]) + 0.02 * t * (places - 30)
        frame = draw(make_ellipsoid, moved, radii * (1 + 0.03 * t))
        true.append(frame)
        given.append(np.concatenate([[0], 1 + rng.permutation(18)]).astype(np.int32)[frame])
    ids, tracks = link(given)
    assert link_accuracy(ids, true) == 1
    assert ids.dtype == np.int32
    assert sorted(np.unique(ids)) == list(range(19))
    assert tracks["status"].value_counts().to_dict() == {"linked": 54, "new": 18}
    assert tracks.loc[tracks["status"] == "linked", "score"].min() > 0.7
    for t in range(4):
        assert (rename(given[t], tracks, t) == ids[t]).all()


@pytest.mark.parametrize("with_fields", [True, False])
def test_a_drift_longer_than_the_particles(make_ellipsoid, bodies, with_fields) -> None:
    places, radii = bodies
    drift = np.array([2.0, 12.0, -13.0])
    frames = [draw(make_ellipsoid, places, radii), draw(make_ellipsoid, places + drift, radii)]
    field = np.broadcast_to(drift[:, None, None, None], (3, *SHAPE))
    ids, _ = link(frames, fields=[field] if with_fields else None)
    # Some have left the field of view; all that are whole in both frames keep their number.
    inside = np.all(
        (places + drift > radii[:, None]) & (places + drift < SHAPE - radii[:, None]), 1
    )
    assert 5 <= inside.sum() < 18
    for k in np.flatnonzero(inside) + 1:
        assert set(ids[1][frames[1] == k]) == {k}


def test_appearing_and_lost(make_ellipsoid, bodies) -> None:
    places, radii = bodies
    first = draw(make_ellipsoid, places[:10], radii[:10])
    second = draw(make_ellipsoid, places[2:12], radii[2:12])
    ids, tracks = link([first, second, second])
    now = tracks[tracks["frame"] == 1].groupby("status")["particle"].apply(list)
    assert now["lost"] == [1, 2]
    assert now["new"] == [11, 12]
    assert sorted(np.unique(ids[1])) == [0, *range(3, 13)]
    assert (tracks[tracks["frame"] == 2]["status"] == "linked").all()


@pytest.mark.parametrize(("longest_gap", "number"), [(1, 1), (0, 19)])
def test_missing_for_one_frame(make_ellipsoid, bodies, longest_gap, number) -> None:
    places, radii = bodies
    frames = [draw(make_ellipsoid, places + t * np.array([1, 1, 0]), radii) for t in range(3)]
    frames[1][frames[1] == 1] = 0
    ids, _ = link(frames, settings=LinkSettings(longest_gap=longest_gap))
    assert set(ids[2][frames[2] == 1]) == {number}


@pytest.mark.parametrize(("motion", "status"), [((0, 0, 6), "linked"), ((15, 0, 0), "new")])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (5, 1, 1), (1, 1, 5)])
def test_how_far_a_particle_moves_is_told_in_lengths(
    make_ellipsoid, spacing, motion, status
) -> None:
    size, radius, start = np.array((60, 60, 60)), 6, np.array((20, 30, 30))
    shape = tuple(size // spacing)
    frames = [
        make_ellipsoid(shape, place / np.array(spacing), radius / np.array(spacing))
        for place in (start, start + motion)
    ]
    settings = LinkSettings(largest_drift=0)  # 0.6 diameters of 12 may be moved
    tracks = follow([f.astype(np.int32) for f in frames], spacing=spacing, settings=settings)
    assert tracks.loc[(tracks["frame"] == 1) & (tracks["label"] > 0), "status"].tolist() == [status]


def test_a_field_in_voxels_moves_particles_of_flat_voxels(make_ellipsoid, bodies) -> None:
    places, radii = bodies
    shape, spacing = (16, 80, 80), np.array((3.0, 1.0, 1.0))
    frames = [np.zeros(shape, np.int32) for _ in range(2)]
    for k, (place, radius) in enumerate(zip(places, radii, strict=True), start=1):
        for frame, x in zip(frames, (0, 14), strict=True):
            centre = (place + np.array((0, 0, x))) / spacing
            frame[make_ellipsoid(shape, centre, radius / spacing)] = k
    field = np.zeros((3, *shape))
    field[2] = 14
    settings = LinkSettings(largest_drift=0)
    ids, _ = link(frames, fields=[field], spacing=tuple(spacing), settings=settings)
    both = np.intersect1d(*(np.unique(f) for f in frames))
    assert len(both) > 10
    for k in both[1:]:
        assert k in ids[1][frames[1] == k]
    assert link_accuracy(ids, frames, smallest=40) == 1


def test_what_grows_too_much_is_another(make_ellipsoid) -> None:
    frames = [draw(make_ellipsoid, [(20, 30, 30)], [r]) for r in (5, 9)]
    ids, _ = link(frames)
    assert ids[1].max() == 2
    ids, _ = link(frames, settings=LinkSettings(largest_growth=8))
    assert ids[1].max() == 1


def test_frames_without_particles() -> None:
    nothing = np.zeros((2, 4, 4, 4), np.int32)
    ids, tracks = link(nothing)
    assert not ids.any()
    assert list(tracks.columns) == ["frame", "particle", "label", "score", "status", "parent"]
    assert len(tracks) == 0


def test_ids_may_be_any_numbers(make_ellipsoid, bodies) -> None:
    frame = draw(make_ellipsoid, *bodies)
    largest = np.iinfo(np.int32).max
    renamed = np.where(frame > 0, largest - frame, 0)
    ids, tracks = link([frame, renamed])
    assert (ids[0] == ids[1]).all()
    assert set(tracks.loc[tracks["frame"] == 1, "label"]) == set(np.unique(renamed)) - {0}


def test_frames_may_be_read_one_by_one(make_ellipsoid, bodies) -> None:
    frame = draw(make_ellipsoid, *bodies)
    tracks = follow(frame for _ in range(3))
    assert tracks.groupby("frame").size().tolist() == [18, 18, 18]


def test_what_makes_no_sense_is_refused() -> None:
    frame = np.ones((4, 4, 4), np.int32)
    with pytest.raises(InputError, match="no frames"):
        link([])
    with pytest.raises(InputError, match="Frame 1 has the shape"):
        link([frame, frame[1:]])
    with pytest.raises(InputError, match="2 displacement fields"):
        link([frame, frame], fields=[np.zeros((3, 4, 4, 4))] * 2)
    with pytest.raises(InputError, match="float"):
        link([frame, frame * np.nan])


def test_progress_and_cancel() -> None:
    frame = np.ones((4, 4, 4), np.int32)
    seen: list[Progress] = []
    link([frame, frame], progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (2, 2)

    def stop(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        link([frame, frame], progress=stop)


def test_a_particle_that_leaves_the_image_keeps_its_id_while_it_shrinks(make_ellipsoid) -> None:
    shape = (30, 30, 60)
    ids = []
    for x in (57.0, 61.0):
        frame = make_ellipsoid(shape, (15, 15, 20), (9, 9, 9)).astype(np.int32)
        frame[make_ellipsoid(shape, (15, 15, x), (6, 6, 6))] = 2
        ids.append(frame)
    sizes = [np.count_nonzero(frame == 2) for frame in ids]
    assert sizes[0] > 2.2 * sizes[1]
    linked, _ = link(ids)
    assert linked[0][15, 15, 59] == linked[1][15, 15, 59] > 0


@pytest.mark.parametrize("spacing", [(1, 1, 1), (3, 1, 1)])
@pytest.mark.parametrize("order", [1, -1])
def test_what_the_border_shows_of_a_particle_may_change_much(
    make_ellipsoid, spacing, order
) -> None:
    """A fast drift takes most of some particles out of view, or brings it in."""
    shape = tuple(np.array((54, 80, 80)) // spacing)
    grid = np.stack(np.meshgrid((14, 40), (-4, 30, 75), (12, 40, 66), indexing="ij"), axis=-1)
    places = grid.reshape(-1, 3) + np.random.default_rng(1).uniform(-3, 3, (18, 3))
    frames = []
    for x in (0, 9)[::order]:
        frame = np.zeros(shape, np.int32)
        for k, place in enumerate(places, start=1):
            centre = (place + np.array((0, x, 0))) / spacing
            frame[make_ellipsoid(shape, centre, 8 / np.array(spacing))] = k
        frames.append(frame)
    sizes = np.stack([np.bincount(frame.ravel(), minlength=19)[1:] for frame in frames])
    shown = sizes.min(axis=0) > 50
    assert (sizes.max(axis=0)[shown] > 4 * sizes.min(axis=0)[shown]).sum() >= 4
    ids, _ = link(frames, spacing=spacing)
    assert link_accuracy(ids, frames, smallest=50) == 1


def test_fields_also_count_where_a_frame_shows_nothing(make_ellipsoid, bodies) -> None:
    places, radii = bodies
    drift = np.array([0.0, 12.0, 0.0])
    first, last = (draw(make_ellipsoid, places + k * drift, radii) for k in (0, 2))
    field = np.broadcast_to(drift[:, None, None, None], (3, *SHAPE))
    ids, _ = link([first, np.zeros_like(first), last], fields=[field, field])
    inside = places[:, 1] + 24 + radii < SHAPE[1]
    assert inside.sum() > 4
    for k in np.flatnonzero(inside) + 1:
        assert set(ids[2][last == k]) == {k}


def test_pieces_know_what_they_broke_off(make_ellipsoid, bodies) -> None:
    """One part keeps the id; what comes in from outside has no parent."""
    places, _ = bodies
    centre = np.array((24, 40, 40))
    others = [p for p in places if np.linalg.norm(p - centre) > 16]
    places, radii = np.array([centre, *others]), [9, *(4 for _ in others)]
    before = draw(make_ellipsoid, places, radii)
    after = draw(make_ellipsoid, places + np.array([2.0, -3.0, 1.0]), radii)
    after[(after == 1) & (np.indices(SHAPE)[2] < 38)] = 40
    after[:6, :6, :6] = 41
    ids, tracks = link([before, after])
    kept, piece, entered = (set(ids[1][after == k]) for k in (1, 40, 41))
    assert kept == {1}
    parents = tracks[tracks["frame"] == 1].set_index("particle")["parent"]
    assert parents[piece.pop()] == 1
    assert parents[entered.pop()] == 0
    assert (tracks["parent"] > 0).sum() == 1


@pytest.mark.parametrize("imaged", ["told", "not told"])
def test_what_was_not_imaged_cuts_particles_as_the_border_does(make_ellipsoid, imaged) -> None:
    """A round field of view, out of which a particle moves."""
    outside = (np.indices(SHAPE)[1] - 40) ** 2 + (np.indices(SHAPE)[2] - 40) ** 2 > 35**2
    frames = []
    for x in (0, 4):
        frame = make_ellipsoid(SHAPE, (24, 40, 40), (8, 8, 8)).astype(np.int32)
        frame[make_ellipsoid(SHAPE, (24, 40, 74 + x), (8, 8, 8))] = 2
        frame[make_ellipsoid(SHAPE, (24, 14, 40), (8, 8, 8))] = 3
        frames.append(np.where(outside, 0, frame))
    sizes = [np.count_nonzero(frame == 2) for frame in frames]
    assert 2 < sizes[0] / sizes[1] < 4
    unseen = [outside.__getitem__] * 2 if imaged == "told" else None
    tracks = follow(frames, unseen=unseen)
    found = tracks[(tracks["frame"] == 1) & (tracks["label"] == 2)]
    assert found["status"].tolist() == ["linked" if imaged == "told" else "new"]
