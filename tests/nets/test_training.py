from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from operando.errors import Cancelled
from operando.nets.training import Batch, HeldOut, Schedule, fit

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from operando.compute import Progress

STEPS = 40


def draws(seed: int = 0) -> Callable[[], Batch]:
    """Noise whose bright voxels are class 2."""
    rng = np.random.default_rng(seed)

    def draw() -> Batch:
        images = rng.standard_normal((1, 1, 4, 8, 8), np.float32)
        return images, (images[:, 0] > 0).astype(np.uint8) + np.uint8(1)

    return draw


def loss(net: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(net(images).float(), labels.long() - 1)


def network(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Conv3d(1, 4, 1), torch.nn.ReLU(), torch.nn.Conv3d(4, 2, 1))


SCHEDULE = Schedule(steps=STEPS, learning_rate=0.05, average=5)


def test_learns_and_records_every_step() -> None:
    result = fit(network(), draws(), loss, SCHEDULE)
    curve = np.array(result.curve)
    np.testing.assert_array_equal(curve[:, 0], np.arange(1, STEPS + 1))
    assert curve[-5:, 1].mean() < 0.5 * curve[0, 1]
    assert np.isnan(curve[:, 2:]).all()
    assert result.best_step == STEPS


def test_same_seeds_same_weights() -> None:
    one, two = (fit(network(), draws(), loss, SCHEDULE).weights for _ in range(2))
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])


def test_keeps_the_best_held_out_score_of_the_second_half() -> None:
    scores = iter([0.5, 0.6, 0.99, 0.7, 0.9, 0.8, 0.9, 0.2])
    seen = []

    def evaluate(net: torch.nn.Module) -> HeldOut:
        seen.append({k: v.clone() for k, v in net.state_dict().items()})
        return HeldOut(loss=1.0, dice=next(scores))

    result = fit(network(), draws(), loss, SCHEDULE, evaluate=evaluate)
    assert result.best_step == 35
    for name, values in result.weights.items():
        np.testing.assert_array_equal(values, seen[6][name].numpy())


def test_reports_values_and_stops_when_told() -> None:
    told: list[Progress] = []

    def progress(record: Progress) -> None:
        told.append(record)
        if record.done == 11:
            raise Cancelled

    with pytest.raises(Cancelled):
        fit(
            network(), draws(), loss, SCHEDULE,
            evaluate=lambda _: HeldOut(0.3, 0.8), progress=progress,
        )  # fmt: skip
    assert told[-1].values.keys() == {"loss", "held_out_loss", "held_out_dice"}
    assert told[3].values.keys() == {"loss"}


def test_frozen_layers_stay() -> None:
    net = network()
    for parameter in net[0].parameters():
        parameter.requires_grad = False
    before = net[0].weight.clone()
    result = fit(net, draws(), loss, SCHEDULE)
    np.testing.assert_array_equal(result.weights["0.weight"], before.numpy())


def test_leaves_the_deterministic_mode_as_it_was() -> None:
    assert not torch.are_deterministic_algorithms_enabled()
    fit(network(), draws(), loss, SCHEDULE)
    assert not torch.are_deterministic_algorithms_enabled()


def test_all_terms_are_learnt_and_the_first_is_shown() -> None:
    """The second term alone has a slope: weights are those of learning from it alone."""

    def constant_first(net: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Tensor:
        return torch.stack([torch.tensor(7.0), loss(net, images, labels)])

    both, alone = (fit(network(), draws(), taught, SCHEDULE) for taught in (constant_first, loss))
    assert [row[1] for row in both.curve] == [7.0] * STEPS
    for name, values in both.weights.items():
        np.testing.assert_array_equal(values, alone.weights[name])
