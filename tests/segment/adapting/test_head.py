from __future__ import annotations

import numpy as np
import pytest
import torch

from operando.nets.frames import Frames
from operando.nets.patches import LabelledVoxels, PatchSampler
from operando.segment.adapting.head import fit_head, recognise, stroke_features

NOTHING = (np.zeros((2, 1), np.float32), np.zeros(2, np.float32))


def clouds(shift: float, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """One feature; class 1 around 0, class 2 around `shift`, both with spread 1."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2], n // 2).astype(np.uint8)
    rows = rng.normal(size=(n, 1)) + shift * (labels == 2)[:, None]
    return rows.astype(np.float32), labels


def slope(head: tuple[np.ndarray, np.ndarray]) -> float:
    return float(head[0][1, 0] - head[0][0, 0])


def border(head: tuple[np.ndarray, np.ndarray]) -> float:
    return float((head[1][0] - head[1][1]) / slope(head))


def test_finds_the_border_of_two_gaussians() -> None:
    """Log odds of two Gaussians of spread 1 are linear with their distance as slope."""
    head = fit_head(*clouds(2.0, 4000), (1.0, 1.0), NOTHING, ridge=1e-5)
    assert border(head) == pytest.approx(1.0, abs=0.1)
    assert slope(head) == pytest.approx(2.0, rel=0.15)


def test_stays_with_what_was_known_if_change_costs_much() -> None:
    prior = (np.array([[0.0], [3.0]], np.float32), np.array([0.0, -9.0], np.float32))
    stiff = fit_head(*clouds(2.0), (1.0, 1.0), prior, ridge=1e4)
    assert border(stiff) == pytest.approx(3.0, abs=0.01)
    loose = fit_head(*clouds(2.0), (1.0, 1.0), prior, ridge=1e-4)
    assert border(loose) == pytest.approx(1.0, abs=0.3)


def test_recognises_classes_by_what_they_look_like() -> None:
    rows, labels = clouds(6.0)
    known = (np.array([[4.0], [0.0], [-4.0]], np.float32), np.array([-20.0, -30.0, 0.0]))
    assert recognise(rows, labels, known, [None, None]) == [2, 0]
    assert recognise(rows, labels, known, [1, None]) == [1, 0]


def test_a_slip_of_the_brush_takes_no_class_from_one_that_is_painted() -> None:
    """One voxel of class 3 in the middle of class 1, where the network is surer than elsewhere."""
    rows, labels = clouds(6.0)
    known = (np.array([[-2.0], [2.0]], np.float32), np.array([6.0, -6.0]))
    rows, labels = np.append(rows, [[-2.0]], 0), np.append(labels, np.uint8(3))
    assert recognise(rows.astype(np.float32), labels, known, [None] * 3) == [0, 1, None]


def test_does_not_recognise_what_it_cannot_tell_apart() -> None:
    rows, labels = clouds(6.0)
    blind = (np.zeros((3, 1), np.float32), np.zeros(3))
    assert recognise(rows, labels, blind, [None, None]) == [None, None]


class Passes(torch.nn.Module):
    """Features are the image and its square."""

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, x**2], dim=1)


def test_features_of_painted_voxels() -> None:
    image = np.arange(6 * 40 * 40, dtype=np.float32).reshape(1, 6, 40, 40) / 1000
    position = np.array([[2, 3, 4], [5, 39, 0], [0, 20, 20]])
    voxels = LabelledVoxels(np.zeros(3, int), position, np.array([1, 2, 2], np.uint8))
    sampler = PatchSampler(Frames(image), voxels, (4, 16, 16), lambda raw, _: raw)
    rows, labels = stroke_features(Passes(), sampler)
    order = np.argsort(rows[:, 0])
    expected = np.sort(image[0][tuple(position.T)])
    np.testing.assert_allclose(rows[order], np.stack([expected, expected**2], 1), rtol=1e-6)
    assert labels[order].tolist() == [2, 1, 2]


def test_classes_may_change_at_different_costs() -> None:
    prior = (np.array([[0.0], [3.0]], np.float32), np.array([0.0, -9.0], np.float32))
    weight, _ = fit_head(*clouds(2.0), (1.0, 1.0), prior, ridge=[1e4, 1e-4])
    assert weight[0, 0] == pytest.approx(0.0, abs=0.01)
    assert weight[1, 0] == pytest.approx(2.0, rel=0.3)
