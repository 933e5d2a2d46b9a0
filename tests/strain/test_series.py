from __future__ import annotations

import numpy as np
import pytest

from operando.errors import InputError
from operando.strain import correlate_series
from operando.strain.series import compose

STEP = np.array([1.2, -0.7, 0.4])


def motion(k):
    return lambda p: k * (STEP + 0.006 * (p - 31.5))


@pytest.fixture(scope="module")
def frames(texture, still):
    return [still, *(texture.render(motion(k), noise=0.04, seed=10 + k) for k in (1, 2, 3))]


def test_every_frame_against_the_first(frames):
    fields = list(correlate_series(frames, spacing=12))
    assert len(fields) == 3
    for k, field in enumerate(fields, start=1):
        error = (field.displacement - motion(k)(field.positions))[field.valid]
        assert field.valid.mean() > 0.8
        assert np.sqrt((error**2).mean()) < 0.006
        assert field.info["reference_frame"] == 0


def test_a_changed_material_takes_a_nearer_reference(texture, frames):
    other = type(texture).random(texture.shape, seed=77)
    blend = [
        (1 - w) * a + w * other.render(motion(k), noise=0.0)
        for k, (a, w) in enumerate(zip(frames, (0, 0.1, 0.5, 0.85), strict=True))
    ]
    fields = list(correlate_series(blend, spacing=12, smallest_share=0.9))
    last = fields[-1]
    assert last.info["reference_frame"] == 2
    error = (last.displacement - motion(3)(last.positions))[last.valid]
    assert last.valid.mean() > 0.5
    assert np.median(np.abs(error)) < 0.2


def test_composition_of_affine_motions(frames):
    fields = list(correlate_series(frames[:2], spacing=8))
    one = fields[0]
    two = compose(one, one)
    points = one.positions
    middle = points + motion(1)(points)
    expected = middle + motion(1)(middle) - points
    assert np.abs(two.displacement - expected)[two.valid].max() < 0.03
    chained = (np.eye(3) * 1.006) @ (np.eye(3) * 1.006) - np.eye(3)
    assert np.abs(two.gradient[two.valid] - chained).max() < 0.004
    assert (two.sigma[two.valid] > one.sigma[two.valid]).all()


def test_one_frame_is_no_series(frames):
    with pytest.raises(InputError, match="two frames"):
        list(correlate_series(frames[:1]))
