from __future__ import annotations

import numpy as np
import pytest

from operando.strain import correlate


def bent(points):
    return np.array([1.3, -0.6, 0.4]) + 0.5 * np.sin(2 * np.pi * points[:, [2, 0, 1]] / 70)


@pytest.fixture(scope="module")
def pair(texture, still):
    crop = (slice(0, 34),) * 3
    return still[crop], texture.render(bent, noise=0.04, seed=2)[crop]


def test_torch_and_compiled_solver_agree(pair):
    compiled = correlate(*pair, spacing=12, window=13)
    torch = correlate(*pair, spacing=12, window=13, device="torch")
    both = compiled.valid & torch.valid
    assert both.mean() > 0.9
    assert np.abs(compiled.displacement - torch.displacement)[both].max() < 1e-3
    assert np.abs(compiled.zncc - torch.zncc)[both].max() < 1e-3
    np.testing.assert_allclose(compiled.sigma[both], torch.sigma[both], rtol=0.1)


def test_masks_in_both_frames_agree(pair):
    masks = [np.ones(pair[0].shape, bool) for _ in range(2)]
    masks[0][:, :7], masks[1][:, :, 28:] = False, False
    given = {"spacing": 12, "window": 13, "mask": masks[0], "deformed_mask": masks[1]}
    compiled = correlate(*pair, **given)
    torch = correlate(*pair, **given, device="torch")
    assert (compiled.valid == torch.valid).mean() > 0.9
    both = compiled.valid & torch.valid
    assert np.abs(compiled.displacement - torch.displacement)[both].max() < 2e-3
