from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando.errors import FileError
from operando.files import describe, read

if TYPE_CHECKING:
    from pathlib import Path

COLOUR = {"BigTIFF.tif", "BigTIFFLong.tif", "palette-1c-8b.tiff", "rgb.tif", "olympus_SIS.tif"}
FIRST_SAMPLE = {"minisblack-2c-8b-alpha.tiff": 0, "NMC_90wt_2000bar_115.tif": 2}
"""Files of which the first sample is the image, and the axis of the samples."""


def test_every_tiff_opens_right_or_is_refused(shared_data: Path) -> None:
    paths = sorted([*shared_data.rglob("*.tif"), *shared_data.rglob("*.tiff")])
    assert len(paths) > 40
    for path in paths:
        if path.name in COLOUR:
            with pytest.raises(FileError, match=path.name):
                read(path)
            continue
        expected = tifffile.imread(path)
        if path.name in FIRST_SAMPLE:
            expected = expected.take(0, axis=FIRST_SAMPLE[path.name])
        series = read(path)
        values = np.asarray(series.data)
        assert values.dtype == expected.dtype.newbyteorder("="), path
        assert values.shape[3:] == expected.shape[-2:], path
        assert np.array_equal(values.ravel(), expected.ravel()), path
        assert describe(series).facts


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("dvc_rock/reference_u8.tif", (1, 1, 180, 240, 240)),
        ("casting_sand/ct_z1-150_y96-415_x96-415_u8.tif", (1, 1, 150, 320, 320)),
        ("cylindrical_cell/cell_vol_z60-99_y60-699_x60-679_u8.tif", (1, 1, 40, 640, 620)),
    ],
)
def test_volumes(shared_data: Path, name: str, shape: tuple[int, ...]) -> None:
    assert read(shared_data / name).data.shape == shape


def test_a_pair_of_scans_is_a_series(shared_data: Path) -> None:
    folder = shared_data / "dvc_rock"
    series = read([folder / "reference_u8.tif", folder / "deformed_u8.tif"])
    assert series.data.shape == (2, 1, 180, 240, 240)
    # The solid is half as bright in the second scan.
    bright = [np.percentile(series.data[t, 0, 90], 75) for t in range(2)]
    assert bright[0] > 1.5 * bright[1]


def test_formats_to_come_are_refused_with_a_sentence(shared_data: Path) -> None:
    for path in (shared_data / "formats").rglob("*"):
        if path.suffix in (".h5", ".mhd", ".mha", ".gz", ".txrm", ".nxs", ".zip"):
            with pytest.raises(FileError, match="no format that can be read"):
                read(path)
