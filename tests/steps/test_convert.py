from __future__ import annotations

import shutil
from collections import namedtuple
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile

from operando import Study
from operando.cli.describe import study_lines
from operando.errors import Cancelled, FileError
from operando.files import describe, read
from operando.steps import make_step, run_step, step_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from operando.compute import Progress

SHAPE = (2, 150, 70, 140)


@pytest.fixture
def frames(rng: np.random.Generator) -> NDArray[np.uint16]:
    return rng.integers(0, 60_000, SHAPE, np.uint16)


@pytest.fixture
def compressed(tmp_path: Path, frames: NDArray[np.uint16]) -> Iterator[Study]:
    """A study of compressed TIFF files."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for t, frame in enumerate(frames):
        tifffile.imwrite(folder / f"{t}.tif", frame, compression="zlib", photometric="minisblack")
    with Study.create(tmp_path / "cell", folder, voxel_size=(0.5, 0.5, 0.5), times=(0, 3)) as made:
        yield made


def test_the_study_reads_the_same_voxels_from_the_copy(
    compressed: Study, frames: NDArray[np.uint16]
) -> None:
    before = compressed.fingerprint("images")
    entry = run_step(compressed, make_step("convert", {}))
    compressed.calibrate()
    series = compressed.series
    assert series.source == (compressed.path / "images" / "converted.zarr",)
    assert np.array_equal(np.asarray(series.data[:, 0]), frames)
    assert (series.voxel_size, series.times) == ((0.5, 0.5, 0.5), (0, 3))
    assert series.channels == ("intensity",)
    # What was made of the images before stays up to date.
    assert compressed.fingerprint("images") == before
    assert step_status(compressed, "convert").state == "done"
    assert entry.values["levels"] == 2
    assert describe(series).slow == ""


def test_the_levels_are_means(compressed: Study, frames: NDArray[np.uint16]) -> None:
    run_step(compressed, make_step("convert", {}))
    small = read(compressed.path / "images" / "converted.zarr", dataset="1")
    expected = frames[0, :2, :2, :2].mean()
    assert int(small.data[0, 0, 0, 0, 0]) == pytest.approx(expected, abs=0.51)


def test_sources_that_changed_are_read_themselves(compressed: Study, tmp_path: Path) -> None:
    run_step(compressed, make_step("convert", {}))
    with Study.create(tmp_path / "one", tmp_path / "scans" / "0.tif", (1, 1, 1)) as study:
        run_step(study, make_step("convert", {}))
        new = np.zeros(SHAPE[1:], np.uint16)
        tifffile.imwrite(tmp_path / "scans" / "0.tif", new, photometric="minisblack")
        study.calibrate()
        assert study.series.source == (tmp_path / "scans" / "0.tif",)
        assert not np.asarray(study.series.data).any()


def test_a_stopped_conversion_goes_on(
    compressed: Study, frames: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise Cancelled

    step = make_step("convert", {"checks": 0})
    with pytest.raises(Cancelled):
        step.run(compressed, stop)
    assert compressed.series.source != ()
    assert "converted.zarr" not in str(compressed.series.source)
    read_blocks = []
    monkeypatch.setattr(
        "operando.steps.convert._check_same", lambda a, b, key: read_blocks.append(key)
    )
    step.run(compressed, None)
    assert len(read_blocks) == 6 - 3
    compressed.calibrate()
    assert np.array_equal(np.asarray(compressed.series.data[:, 0]), frames)


def test_a_disk_without_room_is_refused_before_anything_is_written(
    compressed: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(FileError, match=r"may need .* GB, the disk of .* has 1e-06 GB free"):
        run_step(compressed, make_step("convert", {}))
    assert compressed.products("images") == []


def test_a_copy_that_is_not_the_same_is_refused(
    compressed: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zarr

    write = zarr.Array.__setitem__
    monkeypatch.setattr(zarr.Array, "__setitem__", lambda a, box, v: write(a, box, v ^ 1))
    with pytest.raises(FileError, match="not what was read"):
        run_step(compressed, make_step("convert", {}))
    assert compressed.products("images") == []


def test_gone_sources_are_told_in_one_sentence(compressed: Study, tmp_path: Path) -> None:
    (tmp_path / "scans").rename(tmp_path / "elsewhere")
    compressed.calibrate()
    with pytest.raises(FileError, match="images of this study are gone"):
        _ = compressed.series


@pytest.mark.parametrize("gone", ["folder", "content"])
def test_the_copy_stands_in_for_images_that_are_gone(
    compressed: Study, frames: NDArray[np.uint16], tmp_path: Path, gone: str
) -> None:
    run_step(compressed, make_step("convert", {}))
    before = compressed.fingerprint("images")
    compressed.close()
    shutil.rmtree(tmp_path / "scans")
    if gone == "content":
        (tmp_path / "scans").mkdir()
    with Study.open(tmp_path / "cell") as study:
        assert np.array_equal(np.asarray(study.series.data[:, 0]), frames)
        assert study.fingerprint("images") == before
        assert step_status(study, "convert").state == "done"
        (told,) = [text for text in describe(study.series).warnings if "gone" in text]
        assert f"({tmp_path / 'scans'}), their converted copy is shown" in told
        assert any("are gone" in line for line in study_lines(study))
        study.remove("images/converted")
        study.calibrate()
        with pytest.raises(FileError):
            _ = study.series
