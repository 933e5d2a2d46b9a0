from __future__ import annotations

import os

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr

from operando import Study
from operando.align import Transform, resampled
from operando.errors import Cancelled, FileError, InputError, StudyError
from operando.files import read


def test_create_and_reopen(tmp_path, images):
    folder, frames = images
    with Study.create(
        tmp_path / "cell", folder, voxel_size=(0.2, 0.1, 0.1), times=(0, 1, 3)
    ) as made:
        assert made.path == tmp_path / "cell.operando"
    with Study.open(tmp_path / "cell.operando") as study:
        np.testing.assert_array_equal(np.asarray(study.series.data[:, 0]), frames)
        assert study.series.voxel_size == (0.2, 0.1, 0.1)
        assert study.times == study.series.times == (0, 1, 3)
        assert study.name == "cell"


def test_the_name_it_was_made_by_opens_it(tmp_path, images):
    Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)).close()
    with Study.open(tmp_path / "cell") as study:
        assert study.path == tmp_path / "cell.operando"
    with pytest.raises(StudyError, match=r"'.' is no name of a study; name a folder"):
        Study.create(".", images[0], voxel_size=(1, 1, 1))


@pytest.mark.parametrize(
    ("written", "hints"),
    [
        ("slices", {}),
        ("volume.raw", {"shape": (6, 12, 10), "dtype": "uint16", "byteorder": "big", "offset": 7}),
        ("volume.npy", {"axes": "czyx"}),
    ],
)
def test_a_series_is_opened_again_as_it_was_read(tmp_path, images, written, hints):
    frames = images[1]
    path = tmp_path / written
    if written == "slices":
        for t, z in np.ndindex(3, 6):
            (path / f"frame_{t}").mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path / f"frame_{t}" / f"{z}.tif", frames[t, z])
    elif written == "volume.npy":
        np.save(path, frames)
    else:
        path.write_bytes(b"7 bytes" + frames[0].astype(">u2").tobytes())
    series = read(path, **hints)
    Study.create(tmp_path / "cell", series, voxel_size=(1, 1, 1)).close()
    with Study.open(tmp_path / "cell") as study:
        np.testing.assert_array_equal(study.series.data, series.data)


def test_images_that_were_changed_are_copied(tmp_path, images):
    series = read(images[0], voxel_size=(1, 1, 1))
    moved = resampled(
        series, [Transform.from_linear(np.eye(3), (0, 0, k), (0, 0, 0)) for k in range(3)]
    )
    with Study.create(tmp_path / "cell", moved) as study:
        np.testing.assert_allclose(study.series.frame(1)[..., :-1], images[1][1][..., 1:], atol=1)


def test_an_array_is_copied_into_the_study(tmp_path, images):
    _, frames = images
    with Study.create(tmp_path / "cell", frames, voxel_size=(0.5, 0.4, 0.3)) as study:
        assert study.series.data.shape == (3, 1, 6, 12, 10)
    with Study.open(tmp_path / "cell.operando") as study:
        np.testing.assert_array_equal(np.asarray(study.series.data[:, 0]), frames)


@pytest.mark.parametrize("made", [zarr.array, da.from_array])
def test_an_array_may_be_lazy(tmp_path, images, made):
    with Study.create(tmp_path / "cell", made(images[1]), voxel_size=(1, 1, 1)) as study:
        np.testing.assert_array_equal(np.asarray(study.series.data[:, 0]), images[1])


@pytest.mark.parametrize(
    ("array", "more", "words"),
    [
        (np.zeros((2, 0, 4, 4)), {}, "empty"),
        (np.full((2, 3, 4, 4), "a"), {}, "no grey values"),
        (np.zeros((2, 3, 4, 4)), {"times": [0]}, "1 times for 2 frames"),
        (np.zeros((2, 3, 4, 4)), {"axes": "tzyx"}, "axes would tell how files are laid out"),
        (7, {}, "no path"),
        ([np.zeros((3, 4, 4))], {}, "no path"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, array, more, words):
    with pytest.raises(InputError, match=f"{words}.*; "):
        Study.create(tmp_path / "cell", array, voxel_size=(1, 1, 1), **more)
    assert not list(tmp_path.iterdir())


def test_without_a_voxel_size_nothing_is_made(tmp_path, images):
    with pytest.raises(InputError, match="how large a voxel is"):
        Study.create(tmp_path / "cell", images[0])
    assert not (tmp_path / "cell.operando").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_copy_that_is_cancelled_leaves_nothing_in_the_way(tmp_path, rng, there):
    folder = tmp_path / "cell.operando"
    if there:
        folder.mkdir()

    def stop(progress):
        raise Cancelled

    images = rng.random((2, 3, 4, 5))
    with pytest.raises(Cancelled):
        Study.create(folder, images, voxel_size=(1, 1, 1), progress=stop)
    assert folder.exists() == there
    with Study.create(folder, images, voxel_size=(1, 1, 1)) as study:
        np.testing.assert_array_equal(study.series.data[:, 0], images)


def test_a_folder_with_content_is_refused(tmp_path, images):
    (tmp_path / "cell.operando").mkdir()
    (tmp_path / "cell.operando" / "thesis.txt").touch()
    with pytest.raises(StudyError, match="not empty"):
        Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1))
    assert [p.name for p in (tmp_path / "cell.operando").iterdir()] == ["thesis.txt"]


def test_opening_removes_what_a_killed_program_left(tmp_path, images):
    Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)).close()
    half = tmp_path / "cell.operando" / "particles" / ".particles.zarr.0a1b2c3d.partial"
    half.mkdir(parents=True)
    Study.open(tmp_path / "cell", read_only=True).close()
    assert half.exists()
    Study.open(tmp_path / "cell").close()
    assert not half.exists()


def test_a_study_is_found_also_beside_a_folder_of_its_name(tmp_path, images):
    folder, _ = images
    Study.create(tmp_path / folder.name, folder, voxel_size=(1, 1, 1)).close()
    with Study.open(tmp_path / folder.name, read_only=True) as study:
        assert study.path == tmp_path / f"{folder.name}.operando"


def test_who_has_it_open_already_is_told_so(tmp_path, images):
    with (
        Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study,
        pytest.raises(StudyError, match=r"this program: go on with what it opened, or close\(\)"),
    ):
        Study.open(study.path)


def test_a_product_is_never_the_study_itself(tmp_path, images):
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        (study.path / "models").mkdir()
        with pytest.raises(InputError, match="names no product"):
            study.remove("models/..")
        with pytest.raises(InputError, match="names no strokes"):
            study.strokes("..")
        assert (study.path / "study.json").exists()


def test_open_elsewhere_is_refused_and_looking_is_not(tmp_path, images):
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        with pytest.raises(StudyError, match="open elsewhere"):
            Study.open(study.path)
        with Study.open(study.path, read_only=True) as looking:
            assert looking.series.n_frames == 3
            with pytest.raises(StudyError, match="reading only"):
                looking.write_table("a", pd.DataFrame({"a": [1]}))
    Study.open(study.path).close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path, images):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(FileError, match="may not be written"):
        Study.create(locked / "cell", images[0], voxel_size=(1, 1, 1))
