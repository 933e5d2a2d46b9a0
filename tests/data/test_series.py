from __future__ import annotations

import pickle

import dask.array as da
import numpy as np
import pytest

from operando.data import Series
from operando.data.series import FrameCountError, check_times
from operando.errors import InputError

VALUES = np.random.default_rng(0).integers(0, 99, (3, 2, 4, 5, 6), dtype=np.uint16)


def series(**parts: object) -> Series:
    known: dict[str, object] = {"data": da.from_array(VALUES), "channels": ("a", "b"), **parts}
    return Series(**known)  # type: ignore[arg-type]


def test_shapes_and_sizes() -> None:
    found = series()
    assert (found.n_frames, found.n_channels, found.volume_shape) == (3, 2, (4, 5, 6))
    assert found.nbytes == VALUES.nbytes


def test_a_frame_is_read_and_may_be_changed() -> None:
    frame = series().frame(1, 1)
    assert np.array_equal(frame, VALUES[1, 1])
    before = VALUES.copy()
    frame += 1
    assert np.array_equal(VALUES, before)


def test_a_read_only_source_gives_a_frame_that_may_be_changed() -> None:
    fixed = VALUES.copy()
    fixed.flags.writeable = False
    frame = series(data=da.from_array(fixed, chunks=(1, 1, -1, -1, -1))).frame(0)
    frame += 1
    assert np.array_equal(frame, VALUES[0, 0] + 1)


def test_calibration_gives_a_new_series() -> None:
    old = series()
    new = old.with_calibration((1, 2, 3), [0, 1, 4])
    assert (new.voxel_size, new.times) == ((1.0, 2.0, 3.0), (0.0, 1.0, 4.0))
    assert (old.voxel_size, old.times) == (None, None)
    assert new.with_calibration().times == new.times


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"data": da.zeros((3, 4, 5))}, "five axes"),
        ({"data": da.zeros((1, 2, 3, 4, 5), dtype=complex)}, "complex128 are no grey values"),
        ({"data": da.zeros((1, 2, 0, 4, 5))}, "is empty"),
        ({"channels": ("a",)}, "1 channel names for 2 channels"),
        ({"voxel_size": (1, 2, -3)}, "not a voxel size"),
        ({"voxel_size": (1, 2)}, "not a voxel size"),
        ({"voxel_size": (1, 2, np.nan)}, "not a voxel size"),
        ({"times": (0, 1)}, "2 times for 3 frames"),
        ({"times": (0, 2, 1)}, "do not increase"),
        ({"times": (0, 1, 1)}, "do not increase"),
        ({"times": (0, 1, np.inf)}, "do not increase"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        series(**parts)


def test_calibration_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(InputError, match="not a voxel size"):
        series().with_calibration((0, 1, 1))
    with pytest.raises(InputError, match="one time per frame"):
        series().with_calibration(times=[0])
    for words in (["a", "b", "c"], [None, 1, 2]):
        with pytest.raises(InputError, match="are no numbers"):
            series().with_calibration(words)  # type: ignore[arg-type]


def test_how_many_frames_there_are_is_kept_with_the_error() -> None:
    with pytest.raises(FrameCountError) as caught:
        check_times((0, 1), 5)
    assert caught.value.n_frames == 5
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
