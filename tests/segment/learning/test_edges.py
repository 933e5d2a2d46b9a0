from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.segmentation import random_walker
from torch import Tensor

from operando.segment.learning.edges import EdgeLoss, moved, noise_of, smoothed


def certain(labels: np.ndarray) -> Tensor:
    """Logits of two classes that are as good as sure of 1 or 2."""
    there = torch.from_numpy(labels == 2).float() * 80 - 40
    return torch.stack([-there, there])[None]


def halves(shape: tuple[int, int, int], border: int, axis: int = 2) -> np.ndarray:
    """1 up to a border, 2 from it on."""
    return 1 + (np.indices(shape)[axis] >= border).astype(np.int64)


def picture(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values).float()[None, None]


def test_equal_probabilities_cost_nothing() -> None:
    image = torch.randn(2, 1, 6, 8, 8)
    assert float(EdgeLoss()(torch.full((2, 3, 6, 8, 8), 0.7), image)) == 0
    assert float(EdgeLoss()(torch.randn(2, 3, 6, 8, 8), image)) > 0.01


def test_changing_class_is_free_where_the_image_changes_only() -> None:
    shape = (6, 12, 20)
    noise = 0.05 * np.random.default_rng(0).standard_normal(shape)
    image = picture(3.0 * (halves(shape, 10) == 2) + noise)
    costs = [float(EdgeLoss(seed=1)(certain(halves(shape, k)), image)) for k in (6, 8, 10, 13)]
    assert costs[2] < 0.05 * min(costs[0], costs[1], costs[3])
    assert costs[0] > costs[1] > costs[2]


def test_cost_of_a_border_in_a_plain_image() -> None:
    """Of pairs s voxels apart along x, s of X - s planes straddle it, at a cost of 2 each."""
    shape, x = (1, 1, 12), 12
    costs = [
        float(EdgeLoss(seed=seed)(certain(halves(shape, 6)), torch.zeros(1, 1, *shape)))
        for seed in range(200)
    ]
    expected = np.mean([2 * s / (x - s) for s in (1, 2, 3)])
    assert np.mean(costs) == pytest.approx(expected, rel=0.03)


def test_agrees_with_random_walkers() -> None:
    """Strokes in two corners flow to the edge of a disc as in another implementation."""
    rng = np.random.default_rng(3)
    y, x = np.indices((40, 40))
    truth = 1 + (np.hypot(y - 18, x - 22) < 11)
    grey = (truth == 2) + 0.15 * rng.standard_normal(truth.shape)
    strokes = np.zeros_like(truth)
    strokes[2, 2:8], strokes[18, 19:25] = 1, 2
    logits = torch.zeros(1, 2, 1, 40, 40, requires_grad=True)
    image = picture(grey[None] / grey.std())
    loss, known = EdgeLoss(seed=0), torch.from_numpy(strokes)[None, None]
    optimiser = torch.optim.Adam([logits], 0.2)
    for _ in range(400):
        optimiser.zero_grad()
        chosen = logits.movedim(1, -1)[known > 0]
        taught = torch.nn.functional.cross_entropy(chosen, known[known > 0] - 1)
        (taught + 30 * loss(logits, image)).backward()
        optimiser.step()
    found = logits.detach().numpy()[0, :, 0].argmax(0) + 1
    peer = random_walker(grey, strokes, beta=300, mode="cg_j", tol=1e-5)
    assert (found == truth).mean() > 0.97
    assert (found == peer).mean() > 0.97


def test_thick_slices_are_not_compared() -> None:
    shape = (6, 8, 8)
    logits = certain(halves(shape, 3, axis=0))
    plain = torch.zeros(1, 1, *shape)
    assert float(EdgeLoss((8, 1, 1))(logits, plain)) == 0
    assert float(EdgeLoss((1, 1, 1))(logits, plain)) > 0.1


def test_a_single_voxel_has_no_neighbours() -> None:
    assert float(EdgeLoss()(torch.randn(2, 3, 1, 1, 1), torch.randn(2, 1, 1, 1, 1))) == 0


def test_gain_and_offset_of_the_image_do_not_matter() -> None:
    image, logits = torch.randn(1, 1, 6, 10, 10), torch.randn(1, 2, 6, 10, 10)
    costs = [float(EdgeLoss(seed=4)(logits, gain * image + 5)) for gain in (1, 3)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-4)


def test_directions_repeat_with_the_seed() -> None:
    image, logits = torch.randn(1, 1, 6, 10, 10), torch.randn(1, 2, 6, 10, 10)
    first, again, other = (float(EdgeLoss(seed=s)(logits, image)) for s in (1, 1, 2))
    assert first == again != other


def test_noise_is_found_under_a_slope() -> None:
    rng = np.random.default_rng(0)
    slope = np.indices((8, 40, 40)).sum(0) / 10
    noisy = picture(slope + 0.3 * rng.standard_normal(slope.shape))
    assert float(noise_of(noisy)) == pytest.approx(0.3, rel=0.05)


def test_smoothing_keeps_the_mean_and_lowers_noise_as_the_weights_say() -> None:
    noisy = torch.randn(1, 1, 30, 30, 30)
    smooth = smoothed(noisy)
    inside = smooth[..., 1:-1, 1:-1, 1:-1]
    assert float(inside.std()) == pytest.approx((3 / 8) ** 1.5, rel=0.05)
    assert float(smoothed(torch.full((1, 1, 1, 5, 5), 2.0)).min()) == 2


def test_partners_are_a_step_apart() -> None:
    x = torch.arange(10.0).reshape(1, 1, 1, 1, 10)
    assert torch.equal(moved(x, (0, 0, 3)) - moved(x, (0, 0, -3)), torch.full((1, 1, 1, 1, 7), 3.0))
