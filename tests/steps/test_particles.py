from __future__ import annotations

import numpy as np
import pandas as pd

from operando.particles.labels import frames
from operando.steps.particles import FindParticles


def _found(study):
    FindParticles().run(study)
    tables = [study.table(name) for name in ("particles", "particles-tracks")]
    return np.asarray(study.open_array("particles/particles")[:]), *tables


def test_frames_too_large_for_one_block_have_the_particles_of_the_whole(
    segmented, monkeypatch
) -> None:
    ids, particles, tracks = _found(segmented)
    monkeypatch.setattr(frames, "WHOLE", 30_000)
    monkeypatch.setattr(frames, "EDGE", 32)
    assert len(list(frames.blocks(ids.shape[1:]))) == 4
    in_blocks, again, followed = _found(segmented)
    np.testing.assert_array_equal(in_blocks, ids)
    pd.testing.assert_frame_equal(again, particles, rtol=1e-9)
    pd.testing.assert_frame_equal(followed, tracks)
