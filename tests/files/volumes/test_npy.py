from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import FileError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("shape", [(4, 5), (3, 4, 5), (2, 3, 4, 5), (2, 2, 3, 4, 5)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", ">u2", "f2", "?", "i8"])
def test_arrays(tmp_path: Path, shape: tuple[int, ...], order: str, dtype: str) -> None:
    values = (np.random.default_rng(1).random(shape) * 100).astype(dtype)
    np.save(tmp_path / "a.npy", np.asarray(values, order=order))
    series = read(tmp_path / "a.npy")
    assert series.data.dtype.isnative
    assert np.array_equal(np.asarray(series.data).reshape(shape), values)


def test_what_is_no_image(tmp_path: Path) -> None:
    for values in (np.zeros(5), np.zeros((3, 4), complex), np.array([["a"]]), np.zeros((0, 5))):
        np.save(tmp_path / "a.npy", values)
        with pytest.raises(FileError, match=r"a\.npy"):
            read(tmp_path / "a.npy")


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(FileError, match="without Python objects"):
        read(tmp_path / "a.npy")


@pytest.mark.parametrize("size", [0, 5, 100, 130])
def test_truncated_files(tmp_path: Path, size: int) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 4)))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:size])
    with pytest.raises(FileError, match=r"a\.npy is no NumPy array"):
        read(tmp_path / "a.npy")
