"""Real sand: no truth, but what must not change the result must not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from operando.particles import match, measure, split

SAND = Path(__file__).parents[3] / "shared/data/sand_grains/sand_grains_501x501x300.npy.zip"


@pytest.fixture(scope="module")
def grains():
    if not SAND.exists():
        pytest.skip(f"{SAND} is not here")
    with zipfile.ZipFile(SAND) as archive:
        volume = np.load(io.BytesIO(archive.read(archive.namelist()[0])))
    return volume[100:200, 100:200, 100:200].astype(bool)


def test_transposing_and_voxel_size(grains) -> None:
    ids = split(grains)
    assert 10 < ids.max() < 100
    turned = split(np.ascontiguousarray(grains.transpose(2, 0, 1)))
    found = match(turned, ids.transpose(2, 0, 1))
    assert (found.precision, found.recall) == (1, 1)
    assert found.mean_iou > 0.99
    one, two = measure(ids), measure(split(grains, spacing=(2, 2, 2)), spacing=(2, 2, 2))
    np.testing.assert_allclose(two["volume_um3"], 8 * one["volume_um3"])
