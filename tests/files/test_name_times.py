from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from operando.files import describe, read
from operando.files.name_times import in_order_of_times, times_from_names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("scan_2024-05-29_15-03-16", "scan_2024-05-29_15-33-16"), (0, 0.5)),
        (("20240529_2300", "20240530_0130"), (0, 2.5)),
        (("cell_000min", "cell_090min", "cell_180min"), (0, 1.5, 3)),
        (("t=0h", "t=2.5h"), (0, 2.5)),
        (("a_10s", "a_46s"), (0, 0.01)),
        (("scan_13-02-2024_15-30", "scan_01-03-2024_15-30"), (0, 17 * 24)),
        (("03.04.2024 10.00", "04.04.2024 10.30"), (0, 24.5)),
        (("04-03-2024_1000", "04-04-2024_1030"), (0, 24.5)),
    ],
)
def test_dates_and_durations(names: tuple[str, ...], expected: tuple[float, ...]) -> None:
    assert times_from_names(names) == pytest.approx(expected)


@pytest.mark.parametrize(
    "names",
    [
        ("frame_1", "frame_2"),
        ("scan_5s", "scan_3s"),
        ("scan_5s", "scan"),
        ("20241399_2599", "20241399_2699"),
        ("a_1h",),
        ("10s_20s", "20s_40s"),
        ("13-02-2024", "14-02-2024"),
        ("32-02-2024_10-00", "14-02-2024_10-00"),
    ],
)
def test_names_that_tell_no_times(names: tuple[str, ...]) -> None:
    assert times_from_names(names) is None


def test_a_series_says_where_its_times_are_from(tmp_path: Path) -> None:
    for minutes in (0, 90, 1000):
        np.save(tmp_path / f"cell_{minutes}min.npy", np.random.default_rng(0).random((3, 9, 9)))
    series = read(tmp_path)
    assert series.times == pytest.approx((0, 1.5, 1000 / 60))
    assert "Assumed: frame times are those in the file names" in describe(series).facts
    assert read(tmp_path, times=(0, 1, 2)).times == (0, 1, 2)


@pytest.mark.parametrize(
    "names",
    [
        ("t_0h.npy", "t_1.25h.npy", "t_1.5h.npy", "t_2h.npy", "t_10h.npy"),
        ("a_90min.npy", "a_100min.npy"),
        ("30min.npy", "1h.npy", "90min.npy"),
        ("a_28.02.2024_10-00.npy", "a_01.03.2024_09-00.npy", "a_01.03.2024_10-00.npy"),
        ("12-30-2023_10-00.npy", "12-31-2023_10-00.npy", "01-02-2024_10-00.npy"),
    ],
)
def test_frames_come_in_the_order_of_their_times(tmp_path: Path, names: tuple[str, ...]) -> None:
    for value, name in enumerate(names):
        np.save(tmp_path / name, np.full((3, 4, 5), value, np.uint8))
    series = read(tmp_path)
    assert [int(v) for v in series.data[:, 0, 0, 0, 0].compute()] == list(range(len(names)))
    assert series.times == pytest.approx(times_from_names(names))
    listed = read([tmp_path / name for name in names[::-1]])
    assert int(listed.data[0, 0, 0, 0, 0]) == len(names) - 1


def test_folders_of_slices_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    import tifffile

    for name in ("s_1.5h", "s_1.25h"):
        (tmp_path / name).mkdir()
        for z in range(3):
            tifffile.imwrite(tmp_path / name / f"{z}.tif", np.zeros((4, 5), np.uint8))
    series = read(tmp_path)
    assert series.times == pytest.approx((0, 0.25))
    assert series.source[0].parent.name == "s_1.25h"


@pytest.mark.parametrize("names", [("a_1h", "b_1h"), ("b", "a"), ("b_2h", "a"), ("b_2h",)])
def test_names_that_tell_no_order_stay(names: tuple[str, ...]) -> None:
    from pathlib import Path

    paths = [Path(name) for name in names]
    assert in_order_of_times(paths) == paths


def test_frames_of_one_day_stay_together(tmp_path: Path) -> None:
    names = ["28-02-2024_2.npy", "28-02-2024_10.npy", "01-03-2024_1.npy"]
    for name in names:
        np.save(tmp_path / name, np.random.default_rng(0).random((3, 9, 9)))
    series = read(tmp_path)
    assert [path.name for path in series.source] == names
    assert series.times is None
    assert "Assumed: dates in the file names have the day first" in describe(series).facts
