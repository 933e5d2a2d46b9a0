from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from operando.nets.training import Fit, HeldOut
from operando.segment.adapting.part_way import go_part_way


def weights(slope: float, batches: int) -> dict[str, np.ndarray]:
    """Of a network that multiplies by `slope` and has seen so many batches."""
    return {
        "weight": np.array([[slope]], np.float32),
        "bias": np.zeros(1, np.float32),
        "batches": np.array(batches),
    }


class Line(nn.Linear):
    """Counts batches, as batch normalisation does."""

    def __init__(self) -> None:
        super().__init__(1, 1)
        self.register_buffer("batches", torch.tensor(0))


def slope_of(network: nn.Module) -> HeldOut:
    with torch.no_grad():
        return HeldOut(loss=0.0, dice=float(network(torch.ones(1, 1))))


@pytest.mark.parametrize(("share", "slope"), [(0.0, 2.0), (0.25, 3.0), (1.0, 6.0)])
def test_mixes_weights_and_scores_the_mixture(share: float, slope: float) -> None:
    learnt = Fit(weights=weights(6.0, 50), curve=[], best_step=50, held_out=HeldOut(0.0, 6.0))
    mixed = go_part_way(weights(2.0, 0), learnt, Line(), slope_of, share)
    assert mixed.weights["weight"] == pytest.approx(slope)
    assert mixed.weights["weight"].dtype == np.float32
    assert mixed.held_out is not None
    assert mixed.held_out.dice == pytest.approx(slope)
    assert mixed.weights["batches"] == 50
    assert learnt.weights["weight"] == 6.0


def test_without_strokes_to_score_with_there_is_no_score() -> None:
    learnt = Fit(weights=weights(6.0, 50), curve=[], best_step=50)
    assert go_part_way(weights(2.0, 0), learnt, Line(), None).held_out is None
