from __future__ import annotations

import mmap
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile

from operando.errors import FileError, InputError
from operando.files import describe, read
from operando.files.tiff.reader import open_tiff

SERIES = np.random.default_rng(3).integers(0, 60000, (11, 7, 6, 5), dtype=np.uint16)


def write_slices(folder: Path, volume: np.ndarray, **options: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for z, image in enumerate(volume):
        tifffile.imwrite(folder / f"slice_{z}.tif", image, **options)
    return folder


def values(series: object) -> np.ndarray:
    return np.asarray(series.data)  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"byteorder": ">"}])
def test_a_folder_of_slices_is_one_frame(tmp_path: Path, options: dict[str, object]) -> None:
    volume = SERIES[:, 0]
    folder = write_slices(tmp_path / "scan", volume, **options)
    (folder / "notes.txt").write_text("x")
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / ".hidden.tif").write_bytes(b"x")
    series = read(folder)
    assert series.data.shape == (1, 1, 11, 6, 5)
    assert np.array_equal(values(series)[0, 0], volume)
    assert series.name == "scan"
    assert [p.name for p in series.source[:3]] == ["slice_0.tif", "slice_1.tif", "slice_2.tif"]
    assert series.source[10].name == "slice_10.tif"
    assert series.voxel_size is None
    assert series.times is None


def test_a_folder_of_folders_of_slices_is_one_frame_each(tmp_path: Path) -> None:
    for t, volume in enumerate(SERIES):
        write_slices(tmp_path / f"frame_{t}", volume)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log.txt").write_text("x")
    series = read(tmp_path)
    assert series.data.shape == (11, 1, 7, 6, 5)
    assert np.array_equal(values(series)[:, 0], SERIES)
    assert len(series.metadata) == 11


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"byteorder": ">"},
        {"imagej": True, "metadata": {"axes": "ZYX"}},
        {"metadata": None},
        {"metadata": None, "compression": "lzw", "bigtiff": True},
        {"ome": True, "metadata": {"axes": "ZYX"}},
    ],
)
def test_a_folder_of_volumes_is_one_frame_each(tmp_path: Path, options: dict[str, object]) -> None:
    for t, volume in enumerate(SERIES):
        tifffile.imwrite(tmp_path / f"frame_{t}.tif", volume, **options)
    series = read(tmp_path)
    assert series.data.dtype == np.uint16
    assert series.data.dtype.isnative
    assert np.array_equal(values(series)[:, 0], SERIES)
    assert [p.name for p in series.source[1:3]] == ["frame_1.tif", "frame_2.tif"]


def test_a_list_keeps_its_order(tmp_path: Path) -> None:
    paths = []
    for t, volume in enumerate(SERIES[:3]):
        paths.append(tmp_path / f"{9 - t}.tif")
        tifffile.imwrite(paths[-1], volume)
    assert np.array_equal(values(read(paths))[:, 0], SERIES[:3])
    assert np.array_equal(values(read([str(p) for p in paths[::-1]]))[:, 0], SERIES[2::-1])


def test_a_list_of_folders_is_one_frame_each(tmp_path: Path) -> None:
    folders = [write_slices(tmp_path / n, v) for n, v in zip("ab", SERIES, strict=False)]
    assert np.array_equal(values(read(folders))[:, 0], SERIES[:2])


def test_four_axes_in_one_file(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES)
    assert np.array_equal(values(read(tmp_path / "a.tif"))[:, 0], SERIES)
    assert np.array_equal(values(read(tmp_path))[:, 0], SERIES)


def test_five_axes_and_hints(tmp_path: Path) -> None:
    five = SERIES[:, :6].reshape(11, 3, 2, 6, 5)
    tifffile.imwrite(tmp_path / "a.tif", five)
    assert np.array_equal(values(read(tmp_path / "a.tif")), five)
    swapped = read(tmp_path / "a.tif", axes="tzcyx")
    assert np.array_equal(values(swapped), five.swapaxes(1, 2))
    assert swapped.channels == ("channel 1", "channel 2")


