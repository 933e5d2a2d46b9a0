from __future__ import annotations

from pathlib import Path

import pytest

from operando.errors import FileError
from operando.files.folders import (
    found_suffixes,
    natural_order,
    read_times,
    skipped_numbers,
    unlike_others,
    visible,
)


def test_numbers_in_names_count(tmp_path: Path) -> None:
    names = ["scan10_slice2", "scan2_slice10", "scan2_slice9", "a", "Scan1"]
    found = [p.name for p in natural_order(tmp_path / n for n in names)]
    assert found == ["a", "Scan1", "scan2_slice9", "scan2_slice10", "scan10_slice2"]


def test_leading_zeros_and_long_numbers(tmp_path: Path) -> None:
    names = ["f_010", "f_9", "f_0011", "f_123456789012345678901"]
    found = [p.name for p in natural_order(tmp_path / n for n in names)]
    assert found == ["f_9", "f_010", "f_0011", "f_123456789012345678901"]


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    for name in (".DS_Store", "~$lock", "b.tif"):
        (tmp_path / name).touch()
    assert [p.name for p in visible(tmp_path)] == ["b.tif"]


def test_suffixes_are_counted(tmp_path: Path) -> None:
    for name in ("a.TXT", "b.txt", "c.csv", "d"):
        (tmp_path / name).touch()
    assert found_suffixes(visible(tmp_path)) == "2 .txt, 1 .csv, 1 without suffix"


def test_times_are_read(tmp_path: Path) -> None:
    assert read_times(tmp_path) is None
    (tmp_path / "times.csv").write_text("\ufefffile,time_h\na,0\nb,1.5\n", encoding="utf-8")
    assert read_times(tmp_path) == (0, 1.5)


@pytest.mark.parametrize(
    "text",
    [
        "frame;time_h\n0;0\n1;1,5\n",
        "frame\ttime_h \n0\t0\n1\t1.5\n",
        '"file, name","time_h"\n"a, b",0\n"b",1.5\n',
    ],
)
def test_times_as_spreadsheets_write_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "times.csv").write_text(text)
    assert read_times(tmp_path) == (0, 1.5)


@pytest.mark.parametrize("text", ["", "t\n0\n", "time_h\nsoon\n", "file,time_h\na\n"])
def test_times_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "times.csv").write_text(text)
    with pytest.raises(FileError, match=r"times\.csv holds no times"):
        read_times(tmp_path)


@pytest.mark.parametrize(
    ("numbers", "skipped"),
    [((1, 2, 3), ""), ((1, 2, 4, 5, 8), "3, 6, 7"), ((0, 10, 20), ""), ((5,), "")],
)
def test_numbers_that_are_left_out(numbers: tuple[int, ...], skipped: str) -> None:
    assert skipped_numbers([Path(f"scan_2024_{n:03d}.tif") for n in numbers]) == skipped


def test_files_without_numbers_leave_nothing_out() -> None:
    assert skipped_numbers([Path("before.tif"), Path("after.tif")]) == ""


def test_a_file_without_a_number_hides_no_gap() -> None:
    paths = [Path(f"s_{n}.tif") for n in (1, 2, 4, 5)]
    assert skipped_numbers([Path("average.tif"), *paths]) == "3"


def test_names_unlike_all_others() -> None:
    slices = [Path(f"s_{n:03d}.tif") for n in range(20)]
    assert unlike_others([*slices, Path("average.tif")]) == [Path("average.tif")]
    assert unlike_others(slices) == []
    assert unlike_others([Path("before.tif"), Path("after.tif")]) == []
