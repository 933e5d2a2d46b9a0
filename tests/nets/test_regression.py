from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from operando.nets.architecture import Architecture
from operando.nets.forest import LEAST
from operando.nets.regression import Regression, regress
from operando.nets.scale_features import n_features

CHANNELS = 1


def answer(state: dict[str, np.ndarray], rows: np.ndarray, classes: int) -> np.ndarray:
    made = Regression(
        Architecture(
            network="forest",
            in_channels=CHANNELS,
            n_classes=classes,
            width=1,
            kernels=((3, 3, 3),),
            strides=(),
        )
    )
    made.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    answers = []
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            answers.append(made(torch.from_numpy(rows)).numpy())
    np.testing.assert_array_equal(*answers)
    return answers[0]


@pytest.mark.parametrize("classes", [2, 3])
def test_it_finds_the_probabilities_of_a_linear_truth(
    rng: np.random.Generator, classes: int
) -> None:
    """Labels drawn from a linear model, on features of very different sizes."""
    count = 20_000
    rows = rng.normal(size=(count, n_features(CHANNELS))).astype(np.float32)
    weight = np.zeros((classes, rows.shape[1]))
    weight[0, 0], weight[1, 1] = 2, 1.5
    expected = log_softmax(rows @ weight.T, axis=1)
    labels = 1 + (rng.uniform(size=(count, 1)) > np.exp(expected).cumsum(axis=1)).sum(axis=1)
    scale = np.geomspace(1e-3, 1e3, rows.shape[1]).astype(np.float32)
    state = regress(rows * scale + 7 * scale, labels.astype(np.uint8), classes)
    found = answer(state, rows * scale + 7 * scale, classes)
    balanced = expected - np.log(np.bincount(labels)[1:])
    balanced = log_softmax(balanced, axis=1)
    assert np.abs(np.exp(found) - np.exp(balanced)).mean() < 0.03


def test_a_class_that_was_not_painted_is_never_answered(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(200, n_features(CHANNELS))).astype(np.float32)
    labels = np.where(rows[:, 0] > 0, 1, 4).astype(np.uint8)
    found = answer(regress(rows, labels, 4), rows, 4)
    assert ((found.argmax(axis=1) + 1) == labels).mean() > 0.97
    np.testing.assert_allclose(found[:, 1:3], np.log(LEAST), rtol=1e-6)
