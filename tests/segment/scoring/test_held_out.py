from __future__ import annotations

import numpy as np
import pytest
import torch

from operando.segment.scoring.held_out import FARTHEST, HeldOutScore


class _OneBox:
    """A sampler of one patch, of which two voxels were painted."""

    def cover(self, limit: int) -> list[int]:
        return [0][:limit]

    def patch(self, voxel: int) -> tuple[np.ndarray, np.ndarray]:
        del voxel
        labels = np.zeros((1, 2, 2), np.uint8)
        labels[0, 0], labels[0, 1, 1] = 1, 2
        return np.zeros((1, 1, 2, 2), np.float32), labels


def test_surprise_is_the_mean_over_classes_and_bounded() -> None:
    """Two voxels of the first class got 0.5 and 0.25, the one of the second nothing at all."""
    score = HeldOutScore(_OneBox(), lambda *_: 0.0, 2, "cpu")
    first = torch.tensor([[[[0.5, 0.25], [0.5, 1 - 1e-30]]]], dtype=torch.float64)
    network = torch.stack([first, 1 - first], dim=1).log
    found = score.surprise(lambda _: network())
    expected = (-np.log([0.5, 0.25]).mean() + FARTHEST) / 2
    assert found == pytest.approx(expected)


def test_patches_without_labels_are_passed_over() -> None:
    """Their loss is not a number."""

    class Boxes(_OneBox):
        def cover(self, limit: int) -> list[int]:
            return [0, 1][:limit]

        def patch(self, voxel: int) -> tuple[np.ndarray, np.ndarray]:
            image, labels = super().patch(voxel)
            return image, labels if voxel == 0 else labels * 0

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        del logits
        return torch.tensor(0.7) * labels.sum() / labels.sum()

    found = HeldOutScore(Boxes(), loss, 2, "cpu")(lambda x: torch.zeros(1, 2, *x.shape[2:]))
    assert found.loss == pytest.approx(0.7)
    assert found.confusion.sum() == 3
