from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zarr

from operando.align import Transform
from operando.errors import FileError, InputError
from operando.steps import make_step, run_step
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
    write_transforms(path, "images", [Transform.identity(), shift], study.voxel_size)
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
        check_new_set(product, source, Path)


def test_a_set_is_not_made_of_one_that_looks_at_it(study):
    still = [Transform.identity()] * study.series.n_frames
    for name, source in (("a", "images"), ("b", "images/a")):
        path = study.product_path(f"images/{name}").with_suffix(".json")
        write_transforms(path, source, still, study.voxel_size)
    with pytest.raises(InputError, match="images/a cannot be made of images/b, which looks at it"):
        check_new_set("images/a", "images/b", study.product_path)
    check_new_set("images/c", "images/b", study.product_path)


def test_transforms_fit_also_after_the_voxel_size_was_corrected(study):
    """They are shifts and turns of voxels that were measured, whatever a voxel is found to be."""
    turned = Transform.from_linear(
        [[1, 0, 0], [0, 0.995, -0.0998], [0, 0.0998, 0.995]],
        np.multiply((1, -3, 2), study.voxel_size),
        np.multiply((8, 16, 16), study.voxel_size),
    )
    path = study.product_path("images/aligned").with_suffix(".json")
    write_transforms(path, "images", [Transform.identity(), turned], study.voxel_size)
    before = study.image_series("images/aligned").frame(1)
    corrected = tuple(7 * edge for edge in study.voxel_size)
    study.calibrate(voxel_size=corrected)
    after = study.image_series("images/aligned")
    assert after.voxel_size == pytest.approx(corrected)
    np.testing.assert_array_equal(after.frame(1), before)


def test_transforms_of_an_earlier_version_are_read(study):
    path = study.product_path("images/aligned").with_suffix(".json")
    write_transforms(path, "images", [Transform.identity()] * 2, study.voxel_size)
    content = json.loads(path.read_text())
    del content["voxel_size"]
    path.write_text(json.dumps(content))
    np.testing.assert_array_equal(
        study.image_series("images/aligned").frame(1), study.series.frame(1)
    )


class Killed(BaseException):
    """The program ends here."""


@pytest.mark.parametrize("step", ["intensity", "convert"])
def test_a_kill_while_the_empty_arrays_are_made_does_not_stop_the_next_run(
    study, monkeypatch, step
):
    made = zarr.Group.create_array

    def killed(*args, **kwargs):
        made(*args, **kwargs)
        raise Killed

    again = make_step(step, {})
    with monkeypatch.context() as killing:
        killing.setattr(zarr.Group, "create_array", killed)
        with pytest.raises(Killed):
            run_step(study, again)
    run_step(study, again)
    for product in again.outputs(study):
        assert study.fingerprint(product)
