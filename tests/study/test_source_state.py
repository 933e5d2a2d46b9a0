from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import tifffile

from operando import Study
from operando.steps import make_step, run_step, step_status
from operando.study import source_state as source_state_module
from operando.study.source_state import WHOLE_BYTES, source_state


@pytest.fixture
def folder(tmp_path, rng):
    made = tmp_path / "scans"
    made.mkdir()
    for t, frame in enumerate(rng.integers(0, 999, (3, 6, 32, 30)).astype(np.uint16)):
        tifffile.imwrite(made / f"frame_{t}.tif", frame)
    return made


def test_a_copy_with_other_times_is_the_same(folder, tmp_path):
    copy = tmp_path / "elsewhere" / "scans"
    shutil.copytree(folder, copy, copy_function=shutil.copyfile)
    for path in [copy, *copy.iterdir()]:
        os.utime(path, (1e9, 1e9))
    assert source_state([copy]) == source_state([folder])
    files = sorted(folder.iterdir())
    assert source_state([copy / f.name for f in files]) == source_state(files)


def test_another_voxel_name_or_file_is_not(folder):
    seen = [source_state([folder])]
    volume = tifffile.imread(folder / "frame_1.tif")
    volume[3, 4, 5] += 1
    tifffile.imwrite(folder / "frame_1.tif", volume)
    seen.append(source_state([folder]))
    (folder / "frame_2.tif").rename(folder / "frame_3.tif")
    seen.append(source_state([folder]))
    (folder / "frame_3.tif").unlink()
    seen.append(source_state([folder]))
    assert len(set(seen)) == 4


def test_of_large_files_a_sample_is_read(tmp_path):
    path = tmp_path / "large.raw"
    voxels = np.zeros(WHOLE_BYTES // 2 + 1000, np.uint16)
    voxels.tofile(path)
    before = source_state([path])
    (voxels + 1).tofile(path)
    assert source_state([path]) != before


def test_steps_stay_done_when_study_and_images_are_copied(folder, tmp_path):
    here = tmp_path / "here"
    shutil.move(folder, here / "scans")
    with Study.create(here / "cell", here / "scans", voxel_size=(1, 1, 1)) as study:
        run_step(study, make_step("quality", {}))
    there = tmp_path / "there"
    shutil.copytree(here, there, copy_function=shutil.copyfile)
    with Study.open(there / "cell.operando") as study:
        assert step_status(study, "quality").state == "done"
        path = there / "scans" / "frame_0.tif"
        tifffile.imwrite(path, tifffile.imread(path) + 1)
        os.utime(there / "scans", (1e9, 1e9))
        assert step_status(study, "quality").state == "out of date"


def test_gone_files_are_another_state(folder):
    before = source_state([folder])
    assert source_state([folder.with_name("gone")]) != before


def test_every_frame_counts_also_of_many_large_ones(tmp_path, rng):
    """One of 20 frames is reconstructed anew: as large as before, under the same name."""
    voxels = rng.integers(0, 255, (20, WHOLE_BYTES // 10), np.uint8)
    for t, frame in enumerate(voxels):
        frame.tofile(tmp_path / f"frame_{t}.raw")
    before = source_state([tmp_path])
    for t, frame in enumerate(voxels):
        (frame + 1).tofile(tmp_path / f"frame_{t}.raw")
        assert source_state([tmp_path]) != before
        frame.tofile(tmp_path / f"frame_{t}.raw")
    assert source_state([tmp_path]) == before


def test_every_frame_counts_also_of_many_slices(tmp_path, monkeypatch):
    monkeypatch.setattr(source_state_module, "MOST_FILES", 50)
    monkeypatch.setattr(source_state_module, "WHOLE_BYTES", 0)
    for t in range(5):
        (tmp_path / f"frame_{t}").mkdir()
        for z in range(40):
            (tmp_path / f"frame_{t}" / f"slice_{z}.raw").write_bytes(bytes([t, z]))
    before = source_state([tmp_path])
    for z in range(40):
        (tmp_path / "frame_4" / f"slice_{z}.raw").write_bytes(b"xx")
    changed = source_state([tmp_path])
    (tmp_path / "frame_2" / "slice_40.raw").write_bytes(b"xx")
    assert len({before, changed, source_state([tmp_path])}) == 3


def test_a_frame_that_is_written_over_is_noticed_while_the_study_is_open(folder, tmp_path):
    with Study.create(tmp_path / "cell", folder, voxel_size=(1, 1, 1)) as study:
        run_step(study, make_step("quality", {}))
        path = folder / "frame_1.tif"
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        assert step_status(study, "quality").state == "out of date"
