from __future__ import annotations

import numpy as np

from operando.particles.labels.resampling import enlarge, shrink


def test_shares_of_a_mask_are_those_in_the_larger_voxels() -> None:
    mask = np.random.default_rng(0).random((12, 9, 10)) < 0.4
    out = np.zeros((4, 3, 5), np.float32)
    shrink(lambda box: mask[box], mask.shape, out)
    np.testing.assert_allclose(out, mask.reshape(4, 3, 3, 3, 5, 2).mean(axis=(1, 3, 5)), rtol=1e-6)


def test_shares_keep_their_mean() -> None:
    shares = np.random.default_rng(1).random((12, 9, 10)).astype(np.float32)
    out = np.zeros((5, 4, 10), np.float32)
    shrink(lambda box: shares[box], (12, 9, 10), out)
    np.testing.assert_allclose(out[0, 0], shares[:3, :3].mean(axis=(0, 1)), rtol=1e-5)


def test_a_ramp_stays_a_ramp_and_a_block_of_it_is_the_same() -> None:
    ramp = np.arange(8, dtype=np.float32)[:, None, None] * np.ones((8, 4, 4), np.float32)
    shape = (24, 8, 6)
    whole = enlarge(ramp, shape, (slice(0, 24), slice(0, 8), slice(0, 6)))
    expected = np.clip((np.arange(24) + 0.5) / 3 - 0.5, 0, 7)
    np.testing.assert_allclose(whole, expected[:, None, None] * np.ones(shape), atol=1e-5)
    box = (slice(5, 17), slice(2, 8), slice(1, 4))
    assert (enlarge(ramp, shape, box) == whole[box]).all()
