from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from operando.errors import Cancelled, InputError
from operando.files.ome_zarr import create_image
from operando.particles import SplitSettings, split, split_blocks
from operando.samples import loose_electrode, make_electrode

SHAPE = (40, 64, 64)
PARTICLE = 3


@pytest.fixture(scope="module")
def frames():
    return make_electrode(loose_electrode(frames=2, shape=SHAPE), 5).phases


@pytest.mark.parametrize("method", ["learned", "watershed"])
def test_blocks_give_what_the_whole_volume_gives(frames, method) -> None:
    settings = SplitSettings(method=method)
    whole = split(frames[0], phase=PARTICLE, settings=settings)
    found = np.empty(SHAPE, np.int32)
    count = split_blocks(frames[0], found, phase=PARTICLE, settings=settings, edge=24)
    assert count == whole.max() > 10
    assert (found != whole).mean() < 1e-3


def test_blocks_with_particles_that_are_expected(frames) -> None:
    guide = split(frames[0], phase=PARTICLE)
    whole = split(frames[1], phase=PARTICLE, guide=guide)
    found = np.empty(SHAPE, np.int32)
    split_blocks(frames[1], found, phase=PARTICLE, guide=guide, edge=32)
    assert (found != whole).mean() < 1e-3


def test_blocks_of_a_segmentation_that_is_not_sure_everywhere(frames) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, SHAPE)
    solid = frames[0] == PARTICLE
    probability = np.clip(gaussian_filter(solid.astype(float), 0.8) + noise, 0, 1)
    labels = np.where(probability > 0.5, PARTICLE, 1)
    options = {"phase": PARTICLE, "probability": probability}
    whole = split(labels, **options)
    found = np.empty(SHAPE, np.int32)
    count = split_blocks(labels, found, edge=24, **options)
    assert count == whole.max() > 10
    assert (found != whole).mean() < 1e-3


def test_a_particle_of_many_blocks_is_one(make_ellipsoid) -> None:
    ball = make_ellipsoid((48, 48, 48), (24, 24, 24), (20, 20, 20))
    found = np.empty(ball.shape, np.int32)
    assert split_blocks(ball, found, edge=20) == 1
    assert (found == split(ball)).all()


def test_arrays_on_disk(frames, tmp_path) -> None:
    size = {"axes": "zyx", "voxel_size": (1, 1, 1), "chunks": (16, 16, 16)}
    phases = create_image(tmp_path / "phases", SHAPE, "uint8", **size)
    phases[:] = frames[0]
    out = create_image(tmp_path / "ids", SHAPE, "int32", **size)
    count = split_blocks(phases, out, phase=PARTICLE, edge=32, scratch=tmp_path)
    whole = split(frames[0], phase=PARTICLE)
    assert count == whole.max()
    assert (np.asarray(out[:]) != whole).mean() < 1e-3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ids", "phases"]


@pytest.mark.parametrize("solid", [False, True])
def test_nothing_and_everything(solid) -> None:
    found = np.full((12, 12, 12), 7, np.int32)
    assert split_blocks(np.full(found.shape, solid), found, edge=5) == int(solid)
    assert (found == int(solid)).all()


def test_progress_runs_to_the_end_and_can_be_stopped(frames, tmp_path) -> None:
    seen = []
    out = np.empty(SHAPE, np.int32)
    split_blocks(frames[0], out, phase=PARTICLE, edge=40, progress=seen.append)
    assert seen[-1].fraction == 1

    def stop(progress) -> None:
        if progress.done > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        split_blocks(frames[0], out, phase=PARTICLE, edge=40, scratch=tmp_path, progress=stop)
    assert not list(tmp_path.iterdir())


def test_a_phase_that_was_not_named_is_refused(frames) -> None:
    with pytest.raises(InputError, match="no phase was named"):
        split_blocks(frames[0], np.empty(SHAPE, np.int32), edge=32)
