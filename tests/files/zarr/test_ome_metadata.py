from __future__ import annotations

import pytest

from operando.errors import InputError
from operando.files.zarr.ome_metadata import (
    channel_names,
    image_axes,
    image_scale,
    image_times,
    image_voxel_size,
)


def scaled(*steps: dict) -> dict:
    return {"datasets": [{"path": "0", "coordinateTransformations": list(steps)}]}


def test_axes_of_every_version() -> None:
    names = ["t", "z", "y", "x"]
    as_dicts = [{"name": n} for n in names]
    for image in (
        {"axes": names},
        {"axes": as_dicts},
        {"coordinateSystems": [{"axes": as_dicts}]},
        {},
    ):
        shape = 5 if not image else 4
        assert "".join(a["letter"] for a in image_axes(image, shape))[-3:] == "zyx"
    kinds = [{"name": "energy"}, {"name": "scan", "type": "time"}, *as_dicts[2:]]
    assert "".join(a["letter"] for a in image_axes({"axes": kinds}, 4)) == "qtyx"
    with pytest.raises(InputError, match="name 4 axes for an array of 3"):
        image_axes({"axes": names}, 3)


def test_scales_multiply_and_a_rotation_is_noticed() -> None:
    scale = {"type": "scale", "scale": [2, 3]}
    affine = {"type": "affine", "affine": [[2, 0, 7], [0, 4, 7]]}
    turned = {"type": "affine", "affine": [[0, 2, 7], [4, 0, 7]]}
    shift = {"type": "translation", "translation": [1, 1]}
    assert image_scale(scaled(scale, shift), 2) == ([2, 3], True)
    assert image_scale(scaled(scale, affine), 2) == ([4, 12], True)
    assert not image_scale(scaled(turned), 2)[1]
    both = {**scaled(scale), "coordinateTransformations": [scale]}
    assert image_scale(both, 2) == ([4, 9], True)


def test_a_slice_without_z_takes_its_thickness_from_x() -> None:
    nm = {"unit": "nanometer"}
    assert image_voxel_size({"y": (50, nm), "x": (20, nm)}) == pytest.approx((0.02, 0.05, 0.02))
    assert image_voxel_size({"z": (1, {}), "y": (1, nm), "x": (1, nm)}) is None


def test_own_times_come_before_the_step_of_the_axis() -> None:
    axis = {"t": (90.0, {"unit": "minute"})}
    assert image_times(axis, 3, None) == pytest.approx((0, 1.5, 3))
    assert image_times(axis, 3, {"times_h": [0, 1, 7]}) == (0, 1, 7)
    assert image_times(axis, 3, {"times_h": [0, 1]}) == pytest.approx((0, 1.5, 3))
    assert image_times({}, 3, None) is None


def test_channels_without_labels_have_no_names() -> None:
    assert channel_names({"omero": {"channels": [{"label": "Ni"}, {"label": "Co"}]}}) == (
        "Ni",
        "Co",
    )
    assert channel_names({"omero": {"channels": [{"color": "fff"}]}}) is None
    assert channel_names({}) is None
