from __future__ import annotations

import pickle

import pytest

from operando.errors import (
    Cancelled,
    DeviceError,
    FileError,
    InputError,
    OperandoError,
    StudyError,
)

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
