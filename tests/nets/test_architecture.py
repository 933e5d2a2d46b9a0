from __future__ import annotations

import json

import pytest
import torch

from operando.errors import InputError
from operando.nets.architecture import Architecture, build, plan_levels


def architecture(**changes: object) -> Architecture:
    values: dict = {
        "network": "unet3d",
        "in_channels": 1,
        "n_classes": 2,
        "width": 4,
        "kernels": ((3, 3, 3), (3, 3, 3)),
        "strides": ((2, 2, 2),),
    }
    return Architecture(**(values | changes))


def test_survives_json() -> None:
    first = architecture()
    assert Architecture.from_dict(json.loads(json.dumps(first.as_dict()))) == first


def test_refuses_unknown_network_and_wrong_levels() -> None:
    with pytest.raises(InputError, match="no network 'vnet'"):
        architecture(network="vnet")
    with pytest.raises(InputError, match="need 1 poolings"):
        architecture(strides=())


def test_cubes_are_pooled_alike() -> None:
    kernels, strides = plan_levels((32, 64, 64), levels=4)
    assert kernels == ((3, 3, 3),) * 4
    assert strides == ((2, 2, 2),) * 3


def test_single_slices_stay_flat() -> None:
    kernels, strides = plan_levels((1, 64, 64))
    assert {k[0] for k in kernels} == {1}
    assert {s[0] for s in strides} == {1}


def test_thick_slices_are_joined_once_the_plane_has_caught_up() -> None:
    kernels, strides = plan_levels((16, 64, 64), (0.4, 0.1, 0.1), levels=4)
    assert kernels == ((1, 3, 3), (1, 3, 3), (3, 3, 3), (3, 3, 3))
    assert strides == ((1, 2, 2), (1, 2, 2), (2, 2, 2))


def test_an_axis_that_cannot_be_pooled_further_does_not_stop_the_others() -> None:
    kernels, strides = plan_levels((8, 64, 64), levels=4)
    assert strides == ((2, 2, 2), (1, 2, 2), (1, 2, 2))
    assert kernels == ((3, 3, 3),) * 4


def test_pooling_leaves_four_voxels() -> None:
    _, strides = plan_levels((8, 8, 8), levels=6)
    assert strides == ((2, 2, 2),)


def test_seed_decides_the_weights_and_spares_the_global_state() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = (build(architecture(), seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)
