"""Real sand: no truth, but what must not change the result must not."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from operando.files import read
from operando.files.write_tiff import write_tiff
from operando.particles import match, measure, split

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DIRECTED = {"z_um", "y_um", "x_um", "depth_um", "tilt_deg", "azimuth_deg", "packing"}


def _sand(folder: Path) -> NDArray[np.bool_]:
    path = folder / "sand_grains/sand_grains_501x501x300.npy.zip"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with zipfile.ZipFile(path) as archive:
        volume = np.load(io.BytesIO(archive.read(archive.namelist()[0])))
    return np.asarray(volume[100:160, 100:180, 100:170], bool)


def _casting(folder: Path) -> NDArray[np.bool_]:
    from scipy.ndimage import gaussian_filter
    from skimage.filters import threshold_otsu

    path = folder / "casting_sand/ct_z1-150_y96-415_x96-415_u8.tif"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    grey = gaussian_filter(np.asarray(read(path).data[0, 0, 20:75, 100:165, 100:160], float), 1)
    return np.asarray(grey > threshold_otsu(grey))


@pytest.fixture(scope="module", params=[_sand, _casting])
def grains(request, shared_data) -> NDArray[np.bool_]:
    return request.param(shared_data)


@pytest.fixture(scope="module")
def ids(grains) -> NDArray[np.int32]:
    return split(grains)


@pytest.fixture(scope="module")
def table(grains, ids) -> pd.DataFrame:
    return measure(ids, phases=grains)


def test_there_are_grains(table) -> None:
    assert 5 < len(table) < 200
    assert table["sphericity"].between(0.3, 1).all()


NEAR = {
    # Hulls are sought in directions that do not turn with the axes.
    **dict.fromkeys(("feret_max_um", "feret_min_um", "roughness", "solidity"), 0.05),
    # Depths depend on the order of the axes by up to a tenth of a voxel.
    **dict.fromkeys(("crack_core", "crack_middle", "crack_shell"), 0.002),
}


def test_transposing_the_axes(grains, ids, table) -> None:
    order = (2, 0, 1)
    turned = split(np.ascontiguousarray(grains.transpose(order)))
    found = match(turned, ids.transpose(order))
    assert (found.precision, found.recall) == (1, 1)
    assert found.mean_iou > 0.99
    again = measure(np.ascontiguousarray(ids.transpose(order)), phases=grains.transpose(order))
    for name in set(table.columns) - DIRECTED:
        near = NEAR.get(name, 1e-4)
        np.testing.assert_allclose(
            again[name].astype(float), table[name].astype(float), rtol=near, err_msg=name
        )


def test_cropping_and_padding(grains, ids, table) -> None:
    padded = np.pad(ids, 7)
    again = measure(padded[7:-7, 7:-7, 7:-7], phases=grains)
    pd.testing.assert_frame_equal(again, table)
    inner = ~table["on_edge"]
    outer = measure(padded, phases=np.pad(grains, 7))
    same = [n for n in table.columns if n not in DIRECTED]
    np.testing.assert_allclose(
        outer.loc[inner, same].astype(float), table.loc[inner, same].astype(float), rtol=1e-6
    )


def test_saving_and_reopening(ids, grains, table, tmp_path) -> None:
    write_tiff(tmp_path / "ids.tif", ids[None].astype(np.uint16), voxel_size=(1, 1, 1))
    reopened = np.asarray(read(tmp_path / "ids.tif").data[0, 0]).astype(np.int32)
    pd.testing.assert_frame_equal(measure(reopened, phases=grains), table)


def test_twice_the_voxel_size(grains, ids, table) -> None:
    two = measure(split(grains, spacing=(2, 2, 2)), phases=grains, spacing=(2, 2, 2))
    np.testing.assert_allclose(two["volume_um3"], 8 * table["volume_um3"])
    np.testing.assert_allclose(two["surface_um2"], 4 * table["surface_um2"], rtol=1e-6)
    np.testing.assert_allclose(two["feret_max_um"], 2 * table["feret_max_um"], rtol=1e-6)
    for name in ("sphericity", "roughness", "elongation", "crack_fraction", "coordination"):
        np.testing.assert_allclose(two[name], table[name], rtol=1e-6)
