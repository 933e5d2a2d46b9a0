from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import center_of_mass, find_objects

from operando.particles import PhaseLabels, follow, link, measure, split_series
from operando.particles.labels.frames import Frame, Frames, groups, places
from operando.particles.measuring.measure_blocks import measure_blocks
from operando.particles.series import split_frames
from operando.samples import loose_electrode, make_electrode

SHAPE = (36, 56, 60)
PARTICLE = 3


@pytest.fixture(scope="module")
def sample():
    return make_electrode(loose_electrode(frames=2, shape=SHAPE), 5)


def test_places_from_blocks_are_those_of_the_whole(sample) -> None:
    ids = sample.ids[0]
    found = places(ids, edge=20)
    present = np.flatnonzero(found.count)
    assert (found.count == np.bincount(ids.reshape(-1)) * (np.arange(ids.max() + 1) > 0)).all()
    np.testing.assert_allclose(found.centroid[present], center_of_mass(ids > 0, ids, present))
    boxes = find_objects(ids)
    assert all(found.box(k) == boxes[k - 1] for k in present)


def test_groups_hold_every_particle_once_and_wholly(sample) -> None:
    found = places(sample.ids[0])
    seen = []
    for box, ids in groups(found, SHAPE, edge=20):
        seen += ids.tolist()
        for label in ids:
            assert all(b.start <= s.start and s.stop <= b.stop
                       for b, s in zip(box, found.box(label), strict=True))  # fmt: skip
    assert sorted(seen) == np.flatnonzero(found.count).tolist()


def test_measuring_in_blocks_changes_no_number(sample) -> None:
    rng = np.random.default_rng(0)
    image = (10 * sample.phases[0] + rng.normal(size=SHAPE)).astype(np.float32)
    shares = np.stack([np.where(sample.phases[0] == k, 200, 27) for k in (1, 2, 3)])
    options = {
        "phases": sample.phases[0],
        "image": image,
        "probabilities": shares.astype(np.uint8),
        "phase": PARTICLE,
        "labels": PhaseLabels(),
        "spacing": (0.2, 0.1, 0.1),
    }
    whole = measure(sample.ids[0], **options)
    parts = measure_blocks(sample.ids[0], edge=24, **options)
    pd.testing.assert_frame_equal(parts, whole, rtol=1e-6)


def test_frames_on_disk_are_split_and_followed_like_those_in_memory(sample) -> None:
    ids = np.zeros_like(sample.ids)
    split_frames(Frames(sample.phases), Frames(ids), phase=PARTICLE, edge=28)
    expected = list(split_series(list(sample.phases), phase=PARTICLE))
    assert (ids != np.stack(expected)).mean() < 1e-3
    _, tracks = link(expected)
    assert len(tracks) > 20
    found = follow(Frames(np.stack(expected)))
    pd.testing.assert_frame_equal(found, tracks)


def test_frames_on_disk_hold_no_particle_where_there_is_no_label(sample) -> None:
    phases = sample.phases[:1].copy()
    phases[:, :, 30] = 0
    ids, pores = np.zeros_like(sample.ids[:1]), np.zeros_like(sample.ids[:1])
    split_frames(Frames(phases), Frames(ids), phase=PARTICLE, edge=28)
    split_frames(Frames(np.maximum(phases, 1)), Frames(pores), phase=PARTICLE, edge=28)
    assert pores[:, :, 30].any()
    assert not ids[:, :, 30].any()
    elsewhere = np.arange(SHAPE[1]) != 30
    assert ((ids > 0) == (pores > 0))[:, :, elsewhere].all()


def test_a_frame_reads_and_writes_one_of_a_series() -> None:
    series = np.zeros((3, 4, 5, 6), np.int32)
    frame = Frame(series, 1)
    box = (slice(1, 3), slice(0, 2), slice(2, 6))
    frame[box] = 7
    assert frame.shape == (4, 5, 6)
    assert series[1].sum() == 7 * 16 == series.sum()
    assert (frame[box] == 7).all()
