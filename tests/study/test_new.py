from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import datetime

import dask.array as da
import numpy as np
import pytest

from operando import Study
from operando.clean import crop
from operando.data import Series
from operando.errors import Cancelled, FileError
from operando.files import read
from operando.steps import make_step, run_step
from operando.study.new import bring_along, new_study


@pytest.fixture
def frames(rng):
    return rng.integers(0, 60_000, (2, 40, 16, 20), np.uint16)


@pytest.fixture
def images(tmp_path, frames):
    folder = tmp_path / "scan"
    folder.mkdir()
    for t, frame in enumerate(frames):
        np.save(folder / f"{t}.npy", frame)
    return folder


def test_all_images_are_referenced(tmp_path, images):
    with new_study(tmp_path / "cell", images, voxel_size=(1, 1, 1)) as study:
        assert study.series.source[0].parent == images
        assert study.products("images") == []


def test_a_part_is_copied_and_told(tmp_path, images, frames):
    told = []
    with new_study(
        tmp_path / "cell",
        images,
        crop="2:,4:12,:",
        binning="1,2,2",
        voxel_size=(0.3, 0.1, 0.1),
        times=(0, 2),
        progress=told.append,
    ) as study:
        means = frames[:, 2:, 4:12].reshape(2, 38, 4, 2, 10, 2).mean(axis=(3, 5))
        assert np.abs(np.asarray(study.series.data[:, 0]) - means).max() <= 0.5
        assert study.voxel_size == (0.3, 0.2, 0.2)
        assert study.times == (0, 2)
    assert (told[-1].done, told[-1].total) == (4, 4)


def test_a_cropped_series_stays_cropped(tmp_path, images, frames):
    part = crop(read(images, voxel_size=(1, 1, 1)), (slice(3, 9), slice(None), slice(5, 15)))
    Study.create(tmp_path / "cell", part).close()
    with Study.open(tmp_path / "cell.operando") as study:
        assert np.array_equal(np.asarray(study.series.data[:, 0]), frames[:, 3:9, :, 5:15])


def test_channels_keep_their_names_in_a_copy(tmp_path):
    data = da.zeros((1, 2, 4, 8, 8), dtype=np.float32)
    energies = Series(data=data, voxel_size=(1, 1, 1), channels=("8340 eV", "8350 eV"))
    with Study.create(tmp_path / "cell", energies) as study:
        assert study.series.channels == ("8340 eV", "8350 eV")


def test_nothing_is_left_of_a_stopped_copy(tmp_path, images):
    def stop(progress):
        raise Cancelled

    with pytest.raises(Cancelled):
        new_study(tmp_path / "cell", images, crop="1:,:,:", voxel_size=(1, 1, 1), progress=stop)
    assert not (tmp_path / "cell.operando").exists()


def test_a_full_disk_is_told_before_anything_is_written(tmp_path, images, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(FileError, match="has 1e-06 GB free"):
        new_study(tmp_path / "cell", images, binning="2", voxel_size=(1, 1, 1))
    assert not (tmp_path / "cell.operando").exists()


@pytest.mark.parametrize("how", ["cropped", "converted"])
def test_a_copy_knows_when_its_first_frame_was_taken(tmp_path, images, how, monkeypatch):
    dates = tuple({"acquired": datetime(2024, 3, 1, 12 + t)} for t in range(2))
    series = read(images, voxel_size=(1, 1, 1), times=(0, 1))
    dated = replace(
        series, metadata=tuple({**m, **d} for m, d in zip(series.metadata, dates, strict=True))
    )
    part = crop(dated, (slice(3, 9), slice(None), slice(5, 15))) if how == "cropped" else dated
    (tmp_path / "cell.csv").write_text(
        "DateTime,Voltage(V)\n2024-03-01 10:30:00,3\n2024-03-01 12:30:00,4\n"
    )
    with Study.create(tmp_path / "cell", part) as study:
        if how == "converted":
            monkeypatch.setattr(Study, "source_series", dated)
            run_step(study, make_step("convert", {}))
            study.calibrate()
        bring_along(study, None, tmp_path / "cell.csv")
        assert study.table("cycling")["time_h"].tolist() == [-1.5, 0.5]
