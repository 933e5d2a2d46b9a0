from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from operando.errors import Cancelled
from operando.nets import checkpoint
from operando.nets.checkpoint import Checkpoint
from operando.nets.training import Fit, HeldOut, Schedule, fit

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute import Progress

STEPS = 40


class Guess(torch.nn.Module):
    """Learns a class of noise, with weights and random numbers of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.random = torch.Generator().manual_seed(3)

    def get_extra_state(self) -> torch.Tensor:
        return self.random.get_state()

    def set_extra_state(self, state: torch.Tensor) -> None:
        self.random.set_state(state)

    def forward(self, net: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor) -> object:
        noise = torch.randn(images.shape, generator=self.random)
        logits = self.scale * net(images + 0.3 * noise)
        return torch.nn.functional.cross_entropy(logits, labels.long() - 1)


def train(path: Path | None, stop: int = 0, told: list[Progress] | None = None) -> Fit:
    """Train a small network; of two scores of the end, the earlier one is the better."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv3d(1, 4, 1), torch.nn.BatchNorm3d(4), torch.nn.Conv3d(4, 2, 1)
    )
    rng = np.random.default_rng(1)

    def draw() -> tuple[np.ndarray, np.ndarray]:
        images = rng.standard_normal((1, 1, 4, 8, 8), np.float32)
        return images, (images[:, 0] > 0).astype(np.uint8) + np.uint8(1)

    def evaluate(net: torch.nn.Module) -> HeldOut:
        weight = float(net[0].weight.detach().sum())
        return HeldOut(0.1, -weight, np.array([[round(1000 * weight)]]))

    def progress(record: Progress) -> None:
        if told is not None:
            told.append(record)
        if stop and record.done == stop:
            raise Cancelled

    schedule = Schedule(steps=STEPS, learning_rate=0.05, average=5, keep_from=0.5)
    return fit(
        net, draw, Guess(), schedule, evaluate=evaluate, progress=progress,
        checkpoint=None if path is None else Checkpoint(path, rng),
    )  # fmt: skip


def assert_same(one: Fit, other: Fit) -> None:
    for name, values in one.weights.items():
        np.testing.assert_array_equal(values, other.weights[name])
    np.testing.assert_array_equal(one.curve, other.curve)
    assert one.best_step == other.best_step
    np.testing.assert_array_equal(one.held_out.confusion, other.held_out.confusion)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "LARGEST_SHARE", np.inf)


@pytest.mark.parametrize("stops", [(1,), (15, 16), (24, 37), (STEPS,)])
def test_a_stopped_training_ends_as_one_that_was_not(
    tmp_path: Path, every_step: None, stops: tuple[int, ...]
) -> None:
    path = tmp_path / "new folder" / "checkpoint"
    for stop in stops:
        with pytest.raises(Cancelled):
            train(path, stop)
    resumed = train(path)
    assert resumed.resumed_at == stops[-1]
    assert resumed.seconds_before > 0
    assert_same(resumed, train(None))


def test_tells_where_it_went_on_and_the_curve_before(tmp_path: Path, every_step: None) -> None:
    with pytest.raises(Cancelled):
        train(tmp_path / "checkpoint", 30)
    told: list[Progress] = []
    curve = train(tmp_path / "checkpoint", told=told).curve
    assert told[0].message == "Training, resumed at step 30"
    assert [record.values.get("loss") for record in told[1:]] == [row[1] for row in curve]
    assert all(record.seconds_left is None for record in told[:31])
    assert told[-1].done == STEPS


def test_stopping_costs_the_time_since_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes a second, and writing no time."""
    told: list[Progress] = []
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: float(len(told)))
    with pytest.raises(Cancelled):
        train(tmp_path / "checkpoint", 39, told)
    resumed = train(tmp_path / "checkpoint")
    assert 39 - checkpoint.SECONDS <= resumed.resumed_at < 39
    assert resumed.seconds_before == pytest.approx(resumed.resumed_at, abs=1)


@pytest.mark.parametrize("left", [slice(-100), slice(100), slice(0), slice(5000, None)])
def test_one_that_cannot_be_read_is_none(tmp_path: Path, every_step: None, left: slice) -> None:
    path = tmp_path / "checkpoint"
    with pytest.raises(Cancelled):
        train(path, 30)
    path.write_bytes(path.read_bytes()[left])
    resumed = train(path)
    assert resumed.resumed_at == 0
    assert_same(resumed, train(None))


def test_training_goes_on_where_none_can_be_written(tmp_path: Path, every_step: None) -> None:
    (tmp_path / "file").touch()
    assert_same(train(tmp_path / "file" / "checkpoint"), train(None))
