from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from operando.data import DisplacementField
from operando.errors import StudyError
from operando.study.fields import read_field, write_field


@pytest.fixture
def field(rng):
    n = 2 * 3 * 4
    return DisplacementField(
        positions=rng.random((n, 3)),
        displacement=rng.random((n, 3)),
        gradient=rng.random((n, 3, 3)),
        sigma=rng.random((n, 3)),
        zncc=rng.random(n),
        status=rng.integers(0, 3, n).astype(np.uint8),
        grid_shape=(2, 3, 4),
        spacing=(5.0, 6.0, 7.0),
        window=(11, 13, 15),
        info={"noise": 0.5, "why": "because"},
    )


def test_round_trip(tmp_path, field):
    write_field(tmp_path / "f.zarr", field)
    read = read_field(tmp_path / "f.zarr")
    for name in ("positions", "displacement", "gradient", "sigma", "zncc", "status"):
        np.testing.assert_array_equal(getattr(read, name), getattr(field, name))
    assert (read.grid_shape, read.spacing, read.window) == ((2, 3, 4), (5, 6, 7), (11, 13, 15))
    assert read.info == field.info
    assert read.gradient_sigma is None


def test_errors_of_gradients_are_kept(tmp_path, field, rng):
    sigma = rng.random(field.gradient.shape)
    write_field(tmp_path / "f.zarr", replace(field, gradient_sigma=sigma))
    np.testing.assert_array_equal(read_field(tmp_path / "f.zarr").gradient_sigma, sigma)


def test_an_absent_field_is_named(tmp_path):
    with pytest.raises(StudyError, match="000-001"):
        read_field(tmp_path / "000-001.zarr")
