from __future__ import annotations

import json
import os

import numpy as np
import pytest
import tifffile

from operando import Study
from operando.errors import FileError, InputError, StudyError
from operando.files import describe


def test_the_source_is_the_only_set_at_first(study):
    assert study.image_sets == ["images"]
    assert study.image_series() is study.series


def test_what_is_not_there_is_named(study):
    with pytest.raises(StudyError, match=r"no images/other in this study; use one of images"):
        study.image_series("images/other")


def test_study_and_images_can_be_moved_together(tmp_path, images):
    folder, frames = images
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)).close()
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    os.rename(tmp_path, moved)
    with Study.open(moved / "cell.operando") as study:
        np.testing.assert_array_equal(study.series.frame(2), frames[2])
    os.rename(moved, tmp_path)


def test_missing_images_are_named(tmp_path, images):
    folder, _ = images
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)).close()
    os.rename(folder, tmp_path / "elsewhere")
    with (
        Study.open(tmp_path / "cell.operando") as study,
        pytest.raises(FileError, match="scans"),
    ):
        _ = study.series


def test_a_scan_that_was_added_or_lost_is_named(tmp_path, images):
    folder, frames = images
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1), times=(0, 1, 3)).close()
    (folder / "times.csv").write_text("time_h\n0\n1\n3\n")
    added = folder / "a_late_scan.tif"
    tifffile.imwrite(added, frames[0])
    later = (folder / "frame_2.tif").stat().st_mtime + 10
    os.utime(added, (later, later))
    told = (
        r"scans now holds 4 frames \(the newest: a_late_scan.tif\), the study was made of 3; "
        "move the new ones out of it, or make a new study of all"
    )
    with (
        Study.open(tmp_path / "cell.operando") as study,
        pytest.raises(StudyError, match=told),
    ):
        _ = study.series
    added.unlink()
    (folder / "frame_1.tif").unlink()
    with (
        Study.open(tmp_path / "cell.operando") as study,
        pytest.raises(StudyError, match=r"now holds 2 frames, the study was made of 3; put the"),
    ):
        _ = study.series
    tifffile.imwrite(folder / "frame_1.tif", frames[1])
    with Study.open(tmp_path / "cell.operando") as study:
        assert study.series.times == (0, 1, 3)


def test_a_file_that_grew_is_named(tmp_path, images):
    path = tmp_path / "series.npy"
    np.save(path, images[1])
    Study.create(tmp_path / "cell", path, voxel_size=(1, 1, 1), axes="tzyx").close()
    np.save(path, np.concatenate([images[1], images[1]]))
    with (
        Study.open(tmp_path / "cell.operando") as study,
        pytest.raises(StudyError, match=r"now 6 frames in .*series.npy, the study was made of 3"),
    ):
        _ = study.series


def test_calibration_is_kept_and_changes_the_fingerprint(tmp_path, images):
    with Study.create(tmp_path / "cell", images[0], voxel_size=(1, 1, 1)) as study:
        before = study.fingerprint("images")
        study.calibrate(voxel_size=(2, 1, 1), times=(0, 2, 4))
        assert study.fingerprint("images") != before
        with pytest.raises(InputError, match="do not increase"):
            study.calibrate(times=(0, 2, 1))
    with Study.open(study.path) as study:
        assert study.voxel_size == (2, 1, 1)
        assert study.times == (0, 2, 4)


def test_files_are_not_opened_anew_for_another_calibration(tmp_path, images):
    """There may be thousands of them, on a slow disk."""
    path = tmp_path / "series.npy"
    np.save(path, images[1])
    with Study.create(tmp_path / "cell", path, voxel_size=(1, 1, 1), axes="tzyx") as study:
        before = study.series
        study.calibrate(voxel_size=(2, 1, 1), times=(0, 2, 4))
        assert study.series.data is before.data
        assert (study.series.voxel_size, study.series.times) == ((2, 1, 1), (0, 2, 4))
        study.calibrate()
        assert study.series.data is not before.data


def test_frames_keep_the_order_in_which_the_study_was_made(tmp_path, images):
    folder, frames = images
    for number, hours in enumerate((10, 2, 1)):
        os.rename(folder / f"frame_{number}.tif", folder / f"t_{hours}h.tif")
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)).close()
    with Study.open(tmp_path / "cell.operando") as study:
        np.testing.assert_array_equal(study.series.frame(0), frames[2])
        assert not any("order" in text for text in describe(study.series).warnings)
    path = tmp_path / "cell.operando" / "study.json"
    known = json.loads(path.read_text())
    assert known["frames"] == ["t_1h.tif", "t_2h.tif", "t_10h.tif"]
    path.write_text(json.dumps(known | {"frames": ["t_1h.tif", "t_10h.tif", "t_2h.tif"]}))
    with Study.open(tmp_path / "cell.operando") as study:
        for number, expected in enumerate((2, 0, 1)):
            np.testing.assert_array_equal(study.series.frame(number), frames[expected])
            assert study.series.metadata[number]["path"].endswith(f"t_{(10, 2, 1)[expected]}h.tif")
        assert any("from t_1h.tif on" in text for text in describe(study.series).warnings)


def test_frames_that_are_folders_are_noted(tmp_path, images):
    folder, frames = images
    for number, frame in enumerate(frames):
        (folder / f"t_{number}").mkdir()
        (folder / f"frame_{number}.tif").unlink()
        for z, page in enumerate(frame):
            tifffile.imwrite(folder / f"t_{number}" / f"{z}.tif", page)
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)).close()
    path = tmp_path / "cell.operando" / "study.json"
    known = json.loads(path.read_text())
    assert known["frames"] == ["t_0", "t_1", "t_2"]
    path.write_text(json.dumps(known | {"frames": ["t_2", "t_0", "t_1"]}))
    with Study.open(tmp_path / "cell.operando") as study:
        np.testing.assert_array_equal(study.series.frame(0), frames[2])


@pytest.mark.parametrize(("names", "told"), [(("1.5h", "1.25h", "2h"), True), ("123", False)])
def test_an_old_study_whose_frames_may_be_in_another_order_says_so(tmp_path, images, names, told):
    folder, _ = images
    for number, name in enumerate(names):
        os.rename(folder / f"frame_{number}.tif", folder / f"t_{name}.tif")
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)).close()
    path = tmp_path / "cell.operando" / "study.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "frames": []}))
    with Study.open(tmp_path / "cell.operando") as study:
        warnings = describe(study.series).warnings
    assert any("run the steps again" in text for text in warnings) == told


def test_frames_that_were_given_other_names_are_told(tmp_path, images):
    folder, _ = images
    Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)).close()
    os.rename(folder / "frame_0.tif", folder / "later.tif")
    with Study.open(tmp_path / "cell.operando") as study:
        (told,) = [text for text in describe(study.series).warnings if "other names" in text]
    assert "(frame_0.tif is gone)" in told
