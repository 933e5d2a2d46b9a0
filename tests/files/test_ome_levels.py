from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr

from operando.errors import Cancelled
from operando.files import add_levels, create_image, read
from operando.files.ome_levels import halve

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute import Progress

RNG = np.random.default_rng(9)


def test_halving() -> None:
    block = np.array([[0, 2, 5], [4, 7, 6]], np.uint8)
    assert halve(block, (2, 2)).tolist() == [[3, 6]]
    assert halve(block, (1, 2)).tolist() == [[1, 5], [6, 6]]
    assert halve(block, (2, 2), labels=True).tolist() == [[0, 5]]
    assert halve(block > 3, (2, 2)).tolist() == [[True, True]]
    assert halve(np.full((4, 4), 2**32 - 1, np.uint32), (2, 2)).tolist() == [[2**32 - 1] * 2] * 2


def test_levels_of_a_ramp_keep_their_place(tmp_path: Path) -> None:
    """A linear ramp, averaged, has in every level the value of the place of its voxels."""
    z, y, x = np.mgrid[:64, :128, :256] * np.array([1, 0.5, 0.5]).reshape(3, 1, 1, 1)
    array = create_image(
        tmp_path / "a.zarr",
        z.shape,
        "f8",
        axes="zyx",
        voxel_size=(1, 0.5, 0.5),
        chunks=(16, 64, 64),
    )
    array[...] = z + 10 * y + 100 * x
    assert add_levels(tmp_path / "a.zarr", levels=4) == 4
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    datasets = group.attrs["ome"]["multiscales"][0]["datasets"]
    shapes = [group[d["path"]].shape for d in datasets]
    # z is halved only once pixels have become as wide as slices are apart.
    assert shapes == [(64, 128, 256), (64, 64, 128), (32, 32, 64), (16, 16, 32)]
    for dataset in datasets[1:]:
        scale, start = (s[s["type"]] for s in dataset["coordinateTransformations"])
        level = np.asarray(group[dataset["path"]][...])
        place = [np.arange(n) * s + o for n, s, o in zip(level.shape, scale, start, strict=True)]
        zs, ys, xs = np.meshgrid(*place, indexing="ij")
        assert np.allclose(level, zs + 10 * ys + 100 * xs)


@pytest.mark.parametrize("chunks", [(1, 4, 8, 8), (1, 5, 7, 9)])
def test_levels_do_not_depend_on_blocks(tmp_path: Path, chunks: tuple[int, ...]) -> None:
    values = RNG.integers(0, 255, (2, 13, 21, 34), dtype=np.uint8)
    for labels in (False, True):
        path = tmp_path / f"{labels}.zarr"
        array = create_image(path, values.shape, "u1", axes="tzyx", voxel_size=None, chunks=chunks)
        array[...] = values
        add_levels(path, levels=2, labels=labels)
        group = zarr.open_group(str(path), mode="r")
        assert np.array_equal(group["1"][...], halve(values, (1, 2, 2, 2), labels=labels))
        assert np.array_equal(np.asarray(read(path).data)[:, 0], values)


def test_levels_stop_by_themselves_and_as_told(tmp_path: Path) -> None:
    create_image(tmp_path / "a.zarr", (1, 600, 300), "u1", axes="zyx", voxel_size=None)
    assert add_levels(tmp_path / "a.zarr") == 4
    create_image(tmp_path / "b.zarr", (1, 600, 300), "u1", axes="zyx", voxel_size=None, levels=2)
    assert add_levels(tmp_path / "b.zarr") == 2
    assert read(tmp_path / "b.zarr").metadata[0]["levels"] == ("0", "1")


def test_cancelled_levels_are_not_named(tmp_path: Path) -> None:
    create_image(tmp_path / "a.zarr", (64, 300, 300), "u1", axes="zyx", voxel_size=None)

    def stop(progress: Progress) -> None:
        if progress.done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        add_levels(tmp_path / "a.zarr", progress=stop)
    assert read(tmp_path / "a.zarr").metadata[0]["levels"] == ("0",)
    assert add_levels(tmp_path / "a.zarr") > 1
