from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier

from operando.nets.architecture import Architecture, build
from operando.nets.forest import Forest, grow, vote
from operando.nets.scale_features import n_features

ARCHITECTURE = Architecture(
    network="forest", in_channels=1, n_classes=3, width=10, kernels=((3, 3, 3),), strides=()
)


@pytest.fixture(scope="module")
def taught() -> tuple[np.ndarray, np.ndarray]:
    """Features that tell three classes apart, with noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 4, 300).astype(np.uint8)
    rows = rng.normal(size=(300, n_features(1))).astype(np.float32)
    rows[:, 3] += 2 * labels
    return rows, labels


def test_votes_as_scikit_learn_does(taught: tuple[np.ndarray, np.ndarray]) -> None:
    rows, labels = taught
    state = grow(rows, labels, 3, trees=10, seed=5)
    reference = RandomForestClassifier(
        10, min_samples_leaf=2, class_weight="balanced", random_state=5
    ).fit(rows, labels)
    unseen = np.random.default_rng(1).normal(2, 3, size=(200, rows.shape[1])).astype(np.float32)
    votes = vote(
        unseen,
        *(state[name] for name in Forest.tables if name != "spacing"),
    )
    np.testing.assert_allclose(votes, reference.predict_proba(unseen), atol=1e-6)


def test_a_class_that_was_not_painted_gets_no_vote(taught: tuple[np.ndarray, np.ndarray]) -> None:
    rows, labels = taught
    kept = labels != 2
    state = grow(rows[kept], labels[kept], 3, trees=10)
    assert not state["leaf"][:, 1].any()


def test_runs_as_a_network(taught: tuple[np.ndarray, np.ndarray]) -> None:
    rows, labels = taught
    state = grow(rows, labels, 3, trees=10)
    net = build(ARCHITECTURE)
    net.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    answer = net(torch.randn(2, 1, 5, 6, 7)).softmax(1)
    assert answer.shape == (2, 3, 5, 6, 7)
    torch.testing.assert_close(answer.sum(1), torch.ones(2, 5, 6, 7))
    assert {k: v.shape for k, v in net.state_dict().items()} == {
        k: v.shape for k, v in state.items()
    }
