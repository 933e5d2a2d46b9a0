from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from operando.nets.adapt import adapt_weights, flatten_levels
from operando.nets.architecture import Architecture, build, plan_levels

CUBES = Architecture(
    network="unet3d",
    in_channels=1,
    n_classes=3,
    width=4,
    kernels=((3, 3, 3),) * 3,
    strides=((2, 2, 2),) * 2,
)

SAME = (0, 1, 2)


def weights(architecture: Architecture) -> dict[str, np.ndarray]:
    return {k: v.numpy() for k, v in build(architecture, 1).state_dict().items()}


def network(architecture: Architecture, state: dict[str, np.ndarray]) -> torch.nn.Module:
    net = build(architecture)
    net.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in state.items()})
    return net.eval()


def test_flat_network_answers_as_on_a_repeated_slice() -> None:
    flat = flatten_levels(CUBES, *plan_levels((1, 32, 32)))
    assert {k[0] for k in flat.kernels} == {s[0] for s in flat.strides} == {1}
    old = network(CUBES, weights(CUBES))
    new = network(flat, adapt_weights(weights(CUBES), flat, SAME))
    image = torch.randn(1, 1, 1, 32, 32)
    deep = old(image.expand(-1, -1, 64, -1, -1))[:, :, 32:33]
    torch.testing.assert_close(new(image), deep, atol=1e-4, rtol=1e-4)


def test_thick_slices_lose_the_first_levels_along_z() -> None:
    plan = plan_levels((16, 64, 64), (0.4, 0.1, 0.1))
    thick = flatten_levels(CUBES, *plan)
    assert [k[0] for k in thick.kernels] == [1, 1, 3]
    assert [s[0] for s in thick.strides] == [1, 1]
    network(thick, adapt_weights(weights(CUBES), thick, SAME))


def test_equal_channels_answer_as_one() -> None:
    two = replace(CUBES, in_channels=2)
    image = torch.randn(1, 1, 8, 16, 16)
    one_answer = network(CUBES, weights(CUBES))(image)
    two_answer = network(two, adapt_weights(weights(CUBES), two, SAME))(
        image.expand(-1, 2, -1, -1, -1)
    )
    torch.testing.assert_close(two_answer, one_answer, atol=1e-5, rtol=1e-5)


def test_classes_take_their_head_along() -> None:
    old = weights(CUBES)
    four = replace(CUBES, n_classes=4)
    state = adapt_weights(old, four, (2, None, 0, None), seed=7)
    fresh = build(four, 7).state_dict()
    for name in ("head.weight", "head.bias"):
        np.testing.assert_array_equal(state[name][[0, 2]], old[name][[2, 0]])
        np.testing.assert_array_equal(state[name][[1, 3]], fresh[name].numpy()[[1, 3]])
    for name, values in old.items():
        if not name.startswith("head."):
            np.testing.assert_array_equal(state[name], values)


def test_nothing_changes_for_the_same_network() -> None:
    assert flatten_levels(CUBES, *plan_levels((24, 64, 64))) == CUBES
    state = adapt_weights(weights(CUBES), CUBES, SAME)
    for name, values in weights(CUBES).items():
        np.testing.assert_array_equal(state[name], values)
