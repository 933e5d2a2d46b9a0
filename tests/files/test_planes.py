from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.errors import FileError
from operando.files import read

if TYPE_CHECKING:
    from pathlib import Path


def write_edf(path: Path, plane: np.ndarray) -> None:
    header = (
        f"{{\nByteOrder = LowByteFirst ;\nDataType = FloatValue ;\n"
        f"Dim_1 = {plane.shape[1]} ;\nDim_2 = {plane.shape[0]} ;\n"
    )
    path.write_bytes(header.ljust(510).encode() + b"}\n" + plane.astype("<f4").tobytes())


def test_a_folder_of_edf_images_is_a_volume_in_natural_order(tmp_path: Path) -> None:
    for n in range(12):
        write_edf(tmp_path / f"slice_{n}.edf", np.full((6, 8), n))
    series = read(tmp_path)
    assert series.data.shape == (1, 1, 12, 6, 8)
    assert np.asarray(series.data[0, 0, :, 2, 3]).tolist() == list(range(12))


def test_folders_of_edf_images_are_frames(tmp_path: Path) -> None:
    for t in range(2):
        (tmp_path / f"scan_{t}").mkdir()
        for n in range(3):
            write_edf(tmp_path / f"scan_{t}" / f"{n}.edf", np.full((6, 8), 10 * t + n))
    series = read(tmp_path)
    assert np.asarray(series.data[:, 0, :, 0, 0]).tolist() == [[0, 1, 2], [10, 11, 12]]


def test_slices_of_different_size_are_refused(tmp_path: Path) -> None:
    write_edf(tmp_path / "1.edf", np.zeros((6, 8)))
    write_edf(tmp_path / "2.edf", np.zeros((6, 9)))
    with pytest.raises(FileError, match=r"The slices differ: 2\.edf holds 1 × 6 × 9"):
        read(tmp_path)
