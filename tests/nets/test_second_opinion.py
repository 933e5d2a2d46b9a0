from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from operando.nets.architecture import Architecture, build
from operando.nets.forest import grow
from operando.nets.regression import regress
from operando.nets.scale_features import scale_features
from operando.nets.second_opinion import SURE, SecondOpinion

PLAIN = Architecture(
    network="unet3d", in_channels=1, n_classes=2, width=4, kernels=((3, 3, 3),), strides=()
)
SHAPE = (1, 1, 6, 10, 12)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def asking(images: torch.Tensor) -> SecondOpinion:
    """A network beside a forest and a regression that tell bright from dark."""
    rows = scale_features(images[0].numpy()).reshape(31, -1).T
    labels = (images.numpy().ravel() > 0).astype(np.uint8) + np.uint8(1)
    network = build(replace(PLAIN, second_opinion=True)).eval()
    state = network.state_dict()
    learnt = {
        "forest": grow(rows, labels, 2),
        "regression": regress(rows, labels, 2),
    }
    taught = {f"{a}.{k}": torch.from_numpy(v) for a, b in learnt.items() for k, v in b.items()}
    network.load_state_dict({**state, **taught, "trust": torch.tensor([0.5, 0.3, 0.2])})
    return network


def _tune(asking: SecondOpinion, scale: float) -> None:
    """Make the network more or less certain of what it says."""
    with torch.no_grad():
        asking.network.head.weight.mul_(scale)
        asking.network.head.bias.mul_(scale)


def test_a_network_that_is_sure_is_not_questioned(
    asking: SecondOpinion, images: torch.Tensor
) -> None:
    _tune(asking, 0.0)
    with torch.no_grad():
        asking.network.head.bias[1] = 5.0
    with torch.inference_mode():
        torch.testing.assert_close(asking(images).softmax(1), asking.network(images).softmax(1))


def test_a_network_that_knows_nothing_follows_the_forest(
    asking: SecondOpinion, images: torch.Tensor
) -> None:
    _tune(asking, 0.0)
    with torch.inference_mode():
        answer = asking(images)
    assert ((answer.argmax(1) == 1) == (images[:, 0] > 0)).float().mean() > 0.99


def test_unsure_voxels_get_the_weighted_geometric_mean_and_others_stay(
    asking: SecondOpinion, images: torch.Tensor
) -> None:
    _tune(asking, 3.0)
    with torch.inference_mode():
        own = asking.network(images).softmax(1).double()
        answers = [opinion(images).softmax(1).double() for opinion in asking.opinions()]
        answer = asking(images).softmax(1).double()
    unsure = own.amax(1, keepdim=True) < SURE
    assert 0.05 < unsure.double().mean() < 0.95
    mean = torch.stack([a**t for a, t in zip(answers, (0.5, 0.3, 0.2), strict=True)]).prod(0)
    expected = torch.where(unsure, mean / mean.sum(1, keepdim=True), own)
    torch.testing.assert_close(answer, expected, rtol=0, atol=1e-5)


def test_features_are_those_of_the_network(asking: SecondOpinion, images: torch.Tensor) -> None:
    torch.testing.assert_close(asking.features(images), asking.network.features(images))


def test_a_model_from_before_the_regression_asks_the_forest_alone(
    asking: SecondOpinion, images: torch.Tensor
) -> None:
    _tune(asking, 3.0)
    state = {k: v for k, v in asking.state_dict().items() if k[:5] not in ("regre", "trust")}
    old = build(replace(PLAIN, second_opinion=True)).eval()
    old.load_state_dict(state)
    with torch.inference_mode():
        own, forest = old.network(images).log_softmax(1), old.forest(images)
        unsure = own.amax(1, keepdim=True) < np.log(SURE)
        expected = torch.where(unsure, (own + forest) / 2, own)
        torch.testing.assert_close(old(images), expected, rtol=0, atol=1e-5)
