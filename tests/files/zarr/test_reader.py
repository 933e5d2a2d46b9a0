from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

from operando.errors import FileError, InputError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(6)
VALUES = RNG.integers(0, 999, (3, 4, 9, 10), dtype=np.uint16)
SPACE = [{"name": a, "type": "space", "unit": "nanometer"} for a in "zyx"]
TIME = {"name": "t", "type": "time", "unit": "minute"}


def image(path: Path, multiscale: dict[str, Any], version: str, **more: Any) -> Path:
    """Write VALUES as OME-Zarr with the metadata given."""
    ome = {"multiscales": [multiscale], **more}
    attributes = ome if version == "0.4" else {"ome": {"version": version, **ome}}
    zarr_format = 2 if version == "0.4" else 3
    group = zarr.create_group(store=str(path), zarr_format=zarr_format, attributes=attributes)
    group.create_array("full", data=VALUES, chunks=(1, 2, 5, 5))
    return path


def scaled(*steps: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"path": "full", "coordinateTransformations": list(steps)}]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_images(tmp_path: Path, version: str) -> None:
    multiscale = {
        "axes": [TIME, *SPACE],
        "datasets": scaled({"type": "scale", "scale": [10, 100, 50, 25]}),
        "coordinateTransformations": [{"type": "scale", "scale": [3, 2, 2, 2]}],
    }
    series = read(image(tmp_path / "a.ome.zarr", multiscale, version))
    assert np.array_equal(np.asarray(series.data)[:, 0], VALUES)
    assert series.voxel_size == pytest.approx((0.2, 0.1, 0.05))
    assert series.times == pytest.approx((0, 0.5, 1))
    assert series.data.chunksize == (1, 1, 4, 9, 10)
    assert series.metadata[0]["levels"] == ("full",)
    assert series.name == "a"


def test_channels_have_names(tmp_path: Path) -> None:
    multiscale = {
        "axes": [{"name": "c", "type": "channel"}, *SPACE],
        "datasets": scaled({"type": "scale", "scale": [1, 1, 1, 1]}),
    }
    omero = {"channels": [{"label": n} for n in ("Ni", "Mn", "Co")]}
    series = read(image(tmp_path / "a.zarr", multiscale, "0.5", omero=omero))
    assert series.channels == ("Ni", "Mn", "Co")
    assert np.array_equal(np.asarray(series.data)[0], VALUES)


def test_no_unit_is_no_voxel_size(tmp_path: Path) -> None:
    axes = [{"name": a, "type": "space"} for a in "zyx"]
    multiscale = {
        "axes": [{"name": "t", "type": "time"}, *axes],
        "datasets": scaled({"type": "scale", "scale": [1, 1, 1, 1]}),
    }
    series = read(image(tmp_path / "a.zarr", multiscale, "0.5"))
    assert series.voxel_size is None
    assert series.times is None


def test_a_rotation_leaves_the_voxels_as_they_are(tmp_path: Path) -> None:
    multiscale = {
        "axes": [TIME, *SPACE],
        "datasets": scaled({"type": "rotation", "rotation": np.eye(4)[::-1].tolist()}),
    }
    series = read(image(tmp_path / "a.zarr", multiscale, "0.6"))
    assert series.voxel_size is None
    assert "not applied" in series.metadata[0]["notes"][0]
    assert np.array_equal(np.asarray(series.data)[:, 0], VALUES)


@pytest.mark.parametrize(
    "multiscale",
    [
        {"axes": [TIME], "datasets": scaled()},
        {"axes": [TIME, *SPACE], "datasets": []},
        {"axes": [TIME, *SPACE], "datasets": [{"path": "gone"}]},
        {"axes": 5, "datasets": scaled()},
        {"axes": [TIME, *SPACE], "datasets": scaled({"type": "scale", "scale": 3})},
        "nonsense",
    ],
)
def test_metadata_that_make_no_sense(tmp_path: Path, multiscale: Any) -> None:
    with pytest.raises((FileError, InputError)):
        read(image(tmp_path / "a.zarr", multiscale, "0.5"))


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">f4", "f8", "?"])
def test_plain_arrays(tmp_path: Path, zarr_format: int, dtype: str) -> None:
    values = VALUES.astype(dtype)
    zarr.create_array(
        store=str(tmp_path / "a.zarr"), data=values, chunks=(1, 2, 4, 4), zarr_format=zarr_format
    )
    series = read(tmp_path / "a.zarr")
    assert series.data.dtype.isnative
    assert np.array_equal(np.asarray(series.data)[:, 0], values)
    assert series.voxel_size is None


