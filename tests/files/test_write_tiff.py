from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import pytest
import tifffile

from operando.errors import Cancelled, FileError, InputError
from operando.files import read, write_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from operando.compute import Progress

RNG = np.random.default_rng(4)
TYPES = ["u1", "u2", "f4", "i4", "i2", "f8", "u4"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("times", [(0, 1, 2), (0, 1, 2.5), None])
@pytest.mark.parametrize("compress", [False, True])
def test_what_is_written_is_read(
    tmp_path: Path, dtype: str, times: tuple[float, ...] | None, compress: bool
) -> None:
    volume = (RNG.random((3, 4, 8, 9)) * 200).astype(dtype)
    path = tmp_path / "a.tif"
    write_tiff(path, volume, voxel_size=(2, 0.5, 0.25), times=times, compress=compress)
    series = read(path)
    assert series.data.dtype == volume.dtype
    assert np.array_equal(np.asarray(series.data)[:, 0], volume)
    assert series.voxel_size == pytest.approx((2, 0.5, 0.25), rel=1e-6)
    assert series.times == (pytest.approx(times) if times else None)


@pytest.mark.parametrize("shape", [(8, 9), (4, 8, 9), (2, 3, 4, 8, 9), (2, 1, 3, 8, 9)])
def test_shapes_and_dask_arrays(tmp_path: Path, shape: tuple[int, ...]) -> None:
    volume = RNG.integers(0, 255, shape, dtype=np.uint8)
    path = tmp_path / "a.ome.tif"
    write_tiff(path, da.from_array(volume, chunks=2), voxel_size=(1, 1, 1))
    assert np.array_equal(np.asarray(read(path).data).reshape(shape), volume)
    write_tiff(path, volume)
    assert np.array_equal(np.asarray(read(path).data).reshape(shape), volume)


def test_masks_become_black_and_white(tmp_path: Path) -> None:
    mask = RNG.random((5, 8, 9)) > 0.5
    write_tiff(tmp_path / "a.tif", mask)
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), mask * np.uint8(255))


def test_imagej_sees_a_hyperstack(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", np.zeros((3, 4, 8, 9), np.uint16), voxel_size=(1, 1, 1))
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        assert tif.imagej_metadata["frames"] == 3
        assert tif.imagej_metadata["slices"] == 4
        assert tif.imagej_metadata["unit"] == "um"


def test_cancel_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, np.ones((5, 8, 9), np.uint8))

    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_tiff(path, np.zeros((5, 8, 9), np.uint8), progress=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert tifffile.imread(path).all()


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    seen: list[Progress] = []
    write_tiff(tmp_path / "a.tif", np.zeros((2, 5, 8, 9)), progress=seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 10, 10)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        write_tiff(tmp_path / "no" / "a.tif", np.zeros((3, 4)))
    for volume in (np.zeros(3), np.zeros((2, 3), complex), np.zeros((0, 4, 5))):
        with pytest.raises(InputError, match="is no image"):
            write_tiff(tmp_path / "a.tif", volume)
    with pytest.raises(InputError, match="2 times for 3 frames"):
        write_tiff(tmp_path / "a.tif", np.zeros((3, 2, 4, 5)), times=(0, 1))
    assert not list(tmp_path.iterdir())


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    volume = np.random.default_rng(0).random((3, 6, 7)).astype(np.float16)
    write_tiff(tmp_path / "a.tif", volume)
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), volume.astype(np.float32))


def test_numbers_that_no_other_program_reads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"int64.*int32"):
        write_tiff(tmp_path / "a.tif", np.zeros((3, 6, 7), np.int64))
    assert not (tmp_path / "a.tif").exists()
