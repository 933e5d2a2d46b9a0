from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest

from operando import Study
from operando.chemistry import cycling_at, cycling_table, read_cycling, shift_cycling
from operando.clean import bin_voxels, crop, denoise, remove_spots, remove_stripes
from operando.data import LabelClass, Series
from operando.data.classes import check_classes
from operando.errors import (
    Cancelled,
    DeviceError,
    FileError,
    InputError,
    OperandoError,
    StudyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = [OperandoError, InputError, FileError, StudyError, DeviceError, Cancelled]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sentence_has_what_was_wrong_and_what_to_do(kind: type[OperandoError]) -> None:
    assert str(kind("The voxel size is 0", "give a positive one")) == (
        "The voxel size is 0; give a positive one"
    )
    assert str(kind("It is so")) == "It is so"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_cross_process_borders_whole(kind: type[OperandoError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("what", "advice")))
    assert type(copy) is kind
    assert (copy.what, copy.advice, str(copy)) == ("what", "advice", "what; advice")


@pytest.mark.parametrize(("kind", "standard"), [(InputError, ValueError), (FileError, OSError)])
def test_errors_are_also_those_of_python(
    kind: type[OperandoError], standard: type[Exception]
) -> None:
    with pytest.raises(standard):
        raise kind("what")


def test_cancelled_needs_no_words() -> None:
    assert str(Cancelled()) == "Cancelled"


SLICE = np.zeros((9, 9), np.float32)
SERIES = Series(data=da.zeros((1, 1, 4, 6, 8)))
RECORD = cycling_table([0, 1], [3, 4])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Study.open(3), "3 is no path; give"),  # type: ignore[arg-type]
        (lambda: read_cycling(None), "None is no path; give"),  # type: ignore[arg-type]
        (lambda: cycling_table(["a", "b"], [3, 4]), "time_h holds no numbers"),
        (lambda: cycling_table([0, 1, 2], [3, 4]), r"voltage_v has the shape \(2,\); give one for"),
        (lambda: cycling_at(RECORD, 1.0), r"times has the shape \(\); give a list"),  # type: ignore[arg-type]
        (lambda: shift_cycling(RECORD, "noon"), "offset_h holds no numbers"),  # type: ignore[arg-type]
        (lambda: crop(SERIES, ":,1:3,2:4"), "':,1:3,2:4' is no box; give three slices"),  # type: ignore[arg-type]
        (lambda: bin_voxels(SERIES, 2), "cannot be binned by 2; give three whole"),  # type: ignore[arg-type]
        (lambda: bin_voxels(SERIES, (2.5, 2, 2)), "binned by"),  # type: ignore[arg-type]
        (lambda: denoise(SLICE[None], 1.0, method="bm3d"), "no method 'bm3d'; use one of nlm, tv"),  # type: ignore[arg-type]
        (lambda: remove_spots(SLICE, which="dim"), "no kind of spots 'dim'"),  # type: ignore[arg-type]
        (lambda: remove_stripes(SLICE, direction="z"), "no direction 'z'"),  # type: ignore[arg-type]
        (lambda: LabelClass("pore", (1, 0, 0)), r"\(1, 0, 0\) is not a colour"),  # type: ignore[arg-type]
        (lambda: check_classes(["pore"]), "'pore' is no class"),  # type: ignore[list-item]
    ],
)
def test_what_is_of_another_kind_is_told(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        call()
