from __future__ import annotations

import numpy as np
import pytest

from operando.strain import CorrelationSettings, correlate

SHAPE = (36, 40, 110)


def field_of(points):
    return np.array([6.2, -3.4, 9.1]) + 0.6 * np.sin(2 * np.pi * points[:, [2, 0, 1]] / 90)


@pytest.fixture(scope="module")
def pair(texture):
    long = type(texture).random(SHAPE, seed=9)
    return long.render(noise=0.04, seed=1), long.render(field_of, noise=0.04, seed=2)


@pytest.fixture(scope="module")
def whole(pair):
    return correlate(*pair, spacing=10, window=15)


def test_tiles_give_what_the_whole_gives(pair, whole):
    tiled = correlate(*pair, spacing=10, window=15, settings=CorrelationSettings(tile=64))
    both = whole.valid & tiled.valid
    assert both.mean() > 0.7
    assert (whole.valid == tiled.valid).mean() > 0.97
    assert np.abs(tiled.displacement - whole.displacement)[both].max() < 2e-3


def test_guesses_from_a_reduced_volume_are_refined_in_the_tiles(pair, whole, monkeypatch):
    import sys

    monkeypatch.setattr(sys.modules["operando.strain.correlate"], "_COARSE_VOXELS", 20_000)
    tiled = correlate(*pair, spacing=10, window=15, settings=CorrelationSettings(tile=64))
    both = whole.valid & tiled.valid
    assert both.mean() > 0.7
    assert np.abs(tiled.displacement - whole.displacement)[both].max() < 2e-3


def test_arrays_that_are_not_numpy_are_read_in_pieces(pair, whole, tmp_path):
    import dask.array as da

    path = tmp_path / "reference.npy"
    np.save(path, pair[0])
    lazy = np.load(path, mmap_mode="r"), da.from_array(pair[1], chunks=(16, 16, 32))
    found = correlate(*lazy, spacing=10, window=15)
    np.testing.assert_array_equal(found.displacement, whole.displacement)
