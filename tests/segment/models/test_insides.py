from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from operando.errors import InputError
from operando.nets.architecture import Architecture, build
from operando.segment import Model, pretrained
from operando.segment.models.insides import feature_maps, first_kernels, middle_part

IMAGE = np.random.default_rng(0).normal(100, 10, (3, 20, 37, 45)).astype(np.float32)


def model(network: str = "unet3d", channels: int = 1) -> Model:
    architecture = Architecture(
        network=network,
        in_channels=channels,
        n_classes=3,
        width=4,
        kernels=((3, 3, 3),) * 3,
        strides=((1, 2, 2), (2, 2, 2)),
    )
    weights = {k: v.numpy() for k, v in build(architecture).state_dict().items()}
    return replace(pretrained(), architecture=architecture, weights=weights)


def test_the_last_maps_are_what_the_head_sees() -> None:
    """Head and normalisation of the last maps give the logits of the whole network."""
    import torch

    from operando.nets.frames import Frames
    from operando.segment.normalise import grey_scale

    made = model()
    maps = feature_maps(made, IMAGE, 1, 9, (slice(0, 37), slice(0, 45)), device="cpu")
    image = grey_scale(Frames(IMAGE), 1, made.percentiles).apply(IMAGE[1, None, 1:18])
    with torch.inference_mode():
        logits = made.network()(torch.from_numpy(image[None]))[0, :, 8].numpy()
    weight, bias = made.weights["head.weight"][:, :, 0, 0, 0], made.weights["head.bias"]
    found = np.tensordot(weight, maps[-1].maps, 1) + bias[:, None, None]
    np.testing.assert_allclose(found, logits, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "channels"),
    [("unet3d", 1), ("separable", 1), ("unet3d_time", 3), ("lrcsnet", 1)],
)
def test_every_network_shows_its_levels(network: str, channels: int) -> None:
    part = (slice(3, 33), slice(5, 40))
    levels = feature_maps(model(network, channels), IMAGE, 1, 0, part, device="cpu")
    assert levels[0].level == "down 1"
    assert levels[0].coarseness == levels[-1].coarseness == (1, 1, 1)
    assert levels[-1].level == "up 1"
    assert len({(v.level, v.coarseness) for v in levels}) == len(levels)
    for level in levels:
        assert level.maps.shape[1:] == (30, 35)
        _, y, x = level.coarseness
        assert (level.maps[:, :y, :x] == level.maps[:, :1, :1]).all()


def test_coarse_levels_share_one_value_among_their_voxels() -> None:
    levels = {
        v.level: v
        for v in feature_maps(model(), IMAGE, 0, 9, (slice(0, 32), slice(0, 32)), device="cpu")
    }
    assert levels["down 2"].coarseness == (1, 2, 2)
    assert levels["down 3"].coarseness == (2, 4, 4)
    assert levels["up 2"].coarseness == (1, 2, 2)


def test_kernels_are_those_of_the_first_filter() -> None:
    made = model()
    np.testing.assert_array_equal(first_kernels(made), made.weights["encoder.0.0.weight"][:, 0])


def test_a_forest_has_none() -> None:
    with pytest.raises(InputError, match="A forest has no feature maps"):
        feature_maps(model("forest"), IMAGE, 0, 0, (slice(0, 9), slice(0, 9)))


def test_the_middle_is_no_larger_than_asked() -> None:
    assert middle_part((100, 300), 200) == (slice(0, 100), slice(50, 250))
