from __future__ import annotations

import numpy as np
import pytest

from operando.align import Transform
from operando.errors import FileError, InputError
from operando.study.image_sets import (
    check_new_set,
    create_image_set,
    read_transforms,
    write_transforms,
)


def test_a_written_set_has_grid_and_calibration_of_the_source(study):
    target = create_image_set(study.product_path("images/clean"), study.series)
    target[:] = study.series.data.compute() + 1
    assert study.image_sets == ["images", "images/clean"]
    series = study.image_series("images/clean")
    assert (series.voxel_size, series.times) == (study.voxel_size, study.times)
    np.testing.assert_array_equal(series.frame(1), study.series.frame(1) + 1)


def test_a_set_seen_through_transforms_is_resampled_when_read(study):
    dz, dy, dx = study.voxel_size
    shift = Transform.from_linear(np.eye(3), (2 * dz, -3 * dy, dx), (0, 0, 0))
    path = study.product_path("images/aligned").with_suffix(".json")
    write_transforms(path, "images", [Transform.identity(), shift])
    assert study.product_path("images/aligned") == path
    series = study.image_series("images/aligned")
    source = study.series.frame(1).astype(float)
    np.testing.assert_array_equal(series.frame(0), study.series.frame(0))
    moved = series.frame(1)[4:20, 8:40, 8:40]
    np.testing.assert_allclose(moved, source[6:22, 5:37, 9:41], atol=1.01)


def test_damaged_transforms_are_named(tmp_path):
    path = tmp_path / "aligned.json"
    path.write_text("{")
    with pytest.raises(FileError, match="holds no transforms"):
        read_transforms(path)


@pytest.mark.parametrize(
    ("product", "source"), [("images/a", "images/a"), ("images/source", "images"), ("images/", "")]
)
def test_a_set_is_not_made_of_itself_or_over_the_source(product, source):
    with pytest.raises(InputError):
        check_new_set(product, source)
