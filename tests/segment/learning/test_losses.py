from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from operando.nets.architecture import Architecture, build
from operando.nets.patches import LabelledVoxels
from operando.segment.learning.edges import EdgeLoss
from operando.segment.learning.losses import StrokeLoss, StrokeObjective, dice_loss
from operando.segment.painting.strokes import class_weights


def test_unlabelled_voxels_carry_no_loss() -> None:
    logits = torch.randn(1, 3, 2, 4, 4, requires_grad=True)
    labels = torch.zeros(1, 2, 4, 4, dtype=torch.uint8)
    labels[0, 0, 0, :3] = torch.tensor([1, 2, 3])
    StrokeLoss((1, 1, 1))(logits, labels).backward()
    touched = logits.grad.abs().sum(1)[0] > 0
    assert torch.equal(touched, labels[0] > 0)


def test_cross_entropy_of_no_knowledge() -> None:
    labels = torch.ones(1, 1, 2, 2, dtype=torch.uint8)
    loss = StrokeLoss((1, 1), dice=0, smoothing=0)(torch.zeros(1, 2, 1, 2, 2), labels)
    assert float(loss) == pytest.approx(math.log(2))


def test_weights_favour_a_class() -> None:
    logits = torch.tensor([2.0, 0.0]).reshape(1, 2, 1, 1, 1).expand(1, 2, 1, 1, 2)
    labels = torch.tensor([1, 2], dtype=torch.uint8).reshape(1, 1, 1, 2)
    light, heavy = (float(StrokeLoss((1, w), dice=0, smoothing=0)(logits, labels)) for w in (1, 3))
    wrong, right = math.log(1 + math.exp(2)), math.log(1 + math.exp(-2))
    assert light == pytest.approx((right + wrong) / 2)
    assert heavy == pytest.approx((right + 3 * wrong) / 4)


def test_a_class_that_was_not_painted_is_not_taught() -> None:
    """However improbable it is where others are painted, the loss does not raise it."""
    painted = torch.tensor([1, 2] * 8, dtype=torch.uint8).reshape(1, 1, 1, 16)
    voxels = LabelledVoxels(np.zeros(16), np.zeros((16, 3)), painted.numpy().ravel())
    logits = torch.zeros(1, 3, 1, 1, 16)
    logits[:, 2] = -10
    logits.requires_grad_()
    StrokeLoss(class_weights(voxels, 3, 0.5))(logits, painted).backward()
    assert (logits.grad[:, 2] >= 0).all()


def test_dice_loss_is_zero_when_certain_and_right() -> None:
    target = torch.tensor([0, 1, 1, 0])
    sure = torch.nn.functional.one_hot(target, 3).float() * 200
    assert float(dice_loss(sure, target)) == pytest.approx(0, abs=1e-6)
    assert float(dice_loss(-sure, target)) > 0.5


def objective(restore: float) -> tuple[StrokeObjective, torch.nn.Module]:
    architecture = Architecture(
        network="unet3d", in_channels=1, n_classes=2, width=4, kernels=((3, 3, 3),), strides=()
    )
    return StrokeObjective(StrokeLoss((1, 1)), 4, 1, restore, seed=1), build(architecture).eval()


def test_hidden_voxels_teach_where_nothing_is_labelled() -> None:
    """Restoring a constant image from the features is learnt without any label nearby."""
    labels = torch.zeros(1, 4, 16, 16, dtype=torch.uint8)
    labels[0, 0, 0, :2] = torch.tensor([1, 2])
    image = torch.full((1, 1, 4, 16, 16), 0.7)
    learn, net = objective(1.0)
    plain, _ = objective(0.0)
    optimizer = torch.optim.Adam([*net.parameters(), *learn.parameters()], 0.02)

    def restoring() -> float:
        return float((learn(net, image, labels) - plain(net, image, labels)).sum().detach())

    start = restoring()
    for _ in range(60):
        optimizer.zero_grad()
        learn(net, image, labels).sum().backward()
        optimizer.step()
    assert start > 0.01
    assert restoring() < 0.1 * start


def test_hidden_voxels_repeat_with_the_seed() -> None:
    image, labels = torch.randn(1, 1, 4, 16, 16), torch.ones(1, 4, 16, 16, dtype=torch.uint8)
    first, second = (learn(net, image, labels) for learn, net in (objective(1.0), objective(1.0)))
    assert torch.equal(first, second)


def test_agreeing_with_the_teacher_counts_where_nothing_is_labelled() -> None:
    """As long as the network is its own teacher, the cost is the entropy and has no slope."""
    _, net = objective(0)
    loss = StrokeLoss((1, 1))
    image = torch.randn(1, 1, 4, 16, 16)
    labels = torch.zeros(1, 4, 16, 16, dtype=torch.uint8)
    labels[0, 0, 0, :2] = torch.tensor([1, 2])
    with torch.no_grad():
        net.head.weight *= 10
    free, bound = (StrokeObjective(loss, 4, 1, 0, teacher=net, keep=keep) for keep in (0.0, 2.0))
    taught = net(image).softmax(1).detach()
    entropy = float(-(taught * taught.log()).sum(1).mean())
    cost = (bound(net, image, labels) - free(net, image, labels)).sum()
    assert cost.item() == pytest.approx(2 * entropy, rel=1e-4)
    cost.backward()
    assert float(net.head.weight.grad.abs().max()) < 1e-5
    with torch.no_grad():
        net.head.bias += torch.tensor([3.0, 0.0])
    moved = (bound(net, image, labels) - free(net, image, labels)).sum()
    assert moved.item() > 2 * entropy + 0.1
    assert not any(p.requires_grad for p in bound.parameters() if p.shape == net.head.weight.shape)


def test_what_is_asked_of_other_voxels_is_not_the_loss_of_the_strokes() -> None:
    _, net = objective(0)
    image = torch.randn(1, 1, 4, 16, 16)
    labels = torch.zeros(1, 4, 16, 16, dtype=torch.uint8)
    labels[0, 0, 0, :2] = torch.tensor([1, 2])
    loss = StrokeLoss((1, 1))
    plain = StrokeObjective(loss, 4, 1, 0)(net, image, labels)
    edges = StrokeObjective(loss, 4, 1, 0, edges=EdgeLoss(seed=2), follow=5.0)
    strokes, other = edges(net, image, labels).detach()
    assert plain[0] == strokes == loss(net(image), labels)
    assert plain[1] == 0
    assert float(other) == pytest.approx(5 * float(EdgeLoss(seed=2)(net(image).detach(), image)))