def test_numpy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "f_1.npy", SERIES[0])
    np.save(tmp_path / "f_2.npy", np.asfortranarray(SERIES[1]))
    assert np.array_equal(values(read(tmp_path))[:, 0], SERIES[:2])


def test_what_the_user_says_comes_first(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif",
        SERIES.astype(np.float32),
        imagej=True,
        resolution=(4, 5),
        metadata={"axes": "TZYX", "unit": "um", "spacing": 0.5, "finterval": 1800},
    )
    series = read(tmp_path / "a.tif")
    assert series.voxel_size == pytest.approx((0.5, 0.2, 0.25))
    assert series.times == pytest.approx(tuple(0.5 * t for t in range(11)))
    told = read(tmp_path, voxel_size=(1, 2, 3), times=range(11), name="mine")
    assert told.voxel_size == (1, 2, 3)
    assert told.times == tuple(range(11))
    assert told.name == "mine"


def test_times_from_a_table_beside_the_frames(tmp_path: Path) -> None:
    for t in range(3):
        tifffile.imwrite(tmp_path / f"{t}.tif", SERIES[t])
    (tmp_path / "times.csv").write_text("time_h\n0\n0.5\n2\n")
    assert read(tmp_path).times == (0, 0.5, 2)
    assert read(sorted(tmp_path.glob("*.tif"))).times == (0, 0.5, 2)
    (tmp_path / "times.csv").write_text("time_h\n0\n0.5\n")
    with pytest.raises(InputError, match="2 times for 3 frames"):
        read(tmp_path)


def test_only_the_slices_looked_at_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = np.random.default_rng(0).integers(0, 255, (3, 5, 800, 800), dtype=np.uint8)
    for t, volume in enumerate(big):
        tifffile.imwrite(tmp_path / f"{t}.tif", volume, compression="zlib")
    series = read(tmp_path)
    decoded = []
    asarray = tifffile.TiffPage.asarray

    def count(page: tifffile.TiffPage, **options: object) -> np.ndarray:
        decoded.append((page.parent.filename, page.index))
        return asarray(page, **options)

    monkeypatch.setattr(tifffile.TiffPage, "asarray", count)
    assert np.array_equal(np.asarray(series.data[1, 0, 3]), big[1, 3])
    assert decoded == [("1.tif", 3)]


def test_opening_reads_no_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for t, volume in enumerate(SERIES):
        tifffile.imwrite(tmp_path / f"{t}.tif", volume, compression="zlib")

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("read while opening")

    monkeypatch.setattr(tifffile.TiffPage, "asarray", refuse)
    monkeypatch.setattr(tifffile.TiffFile, "asarray", refuse)
    assert read(tmp_path).n_frames == 11


def test_open_bytes_are_mapped_not_read(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES)
    box = (slice(2, 3), slice(0, 1), *(slice(0, n) for n in SERIES.shape[1:]))
    base = open_tiff(tmp_path / "a.tif").source.read(box)
    assert np.array_equal(base[0, 0], SERIES[2])
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, mmap.mmap)


