from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr

from operando.errors import FileError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path

VALUES = np.random.default_rng(6).integers(0, 999, (3, 4, 9, 10), dtype=np.uint16)


def test_a_group_lists_its_arrays(tmp_path: Path) -> None:
    group = zarr.create_group(store=str(tmp_path / "a.zarr"))
    group.create_array("raw", data=VALUES)
    assert np.array_equal(np.asarray(read(tmp_path / "a.zarr").data)[:, 0], VALUES)
    group.create_array("inner/mask", data=VALUES > 500)
    with pytest.raises(FileError, match="one of its arrays: inner/mask, raw"):
        read(tmp_path / "a.zarr")
    chosen = read(tmp_path / "a.zarr", dataset="inner/mask")
    assert np.array_equal(np.asarray(chosen.data)[:, 0], VALUES > 500)
    with pytest.raises(FileError, match="There is no nothing in"):
        read(tmp_path / "a.zarr", dataset="nothing")


def test_an_image_inside_a_group_is_found(tmp_path: Path) -> None:
    zarr.create_group(store=str(tmp_path / "a.zarr"), zarr_format=2)
    multiscale = {"axes": list("tzyx"), "datasets": [{"path": "full"}]}
    image = zarr.create_group(
        store=str(tmp_path / "a.zarr" / "0"),
        zarr_format=2,
        attributes={"multiscales": [multiscale]},
    )
    image.create_array("full", data=VALUES)
    assert np.array_equal(np.asarray(read(tmp_path / "a.zarr").data)[:, 0], VALUES)
