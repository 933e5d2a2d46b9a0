from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import FileError, InputError
from operando.files import create_image, open_image, read

if TYPE_CHECKING:
    from pathlib import Path


RNG = np.random.default_rng(9)


@pytest.mark.parametrize(
    ("axes", "shape"), [("yx", (8, 9)), ("zyx", (7, 8, 9)), ("tzyx", (3, 7, 8, 9)),
                        ("tczyx", (3, 2, 7, 8, 9))]
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "?"])
def test_what_is_written_is_read(
    tmp_path: Path, axes: str, shape: tuple[int, ...], dtype: str
) -> None:
    values = (RNG.random(shape) * 100).astype(dtype)
    times = (0, 1, 2.5) if "t" in axes else None
    array = create_image(
        tmp_path / "a.zarr", shape, dtype, axes=axes, voxel_size=(2, 0.5, 0.25), times=times
    )
    array[...] = values
    series = read(tmp_path / "a.zarr")
    assert np.array_equal(np.asarray(series.data).reshape(shape), values)
    assert np.array_equal(np.asarray(open_image(tmp_path / "a.zarr")[...]), values)
    assert series.times == times
    assert series.voxel_size is not None
    assert series.voxel_size[1:] == (0.5, 0.25)
    assert "z" not in axes or series.voxel_size[0] == 2


def test_metadata_follow_ome_zarr_0_5(tmp_path: Path) -> None:
    create_image(
        tmp_path / "a.zarr",
        (3, 40, 200, 300),
        "u1",
        axes="tzyx",
        voxel_size=(1, 2, 3),
        times=(0, 2, 4),
    )
    group = json.loads((tmp_path / "a.zarr" / "zarr.json").read_text())
    ome = group["attributes"]["ome"]
    assert group["zarr_format"] == 3
    assert ome["version"] == "0.5"
    (image,) = ome["multiscales"]
    assert [a["type"] for a in image["axes"]] == ["time", "space", "space", "space"]
    assert [a["unit"] for a in image["axes"]] == ["hour", *["micrometer"] * 3]
    assert image["datasets"] == [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [2, 1, 2, 3]}]}
    ]
    array = open_image(tmp_path / "a.zarr")
    assert array.chunks == (1, 32, 128, 128)
    assert array.metadata.dimension_names == ("t", "z", "y", "x")


def test_unknown_sizes_stay_unknown(tmp_path: Path) -> None:
    create_image(tmp_path / "a.zarr", (2, 3, 4, 5), "u1", axes="tzyx", voxel_size=None)
    series = read(tmp_path / "a.zarr")
    assert series.voxel_size is None
    assert series.times is None


def test_blocks_can_be_written_one_by_one(tmp_path: Path) -> None:
    values = RNG.integers(0, 99, (2, 40, 50, 60))
    create_image(
        tmp_path / "a.zarr",
        values.shape,
        values.dtype,
        axes="tzyx",
        voxel_size=(1, 1, 1),
        chunks=(1, 8, 16, 16),
    )
    array = open_image(tmp_path / "a.zarr", mode="r+")
    for t in range(2):
        for z in range(0, 40, 8):
            array[t, z : z + 8] = values[t, z : z + 8]
    assert np.array_equal(np.asarray(read(tmp_path / "a.zarr").data)[:, 0], values)


@pytest.mark.parametrize(
    "change",
    [
        {"axes": "zyxt"},
        {"axes": "yx"},
        {"axes": "tczx"},
        {"shape": (0, 3, 4, 5)},
        {"voxel_size": (1, 1)},
        {"times": (0, 1, 2)},
        {"chunks": (1, 1)},
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    plan = {"shape": (2, 3, 4, 5), "axes": "tzyx", "voxel_size": (1, 1, 1), **change}
    with pytest.raises(InputError):
        create_image(tmp_path / "a.zarr", dtype="u1", **plan)  # type: ignore[arg-type]
    assert not (tmp_path / "a.zarr").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    create_image(tmp_path / "a.zarr", (4, 5), "u1", axes="yx", voxel_size=None)
    with pytest.raises(FileError, match="exists already"):
        create_image(tmp_path / "a.zarr", (4, 5), "u1", axes="yx", voxel_size=None)
    with pytest.raises(FileError, match="no image that can be opened"):
        open_image(tmp_path)