def test_no_file_stays_open(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    write_slices(tmp_path, SERIES[0], compression="zlib")
    before = len(os.listdir("/proc/self/fd"))
    series = read(tmp_path)
    np.asarray(series.data)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_series_can_be_sent_to_another_process(tmp_path: Path) -> None:
    write_slices(tmp_path / "s", SERIES[0])
    tifffile.imwrite(tmp_path / "a.tif", SERIES)
    for path in (tmp_path / "s", tmp_path / "a.tif"):
        series = read(path)
        copy = pickle.loads(pickle.dumps(series))
        assert np.array_equal(values(copy), values(series))


def test_a_changed_file_is_a_new_array(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES)
    first = read(tmp_path / "a.tif").data.name
    assert read(tmp_path / "a.tif").data.name == first
    tifffile.imwrite(tmp_path / "a.tif", SERIES + 1)
    os.utime(tmp_path / "a.tif", (1, 1))
    assert read(tmp_path / "a.tif").data.name != first


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        read(tmp_path / "nothing")
    with pytest.raises(FileError, match="list of files is empty"):
        read([])


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is empty"):
        read(tmp_path)


def test_a_folder_without_images_says_what_it_found(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "b.csv").touch()
    with pytest.raises(FileError, match=r"no images in .*1 \.txt, 1 \.csv"):
        read(tmp_path)


def test_an_unknown_file(tmp_path: Path) -> None:
    (tmp_path / "a.docx").touch()
    with pytest.raises(FileError, match=r"no format that can be read \(\.docx\)"):
        read(tmp_path / "a.docx")
    with pytest.raises(FileError, match="no format that can be read"):
        read([tmp_path / "a.docx", tmp_path / "a.docx"])


def test_frames_of_different_size_or_type_are_named(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "1.tif", SERIES[0])
    tifffile.imwrite(tmp_path / "2.tif", SERIES[0, :5])
    with pytest.raises(FileError, match=r"size: 2\.tif has 5 × 6 × 5, 1\.tif has 7 × 6 × 5"):
        read(tmp_path)
    tifffile.imwrite(tmp_path / "2.tif", SERIES[0].astype(np.float32))
    with pytest.raises(FileError, match=r"type: 2\.tif has float32, 1\.tif has uint16"):
        read(tmp_path)


def test_mixed_folders_are_refused(tmp_path: Path) -> None:
    write_slices(tmp_path / "frame", SERIES[0])
    tifffile.imwrite(tmp_path / "overview.tif", SERIES[0, 0])
    with pytest.raises(FileError, match="both images and folders of images"):
        read(tmp_path)
    np.save(tmp_path / "frame" / "a.npy", SERIES[0])
    with pytest.raises(FileError, match=r"several kinds of images \(1 \.npy, 1 \.tif\)"):
        read(tmp_path / "frame")


def test_folders_with_several_volumes_each_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        for t in range(2):
            tifffile.imwrite(tmp_path / name / f"{t}.tif", SERIES[t])
    with pytest.raises(FileError, match="a holds several volumes"):
        read(tmp_path)


def test_times_of_a_table_belong_to_files_also_where_these_are_listed(tmp_path: Path) -> None:
    frames = [tmp_path / f"frame_{number}.npy" for number in (1, 2, 10)]
    for number, path in enumerate(frames):
        np.save(path, np.full((3, 4, 5), number, np.uint8))
    (tmp_path / "times.csv").write_text("time_h\n0\n0.5\n2\n")
    assert read(frames).times == (0, 0.5, 2)
    assert read(frames[1:]).times == (0.5, 2)
    assert read(frames[::2]).times == (0, 2)
    with pytest.raises(FileError, match=r"are of \(0.0, 2.0, 0.5\) h; list them in the order"):
        read(sorted(frames))
    (tmp_path / "times.csv").unlink()
    assert not any("listed" in text for text in describe(read(frames)).warnings)
    told = describe(read(sorted(frames))).warnings
    assert any("in the order in which they were listed, from frame_1.npy on" in t for t in told)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_no_permission(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES[0])
    (tmp_path / "a.tif").chmod(0)
    with pytest.raises(FileError, match="may not be read"):
        read(tmp_path / "a.tif")


def test_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES[0])

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match=r"a\.tif may not be read"):
        read(tmp_path / "a.tif")


@pytest.mark.parametrize("hints", [{"voxel_size": (1, 0, 1)}, {"times": (0, 1)}, {"axes": "abc"}])
def test_hints_that_do_not_fit(tmp_path: Path, hints: dict[str, object]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", SERIES)
    with pytest.raises(InputError):
        read(tmp_path / "a.tif", **hints)  # type: ignore[arg-type]


def test_importing_reads_no_heavy_package() -> None:
    import subprocess
    import sys

    code = "import sys, operando.files; print({'tifffile', 'zarr', 'dask'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