def test_dimension_names_are_followed(tmp_path: Path) -> None:
    names = ("z", "channel", "y", "x")
    zarr.create_array(store=str(tmp_path / "a.zarr"), data=VALUES, dimension_names=names)
    assert np.array_equal(np.asarray(read(tmp_path / "a.zarr").data)[0], VALUES.swapaxes(0, 1))


def test_a_folder_of_arrays_is_one_frame_each(tmp_path: Path) -> None:
    for t in (1, 2, 10):
        zarr.create_array(store=str(tmp_path / f"f{t}.zarr"), data=VALUES[0] + t)
    series = read(tmp_path)
    assert (
        np.asarray(series.data)[:, 0, 0, 0, 0].tolist()
        == (VALUES[0, 0, 0, 0] + [1, 2, 10]).tolist()
    )


def test_what_is_no_image(tmp_path: Path) -> None:
    zarr.create_group(store=str(tmp_path / "empty.zarr"))
    with pytest.raises(FileError, match="holds no arrays"):
        read(tmp_path / "empty.zarr")
    zarr.create_array(store=str(tmp_path / "line.zarr"), data=np.zeros(5))
    with pytest.raises(FileError, match="holds no image"):
        read(tmp_path / "line.zarr")


def test_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    zarr.create_array(store=str(path), data=VALUES, chunks=(1, 4, 9, 10))
    series = read(path)
    chunk = path / "c" / "1" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    assert np.array_equal(np.asarray(series.data[0, 0]), VALUES[0])
    with pytest.raises(FileError, match=r"a\.zarr"):
        np.asarray(series.data[1, 0])
    text = (path / "zarr.json").read_text()
    (path / "zarr.json").write_text(text[:50])
    with pytest.raises(FileError, match="no Zarr image that can be read"):
        read(path)


def test_changed_metadata_never_crash(tmp_path: Path) -> None:
    multiscale = {
        "axes": [TIME, *SPACE],
        "datasets": scaled({"type": "scale", "scale": [10, 100, 50, 25]}),
    }
    path = image(tmp_path / "a.zarr", multiscale, "0.5") / "zarr.json"
    whole = path.read_bytes()
    for _ in range(60):
        changed = bytearray(whole)
        changed[RNG.integers(len(whole))] ^= 1 << RNG.integers(7)
        path.write_bytes(changed)
        try:
            shape = read(tmp_path / "a.zarr").data.shape
        except (FileError, InputError):
            continue
        assert sorted(shape) == sorted((1, *VALUES.shape))
    json.loads(whole)


def test_real_images(shared_data: Path) -> None:
    folder = shared_data / "formats" / "ome_zarr"
    scale = read(folder / "all_0.6" / "basic" / "scale.zarr")
    affine = read(folder / "all_0.6" / "simple" / "affine.zarr")
    assert scale.voxel_size == affine.voxel_size == (4, 3, 2)
    assert np.array_equal(scale.frame(0), affine.frame(0))
    flat = read(folder / "simple_0.5")
    assert flat.voxel_size is not None
    assert flat.voxel_size[1:] == pytest.approx((0.004, 0.03))
    assert np.array_equal(flat.frame(0)[0].ravel(), np.arange(100))


@pytest.mark.parametrize("store", ["zarr_v2_many_dtypes.zarr", "zarr_v3_many_codecs.zarr"])
def test_real_arrays_open_or_are_refused(shared_data: Path, store: str) -> None:
    opened = 0
    for path in sorted((shared_data / "formats" / store).glob("*d.*")):
        try:
            values = np.asarray(read(path).data)
        except FileError:
            assert (
                path.name.startswith("1d")
                or path.name[11:12] in "U"
                or ".F" in path.name
                or (path.name.endswith("O"))
            )
            continue
        opened += 1
        # The store was written with values that count up from 1, or is filled.
        if "filled" not in path.name:
            steps = np.unique(np.diff(values.ravel().astype(int)))
            assert steps.tolist() == [1]
    assert opened >= 7
